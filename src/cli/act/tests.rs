#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::cli::testing::{at, info, inventory, name, protected, vm};
use crate::fleet::{CloudInfo, CommandId};
use crate::model::{PowerState, TaskKey};

fn keys(ids: &[(&str, &str)]) -> Vec<VmKey> {
    ids.iter()
        .map(|(cloud, id)| VmKey::new(&name(cloud), id))
        .collect()
}

#[test]
fn refused_comes_before_asked_and_one_refusal_does_not_stop_the_others() {
    let mut off = vm("prod", "2", "off-already");
    off.power = PowerState::Off;
    let kept = CloudInfo {
        read_only: true,
        ..info("kept")
    };
    let inventory = inventory(
        vec![info("prod"), kept],
        vec![
            vm("prod", "1", "web-01"),
            off,
            vm("kept", "3", "archive"),
            vm("prod", "4", "web-02"),
        ],
    );
    let vms = keys(&[("prod", "2"), ("prod", "4"), ("kept", "3"), ("prod", "1")]);
    let plan = Plan::of(&Action::PowerOff, &vms, &inventory).unwrap();
    let refused: Vec<_> = plan
        .refused
        .iter()
        .map(|it| (it.name, it.denial.to_string()))
        .collect();
    assert_eq!(
        refused,
        [
            ("off-already", "It is off already".to_owned()),
            (
                "archive",
                "This cloud is read-only in the configuration".to_owned()
            ),
        ]
    );
    let go: Vec<_> = plan.go.iter().map(|vm| &*vm.name).collect();
    assert_eq!(go, ["web-02", "web-01"]);
    assert_eq!(plan.asked.len(), 2, "what is refused is not asked about");
}

#[test]
fn only_what_asks_is_asked_about() {
    let inventory = inventory(
        vec![info("prod")],
        vec![
            vm("prod", "1", "web-01"),
            protected(vm("prod", "2", "db-01"), "audit", None),
        ],
    );
    let vms = keys(&[("prod", "1"), ("prod", "2")]);
    let plan = Plan::of(&Action::Shutdown, &vms, &inventory).unwrap();
    assert_eq!(plan.go.len(), 2);
    let asked: Vec<_> = plan
        .asked
        .iter()
        .map(|asked| &*asked.overview.vm.name)
        .collect();
    assert_eq!(asked, ["db-01"]);

    let plan = Plan::of(
        &Action::Protect {
            reason: "why".into(),
        },
        &vms,
        &inventory,
    )
    .unwrap();
    assert_eq!(
        plan.refused[0].denial.to_string(),
        "Already protected: audit"
    );
    assert_eq!(plan.go.len(), 1);
}

#[test]
fn ctrl_c_says_what_goes_on() {
    let report = |stage| CommandReport {
        id: CommandId(1),
        command: Command::Act {
            vm: VmKey::new(&name("prod"), "1"),
            action: Action::Shutdown,
            confirmed: Confirmed::default(),
        },
        vm_name: "web-01".into(),
        at: at("2026-03-02T12:00:00Z"),
        stage,
    };
    let task = Some(TaskKey {
        cloud: name("prod"),
        id: "t-1".into(),
    });
    for (stage, said) in [
        (
            Stage::Accepted { task },
            "prod: Shut down of web-01 goes on as task prod/t-1",
        ),
        (
            Stage::Accepted { task: None },
            "prod: Shut down of web-01 goes on",
        ),
        (Stage::Asked, "prod: Shut down of web-01 was not sent"),
        (
            Stage::Sent,
            "prod: Shut down of web-01 was sent and not answered; read the VM before trying again",
        ),
    ] {
        assert_eq!(going_on(&report(stage)), said);
    }
}

#[test]
fn a_command_says_what_was_shown_of_its_vm_and_yes_is_for_everything() {
    let plain = vm("prod", "1", "web-01");
    let kept = protected(vm("prod", "2", "web-02"), "audit", None);
    let confirmed = |vm, yes| match command(vm, &Action::Shutdown, yes) {
        Command::Act { confirmed, .. } => Some(confirmed),
        _ => None,
    };
    let audit = Confirmed::Protected {
        reason: Some("audit".into()),
    };
    assert_eq!(confirmed(&plain, false), Some(Confirmed::Unprotected));
    assert_eq!(confirmed(&kept, false), Some(audit));
    assert_eq!(confirmed(&plain, true), Some(Confirmed::Everything));
}

#[test]
fn only_what_the_cloud_asks_first_is_given_again_by_force() {
    let undeploy = |force| Command::Act {
        vm: VmKey::new(&name("prod"), "1"),
        action: Action::Undeploy { force },
        confirmed: Confirmed::default(),
    };
    let why = || "it is imported".to_owned();
    let report = |force, stage| CommandReport {
        id: CommandId(1),
        command: undeploy(force),
        vm_name: "web-01".into(),
        at: at("2026-03-02T12:00:00Z"),
        stage,
    };
    let asks = || Stage::NeedsForce {
        message: why(),
        asks: "a limit".to_owned(),
    };
    assert_eq!(forced(&report(false, asks())), Some(undeploy(true)));
    assert_eq!(forced(&report(true, asks())), None, "once is all");
    let refused = Stage::Refused { message: why() };
    assert_eq!(forced(&report(false, refused)), None);
    let unknown = Stage::Unknown { message: why() };
    assert_eq!(forced(&report(false, unknown)), None);
}
