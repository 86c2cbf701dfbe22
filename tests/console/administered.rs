//! A scene whose clouds have all that administrators of appliances ask for, and what keys do there.

use std::sync::Arc;

use proptest::prelude::*;
use vmdeck::console::app::Focus;
use vmdeck::console::keymap::ViewKind;
use vmdeck::console::layers::Layer;
use vmdeck::console::message::{Effect, Message};
use vmdeck::fleet::{Ask, Command, CommandId, CommandReport, Stage, Update};
use vmdeck::model::PowerState::*;
use vmdeck::model::*;

use crate::scene::{CAPABILITIES, Deck, info, key_event, noon, session, task, updates, vm};

const DEPLOY: &[&str] = &["VAPP_DEPLOY_UNDEPLOY"];
const MANAGE: &[&str] = &["VDC_MANAGE_VAPP"];
const ANY: &[PowerState] = &[NotAllocated, Configured, On, Paused, Off, Unknown];
const POWER: &[&str] = &["VAPP_PERFORM_ACTIONS"];
const PROTECT: &[&str] = &["VM_PROTECT_ACTION"];

/// The rules of a cloud like Abiquo with all that its API has, written for these tests.
static ADMINISTERED: Capabilities = ADMINISTERED_RULES;

const ADMINISTERED_RULES: Capabilities = Capabilities {
    rules: &[
        ActionRule::new(ActionKind::PowerOn, &[Off, Configured], POWER),
        ActionRule::new(ActionKind::Shutdown, &[On], POWER),
        ActionRule::new(ActionKind::PowerOff, &[On], POWER),
        ActionRule::new(ActionKind::Pause, &[On], POWER),
        ActionRule::new(ActionKind::Resume, &[Paused], POWER),
        ActionRule::new(ActionKind::Reset, &[On], POWER),
        ActionRule::new(ActionKind::Protect, &[On, Paused, Off], PROTECT),
        ActionRule::new(ActionKind::Unprotect, &[On, Paused, Off, Unknown], PROTECT),
        ActionRule::new(ActionKind::Deploy, &[NotAllocated], DEPLOY),
        ActionRule::new(ActionKind::Undeploy, &[On, Paused, Off, Unknown], DEPLOY),
        ActionRule::new(ActionKind::Snapshot, &[Off], &[]),
        ActionRule::new(ActionKind::Delete, ANY, MANAGE),
        ActionRule::new(ActionKind::Relocate, &[On, Paused, Off], &[]),
        ActionRule::new(ActionKind::Move, ANY, &[]),
        ActionRule::new(ActionKind::Restrict, ANY, &["VM_RESTRICT"]),
    ],
    vapp_rules: &[
        VappRule {
            action: VappActionKind::Deploy,
            from: &[VappState::Undeployed, VappState::PartiallyDeployed],
            privileges: DEPLOY,
        },
        VappRule {
            action: VappActionKind::Undeploy,
            from: &[VappState::Deployed, VappState::PartiallyDeployed],
            privileges: DEPLOY,
        },
        VappRule {
            action: VappActionKind::Edit,
            from: &[
                VappState::Empty,
                VappState::Deployed,
                VappState::Undeployed,
                VappState::PartiallyDeployed,
            ],
            privileges: MANAGE,
        },
        VappRule {
            action: VappActionKind::Delete,
            from: &[VappState::Undeployed, VappState::Empty],
            privileges: MANAGE,
        },
    ],
    create_vapp: Some(MANAGE),
    workflow: Some("WORKFLOW_OVERRIDE"),
    acknowledge_others: Some("USERS_MANAGE_USERS"),
    ..CAPABILITIES
};

pub const PRIVILEGES: [&str; 8] = [
    "VAPP_PERFORM_ACTIONS",
    "VM_PROTECT_ACTION",
    "VAPP_RESTRICTED_MANAGE",
    "VAPP_DEPLOY_UNDEPLOY",
    "VDC_MANAGE_VAPP",
    "VM_RESTRICT",
    "WORKFLOW_OVERRIDE",
    "USERS_MANAGE_USERS",
];

pub fn cloud(name: &str) -> CloudName {
    CloudName::new(name)
}

pub fn prod(id: &str) -> VmKey {
    VmKey::new(&cloud("prod"), id)
}

fn vapp_key(id: &str) -> VappKey {
    VappKey {
        cloud: cloud("prod"),
        id: id.into(),
    }
}

/// Who signs in, with these privileges.
pub fn signed_in(name: &str, privileges: &[&str]) -> Update {
    Update::SignedIn {
        cloud: cloud(name),
        session: Arc::new(Session {
            privileges: privileges.iter().copied().collect(),
            ..(*session()).clone()
        }),
    }
}

fn told(vms: Vec<Vm>) -> Update {
    Update::Vms {
        cloud: vms[0].key.cloud.clone(),
        changed: vms.into_iter().map(Arc::new).collect(),
        gone: Vec::new(),
        as_of: noon(),
    }
}

fn held_task(vm: &Vm, id: &str, kind: &str, user: &str, age: i64) -> Task {
    let jobs = [("SCHEDULE", JobState::Pending, JobState::Unknown)];
    Task {
        user: Some(user.into()),
        ..task(vm, id, kind, TaskState::Queueing, &jobs, age)
    }
}

