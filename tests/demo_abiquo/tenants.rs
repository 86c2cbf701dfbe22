//! Several tenants and their users (3, 7.3), and the long history (9.3).

use std::collections::HashSet;

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::api::{Api, labels, link, path, refusal, task_of};

#[tokio::test]
async fn tenants_that_stand_apart_are_listed_under_their_own_address() {
    let api = Api::start();
    let all = api
        .get("/api/cloud/virtualmachines?limit=0", "virtualmachines")
        .await;
    assert_eq!(all["totalSize"], 65);
    assert!(!labels(&all).iter().any(|name| name.starts_with("meter")));
    let tenants = api.get("/api/admin/enterprises", "enterprises").await;
    let names: Vec<_> = tenants["collection"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                one["workflow"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("Copperline Energy", false),
            ("Harbour Clinic", true),
            ("Larkfield Retail", true),
            ("Tidewater Freight", false)
        ]
    );
    let copperline = &tenants["collection"][0];
    let vms = api
        .get(&path(copperline, "virtualmachines"), "virtualmachines")
        .await;
    assert_eq!(labels(&vms).len(), 13);
    let appliances = api
        .get(&path(copperline, "virtualappliances"), "virtualappliances")
        .await;
    assert_eq!(appliances["totalSize"], 4);
    let datacenters = api
        .get(
            &path(copperline, "cloud/virtualdatacenters"),
            "virtualdatacenters",
        )
        .await;
    assert_eq!(datacenters["collection"][0]["name"], "copperline-grid");
    let users = api.get(&path(copperline, "users"), "users").await;
    assert_eq!(users["collection"][0]["nick"], "rvega");
    let theirs = api
        .get(
            &path(&users["collection"][0], "virtualmachines"),
            "virtualmachines",
        )
        .await;
    assert_eq!(theirs["totalSize"], 10);
    // Without the privilege the restricted one is missing from it.
    let seen = api
        .get_as(
            "operator",
            &path(copperline, "virtualmachines"),
            "virtualmachines",
        )
        .await;
    assert_eq!(labels(&seen.json()).len(), 12);
}

