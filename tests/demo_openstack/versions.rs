//! Microversions: which there are, how one is asked for, and what each shows.

use reqwest::Method;
use serde_json::json;

use crate::api::{Demo, fault};

#[tokio::test]
async fn the_versions_of_each_region_are_told_without_a_token() {
    let demo = Demo::start();
    for (path, newest) in [("/compute", "2.96"), ("/eu-north/compute", "2.72")] {
        let all = demo.ask(Method::GET, &format!("{path}/"), &[], None).await;
        assert_eq!(
            (all.status, &all.json()["versions"][0]["version"]),
            (200, &json!(newest))
        );
        let one = demo
            .ask(Method::GET, &format!("{path}/v2.1"), &[], None)
            .await
            .json();
        let version = &one["version"];
        assert_eq!(version["id"], "v2.1");
        assert_eq!(
            (&version["min_version"], &version["version"]),
            (&json!("2.1"), &json!(newest))
        );
        assert_eq!(version["status"], "CURRENT");
    }
}

#[tokio::test]
async fn the_version_is_taken_from_either_header_and_told_back() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let asked = [
        (vec![], "2.1"),
        (vec![("openstack-api-version", "compute 2.19")], "2.19"),
        (
            vec![("openstack-api-version", "volume 3.1, compute 2.26")],
            "2.26",
        ),
        (vec![("openstack-api-version", "volume 3.1")], "2.1"),
        (vec![("x-openstack-nova-api-version", "2.9")], "2.9"),
        (
            vec![
                ("x-openstack-nova-api-version", "2.9"),
                ("openstack-api-version", "compute 2.47"),
            ],
            "2.47",
        ),
        (vec![("openstack-api-version", "compute latest")], "2.96"),
    ];
    for (mut headers, version) in asked {
        headers.push(("x-auth-token", &alice.token));
        let answer = demo
            .ask(Method::GET, "/compute/v2.1/servers", &headers, None)
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("openstack-api-version"),
            format!("compute {version}")
        );
        assert_eq!(answer.header("x-openstack-nova-api-version"), version);
        assert!(answer.header("vary").contains("OpenStack-API-Version"));
    }
    let newer = alice
        .clone()
        .in_version("2.97")
        .ask(Method::GET, "/servers", None)
        .await;
    assert_eq!(
        newer.fault(),
        fault(
            406,
            "computeFault",
            "Version 2.97 is not supported by the API. Minimum is 2.1 and maximum is 2.96."
        )
    );
    let nonsense = alice
        .in_version("two")
        .ask(Method::GET, "/servers", None)
        .await;
    assert_eq!(
        nonsense.fault(),
        fault(
            400,
            "badRequest",
            "API Version String two is of invalid format. Must be of format MajorNum.MinorNum."
        )
    );
}

#[tokio::test]
async fn a_field_appears_with_its_version() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-db-01").await;
    let appears = [
        ("locked", "2.8", "2.9"),
        ("description", "2.18", "2.19"),
        ("tags", "2.25", "2.26"),
        ("trusted_image_certificates", "2.62", "2.63"),
        ("server_groups", "2.70", "2.71"),
        ("locked_reason", "2.72", "2.73"),
        ("OS-EXT-SRV-ATTR:hostname", "2.89", "2.90"),
        ("pinned_availability_zone", "2.95", "2.96"),
    ];
    for (field, before, since) in appears {
        let old = alice.clone().in_version(before).show(&id).await;
        assert!(old.get(field).is_none(), "{field} in {before}");
        let new = alice.clone().in_version(since).show(&id).await;
        assert!(new.get(field).is_some(), "{field} in {since}");
    }
    // The groups are of the single server only.
    let detail = alice.get("/servers/detail").await;
    assert!(detail["servers"][0].get("server_groups").is_none());

    let shown = alice.show(&id).await;
    assert_eq!(shown["locked"], true);
    assert_eq!(shown["locked_reason"], "inventory until Friday, ask alice");
    assert_eq!(shown["description"], "orders and stock, primary");
    assert_eq!(shown["tags"], json!(["db", "prod", "backup-nightly"]));
    assert_eq!(shown["server_groups"].as_array().unwrap().len(), 1);

    // Where it is, is for administrators.
    assert!(shown.get("host_status").is_none() && shown.get("OS-EXT-SRV-ATTR:host").is_none());
    let shown = admin.show(&id).await;
    assert_eq!(
        (&shown["host_status"], &shown["OS-EXT-SRV-ATTR:host"]),
        (&json!("UP"), &json!("cmp-w01"))
    );
    assert!(
        admin
            .clone()
            .in_version("2.15")
            .show(&id)
            .await
            .get("host_status")
            .is_none()
    );
}

#[tokio::test]
async fn a_flavor_is_a_link_until_it_is_embedded() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-db-01").await;
    let old = alice.clone().in_version("2.46").show(&id).await;
    let flavor = old["flavor"]["id"].as_str().unwrap();
    assert_eq!(
        old["flavor"]["links"],
        json!([{"rel": "bookmark", "href": format!("http://127.0.0.1:443/compute/flavors/{flavor}")}])
    );
    let new = alice.clone().in_version("2.47").show(&id).await;
    assert_eq!(
        new["flavor"],
        json!({
            "original_name": "m2.xlarge", "vcpus": 8, "ram": 65_536, "disk": 160, "ephemeral": 0, "swap": 0,
            "extra_specs": {"hw:cpu_policy": "dedicated"},
        })
    );
}

#[tokio::test]
async fn the_project_may_stand_in_the_address_when_it_is_the_own() {
    let demo = Demo::start();
    let mut bob = demo.user("bob", "blue").await.in_version("2.72");
    let project = bob.get("/servers/detail").await["servers"][0]["tenant_id"].clone();
    let project = project.as_str().unwrap();
    bob.nova = format!("/eu-north/compute/v2.1/{project}");
    assert_eq!(
        bob.names("?sort_key=display_name&sort_dir=asc").await,
        ["fares-n1", "mirror-n1"]
    );
    // What came later is not there, and is not taken either.
    let newest = bob
        .clone()
        .in_version("2.73")
        .ask(Method::GET, "/servers", None)
        .await;
    assert_eq!(newest.status, 406);
    bob.nova = "/eu-north/compute/v2.1/00000000000000000000000000000000".to_owned();
    let other = bob.ask(Method::GET, "/servers", None).await;
    assert_eq!(
        other.fault(),
        fault(
            400,
            "badRequest",
            &format!(
                "Malformed request URL: URL's project_id '00000000000000000000000000000000' doesn't match Context's project_id '{project}'"
            )
        )
    );
}
