//! The log and the transactions as events and tasks.

use vmdeck::clouds::{Cloud, Error, EventQuery, TaskHandle};
use vmdeck::model::{Event, JobState, Severity, TaskState};

use crate::rig::{WEB, connected, count, fixture, known, server};
use crate::support::{Reply, Server};

const ALL: EventQuery = EventQuery {
    since: None,
    severity: None,
    limit: 100,
    until: None,
    user: None,
    vm: None,
    text: None,
};

async fn logged(body: impl Into<Vec<u8>>) -> (Server, std::sync::Arc<dyn Cloud>) {
    let body = body.into();
    let server = server(move |asked| {
        asked
            .path
            .contains("log/list")
            .then(|| Reply::ok(body.clone()))
    })
    .await;
    let cloud = connected(&server).await;
    (server, cloud)
}

fn told(events: &[Event]) -> Vec<(String, Severity, &str)> {
    events
        .iter()
        .map(|event| (event.at.to_string(), event.severity, &*event.trace))
        .collect()
}

#[tokio::test]
async fn log_entries_are_events_and_so_is_a_transaction_of_no_vm() {
    let (_server, cloud) = logged(fixture("log-list.response")).await;
    let events = cloud.events(&ALL).await.unwrap();
    let [running, started, failed] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        told(&events)[1..],
        [
            (
                "2011-05-20T10:15:00Z".to_owned(),
                Severity::Info,
                "web-1 started (synthetic text)"
            ),
            (
                "2011-05-20T10:10:00Z".to_owned(),
                Severity::Error,
                "db-1 could not be started (synthetic text)"
            ),
        ]
    );
    assert_eq!(started.user.as_deref(), Some("alice"));
    assert_ne!(started.key, failed.key);
    assert_eq!(
        &*running.trace,
        "provisioning new-1 (synthetic text, shape inferred) (40 %)"
    );
    assert_eq!(
        running.at, started.at,
        "seen first when that was the newest, by the server's clock"
    );

    let worse = EventQuery {
        severity: Some(Severity::Warning),
        ..ALL
    };
    assert_eq!(cloud.events(&worse).await.unwrap().len(), 1);
    let since = EventQuery {
        since: "2011-05-20T10:12:00Z".parse().ok(),
        ..ALL
    };
    assert_eq!(
        cloud.events(&since).await.unwrap().len(),
        2,
        "the log and what runs"
    );
    let few = EventQuery { limit: 1, ..ALL };
    assert_eq!(cloud.events(&few).await.unwrap()[0].key, running.key);
}

#[tokio::test]
async fn a_transaction_that_names_its_vm_is_one_of_its_tasks() {
    for (fields, state, job) in [
        (r#""completed":40"#, TaskState::Started, JobState::Started),
        (
            r#""progress":"40","ended":null"#,
            TaskState::Started,
            JobState::Started,
        ),
        (
            r#""completed":100"#,
            TaskState::FinishedSuccessfully,
            JobState::Done,
        ),
        (
            r#""ended":"2011-05-20 10:20:00""#,
            TaskState::FinishedSuccessfully,
            JobState::Done,
        ),
        (
            r#""completed":40,"is_error":true"#,
            TaskState::FinishedUnsuccessfully,
            JobState::Failed,
        ),
    ] {
        for name in ["vm", "vm_uuid", "machine_id"] {
            let body = format!(
                r#"{{"errno":0,"logs":[],"transactions":[{{"ecp_uuid":7,"{name}":"{WEB}","message":"saving web-1",
                    "started":1305886500,"user":"alice",{fields}}},{{"uuid":8,"machine_id":"other"}},{{"message":"no id"}}]}}"#
            );
            let (_server, cloud) = logged(body).await;
            let tasks = cloud.vm_tasks(&known(WEB)).await.unwrap();
            assert_eq!(tasks.len(), 1);
            let task = &tasks[0];
            assert_eq!((&*task.key.id, &task.state), ("7", &state), "{fields}");
            assert_eq!(task.vm.as_ref().unwrap().id.as_ref(), WEB);
            assert_eq!(task.created_at.unwrap().to_string(), "2011-05-20T10:15:00Z");
            assert_eq!(task.user.as_deref(), Some("alice"));
            assert_eq!(task.jobs[0].state, job);
            assert_eq!(task.jobs[0].description.as_deref(), Some("saving web-1"));
            assert!(!task.acknowledgeable);
            if fields.contains("40") && state == TaskState::Started {
                assert_eq!(task.progress(), "saving web-1 (40 %)");
            }
            assert!(
                cloud.events(&ALL).await.unwrap().is_empty(),
                "its VM tells it"
            );

            let handle = TaskHandle {
                key: task.key.clone(),
                vm: None,
                locator: task.locator.clone(),
            };
            assert_eq!(cloud.task(&handle).await.unwrap().state, state);
            let over = TaskHandle {
                key: vmdeck::model::TaskKey {
                    id: "gone".into(),
                    ..handle.key.clone()
                },
                ..handle
            };
            assert!(matches!(cloud.task(&over).await, Err(Error::NotFound(_))));
        }
    }
}

