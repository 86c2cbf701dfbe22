//! What can be done to an appliance as a whole, and whether it may be done now.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::availability::Availability;
use super::capabilities::Capabilities;
use super::denial::Denial;
use super::session::Privileges;
use super::state::{PowerState, VappState};
use super::vm::Vm;

/// The kinds of actions on appliances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VappActionKind {
    /// Put those of its VMs on hosts that are on none.
    Deploy,
    /// Take all its VMs off their hosts.
    Undeploy,
    /// Change its name, or who sees it.
    Edit,
    /// Remove it with its VMs.
    Delete,
}

impl VappActionKind {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Deploy, Self::Undeploy, Self::Edit, Self::Delete];

    /// The stable id, of the journal and machine-readable output.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Undeploy => "undeploy",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Deploy => "Deploy",
            Self::Undeploy => "Undeploy",
            Self::Edit => "Edit",
            Self::Delete => "Delete",
        }
    }

    /// What is shown when it was done.
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Deploy => "deployed",
            Self::Undeploy => "undeployed",
            Self::Edit => "changed",
            Self::Delete => "deleted",
        }
    }

    /// What happens to the users of its VMs, for the question that is asked first.
    #[must_use]
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Deploy => "These VMs are put on hosts and started.",
            Self::Undeploy => {
                "These VMs are taken off their hosts; what is not in the catalogue is lost."
            }
            Self::Edit => "Its VMs go on as they are.",
            Self::Delete => "It is removed for good, with the VMs in it.",
        }
    }
}

/// One action on an appliance with what it needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum VappAction {
    /// Put those of its VMs on hosts that are on none.
    Deploy {
        /// Over a limit that may be passed knowingly.
        #[serde(default)]
        force: bool,
    },
    /// Take all its VMs off their hosts.
    Undeploy {
        /// Although data is lost.
        #[serde(default)]
        force: bool,
    },
    /// Give it a name, and say who sees it.
    Edit {
        /// The name from now on; never empty.
        name: String,
        /// Whether it is restricted from now on.
        restricted: bool,
    },
    /// Remove it.
    Delete,
}

impl VappAction {
    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> VappActionKind {
        match self {
            Self::Deploy { .. } => VappActionKind::Deploy,
            Self::Undeploy { .. } => VappActionKind::Undeploy,
            Self::Edit { .. } => VappActionKind::Edit,
            Self::Delete => VappActionKind::Delete,
        }
    }

    /// The same told to pass over what the cloud has just refused it for; `None` where nothing of the kind is documented.
    #[must_use]
    pub fn forced(&self) -> Option<Self> {
        match self {
            Self::Deploy { force: false } => Some(Self::Deploy { force: true }),
            Self::Undeploy { force: false } => Some(Self::Undeploy { force: true }),
            _ => None,
        }
    }
}

/// From where a cloud accepts one action on an appliance.
#[derive(Debug, Clone, Copy)]
pub struct VappRule {
    /// The action it rules.
    pub action: VappActionKind,
    /// The aggregate states it is accepted from.
    pub from: &'static [VappState],
    /// The privileges it needs, all of them.
    pub privileges: &'static [&'static str],
}

/// What the answer depends on: the appliance, its cloud, the user.
#[derive(Debug, Clone, Copy)]
pub struct VappStanding<'a> {
    /// What the cloud can do and from where.
    pub capabilities: &'a Capabilities,
    /// What the user may do; `None` until the sign-in has been answered.
    pub privileges: Option<&'a Privileges>,
    /// Why nobody is signed in, where that is known.
    pub signed_out: Option<&'a str>,
    /// The configuration says that nothing may be changed on this cloud.
    pub read_only: bool,
    /// The appliance is restricted.
    pub restricted: bool,
    /// Its aggregate state.
    pub state: VappState,
}

/// The VMs that an action on their appliance touches: a deploy those that are on no host, an undeploy those that are on one,
/// the rest all. In the order given.
pub fn touched<'v, V: AsRef<Vm>>(
    action: VappActionKind,
    vms: impl IntoIterator<Item = &'v V>,
) -> Vec<&'v V> {
    let is_touched = |vm: &Vm| match action {
        VappActionKind::Deploy => vm.power == PowerState::NotAllocated,
        VappActionKind::Undeploy => vm.power != PowerState::NotAllocated,
        VappActionKind::Edit | VappActionKind::Delete => true,
    };
    vms.into_iter()
        .filter(|vm| is_touched((*vm).as_ref()))
        .collect()
}

