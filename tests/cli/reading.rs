//! What is listed and shown.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Demo, SLOW, each, keys, named};

const VM_KEYS: &str = "cloud provider id uuid name native_name state power_state native_state deallocated protected \
    protection vapp vapp_id vapp_state restricted project tenant location host owner cpu ram_mib addresses created_at \
    warnings task actions";
const ACTION_KEYS: &str = "power_on shutdown power_off pause resume reset reboot protect unprotect suspend delete restore relocate \
    deploy undeploy snapshot move restrict";

fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words
}

fn words(text: &str) -> Vec<&str> {
    sorted(text.split_whitespace().collect())
}

#[test]
fn every_vm_has_every_key() {
    let demo = Demo::start(SLOW);
    let vms = demo.vmdeck(&["vms", "-o", "json"]).ends_with(0).json();
    for vm in vms.as_array().unwrap() {
        assert_eq!(sorted(keys(vm)), words(VM_KEYS), "{vm}");
        assert_eq!(sorted(keys(&vm["actions"])), words(ACTION_KEYS), "{vm}");
        assert!(
            vm["id"].is_string() && vm["addresses"].is_array() && vm["warnings"].is_u64(),
            "{vm}"
        );
    }
    let locked = vms.as_array().unwrap().iter();
    for vm in locked.filter(|vm| vm["power_state"] == "LOCKED") {
        assert!(vm["task"]["id"].is_string(), "what runs on it: {vm}");
    }
    let states = each(&vms, "state");
    for state in [
        "NOT_ALLOCATED",
        "ALLOCATED",
        "CONFIGURED",
        "ON",
        "PAUSED",
        "OFF",
        "LOCKED",
        "UNKNOWN",
        "MAINTENANCE",
    ] {
        assert!(states.contains(&state), "{state} in {states:?}");
    }
}

#[test]
fn a_protected_vm_is_in_maintenance_with_reason_and_author() {
    let demo = Demo::start(SLOW);
    let vms = demo
        .vmdeck(&["vms", "db-01", "-o", "json"])
        .ends_with(0)
        .json();
    let vm = named(&vms, "db-01");
    assert_eq!(
        (&vm["state"], &vm["power_state"]),
        (&json!("MAINTENANCE"), &json!("ON"))
    );
    let protection = &vm["protection"];
    assert_eq!(protection["reason"], "kernel update");
    assert_eq!(protection["by"], "Cloud Administrator");
    assert_eq!(protection["scope"], "cloud");
    assert!(
        protection["since"].as_str().unwrap().ends_with('Z'),
        "{protection}"
    );
    assert_eq!(
        vm["actions"]["protect"],
        "Already protected by Cloud Administrator: kernel update"
    );
}

#[test]
fn what_a_vm_is_and_where_it_stands() {
    let demo = Demo::start(SLOW);
    let vm = demo
        .vmdeck(&["show", "web-01", "-o", "json"])
        .ends_with(0)
        .json();
    for (key, expected) in [
        ("name", json!("web-01")),
        ("provider", json!("abiquo")),
        ("state", json!("ON")),
        ("vapp", json!("shop-front")),
        ("project", json!("larkfield-prod")),
        ("tenant", json!("Larkfield Retail")),
        ("cpu", json!(4)),
        ("ram_mib", json!(8192)),
        ("addresses", json!(["10.0.3.14"])),
        ("restricted", json!(false)),
        ("protection", Value::Null),
        ("task", Value::Null),
        ("warnings", json!(0)),
    ] {
        assert_eq!(vm[key], expected, "{key} of {vm}");
    }
    assert_eq!(vm["actions"]["power_on"], "It is on already");
    assert_eq!(vm["actions"]["power_off"], Value::Null);
    assert!(vm["actions"]["reboot"].is_string(), "the API has no reboot");
}

