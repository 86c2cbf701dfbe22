//! Microversions of Nova: what is asked for, and what a server has.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::HeaderValue;
use url::Url;

use super::Openstack;
use super::calls::headers;
use super::refusal::refusal;
use super::wire;
use crate::clouds::body::decode;
use crate::clouds::http::{Http, Lane, Request, Route};
use crate::clouds::{Error, Result};

/// A microversion, `2.84`. What each of those named here brings is told by Nova's history of its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Microversion(u16, u16);

impl Microversion {
    /// What every server has.
    pub const BASE: Self = Self(2, 1);
    /// Remote consoles in one form.
    pub const CONSOLES: Self = Self(2, 6);
    /// Evacuating without saying whether disks are shared.
    pub const EVACUATE: Self = Self(2, 14);
    /// Live migration that finds out itself whether disks are shared.
    pub const AUTO_MIGRATION: Self = Self(2, 25);
    /// Sizes stand in the servers themselves.
    pub const OWN_SIZE: Self = Self(2, 47);
    /// Cold migration to a host that is named.
    pub const MIGRATE_TO: Self = Self(2, 56);
    /// Lists of actions come in pages.
    pub const ACTION_PAGES: Self = Self(2, 58);
    /// Locks with a reason.
    pub const LOCK_REASON: Self = Self(2, 73);
    /// The newest that is asked for: events of actions tell in words what went wrong. From 2.88 on hypervisors no longer tell what they have.
    pub const WANTED: Self = Self(2, 84);

    /// Whether a server with nothing but this has no microversions to ask for.
    pub fn is_base(self) -> bool {
        self <= Self::BASE
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What is asked of a server with these: the wanted one, or the nearest that it has.
fn choose(versions: &wire::Versions<'_>) -> Option<Microversion> {
    let one = versions.version.0.iter();
    let all = one.chain(&versions.versions.items);
    let known = all.filter(|version| version.id.get().is_some_and(|id| id.starts_with("v2")));
    // Of v2.0 and v2.1 only the second has microversions.
    let newest = known
        .map(|version| {
            let newest = version.version.get().and_then(Microversion::parse);
            let oldest = version.min_version.get().and_then(Microversion::parse);
            (
                newest.unwrap_or(Microversion::BASE),
                oldest.unwrap_or(Microversion::BASE),
            )
        })
        .max()?;
    let (newest, oldest) = newest;
    Some(Microversion::WANTED.min(newest).max(oldest))
}

/// Where the versions of a compute endpoint are told, and where its API begins: `…/v2.1/` and the endpoint itself, which may have a project
/// behind that; for one without a version in it, its root, and v2.1 below it.
fn places(endpoint: &Url) -> (Url, Url) {
    let path = endpoint.path().trim_end_matches('/');
    let mut upto = 0;
    for segment in path.split('/') {
        upto += segment.len();
        if matches!(segment, "v2.1" | "v2") {
            let mut root = endpoint.clone();
            root.set_path(&path[..upto]);
            return (root, endpoint.clone());
        }
        upto += 1;
    }
    let mut api = endpoint.clone();
    api.set_path(&format!("{path}/v2.1"));
    (endpoint.clone(), api)
}

impl Openstack {
    /// The client of a compute endpoint, and the microversion to ask it for, found out once.
    pub(super) async fn compute(
        &self,
        endpoint: &Url,
        token: &HeaderValue,
        lane: Lane,
    ) -> Result<(Arc<Http>, Microversion)> {
        let (root, api) = places(endpoint);
        let http = self.http_for(&api)?;
        let known = self.versions().get(root.as_str()).copied();
        let version = match known {
            Some(version) => version,
            None => {
                let version = self.ask_versions(&root, token, lane).await?;
                self.versions().insert(root.as_str().to_owned(), version);
                version
            }
        };
        Ok((http, version))
    }

    async fn ask_versions(
        &self,
        root: &Url,
        token: &HeaderValue,
        lane: Lane,
    ) -> Result<Microversion> {
        let answer = self
            .http_for(root)?
            .send(Request {
                method: Method::GET,
                route: Route::new("/")?,
                lane,
                headers: headers(Some(token), false),
                body: None,
                list: false,
            })
            .await?;
        // A list of several versions is answered as 300 by some.
        if !answer.status.is_success() && answer.status.as_u16() != 300 {
            return match refusal(&answer) {
                // Who does not tell has nothing to ask for.
                Error::NotFound(_) | Error::Forbidden(_) | Error::Rejected(_) => {
                    Ok(Microversion::BASE)
                }
                error => Err(error),
            };
        }
        let versions: wire::Versions<'_> = decode(&answer.body, "the list of compute's versions")?;
        choose(&versions).ok_or_else(|| {
            Error::Protocol("the compute service has no version 2 of its API".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn chosen(json: &str) -> Option<String> {
        choose(&serde_json::from_str(json).unwrap()).map(|version| version.to_string())
    }

    #[test]
    fn the_wanted_version_is_asked_for_or_the_nearest_that_the_server_has() {
        let one = |version: &str, min: &str| {
            format!(r#"{{"version":{{"id":"v2.1","version":"{version}","min_version":"{min}"}}}}"#)
        };
        assert_eq!(chosen(&one("2.96", "2.1")).as_deref(), Some("2.84"));
        assert_eq!(chosen(&one("2.60", "2.1")).as_deref(), Some("2.60"));
        assert_eq!(chosen(&one("2.99", "2.90")).as_deref(), Some("2.90"));
        assert_eq!(chosen(&one("", "")).as_deref(), Some("2.1"));
        assert_eq!(chosen(&one("new", "old")).as_deref(), Some("2.1"));
        let both = r#"{"versions":[{"id":"v2.0","version":""},{"id":"v2.1","version":"2.79","min_version":"2.1"}]}"#;
        assert_eq!(chosen(both).as_deref(), Some("2.79"));
        assert_eq!(chosen(r#"{"versions":[{"id":"v3"}]}"#), None);
        assert_eq!(chosen("{}"), None);
    }

    #[test]
    fn the_versions_are_asked_for_above_the_project_of_an_endpoint() {
        for (endpoint, root, api) in [
            (
                "http://n:8774/v2.1",
                "http://n:8774/v2.1",
                "http://n:8774/v2.1",
            ),
            (
                "https://n/compute/v2.1/0f3c/",
                "https://n/compute/v2.1",
                "https://n/compute/v2.1/0f3c/",
            ),
            ("https://n/v2/0f3c", "https://n/v2", "https://n/v2/0f3c"),
            (
                "https://n/compute",
                "https://n/compute",
                "https://n/compute/v2.1",
            ),
            ("https://n", "https://n/", "https://n/v2.1"),
        ] {
            let (asked, used) = places(&Url::parse(endpoint).unwrap());
            assert_eq!((asked.as_str(), used.as_str()), (root, api));
        }
    }
}
