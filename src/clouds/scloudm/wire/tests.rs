//! Every recorded shape of the API's page, decoded, and nothing that a server could send makes anything panic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::clouds::body::decode;
use crate::clouds::http::Answer;
use crate::clouds::scloudm::mapping::{Mapper, POWER, Texts};
use crate::clouds::scloudm::places::{Pair, Place};
use crate::clouds::scloudm::refusal::{is_token_refused, refusal, verdict};
use crate::clouds::{Error, Execution};
use crate::model::{CloudName, Group, PowerState, Vm};

const WEB: &str = "0c9f3a52-6b1d-4e7a-9c21-8f5e2b7d4a10";

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/scloudm"]
        .iter()
        .collect()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.json"))).unwrap()
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_vec(),
    }
}

/// The VMs of a list, as they are mapped.
fn vms(body: &[u8]) -> Vec<Vm> {
    let slice: Slice<'_> = decode(body, "the fixture").unwrap();
    let (cloud, mut names) = (CloudName::new("star"), Texts::default());
    let pair = Pair {
        tenant: Group {
            id: "5f0c".into(),
            name: "games".into(),
        },
        region: "bj-1".into(),
        configured: false,
    };
    let mut mapper = Mapper {
        cloud: &cloud,
        pair: &pair,
        names: &mut names,
    };
    let entries = slice.entries().unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| mapper.vm(entry.server.as_ref()?))
        .collect()
}

fn vm(entry: Value) -> Vm {
    vms(json!({"vm_servers": [entry]}).to_string().as_bytes())
        .pop()
        .unwrap()
}

fn list(vm: &[Arc<str>]) -> Vec<&str> {
    vm.iter().map(|text| &**text).collect()
}

/// Checks one shape: what it decodes to, said by hand.
type Check = fn(&[u8]);

