//! What an answer of unknown members says about a screen: whatever looks like an address, a host, a port.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::clouds::http::Origin;
use crate::model::text::is_safe;

pub(super) use super::host;

/// The deepest and the most that is looked at.
const MAX_DEPTH: usize = 8;
const MAX_VALUES: usize = 2_000;

/// The longest address that is kept, in bytes.
const MAX_URL: usize = 2_048;

/// What speaks on a screen's port.
const PROTOCOLS: &[&str] = &[
    "vnc",
    "rdp",
    "spice",
    "ssh",
    "webmks",
    "guacamole",
    "telnet",
];

/// The schemes of an address that a person can open.
const SCHEMES: &[&str] = &[
    "http", "https", "ws", "wss", "vnc", "rdp", "spice", "ssh", "telnet",
];

/// Relations of links that lead back into the API, not to a screen.
const OWN_RELS: &[&str] = &[
    "self",
    "edit",
    "parent",
    "virtualmachine",
    "first",
    "last",
    "next",
];

/// What was found. No `Debug`: it may hold a password.
#[derive(Default)]
pub(super) struct Found {
    pub protocol: Option<Arc<str>>,
    pub host: Option<Arc<str>>,
    pub port: Option<u16>,
    pub url: Option<Arc<str>>,
    pub password: Option<String>,
    /// A password stood in the address, and was taken out of it.
    pub asks_password: bool,
}

/// Reads an answer. A text that is nothing of the kind, such as a token, says nothing.
pub(super) fn read(body: &[u8], origin: &Origin, reveal: bool) -> Found {
    let mut reader = Reader {
        origin,
        reveal,
        left: MAX_VALUES,
        found: Found::default(),
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => reader.words(&text),
        Ok(value) => reader.value("", &value, 0),
        Err(_) => reader.words(&String::from_utf8_lossy(&body[..body.len().min(8 << 10)])),
    }
    reader.found
}

struct Reader<'o> {
    origin: &'o Origin,
    reveal: bool,
    left: usize,
    found: Found,
}

impl Reader<'_> {
    fn value(&mut self, key: &str, value: &Value, depth: usize) {
        if depth > MAX_DEPTH || self.left == 0 {
            return;
        }
        self.left -= 1;
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    if key == "links" {
                        self.links(value);
                    } else {
                        self.value(&key.to_ascii_lowercase(), value, depth + 1);
                    }
                }
            }
            Value::Array(values) => {
                for value in values {
                    self.value(key, value, depth + 1);
                }
            }
            Value::String(text) => self.text(key, text),
            Value::Number(number) => {
                let port = number.as_u64().and_then(|port| u16::try_from(port).ok());
                if key.contains("port") && !key.contains("support") {
                    self.found.port = self.found.port.or(port.filter(|port| *port > 0));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn links(&mut self, links: &Value) {
        for link in links.as_array().into_iter().flatten().take(64) {
            let member = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default();
            let href = member("href");
            let leads_back = self.origin.route(href).is_ok_and(|route| {
                ["/cloud/", "/admin/"]
                    .iter()
                    .any(|list| route.as_str().starts_with(list))
            });
            if !OWN_RELS.contains(&member("rel")) && !leads_back {
                self.url(href);
            }
        }
    }

    /// A text by the name that its member has.
    fn text(&mut self, key: &str, text: &str) {
        let text = text.trim();
        let named = |parts: &[&str]| parts.iter().any(|part| key.contains(part));
        if named(&["password", "passwd"]) {
            self.found.password.get_or_insert_with(|| text.to_owned());
            return;
        }
        if self.url(text) || named(&["token", "ticket"]) {
            return;
        }
        if let Some((host, port)) = host_and_port(text) {
            self.place(host, port);
        } else if named(&["port"]) {
            let port = text.parse().ok().filter(|port| *port > 0);
            self.found.port = self.found.port.or(port);
        } else if named(&["protocol", "scheme", "type"]) {
            let word = text.to_ascii_lowercase();
            if let Some(known) = PROTOCOLS.iter().find(|known| **known == word) {
                self.found.protocol.get_or_insert_with(|| Arc::from(*known));
            }
        } else if named(&["host", "server", "address"]) || key.ends_with("ip") {
            let found = host(text);
            self.found.host = self.found.host.take().or(found);
        }
    }

    /// A plain text: its first word that is an address.
    fn words(&mut self, text: &str) {
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\''));
        for word in words.filter(|word| !word.is_empty()).take(64) {
            if self.url(word) {
                return;
            }
            if let Some((host, port)) = host_and_port(word) {
                return self.place(host, port);
            }
        }
    }

    fn place(&mut self, host: Arc<str>, port: u16) {
        if self.found.host.is_none() {
            self.found.host = Some(host);
            self.found.port = Some(port);
        }
    }

    /// Takes an address; whether it is one. Its password is taken out of it unless somebody wants to see it.
    fn url(&mut self, text: &str) -> bool {
        let fits = text.len() <= MAX_URL && text.contains("://") && text.chars().all(is_safe);
        let Some(mut url) = fits.then(|| Url::parse(text).ok()).flatten() else {
            return false;
        };
        if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            return false;
        }
        if self.found.url.is_some() {
            return true;
        }
        let in_query = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.contains("password") || name.contains("passwd")
        };
        // Behind the `#` stands what a page in the browser reads, in whatever form.
        let in_fragment = url.fragment().is_some_and(in_query);
        let has_password = in_fragment
            || url.password().is_some()
            || url.query_pairs().any(|(name, _)| in_query(&name));
        if has_password {
            self.found.asks_password = true;
            if !self.reveal {
                // Without a host there would be none, and there is one.
                let _ = url.set_password(None);
                if in_fragment {
                    url.set_fragment(None);
                }
                let kept: Vec<(String, String)> = url
                    .query_pairs()
                    .filter(|(name, _)| !in_query(name))
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect();
                url.set_query(None);
                if !kept.is_empty() {
                    url.query_pairs_mut().extend_pairs(kept);
                }
            }
        }
        if PROTOCOLS.contains(&url.scheme()) {
            self.found.protocol = Some(Arc::from(url.scheme()));
        }
        self.found.url = Some(Arc::from(url.as_str()));
        true
    }
}

