//! What the tests of SCloudM share: a gateway whose answers a test writes by hand, and its recorded shapes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use url::Url;
use vmdeck::clouds::{Cloud, Error, Target, open_with};
use vmdeck::config::{CloudEntry, Provider, Scloudm, Tenant, TokenForm};
use vmdeck::model::Vm;

use crate::support::{self, Asked, Reply, Server, limits};

/// The tenants of the recorded shape, and its token.
pub const GAMES: &str = "5f0c1d2e3a4b45c6978899aabbccddee";
pub const WEB: &str = "601d2e3f4b5c46d7a8899aabbccddeef";
pub const TOKEN: &str = "7d5e0f4b2c8a4c1e9a6b3d2f1e0c9b8a";
/// The first VM of the recorded list.
pub const VM: &str = "0c9f3a52-6b1d-4e7a-9c21-8f5e2b7d4a10";

pub fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/scloudm");
    std::fs::read(format!("{folder}/{name}.json")).unwrap()
}

pub fn keys() -> Scloudm {
    Scloudm {
        auth: TokenForm::V2,
        sp_agent: "scloudm".into(),
        tenants: Vec::new(),
        regions: Vec::new(),
        action_path: Scloudm::ACTION_PATH.into(),
        list_path: Scloudm::LIST_PATH.into(),
        servers: Vec::new(),
    }
}

/// The keys of a configuration that names one tenant and these regions.
pub fn in_regions(regions: &[&str]) -> Scloudm {
    Scloudm {
        tenants: vec![Tenant {
            id: GAMES.into(),
            name: Some("games".into()),
        }],
        regions: regions.iter().map(|name| (*name).into()).collect(),
        ..keys()
    }
}

pub fn entry(url: &str, keys: Scloudm) -> CloudEntry {
    CloudEntry {
        name: "star".into(),
        provider: Provider::Scloudm(Box::new(keys)),
        url: Url::parse(url).unwrap(),
        ..support::entry(url)
    }
}

/// A gateway that signs everybody in and hands the rest to `handler`.
pub async fn gateway(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match &*asked.line() {
        "POST /mana_api/tokens" => Reply::ok(fixture("token.response")),
        _ => handler(asked),
    })
    .await
}

/// A client of a server with these keys that has signed in.
pub async fn connected(server: &Server, keys: Scloudm) -> Arc<dyn Cloud> {
    let cloud = client(server, keys);
    cloud.connect().await.unwrap();
    cloud
}

pub fn client(server: &Server, keys: Scloudm) -> Arc<dyn Cloud> {
    let url = format!("http://127.0.0.1:{}", server.port);
    open_with(&entry(&url, keys), limits()).unwrap()
}

/// What a listing gave, and how it ended.
pub async fn listed(cloud: &dyn Cloud) -> (Vec<Vm>, Option<Error>) {
    let (mut vms, mut pages) = (Vec::new(), cloud.vms());
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => vms.extend(page.vms),
            Err(error) => {
                assert!(pages.next().await.is_none(), "an error is the end");
                return (vms, Some(error));
            }
        }
    }
    (vms, None)
}

pub fn ids(vms: &[Vm]) -> Vec<&str> {
    vms.iter().map(|vm| &*vm.key.id).collect()
}

/// The value of a key of a query.
pub fn query(asked: &Asked, key: &str) -> Option<String> {
    let url = Url::parse(&format!("http://x{}", asked.path)).unwrap();
    let found = url.query_pairs().find(|(name, _)| name == key);
    found.map(|(_, value)| value.into_owned())
}

pub fn number(asked: &Asked, key: &str) -> usize {
    query(asked, key).unwrap().parse().unwrap()
}

/// VMs of a list as the gateway writes them.
pub fn vm_servers(entries: impl IntoIterator<Item = (String, &'static str)>) -> Reply {
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(id, status)| json!({"instance_id": id, "instance_name": id, "status": status}))
        .collect();
    let body = json!({"code": 200, "msg": "", "total_count": entries.len(), "vm_servers": entries});
    Reply::ok(body.to_string())
}

/// The list `0 … total` cut as the request asks.
pub fn slice_of(asked: &Asked, total: usize) -> Reply {
    let (from, to) = (number(asked, "f").min(total), number(asked, "t").min(total));
    vm_servers((from..to).map(|at| (format!("vm-{at}"), "ACTIVE")))
}

/// The first VM of the recorded list, read just now.
pub async fn target(cloud: &dyn Cloud) -> Target {
    let (vms, error) = listed(cloud).await;
    assert_eq!(error, None);
    let vm = vms.into_iter().find(|vm| &*vm.key.id == VM).unwrap();
    cloud.target(&vm).await.unwrap()
}
