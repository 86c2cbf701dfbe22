//! From where Nova accepts each action, as data.

use super::session::ADMIN;
use crate::model::{ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope};

/// A rule of the API's own words.
const fn rule(action: ActionKind, from_native: &'static [&'static str]) -> ActionRule {
    ActionRule {
        from_native,
        ..ActionRule::new(action, &[], &[])
    }
}

/// Whatever runs on it.
const fn anywhere(action: ActionKind) -> ActionRule {
    ActionRule::new(action, &PowerState::ALL, &[])
}

/// A running server that may be asked to stop, also one whose guest has stopped by itself, and what can still be stopped.
const STOPPABLE: &[&str] = &["ACTIVE", "ACTIVE/SHUTDOWN", "ACTIVE/CRASHED", "ERROR"];

/// From any of these, and from the middle of what may have got stuck.
const RESETTABLE: &[&str] = &[
    "ACTIVE",
    "ACTIVE/SHUTDOWN",
    "ACTIVE/CRASHED",
    "SHUTOFF",
    "PAUSED",
    "SUSPENDED",
    "ERROR",
    "rebooting",
    "reboot_pending",
    "reboot_started",
    "rebooting_hard",
    "resuming",
    "unpausing",
    "pausing",
    "suspending",
];

const WHOLE: &[&str] = &["ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"];

/// As the compute API's reference has it: for anything else it answers 409.
const RULES: &[ActionRule] = &[
    rule(ActionKind::PowerOn, &["SHUTOFF"]),
    rule(ActionKind::Shutdown, STOPPABLE),
    rule(ActionKind::Pause, &["ACTIVE"]),
    rule(ActionKind::Resume, &["PAUSED", "SUSPENDED"]),
    rule(ActionKind::Reboot, &["ACTIVE"]),
    rule(ActionKind::Reset, RESETTABLE),
    anywhere(ActionKind::Protect),
    anywhere(ActionKind::Unprotect),
    rule(ActionKind::Snapshot, WHOLE),
    anywhere(ActionKind::Delete),
    rule(ActionKind::Relocate, &["ACTIVE", "PAUSED", "SHUTOFF"]),
    rule(ActionKind::Suspend, &["ACTIVE"]),
    rule(ActionKind::Restore, &["SOFT_DELETED"]),
    rule(ActionKind::Shelve, WHOLE),
    rule(ActionKind::Unshelve, &["SHELVED", "SHELVED_OFFLOADED"]),
    rule(ActionKind::Rescue, &["ACTIVE", "SHUTOFF", "ERROR"]),
    rule(ActionKind::Unrescue, &["RESCUE"]),
    rule(ActionKind::ConfirmResize, &["VERIFY_RESIZE"]),
    rule(ActionKind::RevertResize, &["VERIFY_RESIZE"]),
    rule(
        ActionKind::Evacuate,
        &[
            "ACTIVE",
            "ACTIVE/SHUTDOWN",
            "ACTIVE/CRASHED",
            "SHUTOFF",
            "ERROR",
            "UNKNOWN",
        ],
    ),
];

