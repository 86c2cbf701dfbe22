//! What reaches the console, and what it wants done.

use crossterm::event::{KeyEvent, MouseEvent};

use crate::fleet::{Ask, Command, Update};

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
    /// Hand the terminal back to the shell.
    Suspend,
    /// Leave.
    Quit,
    /// Leave for the demo clouds.
    Demo,
}
