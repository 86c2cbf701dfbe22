//! What can be done to a VM (5.2, 5.3), and how it then goes on.

use super::answer::Refusal;
use super::estate::Power;
use super::events::Severity;
use super::fleet::paced;
use super::platform::Platform;
use super::tasks::{Job, JobState, Outcome, Plan, Task, TaskState, Work};
use crate::demo::identity::{Uuid, mix};

/// How long a task waits before its first job starts, milliseconds.
const PENDING_MS: i64 = 400;

/// A power change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Power on, or resume what is paused.
    On,
    /// Hard power off; deallocates in Azure.
    Off,
    /// Ask the guest to stop.
    Shutdown,
    /// Suspend.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Restart hard.
    Reset,
}

impl Change {
    /// The task's type.
    fn work(self) -> Work {
        match self {
            Self::On => Work::PowerOn,
            Self::Off => Work::PowerOff,
            Self::Shutdown => Work::Shutdown,
            Self::Pause => Work::Pause,
            Self::Resume => Work::Resume,
            Self::Reset => Work::Reset,
        }
    }

    fn result(self) -> Power {
        match self {
            Self::On | Self::Resume | Self::Reset => Power::On,
            Self::Off | Self::Shutdown => Power::Off,
            Self::Pause => Power::Paused,
        }
    }

    /// The usual duration, milliseconds.
    fn usual_ms(self) -> i64 {
        match self {
            Self::On | Self::Reset => 4_000,
            Self::Off | Self::Pause | Self::Resume => 3_000,
            Self::Shutdown => 6_000,
        }
    }
}

impl Platform {
    /// What a change comes down to in the VM's state: asking a paused VM to be on resumes it.
    ///
    /// # Errors
    /// 409 with the documented code when there is no way from here.
    pub fn reachable(&self, vm: usize, change: Change) -> Result<Change, Refusal> {
        let unreachable =
            || Refusal::conflict("VM-4", "that state cannot be reached from the current one");
        match (change, self.power(vm)) {
            (Change::On, Power::Paused) => Ok(Change::Resume),
            (Change::On, Power::Off | Power::Configured) => Ok(Change::On),
            (Change::On, Power::NotAllocated | Power::Allocated) => {
                Err(Refusal::conflict("VM-11", "this VM is not on a hypervisor"))
            }
            (Change::Pause, Power::On) if self.estate.location_of(vm).is_azure() => Err(
                Refusal::conflict("VM-6", "this hypervisor cannot pause a VM"),
            ),
            (Change::Off | Change::Shutdown | Change::Pause | Change::Reset, Power::On) => {
                Ok(change)
            }
            (Change::Reset, _) => Err(Refusal::conflict(
                "VM-26",
                "only a VM that is on can be reset",
            )),
            _ => Err(unreachable()),
        }
    }

    /// Starts a change that is reachable: locks the VM and returns the task to follow.
    pub fn start(&mut self, vm: usize, change: Change, user: usize, now_ms: i64) -> Uuid {
        let (uuid, context) = (self.fresh(), self.fresh());
        let azure = self.estate.location_of(vm).is_azure();
        let label = self.estate.vms[vm].label.to_string();
        let was_deallocated = self.estate.vms[vm].deallocated;
        let works = match change {
            Change::Off if azure => vec![Work::PowerOff, Work::FreeResources],
            Change::On if was_deallocated => vec![Work::UpdateResources, Work::PowerOn],
            other => vec![other.work()],
        };
        let failure = (change == Change::Shutdown && !self.estate.vms[vm].guest_tools)
            .then(|| format!("Shutdown of {label} failed: guest tools are not running in the VM, so it cannot be asked to stop"));
        let power = if failure.is_some() {
            Power::On
        } else {
            change.result()
        };
        let outcome = Outcome {
            power,
            deallocated: azure && change == Change::Off,
            failure,
        };
        let queued = format!(
            "State change of {label} to {} queued",
            change.result().word()
        );

        let task = Task {
            uuid,
            user,
            work: change.work(),
            vm,
            state: TaskState::Pending,
            created_ms: now_ms,
            updated_ms: now_ms,
            jobs: works.iter().map(|&work| pending(work, now_ms)).collect(),
            plan: Some(self.plan(change, works.len(), outcome, now_ms)),
            context,
        };
        self.estate.vms[vm].power = Power::Locked;
        self.keep(task);
        self.note(now_ms, Severity::Info, "STATE", vm, user, context, queued);
        uuid
    }

    /// The jobs share the time evenly, up to a fifth more or less than usual.
    fn plan(&self, change: Change, jobs: usize, outcome: Outcome, now_ms: i64) -> Plan {
        let jobs = i64::try_from(jobs).unwrap_or(1);
        let usual_ms = change.usual_ms() * jobs;
        let scatter = (mix(self.estate.seed ^ now_ms.unsigned_abs()) % 401) as i64 - 200;
        let length_ms = usual_ms + usual_ms * scatter / 1_000;
        let start = |job: i64| now_ms + paced(PENDING_MS + length_ms * job / jobs, self.pace);
        Plan {
            starts_ms: (0..jobs).map(start).collect(),
            end_ms: start(jobs),
            outcome,
        }
    }

    /// Protects a VM: at once, without a task.
    pub fn protect(&mut self, vm: usize, cause: String, user: usize, now_ms: i64) {
        let message = format!(
            "{} protected by {}, cause: {cause}",
            self.named(vm),
            self.estate.users[user].full_name()
        );
        self.estate.protections.insert(vm, cause);
        let context = self.fresh();
        self.note(
            now_ms,
            Severity::Info,
            "PROTECT",
            vm,
            user,
            context,
            message,
        );
    }

    /// Releases a VM.
    pub fn unprotect(&mut self, vm: usize, user: usize, now_ms: i64) {
        let message = format!(
            "{} unprotected by {}",
            self.named(vm),
            self.estate.users[user].full_name()
        );
        self.estate.protections.remove(&vm);
        let context = self.fresh();
        self.note(
            now_ms,
            Severity::Info,
            "UNPROTECT",
            vm,
            user,
            context,
            message,
        );
    }

    /// Marks a failed task as seen: its warning is gone.
    pub fn acknowledge(&mut self, vm: usize, task: Uuid, now_ms: i64) {
        if let Some(task) = self.task_mut(vm, task) {
            task.state = TaskState::AckError;
            task.updated_ms = now_ms;
        }
    }
}

fn pending(work: Work, now_ms: i64) -> Job {
    Job {
        work,
        state: JobState::Pending,
        rollback: JobState::Unknown,
        updated_ms: now_ms,
    }
}
