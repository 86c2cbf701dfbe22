//! The list of events over all clouds, newest first.

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::console::text::find_ignoring_case;
use crate::fleet::{Changes, Inventory};
use crate::model::{Event, EventKey, VmKey};

/// The list.
#[derive(Debug)]
pub struct EventList {
    /// Positions in the inventory's events.
    rows: Vec<usize>,
    filter: String,
    only: Option<VmKey>,
    cursor: Cursor<EventKey>,
    stale: bool,
}

impl Default for EventList {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            filter: String::new(),
            only: None,
            cursor: Cursor::default(),
            stale: true,
        }
    }
}

impl EventList {
    /// Remembers that an update brought events.
    pub fn note(&mut self, changes: &Changes) {
        self.stale |= changes.events;
    }

    /// Makes the rows again if anything changed.
    pub fn settle(&mut self, inventory: &Inventory) {
        if !self.stale {
            return;
        }
        self.stale = false;
        let events = inventory.events();
        self.rows = (0..events.len())
            .filter(|at| self.shows(&events[*at]))
            .collect();
        let rows = &self.rows;
        self.cursor.settle(
            rows.len(),
            |key| rows.iter().position(|at| events[*at].key == *key),
            |at| Some(events[*rows.get(at)?].key.clone()),
        );
    }

    fn shows(&self, event: &Event) -> bool {
        let of_vm = self
            .only
            .as_ref()
            .is_none_or(|vm| event.vm.as_ref() == Some(vm));
        let has = |part: &str| find_ignoring_case(part, &self.filter).is_some();
        let texts = [
            &event.source,
            &event.vm_name,
            &event.performed_by,
            &event.user,
        ];
        of_vm
            && (self.filter.is_empty()
                || has(&event.trace)
                || has(&event.action)
                || has(&event.entity)
                || has(event.severity.as_str())
                || has(event.key.cloud.as_str())
                || texts.into_iter().flatten().any(|text| has(text)))
    }

    /// Positions in the inventory's events, newest first.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// The event under the cursor.
    #[must_use]
    pub fn current<'a>(&self, inventory: &'a Inventory) -> Option<&'a Event> {
        inventory.events().get(*self.rows.get(self.at())?)
    }

    /// Moves the cursor.
    pub fn step(&mut self, inventory: &Inventory, step: Step, page: usize) {
        self.put(inventory, self.cursor.after(step, self.rows.len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, inventory: &Inventory, at: usize) {
        if let Some(event) = self
            .rows
            .get(at)
            .and_then(|event| inventory.events().get(*event))
        {
            self.cursor.put(at, Some(event.key.clone()));
        }
    }

    /// The filter, in lower case.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows the list to events that have the text anywhere, whatever its case.
    pub fn set_filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.stale = true;
    }

    /// The VM whose events alone are shown.
    #[must_use]
    pub fn only(&self) -> Option<&VmKey> {
        self.only.as_ref()
    }

    /// Shows the events of one VM alone, or of everything again.
    pub fn set_only(&mut self, vm: Option<VmKey>) {
        self.only = vm;
        self.stale = true;
    }
}