fn is_json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// Every file, and what it says. What this program sends is compared where it is sent.
const FIXTURES: &[(&str, Check)] = &[
    ("error.auth-as-documented.400", |body| {
        assert!(is_token_refused(&answer(400, body)));
    }),
    ("error.invalid-token.400", |body| {
        assert!(is_token_refused(&answer(400, body)));
    }),
    ("token.bad-credentials.401", |body| {
        assert!(is_token_refused(&answer(401, body)));
    }),
    ("error.forbidden-tenant.403", |body| {
        assert!(!is_token_refused(&answer(403, body)));
        assert_eq!(
            refusal(&answer(403, body)),
            Error::Forbidden("project is not yours".to_owned())
        );
    }),
    ("error.missing-params.400", |body| {
        assert!(!is_token_refused(&answer(400, body)));
        assert_eq!(
            refusal(&answer(400, body)).to_string(),
            "rejected by the cloud: tenant_id or region missing (synthetic text)"
        );
    }),
    ("pm-act.request", |body| drop(is_json(body))),
    ("pm-act.response", |body| {
        let said = verdict(body).unwrap();
        assert_eq!((said.code.0, said.detail.len), (Some(200), 1));
        assert_eq!(said.detail.items[0].code.0, Some(200));
    }),
    // Physical machines are no VMs.
    ("pm-list.response", |body| {
        let slice: Slice<'_> = decode(body, "x").unwrap();
        assert!(slice.entries().is_none());
    }),
    ("region-tenant.response", |body| {
        let said: RegionTenant<'_> = decode(body, "x").unwrap();
        let regions = said.regions();
        let regions: Vec<_> = regions.iter().map(|name| name.get().unwrap()).collect();
        assert_eq!(regions, ["bj-1", "sh-1"]);
        let tenants: Vec<_> = said
            .tenants
            .items
            .iter()
            .map(|tenant| (tenant.id.get().unwrap(), tenant.name.get().unwrap()))
            .collect();
        assert_eq!(
            tenants,
            [
                ("5f0c1d2e3a4b45c6978899aabbccddee", "games"),
                ("601d2e3f4b5c46d7a8899aabbccddeef", "web")
            ]
        );
    }),
    ("token.request", |body| drop(is_json(body))),
    ("token-v3.request", |body| drop(is_json(body))),
    ("token.response", |body| {
        let said: TokenAnswer<'_> = decode(body, "x").unwrap();
        let access = said.access.0.unwrap();
        let token = access.token.0.unwrap();
        assert_eq!(token.id.get(), Some("7d5e0f4b2c8a4c1e9a6b3d2f1e0c9b8a"));
        assert_eq!(token.expires.get(), Some("2016-04-20T03:00:00Z"));
        let user = access.user.0.unwrap();
        assert_eq!(
            (user.username.get(), user.name.get()),
            (Some("alice"), Some("alice"))
        );
        assert!(said.token.0.is_none());
    }),
    ("token-v3.response", |body| {
        let said: TokenAnswer<'_> = decode(body, "x").unwrap();
        let token = said.token.0.unwrap();
        assert_eq!(token.id.get(), Some("8e6f1a5c3d9b4d2fab7c4e3f2a1d0c9b"));
        assert_eq!(token.expires.get(), Some("2017-06-20T09:36:00Z"));
        assert!(said.access.0.is_none());
    }),
    ("vm-act-start.request", |body| drop(is_json(body))),
    ("vm-act-stop.request", |body| drop(is_json(body))),
    ("vm-act-reboot-hard.request", |body| drop(is_json(body))),
    ("vm-act-reboot-soft.request", |body| drop(is_json(body))),
    ("vm-act.response", |body| {
        let said = verdict(body).unwrap();
        assert_eq!((said.code.0, said.msg.get()), (Some(200), Some("success")));
        assert_eq!(said.detail.items[0].code.0, Some(200));
    }),
    ("vm-act.conflict.400", |body| {
        let error = refusal(&answer(400, body));
        assert!(matches!(&error, Error::Conflict(said) if said.status == 409));
        assert_eq!(
            error.to_string(),
            "refused by the cloud: instance is busy: task_state powering-off (synthetic text) (Conflict)"
        );
        assert_eq!(error.execution(), Execution::No);
    }),
    ("vm-act.not-found.400", |body| {
        assert_eq!(
            refusal(&answer(400, body)),
            Error::NotFound("instance not found (synthetic text) (Not Found)".to_owned())
        );
    }),
    ("vm-act.generic-error.400", |body| {
        assert_eq!(
            refusal(&answer(400, body)).to_string(),
            "rejected by the cloud: Error with vm action"
        );
    }),
    ("vm-list.empty.response", |body| {
        assert!(vms(body).is_empty());
        let slice: Slice<'_> = decode(body, "x").unwrap();
        assert_eq!(slice.entries().unwrap().len(), 0);
    }),
    ("vm-list.lowercase-status.response", |body| {
        let vms = vms(body);
        let words: Vec<_> = vms
            .iter()
            .map(|vm| (&*vm.name, &*vm.native_state, vm.power))
            .collect();
        assert_eq!(
            words,
            [
                ("web-01", "active", PowerState::On),
                ("db-01", "stopped", PowerState::Off)
            ]
        );
    }),
    ("vm-list.response", |body| {
        let vms = vms(body);
        assert_eq!(vms.len(), 3);
        let web = &vms[0];
        assert_eq!(web.key.to_string(), format!("star/{WEB}"));
        assert_eq!(web.uuid.as_deref(), Some(WEB));
        assert_eq!(
            (&*web.name, web.power, &*web.native_state),
            ("web-01", PowerState::On, "ACTIVE")
        );
        assert_eq!((web.cpu, web.ram_mib), (Some(4), Some(8_192)));
        assert_eq!(list(&web.addresses), ["10.240.2.26", "198.51.100.7"]);
        assert_eq!(web.created_at.unwrap().to_string(), "2016-03-01T08:00:00Z");
        assert_eq!(web.updated_at.unwrap().to_string(), "2016-04-19T12:30:00Z");
        let project = web.project.as_ref().unwrap();
        assert_eq!((&*project.id, &*project.name), ("5f0c", "games"));
        assert_eq!(web.tenant.as_deref(), Some("games"));
        assert_eq!(web.location.as_deref(), Some("bj-1"));
        assert!(web.vapp.is_none() && web.networks.is_empty());
        let place = Place::read(&web.locator).unwrap();
        assert_eq!(
            (&*place.tenant, &*place.region, &*place.server),
            ("5f0c", "bj-1", WEB)
        );
        let db = &vms[1];
        assert_eq!(
            (&*db.name, db.power, &*db.native_state),
            ("db-01", PowerState::Off, "SHUTOFF")
        );
        assert_eq!(list(&db.addresses), ["10.240.2.27", "172.16.0.9"]);
        let new = &vms[2];
        assert_eq!(
            (&*new.name, new.power, &*new.native_state),
            ("new-01", PowerState::Locked, "BUILD")
        );
        assert_eq!((new.cpu, new.ram_mib, new.addresses.len()), (None, None, 0));
        assert_eq!(new.native_progress(), Some("BUILD"));
    }),
    ("vnc-console.response", |body| {
        let said: ConsoleAnswer<'_> = decode(body, "x").unwrap();
        let console = said.data.0.unwrap().console.0.unwrap();
        assert_eq!(
            console.url.get(),
            Some("http://192.0.2.50:6080/vnc_auto.html?token=synthetic-token")
        );
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
    let files = std::fs::read_dir(folder()).unwrap();
    let name = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let files: BTreeSet<String> = files.map(|file| name(file.unwrap().path())).collect();
    let named = FIXTURES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(files, named);
}

#[test]
fn each_native_word_means_what_the_table_of_the_page_says() {
    use PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};
    #[rustfmt::skip]
    let expected: &[(&str, PowerState)] = &[
        ("ACTIVE", On), ("SHUTOFF", Off), ("STOPPED", Off), ("BUILD", Locked), ("REBUILD", Locked), ("REBOOT", Locked),
        ("HARD_REBOOT", Locked), ("MIGRATING", Locked), ("PASSWORD", Locked), ("RESIZE", Locked), ("REVERT_RESIZE", Locked),
        ("VERIFY_RESIZE", Locked), ("PAUSED", Paused), ("SUSPENDED", Paused), ("SHELVED", Paused), ("SHELVED_OFFLOADED", NotAllocated),
        ("RESCUE", On), ("SOFT_DELETED", NotAllocated), ("DELETED", NotAllocated), ("ERROR", Unknown), ("UNKNOWN", Unknown),
        ("active", On), ("stopped", Off), ("building", Locked), ("initialized", Locked), ("resized", Locked), ("paused", Paused),
        ("suspend", Paused), ("rescued", On), ("soft-delete", NotAllocated), ("deleted", NotAllocated), ("error", Unknown),
    ];
    assert_eq!(POWER.len(), expected.len());
    for (word, power) in expected {
        let vm = vm(json!({"instance_id": "1", "status": word}));
        assert_eq!((vm.power, &*vm.native_state), (*power, *word));
    }
    for (word, power) in [
        ("Active", On),
        ("shutoff", Off),
        ("LEVITATING", Unknown),
        ("", Unknown),
    ] {
        let vm = vm(json!({"instance_id": "1", "status": word}));
        assert_eq!((vm.power, &*vm.native_state), (power, word));
    }
}

#[test]
fn odd_values_are_taken_or_left_out() {
    let vm = vm(json!({
        "instance_id": " 42 ", "instance_name": "a\u{1b}[31m\u{202e}b", "cpu_num": "2", "mem_size": 0, "status": 7,
        "lan_ip_set": "10.0.0.1, ,10.0.0.1,nonsense,fd00::1", "wan_ip_set": ["1.2.3.4"], "create_at": "2016-03-01T08:00:00Z",
        "update_at": "yesterday", "region": {"x": 1}, "surprise": [1, 2],
    }));
    assert_eq!((&*vm.key.id, vm.uuid), ("42", None));
    assert_eq!(&*vm.name, "a[31mb");
    assert_eq!(
        (vm.cpu, vm.ram_mib),
        (Some(2), None),
        "0 GiB is less than one"
    );
    assert_eq!((vm.power, &*vm.native_state), (PowerState::Unknown, "7"));
    assert_eq!(list(&vm.addresses), ["10.0.0.1", "fd00::1"]);
    assert_eq!(vm.created_at.unwrap().to_string(), "2016-03-01T08:00:00Z");
    assert_eq!(vm.updated_at, None);
    let body =
        json!({"vm_servers": [null, 5, "x", [], {"instance_name": "no id"}, {"instance_id": "1"}]});
    assert_eq!(vms(body.to_string().as_bytes()).len(), 1);
}

#[test]
fn a_list_of_novas_is_taken_as_well() {
    let body = json!({"servers": [{
        "id": WEB, "name": "web-01", "status": "ACTIVE", "created": "2016-03-01T08:00:00Z", "updated": "2016-04-19T12:30:00Z",
        "addresses": {"lan": [{"addr": "10.240.2.26", "version": 4}], "wan": [{"addr": "198.51.100.7"}, {"addr": 5}], "none": null},
        "flavor": {"id": "3"},
    }]});
    let vm = vms(body.to_string().as_bytes()).pop().unwrap();
    assert_eq!(
        (&*vm.key.id, &*vm.name, vm.power),
        (WEB, "web-01", PowerState::On)
    );
    assert_eq!(list(&vm.addresses), ["10.240.2.26", "198.51.100.7"]);
    assert_eq!(list(&vm.networks), ["lan", "wan"]);
    assert_eq!(vm.updated_at.unwrap().to_string(), "2016-04-19T12:30:00Z");
}

/// Reads a body as everything that it could be and maps what comes of it.
fn swallow(body: &[u8], status: u16) {
    if decode::<Slice<'_>>(body, "x").is_ok() {
        for vm in vms(body) {
            let texts = vm.name.chars().chain(vm.native_state.chars());
            assert!(
                texts
                    .chain(vm.key.id.chars())
                    .all(crate::model::text::is_safe)
            );
            let place = Place::read(&vm.locator).unwrap();
            // Where it leads stays below the path of the API, whatever the ids are.
            if let Ok(route) = place.route("/mana_api/vm_act/{tenant_id}/{region}/{server_id}") {
                assert_eq!(route.path().split('/').count(), 6, "{route}");
            }
        }
    }
    let _ = decode::<TokenAnswer<'_>>(body, "x");
    let _ = decode::<ConsoleAnswer<'_>>(body, "x");
    let _ = decode::<RegionTenant<'_>>(body, "x").map(|said| said.regions().len());
    let answer = answer(status, body);
    let error = refusal(&answer).to_string();
    assert!(error.chars().all(crate::model::text::is_safe), "{error:?}");
    let _ = is_token_refused(&answer);
}

