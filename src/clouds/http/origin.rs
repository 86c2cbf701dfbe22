//! The origin guard: whatever a link says, requests go to the configured origin and below the configured base path.

use std::fmt;

use url::{Position, Url};

use crate::clouds::{Error, Result};

/// The longest link that is followed, in bytes.
const MAX_LINK: usize = 2_048;

/// Where a request goes, below the base path of the API: `/cloud/virtualmachines?limit=500`. It names no host, so nothing made
/// from it can lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route(String);

impl Route {
    /// A route of this program's own making, or one that was kept. Begins with a slash.
    ///
    /// # Errors
    /// [`Error::Link`] when it could lead out of the base path, or holds what no path holds.
    pub fn new(path_and_query: &str) -> Result<Self> {
        check(path_and_query)?;
        Ok(Self(path_and_query.to_owned()))
    }

    /// The route with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The route without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.split_once('?').map_or(&*self.0, |(path, _)| path)
    }

    /// The route of something below this one; its query is left behind.
    ///
    /// # Errors
    /// As [`Route::new`].
    pub fn below(&self, tail: &str) -> Result<Self> {
        Self::new(&format!("{}{tail}", self.path()))
    }

    /// The last segment of its path: the id of what it leads to.
    #[must_use]
    pub fn last_segment(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The configured address of an API: scheme, host and port, and the path under which it begins.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `https://host:port`, without a slash at its end.
    root: String,
    /// `host:port`, for messages.
    authority: String,
    /// `/api`, or nothing; no slash at its end.
    base: String,
}

impl Origin {
    /// The origin of a configured address.
    #[must_use]
    pub fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port_or_known_default()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Self {
            root: format!(
                "{}://{}",
                url.scheme(),
                &url[Position::BeforeHost..Position::AfterPort]
            ),
            authority: format!("{host}{port}"),
            base: url.path().trim_end_matches('/').to_owned(),
        }
    }

    /// Host and port, for messages.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the API's base path ends like this.
    #[must_use]
    pub fn ends_with(&self, tail: &str) -> bool {
        self.base.ends_with(tail)
    }

    /// The route that a link of an answer leads to, rebased onto this origin.
    ///
    /// A server behind a proxy writes links with the host, port and path that it knows itself by. Of a link only the path and
    /// the query are taken, and of the path what comes after the API's own base. That base is found as the longest
    /// end of the configured base path (in whole segments) with which the link's path begins: with
    /// `https://host/prefix/api` configured, `/prefix/api/login` and `/api/login` both are `/login`. A link whose path begins
    /// with none of them leads out of the API and is refused.
    ///
    /// # Errors
    /// [`Error::Link`] for any link that is not followed: too long, another scheme than http and https, with user information, with dot
    /// segments (also percent-encoded), or outside of the API.
    pub fn route(&self, link: &str) -> Result<Route> {
        let path = path_of(link)?;
        check(path)?;
        let below = self.bases().find_map(|base| below(path, base));
        let below = below
            .ok_or_else(|| Error::Link(format!("it leads out of the API below {}", self.base)))?;
        Route::new(below)
    }

    /// The address of a route.
    ///
    /// # Errors
    /// [`Error::Link`] when the route and the origin do not make an address.
    pub fn url(&self, route: &Route) -> Result<Url> {
        let url = Url::parse(&format!("{}{}{}", self.root, self.base, route.as_str()))
            .map_err(|_| Error::Link("it is no address".to_owned()))?;
        // The route was checked; that nothing in it moved the host is proved once more where the address is made.
        if url[..Position::AfterPort] == *self.root {
            Ok(url)
        } else {
            Err(Error::Link("it leads to another host".to_owned()))
        }
    }

    /// The ends of the base path, longest first: `/prefix/api`, `/api`. A base without a path has one, which is empty.
    fn bases(&self) -> impl Iterator<Item = &str> {
        let whole = std::iter::once(&*self.base);
        let shorter = self
            .base
            .match_indices('/')
            .skip(1)
            .map(|(at, _)| &self.base[at..]);
        whole.chain(shorter)
    }
}

/// What comes after `base` in `path`, on the boundary of a segment.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.starts_with('/'))
}

/// The path and query of a link, absolute or relative to the host, without its fragment.
fn path_of(link: &str) -> Result<&str> {
    let refuse = |why: &str| Err(Error::Link(why.to_owned()));
    if link.len() > MAX_LINK {
        return refuse("it is too long");
    }
    let link = link.split_once('#').map_or(link, |(link, _)| link);
    if link.starts_with('/') && !link.starts_with("//") {
        return Ok(link);
    }
    let Some((scheme, rest)) = link.split_once("://") else {
        return refuse("it is neither http nor https");
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return refuse("it is neither http nor https");
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return refuse("it holds a user name");
    }
    if !path.starts_with('/') {
        return refuse("it has no path");
    }
    Ok(path)
}

