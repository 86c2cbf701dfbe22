//! Requests that wait for a review (10).

use serde_json::{Value, json};

use crate::api::{Api, job_states, path, refusal, rels, task_of};

const HARBOUR: &str = "/api/admin/enterprises/10/action/pendingtasks";

fn users(list: &Value) -> Vec<&str> {
    let tasks = list["collection"].as_array().unwrap().iter();
    tasks
        .map(|task| {
            let links = task["links"].as_array().unwrap();
            let user = links.iter().find(|link| link["rel"] == "user").unwrap();
            user["title"].as_str().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn where_requests_are_reviewed_a_deploy_waits_whoever_asks() {
    let api = Api::start();
    let vm = api.vm("web-06").await;
    let accepted = api.act("admin", &path(&vm, "deploy"), None).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("DEPLOY"), &json!("QUEUEING"))
    );
    assert_eq!(
        rels(&task),
        ["self", "parent", "cancel", "continue", "target", "user"]
    );
    assert_eq!(path(&task, "target"), path(&vm, "edit"));
    assert!(job_states(&task).iter().all(|job| job.1 == "PENDING"));
    api.pass(3_600);
    assert_eq!(api.vm("web-06").await["state"], "LOCKED");
    let events = api.events_of("web-06").await;
    assert_eq!(events[0].1, "WORKFLOW_DEPLOY_SEND");
    // A change of power does not wait.
    let vm = api.vm("web-05").await;
    let accepted = api.put_state("admin", &vm, r#"{"state":"ON"}"#).await;
    assert_eq!(task_of(&api, &accepted).await["state"], "PENDING");
}

#[tokio::test]
async fn what_is_continued_runs_and_what_is_cancelled_goes_back() {
    let api = Api::start();
    let vm = api.apart("rec-old").await;
    let accepted = api.act("admin", &path(&vm, "deploy"), None).await;
    let task = task_of(&api, &accepted).await;
    let answer = api
        .post("admin", &path(&task, "continue"), "agreed with Núria")
        .await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    api.pass(1);
    let running = api.get(&path(&task, "self"), "task").await;
    assert_eq!(running["state"], "STARTED");
    api.pass(30);
    let done = api.get(&path(&task, "self"), "task").await;
    assert_eq!(done["state"], "FINISHED_SUCCESSFULLY");
    assert_eq!(api.apart("rec-old").await["state"], "ON");
    let list = api.get("/api/events?entity=TASK&limit=1", "events").await;
    let event = &list["collection"][0];
    assert_eq!(
        (&event["entity"], &event["action"], &event["userName"]),
        (&json!("TASK"), &json!("DEPLOY_CONTINUE"), &json!("admin"))
    );
    assert!(
        event["message"]
            .as_str()
            .unwrap()
            .ends_with("agreed with Núria")
    );
    assert_eq!(event["entityName"], task["taskId"]);
    assert_eq!(event["entityURI"], path(&task, "self"));

    let waiting = api.apart("rec-app-01").await;
    let task = api.latest_task(&waiting).await;
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("UNDEPLOY"), &json!("QUEUEING"))
    );
    // A note is not needed, nor is a type for what is not there.
    let answer = api.act("admin", &path(&task, "cancel"), None).await;
    assert_eq!(answer.status, 204);
    assert_eq!(api.apart("rec-app-01").await["state"], "ON");
    let cancelled = api.get(&path(&task, "self"), "task").await;
    assert_eq!(cancelled["state"], "CANCELLED");
    assert_eq!(
        rels(&cancelled),
        ["self", "parent", "user", "virtualmachine"]
    );
    let list = api.get("/api/events?entity=TASK&limit=1", "events").await;
    assert_eq!(list["collection"][0]["action"], "UNDEPLOY_CANCEL");
    for rel in ["continue", "cancel"] {
        let address = format!("{}/action/{rel}", path(&task, "self"));
        let again = api.post("admin", &address, "").await;
        assert_eq!(refusal(&again), (409, "TASK-2".to_owned()));
    }
}

