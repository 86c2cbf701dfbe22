//! What Abiquo's recorded shapes become in the domain's words. Every expectation is written by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use serde_json::json;
use support::{Reply, Server, fixture};
use vmdeck::clouds::TaskHandle;
use vmdeck::model::{CloudName, PowerState, Task, TaskKey, Vm, VmState};

async fn vm(name: &'static str) -> Vm {
    let server = Server::signed_in(move |_| Reply::ok(fixture(name))).await;
    // The answer must be about the VM that was asked for.
    let id = serde_json::from_slice::<serde_json::Value>(&fixture(name)).unwrap()["id"].to_string();
    let placeholder: Vm = serde_json::from_value(json!({
        "key": { "cloud": "prod", "id": id }, "name": "x", "power": "ON", "native_state": "ON", "deallocated": false,
        "addresses": [], "locator": "/vm",
    }))
    .unwrap();
    server
        .connected()
        .await
        .target(&placeholder)
        .await
        .unwrap()
        .vm
}

async fn task(name: &'static str) -> Task {
    let server = Server::signed_in(move |_| Reply::ok(fixture(name))).await;
    let key = TaskKey {
        cloud: CloudName::new("prod"),
        id: "1".into(),
    };
    let handle = TaskHandle {
        key,
        vm: None,
        locator: "/task".into(),
    };
    server.connected().await.task(&handle).await.unwrap()
}

#[tokio::test]
async fn a_vm_has_every_field_that_the_documents_give_it() {
    let vm = vm("vm_on").await;
    assert_eq!(vm.key.to_string(), "prod/501");
    assert_eq!(
        vm.uuid.as_deref(),
        Some("7f1d0c3a-2b4e-4c5d-8e6f-101112131401")
    );
    assert_eq!(&*vm.name, "web-01", "the label is the friendly name");
    assert_eq!(
        vm.native_name.as_deref(),
        Some("ABQ_7f1d0c3a-2b4e-4c5d-8e6f-101112131401")
    );
    assert_eq!(
        (vm.power, &*vm.native_state, vm.deallocated),
        (PowerState::On, "ON", false)
    );
    assert!(vm.protection.is_none());
    let vapp = vm.vapp.unwrap();
    assert_eq!((&*vapp.id, &*vapp.name), ("11", "web tier"));
    let project = vm.project.unwrap();
    assert_eq!((&*project.id, &*project.name), ("2", "vdc_alpha"));
    assert_eq!(vm.tenant.as_deref(), Some("Acme"));
    assert_eq!(vm.location.as_deref(), Some("DC One"));
    assert_eq!(vm.host.as_deref(), Some("esx-host-03"));
    assert_eq!(vm.owner.as_deref(), Some("Pat Rivers"));
    assert_eq!(vm.hypervisor.as_deref(), Some("VMX_04"));
    assert_eq!(vm.template.as_deref(), Some("base-linux"));
    assert_eq!(vm.description.as_deref(), Some("synthetic example"));
    assert_eq!((vm.cpu, vm.ram_mib), (Some(2), Some(4_096)));
    assert_eq!(
        vm.addresses
            .iter()
            .map(|address| &**address)
            .collect::<Vec<_>>(),
        ["192.0.2.15"]
    );
    assert_eq!(
        vm.created_at.unwrap().to_string(),
        "2025-07-13T08:00:00Z",
        "VMs count milliseconds"
    );
    assert_eq!(
        &*vm.locator,
        "/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501"
    );
}

#[tokio::test]
async fn every_recorded_state_is_itself_and_a_protected_vm_is_in_maintenance() {
    let cases = [
        (
            "vm_on",
            PowerState::On,
            VmState::Power(PowerState::On),
            "On",
        ),
        (
            "vm_not_allocated",
            PowerState::NotAllocated,
            VmState::Power(PowerState::NotAllocated),
            "Not allocated",
        ),
        ("vm_protected", PowerState::Off, VmState::Maintenance, "Off"),
        (
            "vm_locked",
            PowerState::Locked,
            VmState::Power(PowerState::Locked),
            "Locked",
        ),
        (
            "vm_off_deallocated",
            PowerState::Off,
            VmState::Power(PowerState::Off),
            "Off (deallocated)",
        ),
        (
            "vm_unknown",
            PowerState::Unknown,
            VmState::Power(PowerState::Unknown),
            "Unknown",
        ),
    ];
    for (name, power, state, word) in cases {
        let vm = vm(name).await;
        assert_eq!(
            (vm.power, vm.state(), vm.power_word()),
            (power, state, word),
            "{name}"
        );
    }
    let protection = vm("vm_protected").await.protection.unwrap();
    assert_eq!(
        protection.reason.as_deref(),
        Some("storage migration until Friday")
    );
    assert_eq!(
        (protection.by, protection.since, protection.scope.as_str()),
        (None, None, "cloud")
    );
    assert_eq!(vm("vm_not_allocated").await.host, None, "it has no host");
}

