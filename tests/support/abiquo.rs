//! VM 501 of the API's documents, and what was sent to it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::sync::Arc;

use serde_json::{Value, json};
use vmdeck::clouds::{Accepted, Cloud, Result, Target, TaskHandle};
use vmdeck::model::{Action, CloudName, TaskKey, Vm, VmKey};

use crate::support::{Asked, Reply, Server, fixture};

pub const VM: &str = "/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501";
pub const TASK: &str = "3c9a6f10-77aa-4b1c-9d2e-202122232401";

/// A server that has VM 501 and answers the rest by `handler`.
pub async fn with_vm(
    handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>, Target) {
    with(fixture_json("vm_on"), handler).await
}

/// The same with a VM of the test's own at its place.
pub async fn with(
    vm: Value,
    handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>, Target) {
    let body = vm.to_string();
    let server = Server::signed_in(move |asked| match &*asked.line() {
        line if line == format!("GET {VM}") => Reply::ok(body.clone()),
        _ => handler(asked),
    })
    .await;
    let cloud = server.connected().await;
    let target = cloud.target(&placeholder("501", VM)).await.unwrap();
    (server, cloud, target)
}

/// A recorded shape, to be changed.
pub fn fixture_json(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// VM 501 with one link more.
pub fn vm_with_link(rel: &str, kind: &str, href: &str) -> Value {
    let mut vm = fixture_json("vm_on");
    let links = vm["links"].as_array_mut().unwrap();
    links.retain(|link| link["rel"] != rel);
    links.push(json!({ "rel": rel, "type": kind, "href": href }));
    vm
}

/// A VM as an older listing knows it: nothing but its key and its place.
pub fn placeholder(id: &str, path: &str) -> Vm {
    let json = json!({
        "key": { "cloud": "prod", "id": id }, "name": "web-01", "power": "ON", "native_state": "ON", "deallocated": false,
        "addresses": [], "locator": path.strip_prefix("/api").unwrap(),
    });
    serde_json::from_value(json).unwrap()
}

pub fn handle(path: &str) -> TaskHandle {
    TaskHandle {
        key: TaskKey {
            cloud: CloudName::new("prod"),
            id: path.rsplit('/').next().unwrap().into(),
        },
        vm: Some(VmKey::new(&CloudName::new("prod"), "501")),
        locator: path.strip_prefix("/api").unwrap().into(),
    }
}

pub async fn perform(action: Action, reply: Reply) -> (Server, Result<Accepted>) {
    let (server, cloud, target) = with_vm(move |_| reply.clone()).await;
    let answer = cloud.perform(&target, &action).await;
    (server, answer)
}

/// Everything that was sent to change something.
pub fn changes(server: &Server) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked.filter(|asked| asked.method != "GET").collect()
}

/// The one change that was sent.
#[track_caller]
pub fn sent(server: &Server) -> Asked {
    let changes = changes(server);
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes.into_iter().next().unwrap()
}

/// The JSON of a body.
pub fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

#[track_caller]
pub fn task_handle(accepted: Accepted) -> TaskHandle {
    match accepted {
        Accepted::Task(handle) => handle,
        Accepted::Watch(_) => panic!("Abiquo has tasks"),
        Accepted::Done => panic!("no task"),
    }
}

/// An error body of the API.
pub fn refused(status: u16, code: &str, message: &str) -> Reply {
    let error = json!({ "code": code, "message": message, "links": [] });
    Reply::new(
        status,
        json!({ "links": [], "collection": [error] }).to_string(),
    )
}

/// A server that signs in a user with these privileges.
pub async fn signed_in_with(
    privileges: &[&str],
    handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>) {
    let mut user = fixture_json("login");
    let named: Vec<Value> = privileges
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    user["privileges"] = json!({ "links": [], "collection": named });
    let user = user.to_string();
    let server = Server::start(move |asked| {
        if asked.path.starts_with("/api/login") {
            Reply::ok(user.clone())
        } else {
            handler(asked)
        }
    })
    .await;
    let cloud = server.connected().await;
    (server, cloud)
}
