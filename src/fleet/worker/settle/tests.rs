#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;

use super::*;
use crate::model::{
    CloudName, Privileges, Protection, ProtectionScope, TaskKind, TaskState, VmKey, testing,
};

const SENT: i64 = 1_700_000_000;

fn vm(power: PowerState, reason: Option<&str>) -> Vm {
    let protection = reason.map(|reason| Protection {
        reason: Some(reason.into()),
        by: None,
        since: None,
        scope: ProtectionScope::Cloud,
    });
    Vm {
        key: VmKey::new(&CloudName::new("prod"), "1"),
        protection: protection.map(Box::new),
        ..testing::vm(power)
    }
}

fn task(id: &str, kind: &str, at: i64, user: Option<&str>) -> Task {
    let cloud = CloudName::new("prod");
    Task {
        vm: Some(VmKey::new(&cloud, "1")),
        key: TaskKey {
            cloud,
            id: id.into(),
        },
        kind: TaskKind::new(kind),
        state: TaskState::Started,
        created_at: Timestamp::from_second(at).ok(),
        updated_at: None,
        user: user.map(Into::into),
        jobs: Vec::new(),
        acknowledgeable: false,
        watched_here: false,
        subject: None,
        locator: "".into(),
    }
}

fn admin() -> Session {
    Session {
        user: "admin".into(),
        full_name: Some(Arc::from("Ada Min")),
        tenant: None,
        privileges: Privileges::Unlisted,
    }
}

