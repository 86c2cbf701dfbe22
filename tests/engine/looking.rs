//! Looking at a cloud as another tenant: nothing of one is taken for the other's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vmdeck::clouds::Error;
use vmdeck::fleet::{Ask, Command, Stage, Update};
use vmdeck::model::{Action, Group, PowerState, Severity, TaskState, VappAction, Vm};

use crate::fake_cloud::{FakeCloud, Twist, WHOLE, set_power, tenant, vapp, vm};
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
    for line in screen.journal() {
        assert!(line["tenant"].is_null(), "it was asked of the own: {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_is_not_sent_when_another_tenant_is_looked_at() {
    let refused = |stage: &Stage| {
        let message = stage.message().unwrap_or_default();
        assert!(
            message.contains("another tenant is looked at since it was asked"),
            "{stage:?}"
        );
    };
    // The VM is being read for the action.
    let cloud = cloud();
    cloud.state().vapps = vec![vapp(&cloud.name, "1", "shop")];
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    cloud.twist("target", Twist::Slow(Duration::from_secs(5)));
    let acting = screen.act(cloud.key(1), Action::PowerOff);
    // And the appliance.
    cloud.twist("vapp", Twist::Slow(Duration::from_secs(5)));
    let whole = screen.fleet.submit(Command::ActOnVapp {
        vapp: cloud.state().vapps[0].key(),
        action: VappAction::Edit {
            name: "other".into(),
            restricted: false,
        },
        vms: Vec::new(),
    });
    screen
        .until("both being read", |_| {
            !cloud.calls("target").is_empty() && !cloud.calls("vapp").is_empty()
        })
        .await;
    // What makes one waits behind them.
    let making = screen.fleet.submit(Command::CreateVapp {
        cloud: cloud.name.clone(),
        project: "7".into(),
        name: "new".into(),
        restricted: false,
    });
    screen.during(Duration::from_secs(1)).await;
    look_at(&screen, &cloud, Some(tenant("9")));
    for id in [acting, whole, making] {
        refused(&screen.outcome(id).await);
    }
    for call in ["perform", "perform_on_vapp", "create_vapp"] {
        assert!(cloud.calls(call).is_empty(), "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_to_an_appliance_is_shown_to_its_own_tenant_alone() {
    let cloud = cloud();
    cloud.state().vapps = vec![vapp(&cloud.name, "1", "shop")];
    for n in 0..3 {
        cloud.change(n, |vm| set_power(vm, PowerState::NotAllocated));
    }
    cloud.state().broken = vec!["00001".to_owned()];
    cloud.state().polls = 20;
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let id = screen.fleet.submit(Command::ActOnVapp {
        vapp: cloud.state().vapps[0].key(),
        action: VappAction::Deploy { force: false },
        vms: (0..3).map(|n| cloud.key(n)).collect(),
    });
    screen
        .until("the task", |screen| screen.words(id).contains(&"accepted"))
        .await;
    let shown = |screen: &Screen| {
        let mut tasks = screen.inventory.tasks();
        tasks.any(|task| task.subject.as_deref() == Some("shop"))
    };
    screen.during(Duration::from_millis(10)).await;
    assert!(shown(&screen));
    look_at(&screen, &cloud, Some(tenant("9")));
    screen.during(Duration::from_millis(500)).await;
    assert!(!shown(&screen), "neither while it goes on");
    let outcome = screen.outcome(id).await;
    assert!(outcome.is_final());
    screen.during(Duration::from_secs(60)).await;
    assert!(!shown(&screen), "nor after its end");
    look_at(&screen, &cloud, None);
    screen.during(Duration::from_secs(60)).await;
    assert!(shown(&screen));
}

#[tokio::test(start_paused = true)]
async fn a_moved_vm_that_another_tenants_listing_does_not_have_is_not_gone() {
    let cloud = cloud();
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    let silence = Error::NoAnswer("time-out after 30 s".into());
    cloud.twist("perform", Twist::DoAndFail(silence));
    let id = screen.act(cloud.key(1), Action::Move { vapp: "2".into() });
    screen
        .until("sending", |screen| screen.words(id).contains(&"sent"))
        .await;
    // Where it was it is not found any more.
    cloud.always("target", Twist::Fail(Error::NotFound("gone".into())));
    look_at(&screen, &cloud, Some(tenant("9")));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn without_the_privilege_no_other_tenant_is_looked_at() {
    let cloud = cloud();
    cloud.state().privileges = vec!["PERFORM"];
    let mut screen = Screen::start(&[&cloud]);
    screen.listed().await;
    look_at(&screen, &cloud, Some(tenant("9")));
    screen.fleet.ask(Ask::Tenants(cloud.name.clone()));
    screen.during(Duration::from_secs(20)).await;
    assert_eq!(names(&screen), ["vm-0", "vm-1", "vm-2"]);
    let troubles = screen.told.iter().filter_map(|update| match update {
        Update::Trouble { message, .. } => Some(message.as_str()),
        _ => None,
    });
    assert_eq!(
        troubles.collect::<Vec<_>>(),
        ["Looking at prod as tenant 9 refused: your role lacks TENANTS"]
    );
    let told = screen.told.iter().find_map(|update| match update {
        Update::Tenants { tenants, .. } => Some(tenants.clone()),
        _ => None,
    });
    assert!(matches!(told, Some(Err(why)) if why.contains("lacks TENANTS")));
    assert!(cloud.calls("tenants").is_empty());
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
