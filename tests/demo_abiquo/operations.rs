use std::time::Duration;

use reqwest::{Method, header};
use serde_json::{Value, json};
use vmdeck::demo::{DemoError, DemoOptions, start};

use crate::api::{Api, job_states, link, path, rels, task_of};

#[tokio::test]
async fn power_off_locks_the_vm_runs_its_job_and_ends_in_an_event() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    let accepted = api.put_state("admin", &vm, r#"{"state":"OFF"}"#).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("POWER_OFF"), &json!("PENDING"))
    );
    assert_eq!(
        (&task["ownerId"], &task["userId"]),
        (&json!(vm["id"].to_string()), &json!("21"))
    );
    assert_eq!(
        task["creationTimestamp"], 1_752_480_000,
        "tasks count seconds"
    );
    assert_eq!(job_states(&task), [("POWER_OFF", "PENDING", "UNKNOWN")]);
    let locked = api.vm("web-01").await;
    assert_eq!(
        (&locked["state"], &locked["idState"]),
        (&json!("LOCKED"), &json!(7))
    );

    api.pass(1);
    let task = api.get(&path(&task, "self"), "task").await;
    assert_eq!(
        (&task["state"], job_states(&task)[0].1),
        (&json!("STARTED"), "STARTED")
    );
    assert_eq!(rels(&task), ["self", "parent", "user", "virtualmachine"]);

    api.pass(10);
    let task = api.get(&path(&task, "self"), "task").await;
    assert_eq!(
        (&task["state"], job_states(&task)[0].1),
        (&json!("FINISHED_SUCCESSFULLY"), "DONE")
    );
    assert_eq!(
        rels(&task),
        ["self", "parent", "result", "user", "virtualmachine"]
    );
    assert_eq!(api.vm("web-01").await["state"], "OFF");
    let list = api.get(&path(&vm, "tasks"), "tasks").await;
    assert_eq!(list["collection"], json!([task]));
    let events = api.events_of("web-01").await;
    assert_eq!(
        (events[0].0.as_str(), events[0].1.as_str()),
        ("INFO", "POWEROFF")
    );
    assert_eq!(events[1].1, "STATE");
}

#[tokio::test]
async fn each_change_has_its_own_kind_of_task_and_its_result() {
    let api = Api::start();
    for (name, body, kind, result) in [
        ("web-05", r#"{"state":"ON"}"#, "POWER_ON", "ON"),
        (
            "track-api-03",
            r#"{"state":"ON","links":[]}"#,
            "POWER_ON",
            "ON",
        ),
        ("web-01", r#"{"state":"PAUSED"}"#, "PAUSE", "PAUSED"),
        ("print-01", r#"{"state":"ON"}"#, "RESUME", "ON"),
        (
            "web-03",
            r#"{"state":"OFF","gracefulShutdown":true}"#,
            "SHUTDOWN",
            "OFF",
        ),
    ] {
        let vm = api.vm(name).await;
        let accepted = api.put_state("operator", &vm, body).await;
        assert_eq!(task_of(&api, &accepted).await["type"], kind, "{name}");
        api.pass(20);
        assert_eq!(api.vm(name).await["state"], result, "{name}");
    }
    let vm = api.vm("web-04").await;
    let accepted = api.post("admin", &path(&vm, "reset"), "").await;
    assert_eq!(task_of(&api, &accepted).await["type"], "RESET");
    api.pass(20);
    assert_eq!(api.vm("web-04").await["state"], "ON");
}

#[tokio::test]
async fn what_cannot_be_done_from_a_state_is_a_conflict_with_the_documented_code() {
    let api = Api::start();
    let (on, off, paused) = (
        r#"{"state":"ON"}"#,
        r#"{"state":"OFF"}"#,
        r#"{"state":"PAUSED"}"#,
    );
    for (name, body, code) in [
        ("web-01", on, "VM-4"),
        ("web-05", off, "VM-4"),
        ("web-05", paused, "VM-4"),
        ("print-01", off, "VM-4"),
        ("edge-09", on, "VM-4"),
        ("golden-debian", off, "VM-4"),
        ("golden-debian", on, "VM-11"),
        ("scanner-gw", on, "VM-11"),
        ("burst-01", paused, "VM-6"),
        ("batch-03", on, "VM-2"),
        ("batch-05", off, "VM-2"),
    ] {
        let vm = api.vm(name).await;
        let answer = api.put_state("admin", &vm, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, code),
            "{name} {body}"
        );
    }
    for (name, code) in [
        ("web-05", "VM-26"),
        ("print-01", "VM-26"),
        ("batch-05", "VM-2"),
    ] {
        let vm = api.vm(name).await;
        let answer = api.post("admin", &path(&vm, "reset"), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, code),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_vm_under_an_operation_takes_no_other() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    assert_eq!(
        api.put_state("admin", &vm, r#"{"state":"OFF"}"#)
            .await
            .status,
        202
    );
    for answer in [
        api.put_state("admin", &vm, r#"{"state":"OFF"}"#).await,
        api.post("admin", &path(&vm, "reset"), "").await,
        api.post("admin", &path(&vm, "protect"), "why not").await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "VM-2")
        );
    }
}

#[tokio::test]
async fn bodies_and_roles_are_checked_before_states() {
    let api = Api::start();
    let vm = api.vm("web-01").await;
    for state in ["LOCKED", "UNKNOWN", "MAINTENANCE", "off"] {
        let answer = api
            .put_state("admin", &vm, &json!({ "state": state }).to_string())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "VM-10"),
            "{state}"
        );
    }
    let answer = api.put_state("admin", &vm, "{").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (400, "400-BAD-REQUEST")
    );
    let answer = api.put_state("viewer", &vm, r#"{"state":"OFF"}"#).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (403, "403-FORBIDDEN")
    );
    for (media, code) in [
        ("application/json", "415-UNSUPPORTED-MEDIA-TYPE"),
        (
            "application/vnd.abiquo.virtualmachinestate+json; version=9.0",
            "415-UNSUPPORTED-MEDIA-TYPE-VERSION",
        ),
    ] {
        let request = api
            .bare(Method::PUT, &path(&vm, "state"))
            .basic_auth("admin", Some("demo"));
        let request = request
            .header(header::CONTENT_TYPE, media)
            .body(r#"{"state":"OFF"}"#);
        let answer = api.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (415, code)
        );
    }
    assert_eq!(api.vm("web-01").await["state"], "ON", "nothing happened");
}

