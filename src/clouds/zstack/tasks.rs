//! Reading tasks: jobs of this program, long jobs, and what waits and runs on a VM.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::{join_all, try_join3};
use reqwest::StatusCode;

use super::Zstack;
use super::actions::Delivery;
use super::calls::Call;
use super::jobs::{Entry, LONG_JOB, QUEUE};
use super::mapping::{id, own};
use super::refusal::{Said, if_there, refusal, said};
use super::wire::{Inventories, LongJob, Progress, TaskDetails};
use crate::clouds::body::decode;
use crate::clouds::http::Lane;
use crate::clouds::{Error, Result, TaskHandle};
use crate::model::text::clean;
use crate::model::{Task, TaskState, Vm, VmKey};

/// The most long jobs of one VM that are read.
const MAX_LONG_JOBS: usize = 200;

/// What a job looks like.
pub(super) enum Look {
    Running,
    Done,
    Failed(Said),
    /// The server does not know it: it was never taken, or ended hours ago.
    Missing,
}

impl Zstack {
    /// Looks at a job. Its place is known by its id; the address that the server gave is its own idea of where it is.
    ///
    /// # Errors
    /// When the server cannot be asked, or answers neither of the four.
    pub(super) async fn look(&self, job: &str) -> Result<Look> {
        let call = Call::get(&format!("/v1/api-jobs/{job}"), Lane::Act)?;
        // No session is asked for here: an answer about a session is that of the job.
        let (_, answer) = self.send(call).await?;
        match answer.status {
            _ if Self::is_running(&answer) => Ok(Look::Running),
            status if status.is_success() => Ok(Look::Done),
            StatusCode::NOT_FOUND => Ok(Look::Missing),
            StatusCode::SERVICE_UNAVAILABLE => said(&answer.body)
                .map(Look::Failed)
                .ok_or_else(|| refusal(&answer)),
            _ => Err(refusal(&answer)),
        }
    }

    /// A task by where it was found.
    pub(super) async fn read_task(&self, handle: &TaskHandle) -> Result<Task> {
        if let Some(long_job) = handle.locator.strip_prefix(LONG_JOB) {
            return self.read_long_job(long_job).await;
        }
        if let Some(queued) = handle.locator.strip_prefix(QUEUE) {
            return self.read_queued(queued, handle).await;
        }
        let entry = self.jobs.get(&handle.key.id).or_else(|| {
            let entry = Entry::parse(&handle.locator, handle.vm.clone())?;
            self.jobs.keep(entry.clone());
            Some(entry)
        });
        let entry = entry.ok_or_else(|| Error::NotFound("the task has no job".to_owned()))?;
        self.read_job(entry).await?.ok_or_else(|| {
            Error::NotFound(
                "the cloud does not know the job; it forgets those that have ended some hours ago"
                    .to_owned(),
            )
        })
    }

    /// A job of this program as it is now; `None` when the server does not know it.
    async fn read_job(&self, entry: Entry) -> Result<Option<Task>> {
        let task = |entry: &Entry, words| Some(entry.task(&self.name, self.username(), words));
        if entry.end.is_some() {
            return Ok(task(&entry, None));
        }
        let mut look = self.look(&entry.current).await?;
        if let Look::Failed(why) = &look
            && why.session
            && let Some((_, stamp)) = &entry.sent
        {
            self.log_in_again(*stamp).await?;
            // Should it have been this asking that the session was too old for, the job is there now.
            look = self.look(&entry.current).await?;
            if matches!(&look, Look::Failed(why) if why.session)
                && let Some(now) = self.send_again(&entry).await?
            {
                return Ok(task(&now, None));
            }
        }
        let (state, words) = match look {
            Look::Running => {
                let words = self.progress(&entry).await;
                return Ok(task(&entry, words));
            }
            Look::Missing if entry.is_sending() => return Ok(task(&entry, None)),
            Look::Missing => return Ok(None),
            Look::Done => (TaskState::FinishedSuccessfully, None),
            Look::Failed(why) => (TaskState::FinishedUnsuccessfully, Some(failure(&why))),
        };
        let ended = self.jobs.end(&entry.id, state.clone(), words.clone());
        // A job of another is not kept here.
        let ended = ended.unwrap_or_else(|| entry.ended(state, words));
        Ok(task(&ended, None))
    }