fn check(path_and_query: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::Link(why.to_owned()));
    if path_and_query.len() > MAX_LINK {
        return refuse("it is too long");
    }
    if !path_and_query.starts_with('/') || path_and_query.starts_with("//") {
        return refuse("it has no path");
    }
    if path_and_query
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\' || c == '#')
    {
        return refuse("it holds characters that no address holds");
    }
    let path = path_and_query
        .split_once('?')
        .map_or(path_and_query, |(path, _)| path);
    if path.split('/').any(is_dotted) {
        return refuse("it climbs out of its folder");
    }
    Ok(())
}

/// Whether a segment is `.` or `..`, or becomes one or several such when its percent-encoding is taken off, also twice.
fn is_dotted(segment: &str) -> bool {
    if segment == "." || segment == ".." {
        return true;
    }
    if !segment.contains('%') {
        return false;
    }
    let mut plain = segment.to_ascii_lowercase();
    for _ in 0..2 {
        plain = plain.replace("%25", "%");
    }
    let plain = plain
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    plain
        .split(['/', '\\'])
        .any(|part| part == "." || part == "..")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::new(&Url::parse(url).unwrap())
    }

    fn followed(base: &str, link: &str) -> Option<String> {
        let origin = origin(base);
        let route = origin.route(link).ok()?;
        Some(origin.url(&route).unwrap().to_string())
    }

    #[test]
    fn a_links_path_is_rebased_onto_the_configured_origin() {
        let cases = [
            (
                "https://cloud.example.com/api",
                "https://cloud.example.com:443/api/login",
                "https://cloud.example.com/api/login",
            ),
            (
                "https://cloud.example.com:443/api/",
                "https://cloud.example.com/api/login",
                "https://cloud.example.com/api/login",
            ),
            (
                "http://127.0.0.1:9000/api",
                "http://127.0.0.1:9009/api/a/1?x=1&y=2",
                "http://127.0.0.1:9000/api/a/1?x=1&y=2",
            ),
            (
                "https://proxy/prefix/api",
                "https://inside:9000/api/login",
                "https://proxy/prefix/api/login",
            ),
            (
                "https://proxy/prefix/api",
                "https://inside:9000/prefix/api/login",
                "https://proxy/prefix/api/login",
            ),
            (
                "https://cloud.example.com/api",
                "/api/events/1",
                "https://cloud.example.com/api/events/1",
            ),
            (
                "https://cloud.example.com/api",
                "HTTP://evil.example/api/login#top",
                "https://cloud.example.com/api/login",
            ),
            (
                "https://cloud.example.com",
                "https://other/any/path",
                "https://cloud.example.com/any/path",
            ),
            (
                "http://[::1]:8080/api",
                "http://[::1]:9/api/x",
                "http://[::1]:8080/api/x",
            ),
        ];
        for (base, link, expected) in cases {
            assert_eq!(
                followed(base, link).as_deref(),
                Some(expected),
                "{link} below {base}"
            );
        }
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        let long = format!("https://cloud.example.com/api/{}", "x".repeat(MAX_LINK));
        let links = [
            "https://cloud.example.com/apix/login",
            "https://cloud.example.com/m/stream",
            "https://cloud.example.com/api",
            "https://cloud.example.com",
            "https://admin:secret@cloud.example.com/api/login",
            "https://cloud.example.com/api/../admin",
            "https://cloud.example.com/api/%2e%2E/admin",
            "https://cloud.example.com/api/%252e%252e/admin",
            "https://cloud.example.com/api/x%2f..%2fadmin",
            "https://cloud.example.com/api/..\\admin",
            "//evil.example/api/login",
            "ftp://cloud.example.com/api/login",
            "file:///api/login",
            "javascript:alert(1)",
            "api/login",
            "",
            "https://cloud.example.com/api/a b",
            "https://cloud.example.com/api/a\r\nHost: evil",
            &long,
        ];
        for link in links {
            assert_eq!(
                followed("https://cloud.example.com/api", link),
                None,
                "{link:?}"
            );
        }
    }

    #[test]
    fn a_kept_route_is_checked_again() {
        assert!(Route::new("/cloud/virtualmachines/1").is_ok());
        for route in ["", "cloud", "//evil.example/x", "/a/../b", "/a b", "/a#b"] {
            assert!(Route::new(route).is_err(), "{route:?}");
        }
    }

    #[test]
    fn what_stands_below_a_route_leaves_its_query_behind() {
        let route = Route::new("/vms/1?expand=x").unwrap();
        assert_eq!(route.below("/tasks").unwrap().as_str(), "/vms/1/tasks");
        assert_eq!(route.last_segment(), "1");
    }
}
