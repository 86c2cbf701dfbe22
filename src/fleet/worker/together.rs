//! The VMs of an appliance on their way side by side: each followed to its end, all shown as one task that is made here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::Worker;
use super::commands::{REREAD_MAX, Reread};
use super::following::{End, LOST_AFTER, POLL_FIRST, POLL_MAX};
use super::settle::SETTLING_TIME;
use super::settling::{Open, Settled};
use super::ticket::Ticket;
use super::watching::Shown;
use crate::clouds::{Error, TaskHandle};
use crate::fleet::backoff::back_off;
use crate::fleet::command::{Command, Stage};
use crate::fleet::group::{GroupWork, PartEnd, Way, task_end};
use crate::fleet::words;
use crate::model::{
    Action, PowerState, Task, TaskKey, TaskState, Vapp, VappAction, VappActionKind, VappState, Vm,
    VmKey,
};

/// So long an appliance is read whose VMs no task tells of.
const GOES_ON_MAX: Duration = Duration::from_secs(60 * 60);

/// An action on an appliance under way, with what this run knows of its VMs.
pub(super) struct Together {
    pub work: GroupWork,
    /// The appliance; `None` where it is not listed any more.
    pub vapp: Option<Vapp>,
    /// Its VMs by id, those that are known.
    pub vms: HashMap<Arc<str>, Arc<Vm>>,
    /// How they were just before; nothing of what an earlier run has sent.
    pub was: HashMap<Arc<str>, Vm>,
    /// Tasks that are known to be others, by VM.
    pub before: HashMap<Arc<str>, HashSet<TaskKey>>,
    /// When this run began to wait.
    pub began: Instant,
    /// How long earlier runs had waited by then.
    pub waited: Duration,
}

/// Where the parts tell how far their tasks are.
type Changes = mpsc::UnboundedSender<(usize, Task)>;