/// `10.0.0.5:5901`, `host.example:5901`, `[2001:db8::1]:5901`. A word before a colon is no host unless it looks like one.
fn host_and_port(text: &str) -> Option<(Arc<str>, u16)> {
    let (name, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let in_brackets = name.starts_with('[') && name.ends_with(']');
    let looks = in_brackets || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()) || {
        let (_, last) = name.rsplit_once('.')?;
        last.chars().all(|c| c.is_ascii_alphabetic()) && !last.is_empty()
    };
    looks.then(|| host(name))?.map(|host| (host, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn found(body: &str, reveal: bool) -> Found {
        let origin = Origin::new(&Url::parse("https://cloud.example.com/api").unwrap());
        read(body.as_bytes(), &origin, reveal)
    }

    fn told(body: &str) -> (Option<String>, Option<String>, Option<u16>, Option<String>) {
        let found = found(body, false);
        let text = |text: Option<Arc<str>>| text.map(|text| text.to_string());
        (
            text(found.protocol),
            text(found.host),
            found.port,
            text(found.url),
        )
    }

    #[test]
    fn addresses_are_found_by_what_they_look_like() {
        let some = |text: &str| Some(text.to_owned());
        let guacamole = "https://cloud.example.com/guacamole/#/client/YQ?token=abc";
        let cases = [
            ("10.0.0.5:5901", (None, some("10.0.0.5"), Some(5901), None)),
            (
                "vnc://10.0.0.5:5901",
                (some("vnc"), None, None, some("vnc://10.0.0.5:5901")),
            ),
            (
                "connect to host-3.example:3389 now",
                (None, some("host-3.example"), Some(3389), None),
            ),
            (
                "[2001:db8::1]:5901",
                (None, some("2001:db8::1"), Some(5901), None),
            ),
            (
                &format!("{guacamole}\n"),
                (None, None, None, some(guacamole)),
            ),
            (
                &format!("\"{guacamole}\""),
                (None, None, None, some(guacamole)),
            ),
            (
                r#"{"protocol":"VNC","host":"10.0.0.5","port":"5901","links":[]}"#,
                (some("vnc"), some("10.0.0.5"), Some(5901), None),
            ),
            (
                r#"{"connection":{"serverAddress":"host-3","consolePort":5901,"token":"abc.def:99"}}"#,
                (None, some("host-3"), Some(5901), None),
            ),
            (
                r#"{"links":[{"rel":"self","href":"https://x/y"},{"rel":"x","href":"https://h/api/cloud/y"},{"rel":"console","href":"wss://h/mks?ticket=1"}]}"#,
                (None, None, None, some("wss://h/mks?ticket=1")),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(told(body), expected, "{body}");
        }
    }

    #[test]
    fn what_is_no_address_says_nothing() {
        for body in [
            "",
            "d2h5LWRvLXlvdS1yZWFk:12",
            "token:5901",
            "javascript://x/%0aalert(1)",
            "file:///etc/passwd",
            "https://",
            "https://h/\u{202e}x",
            r#"{"support":5901,"port":0,"host":"a b","url":"/relative","type":"other"}"#,
            r#"{"port":70000,"ip":"-\u001b[2J"}"#,
            "[[[[[[[[[[[[\"https://deep.example\"]]]]]]]]]]]]",
            "null",
            "7",
        ] {
            assert_eq!(told(body), (None, None, None, None), "{body}");
        }
    }

    #[test]
    fn a_password_is_taken_out_of_an_address_unless_it_is_wanted() {
        let cases = [
            ("vnc://:s3cret@10.0.0.5:5901", "vnc://10.0.0.5:5901"),
            (
                "https://h.example/c?id=1&password=s3cret&x=2",
                "https://h.example/c?id=1&x=2",
            ),
            ("https://h.example/c?Passwd=s3cret", "https://h.example/c"),
            (
                "https://h.example/c#/client/x?password=s3cret",
                "https://h.example/c",
            ),
        ];
        for (text, hidden) in cases {
            let kept = found(text, false);
            assert_eq!(kept.url.as_deref(), Some(hidden));
            assert!(kept.asks_password && kept.password.is_none());
            let shown = found(text, true).url.unwrap();
            assert!(shown.contains("s3cret"), "{shown}");
        }
        let in_body = found(
            r#"{"url":"https://h.example/c","vncPassword":"s3cret"}"#,
            false,
        );
        assert_eq!(in_body.password.as_deref(), Some("s3cret"));
        assert!(!in_body.asks_password);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..256)) {
            let origin = Origin::new(&Url::parse("https://cloud.example.com/api").unwrap());
            let found = read(&body, &origin, true);
            for text in [found.host, found.url].into_iter().flatten() {
                prop_assert!(text.chars().all(is_safe));
            }
        }
    }
}
