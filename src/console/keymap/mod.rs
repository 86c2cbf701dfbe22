//! The keymap: data that drives key handling, the help screen and the hints.

mod command;
mod key;

use std::collections::BTreeMap;

pub use command::{Step, UiCommand, ViewKind};
pub use key::{Key, NotAKey};

/// A place where keys work. The innermost place that knows a key decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Everywhere.
    Global,
    /// Wherever a cursor moves over rows or text scrolls.
    List,
    /// Where a VM is under the cursor.
    Vm,
    /// The table of VMs.
    Vms,
    /// The tree of appliances.
    Appliances,
    /// The table of clouds.
    Clouds,
    /// The list of events.
    Events,
    /// The pane of tasks and events.
    Pane,
    /// The details of a VM.
    Details,
    /// The action menu.
    Menu,
    /// The choice of the ordering column.
    Sort,
    /// A question answered by one key.
    Confirm,
    /// A question answered by typing.
    Typed,
    /// The reason of a protection.
    Field,
    /// The filter.
    Prompt,
    /// A warning, opened.
    Warning,
    /// A text that scrolls: help, raw document, notices, an event.
    Page,
}

impl Place {
    const ALL: [(Self, &'static str, &'static str); 17] = [
        (Self::Global, "global", "Everywhere"),
        (Self::List, "list", "Moving"),
        (Self::Vm, "vm", "This VM"),
        (Self::Vms, "vms", "VMs"),
        (Self::Appliances, "appliances", "Appliances"),
        (Self::Clouds, "clouds", "Clouds"),
        (Self::Events, "events", "Events"),
        (Self::Pane, "pane", "Tasks and events"),
        (Self::Details, "details", "Details"),
        (Self::Menu, "menu", "Action menu"),
        (Self::Sort, "sort", "Sorting"),
        (Self::Confirm, "confirm", "Question"),
        (Self::Typed, "typed", "Question"),
        (Self::Field, "field", "Reason"),
        (Self::Prompt, "prompt", "Filter"),
        (Self::Warning, "warning", "Warning"),
        (Self::Page, "page", "Text"),
    ];

    /// Its heading on the help screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(place, ..)| *place == self).map_or("", |(.., title)| title)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(place, ..)| *place)
    }
}

/// What is wrong with a keymap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// Not TOML, or not tables of texts.
    #[error("the keymap cannot be read: {0}")]
    Syntax(String),
    /// No such place.
    #[error("[keys.{0}]: there is no such place; known are {known}", known = known_places())]
    Place(String),
    /// No such key.
    #[error("[keys.{place}]: {error}")]
    Key {
        /// The place.
        place: String,
        /// What is wrong.
        error: NotAKey,
    },
    /// No such command.
    #[error("[keys.{place}] {key:?}: there is no command {command:?}{}", suggestion(.command))]
    Command {
        /// The place.
        place: String,
        /// The key.
        key: String,
        /// What was written.
        command: String,
    },
}

fn known_places() -> String {
    Place::ALL.map(|(_, name, _)| name).join(", ")
}

fn suggestion(command: &str) -> String {
    let close = UiCommand::ids().map(|id| (strsim::jaro_winkler(&id, command), id)).max_by(|a, b| a.0.total_cmp(&b.0));
    close.filter(|(score, _)| *score > 0.7).map_or_else(String::new, |(_, id)| format!("; did you mean {id:?}?"))
}

/// Which key means what, and where. In the order of the file, so that hints show the first key of a command.
#[derive(Debug, Clone)]
pub struct Keymap {
    places: BTreeMap<Place, Vec<(Key, UiCommand)>>,
}

/// Keys as they are written: place, key, command.
pub type WrittenKeys = BTreeMap<String, BTreeMap<String, String>>;

impl Keymap {
    /// The keymap that comes with the program.
    ///
    /// # Errors
    /// None in a program that passed its tests: the file is part of it.
    pub fn shipped() -> Result<Self, KeymapError> {
        let mut keymap = Self { places: BTreeMap::new() };
        let table: toml::Table = include_str!("../../../assets/keymap.toml")
            .parse()
            .map_err(|error: toml::de::Error| KeymapError::Syntax(error.message().to_owned()))?;
        for (place, keys) in &table {
            for (key, command) in keys.as_table().into_iter().flatten() {
                let command = command.as_str().ok_or_else(|| KeymapError::Syntax(format!("{place}.{key}")))?;
                keymap.bind(place, key, command)?;
            }
        }
        Ok(keymap)
    }

    /// The shipped keymap with what the configuration changes.
    ///
    /// # Errors
    /// When a place, key or command is not known.
    pub fn with(overrides: &WrittenKeys) -> Result<Self, KeymapError> {
        let mut keymap = Self::shipped()?;
        for (place, keys) in overrides {
            for (key, command) in keys {
                keymap.bind(place, key, command)?;
            }
        }
        Ok(keymap)
    }

