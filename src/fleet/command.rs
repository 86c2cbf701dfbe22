//! What a person asks the engine to change, and what becomes of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Action, CloudName, Confirmed, TaskKey, Vm, VmKey};

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
            Self::Acknowledge { task, .. } => &task.cloud,
        }
    }

    /// The VM it is about, where it is about one.
    #[must_use]
    pub fn vm(&self) -> Option<&VmKey> {
        match self {
            Self::Act { vm, .. } => Some(vm),
            Self::Acknowledge { vm, .. } => vm.as_ref(),
        }
    }

    /// What a person calls it: `Power off`.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Act { action, .. } => action.kind().title(),
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
            Self::Done { .. } | Self::Failed { .. } | Self::Refused { .. } | Self::Unknown { .. }
        )
    }

    /// The task that carries or carried the command, where this stage tells one.
    #[must_use]
    pub fn task(&self) -> Option<&TaskKey> {
        match self {
            Self::Accepted { task } | Self::Done { task } | Self::Failed { task, .. } => {
                task.as_ref()
            }
            Self::Asked | Self::Sent | Self::Refused { .. } | Self::Unknown { .. } => None,
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
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The sentence that goes with it, where there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Failed { message, .. }
            | Self::Refused { message }
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
