//! What changes at once, without a task: protections, reviews, places of VMs, appliances.

use super::estate::{Appliance, Power};
use super::events::{Event, Severity, Target};
use super::platform::Platform;
use super::tasks::{TaskState, Work};
use crate::demo::identity::Uuid;

/// What an appliance is made of, or changed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Hidden from users without the privilege to see it.
    pub restricted: bool,
}

impl Platform {
    /// Protects a VM.
    pub fn protect(&mut self, vm: usize, cause: String, user: usize, now_ms: i64) {
        let message = format!(
            "{} protected by {}, cause: {cause}",
            self.named(vm),
            self.estate.users[user].full_name()
        );
        self.estate.protections.insert(vm, cause);
        self.tell(now_ms, "PROTECT", vm, user, message);
    }

    /// Releases a VM.
    pub fn unprotect(&mut self, vm: usize, user: usize, now_ms: i64) {
        let message = format!(
            "{} unprotected by {}",
            self.named(vm),
            self.estate.users[user].full_name()
        );
        self.estate.protections.remove(&vm);
        self.tell(now_ms, "UNPROTECT", vm, user, message);
    }

    /// Marks a failed task as seen: its warning is gone.
    pub fn acknowledge(&mut self, vm: usize, task: Uuid, now_ms: i64) {
        if let Some(task) = self.task_mut(vm, task) {
            task.state = TaskState::AckError;
            task.updated_ms = now_ms;
        }
    }

    /// Lets a request that waited for a review run, or rejects it. The note ends up in the event.
    pub fn review(
        &mut self,
        vm: usize,
        uuid: Uuid,
        approved: bool,
        note: &str,
        user: usize,
        now_ms: i64,
    ) {
        let Some(task) = self.task_mut(vm, uuid) else {
            return;
        };
        let Some(held) = task.held.take() else { return };
        task.updated_ms = now_ms;
        let (work, context) = (task.work, task.context);
        let works: Vec<_> = task.jobs.iter().map(|job| job.work).collect();
        if approved {
            task.state = TaskState::Pending;
            let plan = self.launch(vm, &held.operation, &works, held.before, now_ms);
            self.run(vm, uuid, plan);
        } else {
            task.state = TaskState::Cancelled;
            self.estate.vms[vm].power = held.before;
        }
        let verb = if approved { "continued" } else { "cancelled" };
        let mut message = format!(
            "{} of {} {verb} by {}",
            work.word(),
            self.named(vm),
            self.estate.users[user].full_name()
        );
        if !note.is_empty() {
            message.push_str(": ");
            message.push_str(note);
        }
        let action = match (work, approved) {
            (Work::Undeploy, true) => "UNDEPLOY_CONTINUE",
            (Work::Undeploy, false) => "UNDEPLOY_CANCEL",
            (_, true) => "DEPLOY_CONTINUE",
            (_, false) => "DEPLOY_CANCEL",
        };
        self.events.write(Event {
            id: 0,
            at_ms: now_ms,
            severity: Severity::Info,
            action: action.to_owned(),
            target: Target::Task(vm, uuid),
            user,
            message,
            context,
            error: None,
        });
    }

    /// Starts or stops fetching the metrics of a VM.
    pub fn monitor(&mut self, vm: usize, on: bool) {
        self.estate.vms[vm].monitored = on;
    }

    /// Tells that somebody opened the console of a VM.
    pub fn console_opened(&mut self, vm: usize, user: usize, now_ms: i64) {
        let message = format!(
            "Remote console of {} opened by {}",
            self.estate.vms[vm].label,
            self.estate.users[user].full_name()
        );
        self.tell(now_ms, "REQUEST_ACCESS", vm, user, message);
    }

    /// Leaves a note at a VM: an event is all that it is.
    pub fn notify(&mut self, vm: usize, note: String, user: usize, now_ms: i64) {
        self.tell(now_ms, "NOTIFICATION", vm, user, note);
    }

    /// Forgets a VM that is not deployed.
    pub fn remove(&mut self, vm: usize, user: usize, now_ms: i64) {
        let message = format!("{} deleted", self.estate.vms[vm].label);
        self.tell(now_ms, "DELETE", vm, user, message);
        self.forget(vm);
    }