#[tokio::test]
async fn a_task_of_another_user_is_acknowledged_by_who_manages_users_alone() {
    let api = Api::start();
    let vm = api.vm("web-02").await;
    let body = r#"{"state":"OFF","gracefulShutdown":true}"#;
    let accepted = api.put_state("admin", &vm, body).await;
    let task = path(&task_of(&api, &accepted).await, "self");
    api.pass(20);
    let seen = api.get_as("operator", &task, "task").await.json();
    assert_eq!(seen["state"], "FINISHED_UNSUCCESSFULLY");
    assert!(link(&seen, "acknowledge").is_none(), "{seen}");
    let ack = format!("{task}/action/ack");
    assert_eq!(api.post("operator", &ack, "").await.status, 403);
    let seen = api.get(&task, "task").await;
    assert_eq!(seen["state"], "FINISHED_UNSUCCESSFULLY");
    assert_eq!(path(&seen, "acknowledge"), ack);
    assert_eq!(api.post("admin", &ack, "").await.status, 204);

    // What the operator did, the administrator may acknowledge too.
    let accepted = api.put_state("operator", &vm, body).await;
    let task = path(&task_of(&api, &accepted).await, "self");
    api.pass(20);
    let ack = path(&api.get(&task, "task").await, "acknowledge");
    assert_eq!(api.post("admin", &ack, "").await.status, 204);
}

