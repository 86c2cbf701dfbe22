//! Clouds, VMs and inventories for the tests of the command line.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::{CloudInfo, CloudStatus, Inventory, Update};
use crate::model::{
    ActionKind, ActionRule, Capabilities, CloudName, Group, Job, JobState, PowerState, Privileges,
    Protection, ProtectionScope, Session, Task, TaskKey, TaskKind, TaskState, Vm, VmKey, testing,
};

use PowerState::{Off, On, Paused};

/// A cloud that does everything but reboot, from the states of the Abiquo documents.
pub(super) static CAPABILITIES: Capabilities = Capabilities {
    provider: "Abiquo",
    rules: &[
        ActionRule::new(ActionKind::PowerOn, &[Off, PowerState::Configured], &[]),
        ActionRule::new(ActionKind::Shutdown, &[On], &[]),
        ActionRule::new(ActionKind::PowerOff, &[On], &[]),
        ActionRule::new(ActionKind::Pause, &[On], &[]),
        ActionRule::new(ActionKind::Resume, &[Paused], &[]),
        ActionRule::new(ActionKind::Reset, &[On], &[]),
        ActionRule::new(
            ActionKind::Protect,
            &[On, Paused, Off],
            &["VM_PROTECT_ACTION"],
        ),
        ActionRule::new(
            ActionKind::Unprotect,
            &PowerState::ALL,
            &["VM_PROTECT_ACTION"],
        ),
    ],
    notes: &[],
    keep_off: false,
    missing: &[(ActionKind::Reboot, "use reset")],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some("VM_PROTECT_ACTION"),
    restricted_privilege: None,
    tasks: true,
    events: true,
    vapps: true,
    ..Capabilities::NONE
};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn name(cloud: &str) -> CloudName {
    CloudName::new(cloud)
}

pub(super) fn names(clouds: &[&str]) -> Vec<CloudName> {
    clouds.iter().map(|cloud| name(cloud)).collect()
}

pub(super) fn info(cloud: &str) -> CloudInfo {
    CloudInfo {
        name: name(cloud),
        provider: "abiquo",
        url: format!("https://{cloud}.example.com/api"),
        environment: None,
        production: false,
        read_only: false,
        capabilities: &CAPABILITIES,
        group_by: None,
    }
}

/// A VM that is on, about which a cloud tells nothing more.
pub(super) fn vm(cloud: &str, id: &str, called: &str) -> Vm {
    Vm {
        key: VmKey::new(&name(cloud), id),
        name: called.into(),
        ..testing::vm(On)
    }
}

pub(super) fn protected(mut vm: Vm, reason: &str, by: Option<&str>) -> Vm {
    vm.protection = Some(Box::new(Protection {
        reason: Some(reason.into()),
        by: by.map(Arc::from),
        since: by.map(|_| at("2026-03-01T08:00:00Z")),
        scope: ProtectionScope::Cloud,
    }));
    vm
}

pub(super) fn group(id: &str, called: &str) -> Group {
    Group {
        id: id.into(),
        name: called.into(),
    }
}

pub(super) fn task(
    vm: &VmKey,
    id: &str,
    kind: &str,
    state: TaskState,
    jobs: &[(&str, JobState)],
) -> Task {
    Task {
        key: TaskKey {
            cloud: vm.cloud.clone(),
            id: id.into(),
        },
        vm: Some(vm.clone()),
        kind: TaskKind::new(kind),
        acknowledgeable: state == TaskState::FinishedUnsuccessfully,
        watched_here: false,
        subject: None,
        state,
        created_at: Some(at("2026-03-02T11:00:00Z")),
        updated_at: Some(at("2026-03-02T11:00:09Z")),
        user: Some("admin".into()),
        jobs: jobs
            .iter()
            .map(|(kind, state)| Job {
                id: (*kind).into(),
                kind: TaskKind::new(kind),
                state: state.clone(),
                rollback_state: JobState::Unknown,
                description: None,
            })
            .collect(),
        locator: "".into(),
    }
}

/// An inventory of clouds that have all answered; the user may do everything.
pub(super) fn inventory(clouds: Vec<CloudInfo>, vms: Vec<Vm>) -> Inventory {
    let listed: Vec<_> = clouds.iter().map(|info| info.name.clone()).collect();
    let mut inventory = Inventory::new(clouds);
    for cloud in &listed {
        inventory.apply(Update::SignedIn {
            cloud: cloud.clone(),
            session: Arc::new(Session {
                user: "admin".into(),
                full_name: None,
                tenant: None,
                privileges: Privileges::Unlisted,
            }),
        });
    }
    for vm in vms {
        inventory.apply(Update::Vms {
            cloud: vm.key.cloud.clone(),
            changed: vec![Arc::new(vm)],
            gone: Vec::new(),
            as_of: at("2026-03-02T11:59:00Z"),
        });
    }
    for cloud in listed {
        inventory.apply(Update::Listed {
            cloud: cloud.clone(),
            at: at("2026-03-02T11:59:57Z"),
            took: Duration::from_millis(120),
            latency: Some(Duration::from_millis(32)),
        });
        inventory.apply(Update::Status {
            cloud,
            status: CloudStatus::Ok,
        });
    }
    inventory
}

/// A cloud fails.
pub(super) fn fail(inventory: &mut Inventory, cloud: &str, error: &str, sign_in: bool) {
    inventory.apply(Update::Status {
        cloud: name(cloud),
        status: CloudStatus::Failing {
            error: error.to_owned(),
            sign_in,
            retry_at: None,
        },
    });
}
