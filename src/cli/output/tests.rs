#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::cloud::CloudRecord;
use super::event::EventRecord;
use super::outcome::{Outcome, OutcomeRecord};
use super::remote::RemoteRecord;
use super::task::TaskRecord;
use super::vapp::VappRecord;
use super::vm::VmRecord;
use super::*;
use crate::cli::exit::Exit;
use crate::cli::testing::{at, fail, group, info, inventory, name, protected, task, vm};
use crate::fleet::{CloudInfo, Command, CommandId, CommandReport, Inventory, Stage, Update};
use crate::model::{
    Action, Confirmed, Denial, Event, EventKey, JobState, PowerState, RemoteAccess, Revealed,
    Severity, TaskKey, TaskState, Vapp, VappAction, VappKey, VappState, Vm, VmKey,
};

fn in_format<T: Record>(records: &[T], format: Format) -> String {
    let mut out = Vec::new();
    print(records, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn in_json<T: Record>(records: &[T]) -> Value {
    serde_json::from_str(&in_format(records, Format::Json)).unwrap()
}

/// The keys of an object in the order in which they are written.
fn keys(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    \""));
    lines
        .filter_map(|line| line.split_once('"'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

/// A VM of which its cloud tells everything.
fn full() -> Vm {
    let vm = vm("prod", "1763", "db-01");
    let vm = Vm {
        uuid: Some("0a1b".into()),
        native_name: Some("ABQ_0a1b".into()),
        power: PowerState::Locked,
        native_state: "LOCKED".into(),
        vapp: Some(group("12", "shop-db")),
        project: Some(group("3", "VDC east")),
        tenant: Some("Larkfield".into()),
        location: Some("Barcelona DC".into()),
        host: Some("esx-01".into()),
        owner: Some("jmoss".into()),
        cpu: Some(16),
        ram_mib: Some(65_536),
        addresses: Box::new(["10.0.3.20".into(), "2001:db8::20".into()]),
        created_at: Some(at("2025-11-03T07:00:00Z")),
        ..vm
    };
    protected(vm, "kernel update", Some("admin"))
}

fn full_inventory() -> Inventory {
    let vm = full();
    let key = vm.key.clone();
    let mut inventory = inventory(vec![info("prod")], vec![vm]);
    inventory.apply(Update::Vapps {
        cloud: name("prod"),
        vapps: vec![Vapp {
            cloud: name("prod"),
            id: "12".into(),
            name: "shop-db".into(),
            project: Some(group("3", "VDC east")),
            tenant: None,
            server_state: Some(VappState::Deployed),
            restricted: true,
            locator: "".into(),
        }],
    });
    let running = task(
        &key,
        "t-9",
        "POWER_OFF",
        TaskState::Started,
        &[
            ("SCHEDULE", JobState::Done),
            ("POWER_OFF", JobState::Started),
        ],
    );
    let failed = task(
        &key,
        "t-8",
        "SHUTDOWN",
        TaskState::FinishedUnsuccessfully,
        &[("SHUTDOWN", JobState::Failed)],
    );
    inventory.apply(Update::Tasks {
        tasks: vec![running, failed],
    });
    inventory
}

fn vm_record(inventory: &Inventory) -> VmRecord<'_> {
    let slot = inventory.slots().next().unwrap();
    VmRecord::of(inventory.overview(slot).unwrap(), inventory)
}

#[test]
fn a_vm_of_which_everything_is_known() {
    let inventory = full_inventory();
    let locked = "An operation is running on it: Powering off";
    assert_eq!(
        in_json(&[vm_record(&inventory)]),
        json!([{
            "cloud": "prod", "provider": "abiquo", "id": "1763", "uuid": "0a1b", "name": "db-01",
            "native_name": "ABQ_0a1b", "state": "MAINTENANCE", "power_state": "LOCKED", "native_state": "LOCKED",
            "deallocated": false, "protected": true,
            "protection": {
                "reason": "kernel update", "by": "admin", "since": "2026-03-01T08:00:00Z", "scope": "cloud",
            },
            "vapp": "shop-db", "vapp_id": "12", "vapp_state": "LOCKED", "restricted": true,
            "project": "VDC east", "tenant": "Larkfield", "location": "Barcelona DC", "host": "esx-01",
            "owner": "jmoss", "cpu": 16, "ram_mib": 65536, "addresses": ["10.0.3.20", "2001:db8::20"],
            "created_at": "2025-11-03T07:00:00Z", "warnings": 1,
            "task": {
                "id": "t-9", "kind": "POWER_OFF", "state": "STARTED", "job": "POWER_OFF", "jobs_done": 1,
                "jobs_total": 2, "started_at": "2026-03-02T11:00:00Z",
            },
            "actions": {
                "power_on": locked, "shutdown": locked, "power_off": locked, "pause": locked, "resume": locked,
                "reset": locked, "reboot": "Abiquo has no reboot; use reset",
                "protect": "Already protected by admin: kernel update", "unprotect": null,
                "suspend": "Abiquo has no suspend", "delete": "Abiquo has no delete",
                "restore": "Abiquo has no restore", "relocate": "Abiquo has no relocate",
                "deploy": "Abiquo has no deploy", "undeploy": "Abiquo has no undeploy",
                "snapshot": "Abiquo has no snapshot", "move": "Abiquo has no move",
                "restrict": "Abiquo has no restrict",
            },
        }])
    );
}

#[test]
fn a_vm_of_which_little_is_known_has_the_same_keys() {
    let bare = inventory(vec![info("prod")], vec![vm("prod", "1", "web-01")]);
    assert_eq!(
        in_json(&[vm_record(&bare)]),
        json!([{
            "cloud": "prod", "provider": "abiquo", "id": "1", "uuid": null, "name": "web-01", "native_name": null,
            "state": "ON", "power_state": "ON", "native_state": "ON", "deallocated": false, "protected": false,
            "protection": null, "vapp": null, "vapp_id": null, "vapp_state": null, "restricted": null,
            "project": null, "tenant": null, "location": null, "host": null, "owner": null, "cpu": null,
            "ram_mib": null, "addresses": [], "created_at": null, "warnings": 0, "task": null,
            "actions": {
                "power_on": "It is on already", "shutdown": null, "power_off": null, "pause": null,
                "resume": "Resume needs a VM that is Paused; this one is On", "reset": null,
                "reboot": "Abiquo has no reboot; use reset", "protect": null,
                "unprotect": "It is not protected",
                "suspend": "Abiquo has no suspend", "delete": "Abiquo has no delete",
                "restore": "Abiquo has no restore", "relocate": "Abiquo has no relocate",
                "deploy": "Abiquo has no deploy", "undeploy": "Abiquo has no undeploy",
                "snapshot": "Abiquo has no snapshot", "move": "Abiquo has no move",
                "restrict": "Abiquo has no restrict",
            },
        }])
    );
    let order = "cloud provider id uuid name native_name state power_state native_state deallocated protected \
                 protection vapp vapp_id vapp_state restricted project tenant location host owner cpu ram_mib \
                 addresses created_at warnings task actions";
    assert_eq!(
        keys(&in_format(&[vm_record(&bare)], Format::Json)).join(" "),
        order
    );
}

#[test]
fn who_protected_a_vm_may_be_unknown() {
    let vm = protected(vm("prod", "1", "web-01"), "audit", None);
    let inventory = inventory(vec![info("prod")], vec![vm]);
    let expected = json!({ "reason": "audit", "by": null, "since": null, "scope": "cloud" });
    assert_eq!(in_json(&[vm_record(&inventory)])[0]["protection"], expected);
}

#[test]
fn one_vm_is_an_object_in_json_and_a_list_in_a_table() {
    let inventory = full_inventory();
    let shown = |format| {
        let mut out = Vec::new();
        print_one(&vm_record(&inventory), format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let object: Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    assert_eq!(object["name"], "db-01");
    let list = shown(Format::Table);
    assert!(
        list.contains("protection_reason  kernel update\n"),
        "{list}"
    );
    assert_eq!(shown(Format::Name), "prod/1763\n");
}

#[test]
fn a_vm_in_tables_csv_and_names() {
    let inventory = full_inventory();
    let records = [vm_record(&inventory)];
    assert_eq!(
        in_format(&records, Format::Table),
        "CLOUD  ID    NAME   STATE        POWER_STATE  VAPP     CPU  RAM_MIB  ADDRESSES               WARNINGS  TASK_KIND\n\
         prod   1763  db-01  MAINTENANCE  LOCKED       shop-db   16    65536  10.0.3.20 2001:db8::20         1  POWER_OFF\n"
    );
    let wide = in_format(&records, Format::Wide);
    for word in ["OWNER", "jmoss", "kernel update", "VDC east"] {
        assert!(wide.contains(word), "{word} in {wide}");
    }
    let csv = in_format(&records, Format::Csv);
    let (header, line) = csv.split_once('\n').unwrap();
    assert!(
        header.starts_with("cloud,provider,id,uuid,name,native_name,state,power_state,"),
        "{header}"
    );
    assert!(
        line.starts_with("prod,abiquo,1763,0a1b,db-01,ABQ_0a1b,MAINTENANCE,LOCKED,"),
        "{line}"
    );
    assert_eq!(in_format(&records, Format::Name), "prod/1763\n");
}

#[test]
fn nothing_is_an_empty_array_and_a_header() {
    assert_eq!(in_format::<VmRecord<'_>>(&[], Format::Json), "[]\n");
    assert_eq!(in_format::<VmRecord<'_>>(&[], Format::Name), "");
    assert_eq!(
        in_format::<OutcomeRecord>(&[], Format::Csv),
        "cloud,id,name,action,outcome,task,message\n"
    );
}

#[test]
fn csv_quotes_what_would_break_its_columns() {
    let inventory = inventory(vec![info("prod")], vec![vm("prod", "1", "a \"b\", c")]);
    let csv = in_format(&[vm_record(&inventory)], Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader
        .headers()
        .unwrap()
        .iter()
        .position(|header| header == "name")
        .unwrap();
    let row = reader.records().next().unwrap().unwrap();
    assert_eq!(&row[at], "a \"b\", c");
}

#[test]
fn an_appliance_counts_its_vms_by_shown_state_with_a_key_for_each() {
    let inventory = full_inventory();
    let cloud = name("prod");
    let vapp = inventory.vapps(&cloud)[0];
    let records = [VappRecord::of(&cloud, vapp, &inventory)];
    assert_eq!(
        in_json(&records),
        json!([{
            "cloud": "prod", "id": "12", "name": "shop-db", "project": "VDC east", "state": "LOCKED",
            "server_state": "DEPLOYED", "restricted": true,
            "vms": {
                "NOT_ALLOCATED": 0, "ALLOCATED": 0, "CONFIGURED": 0, "ON": 0, "PAUSED": 0, "OFF": 0, "LOCKED": 0,
                "UNKNOWN": 0, "MAINTENANCE": 1,
            },
            "warnings": 1,
        }])
    );
    assert!(in_format(&records, Format::Table).contains("MAINTENANCE 1"));
    assert_eq!(in_format(&records, Format::Name), "prod/12\n");
}

#[test]
fn an_appliance_that_only_its_vms_name_has_the_same_keys() {
    let mut member = vm("prod", "1", "web-01");
    member.vapp = Some(group("12", "shop"));
    let inventory = inventory(vec![info("prod")], vec![member]);
    let cloud = name("prod");
    let record = VappRecord::of(&cloud, inventory.vapps(&cloud)[0], &inventory);
    let json = in_json(&[record]);
    for key in ["project", "server_state", "restricted"] {
        assert_eq!(json[0].get(key), Some(&Value::Null), "{key}");
    }
    assert_eq!(json[0]["state"], "DEPLOYED");
}

#[test]
fn a_task_with_its_jobs() {
    let inventory = full_inventory();
    let key = TaskKey {
        cloud: name("prod"),
        id: "t-8".into(),
    };
    let records = [TaskRecord::of(inventory.task(&key).unwrap(), &inventory)];
    assert_eq!(
        in_json(&records),
        json!([{
            "cloud": "prod", "id": "t-8", "vm": "prod/1763", "vm_name": "db-01", "subject": null,
            "kind": "SHUTDOWN", "state": "FINISHED_UNSUCCESSFULLY", "created_at": "2026-03-02T11:00:00Z",
            "updated_at": "2026-03-02T11:00:09Z", "acknowledgeable": true, "user": "admin",
            "jobs": [{ "kind": "SHUTDOWN", "state": "FAILED", "rollback_state": "UNKNOWN", "description": null }],
        }])
    );
    assert_eq!(in_format(&records, Format::Name), "prod/t-8\n");
}

#[test]
fn an_event_of_no_vm_has_the_same_keys() {
    let event = Event {
        key: EventKey {
            cloud: name("prod"),
            id: "77".into(),
        },
        at: at("2026-03-02T11:00:00Z"),
        severity: Severity::Error,
        source: None,
        entity: "DATACENTER".into(),
        action: "CREATE".into(),
        vm: None,
        vm_name: None,
        performed_by: None,
        user: None,
        trace: "no".into(),
        error_code: None,
    };
    let expected = json!([{
        "cloud": "prod", "id": "77", "at": "2026-03-02T11:00:00Z", "severity": "error", "source": null,
        "entity": "DATACENTER", "action": "CREATE", "vm": null, "vm_name": null, "performed_by": null, "user": null,
        "trace": "no",
    }]);
    assert_eq!(in_json(&[EventRecord::of(&event)]), expected);
    let of_vm = Event {
        vm: Some(VmKey::new(&name("prod"), "5")),
        ..event
    };
    assert_eq!(in_json(&[EventRecord::of(&of_vm)])[0]["vm"], "prod/5");
}

#[test]
fn clouds_that_answer_fail_and_refuse_the_sign_in() {
    let now = at("2026-03-02T12:00:00Z");
    let clouds = ["prod", "lab", "old", "new"].map(info).to_vec();
    let mut known = inventory(clouds, vec![vm("prod", "1", "a"), vm("prod", "2", "b")]);
    fail(
        &mut known,
        "lab",
        "cannot connect to lab:443: refused",
        false,
    );
    fail(&mut known, "old", "sign-in refused: wrong password", true);
    let records = |inventory: &Inventory| -> Value {
        let views = inventory.clouds().iter();
        let records: Vec<_> = views
            .map(|view| CloudRecord::of(view, now, "30 s"))
            .collect();
        in_json(&records)
    };
    let json = records(&known);
    assert_eq!(
        json[0],
        json!({
            "cloud": "prod", "provider": "abiquo", "url": "https://prod.example.com/api", "environment": null,
            "status": "ok", "vms": 2, "latency_ms": 32, "age_seconds": 3, "read_only": false, "user": "admin",
            "error": null,
        })
    );
    assert_eq!(
        (&json[1]["status"], &json[1]["error"]),
        (
            &json!("failing"),
            &json!("cannot connect to lab:443: refused")
        )
    );
    assert_eq!(json[2]["status"], "sign_in_refused");

    let never = Inventory::new([CloudInfo {
        environment: Some("production".to_owned()),
        read_only: true,
        ..info("prod")
    }]);
    assert_eq!(
        records(&never)[0],
        json!({
            "cloud": "prod", "provider": "abiquo", "url": "https://prod.example.com/api",
            "environment": "production", "status": "failing", "vms": null, "latency_ms": null, "age_seconds": null,
            "read_only": true, "user": null, "error": "no whole answer within 30 s",
        })
    );
}

fn report(stage: Stage) -> CommandReport {
    CommandReport {
        id: CommandId(1),
        command: Command::Act {
            vm: VmKey::new(&name("prod"), "12"),
            action: Action::PowerOff,
            confirmed: Confirmed::default(),
        },
        vm_name: "web-01".into(),
        at: at("2026-03-02T12:00:00Z"),
        stage,
    }
}

#[test]
fn what_became_of_an_action() {
    let task = Some(TaskKey {
        cloud: name("prod"),
        id: "t-1".into(),
    });
    let why = || "why".to_owned();
    let cases = [
        (
            Stage::Done { task: task.clone() },
            Outcome::Done,
            Exit::Done,
            None,
        ),
        (
            Stage::Failed {
                message: why(),
                task: task.clone(),
            },
            Outcome::Failed,
            Exit::Failed,
            Some("why"),
        ),
        (
            Stage::Refused { message: why() },
            Outcome::Refused,
            Exit::Failed,
            Some("why"),
        ),
        (
            Stage::NeedsForce {
                message: why(),
                asks: "a limit".to_owned(),
            },
            Outcome::Refused,
            Exit::Failed,
            Some("why (--force)"),
        ),
        (
            Stage::Unknown { message: why() },
            Outcome::Unknown,
            Exit::Failed,
            Some("why"),
        ),
        (
            Stage::Accepted { task: task.clone() },
            Outcome::Accepted,
            Exit::Failed,
            Some("Power off still runs after 10 min, as task prod/t-1"),
        ),
        (
            Stage::Sent,
            Outcome::Unknown,
            Exit::Failed,
            Some("Power off was sent and not answered; read the VM before trying again"),
        ),
    ];
    for (stage, outcome, exit, message) in cases {
        let record = OutcomeRecord::of(&report(stage), task.as_ref(), "power_off", Some("10 min"));
        assert_eq!(record.task.as_deref(), Some("t-1"));
        assert_eq!(
            (record.outcome, record.exit(true), record.message.as_deref()),
            (outcome, exit, message)
        );
    }
    let accepted = report(Stage::Accepted { task: task.clone() });
    let accepted = OutcomeRecord::of(&accepted, task.as_ref(), "power_off", None);
    assert_eq!(
        accepted.exit(false),
        Exit::Done,
        "who does not wait is content"
    );
    assert_eq!(
        in_json(&[accepted]),
        json!([{
            "cloud": "prod", "id": "12", "name": "web-01", "action": "power_off", "outcome": "accepted",
            "task": "t-1", "message": null,
        }])
    );
}

#[test]
fn an_acknowledged_task_is_named_also_when_it_is_of_no_vm() {
    let command = Command::Acknowledge {
        task: TaskKey {
            cloud: name("prod"),
            id: "t-8".into(),
        },
        vm: None,
    };
    let done = CommandReport {
        command,
        ..report(Stage::Done { task: None })
    };
    let record = OutcomeRecord::of(&done, None, "acknowledge", None);
    assert_eq!(record.name(), "prod/t-8");
    assert_eq!(
        in_json(&[record]),
        json!([{
            "cloud": "prod", "id": null, "name": null, "action": "acknowledge", "outcome": "done", "task": "t-8",
            "message": null,
        }])
    );
}

#[test]
fn what_became_of_an_appliance_has_its_id_and_its_name() {
    let vapp = VappKey {
        cloud: name("prod"),
        id: "7".into(),
    };
    let done = |command| CommandReport {
        command,
        vm_name: "shop".into(),
        ..report(Stage::Done { task: None })
    };
    let deployed = done(Command::ActOnVapp {
        vapp,
        action: VappAction::Deploy { force: false },
        vms: Vec::new(),
    });
    let made = done(Command::CreateVapp {
        cloud: name("prod"),
        project: "1".into(),
        name: "shop".to_owned(),
        restricted: false,
    });
    let records = [
        OutcomeRecord::of(&deployed, None, "deploy", None),
        OutcomeRecord::of(&made, None, "create_vapp", None),
    ];
    assert_eq!(in_format(&records, Format::Name), "prod/7\nprod/shop\n");
    let json = in_json(&records);
    assert_eq!(
        (&json[0]["id"], &json[0]["name"]),
        (&json!("7"), &json!("shop"))
    );
    assert_eq!(
        (&json[1]["id"], &json[1]["name"]),
        (&Value::Null, &json!("shop"))
    );
}

#[test]
fn a_way_to_a_screen_shows_a_password_only_where_it_was_asked_for() {
    let key = VmKey::new(&name("prod"), "12");
    let mut access = RemoteAccess {
        protocol: Some("vnc".into()),
        host: Some("10.0.0.5".into()),
        port: Some(5901),
        url: None,
        has_password: Some(true),
        password: None,
    };
    let record = RemoteRecord::of(&key, &access);
    assert_eq!(record.name(), "vnc://10.0.0.5:5901");
    assert_eq!(
        in_json(&[record]),
        json!([{
            "cloud": "prod", "id": "12", "address": "vnc://10.0.0.5:5901", "protocol": "vnc", "host": "10.0.0.5",
            "port": 5901, "url": null, "has_password": true, "password": null,
        }])
    );
    access.password = Some(Revealed::new("hunter2"));
    let json = in_json(&[RemoteRecord::of(&key, &access)]);
    assert_eq!(json[0]["password"], "hunter2");
}

#[test]
fn a_denied_action_says_why_in_the_words_of_the_rules() {
    let key = VmKey::new(&name("prod"), "12");
    let denial = Denial::Locked(Some(Arc::from("Powering off")));
    let record = OutcomeRecord::denied(&key, "web-01", "reset", &denial);
    assert_eq!(
        (record.outcome, record.exit(true)),
        (Outcome::Refused, Exit::Failed)
    );
    assert_eq!(
        record.message.as_deref(),
        Some("An operation is running on it: Powering off")
    );
}