    /// Sends an action again whose session had ended before it was taken, which proves that it was not done: once, as another job.
    /// `None` when that was tried already.
    async fn send_again(&self, entry: &Entry) -> Result<Option<Entry>> {
        let Some((change, job)) = self.jobs.take_again(&entry.id)? else {
            // Somebody else does so at this moment.
            let now = self.jobs.get(&entry.id);
            return Ok(now.filter(|now| now.current != entry.current && now.end.is_none()));
        };
        let ended = |words: String| {
            let words = Arc::from(&*clean(&words));
            let state = TaskState::FinishedUnsuccessfully;
            Ok(self.jobs.end(&entry.id, state, Some(words)))
        };
        match self.deliver(&change, &job).await {
            Delivery::Taken(current) => {
                self.jobs.answered(&entry.id, &current);
                Ok(self.jobs.get(&entry.id))
            }
            Delivery::Done => Ok(self
                .jobs
                .end(&entry.id, TaskState::FinishedSuccessfully, None)),
            Delivery::Not(error) | Delivery::Lost(error) => ended(format!(
                "the session had ended, and it could not be asked for again: {error}"
            )),
            Delivery::Open(error) => {
                self.jobs.answered(&entry.id, &job);
                Err(error)
            }
        }
    }

    /// How far a move is, which takes long. What cannot be read is left out.
    async fn progress(&self, entry: &Entry) -> Option<Arc<str>> {
        if entry.kind.as_str() != "RELOCATE" {
            return None;
        }
        let path = format!("/v1/task-progresses/{}?all=true", entry.current);
        let answer = self.get(&path, Lane::Act).await.ok()?;
        let steps: Inventories<Progress<'_>> = decode(&answer.body, "the progress").ok()?;
        let newest = |kind: &str| {
            let of_kind = |step: &&Progress<'_>| step.kind.get() == Some(kind);
            let steps = steps.inventories.items.iter().filter(of_kind);
            own(steps.max_by_key(|step| step.time.0)?.content.get())
        };
        let percent = newest("Progress").map(|text| match text.trim().parse::<f64>() {
            Ok(_) => format!("{text} %").into(),
            Err(_) => text,
        });
        match (newest("Task"), percent) {
            (Some(words), Some(percent)) => Some(format!("{words}, {percent}").into()),
            (words, percent) => words.or(percent),
        }
    }

    async fn read_long_job(&self, uuid: &str) -> Result<Task> {
        let none = || Error::NotFound("there is no such long job".to_owned());
        let uuid = id(Some(uuid)).ok_or_else(none)?;
        let answer = self.get(&format!("/v1/longjobs/{uuid}"), Lane::Act).await?;
        let rows: Inventories<LongJob<'_>> = decode(&answer.body, "the long job")?;
        let row = rows.inventories.items.first().ok_or_else(none)?;
        self.mapped_alone(|mapper| mapper.long_job(row))
            .ok_or_else(none)
    }

    /// Something of a VM's queue: `VM:JOB:KIND`. It is over when it is no longer there; how it ended, its job tells, where it is one that
    /// the server still knows.
    async fn read_queued(&self, locator: &str, handle: &TaskHandle) -> Result<Task> {
        let none = || Error::NotFound("it is no longer in the VM's queue".to_owned());
        let (vm, job) = locator.split_once(':').ok_or_else(none)?;
        let entry = Entry::parse(job, handle.vm.clone()).ok_or_else(none)?;
        let vm = id(Some(vm)).ok_or_else(none)?;
        let queue = self.queue(&VmKey::new(&self.name, vm)).await?;
        if let Some(task) = queue.into_iter().find(|task| task.key.id == entry.id) {
            return Ok(task);
        }
        let mut task = self.read_job(entry).await?.ok_or_else(none)?;
        task.user = None;
        task.locator = handle.locator.clone();
        Ok(task)
    }

