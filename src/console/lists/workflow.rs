//! The tasks that workflow holds, over all clouds: the longest waiting first.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::console::text::find_ignoring_case;
use crate::fleet::{Changes, CloudView, Inventory};
use crate::model::{Task, TaskKey, VmKey};

/// The list.
#[derive(Debug, Default)]
pub struct HeldList {
    rows: Vec<TaskKey>,
    filter: String,
    marks: BTreeSet<TaskKey>,
    cursor: Cursor<TaskKey>,
    /// The VMs that wait for somebody.
    vms: HashSet<VmKey>,
    stale: bool,
}

impl HeldList {
    /// Remembers that an update changed something it shows.
    pub fn note(&mut self, changes: &Changes) {
        self.stale |= changes.held || changes.clouds || !changes.vms.is_empty();
    }

    /// Makes the rows again if anything changed.
    pub fn settle(&mut self, inventory: &Inventory) {
        if !self.stale {
            return;
        }
        self.stale = false;
        let held: Vec<&Task> = inventory.clouds().iter().flat_map(of_cloud).collect();
        self.vms = held.iter().filter_map(|task| task.vm.clone()).collect();
        self.marks
            .retain(|key| held.iter().any(|task| task.key == *key));
        let mut shown: Vec<_> = held
            .into_iter()
            .filter(|task| self.shows(inventory, task))
            .collect();
        shown.sort_by(|a, b| {
            a.created_at
                .cmp(&b.created_at)
                .then_with(|| a.key.cmp(&b.key))
        });
        self.rows = shown.into_iter().map(|task| task.key.clone()).collect();
        let rows = &self.rows;
        self.cursor.settle(
            rows.len(),
            |key| rows.iter().position(|row| row == key),
            |at| rows.get(at).cloned(),
        );
    }

    fn shows(&self, inventory: &Inventory, task: &Task) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let about = About::of(inventory, task);
        let has = |text: &str| find_ignoring_case(text, &self.filter).is_some();
        let texts = [
            task.user.as_ref(),
            about.tenant.as_ref(),
            about.vm.as_ref(),
            about.vapp.as_ref(),
            about.project.as_ref(),
        ];
        has(task.key.cloud.as_str())
            || has(task.kind.title())
            || texts.into_iter().flatten().any(|text| has(text))
    }

    /// The tasks, top down.
    #[must_use]
    pub fn rows(&self) -> &[TaskKey] {
        &self.rows
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// The task under the cursor.
    #[must_use]
    pub fn current(&self) -> Option<&TaskKey> {
        self.rows.get(self.at())
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step, page: usize) {
        self.put(self.cursor.after(step, self.rows.len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, at: usize) {
        if let Some(key) = self.rows.get(at) {
            self.cursor.put(at, Some(key.clone()));
        }
    }

    /// The filter, in lower case.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows the list to tasks that have the text in any column, whatever its case.
    pub fn set_filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.stale = true;
    }

    /// The marked tasks, in the order of cloud and id.
    #[must_use]
    pub fn marks(&self) -> &BTreeSet<TaskKey> {
        &self.marks
    }

    /// Marks the task under the cursor, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(key) = self.current().cloned()
            && !self.marks.remove(&key)
        {
            self.marks.insert(key);
        }
    }

    /// Marks all that are shown; when all of them are marked already, takes their marks away.
    pub fn mark_all(&mut self) {
        if self.rows.iter().all(|key| self.marks.contains(key)) {
            self.marks.clear();
        } else {
            self.marks.extend(self.rows.iter().cloned());
        }
    }

    /// Takes all marks away.
    pub fn clear_marks(&mut self) {
        self.marks.clear();
    }

    /// Whether a task of this VM waits for somebody.
    #[must_use]
    pub fn holds(&self, vm: &VmKey) -> bool {
        self.vms.contains(vm)
    }
}

/// The tasks held on one cloud, as far as they are known.
fn of_cloud(cloud: &CloudView) -> &[Task] {
    match &cloud.held {
        Some(Ok(tasks)) => tasks,
        Some(Err(_)) | None => &[],
    }
}

/// A held task; else whatever is known of the task.
#[must_use]
pub fn task<'a>(inventory: &'a Inventory, key: &TaskKey) -> Option<&'a Task> {
    let held = inventory.cloud(&key.cloud).map_or(&[][..], of_cloud);
    let held = held.iter().find(|task| task.key == *key);
    held.or_else(|| inventory.task(key))
}

/// Whether any of the clouds has a workflow.
#[must_use]
pub fn is_there(inventory: &Inventory) -> bool {
    let mut clouds = inventory.clouds().iter();
    clouds.any(|cloud| cloud.info.capabilities.workflow.is_some())
}

/// What a held task is about, by name, as far as it is known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub tenant: Option<Arc<str>>,
    /// The VM.
    pub vm: Option<Arc<str>>,
    /// The appliance.
    pub vapp: Option<Arc<str>>,
    /// The project.
    pub project: Option<Arc<str>>,
}

impl About {
    /// What a task is about.
    #[must_use]
    pub fn of(inventory: &Inventory, task: &Task) -> Self {
        let cloud = inventory.cloud(&task.key.cloud);
        let session = cloud.and_then(|cloud| cloud.session.as_ref());
        let looked_at = cloud.and_then(|cloud| cloud.tenant.as_ref());
        let signed_in = looked_at
            .map(|tenant| tenant.name.clone())
            .or_else(|| session.and_then(|session| session.tenant.clone()));
        let Some(key) = &task.vm else {
            return Self {
                tenant: signed_in,
                vapp: task.subject.clone(),
                ..Self::default()
            };
        };
        match inventory.find(key) {
            Some(vm) => Self {
                tenant: vm.tenant.clone().or(signed_in),
                vm: Some(vm.name.clone()),
                vapp: vm.vapp.as_ref().map(|group| group.name.clone()),
                project: vm.project.as_ref().map(|group| group.name.clone()),
            },
            None => Self {
                tenant: signed_in,
                vm: Some(key.id.clone()),
                ..Self::default()
            },
        }
    }
}
