//! Which events are wanted, and whether one is.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Event, Severity};

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EventQuery {
    /// Nothing older than this.
    pub since: Option<Timestamp>,
    /// Nothing newer than this.
    pub until: Option<Timestamp>,
    /// This severity or worse.
    pub severity: Option<Severity>,
    /// Done by, or for, this user: a part of the name, without regard to case.
    pub user: Option<String>,
    /// Of the VM of this name, without regard to case.
    pub vm: Option<String>,
    /// With this text in what the event says of itself, without regard to case.
    pub text: Option<String>,
    /// At most so many, the newest.
    pub limit: usize,
}

impl EventQuery {
    /// Whether an event is wanted, but for how many: what every client's answer is held against, whatever its server filters.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let has = |text: &Option<Arc<str>>, part: &str| {
            text.as_ref()
                .is_some_and(|text| text.to_lowercase().contains(part))
        };
        let user = |part: &String| {
            let part = part.to_lowercase();
            has(&event.user, &part) || has(&event.performed_by, &part)
        };
        let vm = |name: &String| {
            let own = event.vm_name.as_ref();
            own.is_some_and(|own| own.to_lowercase() == name.to_lowercase())
        };
        let text = |part: &String| {
            let part = part.to_lowercase();
            let of = [&event.trace, &event.action, &event.entity];
            of.iter().any(|text| text.to_lowercase().contains(&part))
                || has(&event.vm_name, &part)
                || has(&event.error_code, &part)
        };
        self.since.is_none_or(|since| event.at >= since)
            && self.until.is_none_or(|until| event.at <= until)
            && self.severity.is_none_or(|least| event.severity >= least)
            && self.user.as_ref().is_none_or(user)
            && self.vm.as_ref().is_none_or(vm)
            && self.text.as_ref().is_none_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CloudName, EventKey};

    #[test]
    fn an_event_is_wanted_when_every_part_of_the_query_fits() {
        let at = Timestamp::UNIX_EPOCH;
        let event = Event {
            key: EventKey {
                cloud: CloudName::new("prod"),
                id: "1".into(),
            },
            at,
            severity: Severity::Warning,
            source: None,
            entity: "VIRTUAL_MACHINE".into(),
            action: "DEPLOY".into(),
            vm: None,
            vm_name: Some("Web-01".into()),
            performed_by: Some("SYSTEM".into()),
            user: Some("Ada Admin".into()),
            trace: "no Space left".into(),
            error_code: Some("VM-44".into()),
        };
        let any = EventQuery::default;
        let later = at + jiff::SignedDuration::from_secs(1);
        let text = |text: &str| EventQuery {
            text: Some(text.to_owned()),
            ..any()
        };
        let user = |user: &str| EventQuery {
            user: Some(user.to_owned()),
            ..any()
        };
        let vm = |vm: &str| EventQuery {
            vm: Some(vm.to_owned()),
            ..any()
        };
        let wanted = [
            any(),
            text("space"),
            text("deploy"),
            text("web"),
            text("vm-44"),
            user("admin"),
            user("system"),
            vm("web-01"),
            EventQuery {
                since: Some(at),
                until: Some(at),
                severity: Some(Severity::Warning),
                ..any()
            },
        ];
        for query in wanted {
            assert!(query.wants(&event), "{query:?}");
        }
        let others = [
            text("memory"),
            user("bob"),
            vm("web"),
            EventQuery {
                since: Some(later),
                ..any()
            },
            EventQuery {
                severity: Some(Severity::Error),
                ..text("space")
            },
        ];
        for query in others {
            assert!(!query.wants(&event), "{query:?}");
        }
    }
}
