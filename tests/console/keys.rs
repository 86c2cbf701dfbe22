//! What keys do: through the real update, on a scene.

use std::sync::Arc;

use proptest::prelude::*;
use vmdeck::console::app::Focus;
use vmdeck::console::keymap::ViewKind;
use vmdeck::console::layers::Layer;
use vmdeck::console::message::{Effect, Message};
use vmdeck::fleet::{Ask, Command, CommandId, CommandReport, Stage, Update};
use vmdeck::model::*;

use crate::scene::{Deck, ago, event, info, key_event, noon, session, updates, vm};

fn prod(id: &str) -> VmKey {
    VmKey::new(&CloudName::new("prod"), id)
}

fn select(deck: &mut Deck, name: &str) {
    deck.press("/").typing(name).press("enter");
    deck.effects.clear();
}

fn act(vm: VmKey, action: Action) -> Effect {
    Effect::Submit(Command::Act {
        vm,
        action,
        confirmed: Confirmed::Unprotected,
    })
}

#[test]
fn power_on_is_sent_at_once() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "old-wiki");
    deck.press("O");
    assert_eq!(deck.effects, [act(prod("7"), Action::PowerOn)]);
}

#[test]
fn what_is_impossible_is_refused_with_its_reason_and_sends_nothing() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("O");
    assert!(deck.effects.is_empty());
    assert!(
        deck.screen()
            .contains("Power on web-02 on prod: It is on already"),
        "{}",
        deck.screen()
    );
}

#[test]
fn power_off_in_production_wants_the_name_typed() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("X enter").typing("web-0").press("enter");
    assert!(
        deck.effects.is_empty(),
        "neither nothing nor a part of the name is an answer"
    );
    deck.typing("2").press("enter");
    assert_eq!(deck.effects, [act(prod("2"), Action::PowerOff)]);
}

#[test]
fn escape_answers_a_question_with_no() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("D esc");
    assert!(deck.effects.is_empty() && deck.app.layers.is_empty());
}

#[test]
fn preconditions_are_checked_again_at_the_answer() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("D");
    let off = vm("prod", "2", "web-02", PowerState::Off, "shop-front");
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(off)],
        gone: vec![],
        as_of: noon(),
    }]);
    deck.press("y");
    assert!(deck.effects.is_empty());
    assert!(
        deck.screen()
            .contains("Shut down was not sent: It is off already"),
        "{}",
        deck.screen()
    );
}

#[test]
fn a_command_under_way_blocks_a_second_one() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "old-wiki");
    deck.tell([Update::Command(CommandReport {
        id: CommandId(1),
        command: Command::Act {
            vm: prod("7"),
            action: Action::PowerOn,
            confirmed: Confirmed::Unprotected,
        },
        vm_name: "old-wiki".into(),
        at: noon(),
        stage: Stage::Sent,
    })]);
    assert!(
        deck.screen().contains("Powering on"),
        "what was asked shows at once: {}",
        deck.screen()
    );
    deck.press("O");
    assert!(deck.effects.is_empty());
}

#[test]
fn protecting_needs_a_reason_and_remembers_it() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-01");
    deck.press("p enter");
    assert!(deck.effects.is_empty() && deck.screen().contains("A reason is needed"));
    deck.typing("kernel update").press("enter");
    assert_eq!(
        deck.effects,
        [act(
            prod("1"),
            Action::Protect {
                reason: "kernel update".into()
            }
        )]
    );
    deck.press("p up");
    assert!(
        deck.screen().contains("Reason  kernel update"),
        "{}",
        deck.screen()
    );
    deck.press("down");
    assert!(!deck.screen().contains("Reason  kernel update"));
}

#[test]
fn leaving_the_reason_keeps_what_was_typed() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-01");
    deck.press("p").typing("half a rea").press("esc p");
    assert!(deck.screen().contains("half a rea"), "{}", deck.screen());
}

