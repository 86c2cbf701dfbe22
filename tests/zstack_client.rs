//! Signing in to ZStack and reading it, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::zstack::{
    SESSION, WEB, by_account, client, connected, lines, placeholder, server, shape, shape_value,
};
use support::{Asked, PASSWORD, Reply};
use vmdeck::clouds::{Cloud, Error, EventQuery, Result};
use vmdeck::config::{ZstackLogin, ZstackSettings};
use vmdeck::model::{JobState, PowerState, ProtectionScope, Severity, TaskState, Vm};

/// SHA-512 of the tests' password, made with sha512sum.
const HASHED: &str = "778b734281f77f603b67441b2a3fd8c9a0a680d068590fb8fac788551d7c4c166f1eb9b3c523eda23843372d9ce2a6fa1326e923a71c7ef299a88ec81c46727d";

fn is(asked: &Asked, method: &str, path: &str) -> bool {
    asked.method == method && asked.path.split('?').next() == Some(&format!("/zstack/v1/{path}"))
}

async fn listed(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

fn session_over() -> Reply {
    Reply::new(503, shape("error.session-expired"))
}

fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

// Signing in.

#[tokio::test]
async fn an_account_logs_in_with_its_hashed_password_and_is_the_word_oauth_from_then_on() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let session = cloud.connect().await;
    assert_eq!(&*session.unwrap().user, "ops-admin");
    listed(&*cloud).await.unwrap();
    let asked = server.asked();
    let login = &asked[0];
    assert_eq!(login.line(), "PUT /zstack/v1/accounts/login");
    assert_eq!(login.header("authorization"), None);
    assert_eq!(
        login.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    let mut expected = shape_value("login.request");
    expected["logInByAccount"]["password"] = HASHED.into();
    assert_eq!(body(login), expected);
    let listing = asked.iter().find(|asked| is(asked, "GET", "vm-instances"));
    let oauth = format!("OAuth {SESSION}");
    assert_eq!(listing.unwrap().header("authorization"), Some(&*oauth));
}

#[tokio::test]
async fn each_form_of_log_in_has_its_own_address_and_body() {
    let cases = [
        (
            ZstackLogin::User {
                account: "acme".into(),
            },
            "accounts/users/login",
            json!({"logInByUser": {"accountName": "acme", "userName": "ops-admin", "password": HASHED}}),
        ),
        (
            ZstackLogin::Ldap,
            "ldap/login",
            json!({"logInByLdap": {"uid": "ops-admin", "password": PASSWORD}}),
        ),
        (
            ZstackLogin::Iam2 { project: None },
            "iam2/virtual-ids/login",
            json!({"loginIAM2VirtualID": {"name": "ops-admin", "password": HASHED}}),
        ),
    ];
    for (login, path, expected) in cases {
        let address = format!("/zstack/v1/{path}");
        let here = address.clone();
        let server =
            server(move |asked| (asked.path == here).then(|| Reply::ok(shape("login.response"))))
                .await;
        let settings = ZstackSettings {
            login,
            time_zone: None,
        };
        client(&server, settings).connect().await.unwrap();
        let first = server.asked().remove(0);
        assert_eq!(
            (first.line(), body(&first)),
            (format!("PUT {address}"), expected)
        );
    }
}

#[tokio::test]
async fn a_project_is_logged_in_to_through_a_session_and_both_are_closed() {
    let server = server(|asked| match &*asked.path {
        "/zstack/v1/iam2/virtual-ids/login" => Some(Reply::ok(shape("login.response"))),
        "/zstack/v1/iam2/projects/login" => Some(Reply::ok(
            r#"{"inventory":{"uuid":"aaaabbbbccccddddaaaabbbbccccdddd"}}"#,
        )),
        _ => None,
    })
    .await;
    let project = Some("shop".into());
    let login = ZstackLogin::Iam2 { project };
    let cloud = client(
        &server,
        ZstackSettings {
            login,
            time_zone: None,
        },
    );
    let session = cloud.connect().await.unwrap();
    assert_eq!(session.tenant.as_deref(), Some("shop"));
    let asked = server.asked();
    let second = asked
        .iter()
        .find(|asked| asked.path.ends_with("projects/login"))
        .unwrap();
    assert_eq!(
        second.header("authorization"),
        Some(&*format!("OAuth {SESSION}"))
    );
    assert_eq!(
        body(second),
        json!({"loginIAM2Project": {"projectName": "shop"}})
    );
    cloud.close().await;
    let closed: Vec<String> = lines(&server)
        .into_iter()
        .filter(|line| line.starts_with("DELETE"))
        .collect();
    assert_eq!(
        closed,
        [
            "DELETE accounts/sessions/aaaabbbbccccddddaaaabbbbccccdddd".to_owned(),
            format!("DELETE accounts/sessions/{SESSION}")
        ]
    );
    assert!(matches!(listed(&*cloud).await, Err(Error::SignIn(_))));
}

#[tokio::test]
async fn a_refused_log_in_says_what_to_do_and_shows_no_secret() {
    let cases = [
        ("ID.1000", "wrong name or password"),
        ("ID.1006", "too many sessions"),
        ("ID.2001", "one-time code"),
        ("LOGIN_CONTROL.1002", "locked"),
        ("LOGIN_CONTROL.1005", "captcha"),
        ("ID.1005", "must be changed"),
        ("ID.1999", "says no (ID.1999)"),
    ];
    for (code, words) in cases {
        let server = server(move |asked| {
            let error = json!({"error": {"code": code, "details": "says no"}}).to_string();
            asked
                .path
                .ends_with("/login")
                .then(|| Reply::new(503, error))
        })
        .await;
        let error = client(&server, by_account()).connect().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(matches!(error, Error::SignIn(_)), "{shown}");
        assert!(shown.contains(words), "{shown}");
        assert!(
            !shown.contains(PASSWORD) && !shown.contains(HASHED),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn the_recorded_refusal_of_a_log_in_is_one() {
    let server = server(|asked| {
        asked
            .path
            .ends_with("/login")
            .then(|| Reply::new(503, shape("login.error")))
    })
    .await;
    let error = client(&server, by_account()).connect().await.unwrap_err();
    assert!(
        matches!(&error, Error::SignIn(why) if why.contains("ID.1000")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_address_and_a_server_that_is_not_ready_are_no_wrong_password() {
    let answers = [
        (Reply::new(404, "not here"), "context path"),
        (
            Reply::new(503, "<html><title>Bad</title></html>"),
            "HTML page: Bad",
        ),
        (
            Reply::new(503, r#"{"error":{"code":"SYS.1010","details":"starting"}}"#),
            "starting",
        ),
        (Reply::ok("{}"), "names no session"),
        (Reply::ok("<html>"), "HTML page"),
    ];
    for (answer, words) in answers {
        let server =
            server(move |asked| asked.path.ends_with("/login").then(|| answer.clone())).await;
        let error = client(&server, by_account()).connect().await.unwrap_err();
        assert!(!matches!(error, Error::SignIn(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_session_that_stands_is_used_again_and_one_that_does_not_is_replaced() {
    let valid = Arc::new(AtomicBool::new(true));
    let says = valid.clone();
    let server = server(move |asked| {
        is(asked, "GET", &format!("accounts/sessions/{SESSION}/valid")).then(|| {
            let valid = says.load(Ordering::SeqCst);
            let no = r#"{"valid": false}"#.into();
            Reply::ok(if valid {
                shape("session-validate.response")
            } else {
                no
            })
        })
    })
    .await;
    let cloud = connected(&server).await;
    let logins = || {
        let asked = server.asked();
        asked
            .iter()
            .filter(|asked| asked.path.ends_with("/login"))
            .count()
    };
    cloud.connect().await.unwrap();
    assert_eq!(logins(), 1);
    valid.store(false, Ordering::SeqCst);
    cloud.connect().await.unwrap();
    assert_eq!(logins(), 2);
}

#[tokio::test]
async fn a_session_that_has_ended_makes_one_log_in_however_many_ask() {
    let logins = Arc::new(AtomicUsize::new(0));
    let seen = logins.clone();
    let server = server(move |asked| {
        if asked.path.ends_with("/login") {
            assert_eq!(
                asked.header("authorization"),
                None,
                "a log-in carries no session"
            );
            seen.fetch_add(1, Ordering::SeqCst);
        }
        (asked.method == "GET" && seen.load(Ordering::SeqCst) < 2).then(session_over)
    })
    .await;
    let cloud = connected(&server).await;
    assert_eq!(listed(&*cloud).await.unwrap().len(), 3);
    assert_eq!(logins.load(Ordering::SeqCst), 2);
    let asked = server.asked();
    let refused = asked.iter().filter(|asked| asked.method == "GET").count();
    assert!(
        refused > 8,
        "several requests were refused at once: {refused}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_every_session_is_asked_once_more_and_then_believed() {
    let server = server(|asked| is(asked, "GET", "vm-instances").then(session_over)).await;
    let cloud = connected(&server).await;
    assert!(matches!(listed(&*cloud).await, Err(Error::SignIn(_))));
    let asked = server.asked();
    let count = |path: &str| {
        asked
            .iter()
            .filter(|asked| asked.path.contains(path))
            .count()
    };
    assert_eq!((count("/login"), count("/vm-instances?")), (2, 2));
}

#[tokio::test]
async fn an_access_key_signs_every_request_and_opens_no_session() {
    let server = server(|asked| {
        is(asked, "GET", "vm-instances").then(|| Reply::ok(shape("vm-list.response")))
    })
    .await;
    let settings = ZstackSettings {
        login: ZstackLogin::AccessKey,
        time_zone: Some(TimeZone::fixed(jiff::tz::offset(8))),
    };
    let cloud = client(&server, settings.clone());
    cloud.connect().await.unwrap();
    let vms = listed(&*cloud).await.unwrap();
    assert_eq!(
        vms[0].created_at.unwrap().to_string(),
        "2025-02-01T00:00:00Z"
    );
    for asked in server.asked() {
        let authorization = asked.header("authorization").unwrap();
        assert!(
            authorization.starts_with("ZStack ops-admin:"),
            "{authorization}"
        );
        assert!(asked.header("date").unwrap().ends_with(" GMT+08:00"));
    }
    cloud.close().await;
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));

    for (answer, words) in [
        (Reply::new(403, "requestTimeTooSkewed"), "time_zone"),
        (Reply::new(400, "unsupported scheme"), "open edition"),
        (session_over(), "session has ended"),
    ] {
        let server = self::server(move |_| Some(answer.clone())).await;
        let error = client(&server, settings.clone())
            .connect()
            .await
            .unwrap_err();
        assert!(matches!(error, Error::SignIn(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

// Listing.

#[tokio::test]
async fn a_vm_has_every_field_that_the_documents_give_it() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    let names: Vec<&str> = vms.iter().map(|vm| &*vm.name).collect();
    assert_eq!(names, ["web-01", "db-01", "batch-07"]);
    let web = &vms[0];
    assert_eq!(web.key.to_string(), format!("prod/{WEB}"));
    assert_eq!((web.uuid.as_deref(), &*web.locator), (Some(WEB), WEB));
    assert_eq!((web.power, &*web.native_state), (PowerState::On, "Running"));
    assert_eq!((web.cpu, web.ram_mib), (Some(4), Some(8_192)));
    assert_eq!(web.location.as_deref(), Some("zone-1"));
    assert_eq!(web.cluster.as_deref(), Some("cluster-a"));
    assert_eq!(web.host.as_deref(), Some("kvm-a01"));
    assert_eq!(web.hypervisor.as_deref(), Some("KVM"));
    assert_eq!(web.template.as_deref(), Some("debian-12"));
    assert_eq!(web.description.as_deref(), Some("front end"));
    let texts = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&web.addresses), ["10.20.30.11"]);
    assert_eq!(texts(&web.networks), ["net-a"]);
    // The recorded log-in and the recorded clock show the same time: the server's zone is UTC.
    assert_eq!(web.created_at.unwrap().to_string(), "2025-02-01T08:00:00Z");
    assert_eq!(web.updated_at.unwrap().to_string(), "2025-03-02T22:20:57Z");
    let project = web.project.as_ref().unwrap();
    assert_eq!(
        (&*project.id, &*project.name),
        ("d8ca864957fbead66e92c5daebf81716", "ops-admin")
    );
    assert!(web.vapp.is_none() && web.protection.is_none() && web.console.is_none());
    assert_eq!(
        (vms[1].power, vms[1].host.as_deref()),
        (PowerState::Off, None)
    );
    assert_eq!(
        (vms[2].power, &*vms[2].native_state, vms[2].host.as_deref()),
        (PowerState::Unknown, "Unknown", Some("kvm-a02"))
    );
}

#[tokio::test]
async fn whole_numbers_may_come_as_floats_and_the_state_as_a_word_of_tomorrow() {
    let mut vm = shape_value("job-done.float-numbers.response")["inventory"].clone();
    vm["state"] = "Hibernating\u{1b}[31m".into();
    vm["description"] = Value::Null;
    vm["vmNics"][0]["usedIps"][0]["ip"] = "fd00::12".into();
    let second = json!({"l3NetworkUuid": "eeee", "ip": "192.0.2.7", "deviceId": 0.0});
    vm["vmNics"].as_array_mut().unwrap().insert(0, second);
    let body = json!({ "inventories": [vm] }).to_string();
    let server = server(move |asked| {
        asked
            .path
            .contains("vm-instances/")
            .then(|| Reply::ok(body.clone()))
    })
    .await;
    let cloud = connected(&server).await;
    let vm = cloud.target(&placeholder(WEB, "Running")).await.unwrap().vm;
    assert_eq!((vm.cpu, vm.ram_mib), (Some(8), Some(16_384)));
    assert_eq!(
        (vm.power, &*vm.native_state),
        (PowerState::Unknown, "Hibernating[31m")
    );
    let addresses: Vec<&str> = vm.addresses.iter().map(|address| &**address).collect();
    assert_eq!(
        addresses,
        ["10.20.30.12", "fd00::12", "192.0.2.7"],
        "the default network first"
    );
    let networks: Vec<&str> = vm.networks.iter().map(|network| &**network).collect();
    assert_eq!(networks, ["net-a", "eeee"]);
    assert_eq!(vm.description, None);
}

/// `count` VMs, as many rows of which as asked for, but at most `most`, are answered. `total` makes the total of each page.
fn vms_of(
    count: usize,
    most: usize,
    total: impl Fn(usize) -> Option<usize> + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static {
    let pages = AtomicUsize::new(0);
    move |asked| {
        if !is(asked, "GET", "vm-instances") {
            return None;
        }
        let query = asked.path.split_once('?').unwrap().1;
        let of = |key: &str| -> usize {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(known, _)| *known == key)
                .unwrap()
                .1
                .parse()
                .unwrap()
        };
        assert!(
            query.contains("q=type%3DUserVm") && query.contains("sort=%2Buuid"),
            "{query}"
        );
        assert!(query.contains("replyWithCount=true"), "{query}");
        let (start, limit) = (of("start"), of("limit").min(most));
        let rows: Vec<Value> = (start..(start + limit).min(count))
            .map(|at| json!({"uuid": format!("{at:032x}"), "name": format!("vm-{at}"), "state": "Running"}))
            .collect();
        let page = pages.fetch_add(1, Ordering::SeqCst);
        let mut answer = json!({ "inventories": rows });
        if let Some(total) = total(page) {
            answer["total"] = total.into();
        }
        Some(Reply::ok(answer.to_string()))
    }
}

#[tokio::test]
async fn all_pages_are_read_whatever_the_server_gives_at_once() {
    for (count, most, told, pages) in [
        (0, 500, true, 1),
        (500, 500, true, 1),
        (1_203, 500, true, 3),
        (1_203, 100, true, 13),
        (1_203, 500, false, 3),
        (1_000, 500, false, 3),
    ] {
        let server = server(vms_of(count, most, move |_| told.then_some(count))).await;
        let cloud = connected(&server).await;
        let vms = listed(&*cloud).await.unwrap();
        let case = format!("{count} by {most}, told: {told}");
        assert_eq!(vms.len(), count, "{case}");
        let asked = server.asked();
        let listed = asked
            .iter()
            .filter(|asked| is(asked, "GET", "vm-instances"))
            .count();
        assert_eq!(listed, pages, "{case}");
    }
}

#[tokio::test]
async fn a_list_that_changes_under_way_is_read_once_more_and_no_vm_is_told_twice() {
    // A row goes after the first page: those behind it move up, and one would be missed.
    let shifted = AtomicUsize::new(0);
    let server = server(move |asked| {
        if !is(asked, "GET", "vm-instances") {
            return None;
        }
        let page = shifted.fetch_add(1, Ordering::SeqCst);
        let gone = usize::from(page > 0);
        let start: usize = if asked.path.contains("start=0&") {
            0
        } else {
            500
        };
        let all: Vec<usize> = (gone..700).collect();
        let rows: Vec<Value> = all
            .iter()
            .skip(start)
            .take(500)
            .map(|at| json!({"uuid": format!("{at:032x}"), "state": "Running"}))
            .collect();
        Some(Reply::ok(
            json!({"inventories": rows, "total": all.len()}).to_string(),
        ))
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    let mut ids: Vec<&str> = vms.iter().map(|vm| &*vm.key.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), vms.len()), (700, 700));
    let pages = lines(&server)
        .iter()
        .filter(|line| line.starts_with("GET vm-instances?"))
        .count();
    assert_eq!(pages, 4);
}

#[tokio::test]
async fn pages_are_asked_for_at_once_within_the_concurrency_of_the_cloud() {
    let server = server(vms_of(5_000, 500, |_| Some(5_000))).await;
    let cloud = connected(&server).await;
    assert_eq!(listed(&*cloud).await.unwrap().len(), 5_000);
    let asked = server.asked();
    let connections: std::collections::HashSet<usize> = asked
        .iter()
        .filter(|asked| is(asked, "GET", "vm-instances"))
        .map(|asked| asked.connection)
        .collect();
    assert!((2..=8).contains(&connections.len()), "{connections:?}");
}

#[tokio::test]
async fn an_impossible_total_is_an_error_and_no_endless_listing() {
    for total in [json!(1_000_000_000_000_u64), json!(-1)] {
        let server = server(move |asked| {
            is(asked, "GET", "vm-instances").then(|| {
                Reply::ok(json!({"inventories": [{"uuid": "a"}], "total": total}).to_string())
            })
        })
        .await;
        let cloud = connected(&server).await;
        let first = cloud.vms().next().await.unwrap();
        assert!(matches!(first, Err(Error::Protocol(_))), "{first:?}");
    }
}

#[tokio::test]
async fn names_that_a_user_may_not_read_are_uuids_and_the_list_is_whole() {
    let server = server(|asked| {
        let denied = is(asked, "GET", "hosts") || is(asked, "GET", "user-tags");
        let absent = is(asked, "GET", "zones");
        if denied {
            return Some(Reply::new(503, shape("error.permission-denied")));
        }
        absent.then(|| Reply::new(500, ""))
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    assert_eq!(
        vms[0].host.as_deref(),
        Some("3e207c9fbd51403caf8e2b30415e6d7c")
    );
    assert_eq!(
        vms[0].location.as_deref(),
        Some("1c0e5a7d9b3f4e2a8d6c0f1e2d3c4b5a")
    );
    assert_eq!(vms[0].cluster.as_deref(), Some("cluster-a"));
    listed(&*cloud).await.unwrap();
    let asked = server.asked();
    let hosts = asked
        .iter()
        .filter(|asked| is(asked, "GET", "hosts"))
        .count();
    assert_eq!(hosts, 1, "names are kept from one listing to the next");
}

#[tokio::test]
async fn tags_and_protection_come_with_the_listing_in_one_question() {
    let protected = r#"vmdeck::protected::{"by":"ann","reason":"kernel update","since":"2025-03-03T09:24:59Z"}"#;
    let tags = json!({"inventories": [
        {"uuid": "t1", "resourceUuid": WEB, "tag": "tier::web"},
        {"uuid": "t2", "resourceUuid": WEB, "tag": protected},
    ], "total": 2})
    .to_string();
    let server =
        server(move |asked| is(asked, "GET", "user-tags").then(|| Reply::ok(tags.clone()))).await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    let tags: Vec<&str> = vms[0].tags.iter().map(|tag| &**tag).collect();
    assert_eq!(tags, ["tier::web"]);
    let protection = vms[0].protection.as_ref().unwrap();
    assert_eq!(protection.scope, ProtectionScope::SharedTag);
    assert_eq!(
        (protection.by.as_deref(), protection.reason.as_deref()),
        (Some("ann"), Some("kernel update"))
    );
    assert_eq!(
        protection.since.unwrap().to_string(),
        "2025-03-03T09:24:59Z"
    );
    assert!(vms[1].protection.is_none());
    let asked = lines(&server);
    let tags = asked
        .iter()
        .filter(|line| line.contains("user-tags"))
        .count();
    assert_eq!(tags, 1, "{asked:?}");
}

#[tokio::test]
async fn a_tag_of_another_program_is_a_word_and_protects_nothing() {
    let server = server(|asked| {
        is(asked, "GET", "user-tags").then(|| Reply::ok(shape("user-tags.response")))
    })
    .await;
    let vms = listed(&*connected(&server).await).await.unwrap();
    let tags: Vec<&str> = vms[0].tags.iter().map(|tag| &**tag).collect();
    assert_eq!(tags, ["console:protected"]);
    assert!(vms[0].protection.is_none());
}

// Everything else that is read.

#[tokio::test]
async fn a_vm_that_is_gone_is_not_found_and_an_id_that_leads_elsewhere_is_not_asked_for() {
    let server = server(|asked| {
        asked
            .path
            .contains("vm-instances/")
            .then(|| Reply::ok(shape("vm-list.empty.response")))
    })
    .await;
    let cloud = connected(&server).await;
    let gone = cloud.target(&placeholder(WEB, "Running")).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    let before = server.asked().len();
    for id in ["../accounts", "a/b", "a?x=y", ""] {
        let error = cloud.target(&placeholder(id, "Running")).await.map(drop);
        assert!(matches!(error, Err(Error::NotFound(_))), "{error:?}");
    }
    assert_eq!(server.asked().len(), before);
}

#[tokio::test]
async fn hosts_to_move_to_come_with_what_they_have_left() {
    let server = server(|asked| {
        asked
            .path
            .ends_with("/migration-target-hosts")
            .then(|| Reply::ok(shape("migration-target-hosts.response")))
    })
    .await;
    let cloud = connected(&server).await;
    let hosts = cloud
        .candidates(&placeholder(WEB, "Running"))
        .await
        .unwrap();
    assert_eq!(hosts.len(), 1);
    let host = &hosts[0];
    assert_eq!(
        (&*host.id, &*host.name),
        ("4f318da0ce62514db09f3c41526f7e8d", "kvm-a02")
    );
    assert_eq!(host.cluster.as_deref(), Some("cluster-a"));
    assert_eq!(host.address.as_deref(), Some("10.0.1.22"));
    assert_eq!(host.cpus, Some((180, 480)));
    assert_eq!(host.ram_mib, Some((131_072, 262_144)));
}

#[tokio::test]
async fn the_address_of_a_screen_is_asked_only_of_what_has_one() {
    let server = server(|asked| {
        asked
            .path
            .ends_with("/console-addresses")
            .then(|| Reply::ok(shape("console-address.response")))
    })
    .await;
    let cloud = connected(&server).await;
    let address = |word: &str| {
        let vm = placeholder(WEB, word);
        let cloud = &cloud;
        async move { cloud.remote_access(&vm, false).await.unwrap().url }
    };
    assert_eq!(
        address("Running").await.as_deref(),
        Some("vnc://10.0.1.21:5901")
    );
    assert_eq!(address("Stopped").await, None);
    assert_eq!(lines(&server).len(), 1);
}

#[tokio::test]
async fn the_document_is_the_vm_alone_without_secrets() {
    let server = server(|asked| {
        let body = r#"{"inventories":[{"uuid":"u","name":"x","consolePassword":"hunter2","cpuNum":1.0}],"schema":{}}"#;
        asked.path.contains("vm-instances/").then(|| Reply::ok(body))
    })
    .await;
    let cloud = connected(&server).await;
    let text = cloud.raw(&placeholder(WEB, "Running")).await.unwrap();
    assert!(text.starts_with("{\n  \"uuid\": \"u\","), "{text}");
    assert!(
        !text.contains("hunter2") && !text.contains("schema"),
        "{text}"
    );
}

#[tokio::test]
async fn events_of_all_sources_are_one_list_newest_first() {
    let server = server(|asked| match asked.path.split('?').next().unwrap() {
        "/zstack/v1/eventlogs" => Some(Reply::ok(shape("eventlogs.response"))),
        "/zstack/v1/zwatch/audit-records" => Some(Reply::ok(shape("audit-records.response"))),
        "/zstack/v1/zwatch/alarm-records" => Some(Reply::ok(shape("alarm-records.response"))),
        _ => None,
    })
    .await;
    let cloud = connected(&server).await;
    let all = EventQuery {
        since: None,
        severity: None,
        limit: 10,
        ..EventQuery::default()
    };
    let events = cloud.events(&all).await.unwrap();
    let told: Vec<(&str, Severity, String)> = events
        .iter()
        .map(|event| (&*event.key.id, event.severity, event.at.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "audit:501",
                Severity::Info,
                "2025-03-03T09:22:07Z".to_owned()
            ),
            (
                "event:1201",
                Severity::Info,
                "2025-03-03T09:20:00Z".to_owned()
            ),
            (
                "alarm:77",
                Severity::Warning,
                "2025-03-03T09:18:20Z".to_owned()
            ),
            (
                "event:1200",
                Severity::Warning,
                "2025-03-03T09:15:00Z".to_owned()
            ),
        ]
    );
    let audit = &events[0];
    assert_eq!(
        (&*audit.entity, &*audit.action),
        ("VIRTUAL_MACHINE", "POWER_OFF")
    );
    assert_eq!(
        audit.vm.as_ref().unwrap().to_string(),
        format!("prod/{WEB}")
    );
    assert_eq!(audit.vm_name.as_deref(), Some("web-01"));
    assert_eq!(audit.performed_by.as_deref(), Some("ops-admin"));
    assert_eq!(
        &*audit.trace,
        "APIStopVmInstanceMsg of web-01 from 192.0.2.10"
    );
    assert_eq!((&*events[1].entity, events[1].vm.is_none()), ("HOST", true));
    assert_eq!(
        &*events[1].trace,
        "host connection restored (synthetic text)"
    );
    assert_eq!(
        events[2].vm.as_ref().unwrap().to_string(),
        format!("prod/{WEB}")
    );
    assert_eq!(
        &*events[2].trace,
        "vm cpu high CPUUsedUtilization 97.5 (threshold 90)"
    );

    let since = "2025-03-03T09:18:00Z".parse().unwrap();
    let some = EventQuery {
        since: Some(since),
        severity: Some(Severity::Warning),
        limit: 10,
        ..EventQuery::default()
    };
    let events = cloud.events(&some).await.unwrap();
    let told: Vec<&str> = events.iter().map(|event| &*event.key.id).collect();
    assert_eq!(told, ["alarm:77"]);
}

#[tokio::test]
async fn a_source_that_the_open_edition_lacks_is_asked_once_and_the_others_are_told() {
    let server = server(|asked| match asked.path.split('?').next().unwrap() {
        "/zstack/v1/eventlogs" => Some(Reply::ok(shape("eventlogs.response"))),
        "/zstack/v1/zwatch/alarm-records" => Some(Reply::new(
            503,
            r#"{"error":{"code":"SYS.1008","details":"no service"}}"#,
        )),
        _ => None,
    })
    .await;
    let cloud = connected(&server).await;
    let query = EventQuery {
        since: None,
        severity: None,
        limit: 1,
        ..EventQuery::default()
    };
    for _ in 0..2 {
        let events = cloud.events(&query).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| &*event.key.id).collect();
        assert_eq!(told, ["event:1201"]);
    }
    let asked = lines(&server);
    let count = |part: &str| asked.iter().filter(|line| line.contains(part)).count();
    assert_eq!(
        (
            count("eventlogs"),
            count("audit-records"),
            count("alarm-records")
        ),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn tasks_of_a_vm_are_its_long_jobs_and_what_its_queue_holds() {
    let mut jobs = shape_value("longjobs.response");
    jobs["inventories"][1]["targetResourceUuid"] = WEB.into();
    let jobs = jobs.to_string();
    let server = server(move |asked| match asked.path.split('?').next().unwrap() {
        "/zstack/v1/longjobs" => Some(Reply::ok(jobs.clone())),
        "/zstack/v1/vm-instances/task-details" => {
            Some(Reply::ok(shape("vm-task-details.response")))
        }
        _ => None,
    })
    .await;
    let cloud = connected(&server).await;
    let tasks = cloud.vm_tasks(&placeholder(WEB, "Running")).await.unwrap();
    let told: Vec<(&str, &str, TaskState)> = tasks
        .iter()
        .map(|task| (&*task.key.id, task.kind.as_str(), task.state.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "e9db975a680cfbe77fa3d6ebfc092827",
                "POWER_OFF",
                TaskState::Started
            ),
            (
                "1a2b3c4d5e6f40718293a4b5c6d7e8f9",
                "RELOCATE",
                TaskState::Started
            ),
            (
                "4d5e6f708192430415c6d7e8f9101b2c",
                "ADD_IMAGE",
                TaskState::FinishedUnsuccessfully
            ),
        ]
    );
    assert!(
        tasks
            .iter()
            .all(|task| task.vm.as_ref().unwrap().id.as_ref() == WEB)
    );
    assert!(tasks.iter().all(|task| !task.acknowledgeable));
    assert_eq!(tasks[0].jobs[0].description.as_deref(), Some("stop-vm"));
    assert_eq!(
        tasks[1].created_at.unwrap().to_string(),
        "2025-03-03T09:20:00Z"
    );
    assert_eq!(tasks[2].jobs[0].state, JobState::Failed);
    assert_eq!(tasks[2].jobs[0].description.as_deref(), Some("SYS.1006"));
    assert!(matches!(
        cloud.acknowledge(&tasks[2]).await,
        Err(Error::Forbidden(_))
    ));
    let asked = lines(&server);
    let long = format!("GET longjobs?q=targetResourceUuid%3D{WEB}&sort=-createDate&limit=200");
    assert!(asked.contains(&long), "{asked:?}");
    let queue = format!("GET vm-instances/task-details?vmInstanceUuids={WEB}");
    assert!(asked.contains(&queue), "{asked:?}");
}

#[tokio::test]
async fn where_the_server_tells_no_tasks_there_are_none() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let tasks = cloud.vm_tasks(&placeholder(WEB, "Running")).await.unwrap();
    assert!(tasks.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_bytes_of_a_server_break_the_client(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        at in 0_usize..9,
        status in prop_oneof![Just(200_u16), Just(202), Just(404), Just(503)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let reply = Arc::new(Mutex::new((status, mangled(&bytes, at))));
            let answers = reply.clone();
            let server = server(move |asked| {
                let is_login = asked.path.ends_with("/login");
                let (status, body) = answers.lock().unwrap().clone();
                (!is_login).then(|| Reply::new(status, body))
            })
            .await;
            let cloud = connected(&server).await;
            let vm = placeholder(WEB, "Running");
            let _ = listed(&*cloud).await;
            let _ = cloud.vm_tasks(&vm).await;
            let _ = cloud.events(&EventQuery { since: None, severity: None, limit: 5, ..EventQuery::default() }).await;
            let _ = (cloud.candidates(&vm).await, cloud.remote_access(&vm, false).await, cloud.raw(&vm).await);
        });
    }
}

/// Bytes, or a recorded shape that some bytes were put into.
fn mangled(bytes: &[u8], at: usize) -> Vec<u8> {
    let names = [
        "vm-list.response",
        "longjobs.response",
        "vm-task-details.response",
        "audit-records.response",
        "error.with-causes",
        "migration-target-hosts.response",
        "console-address.response",
        "user-tags.response",
    ];
    let Some(name) = names.get(at) else {
        return bytes.to_vec();
    };
    let mut body = shape(name);
    let middle = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % body.len();
    let end = (middle + 3).min(body.len());
    body.splice(middle..end, bytes.iter().copied());
    body
}
