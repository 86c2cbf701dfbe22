//! Marked VMs, and what was asked of several at once. Marks are keys, never rows: they survive filter and refresh.

use std::collections::BTreeSet;

use crate::fleet::{Changes, Command, CommandReport, Inventory, Stage};
use crate::model::{ActionKind, VmKey};

/// The marks.
#[derive(Debug, Default)]
pub struct Marks(BTreeSet<VmKey>);

impl Marks {
    /// Whether a VM is marked.
    #[must_use]
    pub fn has(&self, vm: &VmKey) -> bool {
        self.0.contains(vm)
    }

    /// How many are marked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of cloud and id.
    #[must_use]
    pub fn all(&self) -> Vec<VmKey> {
        self.0.iter().cloned().collect()
    }

    /// Marks all of these; when all of them are marked already, takes their marks away.
    pub fn toggle(&mut self, vms: &[VmKey]) {
        if vms.iter().all(|vm| self.0.contains(vm)) {
            for vm in vms {
                self.0.remove(vm);
            }
        } else {
            self.0.extend(vms.iter().cloned());
        }
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Drops the marks of VMs that are gone.
    pub fn settle(&mut self, inventory: &Inventory, changes: &Changes) {
        if !changes.gone.is_empty() {
            self.0.retain(|vm| inventory.slot(vm).is_some());
        }
    }
}

/// One action asked of several VMs, until each has its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The action.
    pub kind: ActionKind,
    /// All of them.
    pub vms: Vec<VmKey>,
    waiting: BTreeSet<VmKey>,
    /// Those that failed, were refused, or are unknown, each with why.
    pub failed: Vec<(VmKey, String)>,
    /// Those of which the cloud asks first.
    pub asking: Vec<CommandReport>,
}

impl Batch {
    /// A batch that begins now.
    #[must_use]
    pub fn new(kind: ActionKind, vms: Vec<VmKey>) -> Self {
        let waiting = vms.iter().cloned().collect();
        Self {
            kind,
            vms,
            waiting,
            failed: Vec::new(),
            asking: Vec::new(),
        }
    }

    /// How many have their outcome.
    #[must_use]
    pub fn done(&self) -> usize {
        self.vms.len() - self.waiting.len()
    }

    /// Whether all have their outcome.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a report in, where it is the outcome of one of them. Says whether it was.
    pub fn take(&mut self, report: &CommandReport) -> bool {
        let Command::Act { vm, action, .. } = &report.command else {
            return false;
        };
        if action.kind() != self.kind || !report.stage.is_final() || !self.waiting.remove(vm) {
            return false;
        }
        if matches!(report.stage, Stage::NeedsForce { .. }) && report.command.forced().is_some() {
            self.asking.push(report.clone());
        } else if !matches!(report.stage, Stage::Done { .. }) {
            self.failed.push((
                vm.clone(),
                report.stage.message().unwrap_or_default().to_owned(),
            ));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::CommandId;
    use crate::model::{Action, CloudName, Confirmed};

    fn key(id: &str) -> VmKey {
        VmKey::new(&CloudName::new("prod"), id)
    }

    fn report(id: &str, action: Action, stage: Stage) -> CommandReport {
        let command = Command::Act {
            vm: key(id),
            action,
            confirmed: Confirmed::Unprotected,
        };
        CommandReport {
            id: CommandId(1),
            command,
            vm_name: id.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            stage,
        }
    }

    #[test]
    fn marking_all_of_what_is_marked_takes_the_marks_away() {
        let mut marks = Marks::default();
        marks.toggle(&[key("1")]);
        marks.toggle(&[key("1"), key("2")]);
        assert_eq!(marks.all(), [key("1"), key("2")]);
        marks.toggle(&[key("1"), key("2")]);
        assert!(marks.is_empty());
    }

    #[test]
    fn a_batch_is_over_when_each_has_its_outcome() {
        let mut batch = Batch::new(ActionKind::Shutdown, vec![key("1"), key("2")]);
        assert!(
            !batch.take(&report("1", Action::Shutdown, Stage::Sent)),
            "no outcome yet"
        );
        assert!(
            !batch.take(&report("1", Action::PowerOff, Stage::Done { task: None })),
            "another action"
        );
        assert!(batch.take(&report("1", Action::Shutdown, Stage::Done { task: None })));
        assert!(
            !batch.take(&report("1", Action::Shutdown, Stage::Done { task: None })),
            "counted once"
        );
        let message = "no guest tools".to_owned();
        assert!(batch.take(&report(
            "2",
            Action::Shutdown,
            Stage::Failed {
                message,
                task: None
            }
        )));
        assert!(batch.is_over());
        assert_eq!(batch.failed, [(key("2"), "no guest tools".to_owned())]);
    }
}
