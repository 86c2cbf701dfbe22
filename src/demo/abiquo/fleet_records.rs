//! The tasks and events of `assets/demo/abiquo.toml`.

use std::collections::HashMap;

use super::estate::{Estate, FIRST_VM, id};
use super::events::{Event, Target};
use super::fleet::{Fault, find, paced};
use super::fleet_file::{EventEntry, TaskEntry};
use super::operations::Operation;
use super::tasks::{Held, Job, Outcome, Plan, Task, TaskState};
use crate::demo::identity::Uuid;

/// A task, finished, running or waiting, as it looks at `now_ms`.
///
/// # Errors
/// What the entry says does not fit together.
pub(super) fn task(
    estate: &Estate,
    entry: TaskEntry,
    vm: usize,
    number: u64,
    now_ms: i64,
    pace: f64,
) -> Result<Task, Fault> {
    let created_ms = now_ms - entry.age_seconds * 1_000;
    let updated_ms = created_ms + entry.took_seconds * 1_000;
    let jobs: Vec<_> = entry
        .jobs
        .iter()
        .map(|job| Job {
            work: job.kind,
            state: job.state,
            rollback: job.rollback,
            updated_ms,
        })
        .collect();
    let plan = match (entry.ends_in_seconds, entry.then) {
        (None, None) => None,
        (Some(seconds), Some(power)) => {
            let end_ms = now_ms + paced(seconds * 1_000, pace);
            // The first job is over, the last one takes the final eighth.
            let left = end_ms - now_ms;
            let mut starts_ms = vec![created_ms; entry.jobs.len()];
            for (at, start) in starts_ms.iter_mut().enumerate().skip(1) {
                *start = if at + 1 == entry.jobs.len() {
                    end_ms - left / 8
                } else {
                    created_ms + 4_000
                };
            }
            Some(Plan {
                starts_ms,
                end_ms,
                outcome: Outcome::of(power),
            })
        }
        _ => {
            return Err(format!(
                "the task of {} needs both `ends_in_seconds` and `then`",
                entry.vm
            ));
        }
    };
    let held = match (entry.state, entry.before) {
        (TaskState::Queueing, Some(before)) => Some(Held {
            operation: Operation::of(entry.kind)
                .ok_or_else(|| format!("nothing holds the task of {} for a review", entry.vm))?,
            before,
        }),
        (TaskState::Queueing, None) => {
            return Err(format!("the task of {} needs `before`", entry.vm));
        }
        _ => None,
    };
    Ok(Task {
        uuid: Uuid::new(estate.seed, 3, number),
        user: find(&estate.users, |user| user.nick == entry.user, &entry.user)?,
        work: entry.kind,
        vm,
        state: entry.state,
        created_ms,
        updated_ms,
        jobs,
        plan,
        held,
        context: Uuid::new(estate.seed, 4, number),
    })
}

/// An event, unless what it happened to is not in the fleet.
///
/// # Errors
/// What the entry says does not fit together.
pub(super) fn event(
    estate: &Estate,
    by_name: &HashMap<String, usize>,
    entry: EventEntry,
    number: u64,
    now_ms: i64,
) -> Result<Option<Event>, Fault> {
    let vm = entry
        .vm
        .as_ref()
        .and_then(|name| by_name.get(name))
        .copied();
    let appliance = entry
        .appliance
        .as_ref()
        .and_then(|name| estate.appliances.iter().position(|one| one.name == *name));
    let (target, number_in_text) = match (vm, appliance) {
        (Some(vm), _) => (Target::Vm(vm), id(FIRST_VM, vm)),
        (None, Some(appliance)) => (Target::Appliance(appliance), 0),
        (None, None) => return Ok(None),
    };
    let event = Event {
        id: 0,
        at_ms: now_ms - entry.ago_minutes * 60_000,
        severity: entry.severity,
        action: entry.action,
        target,
        user: find(&estate.users, |user| user.nick == entry.user, &entry.user)?,
        message: entry.message.replace("{id}", &number_in_text.to_string()),
        context: match entry.operation {
            Some(operation) => Uuid::new(estate.seed, 5, operation),
            None => Uuid::new(estate.seed, 6, number),
        },
        error: entry.error_code.zip(entry.error_message),
    };
    if entry.entity.is_some_and(|entity| entity != event.entity()) {
        return Err(format!(
            "event {number} says another entity than its target is"
        ));
    }
    Ok(Some(event))
}
