use std::time::Duration;

use jiff::Timestamp;
use vmdeck::fleet::{Ask, CloudStatus, Update};
use vmdeck::model::{PowerState, Severity};

use crate::fake_cloud::{FakeCloud, Twist, protection};
use crate::screen::{REFRESH, Screen};

#[tokio::test(start_paused = true)]
async fn pages_are_shown_as_they_arrive() {
    let cloud = FakeCloud::new("prod", 5);
    cloud.twist("page", Twist::Slow(Duration::from_secs(5)));
    cloud.twist("page", Twist::Hang);
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(screen.inventory.len(), 2);
    let listing = |read| CloudStatus::Listing {
        read,
        total: Some(5),
    };
    assert_eq!(*screen.status(0), listing(2));
    screen.during(Duration::from_secs(10)).await;
    assert_eq!(screen.inventory.len(), 4);
    assert_eq!(*screen.status(0), listing(4));
}

#[tokio::test(start_paused = true)]
async fn a_second_listing_tells_only_what_differs() {
    let cloud = FakeCloud::new("prod", 5);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.told.clear();
    cloud.change(3, |vm| vm.power = PowerState::Off);
    screen.during(REFRESH * 2).await;
    let changed: Vec<_> = screen
        .told
        .iter()
        .filter_map(|update| match update {
            Update::Vms { changed, gone, .. } => Some((changed.len(), gone.len())),
            _ => None,
        })
        .collect();
    assert_eq!(changed, [(1, 0)]);
    assert_eq!(
        screen.inventory.find(&cloud.key(3)).unwrap().power,
        PowerState::Off
    );
}