#[test]
fn protecting_the_protected_is_refused_and_the_reason_named() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "db-01");
    deck.press("p");
    assert!(
        deck.screen()
            .contains("Already protected by admin: kernel update"),
        "{}",
        deck.screen()
    );
    deck.press("P");
    assert_eq!(
        deck.effects,
        [Effect::Submit(Command::Act {
            vm: prod("3"),
            action: Action::Unprotect,
            confirmed: Confirmed::Protected {
                reason: Some("kernel update".into())
            },
        })],
        "unprotect does not ask"
    );
}

#[test]
fn without_the_privilege_a_protected_vm_is_left_alone() {
    let mut deck = Deck::new(120, 36);
    let operator = Session {
        privileges: ["VAPP_PERFORM_ACTIONS"].into_iter().collect(),
        ..(*session()).clone()
    };
    deck.tell([Update::SignedIn {
        cloud: CloudName::new("prod"),
        session: Arc::new(operator),
    }]);
    select(&mut deck, "db-01");
    deck.press("D");
    let text = "Protected by admin: kernel update; your role lacks VM_PROTECT_ACTION";
    assert!(deck.effects.is_empty());
    assert!(
        deck.app
            .notices
            .log()
            .iter()
            .any(|notice| notice.text.contains(text))
    );
}

#[test]
fn acknowledging_a_vm_acknowledges_each_of_its_failed_tasks() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("a");
    let task = TaskKey {
        cloud: CloudName::new("prod"),
        id: "t-1".into(),
    };
    assert_eq!(
        deck.effects,
        [Effect::Submit(Command::Acknowledge {
            task,
            vm: Some(prod("2"))
        })]
    );
}

#[test]
fn acknowledging_all_asks_and_takes_only_what_is_shown() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-06");
    deck.press("A");
    assert!(deck.effects.is_empty() && deck.screen().contains("Acknowledge 1 failed task?"));
    deck.press("y");
    let task = TaskKey {
        cloud: CloudName::new("prod"),
        id: "t-4".into(),
    };
    assert_eq!(
        deck.effects,
        [Effect::Submit(Command::Acknowledge {
            task,
            vm: Some(prod("6"))
        })]
    );
}

#[test]
fn an_event_of_a_failure_counts_until_the_tasks_are_read() {
    let mut deck = Deck::new(120, 36);
    let wiki = vm("prod", "7", "old-wiki", PowerState::Off, "intranet");
    deck.tell([Update::Events {
        cloud: CloudName::new("prod"),
        events: vec![event(
            "prod",
            "e-9",
            Severity::Error,
            "POWERON",
            &wiki,
            "no",
            5,
        )],
    }]);
    select(&mut deck, "old-wiki");
    assert!(
        deck.screen().contains("▲ 1 see its events"),
        "{}",
        deck.screen()
    );
    deck.press("a");
    assert_eq!(deck.effects, [Effect::Ask(Ask::VmTasks(prod("7")))]);
    deck.tell([Update::VmTasks {
        vm: prod("7"),
        tasks: vec![],
        at: noon(),
    }]);
    assert!(!deck.screen().contains("see its events"));
}

#[test]
fn the_cursor_stays_on_its_vm_when_rows_move() {
    let mut deck = Deck::new(120, 36);
    deck.press("j j j");
    let before = deck.app.vms.current().cloned();
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(vm(
            "prod",
            "99",
            "aaa-first",
            PowerState::On,
            "edge",
        ))],
        gone: vec![prod("13")],
        as_of: noon(),
    }]);
    assert_eq!(deck.app.vms.current().cloned(), before);
}

#[test]
fn letters_in_the_filter_are_text_and_escape_clears_it() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("qXOp?1");
    assert!(deck.effects.is_empty(), "no key acts while somebody types");
    assert_eq!(deck.app.vms.filter(), "qxop?1");
    deck.press("esc");
    assert_eq!((deck.app.vms.filter(), deck.app.vms.rows().len()), ("", 15));
}

