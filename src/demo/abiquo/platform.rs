//! The cloud as it is now: what exists, what runs, what happened. Time is not a thread here: whoever asks first
//! moves the cloud on to the present.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::estate::{ApplianceState, Estate, FIRST_VM, Power, id};
use super::events::{Event, EventLog, Severity, Target};
use super::fleet::Fleet;
use super::tasks::{Task, TaskState, Work};
use crate::demo::identity::Uuid;

/// How many tasks of one VM are kept.
const TASKS_KEPT: usize = 50;

/// Everything that changes, under one lock.
pub struct Platform {
    /// What exists.
    pub estate: Estate,
    /// The tasks of each VM that has any, oldest first.
    tasks: HashMap<usize, Vec<Task>>,
    /// What happened.
    pub events: EventLog,
    /// When running tasks end, and on which VM: the next one on top.
    due: BinaryHeap<Reverse<(i64, usize)>>,
    /// All VMs in the order of their names.
    by_name: Vec<u32>,
    /// The same, without those in restricted appliances.
    open_by_name: Vec<u32>,
    /// How much faster than normal operations run.
    pub(super) pace: f64,
    /// How many identifiers were given out.
    given: u64,
}

impl Platform {
    /// A platform that starts as the fleet says.
    pub fn new(fleet: Fleet, pace: f64) -> Self {
        let estate = fleet.estate;
        let mut by_name: Vec<u32> = (0..estate.vms.len())
            .filter_map(|at| u32::try_from(at).ok())
            .collect();
        by_name.sort_by(|&a, &b| {
            let label = |at: u32| &estate.vms[at as usize].label;
            label(a).cmp(label(b)).then(a.cmp(&b))
        });
        let is_open =
            |&at: &u32| !estate.appliances[estate.vms[at as usize].appliance as usize].restricted;
        let open_by_name = by_name.iter().copied().filter(is_open).collect();
        let mut platform = Self {
            estate,
            tasks: HashMap::new(),
            events: EventLog::default(),
            due: BinaryHeap::new(),
            by_name,
            open_by_name,
            pace,
            given: 0,
        };
        for task in fleet.tasks {
            platform.keep(task);
        }
        for event in fleet.events {
            platform.events.write(event);
        }
        platform
    }

    /// All VMs that a user may see, in the order of their names.
    pub fn vms_by_name(&self, sees_restricted: bool) -> &[u32] {
        if sees_restricted {
            &self.by_name
        } else {
            &self.open_by_name
        }
    }

    /// The state that the server reports for an appliance.
    pub fn appliance_state(&self, appliance: usize, now_ms: i64) -> ApplianceState {
        let appliance = &self.estate.appliances[appliance];
        match appliance.lagging {
            Some((state, until_ms)) if now_ms < until_ms => state,
            _ => ApplianceState::of(
                self.estate.vms[appliance.vms.clone()]
                    .iter()
                    .map(|vm| vm.power),
            ),
        }
    }

    /// The tasks of a VM, oldest first.
    pub fn tasks_of(&self, vm: usize) -> &[Task] {
        self.tasks.get(&vm).map_or(&[], Vec::as_slice)
    }

    /// One task of a VM.
    pub fn task(&self, vm: usize, uuid: Uuid) -> Option<&Task> {
        self.tasks_of(vm).iter().find(|task| task.uuid == uuid)
    }

    /// One task of a VM, to change it.
    pub(super) fn task_mut(&mut self, vm: usize, uuid: Uuid) -> Option<&mut Task> {
        self.tasks
            .get_mut(&vm)?
            .iter_mut()
            .find(|task| task.uuid == uuid)
    }

    /// Tasks that wait for a review, ordered by creation.
    pub fn pending(&self) -> Vec<&Task> {
        let waits = |task: &&Task| task.state == TaskState::Queueing && task.plan.is_none();
        let mut pending: Vec<_> = self.tasks.values().flatten().filter(waits).collect();
        pending.sort_by_key(|task| (task.created_ms, task.vm));
        pending
    }

    /// Whether a running task has ended by now, so that [`Self::advance`] has work to do.
    pub fn is_behind(&self, now_ms: i64) -> bool {
        self.due
            .peek()
            .is_some_and(|Reverse((end_ms, _))| *end_ms <= now_ms)
    }

    /// Moves the cloud on to the present: ends what has ended, in the order in which it did.
    pub fn advance(&mut self, now_ms: i64) {
        while self.is_behind(now_ms) {
            let Some(Reverse((end_ms, vm))) = self.due.pop() else {
                return;
            };
            self.end(vm, end_ms);
        }
    }

    fn end(&mut self, vm: usize, end_ms: i64) {
        let running = self
            .tasks
            .get_mut(&vm)
            .and_then(|tasks| tasks.iter_mut().find(|task| task.plan.is_some()));
        let Some(task) = running else { return };
        let Some(plan) = task.finish() else { return };
        let (work, user, context) = (task.work, task.user, task.context);
        let one = &mut self.estate.vms[vm];
        one.power = plan.outcome.power;
        one.deallocated = plan.outcome.deallocated;
        let name = one.label.to_string();
        let (severity, message) = match plan.outcome.failure {
            Some(failure) => (Severity::Error, failure),
            None => (
                Severity::Info,
                format!("{name} {}", done(work, plan.outcome.deallocated)),
            ),
        };
        self.note(
            end_ms,
            severity,
            finished_action(work),
            vm,
            user,
            context,
            message,
        );
    }

    /// Stores a task, and its end when it runs.
    pub(super) fn keep(&mut self, task: Task) {
        if let Some(plan) = &task.plan {
            self.due.push(Reverse((plan.end_ms, task.vm)));
        }
        let tasks = self.tasks.entry(task.vm).or_default();
        if tasks.len() == TASKS_KEPT {
            tasks.remove(0);
        }
        tasks.push(task);
    }

    /// Writes an event of a VM.
    #[expect(
        clippy::too_many_arguments,
        reason = "an event has this many parts, and this is the one place that sets them"
    )]
    pub(super) fn note(
        &mut self,
        at_ms: i64,
        severity: Severity,
        action: &str,
        vm: usize,
        user: usize,
        context: Uuid,
        message: String,
    ) {
        self.events.write(Event {
            id: 0,
            at_ms,
            severity,
            action: action.to_owned(),
            target: Target::Vm(vm),
            user,
            message,
            context,
            error: None,
        });
    }

    /// An identifier that was not given out before.
    pub(super) fn fresh(&mut self) -> Uuid {
        self.given += 1;
        Uuid::new(self.estate.seed, 8, self.given)
    }

    /// A VM's name with its id, as events tell it.
    pub(super) fn named(&self, vm: usize) -> String {
        format!("VM {} ({})", self.estate.vms[vm].label, id(FIRST_VM, vm))
    }

    /// The power state of a VM.
    pub(super) fn power(&self, vm: usize) -> Power {
        self.estate.vms[vm].power
    }
}

fn finished_action(work: Work) -> &'static str {
    match work {
        Work::Deploy => "DEPLOY_FINISH",
        Work::PowerOn => "POWERON",
        Work::PowerOff => "POWEROFF",
        other => other.word(),
    }
}

fn done(work: Work, deallocated: bool) -> &'static str {
    match work {
        Work::Deploy => "is deployed and on",
        Work::PowerOn => "powered on",
        Work::PowerOff if deallocated => "powered off and deallocated",
        Work::PowerOff => "powered off",
        Work::Shutdown => "shut down",
        Work::Pause => "paused",
        Work::Resume => "resumed",
        Work::Reset => "reset",
        _ => "changed",
    }
}