#[tokio::test]
async fn a_time_in_no_known_form_is_kept_as_it_came_beside_its_neighbour() {
    let (_server, cloud) = logged(
        r#"{"logs":[{"timestamp":"20 Floréal","message":"odd\u001b[2J"},{"timestamp":1305886500,"message":"old"},
            {"message":"no time"}]}"#,
    )
    .await;
    let events = cloud.events(&ALL).await.unwrap();
    assert_eq!(
        told(&events),
        [
            (
                "2011-05-20T10:15:00Z".to_owned(),
                Severity::Info,
                "20 Floréal: odd[2J"
            ),
            ("2011-05-20T10:15:00Z".to_owned(), Severity::Info, "old"),
            ("1970-01-01T00:00:00Z".to_owned(), Severity::Info, "no time"),
        ]
    );
}

#[tokio::test]
async fn an_event_keeps_its_id_when_newer_ones_and_twins_of_it_come() {
    let twin = r#"{"timestamp":"2011-05-20 10:15:00","message":"started"}"#;
    let (_one, cloud) = logged(format!(r#"{{"logs":[{twin}]}}"#)).await;
    let old = cloud.events(&ALL).await.unwrap()[0].key.id.clone();
    let (_two, cloud) = logged(format!(
        r#"{{"logs":[{{"timestamp":"2011-05-20 11:00:00","message":"newer"}},{twin},{twin}]}}"#
    ))
    .await;
    let events = cloud.events(&ALL).await.unwrap();
    assert_eq!(events[2].key.id, old);
    assert_ne!(events[1].key.id, old);
    let (_three, cloud) = logged(r#"[{"uuid":"e1","message":"bare"}]"#).await;
    assert_eq!(&*cloud.events(&ALL).await.unwrap()[0].key.id, "e1");
}

#[tokio::test]
async fn a_server_without_a_log_has_no_events_and_is_not_asked_again() {
    let server = server(|asked| asked.path.contains("log/list").then(|| Reply::new(404, ""))).await;
    let cloud = connected(&server).await;
    assert!(
        cloud.capabilities().events,
        "until the server says otherwise"
    );
    assert!(cloud.events(&ALL).await.unwrap().is_empty());
    assert!(cloud.vm_tasks(&known(WEB)).await.unwrap().is_empty());
    assert!(cloud.events(&ALL).await.unwrap().is_empty());
    assert_eq!(count(&server, "GET /rest/hosting/log/list/"), 1);
    assert!(!cloud.capabilities().events && !cloud.capabilities().tasks);
    cloud.connect().await.unwrap();
    assert!(
        cloud.capabilities().events,
        "it is looked for again after a sign-in"
    );
}

#[tokio::test]
async fn many_vms_ask_for_the_same_log_once() {
    let (server, cloud) = logged(fixture("log-list.response")).await;
    for _ in 0..3 {
        cloud.vm_tasks(&known(WEB)).await.unwrap();
        cloud.events(&ALL).await.unwrap();
    }
    assert_eq!(count(&server, "GET /rest/hosting/log/list/"), 1);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_an_error_and_no_empty_log() {
    let reply = Reply::new(500, "");
    let server = server(move |asked| asked.path.contains("log/list").then(|| reply.clone())).await;
    let cloud = connected(&server).await;
    assert!(matches!(
        cloud.events(&ALL).await,
        Err(Error::Unavailable { status: 500, .. })
    ));
    assert!(cloud.capabilities().events);
}
