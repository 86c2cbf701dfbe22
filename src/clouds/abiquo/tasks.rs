//! Reading tasks, and acknowledging failed ones.

use std::ops::ControlFlow;

use reqwest::{Method, StatusCode};

use super::Abiquo;
use super::calls::{Call, Media};
use super::listing::{PAGE, turn};
use super::mapping::{Mapper, Texts};
use super::refusal::{decode, refusal, said_nothing, unsent};
use super::wire::{self, Collection};
use crate::clouds::http::Route;
use crate::clouds::{Error, Result};
use crate::model::{Task, TaskState, Vm};

/// The most tasks of one VM that are kept.
const MAX_TASKS: usize = 2_000;

/// A task as it was read, with the links that it offers.
pub(super) struct Read {
    pub task: Task,
    acknowledge: Option<Route>,
    /// Lets a held task go on.
    pub go_on: Option<Route>,
    /// Ends a held task.
    pub cancel: Option<Route>,
}

impl Abiquo {
    /// One task. `locator` is where it was found before.
    pub(super) async fn read_task(&self, locator: &str) -> Result<Task> {
        Ok(self.read(locator).await?.task)
    }

    pub(super) async fn read(&self, locator: &str) -> Result<Read> {
        let call = Call::get(Route::new(locator)?, "task").acting();
        let answer = self.answer(call).await?;
        // A task that the server can no longer trace leads elsewhere: to its VM.
        if answer.status == StatusCode::SEE_OTHER {
            return Err(Error::NotFound(
                "the cloud no longer traces the task".to_owned(),
            ));
        }
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let wire: wire::Task<'_> = decode(&answer.body, "the task")?;
        let mut names = Texts::default();
        let origin = self.http.origin();
        let task = Mapper {
            cloud: &self.name,
            origin,
            names: &mut names,
        }
        .task(&wire, Some(locator));
        let offer = |rel: &str| {
            let href = wire.links.href(rel);
            href.map(|href| origin.route(href)).transpose()
        };
        Ok(Read {
            task: task.ok_or_else(|| Error::Protocol("the task has no id".to_owned()))?,
            acknowledge: offer("acknowledge")?,
            go_on: offer("continue")?,
            cancel: offer("cancel")?,
        })
    }

    /// The tasks of a VM, newest first. `acting`: somebody waits for it.
    pub(super) async fn tasks_of(&self, vm: &Vm, acting: bool) -> Result<Vec<Task>> {
        let route = Route::new(&vm.locator)?.below(&format!("/tasks?limit={PAGE}"))?;
        let call = Call::get(route, "tasks").list();
        let call = if acting { call.acting() } else { call };
        let mut names = Texts::default();
        let mut tasks: Vec<Task> = Vec::new();
        self.follow(call, |body| {
            let page: Collection<'_, wire::Task<'_>> = decode(body, "the list of tasks")?;
            let mut mapper = Mapper {
                cloud: &self.name,
                origin: self.http.origin(),
                names: &mut names,
            };
            for wire in &page.collection.items {
                let Some(mut task) = mapper.task(wire, None) else {
                    continue;
                };
                task.vm = Some(vm.key.clone());
                if task.locator.is_empty() {
                    let below = Route::new(&vm.locator)
                        .and_then(|vm| vm.below(&format!("/tasks/{}", task.key.id)));
                    task.locator = below.map(|route| route.as_str().into()).unwrap_or_default();
                }
                tasks.push(task);
            }
            if tasks.len() >= MAX_TASKS || page.collection.len == 0 {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await?;
        let mut seen = std::collections::HashSet::new();
        tasks.retain(|task| seen.insert(task.key.id.clone()));
        // A stable sort: what the server lists first among tasks of one second stays first.
        tasks.sort_by_key(|task| std::cmp::Reverse(task.created_at));
        Ok(tasks)
    }

    /// Acknowledges a failed task through the link that it offers; without one nothing is sent, for the link is the offer.
    pub(super) async fn acknowledge_task(&self, task: &Task) -> Result<()> {
        let now = self.read(&task.locator).await.map_err(unsent)?;
        if now.task.key != task.key {
            let other = Error::Protocol("the cloud answered with another task".to_owned());
            return Err(unsent(other));
        }
        let Some(route) = now.acknowledge else {
            return settled(&now.task);
        };
        match self
            .call(Call::change(Method::POST, route, Media::Any))
            .await
        {
            Ok(answer) => said_nothing(&answer),
            // Somebody else may have been faster.
            Err(error @ (Error::NotFound(_) | Error::Conflict(_))) => {
                match self.read(&task.locator).await {
                    Ok(after) if after.acknowledge.is_none() => settled(&after.task),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether there is nothing left to acknowledge: the task says so, or failed and no longer offers it.
fn settled(task: &Task) -> Result<()> {
    match task.state {
        _ if task.state.is_failure() => Ok(()),
        TaskState::FinishedSuccessfully => Err(Error::Forbidden(
            "the task did not fail; there is nothing to acknowledge".to_owned(),
        )),
        _ => Err(Error::Forbidden(
            "the cloud does not offer to acknowledge this task now".to_owned(),
        )),
    }
}
