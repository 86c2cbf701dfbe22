//! From a cloud's keys to its [`Credentials`]. Nothing that may be a secret is shown, whatever is wrong with it.

use toml::de::DeValue;

use super::cloud::Credentials;
use super::secret::{Secret, SecretSource};
use super::section::Section;

/// A name and a password, or a token: one of them must be there, and not both.
pub(super) fn password_or_token(section: &mut Section<'_, '_>) -> Option<Credentials> {
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

/// A name and a password, for an API that knows no tokens made elsewhere.
pub(super) fn password_only(section: &mut Section<'_, '_>) -> Option<Credentials> {
    for (key, fix) in [
        ("username", "add the name to sign in with"),
        (
            "password",
            "add password = { command = [\"pass\", \"show\", \"…\"] }, or one of env, file and keyring",
        ),
    ] {
        if !section.has(key) {
            section.missing(key, fix.to_owned());
        }
    }
    let (username, password) = (username(section), secret(section, "password"));
    Some(Credentials::Password {
        username: username?,
        password: password?,
    })
}

/// A name to sign in with.
pub(super) fn username(section: &mut Section<'_, '_>) -> Option<String> {
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
pub(super) fn secret(section: &mut Section<'_, '_>, key: &'static str) -> Option<SecretSource> {
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
                    .texts("command", command, expected)
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
