//! From where ZStack accepts each action, as data.

use crate::model::PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};
use crate::model::{ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope};

/// The words of UNKNOWN that a VM can be stopped from; from `Error` there is no way.
const LOST: &[&str] = &["Unknown", "NoState", "Crashed"];

/// A tag can be put on whatever is there.
const ANY: &[PowerState] = &[NotAllocated, On, Paused, Off, Locked, Unknown];

/// A rule of some power states and some words besides.
const fn rule(
    action: ActionKind,
    from: &'static [PowerState],
    from_native: &'static [&'static str],
) -> ActionRule {
    ActionRule {
        from_native,
        ..ActionRule::new(action, from, &[])
    }
}

/// The server answers VM.1010 from any other state. It also takes a start of what runs and a stop of what is stopped, and does nothing.
const RULES: &[ActionRule] = &[
    rule(ActionKind::PowerOn, &[Off], &["Created", "Crashed"]),
    rule(ActionKind::Shutdown, &[On, Paused], LOST),
    rule(ActionKind::PowerOff, &[On, Paused], LOST),
    rule(ActionKind::Pause, &[On], &[]),
    rule(ActionKind::Resume, &[Paused], &[]),
    rule(ActionKind::Reboot, &[On], &["Crashed", "NoState"]),
    rule(ActionKind::Protect, ANY, &[]),
    rule(ActionKind::Unprotect, ANY, &[]),
    rule(
        ActionKind::Delete,
        &[On, Off, Paused],
        &[
            "Unknown",
            "Crashed",
            "Starting",
            "Stopping",
            "Rebooting",
            "Migrating",
            "VolumeMigrating",
            "Pausing",
            "Resuming",
        ],
    ),
    rule(ActionKind::Restore, &[], &["Destroyed"]),
    rule(ActionKind::Relocate, &[On, Paused], &["Unknown"]),
];

/// What ZStack's API has.
pub(in crate::clouds) static CAPABILITIES: Capabilities = Capabilities {
    provider: "ZStack",
    rules: RULES,
    missing: &[
        (
            ActionKind::Reset,
            "power off, then power on restarts it hard",
        ),
        (ActionKind::Suspend, "pause holds it in memory"),
    ],
    notes: &[
        (
            ActionKind::Shutdown,
            "ask the guest to stop (stop, grace); one that does not listen stays Stopping until the cloud gives up",
        ),
        (
            ActionKind::PowerOff,
            "cut the power (stop, cold); high availability may start it again unless it is kept off",
        ),
        (
            ActionKind::Delete,
            "destroy: into the recycle bin, from where restore brings it back until it is expunged",
        ),
        (
            ActionKind::Restore,
            "recover: out of the recycle bin, stopped",
        ),
        (
            ActionKind::Protect,
            "tag it as protected: every such console honours it, the cloud itself does not",
        ),
    ],
    keep_off: true,
    protection: Some(ProtectionScope::SharedTag),
    protect_privilege: None,
    restricted_privilege: None,
    tasks: true,
    events: true,
    vapps: false,
    ..Capabilities::NONE
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::super::mapping::STATES;
    use super::*;
    use crate::model::testing::vm;
    use crate::model::{Privileges, Standing, availability};

    /// The table of the API's documents, written out by hand: the action and the words it is taken from.
    const TABLE: &[(ActionKind, &[&str])] = &[
        (ActionKind::PowerOn, &["Created", "Stopped", "Crashed"]),
        (
            ActionKind::Shutdown,
            &["Running", "Paused", "Unknown", "NoState", "Crashed"],
        ),
        (
            ActionKind::PowerOff,
            &["Running", "Paused", "Unknown", "NoState", "Crashed"],
        ),
        (ActionKind::Reboot, &["Running", "Crashed", "NoState"]),
        (ActionKind::Pause, &["Running"]),
        (ActionKind::Resume, &["Paused"]),
        (ActionKind::Relocate, &["Running", "Paused", "Unknown"]),
        (
            ActionKind::Delete,
            &[
                "Running",
                "Stopped",
                "Paused",
                "Unknown",
                "Crashed",
                "Starting",
                "Stopping",
                "Rebooting",
                "Migrating",
                "VolumeMigrating",
                "Pausing",
                "Resuming",
            ],
        ),
        (ActionKind::Restore, &["Destroyed"]),
        (ActionKind::Reset, &[]),
        (ActionKind::Suspend, &[]),
        (ActionKind::Deploy, &[]),
        (ActionKind::Undeploy, &[]),
        (ActionKind::Snapshot, &[]),
        (ActionKind::Move, &[]),
        (ActionKind::Restrict, &[]),
    ];

    fn answer(action: ActionKind, word: &str, power: PowerState) -> Option<String> {
        let mut vm = vm(power);
        vm.native_state = word.into();
        let standing = Standing {
            signed_out: None,
            capabilities: &CAPABILITIES,
            privileges: Some(&Privileges::Unlisted),
            read_only: false,
            restricted: false,
            progress: None,
        };
        let answer = availability(action, &vm, &standing);
        answer.denial().map(ToString::to_string)
    }

    #[test]
    fn every_action_is_accepted_from_the_states_of_the_documents_and_from_no_other() {
        assert_eq!(STATES.len(), 19);
        for (action, words) in TABLE {
            for (word, power) in STATES {
                assert_eq!(
                    answer(*action, word, *power).is_none(),
                    words.contains(word),
                    "{action} from {word}"
                );
            }
        }
        for (word, power) in STATES {
            assert_eq!(answer(ActionKind::Protect, word, *power), None, "{word}");
        }
    }

    #[test]
    fn what_is_missing_says_what_to_do_instead() {
        assert_eq!(
            answer(ActionKind::Reset, "Running", On).as_deref(),
            Some("ZStack has no reset; power off, then power on restarts it hard")
        );
        assert_eq!(
            answer(ActionKind::Restore, "Running", On).as_deref(),
            Some("Restore needs a VM that is Destroyed; this one is On (Running)")
        );
        assert_eq!(
            answer(ActionKind::PowerOff, "Error", Unknown).as_deref(),
            Some(
                "Power off needs a VM that is On, Paused, Unknown, NoState or Crashed; this one is Unknown (Error)"
            )
        );
    }

    #[test]
    fn every_word_of_a_rule_is_a_word_of_the_api_whose_power_state_is_not_a_rule_already() {
        for rule in RULES {
            for word in rule.from_native {
                let (_, power) = STATES.iter().find(|(known, _)| known == word).unwrap();
                assert!(!rule.from.contains(power), "{} {word}", rule.action);
            }
        }
    }
}
