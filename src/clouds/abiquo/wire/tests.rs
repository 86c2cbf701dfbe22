//! Every recorded shape of the API's documents, decoded, and nothing that a server could send makes anything panic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use url::Url;

use super::lenient::Object;
use super::request::VirtualMachineState;
use super::*;
use crate::clouds::abiquo::mapping::{Mapper, Texts, change, is_of_tenant};
use crate::clouds::abiquo::metrics::measures;
use crate::clouds::abiquo::moving::candidate;
use crate::clouds::abiquo::refusal::{decode, refusal};
use crate::clouds::abiquo::tenants::named;
use crate::clouds::http::{Answer, Origin, Route};
use crate::model::{CloudName, Group};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/abiquo"]
        .iter()
        .collect()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.json"))).unwrap()
}

fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> T {
    decode(body, "the fixture").unwrap()
}

/// Checks one shape: what it decodes to, said by hand.
type Check = fn(&[u8]);

/// How many entries a list has, and its total.
fn list<'b, T: Deserialize<'b> + 'b>(body: &'b [u8]) -> (usize, usize, Option<i64>) {
    let list: Collection<'b, T> = read(body);
    (
        list.collection.items.len(),
        list.collection.len,
        list.total_size.0,
    )
}

fn error_entry(body: &[u8]) -> (String, String) {
    let list: Collection<'_, ErrorEntry<'_>> = read(body);
    let entry = &list.collection.items[0];
    (
        entry.code.get().unwrap().to_owned(),
        entry.message.get().unwrap().to_owned(),
    )
}

fn vm_words(body: &[u8]) -> (String, String, Option<i64>, Option<bool>, Option<bool>) {
    let vm: VirtualMachine<'_> = read(body);
    assert_eq!(vm.links.title("state"), vm.state.get());
    assert_eq!(vm.creation_timestamp.0, Some(1_752_393_600_000));
    assert_eq!((vm.cpu.0, vm.ram.0), (Some(2), Some(4_096)));
    (
        vm.label.get().unwrap().to_owned(),
        vm.state.get().unwrap().to_owned(),
        vm.id_state.0,
        vm.protected.0,
        vm.deallocated.0,
    )
}

fn words(
    label: &str,
    state: &str,
    number: i64,
    protected: bool,
    deallocated: bool,
) -> (String, String, Option<i64>, Option<bool>, Option<bool>) {
    (
        label.to_owned(),
        state.to_owned(),
        Some(number),
        Some(protected),
        Some(deallocated),
    )
}

fn task_words(body: &[u8]) -> (String, String, usize, bool) {
    let task: Task<'_> = read(body);
    assert_eq!(
        (task.user_id.get(), task.owner_id.get()),
        (Some("21"), Some("501"))
    );
    assert_eq!(
        (task.creation_timestamp.0, task.timestamp.0),
        (Some(1_752_480_000), Some(1_752_480_001))
    );
    let jobs = task.jobs.0.as_ref().unwrap();
    (
        task.kind.get().unwrap().to_owned(),
        task.state.get().unwrap().to_owned(),
        jobs.collection.items.len(),
        task.links.href("acknowledge").is_some(),
    )
}

/// A request's body as this program writes it.
fn written(state: &'static str, graceful_shutdown: bool) -> serde_json::Value {
    serde_json::to_value(VirtualMachineState {
        state,
        graceful_shutdown,
    })
    .unwrap()
}

