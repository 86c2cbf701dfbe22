//! The order of the table by each of its columns.

use std::sync::Arc;

use vmdeck::console::lists::vms::{Column, Sort};
use vmdeck::fleet::Update;
use vmdeck::model::*;

use crate::scene::{Deck, ago, info, noon, vm};

/// Four VMs that each column orders in its own way; two of them share a name but for its case.
fn four() -> Vec<Vm> {
    let group = |name: &str| {
        Some(Group {
            id: name.into(),
            name: name.into(),
        })
    };
    let mut a = vm("prod", "1", "Beta", PowerState::On, "zoo");
    a.project = group("Ärger");
    a.host = Some("esx-2".into());
    a.owner = None;
    a.cpu = Some(8);
    a.ram_mib = None;
    a.addresses = ["10.0.0.10".into()].into();
    a.created_at = Some(ago(30));

    let mut b = vm("prod", "2", "alpha", PowerState::Off, "Ant");
    b.project = group("ärmel");
    b.host = Some("ESX-1".into());
    b.owner = Some("Zoe".into());
    b.cpu = Some(16);
    b.ram_mib = Some(512);
    b.addresses = ["10.0.0.9".into(), "10.0.0.1".into()].into();
    b.created_at = Some(ago(20));

    let mut c = vm("lab", "3", "beta", PowerState::On, "bee");
    c.project = None;
    c.host = None;
    c.owner = Some("adam".into());
    c.cpu = Some(2);
    c.ram_mib = Some(4_096);
    c.addresses = [].into();
    c.created_at = Some(ago(40));

    let mut d = vm("lab", "4", "Gamma", PowerState::Off, "zoo");
    d.protection = Some(Box::new(Protection {
        reason: None,
        by: None,
        since: None,
        scope: ProtectionScope::Cloud,
    }));
    d.project = group("Zeta");
    d.host = Some("esx-10".into());
    d.owner = Some("Bob".into());
    d.cpu = None;
    d.ram_mib = Some(1_024);
    d.addresses = ["not an address".into()].into();
    d.created_at = None;
    vec![a, b, c, d]
}

fn told(vms: Vec<Vm>) -> Deck {
    let mut deck = Deck::empty(120, 36, false, vec![info("prod", None), info("lab", None)]);
    deck.tell(vms.into_iter().map(|vm| Update::Vms {
        cloud: vm.key.cloud.clone(),
        changed: vec![Arc::new(vm)],
        gone: Vec::new(),
        as_of: noon(),
    }));
    deck
}

fn ids(deck: &Deck) -> String {
    let inventory = &deck.app.inventory;
    let rows = deck.app.vms.rows().iter();
    rows.map(|slot| &*inventory.vm(*slot).unwrap().key.id)
        .collect()
}

#[test]
fn each_column_orders_by_its_value_and_then_by_name() {
    let mut deck = told(four());
    for (column, up, down) in [
        (Column::State, "312 4", "4 2 31"),
        (Column::Name, "2 31 4", "4 31 2"),
        (Column::Vapp, "2 3 14", "14 3 2"),
        (Column::Cloud, "34 21", "21 34"),
        (Column::Cpu, "4 3 1 2", "2 1 3 4"),
        (Column::Ram, "1 2 4 3", "3 4 2 1"),
        (Column::Address, "4 2 1 3", "3 1 2 4"),
        (Column::Project, "4 1 2 3", "3 2 1 4"),
        (Column::Host, "2 4 1 3", "3 1 4 2"),
        (Column::Owner, "3 4 2 1", "1 2 4 3"),
        (Column::Created, "4 3 1 2", "2 1 3 4"),
        (Column::Note, "4 231", "231 4"),
    ] {
        for (descending, wanted) in [(false, up), (true, down)] {
            let sort = Sort { column, descending };
            deck.app.vms.set_sort(&deck.app.inventory, sort);
            let wanted = wanted.replace(' ', "");
            assert_eq!(ids(&deck), wanted, "{column:?} {descending}");
        }
    }
}

#[test]
fn what_changes_is_put_where_a_new_order_would_put_it() {
    for column in Column::ALL {
        for descending in [false, true] {
            let sort = Sort { column, descending };
            let mut deck = told(Vec::new());
            deck.app.vms.set_sort(&deck.app.inventory, sort);
            // One after the other into what is ordered already, and each once more with the values of another.
            let vms = four();
            let swapped = vms.iter().zip(vms.iter().rev()).map(|(vm, other)| Vm {
                key: vm.key.clone(),
                ..other.clone()
            });
            for vm in vms.iter().cloned().chain(swapped) {
                deck.tell([Update::Vms {
                    cloud: vm.key.cloud.clone(),
                    changed: vec![Arc::new(vm)],
                    gone: Vec::new(),
                    as_of: noon(),
                }]);
            }
            let merged = ids(&deck);
            deck.app.vms.set_sort(&deck.app.inventory, sort);
            assert_eq!(merged, ids(&deck), "{column:?} {descending}");
        }
    }
}
