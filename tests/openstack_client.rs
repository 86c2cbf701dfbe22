//! Signing in to OpenStack and reading it, against answers that are written by hand in the shapes of the public API reference.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;
#[path = "support/openstack.rs"]
mod with;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Asked, PASSWORD, Reply, limits};
use vmdeck::clouds::{Error, open_with};
use vmdeck::config::{Credentials, OpenstackAuth, Secret, SecretSource};
use vmdeck::model::{PowerState, Privileges, ProtectionScope};
use with::*;

fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

fn unauthorized() -> Reply {
    Reply::new(
        401,
        r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#,
    )
}

fn page(servers: &[Value], more: bool) -> Reply {
    let links = if more {
        // Where it leads is of no interest.
        json!([{"rel": "next", "href": "http://evil.example.com/steal?token"}])
    } else {
        json!([])
    };
    Reply::ok(json!({"servers": servers, "servers_links": links}).to_string())
}

fn bare(id: &str, status: &str) -> Value {
    json!({"id": id, "name": id, "status": status, "tenant_id": RED})
}

// Signing in.

#[tokio::test]
async fn a_sign_in_is_by_password_and_its_token_and_the_version_are_sent_from_then_on() {
    let server = server(|_| None).await;
    let cloud = client(&server);
    let session = cloud.connect().await.unwrap();
    assert_eq!(&*session.user, "alice");
    assert_eq!(session.tenant.as_deref(), Some("red"));
    assert_eq!(
        session.privileges,
        ["member", "reader"].into_iter().collect::<Privileges>()
    );
    listed(&*cloud).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].line(), "POST /identity/v3/auth/tokens");
    let user = json!({"name": "alice", "domain": {"name": "Default"}, "password": PASSWORD});
    assert_eq!(
        body(&asked[0]),
        json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
    );
    assert_eq!(asked[0].header("x-auth-token"), None);
    for later in &asked[1..] {
        assert_eq!(
            later.header("x-auth-token"),
            Some("first-token"),
            "{}",
            later.line()
        );
        let listing = later.path.starts_with("/compute/v2.1/servers");
        let version = later.header("openstack-api-version");
        assert_eq!(
            version == Some("compute 2.84"),
            listing || later.path.contains("groups")
        );
    }
}

