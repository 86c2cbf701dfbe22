//! The tenants of an Abiquo platform and looking at another one, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use abiquo::{changes, refused, signed_in_with};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use support::{Asked, Reply, fixture};
use vmdeck::clouds::{Cloud, Error, EventQuery, Result};
use vmdeck::model::{Group, Vm};

fn acme() -> Group {
    Group {
        id: "7".into(),
        name: "Acme".into(),
    }
}

fn other() -> Group {
    Group {
        id: "9".into(),
        name: "Other Ltd".into(),
    }
}

fn pairs(groups: &[Group]) -> Vec<(&str, &str)> {
    groups.iter().map(|it| (&*it.id, &*it.name)).collect()
}

const LIGHT: &str = "application/vnd.abiquo.enterprises-id-name+json; version=6.1";
const WHOLE: &str = "application/vnd.abiquo.enterprises+json; version=6.1";

#[tokio::test]
async fn the_tenants_are_the_light_list_where_there_is_one() {
    let (server, cloud) = signed_in_with(&[], |_| {
        let list = json!([{ "id": 7, "name": "Acme" }, { "id": 9, "name": "Other\u{1b}[2J Ltd" }, { "id": "../1", "name": "evil" },
            { "name": "nothing" }, { "id": 7, "name": "Acme again" }, null]);
        Reply::ok(json!({ "links": [], "collection": list }).to_string())
    })
    .await;
    let tenants = cloud.tenants().await.unwrap();
    assert_eq!(pairs(&tenants), [("7", "Acme"), ("9", "Other[2J Ltd")]);
    assert_eq!(server.lines(), ["GET /api/admin/enterprises?limit=500"]);
    assert_eq!(server.asked()[1].header("accept"), Some(LIGHT));
}

#[tokio::test]
async fn without_a_light_list_the_tenants_are_the_whole_one() {
    for light in [
        Reply::new(406, ""),
        Reply::new(400, ""),
        Reply::ok("<html>"),
        Reply::ok(r#"{"collection":[{"label":"?"}]}"#),
    ] {
        let (server, cloud) = signed_in_with(&[], move |asked| {
            let accept = asked.header("accept").unwrap();
            if accept.contains("enterprises-id-name") {
                light.clone()
            } else {
                assert_eq!(accept, WHOLE);
                Reply::ok(fixture("enterprises"))
            }
        })
        .await;
        assert_eq!(pairs(&cloud.tenants().await.unwrap()), [("7", "Acme")]);
        assert!(server.lines().len() <= 3);
    }
    let (server, cloud) = signed_in_with(&[], |_| Reply::new(403, "")).await;
    assert!(matches!(cloud.tenants().await, Err(Error::Forbidden(_))));
    assert_eq!(server.lines().len(), 1);
}

async fn vms(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

/// What a tenant's lists answer.
fn of_other(asked: &Asked) -> Reply {
    let list = |entry: Value| Reply::ok(json!({ "links": [], "collection": [entry] }).to_string());
    let links = json!([{ "rel": "edit", "href": "https://h/api/cloud/virtualdatacenters/4/virtualappliances/40/virtualmachines/900" }]);
    match &*asked.line() {
        "GET /api/admin/enterprises/9/action/virtualmachines" => {
            list(json!({ "id": 900, "label": "their-01", "state": "ON", "links": links }))
        }
        "GET /api/admin/enterprises/9/action/virtualappliances?limit=500" => list(wire_vapp()),
        "GET /api/admin/enterprises/9/action/virtualdatacenters?limit=500" => {
            list(json!({ "id": 4, "name": "vdc_other" }))
        }
        "GET /api/admin/enterprises/9/action/pendingtasks?limit=500" => {
            Reply::ok(fixture("pendingtasks"))
        }
        "GET /api/cloud/virtualmachines?limit=500" => Reply::ok(fixture("empty_collection")),
        _ => panic!("{asked:?}"),
    }
}

fn wire_vapp() -> Value {
    json!({ "id": 40, "name": "theirs", "state": "DEPLOYED", "links": [
        { "rel": "edit", "href": "https://h/api/cloud/virtualdatacenters/4/virtualappliances/40" },
        { "rel": "virtualdatacenter", "title": "vdc_other", "href": "https://h/api/cloud/virtualdatacenters/4" } ] })
}

#[tokio::test]
async fn a_chosen_tenants_lists_are_read_and_nothing_is_written() {
    // Without the privilege: the tenant's held tasks are asked for all the same.
    let (server, cloud) = signed_in_with(&["ENTERPRISE_ADMINISTER_ALL"], of_other).await;
    cloud.look_at(Some(other()));
    let found = vms(&*cloud).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&*found[0].name, &*found[0].locator),
        (
            "their-01",
            "/cloud/virtualdatacenters/4/virtualappliances/40/virtualmachines/900"
        )
    );
    let vapps = cloud.vapps().await.unwrap();
    assert_eq!((&*vapps[0].id, &*vapps[0].name), ("40", "theirs"));
    assert_eq!(&*vapps[0].project.as_ref().unwrap().name, "vdc_other");
    assert_eq!(
        pairs(&cloud.projects().await.unwrap()),
        [("4", "vdc_other")]
    );
    assert_eq!(cloud.held_tasks().await.unwrap().len(), 1);

    cloud.look_at(None);
    assert!(vms(&*cloud).await.unwrap().is_empty());
    assert!(changes(&server).is_empty(), "the user stays where it is");
    assert_eq!(
        server.lines().last().unwrap(),
        "GET /api/cloud/virtualmachines?limit=500"
    );
}

