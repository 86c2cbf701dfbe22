//! Whether something may be done to a VM (5.3 to 5.6, 6, 11, 13).

use axum::http::StatusCode;
use serde::Deserialize;

use super::actions::Act;
use super::answer::Refusal;
use super::asking::{Asking, read_links};
use super::estate::Power;
use super::media::{Version, accepted, plain_text, required, takes_text};
use super::operations::{Change, Operation};
use super::routes::VmId;

const PERFORM: &str = "VAPP_PERFORM_ACTIONS";
const PROTECT: &str = "VM_PROTECT_ACTION";
const DEPLOY: &str = "VAPP_DEPLOY_UNDEPLOY";
const MANAGE: &str = "VDC_MANAGE_VAPP";

/// The longest name of an instance.
const INSTANCE_NAME_CHARS: usize = 128;

/// The body of a change of state.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateBody {
    state: String,
    #[serde(default)]
    graceful_shutdown: bool,
}

/// The body of a deploy or an undeploy.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TaskBody {
    /// Deploy though a soft limit of the tenant is exceeded.
    pub(super) force_enterprise_soft_limits: bool,
    /// Undeploy though what is on the hypervisor alone is lost.
    pub(super) force_undeploy: bool,
}

/// The body of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceBody {
    instance_name: String,
}

type Result<T = Act> = std::result::Result<T, Refusal>;

