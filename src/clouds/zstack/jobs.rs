//! The jobs that this program has made, and what became of them.
//!
//! There is no list of them on the server: this is it, as long as the program runs. Where a job is found again is in its task's locator,
//! `ID:KIND:MILLISECONDS`, so that a later run finds it as well.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use super::dates::millis;
use super::mapping::id;
use super::session::Stamp;
use super::signing::hex;
use crate::clouds::{Error, Result};
use crate::model::text::clean_name;
use crate::model::{CloudName, Job, JobState, Task, TaskKey, TaskKind, TaskState, VmKey};

/// What the locator of a long job begins with.
pub(super) const LONG_JOB: &str = "longjob:";

/// What the locator of a thing in a VM's queue begins with.
pub(super) const QUEUE: &str = "queue:";

/// So many jobs are kept; the oldest go first.
const MAX_KEPT: usize = 1_000;

/// So long a request is believed to be under way.
const SENDING: Duration = Duration::from_secs(90);

/// A new id of a job: a version 4 UUID without hyphens. It is drawn from the system's randomness, for whoever knows it reads the job.
///
/// # Errors
/// [`Error::Secret`] when the system has no randomness.
pub(super) fn job_id() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Secret("this machine gives no random numbers".to_owned()))?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Ok(hex(&bytes))
}

/// One change, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What it does, in Abiquo's spelling.
    pub kind: &'static str,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

/// A job of this program.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Under which it is known here.
    pub id: Arc<str>,
    /// Under which it is known to the server: another one after it was sent again.
    pub current: Arc<str>,
    pub vm: Option<VmKey>,
    pub kind: TaskKind,
    pub created_at: Option<Timestamp>,
    /// What was sent, and as whom, by this run.
    pub sent: Option<(Change, Stamp)>,
    /// Set once it was sent again because the session had ended before it was taken.
    pub repeated: bool,
    /// Since when a request is under way that makes it.
    sending: Option<Instant>,
    /// How it ended, with words, and when that was seen.
    pub end: Option<(TaskState, Option<Arc<str>>, Timestamp)>,
}

impl Entry {
    /// A job that is about to be sent.
    pub fn new(id: &str, vm: &VmKey, change: &Change, stamp: Stamp) -> Self {
        Self {
            id: id.into(),
            current: id.into(),
            vm: Some(vm.clone()),
            kind: TaskKind::new(change.kind),
            created_at: Some(Timestamp::now()),
            sent: Some((change.clone(), stamp)),
            repeated: false,
            sending: Some(Instant::now()),
            end: None,
        }
    }

    /// A job by its locator. A bare id will do.
    pub fn parse(locator: &str, vm: Option<VmKey>) -> Option<Self> {
        let mut parts = locator.split(':');
        let job = id(parts.next())?;
        let kind = parts.next().filter(|kind| !kind.is_empty());
        let created = parts.next().and_then(|ms| ms.parse().ok());
        Some(Self {
            id: job.into(),
            current: job.into(),
            vm,
            kind: TaskKind::new(&clean_name(kind.unwrap_or("UNKNOWN"))),
            created_at: created.and_then(millis),
            sent: None,
            repeated: false,
            sending: None,
            end: None,
        })
    }

    /// The same, ended just now.
    pub fn ended(mut self, state: TaskState, words: Option<Arc<str>>) -> Self {
        self.end = Some((state, words, Timestamp::now()));
        self
    }

    /// Whether a request that makes it may be under way, so that it is no wonder when the server does not know it.
    pub fn is_sending(&self) -> bool {
        self.sending.is_some_and(|since| since.elapsed() < SENDING)
    }

    /// Where it is found again.
    pub fn locator(&self) -> Arc<str> {
        let created = self.created_at.map_or(0, Timestamp::as_millisecond);
        format!("{}:{}:{created}", self.id, self.kind).into()
    }

