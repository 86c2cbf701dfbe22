//! Known tasks, by VM: what runs, and what failed and is not acknowledged.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::model::{CloudName, Event, Severity, Task, TaskKey, VmKey};

/// The tasks kept of one VM, the newest.
const PER_VM_MAX: usize = 50;

/// What is known of the tasks of one VM.
#[derive(Debug, Default)]
struct OfVm {
    /// Newest first.
    tasks: Vec<TaskKey>,
    running: Vec<TaskKey>,
    failed: Vec<TaskKey>,
    read_at: Option<Timestamp>,
    /// An earlier run had read them up to here.
    known_until: Option<Timestamp>,
    /// An error event named the VM at this time.
    suspected_at: Option<Timestamp>,
    /// What it adds to the total of warnings.
    counted: usize,
}

impl OfVm {
    /// A VM that an error event names after its tasks were last read counts as one warning until they are read again.
    fn warnings(&self) -> usize {
        let suspected = self
            .suspected_at
            .is_some_and(|at| Some(at) > self.read_at.max(self.known_until));
        self.failed.len().max(usize::from(suspected))
    }
}

/// The tasks of all clouds.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    all: HashMap<TaskKey, Task>,
    by_vm: HashMap<VmKey, OfVm>,
    running: HashSet<TaskKey>,
    failed: HashSet<TaskKey>,
    /// Warnings over all VMs, those of suspected ones included.
    warnings: usize,
}

impl Tasks {
    /// Takes one task in. Answers the VM it is about.
    pub(super) fn put(&mut self, task: Task) -> Option<VmKey> {
        let vm = task.vm.clone();
        let key = task.key.clone();
        let known = self.all.insert(key.clone(), task).is_some();
        match &vm {
            Some(vm) => {
                if !known {
                    self.by_vm.entry(vm.clone()).or_default().tasks.push(key);
                }
                self.recount(vm);
            }
            None => {
                // A task of no VM: only the totals know it.
                let task = self.all.get(&key);
                set_membership(&mut self.running, &key, task.is_some_and(Task::is_running));
                set_membership(&mut self.failed, &key, task.is_some_and(Task::is_warning));
            }
        }
        vm
    }

    /// The tasks of a VM, all that its cloud has; those that this console watches stay.
    pub(super) fn replace(&mut self, vm: &VmKey, tasks: Vec<Task>, at: Timestamp) -> Option<VmKey> {
        let of_vm = self.by_vm.entry(vm.clone()).or_default();
        of_vm.read_at = Some(at);
        let all = &mut self.all;
        of_vm.tasks.retain(|key| {
            let stays = all.get(key).is_some_and(|task| task.watched_here);
            if !stays {
                all.remove(key);
            }
            stays
        });
        of_vm
            .tasks
            .extend(tasks.iter().map(|task| task.key.clone()));
        self.all
            .extend(tasks.into_iter().map(|task| (task.key.clone(), task)));
        self.recount(vm);
        Some(vm.clone())
    }

    /// An earlier run has read the tasks of a VM: what events up to then tell is known.
    pub(super) fn known_until(&mut self, vm: &VmKey, at: Timestamp) -> Option<VmKey> {
        let of_vm = self.by_vm.entry(vm.clone()).or_default();
        of_vm.known_until = of_vm.known_until.max(Some(at));
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
        of_vm.suspected_at = of_vm.suspected_at.max(Some(event.at));
        self.recount(vm);
        Some(vm.clone())
    }

    /// The VM is gone.
    pub(super) fn forget(&mut self, vm: &VmKey) {
        if let Some(of_vm) = self.by_vm.remove(vm) {
            self.warnings -= of_vm.counted;
            for key in of_vm.tasks {
                self.all.remove(&key);
                self.running.remove(&key);
                self.failed.remove(&key);
            }
        }
    }

    /// The tasks of a cloud that are about no VM go.
    pub(super) fn forget_others(&mut self, cloud: &CloudName) {
        let Self {
            all,
            running,
            failed,
            ..
        } = self;
        all.retain(|key, task| {
            let stays = task.vm.is_some() || key.cloud != *cloud;
            if !stays {
                running.remove(key);
                failed.remove(key);
            }
            stays
        });
    }

    fn recount(&mut self, vm: &VmKey) {
        let Some(of_vm) = self.by_vm.get_mut(vm) else {
            return;
        };
        for key in of_vm.running.drain(..) {
            self.running.remove(&key);
        }
        for key in of_vm.failed.drain(..) {
            self.failed.remove(&key);
        }
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
            let needed = |task: &Task| task.is_running() || task.is_warning();
            let keep = kept <= PER_VM_MAX || all.get(key).is_some_and(needed);
            if !keep {
                all.remove(key);
            }
            keep
        });
        let those = |wanted: fn(&Task) -> bool| -> Vec<TaskKey> {
            let wanted = |key: &&TaskKey| all.get(*key).is_some_and(wanted);
            of_vm.tasks.iter().filter(wanted).cloned().collect()
        };
        let (running, failed) = (those(Task::is_running), those(Task::is_warning));
        self.running.extend(running.iter().cloned());
        self.failed.extend(failed.iter().cloned());
        (of_vm.running, of_vm.failed) = (running, failed);
        self.warnings -= of_vm.counted;
        of_vm.counted = of_vm.warnings();
        self.warnings += of_vm.counted;
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
        self.all.get(self.by_vm.get(vm)?.running.first()?)
    }

    pub(super) fn warnings(&self, vm: &VmKey) -> usize {
        self.by_vm.get(vm).map_or(0, OfVm::warnings)
    }

    pub(super) fn read_at(&self, vm: &VmKey) -> Option<Timestamp> {
        self.by_vm.get(vm)?.read_at
    }

    pub(super) fn all_running(&self) -> impl Iterator<Item = &Task> {
        self.running.iter().filter_map(|key| self.all.get(key))
    }

    pub(super) fn all_failed(&self) -> impl Iterator<Item = &Task> {
        self.failed.iter().filter_map(|key| self.all.get(key))
    }

    pub(super) fn running_count(&self) -> usize {
        self.running.len()
    }

    pub(super) fn failed_count(&self) -> usize {
        self.failed.len()
    }

    pub(super) fn warning_count(&self) -> usize {
        self.warnings
    }
}

fn set_membership(set: &mut HashSet<TaskKey>, key: &TaskKey, member: bool) {
    if member {
        set.insert(key.clone());
    } else {
        set.remove(key);
    }
}
