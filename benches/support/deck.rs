//! A console without a terminal: its state, and a screen of cells.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use vmdeck::config::UiState;
use vmdeck::console::app::{App, Look};
use vmdeck::console::keymap::Keymap;
use vmdeck::console::message::Message;
use vmdeck::console::theme::{Preset, Theme};
use vmdeck::console::update::update;
use vmdeck::console::view::view;
use vmdeck::console::viewports::Viewports;
use vmdeck::fleet::{CloudInfo, Update};

use super::fleet::{info, now, surroundings, told, vms};

/// A console of some size.
pub struct Deck {
    pub app: App,
    ports: Viewports,
    terminal: Terminal<TestBackend>,
}

impl Deck {
    /// A console that nobody has told anything.
    pub fn empty((width, height): (u16, u16), cloud: CloudInfo) -> Self {
        let look = Look {
            theme: Theme::preset(Preset::Dark, true, false).unwrap(),
            keymap: Keymap::shipped().unwrap(),
            zone: TimeZone::UTC,
            refresh: Duration::from_secs(10),
            config_path: String::new(),
            labels: std::sync::Arc::default(),
            viewer: None,
            home: None,
        };
        let mut deck = Self {
            app: App::new(look, vec![cloud], UiState::default(), now()),
            ports: Viewports::default(),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
        };
        deck.send(Message::Resize(width, height));
        deck
    }

    /// A console of so many VMs, its cursor in the middle of them.
    pub fn of(count: usize, size: (u16, u16)) -> Self {
        let mut deck = Self::empty(size, info());
        let vms = vms(count);
        deck.tell(told(&vms));
        deck.tell(surroundings(&vms));
        deck.app.settle();
        deck.app.vms.put(&deck.app.inventory, count / 2);
        deck.draw();
        deck
    }

    pub fn tell(&mut self, updates: impl IntoIterator<Item = Update>) {
        for update in updates {
            self.send(Message::Update(Box::new(update)));
        }
    }

    /// Takes a message in, as the loop does: what it brings into the lists is left for the next frame or key.
    pub fn send(&mut self, message: Message) {
        update(&mut self.app, message, &self.ports, now());
    }

    /// Presses a key.
    pub fn press(&mut self, key: KeyCode) {
        self.app.settle();
        self.send(Message::Key(KeyEvent::new(key, KeyModifiers::NONE)));
        self.app.settle();
    }

    /// Presses the keys of some letters.
    pub fn letters(&mut self, text: &str) {
        for letter in text.chars() {
            self.press(KeyCode::Char(letter));
        }
    }

    /// Draws a frame.
    pub fn draw(&mut self) {
        self.app.settle();
        let (app, ports) = (&self.app, &mut self.ports);
        self.terminal.draw(|frame| view(app, ports, frame)).unwrap();
    }
}
