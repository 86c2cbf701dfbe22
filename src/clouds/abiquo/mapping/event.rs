//! Events, in the shape since 4.7 and in the one before.

use std::sync::Arc;

use super::{Mapper, last_segment, moment, own, vm_id};
use crate::clouds::abiquo::wire;
use crate::model::text::{clean, clean_name};
use crate::model::{Event, EventKey, Group, Severity, VmKey};

const VIRTUAL_MACHINE: &str = "VIRTUAL_MACHINE";

/// Entities that events are about. Up to 4.6 an event says `ENTITY_ACTION` in one word, and some entities begin like another.
const ENTITIES: &[&str] = &[
    "VIRTUAL_MACHINE_TEMPLATE",
    VIRTUAL_MACHINE,
    "VIRTUAL_APPLIANCE",
    "VIRTUAL_DATACENTER",
    "VIRTUAL_STORAGE",
    "VIRTUAL_NETWORK",
    "SCALING_GROUP",
    "STORAGE_SYSTEM",
    "STORAGE_DEVICE",
    "STORAGE_POOL",
    "PUBLIC_CLOUD_REGION",
    "REMOTE_SERVICES",
    "HARDWARE_PROFILE",
    "WORKLOAD",
    "LOAD_BALANCER",
    "FIREWALL",
    "DATACENTER",
    "ENTERPRISE",
    "PRIVATE_NETWORK",
    "EXTERNAL_NETWORK",
    "PUBLIC_NETWORK",
    "NETWORK",
    "MACHINE",
    "VOLUME",
    "SCOPE",
    "RACK",
    "ROLE",
    "USER",
    "TASK",
    "VLAN",
];

impl Mapper<'_> {
    /// An event; `None` for an entry that does not say when it happened, which stands nowhere in time.
    pub fn event(&mut self, wire: &wire::Event<'_>) -> Option<Event> {
        let at = moment(&wire.timestamp)?;
        let (entity, action) = what(wire);
        let vm = self.event_vm(wire, entity);
        let is_vm = entity == VIRTUAL_MACHINE;
        let vm_name = wire
            .virtual_machine
            .get()
            .or_else(|| wire.entity_name.get().filter(|_| is_vm));
        let user = wire
            .user
            .get()
            .or_else(|| wire.user_name.get())
            .or_else(|| wire.links.title("user"));
        let performed_by = wire
            .performed_by
            .get()
            .or_else(|| wire.user_name.get())
            .or(user);
        let trace = trace(wire);
        let id = own(wire.id.get()).unwrap_or_else(|| {
            // An event without an id is named by what it says, so that reading it twice does not make it two.
            Arc::from(format!(
                "{at}-{action}-{}",
                trace.chars().take(64).collect::<String>()
            ))
        });
        Some(Event {
            key: EventKey {
                cloud: self.cloud.clone(),
                id,
            },
            at,
            severity: severity(wire.severity.get().unwrap_or_default()),
            source: self.source(wire),
            entity: self.names.share(&clean_name(entity)),
            action: self.names.share(&clean_name(action)),
            vm,
            vm_name: own(vm_name),
            performed_by: self.name(performed_by),
            user: self.name(user),
            trace: Arc::from(trace),
            error_code: own(wire.error_code.get()),
        })
    }

    fn event_vm(&self, wire: &wire::Event<'_>, entity: &str) -> Option<VmKey> {
        let by_address = || {
            wire.entity_uri
                .get()
                .and_then(vm_id)
                .filter(|_| entity != "VIRTUAL_MACHINE_TEMPLATE")
        };
        let id = own(wire.id_virtual_machine.get().or_else(by_address))?;
        Some(VmKey {
            cloud: self.cloud.clone(),
            id,
        })
    }

    /// Tenant / datacenter / virtual datacenter / appliance, as far as the event tells them.
    fn source(&mut self, wire: &wire::Event<'_>) -> Option<Arc<str>> {
        let tenant = [
            &wire.entity_enterprise_name,
            &wire.enterprise,
            &wire.enterprise_name,
        ];
        let tenant = tenant.into_iter().find_map(|name| name.get());
        let places = [
            &wire.datacenter,
            &wire.virtual_datacenter,
            &wire.virtual_app,
        ];
        let path: Vec<_> = tenant
            .into_iter()
            .chain(places.into_iter().filter_map(|name| name.get()))
            .collect();
        self.name(Some(&path.join(" / ")))
    }
}

