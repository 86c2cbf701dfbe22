//! From what travels to the domain's words. Total: whatever a server sends becomes something or is left out, nothing fails, and every text
//! is cleaned on its way.

mod event;
mod task;
mod vm;

use std::sync::Arc;

use jiff::Timestamp;

use super::wire::lenient::{Int, Text};
use super::wire::{Link, Links};
use crate::clouds::http::{Origin, Route};
pub(super) use crate::clouds::texts::{Texts, own};
use crate::model::text::clean;
use crate::model::{CloudName, Group};

pub(super) use event::{Change, change, is_of_tenant};

/// What mapping needs to know beside the thing itself.
pub(super) struct Mapper<'a> {
    /// The cloud that everything belongs to.
    pub cloud: &'a CloudName,
    /// Where links are rebased to.
    pub origin: &'a Origin,
    /// What is shared.
    pub names: &'a mut Texts,
}

impl Mapper<'_> {
    /// A name that many things share: cleaned, and `None` when nothing is left of it.
    fn name(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        self.names.name(text)
    }

    /// A longer text that some things share.
    fn text(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        let text = clean(text?);
        (!text.is_empty()).then(|| self.names.share(&text))
    }

    /// What a link leads to, by the id in its address and its title.
    fn group(&mut self, link: Option<&Link<'_>>) -> Option<Group> {
        let link = link?;
        let id = self.name(Some(last_segment(link.href.get()?)))?;
        let name = self.name(link.title.get()).unwrap_or_else(|| id.clone());
        Some(Group { id, name })
    }

    /// Where a link leads, below the configured origin; `None` when it is missing or not followed.
    fn route(&self, links: &Links<'_>, rel: &str) -> Option<Route> {
        self.origin.route(links.href(rel)?).ok()
    }
}

/// The last segment of an address's path.
pub(super) fn last_segment(href: &str) -> &str {
    let path = href.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

/// The id of the VM that an address leads to or below: the segment after `virtualmachines`. A list of VMs is none.
pub(super) fn vm_id(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/');
    segments.find(|segment| *segment == "virtualmachines")?;
    segments
        .next()
        .filter(|id| !id.is_empty() && *id != "action")
}

/// VMs count milliseconds. Nothing happened in 1970.
fn millis(time: Int) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.0.filter(|time| *time > 0)?).ok()
}

/// Tasks count seconds.
fn seconds(time: Int) -> Option<Timestamp> {
    Timestamp::from_second(time.0.filter(|time| *time > 0)?).ok()
}

/// An event's time: ISO 8601 with any spelling of the offset, or a number of seconds or milliseconds (which of the two is not
/// documented; their sizes tell).
pub(super) fn moment(time: &Text<'_>) -> Option<Timestamp> {
    /// Seconds reach this in the year 5138, milliseconds reached it in 1973.
    const SECONDS_END: i64 = 100_000_000_000;
    let time = time.get()?.trim();
    match time.parse::<i64>() {
        Ok(number) if number < SECONDS_END => seconds(Int(Some(number))),
        Ok(number) => millis(Int(Some(number))),
        Err(_) => time.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use std::borrow::Cow;

    use super::*;

    #[test]
    fn an_events_time_has_many_spellings() {
        let expected: Timestamp = "2018-02-01T10:15:30Z".parse().unwrap();
        for time in [
            "2018-02-01T10:15:30Z",
            "2018-02-01T10:15:30.000+0000",
            "2018-02-01T11:15:30+01:00",
            "2018-02-01 10:15:30Z",
            "1517480130",
            "1517480130000",
        ] {
            assert_eq!(
                moment(&Text(Some(Cow::Borrowed(time)))),
                Some(expected),
                "{time}"
            );
        }
        for time in ["", "yesterday", "0", "-5", "99999999999999999"] {
            assert_eq!(moment(&Text(Some(Cow::Borrowed(time)))), None, "{time}");
        }
    }

    #[test]
    fn the_vm_of_an_address_is_what_follows_virtualmachines() {
        assert_eq!(
            vm_id("/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/503"),
            Some("503")
        );
        assert_eq!(
            vm_id("https://h:443/api/x/virtualmachines/7/tasks/abc?x=1"),
            Some("7")
        );
        assert_eq!(vm_id("/api/cloud/virtualmachines"), None);
        assert_eq!(vm_id("/api/cloud/virtualmachines?limit=5"), None);
        assert_eq!(vm_id("/api/cloud/virtualdatacenters/2"), None);
    }
}
