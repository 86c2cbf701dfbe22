//! Reading Abiquo's events, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use abiquo::{fixture_json, refused};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Cloud, Error, EventQuery};
use vmdeck::model::{CloudName, Event, Group, Severity, VmKey};

fn events(limit: usize) -> EventQuery {
    EventQuery {
        limit,
        ..EventQuery::default()
    }
}

#[tokio::test]
async fn events_tell_who_protected_a_vm_and_why_a_deploy_failed() {
    let server = Server::signed_in(|_| Reply::ok(fixture("events"))).await;
    let cloud = server.connected().await;
    let events = cloud.events(&events(200)).await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET /api/events?limit=200&by=timestamp&asc=false"]
    );
    let db = VmKey::new(&CloudName::new("prod"), "503");
    let (by, since) = cloud.protected_by(&events, &db).unwrap();
    assert_eq!(by.as_deref(), Some("Pat Rivers"));
    assert_eq!(since.to_string(), "2021-07-14T08:00:03Z");
    assert_eq!(
        cloud.protected_by(&events, &VmKey::new(&CloudName::new("prod"), "502")),
        None
    );

    let deploy = &events[1];
    assert_eq!(
        (&*deploy.entity, &*deploy.action, deploy.severity),
        ("VIRTUAL_MACHINE", "DEPLOY", Severity::Error)
    );
    assert_eq!(
        &*deploy.trace,
        "deploy of web-02 failed: no candidate host: not enough resources"
    );
    assert_eq!(deploy.error_code.as_deref(), Some("ALLOC-0"));
    assert_eq!(deploy.vm_name.as_deref(), Some("web-02"));
    assert_eq!(deploy.performed_by.as_deref(), Some("privers"));
    assert_eq!(deploy.source.as_deref(), Some("Acme"));
}

#[tokio::test]
async fn a_released_vm_has_no_protector() {
    let server = Server::signed_in(|_| {
        let event = |id: u32, action: &str| {
            json!({ "id": id, "timestamp": format!("2021-07-14T08:00:0{id}Z"), "severity": "INFO", "entity": "VIRTUAL_MACHINE",
                "action": action, "message": "x", "entityURI": "/api/cloud/virtualmachines/7", "userName": "admin" })
        };
        Reply::ok(json!({ "collection": [event(3, "UNPROTECT"), event(2, "PROTECT")] }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    let events = cloud.events(&events(10)).await.unwrap();
    assert_eq!(
        cloud.protected_by(&events, &VmKey::new(&CloudName::new("prod"), "7")),
        None
    );
    assert_eq!(
        cloud
            .protected_by(&events[1..], &VmKey::new(&CloudName::new("prod"), "7"))
            .unwrap()
            .0
            .as_deref(),
        Some("admin")
    );
}

#[tokio::test]
async fn the_older_shape_of_an_event_says_the_same() {
    let event: Value = serde_json::from_slice(&fixture("event_legacy")).unwrap();
    let body = json!({ "collection": [event] }).to_string();
    let server = Server::signed_in(move |_| Reply::ok(body.clone())).await;
    let events = server.connected().await.events(&events(10)).await.unwrap();
    let event = &events[0];
    assert_eq!(event.at.to_string(), "2018-02-01T10:15:30Z");
    assert_eq!(
        (&*event.entity, &*event.action, event.severity),
        ("VIRTUAL_MACHINE", "DEPLOY", Severity::Error)
    );
    assert_eq!(event.vm.as_ref().unwrap().to_string(), "prod/502");
    assert_eq!(event.vm_name.as_deref(), Some("web-02"));
    assert_eq!(
        (event.performed_by.as_deref(), event.user.as_deref()),
        (Some("admin"), Some("privers"))
    );
    assert_eq!(
        event.source.as_deref(),
        Some("Acme / DC One / vdc_alpha / web tier")
    );
    assert_eq!(&*event.trace, "deploy of web-02 failed");
}

#[tokio::test]
async fn events_are_read_page_by_page_until_the_time_that_was_asked_for() {
    // One event a second, newest first, 4 on a page, every fourth an error.
    let server = Server::signed_in(|asked| {
        let at = asked.path.split("startwith=").nth(1).map_or(0, |rest| rest.split('&').next().unwrap().parse().unwrap());
        let page: Vec<Value> = (at..at + 4)
            .map(|id: i64| {
                let severity = if id % 4 == 3 { "ERROR" } else { "INFO" };
                json!({ "id": 1_000 - id, "timestamp": 1_752_480_000 - id, "severity": severity, "entity": "TASK", "action": "X" })
            })
            .collect();
        let next = format!("http://inside:9009/api/events?startwith={}&limit=4&by=timestamp&asc=false", at + 4);
        Reply::ok(json!({ "links": [{ "rel": "next", "href": next }], "collection": page }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    let since = "2025-07-14T07:59:50Z".parse().unwrap();
    let query = EventQuery {
        since: Some(since),
        severity: Some(Severity::Error),
        limit: 100,
        ..EventQuery::default()
    };
    let found = cloud.events(&query).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|event| &*event.key.id).collect();
    assert_eq!(ids, ["997", "993"], "ten seconds hold two errors");
    assert_eq!(
        server.lines().len(),
        3,
        "and the third page is older than that"
    );
    assert_eq!(cloud.events(&events(6)).await.unwrap().len(), 6);
}
