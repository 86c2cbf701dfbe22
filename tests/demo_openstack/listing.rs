//! The list of servers.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use vmdeck::demo::OpenStackOptions;

use crate::api::{Demo, User, fault};

#[tokio::test]
async fn every_status_is_there_and_each_project_sees_its_own() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    assert_eq!(alice.names("").await.len(), 20);
    assert_eq!(demo.user("bob", "blue").await.names("").await.len(), 13);
    assert_eq!(admin.names("").await, ["cloud-probe-01"]);
    assert_eq!(admin.names("?all_tenants=1").await.len(), 34);

    let all = admin
        .get("/servers/detail?all_tenants=true&soft_deleted=1")
        .await;
    let statuses: BTreeSet<&str> = all["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server["status"].as_str().unwrap())
        .collect();
    let expected = [
        "ACTIVE",
        "BUILD",
        "ERROR",
        "HARD_REBOOT",
        "MIGRATING",
        "PAUSED",
        "RESCUE",
        "SHELVED",
        "SHELVED_OFFLOADED",
        "SHUTOFF",
        "SOFT_DELETED",
        "SUSPENDED",
        "VERIFY_RESIZE",
    ];
    assert_eq!(statuses, BTreeSet::from(expected));
}

#[tokio::test]
async fn a_server_is_told_with_all_that_belongs_to_it() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let body = alice.get("/servers/detail?name=velo-web-01").await;
    let server = &body["servers"][0];
    let id = server["id"].as_str().unwrap();
    for (field, value) in [
        ("name", json!("velo-web-01")),
        ("status", json!("ACTIVE")),
        ("OS-EXT-STS:vm_state", json!("active")),
        ("OS-EXT-STS:task_state", Value::Null),
        ("OS-EXT-STS:power_state", json!(1)),
        ("OS-EXT-AZ:availability_zone", json!("west-a")),
        // 212 days before the start.
        ("created", json!("2024-12-14T07:59:30Z")),
        ("updated", json!("2024-12-14T08:00:00Z")),
        (
            "OS-SRV-USG:launched_at",
            json!("2024-12-14T07:59:50.000000"),
        ),
        ("OS-SRV-USG:terminated_at", Value::Null),
        (
            "metadata",
            json!({"metering.stack": "velo-front", "role": "web", "tier": "front"}),
        ),
        ("tags", json!(["web", "prod"])),
        ("locked", json!(false)),
        ("locked_reason", Value::Null),
        ("progress", json!(0)),
        ("os-extended-volumes:volumes_attached", json!([])),
        ("security_groups", json!([{"name": "default"}])),
        (
            "addresses",
            json!({"red-net": [
                {"addr": "10.60.1.11", "version": 4, "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01"},
                {"addr": "203.0.113.21", "version": 4, "OS-EXT-IPS:type": "floating", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01"},
            ]}),
        ),
        (
            "links",
            json!([
                {"rel": "self", "href": format!("http://127.0.0.1:443/compute/v2.1/servers/{id}")},
                {"rel": "bookmark", "href": format!("http://127.0.0.1:443/compute/servers/{id}")},
            ]),
        ),
    ] {
        assert_eq!(server[field], value, "{field}");
    }
    assert_eq!(server["hostId"].as_str().unwrap().len(), 56);

    // The root disk of this one is a volume, and so it has no image.
    let volume = &alice.get("/servers/detail?name=velo-db-02").await["servers"][0];
    assert_eq!(volume["image"], "");
    let attached = volume["os-extended-volumes:volumes_attached"]
        .as_array()
        .unwrap();
    assert_eq!(
        (attached.len(), &attached[0]["delete_on_termination"]),
        (1, &json!(true))
    );
    // What is not on a host is in no zone, and what is not yet built has no address.
    let shelved = &alice.get("/servers/detail?name=velo-render-01").await["servers"][0];
    assert_eq!(
        (&shelved["hostId"], &shelved["OS-EXT-AZ:availability_zone"]),
        (&json!(""), &json!(""))
    );
    assert!(shelved.get("progress").is_none());
    let building = &alice.get("/servers/detail?name=velo-newsletter").await["servers"][0];
    assert_eq!(building["status"], "BUILD");
    assert_eq!(building["OS-EXT-STS:task_state"], "spawning");
    assert_eq!(
        (&building["addresses"], &building["OS-SRV-USG:launched_at"]),
        (&json!({}), &Value::Null)
    );
}

