//! The keys of an Elastic Hosting cloud in the configuration.

use std::path::Path;

use vmdeck::config::{ConfigError, Credentials, EcpAuth, EcpBody, Provider, example_config, parse};

const CLOUD: &str = r#"[[clouds]]
name = "city"
provider = "elastic-hosting"
url = "https://ecp.example.com"
username = "alice"
password = "hunter2-geheim"
"#;

fn provider(more: &str) -> Provider {
    let loaded = parse(&format!("{CLOUD}{more}"), Path::new("config.toml")).unwrap();
    let cloud = &loaded.config.clouds[0];
    assert!(
        matches!(&cloud.credentials, Credentials::Password { username, .. } if username == "alice")
    );
    cloud.provider.clone()
}

/// What is wrong with a text, as `LINE KEY: WHAT; FIX`.
fn wrong(text: &str) -> Vec<String> {
    match parse(text, Path::new("config.toml")) {
        Err(ConfigError::Invalid { problems, .. }) => problems
            .iter()
            .map(|problem| {
                let line = problem.position.unwrap().line;
                let key = problem.key.as_deref().unwrap_or_default();
                format!("{line} {key}: {}; {}", problem.what, problem.fix)
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn how_to_sign_in_and_how_forms_travel_have_defaults_and_choices() {
    let is = |auth, body| Provider::ElasticHosting { auth, body };
    assert_eq!(provider(""), is(EcpAuth::Auto, EcpBody::Multipart));
    assert_eq!(
        provider("auth = \"basic\"\nbody = \"multipart\""),
        is(EcpAuth::Basic, EcpBody::Multipart)
    );
    assert_eq!(
        provider("auth = \"form\"\nbody = \"urlencoded\""),
        is(EcpAuth::Form, EcpBody::Urlencoded)
    );
    assert_eq!(provider("").id(), "elastic-hosting");
    assert_eq!(provider("").title(), "Elastic Hosting");
}

#[test]
fn other_words_are_answered_with_those_there_are() {
    assert_eq!(
        wrong(&format!("{CLOUD}auth = \"digest\"\nbody = \"json\"")),
        [
            "7 clouds[city].auth: must be one of \"auto\", \"basic\", \"form\"; write it in that way",
            "8 clouds[city].body: must be one of \"multipart\", \"urlencoded\"; write it in that way",
        ]
    );
}

#[test]
fn it_signs_in_with_a_name_and_a_password_and_no_token() {
    let without = CLOUD.replace(
        "password = \"hunter2-geheim\"\n",
        "token = \"hunter2-geheim\"\n",
    );
    let told = wrong(&without);
    assert!(
        told[0].starts_with("1 clouds[city].password: is missing"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("6 clouds[city].token: is not a known key"),
        "{told:?}"
    );
    assert!(!told.concat().contains("hunter2"));
    let nobody = CLOUD.replace("username = \"alice\"\n", "");
    assert!(wrong(&nobody)[0].starts_with("1 clouds[city].username: is missing"));
}

#[test]
fn the_example_shows_its_keys() {
    for line in [
        "#provider = \"elastic-hosting\"",
        "#auth = \"auto\"",
        "#body = \"multipart\"",
    ] {
        assert!(example_config().contains(line), "{line}");
    }
}
