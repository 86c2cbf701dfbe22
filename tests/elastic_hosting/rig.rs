//! Clients of scripted servers.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;
use vmdeck::clouds::{Cloud, Result, open_with};
use vmdeck::config::{CloudEntry, EcpAuth, EcpBody, Provider};
use vmdeck::model::{CloudName, Vm, VmKey};

use crate::support::{Asked, Reply, Server, entry, limits};

/// `web-1` of the recorded shapes.
pub const WEB: &str = "4b7c1f0e-3d52-4a68-9b1e-0c6f2a7d5e31";

/// base64 of `privers:hunter2-password`
pub const BASIC: &str = "Basic cHJpdmVyczpodW50ZXIyLXBhc3N3b3Jk";

/// A recorded shape.
pub fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/elastic-hosting"
    );
    std::fs::read(format!("{folder}/{name}.json")).unwrap()
}

/// A server that answers everything as the recorded shapes do, and one of these paths as `script` says.
pub async fn server(script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| script(asked).unwrap_or_else(|| recorded(asked))).await
}

fn recorded(asked: &Asked) -> Reply {
    let path = asked.path.trim_end_matches('/');
    Reply::ok(match (&*asked.method, path) {
        ("GET", "/rest/hosting/vm/list") => fixture("vm-list.response"),
        ("GET", "/rest/hosting/htemplate/list") => fixture("htemplate-list.response"),
        ("GET", "/rest/hosting/log/list") => fixture("log-list.response"),
        ("GET", "/rest/hosting/vm/4b7c1f0e-3d52-4a68-9b1e-0c6f2a7d5e31") => {
            fixture("vm-get.running.response")
        }
        ("POST", "/rest/hosting/vm/4b7c1f0e-3d52-4a68-9b1e-0c6f2a7d5e31") => {
            fixture("vm-action.response")
        }
        _ => return Reply::new(404, "<html><title>Not Found</title></html>"),
    })
}

pub fn configured(server: &Server, auth: EcpAuth, body: EcpBody) -> CloudEntry {
    CloudEntry {
        provider: Provider::ElasticHosting { auth, body },
        ..entry(&format!("http://127.0.0.1:{}", server.port))
    }
}

pub fn client(server: &Server, auth: EcpAuth) -> Arc<dyn Cloud> {
    open_with(&configured(server, auth, EcpBody::Multipart), limits()).unwrap()
}

/// A client that has signed in by Basic.
pub async fn connected(server: &Server) -> Arc<dyn Cloud> {
    let cloud = client(server, EcpAuth::Auto);
    cloud.connect().await.unwrap();
    cloud
}

pub async fn vms(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

/// A VM as an earlier listing left it.
pub fn known(uuid: &str) -> Vm {
    serde_json::from_value(json!({
        "key": VmKey::new(&CloudName::new("prod"), uuid), "name": "x", "power": "ON", "native_state": "running",
        "deallocated": false, "addresses": [], "networks": [], "tags": [], "locator": uuid,
    }))
    .unwrap()
}

/// What was asked, as `METHOD path`, without the readings that belong to every sign-in and listing.
pub fn lines(server: &Server) -> Vec<String> {
    server.asked().iter().map(Asked::line).collect()
}

/// How often a request line was asked.
pub fn count(server: &Server, line: &str) -> usize {
    lines(server).iter().filter(|asked| *asked == line).count()
}

pub fn texts(list: &[Arc<str>]) -> Vec<&str> {
    list.iter().map(|text| &**text).collect()
}