/// What OpenStack's API has.
pub(in crate::clouds) static CAPABILITIES: Capabilities = Capabilities {
    provider: "OpenStack",
    rules: RULES,
    missing: &[(
        ActionKind::PowerOff,
        "shut down asks the guest, and cuts the power of one that has not stopped in time",
    )],
    notes: &[
        (
            ActionKind::Shutdown,
            "stop: ask the guest; the power of one that has not stopped in time (usually a minute) is cut",
        ),
        (ActionKind::Reset, "reboot hard: cut the power, then start"),
        (
            ActionKind::Resume,
            "unpause a paused one, resume a suspended one",
        ),
        (
            ActionKind::Protect,
            "lock: the cloud refuses everybody but administrators; before version 2.73 it keeps no reason",
        ),
        (
            ActionKind::Unprotect,
            "unlock; what an administrator has locked, its owner cannot",
        ),
        (
            ActionKind::Delete,
            "delete; where the cloud keeps deleted servers for a while, restore brings it back, and deleting again removes it",
        ),
        (
            ActionKind::Restore,
            "bring a deleted one back as it was, where the cloud keeps deleted servers for a while",
        ),
        (
            ActionKind::Snapshot,
            "copy its disk to an image; a running guest is not stopped for it",
        ),
        (
            ActionKind::Relocate,
            "move a running one while it runs; one that is off is moved as for a resize, and waits for confirmation",
        ),
    ],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some(ADMIN),
    anyone_may_unprotect: true,
    tasks: true,
    console_log: true,
    ..Capabilities::NONE
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::super::mapping::STATES;
    use super::*;
    use crate::model::testing::vm;
    use crate::model::{Privileges, Protection, Standing, Vm, availability};

    /// The table of the compute API's reference, written out by hand: the action and the statuses it is taken from.
    const TABLE: &[(ActionKind, &[&str])] = &[
        (ActionKind::PowerOn, &["SHUTOFF"]),
        (ActionKind::Shutdown, &["ACTIVE", "ERROR"]),
        (ActionKind::Reboot, &["ACTIVE"]),
        (
            ActionKind::Reset,
            &["ACTIVE", "ERROR", "PAUSED", "SHUTOFF", "SUSPENDED"],
        ),
        (ActionKind::Pause, &["ACTIVE"]),
        (ActionKind::Suspend, &["ACTIVE"]),
        (ActionKind::Resume, &["PAUSED", "SUSPENDED"]),
        (
            ActionKind::Snapshot,
            &["ACTIVE", "PAUSED", "SHUTOFF", "SUSPENDED"],
        ),
        (
            ActionKind::Shelve,
            &["ACTIVE", "PAUSED", "SHUTOFF", "SUSPENDED"],
        ),
        (ActionKind::Unshelve, &["SHELVED", "SHELVED_OFFLOADED"]),
        (ActionKind::Rescue, &["ACTIVE", "ERROR", "SHUTOFF"]),
        (ActionKind::Unrescue, &["RESCUE"]),
        (ActionKind::ConfirmResize, &["VERIFY_RESIZE"]),
        (ActionKind::RevertResize, &["VERIFY_RESIZE"]),
        (ActionKind::Restore, &["SOFT_DELETED"]),
        (ActionKind::Relocate, &["ACTIVE", "PAUSED", "SHUTOFF"]),
        (
            ActionKind::Evacuate,
            &["ACTIVE", "ERROR", "SHUTOFF", "UNKNOWN"],
        ),
        (ActionKind::PowerOff, &[]),
        (ActionKind::Deploy, &[]),
        (ActionKind::Undeploy, &[]),
        (ActionKind::Move, &[]),
        (ActionKind::Restrict, &[]),
    ];

    fn server(word: &str, power: PowerState) -> Vm {
        let mut vm = vm(power);
        vm.native_state = word.into();
        vm
    }

    fn answer(action: ActionKind, vm: &Vm, roles: &[&str]) -> Option<String> {
        let roles: Privileges = roles.iter().copied().collect();
        let standing = Standing {
            signed_out: None,
            capabilities: &CAPABILITIES,
            privileges: Some(&roles),
            read_only: false,
            restricted: false,
            progress: None,
        };
        let answer = availability(action, vm, &standing);
        answer.denial().map(ToString::to_string)
    }

    #[test]
    fn every_action_is_accepted_from_the_statuses_of_the_reference_and_from_no_other() {
        for (action, words) in TABLE {
            for (word, power) in STATES {
                assert_eq!(
                    answer(*action, &server(word, *power), &["member"]).is_none(),
                    words.contains(word),
                    "{action} from {word}"
                );
            }
        }
        for (word, power) in STATES {
            for action in [ActionKind::Protect, ActionKind::Delete] {
                assert_eq!(answer(action, &server(word, *power), &[]), None, "{word}");
            }
        }
        let known = TABLE.len() + 3;
        assert_eq!(known, ActionKind::all().count(), "every kind is told");
    }

    #[test]
    fn a_lock_holds_off_everybody_but_administrators_and_its_owner_may_try_to_take_it_off() {
        let mut locked = server("ACTIVE", PowerState::On);
        locked.protection = Some(Box::new(Protection {
            reason: Some("upgrade".into()),
            by: None,
            since: None,
            scope: ProtectionScope::Cloud,
        }));
        assert_eq!(
            answer(ActionKind::Shutdown, &locked, &["member"]).as_deref(),
            Some("Protected: upgrade; your role lacks admin")
        );
        assert_eq!(answer(ActionKind::Unprotect, &locked, &["member"]), None);
        assert_eq!(answer(ActionKind::Shutdown, &locked, &["admin"]), None);
    }

    #[test]
    fn what_got_stuck_can_be_reset_and_what_is_busy_cannot_be_stopped() {
        let stuck = server("reboot_started", PowerState::Locked);
        assert_eq!(answer(ActionKind::Reset, &stuck, &[]), None);
        assert_eq!(
            answer(ActionKind::Shutdown, &stuck, &[]).as_deref(),
            Some("An operation is running on it")
        );
        assert_eq!(
            answer(ActionKind::PowerOff, &server("ACTIVE", PowerState::On), &[]).as_deref(),
            Some(
                "OpenStack has no power off; shut down asks the guest, and cuts the power of one that has not stopped in time"
            )
        );
    }
}