#[tokio::test]
async fn another_tenants_vm_is_read_and_used_by_who_administers_all() {
    let api = Api::start();
    let vm = api.apart("meter-02").await;
    let edit = path(&vm, "edit");
    assert_eq!(api.get(&edit, "virtualmachine").await, vm);
    let accepted = api.put_state("admin", &vm, r#"{"state":"ON"}"#).await;
    assert_eq!(task_of(&api, &accepted).await["type"], "POWER_ON");
    api.pass(20);
    assert_eq!(api.apart("meter-02").await["state"], "ON");

    for answer in [
        api.get_as("support", &edit, "virtualmachine").await,
        api.put_state("support", &vm, r#"{"state":"OFF"}"#).await,
    ] {
        assert_eq!(refusal(&answer), (404, "404-NOT-FOUND".to_owned()));
    }
    let list = "/api/admin/enterprises/9/action/virtualmachines";
    let refused = api.get_as("support", list, "virtualmachines").await;
    assert_eq!(refusal(&refused), (403, "403-FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn who_administers_one_tenant_sees_that_one_alone() {
    let api = Api::start();
    for (user, total, datacenters) in [("support", 40, 2), ("viewer", 36, 2), ("mfeld", 6, 2)] {
        let list = api
            .get_as(
                user,
                "/api/cloud/virtualmachines?limit=0",
                "virtualmachines",
            )
            .await
            .json();
        let tenants: HashSet<_> = list["collection"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vm| link(vm, "enterprise").unwrap()["title"].to_string())
            .collect();
        assert_eq!(
            (tenants.len(), list["totalSize"].as_u64()),
            (1, Some(total)),
            "{user}"
        );
        let list = api
            .get_as(user, "/api/cloud/virtualdatacenters", "virtualdatacenters")
            .await;
        assert_eq!(list.json()["totalSize"], datacenters, "{user}");
    }
}

#[tokio::test]
async fn a_failed_task_of_another_tenants_user_is_acknowledged_by_who_manages_users() {
    let api = Api::start();
    let vm = api.apart("meter-02").await;
    let task = api.latest_task(&vm).await;
    assert_eq!(
        (&task["state"], &link(&task, "user").unwrap()["title"]),
        (&json!("FINISHED_UNSUCCESSFULLY"), &json!("skato"))
    );
    let ack = path(&task, "acknowledge");
    let refused = api.post("operator", &ack, "").await;
    assert_eq!(refusal(&refused), (403, "403-FORBIDDEN".to_owned()));
    assert_eq!(api.post("admin", &ack, "").await.status, 204);
    let seen = api.latest_task(&vm).await;
    assert_eq!(seen["state"], "ACK_ERROR");
    assert!(link(&seen, "acknowledge").is_none());
}

#[tokio::test]
async fn the_history_fills_many_pages_and_is_filtered_by_who_and_what() {
    let api = Api::start();
    let first = api.get("/api/events?limit=50", "events").await;
    let total = first["totalSize"].as_u64().unwrap();
    assert!((300..500).contains(&total), "{total}");
    let mut page = first;
    let mut ids = HashSet::new();
    loop {
        for event in page["collection"].as_array().unwrap() {
            assert!(ids.insert(event["id"].as_u64().unwrap()));
        }
        if link(&page, "next").is_none() {
            break;
        }
        page = api.get(&path(&page, "next"), "events").await;
    }
    assert_eq!(ids.len() as u64, total);

    let count = |list: &Value| list["totalSize"].as_u64().unwrap_or(0);
    let mut sum = 0;
    for severity in ["INFO", "WARN", "ERROR"] {
        let list = api
            .get(
                &format!("/api/events?severity={severity}&limit=1"),
                "events",
            )
            .await;
        assert!(count(&list) >= 4, "{severity}");
        sum += count(&list);
    }
    assert_eq!(sum, total);
    for user in ["admin", "operator", "jmoss", "dlind"] {
        let list = api
            .get(&format!("/api/events?performedby={user}&limit=0"), "events")
            .await;
        let events = list["collection"].as_array().unwrap();
        assert!(!events.is_empty());
        assert!(events.iter().all(|event| event["userName"] == user));
    }
    let resets = api
        .get(
            "/api/events?actionperformed=VIRTUAL_MACHINE_RESET&asc=true&limit=0",
            "events",
        )
        .await;
    let times: Vec<_> = resets["collection"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["timestamp"].as_str().unwrap())
        .collect();
    assert!(times.len() > 5 && times.is_sorted());
    let tail = api
        .get(
            &format!("/api/events?startwith={}&limit=5", total - 2),
            "events",
        )
        .await;
    assert_eq!(tail["collection"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn dates_are_written_in_the_form_of_the_version() {
    let api = Api::start();
    let ask = |query: &str, version: &str| {
        let request = api
            .bare(Method::GET, &format!("/api/events?{query}&limit=0"))
            .basic_auth("admin", Some("demo"));
        let accept = format!("application/vnd.abiquo.events+json; version={version}");
        api.send(request.header(header::ACCEPT, accept))
    };
    // 2025-07-13T08:00:00Z, a day before the start.
    let new = ask("datefrom=2025-07-13T08:00:00Z", "5.0").await.json();
    let old = ask("datefrom=1752393600", "4.6").await.json();
    assert_eq!(new["totalSize"], old["totalSize"]);
    assert!(old["collection"][0]["actionPerformed"].is_string());
    for (query, version) in [
        ("datefrom=1752393600", "4.7"),
        ("dateto=2025-07-13", "5.0"),
        ("dateto=2025-07-13T08:00:00Z", "4.6"),
    ] {
        let answer = ask(query, version).await;
        assert_eq!(refusal(&answer), (400, "EVENT-1".to_owned()), "{query}");
    }
}