#[tokio::test]
async fn what_has_no_room_fails_once_it_may_run() {
    let api = Api::start();
    let vm = api.vm("web-06").await;
    let accepted = api.act("admin", &path(&vm, "deploy"), None).await;
    let task = task_of(&api, &accepted).await;
    api.post("admin", &path(&task, "continue"), "").await;
    api.pass(30);
    let failed = api.get(&path(&task, "self"), "task").await;
    assert_eq!(failed["state"], "FINISHED_UNSUCCESSFULLY");
    assert_eq!(
        job_states(&failed)[0],
        ("SCHEDULE", "FAILED", "ROLLBACK_DONE")
    );
    assert_eq!(api.vm("web-06").await["state"], "NOT_ALLOCATED");
}

#[tokio::test]
async fn own_requests_are_cancelled_by_anybody_all_else_needs_the_privilege() {
    let api = Api::start();
    let waiting = api.vm("batch-03").await;
    let others = api.latest_task(&waiting).await;
    for rel in ["cancel", "continue"] {
        let answer = api.post("support", &path(&others, rel), "").await;
        assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
        assert!(answer.text.contains("WORKFLOW_OVERRIDE"));
    }
    let vm = api.vm("web-06").await;
    let accepted = api.act("support", &path(&vm, "deploy"), None).await;
    let own = task_of(&api, &accepted).await;
    let answer = api.post("support", &path(&own, "continue"), "").await;
    assert_eq!(answer.status, 403, "asking is not approving");
    let answer = api
        .post("support", &path(&own, "cancel"), "never mind")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(api.vm("web-06").await["state"], "NOT_ALLOCATED");
    // The operator holds the privilege.
    let answer = api.post("operator", &path(&others, "continue"), "").await;
    assert_eq!(answer.status, 204);

    let missing = path(&waiting, "tasks") + "/3c9a6f10-77aa-4b1c-9d2e-202122232401/action/cancel";
    let answer = api.post("admin", &missing, "").await;
    assert_eq!(refusal(&answer), (404, "TASK-1".to_owned()));
    let finished = api.latest_task(&api.vm("web-05").await).await;
    let address = path(&finished, "self") + "/action/continue";
    let answer = api.post("admin", &address, "").await;
    assert_eq!(refusal(&answer), (409, "TASK-2".to_owned()));
}

#[tokio::test]
async fn what_waits_is_listed_by_tenant_and_by_user_in_parts() {
    let api = Api::start();
    let list = api.get(HARBOUR, "tasks").await;
    assert_eq!(
        (&list["totalSize"], users(&list)),
        (&json!(2), vec!["mfeld", "ibell"])
    );
    assert_eq!(rels(&list), ["self", "parent"]);
    let some = api
        .get(&format!("{HARBOUR}?startwith=1&limit=1"), "tasks")
        .await;
    assert_eq!(
        (&some["totalSize"], users(&some)),
        (&json!(2), vec!["ibell"])
    );
    let some = api.get(&format!("{HARBOUR}?has=MFE"), "tasks").await;
    assert_eq!(users(&some), ["mfeld"]);
    let none = api.get(&format!("{HARBOUR}?has=nobody"), "tasks").await;
    assert_eq!(none["collection"], json!([]));

    // What the administrator asks of another tenant's VM waits there, and among the own requests.
    let vm = api.apart("rec-old").await;
    api.act("admin", &path(&vm, "deploy"), None).await;
    let list = api.get(HARBOUR, "tasks").await;
    assert_eq!(users(&list), ["mfeld", "ibell", "admin"]);
    let me = api.get("/api/login", "user").await;
    let mine = api.get(&path(&me, "pendingtasks"), "tasks").await;
    assert_eq!(users(&mine), ["admin"]);
    let refused = api.get_as("support", HARBOUR, "tasks").await;
    assert_eq!(refusal(&refused), (403, "403-FORBIDDEN".to_owned()));
}
