//! The log of what happened (9).

use std::collections::VecDeque;

use serde::Deserialize;

use crate::demo::identity::Uuid;

/// How many events are kept; the oldest go first.
const KEPT: usize = 20_000;
/// The id of the first event.
const FIRST_EVENT: u64 = 9_001;

/// How bad it was (9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Info,
    Warn,
    Error,
}

impl Severity {
    /// The word on the wire since 4.7.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }

    /// The word on the wire up to 4.6.
    pub fn old_word(self) -> &'static str {
        match self {
            Self::Warn => "WARNING",
            Self::Info | Self::Error => self.word(),
        }
    }
}

/// What an event happened to, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A VM.
    Vm(usize),
    /// A virtual appliance.
    Appliance(usize),
    /// A task of a VM.
    Task(usize, Uuid),
}

/// One entry, before it has an id.
#[derive(Debug, Clone)]
pub struct Event {
    /// Set by the log.
    pub id: u64,
    /// Milliseconds.
    pub at_ms: i64,
    /// How bad.
    pub severity: Severity,
    /// What was done, without the entity, such as `PROTECT`.
    pub action: String,
    /// To what.
    pub target: Target,
    /// By whom, by position.
    pub user: usize,
    /// The tracer text.
    pub message: String,
    /// The same for all events of one operation.
    pub context: Uuid,
    /// An error code of the API and its meaning.
    pub error: Option<(String, String)>,
}

impl Event {
    /// The kind of thing it happened to.
    pub fn entity(&self) -> &'static str {
        match self.target {
            Target::Vm(_) => "VIRTUAL_MACHINE",
            Target::Appliance(_) => "VIRTUAL_APPLIANCE",
            Target::Task(..) => "TASK",
        }
    }

    /// The old name: the entity, then the action.
    pub fn full_action(&self) -> String {
        format!("{}_{}", self.entity(), self.action)
    }
}

/// The events in the order in which they happened.
#[derive(Debug, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
    written: u64,
}

impl EventLog {
    /// Adds an event that is not older than the last one, and gives it its id.
    pub fn write(&mut self, mut event: Event) {
        event.id = FIRST_EVENT + self.written;
        self.written += 1;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter()
    }

    /// The event with an id.
    pub fn get(&self, id: u64) -> Option<&Event> {
        let first = self.events.front()?.id;
        self.events
            .get(usize::try_from(id.checked_sub(first)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn the_log_keeps_the_newest_and_finds_them_by_id() {
        let mut log = EventLog::default();
        for at_ms in 0..KEPT as i64 + 5 {
            log.write(Event {
                id: 0,
                at_ms,
                severity: Severity::Info,
                action: "PAUSE".to_owned(),
                target: Target::Vm(0),
                user: 0,
                message: String::new(),
                context: Uuid::new(0, 0, 0),
                error: None,
            });
        }
        assert_eq!(log.iter().count(), KEPT);
        assert!(log.get(FIRST_EVENT).is_none(), "the oldest are gone");
        assert_eq!(log.get(FIRST_EVENT + 5).unwrap().at_ms, 5);
        assert_eq!(log.iter().next_back().unwrap().at_ms, KEPT as i64 + 4);
    }
}