#[tokio::test]
async fn without_guest_tools_a_shutdown_is_accepted_fails_and_is_acknowledged_away() {
    let api = Api::start();
    let vm = api.vm("web-02").await;
    let accepted = api
        .put_state(
            "operator",
            &vm,
            r#"{"state":"OFF","gracefulShutdown":true}"#,
        )
        .await;
    let task = task_of(&api, &accepted).await;
    assert!(link(&task, "acknowledge").is_none(), "not while it runs");
    let running = path(&task, "self") + "/action/ack";
    let early = api.post("operator", &running, "").await;
    assert_eq!(
        (early.status.as_u16(), early.code().as_str()),
        (409, "TASK-2")
    );

    api.pass(20);
    let failed = api.get(&path(&task, "self"), "task").await;
    assert_eq!(
        (&failed["type"], &failed["state"]),
        (&json!("SHUTDOWN"), &json!("FINISHED_UNSUCCESSFULLY"))
    );
    assert_eq!(
        job_states(&failed),
        [("SHUTDOWN", "FAILED", "ROLLBACK_DONE")]
    );
    assert_eq!(
        rels(&failed),
        ["self", "parent", "acknowledge", "user", "virtualmachine"]
    );
    assert_eq!(api.vm("web-02").await["state"], "ON", "rolled back");
    let (severity, action, message) = api.events_of("web-02").await.remove(0);
    assert_eq!((severity.as_str(), action.as_str()), ("ERROR", "SHUTDOWN"));
    assert!(message.contains("guest tools are not running"), "{message}");

    let link_path = path(&failed, "acknowledge");
    assert!(link_path.ends_with("/action/ack"));
    let seen = api
        .get_as("viewer", &path(&task, "self"), "task")
        .await
        .json();
    assert!(
        link(&seen, "acknowledge").is_none(),
        "offered only to who may"
    );
    let refused = api.post("viewer", &link_path, "").await;
    assert_eq!(refused.status, 403);
    let answer = api.post("operator", &link_path, "").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let gone = api.get(&path(&task, "self"), "task").await;
    assert_eq!(gone["state"], "ACK_ERROR");
    assert!(link(&gone, "acknowledge").is_none());
    let again = api.post("operator", &link_path, "").await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (409, "TASK-2")
    );
    // A hard power off needs no guest tools.
    assert_eq!(
        api.put_state("operator", &vm, r#"{"state":"OFF"}"#)
            .await
            .status,
        202
    );
    api.pass(20);
    assert_eq!(api.vm("web-02").await["state"], "OFF");
}

