//! The keys of a ZStack cloud in the configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;

use jiff::tz::{TimeZone, offset};
use vmdeck::config::{
    ConfigError, Credentials, Provider, ZstackLogin, ZstackSettings, example_config, parse,
};

const CLOUD: &str = r#"[[clouds]]
name = "hall"
provider = "zstack"
url = "http://localhost:8080/zstack"
username = "admin"
password = "hunter2-geheim"
"#;

fn settings(more: &str) -> ZstackSettings {
    let loaded = parse(&format!("{CLOUD}{more}"), Path::new("config.toml")).unwrap();
    let cloud = &loaded.config.clouds[0];
    assert!(
        matches!(&cloud.credentials, Credentials::Password { username, .. } if username == "admin")
    );
    assert_eq!(
        (cloud.provider.id(), cloud.provider.title()),
        ("zstack", "ZStack")
    );
    match &cloud.provider {
        Provider::Zstack(settings) => settings.clone(),
        other => panic!("{other:?}"),
    }
}

/// What is wrong with a text, as `LINE KEY: WHAT; FIX`.
fn wrong(text: &str) -> Vec<String> {
    match parse(text, Path::new("config.toml")) {
        Err(ConfigError::Invalid { problems, .. }) => problems
            .iter()
            .map(|problem| {
                let line = problem.position.unwrap().line;
                let key = problem.key.as_deref().unwrap_or_default();
                let words = format!("{line} {key}: {}; {}", problem.what, problem.fix);
                assert!(!words.contains("hunter2"), "{words}");
                words
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_form_of_log_in_has_its_word_and_an_account_is_what_it_is_when_left_out() {
    let cases = [
        ("", ZstackLogin::Account),
        ("login = \"account\"", ZstackLogin::Account),
        (
            "login = \"user\"\naccount = \"acme\"",
            ZstackLogin::User {
                account: "acme".into(),
            },
        ),
        ("login = \"ldap\"", ZstackLogin::Ldap),
        ("login = \"iam2\"", ZstackLogin::Iam2 { project: None }),
        (
            "login = \"iam2\"\nproject = \"shop\"",
            ZstackLogin::Iam2 {
                project: Some("shop".into()),
            },
        ),
        (
            "login = \"access_key\"\ntime_zone = \"+08:00\"",
            ZstackLogin::AccessKey,
        ),
    ];
    for (more, login) in cases {
        assert_eq!(settings(more).login, login, "{more}");
    }
}

#[test]
fn a_time_zone_is_a_name_or_an_offset() {
    assert_eq!(settings("").time_zone, None);
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    assert_eq!(
        settings("time_zone = \"Asia/Shanghai\"").time_zone,
        Some(shanghai)
    );
    let fixed = |hours| Some(TimeZone::fixed(offset(hours)));
    assert_eq!(settings("time_zone = \"+08:00\"").time_zone, fixed(8));
    assert_eq!(settings("time_zone = \"-03:00\"").time_zone, fixed(-3));
    for zone in ["Mars/Base", "+8", "+15:00", "08:00", "+08:60", "+ 8:00"] {
        let found = wrong(&format!("{CLOUD}time_zone = \"{zone}\""));
        assert_eq!(found.len(), 1, "{zone}");
        assert!(
            found[0].starts_with("7 clouds[hall].time_zone: must be a time zone"),
            "{found:?}"
        );
    }
}

#[test]
fn what_belongs_to_another_form_or_is_missing_is_said_with_its_place() {
    let cases = [
        (
            "login = \"user\"",
            "1 clouds[hall].account: is missing; add account",
        ),
        (
            "account = \"acme\"",
            "7 clouds[hall].account: belongs to login = \"user\" alone",
        ),
        (
            "project = \"shop\"",
            "7 clouds[hall].project: belongs to login = \"iam2\" alone",
        ),
        (
            "login = \"access_key\"",
            "1 clouds[hall].time_zone: is missing; add the zone",
        ),
        ("login = \"acount\"", "7 clouds[hall].login: must be one of"),
        (
            "api_version = \"5.0\"",
            "7 clouds[hall].api_version: is not a known key",
        ),
        (
            "token = \"hunter2\"",
            "7 clouds[hall].token: is not a known key",
        ),
    ];
    for (more, words) in cases {
        let found = wrong(&format!("{CLOUD}{more}"));
        assert_eq!(found.len(), 1, "{more}: {found:?}");
        assert!(found[0].starts_with(words), "{found:?}");
    }
}

#[test]
fn the_example_has_every_key() {
    for key in [
        "provider = \"zstack\"",
        "login = ",
        "account = ",
        "project = ",
        "time_zone = ",
    ] {
        assert!(example_config().contains(key), "{key}");
    }
}
