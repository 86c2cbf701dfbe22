//! The cloud as it is now: what exists, what runs, what happened. Time is not a thread here: whoever asks first
//! moves the cloud on to the present.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::estate::{Appliance, ApplianceState, Estate, FIRST_VM, Power, Scope, id};
use super::events::{Event, EventLog, Severity, Target};
use super::fleet::Fleet;
use super::tasks::{Plan, Removal, Task, Work};
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
    /// All VMs there are, in the order of their names.
    by_name: Vec<u32>,
    /// The same, as far as the users of a scope see them.
    listed: HashMap<Scope, Vec<u32>>,
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
        let scopes = (0..estate.users.len()).map(|user| (estate.scope(user), Vec::new()));
        let listed = scopes.collect();
        let mut platform = Self {
            estate,
            tasks: HashMap::new(),
            events: EventLog::default(),
            due: BinaryHeap::new(),
            by_name,
            listed,
            pace,
            given: 0,
        };
        platform.relist();
        for task in fleet.tasks {
            platform.keep(task);
        }
        for event in fleet.events {
            platform.events.write(event);
        }
        platform
    }

    /// The VMs that the users of a scope see in the list of all, in the order of their names.
    pub fn vms_by_name(&self, scope: Scope) -> &[u32] {
        self.listed.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// Every VM there is, whoever it belongs to, in the order of their names.
    pub fn every_vm(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.by_name.iter().map(|&vm| vm as usize)
    }

    /// Brings the lists up to date: a VM came, went, moved or was restricted.
    pub(super) fn relist(&mut self) {
        let estate = &self.estate;
        for (scope, list) in &mut self.listed {
            let lists = |&vm: &u32| scope.lists(estate, vm as usize);
            *list = self.by_name.iter().copied().filter(lists).collect();
        }
    }

    /// Takes a VM out of everything but the history.
    pub(super) fn forget(&mut self, vm: usize) {
        let appliance = self.estate.vms[vm].appliance as usize;
        self.estate.appliances[appliance]
            .vms
            .retain(|&one| one != vm);
        self.by_name.retain(|&one| one as usize != vm);
        self.estate.protections.remove(&vm);
        self.tasks.remove(&vm);
        self.relist();
    }

    /// Puts a VM into another appliance.
    pub(super) fn rehouse(&mut self, vm: usize, appliance: usize) {
        let old = self.estate.vms[vm].appliance as usize;
        self.estate.appliances[old].vms.retain(|&one| one != vm);
        self.estate.appliances[appliance].vms.push(vm);
        // There are never as many appliances as an u32 can count.
        self.estate.vms[vm].appliance = u32::try_from(appliance).unwrap_or(u32::MAX);
        self.relist();
    }

    /// The state that the server reports for an appliance.
    pub fn appliance_state(&self, appliance: usize, now_ms: i64) -> ApplianceState {
        let appliance = &self.estate.appliances[appliance];
        match appliance.lagging {
            Some((state, until_ms)) if now_ms < until_ms => state,
            _ => self.real_state(appliance),
        }
    }

    /// The state of an appliance as its VMs have it.
    pub fn real_state(&self, appliance: &Appliance) -> ApplianceState {
        ApplianceState::of(appliance.vms.iter().map(|&vm| self.estate.vms[vm].power))
    }

    /// Whether a VM has a host, which an undeployed one has not, nor one whose deploy still looks for it.
    pub fn is_placed(&self, vm: usize, now_ms: i64) -> bool {
        match self.power(vm) {
            Power::NotAllocated => false,
            Power::Locked => self
                .tasks_of(vm)
                .iter()
                .find(|task| task.plan.is_some() || task.held.is_some())
                .is_none_or(|task| task.has_host(now_ms)),
            _ => true,
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
        let waits = |task: &&Task| task.held.is_some();
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
        let outcome = plan.outcome;
        let from = self.host_name(vm);
        let one = &mut self.estate.vms[vm];
        one.power = outcome.power;
        one.deallocated = outcome.deallocated;
        one.host = outcome.host.unwrap_or(one.host);
        let name = one.label.to_string();
        if let Some(failure) = outcome.failure {
            let action = match work {
                Work::Deploy => "DEPLOY",
                other => finished_action(other),
            };
            let error = failure
                .error
                .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()));
            self.events.write(Event {
                id: 0,
                at_ms: end_ms,
                severity: Severity::Error,
                action: action.to_owned(),
                target: Target::Vm(vm),
                user,
                message: failure.message,
                context,
                error,
            });
            return;
        }
        let message = match work {
            Work::Relocate => format!("{name} moved from {from} to {}", self.host_name(vm)),
            Work::Delete if outcome.removal == Some(Removal::Released) => {
                format!("{name} released: it is an imported VM of its hypervisor again")
            }
            Work::Deploy if !self.host_name(vm).is_empty() => {
                format!("{name} runs on {}", self.host_name(vm))
            }
            _ => format!("{name} {}", done(work, outcome.deallocated)),
        };
        let action = match outcome.removal {
            Some(Removal::Released) => "RELEASE",
            _ => finished_action(work),
        };
        self.note(end_ms, Severity::Info, action, vm, user, context, message);
        if outcome.removal.is_some() {
            self.forget(vm);
        }
    }

    /// The host of a VM, or nothing where hosts are not to be seen.
    fn host_name(&self, vm: usize) -> String {
        let hosts = &self.estate.location_of(vm).hosts;
        let host = hosts.get(usize::from(self.estate.vms[vm].host));
        host.cloned().unwrap_or_default()
    }

    /// Has a stored task run by a plan.
    pub(super) fn run(&mut self, vm: usize, uuid: Uuid, plan: Plan) {
        self.due.push(Reverse((plan.end_ms, vm)));
        if let Some(task) = self.task_mut(vm, uuid) {
            task.plan = Some(plan);
        }
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
        Work::Undeploy => "UNDEPLOY_FINISH",
        Work::Relocate => "VSM_VM_MOVED",
        Work::Instance => "INSTANCE_FINISH",
        Work::PowerOn => "POWERON",
        Work::PowerOff => "POWEROFF",
        other => other.word(),
    }
}

fn done(work: Work, deallocated: bool) -> &'static str {
    match work {
        Work::Deploy => "is deployed and on",
        Work::Undeploy => "is undeployed",
        Work::Delete => "deleted",
        Work::Instance => "has a new instance",
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