/// The scene with all of it.
pub fn administered(width: u16, height: u16) -> Deck {
    let mut clouds = vec![info("prod", Some("production")), info("lab", None)];
    for cloud in &mut clouds {
        cloud.capabilities = &ADMINISTERED;
    }
    let mut deck = Deck::empty(width, height, false, clouds);
    deck.tell(updates());
    let mut taken = vm("prod", "14", "legacy-erp", Off, "intranet");
    taken.imported = true;
    deck.tell([
        signed_in("prod", &PRIVILEGES),
        signed_in("lab", &PRIVILEGES),
        told(vec![
            vm("prod", "15", "web-07", NotAllocated, "shop-front"),
            taken,
        ]),
    ]);
    deck.effects.clear();
    deck
}

/// What waits on the clouds.
pub fn held() -> Vec<Update> {
    let batch08 = vm("lab", "108", "batch-08", Locked, "nightly");
    let cache = vm("prod", "8", "cache-01", Locked, "shop-front");
    let web06 = vm("prod", "6", "web-06", Locked, "shop-front");
    vec![
        told(vec![cache.clone(), web06.clone()]),
        Update::Held {
            cloud: cloud("prod"),
            tasks: Ok(vec![
                held_task(&cache, "h-1", "UNDEPLOY", "Ada Admin", 90),
                held_task(&web06, "h-2", "DEPLOY", "Pat Rivers", 7_300),
            ]),
        },
        Update::Held {
            cloud: cloud("lab"),
            tasks: Ok(vec![held_task(
                &batch08,
                "t-3",
                "DEPLOY",
                "cloudadmin",
                600,
            )]),
        },
    ]
}

pub fn select(deck: &mut Deck, name: &str) {
    deck.press("/").typing(name).press("enter");
    deck.effects.clear();
}

/// Puts the cursor of the tree on an appliance of prod.
pub fn select_vapp(deck: &mut Deck, name: &str) {
    deck.press("2 / esc /").typing(name).press("enter g j j");
    deck.effects.clear();
}

fn act(vm: VmKey, action: Action) -> Effect {
    Effect::Submit(Command::Act {
        vm,
        action,
        confirmed: Confirmed::Unprotected,
    })
}

/// The report of an action on a VM.
pub fn report(id: u64, vm: &str, name: &str, action: Action, stage: Stage) -> Update {
    Update::Command(CommandReport {
        id: CommandId(id),
        command: Command::Act {
            vm: prod(vm),
            action,
            confirmed: Confirmed::Unprotected,
        },
        vm_name: name.into(),
        at: noon(),
        stage,
    })
}

pub fn needs_force(words: &str) -> Stage {
    Stage::NeedsForce {
        message: format!("It was not done: {words}"),
        asks: words.to_owned(),
    }
}

pub const SOFT_LIMIT: &str = "the soft limit of 40 virtual cores is exceeded (SOFT_LIMIT_EXCEEDED)";

fn submitted(deck: &Deck) -> Vec<Command> {
    let commands = deck.effects.iter().filter_map(|effect| match effect {
        Effect::Submit(command) => Some(command.clone()),
        _ => None,
    });
    commands.collect()
}

fn notices(deck: &Deck) -> String {
    let texts = deck.app.notices.log().iter().map(|notice| &*notice.text);
    texts.collect::<Vec<_>>().join("\n")
}

fn deck() -> Deck {
    administered(120, 36)
}

// ---- VMs ----

#[test]
fn a_vm_is_deployed_from_its_menu_and_by_no_letter_outside() {
    let mut deck = deck();
    select(&mut deck, "web-06");
    deck.press("d u v x n");
    assert!(deck.effects.is_empty() && deck.app.layers.is_empty());
    deck.press("m d");
    assert_eq!(
        deck.effects,
        [act(prod("6"), Action::Deploy { force: false })]
    );
    assert!(deck.app.layers.is_empty());
}

#[test]
fn undeploying_asks_and_in_production_wants_the_name() {
    let mut deck = deck();
    select(&mut deck, "old-wiki");
    deck.press("m u").typing("old-wiki").press("enter");
    assert_eq!(
        deck.effects,
        [act(prod("7"), Action::Undeploy { force: false })]
    );
}

#[test]
fn a_copy_needs_a_name_and_keeps_what_was_typed() {
    let mut deck = deck();
    select(&mut deck, "old-wiki");
    deck.press("m n enter");
    assert!(deck.effects.is_empty() && deck.screen().contains("A name is needed"));
    deck.typing("before the move").press("esc esc m n");
    assert!(
        deck.screen().contains("Name        before the move"),
        "{}",
        deck.screen()
    );
    deck.press("enter");
    let name = "before the move".to_owned();
    assert_eq!(deck.effects, [act(prod("7"), Action::Snapshot { name })]);
}

