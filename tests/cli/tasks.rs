//! Tasks, failures and their acknowledgement.

use serde_json::Value;

use crate::harness::{Demo, FAST, each, keys, named};

fn failed(demo: &Demo) -> Value {
    demo.vmdeck(&["tasks", "--failed", "-o", "json"])
        .ends_with(0)
        .json()
}

#[test]
fn tasks_are_the_unfinished_ones_and_those_of_the_last_day() {
    let demo = Demo::start(FAST);
    let tasks = demo.vmdeck(&["tasks", "-o", "json"]).ends_with(0).json();
    for task in tasks.as_array().unwrap() {
        let mut found = keys(task);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "acknowledgeable",
                "cloud",
                "created_at",
                "id",
                "jobs",
                "kind",
                "state",
                "subject",
                "updated_at",
                "user",
                "vm",
                "vm_name"
            ],
            "{task}"
        );
    }
    let of = |vm: &str| {
        let mut tasks = tasks.as_array().unwrap().iter();
        tasks.find(|task| task["vm_name"] == vm)
    };
    assert_eq!(of("batch-03").unwrap()["state"], "QUEUEING");
    assert_eq!(of("db-03").unwrap()["state"], "FINISHED_SUCCESSFULLY");
    assert_eq!(of("track-api-02"), None, "it ended two days ago");
    assert_eq!(of("report-01"), None, "acknowledged, and older than a day");
    let jobs = of("web-06").unwrap()["jobs"].as_array().unwrap();
    assert_eq!(jobs[0]["state"], "FAILED");
    let mut found = keys(&jobs[0]);
    found.sort_unstable();
    assert_eq!(found, ["description", "kind", "rollback_state", "state"]);
}

#[test]
fn a_failed_shutdown_is_told_listed_and_acknowledged() {
    let demo = Demo::start(FAST);
    let before = failed(&demo).as_array().unwrap().len();
    let run = demo
        .vmdeck(&["power", "shutdown", "web-02", "-o", "json"])
        .ends_with(1);
    let json = run.json();
    assert_eq!(json[0]["outcome"], "failed");
    assert!(json[0]["message"].is_string(), "{json}");
    let id = json[0]["task"].as_str().unwrap();

    let tasks = failed(&demo);
    assert_eq!(tasks.as_array().unwrap().len(), before + 1);
    let task = tasks
        .as_array()
        .unwrap()
        .iter()
        .find(|task| task["id"] == id)
        .unwrap();
    assert_eq!(task["kind"], "SHUTDOWN");
    assert_eq!(task["state"], "FINISHED_UNSUCCESSFULLY");
    assert_eq!(task["acknowledgeable"], true);
    assert_eq!(task["jobs"][0]["state"], "FAILED");
    assert_eq!(task["jobs"][0]["rollback_state"], "ROLLBACK_DONE");
    let vm = demo
        .vmdeck(&["show", "web-02", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(
        (vm["state"].as_str(), vm["warnings"].as_u64()),
        (Some("ON"), Some(1))
    );

    let done = demo.vmdeck(&["ack", id, "-o", "json"]).ends_with(0).json();
    assert_eq!(done[0]["action"], "acknowledge");
    assert_eq!(
        (done[0]["name"].as_str(), done[0]["outcome"].as_str()),
        (Some("web-02"), Some("done"))
    );
    assert_eq!(done[0]["task"], id);
    assert_eq!(failed(&demo).as_array().unwrap().len(), before);
    let vm = demo
        .vmdeck(&["show", "web-02", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["warnings"], 0);
    demo.vmdeck(&["ack", id]).ends_with(0);
}

#[test]
fn the_names_of_failed_tasks_can_be_acknowledged() {
    let demo = Demo::start(FAST);
    let names = demo
        .vmdeck(&["tasks", "--failed", "-o", "name"])
        .ends_with(0)
        .out;
    let names: Vec<_> = names.lines().collect();
    assert_eq!(names.len(), 3);
    demo.vmdeck(&[&["ack"], &names[..]].concat()).ends_with(0);
    assert_eq!(failed(&demo), Value::Array(Vec::new()));
}

#[test]
fn all_of_a_vm_and_all_there_are_can_be_acknowledged() {
    let demo = Demo::start(FAST);
    let done = demo
        .vmdeck(&["ack", "--vm", "web-06", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(each(&done, "name"), ["web-06"]);
    assert_eq!(each(&failed(&demo), "vm_name"), ["wms-app-02", "runner-06"]);
    let done = demo
        .vmdeck(&["ack", "--all", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(named(&done, "runner-06")["outcome"], "done");
    assert_eq!(failed(&demo), Value::Array(Vec::new()));
    let nothing = demo.vmdeck(&["ack", "--all", "-o", "json"]).ends_with(0);
    assert_eq!(nothing.out, "[]\n");
    for command in ["vms", "vapps"] {
        let all = demo.vmdeck(&[command, "-o", "json"]).ends_with(0).json();
        let of = |one: &Value| one["warnings"].as_u64().unwrap();
        let warnings: u64 = all.as_array().unwrap().iter().map(of).sum();
        assert_eq!(warnings, 0, "{command}: what is acknowledged is no warning");
    }
}

#[test]
fn an_unknown_task_is_wrong_usage_and_a_good_one_cannot_be_acknowledged() {
    let demo = Demo::start(FAST);
    demo.vmdeck(&["ack", "no-such-task"]).ends_with(2);
    let tasks = demo.vmdeck(&["tasks", "-o", "json"]).ends_with(0).json();
    let mut good = tasks.as_array().unwrap().iter();
    let good = good
        .find(|task| task["state"] == "FINISHED_SUCCESSFULLY")
        .unwrap();
    let run = demo
        .vmdeck(&["ack", good["id"].as_str().unwrap(), "-o", "json"])
        .ends_with(1);
    assert_eq!(run.json()[0]["outcome"], "refused");
}