/// Whether an action may be performed on an appliance with these VMs, and if not, why not.
#[must_use]
pub fn vapp_availability<V: AsRef<Vm>>(
    action: VappActionKind,
    vms: &[V],
    standing: &VappStanding<'_>,
) -> Availability {
    let denial = may_change(standing)
        .and_then(|privileges| rule(action, standing, privileges))
        .and_then(|privileges| members(action, vms, standing, privileges));
    match denial {
        Ok(()) => Availability::Allowed,
        Err(denial) => Availability::Denied(denial),
    }
}

/// Whether an appliance may be made in a cloud; a restricted one needs its privilege as well.
#[must_use]
pub fn may_create_vapp(restricted: bool, standing: &VappStanding<'_>) -> Availability {
    let denial = may_change(standing).and_then(|privileges| {
        let Some(needed) = standing.capabilities.create_vapp else {
            return Err(Denial::NoAppliances {
                provider: standing.capabilities.provider,
            });
        };
        lacks(needed.iter().copied(), privileges)?;
        restricts(restricted, standing, privileges)
    });
    match denial {
        Ok(()) => Availability::Allowed,
        Err(denial) => Availability::Denied(denial),
    }
}

/// Whether the user may say who sees an appliance: its box is read only otherwise. `Err` with the privilege that is missing.
///
/// # Errors
/// The denial to show beside the box.
pub fn may_restrict(standing: &VappStanding<'_>) -> Result<(), Denial> {
    may_change(standing).and_then(|privileges| restricts(true, standing, privileges))
}

fn may_change<'a>(standing: &VappStanding<'a>) -> Result<&'a Privileges, Denial> {
    if standing.read_only {
        return Err(Denial::ReadOnly);
    }
    standing
        .privileges
        .ok_or_else(|| Denial::NotSignedIn(standing.signed_out.map(Arc::from)))
}

fn restricts(
    restricted: bool,
    standing: &VappStanding<'_>,
    privileges: &Privileges,
) -> Result<(), Denial> {
    lacks(
        standing
            .capabilities
            .restricted_privilege
            .into_iter()
            .filter(|_| restricted),
        privileges,
    )
}

fn lacks(
    needed: impl IntoIterator<Item = &'static str>,
    privileges: &Privileges,
) -> Result<(), Denial> {
    let missing = needed.into_iter().find(|name| !privileges.holds(name));
    missing.map_or(Ok(()), |name| Err(Denial::Privilege(name)))
}

fn rule<'a>(
    action: VappActionKind,
    standing: &VappStanding<'a>,
    privileges: &'a Privileges,
) -> Result<&'a Privileges, Denial> {
    let capabilities = standing.capabilities;
    let rule = capabilities
        .vapp_rules
        .iter()
        .find(|rule| rule.action == action);
    let Some(rule) = rule else {
        return Err(Denial::NoAppliances {
            provider: capabilities.provider,
        });
    };
    lacks(rule.privileges.iter().copied(), privileges)?;
    if standing.restricted
        && let Some(name) = capabilities.restricted_privilege
        && !privileges.holds(name)
    {
        return Err(Denial::Restricted(name));
    }
    if !rule.from.contains(&standing.state) {
        return Err(Denial::VappState {
            action,
            is: standing.state,
        });
    }
    Ok(privileges)
}

