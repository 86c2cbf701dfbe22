//! Acting on a VM: reading it afresh with its tags, sending one change as a job of this program's own id, and finding out what became of
//! one whose answer was lost.

use std::time::Duration;

use futures_util::future::try_join3;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::calls::Call;
use super::jobs::{Change, Entry, job_id};
use super::mapping::{id, protected};
use super::refusal::refusal;
use super::tasks::Look;
use super::wire::{self, Inventories, VmInstance};
use super::{Zstack, gone};
use crate::clouds::body::decode;
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, Lane};
use crate::clouds::{Accepted, Error, Execution, Result, Target, TaskHandle};
use crate::model::{Action, TaskState, Vm, VmKey};

/// The waits before each look at a job whose answer was lost: the server may be about to take it.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_millis(700),
];

/// The waits between looks at a tag's removal before the last one is left to the task.
const REMOVAL_LOOKS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What acting on a VM needs, as it was read just now.
struct Handle {
    uuid: String,
    /// Its own word for its state.
    word: String,
    /// The uuids of the tags that protect it.
    protectors: Vec<std::sync::Arc<str>>,
}

/// What became of a request that makes a job.
pub(super) enum Delivery {
    /// It was taken as a job of this id.
    Taken(String),
    /// It was done at once.
    Done,
    /// It was not taken, which is proven.
    Not(Error),
    /// No answer came, and there is no such job.
    Lost(Error),
    /// Nobody knows.
    Open(Error),
}

impl Zstack {
    /// Reads a VM and its tags.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let path = self.vm_path(vm, "")?;
        let (answer, tags, places) = try_join3(
            self.get(&path, Lane::Act),
            self.tags(id(Some(&vm.locator)), Lane::Act),
            self.places(Lane::Act),
        )
        .await?;
        let rows: Inventories<VmInstance<'_>> = decode(&answer.body, "the VM")?;
        let row = rows.inventories.items.first().ok_or_else(gone)?;
        let vm = self
            .mapped(&places, &tags, |mapper| mapper.vm(row))
            .ok_or_else(|| Error::Protocol("the VM has no uuid".to_owned()))?;
        let protectors = tags.of(&vm.key.id).map(|tags| tags.protectors.clone());
        let handle = Handle {
            uuid: vm.locator.to_string(),
            word: vm.native_state.to_string(),
            protectors: protectors.unwrap_or_default(),
        };
        Ok(Target {
            vm,
            handle: Box::new(handle),
        })
    }

    /// Sends one action to a VM that was read just now.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let unknown = || Error::NotFound("the VM was read by another cloud".to_owned());
        let handle = target.handle.downcast_ref::<Handle>().ok_or_else(unknown)?;
        if matches!(action, Action::Unprotect) {
            return self.unprotect(&target.vm.key, &handle.protectors).await;
        }
        let change = change(handle, action, self.username())?;
        self.submit(&target.vm.key, &change).await
    }

    /// Removes every tag that protects a VM: two consoles may have protected it at once. All but the last are waited for.
    async fn unprotect(&self, vm: &VmKey, tags: &[std::sync::Arc<str>]) -> Result<Accepted> {
        let mut accepted = Accepted::Done;
        for (at, tag) in tags.iter().enumerate() {
            let change = Change {
                kind: "UNPROTECT",
                method: Method::DELETE,
                path: format!("/v1/tags/{tag}"),
                body: None,
            };
            accepted = match self.submit(vm, &change).await {
                // Somebody else was faster with this one.
                Err(Error::NotFound(_)) => Accepted::Done,
                accepted => accepted?,
            };
            if at + 1 < tags.len()
                && let Accepted::Task(task) = &accepted
            {
                for wait in REMOVAL_LOOKS {
                    sleep(wait).await;
                    let task = self.read_task(task).await?;
                    if task.state == TaskState::FinishedUnsuccessfully {
                        let words = task.jobs.first().and_then(|job| job.description.clone());
                        return Err(Error::Rejected(Rejection {
                            status: 503,
                            code: None,
                            message: words.unwrap_or_default().to_string(),
                        }));
                    }
                    if task.state.is_terminal() {
                        break;
                    }
                }
            }
        }
        Ok(accepted)
    }

    /// Sends a change as a job. One whose answer was lost and that the server does not know is sent once more, as another job.
    async fn submit(&self, vm: &VmKey, change: &Change) -> Result<Accepted> {
        let mut again = true;
        loop {
            let job = job_id()?;
            let stamp =
                self.sessions
                    .prove(&mut HeaderMap::new(), change.method.as_str(), &change.path)?;
            let entry = Entry::new(&job, vm, change, stamp);
            self.jobs.keep(entry.clone());
            let error = match self.deliver(change, &job).await {
                Delivery::Taken(current) => {
                    self.jobs.answered(&job, &current);
                    return Ok(Accepted::Task(TaskHandle {
                        key: crate::model::TaskKey {
                            cloud: self.name.clone(),
                            id: entry.id.clone(),
                        },
                        vm: Some(vm.clone()),
                        locator: entry.locator(),
                    }));
                }
                Delivery::Open(error) => {
                    self.jobs.answered(&job, &job);
                    return Err(error);
                }
                Delivery::Done => {
                    self.jobs.forget(&job);
                    return Ok(Accepted::Done);
                }
                Delivery::Lost(_) if again => {
                    self.jobs.forget(&job);
                    again = false;
                    continue;
                }
                // A session that has ended is said at once by some servers; nothing was done then.
                Delivery::Not(Error::SignIn(_)) if again => {
                    self.jobs.forget(&job);
                    again = false;
                    self.log_in_again(stamp).await?;
                    continue;
                }
                Delivery::Lost(error) | Delivery::Not(error) => error,
            };
            self.jobs.forget(&job);
            return Err(error);
        }
    }

    /// Sends a change as the job of this id, once, and finds out what became of it when no answer tells.
    pub(super) async fn deliver(&self, change: &Change, job: &str) -> Delivery {
        let call = Call::change(change.method.clone(), &change.path, change.body.as_ref());
        let call = match call {
            Ok(call) => call.with_job(job),
            Err(error) => return Delivery::Not(error),
        };
        let (error, silent) = match self.send(call).await {
            Ok((_, answer)) if answer.status == StatusCode::ACCEPTED => {
                return Delivery::Taken(name_of(&answer, job));
            }
            Ok((_, answer)) if answer.status.is_success() => return Delivery::Done,
            Ok((_, answer)) => {
                let error = refusal(&answer);
                // "Duplicate" is what a request is told that something on the way has sent twice.
                let twice = answer.status == StatusCode::BAD_REQUEST;
                if !twice && error.execution() == Execution::No {
                    return Delivery::Not(error);
                }
                (error, false)
            }
            Err(error) if error.execution() == Execution::No => return Delivery::Not(error),
            Err(error) => (error, true),
        };
        match self.is_taken(job).await {
            Some(true) => Delivery::Taken(job.to_owned()),
            Some(false) => {
                let why = format!("the cloud did not take it ({error})");
                let proven = Error::Unreachable {
                    host: self.http.origin().authority().to_owned(),
                    why,
                };
                match (silent, error.execution()) {
                    (true, _) => Delivery::Lost(proven),
                    (false, Execution::No) => Delivery::Not(error),
                    (false, Execution::Maybe) => Delivery::Not(proven),
                }
            }
            None => Delivery::Open(error),
        }
    }

    /// Whether the server knows a job; `None` when it cannot be asked. It is not known yet only after the last look.
    async fn is_taken(&self, job: &str) -> Option<bool> {
        let mut known = None;
        for wait in LOOKS {
            sleep(wait).await;
            match self.look(job).await {
                Ok(Look::Missing) => known = Some(false),
                Ok(_) => return Some(true),
                Err(_) => known = None,
            }
        }
        known
    }
}

