#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::cli::testing::{info, inventory, protected, vm};
use crate::fleet::{CloudInfo, Inventory};
use crate::model::VmKey;

fn production() -> CloudInfo {
    CloudInfo {
        environment: Some("production".to_owned()),
        production: true,
        ..info("prod")
    }
}

fn fleet() -> Inventory {
    inventory(
        vec![production(), info("lab")],
        vec![
            vm("prod", "1", "web-01"),
            protected(vm("lab", "2", "db-01"), "kernel update", Some("admin")),
            vm("lab", "3", "batch"),
            vm("lab", "4", "batch-2"),
        ],
    )
}

/// Asks about some VMs and answers; what was asked, and whether it was a yes.
fn asked(kind: ActionKind, vms: &[(&str, &str)], answer: &str) -> (String, bool) {
    let inventory = fleet();
    let asked: Vec<_> = vms
        .iter()
        .filter_map(|(cloud, id)| {
            let key = VmKey::new(&crate::model::CloudName::new(cloud), id);
            Asked::of(kind, inventory.overview_of(&key).unwrap())
        })
        .collect();
    let mut out = Vec::new();
    let yes = ask(kind, &asked, &mut answer.as_bytes(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), yes)
}

#[test]
fn the_question_says_vm_cloud_state_and_consequence() {
    let (text, yes) = asked(ActionKind::PowerOff, &[("lab", "3")], "y\n");
    assert_eq!(
        text,
        "Power off batch (lab/3, ON): it is running\n\
         The power is cut; the guest is not asked, unsaved work is lost.\n\
         Go on? [y/N] "
    );
    assert!(yes);
}

#[test]
fn only_a_clear_yes_is_a_yes() {
    for (answer, expected) in [
        ("y\n", true),
        ("YES\n", true),
        (" y \n", true),
        ("\n", false),
        ("", false),
        ("no\n", false),
        ("yy\n", false),
    ] {
        assert_eq!(
            asked(ActionKind::PowerOff, &[("lab", "3")], answer).1,
            expected,
            "{answer:?}"
        );
    }
}

#[test]
fn harm_in_production_is_confirmed_by_typing_the_name() {
    let (text, yes) = asked(ActionKind::PowerOff, &[("prod", "1")], "web-01\n");
    assert!(
        text.starts_with("Power off web-01 (prod/1, production, ON): production, it is running\n"),
        "{text}"
    );
    assert!(text.ends_with("Type web-01 to go on: "), "{text}");
    assert!(yes);
    assert!(!asked(ActionKind::PowerOff, &[("prod", "1")], "y\n").1);
}

#[test]
fn a_protected_vm_says_who_protected_it_and_why() {
    let (text, _) = asked(ActionKind::Shutdown, &[("lab", "2")], "y\n");
    let words = "Shut down db-01 (lab/2, MAINTENANCE over ON): protected by admin: kernel update\n";
    assert!(text.starts_with(words), "{text}");
    assert!(
        asked(ActionKind::Unprotect, &[("lab", "2")], "")
            .0
            .is_empty(),
        "unprotect never asks"
    );
}

#[test]
fn several_vms_are_one_question() {
    let (text, yes) = asked(ActionKind::Reset, &[("lab", "3"), ("lab", "4")], "y\n");
    assert!(
        text.starts_with("Reset 2 VMs:\n  batch (lab/3, ON): it is running\n  batch-2 (lab/4, ON)"),
        "{text}"
    );
    assert!(yes);
    let several = [("prod", "1"), ("lab", "2"), ("lab", "3")];
    let (text, yes) = asked(ActionKind::Reset, &several, "3\n");
    assert!(text.ends_with("Type 3 to go on: "), "{text}");
    assert!(yes);
    assert!(!asked(ActionKind::Reset, &several, "2\n").1);
}

#[test]
fn production_asks_before_what_disturbs_and_elsewhere_nothing_does() {
    assert!(
        !asked(ActionKind::Shutdown, &[("prod", "1")], "")
            .0
            .is_empty()
    );
    for kind in [
        ActionKind::Shutdown,
        ActionKind::Pause,
        ActionKind::PowerOn,
        ActionKind::Protect,
    ] {
        assert!(asked(kind, &[("lab", "3")], "").0.is_empty(), "{kind}");
    }
}

#[test]
fn without_a_terminal_the_sentence_names_the_option_and_the_vms() {
    let inventory = fleet();
    let key = VmKey::new(&crate::model::CloudName::new("prod"), "1");
    let asked = [Asked::of(ActionKind::PowerOff, inventory.overview_of(&key).unwrap()).unwrap()];
    let sentence = needs_yes(ActionKind::PowerOff, &asked);
    assert!(
        sentence.contains("--yes") && sentence.contains("web-01 (prod/1"),
        "{sentence}"
    );
    assert!(!sentence.contains('\n'));
}
