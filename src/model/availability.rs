//! Whether an action may be performed on a VM now, and if not, why not: the one place where that is decided.

use std::fmt;
use std::sync::Arc;

use super::action::{Action, ActionKind};
use super::capabilities::{ActionRule, Capabilities};
use super::labels::Labels;
use super::session::Privileges;
use super::state::{PowerState, VappState};
use super::vapp_action::VappActionKind;
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

/// Why not, as a value: tests and exit codes look at it, people read its `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The API has no such action.
    Unsupported {
        /// What a person calls the kind of cloud.
        provider: &'static str,
        /// The action.
        action: ActionKind,
        /// What else there is to say.
        instead: Option<&'static str>,
    },
    /// The API has it, this program does not perform it there.
    NotPerformed {
        /// What a person calls the kind of cloud.
        provider: &'static str,
        /// The action.
        action: ActionKind,
    },
    /// Keeping a VM off where nothing would start it again.
    NothingRestarts {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// The configuration forbids changes.
    ReadOnly,
    /// Nobody is signed in, so nobody knows what the user may do; why, where that is known.
    NotSignedIn(Option<Arc<str>>),
    /// The user's role lacks a privilege.
    Privilege(&'static str),
    /// In a restricted appliance, and the user may only look.
    Restricted(&'static str),
    /// An operation runs on it.
    Locked(Option<Arc<str>>),
    /// Protected, and the user may not act on protected VMs.
    Protected {
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
        /// The privilege that would be needed; `None` where nobody can hold one.
        lacks: Option<&'static str>,
    },
    /// Protecting what is protected: the reason that stands is kept.
    AlreadyProtected {
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
    },
    /// Unprotecting what is not protected.
    NotProtected,
    /// It is already what the action would make of it.
    Already(&'static str),
    /// The API has no appliances of its own, or no such action on them.
    NoAppliances {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// The appliance is in the wrong state.
    VappState {
        /// The action.
        action: VappActionKind,
        /// The state it is in.
        is: VappState,
    },
    /// None of the appliance's VMs is in a state that the action would change.
    NoneTouched {
        /// The action.
        action: VappActionKind,
    },
    /// A VM of the appliance is protected, and the user may not act on protected VMs.
    MemberProtected {
        /// The VM's name.
        vm: Arc<str>,
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
        /// The privilege that would be needed; `None` where nobody can hold one.
        lacks: Option<&'static str>,
    },
    /// A held task that somebody else has asked for, or that only a privilege may let go on.
    Review {
        /// The privilege that is missing.
        lacks: &'static str,
        /// Whether it is the user's own, which may be rejected but not approved.
        own: bool,
    },
    /// A task that waits for nobody.
    NotHeld,
    /// A cloud without other tenants.
    NoTenants {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// A failed task of somebody else.
    OthersTask {
        /// The privilege that is missing.
        lacks: &'static str,
        /// Whose it is.
        user: Arc<str>,
    },
    /// It is in the wrong state.
    State {
        /// The action.
        action: ActionKind,
        /// The states it is accepted from.
        needs: &'static [PowerState],
        /// The words of the cloud's own that it is accepted from as well.
        needs_native: &'static [&'static str],
        /// The word for the state it is in.
        is: &'static str,
        /// The cloud's own word, where it says more.
        native: Option<Arc<str>>,
    },
}

/// A denial in words of one's own, as a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    denial: &'a Denial,
    labels: &'a Labels,
    title: Option<&'a str>,
}

impl Denial {
    /// The sentence with the words that stand for states and actions, and with what the action is called on the VM that is meant.
    #[must_use]
    pub fn told<'a>(&'a self, labels: &'a Labels, title: Option<&'a str>) -> Told<'a> {
        Told {
            denial: self,
            labels,
            title,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told(Labels::NONE, None).fmt(f)
    }
}

impl Told<'_> {
    fn title(&self, action: ActionKind) -> &str {
        self.title.unwrap_or_else(|| self.labels.action(action))
    }

    /// What an action is called within a sentence.
    fn verb(&self, action: ActionKind) -> String {
        self.labels.action(action).to_lowercase()
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denial {
            Denial::Unsupported {
                provider,
                action,
                instead,
            } => {
                write!(
                    f,
                    "{provider} has no {}",
                    self.title(*action).to_lowercase()
                )?;
                instead.map_or(Ok(()), |instead| write!(f, "; {instead}"))
            }
            Denial::NotPerformed { provider, action } => {
                write!(
                    f,
                    "vmdeck does not {} on {provider} yet",
                    self.title(*action).to_lowercase()
                )
            }
            Denial::NothingRestarts { provider } => {
                write!(
                    f,
                    "{provider} has nothing that would start it again; {} is enough",
                    self.verb(ActionKind::PowerOff)
                )
            }
            Denial::ReadOnly => f.write_str("This cloud is read-only in the configuration"),
            Denial::NotSignedIn(None) => f.write_str("The cloud has not answered the sign-in yet"),
            Denial::NotSignedIn(Some(why)) => write!(f, "Nobody is signed in to the cloud: {why}"),
            Denial::Privilege(name) => write!(f, "Your role lacks {name}"),
            Denial::Restricted(name) => {
                write!(f, "Its appliance is restricted; your role lacks {name}")
            }
            Denial::Locked(None) => f.write_str("An operation is running on it"),
            Denial::Locked(Some(progress)) => {
                let progress = self.labels.renamed(progress);
                write!(f, "An operation is running on it: {progress}")
            }
            Denial::Protected { by, reason, lacks } => {
                write_protected(f, "Protected", by.as_deref(), reason.as_deref())?;
                match lacks {
                    Some(name) => write!(f, "; your role lacks {name}"),
                    None => write!(f, "; {} it first", self.verb(ActionKind::Unprotect)),
                }
            }
            Denial::AlreadyProtected { by, reason } => {
                write_protected(f, "Already protected", by.as_deref(), reason.as_deref())
            }
            Denial::NotProtected => f.write_str("It is not protected"),
            Denial::NoAppliances { provider } => {
                write!(f, "{provider} has no appliances that this could be done to")
            }
            Denial::VappState { action, is } => {
                let word = self.labels.vapp(*is).to_lowercase();
                match action {
                    VappActionKind::Deploy => {
                        let verb = self.verb(ActionKind::Deploy);
                        write!(f, "It is {word}: nothing to {verb}")
                    }
                    VappActionKind::Undeploy => {
                        let verb = self.verb(ActionKind::Undeploy);
                        write!(f, "It is {word}: nothing to {verb}")
                    }
                    VappActionKind::Delete => {
                        let verb = self.verb(ActionKind::Undeploy);
                        write!(f, "It is {word}: {verb} it before it is deleted")
                    }
                    VappActionKind::Edit => write!(f, "It is {word}; wait for its end"),
                }
            }
            Denial::NoneTouched { action } => {
                let verb = self.labels.vapp_action(*action).to_lowercase();
                write!(f, "None of its VMs waits for {} {verb}", article(&verb))
            }
            Denial::MemberProtected {
                vm,
                by,
                reason,
                lacks,
            } => {
                write_protected(
                    f,
                    &format!("{vm} is protected"),
                    by.as_deref(),
                    reason.as_deref(),
                )?;
                match lacks {
                    Some(name) => write!(f, "; your role lacks {name}"),
                    None => write!(f, "; {} it first", self.verb(ActionKind::Unprotect)),
                }
            }
            Denial::Review { lacks, own: true } => {
                write!(
                    f,
                    "You may reject it, not approve it: your role lacks {lacks}"
                )
            }
            Denial::Review { lacks, own: false } => {
                write!(f, "Somebody else asked for it; your role lacks {lacks}")
            }
            Denial::NotHeld => f.write_str("It does not wait for a review"),
            Denial::NoTenants { provider } => {
                write!(f, "{provider} has no other tenants to look at")
            }
            Denial::OthersTask { lacks, user } => {
                write!(f, "It is a task of {user}; your role lacks {lacks}")
            }
            Denial::Already(word) => write!(f, "It is {} already", self.labels.renamed(word)),
            Denial::State {
                action,
                needs,
                needs_native,
                is,
                native,
            } => {
                write!(f, "{} needs a VM that is ", self.title(*action))?;
                write_states(f, self.labels, needs, needs_native)?;
                write!(f, "; this one is {}", self.labels.renamed(is))?;
                native
                    .as_deref()
                    .map_or(Ok(()), |native| write!(f, " ({native})"))
            }
        }
    }
}

/// `a deploy`, `an undeploy`.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn write_protected(
    f: &mut fmt::Formatter<'_>,
    start: &str,
    by: Option<&str>,
    reason: Option<&str>,
) -> fmt::Result {
    f.write_str(start)?;
    by.map_or(Ok(()), |by| write!(f, " by {by}"))?;
    reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
}

