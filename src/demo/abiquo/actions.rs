//! What PUT, POST and DELETE ask for. A request is checked against the platform as it is, then performed.

use axum::http::{Method, StatusCode};

use super::answer::{Answer, Refusal};
use super::asking::Asking;
use super::changes::Draft;
use super::media::Version;
use super::operations::{Change, Operation};
use super::platform::Platform;
use super::render::Pen;
use super::routes::Resource;
use crate::demo::identity::Uuid;
use crate::demo::json::Json;

/// A request that may be performed.
#[derive(Debug)]
pub enum Act {
    /// Nothing is left to be done.
    Nothing,
    /// An operation on a VM, answered in a version.
    Operate(usize, Operation, Version),
    /// The same operation on VMs of an appliance, answered in a version.
    OperateAll {
        /// By position.
        appliance: usize,
        /// By position.
        vms: Vec<usize>,
        /// A deploy or an undeploy.
        operation: Operation,
        /// Of the answer.
        version: Version,
    },
    /// Protect a VM for a reason.
    Protect(usize, String),
    /// Release a VM.
    Unprotect(usize),
    /// Acknowledge a failed task.
    Acknowledge(usize, Uuid),
    /// Decide about a request that waits for a review.
    Review {
        /// By position.
        vm: usize,
        /// The request.
        task: Uuid,
        /// Let it run, or reject it.
        approved: bool,
        /// What the person says to it, perhaps nothing.
        note: String,
    },
    /// Delete a VM that is not deployed.
    Remove(usize),
    /// Move a VM into an appliance, or into a restricted one.
    Move(usize, Option<usize>),
    /// Leave a note at a VM.
    Notify(usize, String),
    /// Switch the metrics of a VM on or off.
    Monitor(usize, bool),
    /// Open the console of a VM: as JSON in a version, or as the text of old ones.
    Console(usize, Option<Version>),
    /// Make an appliance in a datacenter.
    CreateAppliance(usize, Draft, Version),
    /// Change an appliance.
    EditAppliance(usize, Draft, Version),
    /// Delete an appliance.
    DeleteAppliance(usize),
}

impl Asking<'_> {
    /// Checks a request in the order in which the platform does: who, what, in which form, from which state.
    ///
    /// # Errors
    /// The refusal that the API documents.
    pub fn check(&self, resource: Resource, method: &Method, body: &[u8]) -> Result<Act, Refusal> {
        match resource {
            Resource::Vm(vm) => self.delete_vm(vm),
            Resource::VmState(vm) => self.change_state(vm, body),
            Resource::VmReset(vm) => self.change(vm, |_| Ok(Change::Reset)),
            Resource::VmDeploy(vm) => self.deploy(vm, body),
            Resource::VmUndeploy(vm) => self.undeploy(vm, body),
            Resource::VmInstance(vm) => self.instance(vm, body),
            Resource::VmRelocate(vm) => self.relocate(vm, body),
            Resource::VmAppMove(vm) => self.move_to_appliance(vm, body),
            Resource::VmNotification(vm) => self.notify(vm, body),
            Resource::VmProtect(vm) => self.protect(vm, body),
            Resource::VmUnprotect(vm) => self.unprotect(vm),
            Resource::VmMonitoring(vm, on) => self.monitor(vm, on),
            Resource::VmConsole(vm) => self.console(vm),
            Resource::VmTaskAck(vm, task) => self.acknowledge(vm, task),
            Resource::VmTaskReview(vm, task, approved) => self.review(vm, task, approved, body),
            Resource::Appliances(datacenter) => self.create_appliance(datacenter, body),
            Resource::Appliance(datacenter, appliance) if *method == Method::PUT => {
                self.edit_appliance(datacenter, appliance, body)
            }
            Resource::Appliance(datacenter, appliance) => {
                self.delete_appliance(datacenter, appliance)
            }
            Resource::ApplianceDeploy(datacenter, appliance) => {
                self.deploy_appliance(datacenter, appliance, body)
            }
            Resource::ApplianceUndeploy(datacenter, appliance) => {
                self.undeploy_appliance(datacenter, appliance, body)
            }
            _ => Err(Refusal::nowhere()),
        }
    }
}

impl Act {
    /// Performs it.
    pub fn perform(self, platform: &mut Platform, base: &str, user: usize, now_ms: i64) -> Answer {
        let write = |platform: &Platform,
                     (status, name, version): (StatusCode, &'static str, Version),
                     write: &dyn Fn(Pen<'_>, &mut Json)| {
            let pen = Pen {
                platform,
                base,
                version,
                now_ms,
                viewer: user,
            };
            let mut json = Json::default();
            write(pen, &mut json);
            Answer::Body(status, name, version, json.finish())
        };
        let accepted = |version| (StatusCode::ACCEPTED, "acceptedrequest", version);
        match self {
            Self::Nothing => {}
            Self::Operate(vm, operation, version) => {
                let task = platform.start(vm, operation, user, now_ms);
                return write(platform, accepted(version), &|pen, json| {
                    pen.accepted(json, vm, task);
                });
            }
            Self::OperateAll {
                appliance,
                vms,
                operation,
                version,
            } => {
                let deploy = operation == Operation::Deploy;
                platform.appliance_asked(appliance, deploy, user, now_ms);
                let tasks: Vec<_> = vms
                    .into_iter()
                    .map(|vm| (vm, platform.start(vm, operation.clone(), user, now_ms)))
                    .collect();
                return write(platform, accepted(version), &|pen, json| {
                    pen.accepted_all(json, &tasks);
                });
            }
            Self::Protect(vm, cause) => platform.protect(vm, cause, user, now_ms),
            Self::Unprotect(vm) => platform.unprotect(vm, user, now_ms),
            Self::Acknowledge(vm, task) => platform.acknowledge(vm, task, now_ms),
            Self::Review {
                vm,
                task,
                approved,
                note,
            } => platform.review(vm, task, approved, &note, user, now_ms),
            Self::Remove(vm) => platform.remove(vm, user, now_ms),
            Self::Move(vm, target) => platform.move_vm(vm, target, user, now_ms),
            Self::Notify(vm, note) => platform.notify(vm, note, user, now_ms),
            Self::Monitor(vm, on) => platform.monitor(vm, on),
            Self::Console(vm, version) => {
                platform.console_opened(vm, user, now_ms);
                let Some(version) = version else {
                    return Answer::Text(platform.estate.console_password(vm));
                };
                let shape = (StatusCode::OK, "virtualmachineconsole", version);
                return write(platform, shape, &|pen, json| pen.console(json, vm));
            }
            Self::CreateAppliance(datacenter, draft, version) => {
                let appliance = platform.create_appliance(datacenter, draft, user, now_ms);
                let shape = (StatusCode::CREATED, "virtualappliance", version);
                return write(platform, shape, &|pen, json| {
                    pen.appliance(json, appliance, false)
                });
            }
            Self::EditAppliance(appliance, draft, version) => {
                platform.edit_appliance(appliance, draft, user, now_ms);
                let shape = (StatusCode::OK, "virtualappliance", version);
                return write(platform, shape, &|pen, json| {
                    pen.appliance(json, appliance, false)
                });
            }
            Self::DeleteAppliance(appliance) => platform.delete_appliance(appliance, user, now_ms),
        }
        Answer::Nothing
    }
}
