//! What an SCloudM gateway can do and from where, as data.

use super::mapping::UNLISTED;
use crate::model::PowerState::{Off, On};
use crate::model::{ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope};

/// A VM that only the configuration names is in a state that nobody knows: everything may be tried, and the cloud says no.
const UNKNOWN_ANYWAY: &[&str] = &[UNLISTED];

const fn rule(action: ActionKind, from: &'static [PowerState]) -> ActionRule {
    let mut rule = ActionRule::new(action, from, &[]);
    rule.from_native = UNKNOWN_ANYWAY;
    rule
}

/// As the clients of the gateway do it: what is off is started, what runs is stopped, and both are restarted.
const RULES: &[ActionRule] = &[
    rule(ActionKind::PowerOn, &[Off]),
    rule(ActionKind::PowerOff, &[On]),
    rule(ActionKind::Reboot, &[On, Off]),
    rule(ActionKind::Reset, &[On, Off]),
    ActionRule::new(ActionKind::Protect, &PowerState::ALL, &[]),
    ActionRule::new(ActionKind::Unprotect, &PowerState::ALL, &[]),
];

/// What SCloudM's API has.
pub(in crate::clouds) static CAPABILITIES: Capabilities = Capabilities {
    provider: "SCloudM",
    rules: RULES,
    notes: &[
        (
            ActionKind::PowerOff,
            "stop it; whether the guest is asked first is up to the cloud",
        ),
        (
            ActionKind::Reboot,
            "restart through the guest; starts what is off",
        ),
        (ActionKind::Reset, "restart hard; starts what is off"),
    ],
    keep_off: false,
    missing: &[
        (ActionKind::Deploy, "its VMs stand on a host from the first"),
        (ActionKind::Undeploy, "its VMs stand on a host to the last"),
        (
            ActionKind::Snapshot,
            "its gateway starts, stops and restarts alone",
        ),
        (ActionKind::Move, "it knows no appliances"),
        (ActionKind::Restrict, "it knows no appliances"),
        (
            ActionKind::Shutdown,
            "its one stop is power off, and whether the guest is asked first is up to the cloud",
        ),
        (
            ActionKind::Pause,
            "its gateway starts, stops and restarts alone",
        ),
        (
            ActionKind::Resume,
            "what was paused or suspended elsewhere must be resumed there",
        ),
        (
            ActionKind::Suspend,
            "its gateway starts, stops and restarts alone",
        ),
        (ActionKind::Delete, "its gateway has no way to remove a VM"),
        (
            ActionKind::Restore,
            "what was deleted elsewhere must be restored there",
        ),
        (ActionKind::Relocate, "its gateway tells no hosts"),
    ],
    protection: Some(ProtectionScope::Console),
    protect_privilege: None,
    restricted_privilege: None,
    tasks: false,
    events: false,
    vapps: false,
    ..Capabilities::NONE
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::clouds::scloudm::mapping::POWER;

    /// From which words each action is taken, written out by hand.
    const TAKEN: &[(ActionKind, &[&str])] = &[
        (ActionKind::PowerOn, &["SHUTOFF", "STOPPED", "stopped"]),
        (
            ActionKind::PowerOff,
            &["ACTIVE", "RESCUE", "active", "rescued"],
        ),
        (
            ActionKind::Reboot,
            &[
                "ACTIVE", "RESCUE", "SHUTOFF", "STOPPED", "active", "rescued", "stopped",
            ],
        ),
        (
            ActionKind::Reset,
            &[
                "ACTIVE", "RESCUE", "SHUTOFF", "STOPPED", "active", "rescued", "stopped",
            ],
        ),
    ];

    #[test]
    fn each_action_is_taken_from_the_words_of_the_api_and_from_unlisted() {
        for (action, words) in TAKEN {
            let rule = CAPABILITIES.rule(*action).unwrap();
            for (word, power) in POWER {
                let taken = rule.from.contains(power) || rule.from_native.contains(word);
                assert_eq!(taken, words.contains(word), "{action} from {word}");
            }
            assert!(rule.from_native.contains(&"unlisted"), "{action}");
        }
    }

    #[test]
    fn every_action_of_the_command_line_is_there_or_has_a_reason() {
        for action in ActionKind::IN_JSON {
            let has_reason = CAPABILITIES.missing.iter().any(|(kind, _)| *kind == action);
            assert!(CAPABILITIES.offers(action) != has_reason, "{action}");
        }
    }
}
