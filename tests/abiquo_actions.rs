//! Acting on Abiquo VMs and following what comes of it, against answers that are written by hand from the API's documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "support/abiquo.rs"]
mod abiquo;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use abiquo::{TASK, VM, handle, perform, placeholder, sent, task_handle, with_vm};
use serde_json::{Value, json};
use support::{Asked, Reply, Server, fixture};
use vmdeck::clouds::{Accepted, Cloud, Error, Execution, Result};
use vmdeck::model::{Action, JobState, Task, TaskState};

fn protect() -> Action {
    Action::Protect {
        reason: "kernel update, Prüfung bis Fr. ✓".into(),
    }
}

#[tokio::test]
async fn states_are_put_to_the_state_link_of_the_vm_as_it_is_now() {
    let cases = [
        (Action::PowerOn, "req_state_on"),
        (Action::Resume, "req_state_on"),
        (Action::PowerOff, "req_state_off_hard"),
        (Action::Shutdown, "req_state_off_graceful"),
        (Action::Pause, "req_state_paused"),
    ];
    for (action, body) in cases {
        let (server, answer) =
            perform(action.clone(), Reply::new(202, fixture("acceptedrequest"))).await;
        let handle = task_handle(answer.unwrap());
        assert_eq!(&*handle.key.id, TASK);
        assert_eq!(
            &*handle.locator,
            format!("{}/tasks/{TASK}", VM.strip_prefix("/api").unwrap())
        );
        assert_eq!(handle.vm.unwrap().to_string(), "prod/501");
        let change = sent(&server);
        assert_eq!(change.line(), format!("PUT {VM}/state"), "{action:?}");
        let expected: Value = serde_json::from_slice(&fixture(body)).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&change.body).unwrap(),
            expected,
            "{action:?}"
        );
        assert_eq!(
            change.header("accept"),
            Some("application/vnd.abiquo.acceptedrequest+json; version=6.1")
        );
        assert_eq!(
            change.header("content-type"),
            Some("application/vnd.abiquo.virtualmachinestate+json; version=6.1")
        );
        assert_eq!(change.header("authorization"), Some("Token first-token"));
    }
}

#[tokio::test]
async fn a_reset_is_posted_without_a_body() {
    let (server, answer) = perform(
        Action::Reset,
        Reply::new(202, fixture("acceptedrequest_v3")),
    )
    .await;
    assert_eq!(&*task_handle(answer.unwrap()).key.id, TASK);
    let change = sent(&server);
    assert_eq!(change.line(), format!("POST {VM}/action/reset"));
    assert_eq!(
        (
            change.body.len(),
            change.header("content-length"),
            change.header("content-type")
        ),
        (0, Some("0"), None)
    );
}

#[tokio::test]
async fn a_protection_is_posted_as_plain_text_and_is_done_at_once() {
    let (server, answer) = perform(protect(), Reply::new(204, "")).await;
    assert_eq!(answer.unwrap(), Accepted::Done);
    let change = sent(&server);
    assert_eq!(change.line(), format!("POST {VM}/action/protect"));
    assert_eq!(change.header("content-type"), Some("text/plain"));
    assert_eq!(change.header("accept"), Some("*/*"));
    assert_eq!(change.text(), "kernel update, Prüfung bis Fr. ✓");

    let (server, answer) = perform(Action::Unprotect, Reply::new(204, "")).await;
    assert_eq!(answer.unwrap(), Accepted::Done);
    let change = sent(&server);
    assert_eq!(
        (&*change.line(), change.body.len()),
        (&*format!("POST {VM}/action/unprotect"), 0)
    );
}

#[tokio::test]
async fn an_answer_without_a_body_is_done_and_one_that_is_the_task_is_followed() {
    let (_, answer) = perform(Action::PowerOff, Reply::new(204, "")).await;
    assert_eq!(answer.unwrap(), Accepted::Done);
    let (_, answer) = perform(
        Action::PowerOff,
        Reply::new(202, fixture("task_finished_ok")),
    )
    .await;
    let handle = task_handle(answer.unwrap());
    assert_eq!(&*handle.key.id, TASK);
    assert!(handle.locator.ends_with(TASK));
}

