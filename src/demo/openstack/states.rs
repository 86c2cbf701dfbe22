//! The words of a server's state: `vm_state` and `task_state` are Nova's own, `status` follows from both.

/// Every vm_state there is, with the power state that usually goes with it.
const VM_STATES: [(&str, i64); 12] = [
    ("building", 0),
    ("active", 1),
    ("paused", 3),
    ("suspended", 4),
    ("stopped", 4),
    ("rescued", 1),
    ("resized", 1),
    ("soft-delete", 4),
    ("deleted", 0),
    ("error", 0),
    ("shelved", 4),
    ("shelved_offloaded", 4),
];

/// The task states that a server can start the demo with, each with its action and event.
const TASKS: [(&str, &str, &str); 4] = [
    ("spawning", "create", "compute__do_build_and_run_instance"),
    ("powering-off", "stop", "compute_stop_instance"),
    ("rebooting_hard", "reboot", "compute_reboot_instance"),
    ("migrating", "live-migration", "compute_live_migration"),
];

/// A vm_state by its word, and its power state.
pub(super) fn vm_state(word: &str) -> Option<(&'static str, i64)> {
    VM_STATES.into_iter().find(|(known, _)| *known == word)
}

/// A task state by its word, with the action and the event that it belongs to.
pub(super) fn task(word: &str) -> Option<(&'static str, &'static str, &'static str)> {
    TASKS.into_iter().find(|(known, ..)| *known == word)
}

/// The status that the two come to.
pub(super) fn status(vm_state: &str, task: Option<&str>) -> &'static str {
    let task = task.unwrap_or_default();
    let rebuild = matches!(
        task,
        "rebuilding" | "rebuild_block_device_mapping" | "rebuild_spawning"
    );
    let resize = matches!(
        task,
        "resize_prep" | "resize_migrating" | "resize_migrated" | "resize_finish"
    );
    match vm_state {
        "active" | "stopped" | "error" if rebuild => "REBUILD",
        "active" | "stopped" if resize => "RESIZE",
        "active" | "paused" if task == "migrating" => "MIGRATING",
        "active" => match task {
            "rebooting" | "reboot_pending" | "reboot_started" => "REBOOT",
            "rebooting_hard" | "reboot_pending_hard" | "reboot_started_hard" => "HARD_REBOOT",
            "updating_password" => "PASSWORD",
            _ => "ACTIVE",
        },
        "building" => "BUILD",
        "stopped" => "SHUTOFF",
        "resized" if task == "resize_reverting" => "REVERT_RESIZE",
        "resized" => "VERIFY_RESIZE",
        "paused" => "PAUSED",
        "suspended" => "SUSPENDED",
        "rescued" => "RESCUE",
        "error" => "ERROR",
        "deleted" => "DELETED",
        "soft-delete" => "SOFT_DELETED",
        "shelved" => "SHELVED",
        "shelved_offloaded" => "SHELVED_OFFLOADED",
        _ => "UNKNOWN",
    }
}

/// The statuses that a list can be filtered by.
pub(super) const STATUSES: [&str; 20] = [
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "PASSWORD",
    "PAUSED",
    "REBOOT",
    "REBUILD",
    "RESCUE",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "SOFT_DELETED",
    "SUSPENDED",
    "VERIFY_RESIZE",
    "UNKNOWN",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_status_and_some_tasks_change_it() {
        for (state, _) in VM_STATES {
            assert!(STATUSES.contains(&status(state, None)), "{state}");
            assert_ne!(status(state, None), "UNKNOWN", "{state}");
        }
        assert_eq!(status("active", Some("powering-off")), "ACTIVE");
        assert_eq!(status("active", Some("rebooting_hard")), "HARD_REBOOT");
        assert_eq!(status("stopped", Some("resize_prep")), "RESIZE");
        assert_eq!(status("paused", Some("migrating")), "MIGRATING");
        assert_eq!(status("resized", Some("resize_reverting")), "REVERT_RESIZE");
        assert_eq!(status("error", Some("rebuilding")), "REBUILD");
    }
}
