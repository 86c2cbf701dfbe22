//! A box with text that scrolls.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::footer::hint_line;
use super::paint::Pieces;
use super::popup;
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::viewports::Port;

/// What stands in the box.
pub struct Scroll<'a> {
    /// In its upper edge.
    pub title: &'a str,
    /// All lines.
    pub lines: &'a [Pieces],
    /// The first line wanted; the last screen at the furthest.
    pub first: usize,
    /// Hinted at in its lower edge.
    pub commands: &'a [UiCommand],
    /// Where it stands.
    pub place: Rect,
}

impl Scroll<'_> {
    /// Draws it and says how far it is scrolled.
    pub fn draw(&self, app: &App, port: &mut Port, buffer: &mut Buffer) {
        let theme = &app.look.theme;
        let hints = hint_line(app, self.commands, &[]);
        let inside = popup::frame(theme, self.title, theme.accent, &hints, self.place, buffer);
        port.rows = self.lines.len();
        port.page = usize::from(inside.height);
        port.area = inside;
        port.first = self.first.min(port.last_first());
        popup::lines(theme, self.lines, port.first, inside, buffer);
        position(app, port, self.place, buffer);
    }
}

/// The height of a box for so many lines.
pub fn high(lines: usize) -> u16 {
    u16::try_from(lines + 2).unwrap_or(u16::MAX)
}

/// How far a box is scrolled, in its upper edge, where not all of it fits.
pub fn position(app: &App, port: &Port, place: Rect, buffer: &mut Buffer) {
    if port.rows <= port.page || port.page == 0 {
        return;
    }
    let theme = &app.look.theme;
    let last = (port.first + port.page).min(port.rows);
    let mut words = Pieces::default();
    words.add(format!(" {last} of {} lines ", port.rows), theme.dim);
    let edge = Rect {
        x: place.x + 2,
        width: place.width.saturating_sub(4),
        ..place
    };
    words.put_right(buffer, theme.glyphs, edge, place.y);
}
