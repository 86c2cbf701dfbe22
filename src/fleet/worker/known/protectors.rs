//! Who protected which VM: not in the VM itself on every cloud, but in its events, and known here for what was protected from here.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Entry, Known};
use crate::clouds::ProtectionChange;
use crate::model::Vm;

/// Who protected a VM last, from an event or because this program did.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) by: Option<Arc<str>>,
    pub(super) at: Timestamp,
    /// The reason it belongs to, where that is known.
    pub(super) reason: Option<Arc<str>>,
    /// It was released then, and says nothing of a protection that came later.
    pub(super) released: bool,
}

impl Known {
    /// Lays over it what is known here, then who protected it and since when, from what is known beside the VM itself
    /// ([`crate::model::Protection`]).
    pub(in super::super) fn complete(&mut self, vm: &mut Vm) {
        self.overlay.lay(vm);
        let Some(protection) = &mut vm.protection else {
            // Whoever protects it next is told by a newer event.
            self.notes.remove(&vm.key.id);
            return;
        };
        let Some(note) = self.notes.get(&vm.key.id) else {
            return;
        };
        if note.released || (note.reason.is_some() && note.reason != protection.reason) {
            return;
        }
        if protection.by.is_none() {
            protection.by.clone_from(&note.by);
        }
        protection.since = protection.since.or(Some(note.at));
    }

    /// This program protected a VM just now.
    pub(in super::super) fn protected_here(
        &mut self,
        id: &Arc<str>,
        by: Option<Arc<str>>,
        at: Timestamp,
    ) {
        let note = Note {
            by,
            at,
            reason: None,
            released: false,
        };
        self.notes.insert(id.clone(), note);
    }

    /// Takes the change in that an event tells, unless a later one is known. Answers the VM if it looks different now.
    pub(in super::super) fn protection_changed(
        &mut self,
        change: ProtectionChange,
        at: Timestamp,
    ) -> Option<Arc<Vm>> {
        let (vm, by, released) = match change {
            ProtectionChange::Protected { vm, by, .. } => (vm, by, false),
            ProtectionChange::Released { vm } => (vm, None, true),
        };
        if self.notes.get(&vm.id).is_some_and(|note| note.at > at) {
            return None;
        }
        let note = Note {
            by: by.clone(),
            at,
            reason: None,
            released,
        };
        self.notes.insert(vm.id.clone(), note);
        let entry = self.vms.get_mut(&vm.id).filter(|_| !released)?;
        let protection = entry.vm.protection.as_ref()?;
        let mut told = (**protection).clone();
        told.by = by.or(told.by);
        told.since = Some(at);
        if told == **protection {
            return None;
        }
        let mut vm = (*entry.vm).clone();
        vm.protection = Some(Box::new(told));
        let vm = Arc::new(vm);
        entry.vm = vm.clone();
        self.dirty = true;
        Some(vm)
    }

    /// Whether a protected VM does not say who protected it.
    pub(in super::super) fn lacks_protectors(&self) -> bool {
        let nameless = |entry: &Entry| {
            let protection = entry.vm.protection.as_ref();
            protection.is_some_and(|protection| protection.by.is_none())
        };
        self.vms.values().any(nameless)
    }
}
