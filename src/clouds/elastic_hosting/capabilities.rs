//! From where Elastic Hosting accepts each action, as data.

use crate::model::PowerState::{NotAllocated, Off, On, Paused, Unknown};
use crate::model::{ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope};

/// The words of a VM that is held in memory, of those that are Paused here.
const PAUSED: &[&str] = &["paused", "Paused", "PAUSED"];
/// The words of a VM whose memory is on disk, of those that are Paused here.
const SAVED: &[&str] = &[
    "saved",
    "Saved",
    "SAVED",
    "suspended",
    "Suspended",
    "SUSPENDED",
];

/// A word that nobody documents maps to Unknown, and from there everything may be tried: the server says no when it must.
const RULES: &[ActionRule] = &[
    ActionRule {
        from_native: SAVED,
        ..ActionRule::new(ActionKind::PowerOn, &[Off, Unknown], &[])
    },
    ActionRule {
        from_native: PAUSED,
        ..ActionRule::new(ActionKind::PowerOff, &[On, Unknown], &[])
    },
    ActionRule::new(ActionKind::Pause, &[On, Unknown], &[]),
    ActionRule::new(ActionKind::Resume, &[Paused, Unknown], &[]),
    ActionRule::new(ActionKind::Reboot, &[On, Unknown], &[]),
    ActionRule::new(ActionKind::Suspend, &[On, Unknown], &[]),
    ActionRule::new(ActionKind::Delete, &[Off, NotAllocated, Unknown], &[]),
    // Kept by this console, so that no state of the VM stands in its way.
    ActionRule::new(ActionKind::Protect, &PowerState::ALL, &[]),
    ActionRule::new(ActionKind::Unprotect, &PowerState::ALL, &[]),
];

/// What Elastic Hosting's API has.
pub(in crate::clouds) static CAPABILITIES: Capabilities = WITH_LOG;

/// The same on a server that has no log.
pub(super) static WITHOUT_LOG: Capabilities = Capabilities {
    tasks: false,
    events: false,
    ..WITH_LOG
};

const WITH_LOG: Capabilities = Capabilities {
    provider: "Elastic Hosting",
    rules: RULES,
    missing: &[
        (
            ActionKind::Shutdown,
            "its only stop is power off, and nothing says whether that asks the guest",
        ),
        (ActionKind::Reset, "reboot powers it off and on again"),
        (ActionKind::Relocate, "its API knows no hosts"),
        (ActionKind::Restore, "what is deleted is gone"),
    ],
    notes: &[
        (
            ActionKind::PowerOff,
            "stop it (ECP does not document whether the guest is asked)",
        ),
        (
            ActionKind::Reboot,
            "power it off, wait until it is off, power it on",
        ),
    ],
    keep_off: false,
    protection: Some(ProtectionScope::Console),
    protect_privilege: None,
    restricted_privilege: None,
    tasks: true,
    events: true,
    vapps: false,
};
