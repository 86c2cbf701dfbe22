//! From a file's text to a [`Config`]: every key of the configuration is read here, and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::cloud::{CloudEntry, Credentials, Provider, Tls, is_loopback};
use super::problem::{Position, Problem};
use super::secret::{Secret, SecretSource};
use super::section::{At, Reader, Section, showable};
use super::source::Source;
use super::{
    Config, ConsoleOptions, DEFAULT_CONCURRENCY, DEFAULT_REFRESH_SECONDS, KeyOverride, ThemeName,
};

/// How long a cloud's name may be: it becomes part of file names.
const MAX_CLOUD_NAME: usize = 64;

/// How long the word for an environment may be: it is shown beside the name.
const MAX_ENVIRONMENT: usize = 32;

/// What reading a text comes to when nothing is wrong.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) warnings: Vec<Problem>,
    /// Where the first secret stands that is written in the file itself.
    pub(super) plain_secret: Option<(Position, String)>,
}

/// One API that a cloud can speak: its word in the configuration, and what reads the keys that are its own.
struct ProviderKeys {
    id: &'static str,
    read: fn(&mut Section<'_, '_>) -> Option<(Provider, Credentials)>,
}

/// Every API there is.
const PROVIDERS: &[ProviderKeys] = &[ProviderKeys {
    id: "abiquo",
    read: abiquo,
}];

/// Reads a whole configuration, or says everything that is wrong with it.
pub(super) fn read(text: &str, file: &Path, home: Option<PathBuf>) -> Result<Read, Vec<Problem>> {
    let source = Source::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut problems: Vec<Problem> = errors
            .iter()
            .map(|error| source.syntax_problem(error.message(), error.span()))
            .collect();
        // The parser goes on after a mistake: what it stumbles over on the same line follows from the first.
        problems.sort_by_key(|problem| problem.position);
        problems.dedup_by_key(|problem| problem.position.map(|position| position.line));
        return Err(problems);
    }

    let mut reader = Reader::new(source, home);
    let config = whole(Section::new(
        &mut reader,
        document.get_ref(),
        0,
        String::new(),
    ));
    if !reader.problems.is_empty() {
        reader.problems.sort_by_key(|problem| problem.position);
        return Err(reader.problems);
    }
    reader.warnings.sort_by_key(|warning| warning.position);
    Ok(Read {
        config,
        warnings: reader.warnings,
        plain_secret: reader.plain_secret,
    })
}

fn whole(mut file: Section<'_, '_>) -> Config {
    let refresh = file.number("refresh_seconds", 1..=3600, DEFAULT_REFRESH_SECONDS);
    let clouds = clouds(&mut file);
    let console = file.section("console").map(console).unwrap_or_default();
    let keys = file.section("keys").map(keys).unwrap_or_default();
    file.report_unknown();
    Config {
        refresh: Duration::from_secs(refresh.into()),
        clouds,
        console,
        keys,
    }
}

fn console(mut section: Section<'_, '_>) -> ConsoleOptions {
    let default = ConsoleOptions::default();
    let options = ConsoleOptions {
        theme: section.choice("theme", ThemeName::WORDS, default.theme),
        ascii: section.flag("ascii", default.ascii),
        mouse: section.flag("mouse", default.mouse),
    };
    section.report_unknown();
    options
}

fn keys(mut section: Section<'_, '_>) -> Vec<KeyOverride> {
    let mut keys = Vec::new();
    for (action, value) in section.entries() {
        let expected = "a key in double quotes or a list of them";
        let Some(list) = section.texts(showable(action.value), value, expected, true, true) else {
            continue;
        };
        keys.push(KeyOverride {
            action: action.value.to_owned(),
            keys: list,
            position: section.reader.source.position(action.offset),
        });
    }
    keys.sort_by_key(|key| key.position);
    keys
}

fn clouds(file: &mut Section<'_, '_>) -> Vec<CloudEntry> {
    let Some(value) = file.get("clouds") else {
        return Vec::new();
    };
    let tables: Option<Vec<(usize, &DeTable<'_>)>> = value.get_ref().as_array().and_then(|array| {
        let table = |item: &'_ Spanned<DeValue<'_>>| item.get_ref().is_table();
        array.iter().all(table).then(|| {
            array
                .iter()
                .filter_map(|item| Some((item.span().start, item.get_ref().as_table()?)))
                .collect()
        })
    });
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
    let url = url(section);
    let environment = environment(section);
    let read_only = section.flag("read_only", false);
    let concurrency = section.number("concurrency", 1..=32, DEFAULT_CONCURRENCY);
    let tls = section.section("tls").map(tls).unwrap_or_default();

    let provider = section.required_text("provider", "abiquo")?;
    let Some(keys) = PROVIDERS.iter().find(|known| known.id == provider.value) else {
        let ids: Vec<&str> = PROVIDERS.iter().map(|known| known.id).collect();
        section.not_one_of(provider, "provider", &ids);
        // Without it nobody knows which keys belong here.
        return None;
    };
    let signed = (keys.read)(section);
    section.report_unknown();

    let url = url?;
    let (provider, credentials) = signed?;
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
        tls,
    })
}

