//! Operations of a cloud that has no tasks: this console makes one and watches the VM.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use vmdeck::clouds::{Error, Goal, Phase};
use vmdeck::fleet::oneshot::Wait;
use vmdeck::fleet::{Command, OneShot, Stage};
use vmdeck::model::{Action, ActionKind, JobState, PowerState, Task, TaskState, Vm};

use crate::fake_cloud::{FakeCloud, Twist, set_power};
use crate::screen::{Screen, journaled, setup};

const LIMIT: Duration = Duration::from_secs(300);

fn phase(kind: &'static str, until: Goal, then: Option<Action>) -> Phase {
    Phase {
        kind,
        until,
        limit: LIMIT,
        then,
    }
}

fn is(power: &'static [PowerState]) -> Goal {
    Goal::State(power)
}

/// A cloud without tasks, whose reboot is a stop, the wait for it, and a start.
fn plain() -> Arc<FakeCloud> {
    let cloud = FakeCloud::plain("lab", 3);
    let off = || is(&[PowerState::Off]);
    let on = || is(&[PowerState::On]);
    let phases = [
        (ActionKind::PowerOff, vec![phase("POWER_OFF", off(), None)]),
        (ActionKind::PowerOn, vec![phase("POWER_ON", on(), None)]),
        (
            ActionKind::Reboot,
            vec![
                phase("POWER_OFF", off(), Some(Action::PowerOn)),
                phase("POWER_ON", on(), None),
            ],
        ),
        (
            ActionKind::Reset,
            vec![phase("RESET", Goal::Again(&[PowerState::On]), None)],
        ),
        (ActionKind::Delete, vec![phase("DELETE", Goal::Gone, None)]),
    ];
    cloud.state().phases = phases.into_iter().collect();
    cloud
}

async fn listed(cloud: &Arc<FakeCloud>) -> Screen {
    let mut screen = Screen::start(&[cloud]);
    screen.listed().await;
    screen
}

fn stopping(vm: &mut Vm) {
    vm.power = PowerState::Locked;
    vm.native_state = "stopping".into();
}

fn task(screen: &Screen, cloud: &FakeCloud) -> Task {
    let key = cloud.key(1);
    let mut tasks = screen.inventory.tasks_of(&key);
    tasks.next().unwrap().clone()
}

fn performed(cloud: &FakeCloud) -> Vec<String> {
    let calls = cloud.calls("perform").into_iter();
    calls.map(|call| call.about).collect()
}

