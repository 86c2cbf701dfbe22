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
    ..Capabilities::NONE
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::elastic_hosting::mapping::Mapper;
    use crate::clouds::elastic_hosting::wire;
    use crate::model::{Availability, CloudName, Privileges, Standing, Vm, availability};

    /// A VM with this word of the server's for its state.
    fn vm(word: &str) -> Option<Vm> {
        let json = format!(r#"{{"uuid":"1","name":"web-1","state":"{word}"}}"#);
        let wire: wire::Vm<'_> = serde_json::from_str(&json).ok()?;
        Mapper::new(&CloudName::new("ecp"), &Default::default()).vm(&wire)
    }

    fn ask(action: ActionKind, word: &str) -> Availability {
        let standing = Standing {
            signed_out: None,
            capabilities: &CAPABILITIES,
            privileges: Some(&Privileges::Unlisted),
            read_only: false,
            restricted: false,
            progress: None,
        };
        vm(word).map_or(Availability::Allowed, |vm| {
            availability(action, &vm, &standing)
        })
    }

    /// The gating of the API's reference, written out by hand.
    #[rustfmt::skip]
    const TABLE: &[(&str, &[ActionKind])] = {
        use ActionKind::{Delete, Pause, PowerOff, PowerOn, Reboot, Resume, Suspend};
        const ALL: &[ActionKind] = &[PowerOn, PowerOff, Pause, Resume, Reboot, Suspend, Delete];
        &[
            ("running", &[PowerOff, Pause, Reboot, Suspend]),
            ("off", &[PowerOn, Delete]),
            ("stopped", &[PowerOn, Delete]),
            ("shutdown", &[PowerOn, Delete]),
            ("paused", &[PowerOff, Resume]),
            ("Paused", &[PowerOff, Resume]),
            ("saved", &[PowerOn, Resume]),
            ("suspended", &[PowerOn, Resume]),
            ("SUSPENDED", &[PowerOn, Resume]),
            ("saving", &[]),
            ("scheduling", &[]),
            ("launching", &[]),
            ("pending", &[]),
            ("shutting-down", &[]),
            ("provisioning", &[]),
            ("installing", &[]),
            ("terminated", &[Delete]),
            // The server says no when it must.
            ("error", ALL),
            ("failed", ALL),
            ("unknown", ALL),
            ("unkown", ALL),
            ("hibernating", ALL),
        ]
    };

    #[test]
    fn every_action_is_offered_from_the_states_of_the_reference() {
        let local = [ActionKind::Protect, ActionKind::Unprotect];
        for (word, allowed) in TABLE {
            for action in ActionKind::all().filter(|action| !local.contains(action)) {
                assert_eq!(
                    ask(action, word).is_allowed(),
                    allowed.contains(&action),
                    "{action} from {word}"
                );
            }
            assert!(ask(ActionKind::Protect, word).is_allowed(), "{word}");
        }
    }

    #[test]
    fn what_the_api_has_not_is_refused_with_the_reason() {
        let why = |action| match ask(action, "running") {
            Availability::Allowed => String::new(),
            Availability::Denied(denial) => denial.to_string(),
        };
        assert_eq!(
            why(ActionKind::Shutdown),
            "Elastic Hosting has no shut down; its only stop is power off, and nothing says whether that asks the guest"
        );
        assert_eq!(
            why(ActionKind::Reset),
            "Elastic Hosting has no reset; reboot powers it off and on again"
        );
        assert_eq!(
            why(ActionKind::Relocate),
            "Elastic Hosting has no relocate; its API knows no hosts"
        );
        assert!(
            CAPABILITIES
                .help(ActionKind::PowerOff)
                .contains("does not document whether the guest is asked")
        );
    }
}
