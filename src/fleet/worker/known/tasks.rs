//! The tasks that were told, and whose tasks should be read.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Known, Order};
use crate::model::{PowerState, Task, TaskKey, VmKey};

impl Known {
    /// The tasks of a VM should be read soon.
    pub(in super::super) fn mark_due(&mut self, id: &str) {
        if let Some(entry) = self.vms.get_mut(id).filter(|entry| !entry.due) {
            entry.due = true;
            self.due.push_back(entry.vm.key.id.clone());
        }
    }

    /// VMs on which an operation runs that nobody follows: their tasks say which one.
    pub(in super::super) fn mark_locked(&mut self) {
        let running: HashSet<_> = self
            .tasks
            .values()
            .filter(|task| task.is_running())
            .filter_map(|task| Some(task.vm.as_ref()?.id.clone()))
            .collect();
        let locked: Vec<_> = self
            .vms
            .values()
            .filter(|entry| entry.vm.power == PowerState::Locked)
            .map(|entry| entry.vm.key.id.clone())
            .filter(|id| !running.contains(id))
            .collect();
        for id in locked {
            self.mark_due(&id);
        }
    }

    /// The next VM whose tasks should be read soon.
    pub(in super::super) fn next_due(&mut self) -> Option<Arc<str>> {
        while let Some(id) = self.due.pop_front() {
            if self.vms.get(&id).is_some_and(|entry| entry.due) {
                return Some(id);
            }
        }
        None
    }

    /// The tasks of a VM are asked for now: until the answer, or when it fails, others come first.
    pub(in super::super) fn try_tasks(&mut self, id: &str, now: Instant) {
        if let Some(entry) = self.vms.get_mut(id) {
            entry.tried = Some(now);
            entry.due = false;
        }
    }

    /// Takes the tasks of a VM in. `false` when a task of it was told since the request began: the answer is old.
    ///
    /// `until` is up to when they are known: when they were asked for, or the cloud's newest event by then.
    pub(in super::super) fn put_tasks(
        &mut self,
        id: &str,
        tasks: &[Task],
        order: Order,
        until: Timestamp,
    ) -> bool {
        if self.is_old(order) || self.is_elsewhere(id) {
            return false;
        }
        if let Some(entry) = self.vms.get_mut(id) {
            if entry.tasks_order > order {
                self.mark_due(id);
                return false;
            }
            entry.tasks_order = order;
            self.unread -= usize::from(entry.tasks_read.is_none());
            entry.tasks_read = Some(Instant::now());
            entry.tasks_until = entry.tasks_until.max(Some(until));
            entry.due = false;
            entry.tasks_seen = tasks.iter().map(|task| task.key.id.clone()).collect();
        }
        let of_vm = |task: &Task| task.vm.as_ref().is_some_and(|vm| *vm.id == *id);
        let was: HashSet<_> = self.warnings_of(id).map(|task| task.key.clone()).collect();
        // A cloud knows nothing of what this console watches.
        self.tasks
            .retain(|_, task| task.watched_here || !of_vm(task));
        for task in tasks {
            self.keep_task(task);
        }
        let is: HashSet<_> = self.warnings_of(id).map(|task| task.key.clone()).collect();
        self.dirty |= was != is;
        true
    }

    /// Takes one followed task in. `false` when it is not to be told: its VM is one of a tenant that is no longer looked at.
    pub(in super::super) fn put_task(&mut self, task: &Task, order: Order) -> bool {
        let is_elsewhere = |vm: &VmKey| self.is_elsewhere(&vm.id);
        if task.vm.as_ref().is_some_and(is_elsewhere) || self.is_of_another_tenant(task) {
            return false;
        }
        if let Some(entry) = task.vm.as_ref().and_then(|vm| self.vms.get_mut(&vm.id)) {
            entry.tasks_order = entry.tasks_order.max(order);
            if !entry.tasks_seen.contains(&task.key.id) {
                entry.tasks_seen.push(task.key.id.clone());
            }
        }
        let before = self.tasks.remove(&task.key);
        self.dirty |= before.is_some_and(|before| before.is_warning()) != task.is_warning();
        self.keep_task(task);
        true
    }

    pub(super) fn keep_task(&mut self, task: &Task) {
        if task.is_warning() || task.is_running() {
            self.tasks.insert(task.key.clone(), task.clone());
        }
    }

    pub(in super::super) fn task(&self, key: &TaskKey) -> Option<&Task> {
        self.tasks.get(key)
    }

    pub(in super::super) fn tasks_of(&self, id: &str) -> impl Iterator<Item = &Task> {
        self.tasks
            .values()
            .filter(move |task| task.vm.as_ref().is_some_and(|vm| *vm.id == *id))
    }

    /// Every task of a VM that was ever seen in this run.
    pub(in super::super) fn tasks_seen(&self, vm: &VmKey) -> HashSet<TaskKey> {
        let seen = self.vms.get(&vm.id).map(|entry| &entry.tasks_seen);
        let key = |id: &Arc<str>| TaskKey {
            cloud: vm.cloud.clone(),
            id: id.clone(),
        };
        seen.into_iter().flatten().map(key).collect()
    }

    fn warnings_of(&self, id: &str) -> impl Iterator<Item = &Task> {
        self.tasks_of(id).filter(|task| task.is_warning())
    }

    /// The failed tasks that nobody has acknowledged.
    pub(in super::super) fn warnings(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().filter(|task| task.is_warning())
    }

    /// How many VMs' tasks nobody has read, when that differs from what was told.
    pub(in super::super) fn take_unread(&mut self) -> Option<usize> {
        if self.unread_told == Some(self.unread) {
            return None;
        }
        self.unread_told = Some(self.unread);
        self.unread_told
    }
}
