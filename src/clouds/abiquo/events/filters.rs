//! The server's own filters of events. Their names and formats differ between versions, so that only those are sent that can spare pages
//! without hiding an event: the two dates, and the VM by its name.

use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;

use crate::clouds::{Error, EventQuery};

/// The error of a date in a form that the server does not read.
const WRONG_DATE: &str = "EVENT-1";

/// The longest name that is sent, as it is written in an address.
const MAX_NAME: usize = 512;

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// `2011-12-03T10:15:30Z`, as later versions demand.
    Iso,
    /// Seconds since 1970, as versions up to 4.6 do.
    Seconds,
    /// Not at all: neither is read.
    LeftOut,
}

const ALL: [Dates; 3] = [Dates::Iso, Dates::Seconds, Dates::LeftOut];

/// What was learnt of a server's filters.
#[derive(Debug, Default)]
pub struct Filters(AtomicU8);

impl Filters {
    /// How this server's dates are written, as far as that is known.
    pub fn dates(&self) -> Dates {
        let at = usize::from(self.0.load(Ordering::Relaxed));
        ALL.get(at).copied().unwrap_or(Dates::LeftOut)
    }

    /// The server has taken dates that were written so.
    pub fn remember(&self, dates: Dates) {
        self.0.store(dates as u8, Ordering::Relaxed);
    }
}

/// The filters that are sent with one question.
#[derive(Debug)]
pub struct Asked<'q> {
    query: &'q EventQuery,
    dates: Dates,
    /// The VM's name, as it is written in an address.
    vm: Option<String>,
}

impl<'q> Asked<'q> {
    pub fn new(query: &'q EventQuery, dates: Dates) -> Self {
        let vm = query.vm.as_deref().filter(|vm| !vm.is_empty());
        let vm = vm.map(|vm| url::form_urlencoded::byte_serialize(vm.as_bytes()).collect());
        Self {
            query,
            dates,
            vm: vm.filter(|vm: &String| vm.len() <= MAX_NAME),
        }
    }

    /// What stands behind the address.
    pub fn parameters(&self) -> String {
        // Whole seconds, and never fewer events than were asked for.
        let (from, to) = match self.query.until {
            Some(until) => (
                self.query.since.map(Timestamp::as_second),
                Some(until.as_second() + 1),
            ),
            // Newest first, reading ends where the time is passed: a date would spare nothing.
            None => (None, None),
        };
        let write = |second: i64| match self.dates {
            Dates::Iso => Timestamp::from_second(second).ok().map(|at| at.to_string()),
            Dates::Seconds => Some(second.to_string()),
            Dates::LeftOut => None,
        };
        let mut parameters = String::new();
        for (name, value) in [
            ("datefrom", from.and_then(write)),
            ("dateto", to.and_then(write)),
            ("virtualmachine", self.vm.clone()),
        ] {
            if let Some(value) = value {
                parameters.push_str(&format!("&{name}={value}"));
            }
        }
        parameters
    }

    /// How dates were written; `None` where there were none to write.
    pub fn dates(&self) -> Option<Dates> {
        self.query.until.map(|_| self.dates)
    }

    pub fn filters_vm(&self) -> bool {
        self.vm.is_some()
    }

    pub fn leave_out_vm(&mut self) {
        self.vm = None;
    }

    /// Leaves out what the server may have refused, or writes it otherwise. `false` when nothing is left that it could have meant.
    pub fn leave_out(&mut self, error: &Error) -> bool {
        let is_date =
            matches!(error, Error::Rejected(no) if no.code.as_deref() == Some(WRONG_DATE));
        let next = match self.dates {
            _ if self.dates().is_none() => None,
            Dates::Iso => Some(Dates::Seconds),
            Dates::Seconds => Some(Dates::LeftOut),
            Dates::LeftOut => None,
        };
        match next {
            Some(next) if is_date || self.vm.is_none() => self.dates = next,
            _ if self.vm.is_some() => self.vm = None,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::clouds::error::Rejection;

    fn refused(code: Option<&str>) -> Error {
        Error::Rejected(Rejection {
            status: 400,
            code: code.map(str::to_owned),
            message: String::new(),
        })
    }

    #[test]
    fn a_refused_filter_is_written_otherwise_and_then_left_out() {
        let query = EventQuery {
            since: Some("2021-07-14T08:00:00.25Z".parse().unwrap()),
            until: Some("2021-07-14T09:00:00.25Z".parse().unwrap()),
            vm: Some("db & ärger".to_owned()),
            ..EventQuery::default()
        };
        let mut asked = Asked::new(&query, Dates::Iso);
        let vm = "&virtualmachine=db+%26+%C3%A4rger";
        assert_eq!(
            asked.parameters(),
            format!("&datefrom=2021-07-14T08:00:00Z&dateto=2021-07-14T09:00:01Z{vm}")
        );
        assert!(asked.leave_out(&refused(Some(WRONG_DATE))));
        assert_eq!(
            asked.parameters(),
            format!("&datefrom=1626249600&dateto=1626253201{vm}")
        );
        assert!(asked.leave_out(&refused(Some("OTHER"))));
        assert_eq!(asked.parameters(), "&datefrom=1626249600&dateto=1626253201");
        assert!(asked.leave_out(&refused(None)));
        assert_eq!(asked.parameters(), "");
        assert!(
            !asked.leave_out(&refused(None)),
            "then it is something else"
        );
    }

    #[test]
    fn what_a_server_took_is_asked_for_so_from_then_on() {
        let filters = Filters::default();
        assert_eq!(filters.dates(), Dates::Iso);
        for dates in ALL {
            filters.remember(dates);
            assert_eq!(filters.dates(), dates);
        }
    }
}
