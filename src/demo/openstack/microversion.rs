//! Microversions of Nova: which one a request asks for, and what there is.

use std::fmt;
use std::str::FromStr;

use axum::http::HeaderMap;

use super::answer::{Answer, fault};

/// A version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Microversion(pub u16, pub u16);

/// The oldest there is, and what a request that asks for none gets.
pub(super) const FIRST: Microversion = Microversion(2, 1);

impl Microversion {
    /// Whether this is 2.`minor` or newer.
    pub fn has(self, minor: u16) -> bool {
        self >= Self(2, minor)
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0, self.1)
    }
}

/// The text is no version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoVersion;

impl FromStr for Microversion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let (major, minor) = text.split_once('.').ok_or(NoVersion)?;
        let number = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit())
                && (!text.starts_with('0') || text == "0");
            text.parse().ok().filter(|_| plain).ok_or(NoVersion)
        };
        Ok(Self(number(major)?, number(minor)?))
    }
}

/// The version that a request asks for, of a server that has those up to `newest`.
pub(super) fn asked(
    headers: &HeaderMap,
    newest: Microversion,
) -> Result<Microversion, Box<Answer>> {
    let Some(text) = wanted(headers) else {
        return Ok(FIRST);
    };
    if text == "latest" {
        return Ok(newest);
    }
    let Ok(version) = text.parse::<Microversion>() else {
        let words = format!(
            "API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
        );
        return Err(fault(400, words));
    };
    if version < FIRST || version > newest {
        let words = format!(
            "Version {version} is not supported by the API. Minimum is {FIRST} and maximum is {newest}."
        );
        return Err(fault(406, words));
    }
    Ok(version)
}

/// The text of the header; the newer of the two names goes first, and names the service.
fn wanted(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all("openstack-api-version").iter();
    let texts = all.filter_map(|value| value.to_str().ok());
    let mut of_compute = texts.flat_map(|text| text.split(',')).filter_map(|pair| {
        let (service, version) = pair.trim().split_once(' ')?;
        (service == "compute").then(|| version.trim().to_owned())
    });
    of_compute.next_back().or_else(|| {
        let old = headers.get("x-openstack-nova-api-version")?;
        Some(old.to_str().ok()?.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!("2.96".parse(), Ok(Microversion(2, 96)));
        assert!(Microversion(2, 10) > Microversion(2, 9));
        assert!(Microversion(2, 10).has(9) && !Microversion(2, 9).has(10));
        for text in ["2", "2.x", "v2.1", "2.01", "+2.1", ""] {
            assert_eq!(text.parse::<Microversion>(), Err(NoVersion), "{text}");
        }
    }
}
