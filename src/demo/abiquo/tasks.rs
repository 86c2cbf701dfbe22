//! Tasks and their jobs. A running task is a plan: what it looks like is computed from the time of asking.

use serde::Deserialize;

use super::estate::Power;
use super::operations::Operation;
use crate::demo::identity::Uuid;

/// What a task or a job does (7.2); both share their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Work {
    Deploy,
    Undeploy,
    Delete,
    Relocate,
    Instance,
    Reconfigure,
    PowerOn,
    PowerOff,
    Pause,
    Resume,
    Reset,
    Shutdown,
    Schedule,
    Configure,
    Deconfigure,
    FreeResources,
    UpdateResources,
}

impl Work {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "DEPLOY",
            Self::Undeploy => "UNDEPLOY",
            Self::Delete => "DELETE",
            Self::Relocate => "RELOCATE",
            Self::Instance => "INSTANCE",
            Self::Reconfigure => "RECONFIGURE",
            Self::PowerOn => "POWER_ON",
            Self::PowerOff => "POWER_OFF",
            Self::Pause => "PAUSE",
            Self::Resume => "RESUME",
            Self::Reset => "RESET",
            Self::Shutdown => "SHUTDOWN",
            Self::Schedule => "SCHEDULE",
            Self::Configure => "CONFIGURE",
            Self::Deconfigure => "DECONFIGURE",
            Self::FreeResources => "FREE_RESOURCES",
            Self::UpdateResources => "UPDATE_RESOURCES",
        }
    }
}

/// The state of a task (7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskState {
    Pending,
    Started,
    FinishedSuccessfully,
    FinishedUnsuccessfully,
    Queueing,
    Cancelled,
    AckError,
}

impl TaskState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Started => "STARTED",
            Self::FinishedSuccessfully => "FINISHED_SUCCESSFULLY",
            Self::FinishedUnsuccessfully => "FINISHED_UNSUCCESSFULLY",
            Self::Queueing => "QUEUEING",
            Self::Cancelled => "CANCELLED",
            Self::AckError => "ACK_ERROR",
        }
    }
}

/// The state of a job, and of its rollback (7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    Pending,
    Started,
    Done,
    Failed,
    Skipped,
    RollbackDone,
    Unknown,
}

impl JobState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Started => "STARTED",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Skipped => "SKIPPED",
            Self::RollbackDone => "ROLLBACK_DONE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One step of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// What it does.
    pub work: Work,
    /// How far it is.
    pub state: JobState,
    /// `Unknown` when nothing was rolled back.
    pub rollback: JobState,
    /// Milliseconds.
    pub updated_ms: i64,
}

/// How a VM leaves the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nothing of it is left.
    Deleted,
    /// It stays on its hypervisor, where it was imported from.
    Released,
}

/// What a running task leads to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The VM's power state afterwards.
    pub power: Power,
    /// Whether it is deallocated afterwards.
    pub deallocated: bool,
    /// The host it then runs on, by position in its location, when it moves.
    pub host: Option<u8>,
    /// How the VM is gone afterwards, when it is.
    pub removal: Option<Removal>,
    /// What goes wrong, when something does.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// Nothing but another power state.
    pub fn of(power: Power) -> Self {
        Self {
            power,
            deallocated: false,
            host: None,
            removal: None,
            failure: None,
        }
    }
}

/// How a task fails: those of its jobs that were to follow are skipped.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The job that fails, by position.
    pub job: usize,
    /// The tracer text.
    pub message: String,
    /// An error code of the API and its meaning.
    pub error: Option<(&'static str, &'static str)>,
}

/// A request that waits for a review (10).
#[derive(Debug, Clone)]
pub struct Held {
    /// What runs once somebody lets it.
    pub operation: Operation,
    /// The power state that the VM returns to when somebody does not.
    pub before: Power,
}

/// How a running task goes on.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When each job starts, milliseconds, in the order of the jobs.
    pub starts_ms: Vec<i64>,
    /// When the last one ends.
    pub end_ms: i64,
    /// What then becomes of the VM.
    pub outcome: Outcome,
}

/// A task of a VM.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub uuid: Uuid,
    /// Who asked for it, by position.
    pub user: usize,
    /// What it does.
    pub work: Work,
    /// The VM, by position.
    pub vm: usize,
    /// The state, unless a plan runs.
    pub state: TaskState,
    /// Milliseconds.
    pub created_ms: i64,
    /// The last change, unless a plan runs; milliseconds.
    pub updated_ms: i64,
    /// Its steps.
    pub jobs: Vec<Job>,
    /// Set while it runs.
    pub plan: Option<Plan>,
    /// Set while it waits for a review.
    pub held: Option<Held>,
    /// Ties the events of the operation together.
    pub context: Uuid,
}

