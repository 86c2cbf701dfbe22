//! The keys that only SCloudM has.

use toml::de::DeValue;

use super::cloud::{Credentials, Provider};
use super::read_credentials::password_or_token;
use super::scloudm::{Scloudm, StaticServer, Tenant, TokenForm};
use super::section::{At, Section};

/// How long a tenant's, region's or server's id or name may be: they become parts of addresses.
const MAX_ID: usize = 256;

/// How long the word for the provider behind the gateway may be.
const MAX_AGENT: usize = 64;

/// What may stand between braces in `action_path`.
const PLACEHOLDERS: &[&str] = &["tenant_id", "region", "server_id"];

/// SCloudM signs in with a name and a password, in one of two forms; its VMs stand in pairs of tenant and region.
pub(super) fn scloudm(section: &mut Section<'_, '_>) -> Option<(Provider, Credentials)> {
    let credentials = name_and_password(section);
    prefix_in_url(section);
    let auth = section.choice(
        "auth",
        &[("v2", TokenForm::V2), ("v3", TokenForm::V3)],
        TokenForm::V2,
    );
    let sp_agent = agent(section).unwrap_or_else(|| auth.agent().to_owned());
    let tenants = tenants(section);
    let regions = regions(section);
    let action_path = path(section, "action_path", PLACEHOLDERS);
    let list_path = path(section, "list_path", &[]);
    let servers = servers(section, &tenants, &regions);
    let keys = Scloudm {
        auth,
        sp_agent,
        tenants,
        regions,
        action_path: action_path.unwrap_or_else(|| Scloudm::ACTION_PATH.to_owned()),
        list_path: list_path.unwrap_or_else(|| Scloudm::LIST_PATH.to_owned()),
        servers,
    };
    Some((Provider::Scloudm(Box::new(keys)), credentials?))
}

fn name_and_password(section: &mut Section<'_, '_>) -> Option<Credentials> {
    match password_or_token(section)? {
        Credentials::Token(_) => {
            let offset = section.get("token").map_or(0, |value| value.span().start);
            section.wrong(
                offset,
                "token",
                "is no way to sign in here: SCloudM's tokens end after an hour",
                "give `username` and `password`",
            );
            None
        }
        credentials => Some(credentials),
    }
}

/// Every path of the API begins with `/mana_api`; whoever writes it into the url as well would ask for it twice.
fn prefix_in_url(section: &mut Section<'_, '_>) {
    let Some(url) = section.get("url") else {
        return;
    };
    let text = url.get_ref().as_str().unwrap_or_default();
    if text.trim_end_matches('/').ends_with("/mana_api") {
        section.wrong(
            url.span().start,
            "url",
            "must not end with /mana_api, with which every path of the API begins",
            "remove it, as in \"http://api.scloudm.com\"",
        );
    }
}

/// What goes into the header `Sp-Agent`.
fn agent(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("sp_agent")?;
    if text.value.len() > MAX_AGENT || !text.value.bytes().all(|b| b.is_ascii_graphic()) {
        let what = format!("must be a word of at most {MAX_AGENT} letters, digits and signs");
        section.wrong(
            text.offset,
            "sp_agent",
            &what,
            "write it like \"scloudm\" or \"openstack_kilo\"",
        );
        return None;
    }
    Some(text.value.to_owned())
}

fn tenants(section: &mut Section<'_, '_>) -> Vec<Tenant> {
    let expected = "a list of ids in double quotes or tables { id = \"…\", name = \"…\" }";
    let fix = "write it like [\"5f0c1d2e3a4b45c6978899aabbccddee\"]";
    each(section, "tenants", expected, fix, |item| match item {
        Item::Text(section, id) => Some(Tenant {
            id: fit(section, "tenants", id)?,
            name: None,
        }),
        Item::Table(mut table, _) => {
            let (id, name) = (required(&mut table, "id"), optional(&mut table, "name"));
            table.report_unknown();
            Some(Tenant { id: id?, name })
        }
    })
}

fn regions(section: &mut Section<'_, '_>) -> Vec<String> {
    let expected = "a list of names in double quotes";
    let fix = "write it like [\"bj-1\", \"sh-1\"]";
    each(section, "regions", expected, fix, |item| match item {
        Item::Text(section, name) => fit(section, "regions", name),
        Item::Table(mut table, offset) => {
            table.wrong(offset, "", "must be a text in double quotes", fix);
            None
        }
    })
}

