//! Long operations and their steps: tasks and jobs.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::vm::{CloudName, VmKey};
use super::wire_word::wire_words;

wire_words! {
    /// The state of a task, in Abiquo's spelling on every cloud.
    TaskState {
        /// Waits for its turn.
        Pending = "PENDING",
        /// Runs.
        Started = "STARTED",
        /// Ended well.
        FinishedSuccessfully = "FINISHED_SUCCESSFULLY",
        /// Failed; nobody has acknowledged it yet.
        FinishedUnsuccessfully = "FINISHED_UNSUCCESSFULLY",
        /// Held by workflow until somebody approves or rejects it.
        Queueing = "QUEUEING",
        /// Stopped before its end.
        Aborted = "ABORTED",
        /// Rejected by workflow.
        Cancelled = "CANCELLED",
        /// Failed, and acknowledged.
        AckError = "ACK_ERROR",
    }
}

impl TaskState {
    /// Whether nothing more will happen to it. A word that is not known is not an end.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::FinishedSuccessfully
                | Self::FinishedUnsuccessfully
                | Self::Aborted
                | Self::Cancelled
                | Self::AckError
        )
    }

    /// Whether it ended otherwise than was asked, acknowledged or not.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::FinishedUnsuccessfully | Self::Aborted | Self::Cancelled | Self::AckError
        )
    }

    /// The word a person reads (the platform's own interface has these).
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "Waiting",
            Self::Started => "In progress",
            Self::FinishedSuccessfully => "Completed",
            Self::FinishedUnsuccessfully => "Failed",
            Self::Queueing => "Waiting to be reviewed",
            Self::Aborted => "Aborted",
            Self::Cancelled => "Rejected",
            Self::AckError => "Failed, acknowledged",
            Self::Other(word) => word,
        }
    }
}

wire_words! {
    /// The state of a job, and of its rollback, in Abiquo's spelling.
    JobState {
        /// Not begun.
        Pending = "PENDING",
        /// Runs.
        Started = "STARTED",
        /// Ended well.
        Done = "DONE",
        /// Failed: its task fails with it.
        Failed = "FAILED",
        /// Passed over.
        Skipped = "SKIPPED",
        /// Being undone.
        RollbackStarted = "ROLLBACK_STARTED",
        /// Undone.
        RollbackDone = "ROLLBACK_DONE",
        /// Nothing to say; the rollback state of a job that was never rolled back.
        Unknown = "UNKNOWN",
    }
}

impl JobState {
    /// Whether the job is over and did what it should (or had nothing to do).
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// What a task or a job does, by Abiquo's word for it: `POWER_OFF`. A word that is not known is shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskKind(Arc<str>);

/// Word of the wire, what a person calls it, what is shown while it runs.
const KINDS: &[(&str, &str, &str)] = &[
    ("DEPLOY", "Deploy", "Deploying"),
    ("UNDEPLOY", "Undeploy", "Undeploying"),
    ("RECONFIGURE", "Reconfigure", "Reconfiguring"),
    ("POWER_ON", "Power on", "Powering on"),
    ("POWER_OFF", "Power off", "Powering off"),
    // Events write these two without the break.
    ("POWERON", "Power on", "Powering on"),
    ("POWEROFF", "Power off", "Powering off"),
    ("SHUTDOWN", "Shut down", "Shutting down"),
    ("PAUSE", "Pause", "Pausing"),
    ("RESUME", "Resume", "Resuming"),
    ("RESET", "Reset", "Resetting"),
    ("REBOOT", "Reboot", "Rebooting"),
    ("PROTECT", "Protect", "Protecting"),
    ("UNPROTECT", "Unprotect", "Releasing"),
    ("INSTANCE", "Snapshot", "Taking a snapshot"),
    ("SNAPSHOT", "Snapshot", "Taking a snapshot"),
    ("RELOCATE", "Relocate", "Relocating"),
    ("DELETE", "Delete", "Deleting"),
    ("SUSPEND", "Suspend", "Suspending"),
    ("RESTORE", "Restore", "Restoring"),
    ("SCHEDULE", "Schedule", "Selecting hypervisor"),
    ("CONFIGURE", "Configure", "Copying & attaching disk"),
    ("DECONFIGURE", "Deconfigure", "Releasing resources"),
    ("FREE_RESOURCES", "Free resources", "Freeing resources"),
    ("UPDATE_RESOURCES", "Update resources", "Updating resources"),
    ("REFRESH", "Refresh", "Refreshing resources"),
    ("REGISTER_VM", "Register", "Registering"),
    ("TRANSACTION", "Transaction", "Transaction running"),
    ("MOVE", "Move", "Moving"),
    ("MOVE_TO_VAPP", "Move", "Moving"),
    ("RESTRICT", "Restrict", "Restricting"),
    ("RELEASE", "Release", "Letting go"),
    ("ADD_IMAGE", "Add image", "Adding an image"),
    ("EXPUNGE_VM_INSTANCE", "Expunge", "Expunging"),
    // What events alone tell of.
    ("DEPLOY_FINISH", "Deployed", "Deployed"),
    ("UNDEPLOY_FINISH", "Undeployed", "Undeployed"),
    ("INSTANCE_START", "Snapshot", "Taking a snapshot"),
    ("INSTANCE_FINISH", "Snapshot taken", "Snapshot taken"),
    ("REQUEST_ACCESS", "Remote access", "Remote access"),
    ("VSM_CHANGE_STATE", "State changed", "State changed"),
    ("VSM_VM_MOVED", "Host changed", "Host changed"),
];

impl TaskKind {
    /// The kind of a wire word.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self(Arc::from(word))
    }

