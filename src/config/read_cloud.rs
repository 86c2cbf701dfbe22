//! From a file's `[[clouds]]` to [`CloudEntry`]s.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::DEFAULT_CONCURRENCY;
use super::cloud::{CloudEntry, Credentials, EcpAuth, EcpBody, Provider, Tls, is_loopback};
use super::problem::Position;
use super::read_credentials::{password_only, password_or_token};
use super::read_openstack::{is_elsewhere, openstack};
use super::read_scloudm::scloudm;
use super::read_zstack::zstack;
use super::section::{At, Section};
use crate::model::{GroupBy, GroupByError};

/// How long a cloud's name may be: it becomes part of file names.
const MAX_CLOUD_NAME: usize = 64;

/// How long the word for an environment may be: it is shown beside the name.
const MAX_ENVIRONMENT: usize = 32;

/// One API that a cloud can speak: its word in the configuration, and what reads the keys that are its own.
struct ProviderKeys {
    id: &'static str,
    read: fn(&mut Section<'_, '_>) -> Option<Keys>,
}

/// What the keys of one API come to.
pub(super) struct Keys {
    pub provider: Provider,
    pub credentials: Credentials,
    /// Where it is and how far its certificate is trusted, where the entry does not say that itself.
    pub place: Option<(Url, Tls)>,
}

impl From<(Provider, Credentials)> for Keys {
    fn from((provider, credentials): (Provider, Credentials)) -> Self {
        Self {
            provider,
            credentials,
            place: None,
        }
    }
}

/// Every API there is.
const PROVIDERS: &[ProviderKeys] = &[
    ProviderKeys {
        id: "abiquo",
        read: |section| abiquo(section).map(Keys::from),
    },
    ProviderKeys {
        id: "elastic-hosting",
        read: |section| elastic_hosting(section).map(Keys::from),
    },
    ProviderKeys {
        id: "openstack",
        read: openstack,
    },
    ProviderKeys {
        id: "scloudm",
        read: |section| scloudm(section).map(Keys::from),
    },
    ProviderKeys {
        id: "zstack",
        read: |section| zstack(section).map(Keys::from),
    },
];

/// Every cloud of the file that is right; what is wrong with the others is noted.
pub(super) fn clouds<'a>(file: &mut Section<'_, 'a>) -> Vec<CloudEntry> {
    let Some(value) = file.get("clouds") else {
        return Vec::new();
    };
    let table =
        |item: &'a Spanned<DeValue<'a>>| Some((item.span().start, item.get_ref().as_table()?));
    let tables: Option<Vec<_>> = value
        .get_ref()
        .as_array()
        .and_then(|array| array.iter().map(table).collect());
    let Some(tables) = tables else {
        let what = "must be a list of tables";
        let fix = "begin each cloud with a line [[clouds]], with two brackets on each side";
        file.wrong(value.span().start, "clouds", what, fix);
        return Vec::new();
    };

    let mut entries = Vec::new();
    let mut names = BTreeMap::new();
    for (index, (offset, table)) in tables.into_iter().enumerate() {
        let path = format!("clouds[{}]", index + 1);
        let mut section = Section::new(file.reader, table, offset, path);
        let name = name(&mut section, &mut names);
        let entry = cloud(&mut section, name);
        entries.extend(entry);
    }
    entries
}

/// The cloud's name. `names` holds those taken, and where.
fn name<'a>(
    section: &mut Section<'_, 'a>,
    names: &mut BTreeMap<&'a str, Position>,
) -> Option<String> {
    let name = section.required_text("name", "prod")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let only_dots = name.value.chars().all(|c| c == '.');
    if !name.value.chars().all(plain) || only_dots || name.value.len() > MAX_CLOUD_NAME {
        let what = format!(
            "must be at most {MAX_CLOUD_NAME} characters, each a letter from A to Z, a digit, a point, a hyphen or \
             an underscore, and not points alone"
        );
        section.wrong(name.offset, "name", &what, "choose another name");
        return None;
    }
    section.rename(format!("clouds[{}]", name.value));
    let position = section.reader.source.position(name.offset);
    if let Some(first) = names.insert(name.value, position) {
        let what = format!("is the name of another cloud too, on line {}", first.line);
        section.wrong(
            name.offset,
            "name",
            &what,
            "give each cloud a name of its own",
        );
        names.insert(name.value, first);
        return None;
    }
    Some(name.value.to_owned())
}

fn cloud(section: &mut Section<'_, '_>, name: Option<String>) -> Option<CloudEntry> {
    let elsewhere = is_elsewhere(section);
    let url = if elsewhere { None } else { url(section) };
    let environment = environment(section);
    let read_only = section.flag("read_only", false);
    let concurrency = section.number("concurrency", 1..=32, DEFAULT_CONCURRENCY);
    let group_by = group_by(section);
    let mut tls = section.section("tls").map(tls).unwrap_or_default();

    let keys = provider(section);
    let signed = match keys {
        Some(keys) => (keys.read)(section),
        None => {
            // Which keys belong here is not known: those of every API may, and their values are not judged.
            section.only_ask(|section| {
                for keys in PROVIDERS {
                    (keys.read)(section);
                }
            });
            None
        }
    };
    section.report_unknown();

    let Keys {
        provider,
        credentials,
        place,
    } = signed?;
    let url = match place {
        Some((url, trust)) => {
            tls = trust;
            let offset = section.get("cloud").map_or(0, |value| value.span().start);
            At { value: url, offset }
        }
        None => url?,
    };
    if let Some(group_by) = &group_by
        && provider.has_appliances()
    {
        let what = format!(
            "does not go with {}, which has appliances of its own",
            provider.title()
        );
        section.wrong(group_by.offset, "group_by", &what, "remove the line");
        return None;
    }
    if url.value.scheme() == "http" && !is_loopback(&url.value) {
        let secret = match credentials {
            Credentials::Password { .. } => "password",
            Credentials::Token(_) => "token",
        };
        let what = format!("sends the {secret} unencrypted over the network");
        section.warn(url.offset, "url", &what, "use https:// if the cloud has it");
    }
    Some(CloudEntry {
        name: name?,
        provider,
        url: url.value,
        environment,
        credentials,
        read_only,
        concurrency: concurrency as usize,
        group_by: group_by.map(|group_by| group_by.value),
        tls,
    })
}