#[tokio::test]
async fn the_pages_of_one_list_are_not_expected_of_another() {
    let (server, cloud) = signed_in_with(&[], |asked| match &*asked.path {
        "/api/cloud/virtualmachines?limit=500" => Reply::ok(fixture("vms_page1")),
        "/api/cloud/virtualmachines?startwith=2&limit=500" => Reply::ok(fixture("vms_page2")),
        "/api/cloud/virtualmachines?startwith=4&limit=500" => Reply::ok(fixture("vms_page3")),
        _ => of_other(asked),
    })
    .await;
    assert_eq!(vms(&*cloud).await.unwrap().len(), 6);
    cloud.look_at(Some(other()));
    let before = server.lines().len();
    assert_eq!(vms(&*cloud).await.unwrap().len(), 1);
    assert_eq!(server.lines().len(), before + 1);
}

#[tokio::test]
async fn a_tenants_list_that_is_paged_after_all_is_read_to_its_end() {
    let (server, cloud) = signed_in_with(&[], |asked| {
        let at = match asked.path.split_once("startwith=") {
            None => 0,
            Some((_, rest)) => rest.split('&').next().unwrap().parse().unwrap(),
        };
        let page: Vec<Value> = (at..at + 2)
            .map(|id| json!({ "id": id, "state": "ON" }))
            .collect();
        Reply::ok(json!({ "links": [], "collection": page, "totalSize": 6 }).to_string())
    })
    .await;
    cloud.look_at(Some(other()));
    assert_eq!(vms(&*cloud).await.unwrap().len(), 6);
    let mut lines = server.lines();
    lines.sort();
    let list = "GET /api/admin/enterprises/9/action/virtualmachines";
    assert_eq!(
        lines,
        [
            list.to_owned(),
            format!("{list}?startwith=2&limit=2"),
            format!("{list}?startwith=4&limit=2"),
        ]
    );
}

#[tokio::test]
async fn a_vm_of_a_tenant_that_has_moved_is_looked_for_among_the_tenants() {
    let (server, cloud) = signed_in_with(&[], |asked| match &*asked.path {
        "/api/cloud/virtualdatacenters/4/virtualappliances/40/virtualmachines/900" => Reply::ok(
            json!({ "id": 900, "state": "ON", "links": [{ "rel": "edit",
                "href": "https://h/api/cloud/virtualdatacenters/4/virtualappliances/40/virtualmachines/900" }] })
            .to_string(),
        ),
        path if path.starts_with("/api/admin/enterprises/9/action/virtualmachines?") => {
            of_other(&Asked { path: path.split('?').next().unwrap().into(), ..asked.clone() })
        }
        _ => refused(404, "VM-1", "no such VM"),
    })
    .await;
    cloud.look_at(Some(other()));
    let old = abiquo::placeholder(
        "900",
        "/api/cloud/virtualdatacenters/4/virtualappliances/39/virtualmachines/900",
    );
    let target = cloud.target(&old).await.unwrap();
    assert!(target.vm.locator.contains("/40/"), "{}", target.vm.locator);
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_tenant_whose_id_no_path_could_hold_is_not_asked_for() {
    let (server, cloud) = signed_in_with(&[], |asked| panic!("{asked:?}")).await;
    for id in ["", "../1", "1/users", "1?x=1", "é"] {
        cloud.look_at(Some(Group {
            id: id.into(),
            name: "x".into(),
        }));
        assert!(matches!(vms(&*cloud).await, Err(Error::Link(_))), "{id}");
        assert!(matches!(cloud.vapps().await, Err(Error::Link(_))), "{id}");
        assert!(
            matches!(cloud.held_tasks().await, Err(Error::Link(_))),
            "{id}"
        );
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_chosen_tenants_events_are_those_that_happened_in_it() {
    let event = |id: u32, more: Value| {
        let mut event = json!({ "id": id, "timestamp": "2021-07-14T08:00:00Z", "severity": "INFO", "entity": "TASK", "action": "X" });
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    let list = json!({ "collection": [
        event(1, json!({ "entityEnterpriseURI": "/api/admin/enterprises/7", "enterpriseURI": "/api/admin/enterprises/1" })),
        event(2, json!({ "entityEnterpriseURI": "/api/admin/enterprises/70", "entityEnterpriseName": "Acme" })),
        event(3, json!({ "entityEnterpriseName": "Acme", "enterpriseName": "Provider" })),
        event(4, json!({ "entityEnterpriseName": "Other Ltd", "enterpriseURI": "/api/admin/enterprises/7" })),
        event(5, json!({ "enterprise": "Acme" })),
        event(6, json!({ "enterprise": "Renamed", "idEnterprise": 7 })),
        event(7, json!({ "enterprise": "Acme", "idEnterprise": 8 })),
        event(8, json!({ "enterpriseURI": "/api/admin/enterprises/7" })),
        event(9, json!({})),
    ] });
    let (server, cloud) = signed_in_with(&[], move |_| Reply::ok(list.to_string())).await;
    let query = EventQuery {
        limit: 20,
        ..EventQuery::default()
    };
    assert_eq!(cloud.events(&query).await.unwrap().len(), 9);
    cloud.look_at(Some(acme()));
    let events = cloud.events(&query).await.unwrap();
    let ids: Vec<&str> = events.iter().map(|event| &*event.key.id).collect();
    assert_eq!(ids, ["1", "3", "5", "6", "8"]);
    assert!(changes(&server).is_empty());
}
