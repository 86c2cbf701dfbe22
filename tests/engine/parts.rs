//! A cloud in parts of which one fails, VMs that change by themselves, and questions about one VM.

use std::time::Duration;

use tokio::time::Instant;
use vmdeck::clouds::Error;
use vmdeck::fleet::{Ask, CloudStatus, OneShot, Stage, Update};
use vmdeck::model::{Action, Host, PowerState};

use crate::fake_cloud::{FakeCloud, Twist, set_power};
use crate::screen::{REFRESH, Screen, setup};

fn down() -> Twist {
    Twist::Fail(Error::Unavailable {
        status: 503,
        message: "region two is down".into(),
        retry_after: None,
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_an_error_is_told_and_nothing_else_is_gone() {
    let cloud = FakeCloud::new("prod", 6);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("page", down());
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    cloud.state().vms.remove("00004");
    screen.during(REFRESH * 2).await;
    assert!(matches!(screen.status(0), CloudStatus::Failing { .. }));
    assert_eq!(screen.inventory.len(), 6);
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::Off
    );
    cloud.behave("page");
    screen.during(Duration::from_secs(600)).await;
    assert_eq!(screen.inventory.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn of_a_cloud_in_parts_the_good_ones_are_read_on_and_only_theirs_are_gone() {
    let cloud = FakeCloud::plain("lab", 6);
    for n in [0, 1] {
        cloud.change(n, |vm| vm.location = Some("one".into()));
    }
    cloud.state().read_whole = vec!["one".to_owned()];
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("page", down());
    let before = cloud.calls("list").len();
    cloud.state().vms.remove("00001");
    cloud.state().vms.remove("00005");
    screen.during(Duration::from_secs(300)).await;
    let CloudStatus::Failing { error, sign_in, .. } = screen.status(0) else {
        panic!("{:?}", screen.status(0));
    };
    assert!(error.contains("region two is down") && !sign_in, "{error}");
    assert!(
        screen.inventory.find(&cloud.key(1)).is_none(),
        "gone from a part that was read"
    );
    assert!(
        screen.inventory.find(&cloud.key(5)).is_some(),
        "its part was not read"
    );
    assert!(
        cloud.calls("list").len() - before >= 25,
        "read as often as ever"
    );
    let id = screen.act(cloud.key(0), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_first_listing_in_part_is_usable_and_told_as_a_failure() {
    let cloud = FakeCloud::plain("lab", 6);
    cloud.change(0, |vm| vm.location = Some("one".into()));
    cloud.state().read_whole = vec!["one".to_owned()];
    cloud.always("page", down());
    let dir = tempfile::tempdir().unwrap();
    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    let failures = engine.list(Instant::now() + Duration::from_secs(30)).await;
    assert_eq!(failures.len(), 1);
    assert_eq!(engine.inventory().len(), 2);
    engine.stop().await;

    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(120)).await;
    assert_eq!(screen.inventory.len(), 2);
    let listing = |update: &&Update| {
        matches!(
            update,
            Update::Status {
                status: CloudStatus::Listing { .. },
                ..
            }
        )
    };
    let after = screen.told.iter().skip_while(|update| {
        !matches!(
            update,
            Update::Status {
                status: CloudStatus::Failing { .. },
                ..
            }
        )
    });
    assert_eq!(after.filter(listing).count(), 0, "its error stands still");
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_its_cloud_says_is_changing_is_read_again_before_the_next_listing() {
    let cloud = FakeCloud::plain("lab", 3);
    cloud.change(1, |vm| {
        vm.power = PowerState::Locked;
        vm.native_state = "Migrating".into();
    });
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("list", Twist::Hang);
    screen.during(Duration::from_secs(61)).await;
    let reads = cloud.calls("target");
    assert!(reads.iter().all(|call| call.about == "00001"));
    assert!((11..=13).contains(&reads.len()), "{}", reads.len());
    cloud.change(1, |vm| set_power(vm, PowerState::On));
    screen.during(Duration::from_secs(6)).await;
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::On
    );
    let reads = cloud.calls("target").len();
    screen.during(Duration::from_secs(600)).await;
    assert_eq!(cloud.calls("target").len(), reads, "it changes no more");
}

#[tokio::test(start_paused = true)]
async fn one_that_never_stops_changing_is_left_to_the_listings_after_a_while() {
    let cloud = FakeCloud::plain("lab", 3);
    cloud.change(1, |vm| {
        vm.power = PowerState::Locked;
        vm.native_state = "Migrating".into();
    });
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(600)).await;
    let reads = cloud.calls("target").len();
    assert!((110..=125).contains(&reads), "{reads}");
    screen.during(Duration::from_secs(600)).await;
    assert_eq!(cloud.calls("target").len(), reads);
}

#[tokio::test(start_paused = true)]
async fn what_was_done_without_a_task_is_looked_at_for_a_while() {
    let cloud = FakeCloud::plain("lab", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("list", Twist::Hang);
    let id = screen.act(cloud.key(1), Action::PowerOff);
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    cloud.change(1, |vm| set_power(vm, PowerState::Off));
    screen.during(Duration::from_secs(6)).await;
    assert_eq!(
        screen.inventory.find(&cloud.key(1)).unwrap().power,
        PowerState::Off
    );
    screen.during(Duration::from_secs(60)).await;
    let reads = cloud.calls("target").len();
    assert!((10..=16).contains(&reads), "{reads}");
    screen.during(Duration::from_secs(600)).await;
    assert_eq!(cloud.calls("target").len(), reads);
}

fn host() -> Host {
    Host {
        id: "h-2".into(),
        name: "kvm-02".into(),
        cluster: None,
        address: None,
        cpus: Some((4, 32)),
        ram_mib: None,
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_and_the_screen_are_read_when_asked_for() {
    let cloud = FakeCloud::plain("lab", 3);
    cloud.state().hosts = vec![host()];
    let dir = tempfile::tempdir().unwrap();
    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    let soon = || Instant::now() + Duration::from_secs(30);
    engine.list(soon()).await;
    assert_eq!(
        engine.candidates(&cloud.key(1), soon()).await,
        Ok(vec![host()])
    );
    let unknown = engine.candidates(&cloud.key(77), soon()).await.unwrap_err();
    assert!(
        unknown.error.contains("no such VM is known"),
        "{}",
        unknown.error
    );
    cloud.twist("candidates", Twist::Hang);
    let slow = engine.candidates(&cloud.key(1), soon()).await.unwrap_err();
    assert!(
        slow.error.contains("within the time limit"),
        "{}",
        slow.error
    );
    engine.stop().await;

    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("remote", Twist::Fail(Error::Forbidden("no".into())));
    screen.fleet.ask(Ask::Candidates(cloud.key(1)));
    screen.fleet.ask(Ask::Remote {
        vm: cloud.key(1),
        reveal: false,
    });
    screen.during(Duration::from_secs(1)).await;
    let hosts = screen.told.iter().find_map(|update| match update {
        Update::Candidates { vm, hosts } => Some((vm.clone(), hosts.clone())),
        _ => None,
    });
    assert_eq!(hosts, Some((cloud.key(1), Ok(vec![host()]))));
    let console = screen.told.iter().find_map(|update| match update {
        Update::Remote { access, .. } => Some(access.clone()),
        _ => None,
    });
    assert_eq!(
        console.unwrap().unwrap_err(),
        "Reading the remote access of vm-1 on lab failed: not permitted: no; ask its administrator for the privilege"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_wants_few_listings_is_listed_seldom_and_when_asked_every_few_seconds() {
    let cloud = FakeCloud::plain("lab", 3);
    cloud.state().least_interval = Duration::from_secs(30);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(300)).await;
    let lists = cloud.calls("list").len();
    assert!((9..=11).contains(&lists), "{lists}");
    for _ in 0..20 {
        screen.fleet.ask(Ask::Refresh(None));
        screen.during(Duration::from_secs(1)).await;
    }
    let asked = cloud.calls("list").len() - lists;
    assert!((3..=5).contains(&asked), "{asked}");
}
