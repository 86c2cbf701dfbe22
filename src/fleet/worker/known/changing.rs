//! VMs that are about to change: their cloud says so by a word of its own, or something was done to them just now. Where no task
//! tells what becomes of them, they are read again without waiting for the next listing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Known;
use crate::model::Vm;

/// The time between two reads of one VM.
const PACE: Duration = Duration::from_secs(5);
/// So long one that its cloud says is changing is read again.
const LOCKED_MAX: Duration = Duration::from_secs(10 * 60);
/// So long one is read again to which something was done.
const ACTED_MAX: Duration = Duration::from_secs(60);
/// More are left to the listings.
const VMS_MAX: usize = 100;

/// When a VM is read again.
#[derive(Debug, Clone, Copy)]
struct Turn {
    next: Instant,
    /// So long because its cloud says that it is changing.
    locked: Option<Instant>,
    /// So long because something was done to it.
    acted: Option<Instant>,
}

/// The VMs that are read again, by id.
#[derive(Debug, Default)]
pub(super) struct Changing(HashMap<Arc<str>, Turn>);

/// What to read next.
#[derive(Debug)]
pub(in super::super) enum Look {
    /// This VM.
    At(Arc<Vm>),
    /// Nothing before this.
    NotBefore(Instant),
    /// Nothing until something changes.
    Nothing,
}

impl Changing {
    fn turn(&mut self, id: &Arc<str>, now: Instant) -> Option<&mut Turn> {
        if self.0.len() >= VMS_MAX && !self.0.contains_key(id) {
            return None;
        }
        Some(self.0.entry(id.clone()).or_insert(Turn {
            next: now + PACE,
            locked: None,
            acted: None,
        }))
    }

    /// A VM looks so now, and differs from before.
    pub(super) fn looks(&mut self, vm: &Vm) {
        let (id, now) = (&vm.key.id, Instant::now());
        if vm.native_progress().is_none() {
            if let Some(turn) = self.0.get_mut(id) {
                turn.locked = None;
            }
        } else if let Some(turn) = self.turn(id, now) {
            turn.locked.get_or_insert(now + LOCKED_MAX);
        }
    }

    pub(super) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }
}

impl Known {
    /// Something was done to a VM that no task carries: it is read again for a while.
    pub(in super::super) fn look_for_a_while(&mut self, id: &Arc<str>) {
        if self.vms.contains_key(id) {
            let now = Instant::now();
            if let Some(turn) = self.changing.turn(id, now) {
                turn.acted = Some(now + ACTED_MAX);
            }
        }
    }

    /// Whether any VM is to be read again.
    pub(in super::super) fn has_changing(&self) -> bool {
        !self.changing.0.is_empty()
    }

    /// Which VM to read again now. Those whose task is followed are read at its end.
    pub(in super::super) fn next_look(&mut self, now: Instant) -> Look {
        let wanted = |turn: &mut Turn| turn.locked.max(turn.acted) > Some(now);
        self.changing.0.retain(|_, turn| wanted(turn));
        for task in self.tasks.values().filter(|task| task.is_running()) {
            let turn = task
                .vm
                .as_ref()
                .and_then(|vm| self.changing.0.get_mut(&vm.id));
            if let Some(turn) = turn {
                turn.next = turn.next.max(now + PACE);
            }
        }
        let first = self.changing.0.iter_mut().min_by_key(|(_, turn)| turn.next);
        let Some((id, turn)) = first else {
            return Look::Nothing;
        };
        if turn.next > now {
            return Look::NotBefore(turn.next);
        }
        turn.next = now + PACE;
        let entry = self.vms.get(id);
        entry.map_or(Look::NotBefore(now + PACE), |entry| {
            Look::At(entry.vm.clone())
        })
    }
}