#[tokio::test(start_paused = true)]
async fn a_vm_is_gone_only_after_a_whole_listing() {
    let cloud = FakeCloud::new("prod", 5);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.state().vms.remove("00004");
    cloud.twist(
        "page",
        Twist::Fail(vmdeck::clouds::Error::NoAnswer("cut".into())),
    );
    screen
        .until("the failure", |screen| {
            matches!(screen.status(0), CloudStatus::Failing { .. })
        })
        .await;
    assert_eq!(
        screen.inventory.len(),
        5,
        "a broken listing removes nothing"
    );
    screen
        .until("the next listing", |screen| {
            *screen.status(0) == CloudStatus::Ok
        })
        .await;
    assert!(screen.inventory.find(&cloud.key(4)).is_none());
    assert_eq!(screen.inventory.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_slow_listing_is_repeated_no_sooner_than_ten_times_its_duration() {
    let cloud = FakeCloud::new("prod", 1);
    cloud.always("list", Twist::Slow(Duration::from_secs(3)));
    let mut screen = Screen::start(&[&cloud]);
    screen.during(Duration::from_secs(120)).await;
    let starts: Vec<_> = cloud.calls("list").iter().map(|call| call.at).collect();
    assert!(starts.len() >= 3, "{starts:?}");
    for pair in starts.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(33), "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wanted_listing_comes_at_once_unless_one_runs() {
    let cloud = FakeCloud::new("prod", 1);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.fleet.ask(Ask::Refresh(None));
    screen.during(Duration::from_millis(10)).await;
    assert_eq!(cloud.calls("list").len(), 2);
    cloud.twist("list", Twist::Slow(Duration::from_millis(50)));
    screen.fleet.ask(Ask::Refresh(Some(cloud.name.clone())));
    screen.during(Duration::from_millis(10)).await;
    screen.fleet.ask(Ask::Refresh(None));
    screen.during(Duration::from_secs(5)).await;
    assert_eq!(
        cloud.calls("list").len(),
        3,
        "who asks while one runs has that one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_vm_read_during_a_listing_is_not_overwritten_by_an_older_page() {
    let cloud = FakeCloud::new("prod", 4);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    // The second page is made now and arrives late; meanwhile vm-3 is protected.
    cloud.twist("page", Twist::Slow(Duration::from_secs(60)));
    screen.fleet.ask(Ask::Refresh(None));
    screen.during(Duration::from_secs(1)).await;
    let reason = || "kernel update".to_owned();
    let id = screen.act(
        cloud.key(3),
        vmdeck::model::Action::Protect { reason: reason() },
    );
    screen.outcome(id).await;
    let protected = |screen: &Screen| {
        screen
            .inventory
            .find(&cloud.key(3))
            .unwrap()
            .protection
            .is_some()
    };
    assert!(protected(&screen));
    cloud.change(3, |vm| vm.protection = None);
    screen.during(Duration::from_secs(62)).await;
    assert!(
        protected(&screen),
        "the page belongs to a listing that began before"
    );
}

#[tokio::test(start_paused = true)]
async fn questions_of_the_screen_do_not_wait_behind_a_listing() {
    let cloud = FakeCloud::new("prod", 4);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.always("list", Twist::Hang);
    screen.during(REFRESH * 2).await;
    screen.fleet.ask(Ask::Raw(cloud.key(1)));
    screen.fleet.ask(Ask::Raw(cloud.key(1)));
    screen.fleet.ask(Ask::VmTasks(cloud.key(2)));
    screen.during(Duration::from_millis(10)).await;
    let raw: Vec<_> = screen
        .told
        .iter()
        .filter_map(|update| match update {
            Update::Raw { document, .. } => Some(document.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        raw,
        [Ok("{\"id\": \"00001\"}".to_owned())],
        "asked twice, answered once"
    );
    assert_eq!(cloud.calls("vm_tasks").last().unwrap().about, "00002");
}

#[tokio::test(start_paused = true)]
async fn a_raw_document_that_cannot_be_read_says_why() {
    let cloud = FakeCloud::new("prod", 1);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist(
        "raw",
        Twist::Fail(vmdeck::clouds::Error::Forbidden("no".into())),
    );
    screen.fleet.ask(Ask::Raw(cloud.key(0)));
    screen.during(Duration::from_millis(10)).await;
    let said = screen.told.iter().find_map(|update| match update {
        Update::Raw { document, .. } => document.clone().err(),
        _ => None,
    });
    assert_eq!(
        said.unwrap(),
        "Reading of vm-0 on prod failed: not permitted: no; ask its administrator for the privilege"
    );
}

#[tokio::test(start_paused = true)]
async fn who_protected_a_vm_comes_from_events_also_when_they_come_later() {
    let cloud = FakeCloud::new("prod", 3);
    cloud.change(1, |vm| vm.protection = Some(protection("audit")));
    let since = Timestamp::from_second(1_700_000_000).unwrap();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let by = |screen: &Screen| {
        let vm = screen.inventory.find(&cloud.key(1)).unwrap().clone();
        vm.protection
            .as_ref()
            .and_then(|protection| Some((protection.by.clone()?.to_string(), protection.since?)))
    };
    assert_eq!(by(&screen), None);
    cloud.add_event("1", 1, Severity::Info, "PROTECT", "ada", since);
    screen.during(REFRESH * 2).await;
    assert_eq!(by(&screen), Some(("ada".to_owned(), since)));
    screen.during(REFRESH * 3).await;
    assert_eq!(
        by(&screen),
        Some(("ada".to_owned(), since)),
        "later listings do not lose it"
    );
    let events = screen
        .told
        .iter()
        .filter(|update| matches!(update, Update::Events { .. }));
    assert_eq!(events.count(), 1, "an event is told once");
}

#[tokio::test(start_paused = true)]
async fn an_old_protection_event_names_nobody_after_a_release() {
    let cloud = FakeCloud::new("prod", 2);
    cloud.change(1, |vm| vm.protection = Some(protection("audit")));
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    cloud.add_event("1", 1, Severity::Info, "PROTECT", "ada", at(0));
    cloud.add_event("2", 1, Severity::Info, "UNPROTECT", "ada", at(60));
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(REFRESH * 3).await;
    let vm = screen.inventory.find(&cloud.key(1)).unwrap();
    assert_eq!(vm.protection.as_ref().unwrap().by, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_screen_loses_nothing_and_delays_no_command() {
    let cloud = FakeCloud::new("prod", 300);
    cloud.state().page = 1;
    let mut screen = Screen::start(&[&cloud]);
    // Nobody takes updates: the channel fills and reading waits.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(cloud.calls("page").len() < 300);
    screen.act(cloud.key(0), vmdeck::model::Action::PowerOff);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(cloud.calls("perform").len(), 1);
    assert!(
        crate::screen::journaled(&screen.journal(), &cloud.key(0)).contains(&"sent".to_owned())
    );
    screen.listed().await;
    assert_eq!(screen.inventory.len(), 300);
}
