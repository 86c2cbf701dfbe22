//! Whether an action may be performed on a VM now, and if not, why not: the one place where that is decided.

use std::sync::Arc;

use super::action::{Action, ActionKind};
use super::capabilities::{ActionRule, Capabilities};
use super::denial::{Denial, Misfit};
use super::session::Privileges;
use super::state::PowerState;
use super::vapp::Vapp;
use super::vm::Vm;

/// What the answer depends on beside the VM: the cloud, the user, the console, and what runs.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// What the cloud can do and from where.
    pub capabilities: &'a Capabilities,
    /// What the user may do; `None` until the sign-in has been answered.
    pub privileges: Option<&'a Privileges>,
    /// Why nobody is signed in: `it does not answer`. `None` while that is not known.
    pub signed_out: Option<&'a str>,
    /// The configuration says that nothing may be changed on this cloud.
    pub read_only: bool,
    /// The VM's appliance is restricted.
    pub restricted: bool,
    /// What runs on the VM, in words: `Powering off`.
    pub progress: Option<&'a str>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It may be sent. The cloud still has the last word.
    Allowed,
    /// It may not, and why.
    Denied(Denial),
}

impl Availability {
    /// Whether it may be sent.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }

    /// Why not; `None` when it may be sent.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Allowed => None,
            Self::Denied(denial) => Some(denial),
        }
    }
}

/// Whether `action` may be performed on `vm`, and if not, why not.
///
/// The order of the questions is the order of what a person can do least about: what the cloud lacks, what the configuration
/// forbids, what the role lacks, then the VM itself (protection, a running operation, its state).
#[must_use]
pub fn availability(action: ActionKind, vm: &Vm, standing: &Standing<'_>) -> Availability {
    denial(action, vm, standing).map_or(Availability::Allowed, Availability::Denied)
}

/// [`availability`] of an action with its arguments: keeping a VM off needs a cloud that would start it again, and the appliance that it
/// is to be put into (`to`, where that is known) must take it.
#[must_use]
pub fn availability_of(
    action: &Action,
    vm: &Vm,
    to: Option<&Vapp>,
    standing: &Standing<'_>,
) -> Availability {
    match availability(action.kind(), vm, standing) {
        Availability::Allowed if *action == Action::KeepOff && !standing.capabilities.keep_off => {
            let provider = standing.capabilities.provider;
            Availability::Denied(Denial::NothingRestarts { provider })
        }
        Availability::Allowed => to
            .and_then(|to| misfit(action.kind(), vm, to, standing))
            .map_or(Availability::Allowed, Availability::Denied),
        answer => answer,
    }
}

/// A VM stays in its project, for no API has a request for more; a restricted appliance takes it from who may manage such, and to be
/// restricted it goes to a restricted one.
fn misfit(action: ActionKind, vm: &Vm, to: &Vapp, standing: &Standing<'_>) -> Option<Denial> {
    let projects = vm.project.as_ref().zip(to.project.as_ref());
    let lacks = standing.capabilities.restricted_privilege.filter(|name| {
        let holds = |privileges: &Privileges| privileges.holds(name);
        !standing.privileges.is_some_and(holds)
    });
    let misfit = match lacks {
        _ if vm.vapp.as_ref().is_some_and(|own| own.id == to.id) => Misfit::Same,
        _ if projects.is_some_and(|(own, other)| own.id != other.id) => Misfit::Project,
        _ if action == ActionKind::Restrict && !to.restricted => Misfit::Unrestricted,
        // Who may restrict puts VMs where they cannot be seen any more.
        Some(lacks) if action == ActionKind::Move && to.restricted => Misfit::Restricted(lacks),
        _ => return None,
    };
    Some(Denial::Destination {
        vapp: to.name.clone(),
        misfit,
    })
}

fn denial(action: ActionKind, vm: &Vm, standing: &Standing<'_>) -> Option<Denial> {
    let capabilities = standing.capabilities;
    let Some(rule) = capabilities.rule(action) else {
        let instead = capabilities
            .missing
            .iter()
            .find(|(kind, _)| *kind == action)
            .map(|(_, why)| *why);
        return Some(Denial::Unsupported {
            provider: capabilities.provider,
            action,
            instead,
        });
    };
    if !rule.offered {
        return Some(Denial::NotPerformed {
            provider: capabilities.provider,
            action,
        });
    }
    denial_by_rule(rule, vm, standing)
}

