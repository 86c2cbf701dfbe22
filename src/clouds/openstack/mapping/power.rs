//! What a server's four states come to: `status`, `task_state`, `vm_state` and `power_state`.

use std::borrow::Cow;

use crate::clouds::openstack::wire::Server;
use crate::model::PowerState::{self, Locked, NotAllocated, Off, On, Paused, Unknown};

/// The power state of each status of the API. A word that is not among them is Unknown, and shown. A server with a task state is
/// Locked, whatever its status.
pub(in crate::clouds) const STATES: &[(&str, PowerState)] = &[
    ("ACTIVE", On),
    ("BUILD", Locked),
    ("DELETED", NotAllocated),
    ("ERROR", Unknown),
    ("HARD_REBOOT", Locked),
    ("MIGRATING", Locked),
    ("PASSWORD", Locked),
    ("PAUSED", Paused),
    ("REBOOT", Locked),
    ("REBUILD", Locked),
    ("RESCUE", On),
    ("RESIZE", Locked),
    ("REVERT_RESIZE", Locked),
    // Off, and still on its host until that is freed.
    ("SHELVED", Off),
    ("SHELVED_OFFLOADED", NotAllocated),
    ("SHUTOFF", Off),
    ("SOFT_DELETED", NotAllocated),
    // In memory or on disk: what resume brings back.
    ("SUSPENDED", Paused),
    ("UNKNOWN", Unknown),
    // It runs with its new size, or is off with it: then its power state says so.
    ("VERIFY_RESIZE", On),
];

/// Nova's numbers for the power state that the hypervisor tells.
const SHUT_DOWN: i64 = 4;
const CRASHED: i64 = 6;

/// The power state, and the cloud's own word for it.
///
/// - A task state is LOCKED, and the word is the task's: `powering-off`.
/// - What Nova takes for running and its hypervisor says is shut down is off, and crashed it is unknown: Nova learns of that minutes later.
/// - Without a status (none is told of a server that is being made in some clouds) `vm_state` stands in for it.
pub(super) fn power<'s>(server: &'s Server<'_>) -> (PowerState, Cow<'s, str>) {
    if let Some(task) = server.task_state.get() {
        return (Locked, task.trim().into());
    }
    let status = server
        .status
        .get()
        .or_else(|| server.vm_state.get())
        .unwrap_or_default()
        .trim();
    let known = STATES.iter().find(|(word, _)| *word == status);
    let power = known.map_or(Unknown, |(_, power)| *power);
    match (status, server.power_state.0) {
        ("ACTIVE", Some(SHUT_DOWN)) => (Off, format!("{status}/SHUTDOWN").into()),
        ("ACTIVE", Some(CRASHED)) => (Unknown, format!("{status}/CRASHED").into()),
        ("VERIFY_RESIZE", Some(SHUT_DOWN)) => (Off, status.into()),
        _ => (power, status.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn of(status: &str, task: &str, power_state: &str) -> (PowerState, String) {
        let json = format!(
            r#"{{"status":{status},"OS-EXT-STS:task_state":{task},"OS-EXT-STS:power_state":{power_state}}}"#
        );
        let server: Server<'_> = serde_json::from_str(&json).unwrap();
        let (power, word) = power(&server);
        (power, word.into_owned())
    }

    #[test]
    fn status_and_power_state_are_read_together() {
        for (status, number, expected) in [
            ("ACTIVE", "1", (On, "ACTIVE")),
            ("ACTIVE", "0", (On, "ACTIVE")),
            ("ACTIVE", "4", (Off, "ACTIVE/SHUTDOWN")),
            ("ACTIVE", "6", (Unknown, "ACTIVE/CRASHED")),
            ("SHUTOFF", "4", (Off, "SHUTOFF")),
            ("PAUSED", "1", (Paused, "PAUSED")),
            ("SUSPENDED", "1", (Paused, "SUSPENDED")),
            ("RESCUE", "4", (On, "RESCUE")),
            ("VERIFY_RESIZE", "1", (On, "VERIFY_RESIZE")),
            ("VERIFY_RESIZE", "4", (Off, "VERIFY_RESIZE")),
            ("SHELVED", "4", (Off, "SHELVED")),
            (
                "SHELVED_OFFLOADED",
                "4",
                (NotAllocated, "SHELVED_OFFLOADED"),
            ),
            ("SOFT_DELETED", "4", (NotAllocated, "SOFT_DELETED")),
            ("ERROR", "0", (Unknown, "ERROR")),
            ("UNKNOWN", "1", (Unknown, "UNKNOWN")),
            ("BUILD", "0", (Locked, "BUILD")),
            ("HIBERNATED", "1", (Unknown, "HIBERNATED")),
        ] {
            let (power, word) = of(&format!("\"{status}\""), "null", number);
            assert_eq!((power, &*word), expected);
        }
        assert_eq!(of("null", "null", "null"), (Unknown, String::new()));
        assert_eq!(of("5", "{}", "[]"), (Unknown, "5".to_owned()));
    }

    #[test]
    fn a_task_is_locked_whatever_the_status_and_says_what_it_is() {
        for (status, _) in STATES {
            assert_eq!(
                of(&format!("\"{status}\""), "\"powering-off\"", "1"),
                (Locked, "powering-off".to_owned())
            );
        }
    }
}
