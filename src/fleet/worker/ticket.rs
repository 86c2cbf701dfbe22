//! One command on its way, and what is written and told about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::Worker;
use crate::clouds::{Error, TaskHandle};
use crate::fleet::command::{Command, CommandId, CommandReport, Stage};
use crate::fleet::group::GroupWork;
use crate::fleet::journal::{Args, JournalError, Record};
use crate::fleet::local::StateFileError;
use crate::fleet::watch::Watch;
use crate::fleet::words;
use crate::model::{Action, CloudName, TaskKey, VappAction, VmKey};

/// What the journal calls what is neither an action on a VM nor one on an appliance.
pub(super) const CREATE_VAPP: &str = "create_vapp";
pub(super) const APPROVE: &str = "approve";
pub(super) const REJECT: &str = "reject";

/// A command as it goes through its stages.
#[derive(Debug, Clone)]
pub(in crate::fleet) struct Ticket {
    /// Its name in this run.
    pub id: CommandId,
    /// What was asked.
    pub command: Command,
    /// The name of the VM or the appliance when it was asked.
    pub name: Arc<str>,
    /// The cloud's id of the tenant that was looked at when it was asked; `None` for the user's own.
    pub tenant: Option<Arc<str>>,
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
        let (name, cloud) = (&self.name, self.cloud());
        let what = match &self.command {
            Command::Act { .. } | Command::Acknowledge { .. } => {
                words::what(self.command.title(), name, cloud)
            }
            Command::ActOnVapp { .. } => {
                words::what(self.command.title(), &format!("appliance {name}"), cloud)
            }
            Command::CreateVapp { .. } => {
                words::what("Creation", &format!("appliance {name}"), cloud)
            }
            Command::Decide { approve: true, .. } => words::what("Approval", name, cloud),
            Command::Decide { approve: false, .. } => words::what("Rejection", name, cloud),
        };
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

    /// The cloud refused it and did nothing. Where it would do it when told to pass over what it says, that is for the person to say.
    pub(super) fn rejected(&self, error: &Error) -> Stage {
        let what = self.what();
        match (error, self.command.forced()) {
            (Error::NeedsForce(rejection), Some(_)) => Stage::NeedsForce {
                message: words::needs_force(&what, error),
                asks: rejection.to_string(),
            },
            _ => Stage::Refused {
                message: words::failed_by(&what, error),
            },
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
            Command::ActOnVapp { action, vms, .. } => {
                (action.kind().id(), Some(args_on_vapp(action, vms)))
            }
            Command::CreateVapp {
                project,
                restricted,
                ..
            } => (
                CREATE_VAPP,
                Some(Args {
                    project: Some(project.clone()),
                    restricted: Some(*restricted),
                    ..Args::default()
                }),
            ),
            Command::Decide { approve, note, .. } => (
                if *approve { APPROVE } else { REJECT },
                note.as_ref().map(|note| Args {
                    note: Some(note.clone()),
                    ..Args::default()
                }),
            ),
        };
        let vapp = match &self.command {
            Command::ActOnVapp { vapp, .. } => Some(vapp.id.clone()),
            _ => None,
        };
        Record {
            time: Timestamp::now(),
            run: self.run.clone(),
            command: self.number,
            cloud: self.cloud().clone(),
            vm: self.command.vm().map(|vm| vm.id.clone()),
            vapp,
            tenant: self.tenant.clone(),
            name: self.name.clone(),
            action: action.to_owned(),
            args,
            stage: stage.as_str().to_owned(),
            task: task.map(|task| task.id.clone()),
            locator: None,
            watch: None,
            group: None,
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
        Action::Snapshot { name } => Args {
            name: Some(name.clone()),
            ..none
        },
        Action::Move { vapp } | Action::Restrict { vapp: Some(vapp) } => Args {
            vapp: Some(vapp.clone()),
            ..none
        },
        Action::Delete { release, force } if *release || *force => Args {
            release: release.then_some(true),
            force: force.then_some(true),
            ..none
        },
        Action::Deploy { force: true } | Action::Undeploy { force: true } => Args {
            force: Some(true),
            ..none
        },
        Action::Evacuate { host: Some(host) } => Args {
            host: Some(host.clone()),
            ..none
        },
        _ => return None,
    })
}

fn args_on_vapp(action: &VappAction, vms: &[VmKey]) -> Args {
    let touched = Args {
        vms: vms.iter().map(|vm| vm.id.clone()).collect(),
        ..Args::default()
    };
    match action {
        VappAction::Deploy { force } | VappAction::Undeploy { force } => Args {
            force: force.then_some(true),
            ..touched
        },
        VappAction::Edit { name, restricted } => Args {
            name: Some(name.clone()),
            restricted: Some(*restricted),
            ..touched
        },
        VappAction::Delete => touched,
    }
}

impl Worker {
    /// Queues a stage for the journal now; the answer says when it is on the disk.
    pub(super) fn journal(
        &self,
        ticket: &Ticket,
        stage: &Stage,
    ) -> impl Future<Output = Result<(), JournalError>> + Send + use<> {
        let record = self.record(ticket, stage);
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
            ..self.record(ticket, &stage)
        };
        let written = self.common.journal.append(&record).await;
        self.journal_trouble(written);
    }

    /// Journals how the VMs of an appliance go on.
    pub(super) async fn journal_group(&self, ticket: &Ticket, work: &GroupWork, stage: &Stage) {
        let record = Record {
            group: Some(Box::new(work.clone())),
            last: !ticket.follow,
            message: (!ticket.follow).then(|| "nobody waits for its end".to_owned()),
            ..self.record(ticket, stage)
        };
        let written = self.common.journal.append(&record).await;
        self.journal_trouble(written);
    }

    fn record(&self, ticket: &Ticket, stage: &Stage) -> Record {
        ticket.record(stage, self.user())
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
            ..self.record(ticket, stage)
        };
        self.common.journal.append(&record).await
    }

    /// The key of the task that is made here for a command.
    pub(super) fn own_task(&self, ticket: &Ticket) -> TaskKey {
        TaskKey {
            cloud: self.info.name.clone(),
            id: format!("vmdeck-{}-{}", ticket.run, ticket.number).into(),
        }
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