/// The verdict in a word, and the id of the task that it names.
fn decide(action: &Action, waited: u64, vm: Option<&Vm>, tasks: Option<&[Task]>) -> String {
    let before = HashSet::from([task("known", "RESET", SENT, None).key]);
    let look = Look {
        action,
        has_undeployed: false,
        was: None,
        sent: Timestamp::from_second(SENT).unwrap(),
        waited: Duration::from_secs(waited),
        session: Some(&admin()),
        before: &before,
        vm,
        tasks,
    };
    match settle(&look) {
        Verdict::Follow(task) => format!("follow {}", task.key.id),
        Verdict::Done => "done".to_owned(),
        Verdict::Failed(why) => format!("failed: {why}"),
        Verdict::LookAgain => "look again".to_owned(),
        Verdict::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn the_rule_by_the_state_of_the_vm() {
    use PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};
    let relocate = || Action::Relocate {
        host: "host-2".to_owned(),
    };
    let protect = || Action::Protect {
        reason: "kernel update".to_owned(),
    };
    #[rustfmt::skip]
    let table = [
        // action, seconds since, power state now, reason now, verdict
        (Action::PowerOn,   1, On,     None, "done"),
        (Action::PowerOn,   1, Off,    None, "look again"),
        (Action::PowerOn,  29, Off,    None, "look again"),
        (Action::PowerOn,  30, Off,    None, "unknown"),
        (Action::PowerOn,  30, Locked, None, "look again"),
        (Action::PowerOn, 600, Locked, None, "unknown"),
        (Action::PowerOff,  1, Off,    None, "done"),
        (Action::PowerOff, 30, On,     None, "unknown"),
        (Action::Shutdown,  1, Off,    None, "done"),
        (Action::Pause,     1, Paused, None, "done"),
        (Action::Pause,    30, On,     None, "unknown"),
        (Action::Resume,    1, On,     None, "done"),
        (Action::Reset,     1, On,     None, "look again"),
        (Action::Reset,    30, On,     None, "unknown"),
        (Action::Reboot,   30, On,     None, "unknown"),
        (protect(),         1, On,     Some("kernel update"), "done"),
        (protect(),         1, On,     Some("audit"), "failed: it is protected with another reason: audit"),
        (protect(),         1, On,     None, "look again"),
        (protect(),        30, On,     None, "unknown"),
        (Action::Unprotect, 1, On,     None, "done"),
        (Action::Unprotect, 1, On,     Some("kernel update"), "look again"),
        (Action::Unprotect, 30, On,    Some("kernel update"), "unknown"),
        (Action::KeepOff,   1, Off,    None, "done"),
        (Action::KeepOff,  30, On,     None, "unknown"),
        (Action::Suspend,   1, Paused, None, "done"),
        (Action::Suspend,  30, On,     None, "unknown"),
        (Action::Suspend,  30, Locked, None, "look again"),
        (Action::DELETE,    1, NotAllocated, None, "done"),
        (Action::DELETE,   30, Off,    None, "unknown"),
        (Action::Restore,   1, Off,    None, "done"),
        (Action::Restore,   1, On,     None, "done"),
        (Action::Restore,   1, Locked, None, "look again"),
        (Action::Restore,  30, Unknown, None, "unknown"),
        (Action::Restore,  30, NotAllocated, None, "unknown"),
        (relocate(),        1, On,     None, "look again"),
        (relocate(),       30, On,     None, "unknown"),
        // A protected VM still changes its power.
        (Action::PowerOff,  1, Off,    Some("audit"), "done"),
    ];
    for (action, waited, power, reason, expected) in table {
        let vm = vm(power, reason);
        for tasks in [None, Some(&[][..])] {
            let verdict = decide(&action, waited, Some(&vm), tasks);
            assert_eq!(verdict, expected, "{action:?} {waited} {power} {reason:?}");
        }
    }
}

#[test]
fn a_vm_that_is_gone_leaves_nothing_to_act_on_and_is_deleted() {
    assert_eq!(
        decide(&Action::PowerOn, 1, None, None),
        "failed: the VM is gone"
    );
    assert_eq!(decide(&Action::DELETE, 1, None, None), "done");
}

#[test]
fn a_vm_on_the_very_host_was_relocated() {
    let mut moved = vm(PowerState::On, None);
    moved.host = Some("host-2".into());
    let relocate = Action::Relocate {
        host: "host-2".to_owned(),
    };
    assert_eq!(decide(&relocate, 1, Some(&moved), None), "done");
}

#[test]
fn what_was_so_before_proves_nothing() {
    let (off, paused) = (vm(PowerState::Off, None), vm(PowerState::Paused, None));
    let mut saved = vm(PowerState::Paused, None);
    saved.native_state = "saved".into();
    let table = [
        (Action::KeepOff, &off, &off, Verdict::Unknown),
        (Action::Suspend, &paused, &paused, Verdict::Unknown),
        (Action::Suspend, &paused, &saved, Verdict::Done),
        (Action::PowerOff, &paused, &off, Verdict::Done),
    ];
    for (action, was, now, expected) in table {
        let look = Look {
            action: &action,
            has_undeployed: false,
            was: Some(was),
            sent: Timestamp::from_second(SENT).unwrap(),
            waited: Duration::from_secs(30),
            session: None,
            before: &HashSet::new(),
            vm: Some(now),
            tasks: Some(&[]),
        };
        assert_eq!(settle(&look), expected, "{action:?} {}", now.native_state);
    }
}

#[test]
fn where_a_vm_can_stand_on_no_host_only_its_absence_says_that_it_is_deleted() {
    let (off, undeployed) = (
        vm(PowerState::Off, None),
        vm(PowerState::NotAllocated, None),
    );
    let mut imported = off.clone();
    imported.imported = true;
    let undeploy = Action::Undeploy { force: true };
    let gone = || Verdict::Failed("the VM is gone".to_owned());
    let table = [
        (
            Action::DELETE,
            false,
            &off,
            Some(&undeployed),
            Verdict::Done,
        ),
        (
            Action::DELETE,
            true,
            &off,
            Some(&undeployed),
            Verdict::Unknown,
        ),
        (Action::DELETE, true, &off, None, Verdict::Done),
        (
            undeploy.clone(),
            true,
            &off,
            Some(&undeployed),
            Verdict::Done,
        ),
        (undeploy.clone(), true, &off, None, gone()),
        (undeploy, true, &imported, None, Verdict::Done),
    ];
    for (action, has_undeployed, was, now, expected) in table {
        let look = Look {
            action: &action,
            has_undeployed,
            was: Some(was),
            sent: Timestamp::from_second(SENT).unwrap(),
            waited: Duration::from_secs(30),
            session: None,
            before: &HashSet::new(),
            vm: now,
            tasks: Some(&[]),
        };
        assert_eq!(settle(&look), expected, "{action:?} {}", was.imported);
    }
}

#[test]
fn the_rule_by_the_tasks_of_the_vm() {
    #[rustfmt::skip]
    let table = [
        ("its own task",               task("a", "RESET", SENT + 1, Some("admin")), "follow a"),
        ("by the full name",           task("a", "RESET", SENT + 1, Some("ada min")), "follow a"),
        ("a task that names nobody",   task("a", "RESET", SENT + 1, None), "follow a"),
        ("whole seconds",              task("a", "RESET", SENT - 1, Some("admin")), "follow a"),
        ("somebody else's",            task("a", "RESET", SENT + 1, Some("bob")), "unknown"),
        ("another kind",               task("a", "POWER_ON", SENT + 1, Some("admin")), "unknown"),
        ("an older one",               task("a", "RESET", SENT - 60, Some("admin")), "unknown"),
        ("one that was known before",  task("known", "RESET", SENT + 1, Some("admin")), "unknown"),
    ];
    let vm = vm(PowerState::On, None);
    for (what, task, expected) in table {
        let verdict = decide(&Action::Reset, 30, Some(&vm), Some(&[task]));
        assert_eq!(verdict, expected, "{what}");
    }
}

#[test]
fn a_task_says_more_than_the_state() {
    let failed = task("a", "SHUTDOWN", SENT + 2, Some("admin"));
    let off = vm(PowerState::Off, None);
    assert_eq!(
        decide(&Action::Shutdown, 1, Some(&off), Some(&[failed])),
        "follow a"
    );
}

#[test]
fn of_two_tasks_the_first_made_is_the_one() {
    let newest_first = [
        task("second", "RESET", SENT + 9, Some("admin")),
        task("first", "RESET", SENT + 1, Some("admin")),
    ];
    let vm = vm(PowerState::On, None);
    assert_eq!(
        decide(&Action::Reset, 1, Some(&vm), Some(&newest_first)),
        "follow first"
    );
}
