//! Power and protection.

use serde_json::{Value, json};

use crate::harness::{Demo, FAST, SLOW, each};

fn state(demo: &Demo, vm: &str) -> String {
    let vm = demo.vmdeck(&["show", vm, "-o", "json"]).ends_with(0).json();
    vm["state"].as_str().unwrap().to_owned()
}

#[test]
fn power_off_needs_yes_where_nobody_can_be_asked() {
    let demo = Demo::start(FAST);
    let run = demo.vmdeck(&["power", "off", "web-01"]).ends_with(2);
    assert!(
        run.err.contains("--yes") && run.err.contains("web-01"),
        "{run:?}"
    );
    assert_eq!(run.out, "");
    assert_eq!(state(&demo, "web-01"), "ON", "nothing was sent");

    let done = demo
        .vmdeck(&["power", "off", "web-01", "--yes", "-o", "json"])
        .ends_with(0)
        .json();
    let outcome = &done[0];
    let mut keys: Vec<_> = outcome
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "action", "cloud", "id", "message", "name", "outcome", "task"
        ]
    );
    assert_eq!(outcome["action"], "power_off");
    assert_eq!(
        (&outcome["name"], &outcome["outcome"]),
        (&json!("web-01"), &json!("done"))
    );
    assert!(outcome["task"].is_string(), "{outcome}");
    assert_eq!(state(&demo, "web-01"), "OFF");
    demo.vmdeck(&["power", "on", "web-01"]).ends_with(0);
    assert_eq!(state(&demo, "web-01"), "ON");
}

#[test]
fn pause_and_resume_do_not_ask_outside_production() {
    let demo = Demo::start(FAST);
    demo.vmdeck(&["power", "pause", "web-01"]).ends_with(0);
    assert_eq!(state(&demo, "web-01"), "PAUSED");
    demo.vmdeck(&["power", "resume", "web-01"]).ends_with(0);
    assert_eq!(state(&demo, "web-01"), "ON");
    let run = demo
        .vmdeck(&["power", "reboot", "web-01", "-o", "json"])
        .ends_with(1);
    assert_eq!(run.json()[0]["outcome"], "refused", "the API has no reboot");
    demo.vmdeck(&["power", "reset", "web-01"]).ends_with(2);
    demo.vmdeck(&["power", "reset", "web-01", "--yes"])
        .ends_with(0);
}

#[test]
fn production_asks_before_a_shutdown() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[("prod", demo.url(), "admin", "environment = \"production\"")]);
    let run = demo
        .vmdeck_on(&config, &["power", "shutdown", "web-01"])
        .ends_with(2);
    assert!(
        run.err.contains("--yes") && run.err.contains("production"),
        "{run:?}"
    );
    demo.vmdeck_on(&config, &["power", "shutdown", "web-01", "--yes"])
        .ends_with(0);
    assert_eq!(state(&demo, "web-01"), "OFF");
}

#[test]
fn one_refusal_does_not_stop_the_others_and_each_vm_is_acted_on_once() {
    let demo = Demo::start(FAST);
    let cloud = demo.ready["clouds"][0]["name"].as_str().unwrap();
    let same = format!("{cloud}/web-05");
    let run = demo.vmdeck(&[
        "power", "on", "web-05", "web-01", "batch-04", &same, "-o", "json",
    ]);
    let json = run.ends_with(1).json();
    assert_eq!(each(&json, "name"), ["web-05", "web-01", "batch-04"]);
    assert_eq!(each(&json, "outcome"), ["done", "refused", "done"]);
    assert_eq!(json[1]["message"], "It is on already");
    assert_eq!(state(&demo, "batch-04"), "ON");
}

#[test]
fn with_one_unknown_name_nothing_is_sent() {
    let demo = Demo::start(FAST);
    let run = demo
        .vmdeck(&["power", "on", "web-05", "web-5O", "nobody"])
        .ends_with(2);
    assert_eq!(run.err.lines().count(), 2, "every mistake is told: {run:?}");
    assert_eq!(run.out, "");
    assert_eq!(state(&demo, "web-05"), "OFF");
}

