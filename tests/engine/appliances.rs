//! Actions on whole appliances: one command, many VMs, one task made of theirs.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use vmdeck::clouds::Error;
use vmdeck::fleet::oneshot::Wait;
use vmdeck::fleet::{Command, CommandId, OneShot, Stage};
use vmdeck::model::{Action, JobState, PowerState, Task, TaskState, VappAction, VappKey, VmKey};

use crate::fake_cloud::{FakeCloud, Twist, WHOLE, protection, set_power, vapp};
use crate::screen::{Screen, setup};

const DEPLOY: VappAction = VappAction::Deploy { force: false };
const UNDEPLOY: VappAction = VappAction::Undeploy { force: false };

/// A cloud with one appliance of so many VMs, none of them on a host.
fn undeployed(vms: usize) -> Arc<FakeCloud> {
    let cloud = FakeCloud::of("prod", vms, &WHOLE, true);
    for n in 0..vms {
        cloud.change(n, |vm| set_power(vm, PowerState::NotAllocated));
    }
    cloud.state().vapps = vec![vapp(&cloud.name, "1", "shop")];
    cloud
}

fn deployed(vms: usize) -> Arc<FakeCloud> {
    let cloud = FakeCloud::of("prod", vms, &WHOLE, true);
    cloud.state().vapps = vec![vapp(&cloud.name, "1", "shop")];
    cloud
}

fn shop(cloud: &FakeCloud) -> VappKey {
    VappKey {
        cloud: cloud.name.clone(),
        id: "1".into(),
    }
}

fn on_shop(cloud: &FakeCloud, action: VappAction, vms: &[usize]) -> Command {
    Command::ActOnVapp {
        vapp: shop(cloud),
        action,
        vms: vms.iter().map(|n| cloud.key(*n)).collect(),
    }
}

async fn listed(cloud: &Arc<FakeCloud>) -> Screen {
    let mut screen = Screen::start(&[cloud]);
    screen.listed().await;
    screen
}

fn group(screen: &Screen) -> Task {
    let made = screen.inventory.tasks().find(|task| task.subject.is_some());
    made.expect("a task is made of them").clone()
}

fn jobs(task: &Task) -> Vec<String> {
    let jobs = task.jobs.iter();
    jobs.map(|job| job.description.as_deref().unwrap_or_default().to_owned())
        .collect()
}

fn power(screen: &Screen, vm: &VmKey) -> PowerState {
    screen.inventory.find(vm).expect("it is listed").power
}

fn performed(cloud: &FakeCloud) -> Vec<String> {
    let calls = cloud.calls("perform_on_vapp").into_iter();
    calls.map(|call| call.about).collect()
}

async fn until_accepted(screen: &mut Screen, id: CommandId) {
    screen
        .until("the task", |screen| screen.words(id).contains(&"accepted"))
        .await;
}

fn message(stage: &Stage) -> String {
    stage.message().expect("it says why").to_owned()
}

fn silence() -> Error {
    Error::NoAnswer("time-out after 30 s".into())
}

