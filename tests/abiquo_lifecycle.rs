//! Deploying, copying, deleting and moving Abiquo VMs, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use abiquo::{
    TASK, VM, body, changes, fixture_json, perform, placeholder, refused, sent, task_handle,
    vm_with_link, with, with_vm,
};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Accepted, Error, Execution, Result};
use vmdeck::model::Action;

const ACCEPTED: &str = "application/vnd.abiquo.acceptedrequest+json; version=6.1";

fn accepted() -> Reply {
    Reply::new(202, fixture("acceptedrequest"))
}

fn delete(release: bool, force: bool) -> Action {
    Action::Delete { release, force }
}

#[tokio::test]
async fn a_deploy_is_posted_without_a_body_and_its_flag_is_a_parameter() {
    for (force, query) in [(false, ""), (true, "?force=true")] {
        let (server, answer) = perform(Action::Deploy { force }, accepted()).await;
        assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
        let change = sent(&server);
        assert_eq!(change.line(), format!("POST {VM}/action/deploy{query}"));
        assert_eq!(change.header("accept"), Some(ACCEPTED));
        assert_eq!(
            (
                change.header("content-type"),
                change.header("content-length")
            ),
            (None, Some("0"))
        );
    }
}

#[tokio::test]
async fn an_undeploy_says_that_data_may_be_lost_only_when_it_was_told_so() {
    for (force, expected) in [(false, json!({})), (true, json!({ "forceUndeploy": true }))] {
        let (server, answer) = perform(Action::Undeploy { force }, accepted()).await;
        assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
        let change = sent(&server);
        assert_eq!(change.line(), format!("POST {VM}/action/undeploy"));
        assert_eq!(
            change.header("content-type"),
            Some("application/vnd.abiquo.virtualmachinetask+json; version=6.1")
        );
        assert_eq!(change.header("accept"), Some(ACCEPTED));
        assert_eq!(body(&change), expected);
    }
    // Not on a hypervisor: there was nothing to do.
    let (_, answer) = perform(Action::Undeploy { force: false }, Reply::new(204, "")).await;
    assert_eq!(answer.unwrap(), Accepted::Done);
}

#[tokio::test]
async fn a_snapshot_is_an_instance_with_a_name() {
    let name = "before the upgrade „Ä\" ✓".to_owned();
    let (server, answer) = perform(Action::Snapshot { name: name.clone() }, accepted()).await;
    assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
    let change = sent(&server);
    assert_eq!(change.line(), format!("POST {VM}/action/instance"));
    assert_eq!(
        change.header("content-type"),
        Some("application/vnd.abiquo.virtualmachineinstance+json; version=6.1")
    );
    assert_eq!(body(&change), json!({ "instanceName": name }));
}

#[tokio::test]
async fn a_vm_is_deleted_at_its_own_address() {
    for (action, query) in [
        (delete(false, false), ""),
        (delete(false, true), "?force=true"),
        (delete(true, false), "?release=true"),
        (delete(true, true), "?force=true&release=true"),
    ] {
        let (server, answer) = perform(action, accepted()).await;
        assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
        let change = sent(&server);
        assert_eq!(change.line(), format!("DELETE {VM}{query}"));
        assert_eq!(change.header("accept"), Some(ACCEPTED));
        assert!(change.body.is_empty());
    }
    let (_, answer) = perform(Action::DELETE, Reply::new(204, "")).await;
    assert_eq!(answer.unwrap(), Accepted::Done);
}

#[tokio::test]
async fn a_link_that_has_a_query_keeps_it_beside_the_flag() {
    let vm = vm_with_link("deploy", "", &format!("https://h{VM}/action/deploy?x=1"));
    let (server, cloud, target) = with(vm, |_| accepted()).await;
    let action = Action::Deploy { force: true };
    cloud.perform(&target, &action).await.unwrap();
    let line = format!("POST {VM}/action/deploy?x=1&force=true");
    assert_eq!(sent(&server).line(), line);
}

