//! The actions of a server: who may ask for them, from which states, and what they then go through.

use super::estate::Role;

/// A stretch of something under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase {
    pub task: Option<&'static str>,
    pub ms: i64,
    /// The event that begins with it.
    pub event: Option<&'static str>,
}

/// Which tasks do not stand in the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Beside {
    /// None at all.
    Nothing,
    /// Those that a hard reboot may cut short.
    Reboots,
    /// Any.
    Anything,
}

/// The rules of one action.
#[derive(Debug)]
pub(super) struct Rule {
    /// Its name in a body.
    pub key: &'static str,
    /// What a conflict calls it.
    pub called: &'static str,
    /// What it is recorded as.
    pub record: &'static str,
    pub policy: &'static str,
    pub role: Role,
    /// The vm_states; any when empty.
    pub from: &'static [&'static str],
    pub beside: Beside,
    /// A lock holds against it.
    pub heeds_lock: bool,
    pub launched: bool,
    /// It needs a host to be sent to.
    pub on_host: bool,
    pub phases: &'static [Phase],
    /// The vm_state and power state in the end; as before when `None`.
    pub then: Option<(&'static str, i64)>,
}

const fn phase(task: &'static str, ms: i64) -> Phase {
    Phase {
        task: Some(task),
        ms,
        event: None,
    }
}

const fn begins(event: &'static str, task: &'static str, ms: i64) -> Phase {
    Phase {
        task: Some(task),
        ms,
        event: Some(event),
    }
}

const PLAIN: Rule = Rule {
    key: "",
    called: "",
    record: "",
    policy: "",
    role: Role::Member,
    from: &[],
    beside: Beside::Nothing,
    heeds_lock: true,
    launched: true,
    on_host: false,
    phases: &[],
    then: None,
};

const MOVES: &[Phase] = &[
    begins("compute_prep_resize", "resize_prep", 1_500),
    begins("compute_resize_instance", "resize_migrating", 4_000),
    phase("resize_migrated", 1_000),
    begins("compute_finish_resize", "resize_finish", 2_000),
];

