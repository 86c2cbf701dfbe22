//! What the state folder says beside the cloud: read when it changed, laid over what was told, and changed by commands that are
//! carried out here.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::Worker;
use super::ticket::{Ticket, capital};
use crate::fleet::command::Stage;
use crate::fleet::local::{Change, Local, StateFileError};
use crate::model::{Action, Denial, Task, Vm};

impl Worker {
    /// Runs something that waits for the disk or for another process off the async threads. `None` when the program ends.
    async fn with_local<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Local) -> T + Send + 'static,
    ) -> Option<T> {
        let local = self.local.clone();
        // The thread ended with the program, or in a panic that its own hook has told.
        spawn_blocking(move || work(&local)).await.ok()
    }

    /// Takes in what changed in the state folder, by this process or another, and tells it without waiting for room. The error is
    /// that of the protections; what else cannot be read is said once.
    pub(super) async fn read_local(self: &Arc<Self>) -> Result<(), StateFileError> {
        let _turn = self.local_turn.lock().await;
        let Some(news) = self.with_local(Local::news).await else {
            return Ok(());
        };
        let (acknowledged, failed) = (
            self.or_complain("acknowledgements", news.acknowledged),
            self.or_complain("failed operations", news.failed),
        );
        let mut tasks = Vec::new();
        {
            let mut known = self.known();
            if let Ok(Some(protections)) = &news.protections {
                known.set_protections(protections.clone());
            }
            if let Some(acknowledged) = acknowledged {
                tasks = known.set_acknowledged(acknowledged);
            }
            if let Some(failed) = failed {
                tasks.extend(known.set_failed(failed));
            }
        }
        self.tell_overlaid(tasks);
        match news.protections {
            Err(error) if self.known().keeps_protections() => Err(error),
            _ => Ok(()),
        }
    }

    fn or_complain<T>(
        &self,
        about: &'static str,
        read: Result<Option<T>, StateFileError>,
    ) -> Option<T> {
        let (read, error) = match read {
            Ok(read) => (read, None),
            Err(error) => (None, Some(capital(&error.to_string()))),
        };
        self.complain(about, error);
        read
    }

    /// [`Self::read_local`], where reading goes on without it: it is said once.
    pub(super) async fn read_local_or_complain(self: &Arc<Self>) {
        let read = self.read_local().await;
        self.complain(
            "protections",
            read.err().map(|error| capital(&error.to_string())),
        );
    }

    /// Tells the VMs that look different now, and these tasks, without making anybody wait for room.
    fn tell_overlaid(self: &Arc<Self>, tasks: Vec<Task>) {
        let worker = self.clone();
        self.spawn("telling", async move {
            worker
                .outbox()
                .tell(|| {
                    let changed = worker.known().take_overlaid();
                    let update =
                        (!changed.is_empty()).then(|| worker.vms_update(changed, Vec::new()));
                    ((), update)
                })
                .await;
            worker.tell_warnings(tasks, Vec::new()).await;
        });
    }

    /// Tells the failed watched operations of earlier runs whose VMs are there by now.
    pub(super) async fn tell_failed(&self) {
        let tasks = self.known().put_failed();
        self.tell_warnings(tasks, Vec::new()).await;
    }

    /// Carries a protection or its release out where this console keeps them.
    pub(super) async fn protect_here(
        self: &Arc<Self>,
        ticket: &Ticket,
        vm: &Vm,
        action: &Action,
    ) -> Stage {
        let _turn = self.local_turn.lock().await;
        let (id, name) = (vm.key.id.clone(), vm.name.clone());
        let by = self.session().map(|session| session.user.clone());
        let reason = match action {
            Action::Protect { reason } => Some(reason.trim().to_owned()),
            _ => None,
        };
        let changed = self.with_local(move |local| match reason {
            Some(reason) => local.protect(&id, &name, &reason, by, Timestamp::now()),
            None => local.unprotect(&id).map(Change::Made),
        });
        let protections = match changed.await {
            Some(Ok(Change::Made(protections))) => protections,
            Some(Ok(Change::Refused(standing))) => {
                return ticket.refused(Denial::AlreadyProtected {
                    by: standing.by,
                    reason: standing.reason,
                });
            }
            Some(Err(error)) => return ticket.not_kept(&error),
            None => return ticket.unknown("the program was ending"),
        };
        self.known().set_protections(protections);
        self.tell_overlaid(Vec::new());
        Stage::Done { task: None }
    }

    /// Keeps an acknowledgement that no cloud takes.
    pub(super) async fn acknowledge_here(self: &Arc<Self>, ticket: &Ticket, task: &Task) -> Stage {
        let turn = self.local_turn.lock().await;
        let kept = task.clone();
        let kept = self.with_local(move |local| local.acknowledge(&kept, Timestamp::now()));
        let acknowledged = match kept.await {
            Some(Ok(acknowledged)) => acknowledged,
            Some(Err(error)) => return ticket.not_kept(&error),
            None => return ticket.unknown("the program was ending"),
        };
        let told = self.known().set_acknowledged(acknowledged);
        drop(turn);
        self.tell_warnings(told, Vec::new()).await;
        Stage::Done {
            task: Some(task.key.clone()),
        }
    }

    /// Keeps a watched operation that failed, so that it warns until somebody acknowledges it.
    pub(super) async fn keep_failed(&self, task: &Task) {
        let kept = task.clone();
        let kept = self.with_local(move |local| local.keep_failed(&kept, Timestamp::now()));
        let error = kept.await.and_then(Result::err);
        self.complain(
            "failed tasks",
            error.map(|error| capital(&error.to_string())),
        );
    }
}
