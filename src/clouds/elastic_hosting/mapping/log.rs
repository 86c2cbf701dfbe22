//! The log and the transactions as events and tasks.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;

use super::{Texts, id};
use crate::clouds::elastic_hosting::log::Mapped;
use crate::clouds::elastic_hosting::wire;
use crate::model::text::{clean, clean_name};
use crate::model::{
    CloudName, Event, EventKey, Job, JobState, Severity, Task, TaskKey, TaskKind, TaskState, VmKey,
};

/// Numbers from this one on count milliseconds, below it seconds: in seconds it is the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// What transactions are called: the API has no word for what one does but its message.
const TRANSACTION: &str = "TRANSACTION";

/// When each transaction that still runs was seen first: few say when they began.
pub(in crate::clouds::elastic_hosting) type Seen = HashMap<Arc<str>, Timestamp>;

/// What mapping the list needs to know beside it.
pub(in crate::clouds::elastic_hosting) struct LogMapper<'a> {
    pub cloud: &'a CloudName,
    pub now: Timestamp,
}

impl LogMapper<'_> {
    /// The list: what was logged, and transactions that name no VM, as events; every transaction as a task.
    pub fn map(&self, wire: &wire::Logs<'_>, seen: &mut Seen) -> Mapped {
        let mut names = Texts::default();
        let logged = self.logged(&wire.logs.items, &mut names);
        // By the server's own clock where that is known: whoever asks for what is newer than the newest must miss nothing.
        let newest = logged.iter().map(|event| event.at).max();
        let first_seen = newest
            .filter(|at| *at > Timestamp::UNIX_EPOCH)
            .unwrap_or(self.now);
        let (mut events, mut tasks) = (Vec::new(), Vec::new());
        let mut still = Seen::new();
        for transaction in &wire.transactions.items {
            let Some(task) = self.task(transaction, &mut names) else {
                continue;
            };
            let first = seen.get(&task.key.id).copied().unwrap_or(first_seen);
            still.insert(task.key.id.clone(), first);
            if task.vm.is_none() {
                events.push(self.told(transaction, &task, task.created_at.unwrap_or(first)));
            }
            tasks.push(task);
        }
        *seen = still;
        events.extend(logged);
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Mapped { events, tasks }
    }

    fn logged(&self, logs: &[wire::Log<'_>], names: &mut Texts) -> Vec<Event> {
        let mut twins: HashMap<u64, u32> = HashMap::new();
        let mut at = Timestamp::UNIX_EPOCH;
        let mut events = Vec::with_capacity(logs.len());
        // The oldest first, as servers list the newest first: of twins, the one that was there keeps its id.
        for log in logs.iter().rev() {
            let raw = log.timestamp.get().unwrap_or_default();
            let read = time(raw);
            // A time in no known format: it stands with its neighbour, and the raw text before its message.
            at = read.unwrap_or(at);
            let message = clean(log.message.get().unwrap_or_default().trim());
            let trace = match read {
                None if !raw.is_empty() => format!("{}: {message}", clean_name(raw)),
                _ => message.into_owned(),
            };
            let key = id(log.uuid.get()).map(str::to_owned).unwrap_or_else(|| {
                let mut hasher = DefaultHasher::new();
                (raw, log.user.get(), log.error.0, log.message.get()).hash(&mut hasher);
                let hash = hasher.finish();
                let twin = twins.entry(hash).or_default();
                *twin += 1;
                format!("{hash:016x}-{twin}")
            });
            let vm = id(log.vm()).map(|id| VmKey::new(self.cloud, id));
            let user = names.name(log.user.get());
            events.push(Event {
                key: self.key(&key),
                at,
                severity: severity(log.error.0 == Some(true)),
                source: None,
                entity: names.share(if vm.is_some() { "VIRTUAL_MACHINE" } else { "" }),
                action: names.share("LOG"),
                vm,
                vm_name: None,
                performed_by: user.clone(),
                user,
                trace: Arc::from(trace),
                error_code: None,
            });
        }
        events.reverse();
        events
    }

    /// A transaction that no VM's tasks can hold, as an event.
    fn told(&self, wire: &wire::Transaction<'_>, task: &Task, at: Timestamp) -> Event {
        Event {
            key: self.key(&format!("transaction-{}", task.key.id)),
            at,
            severity: severity(task.state == TaskState::FinishedUnsuccessfully),
            source: None,
            entity: Arc::from(""),
            action: Arc::from(TRANSACTION),
            vm: None,
            vm_name: None,
            performed_by: task.user.clone(),
            user: task.user.clone(),
            trace: Arc::from(words(wire)),
            error_code: None,
        }
    }

    /// A transaction; `None` for one without an id.
    fn task(&self, wire: &wire::Transaction<'_>, names: &mut Texts) -> Option<Task> {
        let id: Arc<str> = Arc::from(id(wire.id())?);
        let (state, job) = state(wire);
        Some(Task {
            key: TaskKey {
                cloud: self.cloud.clone(),
                id: id.clone(),
            },
            vm: super::id(wire.vm()).map(|id| VmKey::new(self.cloud, id)),
            kind: TaskKind::new(TRANSACTION),
            state,
            created_at: wire.started.get().or(wire.start_time.get()).and_then(time),
            updated_at: wire.ended.get().and_then(time),
            user: names.name(wire.user.get()),
            // What it does is in its message alone.
            jobs: vec![Job {
                id: id.clone(),
                kind: TaskKind::new(&clean_name(&words(wire))),
                state: job,
                rollback_state: JobState::Unknown,
                description: wire.message.get().map(|text| Arc::from(&*clean(text))),
            }],
            watched_here: false,
            subject: None,
            acknowledgeable: false,
            locator: id,
        })
    }

    fn key(&self, id: &str) -> EventKey {
        EventKey {
            cloud: self.cloud.clone(),
            id: Arc::from(id),
        }
    }
}

