//! What reaches the console, and what it wants done.

use crossterm::event::{KeyEvent, MouseEvent};

use super::outside::{Outside, Told};
use crate::fleet::{Ask, Command, Update};
use crate::model::Revealed;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something; only where the configuration wants it.
    Mouse(MouseEvent),
    /// The terminal has this size now, in cells.
    Resize(u16, u16),
    /// The engine has something to tell.
    Update(Box<Update>),
    /// Something done outside has come to its end.
    Outside(Told),
    /// Time has passed.
    Tick,
}

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Give this to the engine.
    Submit(Command),
    /// Ask the engine for this.
    Ask(Ask),
    /// Give this to the clipboard of the terminal.
    Copy(Clip),
    /// Do this outside, off the thread that draws.
    Outside(Outside),
    /// Hand the terminal back to the shell.
    Suspend,
    /// Leave.
    Quit,
    /// Leave for the demo clouds.
    Demo,
}

/// A text for the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clip {
    /// A name, an address.
    Plain(String),
    /// A password that is on the screen.
    Secret(Revealed),
}

impl Clip {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(password) => password.expose(),
        }
    }
}
