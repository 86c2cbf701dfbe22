//! Signing in to SCloudM and listing it, against answers that are written by hand from the API's page.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;
#[path = "support/scloudm.rs"]
mod with;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Asked, PASSWORD, Reply, Server};
use vmdeck::clouds::Error;
use vmdeck::config::{Scloudm, StaticServer, Tenant, TokenForm};
use vmdeck::model::{PowerState, Vm};
use with::*;

fn v3() -> Scloudm {
    Scloudm {
        auth: TokenForm::V3,
        sp_agent: "openstack_kilo".into(),
        ..keys()
    }
}

/// A recorded request with the real name and password in it.
fn request(name: &str) -> Value {
    let text = String::from_utf8(fixture(name)).unwrap();
    let text = text
        .replace("alice", "privers")
        .replace("<password>", PASSWORD);
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn each_form_of_sign_in_is_written_as_the_page_has_it() {
    for (keys, sent, answer, agent) in [
        (keys(), "token.request", "token.response", "scloudm"),
        (
            v3(),
            "token-v3.request",
            "token-v3.response",
            "openstack_kilo",
        ),
    ] {
        let server = Server::start(move |_| Reply::ok(fixture(answer))).await;
        let session = client(&server, keys).connect().await.unwrap();
        let asked = &server.asked()[0];
        assert_eq!(asked.line(), "POST /mana_api/tokens");
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body, request(sent));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(asked.header("sp-agent"), Some(agent));
        assert_eq!(asked.header("x-auth-token"), None);
        let user = if agent == "scloudm" {
            "alice"
        } else {
            "privers"
        };
        assert_eq!(&*session.user, user, "the v3 answer names nobody");
    }
}

