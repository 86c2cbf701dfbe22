//! Words of one's own on the screen, and what actions are called on VMs of one hypervisor.

use std::sync::Arc;

use vmdeck::config::parse;
use vmdeck::console::message::Effect;
use vmdeck::fleet::{CloudInfo, Command, CommandId, CommandReport, Stage, Update};
use vmdeck::model::*;

use crate::scene::{CAPABILITIES, Deck, info, look, noon, updates, vm};
use crate::screens::{pictures, select};

static AZURE: Capabilities = Capabilities {
    wordings: &[Wording {
        hypervisor: "AZURE",
        action: ActionKind::PowerOff,
        title: "Deallocate",
        help: "stop it, release its addresses and its cost",
        done: "deallocated",
        consequence: "Its addresses are released, and it costs nothing until it is powered on again.",
    }],
    ..CAPABILITIES
};

const LABELS: &str = r#"
[labels]
"state.on" = "Running"
"state.maintenance" = "Locked by admin"
"state.off" = "Stopped"
"vapp.needs_sync" = "Incomplete"
"action.power_off" = "Cut"
"action.shutdown" = "Stop"
"#;

fn clouds(capabilities: &'static Capabilities) -> Vec<CloudInfo> {
    let mut prod = info("prod", Some("production"));
    prod.capabilities = capabilities;
    vec![prod, info("lab", None)]
}

fn labelled(width: u16, height: u16) -> Deck {
    let mut look = look(false);
    let config = parse(LABELS, std::path::Path::new("/c.toml"))
        .unwrap()
        .config;
    look.labels = Arc::new(config.labels);
    let mut deck = Deck::looking(look, width, height, clouds(&CAPABILITIES));
    deck.tell(updates());
    deck
}

fn azure(width: u16, height: u16) -> Deck {
    let mut deck = Deck::looking(look(false), width, height, clouds(&AZURE));
    deck.tell(updates());
    let mut burst = vm("prod", "1", "web-01", PowerState::On, "shop-front");
    burst.hypervisor = Some("AZURE_ARM".into());
    deck.tell([Update::Vms {
        cloud: CloudName::new("prod"),
        changed: vec![Arc::new(burst)],
        gone: vec![],
        as_of: noon(),
    }]);
    deck
}

fn report(id: &str, action: Action, name: &str, stage: Stage) -> Update {
    Update::Command(CommandReport {
        id: CommandId(7),
        command: Command::Act {
            vm: VmKey::new(&CloudName::new("prod"), id),
            action,
            confirmed: Confirmed::Unprotected,
        },
        vm_name: name.into(),
        at: noon(),
        stage,
    })
}

#[test]
fn no_ordinary_word_of_a_renamed_state_or_action_is_left_on_the_screen() {
    for keys in ["", "2 G k k k k enter", "?", "m", "X", "enter", "! ", "T"] {
        let mut deck = labelled(200, 50);
        select(&mut deck, "web-02");
        deck.press("/ esc").press(keys);
        let screen = deck.screen();
        for word in [
            "● On ",
            "○ Off",
            "Maintenance",
            "Partially deployed",
            "Power off",
            "Shut down",
        ] {
            assert!(!screen.contains(word), "{word:?} after {keys:?}\n{screen}");
        }
    }
}

#[test]
fn the_filter_finds_the_new_word_and_the_colour_is_that_of_the_state() {
    let mut deck = labelled(120, 36);
    deck.press("/").typing("running").press("enter");
    assert_eq!(deck.app.vms.rows().len(), 4, "{}", deck.screen());
    let of_state = deck.app.look.theme.state_on.fg.unwrap();
    let buffer = deck.terminal.backend().buffer();
    let sign = (0..buffer.area.height)
        .flat_map(|y| (0..10_u16).map(move |x| (x, y)))
        .filter(|at| buffer[*at].symbol() == "●" && at.1 > 2)
        .map(|at| buffer[at].fg)
        .next();
    assert_eq!(sign, Some(of_state));
    deck.press("esc /").typing("locked by").press("enter");
    assert_eq!(deck.app.vms.rows().len(), 2);
}

#[test]
fn questions_refusals_and_notices_use_the_new_words() {
    let mut deck = labelled(120, 36);
    select(&mut deck, "web-02");
    deck.press("O");
    let refusal = "Power on web-02 on prod: It is running already";
    assert!(deck.screen().contains(refusal), "{}", deck.screen());
    deck.press("U");
    assert!(deck.was_told("Resume needs a VM that is Paused; this one is Running"));
    deck.press("X");
    assert!(deck.screen().contains("Cut web-02 on prod PRODUCTION?"));
    deck.press("esc");
    let done = Stage::Done { task: None };
    deck.tell([report("2", Action::PowerOff, "web-02", done)]);
    assert!(
        deck.screen().contains("web-02 on prod: Cut done"),
        "{}",
        deck.screen()
    );
    let failed = Stage::Failed {
        message: "Power off web-02 on prod failed: job POWER_OFF failed".into(),
        task: None,
    };
    deck.tell([report("2", Action::PowerOff, "web-02", failed)]);
    assert!(
        deck.screen().contains("Cut web-02 on prod failed"),
        "{}",
        deck.screen()
    );
}

#[test]
fn on_azure_the_console_says_what_an_action_does_there() {
    let mut deck = azure(120, 36);
    select(&mut deck, "web-01");
    deck.press("m");
    assert!(
        deck.screen()
            .contains("Deallocate     stop it, release its addresses")
    );
    deck.press("esc X");
    assert!(
        deck.screen()
            .contains("Deallocate web-01 on prod PRODUCTION?")
    );
    assert!(
        deck.screen().contains("Its addresses are released"),
        "{}",
        deck.screen()
    );
    deck.typing("web-01").press("enter");
    assert!(matches!(
        deck.effects.last(),
        Some(Effect::Submit(Command::Act {
            action: Action::PowerOff,
            ..
        }))
    ));
    let done = Stage::Done { task: None };
    deck.tell([report("1", Action::PowerOff, "web-01", done)]);
    assert!(deck.screen().contains("web-01 on prod: deallocated"));
    deck.tell([report("1", Action::PowerOff, "web-01", Stage::Sent)]);
    deck.press("X");
    assert!(deck.was_told("Deallocate web-01 on prod: An operation is running on it: Deallocate"));
    // The same action on another VM of the same cloud is what it always was.
    deck.press("esc esc");
    select(&mut deck, "web-02");
    deck.press("m");
    assert!(
        deck.screen().contains("Power off      cut the power"),
        "{}",
        deck.screen()
    );
}

#[test]
fn several_of_different_kinds_are_told_what_happens_to_each() {
    let mut deck = azure(120, 36);
    deck.press("/").typing("web-0").press("enter ctrl-a X");
    let screen = deck.screen();
    assert!(
        screen.contains("Deallocate or Power off 2 VMs on prod PRODUCTION?"),
        "{screen}"
    );
    assert!(screen.contains("Its addresses are released") && screen.contains("The power is cut"));
}

#[test]
fn a_deallocated_vm_says_so() {
    let deck = azure(120, 36);
    assert!(deck.screen().contains("○ Off (deallocated)"));
}

#[test]
fn the_table_in_words_of_ones_own() {
    pictures("labels", labelled, |_| {});
}

#[test]
fn a_menu_in_words_of_ones_own() {
    pictures("labels_menu", labelled, |deck| {
        select(deck, "db-01");
        deck.press("m");
    });
}

#[test]
fn deallocating_on_azure() {
    pictures("azure_question", azure, |deck| {
        select(deck, "web-01");
        deck.press("X");
    });
}
