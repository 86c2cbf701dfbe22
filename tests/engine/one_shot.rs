use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use vmdeck::clouds::Error;
use vmdeck::fleet::oneshot::{TasksOf, Wait};
use vmdeck::fleet::{Command, CommandReport, EventQuery, OneShot, Stage};
use vmdeck::model::{Action, Severity, TaskState, VmKey};

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
    Command::Act { vm, action }
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
            "Signing in to dead failed: sign-in refused: wrong password; check the credentials in the configuration, then refresh",
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