#[tokio::test(start_paused = true)]
async fn the_vms_of_an_appliance_are_followed_side_by_side_and_shown_as_one_task() {
    let cloud = undeployed(3);
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    until_accepted(&mut screen, id).await;
    screen.during(Duration::from_millis(10)).await;
    let running = group(&screen);
    assert!(running.key.id.starts_with("vmdeck-"), "{}", running.key);
    assert_eq!(
        (
            running.kind.as_str(),
            running.subject.as_deref(),
            &running.vm
        ),
        ("DEPLOY", Some("shop"), &None)
    );
    assert!(running.watched_here && running.is_running());
    assert_eq!(
        jobs(&running),
        ["vm-0: Deploying", "vm-1: Deploying", "vm-2: Deploying"]
    );
    let row = screen.inventory.overview_of(&cloud.key(1)).unwrap();
    assert_eq!(row.task.unwrap().progress(), "Deploying", "the row moves");
    assert!(row.pending.is_some(), "and nothing else is asked for it");
    let outcome = screen.outcome(id).await;
    assert_eq!(
        outcome,
        Stage::Done {
            task: Some(running.key.clone())
        }
    );
    assert_eq!(screen.words(id), ["asked", "sent", "accepted", "done"]);
    let ended = group(&screen);
    assert_eq!(ended.state, TaskState::FinishedSuccessfully);
    assert!(ended.jobs.iter().all(|job| job.state == JobState::Done));
    assert_eq!(performed(&cloud), ["deploy 1 00000 00001 00002"]);
    for n in 0..3 {
        assert_eq!(power(&screen, &cloud.key(n)), PowerState::On);
    }
    let row = screen.inventory.overview_of(&cloud.key(1)).unwrap();
    assert!(row.pending.is_none());
}

