//! Following tasks to their end: those of commands, and those that are found running.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{Worker, lock};
use crate::clouds::{Error, TaskHandle};
use crate::fleet::backoff::back_off;
use crate::fleet::update::Update;
use crate::model::{Task, TaskKey, TaskState, Vm};

/// The waits between two questions: the first, and the longest to which they grow.
pub(super) const POLL_FIRST: Duration = Duration::from_secs(2);
pub(super) const POLL_MAX: Duration = Duration::from_secs(5);
/// A task held by workflow waits for a person.
const POLL_HELD: Duration = Duration::from_secs(15);
/// Answers in a row that say no before a task counts as lost. One alone may come from a server that does not know it yet.
pub(super) const LOST_AFTER: u32 = 3;
/// The tasks of others that are followed at once.
const FOUND_MAX: usize = 100;

/// How following ended.
#[derive(Debug)]
pub(super) enum End {
    /// The task ended.
    Task(Box<Task>),
    /// It is gone, or may not be read; why, in words.
    Lost(String),
}

impl Worker {
    /// Asks for a task until it ends, and tells each change. Errors that pass do not end it.
    pub(super) async fn follow(&self, handle: &TaskHandle) -> End {
        self.follow_telling(handle, |_| {}).await
    }

    /// [`Self::follow`], where each change is told to somebody else as well.
    pub(super) async fn follow_telling(
        &self,
        handle: &TaskHandle,
        also: impl Fn(&Task) + Send + Sync,
    ) -> End {
        let mut told: Option<Task> = None;
        let mut wait = POLL_FIRST;
        let (mut failures, mut denials) = (0, 0);
        loop {
            let order = self.known().begin();
            let slot = self.following_slots.acquire().await;
            let answer = self.read(|| self.cloud.task(handle)).await;
            drop(slot);
            let pause = match answer {
                Ok(mut task) => {
                    self.known().localize(&mut task);
                    (failures, denials) = (0, 0);
                    if told.as_ref() != Some(&task) {
                        self.tell_task(&task, order).await;
                        also(&task);
                    }
                    if task.state.is_terminal() {
                        return End::Task(Box::new(task));
                    }
                    let held = task.state == TaskState::Queueing;
                    told = Some(task);
                    let now = wait;
                    wait = (wait * 5 / 4).min(POLL_MAX);
                    if held { POLL_HELD } else { now }
                }
                Err(
                    error @ (Error::NotFound(_)
                    | Error::Forbidden(_)
                    | Error::Conflict(_)
                    | Error::Link(_)
                    | Error::Rejected(_)),
                ) => {
                    denials += 1;
                    if denials >= LOST_AFTER {
                        return End::Lost(format!("its task cannot be read ({error})"));
                    }
                    POLL_FIRST
                }
                Err(error) => {
                    failures += 1;
                    back_off(failures, error.retry_after())
                }
            };
            sleep(pause).await;
        }
    }

    pub(super) async fn tell_task(&self, task: &Task, order: super::known::Order) {
        self.outbox()
            .tell(|| {
                let is_told = self.known().put_task(task, order);
                let tasks = vec![task.clone()];
                ((), is_told.then_some(Update::Tasks { tasks }))
            })
            .await;
    }

    /// Follows a task that was found running, unless somebody follows it, so that its VM's row shows the job; at its end the VM
    /// is read anew.
    pub(super) fn follow_found(self: &Arc<Self>, task: &Task, vm: &Vm) {
        if lock(&self.following).len() >= FOUND_MAX {
            return;
        }
        let Some(followed) = self.begin_following(&task.key) else {
            return;
        };
        let worker = self.clone();
        let handle = TaskHandle {
            key: task.key.clone(),
            vm: Some(vm.key.clone()),
            locator: task.locator.clone(),
        };
        let vm = vm.clone();
        self.spawn("following", async move {
            let work = async {
                let _end = worker.follow(&handle).await;
                drop(followed);
                // What cannot be read now is told by the next listing.
                if let Ok(Some(vm)) = worker.reread(&vm).await {
                    let _ = worker.read_tasks(&vm).await;
                }
            };
            worker.common.stop.closing.run_until_cancelled(work).await;
        });
    }

    /// Says that a task is followed, as long as the answer lives; `None` when somebody follows it.
    pub(super) fn begin_following(self: &Arc<Self>, key: &TaskKey) -> Option<Followed> {
        let is_new = lock(&self.following).insert(key.clone());
        is_new.then(|| Followed {
            worker: self.clone(),
            key: key.clone(),
        })
    }
}

/// Says that a task is followed, as long as it lives.
pub(super) struct Followed {
    worker: Arc<Worker>,
    key: TaskKey,
}

impl Drop for Followed {
    fn drop(&mut self) {
        lock(&self.worker.following).remove(&self.key);
    }
}