/// There must be something to do; and who may not act on a protected VM may not act on an appliance that has one either (Abiquo:
/// VM-120).
fn members<V: AsRef<Vm>>(
    action: VappActionKind,
    vms: &[V],
    standing: &VappStanding<'_>,
    privileges: &Privileges,
) -> Result<(), Denial> {
    let touched = touched(action, vms);
    let touches = matches!(action, VappActionKind::Deploy | VappActionKind::Undeploy);
    if touches && touched.is_empty() {
        return Err(Denial::NoneTouched { action });
    }
    let lacks = standing.capabilities.protect_privilege;
    if action == VappActionKind::Edit || lacks.is_some_and(|name| privileges.holds(name)) {
        return Ok(());
    }
    let protected = touched
        .iter()
        .find_map(|vm| Some(((*vm).as_ref(), (*vm).as_ref().protection.as_deref()?)));
    match protected {
        Some((vm, protection)) => Err(Denial::MemberProtected {
            vm: vm.name.clone(),
            by: protection.by.clone(),
            reason: protection.reason.clone(),
            lacks,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::model::testing::{protected, vm};

    const RULES: &[VappRule] = &[
        VappRule {
            action: VappActionKind::Deploy,
            from: &[VappState::Undeployed, VappState::PartiallyDeployed],
            privileges: &["DEPLOY"],
        },
        VappRule {
            action: VappActionKind::Edit,
            from: &[VappState::Empty, VappState::Deployed],
            privileges: &["EDIT"],
        },
    ];

    static CAPABILITIES: Capabilities = Capabilities {
        provider: "Test",
        vapp_rules: RULES,
        create_vapp: Some(&["CREATE"]),
        protect_privilege: Some("PROTECT"),
        restricted_privilege: Some("MANAGE"),
        ..Capabilities::NONE
    };

    fn standing(privileges: &Privileges, state: VappState) -> VappStanding<'_> {
        VappStanding {
            capabilities: &CAPABILITIES,
            privileges: Some(privileges),
            signed_out: None,
            read_only: false,
            restricted: false,
            state,
        }
    }

    fn why(action: VappActionKind, vms: &[Vm], standing: &VappStanding<'_>) -> String {
        let answer = vapp_availability(action, vms, standing);
        answer.denial().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn a_deploy_touches_what_is_on_no_host_and_an_undeploy_what_is_on_one() {
        let vms = [vm(PowerState::On), vm(PowerState::NotAllocated)];
        let powers = |action| -> Vec<_> {
            let touched = touched(action, &vms).into_iter();
            touched.map(|vm: &Vm| vm.power).collect()
        };
        assert_eq!(powers(VappActionKind::Deploy), [PowerState::NotAllocated]);
        assert_eq!(powers(VappActionKind::Undeploy), [PowerState::On]);
        assert_eq!(powers(VappActionKind::Delete).len(), 2);
    }

    #[test]
    fn state_privilege_restriction_and_protection_each_forbid_with_their_reason() {
        use VappActionKind::{Delete, Deploy, Edit};
        let operator: Privileges = ["DEPLOY", "EDIT"].into_iter().collect();
        let off = [vm(PowerState::NotAllocated)];
        let undeployed = standing(&operator, VappState::Undeployed);
        assert_eq!(why(Deploy, &off, &undeployed), "");
        assert_eq!(
            why(Deploy, &off, &standing(&operator, VappState::Deployed)),
            "It is deployed: nothing to deploy"
        );
        assert_eq!(
            why(Delete, &off, &undeployed),
            "Test has no appliances that this could be done to"
        );
        let nobody: Privileges = std::iter::empty().collect();
        let lacking = standing(&nobody, VappState::Undeployed);
        assert_eq!(why(Deploy, &off, &lacking), "Your role lacks DEPLOY");
        let restricted = VappStanding {
            restricted: true,
            ..undeployed
        };
        assert_eq!(
            why(Deploy, &off, &restricted),
            "Its appliance is restricted; your role lacks MANAGE"
        );
        let kept = [protected(PowerState::NotAllocated)];
        assert_eq!(
            why(Deploy, &kept, &undeployed),
            "web-01 is protected by admin: kernel update; your role lacks PROTECT"
        );
        let holder: Privileges = ["DEPLOY", "PROTECT"].into_iter().collect();
        let held = standing(&holder, VappState::Undeployed);
        assert_eq!(why(Deploy, &kept, &held), "");
        let named = [protected(PowerState::On)];
        assert_eq!(
            why(Edit, &named, &standing(&operator, VappState::Deployed)),
            "",
            "a name is no harm to a protected VM"
        );
        let both = [protected(PowerState::On), vm(PowerState::NotAllocated)];
        assert_eq!(
            why(Deploy, &both, &undeployed),
            "",
            "one that is not touched forbids nothing"
        );
        assert_eq!(
            why(Deploy, &[vm(PowerState::Allocated)], &undeployed),
            "None of its VMs waits for a deploy"
        );
        let read_only = VappStanding {
            read_only: true,
            ..undeployed
        };
        assert_eq!(
            why(Deploy, &off, &read_only),
            "This cloud is read-only in the configuration"
        );
    }

    #[test]
    fn making_one_needs_its_privilege_and_a_restricted_one_another() {
        let creator: Privileges = ["CREATE"].into_iter().collect();
        let empty = standing(&creator, VappState::Empty);
        assert!(may_create_vapp(false, &empty).is_allowed());
        let denial = may_create_vapp(true, &empty);
        assert_eq!(denial.denial(), Some(&Denial::Privilege("MANAGE")));
        assert_eq!(may_restrict(&empty), Err(Denial::Privilege("MANAGE")));
        let manager: Privileges = ["CREATE", "MANAGE"].into_iter().collect();
        assert!(may_create_vapp(true, &standing(&manager, VappState::Empty)).is_allowed());
    }

    #[test]
    fn only_what_was_not_forced_can_be() {
        let forced = VappAction::Undeploy { force: false }.forced().unwrap();
        assert_eq!(forced, VappAction::Undeploy { force: true });
        assert_eq!(forced.forced(), None);
        assert_eq!(VappAction::Delete.forced(), None);
    }
}