/// What one rule of a cloud says, whether this program performs its action or not.
#[must_use]
pub fn denial_by_rule(rule: &ActionRule, vm: &Vm, standing: &Standing<'_>) -> Option<Denial> {
    let capabilities = standing.capabilities;
    if standing.read_only {
        return Some(Denial::ReadOnly);
    }
    let Some(privileges) = standing.privileges else {
        return Some(Denial::NotSignedIn(standing.signed_out.map(Arc::from)));
    };
    protection(rule.action, vm, capabilities, privileges)
        .or_else(|| privilege(rule, vm, privileges))
        .or_else(|| restriction(standing, privileges))
        .or_else(|| state(rule, vm, standing.progress))
}

/// Who lacks the privilege may not act on a protected VM, whatever else the role holds (Abiquo: VM-120). Who holds it
/// may, as the guide says; only protecting it again is refused, so that the reason that stands is not lost.
fn protection(
    action: ActionKind,
    vm: &Vm,
    capabilities: &Capabilities,
    privileges: &Privileges,
) -> Option<Denial> {
    let Some(protection) = &vm.protection else {
        return (action == ActionKind::Unprotect).then_some(Denial::NotProtected);
    };
    let (by, reason) = (protection.by.clone(), protection.reason.clone());
    if action == ActionKind::Protect {
        return Some(Denial::AlreadyProtected { by, reason });
    }
    match capabilities.protect_privilege {
        Some(name) if privileges.holds(name) => None,
        Some(_) if action == ActionKind::Unprotect && capabilities.anyone_may_unprotect => None,
        Some(name) => Some(Denial::Protected {
            by,
            reason,
            lacks: Some(name),
        }),
        None => (action != ActionKind::Unprotect).then_some(Denial::Protected {
            by,
            reason,
            lacks: None,
        }),
    }
}

fn privilege(rule: &ActionRule, vm: &Vm, privileges: &Privileges) -> Option<Denial> {
    let extra = rule
        .extra_privilege
        .filter(|(state, _)| *state == vm.power)
        .map(|(_, name)| name);
    let lacking = rule
        .privileges
        .iter()
        .copied()
        .chain(extra)
        .find(|name| !privileges.holds(name));
    lacking.map(Denial::Privilege)
}

fn restriction(standing: &Standing<'_>, privileges: &Privileges) -> Option<Denial> {
    let name = standing
        .capabilities
        .restricted_privilege
        .filter(|_| standing.restricted)?;
    (!privileges.holds(name)).then_some(Denial::Restricted(name))
}

