//! The keys that only OpenStack has.

use toml::de::DeValue;

use super::cloud::{Credentials, Provider};
use super::openstack::{Domain, Interface, Openstack, OpenstackAuth, OpenstackProject};
use super::openstack_files::{Missing, Surroundings, find};
use super::read_cloud::Keys;
use super::read_credentials::{secret, username};
use super::read_scloudm::{Item, each, fit};
use super::section::Section;

/// What proves who is asking, where the entry says so itself.
const OWN_KEYS: &[&str] = &[
    "url",
    "username",
    "password",
    "user_domain",
    "application_credential",
    "application_credential_name",
    "secret",
    "token",
    "project_domain",
    "tls",
];

/// What stands in the entry beside whatever it signs in with.
struct Beside {
    projects: Vec<Given>,
    regions: Vec<String>,
    interface: Option<Interface>,
    all_projects: Option<bool>,
    plain_http: bool,
}

/// A project as it is written: its domain may stand in another key.
enum Given {
    Id(String),
    Name(String, Option<Domain>),
}

impl Given {
    fn in_domain(self, domain: &Domain) -> OpenstackProject {
        match self {
            Self::Id(id) => OpenstackProject::Id(id),
            Self::Name(name, own) => OpenstackProject::Name {
                name,
                domain: own.unwrap_or_else(|| domain.clone()),
            },
        }
    }
}

/// OpenStack signs in as its other clients do: with a cloud of their files, or with what the entry says itself.
pub(super) fn openstack(section: &mut Section<'_, '_>) -> Option<Keys> {
    let beside = beside(section);
    if section.has("cloud") {
        return named(section, beside);
    }
    if let Some(file) = section.get("clouds_file") {
        let fix = "add cloud = \"…\", the name of a cloud in it";
        section.wrong(
            file.span().start,
            "clouds_file",
            "names no cloud by itself",
            fix,
        );
    }
    let project_domain = domain(section, "project_domain").unwrap_or_else(Domain::usual);
    let (auth, credentials) = own(section)?;
    let scoped_already = matches!(auth, OpenstackAuth::ApplicationCredential { .. });
    if scoped_already
        && let Some(key) = ["project", "projects"].into_iter().find(|k| section.has(k))
    {
        let offset = section.get(key).map_or(0, |value| value.span().start);
        let what = "does not go with an application credential, which belongs to one project";
        section.wrong(offset, key, what, "remove the line");
        return None;
    }
    let keys = Openstack {
        auth,
        projects: beside
            .projects
            .into_iter()
            .map(|project| project.in_domain(&project_domain))
            .collect(),
        regions: beside.regions,
        interface: beside.interface.unwrap_or_default(),
        all_projects: beside.all_projects,
        plain_http: beside.plain_http,
    };
    Some(Keys::from((
        Provider::Openstack(Box::new(keys)),
        credentials,
    )))
}

/// A cloud of OpenStack's own files, with what the entry says beside it.
fn named(section: &mut Section<'_, '_>, beside: Beside) -> Option<Keys> {
    let name = section.text("cloud");
    let file = section.file_path("clouds_file");
    // Asked for even if there is nothing to say, so that they count as known.
    let given: Vec<&str> = OWN_KEYS
        .iter()
        .copied()
        .filter(|key| section.has(key))
        .collect();
    for key in given {
        let offset = section.get(key).map_or(0, |value| value.span().start);
        let what = "stands beside `cloud`, which says how to sign in";
        section.wrong(offset, key, what, "keep one of the two");
    }
    let name = name?;
    let found = match find(name.value, file.as_deref(), &Surroundings::own()) {
        Ok(found) => found,
        Err(Missing::Wrong(problems)) => {
            section.reader.problems.extend(problems);
            return None;
        }
        Err(Missing::NoFile(folders)) => {
            let folders: Vec<String> = folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            let what = format!(
                "names a cloud of a clouds.yaml, and there is none in {}",
                folders.join(", ")
            );
            let fix = "write one, or name it with clouds_file or OS_CLIENT_CONFIG_FILE";
            section.wrong(name.offset, "cloud", &what, fix);
            return None;
        }
    };
    let mut keys = found.keys;
    if !beside.projects.is_empty() {
        let domain = match keys.projects.first() {
            Some(OpenstackProject::Name { domain, .. }) => domain.clone(),
            _ => Domain::usual(),
        };
        let projects = beside.projects.into_iter();
        keys.projects = projects.map(|project| project.in_domain(&domain)).collect();
    }
    if !beside.regions.is_empty() {
        keys.regions = beside.regions;
    }
    keys.interface = beside.interface.unwrap_or(keys.interface);
    keys.all_projects = beside.all_projects;
    keys.plain_http = beside.plain_http;
    if let Some(file) = found.plain_secret {
        warn_of_readers(section, name.offset, &file);
    }
    Some(Keys {
        provider: Provider::Openstack(Box::new(keys)),
        credentials: found.credentials,
        place: Some((found.url, found.tls)),
    })
}

/// Others who may read the file have the secret as well.
fn warn_of_readers(section: &mut Section<'_, '_>, offset: usize, file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_or(0, |data| data.permissions().mode());
    if mode & 0o077 != 0 {
        let what = format!(
            "has its secret in {}, which others on this machine may read or change",
            file.display()
        );
        let fix = format!("run chmod 600 {}", file.display());
        section.warn(offset, "cloud", &what, &fix);
    }
}

