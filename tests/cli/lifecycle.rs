//! Deploy, move, review, relocate, delete: what each says, refuses and leaves behind.

use serde_json::Value;

use crate::harness::{Demo, FAST, each, named};

fn message(json: &Value) -> &str {
    json[0]["message"].as_str().unwrap()
}

#[test]
fn a_deploy_needs_force_only_where_the_cloud_asks() {
    let demo = Demo::start(FAST);
    let run = demo.vmdeck(&["deploy", "golden-debian", "golden-windows", "-o", "json"]);
    let json = run.ends_with(1).json();
    assert_eq!(each(&json, "outcome"), ["done", "refused"]);
    let asked = json[1]["message"].as_str().unwrap();
    assert!(
        asked.contains("SOFT_LIMIT_EXCEEDED") && asked.contains("--force"),
        "{asked}"
    );
    let run = demo
        .vmdeck(&["deploy", "golden-windows", "--yes"])
        .ends_with(1);
    assert!(run.out.contains("--force"), "a yes is no force: {run:?}");

    let run = demo.vmdeck(&["undeploy", "golden-debian"]).ends_with(2);
    assert!(run.err.contains("--yes") && run.out.is_empty(), "{run:?}");
    demo.vmdeck(&["undeploy", "golden-debian", "--yes"])
        .ends_with(0);
    demo.vmdeck(&["deploy", "golden-windows", "--force"])
        .ends_with(0);

    let run = demo
        .vmdeck(&["deploy", "--vapp", "templates", "-o", "json"])
        .ends_with(0);
    assert!(
        run.err.contains("is for golden-debian, golden-rocky alone"),
        "what is on already is left alone: {run:?}"
    );
    assert_eq!(run.json()[0]["outcome"], "done");
    let again = demo
        .vmdeck(&["deploy", "--vapp", "templates", "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(message(&again), "It is deployed: nothing to deploy");
}

#[test]
fn what_waits_for_a_review_says_so_and_is_decided() {
    let demo = Demo::start(FAST);
    let wait = ["--timeout", "4", "-o", "json"];
    let held = demo
        .vmdeck(&[&["deploy", "web-06"], &wait[..]].concat())
        .ends_with(1)
        .json();
    assert_eq!(held[0]["outcome"], "accepted");
    assert!(
        message(&held).starts_with("Deploy waits to be reviewed, as task abiquo/"),
        "{held}"
    );
    let task = held[0]["task"].as_str().unwrap();
    let listed = demo.vmdeck(&["workflow", "-o", "json"]).ends_with(0).json();
    assert!(each(&listed, "id").contains(&task), "{listed}");

    let viewer = demo.configured(&[("abiquo", demo.url(), "viewer", "")]);
    demo.vmdeck_on(&viewer, &["workflow", "approve", task])
        .ends_with(2);
    let approved = demo
        .vmdeck(&[
            "workflow",
            "approve",
            task,
            "--note",
            "room was found",
            "-o",
            "json",
        ])
        .ends_with(0)
        .json();
    assert_eq!(approved[0]["outcome"], "done");
    let failed = demo
        .vmdeck(&["tasks", "--failed", "-o", "json"])
        .ends_with(0)
        .json();
    assert!(
        each(&failed, "id").contains(&task),
        "no host has room: {failed}"
    );
    let events = demo.vmdeck(&[
        "events",
        "--vm",
        "web-06",
        "--text",
        "none has room",
        "-o",
        "json",
    ]);
    assert!(!events.ends_with(0).json().as_array().unwrap().is_empty());
}

#[test]
fn a_move_stays_in_the_project() {
    let demo = Demo::start(FAST);
    let run = demo
        .vmdeck(&["move", "web-01", "--to", "templates"])
        .ends_with(1);
    let told = run.out.clone() + &run.err;
    assert!(
        told.contains("templates is of another project; moving there is not available"),
        "{run:?}"
    );
    demo.vmdeck(&["move", "golden-debian", "--to", "tracking"])
        .ends_with(0);
    let vm = demo
        .vmdeck(&["show", "golden-debian", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["vapp"], "tracking");
}

#[test]
fn hosts_are_listed_for_who_may_relocate() {
    let demo = Demo::start(FAST);
    let hosts = demo
        .vmdeck(&["relocate", "web-01", "-o", "json"])
        .ends_with(0)
        .json();
    let host = named(&hosts, "esx-bcn-02");
    assert!(
        host["cpus"].is_number() && host["ram_mib"].is_number(),
        "{host}"
    );
    let run = demo
        .vmdeck(&["relocate", "web-01", "--to", "nohost"])
        .ends_with(2);
    assert!(run.err.contains("it can go to: esx-bcn-02"), "{run:?}");
    demo.vmdeck(&["relocate", "web-01", "--to", "esx-bcn-02"])
        .ends_with(0);
    let vm = demo
        .vmdeck(&["show", "web-01", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["host"], "esx-bcn-02");
    let viewer = demo.configured(&[("abiquo", demo.url(), "viewer", "")]);
    for (args, lacks) in [
        (&["relocate", "web-01"][..], "VM_RELOCATE"),
        (&["undeploy", "web-01", "--yes"], "VAPP_DEPLOY_UNDEPLOY"),
    ] {
        let run = demo.vmdeck_on(&viewer, args).ends_with(1);
        let said = format!("{}{}", run.out, run.err);
        assert!(said.contains(&format!("our role lacks {lacks}")), "{run:?}");
    }
}

#[test]
fn the_password_of_a_screen_is_shown_only_when_it_is_asked_for() {
    let demo = Demo::start(FAST);
    let hidden = demo
        .vmdeck(&["remote", "web-01", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(
        (&hidden["has_password"], &hidden["password"]),
        (&Value::Bool(true), &Value::Null)
    );
    let shown = demo
        .vmdeck(&["remote", "web-01", "--reveal", "-o", "json"])
        .ends_with(0)
        .json();
    assert!(
        shown["password"].as_str().is_some_and(|it| !it.is_empty()),
        "{shown}"
    );
}

#[test]
fn a_delete_asks_and_takes_an_action_plan_by_force_only() {
    let demo = Demo::start(FAST);
    let run = demo.vmdeck(&["delete", "web-01"]).ends_with(2);
    assert!(run.err.contains("--yes") && run.out.is_empty(), "{run:?}");
    let asked = demo
        .vmdeck(&["delete", "batch-04", "--yes", "-o", "json"])
        .ends_with(1)
        .json();
    assert!(
        message(&asked).contains("VM-167") && message(&asked).contains("--force"),
        "{asked}"
    );
    let done = demo
        .vmdeck(&["delete", "golden-rocky", "--yes", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(done[0]["outcome"], "done");
    demo.vmdeck(&["show", "golden-rocky"]).ends_with(2);
}

#[test]
fn appliances_are_made_restricted_changed_and_removed() {
    let demo = Demo::start(FAST);
    let shown = || {
        let vapps = demo.vmdeck(&["vapps", "-o", "json"]).ends_with(0).json();
        let mut vapps = vapps.as_array().unwrap().iter();
        vapps.find(|vapp| vapp["name"] == "till").cloned()
    };
    demo.vmdeck(&[
        "vapp",
        "create",
        "till",
        "--project",
        "tidewater-core",
        "--restricted",
    ])
    .ends_with(0);
    assert_eq!(shown().unwrap()["restricted"], true);
    demo.vmdeck(&["vapp", "edit", "till", "--restricted", "false"])
        .ends_with(0);
    assert_eq!(shown().unwrap()["restricted"], false);
    demo.vmdeck(&["vapp", "delete", "till", "--yes"])
        .ends_with(0);
    assert_eq!(shown(), None);
    let group = demo
        .vmdeck(&["vapp", "restrict", "runner-02", "-o", "json"])
        .ends_with(1)
        .json();
    assert!(message(&group).contains("VM-166"), "{group}");
}
