#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::thread;

use super::*;
use crate::model::{Job, JobState, TaskKey, TaskKind, TaskState};

/// Where a test process of its own finds the state folder, and which VM it protects.
const CHILD_DIR: &str = "VMDECK_TEST_STATE_DIR";
const CHILD_VM: &str = "VMDECK_TEST_VM";

fn local(dir: &Path, url: &str) -> Local {
    Local::new(dir, Place::new(&CloudName::new("lab"), "plain", url))
}

fn lab(dir: &Path) -> Local {
    local(dir, "https://lab/api")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn protect(local: &Local, vm: &str, reason: &str) -> Change {
    local
        .protect(
            &vm.into(),
            &"web-01".into(),
            reason,
            Some("ada".into()),
            at(0),
        )
        .unwrap()
}

fn task(id: &str, created_at: Option<Timestamp>) -> Task {
    let cloud = CloudName::new("lab");
    Task {
        vm: Some(crate::model::VmKey::new(&cloud, "1")),
        key: TaskKey {
            cloud,
            id: id.into(),
        },
        kind: TaskKind::new("POWER_OFF"),
        state: TaskState::FinishedUnsuccessfully,
        created_at,
        updated_at: None,
        user: None,
        jobs: vec![Job {
            id: "1".into(),
            kind: TaskKind::new("POWER_OFF"),
            state: JobState::Failed,
            rollback_state: JobState::Unknown,
            description: Some("not seen off in 5m".into()),
        }],
        watched_here: true,
        subject: None,
        acknowledgeable: true,
        locator: "".into(),
    }
}

#[test]
fn twenty_processes_and_twenty_threads_that_protect_at_once_lose_none() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..20)
        .map(|n| {
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "fleet::local::tests::protects_in_a_process_of_its_own",
                ])
                .env(CHILD_DIR, dir.path())
                .env(CHILD_VM, format!("process-{n}"))
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for n in 0..20 {
            let dir = dir.path();
            scope.spawn(move || protect(&lab(dir), &format!("thread-{n}"), "at once"));
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let kept = lab(dir.path()).news().protections.unwrap().unwrap();
    for n in 0..20 {
        for who in ["process", "thread"] {
            assert!(kept.contains_key(&*format!("{who}-{n}")), "{who} {n}");
        }
    }
    assert_eq!(kept.len(), 40);
    let left: Vec<_> = dir.path().read_dir().unwrap().collect();
    assert_eq!(left.len(), 2, "the file and its lock: {left:?}");
    for file in left {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// What [`twenty_processes_and_twenty_threads_that_protect_at_once_lose_none`] runs in processes of its own; by itself it has nothing
/// to do.
#[test]
fn protects_in_a_process_of_its_own() {
    if let (Some(dir), Ok(vm)) = (std::env::var_os(CHILD_DIR), std::env::var(CHILD_VM)) {
        protect(&lab(Path::new(&dir)), &vm, "at once");
    }
}

#[test]
fn the_reason_that_stands_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        protect(&lab(dir.path()), "1", "audit"),
        Change::Made(_)
    ));
    let Change::Refused(standing) = protect(&lab(dir.path()), "1", "another") else {
        panic!("protected twice");
    };
    assert_eq!(standing.reason.as_deref(), Some("audit"));
    assert_eq!(standing.by.as_deref(), Some("ada"));
    assert_eq!(standing.since, Some(at(0)));
    assert_eq!(standing.scope, ProtectionScope::Console);
    assert!(lab(dir.path()).unprotect("1").unwrap().is_empty());
    assert!(
        lab(dir.path()).unprotect("1").unwrap().is_empty(),
        "released already"
    );
}

#[test]
fn a_protection_belongs_to_an_api_at_an_address() {
    let dir = tempfile::tempdir().unwrap();
    protect(&lab(dir.path()), "1", "audit");
    let of = |local: Local| local.news().protections.unwrap().unwrap().len();
    let renamed = Place::new(&CloudName::new("renamed"), "plain", "https://lab/api/");
    assert_eq!(of(Local::new(dir.path(), renamed)), 1);
    assert_eq!(of(local(dir.path(), "https://elsewhere/api")), 0);
    let other = Place::new(&CloudName::new("lab"), "other", "https://lab/api");
    assert_eq!(of(Local::new(dir.path(), other)), 0);
    local(dir.path(), "https://elsewhere/api")
        .unprotect("1")
        .unwrap();
    assert_eq!(of(lab(dir.path())), 1, "another cloud's VM of the same id");
}

#[test]
fn only_what_changed_is_news() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (lab(dir.path()), lab(dir.path()));
    assert!(one.news().protections.unwrap().is_some(), "the first time");
    assert!(one.news().protections.unwrap().is_none());
    protect(&one, "1", "audit");
    assert!(
        one.news().protections.unwrap().is_none(),
        "its own is known"
    );
    protect(&other, "2", "audit");
    assert_eq!(one.news().protections.unwrap().unwrap().len(), 2);
    other.unprotect("2").unwrap();
    protect(&other, "3", "audit");
    let now = one.news().protections.unwrap().unwrap();
    assert!(now.contains_key("3"), "a file of the same length");
}

#[test]
fn a_file_that_is_none_of_ours_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("protections.json");
    for text in [
        "{\"format\":1,\"entries\":[{\"secret\"",
        "{\"format\":2,\"entries\":[]}",
        "",
    ] {
        std::fs::write(&file, text).unwrap();
        let local = lab(dir.path());
        let error = local.unprotect("1").unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
        assert!(!error.contains("secret"), "{error}");
        let news = local.news();
        assert!(
            news.protections.is_err() && news.acknowledged.is_ok(),
            "{news:?}"
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn an_acknowledgement_is_kept_thirty_days_and_longer_for_a_task_without_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let local = lab(dir.path());
    let day = 24 * 3600;
    local
        .acknowledge(&task("dated", Some(at(0))), at(0))
        .unwrap();
    local.acknowledge(&task("timeless", None), at(0)).unwrap();
    let kept = local
        .acknowledge(&task("b", Some(at(day))), at(29 * day))
        .unwrap();
    assert_eq!(kept.len(), 3);
    let kept = local
        .acknowledge(&task("c", Some(at(day))), at(31 * day))
        .unwrap();
    assert!(
        !kept.contains("dated") && kept.contains("timeless"),
        "{kept:?}"
    );
    assert!(is_recent(&task("a", Some(at(0))), at(29 * day)));
    assert!(!is_recent(&task("a", Some(at(0))), at(30 * day)));
    assert!(is_recent(&task("a", None), at(1000 * day)));
}

#[test]
fn a_failed_watched_operation_is_kept_until_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let task = task("vmdeck-1", Some(now));
    lab(dir.path()).keep_failed(&task, now).unwrap();
    lab(dir.path()).keep_failed(&task, now).unwrap();
    assert_eq!(
        lab(dir.path()).news().failed.unwrap().unwrap(),
        std::slice::from_ref(&task)
    );
    lab(dir.path()).acknowledge(&task, now).unwrap();
    let news = lab(dir.path()).news();
    assert!(news.failed.unwrap().unwrap().is_empty());
    assert!(news.acknowledged.unwrap().unwrap().contains("vmdeck-1"));
}