#[test]
fn protect_with_a_reason_that_stands_and_unprotect() {
    let demo = Demo::start(FAST);
    for empty in ["", "  ", "\n"] {
        demo.vmdeck(&["protect", "web-01", "--reason", empty])
            .ends_with(2);
    }
    let done = demo
        .vmdeck(&[
            "protect",
            "web-01",
            "--reason",
            " disk\n swap ",
            "-o",
            "json",
        ])
        .ends_with(0);
    assert_eq!(done.json()[0]["action"], "protect");
    let shown = || {
        demo.vmdeck(&["show", "web-01", "-o", "json"])
            .ends_with(0)
            .json()
    };
    let vm = shown();
    assert_eq!(
        (&vm["state"], &vm["power_state"]),
        (&json!("MAINTENANCE"), &json!("ON"))
    );
    assert_eq!(
        (&vm["protection"]["reason"], &vm["protection"]["by"]),
        (&json!("disk swap"), &json!("Cloud Administrator"))
    );

    let again = demo
        .vmdeck(&["protect", "web-01", "--reason", "another", "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(again[0]["outcome"], "refused");
    assert!(
        again[0]["message"].as_str().unwrap().contains("disk swap"),
        "{again}"
    );
    assert_eq!(
        shown()["protection"]["reason"],
        "disk swap",
        "the reason that stands is kept"
    );

    let asked = demo.vmdeck(&["power", "pause", "web-01"]).ends_with(2);
    assert!(
        asked
            .err
            .contains("protected by Cloud Administrator: disk swap"),
        "{asked:?}"
    );
    demo.vmdeck(&["unprotect", "web-01"]).ends_with(0);
    let vm = shown();
    assert_eq!(
        (&vm["state"], &vm["protection"]),
        (&json!("ON"), &Value::Null)
    );
    let again = demo
        .vmdeck(&["unprotect", "web-01", "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(again[0]["message"], "It is not protected");
}

#[test]
fn who_lacks_the_privilege_is_refused_before_being_asked() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[("demo", demo.url(), "operator", "")]);
    let run = demo
        .vmdeck_on(&config, &["power", "off", "db-01", "-o", "json"])
        .ends_with(1);
    let message = run.json()[0]["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("kernel update") && message.contains("VM_PROTECT_ACTION"),
        "{message}"
    );
}

#[test]
fn a_read_only_cloud_refuses_before_it_asks() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[("demo", demo.url(), "admin", "read_only = true")]);
    let json = demo
        .vmdeck_on(&config, &["power", "off", "web-01", "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(json[0]["outcome"], "refused");
    assert!(
        json[0]["message"].as_str().unwrap().contains("read-only"),
        "{json}"
    );
    let run = demo
        .vmdeck_on(&config, &["power", "off", "web-01", "-o", "name"])
        .ends_with(1);
    assert!(
        run.err.contains("web-01") && run.err.contains("read-only"),
        "{run:?}"
    );
    assert_eq!(state(&demo, "web-01"), "ON");
}

#[test]
fn without_waiting_it_is_done_when_it_is_accepted() {
    let demo = Demo::start(SLOW);
    let json = demo
        .vmdeck(&["power", "on", "web-05", "--no-wait", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(json[0]["outcome"], "accepted");
    let task = json[0]["task"].as_str().unwrap();
    let running = demo
        .vmdeck(&["show", "web-05", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(running["task"]["id"], task);
    assert_eq!(running["state"], "LOCKED");
}

#[test]
fn what_still_runs_when_the_waiting_ends_is_told_with_its_task() {
    let demo = Demo::start(SLOW);
    let json = demo
        .vmdeck(&["power", "on", "web-05", "--timeout", "4", "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(json[0]["outcome"], "accepted");
    let (task, message) = (
        json[0]["task"].as_str().unwrap(),
        json[0]["message"].as_str().unwrap(),
    );
    assert!(
        message.contains(task) && message.contains("4 s"),
        "{message}"
    );
}