#[tokio::test]
async fn a_fault_is_told_and_its_details_to_administrators() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-staging-02").await;
    let message = "No valid host was found. There are not enough hosts available.";
    let fault = json!({"code": 500, "created": "2025-07-12T07:59:30Z", "message": message});
    assert_eq!(alice.show(&id).await["fault"], fault);
    let details = &admin.show(&id).await["fault"]["details"];
    assert!(
        details
            .as_str()
            .unwrap()
            .starts_with("Traceback (most recent call last):")
    );
    let healthy = alice.id("velo-web-01").await;
    assert!(admin.show(&healthy).await.get("fault").is_none());
}

/// Every page, by following what `next` asks for. The address in it is the proxy's, and so only its query is used.
async fn pages(user: &User<'_>, mut query: String) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    loop {
        let body = user.get(&format!("/servers/detail?{query}")).await;
        let servers = body["servers"].as_array().unwrap();
        sizes.push(servers.len());
        ids.extend(
            servers
                .iter()
                .map(|server| server["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = body.get("servers_links") else {
            return (sizes, ids);
        };
        assert_eq!(next[0]["rel"], "next");
        let href = next[0]["href"].as_str().unwrap();
        let rest = href.strip_prefix("http://127.0.0.1:443/compute/v2.1/servers/detail?");
        query = rest.unwrap_or_else(|| panic!("{href}")).to_owned();
        assert!(
            query.ends_with(&format!("marker={}", ids.last().unwrap())),
            "{query}"
        );
    }
}

#[tokio::test]
async fn pages_follow_each_other_newest_first_to_an_empty_one() {
    let demo = Demo::start();
    let admin = demo.admin().await;
    let (sizes, ids) = pages(&admin, "all_tenants=1&limit=17".to_owned()).await;
    // A full page always has a next one.
    assert_eq!(sizes, [17, 17, 0]);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 34);
    let (sizes, again) = pages(&admin, "all_tenants=1&limit=20".to_owned()).await;
    assert_eq!((sizes, again), (vec![20, 14], ids.clone()));

    let newest = admin.names("?all_tenants=1&limit=2").await;
    assert_eq!(newest, ["velo-newsletter", "velo-staging-02"]);
    let oldest = admin
        .names("?all_tenants=1&limit=1&sort_dir=asc&sort_key=created_at")
        .await;
    assert_eq!(oldest, ["cloud-probe-01"]);

    for (query, words) in [
        (
            "?limit=many",
            "Invalid input for query parameters limit. Value: many. 'many' does not match '^[0-9]*$'",
        ),
        ("?marker=gone", "marker [gone] not found"),
        (
            "?all_tenants=perhaps&marker=x",
            "Invalid input received: Unrecognized value 'perhaps', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
        ),
    ] {
        let answer = admin
            .ask(Method::GET, &format!("/servers{query}"), None)
            .await;
        assert_eq!(answer.fault(), fault(400, "badRequest", words));
    }
}

#[tokio::test]
async fn a_page_is_never_longer_than_the_server_allows() {
    let demo = Demo::start_as(&OpenStackOptions {
        page: 100,
        servers: Some(250),
        ..OpenStackOptions::default()
    });
    let admin = demo.admin().await;
    // 250 in both regions, four of them in the other, and one that is deleted.
    let (sizes, _) = pages(&admin, "all_tenants=1".to_owned()).await;
    assert_eq!(sizes, [100, 100, 45]);
    let (sizes, _) = pages(&admin, "all_tenants=1&limit=5000".to_owned()).await;
    assert_eq!(sizes, [100, 100, 45]);
}

