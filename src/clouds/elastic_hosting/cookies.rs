//! The cookies of one server: a name and its newest value, each sent with every request.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};

/// More cookies, and longer ones, than any server needs.
const MAX_COOKIES: usize = 32;
const MAX_COOKIE: usize = 4_096;

/// What it keeps is a secret, so it has no `Debug`.
#[derive(Default, Clone)]
pub(super) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes the cookies out of an answer; what the answer takes back is forgotten.
    pub fn take(&mut self, headers: &HeaderMap, now: Timestamp) {
        for header in headers.get_all(SET_COOKIE) {
            let Some(cookie) = header.to_str().ok().filter(|text| text.len() <= MAX_COOKIE) else {
                continue;
            };
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | ',');
            if name.is_empty() || !name.chars().all(plain) || !value.chars().all(plain) {
                continue;
            }
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() && !has_ended(attributes, now) && self.0.len() < MAX_COOKIES {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// The value of a cookie.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// All of them, as one header.
    pub fn header(&self) -> Option<HeaderValue> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        value.set_sensitive(true);
        (!self.0.is_empty()).then_some(value)
    }
}

/// Whether the attributes of a cookie say that it is over (RFC 6265: `Max-Age` goes before `Expires`).
fn has_ended(attributes: &str, now: Timestamp) -> bool {
    let find = |name: &str| {
        attributes.split(';').find_map(|attribute| {
            let (key, value) = attribute.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    if let Some(age) = find("max-age").and_then(|age| age.parse::<i64>().ok()) {
        return age <= 0;
    }
    // Old servers write hyphens within the date.
    let expires = find("expires").map(|date| date.replace('-', " "));
    let expires = expires.and_then(|date| rfc2822::parse(&date).ok());
    expires.is_some_and(|date| date.timestamp() <= now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn taken(answers: &[&[&str]]) -> Cookies {
        let mut cookies = Cookies::default();
        for answer in answers {
            let mut headers = HeaderMap::new();
            for cookie in *answer {
                headers.append(SET_COOKIE, cookie.parse().unwrap());
            }
            cookies.take(&headers, "2026-01-02T03:04:05Z".parse().unwrap());
        }
        cookies
    }

    fn sent(answers: &[&[&str]]) -> Option<String> {
        let header = taken(answers).header()?;
        assert!(header.is_sensitive());
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_newest_value_of_each_cookie_is_sent() {
        assert_eq!(
            sent(&[
                &["session_id=a; Path=/; HttpOnly", "ecp-csrf-token=t1"],
                &["session_id=b; Expires=Fri, 02-Jan-2099 00:00:00 GMT"],
            ])
            .as_deref(),
            Some("ecp-csrf-token=t1; session_id=b")
        );
        assert_eq!(taken(&[&["a=1", "b=2"]]).get("b"), Some("2"));
        assert_eq!(sent(&[]), None);
    }

    #[test]
    fn what_the_server_takes_back_is_forgotten() {
        for over in [
            "a=; Path=/",
            "a=x; Max-Age=0",
            "a=x; max-age=-1; Expires=Fri, 02 Jan 2099 00:00:00 GMT",
            "a=x; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
        ] {
            assert_eq!(sent(&[&["a=1"], &[over]]), None, "{over}");
        }
    }

    #[test]
    fn nonsense_is_left_out_and_floods_are_bounded() {
        let long = format!("a={}", "x".repeat(MAX_COOKIE));
        assert_eq!(sent(&[&["none", "=1", "a b=1", "a=\"x,y\"", &long]]), None);
        let many: Vec<String> = (0..100).map(|n| format!("c{n}=1")).collect();
        let many: Vec<&str> = many.iter().map(|cookie| &**cookie).collect();
        assert_eq!(taken(&[&many]).0.len(), MAX_COOKIES);
    }
}
