//! Which events a request asks for (9.3), and which its user may see.

use jiff::Timestamp;

use super::answer::Refusal;
use super::asking::Asking;
use super::estate::{FIRST_ENTERPRISE, id};
use super::events::{Event, Target};
use super::media::Version;
use super::paging::Page;

/// Filters by names that no event of this cloud carries: nothing matches them.
const ABSENT: [&str; 7] = [
    "rack",
    "physicalmachine",
    "storagesystem",
    "storagepool",
    "volume",
    "network",
    "subnet",
];

/// Whether a user may see an event: restricted appliances stay hidden, and so does what happens in them.
pub fn sees(asking: &Asking<'_>, event: &Event) -> bool {
    let estate = &asking.platform.estate;
    let appliance = appliance_of(asking, event);
    let enterprise = estate.datacenters[estate.appliances[appliance].datacenter].enterprise;
    let own = estate.users[asking.user].enterprise == enterprise
        && estate.may(asking.user, "EVENTLOG_VIEW_ENTERPRISE");
    asking.sees(appliance) && (own || estate.may(asking.user, "EVENTLOG_VIEW_ALL"))
}

/// The events asked for, in the order asked for.
///
/// # Errors
/// 400 for a date in the wrong form or an order that is none.
pub fn select<'a>(
    asking: &Asking<'a>,
    page: &Page,
    version: Version,
) -> Result<Vec<&'a Event>, Refusal> {
    let from_ms = asking
        .query
        .get("datefrom")
        .map(|text| date(text, version))
        .transpose()?;
    let to_ms = asking
        .query
        .get("dateto")
        .map(|text| date(text, version))
        .transpose()?;
    let matches = |event: &&Event| {
        from_ms.is_none_or(|from| event.at_ms >= from)
            && to_ms.is_none_or(|to| event.at_ms <= to)
            && sees(asking, event)
            && asking
                .query
                .pairs()
                .all(|(key, value)| value.is_empty() || fits(asking, event, key, value))
    };
    let mut events: Vec<_> = asking.platform.events.iter().filter(matches).collect();
    match page.by.as_str() {
        "timestamp" | "id" => {}
        "severity" => events.sort_by_key(|event| event.severity.word()),
        "action" | "actionperformed" => events.sort_by_key(|event| event.full_action()),
        "user" | "performedby" => {
            events.sort_by_key(|event| &asking.platform.estate.users[event.user].nick)
        }
        other => return Err(Refusal::bad(format!("events cannot be sorted by {other}"))),
    }
    if !page.ascending {
        events.reverse();
    }
    Ok(events)
}

fn fits(asking: &Asking<'_>, event: &Event, key: &str, value: &str) -> bool {
    let estate = &asking.platform.estate;
    let appliance = appliance_of(asking, event);
    let datacenter = &estate.datacenters[estate.appliances[appliance].datacenter];
    let vm_name = match event.target {
        Target::Vm(vm) | Target::Task(vm, _) => Some(&*estate.vms[vm].label),
        Target::Appliance(_) => None,
    };
    let appliance_name = estate.appliances[appliance].name.as_str();
    match key {
        "severity" => value == event.severity.word() || value == event.severity.old_word(),
        "user" | "performedby" => value == estate.users[event.user].nick,
        "actionperformed" => value == event.full_action(),
        "action" => value == event.action,
        "entity" | "component" => value == event.entity(),
        "entityname" => match event.target {
            Target::Task(_, task) => value == task.to_string(),
            _ => value == vm_name.unwrap_or(appliance_name),
        },
        "virtualmachine" => vm_name == Some(value),
        "virtualapp" => value == appliance_name,
        "virtualdatacenter" => value == datacenter.name,
        "enterprise" => {
            value == estate.enterprises[datacenter.enterprise].name
                || value.parse() == Ok(id(FIRST_ENTERPRISE, datacenter.enterprise))
        }
        "datacenter" => value == estate.locations[datacenter.location].name,
        "context" => value == event.context.to_string(),
        "message" | "stacktrace" | "has" => {
            let value = value.to_lowercase();
            event.message.to_lowercase().contains(&value)
                || (key == "has"
                    && vm_name
                        .unwrap_or(appliance_name)
                        .to_lowercase()
                        .contains(&value))
        }
        other => !ABSENT.contains(&other),
    }
}

fn appliance_of(asking: &Asking<'_>, event: &Event) -> usize {
    match event.target {
        Target::Vm(vm) | Target::Task(vm, _) => asking.platform.estate.vms[vm].appliance as usize,
        Target::Appliance(appliance) => appliance,
    }
}

/// Epoch seconds up to 4.6, ISO 8601 since; the other form is an error (14). Milliseconds.
fn date(text: &str, version: Version) -> Result<i64, Refusal> {
    let parsed = if version >= Version::new(4, 7) {
        text.parse::<Timestamp>()
            .ok()
            .map(Timestamp::as_millisecond)
    } else {
        text.parse::<i64>()
            .ok()
            .and_then(|seconds| seconds.checked_mul(1_000))
    };
    parsed.ok_or_else(|| {
        let status = axum::http::StatusCode::BAD_REQUEST;
        let form = if version >= Version::new(4, 7) {
            "2011-12-03T10:15:30Z"
        } else {
            "1322907330"
        };
        Refusal::new(status, "EVENT-1", format!("dates are written like {form}"))
    })
}