/// What is asked first, with the server's words; and what is asked no second time, or has no flag.
#[tokio::test]
async fn what_a_flag_passes_over_is_a_question_until_the_flag_was_sent() {
    let deploy = |force| Action::Deploy { force };
    let undeploy = |force| Action::Undeploy { force };
    let cases = [
        (deploy(false), 409, "SOFT_LIMIT_EXCEEDED", true),
        (deploy(false), 400, "SOFT_LIMIT_EXCEEDED", true),
        (deploy(true), 409, "SOFT_LIMIT_EXCEEDED", false),
        (deploy(false), 409, "LIMIT_EXCEEDED", false),
        (deploy(false), 409, "VM-7", false),
        (deploy(false), 409, "VM-44", false),
        (undeploy(false), 409, "VM-44", true),
        (undeploy(false), 409, "VM-109", true),
        (undeploy(false), 409, "VM-148", true),
        (undeploy(true), 409, "VM-148", false),
        (undeploy(false), 409, "VM-2", false),
        (undeploy(false), 409, "SOFT_LIMIT_EXCEEDED", false),
        (delete(false, false), 409, "VM-167", true),
        (delete(true, false), 409, "VM-167", true),
        (delete(false, true), 409, "VM-167", false),
        (delete(false, false), 409, "VM-8", false),
        (Action::PowerOn, 409, "SOFT_LIMIT_EXCEEDED", false),
    ];
    for (action, status, code, asks) in cases {
        let reply = refused(status, code, "soft limits would be \u{1b}[31mexceeded");
        let (server, answer) = perform(action.clone(), reply).await;
        let error = answer.unwrap_err();
        assert_eq!(error.execution(), Execution::No);
        sent(&server);
        let told = match &error {
            Error::NeedsForce(no) if asks => no,
            Error::Conflict(no) if !asks => no,
            _ => panic!("{action:?} {code}: {error:?}"),
        };
        assert_eq!((told.status, told.code.as_deref()), (status, Some(code)));
        assert_eq!(told.message, "soft limits would be [31mexceeded");
    }
    let (_, answer) = perform(deploy(false), Reply::new(409, fixture("errors_soft_limit"))).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "the cloud asks first: soft limits would be exceeded (SOFT_LIMIT_EXCEEDED)"
    );
}

