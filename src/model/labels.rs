//! Words of one's own for states and actions. They stand on the screen alone: what machines read keeps its words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::action::ActionKind;
use super::capabilities::Capabilities;
use super::state::{PowerState, VappState, VmState};
use super::task::TaskKind;
use super::vapp_action::VappActionKind;
use super::vm::Vm;

/// The longest word, in characters: more would push everything else off its line.
pub const LABEL_MAX: usize = 24;

/// The word for a VM that is off and has given everything back, as [`Vm::power_word`] has it.
const DEALLOCATED: &str = "Off (deallocated)";

/// What stands in place of the ordinary words. Colours, signs, order and rules follow the state, whatever it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    words: BTreeMap<Labelled, Box<str>>,
}

/// What can have a word of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Labelled {
    State(VmState),
    Deallocated,
    Vapp(VappState),
    Action(ActionKind),
}

/// What an action is called and does on one VM, to the person in front of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// What a person calls it, imperative.
    pub title: &'a str,
    /// One line: what it does.
    pub help: &'static str,
    /// What is shown when it was done.
    pub done: Cow<'a, str>,
    /// What happens to the VM's users.
    pub consequence: &'static str,
}

impl Labelled {
    /// Everything that can have one, by the id that the configuration has for it.
    fn all() -> impl Iterator<Item = (String, Self)> {
        let lower = |word: &str| word.to_ascii_lowercase();
        let states = VmState::ALL.into_iter().map(move |state| {
            (
                format!("state.{}", lower(state.as_str())),
                Self::State(state),
            )
        });
        let vapps = VappState::ALL
            .into_iter()
            .map(move |state| (format!("vapp.{}", lower(state.as_str())), Self::Vapp(state)));
        let others = [
            ("state.deallocated".to_owned(), Self::Deallocated),
            // The word of Abiquo's API and guide for the same.
            (
                "vapp.needs_sync".to_owned(),
                Self::Vapp(VappState::PartiallyDeployed),
            ),
        ];
        let actions =
            ActionKind::all().map(|kind| (format!("action.{}", kind.id()), Self::Action(kind)));
        states.chain(vapps).chain(others).chain(actions)
    }
}