/// The API that a cloud speaks.
fn provider(section: &mut Section<'_, '_>) -> Option<&'static ProviderKeys> {
    let text = section.required_text("provider", "abiquo")?;
    let known = PROVIDERS.iter().find(|known| known.id == text.value);
    if known.is_none() {
        let ids: Vec<&str> = PROVIDERS.iter().map(|known| known.id).collect();
        section.not_one_of(text, "provider", &ids);
    }
    known
}

fn url(section: &mut Section<'_, '_>) -> Option<At<Url>> {
    let text = section.required_text("url", "https://cloud.example.com/api")?;
    let offset = text.offset;
    match address(text.value) {
        Ok(value) => Some(At { value, offset }),
        Err((what, fix)) => {
            section.wrong(offset, "url", what, fix);
            None
        }
    }
}

/// An address at which an API can begin; else what is wrong with it, and what to do.
pub(super) fn address(text: &str) -> Result<Url, (&'static str, &'static str)> {
    match Url::parse(text) {
        Err(_) => Err((
            "is not a URL",
            "write it in full, as in \"https://cloud.example.com/api\"",
        )),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err((
            "must begin with http:// or https://",
            "write it in full, as in \"https://cloud.example.com/api\"",
        )),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Err((
            "must not hold a user name or password",
            "move them to the keys `username` and `password`",
        )),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            Err(("must not hold `?` or `#`", "remove it and what follows it"))
        }
        Ok(url) => Ok(url),
    }
}

fn environment(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("environment")?;
    if text.value.chars().count() > MAX_ENVIRONMENT || text.value.chars().any(char::is_control) {
        let what = format!("must be a word or two, at most {MAX_ENVIRONMENT} characters");
        section.wrong(text.offset, "environment", &what, "shorten it");
        return None;
    }
    Some(text.value.to_owned())
}

/// What groups are made from.
fn group_by(section: &mut Section<'_, '_>) -> Option<At<GroupBy>> {
    let text = section.text("group_by")?;
    let (what, fix) = match text.value.parse() {
        Ok(value) => {
            let offset = text.offset;
            return Some(At { value, offset });
        }
        Err(GroupByError::Word) => (
            "is no way to make groups",
            "write one of \"tag:KEY\", \"zone\", \"cluster\", \"network\", \"project\", \"server_group\", \"stack\" or \"name:PATTERN\"",
        ),
        Err(GroupByError::Key) => (
            "names no tag",
            "write the tag's key behind the colon, as in \"tag:app\"",
        ),
        Err(GroupByError::Pattern) => (
            "holds no regular expression behind \"name:\", or too long a one",
            "write one of at most 200 bytes, as in \"name:^([a-z]+)-\"",
        ),
    };
    section.wrong(text.offset, "group_by", what, fix);
    None
}

fn tls(mut section: Section<'_, '_>) -> Tls {
    let tls = Tls {
        ca_file: section.file_path("ca_file"),
        insecure: section.flag("insecure", false),
    };
    if tls.insecure && tls.ca_file.is_some() {
        let offset = section.get("ca_file").map_or(0, |value| value.span().start);
        let what = "has no effect, because insecure = true takes any certificate";
        section.warn(offset, "ca_file", what, "remove `insecure`");
    }
    section.report_unknown();
    tls
}

/// Abiquo signs in with a name and a password, or with a token, and is told the version of its media types.
fn abiquo(section: &mut Section<'_, '_>) -> Option<(Provider, Credentials)> {
    let credentials = password_or_token(section);
    let api_version = section.text("api_version").and_then(|text| {
        let number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let right = text
            .value
            .split_once('.')
            .is_some_and(|(major, minor)| number(major) && number(minor));
        if !right {
            let what = "must be two numbers with a point between them";
            section.wrong(
                text.offset,
                "api_version",
                what,
                "write it like \"5.0\", or leave it out",
            );
        }
        right.then(|| text.value.to_owned())
    });
    Some((Provider::Abiquo { api_version }, credentials?))
}

/// Elastic Hosting signs in with a name and a password; where it takes them, and how it reads forms, differs between its editions.
fn elastic_hosting(section: &mut Section<'_, '_>) -> Option<(Provider, Credentials)> {
    let credentials = password_only(section);
    let auth = section.choice(
        "auth",
        &[
            ("auto", EcpAuth::Auto),
            ("basic", EcpAuth::Basic),
            ("form", EcpAuth::Form),
        ],
        EcpAuth::Auto,
    );
    let body = section.choice(
        "body",
        &[
            ("multipart", EcpBody::Multipart),
            ("urlencoded", EcpBody::Urlencoded),
        ],
        EcpBody::Multipart,
    );
    Some((Provider::ElasticHosting { auth, body }, credentials?))
}
