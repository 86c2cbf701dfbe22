//! What a cloud can do, as data that each cloud carries.

use super::action::ActionKind;
use super::state::PowerState;
use super::vapp_action::VappRule;
use super::vm::{ProtectionScope, Vm};

/// From where a cloud accepts one action, and what it asks of the user.
#[derive(Debug, Clone, Copy)]
pub struct ActionRule {
    /// The action it rules.
    pub action: ActionKind,
    /// The power states it is accepted from.
    pub from: &'static [PowerState],
    /// Words of the cloud's own from which it is accepted as well, whatever power state they map to.
    pub from_native: &'static [&'static str],
    /// The privileges it needs, all of them.
    pub privileges: &'static [&'static str],
    /// A state from which it needs one privilege more (Abiquo: deleting an UNKNOWN VM).
    pub extra_privilege: Option<(PowerState, &'static str)>,
    /// Whether this program can perform it; what it cannot is neither offered nor listed.
    pub offered: bool,
}

impl ActionRule {
    /// A rule that needs nothing but a state, offered.
    #[must_use]
    pub const fn new(
        action: ActionKind,
        from: &'static [PowerState],
        privileges: &'static [&'static str],
    ) -> Self {
        Self {
            action,
            from,
            from_native: &[],
            privileges,
            extra_privilege: None,
            offered: true,
        }
    }

    /// The same rule, known but not performed by this program.
    #[must_use]
    pub const fn not_offered(mut self) -> Self {
        self.offered = false;
        self
    }

    /// The same rule with one privilege more from one state.
    #[must_use]
    pub const fn with_extra_privilege(
        mut self,
        state: PowerState,
        privilege: &'static str,
    ) -> Self {
        self.extra_privilege = Some((state, privilege));
        self
    }
}

/// What a cloud's API has, and its rules. Nothing about one cloud is written into the domain.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// What a person calls this kind of cloud: `Abiquo`.
    pub provider: &'static str,
    /// One rule for each action the API has.
    pub rules: &'static [ActionRule],
    /// Why an action that others have is missing here, where there is more to say than that: `(reboot, "use reset")`.
    pub missing: &'static [(ActionKind, &'static str)],
    /// What an action does on this cloud, where that differs from its ordinary help: `(power_off, "stop: …")`.
    pub notes: &'static [(ActionKind, &'static str)],
    /// Whether powering off can also keep high availability from starting the VM again.
    pub keep_off: bool,
    /// How far a protection reaches; `None` where there is none.
    pub protection: Option<ProtectionScope>,
    /// The privilege that lets its holder act on a protected VM.
    pub protect_privilege: Option<&'static str>,
    /// Whether who lacks that privilege may yet ask the cloud to release a VM: it knows whose protection it is, and has the last word.
    pub anyone_may_unprotect: bool,
    /// The privilege without which the content of a restricted appliance is read only.
    pub restricted_privilege: Option<&'static str>,
    /// Whether operations are tasks that can be followed.
    pub tasks: bool,
    /// Whether the cloud tells events.
    pub events: bool,
    /// Whether it has virtual appliances of its own.
    pub vapps: bool,
    /// What can be done to an appliance as a whole.
    pub vapp_rules: &'static [VappRule],
    /// The privileges that making an appliance needs; `None` where none can be made.
    pub create_vapp: Option<&'static [&'static str]>,
    /// The privilege that lets its holder approve the tasks that workflow holds; `None` where there is no workflow.
    pub workflow: Option<&'static str>,
    /// The privilege that acknowledging the failed tasks of others needs; `None` where anybody may.
    pub acknowledge_others: Option<&'static str>,
    /// The privilege that lets its holder look at other tenants; `None` where there are none to choose.
    pub tenants: Option<&'static str>,
    /// What an action is called and does on VMs of one hypervisor type, where that differs.
    pub wordings: &'static [Wording],
    /// Whether it measures VMs.
    pub metrics: bool,
    /// Whether it keeps what a VM writes on its console.
    pub console_log: bool,
}