#[tokio::test]
async fn a_running_deploy_has_three_jobs_and_shows_the_one_that_runs() {
    let task = task("task_started_deploy").await;
    assert_eq!(
        task.key.to_string(),
        "prod/3c9a6f10-77aa-4b1c-9d2e-202122232403"
    );
    assert_eq!(
        (task.kind.as_str(), task.state.as_str()),
        ("DEPLOY", "STARTED")
    );
    let jobs: Vec<(&str, &str, &str)> = task
        .jobs
        .iter()
        .map(|job| {
            (
                job.kind.as_str(),
                job.state.as_str(),
                job.rollback_state.as_str(),
            )
        })
        .collect();
    assert_eq!(
        jobs,
        [
            ("SCHEDULE", "DONE", "UNKNOWN"),
            ("CONFIGURE", "STARTED", "UNKNOWN"),
            ("POWER_ON", "PENDING", "UNKNOWN")
        ]
    );
    assert_eq!(task.jobs_done(), (1, 3));
    assert_eq!(task.progress(), "Copying & attaching disk");
    assert!(task.is_running() && !task.acknowledgeable);
    assert_eq!(
        task.jobs[1].description.as_deref(),
        Some("CONFIGURE job for VM 501")
    );
}

#[tokio::test]
async fn a_finished_task_is_no_warning() {
    let task = task("task_finished_ok").await;
    assert_eq!(
        (task.kind.as_str(), task.state.as_str()),
        ("POWER_OFF", "FINISHED_SUCCESSFULLY")
    );
    assert!(!task.is_warning() && !task.is_running());
    assert_eq!(task.vm.unwrap().to_string(), "prod/501");
    assert_eq!(
        (
            task.created_at.unwrap().to_string(),
            task.updated_at.unwrap().to_string()
        ),
        (
            "2025-07-14T08:00:00Z".to_owned(),
            "2025-07-14T08:00:01Z".to_owned()
        ),
        "tasks count seconds"
    );
}

/// A VM of a recorded shape with these members and this hypervisor link instead.
async fn changed(members: serde_json::Value, hypervisor: serde_json::Value) -> Vm {
    let mut wire: serde_json::Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
    let vm = wire.as_object_mut().unwrap();
    vm.extend(members.as_object().unwrap().clone());
    if !hypervisor.is_null() {
        let links = vm["links"].as_array_mut().unwrap();
        links.retain(|link| link["rel"] != "hypervisortype");
        links.push(hypervisor);
    }
    let body = wire.to_string();
    let server = Server::signed_in(move |_| Reply::ok(body.clone())).await;
    let placeholder: Vm = serde_json::from_value(json!({
        "key": { "cloud": "prod", "id": "501" }, "name": "x", "power": "ON", "native_state": "ON", "deallocated": false,
        "addresses": [], "locator": "/vm",
    }))
    .unwrap();
    server
        .connected()
        .await
        .target(&placeholder)
        .await
        .unwrap()
        .vm
}

#[tokio::test]
async fn a_vm_says_whether_it_is_imported_and_whether_it_is_measured() {
    for (members, imported, monitored) in [
        (json!({}), false, false),
        (json!({ "type": "CAPTURED" }), true, false),
        (json!({ "type": "NOT_MANAGED" }), true, false),
        (json!({ "idType": 1 }), true, false),
        (json!({ "idType": "1", "type": 5 }), true, false),
        (json!({ "idType": 7, "monitored": true }), false, true),
        (json!({ "monitored": "yes" }), false, false),
    ] {
        let vm = changed(members.clone(), json!(null)).await;
        assert_eq!(
            (vm.imported, vm.monitored),
            (imported, monitored),
            "{members}"
        );
    }
}

#[tokio::test]
async fn azure_is_known_by_the_title_or_the_address_of_its_type() {
    let link = |title: &str, kind: &str| json!({ "rel": "hypervisortype", "title": title, "href": format!("https://h/api/config/hypervisortypes/{kind}") });
    for (link, expected) in [
        (link("VMX_04", "VMX_04"), "VMX_04"),
        (link("ESXi", "VMX_04"), "ESXi"),
        (link("AZURE_ARM", "AZURE_ARM"), "AZURE_ARM"),
        (link("Microsoft cloud", "AZURE_ARM"), "AZURE_ARM"),
        (link("Azure (classic)", "AZURE"), "Azure (classic)"),
        (link(" ", "KVM"), "KVM"),
        (json!({ "rel": "hypervisortype", "title": "KVM" }), "KVM"),
    ] {
        let vm = changed(json!({}), link.clone()).await;
        assert_eq!(vm.hypervisor.as_deref(), Some(expected), "{link}");
    }
}