#[tokio::test]
async fn all_tenants_is_for_administrators() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    for (path, policy) in [
        (
            "/servers?all_tenants=1",
            "os_compute_api:servers:index:get_all_tenants",
        ),
        (
            "/servers/detail?all_tenants",
            "os_compute_api:servers:detail:get_all_tenants",
        ),
    ] {
        let words = format!("Policy doesn't allow {policy} to be performed.");
        let answer = alice.ask(Method::GET, path, None).await;
        assert_eq!(answer.fault(), fault(403, "forbidden", &words));
    }
    let admin = demo.admin().await;
    let red = alice.get("/servers/detail?limit=1").await["servers"][0]["tenant_id"].clone();
    let red = red.as_str().unwrap();
    assert_eq!(
        admin
            .names(&format!("?all_tenants=1&project_id={red}"))
            .await
            .len(),
        20
    );
    // Without the switch the project does not count.
    assert_eq!(
        admin.names(&format!("?project_id={red}")).await,
        ["cloud-probe-01"]
    );
}

#[tokio::test]
async fn filters_choose_servers_and_unknown_ones_are_refused() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let cases = [
        ("?status=PAUSED", vec!["velo-cart-01"]),
        (
            "?status=paused&status=SUSPENDED&sort_key=display_name&sort_dir=asc",
            vec!["velo-cart-01", "velo-fit-lab"],
        ),
        (
            "?name=VELO-DB&sort_key=display_name",
            vec!["velo-db-02", "velo-db-01"],
        ),
        ("?tags=db,backup-nightly", vec!["velo-db-01"]),
        (
            "?tags-any=gpu,db&not-tags=prod&sort_key=display_name&sort_dir=asc",
            vec!["velo-render-01", "velo-render-02"],
        ),
        (
            "?not-tags-any=web,api,db,prod,gpu&status=SHUTOFF",
            vec!["velo-audit"],
        ),
        (
            "?locked=true&sort_key=display_name&sort_dir=asc",
            vec!["velo-audit", "velo-db-01"],
        ),
        ("?ip=10.60.1.20", vec!["velo-cart-01"]),
        ("?power_state=3", vec!["velo-cart-01"]),
        (
            "?availability_zone=west-b&status=SHUTOFF",
            vec!["velo-web-04"],
        ),
    ];
    for (query, names) in cases {
        assert_eq!(alice.names(query).await, names, "{query}");
    }
    assert_eq!(
        admin
            .names("?all_tenants=1&host=cmp-w05&sort_dir=asc")
            .await
            .len(),
        2
    );
    // Who is no administrator is not helped by a host.
    assert_eq!(alice.names("?host=cmp-w05").await.len(), 20);
    // Filters of a later version are passed over.
    assert_eq!(
        alice
            .clone()
            .in_version("2.25")
            .names("?tags=db")
            .await
            .len(),
        20
    );

    let bad = [
        ("2.38", "?status=SLEEPY", "Invalid status value"),
        (
            "2.75",
            "?colour=red",
            "Additional properties are not allowed ('colour' was unexpected)",
        ),
        (
            "2.96",
            "?changes-since=soon",
            "Invalid input for query parameters changes-since. Value: soon. 'soon' is not a 'date-time'",
        ),
    ];
    for (version, query, words) in bad {
        let user = alice.clone().in_version(version);
        let answer = user
            .ask(Method::GET, &format!("/servers{query}"), None)
            .await;
        assert_eq!(answer.fault(), fault(400, "badRequest", words));
    }
    assert_eq!(
        alice
            .clone()
            .in_version("2.37")
            .names("?status=SLEEPY")
            .await
            .len(),
        0
    );
    assert_eq!(
        alice
            .clone()
            .in_version("2.74")
            .names("?colour=red")
            .await
            .len(),
        20
    );
    let deleted = alice
        .ask(Method::GET, "/servers?status=DELETED", None)
        .await;
    assert_eq!(
        deleted.fault(),
        fault(
            403,
            "forbidden",
            "Only administrators may list deleted instances"
        )
    );
}

