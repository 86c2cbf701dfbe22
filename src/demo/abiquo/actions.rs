//! What PUT and POST ask for. A request is checked against the platform as it is, then performed.

use axum::http::StatusCode;
use serde::Deserialize;

use super::answer::{Answer, Refusal};
use super::asking::Asking;
use super::estate::Power;
use super::media::{Version, accepted, plain_text, required};
use super::operations::Change;
use super::platform::Platform;
use super::render::Pen;
use super::routes::{Resource, VmId};
use crate::demo::identity::Uuid;
use crate::demo::json::Json;

const PERFORM: &str = "VAPP_PERFORM_ACTIONS";
const PROTECT: &str = "VM_PROTECT_ACTION";

/// A request that may be performed.
#[derive(Debug)]
pub enum Act {
    /// A power change of a VM, answered in a version.
    Change(usize, Change, Version),
    /// Protect a VM for a reason.
    Protect(usize, String),
    /// Release a VM.
    Unprotect(usize),
    /// Acknowledge a failed task.
    Acknowledge(usize, Uuid),
}

/// The body of a change of state.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateBody {
    state: String,
    #[serde(default)]
    graceful_shutdown: bool,
}

impl Asking<'_> {
    /// Checks a request in the order in which the platform does: who, what, in which form, from which state.
    ///
    /// # Errors
    /// The refusal that the API documents.
    pub fn check(&self, resource: Resource, body: &[u8]) -> Result<Act, Refusal> {
        match resource {
            Resource::VmState(vm) => {
                let vm = self.vm(vm)?;
                self.need(PERFORM)?;
                let change = read_state(self, body)?;
                self.change(vm, change)
            }
            Resource::VmReset(vm) => {
                let vm = self.vm(vm)?;
                self.need(PERFORM)?;
                self.change(vm, Change::Reset)
            }
            Resource::VmProtect(vm) => self.protect(vm, body),
            Resource::VmUnprotect(vm) => self.unprotect(vm),
            Resource::VmTaskAck(vm, task) => self.acknowledge(vm, task),
            _ => Err(Refusal::nowhere()),
        }
    }

    fn change(&self, vm: usize, change: Change) -> Result<Act, Refusal> {
        let (_, version) = accepted(self.headers, &["acceptedrequest"])?;
        self.free(vm)?;
        if self.platform.estate.protections.contains_key(&vm)
            && !self.platform.estate.may(self.user, PROTECT)
        {
            return Err(Refusal::conflict("VM-120", "this VM is protected"));
        }
        let change = self.platform.reachable(vm, change)?;
        Ok(Act::Change(vm, change, version))
    }

    fn protect(&self, vm: VmId, body: &[u8]) -> Result<Act, Refusal> {
        let vm = self.vm(vm)?;
        self.need(PROTECT)?;
        plain_text(self.headers)?;
        let cause = std::str::from_utf8(body)
            .map_err(|_| Refusal::bad("the reason is not UTF-8 text"))?
            .trim();
        if cause.is_empty() {
            return Err(Refusal::bad("a reason is needed"));
        }
        if self.platform.estate.protections.contains_key(&vm) {
            return Err(Refusal::conflict("VM-118", "this VM is protected already"));
        }
        self.free(vm)?;
        if !self.platform.estate.vms[vm].power.is_deployed() {
            return Err(Refusal::conflict(
                "VM-149",
                "only a deployed VM can be protected",
            ));
        }
        Ok(Act::Protect(vm, cause.to_owned()))
    }

    fn unprotect(&self, vm: VmId) -> Result<Act, Refusal> {
        let vm = self.vm(vm)?;
        self.need(PROTECT)?;
        if !self.platform.estate.protections.contains_key(&vm) {
            return Err(Refusal::conflict("VM-119", "this VM is not protected"));
        }
        self.free(vm)?;
        Ok(Act::Unprotect(vm))
    }

    fn acknowledge(&self, vm: VmId, uuid: Uuid) -> Result<Act, Refusal> {
        let task = self.task(vm, uuid)?;
        if !self.pen(Version::LATEST).may_acknowledge(task) {
            return Err(Refusal::forbidden("USERS_MANAGE_USERS"));
        }
        if !task.is_warning() {
            return Err(Refusal::conflict(
                "TASK-2",
                "this task is in no state to be acknowledged",
            ));
        }
        Ok(Act::Acknowledge(task.vm, uuid))
    }

    /// Nothing may be done to a VM while an operation runs on it.
    fn free(&self, vm: usize) -> Result<(), Refusal> {
        if self.platform.estate.vms[vm].power == Power::Locked {
            return Err(Refusal::conflict("VM-2", "another operation holds this VM"));
        }
        Ok(())
    }
}

fn read_state(asking: &Asking<'_>, body: &[u8]) -> Result<Change, Refusal> {
    required(asking.headers, "virtualmachinestate")?;
    let body: StateBody = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad("the body is not a virtual machine state"))?;
    match (body.state.as_str(), body.graceful_shutdown) {
        ("ON", _) => Ok(Change::On),
        ("OFF", true) => Ok(Change::Shutdown),
        ("OFF", false) => Ok(Change::Off),
        ("PAUSED", _) => Ok(Change::Pause),
        (other, _) => {
            let message = format!("{other} is no state to ask for: ON, OFF and PAUSED are");
            Err(Refusal::new(StatusCode::BAD_REQUEST, "VM-10", message))
        }
    }
}

impl Act {
    /// Performs it.
    ///
    /// # Errors
    /// None after a check, unless the platform changed in between.
    pub fn perform(
        self,
        platform: &mut Platform,
        base: &str,
        user: usize,
        now_ms: i64,
    ) -> Result<Answer, Refusal> {
        match self {
            Self::Change(vm, change, version) => {
                let task = platform.start(vm, change, user, now_ms);
                let pen = Pen {
                    platform,
                    base,
                    version,
                    now_ms,
                    viewer: user,
                };
                let mut json = Json::default();
                pen.accepted(&mut json, vm, task);
                return Ok(Answer::Body(
                    StatusCode::ACCEPTED,
                    "acceptedrequest",
                    version,
                    json.finish(),
                ));
            }
            Self::Protect(vm, cause) => platform.protect(vm, cause, user, now_ms),
            Self::Unprotect(vm) => platform.unprotect(vm, user, now_ms),
            Self::Acknowledge(vm, task) => platform.acknowledge(vm, task, now_ms),
        }
        Ok(Answer::Nothing)
    }
}
