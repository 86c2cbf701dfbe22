//! What drawing leaves behind: how far each list is scrolled, how much fits, where it stands.

use ratatui::layout::{Position, Rect};

/// One scrolling part of the screen, as it was last drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Port {
    /// The first row shown.
    pub first: usize,
    /// How many rows fit.
    pub page: usize,
    /// How many rows there are.
    pub rows: usize,
    /// Where its rows stand; empty while it is not shown.
    pub area: Rect,
}

impl Port {
    /// The row under a cell, if there is one.
    #[must_use]
    pub fn row_at(&self, column: u16, line: u16) -> Option<usize> {
        let inside = self.area.contains(Position::new(column, line));
        let row = self.first + usize::from(line.saturating_sub(self.area.y));
        (inside && row < self.rows).then_some(row)
    }

    /// The furthest it can be scrolled.
    #[must_use]
    pub fn last_first(&self) -> usize {
        self.rows.saturating_sub(self.page.max(1))
    }
}

/// All of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Viewports {
    /// The list of the view.
    pub main: Port,
    /// The details beside it.
    pub details: Port,
    /// The pane of tasks and events.
    pub pane: Port,
    /// The top layer.
    pub layer: Port,
}