#[test]
fn the_filter_looks_at_every_column() {
    for (text, rows) in [
        ("maintenance", 2),
        ("shop-front", 4),
        ("10.0.3.13", 1),
        ("until friday", 1),
        ("lab", 3),
        ("esx-03", 13),
        ("deallocated", 1),
    ] {
        let mut deck = Deck::new(120, 36);
        deck.press("/").typing(text);
        assert_eq!(deck.app.vms.rows().len(), rows, "{text}");
    }
}

#[test]
fn every_printable_key_in_every_field_only_changes_the_text() {
    let fields: [fn(&mut Deck); 3] = [
        |deck| {
            deck.press("/");
        },
        |deck| {
            select(deck, "web-01");
            deck.press("p");
        },
        |deck| {
            select(deck, "web-02");
            deck.press("X");
        },
    ];
    for open in fields {
        for c in ' '..='~' {
            let mut deck = Deck::new(120, 36);
            open(&mut deck);
            deck.effects.clear();
            let layers = deck.app.layers.len();
            deck.typing(&c.to_string());
            assert!(deck.effects.is_empty(), "{c:?}");
            assert_eq!(deck.app.layers.len(), layers, "{c:?}");
            let value = deck
                .app
                .layers
                .last_mut()
                .and_then(Layer::input)
                .map(|input| input.value().to_owned());
            assert_eq!(value.as_deref(), Some(c.to_string().as_str()));
        }
    }
}

#[test]
fn a_paste_is_one_cleaned_line_in_a_field_and_nothing_elsewhere() {
    let mut deck = Deck::new(120, 36);
    deck.send(Message::Paste("q\nX\n".into()));
    assert!(deck.effects.is_empty());
    select(&mut deck, "web-01");
    deck.press("p");
    deck.send(Message::Paste("kernel\r\nupdate\u{1b}[31m\n".into()));
    deck.draw();
    assert!(
        deck.screen().contains("Reason  kernel update[31m"),
        "{}",
        deck.screen()
    );
    assert!(
        deck.effects.is_empty(),
        "the line break of a paste is no answer"
    );
}

#[test]
fn focus_goes_round_and_letters_act_on_what_is_under_the_cursor() {
    let mut deck = Deck::new(200, 50);
    deck.press("tab");
    assert_eq!(deck.app.focus, Focus::Details);
    deck.press("tab");
    assert_eq!(deck.app.focus, Focus::Pane);
    deck.press("j a");
    assert!(matches!(
        deck.effects.last(),
        Some(Effect::Submit(Command::Acknowledge { .. }))
    ));
    deck.press("tab");
    assert_eq!(deck.app.focus, Focus::Main);
}

#[test]
fn trying_again_goes_through_the_same_rules() {
    let mut deck = Deck::new(120, 36);
    deck.press("tab enter");
    assert!(matches!(deck.app.layers.last(), Some(Layer::Task(_))));
    deck.press("t");
    assert!(
        matches!(deck.app.layers.last(), Some(Layer::Question(_))),
        "production asks before a shutdown"
    );
    deck.press("y");
    assert_eq!(deck.effects.last(), Some(&act(prod("2"), Action::Shutdown)));
}

#[test]
fn events_of_one_vm_and_back_to_all() {
    let mut deck = Deck::new(120, 36);
    select(&mut deck, "web-02");
    deck.press("e");
    assert_eq!(
        (deck.app.view, deck.app.events.rows().len()),
        (ViewKind::Events, 2)
    );
    deck.press("esc");
    assert_eq!(deck.app.events.rows().len(), 4);
}

