//! What a person asks the engine to change, and what becomes of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    Action, CloudName, Confirmed, TaskKey, VappAction, VappActionKind, VappKey, Vm, VmKey,
};

/// Names a command within one run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommandId(pub u64);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One thing asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Do this to that VM.
    Act {
        /// The VM.
        vm: VmKey,
        /// What to do.
        action: Action,
        /// What the person who asks for it has been asked.
        confirmed: Confirmed,
    },
    /// Do this to that appliance.
    ActOnVapp {
        /// The appliance.
        vapp: VappKey,
        /// What to do.
        action: VappAction,
        /// The VMs that it was said to touch when it was asked for; another one is not touched.
        vms: Vec<VmKey>,
    },
    /// Make an appliance.
    CreateVapp {
        /// The cloud.
        cloud: CloudName,
        /// The cloud's id of the project.
        project: Arc<str>,
        /// The name.
        name: String,
        /// Hidden from users without the privilege.
        restricted: bool,
    },
    /// Approve or reject a task that workflow holds.
    Decide {
        /// The task.
        task: TaskKey,
        /// The VM it works on, where that is known.
        vm: Option<VmKey>,
        /// Whether it may go on.
        approve: bool,
        /// What the decision's event says beside.
        note: Option<String>,
    },
    /// Acknowledge this failed task.
    Acknowledge {
        /// The task.
        task: TaskKey,
        /// The VM it failed on, where that is known.
        vm: Option<VmKey>,
    },
}

impl Command {
    /// An action on a VM by a person to whom the VM was shown so, and who said yes to whatever it asks for such a VM.
    #[must_use]
    pub fn act_on(vm: &Vm, action: Action) -> Self {
        Self::Act {
            vm: vm.key.clone(),
            action,
            confirmed: Confirmed::shown(vm),
        }
    }

    /// The cloud it goes to.
    #[must_use]
    pub fn cloud(&self) -> &CloudName {
        match self {
            Self::Act { vm, .. } => &vm.cloud,
            Self::ActOnVapp { vapp, .. } => &vapp.cloud,
            Self::CreateVapp { cloud, .. } => cloud,
            Self::Decide { task, .. } | Self::Acknowledge { task, .. } => &task.cloud,
        }
    }

    /// The cloud's id of what it is about: its VM, its appliance, its task, or the name of what it makes.
    #[must_use]
    pub fn subject_id(&self) -> Arc<str> {
        match self {
            Self::Act { vm, .. }
            | Self::Decide { vm: Some(vm), .. }
            | Self::Acknowledge { vm: Some(vm), .. } => vm.id.clone(),
            Self::ActOnVapp { vapp, .. } => vapp.id.clone(),
            Self::CreateVapp { name, .. } => name.as_str().into(),
            Self::Decide { task, .. } | Self::Acknowledge { task, .. } => task.id.clone(),
        }
    }

    /// What is shown when it was done: `powered off`.
    #[must_use]
    pub fn done(&self) -> &'static str {
        match self {
            Self::Act { action, .. } => action.kind().spec().done,
            Self::ActOnVapp { action, .. } => action.kind().done(),
            Self::CreateVapp { .. } => "created",
            Self::Decide { approve: true, .. } => "approved",
            Self::Decide { approve: false, .. } => "rejected",
            Self::Acknowledge { .. } => "warning acknowledged",
        }
    }

    /// The VM it is about, where it is about one.
    #[must_use]
    pub fn vm(&self) -> Option<&VmKey> {
        match self {
            Self::Act { vm, .. } => Some(vm),
            Self::Decide { vm, .. } | Self::Acknowledge { vm, .. } => vm.as_ref(),
            Self::ActOnVapp { .. } | Self::CreateVapp { .. } => None,
        }
    }

    /// The VMs that nothing else can be done to until it is over.
    #[must_use]
    pub fn occupies(&self) -> &[VmKey] {
        match self {
            Self::Act { vm, .. } => std::slice::from_ref(vm),
            Self::ActOnVapp { action, vms, .. } if action.kind() != VappActionKind::Edit => vms,
            Self::ActOnVapp { .. }
            | Self::CreateVapp { .. }
            | Self::Decide { .. }
            | Self::Acknowledge { .. } => &[],
        }
    }

    /// The same command told to pass over what the cloud has just refused it for; `None` where nothing of the kind is documented.
    #[must_use]
    pub fn forced(&self) -> Option<Self> {
        let mut forced = self.clone();
        match &mut forced {
            Self::Act { action, .. } => *action = action.forced()?,
            Self::ActOnVapp { action, .. } => *action = action.forced()?,
            _ => return None,
        }
        Some(forced)
    }

    /// What a person calls it: `Power off`.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Act { action, .. } => action.kind().title(),
            Self::ActOnVapp { action, .. } => action.kind().title(),
            Self::CreateVapp { .. } => "Create appliance",
            Self::Decide { approve: true, .. } => "Approve",
            Self::Decide { approve: false, .. } => "Reject",
            Self::Acknowledge { .. } => "Acknowledge",
        }
    }
}

/// How far a command is: asked → sent → accepted → done, failed, refused or unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// In the journal, not sent.
    Asked,
    /// On its way.
    Sent,
    /// The cloud took it.
    Accepted {
        /// The task that carries it, where there is one.
        task: Option<TaskKey>,
    },
    /// It is done.
    Done {
        /// The task that carried it, where there was one.
        task: Option<TaskKey>,
    },
    /// The cloud tried and failed.
    Failed {
        /// What failed and why, as one sentence.
        message: String,
        /// The task that failed, where there was one.
        task: Option<TaskKey>,
    },
    /// Nothing was executed: refused here or by the cloud.
    Refused {
        /// Why, as one sentence.
        message: String,
    },
    /// Nothing was executed: the cloud would do it when it is told to pass over something. The same command, forced, is for the
    /// person to give.
    NeedsForce {
        /// What was not done and why, as one sentence.
        message: String,
        /// What the cloud asks, in its own words.
        asks: String,
    },
    /// Nobody knows whether it was executed; reading the cloud has not settled it.
    Unknown {
        /// What happened, as one sentence.
        message: String,
    },
}

impl Stage {
    /// Whether nothing more will be reported of the command.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Done { .. }
                | Self::Failed { .. }
                | Self::Refused { .. }
                | Self::NeedsForce { .. }
                | Self::Unknown { .. }
        )
    }

    /// The task that carries or carried the command, where this stage tells one.
    #[must_use]
    pub fn task(&self) -> Option<&TaskKey> {
        match self {
            Self::Accepted { task } | Self::Done { task } | Self::Failed { task, .. } => {
                task.as_ref()
            }
            Self::Asked
            | Self::Sent
            | Self::Refused { .. }
            | Self::NeedsForce { .. }
            | Self::Unknown { .. } => None,
        }
    }

    /// The word of the journal and of machine-readable output.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Sent => "sent",
            Self::Accepted { .. } => "accepted",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
            Self::NeedsForce { .. } => "needs_force",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The sentence that goes with it, where there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Failed { message, .. }
            | Self::Refused { message }
            | Self::NeedsForce { message, .. }
            | Self::Unknown { message } => Some(message),
            Self::Asked | Self::Sent | Self::Accepted { .. } | Self::Done { .. } => None,
        }
    }
}

/// A command and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandReport {
    /// Which command.
    pub id: CommandId,
    /// What was asked.
    pub command: Command,
    /// The VM's name when it was asked; its id where no name is known.
    pub vm_name: Arc<str>,
    /// When it got this far.
    pub at: Timestamp,
    /// How far it is.
    pub stage: Stage,
}