/// Servers for a gateway that cannot list them. Each stands in the one tenant and region there is, or says where.
fn servers(
    section: &mut Section<'_, '_>,
    tenants: &[Tenant],
    regions: &[String],
) -> Vec<StaticServer> {
    let one_tenant = match tenants {
        [one] => Some(one.id.clone()),
        _ => None,
    };
    let one_region = match regions {
        [one] => Some(one.clone()),
        _ => None,
    };
    let expected = "a list of tables { id = \"…\", name = \"…\" }";
    let fix =
        "write it like [{ id = \"0c9f3a52-6b1d-4e7a-9c21-8f5e2b7d4a10\", name = \"web-01\" }]";
    each(section, "servers", expected, fix, |item| match item {
        Item::Text(section, text) => {
            section.wrong(text.offset, "servers", &format!("must be {expected}"), fix);
            None
        }
        Item::Table(mut table, _) => {
            let (id, name) = (required(&mut table, "id"), optional(&mut table, "name"));
            let mut place = |key, one: &Option<String>, list: &str| {
                let given = optional(&mut table, key);
                if given.is_none() && one.is_none() {
                    let fix = format!("add {key} = \"…\", or name exactly one in `{list}`");
                    table.missing(key, fix);
                }
                given.or_else(|| one.clone())
            };
            let tenant = place("tenant", &one_tenant, "tenants");
            let region = place("region", &one_region, "regions");
            table.report_unknown();
            let id = id?;
            Some(StaticServer {
                name: name.unwrap_or_else(|| id.clone()),
                id,
                tenant: tenant?,
                region: region?,
            })
        }
    })
}

/// One entry of a list.
pub(super) enum Item<'s, 'r, 'a> {
    Text(&'s mut Section<'r, 'a>, At<&'a str>),
    /// With the offset at which it begins.
    Table(Section<'s, 'a>, usize),
}

/// Every entry of a list that is right; what is wrong with the others is noted.
pub(super) fn each<'a, T>(
    section: &mut Section<'_, 'a>,
    key: &'static str,
    expected: &str,
    fix: &str,
    mut read: impl FnMut(Item<'_, '_, 'a>) -> Option<T>,
) -> Vec<T> {
    let Some(value) = section.get(key) else {
        return Vec::new();
    };
    let offset = value.span().start;
    let Some(items) = value.get_ref().as_array().filter(|items| !items.is_empty()) else {
        section.wrong(offset, key, &format!("must be {expected}"), fix);
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let offset = item.span().start;
        match item.get_ref() {
            DeValue::String(text) => found.extend(read(Item::Text(
                section,
                At {
                    value: text.as_ref(),
                    offset,
                },
            ))),
            DeValue::Table(table) => {
                let path = format!("{}[{}]", section.path_of(key), index + 1);
                let table = Section::new(section.reader, table, offset, path);
                found.extend(read(Item::Table(table, offset)));
            }
            _ => section.wrong(offset, key, &format!("must be {expected}"), fix),
        }
    }
    found
}

fn required(table: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = table.required_text(key, "…")?;
    fit(table, key, text)
}

fn optional(table: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = table.text(key)?;
    fit(table, key, text)
}

/// A text that can be part of an address and of a line on the screen.
pub(super) fn fit(section: &mut Section<'_, '_>, key: &str, text: At<&str>) -> Option<String> {
    let dots = text.value.chars().all(|c| c == '.');
    if dots || text.value.len() > MAX_ID || text.value.chars().any(char::is_control) {
        let what =
            format!("must be a text of at most {MAX_ID} bytes on one line, and not points alone");
        section.wrong(text.offset, key, &what, "correct it");
        return None;
    }
    Some(text.value.to_owned())
}

/// A path below the url, with what may stand in it between braces.
fn path(section: &mut Section<'_, '_>, key: &'static str, placeholders: &[&str]) -> Option<String> {
    let text = section.text(key)?;
    if is_path(text.value, placeholders) {
        return Some(text.value.to_owned());
    }
    let (what, fix) = if placeholders.is_empty() {
        (
            "must be a path that begins with / and holds no ?, # or blank",
            format!("write it like \"{}\"", Scloudm::LIST_PATH),
        )
    } else {
        (
            "must be a path that begins with / and holds no ?, # or blank, and nothing between braces but tenant_id, \
             region and server_id",
            format!("write it like \"{}\"", Scloudm::ACTION_PATH),
        )
    };
    section.wrong(text.offset, key, what, &fix);
    None
}

fn is_path(text: &str, placeholders: &[&str]) -> bool {
    let mut plain = text.to_owned();
    for name in placeholders {
        plain = plain.replace(&format!("{{{name}}}"), "x");
    }
    plain.starts_with('/')
        && plain.len() <= MAX_ID
        && plain
            .split('/')
            .skip(1)
            .all(|part| part != "." && part != ".." && !part.is_empty())
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/-._~".contains(c))
}
