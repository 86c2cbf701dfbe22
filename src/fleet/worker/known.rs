//! What a worker has told already, so that it tells only what differs, and never an older answer after a newer one.

mod changing;
mod looking;
mod overlay;
mod protectors;
mod tasks;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::{Event, EventKey, Group, Severity, Task, TaskKey, Vapp, Vm, VmKey};

/// The events whose ids are remembered, so that none is told twice.
const EVENTS_SEEN_MAX: usize = 5_000;

use changing::Changing;
pub(super) use changing::Look;
pub(super) use overlay::Overlay;
use protectors::Note;

/// Orders answers by when their requests began: of two answers about one VM, the one asked for later is the newer, whichever
/// comes first. A page of a listing counts from the beginning of its listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(u64);

/// One VM as it was told.
#[derive(Debug)]
pub(super) struct Entry {
    pub vm: Arc<Vm>,
    order: Order,
    /// The listing that had it last.
    listed: u64,
    tasks_order: Order,
    /// When its tasks were read; `None` while nobody knows its warnings.
    pub tasks_read: Option<Instant>,
    /// Up to when its tasks are known, from this run or an earlier one: error events up to then say nothing new.
    pub tasks_until: Option<Timestamp>,
    /// Its tasks should be read again soon: it changed, or an event says so.
    due: bool,
    /// When its tasks were last asked for, answered or not.
    pub tried: Option<Instant>,
    /// The tasks that were seen of it, whatever became of them.
    tasks_seen: Vec<Arc<str>>,
}

impl Entry {
    fn new(vm: Arc<Vm>, order: Order) -> Self {
        Self {
            vm,
            order,
            listed: 0,
            tasks_order: Order(0),
            tasks_read: None,
            tasks_until: None,
            due: false,
            tried: None,
            tasks_seen: Vec::new(),
        }
    }

    /// Whether its tasks should be read again soon.
    pub(super) fn is_due(&self) -> bool {
        self.due
    }
}

/// Everything that was told of one cloud.
#[derive(Debug, Default)]
pub(super) struct Known {
    clock: u64,
    /// What was asked for before this is about a tenant that is no longer looked at.
    floor: Order,
    /// The tenant that is looked at; `None` for the user's own.
    tenant: Option<Group>,
    listing: u64,
    vms: HashMap<Arc<str>, Entry>,
    /// Those whose tasks should be read soon, in the order in which that became known.
    due: VecDeque<Arc<str>>,
    notes: HashMap<Arc<str>, Note>,
    /// Failed tasks that nobody has acknowledged, and running ones.
    tasks: HashMap<TaskKey, Task>,
    /// What is laid over the cloud's answers.
    pub overlay: Overlay,
    changing: Changing,
    vapps: Vec<Vapp>,
    restricted: HashMap<Arc<str>, bool>,
    vapps_known: bool,
    /// Whether anybody asked for the tasks that workflow holds, and those that were told.
    held_wanted: bool,
    held: Vec<Task>,
    events_seen: HashSet<EventKey>,
    events_order: VecDeque<EventKey>,
    pub newest_event: Option<Timestamp>,
    unread: usize,
    unread_told: Option<usize>,
    /// Something changed since the inventory was kept.
    pub dirty: bool,
    /// When the cloud last said what it has.
    pub as_of: Option<Timestamp>,
    /// Whether a listing of this run came to its end.
    pub listed: bool,
    /// Whether a listing of this run read a part of the cloud.
    pub partly_listed: bool,
}

/// What a VM that was taken in means for the lanes.
#[derive(Debug)]
pub(super) enum Put {
    /// Nothing is new, or the answer is older than what was told.
    Same,
    /// To be told.
    Changed(Arc<Vm>),
}

impl Known {
    /// A request begins.
    pub(super) fn begin(&mut self) -> Order {
        self.clock += 1;
        Order(self.clock)
    }

    /// A listing begins.
    pub(super) fn begin_listing(&mut self) -> Order {
        self.listing += 1;
        self.begin()
    }

    /// Takes a VM of a listing's page in.
    pub(super) fn put_listed(&mut self, vm: Vm, order: Order) -> Put {
        let listing = self.listing;
        let id = vm.key.id.clone();
        let put = self.put_in(vm, order);
        if let Some(entry) = self.vms.get_mut(&id) {
            entry.listed = listing;
        }
        put
    }