    /// The word as it travels: `POWER_OFF`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a person calls it: `Power off`.
    #[must_use]
    pub fn title(&self) -> &str {
        KINDS
            .iter()
            .find(|(word, ..)| *word == &*self.0)
            .map_or(&self.0, |(_, title, _)| title)
    }

    /// Whether it is a word of a machine's that has no title here: `compute_stop_instance`.
    fn is_code(&self) -> bool {
        let known = KINDS.iter().any(|(word, ..)| *word == &*self.0);
        !known && self.0.contains('_') && !self.0.contains(' ')
    }

    /// What is shown while it runs: `Powering off`.
    #[must_use]
    pub fn progress(&self) -> &str {
        KINDS
            .iter()
            .find(|(word, ..)| *word == &*self.0)
            .map_or(&self.0, |(.., progress)| progress)
    }
}

/// A word of the wire that has no title here, as people write: `Create image` for `CREATE_IMAGE`. What has a small letter in it was
/// written for people already.
#[must_use]
pub fn spoken(word: &str) -> Cow<'_, str> {
    if word.chars().any(char::is_lowercase) || !word.chars().any(char::is_uppercase) {
        return Cow::Borrowed(word);
    }
    let parts = word.split(['_', ' ']).filter(|part| !part.is_empty());
    let mut text = String::with_capacity(word.len());
    for part in parts {
        if !text.is_empty() {
            text.push(' ');
        }
        let lower = part.to_lowercase();
        let mut chars = lower.chars();
        if part == "VM" || part == "VMS" {
            text.push_str("VM");
            text.push_str(&lower[2..]);
        } else if let Some(first) = chars.next().filter(|_| text.is_empty()) {
            text.extend(first.to_uppercase());
            text.push_str(chars.as_str());
        } else {
            text.push_str(&lower);
        }
    }
    Cow::Owned(text)
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One step of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The cloud's id of it; opaque.
    pub id: Arc<str>,
    /// What it does.
    pub kind: TaskKind,
    /// How far it is.
    pub state: JobState,
    /// How far its undoing is; `Unknown` when it was never undone.
    pub rollback_state: JobState,
    /// What the cloud says it does, in its own words.
    pub description: Option<Arc<str>>,
}

/// What names a task: its cloud and the cloud's id of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskKey {
    /// The cloud it runs on.
    pub cloud: CloudName,
    /// The cloud's id of it, as text.
    pub id: Arc<str>,
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cloud, self.id)
    }
}

/// A long operation on a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What names it.
    pub key: TaskKey,
    /// The VM it works on, where it is one.
    pub vm: Option<VmKey>,
    /// What it does.
    pub kind: TaskKind,
    /// How far it is.
    pub state: TaskState,
    /// When it was asked for. Abiquo: tasks count seconds, its VMs milliseconds.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// The user who asked for it.
    pub user: Option<Arc<str>>,
    /// Its steps, in order.
    pub jobs: Vec<Job>,
    /// Whether this console made it and watches the VM, because the cloud has no task for it.
    #[serde(default)]
    pub watched_here: bool,
    /// What it works on, by name, where that is no single VM: an appliance.
    #[serde(default)]
    pub subject: Option<Arc<str>>,
    /// Whether the cloud offers to acknowledge it now (Abiquo: the link is present).
    pub acknowledgeable: bool,
    /// Where its cloud finds it again. Opaque to all but who wrote it.
    pub locator: Arc<str>,
}

