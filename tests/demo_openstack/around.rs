//! What servers are made of, and where they are.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Demo, fault};

fn column(rows: &Value, name: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn flavors_are_listed_and_shown() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let list = alice.get("/flavors").await;
    assert_eq!(
        column(&list["flavors"], "name"),
        [
            "s1.small",
            "s1.medium",
            "s1.large",
            "m2.xlarge",
            "g1.render"
        ]
    );
    assert!(list["flavors"][0].get("vcpus").is_none());
    let detail = alice.get("/flavors/detail?limit=4").await;
    let flavor = &detail["flavors"][3];
    for (name, value) in [
        ("vcpus", json!(8)),
        ("ram", json!(65_536)),
        ("disk", json!(160)),
        ("description", json!("for databases")),
        ("extra_specs", json!({"hw:cpu_policy": "dedicated"})),
        ("os-flavor-access:is_public", json!(true)),
        ("swap", json!(0)),
    ] {
        assert_eq!(flavor[name], value, "{name}");
    }
    assert_eq!(detail["flavors_links"][0]["rel"], "next");
    let path = format!("/flavors/{}", flavor["id"].as_str().unwrap());
    assert_eq!(&alice.get(&path).await["flavor"], flavor);
    let old = alice.clone().in_version("2.54").get(&path).await;
    assert!(
        old["flavor"].get("description").is_none() && old["flavor"].get("extra_specs").is_none()
    );
    assert_eq!(old["flavor"]["swap"], "");
    let missing = alice.ask(Method::GET, "/flavors/huge", None).await;
    assert_eq!(
        missing.fault(),
        fault(404, "itemNotFound", "Flavor huge could not be found.")
    );
}

#[tokio::test]
async fn services_and_hosts_are_for_administrators() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    for (path, policy) in [
        ("/os-services", "os-services:list"),
        ("/os-hypervisors", "os-hypervisors:list"),
        ("/os-hypervisors/detail", "os-hypervisors:list-detail"),
        (
            "/os-availability-zone/detail",
            "os-availability-zone:detail",
        ),
        (
            "/os-server-groups?all_projects=1",
            "os-server-groups:index:all_projects",
        ),
    ] {
        let words = format!("Policy doesn't allow os_compute_api:{policy} to be performed.");
        let answer = alice.ask(Method::GET, path, None).await;
        assert_eq!(answer.fault(), fault(403, "forbidden", &words));
    }
    let services = admin.get("/os-services?binary=nova-compute").await["services"].clone();
    assert_eq!(
        column(&services, "host"),
        ["cmp-w01", "cmp-w02", "cmp-w03", "cmp-w04", "cmp-w05"]
    );
    assert_eq!(column(&services, "state"), ["up", "up", "up", "up", "down"]);
    assert_eq!(
        column(&services, "status"),
        ["enabled", "enabled", "enabled", "disabled", "enabled"]
    );
    assert_eq!(
        services[3]["disabled_reason"],
        "memory errors, parts ordered"
    );
    assert_eq!(
        (&services[0]["zone"], &services[0]["forced_down"]),
        (&json!("west-a"), &json!(false))
    );
    assert_eq!(services[4]["updated_at"], "2025-07-14T04:00:00.000000");
    assert_eq!(services[0]["id"].as_str().unwrap().len(), 36);
    let old = admin
        .clone()
        .in_version("2.52")
        .get("/os-services?host=cmp-w01")
        .await;
    assert_eq!(old["services"][0]["id"], 3);

    let hosts = admin.get("/os-hypervisors/detail").await["hypervisors"].clone();
    assert_eq!(hosts.as_array().unwrap().len(), 5);
    assert_eq!(
        (&hosts[4]["hypervisor_hostname"], &hosts[4]["state"]),
        (&json!("cmp-w05"), &json!("down"))
    );
    assert_eq!(hosts[0]["service"]["host"], "cmp-w01");
    // What there is on it was told until 2.88.
    assert!(hosts[0].get("vcpus_used").is_none() && hosts[0].get("uptime").is_some());
    let old = admin
        .clone()
        .in_version("2.87")
        .get("/os-hypervisors/detail")
        .await;
    let busy = &old["hypervisors"][4];
    assert_eq!(
        (
            &busy["running_vms"],
            &busy["vcpus_used"],
            &busy["memory_mb_used"]
        ),
        (&json!(2), &json!(8), &json!(16_384))
    );
    let one = admin
        .get("/os-hypervisors?hypervisor_hostname_pattern=w03")
        .await;
    assert_eq!(
        column(&one["hypervisors"], "hypervisor_hostname"),
        ["cmp-w03"]
    );
    let none = admin
        .ask(
            Method::GET,
            "/os-hypervisors?hypervisor_hostname_pattern=x9",
            None,
        )
        .await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn zones_and_groups_are_listed() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let zones = alice.get("/os-availability-zone").await["availabilityZoneInfo"].clone();
    assert_eq!(
        zones,
        json!([
            {"zoneName": "west-a", "zoneState": {"available": true}, "hosts": null},
            {"zoneName": "west-b", "zoneState": {"available": true}, "hosts": null},
        ])
    );
    let zones = admin.get("/os-availability-zone/detail").await["availabilityZoneInfo"].clone();
    assert_eq!(column(&zones, "zoneName"), ["internal", "west-a", "west-b"]);
    assert_eq!(
        zones[2]["hosts"]["cmp-w05"]["nova-compute"]["available"],
        false
    );
    assert_eq!(
        zones[2]["hosts"]["cmp-w04"]["nova-compute"]["active"],
        false
    );

    let groups = alice.get("/os-server-groups").await["server_groups"].clone();
    assert_eq!(column(&groups, "name"), ["velo-db-apart"]);
    assert_eq!(
        (&groups[0]["policy"], &groups[0]["rules"]),
        (&json!("anti-affinity"), &json!({}))
    );
    let members = [alice.id("velo-db-01").await, alice.id("velo-db-02").await];
    assert_eq!(groups[0]["members"], json!(members));
    let old = alice
        .clone()
        .in_version("2.63")
        .get("/os-server-groups")
        .await;
    assert_eq!(
        old["server_groups"][0]["policies"],
        json!(["anti-affinity"])
    );
    let all = admin.get("/os-server-groups?all_projects=1").await;
    assert_eq!(
        column(&all["server_groups"], "name"),
        ["velo-db-apart", "fares-near"]
    );
    let other = all["server_groups"][1]["id"].as_str().unwrap();
    let missing = alice
        .ask(Method::GET, &format!("/os-server-groups/{other}"), None)
        .await;
    let words = format!("Instance group {other} could not be found.");
    assert_eq!(missing.fault(), fault(404, "itemNotFound", &words));
    // A member that is gone is no member.
    admin.act(&members[0], json!({"forceDelete": null})).await;
    demo.after(3);
    let groups = alice.get("/os-server-groups").await;
    assert_eq!(groups["server_groups"][0]["members"], json!([members[1]]));
}