    /// Takes a VM in.
    pub(super) fn put(&mut self, vm: Vm, order: Order) -> Put {
        if self.is_elsewhere(&vm.key.id) {
            return Put::Same;
        }
        self.put_in(vm, order)
    }

    fn put_in(&mut self, mut vm: Vm, order: Order) -> Put {
        let id = vm.key.id.clone();
        if self.is_old(order) {
            return Put::Same;
        }
        if self.vms.get(&id).is_some_and(|entry| entry.order > order) {
            return Put::Same;
        }
        self.complete(&mut vm);
        match self.vms.get_mut(&id) {
            Some(entry) => {
                entry.order = order;
                if *entry.vm == vm {
                    return Put::Same;
                }
                let power_changed = entry.vm.power != vm.power;
                self.changing.looks(&vm);
                let vm = Arc::new(vm);
                entry.vm = vm.clone();
                self.dirty = true;
                if power_changed {
                    // The trace of a task, which may have failed.
                    self.mark_due(&id);
                }
                Put::Changed(vm)
            }
            None => {
                self.changing.looks(&vm);
                let vm = Arc::new(vm);
                self.vms.insert(id.clone(), Entry::new(vm.clone(), order));
                self.unread += 1;
                self.dirty = true;
                if self.listed {
                    self.mark_due(&id);
                }
                Put::Changed(vm)
            }
        }
    }

    /// The VMs that a whole listing did not have, and that were not read since it began. They are forgotten.
    pub(super) fn take_gone(&mut self, order: Order) -> Vec<VmKey> {
        self.take_gone_of(order, |_| true)
    }

    /// [`Self::take_gone`], of those that a listing in parts can tell about.
    pub(super) fn take_gone_of(
        &mut self,
        order: Order,
        has_read: impl Fn(&Vm) -> bool,
    ) -> Vec<VmKey> {
        let listing = self.listing;
        let gone: Vec<_> = self
            .vms
            .values()
            .filter(|entry| entry.listed != listing && entry.order <= order)
            .filter(|entry| has_read(&entry.vm))
            .map(|entry| entry.vm.key.clone())
            .collect();
        for key in &gone {
            self.forget(&key.id);
        }
        gone
    }

    /// The VM was not found by a request that began then. Answers whether that is news.
    pub(super) fn not_found(&mut self, id: &str, order: Order) -> Option<VmKey> {
        let entry = self.vms.get(id).filter(|entry| entry.order <= order)?;
        let key = entry.vm.key.clone();
        self.forget(id);
        Some(key)
    }

    fn forget(&mut self, id: &str) {
        if let Some(entry) = self.vms.remove(id) {
            self.unread -= usize::from(entry.tasks_read.is_none());
            self.tasks
                .retain(|_, task| task.vm.as_ref().is_none_or(|vm| *vm.id != *id));
            self.dirty = true;
        }
        self.notes.remove(id);
        self.changing.forget(id);
    }

    pub(super) fn entry(&self, id: &str) -> Option<&Entry> {
        self.vms.get(id)
    }

    pub(super) fn vm(&self, id: &str) -> Option<Arc<Vm>> {
        self.vms.get(id).map(|entry| entry.vm.clone())
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.vms.values()
    }

    pub(super) fn len(&self) -> usize {
        self.vms.len()
    }

    /// Takes the appliances in. Answers whether anything differs.
    pub(super) fn put_vapps(&mut self, vapps: &[Vapp]) -> bool {
        if self.vapps_known && self.vapps == vapps {
            return false;
        }
        self.vapps_known = true;
        self.vapps = vapps.to_vec();
        let restricted = vapps.iter().map(|vapp| (vapp.id.clone(), vapp.restricted));
        self.restricted = restricted.collect();
        self.dirty = true;
        true
    }

    pub(super) fn vapps(&self) -> &[Vapp] {
        &self.vapps
    }

    /// Whether the appliances have been read.
    pub(super) fn vapps_known(&self) -> bool {
        self.vapps_known
    }

    pub(super) fn vapp(&self, id: &str) -> Option<&Vapp> {
        self.vapps.iter().find(|vapp| *vapp.id == *id)
    }