/// What an action is called and does on the VMs of one hypervisor type (Abiquo: Azure has no soft power off).
#[derive(Debug, Clone, Copy)]
pub struct Wording {
    /// How the hypervisor type begins, without regard to case: `AZURE` is `AZURE_ARM` as well.
    pub hypervisor: &'static str,
    /// The action.
    pub action: ActionKind,
    /// What a person calls it there, imperative.
    pub title: &'static str,
    /// One line: what it does there.
    pub help: &'static str,
    /// What is shown when it was done.
    pub done: &'static str,
    /// What happens to the VM's users, for the question that is asked first.
    pub consequence: &'static str,
}

/// What an action is called and does on one VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What a person calls it, imperative.
    pub title: &'static str,
    /// One line: what it does.
    pub help: &'static str,
    /// What is shown when it was done.
    pub done: &'static str,
    /// What happens to the VM's users.
    pub consequence: &'static str,
}

impl Capabilities {
    /// A cloud that can do nothing: the rest of every declaration.
    pub const NONE: Self = Self {
        provider: "",
        rules: &[],
        missing: &[],
        notes: &[],
        keep_off: false,
        protection: None,
        protect_privilege: None,
        anyone_may_unprotect: false,
        restricted_privilege: None,
        tasks: false,
        events: false,
        vapps: false,
        vapp_rules: &[],
        create_vapp: None,
        workflow: None,
        acknowledge_others: None,
        tenants: None,
        wordings: &[],
        metrics: false,
        console_log: false,
    };

    /// What an action is called and does on a VM.
    #[must_use]
    pub fn words(&self, action: ActionKind, vm: &Vm) -> Words {
        let wording = self.wordings.iter().find(|wording| {
            let start = vm
                .hypervisor
                .as_deref()
                .and_then(|it| it.get(..wording.hypervisor.len()));
            wording.action == action
                && start.is_some_and(|it| it.eq_ignore_ascii_case(wording.hypervisor))
        });
        let spec = action.spec();
        match wording {
            Some(wording) => Words {
                title: wording.title,
                help: wording.help,
                done: wording.done,
                consequence: wording.consequence,
            },
            None => Words {
                title: spec.title,
                help: self.help(action),
                done: spec.done,
                consequence: spec.consequence,
            },
        }
    }

    /// The rule of an action; `None` where the API has no such action.
    #[must_use]
    pub fn rule(&self, action: ActionKind) -> Option<&'static ActionRule> {
        self.rules.iter().find(|rule| rule.action == action)
    }

    /// One line: what the action does on this cloud.
    #[must_use]
    pub fn help(&self, action: ActionKind) -> &'static str {
        let note = self.notes.iter().find(|(kind, _)| *kind == action);
        note.map_or(action.spec().help, |(_, note)| note)
    }

    /// Whether the cloud's rules say why it has no such action: worth a line in a menu.
    #[must_use]
    pub fn explains(&self, action: ActionKind) -> bool {
        self.missing.iter().any(|(kind, _)| *kind == action)
    }

    /// Whether this program offers the action on this cloud: listed in menus, with a key.
    #[must_use]
    pub fn offers(&self, action: ActionKind) -> bool {
        self.rule(action).is_some_and(|rule| rule.offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PowerState, testing};

    #[test]
    fn a_hypervisor_type_has_its_own_words_and_others_the_ordinary_ones() {
        static AZURE: Capabilities = Capabilities {
            wordings: &[Wording {
                hypervisor: "AZURE",
                action: ActionKind::PowerOff,
                title: "Deallocate",
                help: "release",
                done: "deallocated",
                consequence: "gone",
            }],
            notes: &[(ActionKind::PowerOff, "stop: cold")],
            ..Capabilities::NONE
        };
        let title = |hypervisor: Option<&str>, action| {
            let mut vm = testing::vm(PowerState::On);
            vm.hypervisor = hypervisor.map(Into::into);
            AZURE.words(action, &vm).title
        };
        assert_eq!(title(Some("Azure_ARM"), ActionKind::PowerOff), "Deallocate");
        assert_eq!(title(Some("AZ"), ActionKind::PowerOff), "Power off");
        assert_eq!(title(Some("KVM"), ActionKind::PowerOff), "Power off");
        assert_eq!(title(None, ActionKind::PowerOff), "Power off");
        assert_eq!(title(Some("AZURE"), ActionKind::Reset), "Reset");
        let vm = testing::vm(PowerState::On);
        assert_eq!(AZURE.words(ActionKind::PowerOff, &vm).help, "stop: cold");
    }
}
