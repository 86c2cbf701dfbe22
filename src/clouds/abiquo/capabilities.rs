//! From where Abiquo accepts each action and which privilege it asks for, as data.

use crate::model::PowerState::{Allocated, Configured, NotAllocated, Off, On, Paused, Unknown};
use crate::model::{
    ActionKind, ActionRule, Capabilities, PowerState, ProtectionScope, VappActionKind, VappRule,
    VappState, Wording,
};

const PERFORM: &[&str] = &["VAPP_PERFORM_ACTIONS"];
const DEPLOY: &[&str] = &["VAPP_DEPLOY_UNDEPLOY"];
const PROTECT: &str = "VM_PROTECT_ACTION";

/// The states of a VM that exists on a hypervisor and is not a step of a deploy.
const DEPLOYED: &[PowerState] = &[On, Paused, Off];
const ANY_BUT_LOCKED: &[PowerState] = &[
    NotAllocated,
    Allocated,
    Configured,
    On,
    Paused,
    Off,
    Unknown,
];

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
    ActionRule::new(ActionKind::Deploy, &[NotAllocated], DEPLOY),
    ActionRule::new(
        ActionKind::Undeploy,
        &[Allocated, On, Paused, Off, Unknown],
        DEPLOY,
    ),
    ActionRule::new(ActionKind::Snapshot, &[Off], &["VAPP_CREATE_INSTANCE"]),
    ActionRule::new(ActionKind::Delete, ANY_BUT_LOCKED, &["VDC_MANAGE_VAPP"])
        .with_extra_privilege(Unknown, "VAPP_DELETE_UNKNOWN_VM"),
    ActionRule::new(ActionKind::Relocate, DEPLOYED, &["VM_RELOCATE"]),
    // The privilege "Move VMs" is known by its words only, not by a name that the API would tell.
    ActionRule::new(ActionKind::Move, ANY_BUT_LOCKED, &[]),
    ActionRule::new(ActionKind::Restrict, ANY_BUT_LOCKED, &["VM_RESTRICT"]),
];

/// A deploy is the way out of a partial one as well; deleting wants it undeployed, UNKNOWN or empty (VAPP-5 otherwise).
const VAPP_RULES: &[VappRule] = &[
    VappRule {
        action: VappActionKind::Deploy,
        from: &[VappState::Undeployed, VappState::PartiallyDeployed],
        privileges: DEPLOY,
    },
    VappRule {
        action: VappActionKind::Undeploy,
        from: &[
            VappState::Deployed,
            VappState::PartiallyDeployed,
            VappState::Unknown,
        ],
        privileges: DEPLOY,
    },
    VappRule {
        action: VappActionKind::Edit,
        from: &[
            VappState::Empty,
            VappState::Unknown,
            VappState::Deployed,
            VappState::Undeployed,
            VappState::PartiallyDeployed,
        ],
        privileges: &["VAPP_CUSTOMISE_SETTINGS"],
    },
    VappRule {
        action: VappActionKind::Delete,
        from: &[VappState::Undeployed, VappState::Unknown, VappState::Empty],
        privileges: &["VDC_MANAGE_VAPP"],
    },
];

/// On Azure a graceful OFF powers off and is still billed; a hard one gives everything back (the guide's words for both).
const WORDINGS: &[Wording] = &[
    Wording {
        hypervisor: "AZURE",
        action: ActionKind::Shutdown,
        title: "Power off",
        help: "stop it, keep its addresses and its cost",
        done: "powered off",
        consequence: "It stops and its users lose it; its addresses stay, and so does its cost.",
    },
    Wording {
        hypervisor: "AZURE",
        action: ActionKind::PowerOff,
        title: "Deallocate",
        help: "stop it, release its addresses and its cost",
        done: "deallocated",
        consequence: "It stops and its users lose it; its addresses are released, and it costs nothing until it is powered on again.",
    },
];