impl Task {
    /// A failed task that nobody has acknowledged: the warning sign on its VM.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.state.is_failure() && self.acknowledgeable
    }

    /// Whether it still runs, or waits to.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.state.is_terminal()
    }

    /// The job that runs now; else the first that has not begun.
    #[must_use]
    pub fn current_job(&self) -> Option<&Job> {
        self.jobs
            .iter()
            .find(|job| matches!(job.state, JobState::Started | JobState::RollbackStarted))
            .or_else(|| self.jobs.iter().find(|job| job.state == JobState::Pending))
    }

    /// The job that failed.
    #[must_use]
    pub fn failed_job(&self) -> Option<&Job> {
        self.jobs.iter().find(|job| job.state == JobState::Failed)
    }

    /// Jobs that are over and went well, and all of them.
    #[must_use]
    pub fn jobs_done(&self) -> (usize, usize) {
        (
            self.jobs.iter().filter(|job| job.state.is_done()).count(),
            self.jobs.len(),
        )
    }

    /// What the VM is doing, for its row: the running job's verb, or that workflow holds the task.
    #[must_use]
    pub fn progress(&self) -> &str {
        if self.state == TaskState::Queueing {
            return self.state.word();
        }
        match self.current_job() {
            // A step that only a machine calls so says less than what it is a step of.
            Some(job) if !job.kind.is_code() || self.kind.is_code() => job.kind.progress(),
            _ => self.kind.progress(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: TaskState, jobs: &[(&str, JobState)]) -> Task {
        let cloud = CloudName::new("prod");
        Task {
            key: TaskKey {
                cloud: cloud.clone(),
                id: "t".into(),
            },
            vm: Some(VmKey::new(&cloud, "1")),
            kind: TaskKind::new("DEPLOY"),
            state,
            created_at: None,
            updated_at: None,
            user: None,
            jobs: jobs
                .iter()
                .map(|(kind, state)| Job {
                    id: (*kind).into(),
                    kind: TaskKind::new(kind),
                    state: state.clone(),
                    rollback_state: JobState::Unknown,
                    description: None,
                })
                .collect(),
            acknowledgeable: false,
            watched_here: false,
            subject: None,
            locator: "".into(),
        }
    }

    #[test]
    fn a_running_deploy_shows_the_verb_of_its_running_job() {
        let deploy = task(
            TaskState::Started,
            &[
                ("SCHEDULE", JobState::Done),
                ("CONFIGURE", JobState::Started),
                ("POWER_ON", JobState::Pending),
            ],
        );
        assert_eq!(deploy.progress(), "Copying & attaching disk");
        assert_eq!(deploy.jobs_done(), (1, 3));
    }

    #[test]
    fn a_task_held_by_workflow_waits_to_be_reviewed() {
        assert_eq!(
            task(TaskState::Queueing, &[("SCHEDULE", JobState::Pending)]).progress(),
            "Waiting to be reviewed"
        );
    }

    #[test]
    fn only_an_unacknowledged_failure_is_a_warning() {
        let mut failed = task(
            TaskState::FinishedUnsuccessfully,
            &[("SCHEDULE", JobState::Failed)],
        );
        assert!(
            !failed.is_warning(),
            "without the link there is nothing to acknowledge"
        );
        failed.acknowledgeable = true;
        assert!(failed.is_warning());
        failed.state = TaskState::FinishedSuccessfully;
        assert!(!failed.is_warning());
    }

    #[test]
    fn a_state_word_that_is_not_known_is_kept_and_is_no_end() {
        let state = TaskState::from_word("HIBERNATING");
        assert_eq!(state.as_str(), "HIBERNATING");
        assert!(!state.is_terminal());
    }

    #[test]
    fn a_word_that_has_no_title_is_written_as_people_do() {
        for (word, text) in [
            ("CREATE_L3_NETWORK", "Create l3 network"),
            ("VM", "VM"),
            ("START_VMS", "Start VMs"),
            ("HOST", "Host"),
            ("installing ci-runner-2", "installing ci-runner-2"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(spoken(word), text);
        }
    }

    #[test]
    fn what_the_clouds_do_has_a_title_in_words_of_people() {
        for word in ["MOVE", "RESTRICT", "ADD_IMAGE", "EXPUNGE_VM_INSTANCE"] {
            let kind = TaskKind::new(word);
            assert_ne!(kind.title(), word);
            assert_ne!(kind.progress(), word);
        }
    }

    #[test]
    fn known_words_round_trip() {
        for state in TaskState::KNOWN {
            assert_eq!(&TaskState::from_word(state.as_str()), state);
        }
        for state in JobState::KNOWN {
            assert_eq!(&JobState::from_word(state.as_str()), state);
        }
    }

    #[test]
    fn a_step_without_a_title_is_told_by_what_it_is_a_step_of() {
        let progress = |kind: &str, job: &str| {
            let mut task = task(TaskState::Started, &[(job, JobState::Started)]);
            task.kind = TaskKind::new(kind);
            task.progress().to_owned()
        };
        assert_eq!(
            progress("SHUTDOWN", "compute_stop_instance"),
            "Shutting down"
        );
        assert_eq!(progress("DEPLOY", "POWER_ON"), "Powering on");
        assert_eq!(
            progress("TRANSACTION", "installing web-01 (54 %)"),
            "installing web-01 (54 %)"
        );
        assert_eq!(progress("SOME_THING", "other_thing"), "other_thing");
    }
}
