//! A VM as the server tells it, for reading: indented, in the server's order, without secrets.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::body::decode_any;
use super::{Error, Result};
use crate::model::text::clean_document;

/// The longest document that is shown, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// What stands in the place of a secret.
const HIDDEN: &str = "•••";

/// Parts of keys whose values are secrets (Abiquo: `password` is the console's, in clear; `variables` are free).
const SECRET_KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "api_key",
    "privatekey",
    "private_key",
    "adminpass",
    // What a guest is told at its first start, which may hold any of these (OpenStack).
    "user_data",
];

/// The VM of a body, to be shown.
///
/// # Errors
/// [`Error::Protocol`] when the body is no JSON; it holds nothing of the body.
pub(super) fn document(body: &[u8]) -> Result<String> {
    let node: Node = decode_any(body, "the VM")?;
    let text =
        serde_json::to_string_pretty(&node).map_err(|error| Error::Protocol(error.to_string()))?;
    Ok(clean_document(&text, MAX_DOCUMENT))
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.iter().any(|part| key.contains(part))
}

/// A JSON value that keeps the order of its keys.
enum Node {
    Nothing,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key that names a secret. Yes, no and nothing are none.
    fn hidden(self) -> Self {
        match self {
            Self::Nothing | Self::Flag(_) => self,
            _ => Self::Text(HIDDEN.to_owned()),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> std::result::Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Node, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Node::Nothing, Node::Number))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<String, Node>()? {
            let node = if is_secret(&key) { node.hidden() } else { node };
            entries.push((key, node));
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn secrets_are_hidden_at_any_depth_and_the_order_is_the_servers() {
        let body = br#"{"name":"x\u001b[31m","password":"hunter2","generateGuestInitialPassword":false,"a":[{"apiToken":{"v":"hunter2"}}],
            "variables":{"DB_PASSWORD":"hunter2","HOST":"db"},"secretNumber":12345,"b":null}"#;
        let text = document(body).unwrap();
        assert!(
            !text.contains("hunter2") && !text.contains("12345") && !text.contains('\u{1b}'),
            "{text}"
        );
        assert!(
            text.contains("\"password\": \"•••\"")
                && text.contains("\"generateGuestInitialPassword\": false"),
            "{text}"
        );
        assert!(text.contains("\"HOST\": \"db\""), "{text}");
        assert!(
            text.find("name").unwrap() < text.find("variables").unwrap(),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_json_is_an_error_without_its_content() {
        let error = document(b"{\"password\":\"hunter2\"")
            .map(drop)
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
