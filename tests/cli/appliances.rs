//! Whole appliances, reviews, other tenants: what is named, asked and refused before anything is sent.

use serde_json::Value;

use crate::harness::{Demo, FAST};

/// An appliance of the demo in that state, with VMs.
fn vapp(demo: &Demo, state: &str) -> Value {
    let vapps = demo.vmdeck(&["vapps", "-o", "json"]).ends_with(0).json();
    let mut vapps = vapps.as_array().unwrap().iter();
    let found = vapps.find(|vapp| vapp["state"] == state && vapp["restricted"] == false);
    found
        .unwrap_or_else(|| panic!("one that is {state}"))
        .clone()
}

#[test]
fn a_deployed_appliance_is_undeployed_only_after_a_yes_and_deleted_not_at_all() {
    let demo = Demo::start(FAST);
    let shop = vapp(&demo, "DEPLOYED");
    let (id, name) = (shop["id"].as_str().unwrap(), shop["name"].as_str().unwrap());
    let key = format!("abiquo/{id}");
    let run = demo.vmdeck(&["undeploy", "--vapp", &key]).ends_with(2);
    assert!(
        run.err.contains("--yes") && run.err.contains(name) && run.err.contains(&key),
        "{run:?}"
    );
    let run = demo
        .vmdeck(&["vapp", "delete", &key, "--yes", "-o", "json"])
        .ends_with(1);
    let outcome = &run.json()[0];
    assert_eq!(
        (&outcome["id"], &outcome["name"], &outcome["action"]),
        (&shop["id"], &shop["name"], &"delete".into())
    );
    assert_eq!(outcome["outcome"], "refused");
    assert_eq!(
        outcome["message"],
        "It is deployed: undeploy it before it is deleted"
    );
    let after = vapp(&demo, "DEPLOYED");
    assert_eq!(after["name"], shop["name"], "nothing was sent");
}

#[test]
fn an_appliance_that_is_none_is_said_before_anything_is_sent() {
    let demo = Demo::start(FAST);
    for args in [
        &["deploy", "--vapp", "no-such-thing"][..],
        &["vapp", "edit", "no-such-thing", "--name", "x"],
        &["move", "web-01", "--to", "no-such-thing"],
        &["vapp", "restrict", "web-01", "--to", "no-such-thing"],
    ] {
        let run = demo.vmdeck(args).ends_with(2);
        assert!(
            run.err
                .contains("no appliance is called no-such-thing on abiquo"),
            "{run:?}"
        );
        assert_eq!(run.out, "");
    }
    for args in [
        &["vapp", "edit", "no-such-thing", "--name", " "][..],
        &["vapp", "create", " ", "--project", "x"],
        &["snapshot", "web-01", "--name", " "],
    ] {
        let run = demo.vmdeck(args).ends_with(2);
        assert!(run.err.contains("the name is empty"), "{run:?}");
    }
}

#[test]
fn a_vm_and_an_appliance_of_another_cloud_do_not_meet() {
    let demo = Demo::start(FAST);
    let shop = vapp(&demo, "DEPLOYED");
    let to = format!("abiquo/{}", shop["id"].as_str().unwrap());
    let vms = demo.vmdeck_on_all(&["vms", "-o", "name"]);
    let other = vms
        .out
        .lines()
        .find(|vm| !vm.starts_with("abiquo/"))
        .unwrap();
    let run = demo
        .vmdeck_on_all(&["move", other, "--to", &to])
        .ends_with(2);
    assert!(run.err.contains("are on different clouds"), "{run:?}");
}

#[test]
fn reviews_name_their_tasks_and_tenants_theirs() {
    let demo = Demo::start(FAST);
    let held = demo.vmdeck(&["workflow", "-o", "json"]).ends_with(0).json();
    for task in held.as_array().unwrap() {
        assert_eq!(task["state"], "QUEUEING", "{task}");
    }
    let run = demo
        .vmdeck(&["workflow", "approve", "abiquo/nope"])
        .ends_with(2);
    assert!(
        run.err
            .contains("there is no task nope; `vmdeck workflow` lists those there are"),
        "{run:?}"
    );
    demo.vmdeck(&["workflow", "reject"]).ends_with(2);
    for args in [
        &["tasks", "--tenant", "nobody"][..],
        &["ack", "--all", "--tenant", "nobody"],
        &["workflow", "--tenant", "nobody"],
    ] {
        let run = demo.vmdeck(args).ends_with(2);
        assert!(run.err.contains("no tenant is called nobody"), "{run:?}");
    }
}

#[test]
fn events_are_filtered_by_user_vm_and_text() {
    let demo = Demo::start(FAST);
    let events = |args: &[&str]| {
        let args = [&["events", "-o", "json"], args].concat();
        let json = demo.vmdeck(&args).ends_with(0).json();
        json.as_array().unwrap().clone()
    };
    let all = events(&[]);
    let named = all
        .iter()
        .find_map(|event| event["vm_name"].as_str())
        .unwrap();
    let of_vm = events(&["--vm", &named.to_uppercase()]);
    assert!(!of_vm.is_empty());
    assert!(of_vm.iter().all(|event| event["vm_name"] == named));
    let by = all
        .iter()
        .find_map(|event| event["performed_by"].as_str())
        .unwrap();
    let of_user = events(&["--user", by]);
    assert!(!of_user.is_empty());
    let has = |event: &Value, key: &str| event[key].as_str().is_some_and(|it| it.contains(by));
    assert!(
        of_user
            .iter()
            .all(|event| has(event, "user") || has(event, "performed_by"))
    );
    assert!(events(&["--text", "no event ever said this"]).is_empty());
    let until = all[all.len() / 2]["at"].as_str().unwrap();
    let older = events(&["--until", until]);
    assert!(!older.is_empty());
    assert!(
        older
            .iter()
            .all(|event| event["at"].as_str().unwrap() <= until)
    );
}

#[test]
fn the_screen_of_a_vm_has_an_address_or_a_reason() {
    let demo = Demo::start(FAST);
    let vms = demo.vmdeck_on_all(&["vms", "-o", "json"]).json();
    let mut vms = vms.as_array().unwrap().iter();
    let vm = vms
        .find(|vm| vm["provider"] == "zstack" && vm["state"] == "ON")
        .unwrap();
    let key = format!(
        "{}/{}",
        vm["cloud"].as_str().unwrap(),
        vm["id"].as_str().unwrap()
    );
    let remote = demo
        .vmdeck_on_all(&["remote", &key, "-o", "json"])
        .ends_with(0)
        .json();
    assert!(
        remote["address"].as_str().unwrap().contains("://"),
        "{remote}"
    );
    assert_eq!(remote["password"], Value::Null);
}
