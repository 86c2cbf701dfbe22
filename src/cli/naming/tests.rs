#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::cli::testing::{fail, info, inventory, name, names, vm};
use crate::fleet::CloudStatus;
use crate::fleet::Update;

/// `prod` and `lab` with a name on both, a name twice on one, and a VM whose name is another's id.
fn two_clouds() -> Inventory {
    inventory(
        vec![info("prod"), info("lab")],
        vec![
            vm("prod", "1", "web-01"),
            vm("prod", "2", "twin"),
            vm("prod", "3", "twin"),
            vm("prod", "4", "1"),
            vm("prod", "5", "a/b"),
            vm("lab", "1", "web-01"),
            vm("lab", "7", "batch"),
        ],
    )
}

fn parse(text: &str) -> Result<Reference, Stop> {
    let configured = names(&["prod", "lab", "old"]);
    let selected = names(&["prod", "lab"]);
    Reference::parse(
        text,
        Clouds {
            configured: &configured,
            selected: &selected,
        },
    )
}

fn meant(inventory: &Inventory, text: &str) -> Result<String, Stop> {
    resolve(&parse(text)?, inventory).map(|key| key.to_string())
}

fn refused(inventory: &Inventory, text: &str) -> (u8, String) {
    let stop = meant(inventory, text).unwrap_err();
    (stop.exit.code(), stop.messages.join("\n"))
}

#[test]
fn a_cloud_and_an_id_or_else_a_name() {
    let inventory = two_clouds();
    for (text, key) in [
        ("prod/web-01", "prod/1"),
        ("lab/web-01", "lab/1"),
        ("lab/7", "lab/7"),
        ("prod/a/b", "prod/5"),
        (" lab/batch ", "lab/7"),
    ] {
        assert_eq!(meant(&inventory, text).as_deref(), Ok(key), "{text}");
    }
    assert_eq!(
        meant(&inventory, "prod/1").as_deref(),
        Ok("prod/1"),
        "the id comes before the name"
    );
}

#[test]
fn a_bare_name_is_for_what_only_one_vm_has() {
    let inventory = two_clouds();
    assert_eq!(meant(&inventory, "batch").as_deref(), Ok("lab/7"));
    assert_eq!(
        meant(&inventory, "a/b").as_deref(),
        Ok("prod/5"),
        "a name may hold a slash"
    );
    assert_eq!(
        meant(&inventory, "1").as_deref(),
        Ok("prod/4"),
        "a bare word is never an id"
    );
}

#[test]
fn an_ambiguous_name_lists_the_candidates() {
    let inventory = two_clouds();
    let (code, message) = refused(&inventory, "web-01");
    assert_eq!(code, 2);
    assert!(message.contains("lab/1, prod/1"), "{message}");
    let (code, message) = refused(&inventory, "prod/twin");
    assert_eq!(code, 2);
    assert!(message.contains("prod/2, prod/3"), "{message}");
}

#[test]
fn many_candidates_are_counted() {
    let vms = (0..25)
        .map(|id| vm("prod", &format!("{id:02}"), "same"))
        .collect();
    let inventory = inventory(vec![info("prod")], vms);
    let (_, message) = refused(&inventory, "same");
    assert!(
        message.starts_with("25 VMs are called same: prod/00"),
        "{message}"
    );
    assert!(message.contains("and 15 more"), "{message}");
}

#[test]
fn an_unknown_name_is_wrong_usage_with_a_near_one_suggested() {
    let inventory = two_clouds();
    let (code, message) = refused(&inventory, "bacth");
    assert_eq!(code, 2);
    assert!(message.contains("is it lab/batch?"), "{message}");
    let (code, message) = refused(&inventory, "prod/7");
    assert_eq!(code, 2);
    assert!(
        message.contains("on prod") && message.contains("vmdeck vms"),
        "{message}"
    );
    let (_, message) = refused(&inventory, "7");
    assert!(
        message.contains("is it lab/7?"),
        "a bare id is told how to be written: {message}"
    );
    let (_, message) = refused(&inventory, "x\u{1b}[31m");
    assert!(
        !message.contains('\u{1b}'),
        "what was typed is made safe: {message:?}"
    );
}

#[test]
fn a_cloud_that_is_not_configured_is_named() {
    let mut inventory = two_clouds();
    let (code, message) = refused(&inventory, "nocloud/6");
    assert_eq!(code, 2);
    assert!(
        message
            .starts_with("no VM is called nocloud/6 on prod, lab, and no cloud is called nocloud"),
        "{message}"
    );
    let (_, message) = refused(&inventory, "some thing/6");
    assert!(!message.contains("no cloud"), "{message}");
    fail(&mut inventory, "lab", "down", false);
    let (code, message) = refused(&inventory, "nocloud/6");
    assert_eq!(code, 3);
    assert!(message.contains("no cloud is called nocloud"), "{message}");
}

#[test]
fn a_cloud_that_is_left_out_or_nothing_in_it_is_wrong_usage() {
    for (text, word) in [
        ("old/web", "--cloud"),
        ("prod/", "nothing in it"),
        ("", "empty"),
        ("  ", "empty"),
    ] {
        let stop = parse(text).unwrap_err();
        assert_eq!(stop.exit, Exit::Usage);
        assert!(stop.messages[0].contains(word), "{text}: {stop:?}");
    }
    assert_eq!(parse("other/web"), Ok(Reference::Bare("other/web".into())));
}

