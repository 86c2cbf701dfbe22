use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use vmdeck::clouds::Error;
use vmdeck::fleet::oneshot::{TasksOf, Wait};
use vmdeck::fleet::{Command, CommandReport, EventQuery, OneShot, Stage};
use vmdeck::model::{Action, Confirmed, Severity, TaskState, VmKey};

use crate::fake_cloud::{FakeCloud, Twist};
use crate::screen::{journal, journaled, setup};

struct Run {
    engine: OneShot,
    dir: TempDir,
}

fn open(clouds: &[&Arc<FakeCloud>]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let engine = OneShot::open(setup(dir.path(), clouds));
    Run { engine, dir }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn act(vm: VmKey, action: Action) -> Command {
    Command::Act {
        vm,
        action,
        confirmed: Confirmed::default(),
    }
}

fn stages(reports: &[CommandReport]) -> Vec<&'static str> {
    reports.iter().map(|report| report.stage.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_clouds_that_answer_are_usable_when_others_fail() {
    let (good, dead, slow) = (
        FakeCloud::new("good", 5),
        FakeCloud::new("dead", 5),
        FakeCloud::new("slow", 5),
    );
    dead.always(
        "connect",
        Twist::Fail(Error::SignIn("wrong password".into())),
    );
    slow.always("page", Twist::Hang);
    good.add_event(
        "1",
        3,
        Severity::Error,
        "DEPLOY",
        "SYSTEM",
        jiff::Timestamp::now(),
    );
    let mut run = open(&[&good, &dead, &slow]);
    let mut failures = run.engine.list(soon()).await;
    failures.sort_by(|a, b| a.cloud.cmp(&b.cloud));
    let said: Vec<_> = failures.iter().map(|failure| &*failure.error).collect();
    assert_eq!(
        said,
        [
            "Signing in to dead failed: sign-in refused: wrong password; check the credentials in the configuration",
            "Listing slow failed: no whole answer within the time limit; raise --timeout or try again",
        ]
    );
    let inventory = run.engine.inventory();
    assert!(
        inventory.clouds()[0].listed
            && !inventory.clouds()[1].listed
            && !inventory.clouds()[2].listed
    );
    assert!(inventory.find(&good.key(4)).is_some());
    assert_eq!(
        inventory.overview_of(&good.key(3)).unwrap().warnings,
        1,
        "named in a recent error event"
    );
    assert!(good.calls("vm_tasks").is_empty(), "no request for each VM");
    run.engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_that_was_not_asked_for() {
    let cloud = FakeCloud::new("prod", 5);
    let mut run = open(&[&cloud]);
    assert!(run.engine.connect_only(soon()).await.is_empty());
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(cloud.calls("list").is_empty());
    assert_eq!(cloud.calls("connect").len(), 1);
    assert!(run.engine.inventory().clouds()[0].session.is_some());
    assert!(
        !run.dir.path().join("state").exists(),
        "reading writes no journal"
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_and_events_are_read_on_demand() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.add_task(1, "DEPLOY", TaskState::FinishedUnsuccessfully);
    cloud.add_task(2, "RESET", TaskState::FinishedUnsuccessfully);
    let at = |second: i64| jiff::Timestamp::from_second(1_700_000_000 + second).unwrap();
    for n in 0..4 {
        cloud.add_event(&n.to_string(), 1, Severity::Info, "POWERON", "ada", at(n));
    }
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    assert!(
        run.engine
            .read_tasks(TasksOf::Vms(&[cloud.key(1)]), soon())
            .await
            .is_empty()
    );
    assert_eq!(run.engine.inventory().warning_count(), 1);
    cloud.twist("vm_tasks", Twist::Fail(Error::Forbidden("no".into())));
    let failures = run.engine.read_tasks(TasksOf::All, soon()).await;
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].error.contains("1 of 5 VMs could not be read"),
        "{}",
        failures[0].error
    );
    let query = EventQuery {
        since: None,
        severity: None,
        limit: 3,
        ..EventQuery::default()
    };
    let (events, failures) = run.engine.events(&query, soon()).await;
    let ids: Vec<_> = events.iter().map(|event| &*event.key.id).collect();
    assert_eq!((ids, failures.len()), (vec!["3", "2", "1"], 0));
    assert!(run.engine.refresh_vm(&cloud.key(1), soon()).await.is_ok());
    assert!(run.engine.refresh_vm(&cloud.key(77), soon()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn commands_run_to_their_end_each_with_its_own_outcome() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.state().no_tools = vec!["00001".to_owned()];
    cloud.change(2, |vm| vm.power = vmdeck::model::PowerState::Off);
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    let commands = (0..3)
        .map(|n| act(cloud.key(n), Action::Shutdown))
        .collect();
    let mut seen = Vec::new();
    let reports = run
        .engine
        .run(
            commands,
            Wait::UntilEnd,
            Instant::now() + Duration::from_secs(600),
            |report| {
                seen.push(report.stage.as_str());
            },
        )
        .await;
    assert_eq!(stages(&reports), ["done", "failed", "refused"]);
    assert!(seen.contains(&"accepted"));
    assert_eq!(&*reports[1].vm_name, "vm-1");
    run.engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_waiting_it_ends_when_accepted_and_the_journal_says_so() {
    let cloud = FakeCloud::new("prod", 5);
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    let commands = vec![act(cloud.key(0), Action::PowerOff)];
    let reports = run
        .engine
        .run(commands, Wait::UntilAccepted, soon(), |_| {})
        .await;
    assert_eq!(stages(&reports), ["accepted"]);
    run.engine.stop().await;
    assert!(cloud.calls("task").is_empty());
    let lines = journal(run.dir.path());
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["stage"], &last["last"]),
        (&"accepted".into(), &true.into())
    );
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_runs_is_reported_with_its_task_and_what_waits_is_not_sent() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.state().polls = 1_000_000;
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    let commands = vec![
        act(cloud.key(0), Action::PowerOff),
        act(cloud.key(0), Action::PowerOn),
        act(cloud.key(1), Action::PowerOff),
    ];
    let reports = run
        .engine
        .run(commands, Wait::UntilEnd, soon(), |_| {})
        .await;
    assert!(
        matches!(&reports[0].stage, Stage::Accepted { task: Some(_) }),
        "{reports:?}"
    );
    let Stage::Refused { message } = &reports[1].stage else {
        panic!("{reports:?}");
    };
    assert!(
        message.starts_with("Power on of vm-0 on prod was not sent: the time was up"),
        "{message}"
    );
    assert!(
        matches!(&reports[2].stage, Stage::Accepted { task: Some(_) }),
        "{reports:?}"
    );
    run.engine.stop().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(cloud.calls("perform").len(), 2);
    let lines = journal(run.dir.path());
    assert_eq!(
        journaled(&lines, &cloud.key(1)),
        ["asked", "sent", "accepted"],
        "the next run goes on there"
    );
    assert_eq!(
        journaled(&lines, &cloud.key(0))
            .iter()
            .filter(|stage| *stage == "sent")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn warnings_that_an_earlier_run_kept_count_for_vms_that_are_still_there() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.add_task(1, "DEPLOY", TaskState::FinishedUnsuccessfully);
    cloud.add_task(4, "DEPLOY", TaskState::FinishedUnsuccessfully);
    let Run { mut engine, dir } = open(&[&cloud]);
    engine.list(soon()).await;
    engine.read_tasks(TasksOf::All, soon()).await;
    engine.stop().await;
    cloud.state().vms.remove("00004");

    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    assert!(engine.inventory().is_empty(), "nothing old is shown");
    engine.list(soon()).await;
    assert_eq!(engine.inventory().len(), 4);
    let overview = engine.inventory().overview_of(&cloud.key(1));
    assert_eq!(overview.unwrap().warnings, 1);
    assert_eq!(engine.inventory().warning_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_older_than_the_last_reading_of_a_vms_tasks_are_no_warning_in_any_later_run() {
    let cloud = FakeCloud::new("prod", 5);
    let failed = cloud.add_task(1, "DEPLOY", TaskState::FinishedUnsuccessfully);
    // A clock that is ahead of this machine's.
    let ahead = |seconds| jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    cloud.add_event("1", 1, Severity::Error, "DEPLOY", "SYSTEM", ahead(60));
    let Run { mut engine, dir } = open(&[&cloud]);
    engine.list(soon()).await;
    assert_eq!(engine.inventory().warning_count(), 1, "the event says so");
    engine.read_tasks(TasksOf::All, soon()).await;
    assert_eq!(engine.inventory().warning_count(), 1, "the task says so");
    let acknowledge = Command::Acknowledge {
        task: failed.key,
        vm: failed.vm,
    };
    let reports = engine
        .run(vec![acknowledge], Wait::UntilEnd, soon(), |_| {})
        .await;
    assert_eq!(stages(&reports), ["done"]);
    engine.stop().await;

    for _ in 0..2 {
        let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
        engine.list(soon()).await;
        assert_eq!(engine.inventory().warning_count(), 0);
        engine.stop().await;
    }
    cloud.add_event("2", 1, Severity::Error, "RESET", "SYSTEM", ahead(90));
    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    engine.list(soon()).await;
    assert_eq!(engine.inventory().warning_count(), 1, "a new failure");
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_asked_of_locked_vms_alone() {
    let cloud = FakeCloud::new("prod", 5);
    for n in [1, 3] {
        cloud.change(n, |vm| vm.power = vmdeck::model::PowerState::Locked);
        cloud.add_task(n, "RESET", TaskState::Started);
    }
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    let failures = run.engine.read_tasks(TasksOf::Locked, soon()).await;
    assert!(failures.is_empty(), "{failures:?}");
    for n in 0..5 {
        let overview = run.engine.inventory().overview_of(&cloud.key(n)).unwrap();
        assert_eq!(overview.task.is_some(), [1, 3].contains(&n), "{n}");
    }
    assert_eq!(cloud.calls("vm_tasks").len(), 2);
    cloud.always("vm_tasks", Twist::Hang);
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    let failures = run.engine.read_tasks(TasksOf::Locked, soon()).await;
    assert!(failures[0].error.contains("time limit"), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_leaves_what_was_read_and_that_can_be_acted_on() {
    for twist in [Twist::Fail(Error::Protocol("broken".into())), Twist::Hang] {
        let cloud = FakeCloud::new("prod", 5);
        cloud.twist("page", twist);
        let mut run = open(&[&cloud]);
        let failures = run.engine.list(soon()).await;
        assert_eq!(failures.len(), 1);
        let view = &run.engine.inventory().clouds()[0];
        assert!(!view.listed && view.vms == 2, "{view:?}");
        let commands = vec![act(cloud.key(1), Action::PowerOff)];
        let reports = run
            .engine
            .run(commands, Wait::UntilEnd, soon(), |_| {})
            .await;
        assert_eq!(stages(&reports), ["done"]);
        run.engine.stop().await;
        let kept = run.dir.path().join("cache/inventory-prod.json");
        assert!(!kept.exists(), "half an inventory is not kept");
    }
}

#[tokio::test(start_paused = true)]
async fn appliances_and_events_that_cannot_be_read_are_said() {
    let cloud = FakeCloud::new("prod", 5);
    let mut run = open(&[&cloud]);
    run.engine.list(soon()).await;
    assert!(!run.engine.lacks_appliances());
    assert_eq!(run.engine.stop().await, [""; 0]);
    cloud.always(
        "vapps",
        Twist::Fail(Error::Forbidden("no VDC_ENUMERATE".into())),
    );
    cloud.always("events", Twist::Hang);
    let mut run = open(&[&cloud]);
    assert!(
        run.engine.list(soon()).await.is_empty(),
        "the VMs were read"
    );
    assert!(run.engine.lacks_appliances());
    assert!(run.engine.inventory().clouds()[0].listed);
    let said = run.engine.stop().await;
    assert!(
        said[0].contains("Reading the appliances of prod failed: not permitted: no VDC_ENUMERATE")
            && said[1].contains("Reading the events of prod failed")
            && said[1].contains("--timeout"),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_waited_for_but_a_short_end() {
    for lane in ["perform", "target", "vm_tasks"] {
        let cloud = FakeCloud::new("prod", 5);
        let mut run = open(&[&cloud]);
        run.engine.list(soon()).await;
        let cut = Error::NoAnswer("the connection broke".into());
        match lane {
            "perform" => cloud.always("perform", Twist::DoAndHang),
            _ => {
                cloud.always("perform", Twist::DoAndFail(cut));
                let slow = cloud.clone();
                cloud.on_perform(move |_| slow.always(lane, Twist::Hang));
            }
        }
        let start = Instant::now();
        let commands = vec![act(cloud.key(0), Action::PowerOff)];
        let deadline = start + Duration::from_secs(8);
        let reports = run
            .engine
            .run(commands, Wait::UntilEnd, deadline, |_| {})
            .await;
        assert_eq!(stages(&reports), ["sent"], "{lane}");
        run.engine.stop().await;
        let took = start.elapsed();
        assert!(took <= Duration::from_millis(9_500), "{lane}: {took:?}");
        let lines = journal(run.dir.path());
        assert_eq!(
            journaled(&lines, &cloud.key(0)),
            ["asked", "sent"],
            "the next run goes on there"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_command_can_look_at_another_tenant_and_keeps_nothing_of_it() {
    let cloud = FakeCloud::of("prod", 3, &crate::fake_cloud::WHOLE, true);
    let theirs = crate::fake_cloud::vm(&cloud.name, 10, vmdeck::model::PowerState::Locked);
    let theirs = [("00010".to_owned(), theirs)].into();
    cloud.state().others.insert("9".to_owned(), theirs);
    let Run { mut engine, dir } = open(&[&cloud]);
    let (tenants, failures) = engine.tenants(soon()).await;
    assert!(failures.is_empty());
    let [(of, tenant)] = tenants.as_slice() else {
        panic!("{tenants:?}");
    };
    engine.look_at(of, Some(tenant.clone())).await;
    assert!(engine.list(soon()).await.is_empty());
    assert_eq!(engine.inventory().len(), 1);
    cloud.add_task(10, "DEPLOY", TaskState::Queueing);
    cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let (held, _) = engine.held_tasks(soon()).await;
    assert_eq!(held.len(), 1, "those of the tenant alone");
    engine.stop().await;
    assert!(
        !dir.path().join("cache").exists(),
        "its inventory is not kept"
    );
}