/// Until the reboot of the second VM is over its stop and its start is sent.
async fn until_start_is_sent(screen: &mut Screen, cloud: &Arc<FakeCloud>) {
    let other = cloud.clone();
    screen
        .until("the start", move |_| other.calls("perform").len() == 2)
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_a_task_is_shown_as_one_until_its_state_is_seen() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen
        .until("the task", |screen| screen.words(id).contains(&"accepted"))
        .await;
    screen.during(Duration::from_secs(3)).await;
    let running = task(&screen, &cloud);
    assert!(running.watched_here && running.is_running());
    assert!(running.key.id.starts_with("vmdeck-"), "{}", running.key);
    assert_eq!(
        (running.kind.as_str(), running.user.as_deref()),
        ("POWER_OFF", Some("admin"))
    );
    cloud.change(1, stopping);
    screen.during(Duration::from_secs(5)).await;
    let overview = screen.inventory.overview_of(&cloud.key(1)).unwrap();
    assert_eq!(
        overview.vm.native_progress(),
        Some("stopping"),
        "the row moves"
    );
    assert_eq!(overview.task.unwrap().progress(), "Powering off");
    screen.during(Duration::from_secs(30)).await;
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
    let ended = task(&screen, &cloud);
    assert_eq!(ended.key, running.key);
    assert_eq!(ended.state, TaskState::FinishedSuccessfully);
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::Off
    );
    let reads: Vec<_> = cloud.calls("target").iter().map(|call| call.at).collect();
    let waits: Vec<_> = reads.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits[0], Duration::from_secs(2), "{waits:?}");
    assert!(
        waits.iter().any(|wait| *wait == Duration::from_secs(5)),
        "{waits:?}"
    );
    assert!(
        waits.iter().all(|wait| *wait <= Duration::from_secs(5)),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reboot_in_two_phases_starts_only_what_is_seen_off() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::Reboot);
    screen.during(Duration::from_secs(60)).await;
    assert_eq!(performed(&cloud), ["reboot 00001"], "not while it runs");
    assert_eq!(task(&screen, &cloud).jobs_done(), (0, 2));
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    until_start_is_sent(&mut screen, &cloud).await;
    screen.during(Duration::from_secs(3)).await;
    let running = task(&screen, &cloud);
    assert_eq!(
        (
            running.kind.as_str(),
            running.progress(),
            running.jobs_done()
        ),
        ("REBOOT", "Powering on", (1, 2))
    );
    cloud.change(1, |vm| set_power(vm, PowerState::On));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(performed(&cloud), ["reboot 00001", "power_on 00001"]);
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
    assert_eq!(
        journaled(&screen.journal(), &cloud.key(1)),
        ["asked", "sent", "accepted", "sent", "accepted", "done"],
        "all of it is one command"
    );
    assert_eq!(task(&screen, &cloud).jobs_done(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_never_went_off_is_not_started_and_fails_with_the_last_state_seen() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let start = Instant::now();
    let id = screen.act(cloud.key(1), Action::Reboot);
    screen.during(Duration::from_secs(10)).await;
    cloud.change(1, stopping);
    let Stage::Failed { message, task: key } = screen.outcome(id).await else {
        panic!("{:?}", screen.stages(id));
    };
    assert_eq!(
        message,
        "Reboot of vm-1 on lab failed: job POWER_OFF failed (not seen off in 5m; last seen: stopping); \
         look at the VM, then acknowledge the task"
    );
    assert_eq!(start.elapsed().as_secs(), LIMIT.as_secs());
    assert_eq!(performed(&cloud), ["reboot 00001"]);
    let failed = task(&screen, &cloud);
    assert_eq!(
        (Some(&failed.key), &failed.state),
        (key.as_ref(), &TaskState::FinishedUnsuccessfully)
    );
    let states: Vec<_> = failed.jobs.iter().map(|job| job.state.clone()).collect();
    assert_eq!(states, [JobState::Failed, JobState::Pending]);
    assert_eq!(screen.inventory.warning_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_ends_where_it_began_must_have_been_seen_otherwise() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::Reset);
    let outcome = screen.outcome(id).await;
    let message = outcome.message().unwrap();
    assert!(
        message.contains("(no change seen in 5m; last seen: on)"),
        "{message}"
    );

    cloud.change(1, |vm| {
        vm.updated_at = jiff::Timestamp::from_second(100).ok()
    });
    let id = screen.act(cloud.key(1), Action::Reset);
    screen.during(Duration::from_secs(10)).await;
    cloud.change(1, |vm| {
        vm.updated_at = jiff::Timestamp::from_second(200).ok()
    });
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_vm_is_done_when_it_is_gone() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::DELETE);
    screen.during(Duration::from_secs(9)).await;
    cloud.state().vms.remove("00001");
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert!(screen.inventory.find(&cloud.key(1)).is_none());
    assert_eq!(screen.inventory.running_task_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_is_gone_can_no_longer_be_started() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::Reboot);
    screen.during(Duration::from_secs(3)).await;
    cloud.state().vms.remove("00001");
    let outcome = screen.outcome(id).await;
    assert!(
        outcome.message().unwrap().contains("(the VM is gone)"),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_next_is_checked_as_the_first_was() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let reboot = screen.act(cloud.key(1), Action::Reboot);
    screen.during(Duration::from_secs(3)).await;
    // Another process protects it meanwhile.
    let mut other = Screen::start_in(screen.dir.clone(), &[&cloud]);
    other.listed().await;
    let protect = other.act(
        cloud.key(1),
        Action::Protect {
            reason: "audit".to_owned(),
        },
    );
    assert!(matches!(other.outcome(protect).await, Stage::Done { .. }));
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    let outcome = screen.outcome(reboot).await;
    assert!(matches!(outcome, Stage::Failed { .. }), "{outcome:?}");
    let message = outcome.message().unwrap();
    assert!(
        message.contains("power on was not sent: Protected by admin: audit; unprotect it first"),
        "{message}"
    );
    assert_eq!(performed(&cloud), ["reboot 00001"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_cloud_refuses_fails_the_reboot_and_one_without_an_answer_is_watched() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    for (twist, expected) in [
        (
            Twist::Fail(crate::fake_cloud::conflict("E1", "no room")),
            "failed",
        ),
        (Twist::DoAndFail(Error::NoAnswer("cut".into())), "done"),
        (Twist::Fail(Error::NoAnswer("cut".into())), "unknown"),
    ] {
        cloud.change(1, |vm| set_power(vm, PowerState::On));
        screen.during(Duration::from_secs(20)).await;
        let sent = cloud.calls("perform").len();
        let id = screen.act(cloud.key(1), Action::Reboot);
        screen.during(Duration::from_secs(1)).await;
        cloud.change(1, |vm| set_power(vm, PowerState::Off));
        cloud.twist("perform", twist);
        let other = cloud.clone();
        screen
            .until("the start", move |_| {
                other.calls("perform").len() == sent + 2
            })
            .await;
        if expected == "done" {
            cloud.change(1, |vm| set_power(vm, PowerState::On));
        }
        let outcome = screen.outcome(id).await;
        assert_eq!(outcome.as_str(), expected, "{outcome:?}");
        assert_eq!(cloud.calls("perform").len(), sent + 2, "never sent again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_while_watching_is_waited_out_and_one_to_the_end_is_unknown() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen.during(Duration::from_secs(1)).await;
    cloud.always("target", Twist::Fail(Error::NoAnswer("cut".into())));
    screen.during(Duration::from_secs(100)).await;
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    cloud.behave("target");
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));

    let id = screen.act(cloud.key(1), Action::PowerOn);
    screen.during(Duration::from_secs(1)).await;
    cloud.always("target", Twist::Fail(Error::NoAnswer("cut".into())));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
}

/// A run that ends without a word while its reboot waits for the VM to go off.
async fn crash_in_the_middle(cloud: &Arc<FakeCloud>) -> Arc<TempDir> {
    let mut screen = listed(cloud).await;
    let id = screen.act(cloud.key(1), Action::Reboot);
    screen
        .until("acceptance", |screen| {
            screen.words(id).contains(&"accepted")
        })
        .await;
    let dir = screen.dir.clone();
    drop(screen);
    tokio::time::sleep(Duration::from_secs(60)).await;
    dir
}

async fn fate(screen: &mut Screen) -> Stage {
    screen
        .until("its fate", |screen| {
            screen.reports().any(|report| report.stage.is_final())
        })
        .await;
    let mut reports = screen.reports();
    reports
        .find(|report| report.stage.is_final())
        .unwrap()
        .stage
        .clone()
}

#[tokio::test(start_paused = true)]
async fn the_next_run_goes_on_where_a_run_that_died_was() {
    let cloud = plain();
    let dir = crash_in_the_middle(&cloud).await;
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    until_start_is_sent(&mut screen, &cloud).await;
    cloud.change(1, |vm| set_power(vm, PowerState::On));
    assert!(matches!(fate(&mut screen).await, Stage::Done { .. }));
    assert_eq!(performed(&cloud), ["reboot 00001", "power_on 00001"]);
    assert_eq!(
        journaled(&screen.journal(), &cloud.key(1)),
        ["asked", "sent", "accepted", "sent", "accepted", "done"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_run_starts_nothing_once_the_time_has_passed() {
    for (power, expected, says) in [
        (
            PowerState::Off,
            "failed",
            "power on was not sent, for its time had passed",
        ),
        (
            PowerState::On,
            "unknown",
            "nobody watched it meanwhile; last seen: on",
        ),
    ] {
        let cloud = plain();
        let dir = crash_in_the_middle(&cloud).await;
        let journal = dir.path().join("state/journal.jsonl");
        let text = std::fs::read_to_string(&journal).unwrap();
        std::fs::write(&journal, text.replace("\"limit_s\":300", "\"limit_s\":0")).unwrap();
        cloud.change(1, |vm| set_power(vm, power));
        let mut screen = Screen::start_in(dir, &[&cloud]);
        let stage = fate(&mut screen).await;
        assert_eq!(stage.as_str(), expected, "{stage:?}");
        assert!(stage.message().unwrap().contains(says), "{stage:?}");
        assert_eq!(performed(&cloud), ["reboot 00001"]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_for_the_end_waits_until_all_is_sent() {
    let cloud = plain();
    let dir = tempfile::tempdir().unwrap();
    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    let soon = || Instant::now() + Duration::from_secs(120);
    engine.list(soon()).await;
    let goes_off = cloud.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        goes_off.change(1, |vm| set_power(vm, PowerState::Off));
    });
    let start = Instant::now();
    let commands = [Action::Reboot].map(|action| Command::Act {
        vm: cloud.key(1),
        action,
        confirmed: vmdeck::model::Confirmed::Unprotected,
    });
    let reports = engine
        .run(commands.to_vec(), Wait::UntilAccepted, soon(), |_| {})
        .await;
    assert!(
        matches!(reports[0].stage, Stage::Accepted { .. }),
        "{reports:?}"
    );
    assert!(start.elapsed() >= Duration::from_secs(20));
    assert_eq!(performed(&cloud), ["reboot 00001", "power_on 00001"]);
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_one_warns_in_later_runs_until_it_is_acknowledged_and_then_in_none() {
    let cloud = plain();
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen.outcome(id).await;
    let dir = screen.dir.clone();
    let mut other = Screen::start_in(dir.clone(), &[&cloud]);
    other.listed().await;
    assert_eq!(other.inventory.warning_count(), 1, "in another process");
    screen.fleet.stop().await;

    let mut later = OneShot::open(setup(dir.path(), &[&cloud]));
    let soon = || Instant::now() + Duration::from_secs(30);
    later.list(soon()).await;
    let failed: Vec<_> = later.inventory().failed_tasks().cloned().collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        failed[0].jobs[0].description.as_deref(),
        Some("not seen off in 5m; last seen: on")
    );
    let acknowledge = Command::Acknowledge {
        task: failed[0].key.clone(),
        vm: failed[0].vm.clone(),
    };
    let reports = later
        .run(vec![acknowledge], Wait::UntilEnd, soon(), |_| {})
        .await;
    assert!(matches!(reports[0].stage, Stage::Done { .. }));
    assert_eq!(later.inventory().warning_count(), 0);
    later.stop().await;
    assert!(cloud.calls("acknowledge").is_empty(), "no cloud is asked");

    other.during(crate::screen::REFRESH * 2).await;
    assert_eq!(
        other.inventory.warning_count(),
        0,
        "another process sees it"
    );
    let mut last = OneShot::open(setup(dir.path(), &[&cloud]));
    last.list(soon()).await;
    assert_eq!(last.inventory().warning_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_watched_one_stands_beside_the_tasks_that_the_cloud_has() {
    let cloud = FakeCloud::new("prod", 3);
    let off = vec![phase("POWER_OFF", is(&[PowerState::Off]), None)];
    cloud.state().phases.insert(ActionKind::PowerOff, off);
    cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen.during(Duration::from_secs(30)).await;
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.running_task_count(), 1);
    let Stage::Failed { task, .. } = screen.outcome(id).await else {
        panic!("{:?}", screen.stages(id));
    };
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(1)));
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.warnings(&cloud.key(1)).count(), 2);
    let id = screen.fleet.submit(Command::Acknowledge {
        task: task.unwrap(),
        vm: Some(cloud.key(1)),
    });
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert!(
        cloud.calls("acknowledge").is_empty(),
        "it is none of the cloud's"
    );
    assert_eq!(screen.inventory.warnings(&cloud.key(1)).count(), 1);
}
