#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::model::PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};

#[test]
fn every_word_of_the_reference_has_its_power_state_in_any_case() {
    let expected = [
        ("running", On),
        ("off", Off),
        ("stopped", Off),
        ("shutdown", Off),
        ("paused", Paused),
        ("saved", Paused),
        ("suspended", Paused),
        ("saving", Locked),
        ("scheduling", Locked),
        ("launching", Locked),
        ("pending", Locked),
        ("shutting-down", Locked),
        ("provisioning", Locked),
        ("installing", Locked),
        ("terminated", NotAllocated),
        ("error", Unknown),
        ("failed", Unknown),
        ("unknown", Unknown),
        ("unkown", Unknown),
    ];
    assert_eq!(STATES.len(), expected.len());
    for (word, state) in expected {
        assert_eq!(power(word), state, "{word}");
        assert_eq!(power(&word.to_uppercase()), state, "{word} in capitals");
    }
    for word in ["", "hibernating", "run ning"] {
        assert_eq!(power(word), Unknown, "{word:?}");
    }
}

#[test]
fn an_id_is_one_segment_of_a_path_whatever_it_holds() {
    assert_eq!(segment("4b7c-1"), "4b7c-1");
    assert_eq!(segment("a/b?c#d%e"), "a%2Fb%3Fc%23d%25e");
    assert_eq!(segment("ä"), "%C3%A4");
    for hostile in ["", " ", "a b", "a\u{1b}[31m", "a\u{202e}b"] {
        assert_eq!(id(Some(hostile)), None, "{hostile:?}");
    }
    assert_eq!(id(Some(&"x".repeat(129))), None);
    assert_eq!(id(Some(" 7 ")), Some("7"));
}

#[test]
fn a_console_address_needs_a_host_and_a_port_and_vnc_switched_on() {
    let address = |enabled: &str, ip: &str, port: &str| {
        let json = format!(
            r#"{{"uuid":1,"vnc_enabled":{enabled},"vnc_ip_address":{ip},"vnc_port":{port}}}"#
        );
        console(&serde_json::from_str(&json).unwrap()).map(|address| address.to_string())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        address("true", "\"192.0.2.40\"", "\"5900\""),
        some("vnc://192.0.2.40:5900")
    );
    assert_eq!(
        address("true", "\"2001:db8::1\"", "5901"),
        some("vnc://[2001:db8::1]:5901")
    );
    assert_eq!(
        address("true", "\"vnc.example.com\"", "5901"),
        some("vnc://vnc.example.com:5901")
    );
    for (enabled, ip, port) in [
        ("false", "\"192.0.2.40\"", "5900"),
        ("null", "\"192.0.2.40\"", "5900"),
        ("true", "\"\"", "5900"),
        ("true", "\"0.0.0.0\"", "5900"),
        ("true", "\"a@b/c\"", "5900"),
        ("true", "\"192.0.2.40\"", "0"),
        ("true", "\"192.0.2.40\"", "65536"),
        ("true", "\"192.0.2.40\"", "null"),
    ] {
        assert_eq!(address(enabled, ip, port), None, "{enabled} {ip} {port}");
    }
}

/// JSON of any shape, with the keys of the documents more often than not.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    const KEYS: &str = "vms|templates|logs|transactions|vm|uuid|name|state|interfaces|ip|tags|vnc_port|vnc_enabled|\
        vnc_ip_address|memory|cpus|timestamp|message|error|completed|started|hardware_profile_uuid|[a-z]{0,4}";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((KEYS, inner), 0..8)
                .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn map_all(body: &[u8]) {
    let cloud = CloudName::new("ecp");
    let known = wire::templates(body)
        .map(|list| profiles(&list))
        .unwrap_or_default();
    for wire in wire::vms(body).unwrap_or_default() {
        let mut mapper = Mapper::new(&cloud, &known);
        if let Some(vm) = mapper.vm(&wire) {
            assert!(!vm.key.id.is_empty() && !vm.locator.contains(['/', '?', '#']));
        }
    }
    if let Ok(logs) = wire::logs(body) {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let mapper = LogMapper { cloud: &cloud, now };
        mapper.map(&logs, &mut Seen::new());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_mapping_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        map_all(&body);
    }

    #[test]
    fn no_json_makes_mapping_panic(json in any_json()) {
        map_all(json.to_string().as_bytes());
        map_all(serde_json::json!({ "vms": [json], "templates": [json], "logs": [json], "transactions": [json] })
            .to_string().as_bytes());
    }
}