#[tokio::test]
async fn an_acceptance_without_a_link_is_the_newest_task_of_its_kind() {
    for (action, kind) in [
        (Action::Deploy { force: false }, "DEPLOY"),
        (Action::Undeploy { force: false }, "UNDEPLOY"),
        (Action::Snapshot { name: "x".into() }, "INSTANCE"),
        (Action::DELETE, "DELETE"),
    ] {
        let (server, cloud, target) = with_vm(move |asked| match &*asked.method {
            "GET" => Reply::ok(
                json!({ "collection": [
                    { "taskId": "other", "type": "POWER_ON", "state": "STARTED" },
                    { "taskId": "this", "type": kind, "state": "STARTED" },
                ]})
                .to_string(),
            ),
            _ => Reply::new(202, r#"{"links":[]}"#),
        })
        .await;
        let answer = cloud.perform(&target, &action).await.unwrap();
        assert_eq!(&*task_handle(answer).key.id, "this", "{kind}");
        sent(&server);
    }
}

#[tokio::test]
async fn none_of_them_is_sent_twice_when_the_connection_breaks() {
    for action in [
        Action::Deploy { force: true },
        Action::Undeploy { force: true },
        Action::Snapshot { name: "x".into() },
        Action::DELETE,
        Action::Move { vapp: "16".into() },
        Action::Restrict { vapp: None },
    ] {
        let (server, answer) = perform(action.clone(), Reply::Drop).await;
        let error = answer.unwrap_err();
        assert_eq!(error.execution(), Execution::Maybe, "{action:?}: {error}");
        sent(&server);
        let (server, answer) = perform(action.clone(), Reply::ok("<html>log in</html>")).await;
        let error = answer.unwrap_err();
        assert_eq!(error.execution(), Execution::Maybe, "{action:?}: {error}");
        sent(&server);
        let (server, answer) = perform(action.clone(), Reply::new(401, "")).await;
        assert!(answer.unwrap_err().needs_sign_in(), "{action:?}");
        sent(&server);
    }
}

/// VM 501 on a hypervisor that can move it.
fn movable() -> Value {
    let mut vm = fixture_json("vm_on");
    let links = vm["links"].as_array_mut().unwrap();
    for rel in ["relocatecandidates", "relocate"] {
        let href = format!("https://cloud.example.com:443{VM}/action/{rel}");
        links.push(json!({ "rel": rel, "type": "", "href": href }));
    }
    vm
}

fn relocate(host: &str) -> Action {
    Action::Relocate { host: host.into() }
}

fn candidates() -> Reply {
    Reply::ok(fixture("relocate_candidates_inferred"))
}

#[tokio::test]
async fn the_hosts_that_a_vm_can_be_moved_to_are_told_with_their_room() {
    let (server, cloud, target) = with(movable(), |_| candidates()).await;
    let hosts = cloud.candidates(&target.vm).await.unwrap();
    assert_eq!(hosts.len(), 1);
    let host = &hosts[0];
    assert_eq!((&*host.id, &*host.name), ("4", "esx-host-04"));
    assert_eq!(host.address.as_deref(), Some("198.51.100.14"));
    assert_eq!(host.cpus, Some((6, 32)));
    assert_eq!(host.ram_mib, Some((24_576, 131_072)));
    let asked = server.asked().pop().unwrap();
    assert_eq!(asked.line(), format!("GET {VM}/action/relocatecandidates"));
    assert_eq!(
        asked.header("accept"),
        Some("application/vnd.abiquo.machines+json; version=6.1")
    );
}

#[tokio::test]
async fn odd_hosts_are_told_as_far_as_they_can_be() {
    let list = json!({ "collection": [
        7, null, {},
        { "id": 5, "name": "a\u{1b}[2Jb\u{202e}", "virtualCpuCores": -1, "virtualRamInMb": "many" },
        { "links": [{ "rel": "self", "href": "https://h/api/admin/datacenters/1/racks/2/machines/6" }] },
    ]});
    let (_, cloud, target) = with(movable(), move |_| Reply::ok(list.to_string())).await;
    let hosts = cloud.candidates(&target.vm).await.unwrap();
    let told: Vec<(&str, &str)> = hosts.iter().map(|host| (&*host.id, &*host.name)).collect();
    assert_eq!(told, [("5", "a[2Jb"), ("6", "6")]);
    assert_eq!((hosts[0].cpus, hosts[0].ram_mib), (None, None));
    // A host whose own address is not known, or leads elsewhere, cannot be named to the server.
    let error = cloud.perform(&target, &relocate("5")).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No);
}

#[tokio::test]
async fn a_relocation_names_the_hosts_link_as_the_server_writes_it() {
    let (server, cloud, target) = with(movable(), |asked| match &*asked.method {
        "GET" => candidates(),
        _ => accepted(),
    })
    .await;
    let answer = cloud.perform(&target, &relocate("4")).await.unwrap();
    assert_eq!(&*task_handle(answer).key.id, TASK);
    let change = sent(&server);
    assert_eq!(change.line(), format!("POST {VM}/action/relocate"));
    assert_eq!(
        change.header("content-type"),
        Some("application/vnd.abiquo.links+json; version=6.1")
    );
    assert_eq!(change.header("accept"), Some(ACCEPTED));
    assert_eq!(body(&change), fixture_json("relocate_request_inferred"));
}