impl Asking<'_> {
    pub(super) fn change_state(&self, vm: VmId, body: &[u8]) -> Result {
        self.change(vm, |asking| read_state(asking, body))
    }

    pub(super) fn change(&self, vm: VmId, read: impl Fn(&Self) -> Result<Change>) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(PERFORM)?;
        let change = read(self)?;
        let version = self.accepts_task()?;
        self.free(vm)?;
        self.unprotected(vm)?;
        let change = self.platform.reachable(vm, change)?;
        Ok(Act::Operate(vm, Operation::Change(change), version))
    }

    pub(super) fn deploy(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(DEPLOY)?;
        let body = self.read_task(body)?;
        let version = self.accepts_task()?;
        self.free(vm)?;
        self.unprotected(vm)?;
        if self.power(vm) != Power::NotAllocated {
            return Err(not_undeployed());
        }
        self.within_limits(vm, &body)?;
        Ok(Act::Operate(vm, Operation::Deploy, version))
    }

    /// A soft limit is passed by force; there are no hard ones here.
    pub(super) fn within_limits(&self, vm: usize, body: &TaskBody) -> Result<()> {
        let forced = body.force_enterprise_soft_limits || self.says("force");
        if self.platform.estate.vms[vm].traits.over_soft_limit && !forced {
            return Err(Refusal::conflict(
                "SOFT_LIMIT_EXCEEDED",
                "soft limits would be exceeded",
            ));
        }
        Ok(())
    }

    pub(super) fn undeploy(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(DEPLOY)?;
        let body = self.read_task(body)?;
        let version = self.accepts_task()?;
        if self.power(vm) == Power::NotAllocated {
            return Ok(Act::Nothing);
        }
        self.undeployable(vm, &body)?;
        Ok(Act::Operate(vm, Operation::Undeploy, version))
    }

    /// Whether a VM that is somewhere may be taken off its host.
    pub(super) fn undeployable(&self, vm: usize, body: &TaskBody) -> Result<()> {
        if self.power(vm) == Power::Locked {
            return Err(Refusal::conflict(
                "VM-12",
                "a VM is undeployed when it is ON, OFF, PAUSED, UNKNOWN or ALLOCATED",
            ));
        }
        self.unprotected(vm)?;
        if self.platform.estate.vms[vm].captured && !body.force_undeploy {
            return Err(imported());
        }
        Ok(())
    }

    pub(super) fn delete_vm(&self, vm: VmId) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(MANAGE)?;
        let version = self.accepts_task()?;
        let power = self.power(vm);
        if power == Power::Locked {
            return Err(Refusal::conflict("VM-8", "a locked VM cannot be deleted"));
        }
        if power == Power::Unknown {
            self.need("VAPP_DELETE_UNKNOWN_VM")?;
        }
        self.unprotected(vm)?;
        let one = &self.platform.estate.vms[vm];
        if one.traits.action_plan && !self.says("force") {
            return Err(Refusal::conflict(
                "VM-167",
                "an action plan works on this VM; to delete it all the same, send force=true",
            ));
        }
        if self.platform.is_undeployed(vm) {
            return Ok(Act::Remove(vm));
        }
        let release = one.captured && self.says("release");
        // The reference says what a release is, not what happens without: deleting undeploys, which asks for force.
        if one.captured && !release && !self.says("force") {
            return Err(imported());
        }
        let operation = if release {
            Operation::Release
        } else {
            Operation::Delete
        };
        Ok(Act::Operate(vm, operation, version))
    }

    pub(super) fn instance(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need("VAPP_CREATE_INSTANCE")?;
        required(self.headers, "virtualmachineinstance")?;
        let body: InstanceBody = serde_json::from_slice(body)
            .map_err(|_| Refusal::bad("the body is not a virtual machine instance"))?;
        let name = body.instance_name.trim();
        if name.is_empty() || name.chars().count() > INSTANCE_NAME_CHARS {
            return Err(Refusal::bad("an instance needs a name"));
        }
        let version = self.accepts_task()?;
        self.free(vm)?;
        self.unprotected(vm)?;
        if self.power(vm) != Power::Off {
            return Err(Refusal::conflict(
                "VM-27",
                "an instance is made of a VM that is off",
            ));
        }
        Ok(Act::Operate(
            vm,
            Operation::Instance(name.to_owned()),
            version,
        ))
    }

    pub(super) fn move_to_appliance(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        let links = read_links(self.headers, body)?;
        let mut targets = links.iter().filter(|link| link.rel == "virtualappliance");
        let target = match (targets.next(), targets.next()) {
            (None, _) => None,
            (Some(link), None) => Some(self.linked_appliance(&link.href)?),
            _ => return Err(Refusal::bad("a VM moves into one virtual appliance")),
        };
        let estate = &self.platform.estate;
        let restricts = target.is_none_or(|one| estate.appliances[one].restricted);
        // The reference names no privilege for a move that restricts nothing.
        self.need(if restricts { "VM_RESTRICT" } else { MANAGE })?;
        self.free(vm)?;
        self.unprotected(vm)?;
        if estate.vms[vm].traits.scaling_group {
            return Err(Refusal::conflict(
                "VM-166",
                "a member of a scaling group moves with its group",
            ));
        }
        match target {
            None if estate.is_restricted(vm) => Err(Refusal::conflict(
                "VAPP-22",
                "no virtual appliance is named, and this VM is restricted already",
            )),
            Some(one) if estate.appliances[one].datacenter != estate.datacenter_of(vm) => Err(
                Refusal::conflict("VDC-10", "a VM moves inside its virtual datacenter only"),
            ),
            Some(one) if estate.vms[vm].appliance as usize == one => Ok(Act::Nothing),
            target => Ok(Act::Move(vm, target)),
        }
    }

    pub(super) fn protect(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(PROTECT)?;
        plain_text(self.headers)?;
        let cause = read_text(body)?;
        if cause.is_empty() {
            return Err(Refusal::bad("a reason is needed"));
        }
        if self.platform.estate.protections.contains_key(&vm) {
            return Err(Refusal::conflict("VM-118", "this VM is protected already"));
        }
        self.free(vm)?;
        if !self.power(vm).is_deployed() {
            return Err(Refusal::conflict(
                "VM-149",
                "only a deployed VM can be protected",
            ));
        }
        Ok(Act::Protect(vm, cause.to_owned()))
    }

    pub(super) fn unprotect(&self, vm: VmId) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(PROTECT)?;
        if !self.platform.estate.protections.contains_key(&vm) {
            return Err(Refusal::conflict("VM-119", "this VM is not protected"));
        }
        self.free(vm)?;
        Ok(Act::Unprotect(vm))
    }

    /// The reference names neither the type of a note nor a privilege for it.
    pub(super) fn notify(&self, vm: VmId, body: &[u8]) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need(PERFORM)?;
        plain_text(self.headers)?;
        let note = read_text(body)?;
        if note.is_empty() {
            return Err(Refusal::bad("a note is needed"));
        }
        Ok(Act::Notify(vm, note.to_owned()))
    }

    pub(super) fn monitor(&self, vm: VmId, on: bool) -> Result {
        let vm = self.writable_vm(vm)?;
        self.need("USERS_ENABLE_DISABLE_VM_METRICS")?;
        Ok(Act::Monitor(vm, on))
    }

    pub(super) fn console(&self, vm: VmId) -> Result {
        let vm = self.vm(vm)?;
        self.need(PERFORM)?;
        let version = if takes_text(self.headers) {
            None
        } else {
            Some(accepted(self.headers, &["virtualmachineconsole"])?.1)
        };
        if self.power(vm) != Power::On {
            return Err(Refusal::conflict(
                "VM-164",
                "a VM has a remote console while it is on",
            ));
        }
        if self.platform.estate.vms[vm].traits.no_console {
            return Err(Refusal::conflict(
                "VM-163",
                "the remote console of this VM cannot be had",
            ));
        }
        Ok(Act::Console(vm, version))
    }

    /// Nothing may be done to a VM while an operation runs on it.
    pub(super) fn free(&self, vm: usize) -> Result<()> {
        if self.power(vm) == Power::Locked {
            return Err(Refusal::conflict("VM-2", "another operation holds this VM"));
        }
        Ok(())
    }

    /// Nor by anybody else while somebody who may protects it.
    pub(super) fn unprotected(&self, vm: usize) -> Result<()> {
        if self.platform.estate.protections.contains_key(&vm)
            && !self.platform.estate.may(self.user, PROTECT)
        {
            return Err(Refusal::conflict("VM-120", "this VM is protected"));
        }
        Ok(())
    }

    pub(super) fn power(&self, vm: usize) -> Power {
        self.platform.estate.vms[vm].power
    }

    /// The version to answer an accepted request in.
    pub(super) fn accepts_task(&self) -> Result<Version> {
        Ok(accepted(self.headers, &["acceptedrequest"])?.1)
    }

    /// A body is not needed; one that is there must be what the address takes.
    pub(super) fn read_task(&self, body: &[u8]) -> Result<TaskBody> {
        if body.is_empty() {
            return Ok(TaskBody::default());
        }
        required(self.headers, "virtualmachinetask")?;
        serde_json::from_slice(body)
            .map_err(|_| Refusal::bad("the body is not a virtual machine task"))
    }

    /// Whether the query switches something on.
    pub(super) fn says(&self, key: &str) -> bool {
        self.query.get(key) == Some("true")
    }
}

/// Why a VM that is somewhere already is not deployed.
pub(super) fn not_undeployed() -> Refusal {
    Refusal::conflict("VM-7", "only a VM that is NOT_ALLOCATED can be deployed")
}

fn imported() -> Refusal {
    Refusal::conflict(
        "VM-44",
        "this VM was imported and has no template to come back from; to undeploy it all the same, send \
         forceUndeploy=true",
    )
}

/// A body of plain text, without the space around it.
///
/// # Errors
/// 400 for what is not UTF-8.
pub(super) fn read_text(body: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::bad("the text is not UTF-8"))?;
    Ok(text.trim())
}

fn read_state(asking: &Asking<'_>, body: &[u8]) -> Result<Change> {
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