#[test]
fn what_was_taken_over_is_released_or_deleted() {
    for (keys, release) in [("enter", true), ("j enter", false)] {
        let mut deck = deck();
        select(&mut deck, "legacy-erp");
        deck.press("m del");
        assert!(matches!(deck.app.layers.last(), Some(Layer::Release(_))));
        deck.press(keys);
        let verb = if release { "Release" } else { "Delete" };
        let title = format!("{verb} legacy-erp on prod PRODUCTION?");
        assert!(deck.screen().contains(&title), "{}", deck.screen());
        deck.typing("legacy-erp").press("enter");
        let force = false;
        let wanted = act(prod("14"), Action::Delete { release, force });
        assert_eq!(deck.effects, [wanted]);
    }
}

#[test]
fn of_several_only_those_taken_over_are_released() {
    let mut deck = deck();
    select(&mut deck, "intranet");
    deck.press("ctrl-a m del");
    assert!(matches!(deck.app.layers.last(), Some(Layer::Release(_))));
    deck.press("enter");
    assert!(
        deck.screen().contains("1 of them are released"),
        "{}",
        deck.screen()
    );
    deck.typing("2").press("enter");
    let released: Vec<_> = submitted(&deck)
        .into_iter()
        .map(|command| match command {
            Command::Act {
                vm,
                action: Action::Delete { release, .. },
                ..
            } => (vm, release),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(released, [(prod("14"), true), (prod("7"), false)]);
}

/// What the open choice shows, by name.
fn choices(deck: &Deck) -> Vec<String> {
    use vmdeck::console::lists::targets::targets;
    let Some(Layer::Targets(choice)) = deck.app.layers.last() else {
        panic!("no choice is open");
    };
    let shown = targets(
        &deck.app.inventory,
        &choice.vms,
        choice.way,
        choice.filter.value(),
    );
    shown.iter().map(|target| target.name.to_string()).collect()
}

#[test]
fn a_vm_is_moved_only_to_where_it_can_stand() {
    let mut deck = deck();
    let busy = vm("prod", "12", "track-3", Locked, "tracking");
    let mut west = vm("prod", "90", "far", On, "far-away");
    west.project = Some(Group {
        id: "west".into(),
        name: "VDC west".into(),
    });
    deck.tell([told(vec![busy, west])]);
    select(&mut deck, "web-01");
    deck.press("m v");
    let all = ["billing", "burst", "edge", "intranet", "shop-db", "spare"];
    assert_eq!(
        choices(&deck),
        all,
        "neither its own, nor a locked one, nor one of another project"
    );
    deck.press("j j j j enter");
    let vapp = "shop-db".to_owned();
    assert_eq!(deck.effects, [act(prod("1"), Action::Move { vapp })]);
}

#[test]
fn who_may_not_manage_restricted_ones_is_not_offered_any() {
    let mut deck = deck();
    let fewer: Vec<_> = PRIVILEGES
        .into_iter()
        .filter(|name| *name != "VAPP_RESTRICTED_MANAGE")
        .collect();
    deck.tell([signed_in("prod", &fewer)]);
    select(&mut deck, "web-01");
    deck.press("m v");
    assert!(!choices(&deck).contains(&"billing".to_owned()));
}

#[test]
fn a_long_choice_is_narrowed_by_typing() {
    let mut deck = deck();
    let vapps = (0..14).map(|n| Vapp {
        cloud: cloud("prod"),
        id: format!("v{n}").into(),
        name: format!("team-{n:02}").into(),
        project: Some(Group {
            id: "east".into(),
            name: "VDC east".into(),
        }),
        tenant: None,
        server_state: Some(VappState::Empty),
        restricted: false,
        locator: "".into(),
    });
    deck.tell([Update::Vapps {
        cloud: cloud("prod"),
        vapps: vapps.collect(),
    }]);
    select(&mut deck, "web-01");
    deck.press("m v down").typing("M-0");
    assert_eq!(choices(&deck).len(), 10);
    deck.typing("7").press("enter");
    let vapp = "v7".to_owned();
    assert_eq!(deck.effects, [act(prod("1"), Action::Move { vapp })]);
}

#[test]
fn a_vm_is_restricted_into_one_that_is_there_or_a_new_one() {
    for (keys, vapp) in [("enter", Some("billing")), ("j enter", None)] {
        let mut deck = deck();
        select(&mut deck, "web-01");
        deck.press("m x");
        assert_eq!(choices(&deck), ["billing", "a new one, made by the cloud"]);
        deck.press(keys);
        let vapp = vapp.map(ToOwned::to_owned);
        assert_eq!(deck.effects, [act(prod("1"), Action::Restrict { vapp })]);
    }
}

#[test]
fn a_choice_has_the_words_of_the_configuration() {
    let mut deck = deck();
    let mut labels = Labels::default();
    for (id, word) in [
        ("action.move", "Rehome"),
        ("action.protect", "Guard"),
        ("vapp.deployed", "Live"),
    ] {
        assert!(labels.set(id, word));
    }
    deck.app.look.labels = std::sync::Arc::new(labels);
    select(&mut deck, "web-01");
    deck.press("m v");
    let screen = deck.screen();
    assert!(
        screen.contains("Rehome web-01 on prod PRODUCTION to") && screen.contains("■ Live"),
        "{screen}"
    );
    assert!(!screen.contains("■ Deployed"), "{screen}");
    deck.press("esc esc p");
    assert!(
        deck.screen().contains("Guard web-01 · prod PRODUCTION"),
        "{}",
        deck.screen()
    );
}

#[test]
fn several_are_moved_to_one_appliance_and_what_stands_there_stays() {
    let mut deck = deck();
    deck.app.marks.toggle(&[prod("1"), prod("2"), prod("9")]);
    deck.press("m v");
    let at = choices(&deck).iter().position(|name| name == "burst");
    for _ in 0..at.unwrap() {
        deck.press("j");
    }
    deck.press("enter");
    let screen = deck.screen();
    assert!(
        screen.contains("Move 2 VMs on prod PRODUCTION?")
            && screen.contains("It stands there already: burst-03"),
        "{screen}"
    );
    deck.press("y");
    let moved: Vec<_> = submitted(&deck)
        .iter()
        .filter_map(|command| command.vm().cloned())
        .collect();
    assert_eq!(moved, [prod("1"), prod("2")]);
}

#[test]
fn marked_ones_are_deployed_from_one_menu() {
    let mut deck = deck();
    deck.app.marks.toggle(&[prod("6"), prod("15"), prod("1")]);
    deck.press("m");
    assert!(deck.screen().contains("2 of 3 VMs"), "{}", deck.screen());
    deck.press("d y");
    let deployed: Vec<_> = submitted(&deck)
        .iter()
        .filter_map(|command| command.vm().cloned())
        .collect();
    assert_eq!(deployed, [prod("6"), prod("15")]);
    assert!(deck.app.marks.is_empty());
}

// ---- What a cloud asks first ----

#[test]
fn what_a_cloud_asks_is_a_question_whose_answer_forces() {
    let mut deck = deck();
    let asked = Action::Deploy { force: false };
    deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
    assert!(deck.screen().contains("soft limit"), "{}", deck.screen());
    deck.press("y");
    assert!(
        deck.effects.is_empty(),
        "a key that was on its way is no answer"
    );
    deck.wait(1).press("y");
    let forced = act(prod("6"), Action::Deploy { force: true });
    assert_eq!(deck.effects, [forced]);
    assert!(deck.app.layers.is_empty());
}

#[test]
fn a_question_never_takes_the_keys_of_a_field() {
    let mut deck = deck();
    select(&mut deck, "web-01");
    deck.press("p").typing("half");
    let asked = Action::Deploy { force: false };
    deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
    deck.typing("y");
    assert!(deck.effects.is_empty());
    assert!(deck.screen().contains("halfy"), "{}", deck.screen());
    assert!(notices(&deck).contains("F opens its question"));
    deck.press("esc");
    assert!(
        deck.screen().contains("F what a cloud asks"),
        "{}",
        deck.screen()
    );
    deck.press("F y");
    let forced = act(prod("6"), Action::Deploy { force: true });
    assert_eq!(deck.effects, [forced]);
}

#[test]
fn what_wants_typing_wants_it_again() {
    let mut deck = deck();
    let asked = Action::Undeploy { force: false };
    let words = "VM-44: its disks are not in the catalogue";
    deck.tell([report(7, "7", "old-wiki", asked, needs_force(words))]);
    deck.wait(1).press("enter");
    assert!(deck.effects.is_empty());
    deck.typing("old-wiki").press("enter");
    let forced = act(prod("7"), Action::Undeploy { force: true });
    assert_eq!(deck.effects, [forced]);
}

#[test]
fn several_questions_of_one_batch_are_one() {
    let mut deck = deck();
    deck.app.marks.toggle(&[prod("6"), prod("15")]);
    deck.press("m d y");
    deck.effects.clear();
    let asked = || Action::Deploy { force: false };
    let words = needs_force("the soft limit is exceeded");
    deck.tell([
        report(1, "6", "web-06", asked(), words.clone()),
        report(2, "15", "web-07", asked(), words),
    ]);
    assert_eq!(deck.app.layers.len(), 1);
    let screen = deck.screen();
    assert!(
        screen.contains("web-06") && screen.contains("web-07"),
        "{screen}"
    );
    deck.wait(1).press("y");
    assert_eq!(
        deck.effects,
        [
            act(prod("6"), Action::Deploy { force: true }),
            act(prod("15"), Action::Deploy { force: true })
        ]
    );
    assert!(deck.screen().contains("Deploy 0 of 2"), "{}", deck.screen());
}

#[test]
fn no_is_no_and_what_cannot_be_forced_is_only_told() {
    let mut deck = deck();
    let asked = Action::Deploy { force: false };
    deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
    deck.wait(1).press("esc F");
    assert!(deck.effects.is_empty() && deck.app.layers.is_empty());
    let again = Action::Deploy { force: true };
    deck.tell([report(8, "6", "web-06", again, needs_force("still no"))]);
    assert!(deck.app.layers.is_empty() && notices(&deck).contains("still no"));
}

#[test]
fn what_a_cloud_asks_about_an_appliance_wants_the_number_again() {
    let mut deck = deck();
    let command = |force| Command::ActOnVapp {
        vapp: vapp_key("shop-db"),
        action: VappAction::Undeploy { force },
        vms: vec![prod("3"), prod("4")],
    };
    deck.tell([Update::Command(CommandReport {
        id: CommandId(5),
        command: command(false),
        vm_name: "shop-db".into(),
        at: noon(),
        stage: needs_force("Undeploy of shop-db on prod: data would be lost (VM-44)"),
    })]);
    let screen = deck.screen();
    assert!(
        screen.contains("Undeploy shop-db on prod PRODUCTION all the same?")
            && screen.contains("Type 2 to go on"),
        "{screen}"
    );
    deck.wait(1).typing("2").press("enter");
    assert_eq!(deck.effects, [Effect::Submit(command(true))]);
}

// ---- Appliances ----

#[test]
fn an_appliance_is_deployed_after_its_vms_are_named() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-front");
    deck.press("m d");
    let screen = deck.screen();
    assert!(
        screen.contains("Deploys 2 of 5: web-06, web-07; cache-01 is Paused"),
        "{screen}"
    );
    deck.press("y");
    let wanted = Command::ActOnVapp {
        vapp: vapp_key("shop-front"),
        action: VappAction::Deploy { force: false },
        vms: vec![prod("6"), prod("15")],
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
    assert!(deck.app.layers.is_empty());
}

#[test]
fn undeploying_an_appliance_wants_the_number_and_marks_the_protected() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-db");
    deck.press("m u");
    let screen = deck.screen();
    assert!(
        screen.contains("kernel update") && screen.contains("Type 2 to go on"),
        "{screen}"
    );
    deck.typing("2").press("enter");
    let wanted = Command::ActOnVapp {
        vapp: vapp_key("shop-db"),
        action: VappAction::Undeploy { force: false },
        vms: vec![prod("3"), prod("4")],
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
}

#[test]
fn an_appliance_whose_vms_changed_under_the_question_is_left_alone() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-front");
    deck.press("m d");
    deck.tell([told(vec![vm("prod", "15", "web-07", On, "shop-front")])]);
    deck.press("y");
    assert!(deck.effects.is_empty());
    assert!(notices(&deck).contains("its VMs have changed meanwhile"));
}

#[test]
fn what_was_asked_of_an_appliance_is_not_asked_twice() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-front");
    deck.tell([Update::Command(CommandReport {
        id: CommandId(3),
        command: Command::ActOnVapp {
            vapp: vapp_key("shop-front"),
            action: VappAction::Deploy { force: false },
            vms: vec![prod("6")],
        },
        vm_name: "shop-front".into(),
        at: noon(),
        stage: Stage::Sent,
    })]);
    assert!(deck.screen().contains("Deploying"), "{}", deck.screen());
    deck.press("m d");
    assert!(deck.effects.is_empty());
    assert!(notices(&deck).contains("Deploy was asked for already"));
}

