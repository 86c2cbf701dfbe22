//! Media types and their versions (2.1).

use std::fmt;

use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Refusal;

/// A version of the API, which travels in media types alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u16,
    minor: u16,
}

impl Version {
    /// The oldest one that answers.
    pub const OLDEST: Self = Self::new(3, 0);
    /// The newest one, which answers when none is asked for.
    pub const LATEST: Self = Self::new(6, 1);

    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self::new(major.parse().ok()?, minor.parse().ok()?);
        (Self::OLDEST..=Self::LATEST)
            .contains(&version)
            .then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

/// One media type of a header.
struct Entry<'a> {
    essence: &'a str,
    version: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let version = parts
            .find_map(|part| part.strip_prefix("version="))
            .map(|value| value.trim_matches('"'));
        Self { essence, version }
    }

    /// The name in `application/vnd.abiquo.NAME+json`.
    fn name(&self) -> Option<&'a str> {
        self.essence
            .strip_prefix("application/vnd.abiquo.")?
            .strip_suffix("+json")
    }

    /// The version asked for, the latest when none is; `None` for one that is not known.
    fn known_version(&self) -> Option<Version> {
        self.version.map_or(Some(Version::LATEST), Version::parse)
    }
}

/// Chooses one of the media types that an address offers, by the `Accept` header.
///
/// # Errors
/// 406 when none of them, or none of their known versions, is accepted.
pub fn accepted(
    headers: &HeaderMap,
    offered: &[&'static str],
) -> Result<(&'static str, Version), Refusal> {
    let refusal =
        |message: String| Refusal::new(StatusCode::NOT_ACCEPTABLE, "406-NOT-ACCEPTABLE", message);
    let Some(&first) = offered.first() else {
        return Err(refusal("nothing is offered here".to_owned()));
    };
    let mut asked = String::new();
    for value in headers.get_all(header::ACCEPT) {
        let value = value
            .to_str()
            .map_err(|_| refusal("the Accept header is not text".to_owned()))?;
        for entry in value.split(',').map(Entry::parse) {
            if matches!(
                entry.essence,
                "*/*" | "application/*" | "application/json" | "text/json"
            ) {
                return Ok((first, Version::LATEST));
            }
            let matching = offered
                .iter()
                .copied()
                .find(|name| entry.name() == Some(name));
            if let (Some(name), Some(version)) = (matching, entry.known_version()) {
                return Ok((name, version));
            }
        }
        asked.push_str(value);
    }
    if asked.is_empty() {
        return Ok((first, Version::LATEST));
    }
    let known = format!("versions {} to {}", Version::OLDEST, Version::LATEST);
    Err(refusal(format!(
        "this address answers {} in {known}",
        offered.join(", ")
    )))
}

/// Checks that a body is of the media type that an address takes.
///
/// # Errors
/// 415, with a code of its own for an unknown version.
pub fn required(headers: &HeaderMap, name: &str) -> Result<Version, Refusal> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let entry = Entry::parse(value);
    let code = if entry.name() == Some(name) {
        match entry.known_version() {
            Some(version) => return Ok(version),
            None => "415-UNSUPPORTED-MEDIA-TYPE-VERSION",
        }
    } else {
        "415-UNSUPPORTED-MEDIA-TYPE"
    };
    let message = format!("a body of application/vnd.abiquo.{name}+json is needed here");
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code,
        message,
    ))
}

/// Checks that a body is plain text.
///
/// # Errors
/// 415 for anything else.
pub fn plain_text(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if Entry::parse(value).essence == "text/plain" {
        return Ok(());
    }
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Refusal::new(
        status,
        "415-UNSUPPORTED-MEDIA-TYPE",
        "a body of text/plain is needed here",
    ))
}

/// Whether plain text is what an answer should be.
pub fn takes_text(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let mut entries = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(Entry::parse);
    entries.any(|entry| entry.essence == "text/plain")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn accept(value: &str) -> Result<(&'static str, Version), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, value.parse().unwrap());
        accepted(&headers, &["events", "eventtypes"])
    }

    #[test]
    fn the_asked_type_and_version_answer() {
        let asked = "application/vnd.abiquo.eventtypes+json; version=3.10";
        assert_eq!(accept(asked), Ok(("eventtypes", Version::new(3, 10))));
        assert_eq!(
            accept("application/vnd.abiquo.events+json;version=5.0"),
            Ok(("events", Version::new(5, 0)))
        );
    }

    #[test]
    fn no_version_and_no_type_mean_the_latest_of_the_first() {
        let latest = Ok(("events", Version::LATEST));
        assert_eq!(accept("application/vnd.abiquo.events+json"), latest);
        assert_eq!(accept("text/html, */*;q=0.8"), latest);
        assert_eq!(accepted(&HeaderMap::new(), &["events"]), latest);
    }

    #[test]
    fn unknown_versions_and_types_are_not_acceptable() {
        for value in [
            "application/vnd.abiquo.events+json; version=6.2",
            "application/vnd.abiquo.events+json; version=2.9",
            "application/vnd.abiquo.events+json; version=five",
            "application/vnd.abiquo.virtualmachines+json",
            "text/html",
        ] {
            assert_eq!(
                accept(value).unwrap_err().code,
                "406-NOT-ACCEPTABLE",
                "{value}"
            );
        }
        let second = accept(
            "application/vnd.abiquo.events+json; version=9.9, application/vnd.abiquo.events+json",
        );
        assert_eq!(second, Ok(("events", Version::LATEST)));
    }

    #[test]
    fn a_body_of_another_type_or_version_is_not_supported() {
        let code = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            required(&headers, "virtualmachinestate").map_err(|refusal| refusal.code)
        };
        assert_eq!(
            code("application/vnd.abiquo.virtualmachinestate+json; version=5.0"),
            Ok(Version::new(5, 0))
        );
        assert_eq!(
            code("application/vnd.abiquo.virtualmachinestate+json; version=7.0"),
            Err("415-UNSUPPORTED-MEDIA-TYPE-VERSION")
        );
        assert_eq!(code("application/json"), Err("415-UNSUPPORTED-MEDIA-TYPE"));
    }
}