    /// The tasks of a VM, newest first: what this program has asked for, its long jobs, and what waits and runs on it, as far as the
    /// server tells this user.
    pub(super) async fn tasks_of(&self, vm: &Vm) -> Result<Vec<Task>> {
        let (own, long, queue) = try_join3(
            self.own_jobs(&vm.key),
            self.long_jobs(&vm.key),
            self.queue(&vm.key),
        )
        .await?;
        let mut seen = HashSet::new();
        // Another id after an action was sent again: in the queue it would look like somebody else's.
        for task in &own {
            seen.extend(task.jobs.iter().map(|job| job.id.clone()));
        }
        let own_ids: HashSet<Arc<str>> = std::mem::take(&mut seen);
        let others = long.into_iter().chain(queue);
        let others = others.filter(|task| !own_ids.contains(&task.key.id));
        let mut tasks: Vec<Task> = own.into_iter().chain(others).collect();
        tasks.retain(|task| seen.insert(task.key.id.clone()));
        // What runs without saying since when comes first.
        tasks.sort_by_key(|task| {
            (
                task.created_at.is_some(),
                std::cmp::Reverse(task.created_at),
            )
        });
        Ok(tasks)
    }

    async fn own_jobs(&self, vm: &VmKey) -> Result<Vec<Task>> {
        let jobs = self
            .jobs
            .of(vm)
            .into_iter()
            .map(|entry| self.read_job(entry));
        let tasks: Result<Vec<_>> = join_all(jobs).await.into_iter().collect();
        Ok(tasks?.into_iter().flatten().collect())
    }

    async fn long_jobs(&self, vm: &VmKey) -> Result<Vec<Task>> {
        let Some(uuid) = id(Some(&vm.id)) else {
            return Ok(Vec::new());
        };
        let path = format!(
            "/v1/longjobs?q=targetResourceUuid%3D{uuid}&sort=-createDate&limit={MAX_LONG_JOBS}"
        );
        let Some(answer) = if_there(self.get(&path, Lane::Read).await)? else {
            return Ok(Vec::new());
        };
        let rows: Inventories<LongJob<'_>> = decode(&answer.body, "the list of long jobs")?;
        let rows = rows.inventories.items.iter();
        let mut tasks: Vec<Task> =
            self.mapped_alone(|mapper| rows.filter_map(|row| mapper.long_job(row)).collect());
        for task in &mut tasks {
            task.vm = Some(vm.clone());
        }
        Ok(tasks)
    }

    /// What waits and runs on a VM, which only administrators may know.
    async fn queue(&self, vm: &VmKey) -> Result<Vec<Task>> {
        let Some(uuid) = id(Some(&vm.id)) else {
            return Ok(Vec::new());
        };
        let path = format!("/v1/vm-instances/task-details?vmInstanceUuids={uuid}");
        let Some(answer) = if_there(self.get(&path, Lane::Read).await)? else {
            return Ok(Vec::new());
        };
        let details: TaskDetails<'_> = decode(&answer.body, "the VM's queue")?;
        let of_vm = details.results.0.as_ref().and_then(|all| all.get(uuid));
        let Some(queue) = of_vm.and_then(|queue| queue.0.as_ref()) else {
            return Ok(Vec::new());
        };
        Ok(self.mapped_alone(|mapper| {
            let running = queue.running_task.items.iter().map(|task| (task, true));
            let waiting = queue.pending_task.items.iter().map(|task| (task, false));
            let all = running.chain(waiting);
            all.filter_map(|(task, runs)| mapper.queued(task, vm, runs))
                .collect()
        }))
    }
}

/// Why a job failed, for its task.
fn failure(why: &Said) -> Arc<str> {
    let words = why.to_string();
    let words = if why.session {
        "the session had ended before the cloud took it; nothing was done, ask again".to_owned()
    } else if why.has("SYS.1001") {
        format!("the cloud waited too long; what became of it shows in the VM's state: {words}")
    } else {
        words
    };
    Arc::from(&*clean(&words))
}
