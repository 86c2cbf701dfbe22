//! What can be done to a VM (5.2, 5.3), and how it then goes on.

use super::answer::Refusal;
use super::estate::Power;
use super::events::Severity;
use super::fleet::paced;
use super::platform::Platform;
use super::tasks::{Failure, Held, Job, JobState, Outcome, Plan, Removal, Task, TaskState, Work};
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
}

/// What runs on a VM as a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A power change.
    Change(Change),
    /// Find a host, create the VM on it, power it on.
    Deploy,
    /// Take the VM off its host.
    Undeploy,
    /// Take the VM off its host, then forget it.
    Delete,
    /// Forget an imported VM and leave it where it is.
    Release,
    /// Move the running VM to a host, by position in its location.
    Relocate(u8),
    /// Make a template of the VM, with this name.
    Instance(String),
}

impl Operation {
    /// The operation that a task in the fleet's file stands for, when it is one that waits for a review.
    pub fn of(work: Work) -> Option<Self> {
        match work {
            Work::Deploy => Some(Self::Deploy),
            Work::Undeploy => Some(Self::Undeploy),
            _ => None,
        }
    }

    /// The task's type.
    fn work(&self) -> Work {
        match self {
            Self::Change(change) => change.work(),
            Self::Deploy => Work::Deploy,
            Self::Undeploy => Work::Undeploy,
            Self::Delete | Self::Release => Work::Delete,
            Self::Relocate(_) => Work::Relocate,
            Self::Instance(_) => Work::Instance,
        }
    }

    /// Deploys and undeploys wait where the tenant has its requests reviewed (10).
    fn is_reviewed(&self) -> bool {
        matches!(self, Self::Deploy | Self::Undeploy)
    }
}

