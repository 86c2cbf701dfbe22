//! A VM with everything that is known about it from elsewhere, and what may be done to it.

use std::sync::Arc;

use super::{CloudView, Inventory};
use crate::fleet::command::CommandReport;
use crate::model::{
    Action, ActionKind, Availability, Denial, Standing, Task, Vm, VmState, availability,
    availability_of,
};

/// A VM with everything that is known about it from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// The VM.
    pub vm: &'a Arc<Vm>,
    /// Its cloud.
    pub cloud: &'a CloudView,
    /// Whether its appliance is restricted; `None` where its cloud's appliances are not known.
    pub restricted: Option<bool>,
    /// The task that runs on it.
    pub task: Option<&'a Task>,
    /// Failed tasks that nobody has acknowledged; 1 for a VM that a recent error event names and whose tasks are unread.
    pub warnings: usize,
    /// What was asked for it and is not decided yet.
    pub pending: Option<&'a CommandReport>,
    /// Everything else that is known.
    pub(super) inventory: &'a Inventory,
}

impl Overview<'_> {
    /// What the rules look at beside the VM.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        Standing {
            capabilities: self.cloud.info.capabilities,
            privileges: self
                .cloud
                .session
                .as_ref()
                .map(|session| &session.privileges),
            signed_out: self.cloud.signed_out(),
            read_only: self.cloud.info.read_only,
            restricted: self.restricted == Some(true),
            progress: self
                .task
                .map(Task::progress)
                .or_else(|| self.vm.native_progress()),
        }
    }

    /// Whether an action may be performed on this VM now, and if not, why not. What was asked already and is not decided
    /// counts as an operation that runs: a second press of the same key sends nothing twice.
    #[must_use]
    pub fn availability(&self, action: ActionKind) -> Availability {
        self.unless_pending(availability(action, self.vm, &self.standing()))
    }

    /// [`Self::availability`] of an action with its arguments.
    #[must_use]
    pub fn availability_of(&self, action: &Action) -> Availability {
        let named = |id| self.inventory.vapp(&self.vm.key.cloud, id)?.listed();
        let to = action.destination().and_then(named);
        self.unless_pending(availability_of(action, self.vm, to, &self.standing()))
    }

    fn unless_pending(&self, answer: Availability) -> Availability {
        match (answer, self.pending) {
            (Availability::Allowed, Some(report)) => {
                let title = Arc::from(report.command.title());
                Availability::Denied(Denial::Locked(Some(title)))
            }
            (answer, _) => answer,
        }
    }

    /// The state that is shown.
    #[must_use]
    pub fn state(&self) -> VmState {
        self.vm.state()
    }
}
