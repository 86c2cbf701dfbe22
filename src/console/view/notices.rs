//! Notices: at the bottom right while nothing is open over the views, else on the footer's line, where nobody types.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{Pieces, Strip};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::notices::{Level, Notice};
use crate::console::text::{width, wrap};
use crate::console::theme::Theme;

/// The cells before a notice's text: a blank, its sign, a blank.
const BEFORE: usize = 3;

/// Draws them upwards from the bottom right of an area, and says which key takes them away.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let small = area.width < 100 || area.height < 26;
    let (most_lines, most_notices) = if small { (2, 2) } else { (4, 4) };
    let cells = usize::from(area.width.saturating_sub(10)).min(64);
    let mut bottom = area.bottom();
    let key = app.look.keymap.key(&app.places(), UiCommand::Back);
    let mut hint = key.map_or_else(String::new, |key| {
        format!(" {} ", key.label(theme.glyphs.ascii))
    });
    for notice in app
        .notices
        .shown(app.now)
        .into_iter()
        .rev()
        .take(most_notices)
    {
        let (style, sign) = level(theme, notice);
        let mut lines = wrap(&notice.text, cells);
        if lines.len() > most_lines {
            // The log has the rest.
            lines.truncate(most_lines);
            if let Some(last) = lines.last_mut() {
                last.push_str(theme.glyphs.ellipsis);
            }
        }
        let text = lines.iter().map(|line| width(line)).max().unwrap_or(0);
        let wide = u16::try_from(text + BEFORE + 1 + width(&hint))
            .unwrap_or(area.width)
            .min(area.width);
        let high = u16::try_from(lines.len()).unwrap_or(1);
        if bottom < area.y + high {
            return;
        }
        let place = Rect {
            x: area.right() - wide,
            y: bottom - high,
            width: wide,
            height: high,
        };
        clear(place, buffer);
        buffer.set_style(place, theme.selection_inactive);
        for (at, line) in lines.iter().enumerate() {
            let y = place.y + u16::try_from(at).unwrap_or(0);
            let before = if at == 0 {
                format!(" {sign} ")
            } else {
                " ".repeat(BEFORE)
            };
            let mut pieces = Pieces::default();
            pieces.add(before, style).add(line.as_str(), theme.text);
            pieces.put(&mut Strip::new(buffer, theme.glyphs, place, y));
        }
        let mut key = Pieces::default();
        key.add(std::mem::take(&mut hint), theme.key);
        key.put_right(buffer, theme.glyphs, place, place.bottom() - 1);
        bottom = place.y;
    }
}

/// The newest one on one line; the log has the rest of it.
pub fn draw_line(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let Some(notice) = app.notices.shown(app.now).pop() else {
        return;
    };
    let (style, sign) = level(theme, notice);
    clear(area, buffer);
    let mut strip = Strip::new(buffer, theme.glyphs, area, area.y);
    strip
        .text(&format!(" {sign} "), style)
        .text(&notice.text, theme.text);
}

fn clear(area: Rect, buffer: &mut Buffer) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
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
