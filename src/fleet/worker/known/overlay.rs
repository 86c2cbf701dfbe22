//! What is laid over the answers of a cloud: groups made here, protections kept here, failures acknowledged here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Known, Order};
use crate::fleet::local::{Protections, is_recent};
use crate::model::{Capabilities, Group, GroupBy, ProtectionScope, Task, TaskKey, TaskState, Vm};

/// The groups whose texts are shared between VMs; a pattern can make one for each VM.
const SHARED_MAX: usize = 10_000;

/// What is laid over one cloud's answers. The default lays nothing over.
#[derive(Debug, Default)]
pub(in super::super) struct Overlay {
    /// The cloud has no appliances: they are made here, or there are none.
    makes_groups: bool,
    group_by: Option<GroupBy>,
    groups: HashSet<Group>,
    /// `None` where the cloud keeps protections itself.
    protections: Option<Protections>,
    /// VMs whose protection differs from what was told.
    overlaid: HashSet<Arc<str>>,
    /// The cloud has no acknowledgement: its failed tasks are acknowledged here, as watched ones are everywhere.
    acknowledges: bool,
    acknowledged: HashSet<Arc<str>>,
    /// Watched operations that failed, of this and other runs.
    failed: Vec<Task>,
}

impl Overlay {
    pub(in super::super) fn new(
        capabilities: &Capabilities,
        group_by: Option<GroupBy>,
        acknowledges: bool,
    ) -> Self {
        let kept_here = capabilities.protection == Some(ProtectionScope::Console);
        Self {
            makes_groups: !capabilities.vapps,
            group_by,
            protections: kept_here.then(HashMap::new),
            acknowledges,
            ..Self::default()
        }
    }

    /// Whether anything is laid over VMs at all.
    pub(super) fn is_any(&self) -> bool {
        self.makes_groups || self.protections.is_some()
    }

    /// Lays over a VM what is known here of it.
    pub(super) fn lay(&mut self, vm: &mut Vm) {
        if self.makes_groups {
            let group = self.group_by.as_ref().and_then(|by| by.group_of(vm));
            vm.vapp = group.map(|group| self.share(group));
        }
        if let Some(protections) = &self.protections {
            vm.protection = protections.get(&vm.key.id).cloned().map(Box::new);
        }
    }

    fn share(&mut self, group: Group) -> Group {
        if let Some(shared) = self.groups.get(&group) {
            return shared.clone();
        }
        if self.groups.len() >= SHARED_MAX {
            self.groups.clear();
        }
        self.groups.insert(group.clone());
        group
    }
}

impl Known {
    /// Whether this console keeps the protections of the cloud.
    pub(in super::super) fn keeps_protections(&self) -> bool {
        self.overlay.protections.is_some()
    }

    /// These are the protections that this console keeps now. VMs that they change are told by [`Self::take_overlaid`].
    pub(in super::super) fn set_protections(&mut self, now: Protections) {
        let Some(kept) = &mut self.overlay.protections else {
            return;
        };
        let before = std::mem::replace(kept, now);
        let kept = &*kept;
        let differs = |id: &&Arc<str>| before.get(*id) != kept.get(*id);
        let differing = before.keys().chain(kept.keys()).filter(differs).cloned();
        self.overlay.overlaid.extend(differing);
    }

    /// The VMs that look different now, each once.
    pub(in super::super) fn take_overlaid(&mut self) -> Vec<Arc<Vm>> {
        let mut changed = Vec::new();
        for id in std::mem::take(&mut self.overlay.overlaid) {
            let Some(entry) = self.vms.get_mut(&id) else {
                continue;
            };
            let mut vm = (*entry.vm).clone();
            self.overlay.lay(&mut vm);
            if vm != *entry.vm {
                entry.vm = Arc::new(vm);
                changed.push(entry.vm.clone());
                self.dirty = true;
            }
        }
        changed
    }

    /// A task as it is shown: a failure that its cloud cannot take an acknowledgement of can be acknowledged here while it is
    /// recent, and stays acknowledged.
    pub(in super::super) fn localize(&self, task: &mut Task) {
        let ours = self.acknowledges_here(task);
        if !ours || task.state != TaskState::FinishedUnsuccessfully {
            return;
        }
        if self.overlay.acknowledged.contains(&task.key.id) {
            task.state = TaskState::AckError;
            task.acknowledgeable = false;
        } else {
            task.acknowledgeable = is_recent(task, Timestamp::now());
        }
    }

    /// Whether an acknowledgement of this task is kept here and sent nowhere.
    pub(in super::super) fn acknowledges_here(&self, task: &Task) -> bool {
        task.watched_here || self.overlay.acknowledges
    }

    /// Whether a task was acknowledged here.
    pub(in super::super) fn is_acknowledged_here(&self, task: &TaskKey) -> bool {
        self.overlay.acknowledged.contains(&task.id)
    }

    /// These tasks are acknowledged now. Answers those that were told otherwise, to be told.
    pub(in super::super) fn set_acknowledged(&mut self, now: HashSet<Arc<str>>) -> Vec<Task> {
        self.overlay.acknowledged = now;
        let mut told = Vec::new();
        let kept: Vec<_> = self.warnings().cloned().collect();
        for mut task in kept {
            self.localize(&mut task);
            if !task.is_warning() {
                self.tasks.remove(&task.key);
                self.dirty = true;
                told.push(task);
            }
        }
        told
    }

    /// These watched operations failed, in this run or others. Answers those that were not told, to be told.
    pub(in super::super) fn set_failed(&mut self, failed: Vec<Task>) -> Vec<Task> {
        self.overlay.failed = failed;
        self.put_failed()
    }

    /// The failed watched operations whose VMs are there by now, and that were not told.
    pub(in super::super) fn put_failed(&mut self) -> Vec<Task> {
        let mut told = Vec::new();
        for mut task in self.overlay.failed.clone() {
            // One on an appliance is of no VM.
            let is_there = match &task.vm {
                Some(vm) => self.vms.contains_key(&vm.id),
                None => self.listed || self.partly_listed,
            };
            self.localize(&mut task);
            let is_new = task.is_warning() && !self.tasks.contains_key(&task.key);
            if is_there && is_new && self.put_task(&task, Order(0)) {
                told.push(task);
            }
        }
        told
    }
}
