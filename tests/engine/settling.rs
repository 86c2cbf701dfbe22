use std::sync::Arc;
use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::Stage;
use vmdeck::model::{Action, PowerState};

use crate::fake_cloud::{FakeCloud, Twist, protection};
use crate::screen::{Screen, journaled};

fn silence() -> Error {
    Error::NoAnswer("time-out after 30 s".into())
}

#[tokio::test(start_paused = true)]
async fn an_action_without_an_answer_is_found_by_its_task_and_never_sent_again() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("perform", Twist::DoAndFail(silence()));
    let id = screen.act(cloud.key(1), Action::Reset);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
    assert_eq!(cloud.calls("perform").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_protection_without_an_answer_is_settled_by_its_reason() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("perform", Twist::DoAndFail(silence()));
    let protect = |reason: &str| Action::Protect {
        reason: reason.to_owned(),
    };
    let id = screen.act(cloud.key(1), protect("kernel update"));
    assert_eq!(screen.outcome(id).await.as_str(), "done");

    cloud.twist("perform", Twist::Fail(silence()));
    let other = cloud.clone();
    cloud.on_perform(move |_| other.change(2, |vm| vm.protection = Some(protection("audit"))));
    let id = screen.act(cloud.key(2), protect("kernel update"));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Failed { .. }));
    assert!(
        outcome
            .message()
            .unwrap()
            .contains("with another reason: audit"),
        "{outcome:?}"
    );
    assert_eq!(cloud.calls("perform").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_left_no_trace_is_unknown_and_never_sent_again() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("perform", Twist::Fail(silence()));
    let start = tokio::time::Instant::now();
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome.message(),
        Some(
            "Power off of vm-1 on prod may have been done: no answer: time-out after 30 s, and reading has not settled it; \
             look at the VM and its tasks before you send it again"
        )
    );
    assert!(start.elapsed() >= Duration::from_secs(30));
    assert_eq!(cloud.calls("perform").len(), 1);
    assert_eq!(screen.words(id), ["asked", "sent", "unknown"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_sending_is_waited_out() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("perform", Twist::DoAndFail(silence()));
    for _ in 0..5 {
        cloud.twist("target", Twist::Slow(Duration::ZERO));
        cloud.twist("vm_tasks", Twist::Fail(silence()));
    }
    cloud.always("list", Twist::Fail(silence()));
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    assert_eq!(cloud.calls("perform").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_panics_while_sending_is_settled_by_reading() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("perform", Twist::Panic);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
    assert_eq!(cloud.calls("perform").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_sending_and_the_answer_is_settled_by_the_next_run() {
    let cloud = FakeCloud::new("prod", 4);
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    screen.listed().await;
    // One was executed, one was not, one had been accepted, one was never sent.
    cloud.twist("perform", Twist::DoAndHang);
    let executed = screen.act(cloud.key(0), Action::PowerOff);
    screen
        .until("sending", |screen| screen.words(executed).contains(&"sent"))
        .await;
    screen.during(Duration::from_secs(1)).await;
    cloud.twist("perform", Twist::Hang);
    let lost = screen.act(cloud.key(1), Action::PowerOff);
    screen
        .until("sending", |screen| screen.words(lost).contains(&"sent"))
        .await;
    let waiting = screen.act(cloud.key(2), Action::PowerOff);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(
        screen.words(waiting),
        ["asked"],
        "two hang, so it waits for its turn"
    );
    drop(screen);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(cloud.calls("perform").len(), 2);

    // The fake's task ends the VM's power off when it is asked for.
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    screen
        .until("three fates", |screen| {
            screen
                .reports()
                .filter(|report| report.stage.is_final())
                .count()
                == 3
        })
        .await;
    let fate = |n: usize| {
        let key = cloud.key(n);
        let mut reports = screen
            .reports()
            .filter(|report| report.command.vm() == Some(&key));
        reports
            .find(|report| report.stage.is_final())
            .unwrap()
            .stage
            .clone()
    };
    assert_eq!(fate(0).as_str(), "done");
    assert!(matches!(fate(1), Stage::Unknown { .. }), "{:?}", fate(1));
    let Stage::Refused { message } = fate(2) else {
        panic!("{:?}", fate(2));
    };
    assert!(message.contains("asked for in an earlier run"), "{message}");
    assert_eq!(cloud.calls("perform").len(), 2, "nothing is sent again");
    assert_eq!(cloud.state().vms["00002"].power, PowerState::On);
    let lines = screen.journal();
    assert_eq!(journaled(&lines, &cloud.key(0)).last().unwrap(), "done");
    assert_eq!(journaled(&lines, &cloud.key(1)).last().unwrap(), "unknown");
    assert_eq!(journaled(&lines, &cloud.key(2)), ["asked", "refused"]);

    // A third run has nothing left to settle.
    screen.fleet.stop().await;
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(60)).await;
    assert_eq!(screen.reports().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_an_earlier_run_left_is_followed_to_its_end() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.state().polls = 1_000;
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(0), Action::PowerOff);
    screen
        .until("acceptance", |screen| {
            screen.words(id).contains(&"accepted")
        })
        .await;
    screen.during(Duration::from_secs(5)).await;
    let fleet = screen.fleet;
    let stopping = tokio::spawn(fleet.stop());
    while screen.updates.recv().await.is_some() {}
    stopping.await.unwrap();
    cloud.state().polls = 1;
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen
        .until("its fate", |screen| {
            screen
                .reports()
                .any(|report| report.stage.as_str() == "done")
        })
        .await;
    assert_eq!(cloud.calls("perform").len(), 1);
}
