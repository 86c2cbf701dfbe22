use std::sync::Arc;
use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::{CloudStatus, Update};
use vmdeck::model::ActionKind::PowerOff;
use vmdeck::model::TaskState;

use crate::fake_cloud::{FakeCloud, Twist};
use crate::screen::{Screen, setup};

/// Lists once and ends in good order, so that the inventory is kept.
async fn keep(dir: &Arc<tempfile::TempDir>, cloud: &Arc<FakeCloud>) {
    let mut screen = Screen::start_in(dir.clone(), &[cloud]);
    screen.listed().await;
    screen.fleet.ask(vmdeck::fleet::Ask::VmTasks(cloud.key(0)));
    screen.during(Duration::from_secs(1)).await;
    screen.fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_kept_inventory_is_shown_with_its_age_and_then_replaced() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let cloud = FakeCloud::new("prod", 5);
    cloud.add_task(0, "RESET", TaskState::FinishedUnsuccessfully);
    let before = jiff::Timestamp::now();
    keep(&dir, &cloud).await;
    let after = jiff::Timestamp::now();

    cloud.state().vms.remove("00004");
    cloud.twist("connect", Twist::Slow(Duration::from_secs(20)));
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.len(), 5);
    assert_eq!(screen.inventory.warning_count(), 1, "warnings are kept");
    let view = &screen.inventory.clouds()[0];
    assert!(view.is_stale());
    assert!(view.as_of.is_some_and(|at| at >= before && at <= after));
    assert_eq!(view.unread, 5);
    screen.listed().await;
    assert_eq!(screen.inventory.len(), 4);
    let told = screen.told.iter().filter_map(|update| match update {
        Update::Vms { changed, gone, .. } => Some((changed.len(), gone.len())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [(5, 0), (0, 1)],
        "what did not change is not told again"
    );
    assert!(!screen.inventory.clouds()[0].is_stale());
}

#[tokio::test(start_paused = true)]
async fn the_kept_inventory_of_another_account_is_never_shown() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let cloud = FakeCloud::new("prod", 5);
    keep(&dir, &cloud).await;
    cloud.always("connect", Twist::Hang);
    let changes: [fn(&mut vmdeck::fleet::Setup); 3] = [
        |setup| setup.clouds[0].account = Some("bob".to_owned()),
        |setup| setup.clouds[0].account = None,
        |setup| setup.clouds[0].info.url = "https://elsewhere/api".to_owned(),
    ];
    for change in changes {
        let mut setup = setup(dir.path(), &[&cloud]);
        change(&mut setup);
        let mut screen = Screen::with(dir.clone(), setup);
        screen.during(Duration::from_secs(10)).await;
        assert_eq!(screen.inventory.len(), 0);
        assert!(screen.troubles().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_turn_out_to_be_another_users_go_at_the_sign_in() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let cloud = FakeCloud::new("prod", 5);
    keep(&dir, &cloud).await;
    cloud.state().user = "other";
    cloud.state().vms.clear();
    cloud.twist("connect", Twist::Slow(Duration::from_secs(5)));
    cloud.always("list", Twist::Hang);
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.len(), 5);
    screen.during(Duration::from_secs(10)).await;
    assert_eq!(screen.inventory.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kept_inventory_that_is_broken_is_said_and_replaced() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let file = dir.path().join("cache/inventory-prod.json");
    std::fs::create_dir(dir.path().join("cache")).unwrap();
    std::fs::write(&file, "{\"format\":1,\"secret\"").unwrap();
    let cloud = FakeCloud::new("prod", 5);
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(1)).await;
    let troubles = screen.troubles();
    assert_eq!(troubles.len(), 1);
    assert!(
        troubles[0].starts_with("The kept inventory "),
        "{troubles:?}"
    );
    assert!(!troubles[0].contains("secret"));
    screen.fleet.stop().await;
    assert!(std::fs::read_to_string(&file).unwrap().contains("vm-4"));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_for_its_owner_alone_and_not_kept_at_every_listing() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let cloud = FakeCloud::new("prod", 5);
    let mut screen = Screen::start_in(dir.clone(), &[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(1)).await;
    let meta = || {
        dir.path()
            .join("cache/inventory-prod.json")
            .metadata()
            .unwrap()
    };
    assert_eq!(meta().permissions().mode() & 0o777, 0o600);
    let first = meta().ino();
    cloud.change(1, |vm| vm.cpu = Some(8));
    screen.during(Duration::from_secs(30)).await;
    assert_eq!(meta().ino(), first);
    screen.during(Duration::from_secs(60)).await;
    assert_ne!(meta().ino(), first);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_cloud_that_nobody_is_signed_in_to_cannot_be_acted_on_and_says_why() {
    for (error, why) in [
        (
            Error::NoAnswer("cut".into()),
            "Nobody is signed in to the cloud: it does not answer",
        ),
        (
            Error::SignIn("wrong password".into()),
            "Nobody is signed in to the cloud: the sign-in failed",
        ),
    ] {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let cloud = FakeCloud::new("prod", 5);
        keep(&dir, &cloud).await;
        cloud.twist(
            "connect",
            Twist::SlowFail(Duration::from_secs(5), error.clone()),
        );
        cloud.always("connect", Twist::Fail(error));
        let mut screen = Screen::start_in(dir, &[&cloud]);
        screen.during(Duration::from_secs(1)).await;
        let denial = |screen: &Screen| {
            let answer = screen.inventory.availability(&cloud.key(1), PowerOff);
            answer.unwrap().denial().unwrap().to_string()
        };
        assert_eq!(
            denial(&screen),
            "The cloud has not answered the sign-in yet"
        );
        screen
            .until("the failure", |screen| {
                matches!(screen.status(0), CloudStatus::Failing { .. })
            })
            .await;
        assert_eq!(denial(&screen), why);
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_reach_its_cloud_stops_in_good_time() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.always("list", Twist::Hang);
    cloud.always("close", Twist::Hang);
    cloud.always("target", Twist::Fail(Error::NoAnswer("cut".into())));
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    let start = tokio::time::Instant::now();
    screen.fleet.stop().await;
    assert!(
        start.elapsed() <= Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
    let ended = async { while screen.updates.recv().await.is_some() {} };
    ended.await;
}
