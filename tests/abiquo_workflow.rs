//! Abiquo's held tasks, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use std::sync::Arc;

use abiquo::{changes, fixture_json, refused, sent, signed_in_with};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Cloud, Error, Execution, Result};
use vmdeck::model::{Task, TaskState};

const HELD: &str = "/api/cloud/virtualdatacenters/2/virtualappliances/12/virtualmachines/504/tasks/3c9a6f10-77aa-4b1c-9d2e-202122232404";
const OF_TENANT: &str = "GET /api/admin/enterprises/7/action/pendingtasks?limit=500";
const OF_USER: &str = "GET /api/admin/enterprises/7/users/21/action/pendingtasks?limit=500";

#[tokio::test]
async fn who_may_decide_sees_the_tenants_held_tasks_and_everybody_else_the_own_ones() {
    for (privileges, line) in [
        (&["WORKFLOW_OVERRIDE", "X"][..], OF_TENANT),
        (&["X"], OF_USER),
    ] {
        let (server, cloud) =
            signed_in_with(privileges, |_| Reply::ok(fixture("pendingtasks"))).await;
        let tasks = cloud.held_tasks().await.unwrap();
        assert_eq!(server.lines(), [line]);
        assert_eq!(
            server.asked()[1].header("accept"),
            Some("application/vnd.abiquo.tasks+json; version=6.1")
        );
        assert_eq!(tasks.len(), 1);
        let task = &tasks[0];
        assert_eq!(
            (task.kind.as_str(), &task.state),
            ("DEPLOY", &TaskState::Queueing)
        );
        assert_eq!(task.user.as_deref(), Some("jmoss"));
        assert_eq!(task.vm.as_ref().unwrap().to_string(), "prod/504");
        assert_eq!(&*task.locator, HELD.strip_prefix("/api").unwrap());
        assert_eq!(task.jobs.len(), 3);
    }
}

#[tokio::test]
async fn the_vm_of_a_held_task_is_found_by_whichever_link_leads_to_it() {
    let vm = "https://h/api/cloud/virtualdatacenters/2/virtualappliances/12/virtualmachines/504";
    for rel in ["target", "parent", "virtualmachine"] {
        let list = json!({ "collection": [{ "taskId": "t", "state": "QUEUEING", "ownerId": "1",
            "links": [{ "rel": "self", "href": "https://h/api/tasks/t" }, { "rel": rel, "href": vm }] }] });
        let (_, cloud) = signed_in_with(&[], move |_| Reply::ok(list.to_string())).await;
        let tasks = cloud.held_tasks().await.unwrap();
        assert_eq!(
            tasks[0].vm.as_ref().unwrap().to_string(),
            "prod/504",
            "{rel}"
        );
    }
}

