//! Putting text on cells: one strip of a line at a time, never past its end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::text::{cut, width};
use crate::console::theme::Glyphs;

/// A run of cells on one line that is filled from the left.
pub struct Strip<'a> {
    buffer: &'a mut Buffer,
    glyphs: &'static Glyphs,
    start: u16,
    x: u16,
    end: u16,
    y: u16,
}

impl<'a> Strip<'a> {
    /// The line `y` of an area, whole.
    pub fn new(buffer: &'a mut Buffer, glyphs: &'static Glyphs, area: Rect, y: u16) -> Self {
        let inside = y >= area.y && y < area.bottom();
        Self {
            buffer,
            glyphs,
            start: area.x,
            x: area.x,
            end: if inside { area.right() } else { area.x },
            y,
        }
    }

    /// The cells left.
    pub fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Text; what does not fit is cut with an ellipsis.
    pub fn text(&mut self, text: &str, style: Style) -> &mut Self {
        let shown = cut(text, self.room(), self.glyphs.ellipsis);
        if !shown.is_empty() {
            let (x, _) = self
                .buffer
                .set_stringn(self.x, self.y, &shown, self.room(), style);
            self.x = x.min(self.end);
        }
        self
    }

    /// Blanks.
    pub fn gap(&mut self, cells: usize) -> &mut Self {
        self.x = self
            .x
            .saturating_add(u16::try_from(cells).unwrap_or(u16::MAX))
            .min(self.end);
        self
    }

    /// Goes to where `cells` cells are left, over whatever stands there.
    pub fn skip_to_last(&mut self, cells: usize) -> &mut Self {
        let cells = u16::try_from(cells).unwrap_or(u16::MAX);
        self.x = self.end.saturating_sub(cells).max(self.start);
        self
    }

    /// Text in a column of its own, cut to it, with one blank after it.
    pub fn column(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let x = self.x;
        let cells_left = cells.min(self.room());
        self.text(&cut(text, cells_left, self.glyphs.ellipsis), style);
        self.x = x;
        self.gap(cells + 1)
    }

    /// A column whose text stands at its right end.
    pub fn number(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let blank = cells.saturating_sub(width(text));
        self.gap(blank);
        self.column(text, cells - blank.min(cells), style)
    }

    /// A column filled by parts.
    pub fn parts(&mut self, cells: usize, fill: impl FnOnce(&mut Strip<'_>)) -> &mut Self {
        let end = self
            .x
            .saturating_add(u16::try_from(cells).unwrap_or(u16::MAX))
            .min(self.end);
        let mut part = Strip {
            buffer: self.buffer,
            glyphs: self.glyphs,
            start: self.x,
            x: self.x,
            end,
            y: self.y,
        };
        fill(&mut part);
        self.gap(cells + 1)
    }

    /// A text with a range of its bytes in another style, in a column of its own.
    pub fn marked(
        &mut self,
        text: &str,
        mark: Option<std::ops::Range<usize>>,
        cells: usize,
        style: Style,
        marked: Style,
    ) -> &mut Self {
        let shown = cut(text, cells.min(self.room()), self.glyphs.ellipsis).into_owned();
        let pieces = mark.and_then(|range| {
            let end = range.end.min(shown.len());
            let start = range.start.min(end);
            Some((
                shown.get(..start)?,
                shown.get(start..end)?,
                shown.get(end..)?,
            ))
        });
        match pieces {
            Some((before, found, after)) => self.parts(cells, |strip| {
                strip
                    .text(before, style)
                    .text(found, style.patch(marked))
                    .text(after, style);
            }),
            None => self.column(&shown, cells, style),
        }
    }
}

/// Several styled pieces of text, measured before they are put anywhere.
#[derive(Default, Clone)]
pub struct Pieces(Vec<(String, Style)>);

impl Pieces {
    /// Adds one.
    pub fn add(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        self.0.push((text.into(), style));
        self
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) -> &mut Self {
        self.0.extend(other.0);
        self
    }

    /// The cells they take.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| width(text)).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts them on a strip.
    pub fn put(&self, strip: &mut Strip<'_>) {
        for (text, style) in &self.0 {
            strip.text(text, *style);
        }
    }

    /// Puts them at the right end of a line of an area.
    pub fn put_right(&self, buffer: &mut Buffer, glyphs: &'static Glyphs, area: Rect, y: u16) {
        let wide = u16::try_from(self.width())
            .unwrap_or(u16::MAX)
            .min(area.width);
        let area = Rect {
            x: area.right() - wide,
            width: wide,
            ..area
        };
        self.put(&mut Strip::new(buffer, glyphs, area, y));
    }
}
