//! What an update changed.

use super::Slot;

/// What an update changed, for views that keep an order or a filter.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// VMs that are new or look different now.
    pub vms: Vec<Slot>,
    /// Slots whose VM is gone. They are not reused within the same update.
    pub gone: Vec<Slot>,
    /// Appliances were added, removed or changed.
    pub vapps: bool,
    /// Tasks changed.
    pub tasks: bool,
    /// Events were added.
    pub events: bool,
    /// A cloud's status, age or counts changed.
    pub clouds: bool,
    /// What workflow holds changed.
    pub held: bool,
}

impl Changes {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another update changed.
    pub fn merge(&mut self, other: Self) {
        self.vms.extend(other.vms);
        self.gone.extend(other.gone);
        self.vapps |= other.vapps;
        self.tasks |= other.tasks;
        self.events |= other.events;
        self.clouds |= other.clouds;
        self.held |= other.held;
    }
}
