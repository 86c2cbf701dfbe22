//! ZStack's answers, and clients of a server that gives them.

use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;
use vmdeck::clouds::{Cloud, TaskHandle, open_with};
use vmdeck::config::{
    CloudEntry, Credentials, Provider, Secret, SecretSource, Tls, ZstackLogin, ZstackSettings,
};
use vmdeck::model::{CloudName, TaskKey, Vm, VmKey};

use super::{Asked, PASSWORD, Reply, Server, limits};

/// The first VM of the recorded shapes.
pub const WEB: &str = "61530fc2e084736fd2b15e637481a0af";

/// The session of the recorded log-in.
pub const SESSION: &str = "9486421513b7a6922a5e8196a7b4d3d2";

/// A recorded shape.
pub fn shape(name: &str) -> Vec<u8> {
    let folder = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{folder}/tests/fixtures/zstack/{name}.json")).unwrap()
}

/// A recorded shape, read.
pub fn shape_value(name: &str) -> Value {
    serde_json::from_slice(&shape(name)).unwrap()
}

/// The answers that every client asks for: logging in, the clock, and the names of places; the rest is the handler's. A handler's answer to
/// one of these comes first.
pub async fn server(handler: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| handler(asked).unwrap_or_else(|| usual(asked))).await
}

/// The usual answer to a request.
pub fn usual(asked: &Asked) -> Reply {
    let path = asked.path.split('?').next().unwrap();
    match (&*asked.method, path) {
        ("PUT", "/zstack/v1/accounts/login") => Reply::ok(shape("login.response")),
        ("PUT", "/zstack/v1/management-nodes/actions") => {
            Reply::ok(shape("current-time.response"))
        }
        ("GET", "/zstack/v1/zones") => Reply::ok(shape("zones.response")),
        ("GET", "/zstack/v1/clusters") => Reply::ok(shape("clusters.response")),
        ("GET", "/zstack/v1/hosts") => Reply::ok(shape("hosts.response")),
        ("GET", "/zstack/v1/l3-networks") => Reply::ok(
            json!({"inventories": [{"uuid": "50429eb1df73625ec1a04d5263708f9e", "name": "net-a"}], "total": 1})
                .to_string(),
        ),
        ("GET", "/zstack/v1/images") => Reply::ok(
            json!({"inventories": [{"uuid": "a597531624c8b7a33b6f92a7b8c5e4e3", "name": "debian-12"}], "total": 1})
                .to_string(),
        ),
        ("GET", "/zstack/v1/user-tags") => Reply::ok(shape("vm-list.empty.response")),
        ("GET", "/zstack/v1/vm-instances") => Reply::ok(shape("vm-list.response")),
        ("GET", path) if path == format!("/zstack/v1/vm-instances/{WEB}") => {
            Reply::ok(shape("vm-get.response"))
        }
        ("DELETE", path) if path.starts_with("/zstack/v1/accounts/sessions/") => Reply::ok("{}"),
        // What this server does not have, it says in plain text.
        _ => Reply::new(404, "no such resource"),
    }
}

/// The settings of an account's log-in.
pub fn by_account() -> ZstackSettings {
    ZstackSettings {
        login: ZstackLogin::Account,
        time_zone: None,
    }
}

/// A configured cloud.
pub fn entry(port: u16, settings: ZstackSettings) -> CloudEntry {
    CloudEntry {
        group_by: None,
        name: "prod".into(),
        provider: Provider::Zstack(settings),
        url: Url::parse(&format!("http://127.0.0.1:{port}/zstack")).unwrap(),
        environment: None,
        credentials: Credentials::Password {
            username: "ops-admin".into(),
            password: SecretSource::Plain(Secret::new(PASSWORD)),
        },
        read_only: false,
        concurrency: 4,
        tls: Tls::default(),
    }
}

/// A client that has not signed in.
pub fn client(server: &Server, settings: ZstackSettings) -> Arc<dyn Cloud> {
    open_with(&entry(server.port, settings), limits()).unwrap()
}

/// A client that has signed in by account.
pub async fn connected(server: &Server) -> Arc<dyn Cloud> {
    let cloud = client(server, by_account());
    cloud.connect().await.unwrap();
    cloud
}

/// A VM as an older listing knows it: nothing but its key and its place.
pub fn placeholder(uuid: &str, word: &str) -> Vm {
    let json = json!({
        "key": { "cloud": "prod", "id": uuid }, "name": "web-01", "power": "ON", "native_state": word, "deallocated": false,
        "networks": [], "tags": [], "addresses": [], "locator": uuid,
    });
    serde_json::from_value(json).unwrap()
}

/// A task as an earlier run has kept it.
pub fn handle(locator: &str) -> TaskHandle {
    TaskHandle {
        key: TaskKey {
            cloud: CloudName::new("prod"),
            id: locator.split(':').next().unwrap().into(),
        },
        vm: Some(VmKey::new(&CloudName::new("prod"), WEB)),
        locator: locator.into(),
    }
}

/// What was asked after signing in, but for names: `METHOD path` below the context path.
pub fn lines(server: &Server) -> Vec<String> {
    let names = ["zones", "clusters", "hosts", "l3-networks", "images"];
    let asked = server.asked();
    let lines = asked.iter().map(Asked::line);
    let lines = lines.map(|line| line.replace("/zstack/v1/", ""));
    lines
        .filter(|line| !line.contains("/login") && !line.contains("management-nodes"))
        .filter(|line| {
            !names
                .iter()
                .any(|name| line.starts_with(&format!("GET {name}?")))
        })
        .collect()
}

/// The changes that were sent, but for logging in and asking the clock.
pub fn changes(server: &Server) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked
        .filter(|asked| asked.method != "GET")
        .filter(|asked| !asked.path.contains("/login") && !asked.path.contains("management-nodes"))
        .collect()
}
