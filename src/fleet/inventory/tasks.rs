//! Known tasks, by VM: what runs, and what failed and is not acknowledged.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{Event, Severity, Task, TaskKey, VmKey};

/// The tasks kept of one VM, the newest.
const PER_VM_MAX: usize = 50;

/// What is known of the tasks of one VM.
#[derive(Debug, Default)]
struct OfVm {
    /// Newest first.
    tasks: Vec<TaskKey>,
    running: Option<TaskKey>,
    warnings: usize,
    read_at: Option<Timestamp>,
    /// An error event named the VM at this time.
    suspected_at: Option<Timestamp>,
}

impl OfVm {
    /// A VM that an error event names after its tasks were last read counts as one warning until they are read again.
    fn warnings(&self) -> usize {
        let suspected = self
            .suspected_at
            .is_some_and(|at| self.read_at.is_none_or(|read| read < at));
        self.warnings.max(usize::from(suspected))
    }
}

/// The tasks of all clouds.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    all: HashMap<TaskKey, Task>,
    by_vm: HashMap<VmKey, OfVm>,
    running: usize,
    warnings: usize,
}

impl Tasks {
    /// Takes one task in. Answers the VM it is about.
    pub(super) fn put(&mut self, task: Task) -> Option<VmKey> {
        let vm = task.vm.clone();
        let key = task.key.clone();
        let before = self.all.insert(key.clone(), task);
        match &vm {
            Some(vm) => {
                let of_vm = self.by_vm.entry(vm.clone()).or_default();
                if before.is_none() {
                    of_vm.tasks.push(key);
                }
                self.recount(vm);
            }
            None => {
                // A task of no VM: only the totals know it.
                let was = before.is_some_and(|task| task.is_running());
                let is = self.all.get(&key).is_some_and(Task::is_running);
                self.running = self.running + usize::from(is) - usize::from(was);
            }
        }
        vm
    }

    /// The tasks of a VM, all of them.
    pub(super) fn replace(&mut self, vm: &VmKey, tasks: Vec<Task>, at: Timestamp) -> Option<VmKey> {
        let of_vm = self.by_vm.entry(vm.clone()).or_default();
        of_vm.read_at = Some(at);
        for key in of_vm.tasks.drain(..) {
            self.all.remove(&key);
        }
        of_vm.tasks = tasks.iter().map(|task| task.key.clone()).collect();
        self.all
            .extend(tasks.into_iter().map(|task| (task.key.clone(), task)));
        self.recount(vm);
        Some(vm.clone())
    }

    /// An error event names a VM: something failed there that nobody may have read yet.
    pub(super) fn suspect(&mut self, event: &Event) -> Option<VmKey> {
        let vm = event
            .vm
            .as_ref()
            .filter(|_| event.severity == Severity::Error)?;
        let of_vm = self.by_vm.entry(vm.clone()).or_default();
        self.warnings -= of_vm.warnings();
        of_vm.suspected_at = of_vm.suspected_at.max(Some(event.at));
        self.warnings += of_vm.warnings();
        Some(vm.clone())
    }

    /// The VM is gone.
    pub(super) fn forget(&mut self, vm: &VmKey) {
        if let Some(of_vm) = self.by_vm.remove(vm) {
            self.warnings -= of_vm.warnings();
            self.running -= usize::from(of_vm.running.is_some());
            for key in of_vm.tasks {
                self.all.remove(&key);
            }
        }
    }

    fn recount(&mut self, vm: &VmKey) {
        let Some(of_vm) = self.by_vm.get_mut(vm) else {
            return;
        };
        self.warnings -= of_vm.warnings();
        self.running -= usize::from(of_vm.running.is_some());
        let all = &mut self.all;
        of_vm.tasks.retain(|key| all.contains_key(key));
        of_vm.tasks.sort_by(|a, b| {
            let created = |key| all.get(key).and_then(|task: &Task| task.created_at);
            created(b).cmp(&created(a)).then_with(|| b.cmp(a))
        });
        // What runs or waits for somebody is never dropped, however old.
        let mut kept = 0;
        of_vm.tasks.retain(|key| {
            kept += 1;
            let keep = kept <= PER_VM_MAX
                || all
                    .get(key)
                    .is_some_and(|task| task.is_running() || task.is_warning());
            if !keep {
                all.remove(key);
            }
            keep
        });
        of_vm.running = of_vm
            .tasks
            .iter()
            .find(|key| all.get(*key).is_some_and(Task::is_running))
            .cloned();
        of_vm.warnings = of_vm
            .tasks
            .iter()
            .filter(|key| all.get(*key).is_some_and(Task::is_warning))
            .count();
        self.warnings += of_vm.warnings();
        self.running += usize::from(of_vm.running.is_some());
    }

    pub(super) fn get(&self, key: &TaskKey) -> Option<&Task> {
        self.all.get(key)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Task> {
        self.all.values()
    }

    pub(super) fn of_vm(&self, vm: &VmKey) -> impl Iterator<Item = &Task> {
        self.by_vm
            .get(vm)
            .into_iter()
            .flat_map(|of_vm| &of_vm.tasks)
            .filter_map(|key| self.all.get(key))
    }

    pub(super) fn running(&self, vm: &VmKey) -> Option<&Task> {
        self.all.get(self.by_vm.get(vm)?.running.as_ref()?)
    }

    pub(super) fn warnings(&self, vm: &VmKey) -> usize {
        self.by_vm.get(vm).map_or(0, OfVm::warnings)
    }

    pub(super) fn read_at(&self, vm: &VmKey) -> Option<Timestamp> {
        self.by_vm.get(vm)?.read_at
    }

    pub(super) fn running_count(&self) -> usize {
        self.running
    }

    pub(super) fn warning_count(&self) -> usize {
        self.warnings
    }
}
