//! Reading Abiquo's events, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use abiquo::{fixture_json, refused};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Error, EventQuery};
use vmdeck::model::{CloudName, Event, Severity, VmKey};

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

/// Events of one a second, newest first at 1752480000, four on a page; the server filters nothing by itself.
fn one_a_second(asked: &Asked) -> Reply {
    let (path, query) = asked.path.split_once('?').unwrap();
    assert_eq!(path, "/api/events");
    let at = query.split("startwith=").nth(1);
    let at: i64 = at.map_or(0, |rest| rest.split('&').next().unwrap().parse().unwrap());
    let page: Vec<Value> = (at..(at + 4).min(40))
        .map(|id| {
            json!({ "id": 1_000 - id, "timestamp": 1_752_480_000 - id, "severity": "INFO", "entity": "VIRTUAL_MACHINE",
                "action": "POWERON", "entityName": format!("web-0{}", id % 3), "userName": format!("user{}", id % 5),
                "message": if id % 7 == 0 { "no Candidate host" } else { "fine" }, "errorCode": if id % 10 == 9 { "ALLOC-0" } else { "" } })
        })
        .collect();
    let rest = query
        .split_once("&startwith")
        .map_or(query, |(rest, _)| rest);
    let next = format!("http://inside:9009/api/events?{rest}&startwith={}", at + 4);
    let links = if at + 4 < 40 {
        json!([{ "rel": "next", "href": next }])
    } else {
        json!([])
    };
    Reply::ok(json!({ "links": links, "collection": page }).to_string())
}

fn ids(events: &[Event]) -> Vec<i64> {
    let ids = events.iter();
    ids.map(|event| 1_000 - event.key.id.parse::<i64>().unwrap())
        .collect()
}

async fn found(query: EventQuery) -> (Server, Vec<Event>) {
    let server = Server::signed_in(one_a_second).await;
    let events = server.connected().await.events(&query).await.unwrap();
    (server, events)
}

#[tokio::test]
async fn every_event_is_held_against_the_whole_query_and_enough_pages_are_read() {
    let query = |set: fn(&mut EventQuery)| {
        let mut query = events(3);
        set(&mut query);
        query
    };
    let cases: [(EventQuery, &[i64]); 6] = [
        (query(|q| q.user = Some("USER4".into())), &[4, 9, 14]),
        (query(|q| q.user = Some("ser".into())), &[0, 1, 2]),
        (query(|q| q.vm = Some("WEB-02".into())), &[2, 5, 8]),
        (query(|q| q.text = Some("candidate".into())), &[0, 7, 14]),
        (query(|q| q.text = Some("alloc-0".into())), &[9, 19, 29]),
        (
            query(|q| {
                q.user = Some("user1".into());
                q.vm = Some("web-01".into());
                q.text = Some("fine".into());
                q.until = Some("2025-07-14T07:59:55Z".parse().unwrap());
            }),
            &[16, 31],
        ),
    ];
    for (query, expected) in cases {
        let (_, events) = found(query.clone()).await;
        assert_eq!(ids(&events), expected, "{query:?}");
    }
}

#[tokio::test]
async fn the_dates_bound_the_answer_on_both_sides() {
    let query = EventQuery {
        since: Some("2025-07-14T07:59:50Z".parse().unwrap()),
        until: Some("2025-07-14T07:59:52.5Z".parse().unwrap()),
        ..events(100)
    };
    let (server, events) = found(query).await;
    assert_eq!(ids(&events), [8, 9, 10]);
    assert_eq!(
        server.lines()[0],
        "GET /api/events?limit=500&by=timestamp&asc=false&datefrom=2025-07-14T07:59:50Z&dateto=2025-07-14T07:59:53Z"
    );
    assert_eq!(server.lines().len(), 3, "and what is older is not read");
}

#[tokio::test]
async fn an_old_server_is_told_the_dates_in_seconds_and_from_then_on_at_once() {
    let server = Server::signed_in(|asked| {
        if asked.path.contains("dateto=2025") {
            refused(400, "EVENT-1", "invalid date")
        } else {
            one_a_second(asked)
        }
    })
    .await;
    let cloud = server.connected().await;
    let query = EventQuery {
        until: Some("2025-07-14T07:59:55Z".parse().unwrap()),
        ..events(2)
    };
    for _ in 0..2 {
        assert_eq!(ids(&cloud.events(&query).await.unwrap()), [5, 6]);
    }
    let seconds = "GET /api/events?limit=500&by=timestamp&asc=false&dateto=1752479996";
    let lines = server.lines();
    let first: Vec<&str> = lines
        .iter()
        .filter(|line| !line.contains("startwith"))
        .map(String::as_str)
        .collect();
    assert_eq!(&first[1..], [seconds, seconds]);
}