#[tokio::test]
async fn a_refused_sign_in_says_so_and_shows_no_secret() {
    let server = server(|asked| is_sign_in(asked).then(unauthorized)).await;
    let error = client(&server).connect().await.unwrap_err();
    assert!(matches!(error, Error::SignIn(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn what_answers_a_sign_in_and_is_no_keystone_is_named() {
    for (reply, words) in [
        (Reply::new(404, "<html>"), "check the url"),
        (Reply::ok("<html><title>Welcome</title>"), "HTML"),
        (Reply::new(201, "{}"), "without a token"),
        (
            Reply::new(201, "{}").header("X-Subject-Token", "t"),
            "holds no token",
        ),
        (
            Reply::new(201, r#"{"token":{}}"#).header("X-Subject-Token", "t"),
            "belongs to no project",
        ),
    ] {
        let server = server(move |asked| is_sign_in(asked).then(|| reply.clone())).await;
        let error = client(&server).connect().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_was_made_elsewhere_is_looked_at_and_used() {
    let server = server(|asked| {
        (asked.line() == "GET /identity/v3/auth/tokens").then(|| Reply::ok(here(asked, "token")))
    })
    .await;
    let mut settings = settings();
    settings.auth = OpenstackAuth::Token;
    let mut entry = entry(server.port, settings);
    entry.credentials = Credentials::Token(SecretSource::Plain(Secret::new("own-token")));
    let cloud = open_with(&entry, limits()).unwrap();
    cloud.connect().await.unwrap();
    assert_eq!(listed(&*cloud).await.unwrap().len(), 4);
    let asked = server.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.header("x-auth-token") == Some("own-token"))
    );
    assert_eq!(asked[0].header("x-subject-token"), Some("own-token"));
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced_once_for_all_who_wait() {
    let signed_in = Arc::new(AtomicUsize::new(0));
    let count = signed_in.clone();
    let server = server(move |asked| {
        if is_sign_in(asked) {
            let n = count.fetch_add(1, Ordering::SeqCst);
            return Some(
                Reply::new(201, here(asked, "token")).header("X-Subject-Token", &format!("t{n}")),
            );
        }
        (asked.header("x-auth-token") == Some("t0")).then(unauthorized)
    })
    .await;
    let cloud = connected(&server).await;
    assert_eq!(listed(&*cloud).await.unwrap().len(), 4);
    assert_eq!(signed_in.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_ends_the_listing_without_trying_on() {
    let ended = Arc::new(AtomicBool::new(false));
    let now = ended.clone();
    let server = server(move |asked| {
        let ended = now.load(Ordering::SeqCst);
        ended.then(unauthorized).filter(|_| !asked.path.is_empty())
    })
    .await;
    let cloud = connected(&server).await;
    ended.store(true, Ordering::SeqCst);
    let error = listed(&*cloud).await.unwrap_err();
    assert!(error.needs_sign_in(), "{error:?}");
    let tries = server.asked().iter().filter(|a| is_sign_in(a)).count();
    assert!(
        tries <= 3,
        "{tries} sign-ins with a password that is refused"
    );
}

// Listing.

#[tokio::test]
async fn a_server_is_told_in_the_domains_words() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    let web = &vms[0];
    assert_eq!((&*web.key.id, &*web.name), (WEB, "web-01"));
    assert_eq!((web.power, &*web.native_state), (PowerState::On, "ACTIVE"));
    assert_eq!(&*web.project.as_ref().unwrap().name, "red");
    assert_eq!(
        (
            web.location.as_deref(),
            web.cluster.as_deref(),
            web.host.as_deref()
        ),
        (Some("One"), Some("nova"), Some("compute-1"))
    );
    assert_eq!(web.owner.as_deref(), Some("alice"));
    assert_eq!(web.template.as_deref(), Some("debian-13"));
    assert_eq!(web.description.as_deref(), Some("the shop's front"));
    assert_eq!((web.cpu, web.ram_mib), (Some(2), Some(4_096)));
    assert_eq!(web.native_name.as_deref(), Some("instance-00000012"));
    let texts = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&web.networks), ["red-net"]);
    assert_eq!(texts(&web.addresses), ["10.10.0.5", "198.51.100.7"]);
    assert_eq!(
        texts(&web.tags),
        [
            "env=prod",
            "metering.stack=shop",
            "lab",
            "red",
            "server_group=apart"
        ]
    );
    assert_eq!(web.updated_at.unwrap().to_string(), "2026-11-21T11:30:00Z");

    let db = &vms[1];
    let lock = db.protection.as_ref().unwrap();
    assert_eq!(
        (lock.reason.as_deref(), lock.scope),
        (Some("kernel upgrade"), ProtectionScope::Cloud)
    );
    assert_eq!(db.template, None, "it was started from a volume");
    assert_eq!(db.power, PowerState::Off);
    let mail = &vms[2];
    assert_eq!(
        (mail.power, &*mail.native_state),
        (PowerState::Locked, "powering-off")
    );
    let lost = &vms[3];
    assert_eq!(lost.power, PowerState::Unknown);
    assert_eq!(
        lost.description.as_deref(),
        Some("Fault: No valid host was found.")
    );
}

#[tokio::test]
async fn pages_follow_the_last_server_and_no_link() {
    let server = server(|asked| {
        let list = compute(asked) == Some("/servers/detail") && !asked.path.contains("changes");
        let all = asked.path.contains("all_tenants=1");
        list.then(|| match asked.path.split("marker=").nth(1) {
            None if all => page(&[bare("a", "ACTIVE"), bare("b", "ACTIVE")], true),
            Some("b") if all => page(&[bare("c", "ACTIVE")], true),
            Some("c") if all => page(&[bare("d", "DELETED")], false),
            _ => Reply::new(500, ""),
        })
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    let ids: Vec<_> = vms.iter().map(|vm| vm.key.id.to_string()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(
        listings(&server),
        [
            "all_tenants=1&limit=100",
            "all_tenants=1&limit=1000&marker=b",
            "all_tenants=1&limit=1000&marker=c"
        ]
    );
}

#[tokio::test]
async fn a_list_that_turns_in_a_circle_ends() {
    let server = server(|asked| {
        (compute(asked) == Some("/servers/detail")).then(|| page(&[bare("a", "ACTIVE")], true))
    })
    .await;
    let cloud = connected(&server).await;
    let error = listed(&*cloud).await.unwrap_err();
    assert!(error.to_string().contains("marker"), "{error}");
    assert!(server.asked().len() < 20);
}

#[tokio::test]
async fn a_refresh_asks_for_what_has_changed_and_learns_of_what_is_gone() {
    let server = server(|asked| {
        let changes = asked.path.contains("changes-since=2026-11-22");
        changes.then(|| {
            let page = page(&[bare(DB, "DELETED"), bare("new", "BUILD")], false);
            page.header("Date", "Sun, 22 Nov 2026 04:00:30 GMT")
        })
    })
    .await;
    let cloud = connected(&server).await;
    assert_eq!(listed(&*cloud).await.unwrap().len(), 4);
    let now = listed(&*cloud).await.unwrap();
    let ids: Vec<_> = now.iter().map(|vm| &*vm.key.id).collect();
    assert!(
        ids.contains(&"new") && !ids.contains(&DB) && ids.len() == 4,
        "{ids:?}"
    );
    listed(&*cloud).await.unwrap();
    assert_eq!(
        listings(&server),
        [
            "all_tenants=1&limit=100",
            "limit=100",
            // By the server's own clock, a little before it was asked the last time.
            "changes-since=2026-11-22T03:59:50Z&limit=1000",
            "changes-since=2026-11-22T04:00:00Z&limit=1000",
        ]
    );
    let names = server
        .asked()
        .iter()
        .filter(|a| a.path.starts_with("/image"))
        .count();
    assert_eq!(names, 1, "what things are called is not asked for again");
}

#[tokio::test]
async fn a_cloud_that_tells_no_changes_is_read_whole() {
    let server = server(|asked| {
        asked
            .path
            .contains("changes-since=2026")
            .then(|| Reply::new(400, r#"{"badRequest":{"message":"marker not found"}}"#))
    })
    .await;
    let cloud = connected(&server).await;
    listed(&*cloud).await.unwrap();
    assert_eq!(listed(&*cloud).await.unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_deleted_and_can_be_restored_is_listed_too() {
    let server = server(|asked| {
        asked.path.contains("status=SOFT_DELETED").then(|| {
            page(
                &[bare("kept", "SOFT_DELETED"), bare("odd", "ACTIVE")],
                false,
            )
        })
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    assert_eq!(vms.len(), 5);
    let kept = vms.iter().find(|vm| &*vm.key.id == "kept").unwrap();
    assert_eq!(kept.power, PowerState::NotAllocated);
}

#[tokio::test]
async fn a_region_that_does_not_answer_costs_the_others_nothing() {
    let server = server(|asked| {
        if is_sign_in(asked) {
            let mut token: Value = serde_json::from_str(&here(asked, "token")).unwrap();
            let host = asked.header("host").unwrap();
            let two = json!({"interface": "public", "region_id": "Two", "url": format!("http://{host}/two/v2.1")});
            token["token"]["catalog"][1]["endpoints"].as_array_mut().unwrap().push(two);
            return Some(Reply::new(201, token.to_string()).header("X-Subject-Token", "t"));
        }
        asked.path.starts_with("/two/").then(|| Reply::new(503, "down"))
    })
    .await;
    let cloud = connected(&server).await;
    let mut pages = cloud.vms();
    let (mut vms, mut errors) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => vms.extend(page.vms),
            Err(error) => errors.push(error.to_string()),
        }
    }
    assert_eq!((vms.len(), errors.len()), (4, 1));
    assert!(errors[0].contains("region Two, project red"), "{errors:?}");
    assert!(cloud.has_read(&vms[0]));
    let mut there = vms[0].clone();
    there.locator = format!("{RED}|Two|x").into();
    assert!(!cloud.has_read(&there));
}

#[tokio::test]
async fn without_the_image_service_servers_are_listed_all_the_same() {
    for reply in [
        Reply::new(503, "down"),
        Reply::new(403, "{}"),
        Reply::new(401, "{}"),
        Reply::ok("<html>"),
        Reply::Drop,
    ] {
        let server =
            server(move |asked| asked.path.starts_with("/image").then(|| reply.clone())).await;
        let cloud = connected(&server).await;
        let vms = listed(&*cloud).await.unwrap();
        assert_eq!(
            vms[0].template.as_deref(),
            Some("70a599e0-31e7-49b7-b260-868f441e862b")
        );
    }
}

#[tokio::test]
async fn an_older_nova_is_asked_for_no_more_than_it_has() {
    let server = server(|asked| match compute(asked)? {
        "/" => Some(Reply::ok(
            r#"{"version":{"id":"v2.1","version":"2.12","min_version":"2.1"}}"#,
        )),
        "/flavors/detail" => Some(Reply::ok(
            r#"{"flavors":[{"id":"f1","name":"m1.small","vcpus":1,"ram":2048}]}"#,
        )),
        "/servers/detail" if !asked.path.contains("changes") => Some(page(
            &[json!({"id": "a", "name": "a", "status": "ACTIVE", "flavor": {"id": "f1"}})],
            false,
        )),
        _ => None,
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    assert_eq!((vms[0].cpu, vms[0].ram_mib), (Some(1), Some(2_048)));
    let asked = server.asked();
    let listing = asked
        .iter()
        .find(|a| compute(a) == Some("/servers/detail"))
        .unwrap();
    assert_eq!(
        listing.header("openstack-api-version"),
        Some("compute 2.12")
    );
    assert_eq!(listing.header("x-openstack-nova-api-version"), Some("2.12"));
}

#[tokio::test]
async fn what_a_server_is_told_at_its_start_is_not_shown() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let raw = cloud.raw(&placeholder(WEB)).await.unwrap();
    assert!(raw.contains("\"metering.stack\": \"shop\""), "{raw}");
    assert!(!raw.contains("aHVudGVyMg=="), "{raw}");
}

#[tokio::test]
async fn odd_rows_cost_themselves_alone() {
    let rows = json!({"servers": [
        null, 5, "x", [], {}, {"id": "../../etc"}, {"id": "a|b"},
        {"id": "ok", "name": "a\u{1b}[31m\nb", "status": ["ACTIVE"], "addresses": {"n": "x", "m": [{"addr": "evil"}]},
         "metadata": [1], "tags": {"a": 1}, "flavor": 7, "image": [], "locked": "true", "locked_reason": {"a": 1},
         "OS-EXT-STS:power_state": "1", "created": "yesterday"}]});
    let server = server(move |asked| {
        let list = compute(asked) == Some("/servers/detail") && !asked.path.contains("changes");
        list.then(|| Reply::ok(rows.to_string()))
    })
    .await;
    let cloud = connected(&server).await;
    let vms = listed(&*cloud).await.unwrap();
    assert_eq!(vms.len(), 1);
    assert_eq!(&*vms[0].name, "a[31m b");
    assert_eq!(vms[0].power, PowerState::Unknown);
    assert!(vms[0].protection.is_some() && vms[0].addresses.is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let server = server(|asked| {
        let list = compute(asked) == Some("/servers/detail");
        list.then(|| Reply::ok(vec![b' '; 300 << 10]))
    })
    .await;
    let cloud = connected(&server).await;
    let error = listed(&*cloud).await.unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No bytes from a server make the client panic, and none of them show a secret.
    #[test]
    fn no_answer_makes_it_panic(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(\\{|\\[|\"servers\"|\"id\"|\"token\"|:|,|\\}|\\]|null|1e99|\"[a-z|/.]*\"){0,24}".prop_map(String::into_bytes),
        ],
        status in prop_oneof![Just(200u16), Just(201), Just(300), Just(403), Just(409), Just(500)],
        which in 0usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let server = server(move |asked| {
                let hit = match which {
                    0 => is_sign_in(asked),
                    1 => asked.path == "/compute/v2.1/",
                    2 => compute(asked) == Some("/servers/detail"),
                    3 => asked.path.starts_with("/image"),
                    _ => compute(asked).is_some_and(|path| path.starts_with("/servers/")),
                };
                hit.then(|| Reply::new(status, body.clone()).header("X-Subject-Token", "t"))
            })
            .await;
            let cloud = client(&server);
            let mut errors = Vec::new();
            errors.extend(cloud.connect().await.err());
            errors.extend(listed(&*cloud).await.err());
            let vm = placeholder(WEB);
            errors.extend(cloud.target(&vm).await.err());
            errors.extend(cloud.vm_tasks(&vm).await.err());
            errors.extend(cloud.raw(&vm).await.err());
            for error in errors {
                assert!(!format!("{error} {error:?}").contains(PASSWORD));
            }
        });
    }
}
