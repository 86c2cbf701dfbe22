//! What every list of rows has: a window that follows the cursor, and a row of the cursor that stands out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::Strip;
use crate::console::app::{App, Focus};
use crate::console::lists::cursor::scrolled;
use crate::console::viewports::Port;
use crate::fleet::CloudInfo;

/// A list to draw.
pub struct List {
    /// Where its rows stand.
    pub body: Rect,
    /// How many rows there are.
    pub rows: usize,
    /// The row of the cursor.
    pub at: usize,
    /// Which focus makes its cursor the one that keys move.
    pub focus: Focus,
    /// Whether its cursor is shown without the focus.
    pub always: bool,
}

/// How a row looks as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As it is drawn.
    Plain,
    /// Of the past: dim, whatever it says.
    Faded,
}

impl List {
    /// Draws the rows that fit, and no others: `row` draws one, told whether the cursor is on it.
    pub fn draw(
        &self,
        app: &App,
        port: &mut Port,
        buffer: &mut Buffer,
        mut row: impl FnMut(usize, bool, &mut Strip<'_>) -> Look,
    ) {
        let theme = &app.look.theme;
        port.page = usize::from(self.body.height);
        port.rows = self.rows;
        port.area = self.body;
        port.first = scrolled(port.first, self.at, self.rows, port.page);
        let focused = app.focus == self.focus;
        for y in self.body.top()..self.body.bottom() {
            let at = port.first + usize::from(y - self.body.y);
            if at >= self.rows {
                break;
            }
            let current = at == self.at && (focused || self.always);
            let look = row(
                at,
                current,
                &mut Strip::new(buffer, theme.glyphs, self.body, y),
            );
            let line = Rect {
                y,
                height: 1,
                ..self.body
            };
            if look == Look::Faded {
                buffer.set_style(line, theme.dim);
            }
            if current {
                buffer.set_style(
                    line,
                    if focused {
                        theme.selection
                    } else {
                        theme.selection_inactive
                    },
                );
            }
        }
    }
}

/// The cells before a row: the cursor, and a blank or a mark.
pub fn gutter(app: &App, current: bool, marked: bool, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    strip.text(
        if current { theme.glyphs.cursor } else { " " },
        theme.accent,
    );
    strip.text(if marked { "+" } else { " " }, theme.accent);
}

/// The word for what a cloud is used for, loud where it is production.
pub fn environment(app: &App, info: &CloudInfo) -> Option<(String, Style)> {
    let word = info.environment.as_ref()?;
    Some(if info.production {
        (word.to_uppercase(), app.look.theme.production)
    } else {
        (word.clone(), app.look.theme.dim)
    })
}