impl Task {
    /// The task as it is at a time: running jobs are moved on, the rest is as stored.
    pub fn at(&self, now_ms: i64) -> (TaskState, i64, Vec<Job>) {
        let Some(plan) = &self.plan else {
            return (self.state, self.updated_ms, self.jobs.clone());
        };
        let mut updated_ms = self.created_ms;
        let mut started = false;
        let mut jobs = self.jobs.clone();
        for (at, job) in jobs.iter_mut().enumerate() {
            let starts = plan.starts_ms.get(at).copied().unwrap_or(plan.end_ms);
            let ends = plan.starts_ms.get(at + 1).copied().unwrap_or(plan.end_ms);
            job.state = if now_ms >= ends {
                JobState::Done
            } else if now_ms >= starts {
                JobState::Started
            } else {
                JobState::Pending
            };
            if now_ms >= starts {
                started = true;
                job.updated_ms = if now_ms >= ends { ends } else { starts };
                updated_ms = job.updated_ms;
            }
        }
        let state = if started {
            TaskState::Started
        } else {
            TaskState::Pending
        };
        (state, updated_ms, jobs)
    }

    /// Ends a running task: a job fails when the plan says so, and is rolled back; what was to follow is skipped.
    /// Returns the plan that it followed.
    pub fn finish(&mut self) -> Option<Plan> {
        let plan = self.plan.take()?;
        let failing = plan.outcome.failure.as_ref().map(|failure| failure.job);
        for (at, job) in self.jobs.iter_mut().enumerate() {
            (job.state, job.rollback) = match failing {
                Some(failing) if at == failing => (JobState::Failed, JobState::RollbackDone),
                Some(failing) if at > failing => (JobState::Skipped, JobState::Unknown),
                _ => (JobState::Done, JobState::Unknown),
            };
            job.updated_ms = plan.starts_ms.get(at + 1).copied().unwrap_or(plan.end_ms);
        }
        self.state = match failing {
            Some(_) => TaskState::FinishedUnsuccessfully,
            None => TaskState::FinishedSuccessfully,
        };
        self.updated_ms = plan.end_ms;
        Some(plan)
    }

    /// Whether its VM has been given a host by now: a deploy looks for one first.
    pub fn has_host(&self, now_ms: i64) -> bool {
        if self.held.is_some() {
            return self.work != Work::Deploy;
        }
        let (_, _, jobs) = self.at(now_ms);
        let found = |job: &Job| job.work != Work::Schedule || job.state == JobState::Done;
        jobs.iter().all(found)
    }

    /// Whether it failed and nobody has acknowledged it.
    pub fn is_warning(&self) -> bool {
        self.state == TaskState::FinishedUnsuccessfully
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn deploy(failing: Option<usize>) -> Task {
        let job = |work| Job {
            work,
            state: JobState::Pending,
            rollback: JobState::Unknown,
            updated_ms: 1_000,
        };
        Task {
            uuid: Uuid::new(1, 1, 1),
            user: 0,
            work: Work::Deploy,
            vm: 0,
            state: TaskState::Pending,
            created_ms: 1_000,
            updated_ms: 1_000,
            jobs: vec![
                job(Work::Schedule),
                job(Work::Configure),
                job(Work::PowerOn),
            ],
            plan: Some(Plan {
                starts_ms: vec![1_500, 3_000, 6_000],
                end_ms: 8_000,
                outcome: Outcome {
                    failure: failing.map(|job| Failure {
                        job,
                        message: "no room".to_owned(),
                        error: None,
                    }),
                    ..Outcome::of(Power::On)
                },
            }),
            held: None,
            context: Uuid::new(1, 1, 2),
        }
    }

    fn states(task: &Task, now_ms: i64) -> (TaskState, Vec<JobState>) {
        let (state, _, jobs) = task.at(now_ms);
        (state, jobs.iter().map(|job| job.state).collect())
    }

    #[test]
    fn jobs_move_from_pending_over_started_to_done() {
        use JobState::{Done, Pending, Started};
        let task = deploy(None);
        assert_eq!(
            states(&task, 1_200),
            (TaskState::Pending, vec![Pending, Pending, Pending])
        );
        assert_eq!(
            states(&task, 1_500),
            (TaskState::Started, vec![Started, Pending, Pending])
        );
        assert_eq!(
            states(&task, 4_000),
            (TaskState::Started, vec![Done, Started, Pending])
        );
        assert_eq!(
            states(&task, 7_999),
            (TaskState::Started, vec![Done, Done, Started])
        );
    }

    #[test]
    fn the_job_that_fails_is_rolled_back_and_those_after_it_are_skipped() {
        use JobState::{Done, Failed, RollbackDone, Skipped, Unknown};
        for (failing, expected) in [
            (
                2,
                [(Done, Unknown), (Done, Unknown), (Failed, RollbackDone)],
            ),
            (
                0,
                [
                    (Failed, RollbackDone),
                    (Skipped, Unknown),
                    (Skipped, Unknown),
                ],
            ),
        ] {
            let mut task = deploy(Some(failing));
            task.finish().unwrap();
            assert!(task.is_warning());
            assert_eq!(task.updated_ms, 8_000);
            let jobs: Vec<_> = task
                .jobs
                .iter()
                .map(|job| (job.state, job.rollback))
                .collect();
            assert_eq!(jobs, expected);
            assert!(task.finish().is_none(), "a task ends once");
        }
    }

    #[test]
    fn a_deploy_has_no_host_before_one_is_chosen() {
        let task = deploy(None);
        assert!(!task.has_host(2_000));
        assert!(task.has_host(3_000));
    }
}