#[test]
fn show_asks_for_the_tasks_of_its_vm() {
    let demo = Demo::start(SLOW);
    let vm = demo
        .vmdeck(&["show", "runner-06", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["warnings"], 1, "a failure that nobody has acknowledged");
    let vm = demo
        .vmdeck(&["show", "batch-03", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["task"]["state"], "QUEUEING");
    assert_eq!(vm["task"]["kind"], "DEPLOY");
    let list = demo.vmdeck(&["show", "db-01"]).ends_with(0).out;
    assert!(
        list.contains("protection_reason  kernel update\n"),
        "{list}"
    );
}

#[test]
fn the_filter_looks_into_every_column() {
    let demo = Demo::start(SLOW);
    let names = |filter| {
        let json = demo
            .vmdeck(&["vms", filter, "-o", "json"])
            .ends_with(0)
            .json();
        each(&json, "name")
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("TRACK-API"),
        ["track-api-01", "track-api-02", "track-api-03"]
    );
    assert_eq!(names("storage migration"), ["db-03"]);
    assert_eq!(
        names("172.16.0.13"),
        Vec::<String>::new(),
        "a deallocated VM has no address"
    );
    assert_eq!(names("paused").len(), 3);
}

#[test]
fn every_format_has_the_same_vms() {
    let demo = Demo::start(SLOW);
    let of = |format| demo.vmdeck(&["vms", "-o", format]).ends_with(0).out;
    let json: Value = serde_json::from_str(&of("json")).unwrap();
    let vms = json.as_array().unwrap();
    let table = of("table");
    assert_eq!(table.lines().count(), vms.len() + 1);
    assert!(table.starts_with("CLOUD"), "{table}");
    let wide = of("wide");
    let header = |text: &str| text.lines().next().unwrap().split_whitespace().count();
    assert!(header(&wide) > header(&table));
    let ids: Vec<_> = vms
        .iter()
        .map(|vm| {
            format!(
                "{}/{}",
                vm["cloud"].as_str().unwrap(),
                vm["id"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(of("name").lines().collect::<Vec<_>>(), ids);
    let csv = of("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = |key: &str, headers: &csv::StringRecord| {
        headers.iter().position(|header| header == key).unwrap()
    };
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let states: Vec<_> = rows
        .iter()
        .map(|row| row[at("state", &headers)].to_owned())
        .collect();
    assert_eq!(states, each(&json, "state"));
}

#[test]
fn appliances_have_every_state_and_count_their_vms() {
    let demo = Demo::start(SLOW);
    let vapps = demo.vmdeck(&["vapps", "-o", "json"]).ends_with(0).json();
    let expected = words("cloud id name project state server_state restricted vms warnings");
    for vapp in vapps.as_array().unwrap() {
        assert_eq!(sorted(keys(vapp)), expected, "{vapp}");
    }
    for (name, state) in [
        ("shop-db", "DEPLOYED"),
        ("shop-front", "PARTIALLY_DEPLOYED"),
        ("nightly-batch", "LOCKED"),
        ("edge", "UNKNOWN"),
        ("templates", "UNDEPLOYED"),
        ("sandbox", "EMPTY"),
    ] {
        assert_eq!(named(&vapps, name)["state"], state, "{name}");
    }
    let db = named(&vapps, "shop-db");
    assert_eq!(
        (
            &db["vms"]["MAINTENANCE"],
            &db["vms"]["ON"],
            &db["vms"]["OFF"]
        ),
        (&json!(2), &json!(2), &json!(0))
    );
    assert_eq!(named(&vapps, "billing")["restricted"], true);
    assert_eq!(
        named(&vapps, "intranet")["server_state"],
        "PARTIALLY_DEPLOYED",
        "NEEDS_SYNC in our spelling"
    );
}

#[test]
fn events_are_newest_first_and_filtered_by_time_and_severity() {
    let demo = Demo::start(SLOW);
    let events = |args: &[&str]| {
        let args = [&["events", "-o", "json"], args].concat();
        demo.vmdeck(&args).ends_with(0).json()
    };
    let all = events(&[]);
    let expected =
        words("cloud id at severity source entity action vm vm_name performed_by user trace");
    for event in all.as_array().unwrap() {
        assert_eq!(sorted(keys(event)), expected, "{event}");
    }
    let times = each(&all, "at");
    assert!(
        times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );
    assert!(times.len() > 30);

    let errors = events(&["--severity", "error"]);
    assert_eq!(
        sorted(each(&errors, "vm_name")),
        ["report-01", "runner-06", "web-06", "wms-app-02"]
    );
    assert!(
        each(&errors, "severity")
            .iter()
            .all(|severity| *severity == "error")
    );
    let worse = events(&["--severity", "warning", "--since", "12h"]);
    assert_eq!(
        sorted(each(&worse, "vm_name")),
        ["cache-01", "web-06", "wms-app-02"]
    );
    let recent = events(&["--since", "1h"]);
    assert!(recent.as_array().unwrap().len() < times.len());
    let instant = times[5];
    let since = events(&["--since", instant]);
    assert!(each(&since, "at").iter().all(|at| *at >= instant));
}

#[test]
fn clouds_say_who_is_signed_in_and_how_many_vms_there_are() {
    let demo = Demo::start(SLOW);
    let clouds = demo.vmdeck(&["clouds", "-o", "json"]).ends_with(0).json();
    let cloud = &clouds[0];
    let expected = words(
        "cloud provider url environment status vms latency_ms age_seconds read_only user error",
    );
    assert_eq!(sorted(keys(cloud)), expected);
    assert_eq!(cloud["status"], "ok");
    assert_eq!(cloud["environment"], "demo");
    assert_eq!(cloud["user"], "admin");
    assert_eq!(cloud["error"], Value::Null);
    let vms = demo.vmdeck(&["vms", "-o", "name"]).out.lines().count();
    assert_eq!(cloud["vms"], vms);
    assert!(
        cloud["latency_ms"].is_u64() && cloud["age_seconds"].is_u64(),
        "{cloud}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let demo = Demo::start(&["--vms", "2000"]);
    let mut child = demo
        .command_on(&demo.config(), &["vms", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
