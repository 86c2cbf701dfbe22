//! Whether an action asks before it is sent, and what the question says: the same on the screen and on the command line.

use std::sync::Arc;

use super::action::{ActionClass, ActionKind};
use super::capabilities::Capabilities;
use super::state::PowerState;
use super::vm::{Protection, Vm};

/// What an action does to a VM's users, and why it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// What happens when the answer is yes.
    pub consequence: &'static str,
    /// Why the question is asked, each as a few words: `production`, `protected by admin: kernel update`.
    pub because: Vec<String>,
    /// Whether a single key is too easy an answer: harm that cannot be undone in production or on a protected VM, and deleting anywhere.
    pub typed: bool,
}

/// The question that comes before `action` on `vm`, or `None` when it may go at once.
///
/// It asks before every destructive action (power off, reset, undeploy, delete), before any action but unprotect on a
/// protected VM, and in production also before a disruptive one (shut down, reboot, pause …). Whether the action may be done at all is
/// asked first, of [`super::availability()`]. What happens to its users is what the action does on this VM ([`Capabilities::words`]).
#[must_use]
pub fn confirmation(
    action: ActionKind,
    vm: &Vm,
    capabilities: &Capabilities,
    production: bool,
) -> Option<Confirmation> {
    let spec = action.spec();
    let mut because = Vec::new();
    if let Some(protection) = vm
        .protection
        .as_deref()
        .filter(|_| action != ActionKind::Unprotect)
    {
        because.push(protected_words(protection));
    }
    let harmful = match spec.class {
        ActionClass::Destructive => true,
        ActionClass::Disruptive => production,
        ActionClass::Safe | ActionClass::Changes => false,
    };
    if harmful && production {
        because.push("production".to_owned());
    }
    if harmful && vm.power == PowerState::On {
        because.push("it is running".to_owned());
    }
    if because.is_empty() && !harmful {
        return None;
    }
    let serious = production || vm.protection.is_some();
    Some(Confirmation {
        consequence: capabilities.words(action, vm).consequence,
        because,
        typed: action == ActionKind::Delete || spec.class == ActionClass::Destructive && serious,
    })
}

/// What a person knew of a VM when they gave a command and said yes to what it asked then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmed {
    /// The VM unprotected.
    #[default]
    Unprotected,
    /// The VM protected, for this reason as far as it was told.
    Protected {
        /// The reason.
        reason: Option<Arc<str>>,
    },
    /// Nothing in particular: whatever may be asked is answered with yes beforehand (`--yes`).
    Everything,
}

impl Confirmed {
    /// What a person knows to whom the VM is shown so.
    #[must_use]
    pub fn shown(vm: &Vm) -> Self {
        vm.protection
            .as_deref()
            .map_or(Self::Unprotected, |protection| Self::Protected {
                reason: protection.reason.clone(),
            })
    }
}

/// What must be asked about a VM as it is now and was not asked of the person who gave the command, as one sentence:
/// somebody has protected it meanwhile, or protects it for another reason. `None` when all that asks was confirmed.
///
/// What else asks (the action itself, production) is the same at any time, so that it was asked with the command.
#[must_use]
pub fn unconfirmed(action: ActionKind, vm: &Vm, confirmed: &Confirmed) -> Option<String> {
    let protection = vm
        .protection
        .as_deref()
        .filter(|_| action != ActionKind::Unprotect)?;
    let known = match confirmed {
        Confirmed::Unprotected => false,
        Confirmed::Protected { reason } => *reason == protection.reason,
        Confirmed::Everything => true,
    };
    (!known).then(|| {
        let words = protected_words(protection);
        let rest = words.strip_prefix("protected").unwrap_or(&words);
        format!("it was protected meanwhile{rest}; ask again")
    })
}

