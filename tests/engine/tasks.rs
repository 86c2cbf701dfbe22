use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use vmdeck::clouds::Error;
use vmdeck::fleet::{Ask, Command, Stage};
use vmdeck::model::{Action, PowerState, Severity, TaskState};

use crate::fake_cloud::{FakeCloud, Twist};
use crate::screen::{REFRESH, Screen, setup};

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_fails_is_a_warning_with_the_job_and_is_acknowledged_away() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.state().no_tools = vec!["00001".to_owned()];
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let events = cloud.calls("events").len();
    let id = screen.act(cloud.key(1), Action::Shutdown);
    let Stage::Failed { message, task } = screen.outcome(id).await else {
        panic!("{:?}", screen.stages(id));
    };
    assert_eq!(
        message,
        "Shut down of vm-1 on prod failed: job SHUTDOWN failed and was rolled back; read its events, or power it off instead"
    );
    assert_eq!(
        cloud.calls("events").len(),
        events + 1,
        "the events that the message names are read before it is told"
    );
    let overview = screen.inventory.overview_of(&cloud.key(1)).unwrap();
    assert_eq!((overview.warnings, overview.vm.power), (1, PowerState::On));
    let task = task.unwrap();
    let acknowledge = Command::Acknowledge {
        task: task.clone(),
        vm: Some(cloud.key(1)),
    };
    let id = screen.fleet.submit(acknowledge);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    assert_eq!(screen.inventory.warning_count(), 0);
    let lines = screen.journal();
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["action"], &last["stage"]),
        (&"acknowledge".into(), &"done".into())
    );
    assert_eq!(last["task"], *task.id);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_without_an_answer_is_settled_by_reading() {
    let cloud = FakeCloud::new("prod", 3);
    let task = cloud.add_task(1, "RESET", TaskState::FinishedUnsuccessfully);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist(
        "acknowledge",
        Twist::DoAndFail(Error::NoAnswer("cut".into())),
    );
    let id = screen.fleet.submit(Command::Acknowledge {
        task: task.key,
        vm: Some(cloud.key(1)),
    });
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    assert_eq!(cloud.calls("acknowledge").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_at_two_seconds_backing_off_to_five() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.state().polls = 12;
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen.outcome(id).await;
    let at: Vec<_> = cloud.calls("task").iter().map(|call| call.at).collect();
    let waits: Vec<_> = at
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    assert!((waits[0] - 2.0).abs() < 0.1, "{waits:?}");
    assert!((waits.last().unwrap() - 5.0).abs() < 0.1, "{waits:?}");
    assert!(waits.is_sorted(), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn errors_that_pass_do_not_end_the_following() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    for _ in 0..4 {
        cloud.twist("task", Twist::Fail(Error::NoAnswer("cut".into())));
    }
    cloud.twist("task", Twist::Fail(Error::NotFound("not yet".into())));
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_gone_is_settled_by_the_state_of_its_vm() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("task", Twist::Fail(Error::NotFound("no such task".into())));
    let off = screen.act(cloud.key(1), Action::PowerOff);
    screen
        .until("acceptance", |screen| {
            screen.words(off).contains(&"accepted")
        })
        .await;
    cloud.change(1, |vm| vm.power = PowerState::Off);
    assert_eq!(screen.outcome(off).await.as_str(), "done");
    let reset = screen.act(cloud.key(2), Action::Reset);
    screen
        .until("acceptance", |screen| {
            screen.words(reset).contains(&"accepted")
        })
        .await;
    cloud.change(2, |vm| vm.power = PowerState::On);
    let outcome = screen.outcome(reset).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_of_somebody_else_is_found_and_followed() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.state().polls = 5;
    cloud.change(2, |vm| vm.power = PowerState::Locked);
    cloud.add_task(2, "POWER_OFF", TaskState::Started);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(3)).await;
    let overview = screen.inventory.overview_of(&cloud.key(2)).unwrap();
    assert_eq!(overview.task.unwrap().progress(), "Powering off");
    screen.during(Duration::from_secs(30)).await;
    let overview = screen.inventory.overview_of(&cloud.key(2)).unwrap();
    assert!(overview.task.is_none());
    assert_eq!(overview.vm.power, PowerState::Off);
}

#[tokio::test(start_paused = true)]
async fn an_error_event_has_its_vms_tasks_read() {
    let cloud = FakeCloud::new("prod", 30);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(REFRESH).await;
    assert!(cloud.calls("vm_tasks").is_empty(), "no request for each VM");
    cloud.add_task(7, "DEPLOY", TaskState::FinishedUnsuccessfully);
    cloud.add_event(
        "1",
        7,
        Severity::Error,
        "DEPLOY",
        "SYSTEM",
        Timestamp::now(),
    );
    screen.during(REFRESH * 2).await;
    let read: Vec<_> = cloud
        .calls("vm_tasks")
        .into_iter()
        .map(|call| call.about)
        .collect();
    assert_eq!(read, ["00007"]);
    assert_eq!(screen.inventory.warnings(&cloud.key(7)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_read_in_the_background_two_a_second_those_on_the_screen_first() {
    let cloud = FakeCloud::new("prod", 40);
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut setup = setup(dir.path(), &[&cloud]);
    setup.background_reads = true;
    // One listing only, so that nothing but the background reads.
    setup.refresh = Duration::from_secs(3600);
    cloud.twist("list", Twist::Slow(Duration::from_secs(1)));
    let mut screen = Screen::with(dir, setup);
    screen
        .fleet
        .ask(Ask::OnScreen(vec![cloud.key(33), cloud.key(34)]));
    screen
        .until("the listing", |screen| screen.inventory.clouds()[0].listed)
        .await;
    screen.during(Duration::from_secs(5)).await;
    let calls = cloud.calls("vm_tasks");
    assert!((9..=12).contains(&calls.len()), "{}", calls.len());
    let first: Vec<_> = calls.iter().take(2).map(|call| &*call.about).collect();
    assert_eq!(first, ["00033", "00034"]);
    for pair in calls.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(500));
    }
    assert_eq!(screen.inventory.clouds()[0].unread, 40 - calls.len());
    screen.during(Duration::from_secs(30)).await;
    assert_eq!(screen.inventory.clouds()[0].unread, 0);
    let read = cloud.calls("vm_tasks").len();
    assert_eq!(read, 40, "each once");
    screen.during(Duration::from_secs(600)).await;
    let again: Vec<_> = cloud
        .calls("vm_tasks")
        .split_off(read)
        .into_iter()
        .map(|call| call.about)
        .collect();
    assert!(
        !again.is_empty() && again.iter().all(|id| id == "00033" || id == "00034"),
        "{again:?}"
    );
}