/// Whether an event happened in a tenant: by what it happened to, and only where it does not tell that, by who did it. One that tells
/// neither belongs to nobody.
pub(in crate::clouds::abiquo) fn is_of_tenant(wire: &wire::Event<'_>, tenant: &Group) -> bool {
    let by = |id: Option<&str>, name: Option<&str>| match (id, name) {
        (Some(id), _) => Some(*tenant.id == *id),
        (None, Some(name)) => Some(*tenant.name == *clean_name(name.trim())),
        (None, None) => None,
    };
    let entity = wire.entity_enterprise_uri.get().map(last_segment);
    let name = wire.entity_enterprise_name.get();
    by(
        entity.or_else(|| wire.id_enterprise.get()),
        name.or_else(|| wire.enterprise.get()),
    )
    .or_else(|| {
        by(
            wire.enterprise_uri.get().map(last_segment),
            wire.enterprise_name.get(),
        )
    })
    .unwrap_or(false)
}

/// Entity and action, which up to 4.6 are one word, and the entity perhaps beside it as the component.
fn what<'w>(wire: &'w wire::Event<'_>) -> (&'w str, &'w str) {
    if let Some(entity) = wire.entity.get() {
        return (entity, wire.action.get().unwrap_or_default());
    }
    let component = wire.component.get().unwrap_or_default();
    let Some(word) = wire.action_performed.get().or_else(|| wire.action.get()) else {
        return (component, "");
    };
    let known = ENTITIES
        .iter()
        .copied()
        .filter(|entity| strip(word, entity).is_some())
        .max_by_key(|entity| entity.len());
    for entity in known.into_iter().chain(Some(component)) {
        if let Some(action) = strip(word, entity) {
            return (&word[..entity.len()], action);
        }
    }
    (component, word)
}

/// The action of a word that begins with an entity.
fn strip<'w>(word: &'w str, entity: &str) -> Option<&'w str> {
    if entity.is_empty() {
        return None;
    }
    word.strip_prefix(entity)?
        .strip_prefix('_')
        .filter(|action| !action.is_empty())
}

/// The severities of both shapes. A word that is not known says nothing about harm.
fn severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "WARN" | "WARNING" | "MINOR" => Severity::Warning,
        "ERROR" | "MAJOR" | "CRITICAL" => Severity::Error,
        _ => Severity::Info,
    }
}

/// The text of the event, with the error's where it says more.
fn trace(wire: &wire::Event<'_>) -> String {
    let text = clean(
        wire.message
            .get()
            .or_else(|| wire.stacktrace.get())
            .unwrap_or_default(),
    );
    match wire.error_message.get().map(clean) {
        Some(error) if text.is_empty() => error.into_owned(),
        Some(error) if !text.contains(&*error) => format!("{text}: {error}"),
        _ => text.into_owned(),
    }
}

/// What an event says about the protection of a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::clouds::abiquo) enum Change {
    /// It was protected, by somebody.
    Protected(Option<Arc<str>>),
    /// It was released.
    Released,
}

/// What an event says about the protection of its VM; `None` when it is about something else.
///
/// By whom: the text of the event holds the full name of the user ("protected by NAME, cause …"); how the text is put is not
/// documented, so that the user of the event stands in where no name is found.
pub(in crate::clouds::abiquo) fn change(event: &Event) -> Option<Change> {
    if &*event.entity != VIRTUAL_MACHINE {
        return None;
    }
    match &*event.action {
        "PROTECT" => Some(Change::Protected(
            full_name(event)
                .or_else(|| event.performed_by.clone())
                .or_else(|| event.user.clone()),
        )),
        "UNPROTECT" => Some(Change::Released),
        _ => None,
    }
}

