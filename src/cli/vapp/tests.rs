#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::cli::testing::{CAPABILITIES, group, info, inventory, name, protected, vm};
use crate::fleet::{CloudInfo, Update};
use crate::model::{Capabilities, PowerState, Vapp, VappRule};

static WITH_VAPPS: Capabilities = Capabilities {
    vapp_rules: &[
        VappRule {
            action: VappActionKind::Deploy,
            from: &[VappState::Undeployed, VappState::PartiallyDeployed],
            privileges: &[],
        },
        VappRule {
            action: VappActionKind::Undeploy,
            from: &[VappState::Deployed, VappState::PartiallyDeployed],
            privileges: &[],
        },
        VappRule {
            action: VappActionKind::Delete,
            from: &[VappState::Empty, VappState::Undeployed],
            privileges: &[],
        },
    ],
    ..CAPABILITIES
};

fn shop(production: bool, vms: Vec<Vm>) -> (VappKey, Inventory) {
    let cloud = CloudInfo {
        capabilities: &WITH_VAPPS,
        production,
        environment: production.then(|| "production".to_owned()),
        ..info("prod")
    };
    let vms = vms.into_iter().map(|vm| Vm {
        vapp: Some(group("7", "shop")),
        ..vm
    });
    let mut inventory = inventory(vec![cloud], vms.collect());
    let vapp = Vapp {
        cloud: name("prod"),
        id: "7".into(),
        name: "shop".into(),
        project: None,
        tenant: None,
        server_state: None,
        restricted: false,
        locator: "".into(),
    };
    let key = vapp.key();
    inventory.apply(Update::Vapps {
        cloud: name("prod"),
        vapps: vec![vapp],
    });
    (key, inventory)
}

fn off_host(id: &str, called: &str) -> Vm {
    Vm {
        power: PowerState::NotAllocated,
        ..vm("prod", id, called)
    }
}

#[test]
fn the_deploy_of_a_partial_appliance_says_which_vms_and_asks_nothing() {
    let vms = vec![
        vm("prod", "1", "web-01"),
        off_host("2", "web-02"),
        off_host("3", "web-03"),
    ];
    let (key, inventory) = shop(true, vms);
    let plan = Plan::of(&key, VappActionKind::Deploy, &inventory).unwrap();
    assert_eq!(plan.refused, None);
    assert!(!plan.asks);
    assert_eq!(
        plan.partial().unwrap(),
        "Deploy of shop (prod/7, production, PARTIALLY_DEPLOYED) is for web-02, web-03 alone"
    );
    assert_eq!(plan.vms.len(), 2);
}

#[test]
fn an_undeploy_names_its_vms_and_wants_typing_where_that_is_serious() {
    let vms = || {
        vec![
            vm("prod", "1", "web-01"),
            protected(vm("prod", "2", "db-01"), "audit", Some("eve")),
        ]
    };
    let (key, inventory) = shop(false, vms());
    let plan = Plan::of(&key, VappActionKind::Undeploy, &inventory).unwrap();
    assert!(plan.asks && plan.typed, "one of them is protected");
    let mut out = Vec::new();
    plan.question(&mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "Undeploy shop (prod/7, DEPLOYED) with 2 VMs:\n  \
         db-01 (prod/2, MAINTENANCE over ON): protected by eve: audit, it is running\n  \
         web-01 (prod/1, ON): it is running\n\
         These VMs are taken off their hosts; what is not in the catalogue is lost.\n"
    );
    assert_eq!(plan.wanted(), Some("shop"));

    let (key, inventory) = shop(false, vec![vm("prod", "1", "web-01")]);
    let plan = Plan::of(&key, VappActionKind::Undeploy, &inventory).unwrap();
    assert!(plan.asks && !plan.typed);
}

#[test]
fn deleting_wants_the_name_typed_even_of_an_empty_one() {
    let (key, inventory) = shop(false, Vec::new());
    let plan = Plan::of(&key, VappActionKind::Delete, &inventory).unwrap();
    assert_eq!(plan.refused, None);
    assert!(plan.asks);
    assert_eq!(plan.wanted(), Some("shop"));
    let (key, inventory) = shop(false, vec![vm("prod", "1", "web-01")]);
    let plan = Plan::of(&key, VappActionKind::Delete, &inventory).unwrap();
    assert_eq!(
        plan.refused.as_deref(),
        Some("It is deployed: undeploy it before it is deleted")
    );
}

#[test]
fn an_appliance_is_named_as_a_vm_is() {
    use crate::cli::naming::{Clouds, Reference};
    let (key, inventory) = shop(false, vec![vm("prod", "1", "web-01")]);
    let configured = [name("prod")];
    let clouds = Clouds {
        configured: &configured,
        selected: &configured,
    };
    let found = |text: &str| {
        let reference = Reference::parse(text, clouds).unwrap();
        resolve_vapp(&reference, &inventory).map_err(|stop| stop.messages.join("\n"))
    };
    for text in ["shop", "prod/shop", "prod/7"] {
        assert_eq!(found(text), Ok(key.clone()), "{text}");
    }
    assert_eq!(
        found("shpo").unwrap_err(),
        "no appliance is called shpo on prod; is it prod/shop?"
    );
    assert_eq!(
        found("prod/till").unwrap_err(),
        "no appliance is called till on prod; `vmdeck vapps` lists those there are"
    );
}