/// What Abiquo's API has.
pub(in crate::clouds) static CAPABILITIES: Capabilities = Capabilities {
    provider: "Abiquo",
    rules: RULES,
    notes: &[],
    keep_off: false,
    missing: &[(ActionKind::Reboot, "reset restarts it hard")],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some(PROTECT),
    anyone_may_unprotect: false,
    restricted_privilege: Some("VAPP_RESTRICTED_MANAGE"),
    tasks: true,
    events: true,
    vapps: true,
    vapp_rules: VAPP_RULES,
    create_vapp: Some(&["VDC_MANAGE_VAPP"]),
    workflow: Some("WORKFLOW_OVERRIDE"),
    acknowledge_others: Some("USERS_MANAGE_USERS"),
    tenants: Some("ENTERPRISE_ADMINISTER_ALL"),
    wordings: WORDINGS,
    metrics: true,
    ..Capabilities::NONE
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::model::{
        Availability, Denial, Privileges, Standing, VappStanding, Vm, availability, testing,
        vapp_availability,
    };

    /// The rows of the API's table of actions, written out by hand: from which states the server takes each one, for a VM that is
    /// not protected and for one that is, with the privileges it asks for.
    #[rustfmt::skip]
    const TABLE: &[(ActionKind, &str, &str, &[&str])] = &[
        // N NOT_ALLOCATED, A ALLOCATED, C CONFIGURED, 1 ON, P PAUSED, 0 OFF, L LOCKED, U UNKNOWN
        //                       NAC1P0LU    NAC1P0LU (protected)
        (ActionKind::PowerOn,   "..y..y..", "..y..y..", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::Shutdown,  "...y....", "...y....", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::PowerOff,  "...y....", "...y....", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::Pause,     "...y....", "...y....", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::Resume,    "....y...", "....y...", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::Reboot,    "........", "........", &[]),
        (ActionKind::Reset,     "...y....", "...y....", &["VAPP_PERFORM_ACTIONS"]),
        (ActionKind::Protect,   "...yyy..", "........", &["VM_PROTECT_ACTION"]),
        (ActionKind::Unprotect, "........", "yyyyyy.y", &["VM_PROTECT_ACTION"]),
        (ActionKind::Deploy,    "y.......", "y.......", &["VAPP_DEPLOY_UNDEPLOY"]),
        (ActionKind::Undeploy,  ".y.yyy.y", ".y.yyy.y", &["VAPP_DEPLOY_UNDEPLOY"]),
        (ActionKind::Snapshot,  ".....y..", ".....y..", &["VAPP_CREATE_INSTANCE"]),
        (ActionKind::Delete,    "yyyyyy.y", "yyyyyy.y", &["VDC_MANAGE_VAPP"]),
        (ActionKind::Relocate,  "...yyy..", "...yyy..", &["VM_RELOCATE"]),
        (ActionKind::Move,      "yyyyyy.y", "yyyyyy.y", &[]),
        (ActionKind::Restrict,  "yyyyyy.y", "yyyyyy.y", &["VM_RESTRICT"]),
    ];

    const EVERYTHING: &[&str] = &[
        "VAPP_PERFORM_ACTIONS",
        "VAPP_DEPLOY_UNDEPLOY",
        "VAPP_CREATE_INSTANCE",
        "VDC_MANAGE_VAPP",
        "VAPP_DELETE_UNKNOWN_VM",
        "VM_PROTECT_ACTION",
        "VM_RELOCATE",
        "VM_RESTRICT",
        "VAPP_RESTRICTED_MANAGE",
    ];

    fn vm(power: PowerState, is_protected: bool) -> Vm {
        if is_protected {
            testing::protected(power)
        } else {
            testing::vm(power)
        }
    }

    fn ask(action: ActionKind, vm: &Vm, held: &[&'static str], restricted: bool) -> Availability {
        let privileges: Privileges = held.iter().copied().collect();
        let standing = Standing {
            capabilities: &CAPABILITIES,
            privileges: Some(&privileges),
            signed_out: None,
            read_only: false,
            restricted,
            progress: None,
        };
        availability(action, vm, &standing)
    }

    fn all_but(missing: &str) -> Vec<&'static str> {
        EVERYTHING
            .iter()
            .copied()
            .filter(|name| *name != missing)
            .collect()
    }

    #[test]
    fn every_action_is_accepted_from_the_states_of_the_documents() {
        // Suspend, restore and what follows it are other clouds' words.
        assert_eq!(TABLE.len() + 9, ActionKind::all().count());
        for (action, plain, protected, needed) in TABLE {
            for (at, state) in PowerState::ALL.into_iter().enumerate() {
                for (is_protected, row) in [(false, plain), (true, protected)] {
                    let vm = vm(state, is_protected);
                    let expected = row.as_bytes()[at] == b'y';
                    let case = format!("{action} from {state}, protected: {is_protected}");
                    assert_eq!(
                        ask(*action, &vm, EVERYTHING, false).is_allowed(),
                        expected,
                        "{case}"
                    );
                    for privilege in *needed {
                        let without = ask(*action, &vm, &all_but(privilege), false);
                        assert!(!without.is_allowed(), "{case} without {privilege}");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_without_the_protect_privilege_acts_on_a_protected_vm() {
        for (action, ..) in TABLE {
            for state in PowerState::ALL {
                let answer = ask(
                    *action,
                    &vm(state, true),
                    &all_but("VM_PROTECT_ACTION"),
                    false,
                );
                assert!(!answer.is_allowed(), "{action} from {state}");
            }
        }
        let answer = ask(
            ActionKind::PowerOff,
            &vm(On, true),
            &all_but("VM_PROTECT_ACTION"),
            false,
        );
        assert_eq!(
            answer.denial().unwrap().to_string(),
            "Protected by admin: kernel update; your role lacks VM_PROTECT_ACTION"
        );
    }

    #[test]
    fn a_missing_privilege_is_named() {
        for (action, plain, _, needed) in TABLE {
            let Some(at) = plain.find('y') else { continue };
            for privilege in *needed {
                let answer = ask(
                    *action,
                    &vm(PowerState::ALL[at], false),
                    &all_but(privilege),
                    false,
                );
                assert_eq!(
                    answer.denial(),
                    Some(&Denial::Privilege(privilege)),
                    "{action}"
                );
            }
        }
    }

    #[test]
    fn deleting_an_unknown_vm_needs_one_privilege_more() {
        let held = all_but("VAPP_DELETE_UNKNOWN_VM");
        assert!(ask(ActionKind::Delete, &vm(Off, false), &held, false).is_allowed());
        let answer = ask(ActionKind::Delete, &vm(Unknown, false), &held, false);
        assert_eq!(
            answer.denial(),
            Some(&Denial::Privilege("VAPP_DELETE_UNKNOWN_VM"))
        );
    }

    #[test]
    fn what_stands_in_a_restricted_appliance_is_read_only_without_its_privilege() {
        let held = all_but("VAPP_RESTRICTED_MANAGE");
        let answer = ask(ActionKind::PowerOff, &vm(On, false), &held, true);
        assert_eq!(
            answer.denial(),
            Some(&Denial::Restricted("VAPP_RESTRICTED_MANAGE"))
        );
        assert!(ask(ActionKind::PowerOff, &vm(On, false), EVERYTHING, true).is_allowed());
    }

    #[test]
    fn a_reboot_is_missing_and_reset_is_named_in_its_place() {
        let answer = ask(ActionKind::Reboot, &vm(On, false), EVERYTHING, false);
        assert_eq!(
            answer.denial().unwrap().to_string(),
            "Abiquo has no reboot; reset restarts it hard"
        );
    }

    #[test]
    fn everything_that_the_api_documents_is_offered() {
        let offered: Vec<&str> = ActionKind::all()
            .filter(|kind| CAPABILITIES.offers(*kind))
            .map(ActionKind::id)
            .collect();
        assert_eq!(
            offered,
            [
                "power_on",
                "shutdown",
                "power_off",
                "pause",
                "resume",
                "reset",
                "protect",
                "unprotect",
                "deploy",
                "undeploy",
                "snapshot",
                "delete",
                "relocate",
                "move",
                "restrict"
            ]
        );
    }

    #[test]
    fn on_azure_a_hard_power_off_gives_everything_back_and_is_called_so() {
        let on = |hypervisor: &str| Vm {
            hypervisor: Some(hypervisor.into()),
            ..vm(On, false)
        };
        for azure in ["AZURE", "AZURE_ARM", "azure_arm"] {
            let titles = [ActionKind::Shutdown, ActionKind::PowerOff]
                .map(|action| CAPABILITIES.words(action, &on(azure)).title);
            assert_eq!(titles, ["Power off", "Deallocate"], "{azure}");
        }
        for other in ["VMX_04", "KVM", "AZ"] {
            let titles = [ActionKind::Shutdown, ActionKind::PowerOff]
                .map(|action| CAPABILITIES.words(action, &on(other)).title);
            assert_eq!(titles, ["Shut down", "Power off"], "{other}");
        }
    }

    /// The rows of the API's table of appliances, written out by hand.
    #[rustfmt::skip]
    const VAPPS: &[(VappActionKind, &[VappState], &str)] = &[
        (VappActionKind::Deploy, &[VappState::Undeployed, VappState::PartiallyDeployed], "VAPP_DEPLOY_UNDEPLOY"),
        (VappActionKind::Undeploy, &[VappState::Deployed, VappState::PartiallyDeployed, VappState::Unknown], "VAPP_DEPLOY_UNDEPLOY"),
        (VappActionKind::Edit, &[VappState::Deployed, VappState::Undeployed, VappState::PartiallyDeployed, VappState::Unknown, VappState::Empty], "VAPP_CUSTOMISE_SETTINGS"),
        (VappActionKind::Delete, &[VappState::Undeployed, VappState::Unknown, VappState::Empty], "VDC_MANAGE_VAPP"),
    ];

    #[test]
    fn an_appliance_as_a_whole_has_its_states_and_privileges() {
        let vms = [PowerState::On, PowerState::NotAllocated].map(|power| vm(power, false));
        for (action, states, privilege) in VAPPS {
            for state in VappState::ALL {
                let ask = |held: &str| {
                    let privileges: Privileges = [held].into_iter().collect();
                    let standing = VappStanding {
                        capabilities: &CAPABILITIES,
                        privileges: Some(&privileges),
                        signed_out: None,
                        read_only: false,
                        restricted: false,
                        state,
                    };
                    vapp_availability(*action, &vms, &standing).is_allowed()
                };
                let case = format!("{} while {}", action.id(), state.as_str());
                assert_eq!(ask(privilege), states.contains(&state), "{case}");
                assert!(!ask("SOMETHING_ELSE"), "{case}");
            }
        }
    }
}