/// The id that the server gave the job: ours, unless something on the way has taken our header away.
fn name_of(answer: &Answer, ours: &str) -> String {
    let accepted: Option<wire::Accepted<'_>> = decode(&answer.body, "the answer").ok();
    let location = accepted
        .as_ref()
        .and_then(|accepted| accepted.location.get());
    let path = location.map(|location| location.split(['?', '#']).next().unwrap_or_default());
    let last = path.and_then(|path| path.trim_end_matches('/').rsplit('/').next());
    id(last).unwrap_or(ours).to_owned()
}

/// The change that an action is.
fn change(handle: &Handle, action: &Action, user: &str) -> Result<Change> {
    let uuid = &handle.uuid;
    let put = |kind: &'static str, body: Value| Change {
        kind,
        method: Method::PUT,
        path: format!("/v1/vm-instances/{uuid}/actions"),
        body: Some(body),
    };
    Ok(match action {
        Action::PowerOn => put("POWER_ON", json!({"startVmInstance": {}})),
        Action::Shutdown => put("SHUTDOWN", json!({"stopVmInstance": {"type": "grace"}})),
        Action::PowerOff => put("POWER_OFF", json!({"stopVmInstance": {"type": "cold"}})),
        // A text, and its only value.
        Action::KeepOff => put(
            "POWER_OFF",
            json!({"stopVmInstance": {"type": "cold", "stopHA": "true"}}),
        ),
        Action::Reboot => put("REBOOT", json!({"rebootVmInstance": {}})),
        Action::Pause => put("PAUSE", json!({"pauseVmInstance": {}})),
        Action::Resume => put("RESUME", json!({"resumeVmInstance": {}})),
        Action::Restore => put("RESTORE", json!({"recoverVmInstance": {}})),
        Action::Relocate { host } => {
            let host = id(Some(host)).ok_or_else(|| Error::NotFound("no such host".to_owned()))?;
            let mut migrate = json!({"hostUuid": host});
            if handle.word == "Unknown" {
                migrate["allowUnknown"] = true.into();
            }
            put("RELOCATE", json!({"migrateVm": migrate}))
        }
        Action::Delete { .. } => Change {
            kind: "DELETE",
            method: Method::DELETE,
            path: format!("/v1/vm-instances/{uuid}?deleteMode=Permissive"),
            body: None,
        },
        Action::Protect { reason } => {
            let tag = protected(reason, user, Timestamp::now())
                .map_err(|error| Error::Protocol(error.to_string()))?;
            Change {
                kind: "PROTECT",
                method: Method::POST,
                path: "/v1/user-tags".to_owned(),
                body: Some(json!({"params":
                    {"resourceType": "VmInstanceVO", "resourceUuid": uuid, "tag": tag}})),
            }
        }
        // Availability says no before anything gets here.
        _ => {
            return Err(Error::Rejected(Rejection {
                status: 405,
                code: None,
                message: format!("ZStack has no {}", action.kind().title().to_lowercase()),
            }));
        }
    })
}
