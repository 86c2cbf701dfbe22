//! Acting on OpenStack servers and following what comes of it, against answers that are written by hand in the shapes of the public API
//! reference.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;
#[path = "support/openstack.rs"]
mod with;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Asked, Reply, Server};
use vmdeck::clouds::{Accepted, Cloud, Error, Execution, Goal, Result, TaskHandle};
use vmdeck::model::{Action, JobState, PowerState, Task, TaskState};
use with::*;

fn is_change(asked: &Asked) -> bool {
    asked.method == "DELETE" || asked.path.ends_with("/action")
}

fn accepted() -> Reply {
    Reply::new(202, "").header("X-Openstack-Request-Id", STOP)
}

/// Changes are answered by `change`; the server is in this state.
async fn acting(
    status: &'static str,
    change: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>) {
    let server = server(move |asked| {
        if is_change(asked) {
            return Some(change(asked));
        }
        (compute(asked)? == format!("/servers/{WEB}")).then(|| {
            let mut server = one(0);
            server["server"]["status"] = status.into();
            Reply::ok(server.to_string())
        })
    })
    .await;
    let cloud = connected(&server).await;
    (server, cloud)
}

async fn act(cloud: &dyn Cloud, action: &Action) -> Result<Accepted> {
    let target = cloud.target(&placeholder(WEB)).await.unwrap();
    cloud.perform(&target, action).await
}

fn changes(server: &Server) -> Vec<Asked> {
    server.asked().into_iter().filter(is_change).collect()
}

fn handle_of(accepted: Accepted) -> TaskHandle {
    match accepted {
        Accepted::Task(handle) => handle,
        other => panic!("no task: {other:?}"),
    }
}

