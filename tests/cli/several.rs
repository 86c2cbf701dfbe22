//! Several clouds, some of which do not answer.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{Demo, FAST, each};

/// Where nobody listens.
fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/api", listener.local_addr().unwrap())
}

#[test]
fn the_same_name_on_two_clouds_needs_the_cloud() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[
        ("a", demo.url(), "admin", ""),
        ("b", demo.url(), "admin", ""),
    ]);
    let run = demo
        .vmdeck_on(&config, &["power", "on", "web-05"])
        .ends_with(2);
    assert!(
        run.err.contains("a/") && run.err.contains("b/"),
        "the candidates are listed: {run:?}"
    );
    demo.vmdeck_on(&config, &["show", "web-05", "--cloud", "a"])
        .ends_with(0);
    let done = demo
        .vmdeck_on(&config, &["power", "on", "b/web-05", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(done[0]["cloud"], "b");
    let run = demo
        .vmdeck_on(&config, &["vms", "--cloud", "c"])
        .ends_with(2);
    assert!(run.err.contains("a, b"), "{run:?}");
    let run = demo
        .vmdeck_on(&config, &["show", "a/web-05", "--cloud", "b"])
        .ends_with(2);
    assert!(run.err.contains("--cloud"), "{run:?}");
}

#[test]
fn the_rest_is_printed_when_a_cloud_cannot_be_read() {
    let demo = Demo::start(FAST);
    let dead = dead();
    let config = demo.configured(&[
        ("live", demo.url(), "admin", ""),
        ("dead", &dead, "admin", ""),
    ]);
    for command in ["vms", "vapps", "tasks", "events"] {
        let run = demo
            .vmdeck_on(&config, &[command, "-o", "json"])
            .ends_with(3);
        assert_eq!(run.err.lines().count(), 1, "one sentence: {run:?}");
        assert!(run.err.starts_with("vmdeck: dead: "), "{run:?}");
        let clouds = run.json();
        assert!(!each(&clouds, "cloud").is_empty());
        assert!(
            each(&clouds, "cloud").iter().all(|cloud| *cloud == "live"),
            "{command}"
        );
    }
    let clouds = demo
        .vmdeck_on(&config, &["clouds", "-o", "json"])
        .ends_with(3)
        .json();
    assert_eq!(each(&clouds, "status"), ["ok", "failing"]);
    assert_eq!(
        (&clouds[1]["vms"], &clouds[1]["user"]),
        (&Value::Null, &Value::Null)
    );
    assert!(clouds[1]["error"].is_string());
    demo.vmdeck_on(&config, &["vms", "--cloud", "live"])
        .ends_with(0);
}

#[test]
fn a_bare_name_waits_for_every_cloud_and_a_full_one_for_its_own() {
    let demo = Demo::start(FAST);
    let dead = dead();
    let config = demo.configured(&[
        ("live", demo.url(), "admin", ""),
        ("dead", &dead, "admin", ""),
    ]);
    let run = demo
        .vmdeck_on(&config, &["power", "on", "web-05"])
        .ends_with(3);
    assert_eq!(run.out, "", "nothing was sent");
    demo.vmdeck_on(&config, &["power", "on", "dead/web-05"])
        .ends_with(3);
    demo.vmdeck_on(&config, &["power", "on", "live/web-05"])
        .ends_with(0);
}

#[test]
fn wrong_credentials_are_told_apart_from_silence() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[("mine", demo.url(), "stranger", "")]);
    let run = demo
        .vmdeck_on(&config, &["clouds", "-o", "json"])
        .ends_with(3);
    assert_eq!(run.json()[0]["status"], json!("sign_in_refused"));
    let run = demo.vmdeck_on(&config, &["vms"]).ends_with(3);
    assert!(run.err.starts_with("vmdeck: mine: "), "{run:?}");
}

#[test]
fn a_cloud_that_takes_too_long_is_told_and_the_rest_is_printed() {
    let demo = Demo::start(FAST);
    // Connections are taken in by the system, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", silent.local_addr().unwrap());
    let config = demo.configured(&[
        ("live", demo.url(), "admin", ""),
        ("slow", &url, "admin", ""),
    ]);
    let run = demo
        .vmdeck_on(&config, &["clouds", "-o", "json", "--timeout", "4"])
        .ends_with(3);
    assert_eq!(each(&run.json(), "status"), ["ok", "failing"]);
    assert!(
        run.err.contains("slow") && run.err.contains("--timeout"),
        "{run:?}"
    );
}
