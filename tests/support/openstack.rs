//! What the tests of OpenStack share: services whose answers a test writes by hand, in the shapes of the public API reference.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use url::Url;
use vmdeck::clouds::{Cloud, Result, open_with};
use vmdeck::config::{
    CloudEntry, Credentials, Interface, Openstack, OpenstackAuth, Provider, Secret, SecretSource,
    Tls,
};
use vmdeck::model::Vm;

use crate::support::{Asked, PASSWORD, Reply, Server, limits};

/// The project and the servers of the fixtures.
pub const RED: &str = "0f3c5d7e9b1a4c2d8e6f708192a3b4c5";
pub const WEB: &str = "9168b536-cd40-4630-b43f-b259807c6e87";
pub const DB: &str = "569f39f9-7c76-42a1-9c2d-8394e2638a6d";
pub const STOP: &str = "req-3293a3f1-b44c-4609-b8d2-d81b105636b8";

/// The services' clock.
pub const NOW: &str = "Sun, 22 Nov 2026 04:00:20 GMT";

pub fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/openstack");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

pub fn value(name: &str) -> Value {
    serde_json::from_str(&fixture(name)).unwrap()
}

/// A fixture with this server's port in its addresses.
pub fn here(asked: &Asked, name: &str) -> String {
    let host = asked.header("host").unwrap();
    fixture(name).replace("127.0.0.1:{PORT}", host)
}

/// The answer to a sign-in.
pub fn signed(asked: &Asked) -> Reply {
    Reply::new(201, here(asked, "token")).header("X-Subject-Token", "first-token")
}

pub fn is_sign_in(asked: &Asked) -> bool {
    asked.line() == "POST /identity/v3/auth/tokens"
}

/// The path below the compute API, without its query; `None` for another service.
pub fn compute(asked: &Asked) -> Option<&str> {
    let path = asked.path.strip_prefix("/compute/v2.1")?;
    Some(path.split('?').next().unwrap())
}

pub fn dated(reply: Reply) -> Reply {
    reply.header("Date", NOW)
}

/// One of the fixtures' servers, as the answer to a question for it alone.
pub fn one(at: usize) -> Value {
    json!({"server": value("servers")["servers"][at]})
}

/// The usual answer to a request.
pub fn usual(asked: &Asked) -> Reply {
    let path = asked.path.split('?').next().unwrap();
    dated(match (&*asked.method, path) {
        ("POST", "/identity/v3/auth/tokens") => signed(asked),
        ("GET", "/identity/v3/auth/projects") => Reply::ok(fixture("projects")),
        ("GET", "/image/v2/images") => Reply::ok(fixture("images")),
        ("GET", "/compute/v2.1/") => Reply::ok(here(asked, "versions")),
        ("GET", "/compute/v2.1/servers/detail") if asked.path.contains("all_tenants") => {
            Reply::new(
                403,
                r#"{"forbidden":{"code":403,"message":"Policy doesn't allow it"}}"#,
            )
        }
        ("GET", "/compute/v2.1/servers/detail") if asked.path.contains("changes-since") => {
            Reply::ok(r#"{"servers":[]}"#)
        }
        ("GET", "/compute/v2.1/servers/detail") => Reply::ok(fixture("servers")),
        ("GET", "/compute/v2.1/os-server-groups") => Reply::ok(fixture("server-groups")),
        ("GET", path) if path == format!("/compute/v2.1/servers/{WEB}") => {
            Reply::ok(one(0).to_string())
        }
        _ => Reply::new(
            404,
            r#"{"itemNotFound":{"code":404,"message":"no such thing"}}"#,
        ),
    })
}

/// Services that answer as usual, unless the handler has another answer.
pub async fn server(handler: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| handler(asked).unwrap_or_else(|| usual(asked))).await
}

pub fn settings() -> Openstack {
    Openstack {
        auth: OpenstackAuth::Password {
            domain: Some(vmdeck::config::Domain::Name("Default".into())),
        },
        projects: Vec::new(),
        regions: Vec::new(),
        interface: Interface::Public,
        all_projects: None,
        plain_http: false,
    }
}

pub fn entry(port: u16, settings: Openstack) -> CloudEntry {
    CloudEntry {
        name: "prod".into(),
        provider: Provider::Openstack(Box::new(settings)),
        url: Url::parse(&format!("http://127.0.0.1:{port}/identity")).unwrap(),
        environment: None,
        credentials: Credentials::Password {
            username: "alice".into(),
            password: SecretSource::Plain(Secret::new(PASSWORD)),
        },
        read_only: false,
        concurrency: 4,
        group_by: None,
        tls: Tls::default(),
    }
}

/// A client that has not signed in.
pub fn client(server: &Server) -> Arc<dyn Cloud> {
    open_with(&entry(server.port, settings()), limits()).unwrap()
}

/// A client that has signed in.
pub async fn connected(server: &Server) -> Arc<dyn Cloud> {
    let cloud = client(server);
    cloud.connect().await.unwrap();
    cloud
}

pub async fn listed(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

/// A server as an older listing knows it: nothing but its key and its place.
pub fn placeholder(id: &str) -> Vm {
    let json = json!({
        "key": {"cloud": "prod", "id": id}, "name": "web-01", "power": "ON", "native_state": "ACTIVE", "deallocated": false,
        "networks": [], "tags": [], "addresses": [], "locator": format!("{RED}|One|{id}"),
    });
    serde_json::from_value(json).unwrap()
}

/// The lines of what was asked of the compute service's lists of servers, each with its query.
pub fn listings(server: &Server) -> Vec<String> {
    let asked = server.asked();
    let lines = asked.iter().filter_map(|asked| {
        let query = asked.path.strip_prefix("/compute/v2.1/servers/detail?")?;
        Some(query.to_owned())
    });
    lines
        .filter(|query| !query.contains("SOFT_DELETED"))
        .collect()
}