#[tokio::test]
async fn each_action_has_the_body_of_the_reference_and_is_followed_by_its_request() {
    let text = |text: &str| text.to_owned();
    let host = || text("compute-2");
    let cases: Vec<(&'static str, Action, Value)> = vec![
        ("SHUTOFF", Action::PowerOn, json!({"os-start": null})),
        ("ACTIVE", Action::Shutdown, json!({"os-stop": null})),
        (
            "ACTIVE",
            Action::Reboot,
            json!({"reboot": {"type": "SOFT"}}),
        ),
        ("ACTIVE", Action::Reset, json!({"reboot": {"type": "HARD"}})),
        ("ACTIVE", Action::Pause, json!({"pause": null})),
        ("PAUSED", Action::Resume, json!({"unpause": null})),
        ("SUSPENDED", Action::Resume, json!({"resume": null})),
        ("ACTIVE", Action::Suspend, json!({"suspend": null})),
        ("ACTIVE", Action::Shelve, json!({"shelve": null})),
        ("SHELVED", Action::Unshelve, json!({"unshelve": null})),
        ("ACTIVE", Action::Rescue, json!({"rescue": null})),
        ("RESCUE", Action::Unrescue, json!({"unrescue": null})),
        (
            "VERIFY_RESIZE",
            Action::ConfirmResize,
            json!({"confirmResize": null}),
        ),
        (
            "VERIFY_RESIZE",
            Action::RevertResize,
            json!({"revertResize": null}),
        ),
        ("SOFT_DELETED", Action::Restore, json!({"restore": null})),
        ("SOFT_DELETED", Action::DELETE, json!({"forceDelete": null})),
        (
            "ACTIVE",
            Action::Delete {
                release: false,
                force: true,
            },
            json!({"forceDelete": null}),
        ),
        (
            "ACTIVE",
            Action::Protect {
                reason: text(" kernel upgrade\n"),
            },
            json!({"lock": {"locked_reason": "kernel upgrade"}}),
        ),
        ("ACTIVE", Action::Unprotect, json!({"unlock": null})),
        (
            "ACTIVE",
            Action::Snapshot {
                name: text("before"),
            },
            json!({"createImage": {"name": "before", "metadata": {}}}),
        ),
        (
            "ACTIVE",
            Action::Relocate { host: host() },
            json!({"os-migrateLive": {"host": "compute-2", "block_migration": "auto"}}),
        ),
        (
            "SHUTOFF",
            Action::Relocate { host: host() },
            json!({"migrate": {"host": "compute-2"}}),
        ),
        (
            "ACTIVE",
            Action::Evacuate { host: Some(host()) },
            json!({"evacuate": {"host": "compute-2"}}),
        ),
        (
            "ACTIVE",
            Action::Evacuate { host: None },
            json!({"evacuate": {}}),
        ),
    ];
    for (status, action, expected) in cases {
        let (server, cloud) = acting(status, |_| accepted()).await;
        let handle = handle_of(act(&*cloud, &action).await.unwrap());
        assert_eq!(&*handle.key.id, format!("{WEB}/{STOP}"));
        let sent = changes(&server);
        assert_eq!(sent.len(), 1, "{action:?} is sent once");
        assert_eq!(
            sent[0].line(),
            format!("POST /compute/v2.1/servers/{WEB}/action")
        );
        assert_eq!(sent[0].header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
        assert_eq!(body, expected, "{action:?}");
    }
    let (server, cloud) = acting("ACTIVE", |_| {
        Reply::new(204, "").header("X-Openstack-Request-Id", STOP)
    })
    .await;
    act(&*cloud, &Action::DELETE).await.unwrap();
    assert_eq!(
        changes(&server)[0].line(),
        format!("DELETE /compute/v2.1/servers/{WEB}")
    );
}

#[tokio::test]
async fn what_the_cloud_refuses_is_said_in_its_words_and_was_not_done() {
    let cases = [
        (
            409,
            "conflictingRequest",
            "Cannot 'stop' instance while it is in task_state powering-off",
        ),
        (
            403,
            "forbidden",
            "Policy doesn't allow os_compute_api:servers:stop to be performed.",
        ),
        (404, "itemNotFound", "Instance could not be found."),
        (400, "badRequest", "Invalid input"),
    ];
    for (status, key, words) in cases {
        let (server, cloud) = acting("ACTIVE", move |_| {
            let body = json!({key: {"code": status, "message": words}}).to_string();
            Reply::new(status, body).header("X-Openstack-Request-Id", STOP)
        })
        .await;
        let error = act(&*cloud, &Action::Shutdown).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(STOP), "{text}");
        assert_eq!(error.execution(), Execution::No);
        assert_eq!(changes(&server).len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_proves_nothing_and_nothing_is_sent_again() {
    for reply in [
        Reply::Drop,
        Reply::Bytes(b"HTTP/1.1 202 Acc".to_vec()),
        Reply::new(
            500,
            r#"{"computeFault":{"message":"Unexpected API Error"}}"#,
        ),
        Reply::new(504, "<html><title>Gateway Time-out</title>"),
    ] {
        let (server, cloud) = acting("ACTIVE", move |_| reply.clone()).await;
        let error = act(&*cloud, &Action::Shutdown).await.unwrap_err();
        assert_eq!(error.execution(), Execution::Maybe, "{error:?}");
        assert_eq!(changes(&server).len(), 1);
    }
}

#[tokio::test]
async fn an_action_whose_token_had_ended_is_asked_for_again_once() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let (server, cloud) = acting("ACTIVE", move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            Reply::new(
                401,
                r#"{"error":{"message":"The request you have made requires authentication."}}"#,
            )
        } else {
            accepted()
        }
    })
    .await;
    handle_of(act(&*cloud, &Action::Shutdown).await.unwrap());
    assert_eq!(changes(&server).len(), 2);
    let signed = server.asked().into_iter().filter(is_sign_in).count();
    assert_eq!(signed, 2);
}

#[tokio::test]
async fn what_names_no_request_is_watched() {
    let (_server, cloud) = acting("ACTIVE", |_| Reply::new(202, "")).await;
    let Accepted::Watch(phases) = act(&*cloud, &Action::Shutdown).await.unwrap() else {
        panic!("it is watched");
    };
    assert_eq!((phases.len(), phases[0].kind), (1, "SHUTDOWN"));
    assert_eq!(phases[0].until, Goal::State(&[PowerState::Off]));
    let done = act(&*cloud, &Action::Unprotect).await.unwrap();
    assert_eq!(done, Accepted::Done);
}

/// A task of the fixtures' request, while the server has this task state and the action these events.
async fn task(task_state: Value, events: Value) -> Task {
    let server = server(move |asked| {
        let path = compute(asked)?;
        if path == format!("/servers/{WEB}/os-instance-actions/{STOP}") {
            let mut action = value("action-stop");
            action["instanceAction"]["events"] = events.clone();
            return Some(Reply::ok(action.to_string()).header("Date", NOW));
        }
        (path == format!("/servers/{WEB}")).then(|| {
            let mut server = one(0);
            server["server"]["OS-EXT-STS:task_state"] = task_state.clone();
            Reply::ok(server.to_string())
        })
    })
    .await;
    connected(&server).await.task(&stop()).await.unwrap()
}

