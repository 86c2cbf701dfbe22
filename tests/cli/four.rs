//! The four demo clouds, one of each kind, in one list and under one set of words.

use serde_json::Value;

use crate::harness::Demo;

/// The clouds that have no appliances, each with what keeps its VMs off: ZStack's high availability starts some again.
const OTHERS: [(&str, &[&str]); 3] = [("zstack", &["--keep-off"]), ("ecp", &[]), ("scloudm", &[])];

fn running(demo: &Demo, cloud: &str) -> String {
    let vms = demo
        .vmdeck_on_all(&["vms", "-o", "json", "--cloud", cloud])
        .ends_with(0)
        .json();
    let on = |vm: &&Value| {
        vm["state"] == "ON"
            && vm["actions"]["power_off"].is_null()
            && vm["actions"]["protect"].is_null()
    };
    let vm = vms.as_array().unwrap().iter().find(on).unwrap();
    format!("{cloud}/{}", vm["id"].as_str().unwrap())
}

#[test]
fn all_four_are_in_one_list_with_the_same_keys() {
    let demo = Demo::start(&[]);
    let vms = demo
        .vmdeck_on_all(&["vms", "-o", "json"])
        .ends_with(0)
        .json();
    let vms = vms.as_array().unwrap();
    let keys = |vm: &Value| vm.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for cloud in ["abiquo", "zstack", "ecp", "scloudm"] {
        let own: Vec<_> = vms.iter().filter(|vm| vm["cloud"] == cloud).collect();
        assert!(own.len() > 20, "{cloud}");
        assert!(own.iter().all(|vm| keys(vm) == keys(&vms[0])), "{cloud}");
    }
}

#[test]
fn each_is_protected_refuses_and_is_released_and_powered_off_to_its_end() {
    let demo = Demo::start(&["--pace", "20"]);
    for (cloud, keep_off) in OTHERS {
        let vm = running(&demo, cloud);
        let all = |args: &[&str], exit| demo.vmdeck_on_all(args).ends_with(exit);
        all(&["protect", &vm, "--reason", "patch day"], 0);
        let shown = all(&["show", &vm, "-o", "json"], 0).json();
        assert_eq!(
            (&shown["state"], &shown["protection"]["reason"]),
            (&"MAINTENANCE".into(), &"patch day".into()),
            "{vm}"
        );
        let scope = if cloud == "zstack" {
            "shared_tag"
        } else {
            "console"
        };
        assert_eq!(shown["protection"]["scope"], scope, "{vm}");
        all(&["power", "off", &vm, "--yes"], 1);
        all(&["unprotect", &vm], 0);
        let off = [&["power", "off", &vm, "--yes", "-o", "json"], keep_off].concat();
        let done = all(&off, 0).json();
        assert_eq!(done[0]["outcome"], "done", "{vm}");
        let shown = all(&["show", &vm, "-o", "json"], 0).json();
        assert_eq!(shown["state"], "OFF", "{vm}");
    }
}

#[test]
fn what_an_api_lacks_is_refused_with_its_reason() {
    let demo = Demo::start(&[]);
    let vm = running(&demo, "scloudm");
    let refused = demo
        .vmdeck_on_all(&["power", "pause", &vm, "-o", "json"])
        .ends_with(1)
        .json();
    assert_eq!(refused[0]["outcome"], "refused");
    assert!(
        refused[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("SCloudM has no pause"),
        "{refused}"
    );
}

#[test]
fn a_vm_is_relocated_to_a_candidate_and_not_elsewhere() {
    let demo = Demo::start(&["--pace", "20"]);
    let vm = running(&demo, "zstack");
    let hosts = demo
        .vmdeck_on_all(&["relocate", &vm, "-o", "json"])
        .ends_with(0)
        .json();
    let host = hosts[0]["name"].as_str().unwrap().to_owned();
    demo.vmdeck_on_all(&["relocate", &vm, "--to", "no-such-host"])
        .ends_with(2);
    let done = demo
        .vmdeck_on_all(&["relocate", &vm, "--to", &host, "--yes", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(done[0]["outcome"], "done");
    let shown = demo
        .vmdeck_on_all(&["show", &vm, "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(shown["host"], host.as_str());
}
