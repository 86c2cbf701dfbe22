//! The keys of an OpenStack cloud in the configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;

use vmdeck::config::{
    CloudEntry, ConfigError, Credentials, Domain, Interface, Openstack, OpenstackAuth,
    OpenstackProject, Provider, parse,
};

const OWN: &str = r#"[[clouds]]
name = "stack"
provider = "openstack"
url = "https://keystone.example.com/v3"
"#;

fn cloud(text: &str, file: &Path) -> CloudEntry {
    let loaded = parse(text, file).unwrap();
    loaded.config.clouds.into_iter().next().unwrap()
}

fn keys(cloud: &CloudEntry) -> &Openstack {
    assert_eq!(
        (cloud.provider.id(), cloud.provider.title()),
        ("openstack", "OpenStack")
    );
    match &cloud.provider {
        Provider::Openstack(keys) => keys,
        other => panic!("{other:?}"),
    }
}

/// What is wrong with a text, as `LINE KEY: WHAT; FIX`.
fn wrong(text: &str) -> Vec<String> {
    match parse(text, Path::new("/nowhere/config.toml")) {
        Err(ConfigError::Invalid { problems, .. }) => problems
            .iter()
            .map(|problem| {
                let line = problem.position.map_or(0, |position| position.line);
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
fn an_entry_says_itself_how_to_sign_in() {
    let text = format!(
        "{OWN}username = \"alice\"\npassword = {{ env = \"X\" }}\nuser_domain = \"D\"\nproject = \"red\"\nproject_domain = {{ id = \"d1\" }}\n\
         regions = [\"One\", \"Two\"]\ninterface = \"internal\"\nall_projects = true\nplain_http = true\ngroup_by = \"server_group\"\n"
    );
    let cloud = cloud(&text, Path::new("config.toml"));
    let keys = keys(&cloud);
    assert_eq!(
        keys.auth,
        OpenstackAuth::Password {
            domain: Some(Domain::Name("D".into()))
        }
    );
    assert_eq!(
        keys.projects,
        [OpenstackProject::Name {
            name: "red".into(),
            domain: Domain::Id("d1".into())
        }]
    );
    assert_eq!(keys.regions, ["One", "Two"]);
    assert_eq!(keys.interface, Interface::Internal);
    assert_eq!((keys.all_projects, keys.plain_http), (Some(true), true));
    assert_eq!(cloud.username(), Some("alice"));
    assert_eq!(cloud.group_by.unwrap().to_string(), "server_group");
}

#[test]
fn each_way_to_sign_in_has_its_keys() {
    let by_id = format!("{OWN}application_credential = \"c1\"\nsecret = \"hunter2\"\n");
    let cloud_by_id = cloud(&by_id, Path::new("config.toml"));
    assert_eq!(
        keys(&cloud_by_id).auth,
        OpenstackAuth::ApplicationCredential { owner: None }
    );
    assert_eq!(cloud_by_id.username(), Some("c1"));
    let by_name = format!(
        "{OWN}application_credential_name = \"ci\"\nusername = \"bob\"\nsecret = \"hunter2\"\n"
    );
    let by_name = cloud(&by_name, Path::new("config.toml"));
    let owner = Some(("bob".to_owned(), Domain::usual()));
    assert_eq!(
        keys(&by_name).auth,
        OpenstackAuth::ApplicationCredential { owner }
    );
    let token = format!(
        "{OWN}token = \"hunter2\"\nprojects = [{{ id = \"p1\" }}, {{ name = \"x\", domain = \"D\" }}, \"y\"]\n"
    );
    let token = cloud(&token, Path::new("config.toml"));
    assert_eq!(keys(&token).auth, OpenstackAuth::Token);
    assert_eq!(keys(&token).projects.len(), 3);
    assert!(matches!(token.credentials, Credentials::Token(_)));
    assert!(!format!("{token:?}").contains("hunter2"));
}

#[test]
fn a_cloud_of_the_other_clients_is_taken_with_what_stands_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(
        folder.path().join("mine.yaml"),
        "clouds: {lab: {auth: {auth_url: 'http://127.0.0.1:5000/v3', username: alice, project_name: red, project_domain_name: D},\n\
         region_name: One, cacert: /x/ca.pem}}\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("secure.yaml"),
        "clouds: {lab: {auth: {password: hunter2}}}\n",
    )
    .unwrap();
    let entry = "[[clouds]]\nname = \"a\"\nprovider = \"openstack\"\ncloud = \"lab\"\nclouds_file = \"mine.yaml\"\n";
    let plain = cloud(entry, &file);
    assert_eq!(plain.url.as_str(), "http://127.0.0.1:5000/v3");
    assert_eq!(plain.tls.ca_file.as_deref(), Some(Path::new("/x/ca.pem")));
    assert_eq!(keys(&plain).regions, ["One"]);
    let more = format!("{entry}projects = [\"red\", \"blue\"]\nregions = [\"Two\"]\n");
    let more = cloud(&more, &file);
    assert_eq!(keys(&more).regions, ["Two"]);
    let blue = OpenstackProject::Name {
        name: "blue".into(),
        domain: Domain::Name("D".into()),
    };
    assert_eq!(keys(&more).projects[1], blue, "in the domain of the file");
}

#[test]
fn mistakes_are_named_with_what_to_do() {
    let named = "[[clouds]]\nname = \"a\"\nprovider = \"openstack\"\ncloud = \"lab\"\nclouds_file = \"/nowhere/clouds.yaml\"\n";
    let cases: &[(String, &[&str])] = &[
        (OWN.to_owned(), &["clouds[stack].cloud: is missing"]),
        (
            format!("{OWN}username = \"a\"\npassword = \"hunter2\"\ntoken = \"hunter2\"\n"),
            &["contradict each other"],
        ),
        (
            format!("{OWN}secret = \"hunter2\"\n"),
            &["application_credential: is missing"],
        ),
        (
            format!(
                "{OWN}application_credential = \"c\"\nsecret = \"hunter2\"\nproject = \"red\"\n"
            ),
            &["does not go with an application credential"],
        ),
        (
            format!("{OWN}username = \"a\"\npassword = \"hunter2\"\ninterface = \"publik\"\n"),
            &["did you mean \"public\"?"],
        ),
        (
            format!(
                "{OWN}username = \"a\"\npassword = \"hunter2\"\nproject = {{ id = \"x\", name = \"y\" }}\n"
            ),
            &["either an id or a name"],
        ),
        (
            format!("{named}username = \"alice\"\nurl = \"https://x\"\ntls = {{}}\n"),
            &[
                "clouds[a].username: stands beside `cloud`",
                "clouds[a].url: stands beside `cloud`",
                "clouds[a].tls: stands beside `cloud`",
                "cannot be read",
            ],
        ),
        (
            format!("{OWN}clouds_file = \"x\"\nusername = \"a\"\npassword = \"hunter2\"\n"),
            &["names no cloud by itself"],
        ),
        (
            format!("{OWN}username = \"a\"\npassword = \"hunter2\"\nuser_domian = \"D\"\n"),
            &["did you mean `user_domain`?"],
        ),
    ];
    for (text, expected) in cases {
        let wrong = wrong(text).join("\n");
        for words in *expected {
            assert!(wrong.contains(words), "{words} in\n{wrong}");
        }
    }
}
