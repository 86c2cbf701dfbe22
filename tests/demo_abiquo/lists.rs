use std::collections::{HashMap, HashSet};

use reqwest::{Method, header};
use serde_json::{Value, json};
use vmdeck::demo::DemoOptions;

use crate::api::{Api, START_MS, labels, link, path, rels};

#[tokio::test]
async fn the_list_of_vms_is_paged_by_links_in_the_order_of_names() {
    let api = Api::start();
    let first = api
        .get("/api/cloud/virtualmachines", "virtualmachines")
        .await;
    let total = first["totalSize"].as_u64().unwrap();
    assert_eq!(
        first["collection"].as_array().unwrap().len(),
        25,
        "the default page"
    );
    assert_eq!(rels(&first), ["first", "next", "last"]);

    let mut page = api
        .get("/api/cloud/virtualmachines?limit=20", "virtualmachines")
        .await;
    assert_eq!(
        path(&page, "next"),
        "/api/cloud/virtualmachines?startwith=20&limit=20&by=name&asc=true"
    );
    let mut names: Vec<String> = labels(&page).into_iter().map(str::to_owned).collect();
    while link(&page, "next").is_some() {
        page = api.get(&path(&page, "next"), "virtualmachines").await;
        assert!(link(&page, "previous").is_some());
        names.extend(labels(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(names.len() as u64, total);
    assert!(names.is_sorted());

    let all = api
        .get("/api/cloud/virtualmachines?limit=0", "virtualmachines")
        .await;
    assert_eq!(labels(&all), names);
    let backwards = api
        .get(
            "/api/cloud/virtualmachines?limit=0&asc=false",
            "virtualmachines",
        )
        .await;
    assert!(
        labels(&backwards)
            .into_iter()
            .rev()
            .eq(names.iter().map(String::as_str))
    );
}

#[tokio::test]
async fn lists_are_filtered_by_text_and_by_label() {
    let api = Api::start();
    let some = api
        .get(
            "/api/cloud/virtualmachines?has=WEB&limit=4",
            "virtualmachines",
        )
        .await;
    assert_eq!(labels(&some), ["web-01", "web-02", "web-03", "web-04"]);
    assert_eq!(some["totalSize"], 6);
    let rest = api.get(&path(&some, "next"), "virtualmachines").await;
    assert_eq!(labels(&rest), ["web-05", "web-06"], "links keep the filter");
    let none = api
        .get(
            "/api/cloud/virtualmachines?vmlabel=nobody",
            "virtualmachines",
        )
        .await;
    assert_eq!(none, json!({"links": [], "collection": []}));
}

#[tokio::test]
async fn a_vm_has_the_fields_and_links_of_the_reference() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    for (key, value) in [
        ("idState", json!(4)),
        ("idType", json!(0)),
        ("type", json!("MANAGED")),
        ("protected", json!(false)),
        ("deallocated", json!(false)),
        ("ram", json!(8192)),
        ("cpu", json!(4)),
        ("state", json!("ON")),
        ("variables", json!({})),
        ("natrules", json!([])),
    ] {
        assert_eq!(vm[key], value, "{key}");
    }
    assert!(vm.get("protectedCause").is_none());
    assert_eq!(vm["name"], format!("ABQ_{}", vm["uuid"].as_str().unwrap()));
    let created = vm["creationTimestamp"].as_i64().unwrap();
    assert!(
        created > START_MS - 500 * 86_400_000 && created < START_MS,
        "milliseconds: {created}"
    );

    // Every rel of the example of a VM that is on.
    let known: HashSet<_> = rels(&vm).into_iter().collect();
    for rel in "machine location enterprise edit asynctasks sendmail user virtualdatacenter virtualappliance metadata \
        nics harddisks state undeploy deploy reset instance rdpaccess tasks firewalls loadbalancers vappmove move \
        volumes disk0 nic0 protect unprotect metricsmetadata enablemonitoring clone hypervisortype \
        virtualmachinetemplate category"
        .split_whitespace()
    {
        assert!(known.contains(rel), "{rel}");
    }
    let title = |rel: &str| link(&vm, rel).unwrap()["title"].clone();
    assert_eq!(title("virtualappliance"), "shop-front");
    assert_eq!(title("virtualdatacenter"), "larkfield-prod");
    assert_eq!(title("enterprise"), "Larkfield Retail");
    assert_eq!(title("machine"), "esx-bcn-01");
    assert_eq!(title("location"), "Barcelona DC");
    assert_eq!(title("user"), "Jo Moss");
    assert_eq!(title("state"), "ON");
    assert_eq!(title("nic0"), "10.0.3.14");
    assert_eq!(
        link(&vm, "disk0").unwrap()["length"],
        "40960",
        "a string, in megabytes"
    );
    assert_eq!(link(&vm, "protect").unwrap()["type"], "text/plain");
    let own = path(&vm, "edit");
    assert_eq!(path(&vm, "state"), format!("{own}/state"));
    assert_eq!(path(&vm, "reset"), format!("{own}/action/reset"));
    assert_eq!(
        api.get(&own, "virtualmachine").await,
        vm,
        "the list and the VM tell the same"
    );
    let state = api.get(&path(&vm, "state"), "virtualmachinestate").await;
    assert_eq!(
        (&state["state"], rels(&state)),
        (&json!("ON"), vec!["parent", "edit"])
    );
}

#[tokio::test]
async fn a_vm_that_is_nowhere_has_no_place_and_one_that_is_deallocated_no_address() {
    let api = Api::start();
    let nowhere = api.vm("golden-debian").await;
    assert_eq!(
        (&nowhere["state"], &nowhere["idState"]),
        (&json!("NOT_ALLOCATED"), &json!(1))
    );
    assert!(nowhere.get("lastSynchronize").is_none());
    assert!(
        ["machine", "location", "sendmail"]
            .iter()
            .all(|rel| link(&nowhere, rel).is_none())
    );
    let azure = api.vm("burst-03").await;
    assert_eq!(
        (&azure["state"], &azure["deallocated"]),
        (&json!("OFF"), &json!(true))
    );
    assert_eq!(link(&azure, "nic0").unwrap()["title"], "");
    assert_eq!(
        link(&azure, "location").unwrap()["type"],
        "application/vnd.abiquo.publiccloudregion+json"
    );
}

#[tokio::test]
async fn the_fleet_has_every_state_and_every_appliance_state() {
    let api = Api::start();
    let vms = api
        .get("/api/cloud/virtualmachines?limit=0", "virtualmachines")
        .await;
    let states: HashSet<_> = vms["collection"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vm| vm["state"].as_str().unwrap())
        .collect();
    let all = [
        "NOT_ALLOCATED",
        "ALLOCATED",
        "CONFIGURED",
        "ON",
        "PAUSED",
        "OFF",
        "LOCKED",
        "UNKNOWN",
    ];
    assert_eq!(states, HashSet::from(all));

    let datacenters = api
        .get("/api/cloud/virtualdatacenters", "virtualdatacenters")
        .await;
    assert_eq!(datacenters["totalSize"], 3);
    let mut reported = HashMap::new();
    for datacenter in datacenters["collection"].as_array().unwrap() {
        let list = api
            .get(&path(datacenter, "virtualappliances"), "virtualappliances")
            .await;
        for appliance in list["collection"].as_array().unwrap() {
            let state = api
                .get(&path(appliance, "state"), "virtualappliancestate")
                .await;
            assert_eq!(
                state["power"], appliance["state"],
                "the field is called power"
            );
            let name = appliance["name"].as_str().unwrap().to_owned();
            reported.insert(name, appliance["state"].as_str().unwrap().to_owned());
        }
    }
    for (name, state) in [
        ("shop-front", "NEEDS_SYNC"),
        ("shop-db", "DEPLOYED"),
        ("nightly-batch", "LOCKED"),
        ("edge", "UNKNOWN"),
        ("templates", "NOT_DEPLOYED"),
        ("sandbox", "EMPTY"),
        ("intranet", "NEEDS_SYNC"),
    ] {
        assert_eq!(reported[name], state, "{name}");
    }
}

#[tokio::test]
async fn a_server_word_that_lags_behind_catches_up() {
    let api = Api::start();
    let wiki = api.vm("wiki").await;
    let intranet = path(&wiki, "virtualappliance");
    assert_eq!(
        api.get(&intranet, "virtualappliance").await["state"],
        "NEEDS_SYNC"
    );
    api.pass(200);
    assert_eq!(
        api.get(&intranet, "virtualappliance").await["state"],
        "DEPLOYED"
    );
}

#[tokio::test]
async fn the_same_address_lists_datacenters_or_regions() {
    let api = Api::start();
    let name = |list: &Value| list["collection"][0]["name"].clone();
    let datacenters = api.get("/api/cloud/locations", "datacenters").await;
    assert_eq!(
        (&datacenters["totalSize"], name(&datacenters)),
        (&json!(2), json!("Barcelona DC"))
    );
    let regions = api.get("/api/cloud/locations", "publiccloudregions").await;
    assert_eq!(
        (&regions["totalSize"], name(&regions)),
        (&json!(1), json!("Azure West Europe"))
    );
}

#[tokio::test]
async fn tenants_list_their_users_and_their_vms_without_pages() {
    let api = Api::start();
    let tenants = api.get("/api/admin/enterprises", "enterprises").await;
    assert_eq!(tenants["totalSize"], 4);
    let tidewater = &tenants["collection"][3];
    assert_eq!(tidewater["name"], "Tidewater Freight");
    let users = api.get(&path(tidewater, "users"), "users").await;
    assert_eq!(users["collection"][0]["nick"], "dlind");
    assert_eq!(
        api.get("/api/admin/enterprises/_/users", "users").await["totalSize"],
        10
    );
    let vms = api
        .get(&path(tidewater, "virtualmachines"), "virtualmachines")
        .await;
    assert_eq!(vms["links"], json!([]));
    assert!(vms.get("totalSize").is_none());
    assert_eq!(vms["collection"].as_array().unwrap().len(), 25);
    let refused = api
        .get_as("viewer", "/api/admin/enterprises/7/users", "users")
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (403, "403-FORBIDDEN")
    );
}

#[tokio::test]
async fn restricted_appliances_and_all_that_is_in_them_are_hidden_from_the_operator() {
    let api = Api::start();
    let billing = api.vm("billing-db").await;
    let appliance = api
        .get(&path(&billing, "virtualappliance"), "virtualappliance")
        .await;
    assert_eq!(appliance["restricted"], true);

    let total = api
        .get("/api/cloud/virtualmachines?limit=1", "virtualmachines")
        .await["totalSize"]
        .as_u64()
        .unwrap();
    let seen = api
        .get_as(
            "operator",
            "/api/cloud/virtualmachines?limit=0",
            "virtualmachines",
        )
        .await
        .json();
    assert_eq!(seen["totalSize"].as_u64().unwrap(), total - 4);
    assert!(
        !labels(&seen)
            .iter()
            .any(|name| name.starts_with("billing") || *name == "ledger-sync")
    );
    let in_datacenter = path(&billing, "virtualdatacenter") + "/action/virtualmachines?has=billing";
    assert_eq!(
        api.get_as("operator", &in_datacenter, "virtualmachines")
            .await
            .json()["collection"],
        json!([])
    );

    let datacenter = path(&billing, "virtualdatacenter") + "/virtualappliances?limit=0";
    let list = api
        .get_as("operator", &datacenter, "virtualappliances")
        .await
        .text;
    assert!(list.contains("shop-db") && !list.contains("billing"));
    let direct = api
        .get_as(
            "operator",
            &path(&billing, "virtualappliance"),
            "virtualappliance",
        )
        .await;
    assert_eq!(
        (direct.status.as_u16(), direct.code().as_str()),
        (404, "VAPP-0")
    );
    let direct = api
        .get_as("operator", &path(&billing, "edit"), "virtualmachine")
        .await;
    assert_eq!(direct.status, 404);
    assert_eq!(
        api.put_state("operator", &billing, r#"{"state":"OFF"}"#)
            .await
            .status,
        404
    );
    let events = api
        .get_as("operator", "/api/events?limit=0", "events")
        .await
        .text;
    assert!(!events.contains("billing") && !events.contains("ledger-sync"));
}

#[tokio::test]
async fn a_vm_is_found_only_where_it_is() {
    let api = Api::start();
    let missing = |path: &'static str| async { api.get_as("admin", path, "virtualmachine").await };
    let base = "/api/cloud/virtualdatacenters/2/virtualappliances";
    assert_eq!(
        api.get(&format!("{base}/11/virtualmachines/501"), "virtualmachine")
            .await["label"],
        "lb-01"
    );
    for (path, code) in [
        (
            "/api/cloud/virtualdatacenters/2/virtualappliances/12/virtualmachines/501",
            "VM-1",
        ),
        (
            "/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/99999",
            "VM-1",
        ),
        (
            "/api/cloud/virtualdatacenters/3/virtualappliances/11/virtualmachines/501",
            "VAPP-0",
        ),
        (
            "/api/cloud/virtualdatacenters/99/virtualappliances/11/virtualmachines/501",
            "404-NOT-FOUND",
        ),
    ] {
        let answer = missing(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, code),
            "{path}"
        );
    }
}

#[tokio::test]
async fn events_come_newest_first_and_are_filtered() {
    let api = Api::start();
    let page = api.get("/api/events?limit=10", "events").await;
    assert!(page["totalSize"].as_u64().unwrap() >= 40);
    assert_eq!(
        path(&page, "next"),
        "/api/events?startwith=10&limit=10&by=timestamp&asc=false"
    );
    let times = |list: &Value| -> Vec<String> {
        let events = list["collection"].as_array().unwrap().iter();
        events
            .map(|event| event["timestamp"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(times(&page).iter().rev().is_sorted());
    assert_eq!(times(&page)[0], "2025-07-14T07:59:00Z");
    let oldest = api.get("/api/events?asc=true&limit=3", "events").await;
    assert!(times(&oldest).is_sorted());
    assert!(times(&oldest)[0].starts_with("2025-07-06T"), "eight days");

    let errors = api
        .get("/api/events?severity=ERROR&virtualmachine=web-06", "events")
        .await;
    assert_eq!(errors["totalSize"], 1);
    let event = &errors["collection"][0];
    assert_eq!(
        (&event["entity"], &event["action"]),
        (&json!("VIRTUAL_MACHINE"), &json!("DEPLOY"))
    );
    assert_eq!(
        (&event["errorCode"], &event["userName"]),
        (&json!("ALLOC-0"), &json!("jmoss"))
    );
    assert_eq!(event["entityURI"], path(&api.vm("web-06").await, "edit"));
    let one = api
        .get(&format!("/api/events/{}", event["id"]), "event")
        .await;
    assert_eq!(&one, event);
    for filter in [
        "actionperformed=VIRTUAL_MACHINE_DEPLOY&severity=ERROR",
        "ACTION=DEPLOY&message=none+has+room",
    ] {
        assert_eq!(
            api.get(&format!("/api/events?{filter}"), "events").await["totalSize"],
            1,
            "{filter}"
        );
    }
    let from = "/api/events?datefrom=2025-07-14T07:00:00Z&dateto=2025-07-14T07:30:00Z&limit=0";
    let some = api.get(from, "events").await;
    assert_eq!(some["collection"].as_array().unwrap().len(), 2);
    let none = api.get("/api/events?rack=r1", "events").await;
    assert_eq!(none, json!({"links": [], "collection": []}));
    let wrong = api
        .get_as("admin", "/api/events?datefrom=0", "events")
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.code().as_str()),
        (400, "EVENT-1")
    );
    let types = api.get("/api/events", "eventtypes").await;
    assert_eq!(
        types["severities"]["collection"],
        json!(["ERROR", "INFO", "WARN"])
    );
    assert!(
        types["actions"]["collection"]
            .as_array()
            .unwrap()
            .contains(&json!("VIRTUAL_MACHINE_PROTECT"))
    );
}

#[tokio::test]
async fn old_versions_answer_in_their_old_shapes() {
    let api = Api::start();
    let old = |path: &'static str, accept: &'static str| {
        let request = api
            .bare(Method::GET, path)
            .basic_auth("admin", Some("demo"));
        api.send(request.header(header::ACCEPT, accept))
    };
    let events = old(
        "/api/events?datefrom=0&dateto=1752480000&virtualmachine=web-06",
        "application/vnd.abiquo.events+json; version=4.2",
    )
    .await
    .json();
    let event = &events["collection"][0];
    assert_eq!(event["actionPerformed"], "VIRTUAL_MACHINE_DEPLOY");
    assert_eq!(
        (&event["virtualMachine"], &event["performedBy"]),
        (&json!("web-06"), &json!("jmoss"))
    );
    assert_eq!(event["timestamp"], "2025-07-14T07:19:00.000+0000");
    assert!(event.get("entity").is_none());

    let vms = old(
        "/api/cloud/virtualmachines?limit=1",
        "application/vnd.abiquo.virtualmachines+json; version=3.10",
    );
    let vm = vms.await.json()["collection"][0].clone();
    assert!(vm.get("label").is_none() && vm.get("deallocated").is_none());
    assert_eq!(link(&vm, "rdpaccess").unwrap()["type"], "text/plain");
}

#[tokio::test]
async fn ten_thousand_vms_page_through_completely_with_ids_of_their_own() {
    let api = Api::with(&DemoOptions {
        vms: Some(10_000),
        ..DemoOptions::default()
    });
    let mut ids = HashSet::new();
    let mut next = Some("/api/cloud/virtualmachines?limit=500".to_owned());
    let mut pages = 0;
    while let Some(address) = next {
        let page = api.get(&address, "virtualmachines").await;
        assert_eq!(page["totalSize"], 10_000);
        for vm in page["collection"].as_array().unwrap() {
            assert!(ids.insert(vm["id"].as_u64().unwrap()), "{} twice", vm["id"]);
        }
        next = link(&page, "next").map(|_| path(&page, "next"));
        pages += 1;
    }
    assert_eq!((ids.len(), pages), (10_000, 20));
}

#[tokio::test]
async fn a_generated_fleet_is_the_same_for_the_same_seed() {
    let list = |seed| async move {
        let api = Api::with(&DemoOptions {
            vms: Some(300),
            seed,
            ..DemoOptions::default()
        });
        api.get("/api/cloud/virtualmachines?limit=0", "virtualmachines")
            .await
    };
    let first = list(7).await;
    assert_eq!(labels(&first).len(), 300);
    assert_eq!(list(7).await, first);
    assert_ne!(list(8).await, first);
}

#[tokio::test]
async fn a_small_fleet_is_served_too() {
    let api = Api::with(&DemoOptions {
        vms: Some(3),
        ..DemoOptions::default()
    });
    let list = api
        .get("/api/cloud/virtualmachines", "virtualmachines")
        .await;
    assert_eq!(labels(&list), ["lb-01", "lb-02", "web-01"]);
    let none = Api::with(&DemoOptions {
        vms: Some(0),
        ..DemoOptions::default()
    });
    assert_eq!(
        none.get("/api/cloud/virtualmachines", "virtualmachines")
            .await,
        json!({"links": [], "collection": []})
    );
}
