//! The frame of everything that opens over the rest.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::paint::{Pieces, Strip};
use crate::console::text::{cut, width};
use crate::console::theme::Theme;

/// An area of at most this size in the middle of another; at 80 columns and less, as wide as the other.
#[must_use]
pub fn centred(within: Rect, wide: u16, high: u16) -> Rect {
    let wide = if within.width <= 80 {
        within.width
    } else {
        wide.min(within.width)
    };
    let high = high.min(within.height);
    Rect {
        x: within.x + (within.width - wide) / 2,
        y: within.y + (within.height - high) / 2,
        width: wide,
        height: high,
    }
}

/// Clears an area, draws a box with a title round it, hints in its lower edge, and answers what is inside.
pub fn frame(
    theme: &Theme,
    title: &str,
    title_style: Style,
    hints: &Pieces,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    if area.width < 4 || area.height < 3 {
        return Rect {
            width: 0,
            height: 0,
            ..area
        };
    }
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    let glyphs = theme.glyphs;
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    let across = glyphs.rule.repeat(usize::from(area.width - 2));
    let bottom = area.bottom() - 1;
    buffer.set_string(
        area.x,
        area.y,
        format!("{top_left}{across}{top_right}"),
        theme.rule,
    );
    buffer.set_string(
        area.x,
        bottom,
        format!("{bottom_left}{across}{bottom_right}"),
        theme.rule,
    );
    for y in area.y + 1..bottom {
        buffer.set_string(area.x, y, glyphs.bar, theme.rule);
        buffer.set_string(area.right() - 1, y, glyphs.bar, theme.rule);
    }
    let room = usize::from(area.width.saturating_sub(6));
    let title = cut(title, room, glyphs.ellipsis);
    if !title.is_empty() {
        buffer.set_string(area.x + 2, area.y, format!(" {title} "), title_style);
    }
    let hints_width = u16::try_from(hints.width()).unwrap_or(u16::MAX);
    if hints_width > 0 && hints_width + 4 <= area.width {
        let line = Rect {
            x: area.x + 2,
            width: area.width - 4,
            ..area
        };
        hints.put_right(buffer, glyphs, line, bottom);
    }
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width - 4,
        height: area.height - 2,
    }
}

/// Lines of pieces from a scroll position on; answers how many there are in all.
pub fn lines(theme: &Theme, all: &[Pieces], first: usize, area: Rect, buffer: &mut Buffer) {
    for (at, pieces) in all
        .iter()
        .skip(first)
        .take(usize::from(area.height))
        .enumerate()
    {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        pieces.put(&mut Strip::new(buffer, theme.glyphs, area, y));
    }
}

/// A text as lines of pieces, wrapped.
pub fn wrapped(text: &str, cells: usize, style: Style, into: &mut Vec<Pieces>) {
    for line in crate::console::text::wrap(text, cells) {
        let mut pieces = Pieces::default();
        pieces.add(line, style);
        into.push(pieces);
    }
}

/// `label  value`, the value wrapped under itself.
pub fn field(theme: &Theme, label: &str, value: &Styled<'_>, cells: usize, into: &mut Vec<Pieces>) {
    const LABEL: usize = 13;
    let (text, style) = value;
    let wrapped = crate::console::text::wrap(text, cells.saturating_sub(LABEL).max(8));
    for (at, line) in wrapped.into_iter().enumerate() {
        let shown = if at == 0 { label } else { "" };
        let blank = " ".repeat(LABEL.saturating_sub(width(shown)));
        let mut pieces = Pieces::default();
        pieces
            .add(format!("{shown}{blank}"), theme.dim)
            .add(line, *style);
        into.push(pieces);
    }
}

/// A text and its style.
pub type Styled<'a> = (&'a str, Style);
