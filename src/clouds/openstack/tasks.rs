//! What is and was done to a server: its instance actions with their events.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use reqwest::header::DATE;

use super::calls::{Call, Place, To};
use super::mapping::{id, moment, task};
use super::names::Names;
use super::{Openstack, wire};
use crate::clouds::body::decode;
use crate::clouds::http::{Answer, Lane, date};
use crate::clouds::{Error, Result, TaskHandle};
use crate::model::{ActionKind, Job, JobState, Task, TaskKind, TaskState, Vm, VmKey};

/// The most actions of one server that are told.
const MAX_ACTIONS: usize = 50;

/// Of so many of the newest, and of so many that failed, the events are read: each costs a request, and whoever watches a thousand servers
/// asks for the actions of each of them.
const NEWEST_READ: usize = 3;
const FAILED_READ: usize = 5;

/// An action that began longer ago than this is what its events say: the server is not asked whether it is busy.
const LASTS_AT_MOST: Duration = Duration::from_secs(3_600);

/// An action of which nothing is told has not begun yet; after so long nothing will be.
const BEGINS_WITHIN: Duration = Duration::from_secs(60);

impl Openstack {
    /// A task by where it was found: `project|region|server|request|kind`.
    pub(super) async fn read_task(&self, handle: &TaskHandle) -> Result<Task> {
        let none = || Error::NotFound("there is no such action".to_owned());
        let (place, server) = self.find_at(&handle.locator)?;
        let mut rest = handle.locator.split('|').skip(3);
        let request = id(rest.next()).ok_or_else(none)?;
        let kind = rest.next().and_then(ActionKind::from_id);
        let names = self.names(&place, Lane::Act, false).await;
        let busy = self.is_busy(&place, &server).await;
        let vm = VmKey::new(&self.name, &server);
        match self.read_action(&place, &server, request).await {
            Ok(answer) => {
                let is_busy = busy.as_ref().is_ok_and(|busy| *busy);
                let read = self.action(&answer, &vm, &names, is_busy, &self.place_key(&place))?;
                busy.or_else(|error| match error {
                    Error::NotFound(_) => Ok(false),
                    error => Err(error),
                })?;
                let mut read = read.ok_or_else(none)?;
                read.locator = handle.locator.clone();
                Ok(read)
            }
            // A server that is gone takes its actions along, in some clouds.
            Err(Error::NotFound(_))
                if kind == Some(ActionKind::Delete) && matches!(busy, Err(Error::NotFound(_))) =>
            {
                Ok(deleted(handle, &vm))
            }
            Err(error) => Err(error),
        }
    }

    async fn read_action(&self, place: &Place, server: &str, request: &str) -> Result<Answer> {
        let path = format!("/servers/{server}/os-instance-actions/{request}");
        self.call(place, &Call::get(To::Compute, path, Lane::Act))
            .await
    }

    /// Whether something runs on a server.
    async fn is_busy(&self, place: &Place, server: &str) -> Result<bool> {
        let call = Call::get(To::Compute, format!("/servers/{server}"), Lane::Act);
        let answer = self.call(place, &call).await?;
        let row: wire::One<'_> = decode(&answer.body, "the server")?;
        Ok(row
            .server
            .0
            .is_some_and(|server| server.task_state.get().is_some()))
    }

    fn action(
        &self,
        answer: &Answer,
        vm: &VmKey,
        names: &Names,
        is_busy: bool,
        place: &str,
    ) -> Result<Option<Task>> {
        let row: wire::OneAction<'_> = decode(&answer.body, "the action")?;
        let now = date(&answer.headers, DATE).unwrap_or_else(Timestamp::now);
        Ok(row.action.0.and_then(|row| {
            let runs = is_busy || is_to_begin(&row, now);
            self.told(&row, vm, names, runs, place)
        }))
    }

    /// An action as a task. `runs` says that it is not over, whatever its events tell.
    fn told(
        &self,
        row: &wire::Action<'_>,
        vm: &VmKey,
        names: &Names,
        runs: bool,
        place: &str,
    ) -> Option<Task> {
        let user = id(row.user_id.get());
        let user = user.map(|id| match names.users.get(id) {
            Some(name) => name.clone(),
            None => Arc::from(id),
        });
        let locator = format!("{place}|{}", vm.id);
        task(vm, row, runs, user, &locator)
    }