#[test]
fn the_order_can_be_any_column_either_way() {
    let mut deck = Deck::new(120, 36);
    deck.press("s j j j j enter");
    let ram = |deck: &Deck| -> Vec<_> {
        deck.app
            .vms
            .rows()
            .iter()
            .filter_map(|slot| deck.app.inventory.vm(*slot)?.ram_mib)
            .collect()
    };
    assert!(ram(&deck).is_sorted(), "{:?}", ram(&deck));
    deck.press("s s");
    assert!(ram(&deck).iter().rev().is_sorted());
}

#[test]
fn a_read_only_cloud_refuses_every_action() {
    let mut read_only = info("prod", None);
    read_only.read_only = true;
    let mut deck = Deck::empty(120, 36, false, vec![read_only, info("lab", None)]);
    deck.tell(updates());
    select(&mut deck, "web-01");
    for key in ["O", "D", "X", "Z", "U", "B", "R", "p", "P"] {
        deck.press(key);
    }
    assert!(deck.effects.is_empty() && deck.app.layers.is_empty());
}

#[test]
fn an_outcome_is_a_notice_that_goes_by_itself() {
    let mut deck = Deck::new(120, 36);
    deck.tell([Update::Command(CommandReport {
        id: CommandId(1),
        command: Command::Act {
            vm: prod("7"),
            action: Action::PowerOn,
            confirmed: Confirmed::Unprotected,
        },
        vm_name: "old-wiki".into(),
        at: noon(),
        stage: Stage::Done { task: None },
    })]);
    assert!(deck.screen().contains("old-wiki on prod: powered on"));
    deck.wait(30);
    assert!(!deck.screen().contains("old-wiki on prod: powered on"));
}

#[test]
fn a_notice_never_covers_what_is_being_typed() {
    let mut deck = Deck::new(80, 24);
    select(&mut deck, "web-01");
    deck.press("p").typing("a reason that is being typed");
    for id in 0..6 {
        deck.tell([Update::Trouble {
            cloud: None,
            message: format!("trouble number {id} {}", "word ".repeat(40)),
        }]);
    }
    assert!(
        deck.screen()
            .contains("Reason  a reason that is being typed"),
        "{}",
        deck.screen()
    );
}

#[test]
fn without_clouds_the_demo_is_one_key_away() {
    let mut deck = Deck::empty(80, 24, false, vec![]);
    deck.press("d");
    assert_eq!(deck.effects, [Effect::Demo]);
    deck.press("q");
    assert_eq!(deck.effects.last(), Some(&Effect::Quit));
}

#[test]
fn a_vm_that_vanishes_under_an_open_dialog_does_no_harm() {
    for keys in ["enter", "m", "D", "p", "y"] {
        let mut deck = Deck::new(120, 36);
        select(&mut deck, "web-02");
        deck.press(keys);
        deck.effects.clear();
        deck.tell([Update::Vms {
            cloud: CloudName::new("prod"),
            changed: vec![],
            gone: vec![prod("2")],
            as_of: ago(0),
        }]);
        deck.press("down enter y esc esc");
        assert!(
            !deck
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Submit(_))),
            "{keys}"
        );
    }
}

fn names(deck: &Deck) -> Vec<String> {
    let mut names: Vec<_> = deck
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Submit(command) => deck
                .app
                .inventory
                .find(command.vm()?)
                .map(|vm| vm.name.to_string()),
            _ => None,
        })
        .collect();
    names.sort();
    names
}

fn outcome(deck: &mut Deck, id: &str, action: Action, stage: Stage) {
    deck.tell([Update::Command(CommandReport {
        id: CommandId(id.parse().unwrap()),
        command: Command::Act {
            vm: prod(id),
            action,
            confirmed: Confirmed::Unprotected,
        },
        vm_name: id.into(),
        at: deck.now,
        stage,
    })]);
}

