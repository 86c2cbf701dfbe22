//! Approving and rejecting what workflow holds, and whose failed tasks may be acknowledged.

use std::sync::Arc;
use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::{Ask, Command, Stage};
use vmdeck::model::{Task, TaskState};

use crate::fake_cloud::{FakeCloud, Twist, WHOLE};
use crate::screen::Screen;

fn cloud(privileges: &[&'static str]) -> Arc<FakeCloud> {
    let cloud = FakeCloud::of("prod", 3, &WHOLE, true);
    cloud.state().privileges = privileges.to_vec();
    cloud
}

fn decide(task: &Task, approve: bool) -> Command {
    Command::Decide {
        task: task.key.clone(),
        vm: task.vm.clone(),
        approve,
        note: Some(" after the audit ".to_owned()),
    }
}

fn decided(cloud: &FakeCloud) -> Vec<String> {
    let calls = cloud.calls("decide").into_iter();
    calls.map(|call| call.about).collect()
}

fn silence() -> Error {
    Error::NoAnswer("time-out after 30 s".into())
}

#[tokio::test(start_paused = true)]
async fn a_held_task_is_approved_once_and_the_list_is_read_again() {
    let cloud = cloud(&["PERFORM", "REVIEW"]);
    let task = cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let other = cloud.add_task(2, "DEPLOY", TaskState::Queueing);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.fleet.ask(Ask::Held(None));
    let held = |screen: &Screen| {
        let view = &screen.inventory.clouds()[0];
        view.held.clone().map(|held| held.unwrap().len())
    };
    screen
        .until("the list", |screen| held(screen) == Some(2))
        .await;
    let reads = cloud.calls("held_tasks").len();
    let id = screen.fleet.submit(decide(&task, true));
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome,
        Stage::Done {
            task: Some(task.key.clone())
        }
    );
    assert_eq!(screen.words(id), ["asked", "sent", "done"]);
    assert_eq!(decided(&cloud), ["approve task-1 after the audit"]);
    assert_eq!(held(&screen), Some(1), "told before the outcome");
    assert_eq!(
        cloud.calls("held_tasks").len(),
        reads + 1,
        "the task was known"
    );

    let id = screen.fleet.submit(decide(&other, false));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(held(&screen), Some(0));
    let line = screen.journal().pop().unwrap();
    assert_eq!(
        (&line["action"], &line["task"]),
        (&"reject".into(), &"task-2".into())
    );
}

#[tokio::test(start_paused = true)]
async fn what_somebody_decided_already_is_refused() {
    let cloud = cloud(&["PERFORM", "REVIEW"]);
    let task = cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.fleet.ask(Ask::Held(None));
    screen.during(Duration::from_secs(1)).await;
    cloud.state().tasks.get_mut("00001").unwrap()[0].state = TaskState::Cancelled;
    let id = screen.fleet.submit(decide(&task, true));
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome.message(),
        Some(
            "Approval of vm-1 on prod failed: refused by the cloud: The task does not wait any more (TASK-1); \
             look at its state and its tasks"
        )
    );
    assert!(matches!(outcome, Stage::Refused { .. }));
    // The list was read again: now it is known here.
    let id = screen.fleet.submit(decide(&task, true));
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome.message(),
        Some("Approval of vm-1 on prod refused: it does not wait for a review")
    );
    assert_eq!(decided(&cloud).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_privilege_nothing_is_sent_but_the_rejection_of_ones_own() {
    let cloud = cloud(&["PERFORM"]);
    let task = cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let own = cloud.add_task(2, "DEPLOY", TaskState::Queueing);
    cloud.state().tasks.get_mut("00002").unwrap()[0].user = Some("admin".into());
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    for (task, approve, why) in [
        (
            &task,
            true,
            "somebody else asked for it; your role lacks REVIEW",
        ),
        (
            &task,
            false,
            "somebody else asked for it; your role lacks REVIEW",
        ),
        (
            &own,
            true,
            "you may reject it, not approve it: your role lacks REVIEW",
        ),
    ] {
        let id = screen.fleet.submit(decide(task, approve));
        let outcome = screen.outcome(id).await;
        assert!(outcome.message().unwrap().ends_with(why), "{outcome:?}");
    }
    assert!(decided(&cloud).is_empty());
    let id = screen.fleet.submit(decide(&own, false));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_decision_without_an_answer_is_settled_by_its_task_and_never_sent_again() {
    let cloud = cloud(&["PERFORM", "REVIEW"]);
    let tasks: Vec<_> = (0..3)
        .map(|n| cloud.add_task(n, "DEPLOY", TaskState::Queueing))
        .collect();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("decide", Twist::DoAndFail(silence()));
    let id = screen.fleet.submit(decide(&tasks[0], true));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));

    cloud.twist("decide", Twist::Fail(silence()));
    let id = screen.fleet.submit(decide(&tasks[1], true));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
    assert!(outcome.message().unwrap().contains("and it still waits"));

    cloud.twist("decide", Twist::Fail(silence()));
    let id = screen.fleet.submit(decide(&tasks[2], true));
    screen.during(Duration::from_secs(3)).await;
    cloud.state().tasks.get_mut("00002").unwrap()[0].state = TaskState::Cancelled;
    let outcome = screen.outcome(id).await;
    assert!(
        outcome
            .message()
            .unwrap()
            .contains("somebody decided otherwise"),
        "{outcome:?}"
    );
    assert_eq!(decided(&cloud).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_a_run_left_without_an_answer_is_settled_by_the_next() {
    let cloud = cloud(&["PERFORM", "REVIEW"]);
    let task = cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("decide", Twist::DoAndHang);
    let id = screen.fleet.submit(decide(&task, false));
    screen
        .until("sending", |screen| screen.words(id).contains(&"sent"))
        .await;
    screen.during(Duration::from_secs(1)).await;
    let dir = screen.dir.clone();
    drop(screen);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen
        .until("the outcome", |screen| {
            screen.reports().any(|report| report.stage.is_final())
        })
        .await;
    let report = screen.reports().last().unwrap();
    assert!(matches!(report.stage, Stage::Done { .. }), "{report:?}");
    assert_eq!(decided(&cloud).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_failed_tasks_of_others_want_their_privilege() {
    let cloud = cloud(&["PERFORM"]);
    let task = cloud.add_task(1, "DEPLOY", TaskState::FinishedUnsuccessfully);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let acknowledge = || Command::Acknowledge {
        task: task.key.clone(),
        vm: task.vm.clone(),
    };
    let id = screen.fleet.submit(acknowledge());
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome.message(),
        Some(
            "Acknowledge of vm-1 on prod refused: it is a task of somebody; your role lacks USERS"
        )
    );
    assert!(cloud.calls("acknowledge").is_empty());
    let own = cloud.add_task(2, "DEPLOY", TaskState::FinishedUnsuccessfully);
    cloud.state().tasks.get_mut("00002").unwrap()[0].user = Some("admin".into());
    let id = screen.fleet.submit(Command::Acknowledge {
        task: own.key.clone(),
        vm: own.vm.clone(),
    });
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
}