fn state(rule: &ActionRule, vm: &Vm, progress: Option<&str>) -> Option<Denial> {
    let accepted = rule.from.contains(&vm.power) || rule.from_native.contains(&&*vm.native_state);
    if accepted {
        return None;
    }
    if vm.power == PowerState::Locked {
        return Some(Denial::Locked(progress.map(Arc::from)));
    }
    Some(match (rule.action, vm.power) {
        (ActionKind::PowerOn, PowerState::On) => Denial::Already("on"),
        (ActionKind::PowerOff | ActionKind::Shutdown, PowerState::Off) => Denial::Already("off"),
        (ActionKind::Pause, PowerState::Paused) => Denial::Already("paused"),
        (ActionKind::Undeploy, PowerState::NotAllocated) => Denial::Already("undeployed"),
        _ => Denial::State {
            action: rule.action,
            needs: rule.from,
            needs_native: rule.from_native,
            is: vm.power_word(),
            native: vm.differing_native_state().map(Arc::from),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProtectionScope;
    use crate::model::testing::{protected, vm};
    use PowerState::*;

    const RULES: Capabilities = Capabilities {
        provider: "Testcloud",
        rules: &[
            ActionRule::new(ActionKind::Pause, &[On], &["POWER"]),
            ActionRule::new(ActionKind::PowerOn, &[Off, Configured], &["POWER"]),
            ActionRule::new(
                ActionKind::Undeploy,
                &[On, Off, Paused, Unknown, Allocated],
                &["POWER"],
            ),
            ActionRule::new(
                ActionKind::Delete,
                &[
                    NotAllocated,
                    Allocated,
                    Configured,
                    On,
                    Paused,
                    Off,
                    Unknown,
                ],
                &["POWER"],
            )
            .with_extra_privilege(Unknown, "DELETE_UNKNOWN"),
            ActionRule::new(ActionKind::Protect, &[On, Paused, Off], &["PROTECT"]),
            ActionRule::new(ActionKind::Unprotect, &[On, Paused, Off], &["PROTECT"]),
        ],
        notes: &[],
        keep_off: false,
        missing: &[(ActionKind::Reboot, "use reset")],
        protection: Some(ProtectionScope::Cloud),
        protect_privilege: Some("PROTECT"),
        restricted_privilege: Some("RESTRICTED"),
        tasks: true,
        events: true,
        vapps: true,
        ..Capabilities::NONE
    };

    fn why(action: ActionKind, vm: &Vm, privileges: &[&str]) -> String {
        why_with(action, vm, privileges, |standing| standing)
    }

    fn why_with(
        action: ActionKind,
        vm: &Vm,
        privileges: &[&str],
        change: impl for<'a> FnOnce(Standing<'a>) -> Standing<'a>,
    ) -> String {
        let privileges: Privileges = privileges.iter().copied().collect();
        let standing = Standing {
            capabilities: &RULES,
            privileges: Some(&privileges),
            signed_out: None,
            read_only: false,
            restricted: false,
            progress: Some("Powering on"),
        };
        let answer = availability(action, vm, &change(standing));
        answer
            .denial()
            .map_or_else(|| "allowed".to_owned(), ToString::to_string)
    }

    #[test]
    fn every_no_says_why() {
        let all: &[&str] = &["POWER", "PROTECT"];
        let cases: &[(ActionKind, Vm, &[&str], &str)] = &[
            (ActionKind::Pause, vm(On), all, "allowed"),
            (
                ActionKind::Pause,
                vm(Off),
                all,
                "Pause needs a VM that is On; this one is Off",
            ),
            (ActionKind::Pause, vm(Paused), all, "It is paused already"),
            (ActionKind::PowerOn, vm(On), all, "It is on already"),
            (
                ActionKind::PowerOn,
                vm(NotAllocated),
                all,
                "Power on needs a VM that is Off or Configured; this one is Not allocated",
            ),
            (
                ActionKind::Protect,
                vm(NotAllocated),
                all,
                "Protect needs a VM that is On, Paused or Off; this one is Not allocated",
            ),
            (
                ActionKind::Undeploy,
                vm(Configured),
                all,
                "Undeploy needs a VM that is neither Not allocated, Configured nor Locked; this one is Configured",
            ),
            (
                ActionKind::Delete,
                vm(Unknown),
                all,
                "Your role lacks DELETE_UNKNOWN",
            ),
            (ActionKind::Delete, vm(Off), all, "allowed"),
            (
                ActionKind::Pause,
                vm(Locked),
                all,
                "An operation is running on it: Powering on",
            ),
            (
                ActionKind::Pause,
                vm(On),
                &["PROTECT"],
                "Your role lacks POWER",
            ),
            (
                ActionKind::Reboot,
                vm(On),
                all,
                "Testcloud has no reboot; use reset",
            ),
            (
                ActionKind::Relocate,
                vm(On),
                all,
                "Testcloud has no relocate",
            ),
            (ActionKind::Unprotect, vm(On), all, "It is not protected"),
            (
                ActionKind::Protect,
                protected(On),
                all,
                "Already protected by admin: kernel update",
            ),
            (ActionKind::Pause, protected(On), all, "allowed"),
            (
                ActionKind::Pause,
                protected(On),
                &["POWER"],
                "Protected by admin: kernel update; your role lacks PROTECT",
            ),
            (
                ActionKind::Unprotect,
                protected(On),
                &["POWER"],
                "Protected by admin: kernel update; your role lacks PROTECT",
            ),
        ];
        for (action, vm, privileges, expected) in cases {
            assert_eq!(
                why(*action, vm, privileges),
                *expected,
                "{action} {}",
                vm.power
            );
        }
    }

    #[test]
    fn the_configuration_and_the_sign_in_come_before_the_vm() {
        let read_only = why_with(ActionKind::Pause, &vm(Off), &[], |standing| Standing {
            read_only: true,
            ..standing
        });
        assert_eq!(read_only, "This cloud is read-only in the configuration");
        let unknown = why_with(ActionKind::Pause, &vm(Off), &[], |standing| Standing {
            privileges: None,
            ..standing
        });
        assert_eq!(unknown, "The cloud has not answered the sign-in yet");
        let dead = why_with(ActionKind::Pause, &vm(Off), &[], |standing| Standing {
            privileges: None,
            signed_out: Some("it does not answer"),
            ..standing
        });
        assert_eq!(dead, "Nobody is signed in to the cloud: it does not answer");
    }

    #[test]
    fn what_stands_in_a_restricted_appliance_may_only_be_looked_at() {
        let restricted = |privileges: &[&str]| {
            why_with(ActionKind::Pause, &vm(On), privileges, |standing| {
                Standing {
                    restricted: true,
                    ..standing
                }
            })
        };
        assert_eq!(
            restricted(&["POWER"]),
            "Its appliance is restricted; your role lacks RESTRICTED"
        );
        assert_eq!(restricted(&["POWER", "RESTRICTED"]), "allowed");
    }

    #[test]
    fn where_nobody_can_hold_a_privilege_only_unprotect_is_left() {
        let capabilities = Capabilities {
            protect_privilege: None,
            ..RULES
        };
        let ask = |action| {
            let privileges = Privileges::Unlisted;
            let standing = Standing {
                capabilities: &capabilities,
                privileges: Some(&privileges),
                signed_out: None,
                read_only: false,
                restricted: false,
                progress: None,
            };
            availability(action, &protected(On), &standing)
                .denial()
                .map(ToString::to_string)
        };
        assert_eq!(
            ask(ActionKind::Pause).as_deref(),
            Some("Protected by admin: kernel update; unprotect it first")
        );
        assert_eq!(ask(ActionKind::Unprotect), None);
    }

    #[test]
    fn a_vm_goes_only_into_an_appliance_that_takes_it() {
        let group = |id: &str| crate::model::Group {
            id: id.into(),
            name: id.into(),
        };
        let here = Vm {
            project: Some(group("p")),
            vapp: Some(group("home")),
            ..vm(On)
        };
        let vapp = |id: &str, project: Option<&str>, restricted| Vapp {
            cloud: here.key.cloud.clone(),
            id: id.into(),
            name: id.into(),
            project: project.map(group),
            tenant: None,
            server_state: None,
            restricted,
            locator: "".into(),
        };
        const MOVES: Capabilities = Capabilities {
            rules: &[
                ActionRule::new(ActionKind::Move, &[On], &[]),
                ActionRule::new(ActionKind::Restrict, &[On], &[]),
            ],
            ..RULES
        };
        let (put, restrict) = (ActionKind::Move, ActionKind::Restrict);
        let cases = [
            (put, vapp("shop", Some("p"), false), "", ""),
            (put, vapp("shop", None, false), "", ""),
            (
                put,
                vapp("home", Some("p"), false),
                "",
                "It stands in home already",
            ),
            (
                put,
                vapp("far", Some("q"), false),
                "",
                "far is of another project; moving there is not available: the request for it is not documented",
            ),
            (
                put,
                vapp("vault", Some("p"), true),
                "",
                "vault is restricted; your role lacks RESTRICTED",
            ),
            (put, vapp("vault", Some("p"), true), "RESTRICTED", ""),
            (restrict, vapp("vault", Some("p"), true), "", ""),
            (
                restrict,
                vapp("shop", Some("p"), false),
                "",
                "shop is not restricted",
            ),
        ];
        for (kind, to, held, expected) in cases {
            let privileges: Privileges = [held].into_iter().collect();
            let standing = Standing {
                capabilities: &MOVES,
                privileges: Some(&privileges),
                signed_out: None,
                read_only: false,
                restricted: false,
                progress: None,
            };
            let id = to.id.to_string();
            let action = match kind {
                ActionKind::Move => Action::Move { vapp: id },
                _ => Action::Restrict { vapp: Some(id) },
            };
            let answer = availability_of(&action, &here, Some(&to), &standing);
            let why = answer.denial().map(ToString::to_string).unwrap_or_default();
            assert_eq!(why, expected, "{kind} to {}", to.name);
        }
    }

    #[test]
    fn a_native_word_may_widen_what_is_accepted() {
        let rule = ActionRule {
            from_native: &["SHUTOFF"],
            ..ActionRule::new(ActionKind::Reboot, &[On], &[])
        };
        let mut off = vm(Off);
        assert!(state(&rule, &off, None).is_some());
        off.native_state = "SHUTOFF".into();
        assert!(state(&rule, &off, None).is_none());
    }
}