#[tokio::test]
async fn networks_and_ports_are_those_of_the_project_and_the_shared() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let own = alice.elsewhere("/network/v2.0/networks").await.json()["networks"].clone();
    assert_eq!(column(&own, "name"), ["red-net", "storage"]);
    assert_eq!(
        (&own[0]["shared"], &own[1]["shared"]),
        (&json!(false), &json!(true))
    );
    let all = admin.elsewhere("/network/v2.0/networks").await.json()["networks"].clone();
    assert_eq!(column(&all, "name"), ["red-net", "blue-net", "storage"]);
    let foreign = all[1]["id"].as_str().unwrap();
    let missing = alice
        .elsewhere(&format!("/network/v2.0/networks/{foreign}"))
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json(),
        json!({"NeutronError": {
            "type": "NetworkNotFound", "message": format!("Network {foreign} could not be found."), "detail": "",
        }})
    );

    let id = alice.id("velo-api-01").await;
    let ports = alice
        .elsewhere(&format!("/network/v2.0/ports?device_id={id}"))
        .await
        .json()["ports"]
        .clone();
    assert_eq!(ports.as_array().unwrap().len(), 2);
    assert_eq!(ports[0]["network_id"], own[0]["id"]);
    assert_eq!(ports[0]["fixed_ips"][0]["ip_address"], "10.60.1.15");
    assert_eq!(
        (&ports[0]["device_id"], &ports[0]["status"]),
        (&json!(id), &json!("ACTIVE"))
    );
    assert!(ports[0].get("binding:host_id").is_none());
    let every = alice.elsewhere("/network/v2.0/ports").await.json()["ports"].clone();
    assert_eq!(every.as_array().unwrap().len(), 26);
    let north = alice
        .elsewhere("/eu-north/network/v2.0/networks")
        .await
        .json();
    assert_eq!(column(&north["networks"], "name"), ["red-north"]);
}

#[tokio::test]
async fn images_are_paged() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let versions = demo.ask(Method::GET, "/image", &[], None).await;
    assert_eq!(
        (versions.status, &versions.json()["versions"][0]["status"]),
        (300, &json!("CURRENT"))
    );
    let mut names = Vec::new();
    let mut path = "/v2/images?limit=3".to_owned();
    loop {
        let body = alice.elsewhere(&format!("/image{path}")).await.json();
        names.push(column(&body["images"], "name"));
        let Some(next) = body.get("next") else { break };
        path = next.as_str().unwrap().to_owned();
    }
    assert_eq!(names.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    let mut names: Vec<String> = names.concat();
    names.sort();
    assert_eq!(
        names,
        ["debian-13", "rescue-tools", "rocky-10", "ubuntu-24.04"]
    );
    // An image is known by the id that a server gives.
    let server = alice.show(&alice.id("velo-web-01").await).await;
    let id = server["image"]["id"].as_str().unwrap();
    let image = alice
        .elsewhere(&format!("/image/v2/images/{id}"))
        .await
        .json();
    assert_eq!(
        (&image["name"], &image["visibility"]),
        (&json!("debian-13"), &json!("public"))
    );
}
