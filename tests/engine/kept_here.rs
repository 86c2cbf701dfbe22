//! What this console keeps beside its clouds: protections, acknowledgements, groups.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vmdeck::clouds::Error;
use vmdeck::fleet::oneshot::Wait;
use vmdeck::fleet::{Command, OneShot, Stage};
use vmdeck::model::{Action, PowerState, ProtectionScope, TaskState, VappState};

use crate::fake_cloud::{FakeCloud, TAGGED, Twist, UNACKNOWLEDGED, set_power};
use crate::screen::{REFRESH, Screen, setup};

fn protect(reason: &str) -> Action {
    Action::Protect {
        reason: reason.to_owned(),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn reason(screen: &Screen, cloud: &FakeCloud) -> Option<String> {
    let vm = screen.inventory.find(&cloud.key(1)).unwrap();
    let reason = vm.protection.as_ref()?.reason.as_deref();
    reason.map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn where_the_cloud_has_no_protection_this_console_keeps_it() {
    let cloud = FakeCloud::plain("lab", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), protect(" kernel update "));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(screen.words(id), ["asked", "sent", "done"]);
    let vm = screen.inventory.find(&cloud.key(1)).unwrap();
    let protection = vm.protection.as_deref().unwrap();
    assert_eq!(protection.scope, ProtectionScope::Console);
    assert_eq!(
        (protection.reason.as_deref(), protection.by.as_deref()),
        (Some("kernel update"), Some("admin"))
    );
    assert!(protection.since.is_some());
    assert_eq!(screen.inventory.clouds()[0].protected, 1);

    for (action, says) in [
        (
            Action::PowerOff,
            "Power off of vm-1 on lab refused: protected by admin: kernel update; unprotect it first",
        ),
        (
            protect("another"),
            "Protect of vm-1 on lab refused: already protected by admin: kernel update",
        ),
    ] {
        let id = screen.act(cloud.key(1), action);
        assert_eq!(screen.outcome(id).await.message(), Some(says));
    }
    // A reading or a listing does not lose it.
    cloud.change(1, |vm| vm.cpu = Some(8));
    screen.during(REFRESH * 3).await;
    assert_eq!(reason(&screen, &cloud).as_deref(), Some("kernel update"));
    let id = screen.act(cloud.key(1), Action::Unprotect);
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(reason(&screen, &cloud), None);
    assert!(
        cloud.calls("perform").is_empty(),
        "nothing is sent to the cloud"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_process_protects_is_seen_at_the_next_listing_and_honoured_before_it() {
    let cloud = FakeCloud::plain("lab", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let mut other = OneShot::open(setup(screen.dir.path(), &[&cloud]));
    other.list(soon()).await;
    let command = Command::Act {
        vm: cloud.key(1),
        action: protect("audit"),
        confirmed: vmdeck::model::Confirmed::Unprotected,
    };
    let reports = other
        .run(vec![command], Wait::UntilEnd, soon(), |_| {})
        .await;
    assert!(matches!(reports[0].stage, Stage::Done { .. }));
    // The screen has not heard of it and acts.
    assert_eq!(reason(&screen, &cloud), None);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Refused { .. }));
    assert!(cloud.calls("perform").is_empty());

    let command = Command::Act {
        vm: cloud.key(1),
        action: Action::Unprotect,
        confirmed: vmdeck::model::Confirmed::Unprotected,
    };
    other
        .run(vec![command], Wait::UntilEnd, soon(), |_| {})
        .await;
    screen.during(REFRESH * 2).await;
    assert_eq!(reason(&screen, &cloud), None);
    let command = Command::Act {
        vm: cloud.key(1),
        action: protect("second audit"),
        confirmed: vmdeck::model::Confirmed::Unprotected,
    };
    other
        .run(vec![command], Wait::UntilEnd, soon(), |_| {})
        .await;
    screen.during(REFRESH * 2).await;
    assert_eq!(reason(&screen, &cloud).as_deref(), Some("second audit"));
    other.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_kept_inventory_shows_the_protections_of_today() {
    let cloud = FakeCloud::plain("lab", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), protect("audit"));
    screen.outcome(id).await;
    let dir = screen.dir.clone();
    screen.fleet.stop().await;
    cloud.always("connect", Twist::Hang);
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(reason(&screen, &cloud).as_deref(), Some("audit"));
    std::fs::remove_file(dir.path().join("state/protections.json")).unwrap();
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.len(), 3);
    assert_eq!(reason(&screen, &cloud), None);
}

#[tokio::test(start_paused = true)]
async fn while_the_protections_cannot_be_read_nothing_is_sent() {
    let cloud = FakeCloud::plain("lab", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    std::fs::create_dir_all(screen.dir.path().join("state")).unwrap();
    std::fs::write(screen.dir.path().join("state/protections.json"), "{").unwrap();
    for action in [Action::PowerOff, protect("audit")] {
        let id = screen.act(cloud.key(1), action);
        let outcome = screen.outcome(id).await;
        assert!(matches!(outcome, Stage::Refused { .. }), "{outcome:?}");
        let message = outcome.message().unwrap();
        assert!(
            message.contains("protections.json cannot be read"),
            "{message}"
        );
    }
    screen.during(REFRESH * 3).await;
    let troubles = screen.troubles();
    assert_eq!(troubles.len(), 1, "said once: {troubles:?}");
    assert!(cloud.calls("perform").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_protection_in_a_tag_goes_through_the_cloud_and_shows_at_once() {
    let cloud = FakeCloud::of("tagged", 3, &TAGGED, false);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), protect("audit"));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(reason(&screen, &cloud).as_deref(), Some("audit"));
    assert_eq!(cloud.calls("perform").len(), 1);
    assert!(!screen.dir.path().join("state/protections.json").exists());

    // When the reading after it fails, it is read again before the next listing.
    cloud.always("list", Twist::Hang);
    screen.during(REFRESH * 2).await;
    let other = cloud.clone();
    cloud.on_perform(move |_| {
        other.twist("target", Twist::Fail(Error::NoAnswer("cut".into())));
    });
    let id = screen.act(cloud.key(1), Action::Unprotect);
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(reason(&screen, &cloud).as_deref(), Some("audit"));
    screen.during(Duration::from_secs(6)).await;
    assert_eq!(reason(&screen, &cloud), None);
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_that_its_cloud_cannot_acknowledge_is_acknowledged_here() {
    let cloud = FakeCloud::of("lab", 3, &UNACKNOWLEDGED, false);
    let task = cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    for task in cloud.state().tasks.values_mut().flatten() {
        task.acknowledgeable = false;
    }
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut setup_of_it = setup(dir.path(), &[&cloud]);
    setup_of_it.clouds[0].info.read_only = true;
    let mut screen = Screen::with(dir.clone(), setup_of_it);
    screen.listed().await;
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.warning_count(), 1);
    let id = screen.fleet.submit(Command::Acknowledge {
        task: task.key.clone(),
        vm: Some(cloud.key(1)),
    });
    assert_eq!(
        screen.outcome(id).await,
        Stage::Done {
            task: Some(task.key.clone())
        },
        "nothing in the read-only cloud is changed"
    );
    assert!(cloud.calls("acknowledge").is_empty());
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    screen.during(Duration::from_secs(1)).await;
    let shown = screen.inventory.task(&task.key).unwrap();
    assert_eq!(shown.state, TaskState::AckError);
    assert_eq!(screen.inventory.warning_count(), 0);

    let mut later = Screen::start_in(dir, &[&cloud]);
    later.listed().await;
    later.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    later.during(Duration::from_secs(1)).await;
    assert!(later.inventory.task(&task.key).is_some());
    assert_eq!(later.inventory.warning_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_last_year_is_no_warning() {
    let cloud = FakeCloud::of("lab", 3, &UNACKNOWLEDGED, false);
    cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    for task in cloud.state().tasks.values_mut().flatten() {
        task.created_at = jiff::Timestamp::from_second(1_600_000_000).ok();
    }
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.tasks_of(&cloud.key(1)).count(), 1);
    assert_eq!(screen.inventory.warning_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn groups_stand_for_appliances_where_the_cloud_has_none() {
    let cloud = FakeCloud::plain("lab", 4);
    for n in [0, 1] {
        cloud.change(n, |vm| vm.tags = ["app=shop".into()].into());
    }
    cloud.change(2, |vm| vm.tags = ["app=mail".into()].into());
    cloud.change(1, |vm| set_power(vm, PowerState::NotAllocated));
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut grouped = setup(dir.path(), &[&cloud]);
    grouped.clouds[0].group_by = Some("tag:app".parse().unwrap());
    let mut screen = Screen::with(dir.clone(), grouped);
    screen.listed().await;
    let vapps = screen.inventory.vapps(&cloud.name);
    let shown: Vec<_> = vapps
        .iter()
        .map(|vapp| {
            (
                &**vapp.id(),
                &**vapp.name(),
                vapp.state(),
                vapp.members().slots.len(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("group:mail", "mail", VappState::Deployed, 1),
            ("group:shop", "shop", VappState::PartiallyDeployed, 2),
        ]
    );
    assert!(
        vapps
            .iter()
            .all(|vapp| vapp.restricted().is_none() && vapp.server_state().is_none())
    );
    assert!(screen.inventory.find(&cloud.key(3)).unwrap().vapp.is_none());
    // A VM that is tagged otherwise moves, and an empty group is gone.
    cloud.change(2, |vm| vm.tags = ["app=shop".into()].into());
    screen.during(REFRESH * 2).await;
    assert_eq!(screen.inventory.vapps(&cloud.name).len(), 1);
    assert!(cloud.calls("vapps").is_empty());
    screen.fleet.stop().await;

    // What was kept is shown in the groups of today: none.
    cloud.always("connect", Twist::Hang);
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.len(), 4);
    assert!(screen.inventory.vapps(&cloud.name).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_over_several_projects_stands_in_none() {
    let cloud = FakeCloud::plain("lab", 3);
    for (n, tenant) in [(0, "a"), (1, "a"), (2, "b")] {
        cloud.change(n, |vm| {
            vm.project = Some(vmdeck::model::Group {
                id: tenant.into(),
                name: tenant.into(),
            });
            vm.location = Some(if n == 0 { "one" } else { "both" }.into());
        });
    }
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut grouped = setup(dir.path(), &[&cloud]);
    grouped.clouds[0].group_by = Some("zone".parse().unwrap());
    let mut screen = Screen::with(dir, grouped);
    screen.listed().await;
    let project = |id: &str| {
        let vapp = screen.inventory.vapp(&cloud.name, id).unwrap();
        vapp.project().map(|project| project.name.to_string())
    };
    assert_eq!(project("group:one").as_deref(), Some("a"));
    assert_eq!(project("group:both"), None);
}

/// Takes the last line of the journal away, as if the run had died before it.
fn forget_the_outcome(dir: &std::path::Path) {
    let journal = dir.join("state/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.last().unwrap().contains("\"stage\":\"done\""));
    std::fs::write(&journal, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
}

async fn fate(screen: &mut Screen) -> Stage {
    screen
        .until("its fate", |screen| {
            screen.reports().any(|report| report.stage.is_final())
        })
        .await;
    let mut reports = screen.reports();
    let report = reports.find(|report| report.stage.is_final());
    report.unwrap().stage.clone()
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_while_keeping_something_is_settled_by_what_is_kept() {
    for (kept, expected) in [(true, "done"), (false, "refused")] {
        let cloud = FakeCloud::plain("lab", 3);
        let mut screen = Screen::start(&[&cloud]);
        screen.listed().await;
        let id = screen.act(cloud.key(1), protect("audit"));
        assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
        let dir = screen.dir.clone();
        screen.fleet.stop().await;
        forget_the_outcome(dir.path());
        if !kept {
            std::fs::remove_file(dir.path().join("state/protections.json")).unwrap();
        }
        let mut later = Screen::start_in(dir, &[&cloud]);
        let stage = fate(&mut later).await;
        assert_eq!(stage.as_str(), expected, "{stage:?}");
    }

    let cloud = FakeCloud::of("lab", 3, &UNACKNOWLEDGED, false);
    let task = cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.fleet.submit(Command::Acknowledge {
        task: task.key,
        vm: Some(cloud.key(1)),
    });
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    let dir = screen.dir.clone();
    screen.fleet.stop().await;
    forget_the_outcome(dir.path());
    let mut later = Screen::start_in(dir, &[&cloud]);
    assert!(matches!(fate(&mut later).await, Stage::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_that_cannot_be_read_stop_nothing_else_and_are_not_overwritten() {
    let cloud = FakeCloud::of("lab", 3, &UNACKNOWLEDGED, false);
    let task = cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let file = screen.dir.path().join("state/acknowledged.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{").unwrap();
    let id = screen.fleet.submit(Command::Acknowledge {
        task: task.key,
        vm: Some(cloud.key(1)),
    });
    let outcome = screen.outcome(id).await;
    let message = outcome.message().unwrap();
    assert!(
        message.starts_with("Acknowledge of ")
            && message.contains("acknowledged.json cannot be read"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{");
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
}