#[tokio::test]
async fn only_what_waits_is_held_and_pages_are_followed() {
    let task = |id: &str, state: Value, made: u32| {
        json!({ "taskId": id, "type": "DEPLOY", "state": state, "creationTimestamp": made, "links": [
            { "rel": "self", "href": format!("https://h/api/x/virtualmachines/5/tasks/{id}") },
            { "rel": "continue", "href": format!("https://h/api/x/virtualmachines/5/tasks/{id}/action/continue") } ] })
    };
    let (server, cloud) = signed_in_with(&[], move |asked| {
        let (next, page) = if asked.path.contains("startwith=2") {
            (
                json!([]),
                vec![task("d", json!(null), 40), task("a", json!("QUEUEING"), 10)],
            )
        } else {
            let next = json!([{ "rel": "next", "href": "http://h/api/held?startwith=2" }]);
            let lost = json!({ "taskId": "lost", "state": "QUEUEING" });
            (
                next,
                vec![
                    task("a", json!("QUEUEING"), 10),
                    task("b", json!("STARTED"), 20),
                    lost,
                    json!(5),
                ],
            )
        };
        Reply::ok(json!({ "links": next, "collection": page }).to_string())
    })
    .await;
    let tasks = cloud.held_tasks().await.unwrap();
    let ids: Vec<&str> = tasks.iter().map(|task| &*task.key.id).collect();
    assert_eq!(ids, ["d", "a"], "newest first, each once");
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_platform_without_workflow_has_no_held_tasks_and_a_narrow_scope_leaves_the_own_ones() {
    let (_, cloud) = signed_in_with(&[], |_| Reply::new(404, "")).await;
    assert!(cloud.held_tasks().await.unwrap().is_empty());
    let (server, cloud) = signed_in_with(&["WORKFLOW_OVERRIDE"], |asked| match &*asked.line() {
        OF_TENANT => Reply::new(403, ""),
        _ => Reply::ok(fixture("pendingtasks")),
    })
    .await;
    assert_eq!(cloud.held_tasks().await.unwrap().len(), 1);
    assert_eq!(server.lines(), [OF_TENANT, OF_USER]);
    let (_, cloud) = signed_in_with(&["WORKFLOW_OVERRIDE"], |_| Reply::new(500, "")).await;
    assert!(cloud.held_tasks().await.is_err());
}

/// A held task, and a server that has it in this shape now.
async fn held(
    now: Value,
    on_post: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>, Task) {
    let (server, cloud) = signed_in_with(&["WORKFLOW_OVERRIDE"], move |asked| {
        match (&*asked.method, &*asked.path) {
            ("GET", HELD) => Reply::ok(now.to_string()),
            ("GET", _) => Reply::ok(fixture("pendingtasks")),
            _ => on_post(asked),
        }
    })
    .await;
    let task = cloud.held_tasks().await.unwrap().remove(0);
    (server, cloud, task)
}

fn as_listed() -> Value {
    fixture_json("pendingtasks")["collection"][0].clone()
}

#[tokio::test]
async fn another_task_in_its_place_is_not_decided() {
    let mut now = as_listed();
    now["taskId"] = json!("another");
    let (server, answer) = decided(now, true, None, Reply::new(204, "")).await;
    let error = answer.unwrap_err();
    assert!(error.to_string().contains("another task"), "{error}");
    assert_eq!(error.execution(), Execution::No);
    assert!(changes(&server).is_empty());
}

async fn decided(
    now: Value,
    approve: bool,
    note: Option<&str>,
    reply: Reply,
) -> (Server, Result<()>) {
    let (server, cloud, task) = held(now, move |_| reply.clone()).await;
    let answer = cloud.decide(&task, approve, note).await;
    (server, answer)
}

#[tokio::test]
async fn a_decision_is_posted_to_the_link_that_the_task_offers_now() {
    for (approve, way) in [(true, "continue"), (false, "cancel")] {
        let (server, answer) = decided(as_listed(), approve, None, Reply::new(204, "")).await;
        answer.unwrap();
        let change = sent(&server);
        assert_eq!(change.line(), format!("POST {HELD}/action/{way}"));
        assert_eq!(
            (
                change.header("accept"),
                change.header("content-type"),
                change.header("content-length")
            ),
            (Some("*/*"), None, Some("0"))
        );
    }
}

#[tokio::test]
async fn the_note_of_a_decision_is_plain_text_to_the_letter() {
    let note = "ok, bis Montag „grün\" ✓\n{\"not\": \"json\"}";
    let (server, answer) = decided(as_listed(), false, Some(note), Reply::new(204, "")).await;
    answer.unwrap();
    let change = sent(&server);
    assert_eq!(change.header("content-type"), Some("text/plain"));
    assert_eq!(change.text(), note);
    for empty in ["", "  \n"] {
        let (server, answer) = decided(as_listed(), true, Some(empty), Reply::new(204, "")).await;
        answer.unwrap();
        let change = sent(&server);
        assert_eq!(
            (change.body.len(), change.header("content-type")),
            (0, None)
        );
    }
}

#[tokio::test]
async fn a_task_that_was_decided_already_is_a_conflict_and_nothing_is_sent() {
    for state in ["CANCELLED", "STARTED", "FINISHED_SUCCESSFULLY"] {
        let mut now = as_listed();
        now["state"] = json!(state);
        let (server, answer) = decided(now, true, None, Reply::new(204, "")).await;
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::Conflict(_)), "{state}: {error:?}");
        assert!(error.to_string().contains("no longer waits"), "{error}");
        assert!(changes(&server).is_empty());
    }
    // Somebody was faster between the reading and the decision.
    let reply = refused(409, "TASK-2", "wrong state");
    let (server, answer) = decided(as_listed(), true, None, reply).await;
    assert!(matches!(answer, Err(Error::Conflict(no)) if no.code.as_deref() == Some("TASK-2")));
    sent(&server);
}

#[tokio::test]
async fn what_the_cloud_does_not_offer_is_not_decided() {
    let mut now = as_listed();
    let links = now["links"].as_array_mut().unwrap();
    links.retain(|link| link["rel"] != "continue");
    let (server, answer) = decided(now.clone(), true, None, Reply::new(204, "")).await;
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, Error::Forbidden(why) if why.contains("approve")),
        "{error:?}"
    );
    assert!(changes(&server).is_empty());
    let (server, answer) = decided(now, false, None, Reply::new(204, "")).await;
    answer.unwrap();
    sent(&server);
    // A link that leads out of the API.
    let mut now = as_listed();
    let links = now["links"].as_array_mut().unwrap();
    links.retain(|link| link["rel"] != "continue");
    links.push(json!({ "rel": "continue", "href": "https://evil.example/steal" }));
    let (server, answer) = decided(now, true, None, Reply::new(204, "")).await;
    assert_eq!(answer.unwrap_err().execution(), Execution::No);
    assert!(changes(&server).is_empty());
}

#[tokio::test]
async fn a_decision_is_sent_once_and_believed_from_the_api_alone() {
    for (reply, execution) in [
        (Reply::Drop, Execution::Maybe),
        (Reply::ok("<html>log in</html>"), Execution::Maybe),
        (Reply::new(403, ""), Execution::No),
        (refused(404, "WKF-01", "no such"), Execution::No),
    ] {
        let (server, answer) = decided(as_listed(), true, Some("x"), reply).await;
        assert_eq!(answer.unwrap_err().execution(), execution);
        sent(&server);
    }
    // The reading before it failed: nothing was sent.
    let (server, cloud) = signed_in_with(&[], |asked| match &*asked.path {
        HELD => Reply::Drop,
        _ => Reply::ok(fixture("pendingtasks")),
    })
    .await;
    let task = cloud.held_tasks().await.unwrap().remove(0);
    let error = cloud.decide(&task, true, None).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error:?}");
    assert!(changes(&server).is_empty());
}
