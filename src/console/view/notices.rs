//! Notices at the bottom right, over nothing that is being typed in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Pieces, Strip};
use crate::console::app::App;
use crate::console::notices::{Level, Notice};
use crate::console::text::wrap;
use crate::console::theme::Theme;
use ratatui::style::Style;

/// Draws them upwards from the bottom right of an area; `typing` is kept free.
pub fn draw(app: &App, area: Rect, typing: Option<Rect>, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let cells = usize::from(area.width.saturating_sub(6)).min(64);
    let mut bottom = area.bottom();
    for notice in app.notices.shown(app.now).iter().rev() {
        let (style, sign) = level(theme, notice);
        let mut lines = wrap(&notice.text, cells);
        lines.truncate(4);
        let wide = lines
            .iter()
            .map(|line| crate::console::text::width(line))
            .max()
            .unwrap_or(0)
            + 5;
        let high = u16::try_from(lines.len()).unwrap_or(1);
        let wide = u16::try_from(wide).unwrap_or(area.width).min(area.width);
        if bottom < area.y + high {
            return;
        }
        let mut place = Rect {
            x: area.right() - wide,
            y: bottom - high,
            width: wide,
            height: high,
        };
        if let Some(typing) = typing.filter(|typing| typing.intersects(place)) {
            // Above what is being typed in, or not at all until that is done: the log has it.
            if typing.y < area.y + high {
                return;
            }
            place.y = typing.y - high;
            if typing.intersects(place) {
                return;
            }
        }
        for y in place.top()..place.bottom() {
            for x in place.left()..place.right() {
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        buffer.set_style(place, theme.selection_inactive);
        for (at, line) in lines.iter().enumerate() {
            let y = place.y + u16::try_from(at).unwrap_or(0);
            let mut pieces = Pieces::default();
            pieces
                .add(
                    if at == 0 {
                        format!(" {sign} ")
                    } else {
                        "   ".to_owned()
                    },
                    style,
                )
                .add(line.as_str(), theme.text);
            pieces.put(&mut Strip::new(buffer, theme.glyphs, place, y));
        }
        bottom = place.y;
    }
}

/// The sign of a notice and its style.
pub fn level(theme: &Theme, notice: &Notice) -> (Style, &'static str) {
    match notice.level {
        Level::Good => (theme.success, theme.glyphs.success),
        Level::Info => (theme.dim, theme.glyphs.dot),
        Level::Caution => (theme.caution, theme.glyphs.warning),
        Level::Failure => (theme.danger, theme.glyphs.failure),
    }
}
