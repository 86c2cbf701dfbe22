//! Tasks that workflow holds until somebody decides.

use std::ops::ControlFlow;

use reqwest::Method;

use super::Abiquo;
use super::calls::{Call, Media};
use super::listing::{PAGE, turn};
use super::mapping::{Mapper, Texts};
use super::refusal::{decode, said_nothing, unsent};
use super::tenants::Place;
use super::wire::{self, Collection};
use crate::clouds::error::Rejection;
use crate::clouds::http::Route;
use crate::clouds::{Error, Result};
use crate::model::{Task, TaskState};

/// The most held tasks that are kept.
const MAX_HELD: usize = 5_000;

impl Abiquo {
    /// The held tasks of the chosen tenant; without one, those of the user's tenant where the user may decide about them, else the user's
    /// own. A platform without workflow (from 6.2 on) has none.
    pub(super) async fn list_held(&self) -> Result<Vec<Task>> {
        let me = self.me();
        let below = |tenant: Route| tenant.below("/action/pendingtasks");
        match self.place()? {
            Place::Tenant(id) => {
                let tenant = Route::new(&format!("/admin/enterprises/{id}"))?;
                none_without_workflow(self.held_at(below(tenant)?).await)
            }
            Place::Own => {
                if let Some(tenant) = me.tenant.filter(|_| me.reviews) {
                    match self.held_at(below(tenant)?).await {
                        // The privilege was assumed, or its scope ends before the tenant.
                        Err(Error::Forbidden(_)) => {}
                        other => return none_without_workflow(other),
                    }
                }
                match me.held {
                    Some(own) => none_without_workflow(self.held_at(own).await),
                    None => Ok(Vec::new()),
                }
            }
        }
    }

    async fn held_at(&self, list: Route) -> Result<Vec<Task>> {
        let call = Call::get(list.below(&format!("?limit={PAGE}"))?, "tasks").list();
        let mut names = Texts::default();
        let mut tasks: Vec<Task> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        self.follow(call, |body| {
            let page: Collection<'_, wire::Task<'_>> = decode(body, "the list of held tasks")?;
            let mut mapper = Mapper {
                cloud: &self.name,
                origin: self.http.origin(),
                names: &mut names,
            };
            let found = page.collection.items.iter();
            let found = found.filter_map(|wire| mapper.task(wire, None));
            // Only what waits for somebody, and can be found again.
            tasks.extend(found.filter(|task| {
                task.state == TaskState::Queueing
                    && !task.locator.is_empty()
                    && seen.insert(task.key.id.clone())
            }));
            if tasks.len() >= MAX_HELD || page.collection.len == 0 {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await?;
        tasks.truncate(MAX_HELD);
        tasks.sort_by_key(|task| std::cmp::Reverse(task.created_at));
        Ok(tasks)
    }

    /// Approves or rejects a held task, through the link that it offers now. The note is plain text.
    pub(super) async fn decide_task(
        &self,
        task: &Task,
        approve: bool,
        note: Option<&str>,
    ) -> Result<()> {
        let now = self.read(&task.locator).await.map_err(unsent)?;
        if now.task.key != task.key {
            let other = Error::Protocol("the cloud answered with another task".to_owned());
            return Err(unsent(other));
        }
        if now.task.state != TaskState::Queueing {
            return Err(Error::Conflict(Rejection {
                status: 409,
                code: None,
                message: format!(
                    "it no longer waits for a review: {}",
                    now.task.state.word().to_lowercase()
                ),
            }));
        }
        let (way, word) = if approve {
            (now.go_on, "approve")
        } else {
            (now.cancel, "reject")
        };
        let route = way.ok_or_else(|| {
            Error::Forbidden(format!("the cloud does not offer to {word} this task"))
        })?;
        let mut call = Call::change(Method::POST, route, Media::Any);
        if let Some(note) = note.filter(|note| !note.trim().is_empty()) {
            call = call.with(Media::Text, note.as_bytes().to_vec());
        }
        said_nothing(&self.call(call).await?)
    }
}

fn none_without_workflow(held: Result<Vec<Task>>) -> Result<Vec<Task>> {
    match held {
        Err(Error::NotFound(_)) => Ok(Vec::new()),
        other => other,
    }
}
