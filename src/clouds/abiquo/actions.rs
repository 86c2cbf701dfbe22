//! Acting on a VM that was read just now: sending one change, and finding the task that follows.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::DATE;

use super::Abiquo;
use super::calls::Call;
use super::change::{Change, change};
use super::mapping::vm_id;
use super::moving::handle;
use super::refusal::{asks_first, decode, passed_over, said_nothing, unreadable};
use super::wire::AcceptedRequest;
use crate::clouds::Error;
use crate::clouds::http::{Answer, date};
use crate::clouds::{Accepted, Result, Target, TaskHandle};
use crate::model::text::clean_name;
use crate::model::{Action, Task, TaskKey, Vm, VmKey};

/// More VMs than an appliance has.
const MAX_STATUSES: usize = 10_000;

impl Abiquo {
    /// Sends one action to a VM that was read just now.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let sent = match action {
            Action::Relocate { host } => self.relocate(target, host).await,
            Action::Move { vapp } => self.move_to(target, Some(vapp)).await,
            Action::Restrict { vapp } => self.move_to(target, vapp.as_deref()).await,
            _ => self.send(target, change(handle(target)?, action)?).await,
        };
        sent.map_err(|error| asks_first(passed_over(action), error))
    }

    /// Sends one change, once.
    pub(super) async fn send(&self, target: &Target, change: Change) -> Result<Accepted> {
        let mut call = Call::change(change.method, change.route, change.accept);
        if let Some((media, body)) = change.content {
            call = call.with(media, body);
        }
        let answer = self.call(call).await?;
        match change.task {
            Some(kind) => self.accepted(&target.vm, kind, &answer).await,
            None => said_nothing(&answer).map(|()| Accepted::Done),
        }
    }

    /// What a success means: a task to follow, named by the answer's `status` link or by the answer itself; nothing to do (204). A
    /// success that says neither proves nothing: whether the action was taken is told by the VM alone.
    async fn accepted(&self, vm: &Vm, kind: &str, answer: &Answer) -> Result<Accepted> {
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Accepted::Done);
        }
        if !answer.body.trim_ascii().is_empty()
            && let Some(handle) = self.status(&vm.key, answer)?
        {
            return Ok(Accepted::Task(handle));
        }
        // A reading that fails now must not look like a failed action.
        let tasks = self.tasks_of(vm, true).await.unwrap_or_default();
        let task = newest(tasks, kind, date(&answer.headers, DATE));
        let task = task.ok_or_else(|| {
            Error::Protocol("it was accepted, but the answer names no task".to_owned())
        })?;
        Ok(Accepted::Task(TaskHandle {
            key: task.key,
            vm: Some(vm.key.clone()),
            locator: task.locator,
        }))
    }

    /// The task that an answer names. The documents show an accepted request with a `status` link, and once the task itself.
    ///
    /// # Errors
    /// When the answer is not the API's.
    pub(super) fn status(&self, vm: &VmKey, answer: &Answer) -> Result<Option<TaskHandle>> {
        let mut statuses = self.statuses(answer)?;
        // More than one is the answer of an appliance.
        statuses.truncate(1);
        let first = statuses.pop();
        Ok(first.map(|handle| TaskHandle {
            vm: Some(vm.clone()),
            ..handle
        }))
    }

    /// The tasks that an answer names, one for each `status` link, with the VM whose address each task has.
    ///
    /// # Errors
    /// When the answer is not the API's.
    pub(super) fn statuses(&self, answer: &Answer) -> Result<Vec<TaskHandle>> {
        let accepted: AcceptedRequest<'_> =
            decode(&answer.body, "the answer").map_err(|_| unreadable(answer))?;
        let task = accepted.task_id.get();
        let rel = if task.is_some() { "self" } else { "status" };
        let links = accepted.links.0.items.iter();
        let links = links.filter(|link| link.rel.get() == Some(rel));
        let handles = links.filter_map(|link| {
            let route = self.http.origin().route(link.href.get()?).ok()?;
            let id = clean_name(task.unwrap_or_else(|| route.last_segment()));
            (!id.is_empty()).then(|| TaskHandle {
                key: TaskKey {
                    cloud: self.name.clone(),
                    id: Arc::from(&*id),
                },
                vm: vm_id(route.path()).map(|id| VmKey::new(&self.name, &clean_name(id))),
                locator: Arc::from(route.path()),
            })
        });
        // The task itself has one address, and links may be repeated.
        let mut seen = HashSet::new();
        Ok(handles
            .filter(|handle| seen.insert(handle.key.id.clone()))
            .take(if task.is_some() { 1 } else { MAX_STATUSES })
            .collect())
    }
}

/// The task of an action among those of its VM: of its kind, and still running or made no earlier than the answer (by the server's own
/// clock). An older one is another action's.
fn newest(tasks: Vec<Task>, kind: &str, answered: Option<Timestamp>) -> Option<Task> {
    /// Tasks and the header count whole seconds, and the task is made a little before the answer.
    const SLACK: SignedDuration = SignedDuration::from_secs(5);
    let young = |task: &Task| match (task.created_at, answered) {
        (Some(made), Some(answered)) => answered.duration_since(made) <= SLACK,
        _ => false,
    };
    let mut tasks = tasks.into_iter();
    tasks.find(|task| task.kind.as_str() == kind && (task.is_running() || young(task)))
}
