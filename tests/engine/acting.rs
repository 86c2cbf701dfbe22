use std::sync::{Arc, Mutex};
use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::{CloudStatus, Stage, Update};
use vmdeck::model::{Action, Confirmed, PowerState, Severity};

use crate::fake_cloud::{FakeCloud, Twist, protection};
use crate::screen::{REFRESH, Screen, journaled, setup};

fn protect(reason: &str) -> Action {
    Action::Protect {
        reason: reason.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_goes_through_its_stages_and_its_vm_is_told_before_its_end() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let outcome = screen.outcome(id).await;
    assert_eq!(outcome.as_str(), "done");
    assert_eq!(&*outcome.task().unwrap().id, "task-1", "{outcome:?}");
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::Off
    );
    let lines = screen.journal();
    assert_eq!(
        journaled(&lines, &cloud.key(1)),
        ["asked", "sent", "accepted", "done"]
    );
    assert_eq!(lines[3]["task"], "task-1");
    let first = lines[0].as_object().unwrap();
    let mut keys: Vec<_> = first.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "action", "args", "cloud", "command", "group", "last", "locator", "message", "name",
            "run", "stage", "task", "tenant", "time", "user", "vapp", "vm", "watch"
        ]
    );
    assert_eq!(
        (&first["name"], &first["user"]),
        (&"vm-1".into(), &"admin".into())
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_in_the_journal_before_it_is_sent() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (dir, saw) = (screen.dir.clone(), seen.clone());
    cloud.on_perform(move |vm| {
        let lines = crate::screen::journal(dir.path());
        saw.lock().unwrap().extend(journaled(&lines, vm));
    });
    let id = screen.act(cloud.key(1), protect("kernel update"));
    screen.outcome(id).await;
    assert_eq!(*seen.lock().unwrap(), ["asked", "sent"]);
    assert_eq!(screen.journal()[0]["args"]["reason"], "kernel update");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_journaled_is_not_sent() {
    let cloud = FakeCloud::new("prod", 3);
    let dir = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("state"), "a file where a folder should be").unwrap();
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let Stage::Refused { message } = screen.outcome(id).await else {
        panic!("{:?}", screen.stages(id));
    };
    assert!(
        message.starts_with("Power off of vm-1 on prod cannot be journaled, so it is not sent: "),
        "{message}"
    );
    assert!(cloud.calls("perform").is_empty());
    assert!(
        screen
            .troubles()
            .iter()
            .any(|trouble| trouble.starts_with("The journal "))
    );
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_hangs_delays_no_action() {
    let cloud = FakeCloud::new("prod", 4);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("page", Twist::Hang);
    screen.during(REFRESH * 2).await;
    let id = screen.act(cloud.key(3), Action::PowerOff);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn availability_is_asked_again_of_the_vm_as_it_is_now() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.change(1, |vm| vm.power = PowerState::Off);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome.message(),
        Some("Power off of vm-1 on prod refused: it is off already")
    );
    assert!(cloud.calls("perform").is_empty());
    assert_eq!(screen.words(id), ["asked", "refused"]);
    screen.during(Duration::from_millis(1)).await;
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::Off
    );
}

#[tokio::test(start_paused = true)]
async fn a_vm_protected_after_it_was_shown_is_asked_about_again() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.change(1, |vm| vm.protection = Some(protection("disk swap")));
    let now = jiff::Timestamp::now();
    cloud.add_event("1", 1, Severity::Info, "PROTECT", "ada", now);
    let id = screen.act(cloud.key(1), Action::Shutdown);
    assert_eq!(
        screen.outcome(id).await.message(),
        Some(
            "Shut down of vm-1 on prod refused: it was protected meanwhile by ada: disk swap; ask again"
        )
    );
    assert!(cloud.calls("perform").is_empty());
    assert_eq!(screen.words(id), ["asked", "refused"]);
    screen.during(Duration::from_millis(1)).await;
    let vm = screen.inventory.find(&cloud.key(1)).unwrap().clone();
    assert!(vm.protection.is_some(), "the screen shows it now");

    let id = screen.act_knowing(cloud.key(1), Action::Shutdown, Confirmed::shown(&vm));
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    let id = screen.act_knowing(cloud.key(1), Action::PowerOn, Confirmed::Everything);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_another_vm_than_the_one_asked_for() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let other = cloud.key(2);
    cloud.change(1, |vm| vm.key = other);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    let outcome = screen.outcome(id).await;
    let message = outcome.message().unwrap();
    assert!(
        message.starts_with("Power off of vm-1 on prod was not sent: ")
            && message.contains("the cloud answered with another VM"),
        "{message}"
    );
    assert!(cloud.calls("perform").is_empty());
}

#[tokio::test(start_paused = true)]
async fn actions_on_one_vm_keep_their_order() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let ids = [
        screen.act(cloud.key(1), Action::PowerOff),
        screen.act(cloud.key(1), Action::PowerOn),
        screen.act(cloud.key(1), protect("audit")),
    ];
    screen.during(Duration::from_millis(1)).await;
    for id in ids {
        assert_eq!(screen.words(id)[0], "asked", "told at once");
    }
    for id in ids {
        assert_eq!(screen.outcome(id).await.as_str(), "done");
    }
    let sent: Vec<_> = cloud
        .calls("perform")
        .into_iter()
        .map(|call| call.about)
        .collect();
    assert_eq!(sent, ["power_off 00001", "power_on 00001", "protect 00001"]);
}