fn stop() -> TaskHandle {
    let cloud = vmdeck::model::CloudName::new("prod");
    TaskHandle {
        key: vmdeck::model::TaskKey {
            cloud: cloud.clone(),
            id: format!("{WEB}/{STOP}").into(),
        },
        vm: Some(vmdeck::model::VmKey::new(&cloud, WEB)),
        locator: format!("{RED}|One|{WEB}|{STOP}|shutdown").into(),
    }
}

#[tokio::test]
async fn a_task_goes_from_nothing_over_its_events_to_its_end() {
    let running = json!([{"event": "compute_stop_instance", "start_time": "2026-11-22T04:00:11.000000", "finish_time": null, "result": null}]);
    let done = value("action-stop")["instanceAction"]["events"].clone();
    // The services' clock stands ten seconds after the request.
    let steps = [
        (json!("powering-off"), json!([]), TaskState::Started),
        (json!(null), json!([]), TaskState::Started),
        (json!("powering-off"), running.clone(), TaskState::Started),
        (json!(null), running, TaskState::Started),
        (json!("powering-off"), done.clone(), TaskState::Started),
        (json!(null), done, TaskState::FinishedSuccessfully),
    ];
    for (state, events, expected) in steps {
        let task = task(state.clone(), events.clone()).await;
        assert_eq!(task.state, expected, "{state} {events}");
        assert_eq!(
            (task.kind.as_str(), task.user.as_deref()),
            ("SHUTDOWN", Some("alice"))
        );
        assert_eq!(task.key, stop().key);
        assert_eq!(task.locator, stop().locator, "it is found again");
    }
}

#[tokio::test]
async fn a_deletion_after_which_nothing_is_left_is_done_and_anything_else_is_not_found() {
    let server = server(|asked| {
        compute(asked)?.starts_with("/servers/").then(|| {
            Reply::new(
                404,
                r#"{"itemNotFound":{"message":"Instance could not be found."}}"#,
            )
        })
    })
    .await;
    let cloud = connected(&server).await;
    let mut handle = stop();
    let error = cloud.task(&handle).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    handle.locator = format!("{RED}|One|{WEB}|{STOP}|delete").into();
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(task.state, TaskState::FinishedSuccessfully);
    assert_eq!(task.kind.as_str(), "DELETE");
}

#[tokio::test]
async fn a_handle_that_leads_elsewhere_is_not_followed() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let before = server.asked().len();
    for locator in [
        "",
        "x",
        "a|b|../c|req-1",
        "a|One|c|../d",
        "a|One|c?x=|req-1",
    ] {
        let mut handle = stop();
        handle.locator = locator.into();
        assert!(cloud.task(&handle).await.is_err(), "{locator}");
    }
    let asked = server.asked().split_off(before);
    assert!(
        asked
            .iter()
            .all(|asked| !asked.path.contains("..") && !asked.path.contains("?x"))
    );
}

#[tokio::test]
async fn a_servers_tasks_are_its_actions_newest_first_with_who_and_why() {
    let server = server(|asked| {
        let path = compute(asked)?.strip_prefix(&format!("/servers/{WEB}/os-instance-actions"))?;
        Some(match path {
            "" => Reply::ok(fixture("actions")),
            _ if path.ends_with(STOP) => Reply::ok(fixture("action-stop")),
            _ if path.contains("req-2551") => Reply::ok(fixture("action-migration")),
            _ => Reply::new(404, "{}"),
        })
    })
    .await;
    let cloud = connected(&server).await;
    let tasks = cloud.vm_tasks(&placeholder(WEB)).await.unwrap();
    let told: Vec<_> = tasks
        .iter()
        .map(|task| (task.kind.as_str(), task.state.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("SHUTDOWN", "FINISHED_SUCCESSFULLY"),
            ("RELOCATE", "FINISHED_UNSUCCESSFULLY"),
            ("DEPLOY", "FINISHED_SUCCESSFULLY"),
        ]
    );
    let failed = &tasks[1];
    assert_eq!(
        failed.user.as_deref(),
        Some("ffffffffffffffffffffffffffffffff")
    );
    assert_eq!(failed.jobs[0].state, JobState::Failed);
    let why = failed.jobs[0].description.as_deref().unwrap();
    assert!(
        why.starts_with("Migration pre-check error; on controller-1; traceback: File"),
        "{why}"
    );
    assert_eq!(
        tasks[0].created_at.unwrap().to_string(),
        "2026-11-22T04:00:10Z"
    );
    assert_eq!(
        tasks[0].updated_at.unwrap().to_string(),
        "2026-11-22T04:00:14Z"
    );
}

