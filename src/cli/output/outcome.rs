//! What became of an action, as it is printed.

use serde::Serialize;

use super::{Column, From, Record, text};
use crate::cli::exit::Exit;
use crate::fleet::{Command, CommandReport, Stage};
use crate::model::{Denial, TaskKey, VappKey, VmKey};

/// How an action ended, for those who wait for it and for those who do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done.
    Done,
    /// The cloud took it, and goes on with it.
    Accepted,
    /// The cloud tried and failed.
    Failed,
    /// Nothing was executed.
    Refused,
    /// Nobody knows whether it was executed.
    Unknown,
}

impl Outcome {
    /// The word of every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// One action on one VM or appliance, with every key of an action's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeRecord {
    /// The cloud.
    pub cloud: String,
    /// The id of the VM or the appliance; `None` for a task of no VM and for a new appliance.
    pub id: Option<String>,
    /// The name of the VM or the appliance.
    pub name: Option<String>,
    /// The action's id: `power_off`, `acknowledge`.
    pub action: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The id of the task that carries or carried it.
    pub task: Option<String>,
    /// One sentence, where there is one to say.
    pub message: Option<String>,
}

impl OutcomeRecord {
    /// The record of an action on a VM of which nothing else is known yet: refused without a word.
    fn nothing(vm: &VmKey, name: &str, action: &'static str) -> Self {
        Self {
            cloud: vm.cloud.as_str().to_owned(),
            id: Some(vm.id.as_ref().to_owned()),
            name: Some(name.to_owned()),
            action,
            outcome: Outcome::Refused,
            task: None,
            message: None,
        }
    }

    /// An action that may not be performed, and was not sent.
    #[must_use]
    pub fn denied(vm: &VmKey, name: &str, action: &'static str, denial: &Denial) -> Self {
        Self {
            message: Some(denial.to_string()),
            ..Self::nothing(vm, name, action)
        }
    }

    /// An action on an appliance that was not sent.
    #[must_use]
    pub fn refused_vapp(vapp: &VappKey, name: &str, action: &'static str, why: String) -> Self {
        Self {
            cloud: vapp.cloud.as_str().to_owned(),
            id: Some(vapp.id.as_ref().to_owned()),
            name: Some(name.to_owned()),
            action,
            outcome: Outcome::Refused,
            task: None,
            message: Some(why),
        }
    }

    /// An action that the person thought better of.
    #[must_use]
    pub fn not_confirmed(vm: &VmKey, name: &str, action: &'static str) -> Self {
        Self {
            message: Some("Not confirmed; nothing was sent".to_owned()),
            ..Self::nothing(vm, name, action)
        }
    }

    /// What became of a command, and the task that carried it; `waited` is for how long, in words, when nobody waits any longer.
    #[must_use]
    pub fn of(
        report: &CommandReport,
        task: Option<&TaskKey>,
        action: &'static str,
        waited: Option<&str>,
    ) -> Self {
        let command = &report.command;
        let task = match command {
            Command::Acknowledge { task, .. } | Command::Decide { task, .. } => Some(task),
            Command::Act { .. } | Command::ActOnVapp { .. } | Command::CreateVapp { .. } => task,
        };
        let outcome = match &report.stage {
            Stage::Done { .. } => Outcome::Done,
            Stage::Accepted { .. } => Outcome::Accepted,
            Stage::Failed { .. } => Outcome::Failed,
            Stage::Refused { .. } | Stage::NeedsForce { .. } => Outcome::Refused,
            Stage::Asked | Stage::Sent | Stage::Unknown { .. } => Outcome::Unknown,
        };
        let told = report.stage.message().map(|message| match report.stage {
            Stage::NeedsForce { .. } => format!("{message} (--force)"),
            _ => message.to_owned(),
        });
        let message = told.or_else(|| match outcome {
            Outcome::Accepted => waited.map(|waited| still_running(command.title(), task, waited)),
            Outcome::Unknown => Some(format!(
                "{} was sent and not answered; read the VM before trying again",
                command.title()
            )),
            Outcome::Done | Outcome::Failed | Outcome::Refused => None,
        });
        let id = match command {
            Command::ActOnVapp { vapp, .. } => Some(&vapp.id),
            _ => command.vm().map(|vm| &vm.id),
        };
        let is_named = id.is_some() || matches!(command, Command::CreateVapp { .. });
        Self {
            cloud: command.cloud().as_str().to_owned(),
            id: id.map(|id| id.as_ref().to_owned()),
            name: is_named.then(|| report.vm_name.as_ref().to_owned()),
            action,
            outcome,
            task: task.map(|task| task.id.as_ref().to_owned()),
            message,
        }
    }

    /// The exit status it asks for. What was accepted is done for who does not wait, and failed for who waited in vain.
    #[must_use]
    pub fn exit(&self, waits: bool) -> Exit {
        match self.outcome {
            Outcome::Done => Exit::Done,
            Outcome::Accepted if !waits => Exit::Done,
            _ => Exit::Failed,
        }
    }
}

fn still_running(title: &str, task: Option<&TaskKey>, waited: &str) -> String {
    match task {
        Some(task) => format!("{title} still runs after {waited}, as task {task}"),
        None => format!("{title} still runs after {waited}"),
    }
}

impl Record for OutcomeRecord {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::Table;
        vec![
            Column::text("cloud", Table, |it| text(Some(&it.cloud))),
            Column::text("id", Table, |it| text(it.id.as_deref())),
            Column::text("name", Table, |it| text(it.name.as_deref())),
            Column::text("action", Table, |it| text(Some(it.action))),
            Column::text("outcome", Table, |it| text(Some(it.outcome.as_str()))),
            Column::text("task", Table, |it| text(it.task.as_deref())),
            Column::text("message", Table, |it| text(it.message.as_deref())),
        ]
    }

    fn name(&self) -> String {
        let id = self
            .id
            .as_deref()
            .or(self.task.as_deref())
            .or(self.name.as_deref())
            .unwrap_or_default();
        format!("{}/{id}", self.cloud)
    }
}