    /// The task that it is. `words` say how far it is, while it runs.
    pub fn task(&self, cloud: &CloudName, user: &str, words: Option<Arc<str>>) -> Task {
        let (state, step, words, ended) = match &self.end {
            None => (TaskState::Started, JobState::Started, words, None),
            Some((state, words, at)) => {
                let step = if state.is_failure() {
                    JobState::Failed
                } else {
                    JobState::Done
                };
                (state.clone(), step, words.clone(), Some(*at))
            }
        };
        Task {
            key: TaskKey {
                cloud: cloud.clone(),
                id: self.id.clone(),
            },
            vm: self.vm.clone(),
            kind: self.kind.clone(),
            state,
            created_at: self.created_at,
            updated_at: ended.or(self.created_at),
            user: (!user.is_empty()).then(|| clean_name(user).into()),
            jobs: vec![Job {
                id: self.current.clone(),
                kind: self.kind.clone(),
                state: step,
                rollback_state: JobState::Unknown,
                description: words,
            }],
            watched_here: false,
            subject: None,
            acknowledgeable: false,
            locator: self.locator(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<Arc<str>, Entry>,
    order: VecDeque<Arc<str>>,
}

impl Jobs {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a job.
    pub fn keep(&self, entry: Entry) {
        let mut known = self.known();
        let id = entry.id.clone();
        if known.entries.insert(id.clone(), entry).is_none() {
            known.order.push_back(id);
        }
        while known.order.len() > MAX_KEPT
            && let Some(oldest) = known.order.pop_front()
        {
            known.entries.remove(&oldest);
        }
    }

    /// Forgets a job that never was.
    pub fn forget(&self, id: &str) {
        let mut known = self.known();
        known.entries.remove(id);
        known.order.retain(|kept| &**kept != id);
    }

    /// A job by its id.
    pub fn get(&self, id: &str) -> Option<Entry> {
        self.known().entries.get(id).cloned()
    }

    /// The jobs of a VM.
    pub fn of(&self, vm: &VmKey) -> Vec<Entry> {
        let known = self.known();
        let of_vm = |entry: &&Entry| entry.vm.as_ref() == Some(vm);
        known.entries.values().filter(of_vm).cloned().collect()
    }

    /// The server has answered the request that makes the job: it knows it as `current`.
    pub fn answered(&self, id: &str, current: &str) {
        if let Some(entry) = self.known().entries.get_mut(id) {
            entry.sending = None;
            entry.current = current.into();
        }
    }

    /// Takes a job to be sent again, once: answers what is to be sent as which id.
    pub fn take_again(&self, id: &str) -> Result<Option<(Change, String)>> {
        let fresh = job_id()?;
        let mut known = self.known();
        let Some(entry) = known.entries.get_mut(id).filter(|entry| !entry.repeated) else {
            return Ok(None);
        };
        let Some((change, _)) = entry.sent.clone() else {
            return Ok(None);
        };
        entry.repeated = true;
        entry.sending = Some(Instant::now());
        entry.current = fresh.as_str().into();
        Ok(Some((change, fresh)))
    }

    /// Notes how a job ended, if nobody has. Answers the job.
    pub fn end(&self, id: &str, state: TaskState, words: Option<Arc<str>>) -> Option<Entry> {
        let mut known = self.known();
        let entry = known.entries.get_mut(id)?;
        entry.sending = None;
        entry
            .end
            .get_or_insert_with(|| (state, words, Timestamp::now()));
        Some(entry.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_job_is_named_by_a_version_4_uuid_without_hyphens() {
        let (one, other) = (job_id().unwrap(), job_id().unwrap());
        for id in [&one, &other] {
            assert_eq!(id.len(), 32);
            assert!(
                id.bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            );
            assert_eq!(id.as_bytes()[12], b'4');
            assert!(b"89ab".contains(&id.as_bytes()[16]));
        }
        assert_ne!(one, other);
    }

    #[test]
    fn a_locator_brings_back_what_is_known_and_a_bare_id_will_do() {
        let locator = "e9db975a680cfbe77fa3d6ebfc092827:POWER_OFF:1740993725000";
        let entry = Entry::parse(locator, None).unwrap();
        assert_eq!(&*entry.locator(), locator);
        assert_eq!(entry.kind.as_str(), "POWER_OFF");
        let bare = Entry::parse("e9db975a680cfbe77fa3d6ebfc092827", None).unwrap();
        assert_eq!((bare.kind.as_str(), bare.created_at), ("UNKNOWN", None));
        for wrong in ["", ":X:1", "../x", "a/b:POWER_ON:1"] {
            assert!(Entry::parse(wrong, None).is_none(), "{wrong}");
        }
    }

    #[test]
    fn only_so_many_are_kept_and_the_end_that_was_seen_first_stands() {
        let jobs = Jobs::default();
        for at in 0..MAX_KEPT + 5 {
            jobs.keep(Entry::parse(&format!("job{at}"), None).unwrap());
        }
        assert!(jobs.get("job4").is_none() && jobs.get("job5").is_some());
        jobs.end("job9", TaskState::FinishedSuccessfully, None);
        let entry = jobs
            .end("job9", TaskState::FinishedUnsuccessfully, None)
            .unwrap();
        assert_eq!(entry.end.unwrap().0, TaskState::FinishedSuccessfully);
        jobs.forget("job9");
        assert!(jobs.get("job9").is_none());
    }
}
