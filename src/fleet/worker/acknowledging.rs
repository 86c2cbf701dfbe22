//! Acknowledging failed tasks.

use std::sync::Arc;

use super::Worker;
use super::commands::Reread;
use super::ticket::Ticket;
use crate::clouds::{Error, Execution};
use crate::fleet::command::{Command, Stage};
use crate::fleet::words;
use crate::model::{Availability, Denial, Task, TaskKey, VmKey, may_acknowledge};

impl Worker {
    /// Sends an acknowledgement that is in the journal as asked for.
    pub(super) async fn acknowledge(self: &Arc<Self>, ticket: &Ticket) {
        let Command::Acknowledge { task, vm } = &ticket.command else {
            return;
        };
        let _slot = match self.turn(ticket).await {
            Ok(slot) => slot,
            Err(stage) => return self.finish(ticket, stage, Reread::No).await,
        };
        let task = match self.find_task(task, vm.as_ref()).await {
            Ok(Some(task)) => task,
            Ok(None) => {
                let stage = ticket.not_sent("no such task is known", "read the VM's tasks first");
                return self.finish(ticket, stage, Reread::No).await;
            }
            Err(error) => {
                let stage = ticket.not_sent_by(&error);
                return self.finish(ticket, stage, Reread::No).await;
            }
        };
        let here = self.known().acknowledges_here(&task);
        // What is kept here changes nothing in the cloud, so a read-only one is no reason against it.
        if self.info.read_only && !here {
            let stage = ticket.refused(Denial::ReadOnly);
            return self.finish(ticket, stage, Reread::No).await;
        }
        if !here {
            // Without it nobody knows whose the task is.
            if let Err(error) = self.ensure_session().await {
                let stage = ticket.not_sent_by(&error);
                return self.finish(ticket, stage, Reread::No).await;
            }
            let session = self.session();
            let capabilities = self.info.capabilities;
            let may = may_acknowledge(&task, capabilities, session.as_deref(), false);
            if let Availability::Denied(denial) = may {
                let stage = ticket.refused(denial);
                return self.finish(ticket, stage, Reread::No).await;
            }
        }
        if let Err(stage) = self.begin_sending(ticket).await {
            return self.finish(ticket, stage, Reread::No).await;
        }
        if here {
            let stage = self.acknowledge_here(ticket, &task).await;
            return self.finish(ticket, stage, Reread::No).await;
        }
        match self.send_once(|| self.cloud.acknowledge(&task)).await {
            Ok(()) => {
                let task = Some(task.key);
                self.finish(ticket, Stage::Done { task }, Reread::Yes).await;
            }
            Err(error) if error.execution() == Execution::No => {
                let message = words::failed_by(&ticket.what(), &error);
                self.finish(ticket, Stage::Refused { message }, Reread::Yes)
                    .await;
            }
            Err(_) => self.look_at_acknowledged(ticket).await,
        }
    }

    /// Whether a task is acknowledged, by reading it: where no answer came, and after a run that ended before it.
    pub(super) async fn look_at_acknowledged(self: &Arc<Self>, ticket: &Ticket) {
        let Command::Acknowledge { task, vm } = &ticket.command else {
            return;
        };
        if self.known().is_acknowledged_here(task) {
            let stage = Stage::Done {
                task: Some(task.clone()),
            };
            return self.finish(ticket, stage, Reread::No).await;
        }
        let known = vm.as_ref().and_then(|vm| self.known().vm(&vm.id));
        let watched = self.known().task(task).cloned();
        let tasks = match &known {
            Some(vm) => self.vm_tasks(vm).await.ok(),
            None => None,
        };
        let mut tasks = tasks.into_iter().flatten();
        let found = tasks.find(|one| one.key == *task);
        let found = found.or(watched.filter(|task| task.watched_here));
        let stage = match found {
            Some(found) if !found.acknowledgeable => Stage::Done {
                task: Some(task.clone()),
            },
            Some(_) => Stage::Failed {
                message: words::failed(
                    &ticket.what(),
                    "the warning still stands",
                    "acknowledge it again",
                ),
                task: Some(task.clone()),
            },
            None => ticket.unknown("no answer came and its task cannot be read"),
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }

    pub(super) async fn find_task(
        self: &Arc<Self>,
        key: &TaskKey,
        vm: Option<&VmKey>,
    ) -> Result<Option<Task>, Error> {
        let known = self.known().task(key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(vm) = vm.and_then(|vm| self.known().vm(&vm.id)) else {
            return Ok(None);
        };
        let tasks = self.vm_tasks(&vm).await?;
        Ok(tasks.into_iter().find(|task| task.key == *key))
    }
}
