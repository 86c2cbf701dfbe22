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
    /// Whatever opens over the rest: it closes with one step back.
    Dialog,
    /// The first screen where nothing is configured.
    Welcome,
    /// The details of a VM.
    Details,
    /// The action menu.
    Menu,
    /// The choice of a host.
    Hosts,
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
    /// The events of one VM.
    VmEvents,
    /// The tasks that workflow holds.
    Workflow,
    /// One of them, opened.
    Held,
    /// The action menu of an appliance.
    VappMenu,
    /// A choice of one from a few.
    Choice,
    /// A text, being typed.
    Text,
    /// A form.
    Form,
    /// How a screen is reached.
    Remote,
    /// What to copy.
    Copy,
    /// Which events are listed.
    Filters,
    /// The path of a file.
    Path,
    /// The choice of a tenant.
    Tenants,
}

impl Place {
    const ALL: [(Self, &'static str, &'static str); 31] = [
        (Self::Global, "global", "Everywhere"),
        (Self::List, "list", "Moving"),
        (Self::Vm, "vm", "This VM"),
        (Self::Vms, "vms", "VMs"),
        (Self::Appliances, "appliances", "Appliances"),
        (Self::Clouds, "clouds", "Clouds"),
        (Self::Events, "events", "Events"),
        (Self::Pane, "pane", "Tasks and events"),
        (Self::Dialog, "dialog", "Here"),
        (Self::Welcome, "welcome", "Welcome"),
        (Self::Details, "details", "Details"),
        (Self::Menu, "menu", "Action menu"),
        (Self::Hosts, "hosts", "Hosts"),
        (Self::Sort, "sort", "Sorting"),
        (Self::Confirm, "confirm", "Question"),
        (Self::Typed, "typed", "Question"),
        (Self::Field, "field", "Reason"),
        (Self::Prompt, "prompt", "Filter"),
        (Self::Warning, "warning", "Warning"),
        (Self::VmEvents, "vm_events", "Events of this VM"),
        (Self::Workflow, "workflow", "Workflow"),
        (Self::Held, "held", "Held task"),
        (Self::VappMenu, "vapp_menu", "Appliance menu"),
        (Self::Choice, "choice", "Choosing"),
        (Self::Text, "text", "Text"),
        (Self::Form, "form", "Form"),
        (Self::Remote, "remote", "Screen"),
        (Self::Copy, "copy", "Copying"),
        (Self::Filters, "filters", "Filters"),
        (Self::Path, "path", "File"),
        (Self::Tenants, "tenants", "Tenants"),
    ];

    /// Its heading on the help screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(place, ..)| *place == self)
            .map_or("", |(.., title)| title)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(place, ..)| *place)
    }
}

/// What is wrong with a keymap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// Not TOML, or not tables of texts.
    #[error("the keymap cannot be read: {0}")]
    Syntax(String),
    /// No such place.
    #[error("the keymap names {0:?}, which is no place")]
    Place(String),
    /// No such key.
    #[error("[keys] {command}: {error}")]
    Key {
        /// The command.
        command: String,
        /// What is wrong.
        error: NotAKey,
    },
    /// No such command.
    #[error("[keys] there is no action {name:?}{}", suggestion(.name))]
    Command {
        /// What was written.
        name: String,
    },
    /// A key that means something else in the same place.
    #[error("[keys] {command}: {key} means {taken:?} in the same place; move that one first")]
    Taken {
        /// The command that should have the key.
        command: String,
        /// The key.
        key: String,
        /// The command that has it.
        taken: String,
    },
}

fn suggestion(command: &str) -> String {
    let ids = UiCommand::ids().map(|id| id.trim_start_matches("act.").to_owned());
    let close = ids
        .map(|id| (strsim::jaro_winkler(&id, command), id))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    close
        .filter(|(score, _)| *score > 0.7)
        .map_or_else(String::new, |(_, id)| format!("; did you mean {id:?}?"))
}

/// Which key means what, and where. In the order of the file, so that hints show the first key of a command.
#[derive(Debug, Clone)]
pub struct Keymap {
    places: BTreeMap<Place, Vec<(Key, UiCommand)>>,
}

/// What works in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// The place.
    pub place: Place,
    /// Its commands, each with all its keys.
    pub commands: Vec<(UiCommand, Vec<Key>)>,
}

impl Keymap {
    /// The keymap that comes with the program.
    ///
    /// # Errors
    /// None in a program that passed its tests: the file is part of it.
    pub fn shipped() -> Result<Self, KeymapError> {
        let mut keymap = Self {
            places: BTreeMap::new(),
        };
        let table: toml::Table = include_str!("../../../assets/keymap.toml")
            .parse()
            .map_err(|error: toml::de::Error| KeymapError::Syntax(error.message().to_owned()))?;
        for (place, keys) in &table {
            for (key, command) in keys.as_table().into_iter().flatten() {
                let command = command
                    .as_str()
                    .ok_or_else(|| KeymapError::Syntax(format!("{place}.{key}")))?;
                keymap.bind(place, key, command)?;
            }
        }
        Ok(keymap)
    }

