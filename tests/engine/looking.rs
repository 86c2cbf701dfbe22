//! Looking at a cloud as another tenant: nothing of one is taken for the other's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vmdeck::fleet::{Ask, Stage, Update};
use vmdeck::model::{Action, Group, PowerState, Severity, TaskState, Vm};

use crate::fake_cloud::{FakeCloud, Twist, WHOLE, tenant, vm};
use crate::screen::Screen;

/// A cloud with three VMs of one's own and two of another tenant's.
fn cloud() -> Arc<FakeCloud> {
    let cloud = FakeCloud::of("prod", 3, &WHOLE, true);
    let theirs: BTreeMap<String, Vm> = [10, 11]
        .map(|n| (format!("{n:05}"), vm(&cloud.name, n, PowerState::On)))
        .into();
    cloud.state().others.insert("9".to_owned(), theirs);
    cloud
}

fn look_at(screen: &Screen, cloud: &FakeCloud, at: Option<Group>) {
    screen.fleet.ask(Ask::LookAt(cloud.name.clone(), at));
}

async fn until_listed(screen: &mut Screen, vms: usize) {
    screen
        .until("the other listing", |screen| {
            screen.inventory.clouds()[0].listed && screen.inventory.len() == vms
        })
        .await;
    screen.during(Duration::from_secs(1)).await;
}

fn names(screen: &Screen) -> Vec<String> {
    let slots = screen.inventory.slots();
    let mut names: Vec<_> = slots
        .filter_map(|slot| screen.inventory.vm(slot))
        .map(|vm| vm.name.to_string())
        .collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn another_tenant_clears_what_was_known_and_is_listed_at_once() {
    let cloud = cloud();
    let task = cloud.add_task(1, "DEPLOY", TaskState::FinishedUnsuccessfully);
    let now = jiff::Timestamp::now();
    cloud.add_event("mine", 1, Severity::Error, "DEPLOY", "SYSTEM", now);
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(5)).await;
    assert!(screen.inventory.task(&task.key).is_some());
    cloud.state().events.clear();
    look_at(&screen, &cloud, Some(tenant("9")));
    until_listed(&mut screen, 2).await;
    assert_eq!(names(&screen), ["vm-10", "vm-11"]);
    let view = &screen.inventory.clouds()[0];
    assert_eq!(view.tenant, Some(tenant("9")));
    assert_eq!(screen.inventory.task(&task.key), None);
    assert!(screen.inventory.events().is_empty());

    cloud.add_event("mine", 1, Severity::Error, "DEPLOY", "SYSTEM", now);
    look_at(&screen, &cloud, None);
    until_listed(&mut screen, 3).await;
    assert_eq!(names(&screen), ["vm-0", "vm-1", "vm-2"]);
    assert_eq!(screen.inventory.clouds()[0].tenant, None);
    assert_eq!(screen.inventory.events().len(), 1, "told again");
}

#[tokio::test(start_paused = true)]
async fn answers_about_the_former_tenant_are_dropped() {
    let cloud = cloud();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    // A listing, a question and the reading of a VM are on their way.
    cloud.twist("page", Twist::Slow(Duration::from_secs(20)));
    cloud.twist("projects", Twist::Slow(Duration::from_secs(20)));
    cloud.twist("raw", Twist::Hang);
    screen.fleet.ask(Ask::Refresh(None));
    screen.fleet.ask(Ask::Projects(cloud.name.clone()));
    screen.during(Duration::from_secs(1)).await;
    let before = screen.told.len();
    cloud.state().projects = vec![tenant("7")];
    look_at(&screen, &cloud, Some(tenant("9")));
    screen.during(Duration::from_secs(1)).await;
    assert_eq!(
        names(&screen),
        ["vm-10", "vm-11"],
        "the old listing holds up nothing"
    );
    screen.during(Duration::from_secs(60)).await;
    assert_eq!(names(&screen), ["vm-10", "vm-11"]);
    let told = &screen.told[before..];
    let at = told
        .iter()
        .position(|update| matches!(update, Update::LooksAt { .. }))
        .unwrap();
    let projects = told.iter().filter_map(|update| match update {
        Update::Projects { projects, .. } => Some(projects.clone()),
        _ => None,
    });
    assert_eq!(
        projects.collect::<Vec<_>>(),
        [Ok(vec![tenant("7")])],
        "asked anew"
    );
    let own = |update: &Update| match update {
        Update::Vms { changed, .. } => changed.iter().any(|vm| &*vm.name == "vm-0"),
        _ => false,
    };
    assert!(!told[at..].iter().any(own));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_goes_on_and_shows_none_of_the_former_tenant() {
    let cloud = cloud();
    cloud.state().polls = 10;
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.act(cloud.key(1), Action::PowerOff);
    screen
        .until("the task", |screen| screen.words(id).contains(&"accepted"))
        .await;
    look_at(&screen, &cloud, Some(tenant("9")));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    screen.during(Duration::from_secs(30)).await;
    assert_eq!(names(&screen), ["vm-10", "vm-11"]);
    assert!(screen.inventory.tasks().next().is_none());
    assert_eq!(cloud.calls("perform").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_kept_inventory_stays_the_own_tenants() {
    let cloud = cloud();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    look_at(&screen, &cloud, Some(tenant("9")));
    until_listed(&mut screen, 2).await;
    screen.during(Duration::from_secs(300)).await;
    let Screen { fleet, dir, .. } = screen;
    fleet.stop().await;

    // Not even the last listing of the own tenant is replaced; the next run shows it first.
    cloud.look_at_own();
    cloud.always("connect", Twist::Hang);
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.during(Duration::from_secs(5)).await;
    assert_eq!(names(&screen), ["vm-0", "vm-1", "vm-2"]);

    // And it is shown as nobody else's.
    look_at(&screen, &cloud, Some(tenant("9")));
    screen.during(Duration::from_secs(5)).await;
    assert!(names(&screen).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_asked_of_another_tenant_waits_until_it_is_looked_at() {
    let cloud = cloud();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    look_at(&screen, &cloud, Some(tenant("9")));
    until_listed(&mut screen, 2).await;
    cloud.twist("perform", Twist::DoAndHang);
    let theirs = vmdeck::model::VmKey::new(&cloud.name, "00010");
    let id = screen.act(theirs, Action::DELETE);
    screen
        .until("sending", |screen| screen.words(id).contains(&"sent"))
        .await;
    screen.during(Duration::from_secs(1)).await;
    let dir = screen.dir.clone();
    drop(screen);
    tokio::time::sleep(Duration::from_secs(1)).await;

    cloud.look_at_own();
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen.listed().await;
    screen.during(Duration::from_secs(60)).await;
    assert_eq!(
        screen.reports().count(),
        0,
        "that the own listing does not have it proves nothing"
    );
    look_at(&screen, &cloud, Some(tenant("9")));
    screen
        .until("the outcome", |screen| {
            screen.reports().any(|report| report.stage.is_final())
        })
        .await;
    let report = screen.reports().last().unwrap();
    assert!(matches!(report.stage, Stage::Done { .. }), "{report:?}");
    assert_eq!(cloud.calls("perform").len(), 1);
}