/// One row for each file of the folder. The inferred ones need to decode, and no more.
const FIXTURES: &[(&str, Check)] = &[
    ("login", |body| {
        let user: User<'_> = read(body);
        assert_eq!(
            (user.nick.get(), user.name.get(), user.surname.get()),
            (Some("privers"), Some("Pat"), Some("Rivers"))
        );
        assert!(user.privileges.0.is_none());
        assert_eq!(
            user.links.href("role"),
            Some("https://cloud.example.com:443/api/admin/roles/1")
        );
    }),
    ("login_expand_privileges", |body| {
        let user: User<'_> = read(body);
        let privileges = user.privileges.0.unwrap();
        let names: Vec<_> = privileges
            .collection
            .items
            .iter()
            .filter_map(|one| one.name.get())
            .collect();
        assert!(names.contains(&"AUTHENTICATED") && names.contains(&"VM_PROTECT_ACTION"));
    }),
    ("users", |body| {
        let users: Collection<'_, User<'_>> = read(body);
        assert_eq!(users.collection.items[0].nick.get(), Some("privers"));
    }),
    ("enterprises", |body| assert!(list::<Named<'_>>(body).0 > 0)),
    ("locations", |body| assert!(list::<Named<'_>>(body).0 > 0)),
    ("vdcs", |body| {
        let vdcs: Collection<'_, Named<'_>> = read(body);
        assert_eq!(
            (
                vdcs.collection.items[0].id.get(),
                vdcs.collection.items[0].name.get()
            ),
            (Some("2"), Some("vdc_alpha"))
        );
    }),
    ("vapps", |body| {
        assert_eq!(list::<VirtualAppliance<'_>>(body), (6, 6, Some(6)));
        let vapps: Collection<'_, VirtualAppliance<'_>> = read(body);
        assert_eq!(vapps.collection.items[0].state.get(), Some("NEEDS_SYNC"));
        assert_eq!(vapps.collection.items[4].restricted.0, Some(true));
    }),
    ("vapp_state", |body| {
        assert_eq!(
            read::<VirtualAppliance<'_>>(body).links.title("edit"),
            Some("LOCKED")
        )
    }),
    ("vapp_create_request", |body| {
        assert_eq!(read::<VirtualAppliance<'_>>(body).restricted.0, Some(true))
    }),
    ("vms_page1", |body| {
        assert_eq!(list::<VirtualMachine<'_>>(body), (2, 2, Some(6)));
        let page: Collection<'_, VirtualMachine<'_>> = read(body);
        assert!(page.links.href("next").unwrap().contains("startwith=2"));
    }),
    ("vms_page2", |body| {
        assert_eq!(list::<VirtualMachine<'_>>(body), (2, 2, Some(6)))
    }),
    ("vms_page3", |body| {
        let page: Collection<'_, VirtualMachine<'_>> = read(body);
        assert_eq!((page.collection.len, page.links.href("next")), (2, None));
    }),
    ("empty_collection", |body| {
        assert_eq!(list::<VirtualMachine<'_>>(body), (0, 0, None))
    }),
    ("vm_on", |body| {
        assert_eq!(vm_words(body), words("web-01", "ON", 4, false, false))
    }),
    ("vm_not_allocated", |body| {
        assert_eq!(
            vm_words(body),
            words("web-02", "NOT_ALLOCATED", 1, false, false)
        )
    }),
    ("vm_protected", |body| {
        assert_eq!(vm_words(body), words("db-01", "OFF", 6, true, false));
        assert_eq!(
            read::<VirtualMachine<'_>>(body).protected_cause.get(),
            Some("storage migration until Friday")
        );
    }),
    ("vm_locked", |body| {
        assert_eq!(vm_words(body), words("batch-01", "LOCKED", 7, false, false))
    }),
    ("vm_off_deallocated", |body| {
        assert_eq!(vm_words(body), words("az-01", "OFF", 6, false, true))
    }),
    ("vm_unknown", |body| {
        assert_eq!(vm_words(body), words("lost-01", "UNKNOWN", 8, false, false))
    }),
    ("vm_state", |body| {
        assert_eq!(read::<VirtualMachine<'_>>(body).state.get(), Some("OFF"))
    }),
    ("req_state_on", |body| {
        assert_eq!(read::<serde_json::Value>(body), written("ON", false))
    }),
    ("req_state_off_hard", |body| {
        assert_eq!(read::<serde_json::Value>(body), written("OFF", false))
    }),
    ("req_state_off_graceful", |body| {
        assert_eq!(read::<serde_json::Value>(body), written("OFF", true))
    }),
    ("req_state_paused", |body| {
        assert_eq!(read::<serde_json::Value>(body), written("PAUSED", false))
    }),
    ("req_virtualmachinetask", |body| {
        drop(read::<AcceptedRequest<'_>>(body))
    }),
    ("acceptedrequest", |body| {
        let link = read::<AcceptedRequest<'_>>(body)
            .links
            .href("status")
            .unwrap()
            .to_owned();
        assert!(
            link.ends_with("/tasks/3c9a6f10-77aa-4b1c-9d2e-202122232401"),
            "{link}"
        );
    }),
    ("acceptedrequest_v3", |body| {
        assert!(
            read::<AcceptedRequest<'_>>(body)
                .links
                .href("status")
                .is_some()
        )
    }),
    ("task_finished_ok", |body| {
        assert_eq!(
            task_words(body),
            (
                "POWER_OFF".to_owned(),
                "FINISHED_SUCCESSFULLY".to_owned(),
                1,
                false
            )
        );
    }),
    ("task_failed_with_ack", |body| {
        assert_eq!(
            task_words(body),
            (
                "SHUTDOWN".to_owned(),
                "FINISHED_UNSUCCESSFULLY".to_owned(),
                1,
                true
            )
        );
        let task: Task<'_> = read(body);
        let job = &task.jobs.0.as_ref().unwrap().collection.items[0];
        assert_eq!(
            (job.state.get(), job.rollback_state.get()),
            (Some("FAILED"), Some("ROLLBACK_DONE"))
        );
    }),
    ("task_started_deploy", |body| {
        assert_eq!(
            task_words(body),
            ("DEPLOY".to_owned(), "STARTED".to_owned(), 3, false)
        );
    }),
    ("tasks", |body| {
        assert_eq!(list::<Task<'_>>(body), (3, 3, Some(3)))
    }),
    ("pendingtasks", |body| {
        let tasks: Collection<'_, Task<'_>> = read(body);
        assert_eq!(tasks.collection.items[0].state.get(), Some("QUEUEING"));
        assert!(tasks.collection.items[0].links.href("continue").is_some());
    }),
    ("events", |body| {
        let events: Collection<'_, Event<'_>> = read(body);
        let event = &events.collection.items[0];
        assert_eq!(
            (event.entity.get(), event.action.get(), event.id.get()),
            (Some("VIRTUAL_MACHINE"), Some("PROTECT"), Some("9103"))
        );
        assert_eq!(events.collection.items[1].error_code.get(), Some("ALLOC-0"));
    }),
    ("event_legacy", |body| {
        let event: Event<'_> = read(body);
        assert_eq!(
            (event.action_performed.get(), event.id_virtual_machine.get()),
            (Some("VIRTUAL_MACHINE_DEPLOY"), Some("502"))
        );
        assert_eq!(event.timestamp.get(), Some("2018-02-01T10:15:30.000+0000"));
    }),
    ("eventtypes", |body| {
        assert_eq!(list::<Event<'_>>(body), (0, 0, None))
    }),
    ("errors_conflict_locked", |body| {
        assert_eq!(error_entry(body).0, "VM-2")
    }),
    ("errors_conflict_state", |body| {
        assert_eq!(error_entry(body).0, "VM-4")
    }),
    ("errors_protected", |body| {
        assert_eq!(
            error_entry(body),
            ("VM-120".to_owned(), "this VM is protected".to_owned())
        );
    }),
    ("errors_soft_limit", |body| {
        assert_eq!(error_entry(body).0, "SOFT_LIMIT_EXCEEDED")
    }),
    ("errors_notfound", |body| {
        assert_eq!(error_entry(body).0, "VM-1")
    }),
    ("relocate_candidates_inferred", |body| {
        assert_eq!(list::<Named<'_>>(body).1, 1)
    }),
    ("relocate_request_inferred", |body| {
        drop(read::<AcceptedRequest<'_>>(body))
    }),
    ("vappmove_request_inferred", |body| {
        drop(read::<AcceptedRequest<'_>>(body))
    }),
    ("asynctasks_inferred", |body| {
        assert_eq!(list::<Task<'_>>(body).1, 1)
    }),
];

#[test]
fn every_recorded_shape_decodes_to_what_it_says() {
    for (name, check) in FIXTURES {
        println!("{name}");
        check(&fixture(name));
    }
}

#[test]
fn no_recorded_shape_is_forgotten() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let named: BTreeSet<String> = FIXTURES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(files, named);
}

/// Reads a body as everything that it could be and maps what comes of it.
fn swallow(body: &[u8], status: u16) {
    let cloud = CloudName::new("prod");
    let origin = Origin::new(&Url::parse("https://cloud.example.com/api").unwrap());
    let mut names = Texts::default();
    let mut mapper = Mapper {
        cloud: &cloud,
        origin: &origin,
        names: &mut names,
    };
    if let Ok(Object(Some(vms))) =
        serde_json::from_slice::<Object<Collection<'_, VirtualMachine<'_>>>>(body)
    {
        for vm in vms.collection.items.iter().filter_map(|vm| mapper.vm(vm)) {
            assert!(
                vm.name
                    .chars()
                    .chain(vm.native_state.chars())
                    .all(crate::model::text::is_safe)
            );
            assert!(vm.locator.is_empty() || crate::clouds::http::Route::new(&vm.locator).is_ok());
        }
    }
    if let Ok(vm) = decode::<VirtualMachine<'_>>(body, "x") {
        mapper.vm(&vm);
    }
    if let Ok(vapps) = decode::<Collection<'_, VirtualAppliance<'_>>>(body, "x") {
        let _ = vapps
            .collection
            .items
            .iter()
            .filter_map(|vapp| mapper.vapp(vapp))
            .count();
    }
    if let Ok(tasks) = decode::<Collection<'_, Task<'_>>>(body, "x") {
        let _ = tasks
            .collection
            .items
            .iter()
            .filter_map(|task| mapper.task(task, None))
            .count();
    }
    if let Ok(task) = decode::<Task<'_>>(body, "x") {
        mapper.task(&task, Some("/a"));
    }
    if let Ok(events) = decode::<Collection<'_, Event<'_>>>(body, "x") {
        let events: Vec<_> = events
            .collection
            .items
            .iter()
            .filter_map(|event| mapper.event(event))
            .collect();
        let _ = events.iter().filter_map(change).count();
    }
    let tenant = Group {
        id: "7".into(),
        name: "Acme".into(),
    };
    if let Ok(events) = decode::<Collection<'_, Event<'_>>>(body, "x") {
        let events = events.collection.items.iter();
        let _ = events.filter(|event| is_of_tenant(event, &tenant)).count();
    }
    if let Ok(hosts) = decode::<Collection<'_, Machine<'_>>>(body, "x") {
        let hosts = hosts.collection.items.iter();
        for host in hosts.filter_map(|host| candidate(host, &origin)) {
            let host = host.host;
            let safe = host.name.chars().all(crate::model::text::is_safe);
            assert!(safe && !host.id.is_empty());
        }
    }
    if let Ok(tenants) = decode::<Collection<'_, Named<'_>>>(body, "x") {
        for tenant in tenants.collection.items.iter().filter_map(named) {
            assert!(Route::new(&format!("/admin/enterprises/{}", tenant.id)).is_ok());
        }
    }
    let list = Route::new("/metrics").unwrap();
    let _ = measures(body, &list, &origin);
    let _ = decode::<metric::Metric<'_>>(body, "x");
    let _ = decode::<Screen<'_>>(body, "x");
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_owned(),
    };
    let error = refusal(&answer).to_string();
    assert!(error.chars().all(crate::model::text::is_safe), "{error:?}");
}

/// Pieces that servers send where something else was meant.
const ODDITIES: &[&str] = &[
    "null",
    "true",
    "-1",
    "1e400",
    "9223372036854775808",
    "\"\"",
    "\"\\u0000\\u001b[2J\\u202e\"",
    "[]",
    "{}",
    "[[[]]]",
    "\"../..\"",
    "\"https://evil.example/api/../x\"",
    "{\"links\":{\"links\":1}}",
    "\"\\ud800\"",
    "0.1",
];

#[test]
fn one_odd_field_costs_no_other_vm_of_the_list() {
    let whole: serde_json::Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
    // What is no JSON at all costs the answer; everything else is JSON in the wrong place.
    let odd = ODDITIES
        .iter()
        .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    for value in odd {
        for key in whole.as_object().unwrap().keys() {
            let mut vm = whole.clone();
            vm[key] = value.clone();
            let body = serde_json::json!({ "collection": [vm, { "id": 7 }] }).to_string();
            let list: Collection<'_, VirtualMachine<'_>> = read(body.as_bytes());
            assert_eq!(
                list.collection.items[1].id.get(),
                Some("7"),
                "{key}: {value}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..512), status in 100_u16..600) {
        swallow(&body, status);
    }

    #[test]
    fn no_mutilated_answer_makes_it_panic(
        which in 0..FIXTURES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut body = fixture(FIXTURES[which].0);
        for (at, byte) in cuts {
            let at = at.index(body.len());
            body[at] = byte;
        }
        swallow(&body, 409);
        body.truncate(end.index(body.len()));
        swallow(&body, 500);
    }

    #[test]
    fn no_value_in_the_place_of_another_makes_it_panic(
        which in 0..FIXTURES.len(),
        swaps in proptest::collection::vec((any::<prop::sample::Index>(), 0..ODDITIES.len()), 1..6),
    ) {
        let mut text = String::from_utf8(fixture(FIXTURES[which].0)).unwrap();
        for (place, oddity) in swaps {
            let places: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
            if places.is_empty() {
                break;
            }
            let at = places[place.index(places.len())];
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
            let line = &text[at..end];
            if line.ends_with(['{', '[']) {
                continue;
            }
            let comma = if line.ends_with(',') { "," } else { "" };
            text.replace_range(at..end, &format!("{}{comma}", ODDITIES[oddity]));
        }
        swallow(text.as_bytes(), 400);
    }
}