#[test]
fn deleting_an_appliance_wants_its_name_and_only_where_it_can_be() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-front");
    deck.press("m del");
    assert!(deck.effects.is_empty());
    assert!(notices(&deck).contains("undeploy it before it is deleted"));
    deck.press("esc esc");
    select_vapp(&mut deck, "spare");
    deck.press("m del").typing("spare").press("enter");
    let wanted = Command::ActOnVapp {
        vapp: vapp_key("spare"),
        action: VappAction::Delete,
        vms: Vec::new(),
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
}

#[test]
fn an_appliance_is_edited_and_its_name_is_text() {
    let mut deck = deck();
    select_vapp(&mut deck, "spare");
    deck.press("m e").typing(" two").press("tab space enter");
    let wanted = Command::ActOnVapp {
        vapp: vapp_key("spare"),
        action: VappAction::Edit {
            name: "spare two".to_owned(),
            restricted: true,
        },
        vms: Vec::new(),
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
}

#[test]
fn an_appliance_is_made_in_the_project_of_the_row() {
    let mut deck = deck();
    deck.press("2 g j m");
    deck.press("n enter");
    assert!(deck.effects.is_empty() && deck.screen().contains("A name is needed"));
    deck.typing("quarter end").press("esc n");
    assert!(
        deck.screen().contains("quarter end"),
        "what was typed stays"
    );
    deck.press("enter");
    let wanted = Command::CreateVapp {
        cloud: cloud("prod"),
        project: "east".into(),
        name: "quarter end".to_owned(),
        restricted: false,
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
    assert!(deck.app.layers.is_empty());
}

#[test]
fn on_a_cloud_the_project_is_chosen_first() {
    let mut deck = deck();
    deck.press("2 g m n");
    assert_eq!(deck.effects, [Effect::Ask(Ask::Projects(cloud("prod")))]);
    let group = |id: &str| Group {
        id: id.into(),
        name: format!("VDC {id}").into(),
    };
    deck.tell([Update::Projects {
        cloud: cloud("prod"),
        projects: Ok(vec![group("east"), group("west")]),
    }]);
    deck.press("j enter").typing("new").press("enter");
    assert!(matches!(
        deck.effects.last(),
        Some(Effect::Submit(Command::CreateVapp { project, .. })) if &**project == "west"
    ));
}

#[test]
fn without_the_privilege_the_box_cannot_be_reached() {
    let mut deck = deck();
    let fewer: Vec<_> = PRIVILEGES
        .into_iter()
        .filter(|name| *name != "VAPP_RESTRICTED_MANAGE")
        .collect();
    deck.tell([signed_in("prod", &fewer)]);
    deck.press("2 g j m n tab").typing("a b").press("enter");
    assert!(matches!(
        deck.effects.last(),
        Some(Effect::Submit(Command::CreateVapp { name, restricted: false, .. })) if name == "a b"
    ));
}

#[test]
fn where_nothing_can_be_restricted_there_is_no_box() {
    static OPEN: Capabilities = Capabilities {
        restricted_privilege: None,
        ..ADMINISTERED_RULES
    };
    let mut open = info("prod", None);
    open.capabilities = &OPEN;
    let mut deck = Deck::empty(120, 36, false, vec![open, info("lab", None)]);
    deck.tell(updates());
    deck.tell([signed_in("prod", &PRIVILEGES)]);
    select_vapp(&mut deck, "spare");
    deck.press("m e");
    assert!(
        deck.screen().contains("Name        spare") && !deck.screen().contains("Restricted"),
        "{}",
        deck.screen()
    );
}

#[test]
fn the_menu_of_an_appliance_acts_on_its_vms_as_well() {
    let mut deck = deck();
    select_vapp(&mut deck, "shop-front");
    deck.press("m D").typing("2").press("enter");
    let touched: Vec<_> = submitted(&deck)
        .iter()
        .filter_map(|command| command.vm().cloned())
        .collect();
    assert_eq!(touched, [prod("1"), prod("2")]);
}

// ---- Workflow ----

#[test]
fn what_is_held_is_asked_for_when_somebody_looks() {
    let mut deck = deck();
    deck.press("5");
    assert_eq!(deck.app.view, ViewKind::Workflow);
    assert_eq!(deck.effects, [Effect::Ask(Ask::Held(None))]);
    deck.effects.clear();
    deck.press("ctrl-r");
    assert!(deck.effects.contains(&Effect::Ask(Ask::Held(None))));
    deck.tell(held());
    assert_eq!(deck.app.held.rows().len(), 3);
}

#[test]
fn without_workflow_there_is_no_such_view() {
    let mut deck = Deck::new(120, 36);
    assert!(!deck.screen().contains("Workflow"));
    deck.press("5");
    assert_eq!(deck.app.view, ViewKind::Vms);
    assert!(deck.effects.is_empty());
}

#[test]
fn a_held_task_is_approved_with_a_note_and_read_again_after() {
    let mut deck = deck();
    deck.press("5");
    deck.tell(held());
    deck.effects.clear();
    deck.press("Y");
    assert!(deck.effects.is_empty());
    deck.typing("ok for tonight").press("enter");
    let key = TaskKey {
        cloud: cloud("prod"),
        id: "h-2".into(),
    };
    let command = Command::Decide {
        task: key,
        vm: Some(prod("6")),
        approve: true,
        note: Some("ok for tonight".to_owned()),
    };
    assert_eq!(deck.effects, [Effect::Submit(command.clone())]);
    deck.effects.clear();
    let report = |stage| {
        Update::Command(CommandReport {
            id: CommandId(4),
            command: command.clone(),
            vm_name: "web-06".into(),
            at: noon(),
            stage,
        })
    };
    deck.tell([report(Stage::Sent)]);
    deck.press("N");
    assert!(notices(&deck).contains("it is being decided already"));
    deck.tell([report(Stage::Done { task: None })]);
    assert_eq!(deck.effects, [Effect::Ask(Ask::Held(Some(cloud("prod"))))]);
}

#[test]
fn marked_ones_are_rejected_together_without_a_note() {
    let mut deck = deck();
    deck.press("5");
    deck.tell(held());
    deck.effects.clear();
    deck.press("space j space N enter");
    let decided: Vec<_> = submitted(&deck)
        .into_iter()
        .map(|command| match command {
            Command::Decide {
                task,
                approve,
                note,
                ..
            } => (task.id.to_string(), approve, note),
            other => panic!("{other:?}"),
        })
        .collect();
    let rejected = |id: &str| (id.to_owned(), false, None);
    assert_eq!(decided, [rejected("h-1"), rejected("h-2")]);
    assert!(deck.app.held.marks().is_empty());
}

#[test]
fn without_the_privilege_only_ones_own_is_rejected() {
    let mut deck = deck();
    let fewer: Vec<_> = PRIVILEGES
        .into_iter()
        .filter(|name| *name != "WORKFLOW_OVERRIDE")
        .collect();
    deck.tell([signed_in("prod", &fewer), signed_in("lab", &fewer)]);
    deck.press("5");
    deck.tell(held());
    deck.effects.clear();
    deck.press("Y N");
    assert!(deck.app.layers.is_empty() && deck.effects.is_empty());
    assert!(notices(&deck).contains("your role lacks WORKFLOW_OVERRIDE"));
    deck.press("G Y");
    assert!(notices(&deck).contains("You may reject it, not approve it"));
    deck.press("N enter");
    assert_eq!(submitted(&deck).len(), 1, "Ada Admin's own");
}

#[test]
fn the_held_are_filtered_by_any_column_and_opened() {
    let mut deck = deck();
    deck.press("5");
    deck.tell(held());
    deck.press("/").typing("nightly").press("enter");
    assert_eq!(deck.app.held.rows().len(), 1);
    deck.effects.clear();
    deck.press("enter Y enter");
    assert!(matches!(
        deck.effects.as_slice(),
        [Effect::Submit(Command::Decide { task, approve: true, note: None, .. })] if &*task.id == "t-3"
    ));
    assert!(deck.app.layers.is_empty(), "what was opened is done with");
}

#[test]
fn vms_and_appliances_that_wait_say_so() {
    let mut deck = deck();
    deck.tell(held());
    select(&mut deck, "cache-01");
    assert!(
        deck.screen().contains("Waiting to be reviewed"),
        "{}",
        deck.screen()
    );
    deck.press("esc");
    select_vapp(&mut deck, "shop-front");
    let screen = deck.screen();
    let line = screen.lines().find(|line| line.contains("shop-front  "));
    assert!(
        line.is_some_and(|line| line.contains("Waiting to be reviewed")),
        "{screen}"
    );
}

// ---- A failed deploy ----

#[test]
fn from_a_failed_deploy_to_its_events_and_acknowledged_there() {
    let mut deck = deck();
    deck.press("tab j enter");
    let screen = deck.screen();
    assert!(
        screen.contains("Deploy of web-06 on prod: Failed")
            && screen.contains("all are oversubscribed by the"),
        "{screen}"
    );
    deck.press("e");
    assert_eq!(
        (deck.app.view, deck.app.focus),
        (ViewKind::Events, Focus::Main)
    );
    assert!(deck.screen().contains("a acknowledge"), "{}", deck.screen());
    deck.effects.clear();
    deck.press("a");
    let key = TaskKey {
        cloud: cloud("prod"),
        id: "t-4".into(),
    };
    let wanted = Command::Acknowledge {
        task: key,
        vm: Some(prod("6")),
    };
    assert_eq!(deck.effects, [Effect::Submit(wanted)]);
    deck.effects.clear();
    deck.press("esc a");
    let submits = |effect: &Effect| matches!(effect, Effect::Submit(_));
    assert!(
        !deck.effects.iter().any(submits),
        "the events of all are no VM's"
    );
}

#[test]
fn the_failures_of_others_are_acknowledged_only_with_the_privilege() {
    let mut deck = deck();
    let fewer: Vec<_> = PRIVILEGES
        .into_iter()
        .filter(|name| *name != "USERS_MANAGE_USERS")
        .collect();
    deck.tell([signed_in("prod", &fewer)]);
    select(&mut deck, "web-06");
    deck.press("a A");
    assert!(deck.effects.is_empty() && deck.app.layers.is_empty());
    let why = "1 warning stays: It is a task of cloudadmin; your role lacks USERS_MANAGE_USERS";
    assert!(notices(&deck).contains(why), "{}", notices(&deck));
}

#[test]
fn what_failed_stands_above_what_runs() {
    use vmdeck::console::lists::pane::PaneRow;
    let deck = deck();
    let rows = deck.app.pane.rows();
    let is_failed = |row: &PaneRow| matches!(row, PaneRow::Failed(_));
    let failed = rows.iter().filter(|row| is_failed(row)).count();
    assert!(failed == 2 && rows[..2].iter().all(is_failed));
    assert!(matches!(rows[2], PaneRow::Running(_)));
}

/// The task of a whole appliance, with a job for each VM.
pub fn group_task() -> Update {
    let front = vm("prod", "1", "web-01", On, "shop-front");
    let jobs = [
        ("DEPLOY", JobState::Started, JobState::Unknown),
        ("DEPLOY", JobState::Pending, JobState::Unknown),
    ];
    let mut group = task(&front, "g-1", "DEPLOY", TaskState::Started, &jobs, 30);
    group.vm = None;
    group.subject = Some("shop-front".into());
    for (job, name) in group.jobs.iter_mut().zip(["web-06", "web-07"]) {
        job.description = Some(name.into());
    }
    Update::Tasks { tasks: vec![group] }
}

#[test]
fn the_task_of_an_appliance_has_its_name_and_a_job_for_each_vm() {
    let mut deck = deck();
    deck.tell([group_task()]);
    let screen = deck.screen();
    assert!(screen.contains("shop-front           prod"), "{screen}");
    deck.press("tab j j j enter");
    let screen = deck.screen();
    assert!(
        screen.contains("Deploy of shop-front on prod") && screen.contains("web-07"),
        "{screen}"
    );
}

#[test]
fn a_relocation_says_what_it_does() {
    let mut deck = deck();
    let moving = vm("prod", "1", "web-01", Locked, "shop-front");
    let jobs = [("RELOCATE", JobState::Started, JobState::Unknown)];
    let relocate = task(&moving, "r-1", "RELOCATE", TaskState::Started, &jobs, 9);
    deck.tell([
        told(vec![moving]),
        Update::Tasks {
            tasks: vec![relocate],
        },
    ]);
    select(&mut deck, "web-01");
    assert!(deck.screen().contains("Relocating"), "{}", deck.screen());
}

// ---- All of them ----

/// How each of the new dialogs is opened.
const DIALOGS: [(&str, &str); 12] = [
    ("old-wiki", "m n"),
    ("web-01", "m v"),
    ("web-01", "m x"),
    ("legacy-erp", "m del"),
    ("legacy-erp", "m del enter"),
    ("shop-front", "2 m d"),
    ("shop-db", "2 m u"),
    ("spare", "2 m del"),
    ("spare", "2 m e"),
    ("spare", "2 m n"),
    ("held", "5 Y"),
    ("held", "5 enter"),
];

fn open(deck: &mut Deck, (what, keys): (&str, &str)) {
    if what == "held" {
        deck.press("5");
        deck.tell(held());
        deck.press(keys);
    } else if let Some(keys) = keys.strip_prefix("2 ") {
        select_vapp(deck, what);
        deck.press(keys);
    } else {
        select(deck, what);
        deck.press(keys);
    }
    deck.effects.clear();
}

#[test]
fn printable_keys_in_the_new_fields_only_change_the_text() {
    let fields = [
        ("old-wiki", "m n"),
        ("spare", "2 m e ctrl-u"),
        ("spare", "2 m n"),
        ("held", "5 Y"),
        ("legacy-erp", "m del enter"),
    ];
    for field in fields {
        let mut deck = deck();
        open(&mut deck, field);
        let layers = deck.app.layers.len();
        for c in ' '..='~' {
            deck.typing(&c.to_string());
            assert!(deck.effects.is_empty(), "{c:?}");
            assert_eq!(deck.app.layers.len(), layers, "{c:?}");
            let top = deck.app.layers.last_mut().and_then(Layer::input);
            let value = top.map(|input| input.value().to_owned());
            assert!(value.is_some_and(|value| value.ends_with(c)), "{c:?}");
        }
    }
}

#[test]
fn what_vanishes_under_a_new_dialog_does_no_harm() {
    for dialog in DIALOGS {
        let mut deck = deck();
        open(&mut deck, dialog);
        let all = (1..20).map(|id| prod(&id.to_string())).collect();
        deck.tell([
            Update::Vms {
                cloud: cloud("prod"),
                changed: vec![],
                gone: all,
                as_of: noon(),
            },
            Update::Vapps {
                cloud: cloud("prod"),
                vapps: vec![],
            },
            Update::Held {
                cloud: cloud("prod"),
                tasks: Ok(vec![]),
            },
        ]);
        // A new appliance may still be made where its project was.
        let made = dialog.1 == "2 m n";
        deck.press("down enter y").typing("spare").press("enter");
        assert!(made || submitted(&deck).is_empty(), "{dialog:?}");
    }
}

#[test]
fn the_new_dialogs_read_as_well_in_ascii() {
    for dialog in DIALOGS {
        let mut clouds = vec![info("prod", Some("production")), info("lab", None)];
        for cloud in &mut clouds {
            cloud.capabilities = &ADMINISTERED;
        }
        let mut deck = Deck::empty(120, 36, true, clouds);
        deck.tell(updates());
        deck.tell([
            signed_in("prod", &PRIVILEGES),
            signed_in("lab", &PRIVILEGES),
        ]);
        let mut taken = vm("prod", "14", "legacy-erp", Off, "intranet");
        taken.imported = true;
        deck.tell([told(vec![taken])]);
        open(&mut deck, dialog);
        assert!(deck.screen().is_ascii(), "{dialog:?} {}", deck.screen());
    }
}

fn any_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "enter",
        "esc",
        "tab",
        "up",
        "down",
        "space",
        "backspace",
        "del",
        "ctrl-a",
        "ctrl-r",
        "1",
        "2",
        "5",
        "/",
        "m",
        "d",
        "u",
        "v",
        "x",
        "n",
        "e",
        "r",
        "a",
        "D",
        "F",
        "Y",
        "N",
        "y",
        "T",
        "?",
        "j",
        "k",
        "l",
        "g",
        "G",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn random_keys_never_panic_and_never_send_what_is_not_confirmed(
        keys in prop::collection::vec(any_key(), 1..60),
        width in 1u16..210,
        height in 1u16..60,
    ) {
        let mut deck = administered(width, height);
        deck.tell(held());
        for (at, key) in keys.into_iter().enumerate() {
            deck.send(Message::Key(key_event(key)));
            if at % 9 == 3 {
                let asked = Action::Deploy { force: false };
                deck.tell([report(7, "6", "web-06", asked, needs_force(SOFT_LIMIT))]);
            }
            deck.draw();
        }
        // Nobody typed a name or a number.
        let harmful = submitted(&deck).into_iter().any(|command| matches!(
            command,
            Command::Act { action: Action::Delete { .. }, .. }
                | Command::ActOnVapp { action: VappAction::Delete, .. }
        ));
        prop_assert!(!harmful);
    }
}