impl Worker {
    /// Follows all to their ends, and tells what became of the whole.
    pub(super) async fn together(self: &Arc<Self>, ticket: &Ticket, together: Together) {
        let Command::ActOnVapp { action, .. } = &ticket.command else {
            return;
        };
        let work = &together.work;
        let key = self.own_task(ticket);
        let mut task = work.task(key.clone(), action.kind(), ticket.name.clone(), self.user());
        // It is of no VM that could say whose it is.
        task.locator = ticket.tenant.clone().unwrap_or_default();
        let accepted = Stage::Accepted {
            task: Some(key.clone()),
        };
        let taken = work.is_taken();
        let stage = if taken { &accepted } else { &Stage::Sent };
        // Nobody waits for the end of what was taken; what may not have been is settled in any case.
        if taken || ticket.follow {
            self.journal_group(ticket, work, stage).await;
        }
        if taken {
            self.report(ticket, accepted);
            if !ticket.follow {
                return;
            }
        }
        let mut shown = Shown { worker: self, task };
        let following = self.follow_all(action, &together, &mut shown);
        let closing = &self.common.stop.closing;
        let Some(ends) = closing.run_until_cancelled(following).await else {
            // The journal has how each goes on: the next run goes on there.
            return;
        };
        let stage = match work.end(&ends) {
            PartEnd::Done => {
                shown.close(TaskState::FinishedSuccessfully).await;
                Stage::Done { task: Some(key) }
            }
            PartEnd::Failed(why) => {
                shown.close(TaskState::FinishedUnsuccessfully).await;
                let next = "look at the VMs, then acknowledge the task";
                Stage::Failed {
                    message: words::failed(&ticket.what(), why, next),
                    task: Some(key),
                }
            }
            PartEnd::Unknown(why) => {
                shown.close(TaskState::FinishedUnsuccessfully).await;
                ticket.unknown(why)
            }
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }

    /// What became of each part, in their order, while the task that is made of them is told at each change.
    async fn follow_all(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        shown: &mut Shown<'_>,
    ) -> Vec<PartEnd> {
        shown.tell().await;
        let work = &together.work;
        let (changes, mut changed) = mpsc::unbounded_channel();
        let mut going: FuturesUnordered<BoxFuture<'_, Vec<(usize, PartEnd)>>> =
            FuturesUnordered::new();
        let mut watched = Vec::new();
        for (at, part) in work.parts.iter().enumerate() {
            if part.way == Way::Watched {
                watched.push(at);
            } else {
                let changes = changes.clone();
                going.push(
                    async move {
                        let end = self.follow_part(action, together, at, &changes).await;
                        vec![(at, end)]
                    }
                    .boxed(),
                );
            }
        }
        if !watched.is_empty() {
            going.push(self.watch_parts(action, together, watched).boxed());
        }
        let lost = PartEnd::Unknown("nobody followed it".to_owned());
        let mut ends = vec![lost; work.parts.len()];
        loop {
            tokio::select! {
                biased;
                Some((at, task)) = changed.recv() => work.show(&mut shown.task, at, &task),
                ended = going.next() => {
                    let Some(ended) = ended else { return ends };
                    for (at, end) in ended {
                        work.show_end(&mut shown.task, at, &end);
                        ends[at] = end;
                    }
                }
            }
            shown.tell().await;
        }
    }

    /// Follows one VM to its end, and reads it then.
    async fn follow_part(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        at: usize,
        changes: &Changes,
    ) -> PartEnd {
        let Some(part) = together.work.parts.get(at) else {
            return PartEnd::Unknown("nobody followed it".to_owned());
        };
        let vm = part.vm.as_ref();
        let end = match &part.way {
            Way::Refused(why) => return PartEnd::Failed(why.clone()),
            // Read by `watch_parts`.
            Way::Watched => return PartEnd::Unknown("nobody watched it".to_owned()),
            Way::Task { id, locator } => {
                let handle = TaskHandle {
                    key: TaskKey {
                        cloud: self.info.name.clone(),
                        id: id.clone(),
                    },
                    vm: vm.map(|id| VmKey::new(&self.info.name, id)),
                    locator: locator.clone(),
                };
                self.follow_own(action, together, at, handle, changes).await
            }
            Way::Unsure(why) => {
                self.settle_part(action, together, at, why, None, changes)
                    .await
            }
        };
        let known = vm.and_then(|id| self.known().vm(id));
        if let Some(vm) = known {
            let reading = async {
                // What cannot be read now is told by the next listing.
                if let Ok(Some(vm)) = self.reread(&vm).await {
                    drop(self.read_tasks(&vm).await);
                }
            };
            let _ = timeout(REREAD_MAX, reading).await;
        }
        end
    }

    async fn follow_own(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        at: usize,
        handle: TaskHandle,
        changes: &Changes,
    ) -> PartEnd {
        // Found running by a listing, it is not followed twice.
        let followed = self.begin_following(&handle.key);
        let show = |task: &Task| {
            // The other end is gone when everything ends.
            let _ = changes.send((at, task.clone()));
        };
        let end = self.follow_telling(&handle, show).await;
        drop(followed);
        match end {
            End::Task(task) => task_end(&task),
            End::Lost(why) => {
                let lost = Some(handle.key);
                let settling = self.settle_part(action, together, at, &why, lost, changes);
                Box::pin(settling).await
            }
        }
    }

    /// Nobody knows what became of one VM: find out by reading, never by sending again.
    async fn settle_part(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        at: usize,
        why: &str,
        lost: Option<TaskKey>,
        changes: &Changes,
    ) -> PartEnd {
        let id = together.work.parts.get(at).and_then(|part| part.vm.clone());
        let vm = id.as_ref().and_then(|id| together.vms.get(id));
        let Some((id, vm)) = id.as_ref().zip(vm) else {
            return PartEnd::Unknown(why.to_owned());
        };
        let mut before = together.before.get(id).cloned().unwrap_or_default();
        before.extend(lost);
        let open = Open {
            vm: vm.clone(),
            action: on_each(action),
            was: together.was.get(id).cloned(),
            sent: together.work.begun,
            began: together.began,
            waited: together.waited,
            before,
            why: why.to_owned(),
        };
        match self.settle(&open).await {
            Settled::Task(task) => {
                let handle = TaskHandle {
                    key: task.key,
                    vm: task.vm,
                    locator: task.locator,
                };
                Box::pin(self.follow_own(action, together, at, handle, changes)).await
            }
            Settled::Done => PartEnd::Done,
            Settled::Failed(why) => PartEnd::Failed(why),
            Settled::Unknown(why) => PartEnd::Unknown(why),
        }
    }

    /// No tasks tell of these VMs: the appliance is read until it is no longer locked, then the VMs say what became of them. What has
    /// not begun yet is waited for as long as an answer that did not come.
    async fn watch_parts(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        watched: Vec<usize>,
    ) -> Vec<(usize, PartEnd)> {
        let all = |end: PartEnd| watched.iter().map(|at| (*at, end.clone())).collect();
        let Some(vapp) = &together.vapp else {
            return all(PartEnd::Unknown("the appliance cannot be found".to_owned()));
        };
        let (mut failures, mut missing) = (0, 0);
        let mut wait = POLL_FIRST;
        let mut pause = wait;
        loop {
            sleep(pause).await;
            let so_far = together.waited + together.began.elapsed();
            let slot = self.following_slots.acquire().await;
            let answer = self.read(|| self.cloud.vapp(vapp)).await;
            drop(slot);
            pause = wait;
            wait = (wait * 5 / 4).min(POLL_MAX);
            match answer {
                Ok(now) => {
                    (failures, missing) = (0, 0);
                    if now.server_state != Some(VappState::Locked) {
                        let ends = self.look_at_parts(action, together, &watched).await;
                        let settled = ends.iter().all(|(_, end)| *end == PartEnd::Done);
                        let moves = ends
                            .iter()
                            .any(|(_, end)| matches!(end, PartEnd::Unknown(_)));
                        if settled || (!moves && so_far >= SETTLING_TIME) {
                            return ends;
                        }
                    }
                }
                Err(Error::NotFound(_)) => {
                    missing += 1;
                    if missing >= LOST_AFTER {
                        return all(if *action == VappAction::Delete {
                            PartEnd::Done
                        } else {
                            PartEnd::Failed("the appliance is gone".to_owned())
                        });
                    }
                }
                Err(error) => {
                    failures += 1;
                    pause = back_off(failures, error.retry_after());
                    if so_far >= GOES_ON_MAX {
                        return all(PartEnd::Unknown(format!("it cannot be read: {error}")));
                    }
                }
            }
            if so_far >= GOES_ON_MAX {
                return all(PartEnd::Unknown("it still goes on".to_owned()));
            }
        }
    }

    /// What the VMs say became of them: [`PartEnd::Unknown`] of those that still move.
    async fn look_at_parts(
        self: &Arc<Self>,
        action: &VappAction,
        together: &Together,
        watched: &[usize],
    ) -> Vec<(usize, PartEnd)> {
        let mut ends = Vec::with_capacity(watched.len());
        for at in watched {
            let part = together.work.parts.get(*at);
            let vm = part
                .and_then(|part| part.vm.as_ref())
                .and_then(|id| together.vms.get(id));
            let _slot = self.following_slots.acquire().await;
            let end = match vm {
                Some(vm) => match self.reread(vm).await {
                    Ok(now) => is_reached(action.kind(), now.as_deref()),
                    Err(error) => PartEnd::Unknown(format!("it cannot be read: {error}")),
                },
                // The appliance itself is there, and not locked.
                None if *action == VappAction::Delete => {
                    PartEnd::Failed("it is still there".to_owned())
                }
                None => PartEnd::Done,
            };
            ends.push((*at, end));
        }
        ends
    }
}

/// What an action on an appliance is for each of its VMs.
pub(super) fn on_each(action: &VappAction) -> Action {
    match action {
        VappAction::Undeploy { force } => Action::Undeploy { force: *force },
        VappAction::Delete => Action::DELETE,
        VappAction::Deploy { force } => Action::Deploy { force: *force },
        // Nothing is done to them.
        VappAction::Edit { .. } => Action::Deploy { force: false },
    }
}

/// Whether a VM is what was asked for its appliance; `None` is one that is gone.
fn is_reached(action: VappActionKind, vm: Option<&Vm>) -> PartEnd {
    use PowerState::{Configured, Locked, NotAllocated, Off, On, Paused};
    let gone = || match action {
        VappActionKind::Delete => PartEnd::Done,
        _ => PartEnd::Failed("the VM is gone".to_owned()),
    };
    let Some(vm) = vm else { return gone() };
    let reached = match action {
        VappActionKind::Deploy => matches!(vm.power, On | Off | Paused | Configured),
        VappActionKind::Undeploy => vm.power == NotAllocated,
        VappActionKind::Edit => true,
        VappActionKind::Delete => false,
    };
    match vm.power {
        _ if reached => PartEnd::Done,
        Locked => PartEnd::Unknown("an operation runs on it".to_owned()),
        power => PartEnd::Failed(format!("it is {}", power.word().to_lowercase())),
    }
}
