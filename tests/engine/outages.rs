use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::{Ask, CloudStatus};

use crate::fake_cloud::{FakeCloud, Twist};
use crate::screen::{REFRESH, Screen};

fn down() -> Error {
    Error::Unreachable {
        host: "prod:443".into(),
        why: "connection refused".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_cloud_delays_no_other_and_a_hanging_one_neither() {
    let (dead, hanging, good) = (
        FakeCloud::new("dead", 3),
        FakeCloud::new("hanging", 3),
        FakeCloud::new("good", 3),
    );
    dead.always("connect", Twist::Fail(down()));
    hanging.always("connect", Twist::Hang);
    let mut screen = Screen::start(&[&dead, &hanging, &good]);
    screen.during(Duration::from_millis(10)).await;
    assert_eq!(screen.inventory.len(), 3);
    assert_eq!(*screen.status(2), CloudStatus::Ok);
    assert_eq!(*screen.status(1), CloudStatus::Connecting);
    let CloudStatus::Failing { error, sign_in, .. } = screen.status(0) else {
        panic!("{:?}", screen.status(0));
    };
    assert_eq!(
        error,
        "Listing dead failed: cannot connect to prod:443: connection refused; check the network and the url in the configuration"
    );
    assert!(!sign_in);
}

#[tokio::test(start_paused = true)]
async fn a_failing_cloud_is_asked_less_and_less_often_up_to_two_minutes() {
    let cloud = FakeCloud::new("prod", 1);
    cloud.always("connect", Twist::Fail(down()));
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(1200)).await;
    let at: Vec<_> = cloud.calls("connect").iter().map(|call| call.at).collect();
    let waits: Vec<_> = at
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    assert!(waits[0] >= 1.0 && waits[0] <= 2.1, "{waits:?}");
    assert!(waits[4] >= 16.0 && waits[4] <= 32.1, "{waits:?}");
    assert!(
        waits
            .iter()
            .skip(7)
            .all(|wait| (60.0..=120.1).contains(wait)),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_gets_it() {
    let cloud = FakeCloud::new("prod", 1);
    cloud.twist(
        "list",
        Twist::Fail(Error::Unavailable {
            status: 503,
            message: "maintenance".into(),
            retry_after: Some(Duration::from_secs(200)),
        }),
    );
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let at: Vec<_> = cloud.calls("list").iter().map(|call| call.at).collect();
    assert!(at[1] - at[0] >= Duration::from_secs(200));
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_tried_once_in_five_minutes_or_when_a_person_asks() {
    let cloud = FakeCloud::new("prod", 1);
    cloud.always(
        "connect",
        Twist::Fail(Error::SignIn("wrong password".into())),
    );
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(299)).await;
    assert_eq!(cloud.calls("connect").len(), 1);
    let CloudStatus::Failing {
        error,
        sign_in,
        retry_at,
    } = screen.status(0)
    else {
        panic!("{:?}", screen.status(0));
    };
    assert!(*sign_in && retry_at.is_some());
    assert_eq!(
        error,
        "Signing in to prod failed: sign-in refused: wrong password; check the credentials in the configuration"
    );
    screen.during(Duration::from_secs(600)).await;
    assert!(cloud.calls("connect").len() <= 3);
    let before = cloud.calls("connect").len();
    cloud.behave("connect");
    screen.fleet.ask(Ask::Refresh(None));
    screen.listed().await;
    assert_eq!(cloud.calls("connect").len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_renewed_once_and_the_listing_goes_on() {
    let cloud = FakeCloud::new("prod", 3);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(60)).await;
    cloud.twist("list", Twist::Fail(Error::SignIn("expired".into())));
    screen.during(REFRESH * 2).await;
    assert_eq!(cloud.calls("connect").len(), 2);
    assert_eq!(*screen.status(0), CloudStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_rejected_as_soon_as_it_is_opened_is_not_opened_over_and_over() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.always("list", Twist::Fail(Error::SignIn("no cookie".into())));
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(3600)).await;
    assert!(matches!(
        screen.status(0),
        CloudStatus::Failing { sign_in: true, .. }
    ));
    assert!(
        cloud.calls("connect").len() <= 14,
        "{}",
        cloud.calls("connect").len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_its_clouds_error_and_the_lane_begins_again() {
    let (broken, good) = (FakeCloud::new("broken", 3), FakeCloud::new("good", 3));
    broken.twist("list", Twist::Panic);
    let mut screen = Screen::start(&[&broken, &good]);
    screen.during(Duration::from_millis(100)).await;
    let CloudStatus::Failing { error, .. } = screen.status(0) else {
        panic!("{:?}", screen.status(0));
    };
    assert!(error.contains("the client of broken is broken"), "{error}");
    assert_eq!(*screen.status(1), CloudStatus::Ok);
    screen.listed().await;
    assert_eq!(screen.inventory.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_side_question_that_fails_is_said_once_and_leaves_the_listing_good() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.always(
        "events",
        Twist::Fail(Error::Forbidden("no privilege".into())),
    );
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(REFRESH * 5).await;
    assert_eq!(*screen.status(0), CloudStatus::Ok);
    assert_eq!(
        screen.troubles(),
        [
            "Reading the events of prod failed: not permitted: no privilege; ask its administrator for the privilege"
        ]
    );
}