#[tokio::test]
async fn the_token_is_found_wherever_the_gateway_puts_it() {
    let in_header = Reply::ok("{}").header("X-Subject-Token", "t-header");
    let with_expires_at =
        Reply::ok(r#"{"token":{"id":"t-top","expires_at":"2036-06-20T09:36:00.000000Z"}}"#);
    for (answer, token) in [(in_header, "t-header"), (with_expires_at, "t-top")] {
        let server = Server::start(move |asked| match &*asked.method {
            "POST" => answer.clone(),
            _ => vm_servers([]),
        })
        .await;
        let cloud = connected(&server, in_regions(&["bj-1"])).await;
        assert_eq!(listed(&*cloud).await.1, None);
        assert_eq!(server.asked()[1].header("x-auth-token"), Some(token));
    }
    let server = Server::start(|_| Reply::ok("{}")).await;
    let error = client(&server, keys()).connect().await.unwrap_err();
    assert!(error.to_string().contains("holds no token"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_a_refused_sign_in_and_is_not_repeated() {
    for (status, shape) in [
        (401, "token.bad-credentials.401"),
        (400, "error.auth-as-documented.400"),
    ] {
        let server = Server::start(move |_| Reply::new(status, fixture(shape))).await;
        let error = client(&server, keys()).connect().await.unwrap_err();
        assert!(error.needs_sign_in(), "{error:?}");
        assert!(error.to_string().contains("wrong user name or password"));
        assert_eq!(server.asked().len(), 1);
    }
}

/// A gateway with two tenants and two regions, where one tenant has no compute in one region.
fn two_by_two(asked: &Asked) -> Reply {
    if asked.path == "/mana_api/region_tenant" {
        return Reply::ok(fixture("region-tenant.response"));
    }
    assert!(asked.line().starts_with("GET /mana_api/vm?"), "{asked:?}");
    assert_eq!(asked.header("x-auth-token"), Some(TOKEN));
    assert_eq!(asked.header("sp-agent"), Some("scloudm"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!((number(asked, "f"), number(asked, "t")), (0, 50));
    let (tenant, region) = (query(asked, "tenant_id"), query(asked, "region"));
    match (tenant.as_deref(), region.as_deref()) {
        (Some(GAMES), Some("bj-1")) => Reply::ok(fixture("vm-list.response")),
        (Some(GAMES), Some("sh-1")) => Reply::ok(fixture("vm-list.empty.response")),
        (Some(WEB), Some("bj-1")) => vm_servers([("shop".to_owned(), "ACTIVE")]),
        // The published gateway says it in Chinese.
        (Some(WEB), Some("sh-1")) => Reply::new(
            400,
            r#"{"code":400,"msg":"\u65e0\u6548\u7684\u533a\u57df"}"#,
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_tenant_is_listed_in_every_region_and_one_without_compute_is_skipped() {
    let server = gateway(two_by_two).await;
    let cloud = connected(&server, keys()).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!(error, None);
    let found: BTreeSet<_> = vms
        .iter()
        .map(|vm| {
            (
                &*vm.name,
                vm.tenant.as_deref().unwrap(),
                vm.location.as_deref().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("web-01", "games", "bj-1"),
        ("db-01", "games", "bj-1"),
        ("new-01", "games", "bj-1"),
        ("shop", "web", "bj-1"),
    ];
    assert_eq!(found, BTreeSet::from(expected));
    let shop = vms.iter().find(|vm| &*vm.name == "shop").unwrap();
    assert_eq!(&*shop.project.as_ref().unwrap().id, WEB);
    // Regions and tenants are asked for once.
    listed(&*cloud).await;
    let asked = server.asked();
    let discoveries = asked
        .iter()
        .filter(|asked| asked.path.ends_with("region_tenant"));
    assert_eq!(discoveries.count(), 1);
}

#[tokio::test]
async fn what_is_configured_is_not_asked_for_and_names_come_from_the_gateway_where_it_is_asked() {
    let server = gateway(two_by_two).await;
    let both = Scloudm {
        regions: vec!["bj-1".into()],
        ..in_regions(&[])
    };
    let cloud = connected(&server, both).await;
    assert_eq!(listed(&*cloud).await.0.len(), 3);
    assert_eq!(server.asked().len(), 2, "the sign-in and one list");

    let server = gateway(two_by_two).await;
    // A tenant may be written by its name, also where the regions are known.
    let by_name = |regions: &[&str]| Scloudm {
        tenants: vec![Tenant {
            id: "web".into(),
            name: None,
        }],
        ..in_regions(regions)
    };
    for regions in [&[][..], &["bj-1"]] {
        let cloud = connected(&server, by_name(regions)).await;
        let (vms, error) = listed(&*cloud).await;
        assert_eq!((ids(&vms), error), (vec!["shop"], None));
        assert_eq!(vms[0].tenant.as_deref(), Some("web"));
    }
}

#[tokio::test]
async fn an_id_stands_for_a_name_that_the_gateway_does_not_tell() {
    let server = gateway(|asked| match query(asked, "tenant_id").as_deref() {
        None => Reply::new(500, "no such route"),
        Some(_) => Reply::ok(fixture("vm-list.response")),
    })
    .await;
    let nameless = Scloudm {
        tenants: vec![Tenant {
            id: GAMES.into(),
            name: None,
        }],
        ..in_regions(&["bj-1"])
    };
    let cloud = connected(&server, nameless).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!((vms.len(), error), (3, None));
    assert_eq!(vms[0].tenant.as_deref(), Some(GAMES));
    // Where the regions are to be found there, it is an error.
    let cloud = connected(&server, keys()).await;
    assert!(listed(&*cloud).await.1.is_some());
}

#[tokio::test]
async fn a_configured_pair_without_compute_is_an_error_that_hides_no_other_vms() {
    let server = gateway(|asked| match query(asked, "region").as_deref() {
        Some("bj-1") => Reply::ok(fixture("vm-list.response")),
        _ => Reply::new(400, r#"{"code":400,"msg":"invalid region"}"#),
    })
    .await;
    let cloud = connected(&server, in_regions(&["sh-1", "bj-1", "gz-1"])).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!(vms.len(), 3, "the good pair is listed");
    let error = error.unwrap().to_string();
    assert!(error.contains("tenant games in region "), "{error}");
    assert!(
        error.ends_with("invalid region (and 1 more could not be listed)"),
        "{error}"
    );
    // What the good pair no longer has is gone; of the others nobody knows.
    let in_region = |region: &str| {
        let mut vm = vms[0].clone();
        vm.locator = vm.locator.replace("bj-1", region).into();
        vm
    };
    assert!(cloud.has_read(&vms[0]));
    assert!(!cloud.has_read(&in_region("sh-1")) && !cloud.has_read(&in_region("gz-1")));
}

#[tokio::test]
async fn any_other_failure_of_a_pair_is_an_error_also_where_it_was_discovered() {
    for (status, body, words) in [
        (
            400,
            r#"{"code":400,"msg":"Error with get vm_servers"}"#,
            "Error with get vm_servers",
        ),
        (
            403,
            r#"{"code":403,"msg":"project is not yours"}"#,
            "project is not yours",
        ),
        (
            502,
            "<html><title>Bad Gateway</title></html>",
            "Bad Gateway",
        ),
        (200, r#"{"code":400,"msg":"nova is down"}"#, "nova is down"),
        (200, "[1]", "no JSON object"),
        (
            200,
            r#"{"pm_servers":[]}"#,
            "neither vm_servers nor servers",
        ),
    ] {
        let server = gateway(move |asked| match query(asked, "tenant_id").as_deref() {
            None => Reply::ok(fixture("region-tenant.response")),
            Some(GAMES) => Reply::ok(fixture("vm-list.response")),
            Some(_) => Reply::new(status, body),
        })
        .await;
        let cloud = connected(&server, keys()).await;
        let (vms, error) = listed(&*cloud).await;
        assert_eq!(vms.len(), 3, "{words}");
        let error = error.unwrap().to_string();
        assert!(
            error.contains("tenant web in region ") && error.contains(words),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_listing_that_came_to_no_end_says_nothing_about_what_is_gone() {
    let refused = AtomicUsize::new(0);
    let server = gateway(move |_| match refused.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok(fixture("vm-list.response")),
        _ => Reply::new(401, "Unauthorized"),
    })
    .await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (vms, error) = listed(&*cloud).await;
    assert!(error.is_none() && cloud.has_read(&vms[0]));
    let (_, error) = listed(&*cloud).await;
    assert!(error.unwrap().needs_sign_in());
    assert!(!cloud.has_read(&vms[0]));
}

#[tokio::test]
async fn a_long_list_is_read_in_slices_of_fifty_that_overlap_by_one() {
    for (total, slices) in [
        (0, vec![(0, 50)]),
        (49, vec![(0, 50)]),
        (50, vec![(0, 50), (49, 99)]),
        (120, vec![(0, 50), (49, 99), (98, 148)]),
    ] {
        let server = gateway(move |asked| slice_of(asked, total)).await;
        let cloud = connected(&server, in_regions(&["bj-1"])).await;
        let (vms, error) = listed(&*cloud).await;
        assert_eq!(error, None);
        let expected: Vec<String> = (0..total).map(|at| format!("vm-{at}")).collect();
        assert_eq!(ids(&vms), expected, "each once, in the order of the list");
        let asked = server.asked();
        let lists: Vec<_> = asked[1..]
            .iter()
            .map(|asked| (number(asked, "f"), number(asked, "t")))
            .collect();
        assert_eq!(lists, slices);
    }
}

#[tokio::test]
async fn a_server_that_does_not_slice_is_asked_once_or_twice() {
    for (len, requests) in [(50, 2), (120, 1)] {
        let server =
            gateway(move |_| vm_servers((0..len).map(|at| (format!("vm-{at}"), "ACTIVE")))).await;
        let cloud = connected(&server, in_regions(&["bj-1"])).await;
        let (vms, error) = listed(&*cloud).await;
        assert_eq!((vms.len(), error), (len, None));
        assert_eq!(server.asked().len(), 1 + requests);
    }
}

#[tokio::test]
async fn a_list_that_shrinks_between_two_slices_loses_no_vm() {
    // Two of the first fifty go away after the first slice: vm-50 and vm-51 move to where nobody would look again.
    let asked_before = AtomicUsize::new(0);
    let server = gateway(move |asked| {
        let gone = if asked_before.fetch_add(1, Ordering::SeqCst) == 0 {
            0
        } else {
            2
        };
        let list: Vec<usize> = (0..130).filter(|at| gone == 0 || *at > 1).collect();
        let (from, to) = (number(asked, "f"), number(asked, "t").min(list.len()));
        let slice = list[from.min(to)..to].iter();
        vm_servers(
            slice
                .map(|at| (format!("vm-{at}"), "ACTIVE"))
                .collect::<Vec<_>>(),
        )
    })
    .await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!(error, None);
    let found: BTreeSet<String> = vms.iter().map(|vm| vm.key.id.to_string()).collect();
    assert_eq!(found.len(), vms.len(), "each once");
    let missed: Vec<_> = (2..130)
        .filter(|at| !found.contains(&format!("vm-{at}")))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[tokio::test]
async fn a_vm_that_two_pairs_have_is_told_once() {
    let server = gateway(|_| Reply::ok(fixture("vm-list.response"))).await;
    let cloud = connected(&server, in_regions(&["bj-1", "sh-1"])).await;
    assert_eq!(listed(&*cloud).await.0.len(), 3);
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced_once_whatever_the_shape_of_the_refusal() {
    let shapes: [(u16, Vec<u8>); 5] = [
        (401, b"Unauthorized".to_vec()),
        (401, fixture("token.bad-credentials.401")),
        (400, fixture("error.invalid-token.400")),
        (400, fixture("error.auth-as-documented.400")),
        (400, br#"{"code":401,"msg":"no"}"#.to_vec()),
    ];
    for (status, body) in shapes {
        let said = String::from_utf8_lossy(&body).into_owned();
        let (sign_ins, refused) = (AtomicUsize::new(0), body);
        let server = Server::start(move |asked| {
            if asked.path == "/mana_api/tokens" {
                let number = sign_ins.fetch_add(1, Ordering::SeqCst);
                return Reply::ok(json!({"token": {"id": format!("t-{number}")}}).to_string());
            }
            match asked.header("x-auth-token") {
                Some("t-0") => Reply::new(status, refused.clone()),
                _ => slice_of(asked, 3),
            }
        })
        .await;
        // Four pairs at once, and one new token for all of them.
        let cloud = connected(&server, in_regions(&["a", "b", "c", "d"])).await;
        let (vms, error) = listed(&*cloud).await;
        assert_eq!((vms.len(), error), (3, None), "{said}");
        let asked = server.asked();
        let sign_ins = asked.iter().filter(|asked| asked.path.ends_with("tokens"));
        assert_eq!(sign_ins.count(), 2, "{said}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_ends_the_listing_as_a_refused_sign_in() {
    let server = gateway(|_| Reply::new(400, fixture("error.invalid-token.400"))).await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (_, error) = listed(&*cloud).await;
    assert!(error.unwrap().needs_sign_in());
    let lines: Vec<String> = server.asked().iter().map(Asked::line).collect();
    assert_eq!(lines.len(), 4, "sign in, list, sign in, list: {lines:?}");
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_before_it_is_used() {
    // Half of a nanosecond is over at once; the server's own clock counts it.
    let sign_ins = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        if asked.path != "/mana_api/tokens" {
            return slice_of(asked, 1);
        }
        let number = sign_ins.fetch_add(1, Ordering::SeqCst);
        let expires = if number == 0 {
            "2016-04-20T02:00:00.000000001Z"
        } else {
            "2016-04-20T03:00:00Z"
        };
        let token = json!({"token": {"id": format!("t-{number}"), "expires": expires}});
        Reply::ok(token.to_string()).header("Date", "Wed, 20 Apr 2016 02:00:00 GMT")
    })
    .await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    assert_eq!(listed(&*cloud).await.1, None);
    listed(&*cloud).await;
    let asked = server.asked();
    let tokens: Vec<_> = asked
        .iter()
        .filter_map(|asked| asked.header("x-auth-token"))
        .collect();
    assert_eq!(tokens, ["t-1", "t-1"]);
}

#[tokio::test]
async fn one_vm_is_found_again_where_it_was_seen_and_else_slice_by_slice() {
    let total = std::sync::Arc::new(AtomicUsize::new(120));
    let now = total.clone();
    let server = gateway(move |asked| slice_of(asked, now.load(Ordering::SeqCst))).await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (vms, _) = listed(&*cloud).await;
    let asked_so_far = server.asked().len();
    let found = cloud.target(&vms[100]).await.unwrap();
    assert_eq!(&*found.vm.key.id, "vm-100");
    let slices = |from: usize| -> Vec<(usize, usize)> {
        let asked = server.asked();
        let lists = asked[from..].iter();
        lists
            .map(|asked| (number(asked, "f"), number(asked, "t")))
            .collect()
    };
    assert_eq!(
        slices(asked_so_far),
        [(98, 103)],
        "a small slice around its place"
    );

    // Another client has not seen it yet.
    let other = connected(&server, in_regions(&["bj-1"])).await;
    let asked_so_far = server.asked().len();
    assert_eq!(&*other.target(&vms[70]).await.unwrap().vm.key.id, "vm-70");
    assert_eq!(slices(asked_so_far), [(0, 50), (49, 99)]);

    total.store(60, Ordering::SeqCst);
    let error = cloud.target(&vms[100]).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound(why) if why.contains("tenant games in region bj-1")),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_raw_entry_of_a_vm_is_shown_without_secrets() {
    let body = json!({"vm_servers": [{"instance_id": VM, "status": "ACTIVE", "adminPass": "x", "vnc_password": "hunter2"}]});
    let server = gateway(move |_| Reply::ok(body.to_string())).await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (vms, _) = listed(&*cloud).await;
    let raw = cloud.raw(&vms[0]).await.unwrap();
    assert!(raw.contains(VM) && !raw.contains("hunter2"), "{raw}");
}

fn with_servers() -> Scloudm {
    let server = |id: &str, name: &str, region: &str| StaticServer {
        id: id.into(),
        name: name.into(),
        tenant: GAMES.into(),
        region: region.into(),
    };
    Scloudm {
        servers: vec![
            server(VM, "web-01", "bj-1"),
            server("other", "db-01", "sh-1"),
        ],
        ..in_regions(&["bj-1"])
    }
}

#[tokio::test]
async fn a_gateway_without_a_list_has_the_servers_of_the_configuration() {
    for status in [404, 405] {
        let server = gateway(move |_| Reply::new(status, "<title>404 Not Found</title>")).await;
        let cloud = connected(&server, with_servers()).await;
        let (mut vms, error) = listed(&*cloud).await;
        assert_eq!(error, None);
        vms.sort_by(|one, other| one.name.cmp(&other.name));
        let facts: Vec<_> = vms
            .iter()
            .map(|vm| {
                (
                    &*vm.name,
                    vm.location.as_deref().unwrap(),
                    vm.power,
                    &*vm.native_state,
                )
            })
            .collect();
        assert_eq!(
            facts,
            [
                ("db-01", "sh-1", PowerState::Unknown, "unlisted"),
                ("web-01", "bj-1", PowerState::Unknown, "unlisted")
            ]
        );
        let target = cloud.target(&vms[1]).await.unwrap();
        assert_eq!(&*target.vm.key.id, VM);
        // Without them the missing list is an error that says what to do.
        let cloud = connected(&server, in_regions(&["bj-1"])).await;
        let error = listed(&*cloud).await.1.unwrap().to_string();
        assert!(
            error.contains("set list_path, or name them with `servers`"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_list_at_another_path_and_of_novas_form_is_read() {
    let server = gateway(|asked| match &*asked.path {
        path if path.starts_with("/nova/servers/detail?tenant_id=") => Reply::ok(
            json!({"servers": [{"id": VM, "name": "web-01", "status": "SHUTOFF"}]}).to_string(),
        ),
        _ => Reply::new(404, ""),
    })
    .await;
    let keys = Scloudm {
        list_path: "/nova/servers/detail".into(),
        ..with_servers()
    };
    let cloud = connected(&server, keys).await;
    let (vms, _) = listed(&*cloud).await;
    let web = vms.iter().find(|vm| &*vm.key.id == VM).unwrap();
    assert_eq!(
        (web.power, &*web.native_state),
        (PowerState::Off, "SHUTOFF")
    );
}

#[tokio::test]
async fn a_user_without_tenants_is_told_what_to_configure() {
    let server = gateway(|_| Reply::ok(r#"{"code":200,"regions":["bj-1"],"tenants":[]}"#)).await;
    let cloud = connected(&server, keys()).await;
    let error = listed(&*cloud).await.1.unwrap().to_string();
    assert!(error.contains("names no tenants"), "{error}");
}

#[tokio::test]
async fn a_locator_of_another_cloud_is_not_followed() {
    let server = gateway(|asked| slice_of(asked, 3)).await;
    let cloud = connected(&server, in_regions(&["bj-1"])).await;
    let (vms, _) = listed(&*cloud).await;
    for locator in ["", "/cloud/virtualmachines/1", "tenant=x&region=y&server=z"] {
        let vm = Vm {
            locator: locator.into(),
            ..vms[0].clone()
        };
        let error = cloud.target(&vm).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{locator}: {error:?}");
    }
}
