//! The Abiquo client against answers that are written by hand, from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use support::{Reply, Server, fixture};
use vmdeck::clouds::{Cloud, Error, Result, VmPage};
use vmdeck::model::{PowerState, Privileges, Vm};

async fn pages(cloud: &dyn Cloud) -> Result<Vec<VmPage>> {
    cloud.vms().try_collect().await
}

async fn vms(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    Ok(pages(cloud)
        .await?
        .into_iter()
        .flat_map(|page| page.vms)
        .collect())
}

fn ids(vms: &[Vm]) -> Vec<&str> {
    let mut ids: Vec<&str> = vms.iter().map(|vm| &*vm.key.id).collect();
    ids.sort_unstable();
    ids
}

/// `n` small VMs from `from` on, as entries of a list.
fn entries(from: usize, n: usize) -> Vec<Value> {
    (from..from + n)
        .map(|id| json!({ "id": id, "label": format!("vm-{id}"), "state": "ON" }))
        .collect()
}

fn query(path: &str, key: &str) -> Option<usize> {
    let (_, query) = path.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
}

#[tokio::test]
async fn the_sign_in_is_basic_once_and_then_the_newest_token() {
    let server = Server::start(|asked| match &*asked.path {
        "/api/login?expand=privileges" => support::login(),
        _ => Reply::ok(fixture("empty_collection")).header("X-Abiquo-Token", "second-token"),
    })
    .await;
    let cloud = server.cloud();
    let session = cloud.connect().await.unwrap();
    assert_eq!(&*session.user, "privers");
    assert_eq!(session.full_name.as_deref(), Some("Pat Rivers"));
    assert_eq!(session.tenant.as_deref(), Some("Acme"));
    assert!(
        matches!(&session.privileges, Privileges::Named(names) if names.contains("VM_PROTECT_ACTION"))
    );
    vms(&*cloud).await.unwrap();
    vms(&*cloud).await.unwrap();

    let asked = server.asked();
    // base64 of privers:hunter2-password
    assert_eq!(
        asked[0].header("authorization"),
        Some("Basic cHJpdmVyczpodW50ZXIyLXBhc3N3b3Jk")
    );
    assert_eq!(
        asked[0].header("accept"),
        Some("application/vnd.abiquo.user+json; version=6.1")
    );
    assert_eq!(asked[1].header("authorization"), Some("Token first-token"));
    assert_eq!(asked[2].header("authorization"), Some("Token second-token"));
    assert_eq!(
        asked[1].header("accept"),
        Some("application/vnd.abiquo.virtualmachines+json; version=6.1")
    );
    assert_eq!(
        asked[1].header("user-agent"),
        Some(concat!("vmdeck/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(asked[1].path, "/api/cloud/virtualmachines?limit=500");
}

#[tokio::test]
async fn pages_of_a_known_total_come_by_offset_and_hold_every_vm_once() {
    let server = Server::signed_in(|asked| match query(&asked.path, "startwith") {
        None => Reply::ok(fixture("vms_page1")),
        Some(2) => Reply::ok(fixture("vms_page2")),
        Some(4) => Reply::ok(fixture("vms_page3")),
        other => panic!("{other:?}"),
    })
    .await;
    let cloud = server.connected().await;
    let pages = pages(&*cloud).await.unwrap();
    assert_eq!(pages[0].total, Some(6));
    let vms: Vec<Vm> = pages.into_iter().flat_map(|page| page.vms).collect();
    assert_eq!(ids(&vms), ["501", "502", "503", "504", "505", "506"]);
    let mut lines = server.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /api/cloud/virtualmachines?limit=500",
            "GET /api/cloud/virtualmachines?startwith=2&limit=500",
            "GET /api/cloud/virtualmachines?startwith=4&limit=500",
        ],
        "the length of the first page is the step"
    );

    let db = vms.iter().find(|vm| &*vm.name == "db-01").unwrap();
    assert_eq!(db.power, PowerState::Off);
    assert_eq!(
        db.protection.as_ref().unwrap().reason.as_deref(),
        Some("storage migration until Friday")
    );
    assert_eq!(
        &*db.locator,
        "/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/503"
    );
    let web = vms.iter().find(|vm| &*vm.name == "web-01").unwrap();
    let (first, second) = (web.project.as_ref().unwrap(), db.project.as_ref().unwrap());
    assert!(
        std::sync::Arc::ptr_eq(&first.name, &second.name),
        "repeated texts are shared"
    );
}

#[tokio::test]
async fn without_a_total_the_next_links_are_followed_to_their_end() {
    let server = Server::signed_in(|asked| {
        let at = query(&asked.path, "startwith").unwrap_or(0);
        let next = format!(
            "https://inside.example:9009/api/cloud/virtualmachines?startwith={}&limit=2",
            at + 2
        );
        let links = if at < 4 {
            json!([{ "rel": "next", "href": next }])
        } else {
            json!([])
        };
        Reply::ok(json!({ "links": links, "collection": entries(at, 2) }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    let vms = vms(&*cloud).await.unwrap();
    assert_eq!(ids(&vms), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_page_that_is_shorter_than_the_others_leaves_no_gap() {
    // 12 VMs, pages of 4; the page at 4 gives only 2 and says where it goes on.
    let server = Server::signed_in(|asked| {
        let at = query(&asked.path, "startwith").unwrap_or(0);
        let len = if at == 4 { 2 } else { 4.min(12 - at) };
        let end = at + len;
        let links = match end {
            12 => json!([]),
            _ => json!([{ "rel": "next", "href": format!("http://x/api/cloud/virtualmachines?startwith={end}&limit=4") }]),
        };
        Reply::ok(json!({ "links": links, "collection": entries(at, len), "totalSize": 12 }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    assert_eq!(ids(&vms(&*cloud).await.unwrap()).len(), 12);
}

#[tokio::test]
async fn a_list_that_grew_meanwhile_is_followed_beyond_its_first_total() {
    let server = Server::signed_in(|asked| {
        let at = query(&asked.path, "startwith").unwrap_or(0);
        let total = if at == 0 { 4 } else { 6 };
        let links = match at {
            2 => json!([{ "rel": "next", "href": "http://x/api/cloud/virtualmachines?startwith=4&limit=2" }]),
            _ => json!([]),
        };
        Reply::ok(json!({ "links": links, "collection": entries(at, 2), "totalSize": total }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    let pages = pages(&*cloud).await.unwrap();
    assert_eq!(pages.last().unwrap().total, Some(6));
    assert_eq!(pages.iter().map(|page| page.vms.len()).sum::<usize>(), 6);
}

/// A server of VMs 1 to `total`, at most `cap` on a page; it refuses what lies beyond.
fn numbered(path: &str, total: usize, cap: usize) -> Reply {
    let at = query(path, "startwith").unwrap_or(0);
    if at > 0 && at >= total {
        return Reply::new(400, "beyond the end");
    }
    let page = entries(at + 1, cap.min(total - at));
    let links = match at + cap {
        next if next < total => json!([{ "rel": "next",
            "href": format!("http://x/api/cloud/virtualmachines?startwith={next}&limit=500") }]),
        _ => json!([]),
    };
    Reply::ok(json!({ "links": links, "collection": page, "totalSize": total }).to_string())
}

#[tokio::test]
async fn a_later_listing_is_whole_whatever_became_of_the_pages_it_expects() {
    let now = std::sync::Arc::new(std::sync::Mutex::new((0, 0)));
    let shared = now.clone();
    let server = Server::signed_in(move |asked| {
        let (total, cap) = *shared.lock().unwrap();
        numbered(&asked.path, total, cap)
    })
    .await;
    let cloud = server.connected().await;
    for (total, cap) in [
        (10, 4), // nothing is expected yet
        (10, 4), // as expected
        (11, 4), // grown on the last page
        (21, 4), // grown by pages
        (12, 4), // shrunk by pages, and to a whole last page
        (3, 4),  // shrunk to one page
        (3, 4),  // which is expected alone
        (10, 4),
        (10, 3), // smaller pages
        (10, 5), // larger pages
        (0, 5),  // empty
    ] {
        *now.lock().unwrap() = (total, cap);
        let vms = vms(&*cloud).await.unwrap();
        let mut found: Vec<usize> = vms.iter().map(|vm| vm.key.id.parse().unwrap()).collect();
        found.sort_unstable();
        let wanted: Vec<usize> = (1..=total).collect();
        assert_eq!(found, wanted, "{total} VMs, {cap} on a page");
    }
}

/// Waits until so many requests have come.
async fn asked_for(server: &Server, requests: usize) {
    while server.lines().len() < requests {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_later_listing_asks_for_the_pages_it_expects_without_waiting_for_the_first() {
    let listed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let again = listed.clone();
    let server = Server::signed_in(move |asked| {
        let is_first = query(&asked.path, "startwith").is_none();
        if is_first && again.load(std::sync::atomic::Ordering::SeqCst) {
            return Reply::Stall(Vec::new());
        }
        numbered(&asked.path, 6, 2)
    })
    .await;
    let cloud = server.connected().await;
    assert_eq!(vms(&*cloud).await.unwrap().len(), 6);
    listed.store(true, std::sync::atomic::Ordering::SeqCst);
    let before = server.lines().len();
    // The first page never comes; whoever waits for it asks for nothing else, and this waits until the listing is given up.
    tokio::select! {
        end = vms(&*cloud) => panic!("{end:?}"),
        () = asked_for(&server, before + 3) => {}
    }
    let mut lines = server.lines().split_off(before);
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /api/cloud/virtualmachines?limit=500",
            "GET /api/cloud/virtualmachines?startwith=2&limit=500",
            "GET /api/cloud/virtualmachines?startwith=4&limit=500",
        ]
    );
    listed.store(false, std::sync::atomic::Ordering::SeqCst);
    let before = server.lines().len();
    assert_eq!(vms(&*cloud).await.unwrap().len(), 6);
    assert_eq!(
        server.lines()[before],
        "GET /api/cloud/virtualmachines?limit=500",
        "after a listing that did not end, nothing is expected"
    );
}

#[tokio::test]
async fn an_empty_list_without_a_total_is_one_page_without_vms() {
    let server = Server::signed_in(|_| Reply::ok(fixture("empty_collection"))).await;
    let cloud = server.connected().await;
    let pages = pages(&*cloud).await.unwrap();
    assert_eq!(pages.len(), 1);
    assert!(pages[0].vms.is_empty() && pages[0].total.is_none());
}

#[tokio::test]
async fn a_vm_that_stands_on_two_pages_is_told_once() {
    let server = Server::signed_in(|asked| {
        let at = query(&asked.path, "startwith").unwrap_or(0);
        // Each page begins with the last VM of the one before.
        Reply::ok(
            json!({ "collection": entries(at.saturating_sub(1), 3), "totalSize": 6 }).to_string(),
        )
    })
    .await;
    let cloud = server.connected().await;
    let vms = vms(&*cloud).await.unwrap();
    let mut unique = ids(&vms);
    unique.dedup();
    assert_eq!(unique.len(), vms.len());
}

#[tokio::test]
async fn the_appliances_are_those_of_every_virtual_datacenter() {
    let server = Server::signed_in(|asked| match asked.path.split('?').next().unwrap() {
        "/api/cloud/virtualdatacenters" => Reply::ok(fixture("vdcs")),
        "/api/cloud/virtualdatacenters/2/virtualappliances" => Reply::ok(fixture("vapps")),
        other => panic!("{other}"),
    })
    .await;
    let cloud = server.connected().await;
    let vapps = cloud.vapps().await.unwrap();
    let told: Vec<(&str, &str, bool)> = vapps
        .iter()
        .map(|vapp| {
            (
                &*vapp.name,
                vapp.server_state.map_or("none", |state| state.as_str()),
                vapp.restricted,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("web tier", "PARTIALLY_DEPLOYED", false),
            ("batch", "LOCKED", false),
            ("lost", "UNKNOWN", false),
            ("scratch", "EMPTY", false),
            ("ops only", "DEPLOYED", true),
            ("next release", "UNDEPLOYED", false),
        ]
    );
    assert_eq!(
        vapps[0]
            .project
            .as_ref()
            .map(|project| (&*project.id, &*project.name)),
        Some(("2", "vdc_alpha"))
    );
    assert_eq!(vapps[0].tenant.as_deref(), Some("Acme"));
}

#[tokio::test]
async fn privileges_that_do_not_come_with_the_user_are_those_of_the_role() {
    let server = Server::start(|asked| match &*asked.path {
        "/api/login?expand=privileges" => Reply::ok(fixture("login")),
        "/api/admin/roles/1/action/privileges" => {
            Reply::ok(r#"{"collection":[{"id":9,"name":"VM_PROTECT_ACTION"},{"id":8,"name":"ROLE_VDC_ENUMERATE"}]}"#)
        }
        other => panic!("{other}"),
    })
    .await;
    let session = server.cloud().connect().await.unwrap();
    let names: Privileges = ["VM_PROTECT_ACTION", "VDC_ENUMERATE"].into_iter().collect();
    assert_eq!(session.privileges, names);
    let asked = server.asked();
    assert_eq!(
        asked[1].header("accept"),
        Some("application/vnd.abiquo.privileges+json; version=6.1")
    );
    assert!(
        asked[1]
            .header("authorization")
            .unwrap()
            .starts_with("Basic "),
        "no token came, so it stays Basic"
    );
}

#[tokio::test]
async fn a_call_before_the_sign_in_asks_for_it() {
    let server = Server::signed_in(|_| Reply::ok(fixture("empty_collection"))).await;
    let error = vms(&*server.cloud()).await.unwrap_err();
    assert!(error.needs_sign_in(), "{error}");
    assert!(matches!(error, Error::SignIn(_)));
    assert!(server.asked().is_empty(), "nothing was sent");
}
