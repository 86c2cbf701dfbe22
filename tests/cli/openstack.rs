//! The demo's OpenStack from the command line: both regions, every project, as an administrator.

use serde_json::{Value, json};

use crate::harness::{Demo, Run, each, named};

fn on_openstack(demo: &Demo, args: &[&str]) -> Run {
    demo.vmdeck_on_all(&[args, &["--cloud", "openstack"]].concat())
}

fn shown(demo: &Demo, name: &str) -> Value {
    on_openstack(demo, &["show", name, "-o", "json"])
        .ends_with(0)
        .json()
}

/// An action that is done; its outcome.
fn done(demo: &Demo, args: &[&str]) -> Value {
    let args = [args, &["--yes", "-o", "json"]].concat();
    let outcome = on_openstack(demo, &args).ends_with(0).json();
    assert_eq!(outcome[0]["outcome"], "done", "{outcome}");
    outcome[0].clone()
}

#[test]
fn servers_of_both_regions_are_listed_under_their_stacks() {
    let demo = Demo::start(&[]);
    let vms = on_openstack(&demo, &["vms", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vms.as_array().unwrap().len(), 39);
    let db = named(&vms, "velo-db-01");
    assert_eq!(
        (&db["state"], &db["vapp"], &db["location"]),
        (
            &json!("MAINTENANCE"),
            &json!("velo-back"),
            &json!("eu-west")
        )
    );
    assert_eq!(named(&vms, "velo-web-n1")["location"], "eu-north");
    assert_eq!(named(&vms, "velo-cart-01")["power_state"], "PAUSED");
}

#[test]
fn a_server_is_stopped_started_locked_moved_and_copied_and_its_tasks_tell_so() {
    let demo = Demo::start(&["--pace", "20"]);
    let outcome = done(&demo, &["power", "shutdown", "velo-web-01"]);
    let task = outcome["task"].as_str().unwrap();
    assert!(task.contains("/req-"), "{task}");
    assert_eq!(shown(&demo, "velo-web-01")["native_state"], "SHUTOFF");
    done(&demo, &["power", "on", "velo-web-01"]);
    assert_eq!(shown(&demo, "velo-web-01")["native_state"], "ACTIVE");

    done(&demo, &["protect", "velo-web-01", "--reason", "patch day"]);
    let locked = shown(&demo, "velo-web-01");
    assert_eq!(
        (&locked["state"], &locked["protection"]["scope"]),
        (&json!("MAINTENANCE"), &json!("cloud"))
    );
    assert_eq!(locked["protection"]["reason"], "patch day");
    done(&demo, &["unprotect", "velo-web-01"]);
    assert_eq!(shown(&demo, "velo-web-01")["protection"], Value::Null);

    let hosts = on_openstack(&demo, &["relocate", "velo-web-01", "-o", "json"]);
    let hosts = hosts.ends_with(0).json();
    assert_eq!(each(&hosts, "name"), ["cmp-w02", "cmp-w03"]);
    done(&demo, &["relocate", "velo-web-01", "--to", "cmp-w03"]);
    assert_eq!(shown(&demo, "velo-web-01")["host"], "cmp-w03");
    let broken = ["power", "on", "velo-web-04", "--yes", "-o", "json"];
    let broken = on_openstack(&demo, &broken).ends_with(1).json();
    assert_eq!(broken[0]["outcome"], "failed", "{broken}");
    assert!(
        broken[0]["message"]
            .as_str()
            .unwrap()
            .contains("The port of the server cannot be bound on its host"),
        "{broken}"
    );
    done(&demo, &["snapshot", "velo-web-01", "--name", "copy"]);

    let tasks = on_openstack(&demo, &["tasks", "-o", "json"])
        .ends_with(0)
        .json();
    let of = |vm: &str| {
        let rows = tasks.as_array().unwrap().iter();
        rows.filter(|task| task["vm_name"] == vm)
            .map(|task| {
                (
                    task["kind"].as_str().unwrap(),
                    task["state"].as_str().unwrap(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("velo-web-01"),
        [
            ("SNAPSHOT", "FINISHED_SUCCESSFULLY"),
            ("RELOCATE", "FINISHED_SUCCESSFULLY"),
            ("UNPROTECT", "FINISHED_SUCCESSFULLY"),
            ("PROTECT", "FINISHED_SUCCESSFULLY"),
            ("POWER_ON", "FINISHED_SUCCESSFULLY"),
            ("SHUTDOWN", "FINISHED_SUCCESSFULLY"),
        ]
    );
    assert_eq!(of("velo-web-04"), [("POWER_ON", "FINISHED_UNSUCCESSFULLY")]);
}

#[test]
fn a_screen_is_a_page_for_a_browser_and_what_has_none_says_why() {
    let demo = Demo::start(&[]);
    let access = on_openstack(&demo, &["remote", "velo-web-01", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(access["protocol"], "vnc");
    let url = access["url"].as_str().unwrap();
    assert!(url.contains("/vnc_auto.html?path=%3Ftoken%3D"), "{url}");
    let none = on_openstack(&demo, &["remote", "velo-render-01"]).ends_with(3);
    assert!(none.err.contains("is not ready (req-"), "{}", none.err);
}

#[test]
fn a_cloud_that_tells_no_events_says_so_when_it_is_asked_for_them() {
    let demo = Demo::start(&[]);
    let run = on_openstack(&demo, &["events", "-o", "json"]).ends_with(0);
    assert_eq!(run.json(), json!([]));
    assert_eq!(
        run.err,
        "vmdeck: openstack: OpenStack tells no events; what was done to its VMs is told by `vmdeck tasks`\n"
    );
    let all = demo.vmdeck_on_all(&["events"]).ends_with(0);
    assert_eq!(all.err, "", "beside others it is no news");
}
