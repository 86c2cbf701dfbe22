#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::path::Path;

use super::*;
use crate::config::openstack::{Domain, Interface, OpenstackAuth, OpenstackProject};
use crate::config::secret::SecretSource;

const CLOUDS: &str = r"
clouds:
  lab: &lab
    auth: &auth
      auth_url: http://127.0.0.1:5000/v3
      username: alice
      password: 0123
      project_name: red
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    interface: internalURL
    verify: False
    cacert: ~/ca.pem
    volume_api_version: 3
    anything: [1, {else: there}]
  merged:
    <<: *lab
    auth:
      <<: *auth
      username: bob
  ids:
    auth: {auth_url: 'https://k.example.com/v3', user_id: u1, password: p, project_id: p1}
    regions: [One, {name: Two, values: {}}]
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: 'https://k.example.com/v3', application_credential_id: a1, application_credential_secret: hunter2}
  app_by_name:
    auth: {auth_url: 'https://k.example.com/v3', application_credential_name: ci, username: bob, user_domain_id: d1, application_credential_secret: hunter2}
  token:
    auth: {auth_url: 'https://k.example.com/v3', token: hunter2, project_name: red}
  split:
    profile: vendor
    auth: {username: bob, project_name: red}
  bare:
  odd:
    auth_type: v3totp
    auth: {auth_url: 'ftp://hunter2@k', password: hunter2}
    interface: hunter2
";

struct Folder {
    dir: tempfile::TempDir,
    variables: HashMap<&'static str, String>,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self {
            dir,
            variables: HashMap::new(),
        }
    }

    fn look<T>(&self, look: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let variable = |name: &str| self.variables.get(name).map(OsString::from);
        look(&Surroundings {
            folders: vec![self.dir.path().join("none"), self.dir.path().to_owned()],
            home: Some("/home/x".into()),
            variable: &variable,
        })
    }

    fn find(&self, name: &str) -> Result<Found, Vec<String>> {
        self.look(|around| find(name, None, around))
            .map_err(|missing| match missing {
                Missing::NoFile(folders) => vec![format!("no file in {}", folders.len())],
                Missing::Wrong(problems) => problems
                    .iter()
                    .map(|problem| {
                        let key = problem.key.as_deref().unwrap_or_default();
                        let line = problem.position.map_or(0, |position| position.line);
                        format!("{line} {key} {}; {}", problem.what, problem.fix)
                    })
                    .collect(),
            })
    }
}

fn clouds() -> Folder {
    Folder::with(&[("clouds.yaml", CLOUDS)])
}

async fn password(found: &Found) -> String {
    match &found.credentials {
        Credentials::Password { password, .. } => {
            password.resolve().await.unwrap().expose().to_owned()
        }
        Credentials::Token(token) => token.resolve().await.unwrap().expose().to_owned(),
    }
}

fn user(found: &Found) -> &str {
    match &found.credentials {
        Credentials::Password { username, .. } => username,
        Credentials::Token(_) => "",
    }
}

fn red() -> OpenstackProject {
    OpenstackProject::Name {
        name: "red".into(),
        domain: Domain::Name("Default".into()),
    }
}

#[tokio::test]
async fn a_cloud_is_read_as_its_own_clients_read_it() {
    let lab = clouds().find("lab").unwrap();
    assert_eq!(lab.url.as_str(), "http://127.0.0.1:5000/v3");
    assert_eq!(
        (user(&lab), &*password(&lab).await),
        ("alice", "0123"),
        "a number is the text that was written"
    );
    assert_eq!(
        lab.keys.auth,
        OpenstackAuth::Password {
            domain: Some(Domain::Name("Default".into()))
        }
    );
    assert_eq!(lab.keys.projects, [red()]);
    assert_eq!(lab.keys.regions, ["RegionOne"]);
    assert_eq!(lab.keys.interface, Interface::Internal);
    assert!(lab.tls.insecure);
    assert_eq!(
        lab.tls.ca_file.as_deref(),
        Some(Path::new("/home/x/ca.pem"))
    );
    let merged = clouds().find("merged").unwrap();
    assert_eq!(
        (user(&merged), &merged.keys.projects[..]),
        ("bob", &[red()][..])
    );
}