#[tokio::test]
async fn changes_since_tells_what_changed_and_what_is_gone() {
    let demo = Demo::start();
    let mut bob = demo.user("bob", "blue").await.in_version("2.72");
    bob.nova = "/eu-north/compute/v2.1".to_owned();
    let since = "?changes-since=2025-07-14T08:00:01Z";
    demo.after(2);
    assert_eq!(
        bob.names(since).await.len(),
        0,
        "a quiet cloud has nothing to tell"
    );

    let mirror = bob.id("mirror-n1").await;
    let gone = bob
        .ask(Method::DELETE, &format!("/servers/{mirror}"), None)
        .await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let path = format!("/servers/detail{since}");
    let server = bob.get(&path).await["servers"][0].clone();
    assert_eq!(
        (&server["status"], &server["OS-EXT-STS:task_state"]),
        (&json!("ACTIVE"), &json!("deleting"))
    );
    assert_eq!(server["updated"], "2025-07-14T08:00:02Z");

    demo.after(3);
    let servers = bob.get(&path).await["servers"].clone();
    assert_eq!(servers.as_array().unwrap().len(), 1);
    assert_eq!(
        (&servers[0]["id"], &servers[0]["status"]),
        (&json!(mirror), &json!("DELETED"))
    );
    assert_eq!(
        servers[0]["OS-SRV-USG:terminated_at"],
        "2025-07-14T08:00:05.000000"
    );
    // Everywhere else it is no longer there.
    assert_eq!(bob.names("").await, ["fares-n1"]);
    let missing = bob
        .ask(Method::GET, &format!("/servers/{mirror}"), None)
        .await;
    let words = format!("Instance {mirror} could not be found.");
    assert_eq!(missing.fault(), fault(404, "itemNotFound", &words));
    assert_eq!(
        bob.names("?changes-since=2025-07-14T08:00:06Z").await.len(),
        0
    );
    assert_eq!(
        bob.names("?changes-since=2025-07-14T08:00:00Z&changes-before=2025-07-14T08:00:04Z")
            .await
            .len(),
        0
    );
}

#[tokio::test]
async fn what_can_be_restored_hides_from_lists_but_not_from_changes() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let name = "velo-old-forum";
    assert!(!alice.names("").await.contains(&name.to_owned()));
    assert_eq!(alice.names("?status=SOFT_DELETED").await.len(), 0);
    assert_eq!(
        alice
            .names("?changes-since=2025-07-14T07:00:00Z&status=SOFT_DELETED")
            .await,
        [name]
    );
    assert_eq!(admin.names("?all_tenants=1&deleted=true").await, [name]);
    assert_eq!(
        admin
            .names("?all_tenants=1&status=SOFT_DELETED&soft_deleted=true")
            .await,
        [name]
    );
    let id = alice.id(name).await;
    assert_eq!(alice.show(&id).await["OS-EXT-STS:vm_state"], "soft-delete");
}

#[tokio::test]
async fn servers_of_others_are_not_there() {
    let demo = Demo::start();
    let (alice, bob) = (demo.alice().await, demo.user("bob", "blue").await);
    let id = bob.id("fares-01").await;
    let words = format!("Instance {id} could not be found.");
    let answer = alice
        .ask(Method::GET, &format!("/servers/{id}"), None)
        .await;
    assert_eq!(answer.fault(), fault(404, "itemNotFound", &words));
    let answer = alice.act(&id, json!({"os-stop": null})).await;
    assert_eq!(answer.fault(), fault(404, "itemNotFound", &words));
    assert_eq!(demo.admin().await.show(&id).await["name"], "fares-01");
    let nowhere = alice.ask(Method::GET, "/sausages", None).await;
    assert_eq!(
        nowhere.fault(),
        fault(404, "itemNotFound", "The resource could not be found.")
    );
}