#[tokio::test(start_paused = true)]
async fn one_of_three_that_fails_is_named_and_the_task_warns_until_it_is_acknowledged() {
    let cloud = undeployed(3);
    cloud.state().broken = vec!["00001".to_owned()];
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Failed { .. }), "{outcome:?}");
    assert_eq!(
        message(&outcome),
        "Deploy of appliance shop on prod failed: 1 of 3 VMs (vm-1: job DEPLOY failed and was rolled back); \
         look at the VMs, then acknowledge the task"
    );
    let warning = group(&screen);
    assert!(warning.is_warning());
    assert_eq!(
        warning.failed_job().unwrap().id.split('.').next_back(),
        Some("2")
    );
    assert_eq!(power(&screen, &cloud.key(2)), PowerState::On);

    // Another run warns of it as well, until somebody acknowledges it.
    let mut other = Screen::start_in(screen.dir.clone(), &[&cloud]);
    other.listed().await;
    other.during(Duration::from_secs(1)).await;
    assert!(group(&other).is_warning());
    let id = other.fleet.submit(Command::Acknowledge {
        task: warning.key.clone(),
        vm: None,
    });
    let outcome = other.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    assert!(!group(&other).is_warning());
    assert!(
        cloud.calls("acknowledge").is_empty(),
        "the cloud knows nothing of it"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_cloud_asks_first_is_told_and_never_forced_by_itself() {
    let cloud = deployed(2);
    cloud.state().asks_first = vec!["00001".to_owned()];
    let mut screen = listed(&cloud).await;
    let command = on_shop(&cloud, UNDEPLOY, &[0, 1]);
    let id = screen.fleet.submit(command.clone());
    let outcome = screen.outcome(id).await;
    assert_eq!(outcome.as_str(), "needs_force");
    assert_eq!(
        message(&outcome),
        "Undeploy of appliance shop on prod was not done: the cloud asks first: The virtual machine is imported and would be lost \
         (VM-44); ask again with force if that may be"
    );
    screen.during(Duration::from_secs(60)).await;
    assert_eq!(performed(&cloud).len(), 1);
    let last = screen.journal().pop().unwrap();
    assert_eq!(
        (&last["stage"], &last["last"]),
        (&"needs_force".into(), &true.into())
    );

    let id = screen.fleet.submit(command.forced().unwrap());
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    assert_eq!(power(&screen, &cloud.key(1)), PowerState::NotAllocated);
    assert_eq!(screen.journal()[3]["args"]["force"], true);
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_the_cloud_asks_about_is_forced_when_the_person_says_so() {
    let cloud = deployed(2);
    cloud.state().asks_first = vec!["00001".to_owned()];
    let mut screen = listed(&cloud).await;
    let undeploy = Action::Undeploy { force: false };
    let id = screen.act(cloud.key(1), undeploy.clone());
    let outcome = screen.outcome(id).await;
    assert_eq!(outcome.as_str(), "needs_force");
    assert!(message(&outcome).contains("imported and would be lost (VM-44)"));
    assert_eq!(cloud.calls("perform").len(), 1);
    let id = screen.act(cloud.key(1), undeploy.forced().unwrap());
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    // Who is asked again although it was forced is refused: there is nothing more to force.
    cloud.twist("perform", Twist::Fail(crate::fake_cloud::asks_first()));
    cloud.change(0, |vm| set_power(vm, PowerState::On));
    let id = screen.act(cloud.key(0), Action::Undeploy { force: true });
    assert_eq!(screen.outcome(id).await.as_str(), "refused");
}

#[tokio::test(start_paused = true)]
async fn vms_that_are_refused_one_by_one_count_among_the_failed() {
    let cloud = deployed(3);
    cloud.state().asks_first = vec!["00002".to_owned()];
    cloud.state().one_by_one = true;
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1, 2]));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Failed { .. }), "{outcome:?}");
    assert!(
        message(&outcome).contains("1 of 3 VMs (vm-2: the cloud asks first"),
        "{outcome:?}"
    );
    assert_eq!(power(&screen, &cloud.key(0)), PowerState::NotAllocated);

    // Where all of them are, nothing was done.
    let cloud = deployed(2);
    cloud.state().asks_first = vec!["00000".to_owned(), "00001".to_owned()];
    cloud.state().one_by_one = true;
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1]));
    assert_eq!(screen.outcome(id).await.as_str(), "needs_force");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_settled_by_reading_the_vms_and_never_sent_again() {
    let cloud = undeployed(3);
    let mut screen = listed(&cloud).await;
    cloud.twist("perform_on_vapp", Twist::DoAndFail(silence()));
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    assert_eq!(performed(&cloud).len(), 1);
    assert_eq!(power(&screen, &cloud.key(2)), PowerState::On);

    // What left no trace is unknown.
    let cloud = undeployed(2);
    let mut screen = listed(&cloud).await;
    cloud.twist("perform_on_vapp", Twist::Fail(silence()));
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1]));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
    assert!(message(&outcome).contains("2 of 2 VMs (vm-0, vm-1; vm-0: no answer"));
    screen.during(Duration::from_secs(600)).await;
    assert_eq!(performed(&cloud).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_tasks_is_watched_until_the_vms_are_there() {
    let cloud = undeployed(2);
    cloud.state().no_links = true;
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1]));
    until_accepted(&mut screen, id).await;
    screen.during(Duration::from_secs(90)).await;
    assert_eq!(
        screen.words(id),
        ["asked", "sent", "accepted"],
        "they are locked"
    );
    cloud.change(0, |vm| set_power(vm, PowerState::On));
    cloud.change(1, |vm| set_power(vm, PowerState::NotAllocated));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Failed { .. }), "{outcome:?}");
    assert!(
        message(&outcome).contains("1 of 2 VMs (vm-1: it is not allocated)"),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn another_vm_than_those_that_were_shown_is_not_touched() {
    let cloud = undeployed(3);
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 2]));
    let outcome = screen.outcome(id).await;
    assert_eq!(
        message(&outcome),
        "Deploy of appliance shop on prod refused: it would touch vm-1 as well now; ask again"
    );
    // One that needs nothing any more is left out.
    cloud.change(0, |vm| set_power(vm, PowerState::On));
    screen.during(Duration::from_secs(15)).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(performed(&cloud), ["deploy 1 00001 00002"]);
}

