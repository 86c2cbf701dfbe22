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

#[test]
fn one_broken_and_one_silent_cloud_leave_the_others_to_list_and_act() {
    let demo = Demo::start(&["--pace", "20"]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let text = std::fs::read_to_string(demo.config()).unwrap();
    let url = |at: usize| demo.ready["clouds"][at]["url"].as_str().unwrap().to_owned();
    // Nothing listens on port 1; the other takes connections and never says a word.
    let text = text
        .replace(&url(2), "http://127.0.0.1:1")
        .replace(&url(3), &silent);
    let config = demo.home().join("four.toml");
    std::fs::write(&config, text).unwrap();
    let run = demo
        .vmdeck_on(&config, &["vms", "-o", "json", "--timeout", "4"])
        .ends_with(3);
    let vms = run.json();
    let of = |cloud: &str| {
        vms.as_array()
            .unwrap()
            .iter()
            .filter(|vm| vm["cloud"] == cloud)
            .count()
    };
    assert_eq!(
        (of("abiquo"), of("zstack"), of("ecp"), of("scloudm")),
        (65, 27, 0, 0)
    );
    for cloud in ["ecp", "scloudm"] {
        assert!(run.err.contains(cloud), "{}", run.err);
    }
    let vm = running(&demo, "zstack");
    let off = [
        "power",
        "off",
        &vm,
        "--keep-off",
        "--yes",
        "--timeout",
        "30",
    ];
    demo.vmdeck_on(&config, &off).ends_with(0);
}

#[test]
fn groups_stand_for_appliances_where_a_cloud_has_none() {
    let demo = Demo::start(&[]);
    let ecp = demo.ready["clouds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|cloud| cloud["name"] == "ecp")
        .unwrap();
    let text = |key: &str| ecp[key].as_str().unwrap();
    let config = demo.home().join("groups.toml");
    let lines = format!(
        "[[clouds]]\nname = \"ecp\"\nprovider = \"elastic-hosting\"\nurl = \"{}\"\nusername = \"{}\"\npassword = \"{}\"\n\
         group_by = \"name:^([a-z]+)-\"\n",
        text("url"),
        text("username"),
        text("password"),
    );
    std::fs::write(&config, lines).unwrap();
    let vapps = demo
        .vmdeck_on(&config, &["vapps", "-o", "json"])
        .ends_with(0)
        .json();
    let shop = vapps
        .as_array()
        .unwrap()
        .iter()
        .find(|vapp| vapp["name"] == "shop")
        .unwrap();
    assert_eq!(
        (&shop["id"], &shop["server_state"]),
        (&"group:shop".into(), &Value::Null)
    );
    assert!(!shop["state"].is_null());
    let vms = demo
        .vmdeck_on(&config, &["vms", "shop-web-1", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(
        (&vms[0]["vapp"], &vms[0]["vapp_id"]),
        (&"shop".into(), &"group:shop".into())
    );
}

#[test]
fn a_reboot_without_a_task_of_the_cloud_is_one_task_of_two_phases() {
    let demo = Demo::start(&["--pace", "20"]);
    let vm = running(&demo, "ecp");
    let done = demo
        .vmdeck_on_all(&["power", "reboot", &vm, "--yes", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(done[0]["outcome"], "done");
    assert!(
        done[0]["task"].as_str().unwrap().starts_with("vmdeck-"),
        "{done}"
    );
    let shown = demo
        .vmdeck_on_all(&["show", &vm, "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(shown["state"], "ON");
}
