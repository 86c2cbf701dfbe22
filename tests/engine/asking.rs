//! What the screen asks of a cloud beside the lists.

use std::time::Duration;

use vmdeck::clouds::{Error, EventQuery};
use vmdeck::fleet::{Ask, Update};
use vmdeck::model::{CloudName, Severity, TaskState};

use crate::fake_cloud::{FakeCloud, Twist, WHOLE, tenant};
use crate::screen::Screen;

async fn told<T>(screen: &mut Screen, ask: Ask, pick: impl Fn(&Update) -> Option<T>) -> T {
    let before = screen.told.len();
    screen.fleet.ask(ask);
    screen
        .until("the answer", |screen| {
            screen.told[before..]
                .iter()
                .any(|update| pick(update).is_some())
        })
        .await;
    screen.told[before..].iter().find_map(pick).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_question_has_its_answer_or_a_sentence() {
    let cloud = FakeCloud::of("prod", 3, &WHOLE, true);
    cloud.state().projects = vec![tenant("7")];
    cloud
        .state()
        .others
        .insert("9".to_owned(), Default::default());
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let (name, vm) = (CloudName::new("prod"), cloud.key(1));

    let remote = |reveal| Ask::Remote {
        vm: vm.clone(),
        reveal,
    };
    let access = |update: &Update| match update {
        Update::Remote { access, .. } => Some(access.clone()),
        _ => None,
    };
    let plain = told(&mut screen, remote(false), access).await.unwrap();
    assert_eq!(plain.address().as_deref(), Some("vnc://10.0.0.5:5901"));
    assert_eq!(plain.password, None, "nobody asked to see it");
    let shown = told(&mut screen, remote(true), access).await.unwrap();
    assert_eq!(
        shown.password.as_ref().map(|it| it.expose()),
        Some("hunter2")
    );
    assert!(!format!("{:?}", screen.told).contains("hunter2"));
    cloud.twist("remote", Twist::Fail(Error::Forbidden("no".into())));
    assert_eq!(
        told(&mut screen, remote(false), access).await.unwrap_err(),
        "Reading the remote access of vm-1 on prod failed: not permitted: no; ask its administrator for the privilege"
    );

    let series = told(
        &mut screen,
        Ask::Metrics(vm.clone()),
        |update| match update {
            Update::Metrics { series, .. } => Some(series.clone()),
            _ => None,
        },
    );
    assert_eq!(&*series.await.unwrap()[0].name, "cpu_load");

    let tenants = told(
        &mut screen,
        Ask::Tenants(name.clone()),
        |update| match update {
            Update::Tenants { tenants, .. } => Some(tenants.clone()),
            _ => None,
        },
    );
    assert_eq!(tenants.await, Ok(vec![tenant("9")]));

    let projects = |update: &Update| match update {
        Update::Projects { projects, .. } => Some(projects.clone()),
        _ => None,
    };
    let ask = Ask::Projects(name.clone());
    assert_eq!(
        told(&mut screen, ask.clone(), projects).await,
        Ok(vec![tenant("7")])
    );
    assert_eq!(
        screen.inventory.cloud(&name).unwrap().projects,
        Some(Ok(vec![tenant("7")]))
    );
    cloud.twist("projects", Twist::Fail(Error::NoAnswer("time-out".into())));
    assert_eq!(
        told(&mut screen, ask, projects).await.unwrap_err(),
        "Reading the projects of prod failed: no answer: time-out; check whether the cloud is up"
    );
}

#[tokio::test(start_paused = true)]
async fn other_events_are_read_as_they_are_asked_for_and_join_no_list() {
    let cloud = FakeCloud::of("prod", 3, &WHOLE, true);
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    cloud.add_event("old", 1, Severity::Info, "DEPLOY", "operator", at(100));
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let before = screen.inventory.events().len();
    let query = EventQuery {
        user: Some("OPERA".to_owned()),
        until: Some(at(200)),
        limit: 10,
        ..EventQuery::default()
    };
    let asked = query.clone();
    let events = told(
        &mut screen,
        Ask::Events(CloudName::new("prod"), query),
        move |update| match update {
            Update::EventPage { query, events, .. } if *query == asked => Some(events.clone()),
            _ => None,
        },
    );
    assert_eq!(events.await.unwrap().len(), 1);
    assert_eq!(screen.inventory.events().len(), before);
}

#[tokio::test(start_paused = true)]
async fn held_tasks_are_told_from_the_first_question_on() {
    let cloud = FakeCloud::of("prod", 3, &WHOLE, true);
    cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(60)).await;
    assert!(cloud.calls("held_tasks").is_empty(), "nobody asked");
    let held = |update: &Update| match update {
        Update::Held { tasks, .. } => Some(tasks.clone()),
        _ => None,
    };
    let tasks = told(&mut screen, Ask::Held(None), held).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].progress(), "Waiting to be reviewed");
    cloud.add_task(2, "UNDEPLOY", TaskState::Queueing);
    screen.during(Duration::from_secs(30)).await;
    let view = screen.inventory.cloud(&cloud.name).unwrap();
    assert_eq!(view.held.as_ref().unwrap().as_ref().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_row_of_a_vm_whose_task_is_held_says_that_it_waits() {
    let cloud = FakeCloud::of("prod", 2, &WHOLE, true);
    cloud.add_task(1, "DEPLOY", TaskState::Queueing);
    cloud.change(1, |vm| {
        crate::fake_cloud::set_power(vm, vmdeck::model::PowerState::Locked);
    });
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(5)).await;
    let row = screen.inventory.overview_of(&cloud.key(1)).unwrap();
    assert_eq!(row.task.unwrap().progress(), "Waiting to be reviewed");
}