#[tokio::test(start_paused = true)]
async fn the_vms_of_an_appliance_are_read_before_anything_is_done_to_it() {
    // No listing has told of what somebody else does.
    let cloud = deployed(3);
    let mut screen = listed(&cloud).await;
    cloud.change(1, |vm| vm.protection = Some(protection("audit")));
    let id = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1, 2]));
    assert_eq!(
        message(&screen.outcome(id).await),
        "Undeploy of appliance shop on prod refused: vm-1: it was protected meanwhile: audit; ask again"
    );
    assert!(performed(&cloud).is_empty());
    // Who has been told may.
    let id = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1, 2]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));

    let cloud = undeployed(3);
    let mut screen = listed(&cloud).await;
    cloud.change(0, |vm| set_power(vm, PowerState::On));
    cloud.state().vms.remove("00002");
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(performed(&cloud), ["deploy 1 00001"]);

    let cloud = undeployed(2);
    cloud.state().privileges = vec!["PERFORM"];
    let mut screen = listed(&cloud).await;
    cloud.change(1, |vm| vm.protection = Some(protection("audit")));
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1]));
    let refused = message(&screen.outcome(id).await);
    assert!(refused.contains("vm-1 is protected"), "{refused}");
    assert!(refused.ends_with("your role lacks PROTECT"), "{refused}");

    // A VM that cannot be read leaves it undone.
    let cloud = undeployed(2);
    let mut screen = listed(&cloud).await;
    cloud.always("target", Twist::Fail(silence()));
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1]));
    let refused = screen.outcome(id).await;
    assert!(message(&refused).contains("was not sent: no answer"));
    assert!(performed(&cloud).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_vm_moves_only_where_it_may() {
    let cloud = deployed(1);
    let mut locked = vapp(&cloud.name, "2", "vault");
    locked.restricted = true;
    let mut far = vapp(&cloud.name, "3", "far");
    far.project = Some(crate::fake_cloud::tenant("elsewhere"));
    cloud.state().vapps.extend([locked, far]);
    cloud.change(0, |vm| {
        vm.project = Some(crate::fake_cloud::tenant("here"));
    });
    let mut screen = listed(&cloud).await;
    for (to, why) in [
        ("1", "it stands in shop already"),
        ("2", "vault is restricted; your role lacks RESTRICTED"),
        (
            "3",
            "far is of another project; moving there is not available: the request for it is not documented",
        ),
    ] {
        let id = screen.act(cloud.key(0), Action::Move { vapp: to.into() });
        let outcome = screen.outcome(id).await;
        let refused = format!("Move of vm-0 on prod refused: {why}");
        assert_eq!(outcome.as_str(), "refused");
        assert_eq!(message(&outcome), refused);
    }
    assert!(cloud.calls("perform").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_appliance_and_its_vms_do_not_overtake_each_other() {
    let cloud = deployed(2);
    let mut screen = listed(&cloud).await;
    let first = screen.act(cloud.key(1), Action::PowerOff);
    let whole = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1]));
    let refused = screen.outcome(whole).await;
    assert!(
        message(&refused).contains("something was asked for vm-1 and is not decided"),
        "{refused:?}"
    );
    assert!(matches!(screen.outcome(first).await, Stage::Done { .. }));
    assert!(performed(&cloud).is_empty());

    let whole = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1]));
    let twice = screen.fleet.submit(on_shop(&cloud, UNDEPLOY, &[0, 1]));
    let behind = screen.act(cloud.key(0), Action::Deploy { force: false });
    assert_eq!(screen.outcome(twice).await.as_str(), "refused");
    assert!(matches!(screen.outcome(behind).await, Stage::Done { .. }));
    let words = screen.words(whole);
    assert_eq!(words.last(), Some(&"done"), "it came first");
    assert_eq!(power(&screen, &cloud.key(0)), PowerState::On);
    assert_eq!(performed(&cloud).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_meanwhile_leaves_the_group_to_the_next() {
    let cloud = undeployed(3);
    cloud.state().broken = vec!["00001".to_owned()];
    cloud.state().polls = 1_000;
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1, 2]));
    until_accepted(&mut screen, id).await;
    screen.during(Duration::from_secs(10)).await;
    let key = group(&screen).key;
    let dir: Arc<TempDir> = screen.dir.clone();
    let Screen { fleet, .. } = screen;
    fleet.stop().await;

    cloud.state().polls = 1;
    // The journal alone says which tasks they are.
    cloud.always("vm_tasks", Twist::Fail(Error::Forbidden("no".into())));
    let mut screen = Screen::start_in(dir, &[&cloud]);
    screen
        .until("the outcome", |screen| {
            screen.reports().any(|report| report.stage.is_final())
        })
        .await;
    let report = screen.reports().last().unwrap().clone();
    assert!(
        message(&report.stage).starts_with(
            "Deploy of appliance shop on prod, asked for in an earlier run, failed: 1 of 3 VMs (vm-1: job DEPLOY failed"
        ),
        "{report:?}"
    );
    assert_eq!(report.stage.task(), Some(&key), "under the same name");
    assert_eq!(performed(&cloud).len(), 1);
    let lines = screen.journal();
    let accepted = lines
        .iter()
        .find(|line| line["stage"] == "accepted")
        .unwrap();
    assert_eq!(accepted["vapp"], "1");
    assert_eq!(
        accepted["group"]["parts"][2]["way"]["task"]["locator"],
        "/tasks/task-3"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_before_the_answer_is_settled_by_the_next() {
    let cloud = undeployed(2);
    let mut screen = listed(&cloud).await;
    cloud.twist("perform_on_vapp", Twist::DoAndHang);
    let id = screen.fleet.submit(on_shop(&cloud, DEPLOY, &[0, 1]));
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
    assert_eq!(performed(&cloud).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_appliance_is_renamed_and_removed_and_the_list_says_so() {
    let cloud = undeployed(1);
    let mut screen = listed(&cloud).await;
    let edit = |name: &str, restricted| VappAction::Edit {
        name: name.to_owned(),
        restricted,
    };
    let id = screen
        .fleet
        .submit(on_shop(&cloud, edit("shop-2", false), &[]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    let name = |screen: &Screen| {
        let vapps = screen.inventory.vapps(&cloud.name);
        vapps
            .iter()
            .filter_map(|vapp| vapp.listed())
            .map(|vapp| vapp.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(name(&screen), ["shop-2"], "told at once");
    let id = screen
        .fleet
        .submit(on_shop(&cloud, edit("shop-2", true), &[]));
    assert!(message(&screen.outcome(id).await).contains("your role lacks RESTRICTED"));
    let id = screen.fleet.submit(on_shop(&cloud, edit(" ", false), &[]));
    assert!(message(&screen.outcome(id).await).contains("needs a name"));
    assert_eq!(performed(&cloud).len(), 1);

    // Lost answers: the name tells, and the list.
    cloud.twist("perform_on_vapp", Twist::DoAndFail(silence()));
    let id = screen
        .fleet
        .submit(on_shop(&cloud, edit("shop-3", false), &[]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    cloud.twist("perform_on_vapp", Twist::Fail(silence()));
    let id = screen
        .fleet
        .submit(on_shop(&cloud, edit("shop-4", false), &[]));
    assert!(matches!(screen.outcome(id).await, Stage::Unknown { .. }));
    cloud.twist("perform_on_vapp", Twist::DoAndFail(silence()));
    let id = screen
        .fleet
        .submit(on_shop(&cloud, VappAction::Delete, &[0]));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert!(name(&screen).is_empty());
    assert_eq!(performed(&cloud).len(), 4);
}

fn new_shop(cloud: &FakeCloud) -> Command {
    Command::CreateVapp {
        cloud: cloud.name.clone(),
        project: "7".into(),
        name: "till".to_owned(),
        restricted: false,
    }
}

fn with_project() -> Arc<FakeCloud> {
    let cloud = deployed(1);
    cloud.state().projects = vec![crate::fake_cloud::tenant("7")];
    cloud
}

#[tokio::test(start_paused = true)]
async fn an_appliance_is_made_once_whatever_becomes_of_the_answer() {
    let cloud = with_project();
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(new_shop(&cloud));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    assert_eq!(screen.inventory.vapps(&cloud.name).len(), 2, "told at once");

    let cloud = with_project();
    let mut screen = listed(&cloud).await;
    cloud.twist("create_vapp", Twist::DoAndFail(silence()));
    let id = screen.fleet.submit(new_shop(&cloud));
    assert!(matches!(screen.outcome(id).await, Stage::Done { .. }));
    // The one that is there already is no proof of another one.
    cloud.twist("create_vapp", Twist::Fail(silence()));
    let id = screen.fleet.submit(new_shop(&cloud));
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Unknown { .. }), "{outcome:?}");
    assert_eq!(cloud.calls("create_vapp").len(), 2);

    let cloud = with_project();
    cloud.state().privileges = Vec::new();
    let mut screen = listed(&cloud).await;
    let id = screen.fleet.submit(new_shop(&cloud));
    assert_eq!(
        message(&screen.outcome(id).await),
        "Creation of appliance till on prod refused: your role lacks PERFORM"
    );
    assert!(cloud.calls("create_vapp").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_making_that_a_run_left_without_an_answer_is_found_by_the_next() {
    let cloud = with_project();
    let mut screen = listed(&cloud).await;
    cloud.twist("create_vapp", Twist::DoAndHang);
    let id = screen.fleet.submit(new_shop(&cloud));
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
    assert_eq!(cloud.calls("create_vapp").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_command_can_wait_until_all_is_taken_only() {
    let cloud = undeployed(2);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = OneShot::open(setup(dir.path(), &[&cloud]));
    let soon = || Instant::now() + Duration::from_secs(60);
    assert!(engine.list(soon()).await.is_empty());
    let command = on_shop(&cloud, DEPLOY, &[0, 1]);
    let reports = engine
        .run(vec![command], Wait::UntilAccepted, soon(), |_| {})
        .await;
    assert_eq!(reports[0].stage.as_str(), "accepted");
    assert_eq!(&*reports[0].vm_name, "shop");
    assert!(cloud.calls("task").is_empty(), "nobody follows it");
    engine.stop().await;
    let last = crate::screen::journal(dir.path()).pop().unwrap();
    assert_eq!(
        (&last["stage"], &last["last"]),
        (&"accepted".into(), &true.into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_vm_whose_task_goes_with_it_is_deleted() {
    let cloud = deployed(2);
    let mut screen = listed(&cloud).await;
    let id = screen.act(cloud.key(1), Action::DELETE);
    screen
        .until("the task", |screen| screen.words(id).contains(&"accepted"))
        .await;
    cloud.state().vms.remove("00001");
    cloud.state().tasks.remove("00001");
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    assert!(screen.inventory.find(&cloud.key(1)).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_moved_is_found_where_it_is_now() {
    let cloud = deployed(2);
    let other = vapp(&cloud.name, "2", "till");
    cloud.state().vapps.push(other);
    let mut screen = listed(&cloud).await;
    // Its old place leads nowhere any more.
    let gone = || Twist::Fail(Error::NotFound("no such VM in appliance 1".into()));
    let to = Action::Move { vapp: "2".into() };
    cloud.on_perform({
        let cloud = Arc::downgrade(&cloud);
        move |_| cloud.upgrade().unwrap().always("target", gone())
    });
    let id = screen.act(cloud.key(1), to.clone());
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    let vm = screen
        .inventory
        .find(&cloud.key(1))
        .expect("it is not gone");
    assert_eq!(&*vm.vapp.as_ref().unwrap().id, "2");

    cloud.behave("target");
    cloud.twist("perform", Twist::DoAndFail(silence()));
    let id = screen.act(cloud.key(0), to);
    let outcome = screen.outcome(id).await;
    assert!(matches!(outcome, Stage::Done { .. }), "{outcome:?}");
    assert!(screen.inventory.find(&cloud.key(0)).is_some());
    assert_eq!(cloud.calls("perform").len(), 2);
}
