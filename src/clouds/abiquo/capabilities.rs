//! From where Abiquo accepts each action and which privilege it asks for, as data.

use crate::model::PowerState::{Allocated, Configured, NotAllocated, Off, On, Paused, Unknown};
use crate::model::{ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope};

const PERFORM: &[&str] = &["VAPP_PERFORM_ACTIONS"];
const DEPLOY: &[&str] = &["VAPP_DEPLOY_UNDEPLOY"];
const PROTECT: &str = "VM_PROTECT_ACTION";

/// The states of a VM that exists on a hypervisor and is not a step of a deploy.
const DEPLOYED: &[PowerState] = &[On, Paused, Off];
const ANY_BUT_LOCKED: &[PowerState] = &[NotAllocated, Allocated, Configured, On, Paused, Off, Unknown];

/// The server answers 409 from any other state, VM-2 while the VM is LOCKED, and VM-120 while it is protected and the user lacks
/// `VM_PROTECT_ACTION`. There is no way from PAUSED to OFF but through ON.
const RULES: &[ActionRule] = &[
    ActionRule::new(ActionKind::PowerOn, &[Off, Configured], PERFORM),
    ActionRule::new(ActionKind::Shutdown, &[On], PERFORM),
    ActionRule::new(ActionKind::PowerOff, &[On], PERFORM),
    ActionRule::new(ActionKind::Pause, &[On], PERFORM),
    ActionRule::new(ActionKind::Resume, &[Paused], PERFORM),
    ActionRule::new(ActionKind::Reset, &[On], PERFORM),
    ActionRule::new(ActionKind::Protect, DEPLOYED, &[PROTECT]),
    ActionRule::new(ActionKind::Unprotect, ANY_BUT_LOCKED, &[PROTECT]),
    ActionRule::new(ActionKind::Deploy, &[NotAllocated], DEPLOY).not_offered(),
    ActionRule::new(ActionKind::Undeploy, &[Allocated, On, Paused, Off, Unknown], DEPLOY).not_offered(),
    ActionRule::new(ActionKind::Snapshot, &[Off], &["VAPP_CREATE_INSTANCE"]).not_offered(),
    ActionRule::new(ActionKind::Delete, ANY_BUT_LOCKED, &["VDC_MANAGE_VAPP"])
        .with_extra_privilege(Unknown, "VAPP_DELETE_UNKNOWN_VM")
        .not_offered(),
    ActionRule::new(ActionKind::Relocate, DEPLOYED, &["VM_RELOCATE"]).not_offered(),
    // The privilege "Move VMs" is known by its words only, not by a name that the API would tell.
    ActionRule::new(ActionKind::Move, ANY_BUT_LOCKED, &[]).not_offered(),
    ActionRule::new(ActionKind::Restrict, ANY_BUT_LOCKED, &["VM_RESTRICT"]).not_offered(),
];

/// What Abiquo's API has.
pub(super) static CAPABILITIES: Capabilities = Capabilities {
    provider: "Abiquo",
    rules: RULES,
    missing: &[(ActionKind::Reboot, "reset restarts it hard")],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some(PROTECT),
    restricted_privilege: Some("VAPP_RESTRICTED_MANAGE"),
    tasks: true,
    events: true,
    vapps: true,
};
