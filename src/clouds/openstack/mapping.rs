//! From what travels to the domain's words. Total: whatever a server sends becomes something or is left out, nothing fails, and every text
//! is cleaned on its way.

mod power;
mod task;
mod vm;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::names::Names;
pub(super) use crate::clouds::texts::Texts;
use crate::model::CloudName;
use crate::model::text::{clean, clean_name};

pub(in crate::clouds) use power::STATES;
pub(super) use task::task;
pub(super) use vm::Seen;

/// What mapping servers needs to know beside them.
pub(super) struct Mapper<'a> {
    /// The cloud that everything belongs to.
    pub cloud: &'a CloudName,
    /// Where they stand.
    pub region: &'a str,
    /// The project through which they are reached.
    pub through: &'a str,
    /// What things are called.
    pub names: &'a Names,
    /// What is shared.
    pub texts: &'a mut Texts,
}

/// A text of its own: cleaned, and `None` when nothing is left of it.
pub(super) fn own(text: Option<&str>) -> Option<Arc<str>> {
    let text = clean_name(text?.trim());
    (!text.is_empty()).then(|| Arc::from(&*text))
}

/// A longer text of its own.
pub(super) fn long(text: Option<&str>) -> Option<Arc<str>> {
    let text = clean(text?.trim());
    (!text.is_empty()).then(|| Arc::from(&*text))
}

/// An id that may become part of an address: uuids, with and without hyphens, and the numbers of older clouds.
pub(super) fn id(text: Option<&str>) -> Option<&str> {
    let right = |id: &str| {
        id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.map(str::trim).filter(|id| !id.is_empty() && right(id))
}

/// A moment: `2026-11-22T03:00:00Z`, also without a zone, which is UTC then.
pub(super) fn moment(text: Option<&str>) -> Option<Timestamp> {
    let text = text?.trim();
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn an_id_that_could_lead_elsewhere_is_none() {
        assert!(id(Some("61530fc2-e084-736f-d2b1-5e637481a0af")).is_some());
        for text in ["", " ", "a/b", "..", "a?b=c", "a%2fb", "a\nb", "a|b"] {
            assert_eq!(id(Some(text)), None, "{text:?}");
        }
        assert_eq!(id(Some(&"a".repeat(65))), None);
    }

    #[test]
    fn moments_come_with_and_without_a_zone_and_with_fractions() {
        for text in [
            "2026-11-22T03:00:00Z",
            "2026-11-22T03:00:00",
            "2026-11-22T03:00:00.000000",
        ] {
            assert_eq!(
                moment(Some(text)).unwrap().to_string(),
                "2026-11-22T03:00:00Z"
            );
        }
        for text in ["", "soon", "2026-13-01T00:00:00Z"] {
            assert_eq!(moment(Some(text)), None);
        }
    }
}