#[tokio::test(start_paused = true)]
async fn different_vms_go_side_by_side_up_to_the_configured_number() {
    let cloud = FakeCloud::new("prod", 4);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("perform", Twist::Slow(Duration::from_secs(2)));
    let start = tokio::time::Instant::now();
    let ids: Vec<_> = (0..4)
        .map(|n| screen.act(cloud.key(n), Action::PowerOff))
        .collect();
    for id in ids {
        assert_eq!(screen.outcome(id).await.as_str(), "done");
    }
    let at: Vec<_> = cloud
        .calls("perform")
        .iter()
        .map(|call| (call.at - start).as_secs())
        .collect();
    assert_eq!(
        at,
        [0, 0, 2, 2],
        "two at once; their tasks keep nobody waiting"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_asked_twice_is_sent_once() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let (first, second) = (
        screen.act(cloud.key(1), Action::Reset),
        screen.act(cloud.key(1), Action::Reset),
    );
    assert!(matches!(
        screen.outcome(second).await,
        Stage::Refused { .. }
    ));
    assert_eq!(screen.outcome(first).await.as_str(), "done");
    assert_eq!(cloud.calls("perform").len(), 1);
    // Once it is decided it may be asked again.
    let third = screen.act(cloud.key(1), Action::Reset);
    assert_eq!(screen.outcome(third).await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn protecting_names_the_user_at_once_and_a_second_protection_keeps_the_reason() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), protect("kernel update"));
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    let vm = screen.inventory.find(&cloud.key(1)).unwrap().clone();
    let protection = vm.protection.as_ref().unwrap();
    assert_eq!(
        (protection.reason.as_deref(), protection.by.as_deref()),
        (Some("kernel update"), Some("admin"))
    );
    let again = screen.act(cloud.key(1), protect("another reason"));
    assert_eq!(
        screen.outcome(again).await.message(),
        Some("Protect of vm-1 on prod refused: already protected by admin: kernel update")
    );
    assert_eq!(cloud.calls("perform").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_protection_that_somebody_else_was_first_with_is_refused_and_such_a_release_is_done() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    // Between the reading and the sending.
    let other = cloud.clone();
    cloud.on_perform(move |vm| match &*vm.id {
        "00001" => other.change(1, |vm| vm.protection = Some(protection("audit"))),
        _ => other.change(2, |vm| vm.protection = None),
    });
    let id = screen.act(cloud.key(1), protect("kernel update"));
    assert_eq!(
        screen.outcome(id).await.message(),
        Some("Protect of vm-1 on prod refused: already protected: audit")
    );
    cloud.change(2, |vm| vm.protection = Some(protection("audit")));
    let id = screen.act(cloud.key(2), Action::Unprotect);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_refuses_is_refused_with_its_words() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist(
        "perform",
        Twist::Fail(crate::fake_cloud::conflict(
            "VM-26",
            "not in a state to reset",
        )),
    );
    let id = screen.act(cloud.key(1), Action::Reset);
    assert_eq!(
        screen.outcome(id).await.message(),
        Some(
            "Reset of vm-1 on prod failed: refused by the cloud: not in a state to reset (VM-26); look at its state and its tasks"
        )
    );
    assert_eq!(screen.words(id), ["asked", "sent", "refused"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_ended_is_renewed_and_the_action_sent_once_more() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(60)).await;
    cloud.twist("perform", Twist::Fail(Error::SignIn("expired".into())));
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    assert_eq!(cloud.calls("perform").len(), 2);
    assert_eq!(cloud.calls("connect").len(), 2);
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_read_only_cloud_or_before_the_sign_in_or_without_a_reason() {
    let cloud = FakeCloud::new("prod", 3);
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut setup = setup(dir.path(), &[&cloud]);
    setup.clouds[0].info.read_only = true;
    let mut screen = Screen::with(dir, setup);
    screen.listed().await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert_eq!(
        screen.outcome(id).await.message(),
        Some("Power off of vm-1 on prod refused: this cloud is read-only in the configuration")
    );
    let task = cloud.add_task(1, "RESET", vmdeck::model::TaskState::FinishedUnsuccessfully);
    let id = screen.fleet.submit(vmdeck::fleet::Command::Acknowledge {
        task: task.key,
        vm: Some(cloud.key(1)),
    });
    assert!(matches!(screen.outcome(id).await, Stage::Refused { .. }));
    assert!(cloud.calls("acknowledge").is_empty());

    let other = FakeCloud::new("other", 3);
    let mut screen = Screen::start(&[&other]);
    screen.listed().await;
    let id = screen.act(other.key(1), protect("  "));
    assert!(matches!(screen.outcome(id).await, Stage::Refused { .. }));
    let unknown = screen.act(other.key(99), Action::PowerOff);
    assert!(matches!(
        screen.outcome(unknown).await,
        Stage::Refused { .. }
    ));
    let nowhere = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(
        screen.outcome(nowhere).await,
        Stage::Refused { .. }
    ));
    assert!(other.calls("perform").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_is_gone_when_it_is_acted_on_goes_from_the_screen() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.state().vms.remove("00001");
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Refused { .. }));
    screen.during(Duration::from_millis(1)).await;
    assert!(screen.inventory.find(&cloud.key(1)).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_acting_leaves_the_vms_queue_and_the_listing_working() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("target", Twist::Panic);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Unknown { .. }));
    let failing = |update: &Update| {
        matches!(
            update,
            Update::Status {
                status: CloudStatus::Failing { .. },
                ..
            }
        )
    };
    screen
        .until("the error", |screen| screen.told.iter().any(failing))
        .await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert_eq!(screen.outcome(id).await.as_str(), "done");
    screen
        .until("the next listing", |screen| {
            *screen.status(0) == CloudStatus::Ok
        })
        .await;
}