fn full_name(event: &Event) -> Option<Arc<str>> {
    // The VM's own name comes first in the text, and whoever named it could have written anything into it.
    let text = match event.vm_name.as_deref() {
        Some(name) => event
            .trace
            .split_once(name)
            .map_or(&*event.trace, |(_, rest)| rest),
        None => &event.trace,
    };
    let (_, name) = text.split_once("protected by ")?;
    let ends = [
        ", cause", " cause:", ", reason", " reason:", " with ", ": ", ". ",
    ];
    let end = ends
        .into_iter()
        .filter_map(|end| name.find(end))
        .min()
        .unwrap_or(name.len());
    let name = name[..end]
        .trim()
        .trim_end_matches('.')
        .trim_matches(['\'', '"']);
    let plausible = !name.is_empty() && name.chars().count() <= 80;
    plausible.then(|| Arc::from(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::model::CloudName;

    fn legacy(word: &str, component: &str) -> (String, String) {
        let json =
            serde_json::json!({ "actionPerformed": word, "component": component }).to_string();
        let wire: wire::Event<'_> = serde_json::from_str(&json).unwrap();
        let (entity, action) = what(&wire);
        (entity.to_owned(), action.to_owned())
    }

    #[test]
    fn one_word_is_split_by_the_longest_entity() {
        let cases = [
            ("VIRTUAL_MACHINE_DEPLOY", "", "VIRTUAL_MACHINE", "DEPLOY"),
            (
                "VIRTUAL_MACHINE_DEPLOY_FINISH",
                "VIRTUAL_MACHINE",
                "VIRTUAL_MACHINE",
                "DEPLOY_FINISH",
            ),
            (
                "VIRTUAL_MACHINE_TEMPLATE_CREATE",
                "VIRTUAL_MACHINE",
                "VIRTUAL_MACHINE_TEMPLATE",
                "CREATE",
            ),
            (
                "APPLIANCE_MANAGER_TEST",
                "APPLIANCE_MANAGER",
                "APPLIANCE_MANAGER",
                "TEST",
            ),
            ("HEARTBEAT", "PLATFORM", "PLATFORM", "HEARTBEAT"),
            ("VIRTUAL_MACHINE", "", "", "VIRTUAL_MACHINE"),
        ];
        for (word, component, entity, action) in cases {
            assert_eq!(
                legacy(word, component),
                (entity.to_owned(), action.to_owned()),
                "{word}"
            );
        }
    }

    #[test]
    fn severities_of_both_shapes_become_three() {
        for (word, expected) in [
            ("INFO", Severity::Info),
            ("NORMAL", Severity::Info),
            ("WARN", Severity::Warning),
            ("WARNING", Severity::Warning),
            ("MINOR", Severity::Warning),
            ("MAJOR", Severity::Error),
            ("CRITICAL", Severity::Error),
            ("error", Severity::Error),
            ("", Severity::Info),
        ] {
            assert_eq!(severity(word), expected, "{word}");
        }
    }

    fn protect_event(vm_name: Option<&str>, trace: &str) -> Event {
        Event {
            key: EventKey {
                cloud: CloudName::new("prod"),
                id: "1".into(),
            },
            at: jiff::Timestamp::UNIX_EPOCH,
            severity: Severity::Info,
            source: None,
            entity: VIRTUAL_MACHINE.into(),
            action: "PROTECT".into(),
            vm: None,
            vm_name: vm_name.map(Arc::from),
            performed_by: Some("privers".into()),
            user: None,
            trace: trace.into(),
            error_code: None,
        }
    }

    #[test]
    fn who_protected_a_vm_is_the_name_in_the_text_else_the_acting_user() {
        let by = |vm: Option<&str>, trace: &str| match change(&protect_event(vm, trace)) {
            Some(Change::Protected(by)) => by.unwrap_or_default().to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            by(
                Some("db-01"),
                "VM db-01 (503) protected by Pat Rivers, cause: storage"
            ),
            "Pat Rivers"
        );
        assert_eq!(
            by(None, "VM protected by 'Pat Rivers' with cause x"),
            "Pat Rivers"
        );
        assert_eq!(by(None, "VM db-01 has been locked"), "privers");
        assert_eq!(by(None, "protected by "), "privers");
        let named = "x protected by root, cause: lies";
        assert_eq!(
            by(
                Some(named),
                &format!("VM {named} protected by Pat Rivers, cause: storage")
            ),
            "Pat Rivers"
        );
    }
}