#[tokio::test]
async fn a_relocation_that_cannot_be_is_not_sent_and_says_why() {
    // No such link: another hypervisor.
    let (server, cloud, target) = with_vm(|asked| panic!("{asked:?}")).await;
    for error in [
        cloud.perform(&target, &relocate("4")).await.unwrap_err(),
        cloud.candidates(&target.vm).await.unwrap_err(),
    ] {
        assert_eq!(error.execution(), Execution::No);
        let words = error.to_string();
        assert!(words.contains("offers no relocation of this VM"), "{words}");
    }
    assert!(changes(&server).is_empty());

    // Another host than those, or a list that does not come: nothing was sent, whatever the reading said.
    let (server, cloud, target) = with(movable(), |_| candidates()).await;
    let error = cloud.perform(&target, &relocate("9")).await.unwrap_err();
    assert!(error.to_string().contains("none of those"), "{error}");
    assert!(changes(&server).is_empty());
    for reply in [
        Reply::Drop,
        Reply::new(500, ""),
        Reply::ok("<html>"),
        Reply::new(403, ""),
    ] {
        let (server, cloud, target) = with(movable(), move |_| reply.clone()).await;
        let error = cloud.perform(&target, &relocate("4")).await.unwrap_err();
        assert_eq!(error.execution(), Execution::No, "{error:?}");
        assert!(changes(&server).is_empty());
    }

    // The server's own reasons.
    let (server, cloud, target) = with(movable(), |asked| match &*asked.method {
        "GET" => candidates(),
        _ => refused(409, "VM-RELOCATE-4", "not in the same rack"),
    })
    .await;
    let error = cloud.perform(&target, &relocate("4")).await.unwrap_err();
    assert!(matches!(&error, Error::Conflict(no) if no.code.as_deref() == Some("VM-RELOCATE-4")));
    sent(&server);
}

fn move_to(vapp: &str) -> Action {
    Action::Move { vapp: vapp.into() }
}

#[tokio::test]
async fn a_move_names_the_appliance_beside_the_vms_own() {
    let mut expected = fixture_json("vappmove_request_inferred");
    // The title is for people.
    let link = expected["links"][0].as_object_mut().unwrap();
    link.remove("title");
    for (action, expected) in [
        (move_to("16"), expected.clone()),
        (
            Action::Restrict {
                vapp: Some("16".into()),
            },
            expected,
        ),
        (Action::Restrict { vapp: None }, json!({ "links": [] })),
    ] {
        let (server, answer) = perform(action, Reply::new(204, "")).await;
        assert_eq!(answer.unwrap(), Accepted::Done);
        let change = sent(&server);
        assert_eq!(change.line(), format!("POST {VM}/action/vappmove"));
        assert_eq!(
            change.header("content-type"),
            Some("application/vnd.abiquo.links+json; version=6.1")
        );
        assert_eq!(change.header("accept"), Some("*/*"));
        assert_eq!(body(&change), expected);
    }
}

async fn moved(reply: Reply) -> (Server, Result<Accepted>) {
    perform(move_to("16"), reply).await
}