#[tokio::test]
async fn a_long_history_costs_few_requests() {
    let rows: Vec<Value> = (0..40)
        .map(|n| {
            let failed = n % 2 == 1;
            json!({"action": "reboot", "request_id": format!("req-{n}"), "message": failed.then_some("Error"),
                   "start_time": format!("2026-11-22T03:59:{:02}.000000", 59 - n)})
        })
        .collect();
    let server = server(move |asked| {
        let path = compute(asked)?.strip_prefix(&format!("/servers/{WEB}/os-instance-actions"))?;
        Some(match path {
            "" => dated(Reply::ok(json!({"instanceActions": rows}).to_string())),
            _ => Reply::new(500, "{}"),
        })
    })
    .await;
    let cloud = connected(&server).await;
    listed(&*cloud).await.unwrap();
    let before = server.asked().len();
    let tasks = cloud.vm_tasks(&placeholder(WEB)).await.unwrap();
    let failed = tasks
        .iter()
        .filter(|task| task.state == TaskState::FinishedUnsuccessfully);
    assert_eq!(
        (tasks.len(), failed.count()),
        (40, 20),
        "what failed is told without its events"
    );
    let asked = server.asked().split_off(before);
    let running = tasks.iter().filter(|task| task.is_running()).count();
    assert_eq!(
        running, 1,
        "the newest may not have begun; the others are over"
    );
    // The list; the server, for something was asked of it lately; the three newest, of which one failed, and four that failed before.
    assert_eq!(asked.len(), 9, "{asked:?}");
}

#[tokio::test]
async fn hosts_to_move_to_are_up_enabled_and_another() {
    let server = server(|asked| match compute(asked)? {
        "/os-services" => Some(Reply::ok(fixture("services"))),
        "/os-hypervisors/detail" => Some(Reply::ok(fixture("hypervisors"))),
        _ => None,
    })
    .await;
    let cloud = connected(&server).await;
    let vm = cloud.target(&placeholder(WEB)).await.unwrap().vm;
    let hosts = cloud.candidates(&vm).await.unwrap();
    assert_eq!(hosts.len(), 1);
    let host = &hosts[0];
    assert_eq!(
        (&*host.id, host.cluster.as_deref()),
        ("compute-2", Some("nova"))
    );
    assert_eq!(host.address.as_deref(), Some("192.0.2.12"));
    assert_eq!(
        (host.cpus, host.ram_mib),
        (Some((12, 32)), Some((20_480, 65_536)))
    );
}

#[tokio::test]
async fn a_screen_is_asked_for_in_each_form_until_the_cloud_has_one() {
    let server = server(|asked| {
        if !asked.path.ends_with("/remote-consoles") {
            return None;
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        Some(if body["remote_console"]["protocol"] == "spice" {
            let url = "http://127.0.0.1:6082/spice_auto.html?token=aeabd4ec";
            Reply::ok(
                json!({"remote_console": {"protocol": "spice", "type": "spice-html5", "url": url}})
                    .to_string(),
            )
        } else {
            Reply::new(
                400,
                r#"{"badRequest":{"message":"Unavailable console type novnc."}}"#,
            )
        })
    })
    .await;
    let cloud = connected(&server).await;
    let screen = cloud.remote_access(&placeholder(WEB), true).await.unwrap();
    assert_eq!(screen.protocol.as_deref(), Some("spice"));
    assert!(screen.address().unwrap().ends_with("token=aeabd4ec"));
}

#[tokio::test]
async fn what_a_server_wrote_is_asked_for_in_lines_and_shown_safely() {
    let server = server(|asked| {
        asked.path.ends_with("/action").then(|| {
            Reply::new(
                200,
                r#"{"output":"[ 0.00] Linux\n\u001b[31mlogin:\u001b[0m \tok\n"}"#,
            )
        })
    })
    .await;
    let cloud = connected(&server).await;
    let text = cloud.console_log(&placeholder(WEB)).await.unwrap();
    assert!(text.starts_with("[ 0.00] Linux\n"), "{text:?}");
    assert!(
        !text.contains('\u{1b}') && text.contains("login:"),
        "{text:?}"
    );
    let asked = server.asked();
    let sent = asked.last().unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&sent.text()).unwrap(),
        serde_json::json!({"os-getConsoleOutput": {"length": 1000}})
    );
}
