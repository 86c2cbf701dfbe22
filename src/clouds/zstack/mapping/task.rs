//! Long jobs and what waits and runs on a VM, as tasks in Abiquo's spelling.

use std::sync::Arc;

use super::{Mapper, id, long, own};
use crate::clouds::zstack::dates::moment;
use crate::clouds::zstack::jobs::{LONG_JOB, QUEUE};
use crate::clouds::zstack::refusal::said;
use crate::clouds::zstack::wire::{LongJob, Queued};
use crate::model::text::clean_name;
use crate::model::{Job, JobState, Task, TaskKey, TaskKind, TaskState, VmKey};

/// Names of the API's messages, without `API` and `Msg`, and Abiquo's word for what they do.
const KINDS: &[(&str, &str)] = &[
    ("StartVmInstance", "POWER_ON"),
    ("StopVmInstance", "POWER_OFF"),
    ("RebootVmInstance", "REBOOT"),
    ("PauseVmInstance", "PAUSE"),
    ("ResumeVmInstance", "RESUME"),
    ("MigrateVm", "RELOCATE"),
    ("PrimaryStorageMigrateVm", "RELOCATE"),
    ("DestroyVmInstance", "DELETE"),
    ("RecoverVmInstance", "RESTORE"),
    ("CreateVmInstance", "DEPLOY"),
    ("UpdateVmInstance", "RECONFIGURE"),
];

/// What a message of the API does: `POWER_OFF` for `org.zstack.header.vm.APIStopVmInstanceMsg`; for one that is not known its own name,
/// as in `ADD_IMAGE`.
pub(in crate::clouds::zstack) fn api_kind(message: &str) -> String {
    let name = message.rsplit(['.', '$']).next().unwrap_or_default().trim();
    let name = name.strip_prefix("API").unwrap_or(name);
    let name = name.strip_suffix("Msg").unwrap_or(name);
    if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) {
        return (*kind).to_owned();
    }
    let mut kind = String::with_capacity(name.len() + 4);
    let mut before = None;
    for c in clean_name(name).chars() {
        let begins = c.is_ascii_uppercase()
            && before
                .is_some_and(|before: char| before.is_ascii_lowercase() || before.is_ascii_digit());
        if begins {
            kind.push('_');
        }
        kind.push(c.to_ascii_uppercase());
        before = Some(c);
    }
    if kind.is_empty() {
        "UNKNOWN".to_owned()
    } else {
        kind
    }
}

/// The words of an error in a result, which is JSON as text.
pub(in crate::clouds::zstack) fn words_of_result(result: Option<&str>) -> Option<Arc<str>> {
    let said = said(result?.as_bytes())?;
    long(Some(&said.to_string()))
}

impl Mapper<'_> {
    /// A long job; `None` for an entry without an id.
    pub fn long_job(&self, wire: &LongJob<'_>) -> Option<Task> {
        let uuid = id(wire.uuid.get())?;
        let kind = TaskKind::new(&api_kind(wire.job_name.get().unwrap_or("UNKNOWN")));
        let word = wire.state.get().unwrap_or("UNKNOWN").trim();
        let (state, step) = match word {
            "Waiting" | "Suspended" => (TaskState::Pending, JobState::Pending),
            "Running" | "Canceling" => (TaskState::Started, JobState::Started),
            "Succeeded" => (TaskState::FinishedSuccessfully, JobState::Done),
            "Failed" => (TaskState::FinishedUnsuccessfully, JobState::Failed),
            "Canceled" => (TaskState::Aborted, JobState::Failed),
            other => {
                let other = clean_name(other);
                (TaskState::from_word(&other), JobState::from_word(&other))
            }
        };
        let error = words_of_result(wire.job_result.get());
        Some(Task {
            key: TaskKey {
                cloud: self.cloud.clone(),
                id: uuid.into(),
            },
            vm: id(wire.target_resource_uuid.get()).map(|vm| VmKey::new(self.cloud, vm)),
            kind: kind.clone(),
            state,
            created_at: moment(wire.create_date.get(), self.zone),
            updated_at: moment(wire.last_op_date.get(), self.zone),
            user: None,
            jobs: vec![Job {
                id: uuid.into(),
                kind,
                state: step,
                rollback_state: JobState::Unknown,
                description: error.or_else(|| own(wire.name.get())),
            }],
            watched_here: false,
            subject: None,
            acknowledgeable: false,
            locator: format!("{LONG_JOB}{uuid}").into(),
        })
    }

    /// What waits or runs on a VM; `None` for an entry that belongs to no job.
    pub fn queued(&self, wire: &Queued<'_>, vm: &VmKey, runs: bool) -> Option<Task> {
        let job = id(wire.api_id.get())?;
        let kind = TaskKind::new(&api_kind(wire.api_name.get().unwrap_or("UNKNOWN")));
        let locator = format!("{QUEUE}{}:{job}:{kind}", vm.id).into();
        Some(Task {
            key: TaskKey {
                cloud: self.cloud.clone(),
                id: job.into(),
            },
            vm: Some(vm.clone()),
            kind: kind.clone(),
            state: if runs {
                TaskState::Started
            } else {
                TaskState::Pending
            },
            // The server tells how long ago, by its own clock; a time made from that would be another at each asking.
            created_at: None,
            updated_at: None,
            user: None,
            jobs: vec![Job {
                id: job.into(),
                kind,
                state: if runs {
                    JobState::Started
                } else {
                    JobState::Pending
                },
                rollback_state: JobState::Unknown,
                description: own(wire.name.get()),
            }],
            watched_here: false,
            subject: None,
            acknowledgeable: false,
            locator,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::api_kind;

    #[test]
    fn messages_are_told_in_abiquos_words_where_it_has_one() {
        for (message, kind) in [
            ("org.zstack.header.vm.APIStopVmInstanceMsg", "POWER_OFF"),
            ("APIMigrateVmMsg", "RELOCATE"),
            ("APIAddImageMsg", "ADD_IMAGE"),
            ("APICreateL3NetworkMsg", "CREATE_L3_NETWORK"),
            ("", "UNKNOWN"),
            ("odd\u{1b}[1m", "ODD[1M"),
        ] {
            assert_eq!(api_kind(message), kind);
        }
    }
}