#[tokio::test]
async fn each_way_to_sign_in_is_told_by_what_is_given() {
    let ids = clouds().find("ids").unwrap();
    assert_eq!(ids.keys.auth, OpenstackAuth::Password { domain: None });
    assert_eq!(ids.keys.projects, [OpenstackProject::Id("p1".into())]);
    assert_eq!(ids.keys.regions, ["One", "Two"]);
    let app = clouds().find("app").unwrap();
    assert_eq!(
        app.keys.auth,
        OpenstackAuth::ApplicationCredential { owner: None }
    );
    assert_eq!((user(&app), &*password(&app).await), ("a1", "hunter2"));
    let named = clouds().find("app_by_name").unwrap();
    let owner = Some(("bob".to_owned(), Domain::Id("d1".into())));
    assert_eq!(
        named.keys.auth,
        OpenstackAuth::ApplicationCredential { owner }
    );
    assert_eq!(user(&named), "ci");
    let token = clouds().find("token").unwrap();
    assert_eq!(token.keys.auth, OpenstackAuth::Token);
    assert_eq!(password(&token).await, "hunter2");
    let shown = format!("{app:?} {named:?} {token:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn secrets_and_profiles_may_stand_in_files_of_their_own() {
    let folder = Folder::with(&[
        ("clouds.yaml", CLOUDS),
        (
            "secure.yml",
            "clouds:\n  split:\n    auth: {password: hunter2}\n  lab:\n    auth:\n      password: other\n",
        ),
        (
            "clouds-public.yaml",
            "public-clouds:\n  vendor:\n    auth: {auth_url: 'https://vendor.example.com/v3', username: nobody}\n    region_name: R\n",
        ),
    ]);
    let split = folder.find("split").unwrap();
    assert_eq!((user(&split), &*password(&split).await), ("bob", "hunter2"));
    assert_eq!(split.url.as_str(), "https://vendor.example.com/v3");
    assert_eq!(split.keys.regions, ["R"]);
    let holder = split.plain_secret.unwrap();
    assert!(holder.ends_with("secure.yml"), "{holder:?}");
    let lab = folder.find("lab").unwrap();
    assert_eq!(password(&lab).await, "other", "secure.yaml comes first");
}

#[test]
fn what_is_wrong_is_told_by_key_without_its_value() {
    let wrong = clouds().find("bare").unwrap_err();
    assert_eq!(
        wrong,
        [
            "0 clouds[bare].auth.auth_url is missing; add the address of Keystone",
            "0 clouds[bare].auth.password is missing; add it, in secure.yaml where it is a secret",
            "0 clouds[bare].auth.username is missing; add it, in secure.yaml where it is a secret",
        ]
    );
    let wrong = clouds().find("odd").unwrap_err();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(!wrong.concat().contains("hunter2"), "{wrong:?}");
    let wrong = clouds().find("lap").unwrap_err();
    assert_eq!(
        wrong,
        ["0 clouds has no cloud of this name; did you mean lab?"]
    );
    assert_eq!(Folder::with(&[]).find("lab").unwrap_err(), ["no file in 2"]);
}

#[test]
fn what_is_no_yaml_is_told_by_line_and_never_shown() {
    for text in [
        "clouds:\n  lab: [hunter2",
        "clouds: hunter2",
        "clouds:\n  lab:\n    auth: hunter2",
        "clouds:\n  lab:\n    auth: {password: [hunter2]}",
        "{{{{",
        "a: &a [*a]",
    ] {
        let wrong = Folder::with(&[("clouds.yaml", text)])
            .find("lab")
            .unwrap_err();
        assert_eq!(wrong.len(), 1, "{text}");
        assert!(!wrong.concat().contains("hunter2"), "{wrong:?}");
    }
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for n in 1..40 {
        let before = n - 1;
        bomb.push_str(&format!("a{n}: &a{n} [*a{before}, *a{before}]\n"));
    }
    let wrong = Folder::with(&[("clouds.yaml", &bomb)]).find("lab");
    assert!(wrong.is_err());
    for empty in ["", "# nothing\n", "clouds:\n", "null"] {
        let wrong = Folder::with(&[("clouds.yaml", empty)]).find("lab");
        assert!(
            wrong.unwrap_err().concat().contains("has no cloud"),
            "{empty:?}"
        );
    }
}

#[test]
fn variables_describe_a_cloud_and_name_files() {
    let mut folder = clouds();
    assert!(folder.find(FROM_VARIABLES).is_err());
    for (name, value) in [
        ("OS_AUTH_URL", "https://k.example.com/v3"),
        ("OS_USERNAME", "carol"),
        ("OS_PASSWORD", "hunter2"),
        ("OS_PROJECT_NAME", "red"),
        ("OS_PROJECT_DOMAIN_NAME", "Default"),
        ("OS_REGION_NAME", "Two"),
    ] {
        folder.variables.insert(name, value.to_owned());
    }
    let found = folder.find(FROM_VARIABLES).unwrap();
    assert_eq!(user(&found), "carol");
    assert_eq!(found.keys.regions, ["Two"]);
    assert_eq!(found.keys.projects, [red()]);
    assert!(
        matches!(&found.credentials, Credentials::Password { password: SecretSource::Env(name), .. } if name == "OS_PASSWORD")
    );
    let (names, file) = folder.look(names).unwrap();
    assert_eq!(names.len(), 10);
    assert!(file.unwrap().ends_with("clouds.yaml"));

    let other = folder.dir.path().join("other.yaml");
    std::fs::write(
        &other,
        "clouds: {only: {auth: {auth_url: 'http://127.0.0.1/v3', username: a, password: b}}}",
    )
    .unwrap();
    let path = other.to_str().unwrap().to_owned();
    folder.variables.insert("OS_CLIENT_CONFIG_FILE", path);
    folder.variables.remove("OS_AUTH_URL");
    let (names, _) = folder.look(super::names).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["only"]);
}
