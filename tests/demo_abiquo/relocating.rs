//! Moving a running VM to another host (11).

use serde_json::{Value, json};

use crate::api::{Answer, Api, job_states, link, path, refusal, task_of};

async fn to(api: &Api, user: &str, vm: &Value, machine: &str) -> Answer {
    let href = format!("http://127.0.0.1:443/api/admin/{machine}");
    let body = json!({"links": [{"rel": "machine", "href": href}]}).to_string();
    let address = path(vm, "edit") + "/action/relocate";
    api.act(user, &address, Some(("links", &body))).await
}

#[tokio::test]
async fn only_what_is_deployed_on_esxi_shows_the_links() {
    let api = Api::start();
    for (name, shows) in [
        ("web-01", true),
        ("web-05", true),
        ("print-01", true),
        ("web-06", false),
        ("batch-05", false),
        ("runner-01", false),
        ("burst-01", false),
    ] {
        let vm = api.vm(name).await;
        for rel in ["relocate", "relocatecandidates"] {
            assert_eq!(link(&vm, rel).is_some(), shows, "{name} {rel}");
        }
    }
}

#[tokio::test]
async fn the_candidates_are_the_other_hosts_with_what_is_taken_of_them() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let list = api.get(&path(&vm, "relocatecandidates"), "machines").await;
    assert_eq!(list["totalSize"], 3);
    let machines = list["collection"].as_array().unwrap();
    let names: Vec<_> = machines
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["esx-bcn-02", "esx-bcn-03", "esx-bcn-04"]);
    let one = &machines[0];
    assert_eq!(
        (&one["id"], &one["type"], &one["state"]),
        (&json!(2), &json!("VMX_04"), &json!("MANAGED"))
    );
    for (whole, used) in [
        ("virtualCpuCores", "virtualCpusUsed"),
        ("virtualRamInMb", "virtualRamUsedInMb"),
    ] {
        assert!(one[whole].as_i64().unwrap() > 0);
        assert!(one[used].as_i64().unwrap() > 0);
    }
    assert_eq!(
        path(one, "edit"),
        "/api/admin/datacenters/1/racks/2/machines/2"
    );
    assert_eq!(&api.get(&path(one, "edit"), "machine").await, one);
    let refused = api
        .get_as("operator", &path(&vm, "relocatecandidates"), "machines")
        .await;
    assert_eq!(refusal(&refused), (403, "403-FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn a_relocated_vm_stays_on_and_runs_on_the_other_host() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    assert_eq!(link(&vm, "machine").unwrap()["title"], "esx-bcn-01");
    let accepted = to(&api, "admin", &vm, "datacenters/1/racks/2/machines/3").await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(task["type"], "RELOCATE");
    assert_eq!(job_states(&task), [("RELOCATE", "PENDING", "UNKNOWN")]);
    assert_eq!(api.vm("web-01").await["state"], "LOCKED");
    api.pass(20);
    let moved = api.vm("web-01").await;
    assert_eq!(moved["state"], "ON");
    assert_eq!(link(&moved, "machine").unwrap()["title"], "esx-bcn-03");
    assert_ne!(moved["vdrpIP"], vm["vdrpIP"], "another console address");
    let list = api
        .get(&path(&moved, "relocatecandidates"), "machines")
        .await;
    assert_eq!(list["collection"][0]["name"], "esx-bcn-01");
    let (_, action, message) = api.events_of("web-01").await.remove(0);
    assert_eq!(
        (action.as_str(), message.as_str()),
        ("VSM_VM_MOVED", "web-01 moved from esx-bcn-01 to esx-bcn-03")
    );
}

#[tokio::test]
async fn a_relocation_is_refused_with_the_documented_codes() {
    let api = Api::start();
    let good = "datacenters/1/racks/2/machines/3";
    for (name, machine, code) in [
        (
            "web-01",
            "datacenters/1/racks/2/machines/9",
            "VM-RELOCATE-2",
        ),
        (
            "runner-01",
            "datacenters/2/racks/2/machines/2",
            "VM-RELOCATE-3",
        ),
        ("web-06", good, "VM-RELOCATE-4"),
        ("burst-01", good, "VM-RELOCATE-5"),
        (
            "web-01",
            "datacenters/2/racks/2/machines/1",
            "VM-RELOCATE-6",
        ),
        (
            "web-01",
            "datacenters/1/racks/7/machines/3",
            "VM-RELOCATE-7",
        ),
        (
            "web-01",
            "datacenters/1/racks/2/machines/1",
            "VM-RELOCATE-8",
        ),
        ("batch-05", good, "VM-2"),
    ] {
        let answer = to(&api, "admin", &api.vm(name).await, machine).await;
        assert_eq!(refusal(&answer), (409, code.to_owned()), "{name} {machine}");
    }
    let tierless = api.apart("scada-01").await;
    let answer = to(&api, "admin", &tierless, "datacenters/1/racks/2/machines/1").await;
    assert_eq!(refusal(&answer), (409, "VM-RELOCATE-10".to_owned()));
    let vm = api.vm("web-01").await;
    let without = api
        .act(
            "admin",
            &path(&vm, "relocate"),
            Some(("links", r#"{"links":[]}"#)),
        )
        .await;
    assert_eq!(refusal(&without), (400, "VM-RELOCATE-1".to_owned()));
    let answer = to(&api, "operator", &vm, good).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
    assert_eq!(api.vm("web-01").await["state"], "ON");
}

#[tokio::test]
async fn a_machine_lists_the_vms_on_it() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let machine = path(&vm, "machine");
    let list = |user: &'static str| {
        let address = format!("{machine}/virtualmachines?limit=0");
        let api = &api;
        async move { api.get_as(user, &address, "virtualmachines").await }
    };
    let before = list("admin").await.text;
    assert!(before.contains("\"web-01\"") && !before.contains("\"web-03\""));
    to(&api, "admin", &vm, "datacenters/1/racks/2/machines/3").await;
    api.pass(20);
    assert!(!list("admin").await.text.contains("\"web-01\""));
    assert_eq!(list("viewer").await.status, 403);
    let missing = api
        .get_as(
            "admin",
            "/api/admin/datacenters/1/racks/2/machines/9",
            "machine",
        )
        .await;
    assert_eq!(missing.status, 404);
}