/// `protected by admin: kernel update`, as far as it is known.
#[must_use]
pub fn protected_words(protection: &Protection) -> String {
    let mut words = String::from("protected");
    if let Some(by) = &protection.by {
        words.push_str(" by ");
        words.push_str(by);
    }
    if let Some(reason) = &protection.reason {
        words.push_str(": ");
        words.push_str(reason);
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::model::testing::{protected, vm};

    /// Action, asks outside production, asks in production.
    const RULES: &[(ActionKind, bool, bool)] = &[
        (ActionKind::PowerOn, false, false),
        (ActionKind::Resume, false, false),
        (ActionKind::Protect, false, false),
        (ActionKind::Unprotect, false, false),
        (ActionKind::Deploy, false, false),
        (ActionKind::Shutdown, false, true),
        (ActionKind::Reboot, false, true),
        (ActionKind::Pause, false, true),
        (ActionKind::PowerOff, true, true),
        (ActionKind::Reset, true, true),
        (ActionKind::Undeploy, true, true),
        (ActionKind::Delete, true, true),
    ];

    #[test]
    fn destructive_asks_always_and_disruptive_in_production() {
        for (action, elsewhere, production) in RULES {
            let vm = vm(PowerState::On);
            assert_eq!(
                confirmation(*action, &vm, &Capabilities::NONE, false).is_some(),
                *elsewhere,
                "{action}"
            );
            assert_eq!(
                confirmation(*action, &vm, &Capabilities::NONE, true).is_some(),
                *production,
                "{action}"
            );
        }
    }

    #[test]
    fn everything_but_unprotect_asks_on_a_protected_vm_and_says_who_and_why() {
        for action in ActionKind::all() {
            let question = confirmation(
                action,
                &protected(PowerState::On),
                &Capabilities::NONE,
                false,
            );
            if action == ActionKind::Unprotect {
                assert_eq!(question, None);
                continue;
            }
            let because = question
                .map(|question| question.because)
                .unwrap_or_default();
            assert!(
                because.contains(&"protected by admin: kernel update".to_owned()),
                "{action}"
            );
        }
    }

    #[test]
    fn only_a_protection_that_was_not_shown_is_asked_again() {
        let other = || {
            let mut vm = protected(PowerState::On);
            vm.protection.as_mut().unwrap().reason = Some("audit".into());
            vm
        };
        let nameless = || {
            let mut vm = protected(PowerState::On);
            vm.protection.as_mut().unwrap().by = None;
            vm
        };
        let (on, kernel) = (vm(PowerState::On), protected(PowerState::On));
        let ask = |vm: &Vm, confirmed: &Confirmed| {
            unconfirmed(ActionKind::Shutdown, vm, confirmed).unwrap_or_default()
        };
        let unseen = "it was protected meanwhile by admin: kernel update; ask again";
        assert_eq!(ask(&kernel, &Confirmed::shown(&on)), unseen);
        assert_eq!(ask(&kernel, &Confirmed::shown(&other())), unseen);
        assert_eq!(
            ask(&nameless(), &Confirmed::shown(&on)),
            "it was protected meanwhile: kernel update; ask again"
        );
        for confirmed in [&kernel, &nameless()].map(Confirmed::shown) {
            assert_eq!(ask(&kernel, &confirmed), "");
            assert_eq!(ask(&on, &confirmed), "", "released meanwhile: it asks less");
        }
        assert_eq!(ask(&kernel, &Confirmed::Everything), "");
        assert_eq!(
            unconfirmed(ActionKind::Unprotect, &kernel, &Confirmed::Unprotected),
            None
        );
    }

    #[test]
    fn only_serious_harm_wants_typing() {
        let typed = |action, vm: &Vm, production| {
            confirmation(action, vm, &Capabilities::NONE, production)
                .is_some_and(|question| question.typed)
        };
        let on = vm(PowerState::On);
        assert!(!typed(ActionKind::PowerOff, &on, false));
        assert!(typed(ActionKind::PowerOff, &on, true));
        assert!(typed(
            ActionKind::PowerOff,
            &protected(PowerState::On),
            false
        ));
        assert!(!typed(ActionKind::Shutdown, &on, true));
    }

    #[test]
    fn what_happens_is_what_the_action_does_on_this_vm() {
        const AZURE: Capabilities = Capabilities {
            wordings: &[super::super::capabilities::Wording {
                hypervisor: "AZURE",
                action: ActionKind::PowerOff,
                title: "Deallocate",
                help: "stop it, release its addresses",
                done: "deallocated",
                consequence: "Its addresses are released.",
            }],
            ..Capabilities::NONE
        };
        let consequence = |hypervisor: Option<&str>| {
            let mut vm = vm(PowerState::On);
            vm.hypervisor = hypervisor.map(Into::into);
            confirmation(ActionKind::PowerOff, &vm, &AZURE, false).map(|asked| asked.consequence)
        };
        let here = "Its addresses are released.";
        assert_eq!(consequence(Some("AZURE_ARM")), Some(here));
        let elsewhere = ActionKind::PowerOff.spec().consequence;
        assert_eq!(consequence(Some("VMX_04")), Some(elsewhere));
        assert_eq!(consequence(None), Some(elsewhere));
    }
}