#[tokio::test]
async fn filters_that_no_form_makes_readable_are_left_out() {
    for status in [400, 404] {
        let server = Server::signed_in(move |asked| {
            let filtered = asked.path.contains("dateto") || asked.path.contains("virtualmachine");
            if filtered {
                Reply::new(status, "")
            } else {
                one_a_second(asked)
            }
        })
        .await;
        let cloud = server.connected().await;
        let query = EventQuery {
            until: Some("2025-07-14T07:59:55Z".parse().unwrap()),
            vm: Some("web-00".into()),
            ..events(2)
        };
        assert_eq!(ids(&cloud.events(&query).await.unwrap()), [6, 9]);
    }
    // A refusal that no filter can have caused is told.
    for status in [400, 403, 404] {
        let server = Server::signed_in(move |_| Reply::new(status, "")).await;
        let cloud = server.connected().await;
        assert!(cloud.events(&events(5)).await.is_err());
        assert_eq!(server.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_name_that_the_servers_filter_understands_otherwise_is_looked_for_here() {
    let server = Server::signed_in(|asked| {
        if asked.path.contains("&virtualmachine=WEB-00") {
            Reply::ok(fixture("empty_collection"))
        } else {
            one_a_second(asked)
        }
    })
    .await;
    let cloud = server.connected().await;
    let query = EventQuery {
        vm: Some("WEB-00".into()),
        ..events(2)
    };
    assert_eq!(ids(&cloud.events(&query).await.unwrap()), [0, 3]);
    // One that no address could hold is not sent at all.
    let query = EventQuery {
        vm: Some("é".repeat(3_000)),
        ..events(2)
    };
    assert!(cloud.events(&query).await.unwrap().is_empty());
    assert!(server.lines().iter().all(|line| line.len() < 1_000));
}

#[tokio::test]
async fn both_shapes_are_filtered_alike() {
    let legacy = fixture_json("event_legacy");
    let mut list = fixture_json("events");
    list["collection"].as_array_mut().unwrap().push(legacy);
    let server = Server::signed_in(move |_| Reply::ok(list.to_string())).await;
    let cloud = server.connected().await;
    let query = EventQuery {
        vm: Some("web-02".into()),
        severity: Some(Severity::Error),
        ..events(10)
    };
    let found = cloud.events(&query).await.unwrap();
    let told: Vec<&str> = found.iter().map(|event| &*event.key.id).collect();
    assert_eq!(told, ["9102", "9001"]);
    let query = EventQuery {
        user: Some("admin".into()),
        ..events(10)
    };
    assert_eq!(
        cloud.events(&query).await.unwrap().len(),
        1,
        "who it was done by"
    );
    let key = VmKey::new(&CloudName::new("prod"), "502");
    assert_eq!(found[0].vm.as_ref(), Some(&key));
}

#[tokio::test]
async fn a_list_that_never_ends_is_left_after_many() {
    let server = Server::signed_in(|asked| {
        let at = asked
            .path
            .split("startwith=")
            .nth(1)
            .map_or(0, |rest| rest.parse().unwrap());
        let page: Vec<Value> = (at..at + 500)
            .map(|id: i64| json!({ "id": id, "timestamp": 1_752_480_000 - id }))
            .collect();
        let next = format!("http://h/api/events?limit=500&startwith={}", at + 500);
        Reply::ok(
            json!({ "links": [{ "rel": "next", "href": next }], "collection": page }).to_string(),
        )
    })
    .await;
    let cloud = server.connected().await;
    let query = EventQuery {
        text: Some("never".into()),
        ..events(5)
    };
    assert!(cloud.events(&query).await.unwrap().is_empty());
    assert_eq!(server.lines().len(), 40);
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_events_is_an_error() {
    let server = Server::signed_in(|_| Reply::ok("<html>log in</html>")).await;
    let error = server.connected().await.events(&events(5)).await;
    assert!(matches!(error, Err(Error::Protocol(_))));
    let odd = json!({ "collection": [7, null, { "timestamp": {} }, { "timestamp": "2021-07-14T08:00:00Z", "message": "a\u{1b}[2Jb", "userName": [1] }] });
    let server = Server::signed_in(move |_| Reply::ok(odd.to_string())).await;
    let found = server.connected().await.events(&events(5)).await.unwrap();
    assert_eq!((found.len(), &*found[0].trace), (1, "a[2Jb"));
}