#[tokio::test]
async fn an_acceptance_that_names_no_task_is_looked_for_among_the_vms_tasks() {
    let tasks = |answered: &'static str| {
        move |asked: &Asked| match &*asked.method {
            "PUT" => {
                Reply::new(202, r#"{"message":"accepted","links":[]}"#).header("Date", answered)
            }
            _ if asked.path.starts_with(&format!("{VM}/tasks")) => Reply::ok(fixture("tasks")),
            _ => panic!("{asked:?}"),
        }
    };
    // The fixture's tasks were made at 1752480000, which is 2025-07-14 08:00:00 UTC.
    let (_, cloud, target) = with_vm(tasks("Mon, 14 Jul 2025 08:00:02 GMT")).await;
    let handle = task_handle(cloud.perform(&target, &Action::Shutdown).await.unwrap());
    assert_eq!(&*handle.key.id, "3c9a6f10-77aa-4b1c-9d2e-202122232402");
    // An hour later that shutdown is another one's.
    let (_, cloud, target) = with_vm(tasks("Mon, 14 Jul 2025 09:00:02 GMT")).await;
    not_confirmed(cloud.perform(&target, &Action::Shutdown).await);
}

/// Nobody can tell from the answer whether it was done: the engine must read.
#[track_caller]
fn not_confirmed(answer: Result<Accepted>) -> String {
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    assert_eq!(error.execution(), Execution::Maybe);
    error.to_string()
}

#[tokio::test]
async fn a_success_that_is_not_the_apis_confirms_nothing() {
    let page = "<html><title>please log in</title></html>";
    for action in [
        Action::PowerOff,
        Action::Reset,
        protect(),
        Action::Unprotect,
    ] {
        for body in [page, "OK", "{\"message\": \"accep"] {
            let (server, answer) = perform(action.clone(), Reply::ok(body)).await;
            let words = not_confirmed(answer);
            assert_eq!(
                words.contains("an HTML page: please log in"),
                body == page,
                "{words}"
            );
            sent(&server);
        }
    }
    for action in [protect(), Action::Unprotect] {
        for reply in [Reply::ok(""), Reply::new(202, " \n"), Reply::new(204, "")] {
            let (_, answer) = perform(action.clone(), reply).await;
            assert_eq!(answer.unwrap(), Accepted::Done);
        }
    }
}