/// The usual duration of a job, milliseconds.
fn usual_ms(work: Work) -> i64 {
    match work {
        Work::Schedule => 2_000,
        Work::PowerOn | Work::Reset | Work::UpdateResources => 4_000,
        Work::Shutdown | Work::Configure | Work::Instance => 6_000,
        Work::Relocate => 8_000,
        _ => 3_000,
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

    /// Starts an operation that is possible, or has it wait for a review: locks the VM and returns the task to
    /// follow.
    pub fn start(&mut self, vm: usize, operation: Operation, user: usize, now_ms: i64) -> Uuid {
        let (uuid, context) = (self.fresh(), self.fresh());
        let before = self.power(vm);
        let works = self.works(vm, &operation, before);
        let mut task = Task {
            uuid,
            user,
            work: operation.work(),
            vm,
            state: TaskState::Pending,
            created_ms: now_ms,
            updated_ms: now_ms,
            jobs: works.iter().map(|&work| pending(work, now_ms)).collect(),
            plan: None,
            held: None,
            context,
        };
        let workflow = self.estate.enterprises[self.estate.enterprise_of(vm)].workflow;
        let told = if workflow && operation.is_reviewed() {
            let waits = self.waits(vm, task.work);
            task.state = TaskState::Queueing;
            task.held = Some(Held { operation, before });
            Some(waits)
        } else {
            let asked = self.asked(vm, &operation);
            task.plan = Some(self.launch(vm, &operation, &works, before, now_ms));
            asked
        };
        self.estate.vms[vm].power = Power::Locked;
        self.keep(task);
        if let Some((action, message)) = told {
            self.note(now_ms, Severity::Info, action, vm, user, context, message);
        }
        uuid
    }

    /// Decides how an operation goes on from now.
    pub(super) fn launch(
        &mut self,
        vm: usize,
        operation: &Operation,
        works: &[Work],
        before: Power,
        now_ms: i64,
    ) -> Plan {
        let outcome = self.outcome(vm, operation, before);
        if *operation == Operation::Deploy && outcome.failure.is_none() {
            // Shown once the job that looks for a host is done.
            let hosts = self.estate.location_of(vm).hosts.len().max(1) as u64;
            self.estate.vms[vm].host = (mix(self.estate.seed ^ mix(vm as u64)) % hosts) as u8;
        }
        self.plan(works, outcome, now_ms)
    }

    /// The jobs of an operation.
    fn works(&self, vm: usize, operation: &Operation, before: Power) -> Vec<Work> {
        let azure = self.estate.location_of(vm).is_azure();
        match operation {
            Operation::Change(Change::Off) if azure => vec![Work::PowerOff, Work::FreeResources],
            Operation::Change(Change::On) if self.estate.vms[vm].deallocated => {
                vec![Work::UpdateResources, Work::PowerOn]
            }
            Operation::Deploy => vec![Work::Schedule, Work::Configure, Work::PowerOn],
            Operation::Undeploy | Operation::Delete => match before {
                Power::On => vec![Work::PowerOff, Work::Deconfigure, Work::FreeResources],
                Power::Off | Power::Paused | Power::Configured => {
                    vec![Work::Deconfigure, Work::FreeResources]
                }
                _ => vec![Work::FreeResources],
            },
            Operation::Release => vec![Work::FreeResources],
            other => vec![other.work()],
        }
    }

    fn outcome(&self, vm: usize, operation: &Operation, before: Power) -> Outcome {
        let one = &self.estate.vms[vm];
        match operation {
            Operation::Change(Change::Shutdown) if !one.guest_tools => Outcome {
                failure: Some(Failure {
                    job: 0,
                    message: format!(
                        "Shutdown of {} failed: guest tools are not running in the VM, so it cannot be asked to stop",
                        one.label
                    ),
                    error: None,
                }),
                ..Outcome::of(before)
            },
            Operation::Change(change) => Outcome {
                deallocated: *change == Change::Off && self.estate.location_of(vm).is_azure(),
                ..Outcome::of(change.result())
            },
            Operation::Deploy if one.traits.no_room => Outcome {
                failure: Some(Failure {
                    job: 0,
                    message: self.no_room(vm),
                    error: Some(("ALLOC-0", "not enough resources")),
                }),
                ..Outcome::of(Power::NotAllocated)
            },
            Operation::Deploy => Outcome::of(Power::On),
            Operation::Undeploy => Outcome::of(Power::NotAllocated),
            Operation::Delete => Outcome {
                removal: Some(Removal::Deleted),
                ..Outcome::of(Power::NotAllocated)
            },
            Operation::Release => Outcome {
                removal: Some(Removal::Released),
                ..Outcome::of(Power::NotAllocated)
            },
            Operation::Relocate(host) => Outcome {
                host: Some(*host),
                ..Outcome::of(before)
            },
            Operation::Instance(_) => Outcome {
                deallocated: one.deallocated,
                ..Outcome::of(before)
            },
        }
    }

    /// Why no host takes a VM, as the events tell it.
    fn no_room(&self, vm: usize) -> String {
        let one = &self.estate.vms[vm];
        let hosts = &self.estate.location_of(vm).hosts;
        format!(
            "{} hosts were considered and none has room (CPU and RAM oversubscription, or no datastore with enough \
             free space). Review the workload rules or add capacity. The VM asks for {} CPU and {} MB of RAM. \
             Hosts considered: {}.",
            hosts.len(),
            one.cpu,
            one.ram_mib,
            hosts.join(", ")
        )
    }

    /// The event of an operation that was asked for: its action and text. Some tell only how they ended.
    fn asked(&self, vm: usize, operation: &Operation) -> Option<(&'static str, String)> {
        let label = &self.estate.vms[vm].label;
        match operation {
            Operation::Change(change) => {
                let word = change.result().word();
                Some(("STATE", format!("State change of {label} to {word} queued")))
            }
            Operation::Deploy => Some(("DEPLOY", format!("Deploy of {label} requested"))),
            Operation::Undeploy => Some(("UNDEPLOY", format!("Undeploy of {label} requested"))),
            Operation::Instance(name) => Some((
                "INSTANCE_START",
                format!("Instance {name} of {label} requested"),
            )),
            Operation::Delete | Operation::Release | Operation::Relocate(_) => None,
        }
    }

    /// The event of a request that waits for a review.
    fn waits(&self, vm: usize, work: Work) -> (&'static str, String) {
        let label = &self.estate.vms[vm].label;
        match work {
            Work::Undeploy => (
                "WORKFLOW_UNDEPLOY_SEND",
                format!("Undeploy of {label} waits to be reviewed"),
            ),
            _ => (
                "WORKFLOW_DEPLOY_SEND",
                format!("Deploy of {label} waits to be reviewed"),
            ),
        }
    }

    /// The jobs follow each other, up to a fifth faster or slower than usual. A failure ends the task with its job.
    fn plan(&self, works: &[Work], outcome: Outcome, now_ms: i64) -> Plan {
        let scatter = (mix(self.estate.seed ^ now_ms.unsigned_abs()) % 401) as i64 - 200;
        let at = |after_ms: i64| now_ms + paced(after_ms, self.pace);
        let mut after_ms = PENDING_MS;
        let mut starts_ms = Vec::with_capacity(works.len());
        let mut ends_ms = Vec::with_capacity(works.len());
        for &work in works {
            starts_ms.push(at(after_ms));
            after_ms += usual_ms(work) + usual_ms(work) * scatter / 1_000;
            ends_ms.push(at(after_ms));
        }
        let last = outcome.failure.as_ref().map(|failure| failure.job);
        let last = last.unwrap_or(works.len().saturating_sub(1));
        let end_ms = ends_ms.get(last).copied().unwrap_or(now_ms);
        for start in &mut starts_ms {
            *start = end_ms.min(*start);
        }
        Plan {
            starts_ms,
            end_ms,
            outcome,
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