/// Every action that takes its time.
pub(super) const RULES: &[Rule] = &[
    Rule {
        key: "os-start",
        called: "start",
        record: "start",
        policy: "os_compute_api:servers:start",
        from: &["stopped"],
        on_host: true,
        phases: &[begins("compute_start_instance", "powering-on", 3_000)],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "os-stop",
        called: "stop",
        record: "stop",
        policy: "os_compute_api:servers:stop",
        from: &["active", "error"],
        on_host: true,
        phases: &[begins("compute_stop_instance", "powering-off", 5_000)],
        then: Some(("stopped", 4)),
        ..PLAIN
    },
    Rule {
        key: "reboot",
        called: "reboot",
        record: "reboot",
        policy: "os_compute_api:servers:reboot",
        from: &["active"],
        phases: &[
            begins("compute_reboot_instance", "rebooting", 500),
            phase("reboot_pending", 500),
            phase("reboot_started", 4_000),
        ],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "reboot HARD",
        called: "reboot",
        record: "reboot",
        policy: "os_compute_api:servers:reboot",
        from: &["active", "stopped", "paused", "suspended", "error"],
        beside: Beside::Reboots,
        phases: &[
            begins("compute_reboot_instance", "rebooting_hard", 500),
            phase("reboot_pending_hard", 500),
            phase("reboot_started_hard", 2_500),
        ],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "pause",
        called: "pause",
        record: "pause",
        policy: "os_compute_api:os-pause-server:pause",
        from: &["active"],
        phases: &[begins("compute_pause_instance", "pausing", 2_000)],
        then: Some(("paused", 3)),
        ..PLAIN
    },
    Rule {
        key: "unpause",
        called: "unpause",
        record: "unpause",
        policy: "os_compute_api:os-pause-server:unpause",
        from: &["paused"],
        phases: &[begins("compute_unpause_instance", "unpausing", 2_000)],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "suspend",
        called: "suspend",
        record: "suspend",
        policy: "os_compute_api:os-suspend-server:suspend",
        from: &["active"],
        phases: &[begins("compute_suspend_instance", "suspending", 4_000)],
        then: Some(("suspended", 4)),
        ..PLAIN
    },
    Rule {
        key: "resume",
        called: "resume",
        record: "resume",
        policy: "os_compute_api:os-suspend-server:resume",
        from: &["suspended"],
        phases: &[begins("compute_resume_instance", "resuming", 4_000)],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "shelve",
        called: "shelve",
        record: "shelve",
        policy: "os_compute_api:os-shelve:shelve",
        from: &["active", "stopped", "paused", "suspended"],
        phases: &[
            begins("compute_shelve_instance", "shelving", 2_000),
            phase("shelving_image_pending_upload", 1_000),
            phase("shelving_image_uploading", 4_000),
        ],
        then: Some(("shelved", 4)),
        ..PLAIN
    },
    Rule {
        key: "shelveOffload",
        called: "shelveOffload",
        record: "shelveOffload",
        policy: "os_compute_api:os-shelve:shelve_offload",
        role: Role::Admin,
        from: &["shelved"],
        phases: &[begins(
            "compute_shelve_offload_instance",
            "shelving_offloading",
            3_000,
        )],
        then: Some(("shelved_offloaded", 4)),
        ..PLAIN
    },
    Rule {
        key: "unshelve",
        called: "unshelve",
        record: "unshelve",
        policy: "os_compute_api:os-shelve:unshelve",
        from: &["shelved", "shelved_offloaded"],
        phases: &[
            begins("schedule_instances", "unshelving", 1_000),
            begins("compute_unshelve_instance", "spawning", 5_000),
        ],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "rescue",
        called: "rescue",
        record: "rescue",
        policy: "os_compute_api:os-rescue",
        from: &["active", "stopped", "error"],
        phases: &[begins("compute_rescue_instance", "rescuing", 4_000)],
        then: Some(("rescued", 1)),
        ..PLAIN
    },
    Rule {
        key: "unrescue",
        called: "unrescue",
        record: "unrescue",
        policy: "os_compute_api:os-unrescue",
        from: &["rescued"],
        phases: &[begins("compute_unrescue_instance", "unrescuing", 4_000)],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "resize",
        called: "resize",
        record: "resize",
        policy: "os_compute_api:servers:resize",
        from: &["active", "stopped"],
        phases: MOVES,
        then: Some(("resized", 1)),
        ..PLAIN
    },
    Rule {
        key: "migrate",
        called: "migrate",
        record: "migrate",
        policy: "os_compute_api:os-migrate-server:migrate",
        role: Role::Admin,
        from: &["active", "stopped"],
        phases: MOVES,
        then: Some(("resized", 1)),
        ..PLAIN
    },
    Rule {
        key: "confirmResize",
        called: "confirmResize",
        record: "confirmResize",
        policy: "os_compute_api:servers:confirm_resize",
        from: &["resized"],
        phases: &[Phase {
            task: None,
            ms: 2_000,
            event: Some("compute_confirm_resize"),
        }],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "revertResize",
        called: "revertResize",
        record: "revertResize",
        policy: "os_compute_api:servers:revert_resize",
        from: &["resized"],
        phases: &[
            begins("compute_revert_resize", "resize_reverting", 2_000),
            begins("compute_finish_revert_resize", "resize_reverting", 2_000),
        ],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "os-migrateLive",
        called: "os-migrateLive",
        record: "live-migration",
        policy: "os_compute_api:os-migrate-server:migrate_live",
        role: Role::Admin,
        from: &["active", "paused"],
        phases: &[
            begins("conductor_live_migrate_instance", "migrating", 1_500),
            begins("compute_pre_live_migration", "migrating", 1_500),
            begins("compute_live_migration", "migrating", 7_000),
        ],
        ..PLAIN
    },
    Rule {
        key: "evacuate",
        called: "evacuate",
        record: "evacuate",
        policy: "os_compute_api:os-evacuate",
        role: Role::Admin,
        from: &["active", "stopped", "error"],
        beside: Beside::Anything,
        heeds_lock: false,
        phases: &[
            begins("rebuild_server", "rebuilding", 1_500),
            begins(
                "compute_rebuild_instance",
                "rebuild_block_device_mapping",
                1_500,
            ),
            phase("rebuild_spawning", 4_000),
        ],
        ..PLAIN
    },
    Rule {
        key: "createImage",
        called: "createImage",
        record: "createImage",
        policy: "os_compute_api:servers:create_image",
        from: &["active", "stopped", "paused", "suspended"],
        heeds_lock: false,
        phases: &[
            begins("compute_snapshot_instance", "image_snapshot_pending", 500),
            phase("image_snapshot", 1_000),
            phase("image_pending_upload", 1_500),
            phase("image_uploading", 4_000),
        ],
        ..PLAIN
    },
    Rule {
        key: "restore",
        called: "restore",
        record: "restore",
        policy: "os_compute_api:os-deferred-delete:restore",
        from: &["soft-delete"],
        phases: &[begins("compute_restore_instance", "restoring", 3_000)],
        then: Some(("active", 1)),
        ..PLAIN
    },
    Rule {
        key: "forceDelete",
        called: "delete",
        record: "delete",
        policy: "os_compute_api:os-deferred-delete:force",
        launched: false,
        beside: Beside::Anything,
        ..DELETE
    },
];

/// `DELETE` where nothing can be restored, and of what was never launched.
pub(super) const DELETE: Rule = Rule {
    called: "delete",
    record: "delete",
    policy: "os_compute_api:servers:delete",
    beside: Beside::Anything,
    launched: false,
    phases: &[begins("compute_terminate_instance", "deleting", 3_000)],
    then: Some(("deleted", 0)),
    ..PLAIN
};

/// `DELETE` where the server can be restored.
pub(super) const SOFT_DELETE: Rule = Rule {
    called: "delete",
    record: "delete",
    policy: "os_compute_api:servers:delete",
    beside: Beside::Anything,
    phases: &[begins(
        "compute_soft_delete_instance",
        "soft-deleting",
        2_000,
    )],
    then: Some(("soft-delete", 4)),
    ..PLAIN
};

/// The rules of an action by its name.
pub(super) fn rule(key: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.key == key)
}

/// Whether a task that is under way leaves room for an action.
pub(super) fn leaves_room(beside: Beside, task: Option<&str>) -> bool {
    const REBOOTS: [&str; 8] = [
        "rebooting",
        "reboot_pending",
        "reboot_started",
        "rebooting_hard",
        "resuming",
        "unpausing",
        "pausing",
        "suspending",
    ];
    match (beside, task) {
        (_, None) | (Beside::Anything, _) => true,
        (Beside::Reboots, Some(task)) => REBOOTS.contains(&task),
        (Beside::Nothing, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::states;
    use super::*;

    #[test]
    fn every_rule_speaks_of_states_that_there_are() {
        for rule in RULES {
            for state in rule
                .from
                .iter()
                .chain(rule.then.iter().map(|(state, _)| state))
            {
                assert!(states::vm_state(state).is_some(), "{}: {state}", rule.key);
            }
            assert!(!rule.phases.is_empty(), "{}", rule.key);
        }
    }
}
