//! Approving and rejecting tasks that workflow holds.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};

use super::Worker;
use super::commands::Reread;
use super::settle::{LOCKED_TIME, SETTLING_TIME};
use super::settling::WAITS;
use super::ticket::Ticket;
use crate::clouds::{Error, Execution, Result, TaskHandle};
use crate::fleet::command::{Command, Stage};
use crate::fleet::words;
use crate::model::{Availability, Task, TaskKey, TaskState, VmKey, may_decide};

/// What a decision has come to.
enum Decided {
    /// As it was asked for.
    So,
    /// The other way.
    Otherwise,
    /// It still waits.
    NotYet,
}

impl Worker {
    pub(super) async fn decide(self: &Arc<Self>, ticket: &Ticket) {
        let Command::Decide {
            task,
            vm,
            approve,
            note,
        } = &ticket.command
        else {
            return;
        };
        let _slot = match self.turn(ticket).await {
            Ok(slot) => slot,
            Err(stage) => return self.finish(ticket, stage, Reread::No).await,
        };
        let found = match self.ensure_session().await {
            Ok(_) => self.find_held(task, vm.as_ref()).await,
            Err(error) => Err(error),
        };
        let held = match found {
            Ok(Some(held)) => held,
            Ok(None) => {
                let next = "list the held tasks again";
                let stage = ticket.not_sent("no such task waits for a review", next);
                return self.finish(ticket, stage, Reread::Yes).await;
            }
            Err(error) => {
                let stage = ticket.not_sent_by(&error);
                return self.finish(ticket, stage, Reread::No).await;
            }
        };
        let session = self.session();
        let may = may_decide(
            *approve,
            &held,
            self.info.capabilities,
            session.as_deref(),
            self.info.read_only,
        );
        if let Availability::Denied(denial) = may {
            return self
                .finish(ticket, ticket.refused(denial), Reread::No)
                .await;
        }
        if let Err(stage) = self.begin_sending(ticket).await {
            return self.finish(ticket, stage, Reread::No).await;
        }
        let note = note
            .as_deref()
            .map(str::trim)
            .filter(|note| !note.is_empty());
        let sending = || self.cloud.decide(&held, *approve, note).boxed();
        match self.send_once(sending).await {
            Ok(()) => {
                let task = Some(task.clone());
                self.finish(ticket, Stage::Done { task }, Reread::Yes).await;
            }
            Err(error) if error.execution() == Execution::No => {
                let stage = Stage::Refused {
                    message: words::failed_by(&ticket.what(), &error),
                };
                self.finish(ticket, stage, Reread::Yes).await;
            }
            Err(error) => {
                self.find_decided(ticket, Some(&held), Duration::ZERO, &error.to_string())
                    .await;
            }
        }
    }

    /// The task as it was told last; else as it is found now.
    async fn find_held(
        self: &Arc<Self>,
        key: &TaskKey,
        vm: Option<&VmKey>,
    ) -> Result<Option<Task>> {
        let told = self.known().held(key).cloned();
        if told.is_some() {
            return Ok(told);
        }
        let held = self.held_tasks().await?;
        match held.into_iter().find(|task| task.key == *key) {
            Some(task) => Ok(Some(task)),
            // One that is decided already, or held without being listed.
            None => self.find_task(key, vm).await,
        }
    }

    /// No answer came: the task is read until it is decided, or the time is up. It is never sent again. `held` is the task as it was
    /// told, where this run knows it.
    pub(super) async fn find_decided(
        self: &Arc<Self>,
        ticket: &Ticket,
        held: Option<&Task>,
        waited: Duration,
        why: &str,
    ) {
        let looking = async {
            let began = Instant::now();
            let last = WAITS[WAITS.len() - 1];
            for wait in WAITS.into_iter().chain(std::iter::repeat(last)) {
                sleep(wait).await;
                let so_far = waited + began.elapsed();
                match self.look_at_decided(ticket, held).await {
                    Ok(Decided::NotYet) if so_far >= SETTLING_TIME => return Ok(Decided::NotYet),
                    Ok(Decided::NotYet) => {}
                    Ok(decided) => return Ok(decided),
                    Err(error) if so_far >= LOCKED_TIME => return Err(error),
                    // What may not be read will not be read later either.
                    Err(error) if so_far >= SETTLING_TIME && !error.is_outage() => {
                        return Err(error);
                    }
                    Err(_) => {}
                }
            }
            Ok(Decided::NotYet)
        };
        let Some(decided) = self.common.stop.closing.run_until_cancelled(looking).await else {
            // The journal has it as sent: the next run goes on here.
            return;
        };
        let Command::Decide { task, .. } = &ticket.command else {
            return;
        };
        let stage = match decided {
            Ok(Decided::So) => Stage::Done {
                task: Some(task.clone()),
            },
            Ok(Decided::Otherwise) => Stage::Failed {
                message: words::failed(
                    &ticket.what(),
                    "somebody decided otherwise",
                    "look at its events",
                ),
                task: Some(task.clone()),
            },
            Ok(Decided::NotYet) => ticket.unknown(format!("{why}, and it still waits")),
            Err(error) => ticket.unknown(format!("{why}, and its task cannot be read: {error}")),
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }

    /// How it stands with the decision: by the task, which cancelled is rejected, and otherwise goes on.
    async fn look_at_decided(
        self: &Arc<Self>,
        ticket: &Ticket,
        held: Option<&Task>,
    ) -> Result<Decided> {
        let Command::Decide {
            task, vm, approve, ..
        } = &ticket.command
        else {
            return Ok(Decided::NotYet);
        };
        let now = match held {
            Some(held) => {
                let handle = TaskHandle {
                    key: task.clone(),
                    vm: held.vm.clone().or_else(|| vm.clone()),
                    locator: held.locator.clone(),
                };
                self.read(|| self.cloud.task(&handle)).await?
            }
            None => {
                let listed = self.held_tasks().await?;
                match listed.into_iter().find(|one| one.key == *task) {
                    Some(task) => task,
                    None => self
                        .find_task(task, vm.as_ref())
                        .await?
                        .ok_or_else(|| Error::NotFound("no such task is known".to_owned()))?,
                }
            }
        };
        Ok(match now.state {
            TaskState::Queueing => Decided::NotYet,
            TaskState::Cancelled if *approve => Decided::Otherwise,
            TaskState::Cancelled => Decided::So,
            _ if *approve => Decided::So,
            _ => Decided::Otherwise,
        })
    }
}