    /// Moves a VM into an appliance, or into a restricted one of its datacenter, made when there is none.
    pub fn move_vm(&mut self, vm: usize, target: Option<usize>, user: usize, now_ms: i64) {
        let datacenter = self.estate.datacenter_of(vm);
        let target = target.unwrap_or_else(|| {
            let all = &self.estate.datacenters[datacenter].appliances;
            let restricted = |one: &&usize| self.estate.appliances[**one].restricted;
            all.iter().find(restricted).copied().unwrap_or_else(|| {
                let draft = Draft {
                    name: "restricted".to_owned(),
                    description: "made for VMs that were restricted".to_owned(),
                    restricted: true,
                };
                self.create_appliance(datacenter, draft, user, now_ms)
            })
        });
        let message = format!(
            "{} moved to the appliance {}",
            self.estate.vms[vm].label, self.estate.appliances[target].name
        );
        self.rehouse(vm, target);
        self.tell(now_ms, "MOVE_TO_VAPP", vm, user, message);
    }

    /// Makes an empty appliance, and returns its position.
    pub fn create_appliance(
        &mut self,
        datacenter: usize,
        draft: Draft,
        user: usize,
        now_ms: i64,
    ) -> usize {
        let appliance = self.estate.appliances.len();
        let message = format!("Virtual appliance {} created", draft.name);
        self.estate.appliances.push(Appliance {
            name: draft.name,
            description: draft.description,
            datacenter,
            restricted: draft.restricted,
            vms: Vec::new(),
            whole: false,
            lagging: None,
        });
        self.estate.datacenters[datacenter]
            .appliances
            .push(appliance);
        self.tell_appliance(now_ms, "CREATE", appliance, user, message);
        appliance
    }

    /// Renames or restricts an appliance.
    pub fn edit_appliance(&mut self, appliance: usize, draft: Draft, user: usize, now_ms: i64) {
        let one = &mut self.estate.appliances[appliance];
        let relist = one.restricted != draft.restricted;
        one.name = draft.name;
        one.description = draft.description;
        one.restricted = draft.restricted;
        let message = format!("Virtual appliance {} changed", one.name);
        if relist {
            self.relist();
        }
        self.tell_appliance(now_ms, "MODIFY", appliance, user, message);
    }

    /// Deletes an appliance with its VMs, none of which is deployed.
    pub fn delete_appliance(&mut self, appliance: usize, user: usize, now_ms: i64) {
        let one = &self.estate.appliances[appliance];
        let (datacenter, vms) = (one.datacenter, one.vms.clone());
        let message = format!("Virtual appliance {} deleted", one.name);
        for vm in vms {
            self.remove(vm, user, now_ms);
        }
        self.estate.datacenters[datacenter]
            .appliances
            .retain(|&one| one != appliance);
        self.tell_appliance(now_ms, "DELETE", appliance, user, message);
    }

    /// Tells that a whole appliance was asked to be deployed or undeployed.
    pub fn appliance_asked(&mut self, appliance: usize, deploy: bool, user: usize, now_ms: i64) {
        let name = &self.estate.appliances[appliance].name;
        let (action, message) = if deploy {
            ("DEPLOY", format!("Deploy of {name} requested"))
        } else {
            ("UNDEPLOY", format!("Undeploy of {name} requested"))
        };
        self.tell_appliance(now_ms, action, appliance, user, message);
    }

    /// Writes an event of a VM that stands for itself.
    fn tell(&mut self, now_ms: i64, action: &str, vm: usize, user: usize, message: String) {
        let context = self.fresh();
        self.note(now_ms, Severity::Info, action, vm, user, context, message);
    }

    fn tell_appliance(
        &mut self,
        now_ms: i64,
        action: &str,
        appliance: usize,
        user: usize,
        message: String,
    ) {
        let context = self.fresh();
        self.events.write(Event {
            id: 0,
            at_ms: now_ms,
            severity: Severity::Info,
            action: action.to_owned(),
            target: Target::Appliance(appliance),
            user,
            message,
            context,
            error: None,
        });
    }

    /// Whether nothing of a VM is on a hypervisor as far as anybody knows.
    pub fn is_undeployed(&self, vm: usize) -> bool {
        matches!(
            self.power(vm),
            Power::NotAllocated | Power::Allocated | Power::Unknown
        )
    }
}