#[tokio::test]
async fn a_move_is_done_by_any_success_and_by_the_moved_object() {
    let vm = || fixture("vm_on");
    for reply in [
        Reply::new(200, ""),
        Reply::ok(vm()),
        Reply::new(201, vm()),
        Reply::new(202, ""),
        Reply::new(202, r#"{"links":[]}"#),
        Reply::new(301, vm()).header("Location", "https://elsewhere.example/api/x"),
    ] {
        let (server, answer) = moved(reply.clone()).await;
        assert_eq!(answer.unwrap(), Accepted::Done, "{reply:?}");
        sent(&server);
    }
    let (_, answer) = moved(accepted()).await;
    assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
    // A redirection without the object is anybody's.
    for reply in [
        Reply::new(301, "").header("Location", "https://login.example/"),
        Reply::new(301, "<html>moved</html>"),
        Reply::new(302, vm()),
    ] {
        let (server, answer) = moved(reply).await;
        assert_eq!(answer.unwrap_err().execution(), Execution::Maybe);
        sent(&server);
    }
}

#[tokio::test]
async fn a_method_that_is_not_allowed_is_tried_as_the_other_one_once() {
    let by_method = |put: Reply| {
        move |asked: &Asked| match &*asked.method {
            "POST" => Reply::new(405, ""),
            "PUT" => put.clone(),
            _ => panic!("{asked:?}"),
        }
    };
    let (server, cloud, target) = with_vm(by_method(Reply::new(204, ""))).await;
    let answer = cloud.perform(&target, &move_to("16")).await.unwrap();
    assert_eq!(answer, Accepted::Done);
    let sent = changes(&server);
    assert_eq!(
        (sent[0].line(), sent[1].line(), sent.len()),
        (
            format!("POST {VM}/action/vappmove"),
            format!("PUT {VM}/action/vappmove"),
            2
        )
    );
    assert_eq!(sent[0].body, sent[1].body);

    let (server, cloud, target) = with_vm(by_method(Reply::new(405, ""))).await;
    let error = cloud.perform(&target, &move_to("16")).await.unwrap_err();
    assert!(matches!(error, Error::Rejected(no) if no.status == 405));
    assert_eq!(changes(&server).len(), 2);
}

#[tokio::test]
async fn a_move_that_is_refused_or_cannot_be_named_says_so() {
    for code in ["VM-166", "VAPP-22"] {
        let (server, answer) = moved(refused(409, code, "no")).await;
        assert!(matches!(answer, Err(Error::Conflict(no)) if no.code.as_deref() == Some(code)));
        sent(&server);
    }
    for id in ["", "../9", "1/2", "1?x", "%2e", "a b", &"9".repeat(65)] {
        let (server, answer) = perform(move_to(id), Reply::new(204, "")).await;
        assert!(matches!(answer, Err(Error::Link(_))), "{id}");
        assert!(changes(&server).is_empty());
    }
    // Without a link to its appliance, the VM's own address tells.
    let mut vm = fixture_json("vm_on");
    let links = vm["links"].as_array_mut().unwrap();
    links.retain(|link| link["rel"] != "virtualappliance");
    let (server, cloud, target) = with(vm, |_| Reply::new(204, "")).await;
    cloud.perform(&target, &move_to("16")).await.unwrap();
    let href = format!(
        "http://127.0.0.1:{}/api/cloud/virtualdatacenters/2/virtualappliances/16",
        server.port
    );
    assert_eq!(body(&sent(&server))["links"][0]["href"], json!(href));
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_is_no_way() {
    for rel in ["deploy", "undeploy", "instance", "vappmove"] {
        let vm = vm_with_link(rel, "", "https://evil.example/steal");
        let (server, cloud, target) = with(vm, |_| Reply::new(204, "")).await;
        let action = match rel {
            "deploy" => Action::Deploy { force: false },
            "undeploy" => Action::Undeploy { force: false },
            "instance" => Action::Snapshot { name: "x".into() },
            _ => move_to("16"),
        };
        let error = cloud.perform(&target, &action).await.unwrap_err();
        assert_eq!(error.execution(), Execution::No);
        assert!(error.to_string().contains(rel), "{error}");
        assert!(changes(&server).is_empty());
    }
}

/// The end of a deletion: its task is gone with the VM.
#[tokio::test]
async fn the_task_of_a_deleted_vm_and_the_vm_are_not_found() {
    let server = Server::signed_in(|asked| match &*asked.path {
        path if path.starts_with("/api/cloud/virtualmachines?") => {
            Reply::ok(fixture("empty_collection"))
        }
        _ => refused(404, "VM-1", "no such VM"),
    })
    .await;
    let cloud = server.connected().await;
    let task = abiquo::handle(&format!("{VM}/tasks/{TASK}"));
    assert!(matches!(cloud.task(&task).await, Err(Error::NotFound(_))));
    let vm = placeholder("501", VM);
    assert!(matches!(cloud.target(&vm).await, Err(Error::NotFound(_))));
}
