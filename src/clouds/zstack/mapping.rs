//! From what travels to the domain's words. Total: whatever a server sends becomes something or is left out, nothing fails, and every text
//! is cleaned on its way.

mod event;
mod tag;
mod task;
mod vm;

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::names::Places;
pub(super) use crate::clouds::texts::{Texts, own};
use crate::model::PowerState::{self, Locked, NotAllocated, Off, On, Paused, Unknown};
use crate::model::text::clean;
use crate::model::{CloudName, Group};

pub(super) use tag::{Tags, protected};
pub(super) use task::{api_kind, words_of_result};
pub(super) use vm::console;

/// The power state of each of the API's nineteen words. A word that is not among them is Unknown, and shown.
pub(in crate::clouds) const STATES: &[(&str, PowerState)] = &[
    ("Created", NotAllocated),
    ("Starting", Locked),
    ("Running", On),
    ("Stopping", Locked),
    ("Stopped", Off),
    ("Rebooting", Locked),
    ("Pausing", Locked),
    ("Paused", Paused),
    ("Resuming", Locked),
    ("Migrating", Locked),
    ("VolumeMigrating", Locked),
    ("VolumeRecovering", Locked),
    ("Destroying", Locked),
    // In the recycle bin: what it had is given back, but for its disks.
    ("Destroyed", NotAllocated),
    ("Expunging", Locked),
    ("Unknown", Unknown),
    ("NoState", Unknown),
    ("Crashed", Unknown),
    ("Error", Unknown),
];

fn power(word: &str) -> PowerState {
    let known = STATES.iter().find(|(known, _)| *known == word.trim());
    known.map_or(Unknown, |(_, power)| *power)
}

/// What mapping needs to know beside the thing itself.
pub(super) struct Mapper<'a> {
    /// The cloud that everything belongs to.
    pub cloud: &'a CloudName,
    /// The zone of its dates.
    pub zone: Option<&'a TimeZone>,
    /// What its places are called.
    pub places: &'a Places,
    /// What its VMs are tagged with.
    pub tags: &'a Tags,
    /// The account or project that is signed in.
    pub project: Option<&'a Group>,
    /// What is shared.
    pub texts: &'a mut Texts,
}

impl Mapper<'_> {
    /// A name that many things share: cleaned, and `None` when nothing is left of it.
    fn name(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        self.texts.name(text)
    }
}

/// A longer text of its own.
fn long(text: Option<&str>) -> Option<Arc<str>> {
    let text = clean(text?.trim());
    (!text.is_empty()).then(|| Arc::from(&*text))
}

/// An id that may become part of an address: the API's are 32 hexadecimal digits.
pub(super) fn id(text: Option<&str>) -> Option<&str> {
    let right = |id: &str| {
        id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.map(str::trim).filter(|id| !id.is_empty() && right(id))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn each_word_of_the_api_has_its_power_state() {
        let of = |wanted: PowerState| -> Vec<&str> {
            let words = STATES.iter().filter(|(_, power)| *power == wanted);
            words.map(|(word, _)| *word).collect()
        };
        assert_eq!(of(On), ["Running"]);
        assert_eq!(of(Off), ["Stopped"]);
        assert_eq!(of(Paused), ["Paused"]);
        assert_eq!(of(NotAllocated), ["Created", "Destroyed"]);
        assert_eq!(of(Unknown), ["Unknown", "NoState", "Crashed", "Error"]);
        assert_eq!(
            of(Locked),
            [
                "Starting",
                "Stopping",
                "Rebooting",
                "Pausing",
                "Resuming",
                "Migrating",
                "VolumeMigrating",
                "VolumeRecovering",
                "Destroying",
                "Expunging"
            ]
        );
        assert_eq!(power("Hibernated"), Unknown);
        assert_eq!(power(""), Unknown);
    }

    #[test]
    fn an_id_that_could_lead_elsewhere_is_none() {
        assert_eq!(
            id(Some("61530fc2e084736fd2b15e637481a0af")),
            Some("61530fc2e084736fd2b15e637481a0af")
        );
        for text in [
            "",
            " ",
            "a/b",
            "..",
            "a?b=c",
            "a%2fb",
            "a\nb",
            &"a".repeat(65),
        ] {
            assert_eq!(id(Some(text)), None, "{text:?}");
        }
    }
}