#[tokio::test]
async fn appliances_and_datacenters_list_the_tasks_of_their_visible_vms() {
    let api = Api::start();
    let vm = api.vm("web-06").await;
    let datacenter = api
        .get(&path(&vm, "virtualdatacenter"), "virtualdatacenter")
        .await;
    let appliance = api
        .get(&path(&vm, "virtualappliance"), "virtualappliance")
        .await;
    let count = |list: &Value| list["totalSize"].as_u64().unwrap();
    assert_eq!(
        count(&api.get(&path(&appliance, "tasks"), "tasks").await),
        3
    );
    let before = count(&api.get(&path(&datacenter, "tasks"), "tasks").await);
    api.put_state("admin", &api.vm("ledger-sync").await, r#"{"state":"ON"}"#)
        .await;
    assert_eq!(
        count(&api.get(&path(&datacenter, "tasks"), "tasks").await),
        before + 1
    );
    let seen = api
        .get_as("operator", &path(&datacenter, "tasks"), "tasks")
        .await
        .json();
    assert_eq!(count(&seen), before, "what is restricted stays hidden");
}

#[tokio::test]
async fn an_unknown_task_is_missing() {
    let api = Api::start();
    let tasks = path(&api.vm("web-01").await, "tasks");
    let answer = api
        .get_as(
            "admin",
            &format!("{tasks}/3c9a6f10-77aa-4b1c-9d2e-202122232401"),
            "task",
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (404, "TASK-1")
    );
}

#[tokio::test]
async fn in_azure_a_hard_power_off_deallocates_and_a_graceful_one_does_not() {
    let api = Api::start();
    let (hard, graceful) = (api.vm("burst-01").await, api.vm("burst-02").await);
    assert_eq!(link(&hard, "nic0").unwrap()["title"], "172.16.0.11");
    let accepted = api.put_state("admin", &hard, r#"{"state":"OFF"}"#).await;
    assert_eq!(job_states(&task_of(&api, &accepted).await).len(), 2);
    api.put_state(
        "admin",
        &graceful,
        r#"{"state":"OFF","gracefulShutdown":true}"#,
    )
    .await;
    api.pass(30);
    let (hard, graceful) = (api.vm("burst-01").await, api.vm("burst-02").await);
    assert_eq!(
        (&hard["state"], &hard["deallocated"]),
        (&json!("OFF"), &json!(true))
    );
    assert_eq!(link(&hard, "nic0").unwrap()["title"], "");
    assert_eq!(
        (&graceful["state"], &graceful["deallocated"]),
        (&json!("OFF"), &json!(false))
    );
    assert_eq!(link(&graceful, "nic0").unwrap()["title"], "172.16.0.12");

    api.put_state("admin", &hard, r#"{"state":"ON"}"#).await;
    api.pass(30);
    let back = api.vm("burst-01").await;
    assert_eq!(
        (&back["state"], &back["deallocated"]),
        (&json!("ON"), &json!(false))
    );
    assert_eq!(link(&back, "nic0").unwrap()["title"], "172.16.0.11");
}

#[tokio::test]
async fn one_vm_waits_for_a_review_and_another_ends_its_deploy_after_a_minute() {
    let api = Api::start();
    let waiting = api.vm("batch-03").await;
    let tasks = api.get(&path(&waiting, "tasks"), "tasks").await;
    let task = &tasks["collection"][0];
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("DEPLOY"), &json!("QUEUEING"))
    );
    assert_eq!(
        rels(task),
        ["self", "parent", "cancel", "continue", "target", "user"]
    );
    let mine = api.get("/api/login", "user").await;
    let tenant = path(&mine, "enterprise");
    let pending = api
        .get(&format!("{tenant}/action/pendingtasks"), "tasks")
        .await;
    assert_eq!(
        (&pending["totalSize"], &pending["collection"][0]),
        (&json!(1), task)
    );

    let deploying = api.vm("batch-05").await;
    let tasks = api.get(&path(&deploying, "tasks"), "tasks").await;
    let states: Vec<_> = job_states(&tasks["collection"][0])
        .into_iter()
        .map(|(kind, state, _)| (kind, state))
        .collect();
    assert_eq!(
        states,
        [
            ("SCHEDULE", "DONE"),
            ("CONFIGURE", "STARTED"),
            ("POWER_ON", "PENDING")
        ]
    );
    api.pass(61);
    assert_eq!(api.vm("batch-05").await["state"], "ON");
    assert_eq!(api.events_of("batch-05").await[0].1, "DEPLOY_FINISH");
    assert_eq!(api.vm("batch-03").await["state"], "LOCKED");
}

#[tokio::test]
async fn the_deploy_that_failed_for_lack_of_capacity_waits_to_be_acknowledged() {
    let api = Api::start();
    let vm = api.vm("web-06").await;
    assert_eq!(vm["state"], "NOT_ALLOCATED");
    let tasks = api.get(&path(&vm, "tasks"), "tasks").await;
    let task = &tasks["collection"][0];
    assert_eq!(
        (&task["type"], &task["state"]),
        (&json!("DEPLOY"), &json!("FINISHED_UNSUCCESSFULLY"))
    );
    assert_eq!(job_states(task)[0], ("SCHEDULE", "FAILED", "ROLLBACK_DONE"));
    assert_eq!(
        api.post("admin", &path(task, "acknowledge"), "")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn events_of_operations_stand_in_the_order_in_which_they_ended() {
    let api = Api::start();
    let (slow, fast) = (api.vm("web-03").await, api.vm("web-04").await);
    api.put_state("admin", &slow, r#"{"state":"OFF","gracefulShutdown":true}"#)
        .await;
    api.put_state("admin", &fast, r#"{"state":"PAUSED"}"#).await;
    api.pass(600);
    let events = api.get("/api/events?limit=0&asc=true", "events").await;
    let all = events["collection"].as_array().unwrap();
    let times: Vec<_> = all
        .iter()
        .map(|event| event["timestamp"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted());
    let at = |name: &str, action: &str| {
        all.iter()
            .rposition(|event| event["entityName"] == name && event["action"] == action)
            .unwrap()
    };
    assert!(at("web-04", "PAUSE") < at("web-03", "SHUTDOWN"));
    assert_eq!(
        all[at("web-04", "PAUSE")]["context"],
        all[at("web-04", "STATE")]["context"]
    );
}

#[tokio::test]
async fn pace_makes_operations_faster_and_infinity_instant() {
    let twice = Api::with(&DemoOptions {
        pace: 2.0,
        ..DemoOptions::default()
    });
    twice
        .put_state("admin", &twice.vm("web-01").await, r#"{"state":"OFF"}"#)
        .await;
    twice.clock.advance(Duration::from_millis(2_200));
    assert_eq!(
        twice.vm("web-01").await["state"],
        "OFF",
        "3 s, a fifth more at most, halved"
    );

    let at_once = Api::with(&DemoOptions {
        pace: f64::INFINITY,
        ..DemoOptions::default()
    });
    let accepted = at_once
        .put_state("admin", &at_once.vm("web-01").await, r#"{"state":"OFF"}"#)
        .await;
    assert_eq!(
        task_of(&at_once, &accepted).await["state"],
        "FINISHED_SUCCESSFULLY"
    );
}

#[test]
fn a_pace_that_moves_nothing_is_refused() {
    for pace in [0.0, -1.0, f64::NAN] {
        let options = DemoOptions {
            pace,
            ..DemoOptions::default()
        };
        assert!(matches!(start(&options), Err(DemoError::Pace(_))));
    }
}