fn beside(section: &mut Section<'_, '_>) -> Beside {
    let expected = "a list of names in double quotes or tables { id = \"…\" }";
    let fix = "write it like [\"red\", \"blue\"]";
    let mut projects = each(section, "projects", expected, fix, |item| match item {
        Item::Text(section, name) => Some(Given::Name(fit(section, "projects", name)?, None)),
        Item::Table(mut table, offset) => {
            let read = project(&mut table, offset);
            table.report_unknown();
            read
        }
    });
    if let Some(value) = section.get("project") {
        let offset = value.span().start;
        if section.has("projects") {
            let what = "is given beside `projects`";
            section.wrong(offset, "project", what, "keep one of the two");
        }
        let one = match value.get_ref() {
            DeValue::Table(_) => section.section("project").and_then(|mut table| {
                let read = project(&mut table, offset);
                table.report_unknown();
                read
            }),
            _ => {
                let text = section.text("project");
                text.and_then(|name| Some(Given::Name(fit(section, "project", name)?, None)))
            }
        };
        projects.extend(one);
    }
    let regions = each(
        section,
        "regions",
        "a list of names in double quotes",
        "write it like [\"RegionOne\"]",
        |item| match item {
            Item::Text(section, name) => fit(section, "regions", name),
            Item::Table(mut table, offset) => {
                let fix = "write it like \"RegionOne\"";
                table.wrong(offset, "", "must be a text in double quotes", fix);
                None
            }
        },
    );
    let interface = section
        .has("interface")
        .then(|| section.choice("interface", Interface::WORDS, Interface::Public));
    let all_projects = section
        .has("all_projects")
        .then(|| section.flag("all_projects", false));
    let plain_http = section.flag("plain_http", false);
    Beside {
        projects,
        regions,
        interface,
        all_projects,
        plain_http,
    }
}

/// `{ id = "…" }`, or `{ name = "…", domain = "…" }`.
fn project(table: &mut Section<'_, '_>, offset: usize) -> Option<Given> {
    let id = table.text("id");
    let name = table.text("name");
    let domain = domain(table, "domain");
    match (id, name) {
        (Some(id), None) => Some(Given::Id(fit(table, "id", id)?)),
        (None, Some(name)) => Some(Given::Name(fit(table, "name", name)?, domain)),
        _ => {
            let what = "must have either an id or a name";
            table.wrong(offset, "", what, "write it like { id = \"…\" }");
            None
        }
    }
}

/// A domain: its name, or a table with its id.
fn domain(section: &mut Section<'_, '_>, key: &'static str) -> Option<Domain> {
    if let DeValue::Table(_) = section.get(key)?.get_ref() {
        let mut table = section.section(key)?;
        let id = table.required_text("id", "default");
        table.report_unknown();
        let id = id?;
        return Some(Domain::Id(fit(&mut table, "id", id)?));
    }
    let name = section.text(key)?;
    Some(Domain::Name(fit(section, key, name)?))
}

/// What the entry says of itself: a user, an application credential or a token.
fn own(section: &mut Section<'_, '_>) -> Option<(OpenstackAuth, Credentials)> {
    // Asked for one and all, so that each counts as known.
    let name = username(section);
    let password = secret(section, "password");
    let app_secret = secret(section, "secret");
    let token = secret(section, "token");
    let user_domain = domain(section, "user_domain").unwrap_or_else(Domain::usual);
    let app_id = section.text("application_credential");
    let app_name = section.text("application_credential_name");

    let given = ["password", "secret", "token"].map(|key| section.has(key));
    if given.iter().filter(|given| **given).count() > 1 {
        section.missing(
            "token",
            "keep one of `password`, `secret` (of an application credential) and `token`; two contradict each other".to_owned(),
        );
        return None;
    }
    match given {
        [true, _, _] => {
            if !section.has("username") {
                let fix = "add the name that the password belongs to".to_owned();
                section.missing("username", fix);
            }
            Some((
                OpenstackAuth::Password {
                    domain: Some(user_domain),
                },
                Credentials::Password {
                    username: name?,
                    password: password?,
                },
            ))
        }
        [_, true, _] => {
            let (account, owner) = match (app_id, app_name) {
                (Some(id), None) => (id.value.to_owned(), None),
                (None, Some(of)) => {
                    if !section.has("username") {
                        let fix = "add the name of the user whose credential it is".to_owned();
                        section.missing("username", fix);
                    }
                    (of.value.to_owned(), Some((name?, user_domain)))
                }
                _ => {
                    let fix =
                        "add the credential's id, or application_credential_name and username";
                    section.missing("application_credential", fix.to_owned());
                    return None;
                }
            };
            Some((
                OpenstackAuth::ApplicationCredential { owner },
                Credentials::Password {
                    username: account,
                    password: app_secret?,
                },
            ))
        }
        [_, _, true] => Some((OpenstackAuth::Token, Credentials::Token(token?))),
        _ => {
            let fix = "add cloud = \"…\" for a cloud of clouds.yaml; or url with `username` and `password`, `application_credential` and `secret`, or `token`";
            section.missing("cloud", fix.to_owned());
            None
        }
    }
}

/// Whether a cloud's place and trust stand in OpenStack's files: then the entry has neither.
pub(super) fn is_elsewhere(section: &mut Section<'_, '_>) -> bool {
    let is_openstack =
        |value: &toml::Spanned<DeValue<'_>>| value.get_ref().as_str() == Some("openstack");
    section.get("provider").is_some_and(is_openstack) && section.has("cloud")
}
