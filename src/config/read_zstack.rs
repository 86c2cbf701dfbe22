//! The keys that are ZStack's own.

use jiff::tz::{Offset, TimeZone};

use super::cloud::{Credentials, Provider, ZstackLogin, ZstackSettings};
use super::read_credentials::password_only;
use super::section::Section;

/// The forms of logging in, by their words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Account,
    User,
    Ldap,
    Iam2,
    AccessKey,
}

const FORMS: &[(&str, Form)] = &[
    ("account", Form::Account),
    ("user", Form::User),
    ("ldap", Form::Ldap),
    ("iam2", Form::Iam2),
    ("access_key", Form::AccessKey),
];

/// ZStack signs in with a name and a password in one of several forms, and writes dates without their zone.
pub(super) fn zstack(section: &mut Section<'_, '_>) -> Option<(Provider, Credentials)> {
    let credentials = password_only(section);
    let form = section.choice("login", FORMS, Form::Account);
    let account = section.text("account");
    let project = section.text("project");
    if let Some(account) = account
        && form != Form::User
    {
        let what = "belongs to login = \"user\" alone";
        section.wrong(account.offset, "account", what, "remove the line");
    }
    if let Some(project) = project
        && form != Form::Iam2
    {
        let what = "belongs to login = \"iam2\" alone";
        section.wrong(project.offset, "project", what, "remove the line");
    }
    let time_zone = time_zone(section);
    let login = match form {
        Form::Account => ZstackLogin::Account,
        Form::Ldap => ZstackLogin::Ldap,
        Form::Iam2 => ZstackLogin::Iam2 {
            project: project.map(|project| project.value.to_owned()),
        },
        Form::User => {
            if !section.has("account") {
                let fix = "add account = \"…\", the account that the user belongs to".to_owned();
                section.missing("account", fix);
            }
            ZstackLogin::User {
                account: account?.value.to_owned(),
            }
        }
        Form::AccessKey => {
            if !section.has("time_zone") {
                let fix = "add the zone of the management node's clock, as in time_zone = \"Asia/Shanghai\": a \
                           signature's date must be in it";
                section.missing("time_zone", fix.to_owned());
            }
            ZstackLogin::AccessKey
        }
    };
    Some((
        Provider::Zstack(ZstackSettings { login, time_zone }),
        credentials?,
    ))
}

/// A zone by its name in the IANA database, or an offset from UTC.
fn time_zone(section: &mut Section<'_, '_>) -> Option<TimeZone> {
    let text = section.text("time_zone")?;
    let zone = offset(text.value)
        .map(TimeZone::fixed)
        .or_else(|| TimeZone::get(text.value).ok());
    if zone.is_none() {
        let what = "must be a time zone such as \"Asia/Shanghai\", or an offset from UTC such as \"+08:00\"";
        section.wrong(
            text.offset,
            "time_zone",
            what,
            "write it in one of these ways",
        );
    }
    zone
}

/// `+08:00`, `-03:30`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |part: &str, most: i32| {
        let right = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let number: i32 = part.parse().ok().filter(|_| right)?;
        (number <= most).then_some(number)
    };
    Offset::from_seconds(sign * (two(hours, 14)? * 3_600 + two(minutes, 59)? * 60)).ok()
}
