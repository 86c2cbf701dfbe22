#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use super::*;
use crate::clouds::ProtectionChange;
use crate::model::{
    CloudName, PowerState, Protection, ProtectionScope, TaskKind, TaskState, testing,
};

fn cloud() -> CloudName {
    CloudName::new("prod")
}

pub(in super::super) fn vm(id: &str, power: PowerState) -> Vm {
    Vm {
        key: VmKey::new(&cloud(), id),
        name: id.into(),
        ..testing::vm(power)
    }
}

pub(in super::super) fn task(id: &str, vm: &str, running: bool) -> Task {
    Task {
        key: TaskKey {
            cloud: cloud(),
            id: id.into(),
        },
        vm: Some(VmKey::new(&cloud(), vm)),
        kind: TaskKind::new("RESET"),
        state: if running {
            TaskState::Started
        } else {
            TaskState::FinishedUnsuccessfully
        },
        created_at: None,
        updated_at: None,
        user: None,
        jobs: Vec::new(),
        acknowledgeable: !running,
        watched_here: false,
        subject: None,
        locator: "".into(),
    }
}

pub(in super::super) fn known_with(vms: usize) -> Known {
    let mut known = Known::default();
    let order = known.begin_listing();
    for id in 0..vms {
        known.put_listed(vm(&id.to_string(), PowerState::On), order);
    }
    known
}

fn protected(id: &str, reason: &str) -> Vm {
    Vm {
        protection: Some(Box::new(Protection {
            reason: Some(reason.into()),
            by: None,
            since: None,
            scope: ProtectionScope::Cloud,
        })),
        ..vm(id, PowerState::On)
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn by(known: &Known, id: &str) -> Option<String> {
    let vm = known.vm(id)?;
    Some(vm.protection.as_ref()?.by.as_ref()?.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_an_older_request_changes_nothing() {
    let mut known = known_with(2);
    let listing = known.begin_listing();
    let single = known.begin();
    assert!(matches!(
        known.put(vm("1", PowerState::Off), single),
        Put::Changed(_)
    ));
    assert!(matches!(
        known.put_listed(vm("1", PowerState::On), listing),
        Put::Same
    ));
    assert_eq!(known.vm("1").unwrap().power, PowerState::Off);
    assert!(known.not_found("1", listing).is_none());
    let gone = known.take_gone(listing);
    assert_eq!(
        gone,
        [VmKey::new(&cloud(), "0")],
        "the one read since is not gone"
    );
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_vm_asked_for_before_its_task_was_told_are_read_again() {
    let mut known = known_with(2);
    let early = known.begin();
    let late = known.begin();
    known.put_task(&task("new", "1", true), late);
    assert!(!known.put_tasks("1", &[], early, Timestamp::now()));
    assert_eq!(known.next_due().as_deref(), Some("1"));
    assert_eq!(known.tasks_of("1").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_latest_change_says_who_protected_a_vm_whatever_comes_first() {
    let mut known = known_with(1);
    let key = VmKey::new(&cloud(), "0");
    let protect = |by: &str, second| ProtectionChange::Protected {
        vm: key.clone(),
        by: Some(by.into()),
        since: at(second),
    };
    let order = known.begin();
    known.put(protected("0", "audit"), order);
    known.protection_changed(protect("ada", 10), at(10));
    known.protection_changed(protect("old", 5), at(5));
    assert_eq!(by(&known, "0").as_deref(), Some("ada"));
    let released = ProtectionChange::Released { vm: key.clone() };
    known.protection_changed(released, at(20));
    let order = known.begin();
    known.put(vm("0", PowerState::On), order);
    let order = known.begin();
    known.put(protected("0", "other"), order);
    assert_eq!(
        by(&known, "0"),
        None,
        "whoever protected it anew is not known yet"
    );
}

#[tokio::test(start_paused = true)]
async fn a_kept_protector_counts_only_while_the_reason_is_the_same() {
    let mut kept = protected("0", "audit");
    if let Some(protection) = &mut kept.protection {
        protection.by = Some("ada".into());
        protection.since = Some(at(1));
    }
    for (reason, expected) in [("audit", Some("ada")), ("other", None)] {
        let mut known = Known::default();
        known.restore(&mut [Arc::new(kept.clone())], at(2));
        let order = known.begin_listing();
        known.put_listed(protected("0", reason), order);
        assert_eq!(by(&known, "0").as_deref(), expected, "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unread_is_counted_as_vms_come_and_go() {
    let mut known = known_with(3);
    assert_eq!(known.take_unread(), Some(3));
    assert_eq!(known.take_unread(), None, "told once");
    let order = known.begin();
    known.put_tasks("0", &[], order, Timestamp::now());
    assert_eq!(known.take_unread(), Some(2));
    let order = known.begin();
    known.not_found("0", order);
    assert_eq!(known.take_unread(), None);
    known.not_found("1", order);
    assert_eq!(known.take_unread(), Some(1));
}