fn url(section: &mut Section<'_, '_>) -> Option<At<Url>> {
    let text = section.required_text("url", "https://cloud.example.com/api")?;
    let offset = text.offset;
    let (what, fix) = match Url::parse(text.value) {
        Err(_) => (
            "is not a URL",
            "write it in full, as in \"https://cloud.example.com/api\"",
        ),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => (
            "must begin with http:// or https://",
            "write it in full, as in \"https://cloud.example.com/api\"",
        ),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => (
            "must not hold a user name or password",
            "move them to the keys `username` and `password`",
        ),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            ("must not hold `?` or `#`", "remove it and what follows it")
        }
        Ok(url) => return Some(At { value: url, offset }),
    };
    section.wrong(offset, "url", what, fix);
    None
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

fn password_or_token(section: &mut Section<'_, '_>) -> Option<Credentials> {
    let given = (
        section.has("username"),
        section.has("password"),
        section.has("token"),
    );
    let username = username(section);
    let password = secret(section, "password");
    let token = secret(section, "token");
    match given {
        (false, false, true) => Some(Credentials::Token(token?)),
        (true, true, false) => Some(Credentials::Password {
            username: username?,
            password: password?,
        }),
        (false, false, false) => {
            let fix = "add `username` and `password`, or `token`".to_owned();
            section.missing("password", fix);
            None
        }
        (true, false, false) => {
            let fix = "add password = { command = [\"pass\", \"show\", \"…\"] }, or one of env, file and keyring".to_owned();
            section.missing("password", fix);
            None
        }
        (false, true, false) => {
            section.missing(
                "username",
                "add the name that the password belongs to".to_owned(),
            );
            None
        }
        (_, _, true) => {
            let offset = section.get("token").map_or(0, |value| value.span().start);
            let what = "is given beside `username` or `password`";
            section.wrong(
                offset,
                "token",
                what,
                "keep either `username` and `password`, or `token`",
            );
            None
        }
    }
}

fn username(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("username")?;
    // HTTP Basic (RFC 7617) ends the name at its first colon.
    if text.value.contains(':') || text.value.chars().any(char::is_control) {
        let what = "must not hold a colon or a control character";
        section.wrong(
            text.offset,
            "username",
            what,
            "check it for a slip, such as a password behind the name",
        );
        return None;
    }
    Some(text.value.to_owned())
}

/// A secret: a text, or a table that says where to fetch it. Nothing of it is ever shown, not even the
/// names in the table: a secret may have slipped into them.
fn secret(section: &mut Section<'_, '_>, key: &'static str) -> Option<SecretSource> {
    const EXPECTED: &str = "text in double quotes or one of { env = \"…\" }, { command = [\"…\"] }, { file = \"…\" } and { keyring = \"…\" }";
    let value = section.get(key)?;
    let offset = value.span().start;
    match value.get_ref() {
        DeValue::String(_) => {
            let text = section.text(key)?;
            if section.reader.plain_secret.is_none() {
                let position = section.reader.source.position(offset);
                section.reader.plain_secret = Some((position, section.path_of(key)));
            }
            Some(SecretSource::Plain(Secret::new(text.value)))
        }
        DeValue::Table(table) if table.len() == 1 => {
            let mut source = section.section(key)?;
            if let Some(name) = source.text("env") {
                let right = |c: char| c != '=' && c != '\0';
                if name.value.chars().all(right) {
                    return Some(SecretSource::Env(name.value.to_owned()));
                }
                source.wrong(
                    name.offset,
                    "env",
                    "must be the name of an environment variable",
                    "correct the name",
                );
                return None;
            }
            if let Some(command) = source.get("command") {
                let expected = "a list of texts in double quotes, the program first";
                return source
                    .texts("command", command, expected, false, false)
                    .map(SecretSource::Command);
            }
            if let Some(path) = source.file_path("file") {
                return Some(SecretSource::File(path));
            }
            if let Some(account) = source.text("keyring") {
                return Some(SecretSource::Keyring(account.value.to_owned()));
            }
            if !["env", "file", "keyring"]
                .iter()
                .any(|known| table.contains_key(*known))
            {
                section.wrong(
                    offset,
                    key,
                    &format!("must be {EXPECTED}"),
                    "choose one of these",
                );
            }
            None
        }
        DeValue::Table(_) => {
            let what = format!("must be {EXPECTED}, and exactly one of them");
            section.wrong(offset, key, &what, "keep one");
            None
        }
        other => {
            section.wrong_type(offset, key, EXPECTED, "choose one of these", other);
            None
        }
    }
}