#[test]
fn marks_survive_filter_and_refresh_and_are_counted() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("web").press("enter ctrl-a esc");
    assert!(deck.screen().contains("3 marked"), "{}", deck.screen());
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(vm(
            "prod",
            "99",
            "aaa-first",
            PowerState::On,
            "edge",
        ))],
        gone: vec![prod("6")],
        as_of: noon(),
    }]);
    assert!(
        deck.screen().contains("2 marked"),
        "what is gone is no longer marked: {}",
        deck.screen()
    );
    deck.press("esc");
    assert!(!deck.screen().contains("marked"));
}

#[test]
fn an_action_on_the_marked_lists_each_and_leaves_out_what_cannot() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("prod").press("enter ctrl-a");
    deck.effects.clear();
    deck.press("X");
    let screen = deck.screen();
    assert!(
        screen.contains("Power off 4 VMs on prod PRODUCTION?") && screen.contains("Left out:"),
        "{screen}"
    );
    assert!(screen.contains("It is off already"), "{screen}");
    deck.typing("3").press("enter");
    assert!(
        deck.effects.is_empty(),
        "only the right number is an answer"
    );
    deck.press("backspace").typing("4").press("enter");
    assert_eq!(names(&deck), ["billing-1", "db-01", "web-01", "web-02"]);
    assert!(
        deck.app.marks.is_empty(),
        "the next key must not hit the same machines"
    );
    assert!(deck.screen().contains("Power off 0 of 4"));
}

#[test]
fn the_outcomes_of_several_are_told_together_and_the_failed_can_be_marked() {
    let mut deck = Deck::new(120, 36);
    deck.press("/")
        .typing("web-0")
        .press("enter ctrl-a D")
        .typing("2")
        .press("enter");
    assert_eq!(
        names(&deck),
        ["web-01", "web-02"],
        "web-06 is not allocated"
    );
    outcome(&mut deck, "1", Action::Shutdown, Stage::Done { task: None });
    assert!(
        deck.screen().contains("Shut down 1 of 2"),
        "{}",
        deck.screen()
    );
    let message = "no guest tools".to_owned();
    outcome(
        &mut deck,
        "2",
        Action::Shutdown,
        Stage::Failed {
            message,
            task: None,
        },
    );
    assert!(
        deck.screen().contains("Shut down: 1 done, 1 not: web-02"),
        "{}",
        deck.screen()
    );
    assert!(
        deck.app
            .notices
            .log()
            .iter()
            .any(|notice| notice.text == "no guest tools")
    );
    deck.press("f");
    assert_eq!(deck.app.marks.all(), [prod("2")]);
}

#[test]
fn one_reason_protects_all_that_are_marked() {
    let mut deck = Deck::new(120, 36);
    deck.press("/")
        .typing("web-0")
        .press("enter ctrl-a p")
        .typing("patch day")
        .press("enter");
    assert!(
        deck.effects.is_empty() && deck.screen().contains("Protect 2 VMs on prod PRODUCTION?"),
        "{}",
        deck.screen()
    );
    deck.press("y");
    assert_eq!(names(&deck), ["web-01", "web-02"]);
}

#[test]
fn on_an_appliance_the_same_letters_act_on_all_of_it() {
    let mut deck = Deck::new(120, 36);
    deck.press("2")
        .press("/")
        .typing("shop-front")
        .press("enter g j j");
    deck.effects.clear();
    deck.press("P");
    let why = "Unprotect: none of 4 VMs can be acted on now; It is not protected";
    assert!(
        deck.app
            .notices
            .log()
            .iter()
            .any(|notice| notice.text == why)
    );
    deck.press("D").typing("2").press("enter");
    assert_eq!(names(&deck), ["web-01", "web-02"]);
}

#[test]
fn what_is_filtered_for_among_appliances_is_under_the_cursor_and_nothing_else_stays() {
    let mut deck = Deck::new(120, 36);
    deck.press("2 G")
        .press("/")
        .typing("shop-front")
        .press("enter");
    let screen = deck.screen();
    assert!(screen.contains("1 appliance · /shop-front"), "{screen}");
    assert!(!screen.contains("▾ lab"), "{screen}");
    deck.press("m");
    assert!(
        deck.screen().contains("shop-front · prod PRODUCTION"),
        "{}",
        deck.screen()
    );
}