    fn bind(&mut self, place: &str, key: &str, command: &str) -> Result<(), KeymapError> {
        let at = Place::from_name(place).ok_or_else(|| KeymapError::Place(place.to_owned()))?;
        let parsed = key.parse().map_err(|error| KeymapError::Key { place: place.to_owned(), error })?;
        let keys = self.places.entry(at).or_default();
        keys.retain(|(bound, _)| *bound != parsed);
        if command != "none" {
            let command = UiCommand::from_id(command).ok_or_else(|| KeymapError::Command {
                place: place.to_owned(),
                key: key.to_owned(),
                command: command.to_owned(),
            })?;
            keys.push((parsed, command));
        }
        Ok(())
    }

    /// What a key means, asked from the innermost place outwards.
    #[must_use]
    pub fn command(&self, places: &[Place], key: Key) -> Option<UiCommand> {
        places.iter().find_map(|place| {
            self.places.get(place)?.iter().find(|(bound, _)| *bound == key).map(|(_, command)| *command)
        })
    }

    /// The first key of a command that reaches it from these places (one that an inner place has taken for something else does not).
    #[must_use]
    pub fn key(&self, places: &[Place], wanted: UiCommand) -> Option<Key> {
        places
            .iter()
            .filter_map(|place| self.places.get(place))
            .flatten()
            .find(|(key, command)| *command == wanted && self.command(places, *key) == Some(wanted))
            .map(|(key, _)| *key)
    }

    /// Everything that works in these places, each command with all its keys, grouped by place, innermost first.
    #[must_use]
    pub fn reachable(&self, places: &[Place]) -> Vec<(Place, Vec<(UiCommand, Vec<Key>)>)> {
        let mut groups = Vec::new();
        for place in places {
            let mut commands: Vec<(UiCommand, Vec<Key>)> = Vec::new();
            for (key, command) in self.places.get(place).into_iter().flatten() {
                if self.command(places, *key) != Some(*command) {
                    continue;
                }
                match commands.iter_mut().find(|(known, _)| known == command) {
                    Some((_, keys)) => keys.push(*key),
                    None => commands.push((*command, vec![*key])),
                }
            }
            if !commands.is_empty() {
                groups.push((*place, commands));
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn overrides(place: &str, key: &str, command: &str) -> WrittenKeys {
        BTreeMap::from([(place.to_owned(), BTreeMap::from([(key.to_owned(), command.to_owned())]))])
    }

    #[test]
    fn the_shipped_keymap_is_whole_and_every_place_of_it_is_known() {
        let keymap = Keymap::shipped().unwrap();
        let table: toml::Table = include_str!("../../../assets/keymap.toml").parse().unwrap();
        assert_eq!(table.len(), Place::ALL.len(), "each place has its table");
        assert!(keymap.places.len() > 10);
    }

    #[test]
    fn the_innermost_place_wins() {
        let keymap = Keymap::shipped().unwrap();
        let t = "t".parse().unwrap();
        assert_eq!(keymap.command(&[Place::Warning, Place::Global], t), Some(UiCommand::Again));
        assert_eq!(keymap.command(&[Place::Vms, Place::Global], t), Some(UiCommand::PaneToggle));
    }

    #[test]
    fn the_configuration_moves_adds_and_removes_keys() {
        let keymap = Keymap::with(&overrides("vm", "x", "act.power_off")).unwrap();
        assert_eq!(keymap.command(&[Place::Vm], "x".parse().unwrap()), Some(UiCommand::Act(crate::model::ActionKind::PowerOff)));
        let keymap = Keymap::with(&overrides("vm", "X", "none")).unwrap();
        assert_eq!(keymap.command(&[Place::Vm], "X".parse().unwrap()), None);
    }

    #[test]
    fn mistakes_are_named_with_a_remedy() {
        let error = Keymap::with(&overrides("vm", "x", "act.power_of")).unwrap_err().to_string();
        assert!(error.contains("did you mean \"act.power_off\"?"), "{error}");
        assert!(Keymap::with(&overrides("vmz", "x", "help")).unwrap_err().to_string().contains("known are global"));
        assert!(Keymap::with(&overrides("vm", "hyper-x", "help")).is_err());
    }

    #[test]
    fn lower_case_letters_never_change_a_vm_but_p_and_a() {
        let keymap = Keymap::shipped().unwrap();
        for (place, keys) in &keymap.places {
            for (key, command) in keys {
                let label = key.label(true);
                let lower = label.len() == 1 && label.chars().all(char::is_lowercase);
                if lower && matches!(command, UiCommand::Act(_)) {
                    assert_eq!(label, "p", "{place:?}");
                }
                let reserved = "hjklgG/?:q0123456789 ".contains(&label) && label.len() == 1;
                if reserved && !matches!(place, Place::Global | Place::List | Place::Vms | Place::Appliances | Place::Events) {
                    panic!("{label} is an accelerator in {place:?}");
                }
            }
        }
    }
}