#[tokio::test]
async fn an_acceptance_whose_task_cannot_be_found_is_not_done() {
    for body in [r#"{"links":[]}"#, ""] {
        for tasks in [
            Reply::new(500, ""),
            Reply::ok(r#"{"links":[],"collection":[]}"#),
        ] {
            let (_, cloud, target) = with_vm(move |asked| match &*asked.method {
                "PUT" => Reply::new(202, body),
                _ => tasks.clone(),
            })
            .await;
            let words = not_confirmed(cloud.perform(&target, &Action::PowerOff).await);
            assert!(words.contains("accepted, but the answer names no task"));
        }
    }
}

#[tokio::test]
async fn an_acknowledgement_that_somebody_else_answered_is_not_believed() {
    let (_, cloud, task) = failed_task(|_| Reply::ok("<html>please log in</html>")).await;
    let error = cloud.acknowledge(&task).await.unwrap_err();
    assert_eq!(error.execution(), Execution::Maybe);
}

#[tokio::test]
async fn another_vm_in_place_of_the_one_asked_for_is_refused() {
    let changed = |key: &'static str, value: Value| {
        let mut vm: Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
        vm[key] = value;
        vm.to_string()
    };
    let right: Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
    let mut asked_for = placeholder("501", VM);
    asked_for.uuid = Some(right["uuid"].as_str().unwrap().into());
    let elsewhere = placeholder(
        "501",
        "/api/cloud/virtualdatacenters/2/virtualappliances/99/virtualmachines/501",
    );
    for (body, asked_for) in [
        (changed("id", json!(99)), &asked_for),
        (changed("uuid", json!("not-the-one")), &asked_for),
        (changed("id", json!(99)), &elsewhere),
    ] {
        let server = Server::signed_in(move |asked| match &*asked.path {
            path if path == VM => Reply::ok(body.clone()),
            path if path.starts_with("/api/cloud/virtualmachines?") => {
                Reply::ok(fixture("vms_page1"))
            }
            _ => Reply::new(404, fixture("errors_notfound")),
        })
        .await;
        let cloud = server.connected().await;
        let error = cloud.target(asked_for).await.unwrap_err();
        assert!(
            matches!(&error, Error::Protocol(why) if why == "the cloud answered with another VM"),
            "{error:?}"
        );
        let same = Server::signed_in(|_| Reply::ok(fixture("vm_on"))).await;
        same.connected().await.target(asked_for).await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_says_code_and_words_and_proves_that_nothing_was_done() {
    let cases = [
        ("errors_protected", "this VM is protected (VM-120)"),
        ("errors_conflict_locked", "VM-2"),
        ("errors_conflict_state", "VM-4"),
    ];
    for (body, words) in cases {
        let (_, answer) = perform(Action::PowerOff, Reply::new(409, fixture(body))).await;
        let error = answer.unwrap_err();
        assert!(
            matches!(&error, Error::Conflict(rejection) if rejection.status == 409),
            "{error:?}"
        );
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.execution(), Execution::No);
    }
    let already = r#"{"links":[],"collection":[{"code":"VM-118","message":"already protected"}]}"#;
    let (_, answer) = perform(protect(), Reply::new(409, already)).await;
    assert!(
        matches!(answer.unwrap_err(), Error::Conflict(rejection) if rejection.code.as_deref() == Some("VM-118"))
    );

    let (_, answer) = perform(Action::PowerOff, Reply::new(403, "")).await;
    assert!(matches!(answer.unwrap_err(), Error::Forbidden(_)));
    let (_, answer) = perform(
        Action::PowerOff,
        Reply::new(400, fixture("errors_soft_limit")),
    )
    .await;
    assert!(matches!(answer.unwrap_err(), Error::Rejected(rejection) if rejection.status == 400));
}

#[tokio::test]
async fn a_change_that_the_session_is_too_old_for_is_not_repeated() {
    let (server, answer) = perform(Action::PowerOff, Reply::new(401, "<html>401</html>")).await;
    let error = answer.unwrap_err();
    assert!(error.needs_sign_in(), "{error}");
    assert_eq!(error.execution(), Execution::No);
    sent(&server);
}

#[tokio::test]
async fn a_change_whose_version_is_not_taken_is_sent_without_it() {
    for status in [406, 415] {
        let (server, cloud, target) = with_vm(move |asked| match asked.header("accept") {
            Some(accept) if accept.contains("version") => Reply::new(status, ""),
            _ => Reply::new(202, fixture("acceptedrequest")),
        })
        .await;
        cloud.perform(&target, &Action::PowerOff).await.unwrap();
        let changes: Vec<Asked> = server
            .asked()
            .into_iter()
            .filter(|asked| asked.method == "PUT")
            .collect();
        assert_eq!(changes.len(), 2, "{status}");
        assert_eq!(
            changes[1].header("accept"),
            Some("application/vnd.abiquo.acceptedrequest+json")
        );
        assert_eq!(
            changes[1].header("content-type"),
            Some("application/vnd.abiquo.virtualmachinestate+json")
        );
        assert_eq!(changes[0].body, changes[1].body);
    }
}

#[tokio::test]
async fn a_change_whose_connection_breaks_is_sent_exactly_once() {
    for reply in [
        Reply::Drop,
        Reply::Bytes(b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{\"message\"".to_vec()),
    ] {
        for action in [
            Action::PowerOff,
            Action::Reset,
            protect(),
            Action::Unprotect,
        ] {
            let (server, answer) = perform(action.clone(), reply.clone()).await;
            let error = answer.unwrap_err();
            assert!(matches!(error, Error::NoAnswer(_)), "{action:?}: {error:?}");
            assert_eq!(error.execution(), Execution::Maybe);
            sent(&server);
        }
    }
}

#[tokio::test]
async fn each_change_has_a_connection_of_its_own() {
    let (server, cloud, target) = with_vm(|_| Reply::new(204, "")).await;
    for _ in 0..3 {
        cloud.perform(&target, &Action::PowerOff).await.unwrap();
    }
    let asked = server.asked();
    let mut used: Vec<usize> = asked
        .iter()
        .filter(|asked| asked.method != "GET")
        .map(|asked| asked.connection)
        .collect();
    used.dedup();
    assert_eq!(
        used.len(),
        3,
        "a kept connection can close at the moment of use"
    );
    assert!(
        asked
            .iter()
            .filter(|asked| asked.method == "GET")
            .all(|asked| !used.contains(&asked.connection))
    );
}

#[tokio::test]
async fn an_action_without_its_link_is_not_sent() {
    let vm = r#"{"id":501,"state":"ON","links":[{"rel":"edit","href":"http://x/api/vm/501"}]}"#;
    let server = Server::signed_in(move |_| Reply::ok(vm)).await;
    let cloud = server.connected().await;
    let target = cloud
        .target(&placeholder("501", "/api/vm/501"))
        .await
        .unwrap();
    let error = cloud.perform(&target, &Action::Reset).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No);
    assert_eq!(server.lines(), ["GET /api/vm/501"]);
}

#[tokio::test]
async fn a_vm_that_has_moved_is_found_by_its_id() {
    let moved = "/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501";
    let server = Server::signed_in(move |asked| match &*asked.path {
        path if path == moved => Reply::ok(fixture("vm_on")),
        "/api/cloud/virtualmachines?vmlabel=web-01&limit=100" => Reply::ok(fixture("vms_page1")),
        _ => Reply::new(404, fixture("errors_notfound")),
    })
    .await;
    let cloud = server.connected().await;
    let old = placeholder(
        "501",
        "/api/cloud/virtualdatacenters/2/virtualappliances/99/virtualmachines/501",
    );
    let target = cloud.target(&old).await.unwrap();
    assert_eq!(&*target.vm.locator, moved.strip_prefix("/api").unwrap());

    let gone = placeholder(
        "777",
        "/api/cloud/virtualdatacenters/2/virtualappliances/99/virtualmachines/777",
    );
    let error = cloud.target(&gone).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound(why) if why.contains("VM-1")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_failed_shutdown_is_told_with_its_job_and_its_rollback() {
    let path = format!("{VM}/tasks/3c9a6f10-77aa-4b1c-9d2e-202122232402");
    let expected = path.clone();
    let server = Server::signed_in(move |asked| {
        assert_eq!(asked.line(), format!("GET {expected}"));
        Reply::ok(fixture("task_failed_with_ack"))
    })
    .await;
    let task = server.connected().await.task(&handle(&path)).await.unwrap();
    assert_eq!(task.kind.as_str(), "SHUTDOWN");
    assert_eq!(task.state, TaskState::FinishedUnsuccessfully);
    assert_eq!(
        (
            task.jobs[0].state.clone(),
            task.jobs[0].rollback_state.clone()
        ),
        (JobState::Failed, JobState::RollbackDone)
    );
    assert!(task.is_warning());
    assert_eq!(task.user.as_deref(), Some("privers"));
    assert_eq!(task.vm.unwrap().to_string(), "prod/501");
    assert_eq!(
        task.created_at.unwrap().to_string(),
        "2025-07-14T08:00:00Z",
        "tasks count seconds"
    );
    assert_eq!(
        server.asked()[1].header("accept"),
        Some("application/vnd.abiquo.task+json; version=6.1")
    );
}

#[tokio::test]
async fn a_task_that_is_gone_or_no_longer_traced_is_not_found() {
    for reply in [
        Reply::new(
            404,
            r#"{"collection":[{"code":"TASK-1","message":"no such task"}]}"#,
        ),
        Reply::new(303, "").header("Location", "http://elsewhere.example/api/x"),
    ] {
        let server = Server::signed_in(move |_| reply.clone()).await;
        let error = server
            .connected()
            .await
            .task(&handle(&format!("{VM}/tasks/{TASK}")))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
        assert_eq!(server.lines().len(), 1);
    }
}

#[tokio::test]
async fn the_tasks_of_a_vm_come_newest_first() {
    let body = json!({ "collection": [
        { "taskId": "a", "type": "POWER_ON", "state": "FINISHED_SUCCESSFULLY", "creationTimestamp": "1752480000", "ownerId": 501 },
        { "taskId": "b", "type": "MELT", "state": "ODD", "creationTimestamp": 1752480900 },
        { "type": "NO_ID" },
        { "taskId": "a", "type": "POWER_ON" },
    ] });
    let (_, cloud, target) = with_vm(move |_| Reply::ok(body.to_string())).await;
    let tasks = cloud.vm_tasks(&target.vm).await.unwrap();
    let told: Vec<(&str, &str, &str)> = tasks
        .iter()
        .map(|task| (&*task.key.id, task.kind.as_str(), task.state.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("b", "MELT", "ODD"),
            ("a", "POWER_ON", "FINISHED_SUCCESSFULLY")
        ]
    );
    assert!(
        tasks
            .iter()
            .all(|task| task.vm.as_ref() == Some(&target.vm.key))
    );
    assert_eq!(&*tasks[0].locator, format!("{}/tasks/b", target.vm.locator));
}

/// A server with one failed task, which is acknowledged away.
async fn failed_task(
    on_ack: impl Fn(&AtomicUsize) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>, Task) {
    let acknowledged = AtomicUsize::new(0);
    let server = Server::signed_in(move |asked| {
        match (&*asked.method, acknowledged.load(Ordering::SeqCst)) {
            ("POST", _) => on_ack(&acknowledged),
            (_, 0) => Reply::ok(fixture("task_failed_with_ack")),
            _ => {
                let mut task: Value =
                    serde_json::from_slice(&fixture("task_failed_with_ack")).unwrap();
                task["state"] = json!("ACK_ERROR");
                task["links"]
                    .as_array_mut()
                    .unwrap()
                    .retain(|link| link["rel"] != "acknowledge");
                Reply::ok(task.to_string())
            }
        }
    })
    .await;
    let cloud = server.connected().await;
    let task = cloud
        .task(&handle(&format!(
            "{VM}/tasks/3c9a6f10-77aa-4b1c-9d2e-202122232402"
        )))
        .await
        .unwrap();
    (server, cloud, task)
}

#[tokio::test]
async fn a_failed_task_is_acknowledged_through_its_link_once() {
    let (server, cloud, task) = failed_task(|acknowledged| {
        acknowledged.store(1, Ordering::SeqCst);
        Reply::new(204, "")
    })
    .await;
    cloud.acknowledge(&task).await.unwrap();
    let change = sent(&server);
    assert_eq!(
        change.line(),
        format!("POST {VM}/tasks/3c9a6f10-77aa-4b1c-9d2e-202122232402/action/ack")
    );
    assert!(change.body.is_empty());
    cloud.acknowledge(&task).await.unwrap();
    sent(&server);
}

#[tokio::test]
async fn a_task_that_somebody_else_acknowledged_is_fine_and_a_refusal_is_told() {
    let (server, cloud, task) = failed_task(|acknowledged| {
        acknowledged.store(1, Ordering::SeqCst);
        Reply::new(
            409,
            r#"{"collection":[{"code":"TASK-2","message":"wrong state"}]}"#,
        )
    })
    .await;
    cloud.acknowledge(&task).await.unwrap();
    sent(&server);

    let (_, cloud, task) = failed_task(|_| {
        Reply::new(
            409,
            r#"{"collection":[{"code":"TASK-2","message":"wrong state"}]}"#,
        )
    })
    .await;
    let error = cloud.acknowledge(&task).await.unwrap_err();
    assert!(error.to_string().contains("TASK-2"), "{error}");
}

#[tokio::test]
async fn nothing_is_acknowledged_without_the_link() {
    for name in ["task_finished_ok", "task_started_deploy"] {
        let server = Server::signed_in(move |_| Reply::ok(fixture(name))).await;
        let cloud = server.connected().await;
        let task = cloud
            .task(&handle(&format!("{VM}/tasks/{TASK}")))
            .await
            .unwrap();
        assert!(
            matches!(cloud.acknowledge(&task).await, Err(Error::Forbidden(_))),
            "{name}"
        );
        assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    }
}

#[tokio::test]
async fn the_raw_document_hides_the_password() {
    let mut vm: Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
    vm["password"] = json!("s3cret12");
    let body = vm.to_string();
    let server = Server::signed_in(move |_| Reply::ok(body.clone())).await;
    let raw = server
        .connected()
        .await
        .raw(&placeholder("501", VM))
        .await
        .unwrap();
    assert!(
        !raw.contains("s3cret12") && raw.contains("\"password\": \"•••\""),
        "{raw}"
    );
    assert!(raw.contains("\"label\": \"web-01\""), "{raw}");
}