/// "On", "On or Paused", "On, Paused or Off"; where fewer are left out than named, "not Locked". Words of the cloud's own stand behind
/// the states.
fn write_states(
    f: &mut fmt::Formatter<'_>,
    labels: &Labels,
    states: &[PowerState],
    words: &[&str],
) -> fmt::Result {
    if !words.is_empty() {
        let states = states.iter().map(|state| labels.power(*state));
        let all: Vec<&str> = states.chain(words.iter().copied()).collect();
        return match all.as_slice() {
            [but_last @ .., last] if !but_last.is_empty() => {
                write!(f, "{} or {last}", but_last.join(", "))
            }
            one => f.write_str(&one.concat()),
        };
    }
    let left_out: Vec<_> = PowerState::ALL
        .into_iter()
        .filter(|state| !states.contains(state))
        .collect();
    let (named, not) = if left_out.len() < states.len() && !left_out.is_empty() {
        (left_out.as_slice(), "neither ")
    } else {
        (states, "")
    };
    let (not, last) = match (not.is_empty(), named.len()) {
        (true, _) => ("", " or "),
        (false, 1) => ("not ", ""),
        (false, _) => (not, " nor "),
    };
    f.write_str(not)?;
    for (at, state) in named.iter().enumerate() {
        if at > 0 {
            f.write_str(if at + 1 == named.len() { last } else { ", " })?;
        }
        f.write_str(labels.power(*state))?;
    }
    Ok(())
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

/// [`availability`] of an action with its arguments: keeping a VM off needs a cloud that would start it again.
#[must_use]
pub fn availability_of(action: &Action, vm: &Vm, standing: &Standing<'_>) -> Availability {
    match availability(action.kind(), vm, standing) {
        Availability::Allowed if *action == Action::KeepOff && !standing.capabilities.keep_off => {
            let provider = standing.capabilities.provider;
            Availability::Denied(Denial::NothingRestarts { provider })
        }
        answer => answer,
    }
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