const ODDITIES: &[&str] = &[
    "null",
    "[]",
    "{}",
    "-1",
    "1e308",
    "\"\\u0000\\u202e\"",
    "\"..\"",
    "\"a/../b?c#d\"",
    "true",
    "[[[[]]]]",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..512), status in 200_u16..600) {
        swallow(&body, status);
    }

    #[test]
    fn no_broken_shape_makes_it_panic(
        file in 0..FIXTURES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        status in 200_u16..600,
    ) {
        let mut body = fixture(FIXTURES[file].0);
        for (at, byte) in cuts {
            let at = at.index(body.len());
            body[at] = byte;
        }
        swallow(&body, status);
    }

    #[test]
    fn no_odd_value_makes_it_panic(
        file in 0..FIXTURES.len(),
        swaps in proptest::collection::vec((any::<prop::sample::Index>(), 0..ODDITIES.len()), 1..6),
    ) {
        let mut text = String::from_utf8(fixture(FIXTURES[file].0)).unwrap();
        for (at, oddity) in swaps {
            let values: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
            if values.is_empty() {
                break;
            }
            let from = *at.get(&values);
            let len = text[from..].find([',', '\n', '}']).unwrap_or(0);
            text.replace_range(from..from + len, ODDITIES[oddity]);
        }
        swallow(text.as_bytes(), 200);
    }
}
