//! One command on its way, and what is written and told about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::Worker;
use crate::clouds::{Error, TaskHandle};
use crate::fleet::command::{Command, CommandId, CommandReport, Stage};
use crate::fleet::journal::{Args, JournalError, Record};
use crate::fleet::local::StateFileError;
use crate::fleet::watch::Watch;
use crate::fleet::words;
use crate::model::{Action, CloudName};

/// A command as it goes through its stages.
#[derive(Debug, Clone)]
pub(in crate::fleet) struct Ticket {
    /// Its name in this run.
    pub id: CommandId,
    /// What was asked.
    pub command: Command,
    /// The VM's name when it was asked.
    pub name: Arc<str>,
    /// Whether its task is followed to its end.
    pub follow: bool,
    /// The run and the number that the journal has it under: those of an earlier run for a command that was found there.
    pub run: Arc<str>,
    /// See `run`.
    pub number: u64,
    /// Whether it was found in the journal of an earlier run.
    pub earlier: bool,
}

impl Ticket {
    /// The cloud it goes to.
    pub(super) fn cloud(&self) -> &CloudName {
        self.command.cloud()
    }

    /// `Shut down of web-02 on prod`.
    pub(super) fn what(&self) -> String {
        let what = words::what(self.command.title(), &self.name, self.cloud());
        if self.earlier {
            format!("{what}, asked for in an earlier run,")
        } else {
            what
        }
    }

    /// Refused: `why` carries its remedy.
    pub(super) fn refused(&self, why: impl std::fmt::Display) -> Stage {
        Stage::Refused {
            message: words::refused(&self.what(), why),
        }
    }

    /// Refused, because it could not be sent.
    pub(super) fn not_sent(&self, why: impl std::fmt::Display, next: &str) -> Stage {
        Stage::Refused {
            message: words::not_sent(&self.what(), why, next),
        }
    }

    /// Refused, because what this console keeps could not be read or written. The error carries its remedy.
    pub(super) fn not_kept(&self, error: &StateFileError) -> Stage {
        Stage::Refused {
            message: format!("{} was not done: {error}", self.what()),
        }
    }

    /// Refused, because an error of the cloud kept it from being sent.
    pub(super) fn not_sent_by(&self, error: &Error) -> Stage {
        Stage::Refused {
            message: words::not_sent_by(&self.what(), error),
        }
    }

    /// Nobody knows.
    pub(super) fn unknown(&self, why: impl std::fmt::Display) -> Stage {
        Stage::Unknown {
            message: words::unknown(&self.what(), why),
        }
    }

    fn record(&self, stage: &Stage, user: Option<Arc<str>>) -> Record {
        let task = match (stage, &self.command) {
            (_, Command::Acknowledge { task, .. } | Command::Decide { task, .. }) => Some(task),
            (stage, _) => stage.task(),
        };
        let (action, args) = match &self.command {
            Command::Act { action, .. } => (action.kind().id(), args(action)),
            Command::Acknowledge { .. } => ("acknowledge", None),
            Command::ActOnVapp { action, .. } => (action.kind().id(), None),
            Command::CreateVapp { .. } => ("create_vapp", None),
            Command::Decide { approve: true, .. } => ("approve", None),
            Command::Decide { approve: false, .. } => ("reject", None),
        };
        Record {
            time: Timestamp::now(),
            run: self.run.clone(),
            command: self.number,
            cloud: self.cloud().clone(),
            vm: self.command.vm().map(|vm| vm.id.clone()),
            name: self.name.clone(),
            action: action.to_owned(),
            args,
            stage: stage.as_str().to_owned(),
            task: task.map(|task| task.id.clone()),
            locator: None,
            watch: None,
            message: stage.message().map(str::to_owned),
            user,
            last: stage.is_final(),
        }
    }
}

fn args(action: &Action) -> Option<Args> {
    let none = Args::default();
    Some(match action {
        Action::Protect { reason } => Args {
            reason: Some(reason.clone()),
            ..none
        },
        Action::Relocate { host } => Args {
            host: Some(host.clone()),
            ..none
        },
        Action::KeepOff => Args {
            keep_off: Some(true),
            ..none
        },
        _ => return None,
    })
}

impl Worker {
    /// Queues a stage for the journal now; the answer says when it is on the disk.
    pub(super) fn journal(
        &self,
        ticket: &Ticket,
        stage: &Stage,
    ) -> impl Future<Output = Result<(), JournalError>> + Send + use<> {
        let record = ticket.record(stage, self.user());
        self.common.journal.append(&record)
    }

    /// Journals that the cloud took it: with where its task is found again, and whether anybody follows that.
    pub(super) async fn journal_accepted(&self, ticket: &Ticket, handle: &TaskHandle) {
        let stage = Stage::Accepted {
            task: Some(handle.key.clone()),
        };
        let record = Record {
            locator: Some(handle.locator.clone()),
            last: !ticket.follow,
            message: (!ticket.follow).then(|| "nobody waits for its end".to_owned()),
            ..ticket.record(&stage, self.user())
        };
        let written = self.common.journal.append(&record).await;
        self.journal_trouble(written);
    }

    /// Journals how far a watched operation is: what begins its phase is `sent`, then `accepted`.
    pub(super) async fn journal_watch(
        &self,
        ticket: &Ticket,
        watch: &Watch,
        stage: &Stage,
    ) -> Result<(), JournalError> {
        let accepted = matches!(stage, Stage::Accepted { .. });
        let last = accepted && !ticket.follow && !watch.has_more_to_send();
        let record = Record {
            watch: Some(Box::new(watch.clone())),
            last,
            message: last.then(|| "nobody waits for its end".to_owned()),
            ..ticket.record(stage, self.user())
        };
        self.common.journal.append(&record).await
    }

    /// The user of the session, else of the configuration.
    pub(super) fn user(&self) -> Option<Arc<str>> {
        let account = || self.account.as_deref().map(Arc::from);
        self.session()
            .map(|session| session.user.clone())
            .or_else(account)
    }

    pub(super) fn journal_trouble(&self, written: Result<(), JournalError>) {
        self.complain(
            "journal",
            written.err().map(|error| capital(&error.to_string())),
        );
    }

    /// Tells how far a command is. Never waits.
    pub(super) fn report(&self, ticket: &Ticket, stage: Stage) {
        self.outbox().report(CommandReport {
            id: ticket.id,
            command: ticket.command.clone(),
            vm_name: ticket.name.clone(),
            at: Timestamp::now(),
            stage,
        });
    }
}

/// The sentence with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