    /// The tasks of a server, newest first.
    pub(super) async fn tasks_of(&self, vm: &Vm) -> Result<Vec<Task>> {
        let (place, server) = self.find(vm)?;
        let names = self.names(&place, Lane::Read, false).await;
        let path = format!("/servers/{server}/os-instance-actions?limit={MAX_ACTIONS}");
        let version = self.version(&place, Lane::Read).await?;
        // Before there were pages, a limit was a mistake.
        let path = if version >= super::versions::Microversion::ACTION_PAGES {
            path
        } else {
            format!("/servers/{server}/os-instance-actions")
        };
        let answer = self
            .call(&place, &Call::list(To::Compute, path, Lane::Read))
            .await?;
        let list: wire::Actions<'_> = decode(&answer.body, "the list of actions")?;
        let mut rows: Vec<&wire::Action<'_>> = list.actions.items.iter().collect();
        // Newest first, whatever the server's order.
        rows.sort_by_key(|row| std::cmp::Reverse(moment(row.start_time.get())));
        rows.truncate(MAX_ACTIONS);
        let key = VmKey::new(&self.name, &server);
        let now = date(&answer.headers, DATE).unwrap_or_else(Timestamp::now);
        let newest = rows.first().and_then(|row| moment(row.start_time.get()));
        let is_recent = newest.is_some_and(|at| {
            Duration::try_from(now.duration_since(at)).is_ok_and(|age| age < LASTS_AT_MOST)
        });
        let busy = match is_recent {
            true => match self.is_busy(&place, &server).await {
                Err(Error::NotFound(_)) => false,
                busy => busy?,
            },
            false => false,
        };
        let mut failed_left = FAILED_READ;
        let with_events = rows.iter().enumerate().map(|(at, row)| {
            let has_failed = row.message.get().is_some();
            let failed = has_failed && failed_left > 0;
            failed_left -= usize::from(failed);
            let request = id(row.request_id.get()).filter(|_| failed || at < NEWEST_READ);
            let (place, server) = (&place, &server);
            async move { self.read_action(place, server, request?).await.ok() }
        });
        let with_events = join_all(with_events).await;
        let place = self.place_key(&place);
        let mut tasks = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            // What runs on it now is the last thing that it was asked.
            let is_busy = busy && at == 0;
            let read = match with_events.get(at) {
                Some(Some(answer)) => self
                    .action(answer, &key, &names, is_busy, &place)
                    .ok()
                    .flatten(),
                _ => None,
            };
            // A list has no events. That one has none is a sign of the newest alone: after the others something else was asked for.
            let runs = is_busy || (at == 0 && is_to_begin(row, now));
            tasks.extend(read.or_else(|| self.told(row, &key, &names, runs, &place)));
        }
        Ok(tasks)
    }
}

/// Whether an action has not begun yet: it has no events, and was asked for just now.
fn is_to_begin(row: &wire::Action<'_>, now: Timestamp) -> bool {
    row.events.items.is_empty()
        && row.message.get().is_none()
        && moment(row.start_time.get()).is_some_and(|at| {
            Duration::try_from(now.duration_since(at)).is_ok_and(|age| age < BEGINS_WITHIN)
        })
}

/// A deletion that is over, of a server of which nothing is left.
fn deleted(handle: &TaskHandle, vm: &VmKey) -> Task {
    let kind = TaskKind::new("DELETE");
    Task {
        key: handle.key.clone(),
        vm: Some(vm.clone()),
        kind: kind.clone(),
        state: TaskState::FinishedSuccessfully,
        created_at: None,
        updated_at: None,
        user: None,
        jobs: vec![Job {
            id: handle.key.id.clone(),
            kind,
            state: JobState::Done,
            rollback_state: JobState::Unknown,
            description: None,
        }],
        watched_here: false,
        subject: None,
        acknowledgeable: false,
        locator: handle.locator.clone(),
    }
}
