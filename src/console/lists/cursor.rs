//! A cursor that stays on its thing when rows move.

use crate::console::keymap::Step;

/// A position among rows that have identities. What it is on is found again after the rows have moved; when that is gone, the
/// cursor stays at its place.
#[derive(Debug, Clone)]
pub struct Cursor<Id> {
    on: Option<Id>,
    at: usize,
    /// Nobody has put it anywhere yet: it stays at the top while the first rows come in.
    untouched: bool,
}

impl<Id> Default for Cursor<Id> {
    fn default() -> Self {
        Self {
            on: None,
            at: 0,
            untouched: true,
        }
    }
}

impl<Id: Clone + PartialEq> Cursor<Id> {
    /// The row it is on.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What it is on.
    #[must_use]
    pub fn on(&self) -> Option<&Id> {
        self.on.as_ref()
    }

    /// Puts it on a row.
    pub fn put(&mut self, at: usize, id: Option<Id>) {
        self.at = at;
        self.on = id;
        self.untouched = false;
    }

    /// Finds its row again. `position` finds a thing's row, `id` tells what a row is.
    pub fn settle(
        &mut self,
        rows: usize,
        position: impl FnOnce(&Id) -> Option<usize>,
        id: impl FnOnce(usize) -> Option<Id>,
    ) {
        let found = if self.untouched {
            Some(0)
        } else {
            self.on.as_ref().and_then(position)
        };
        self.at = found.unwrap_or(self.at).min(rows.saturating_sub(1));
        if found.is_none() || self.untouched {
            self.on = id(self.at);
        }
    }

    /// The row a step leads to, with so many rows in all and on a screen.
    #[must_use]
    pub fn after(&self, step: Step, rows: usize, page: usize) -> usize {
        let page = page.max(1);
        let last = rows.saturating_sub(1);
        match step {
            Step::Down => self.at + 1,
            Step::Up => self.at.saturating_sub(1),
            Step::PageDown => self.at + page,
            Step::PageUp => self.at.saturating_sub(page),
            Step::HalfDown => self.at + page.div_ceil(2),
            Step::HalfUp => self.at.saturating_sub(page.div_ceil(2)),
            Step::First => 0,
            Step::Last => last,
        }
        .min(last)
    }
}

/// The first row to show so that `at` is on a screen of `page` rows, moving the screen as little as possible.
#[must_use]
pub fn scrolled(first: usize, at: usize, rows: usize, page: usize) -> usize {
    let page = page.max(1);
    let first = first.min(rows.saturating_sub(page));
    if at < first {
        at
    } else if at >= first + page {
        at + 1 - page
    } else {
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_follows_what_it_is_on() {
        let mut cursor = Cursor::default();
        cursor.put(1, Some("b"));
        let rows = ["x", "y", "a", "b"];
        cursor.settle(
            4,
            |id| rows.iter().position(|row| row == id),
            |at| rows.get(at).copied(),
        );
        assert_eq!((cursor.at(), cursor.on()), (3, Some(&"b")));
    }

    #[test]
    fn when_its_thing_is_gone_the_cursor_keeps_its_place() {
        let mut cursor = Cursor::default();
        cursor.put(3, Some("d"));
        let rows = ["a", "b", "c"];
        cursor.settle(
            3,
            |id| rows.iter().position(|row| row == id),
            |at| rows.get(at).copied(),
        );
        assert_eq!((cursor.at(), cursor.on()), (2, Some(&"c")));
        cursor.settle(0, |_| None, |_| None);
        assert_eq!((cursor.at(), cursor.on()), (0, None));
    }

    #[test]
    fn a_cursor_that_nobody_moved_stays_at_the_top_while_rows_come_in() {
        let mut cursor = Cursor::default();
        cursor.settle(1, |_| Some(0), |_| Some("m"));
        let rows = ["a", "m"];
        cursor.settle(
            2,
            |id| rows.iter().position(|row| row == id),
            |at| rows.get(at).copied(),
        );
        assert_eq!((cursor.at(), cursor.on()), (0, Some(&"a")));
    }

    #[test]
    fn steps_stay_within_the_rows() {
        let mut cursor = Cursor::default();
        cursor.put(8, Some(8));
        assert_eq!(cursor.after(Step::PageDown, 10, 5), 9);
        assert_eq!(cursor.after(Step::HalfUp, 10, 5), 5);
        assert_eq!(cursor.after(Step::First, 10, 5), 0);
        assert_eq!(cursor.after(Step::Down, 0, 5), 0);
    }

    #[test]
    fn the_screen_moves_as_little_as_possible() {
        assert_eq!(scrolled(0, 4, 100, 5), 0);
        assert_eq!(scrolled(0, 5, 100, 5), 1);
        assert_eq!(scrolled(10, 3, 100, 5), 3);
        assert_eq!(scrolled(98, 99, 100, 5), 95);
        assert_eq!(scrolled(7, 0, 3, 5), 0);
    }
}