#[test]
fn what_was_chosen_from_is_not_left_round_what_it_led_to() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("web-01").press("enter m");
    assert!(deck.screen().contains("ask the guest to stop"));
    deck.press("X");
    let screen = deck.screen();
    assert!(
        screen.contains("Power off web-01 on prod PRODUCTION?")
            && !screen.contains("ask the guest to stop"),
        "{screen}"
    );
    deck.press("esc");
    assert!(deck.screen().contains("ask the guest to stop"));
}

#[test]
fn a_menu_that_is_longer_than_the_screen_says_so() {
    let mut deck = Deck::new(80, 14);
    deck.press("/").typing("web-01").press("enter m");
    let of = |deck: &mut Deck| {
        let screen = deck.screen();
        let line = screen.lines().find(|line| line.contains(" lines "));
        line.unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    let top = of(&mut deck);
    deck.press("G");
    assert_ne!(of(&mut deck), top);
}

#[test]
fn acknowledging_the_marked_takes_all_their_failed_tasks() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("web-0").press("enter ctrl-a a");
    assert!(
        deck.screen().contains("Acknowledge 2 failed tasks?"),
        "{}",
        deck.screen()
    );
    deck.press("y");
    assert_eq!(
        deck.effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Submit(Command::Acknowledge { .. })))
            .count(),
        2
    );
}

#[test]
fn preconditions_of_each_are_checked_again_at_the_answer() {
    let mut deck = Deck::new(120, 36);
    deck.press("/").typing("web-0").press("enter ctrl-a D");
    let off = vm("prod", "1", "web-01", PowerState::Off, "shop-front");
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(off)],
        gone: vec![],
        as_of: noon(),
    }]);
    deck.typing("2").press("enter");
    assert_eq!(names(&deck), ["web-02"]);
}

fn any_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "enter",
        "esc",
        "tab",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pgdn",
        "pgup",
        "space",
        "backspace",
        "ctrl-d",
        "ctrl-u",
        "ctrl-r",
        "1",
        "2",
        "3",
        "4",
        "/",
        "s",
        "m",
        "p",
        "P",
        "a",
        "A",
        "e",
        "y",
        "t",
        "T",
        "[",
        "]",
        "!",
        "?",
        "O",
        "D",
        "X",
        "Z",
        "U",
        "B",
        "R",
        "h",
        "j",
        "k",
        "l",
        "g",
        "G",
        "w",
        "-",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_keys_at_any_size_never_panic(keys in prop::collection::vec(any_key(), 1..60), width in 1u16..210, height in 1u16..60) {
        let mut deck = Deck::new(width, height);
        for (at, key) in keys.into_iter().enumerate() {
            deck.send(Message::Key(key_event(key)));
            if at % 7 == 0 {
                deck.tell([Update::Vms { cloud: CloudName::new("prod"), changed: vec![], gone: vec![prod(&(at % 14).to_string())], as_of: noon() }]);
            }
            deck.draw();
        }
    }
}

/// What a cloud with hosts can do, written for the test below.
static RELOCATES: Capabilities = Capabilities {
    rules: &[ActionRule::new(
        ActionKind::Relocate,
        &[PowerState::On],
        &[],
    )],
    missing: &[],
    ..crate::scene::CAPABILITIES
};