    /// The VMs of an appliance, by name.
    pub(super) fn members(&self, id: &str) -> Vec<Arc<Vm>> {
        let is_in = |vm: &Vm| vm.vapp.as_ref().is_some_and(|vapp| *vapp.id == *id);
        let all = self.vms.values().map(|entry| &entry.vm);
        let mut members: Vec<_> = all.filter(|vm| is_in(vm)).cloned().collect();
        members.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.key.cmp(&b.key)));
        members
    }

    /// Whether a VM stands in an appliance that no listing of appliances had.
    pub(super) fn names_unknown_vapp(&self, vm: &Vm) -> bool {
        vm.vapp
            .as_ref()
            .is_some_and(|vapp| !self.restricted.contains_key(&vapp.id))
    }

    pub(super) fn is_restricted(&self, vm: &Vm) -> bool {
        vm.vapp
            .as_ref()
            .and_then(|vapp| self.restricted.get(&vapp.id))
            .copied()
            .unwrap_or(false)
    }

    /// Takes events in and leaves those that were not told before, newest first. VMs that error events name are due.
    pub(super) fn put_events(&mut self, mut events: Vec<Event>) -> Vec<Event> {
        events.retain(|event| self.events_seen.insert(event.key.clone()));
        for event in &events {
            self.events_order.push_back(event.key.clone());
            self.newest_event = self.newest_event.max(Some(event.at));
            let Some(vm) = event
                .vm
                .as_ref()
                .filter(|_| event.severity == Severity::Error)
            else {
                continue;
            };
            let known = self.vms.get(&vm.id).and_then(|entry| entry.tasks_until);
            if Some(event.at) > known {
                self.mark_due(&vm.id);
            }
        }
        while self.events_order.len() > EVENTS_SEEN_MAX {
            if let Some(oldest) = self.events_order.pop_front() {
                self.events_seen.remove(&oldest);
            }
        }
        events
    }

    /// Takes in what was kept of an earlier run, and lays over it what is known here now. Everything in it is older than any
    /// answer.
    pub(super) fn restore(&mut self, vms: &mut [Arc<Vm>], as_of: Timestamp) {
        for vm in vms {
            if self.overlay.is_any() {
                self.overlay.lay(Arc::make_mut(vm));
            }
            if let Some(protection) = &vm.protection
                && let Some(since) = protection.since
            {
                let note = Note {
                    by: protection.by.clone(),
                    at: since,
                    reason: protection.reason.clone(),
                    released: false,
                };
                self.notes.insert(vm.key.id.clone(), note);
            }
            let id = vm.key.id.clone();
            let entry = Entry::new(vm.clone(), Order(0));
            if self.vms.insert(id, entry).is_none() {
                self.unread += 1;
            }
        }
        self.as_of = Some(as_of);
    }

    /// Forgets every VM: they were another account's.
    pub(super) fn forget_all(&mut self) -> Vec<VmKey> {
        let keys: Vec<_> = self
            .vms
            .values()
            .map(|entry| entry.vm.key.clone())
            .collect();
        for key in &keys {
            self.forget(&key.id);
        }
        self.put_vapps(&[]);
        keys
    }

    /// Up to when the tasks of each VM are known.
    pub(super) fn tasks_until(&self) -> impl Iterator<Item = (VmKey, Timestamp)> {
        self.vms
            .values()
            .filter_map(|entry| Some((entry.vm.key.clone(), entry.tasks_until?)))
    }

    /// Takes in up to when an earlier run knew the tasks of VMs. Those that are gone are left out of the answer.
    pub(super) fn restore_tasks_until(
        &mut self,
        kept: Vec<(Arc<str>, Timestamp)>,
    ) -> Vec<(VmKey, Timestamp)> {
        let mut there = Vec::with_capacity(kept.len());
        for (id, at) in kept {
            if let Some(entry) = self.vms.get_mut(&id) {
                entry.tasks_until = entry.tasks_until.max(Some(at));
                there.push((entry.vm.key.clone(), at));
            }
        }
        there
    }

    /// Takes in the warnings that were kept of an earlier run, those that still stand. Their VMs are read first: somebody may have
    /// acknowledged them.
    pub(super) fn restore_warnings(&mut self, tasks: &mut Vec<Task>) {
        tasks.iter_mut().for_each(|task| self.localize(task));
        tasks.retain(Task::is_warning);
        for task in tasks {
            if let Some(vm) = &task.vm {
                self.mark_due(&vm.id);
            }
            self.keep_task(task);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
