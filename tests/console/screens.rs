//! Pictures of every view and dialog, at 80x24, 120x36 and 200x50.

use vmdeck::fleet::{CloudStatus, Update};
use vmdeck::model::{CloudName, VmKey};

use crate::scene::{Deck, ago, info};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

fn at_each_size(name: &str, prepare: impl Fn(&mut Deck)) {
    pictures(name, Deck::new, prepare);
}

/// Pictures of a console of one's own at each size.
pub fn pictures(name: &str, make: impl Fn(u16, u16) -> Deck, prepare: impl Fn(&mut Deck)) {
    for (width, height) in SIZES {
        let mut deck = make(width, height);
        prepare(&mut deck);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), deck.screen());
    }
}

pub fn select(deck: &mut Deck, name: &str) {
    deck.press("/").typing(name).press("enter");
}

#[test]
fn vms() {
    at_each_size("vms", |_| {});
}

#[test]
fn vms_filtered_while_typing() {
    at_each_size("filter", |deck| {
        deck.press("/").typing("web");
    });
}

#[test]
fn a_filter_that_finds_nothing() {
    at_each_size("filter_nothing", |deck| {
        deck.press("/").typing("zzz").press("enter");
    });
}

#[test]
fn appliances() {
    at_each_size("appliances", |deck| {
        deck.press("2 G k k k k enter");
    });
}

#[test]
fn clouds() {
    at_each_size("clouds", |deck| {
        deck.tell([Update::Status {
            cloud: CloudName::new("lab"),
            status: CloudStatus::Failing {
                error: "cannot connect to lab.example.com:443: connection refused; is the address right and the cloud up?".into(),
                sign_in: false,
                retry_at: Some(ago(-20)),
            },
        }]);
        deck.press("3 j").wait(30);
    });
}

#[test]
fn events() {
    at_each_size("events", |deck| {
        deck.press("4 j");
    });
}

#[test]
fn one_event() {
    at_each_size("event", |deck| {
        deck.press("4 j enter");
    });
}

#[test]
fn events_of_one_vm() {
    at_each_size("events_of_vm", |deck| {
        select(deck, "web-02");
        deck.press("e");
    });
}

#[test]
fn details_of_a_protected_vm() {
    at_each_size("details", |deck| {
        select(deck, "db-01");
        deck.press("enter");
    });
}

#[test]
fn details_of_a_vm_with_tasks() {
    at_each_size("details_tasks", |deck| {
        select(deck, "web-02");
        deck.press("enter G");
    });
}

#[test]
fn the_action_menu() {
    at_each_size("menu", |deck| {
        select(deck, "web-02");
        deck.press("m");
    });
}

#[test]
fn protecting() {
    at_each_size("protect", |deck| {
        select(deck, "web-01");
        deck.press("p").typing("kernel update CHG-1234");
    });
}

#[test]
fn protecting_without_a_reason() {
    at_each_size("protect_empty", |deck| {
        select(deck, "web-01");
        deck.press("p enter");
    });
}

#[test]
fn a_question_in_production() {
    at_each_size("question_typed", |deck| {
        select(deck, "web-02");
        deck.press("X").typing("web");
    });
}

#[test]
fn a_question_about_a_protected_vm() {
    at_each_size("question_protected", |deck| {
        select(deck, "db-01");
        deck.press("D");
    });
}

#[test]
fn acting_on_many() {
    at_each_size("many", |deck| {
        deck.press("/")
            .typing("prod")
            .press("enter ctrl-a X")
            .typing("4");
    });
}

#[test]
fn marked_rows() {
    at_each_size("marked", |deck| {
        deck.press("j j space space j space");
    });
}

#[test]
fn acknowledging_all() {
    at_each_size("acknowledge_all", |deck| {
        deck.press("A");
    });
}

#[test]
fn a_warning_opened() {
    at_each_size("warning", |deck| {
        if deck.app.pane_rows().is_none() {
            deck.press("t");
        } else {
            deck.press("tab");
            if deck.app.is_wide() {
                deck.press("tab");
            }
        }
        deck.press("enter");
    });
}

#[test]
fn the_pane_over_everything() {
    at_each_size("pane_full", |deck| {
        deck.press("T");
    });
}

#[test]
fn help() {
    at_each_size("help", |deck| {
        deck.press("?");
    });
}

#[test]
fn sorting() {
    at_each_size("sort", |deck| {
        deck.press("s k");
    });
}

#[test]
fn the_raw_document() {
    at_each_size("raw", |deck| {
        select(deck, "web-02");
        deck.press("y");
        deck.tell([Update::Raw {
            vm: VmKey::new(&CloudName::new("prod"), "2"),
            document: Ok(
                "{\n  \"id\": 2,\n  \"label\": \"web-02\",\n  \"password\": \"•••\"\n}".into(),
            ),
        }]);
    });
}

#[test]
fn refusals_are_notices_and_stay_in_the_log() {
    at_each_size("notices", |deck| {
        select(deck, "db-01");
        deck.press("p U !");
    });
}

#[test]
fn a_refusal_is_a_notice_at_the_bottom_right() {
    at_each_size("notice", |deck| {
        select(deck, "web-02");
        deck.press("U");
    });
}

#[test]
fn nothing_is_configured() {
    for (width, height) in SIZES {
        let mut deck = Deck::empty(width, height, false, Vec::new());
        deck.draw();
        insta::assert_snapshot!(format!("welcome_{width}x{height}"), deck.screen());
    }
}

#[test]
fn nothing_has_answered_yet() {
    let mut deck = Deck::empty(
        120,
        36,
        false,
        vec![info("prod", Some("production")), info("lab", None)],
    );
    deck.draw();
    insta::assert_snapshot!("connecting_120x36", deck.screen());
}

#[test]
fn in_ascii_without_colour() {
    let mut deck = Deck::empty(
        120,
        36,
        true,
        vec![info("prod", Some("production")), info("lab", None)],
    );
    deck.tell(crate::scene::updates());
    insta::assert_snapshot!("ascii_120x36", deck.screen());
    assert!(deck.screen().is_ascii(), "{}", deck.screen());
}

#[test]
fn a_terminal_too_small_says_so() {
    let mut deck = Deck::new(30, 6);
    deck.draw();
    assert!(deck.screen().contains("vmdeck needs 40x8"));
}

#[test]
fn clouds_of_several_makers_in_one_table() {
    use std::sync::Arc;
    use vmdeck::model::{PowerState, ProtectionScope};

    at_each_size("mixed", |deck| {
        let native = |id: &str, name: &str, power, word: &str| {
            let mut vm = crate::scene::vm("lab", id, name, power, "x");
            vm.native_state = word.into();
            vm.vapp = None;
            vm
        };
        let mut kept = native("205", "keeper", PowerState::On, "ACTIVE");
        kept = crate::scene::protected(kept, "moving the storage", "ops");
        if let Some(protection) = &mut kept.protection {
            protection.scope = ProtectionScope::Console;
        }
        let vms = [
            native("201", "arena", PowerState::Locked, "VERIFY_RESIZE"),
            native("202", "chat", PowerState::Off, "SHUTOFF"),
            native("203", "cms", PowerState::Paused, "SUSPENDED"),
            native("204", "gone", PowerState::NotAllocated, "SOFT_DELETED"),
            kept,
        ];
        deck.tell([Update::Vms {
            cloud: CloudName::new("lab"),
            changed: vms.into_iter().map(Arc::new).collect(),
            gone: Vec::new(),
            as_of: ago(3),
        }]);
        deck.press("s k k k k k k k k k enter");
    });
}