#[test]
fn a_vm_is_relocated_to_a_host_that_its_cloud_offers() {
    let mut cloud = info("prod", None);
    cloud.capabilities = &RELOCATES;
    let mut deck = Deck::empty(120, 36, false, vec![cloud, info("lab", None)]);
    deck.tell(updates());
    select(&mut deck, "web-01");
    deck.press("m r");
    assert_eq!(deck.effects, [Effect::Ask(Ask::Candidates(prod("1")))]);
    assert!(deck.screen().contains("being read"));
    let host = |id: &str, name: &str| Host {
        id: id.into(),
        name: name.into(),
        cluster: None,
        address: None,
        cpus: Some((4, 32)),
        ram_mib: Some((8_192, 65_536)),
    };
    deck.tell([Update::Candidates {
        vm: prod("1"),
        hosts: Ok(vec![host("h1", "esx-01"), host("h2", "esx-02")]),
    }]);
    assert!(
        deck.screen().contains("esx-02") && deck.screen().contains("8 GiB of 64 GiB"),
        "{}",
        deck.screen()
    );
    deck.press("j enter");
    assert_eq!(
        deck.effects.last(),
        Some(&act(prod("1"), Action::Relocate { host: "h2".into() }))
    );
}

/// What a cloud whose hosts can be lost can do, written for the test below.
static EVACUATES: Capabilities = Capabilities {
    rules: &[ActionRule::new(
        ActionKind::Evacuate,
        &[PowerState::On],
        &[],
    )],
    missing: &[],
    ..crate::scene::CAPABILITIES
};

#[test]
fn a_vm_is_evacuated_to_a_host_of_choice_or_the_clouds() {
    for (keys, wanted) in [("enter", None), ("j enter", Some("h-2".to_owned()))] {
        let mut cloud = info("prod", None);
        cloud.capabilities = &EVACUATES;
        let mut deck = Deck::empty(120, 36, false, vec![cloud, info("lab", None)]);
        deck.tell(updates());
        select(&mut deck, "web-01");
        deck.press("m H");
        assert_eq!(deck.effects, [Effect::Ask(Ask::Candidates(prod("1")))]);
        let host = Host {
            id: "h-2".into(),
            name: "esx-02".into(),
            cluster: None,
            address: None,
            cpus: None,
            ram_mib: None,
        };
        deck.tell([Update::Candidates {
            vm: prod("1"),
            hosts: Ok(vec![host]),
        }]);
        assert!(deck.screen().contains("a host that the cloud chooses"));
        deck.effects.clear();
        deck.press(keys);
        // What is on the lost host's disk is gone: it asks first.
        assert!(deck.effects.is_empty());
        deck.press("y");
        let sent = deck.effects.iter().find_map(|effect| match effect {
            Effect::Submit(Command::Act { action, .. }) => Some(action.clone()),
            _ => None,
        });
        assert_eq!(sent, Some(Action::Evacuate { host: wanted }));
    }
}

/// What a cloud that keeps consoles can do, written for the test below.
static KEEPS_LOGS: Capabilities = Capabilities {
    console_log: true,
    ..crate::scene::CAPABILITIES
};

#[test]
fn what_a_vm_wrote_on_its_console_is_shown_from_its_end() {
    let mut cloud = info("prod", None);
    cloud.capabilities = &KEEPS_LOGS;
    let mut deck = Deck::empty(120, 36, false, vec![cloud, info("lab", None)]);
    deck.tell(updates());
    select(&mut deck, "web-01");
    deck.press("m");
    assert!(deck.screen().contains("Console log"));
    deck.press("i");
    assert_eq!(deck.effects, [Effect::Ask(Ask::ConsoleLog(prod("1")))]);
    let lines: Vec<_> = (1..=100).map(|at| format!("line {at}.")).collect();
    deck.tell([Update::ConsoleLog {
        vm: prod("1"),
        text: Ok(lines.join("\n")),
    }]);
    let screen = deck.screen();
    assert!(
        screen.contains("web-01 · prod: its console") && screen.contains("line 100."),
        "{screen}"
    );
    assert!(!screen.contains("line 1."), "{screen}");
    deck.press("esc esc");
    select(&mut deck, "batch-07");
    deck.press("m");
    assert!(
        !deck.screen().contains("Console log"),
        "a cloud that keeps none"
    );
}