impl Labels {
    /// No words of one's own.
    pub const NONE: &'static Self = &Self {
        words: BTreeMap::new(),
    };

    /// Every id there is: `state.on`, `vapp.deployed`, `action.power_off`.
    pub fn ids() -> impl Iterator<Item = String> {
        Labelled::all().map(|(id, _)| id)
    }

    /// Gives one a word. Says whether there is such an id.
    pub fn set(&mut self, id: &str, word: &str) -> bool {
        let named = Labelled::all().find(|(known, _)| known == id);
        if let Some((_, labelled)) = named {
            self.words.insert(labelled, word.into());
        }
        named.is_some()
    }

    /// The id of what is called the same among what stands beside it: two states of a VM, two of an appliance, two actions.
    #[must_use]
    pub fn same_word_as(&self, id: &str) -> Option<String> {
        let group = id.split_once('.').map(|(group, _)| group);
        let (_, own) = Labelled::all().find(|(known, _)| known == id)?;
        let word = self.shown(own).to_lowercase();
        Labelled::all()
            .filter(|(other, labelled)| {
                other.split_once('.').map(|(group, _)| group) == group && *labelled != own
            })
            .find(|(_, labelled)| self.shown(*labelled).to_lowercase() == word)
            .map(|(other, _)| other)
    }

    fn shown(&self, of: Labelled) -> &str {
        match of {
            Labelled::State(state) => self.state(state),
            Labelled::Deallocated => self.own(of).unwrap_or(DEALLOCATED),
            Labelled::Vapp(state) => self.vapp(state),
            Labelled::Action(kind) => self.action(kind),
        }
    }

    fn own(&self, of: Labelled) -> Option<&str> {
        self.words.get(&of).map(|word| &**word)
    }

    /// The word for a shown state.
    #[must_use]
    pub fn state(&self, state: VmState) -> &str {
        self.own(Labelled::State(state))
            .unwrap_or_else(|| state.word())
    }

    /// The word for a power state.
    #[must_use]
    pub fn power(&self, state: PowerState) -> &str {
        self.state(VmState::Power(state))
    }

    /// The word for the power state of a VM; a deallocated one has a word of its own, and says in brackets what it is otherwise.
    #[must_use]
    pub fn power_of(&self, vm: &Vm) -> Cow<'_, str> {
        if vm.power != PowerState::Off || !vm.deallocated {
            return Cow::Borrowed(self.power(vm.power));
        }
        match (
            self.own(Labelled::Deallocated),
            self.own(Labelled::State(VmState::Power(PowerState::Off))),
        ) {
            (Some(own), _) => Cow::Borrowed(own),
            (None, Some(off)) => Cow::Owned(format!("{off} (deallocated)")),
            (None, None) => Cow::Borrowed(vm.power_word()),
        }
    }

    /// The word for the state of an appliance.
    #[must_use]
    pub fn vapp(&self, state: VappState) -> &str {
        self.own(Labelled::Vapp(state))
            .unwrap_or_else(|| state.word())
    }

    /// What an action is called where no VM is meant.
    #[must_use]
    pub fn action(&self, kind: ActionKind) -> &str {
        self.own(Labelled::Action(kind))
            .unwrap_or_else(|| kind.title())
    }

    /// What an action on an appliance is called: as the action of the same name on a VM.
    #[must_use]
    pub fn vapp_action(&self, kind: VappActionKind) -> &str {
        ActionKind::from_id(kind.id())
            .and_then(|kind| self.own(Labelled::Action(kind)))
            .unwrap_or_else(|| kind.title())
    }

    /// What an action is called and does on a VM.
    #[must_use]
    pub fn words(&self, capabilities: &Capabilities, kind: ActionKind, vm: &Vm) -> Named<'_> {
        let words = capabilities.words(kind, vm);
        let own = self.own(Labelled::Action(kind));
        Named {
            title: own.unwrap_or(words.title),
            help: words.help,
            done: own.map_or(Cow::Borrowed(words.done), |own| {
                Cow::Owned(format!("{own} done"))
            }),
            consequence: words.consequence,
        }
    }

    /// What stands in place of one of the ordinary words for a state, an action or its progress, where all that is left of it is its
    /// text; any other text as it is. A word in lower case stays in lower case.
    #[must_use]
    pub fn renamed<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        let off = Labelled::State(VmState::Power(PowerState::Off));
        if text == DEALLOCATED && self.own(Labelled::Deallocated).is_none() {
            let off = self.own(off);
            return off.map_or(Cow::Borrowed(text), |off| {
                Cow::Owned(format!("{off} (deallocated)"))
            });
        }
        for (of, own) in &self.words {
            let is = |word: &str| word.eq_ignore_ascii_case(text);
            match of {
                Labelled::State(state) if is(state.word()) => {}
                Labelled::Deallocated if is(DEALLOCATED) => {}
                Labelled::Action(kind) if is(kind.title()) => {}
                Labelled::Action(kind)
                    if is(TaskKind::new(&kind.id().to_uppercase()).progress()) =>
                {
                    return Cow::Owned(format!("{own}: running"));
                }
                _ => continue,
            }
            return if text.starts_with(char::is_lowercase) {
                Cow::Owned(own.to_lowercase())
            } else {
                Cow::Borrowed(own)
            };
        }
        Cow::Borrowed(text)
    }

    /// A sentence that begins with what an action is called ordinarily, beginning with what it is called on this VM.
    #[must_use]
    pub fn retold<'a>(sentence: &'a str, ordinary: &str, here: &str) -> Cow<'a, str> {
        match sentence.strip_prefix(ordinary) {
            Some(rest) if ordinary != here && rest.starts_with(' ') => {
                Cow::Owned(format!("{here}{rest}"))
            }
            _ => Cow::Borrowed(sentence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::vm;
    use crate::model::{Availability, Privileges, Standing, availability};

    fn labels(words: &[(&str, &str)]) -> Labels {
        let mut labels = Labels::default();
        for (id, word) in words {
            assert!(labels.set(id, word), "{id}");
        }
        labels
    }

    #[test]
    fn each_id_names_one_thing_and_nothing_else_is_one() {
        let mut labels = Labels::default();
        assert!(!labels.set("state.onn", "x") && labels == *Labels::NONE);
        let ids: Vec<_> = Labels::ids().collect();
        for id in ["state.maintenance", "vapp.needs_sync", "action.power_off"] {
            assert!(ids.iter().any(|known| known == id), "{id}");
        }
    }

    #[test]
    fn without_words_of_ones_own_everything_is_called_as_ever() {
        let none = Labels::NONE;
        for state in VmState::ALL {
            assert_eq!(none.state(state), state.word());
        }
        for state in VappState::ALL {
            assert_eq!(none.vapp(state), state.word());
        }
        for kind in ActionKind::all() {
            assert_eq!(none.action(kind), kind.title());
        }
    }

    #[test]
    fn a_deallocated_vm_says_so_by_either_word() {
        let mut burst = vm(PowerState::Off);
        burst.deallocated = true;
        assert_eq!(Labels::NONE.power_of(&burst), "Off (deallocated)");
        let stopped = labels(&[("state.off", "Stopped")]);
        assert_eq!(stopped.power_of(&burst), "Stopped (deallocated)");
        assert_eq!(stopped.power_of(&vm(PowerState::Off)), "Stopped");
        let parked = labels(&[("state.off", "Stopped"), ("state.deallocated", "Parked")]);
        assert_eq!(parked.power_of(&burst), "Parked");
    }

    #[test]
    fn texts_that_are_left_of_words_are_renamed_whole_and_no_others() {
        let labels = labels(&[("state.on", "Running"), ("action.power_off", "Cut")]);
        assert_eq!(labels.renamed("on"), "running");
        assert_eq!(labels.renamed("Power off"), "Cut");
        assert_eq!(labels.renamed("Powering off"), "Cut: running");
        assert_eq!(labels.renamed("Powering on"), "Powering on");
        assert_eq!(labels.renamed("one of a kind"), "one of a kind");
        let retold = |sentence| Labels::retold(sentence, "Power off", "Cut");
        assert_eq!(retold("Power off web-01: no"), "Cut web-01: no");
        assert_eq!(retold("Power offline"), "Power offline");
    }

    #[test]
    fn refusals_name_states_and_actions_by_these_words() {
        const RULES: Capabilities = Capabilities {
            provider: "Testcloud",
            rules: &[
                crate::model::ActionRule::new(ActionKind::PowerOn, &[PowerState::Off], &[]),
                crate::model::ActionRule::new(ActionKind::PowerOff, &[PowerState::On], &[]),
            ],
            ..Capabilities::NONE
        };
        let labels = labels(&[
            ("state.on", "Running"),
            ("state.off", "Stopped"),
            ("action.power_off", "Cut"),
        ]);
        let privileges = Privileges::Unlisted;
        let standing = Standing {
            capabilities: &RULES,
            privileges: Some(&privileges),
            signed_out: None,
            read_only: false,
            restricted: false,
            progress: None,
        };
        let why = |kind, power| match availability(kind, &vm(power), &standing) {
            Availability::Denied(denial) => denial.told(&labels, None).to_string(),
            Availability::Allowed => String::new(),
        };
        assert_eq!(
            why(ActionKind::PowerOn, PowerState::On),
            "It is running already"
        );
        assert_eq!(
            why(ActionKind::PowerOff, PowerState::Paused),
            "Cut needs a VM that is Running; this one is Paused"
        );
    }
}
