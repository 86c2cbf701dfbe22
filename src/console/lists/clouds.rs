//! The table of clouds: in the order of the configuration.

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::fleet::Inventory;
use crate::model::CloudName;

/// The table.
#[derive(Debug, Default)]
pub struct CloudList {
    cursor: Cursor<CloudName>,
}

impl CloudList {
    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// Moves the cursor.
    pub fn step(&mut self, inventory: &Inventory, step: Step, page: usize) {
        self.put(
            inventory,
            self.cursor.after(step, inventory.clouds().len(), page),
        );
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, inventory: &Inventory, at: usize) {
        if let Some(view) = inventory.clouds().get(at) {
            self.cursor.put(at, Some(view.info.name.clone()));
        }
    }
}