fn severity(is_error: bool) -> Severity {
    if is_error {
        Severity::Error
    } else {
        Severity::Info
    }
}

/// `provisioning new-1 (40 %)`
fn words(wire: &wire::Transaction<'_>) -> String {
    let message = clean(wire.message.get().unwrap_or("transaction").trim());
    match percent(wire) {
        Some(percent) => format!("{message} ({percent} %)"),
        None => message.into_owned(),
    }
}

fn percent(wire: &wire::Transaction<'_>) -> Option<i64> {
    let percent = wire.completed.0.or(wire.progress.0);
    percent.filter(|percent| (0..=100).contains(percent))
}

/// A transaction is listed while it runs; what one that has ended says of itself is taken as well.
fn state(wire: &wire::Transaction<'_>) -> (TaskState, JobState) {
    let has_ended = wire
        .ended
        .get()
        .is_some_and(|ended| !matches!(ended, "false" | "0" | "null"));
    if wire.is_error.0 == Some(true) || wire.error.0 == Some(true) {
        (TaskState::FinishedUnsuccessfully, JobState::Failed)
    } else if has_ended || percent(wire) == Some(100) {
        (TaskState::FinishedSuccessfully, JobState::Done)
    } else {
        (TaskState::Started, JobState::Started)
    }
}

/// A time in one of the ways in which servers write it; the documents name none. Without a zone it counts as UTC.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let whole = number.is_finite() && number.abs() < 1e18;
        let number = whole.then_some(number as i64)?;
        return if number.abs() < MILLISECONDS {
            Timestamp::from_second(number).ok()
        } else {
            Timestamp::from_millisecond(number).ok()
        };
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(at) = rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_likely_form_and_without_a_zone_as_utc() {
        for (text, expected) in [
            ("2011-05-20 10:15:00", Some("2011-05-20T10:15:00Z")),
            ("2011-05-20T10:15:00.5", Some("2011-05-20T10:15:00.5Z")),
            ("2011-05-20T10:15:00+02:00", Some("2011-05-20T08:15:00Z")),
            ("2011-05-20T10:15:00Z", Some("2011-05-20T10:15:00Z")),
            (
                "Fri, 20 May 2011 10:15:00 +0000",
                Some("2011-05-20T10:15:00Z"),
            ),
            ("1305886500", Some("2011-05-20T10:15:00Z")),
            ("1305886500.25", Some("2011-05-20T10:15:00Z")),
            ("1305886500000", Some("2011-05-20T10:15:00Z")),
            ("yesterday", None),
            ("1e300", None),
            ("NaN", None),
            ("", None),
        ] {
            let read = time(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