    /// Gives a command other keys, in every place where it has one. No keys takes it away.
    ///
    /// # Errors
    /// When the command or a key is not known, or a key is taken by another command of the same place.
    pub fn rebind(&mut self, written: &str, keys: &[String]) -> Result<(), KeymapError> {
        let command = UiCommand::from_id(written)
            .or_else(|| UiCommand::from_id(&format!("act.{written}")))
            .ok_or_else(|| KeymapError::Command {
                name: written.to_owned(),
            })?;
        let parse = |key: &String| {
            key.parse().map_err(|error| KeymapError::Key {
                command: written.to_owned(),
                error,
            })
        };
        let keys: Vec<Key> = keys.iter().map(parse).collect::<Result<_, _>>()?;
        for bound in self.places.values_mut() {
            if !bound.iter().any(|(_, known)| *known == command) {
                continue;
            }
            bound.retain(|(_, known)| *known != command);
            for key in &keys {
                if let Some((_, taken)) = bound.iter().find(|(known, _)| known == key) {
                    return Err(KeymapError::Taken {
                        command: written.to_owned(),
                        key: key.to_string(),
                        taken: taken.hint(),
                    });
                }
                bound.push((*key, command));
            }
        }
        Ok(())
    }

    fn bind(&mut self, place: &str, key: &str, command: &str) -> Result<(), KeymapError> {
        let at = Place::from_name(place).ok_or_else(|| KeymapError::Place(place.to_owned()))?;
        let parsed = key.parse().map_err(|error| KeymapError::Key {
            command: command.to_owned(),
            error,
        })?;
        let command = UiCommand::from_id(command).ok_or_else(|| KeymapError::Command {
            name: command.to_owned(),
        })?;
        self.places.entry(at).or_default().push((parsed, command));
        Ok(())
    }

    /// What a key means, asked from the innermost place outwards.
    #[must_use]
    pub fn command(&self, places: &[Place], key: Key) -> Option<UiCommand> {
        places.iter().find_map(|place| {
            self.places
                .get(place)?
                .iter()
                .find(|(bound, _)| *bound == key)
                .map(|(_, command)| *command)
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
    pub fn reachable(&self, places: &[Place]) -> Vec<Reachable> {
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
                groups.push(Reachable {
                    place: *place,
                    commands,
                });
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

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
        assert_eq!(
            keymap.command(&[Place::Warning, Place::Global], t),
            Some(UiCommand::Again)
        );
        assert_eq!(
            keymap.command(&[Place::Vms, Place::Global], t),
            Some(UiCommand::PaneToggle)
        );
    }

    #[test]
    fn the_configuration_moves_and_removes_keys() {
        let mut keymap = Keymap::shipped().unwrap();
        let power_off = UiCommand::Act(crate::model::ActionKind::PowerOff);
        keymap.rebind("power_off", &["F9".to_owned()]).unwrap();
        assert_eq!(
            keymap.command(&[Place::Vm], "f9".parse().unwrap()),
            Some(power_off)
        );
        assert_eq!(keymap.command(&[Place::Vm], "X".parse().unwrap()), None);
        keymap.rebind("power_off", &[]).unwrap();
        assert_eq!(keymap.key(&[Place::Vm], power_off), None);
    }

    #[test]
    fn mistakes_are_named_with_a_remedy() {
        let mut keymap = Keymap::shipped().unwrap();
        let mut error = |command: &str, key: &str| {
            keymap
                .rebind(command, &[key.to_owned()])
                .unwrap_err()
                .to_string()
        };
        assert!(error("power_of", "x").contains("did you mean \"power_off\"?"));
        assert!(error("power_off", "hyper-x").contains("is not a key"));
        assert!(error("power_off", "m").contains("means \"actions\" in the same place"));
    }

    #[test]
    fn lower_case_letters_never_change_a_vm_but_p_and_a() {
        let keymap = Keymap::shipped().unwrap();
        for (place, keys) in &keymap.places {
            for (key, command) in keys {
                let label = key.label(true);
                let lower = label.len() == 1 && label.chars().all(char::is_lowercase);
                // The menu says in words what each of its letters does.
                let in_menu = matches!(place, Place::Menu | Place::VappMenu);
                let changes = matches!(command, UiCommand::Act(_) | UiCommand::ActOnVapp(_));
                if lower && !in_menu && changes {
                    assert_eq!(label, "p", "{place:?}");
                }
                let reserved = label.len() == 1 && "hjklgG/?:q0123456789".contains(&label);
                let accelerates = !matches!(
                    place,
                    Place::Global
                        | Place::List
                        | Place::Vms
                        | Place::Appliances
                        | Place::Events
                        | Place::Workflow
                        | Place::Dialog
                        | Place::Welcome
                );
                assert!(
                    !(reserved && accelerates),
                    "{label} is an accelerator in {place:?}"
                );
            }
        }
    }
}