#[test]
fn a_bare_name_waits_for_every_cloud_and_a_full_one_for_its_own() {
    let mut inventory = two_clouds();
    fail(&mut inventory, "prod", "cannot connect", false);
    let (code, message) = refused(&inventory, "batch");
    assert_eq!(code, 3);
    assert!(message.contains("prod could not be read"), "{message}");
    assert_eq!(
        meant(&inventory, "prod/1").as_deref(),
        Ok("prod/1"),
        "an id that was read before its cloud failed is of one VM"
    );
    let (code, message) = refused(&inventory, "prod/web-01");
    assert_eq!(code, 3, "another one may have the same name");
    assert!(message.contains("name it by its id"), "{message}");
    assert_eq!(refused(&inventory, "prod/99").0, 3);
    assert_eq!(
        refused(&inventory, "nothing-like-it").0,
        3,
        "it may be on the silent cloud"
    );
    assert_eq!(meant(&inventory, "lab/batch").as_deref(), Ok("lab/7"));
    assert_eq!(refused(&inventory, "lab/nothing").0, 2);
}

#[test]
fn a_cloud_that_has_not_told_all_yet_has_not_answered() {
    let mut inventory = two_clouds();
    assert!(answered(&inventory, &name("lab")));
    inventory.apply(Update::Status {
        cloud: name("lab"),
        status: CloudStatus::Ok,
    });
    assert!(answered(&inventory, &name("lab")));
    let never = Inventory::new([info("lab")]);
    assert!(!answered(&never, &name("lab")));
    assert!(!answered(&inventory, &name("unheard")));
}

#[test]
fn ambiguity_comes_before_unread_clouds() {
    let mut inventory = inventory(
        vec![info("prod"), info("lab")],
        vec![vm("prod", "2", "twin"), vm("prod", "3", "twin")],
    );
    fail(&mut inventory, "lab", "down", false);
    assert_eq!(refused(&inventory, "twin").0, 2);
}

#[test]
fn all_arguments_are_resolved_and_all_mistakes_told() {
    let inventory = two_clouds();
    let references = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| parse(text).unwrap())
            .collect::<Vec<_>>()
    };
    let keys = resolve_all(
        &references(&["lab/7", "prod/web-01", "batch", "prod/1"]),
        &inventory,
    )
    .unwrap();
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(
        keys,
        ["lab/7", "prod/1"],
        "each once, in the order in which they were first named"
    );

    let stop = resolve_all(&references(&["batch", "twin", "nobody"]), &inventory).unwrap_err();
    assert_eq!((stop.exit, stop.messages.len()), (Exit::Usage, 2));
}

#[test]
fn the_exit_status_of_several_mistakes_is_the_one_that_counts() {
    let mut inventory = two_clouds();
    fail(&mut inventory, "prod", "down", false);
    let references = [parse("prod/web-01").unwrap(), parse("lab/nobody").unwrap()];
    assert_eq!(
        resolve_all(&references, &inventory).unwrap_err().exit,
        Exit::Usage
    );
}

#[test]
fn only_the_clouds_that_are_named_are_needed() {
    let selected = names(&["prod", "lab"]);
    let needed = |texts: &[&str]| {
        let references: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        super::needed(&references, &selected)
    };
    assert_eq!(needed(&["lab/7"]), names(&["lab"]));
    assert_eq!(needed(&["lab/7", "prod/1"]), selected);
    assert_eq!(needed(&["lab/7", "batch"]), selected);
}

#[test]
fn clouds_are_selected_by_name_in_the_order_of_the_configuration() {
    let configured = names(&["prod", "lab", "old"]);
    let select = |wanted: &[&str]| {
        let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
        super::select(&configured, &wanted)
    };
    assert_eq!(select(&[]), Ok(configured.clone()));
    assert_eq!(select(&["old", "prod", "old"]), Ok(names(&["prod", "old"])));
    let stop = select(&["prod", "prd"]).unwrap_err();
    assert_eq!(stop.exit, Exit::Usage);
    assert!(
        stop.messages[0].contains("prd") && stop.messages[0].contains("prod, lab, old"),
        "{stop:?}"
    );
}

#[test]
fn a_tenant_or_a_project_is_named_by_its_id_or_a_name_that_one_has() {
    use crate::cli::testing::group;
    let configured = names(&["prod", "lab"]);
    let clouds = Clouds {
        configured: &configured,
        selected: &configured,
    };
    let groups = [
        (name("prod"), group("1", "acme")),
        (name("prod"), group("2", "Globex")),
        (name("lab"), group("9", "acme")),
    ];
    let found = |text: &str, read| {
        let reference = Reference::parse(text, clouds).unwrap();
        resolve_group(&reference, "tenant", &groups, read)
            .map(|(cloud, group)| format!("{cloud}/{}", group.id))
            .map_err(|stop| (stop.exit, stop.messages.join("\n")))
    };
    assert_eq!(found("Globex", Exit::Done).unwrap(), "prod/2");
    assert_eq!(found("9", Exit::Done).unwrap(), "lab/9");
    assert_eq!(found("lab/acme", Exit::Done).unwrap(), "lab/9");
    assert_eq!(found("prod/1", Exit::Partial).unwrap(), "prod/1");
    assert_eq!(
        found("acme", Exit::Done).unwrap_err(),
        (
            Exit::Usage,
            "2 tenants are called acme: prod/1, lab/9; name one by its id".to_owned()
        )
    );
    assert_eq!(
        found("prod/nobody", Exit::Done).unwrap_err().1,
        "no tenant is called nobody; there are: prod/acme, prod/Globex"
    );
    assert_eq!(found("nobody", Exit::Partial).unwrap_err().0, Exit::Partial);
}
