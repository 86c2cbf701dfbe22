//! The session of one cloud, as far as this side keeps it: what proves who is asking, when it is to be renewed, and what became of
//! the last log-in.
//!
//! A session lives a fixed time from its log-in (two hours by default), however much it is used. It is renewed when three quarters of that
//! have passed; should that fail, the server says that it has ended, and another one is made.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue};

use super::dates::between;
use super::signing::AccessKey;
use super::wire;
use crate::clouds::lenient::Text;
use crate::clouds::{Error, Result};

/// What a session lives where the server does not say, by the documents.
const LIFE: Duration = Duration::from_secs(7_200);

/// The shortest and longest time that a renewal can ask for.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(31_536_000);

/// The session of one cloud.
pub(super) struct Sessions {
    state: Mutex<State>,
    /// Held while logging in, so that many requests whose session has ended make one log-in.
    pub logging_in: tokio::sync::Mutex<()>,
    /// Held while renewing.
    pub renewing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    proof: Option<Proof>,
    /// Sessions that were opened on the way to this one, to be closed with it.
    others: Vec<SessionId>,
    /// How long it lives, and when it is to be renewed; not for access keys.
    life: Duration,
    renew_at: Option<Instant>,
    ends_at: Option<Instant>,
    /// Counts the sessions; what was answered to an earlier one has nothing to say about this one.
    generation: u64,
    /// Counts the log-ins that failed.
    failures: u64,
    failure: Option<Error>,
}

/// A session's id, which is all that it takes to be somebody.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionId(Arc<str>);

impl SessionId {
    /// As it came from the server.
    pub fn new(id: &str) -> Self {
        Self(Arc::from(id))
    }

    /// For a header or an address.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// What proves to the server who is asking.
enum Proof {
    Session(SessionId),
    Key(Arc<AccessKey>),
}

/// What a request was sent with, to tell later whether the session has changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u64,
    failures: u64,
}

/// What is to be done about a session that the server no longer takes.
pub(super) enum Renewal {
    /// Somebody else has made another one meanwhile.
    Done,
    /// Log in.
    LogIn,
    /// Nothing helps.
    Refused(Error),
}

impl fmt::Debug for Sessions {
    /// Without anything that is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            logging_in: tokio::sync::Mutex::default(),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    /// The state. Nothing panics while it is held.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what proves who is asking to the headers of a request for `path`.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first log-in and after the last.
    pub fn prove(&self, headers: &mut HeaderMap, method: &str, path: &str) -> Result<Stamp> {
        let state = self.state();
        let none = || Error::SignIn("there is no session yet; sign in first".to_owned());
        match state.proof.as_ref().ok_or_else(none)? {
            Proof::Session(id) => {
                let value = secret(&format!("OAuth {}", id.expose())).ok_or_else(none)?;
                headers.insert(AUTHORIZATION, value);
            }
            Proof::Key(key) => {
                let signed = key.sign(method, path, jiff::Timestamp::now());
                let value = secret(&signed.authorization).ok_or_else(|| {
                    Error::Secret(
                        "the access key holds characters that no header can hold".to_owned(),
                    )
                })?;
                let date = HeaderValue::from_str(&signed.date).map_err(|_| none())?;
                headers.insert(AUTHORIZATION, value);
                headers.insert(DATE, date);
            }
        }
        Ok(Stamp {
            generation: state.generation,
            failures: state.failures,
        })
    }

    /// Begins a session with the answer to a log-in. `through` is the session that led to it.
    pub fn begin(&self, id: SessionId, answer: &wire::Session<'_>, through: Option<SessionId>) {
        let mut state = self.state();
        state.proof = Some(Proof::Session(id));
        state.others = through.into_iter().collect();
        state.generation += 1;
        state.failure = None;
        state.life = life(&answer.create_date, &answer.expired_date);
        let life = state.life;
        state.lives(life);
    }

    /// From now on every request is signed.
    pub fn begin_signing(&self, key: AccessKey) {
        let mut state = self.state();
        state.proof = Some(Proof::Key(Arc::new(key)));
        state.generation += 1;
        state.failure = None;
    }

    /// The session that stands.
    pub fn current(&self) -> Option<SessionId> {
        match &self.state().proof {
            Some(Proof::Session(id)) => Some(id.clone()),
            _ => None,
        }
    }

    /// The session to be renewed now and for how long, if it is time for that.
    pub fn due(&self) -> Option<(SessionId, Duration)> {
        let state = self.state();
        let now = Instant::now();
        let due = state.renew_at.is_some_and(|at| now >= at);
        let ended = state.ends_at.is_none_or(|at| now >= at);
        match &state.proof {
            Some(Proof::Session(id)) if due && !ended => Some((id.clone(), state.life)),
            _ => None,
        }
    }

    /// Makes it time for a renewal.
    #[cfg(test)]
    pub fn make_due(&self) {
        self.state().renew_at = Some(Instant::now());
    }

    /// What a renewal came to. After a failure it is tried once more, in the middle of what is left.
    pub fn renewed(&self, id: &SessionId, done: bool) {
        let mut state = self.state();
        if !matches!(&state.proof, Some(Proof::Session(current)) if current == id) {
            return;
        }
        if done {
            let life = state.life;
            state.lives(life);
        } else {
            let now = Instant::now();
            let left = state.ends_at.map(|at| at.saturating_duration_since(now));
            state.renew_at = left.map(|left| now + left / 2);
        }
    }

    /// What to do about a request with this stamp whose session the server no longer takes. To be asked while holding `logging_in`.
    pub fn renewal(&self, stamp: Stamp) -> Renewal {
        let state = self.state();
        if state.generation != stamp.generation {
            return Renewal::Done;
        }
        let failure = state.failure.clone();
        if let Some(failure) = failure.filter(|_| state.failures != stamp.failures) {
            return Renewal::Refused(failure);
        }
        match &state.proof {
            Some(Proof::Session(_)) => Renewal::LogIn,
            Some(Proof::Key(_)) => Renewal::Refused(Error::SignIn(
                "the cloud no longer accepts the access key".to_owned(),
            )),
            None => Renewal::Refused(Error::SignIn("there is no session".to_owned())),
        }
    }

    /// A log-in failed: who waited for it is told so, and nobody tries the same again at once.
    pub fn failed(&self, error: &Error) {
        let mut state = self.state();
        state.failures += 1;
        state.failure = Some(error.clone());
    }

    /// Forgets the session, and answers what is to be closed.
    pub fn end(&self) -> Vec<SessionId> {
        let mut state = self.state();
        let mut open = std::mem::take(&mut state.others);
        if let Some(Proof::Session(id)) = state.proof.take() {
            open.insert(0, id);
        }
        state.renew_at = None;
        state.ends_at = None;
        state.generation += 1;
        open
    }
}

impl State {
    fn lives(&mut self, life: Duration) {
        let now = Instant::now();
        self.renew_at = now.checked_add(life * 3 / 4);
        self.ends_at = now.checked_add(life);
    }
}

/// How long a session lives, by its two dates; they are in one zone, whichever that is.
fn life(from: &Text<'_>, to: &Text<'_>) -> Duration {
    let told = from
        .get()
        .zip(to.get())
        .and_then(|(from, to)| between(from, to));
    told.filter(|life| !life.is_zero())
        .unwrap_or(LIFE)
        .clamp(SHORTEST, LONGEST)
}

/// A header whose value `Debug` does not show.
pub(super) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn begun(created: &str, expired: &str) -> Sessions {
        let json = format!(r#"{{"createDate":"{created}","expiredDate":"{expired}"}}"#);
        let sessions = Sessions::new();
        let answer: wire::Session<'_> = serde_json::from_str(&json).unwrap();
        sessions.begin(SessionId::new("hunter2"), &answer, None);
        sessions
    }

    #[test]
    fn the_session_is_sent_as_the_word_oauth_and_its_id_and_shown_nowhere() {
        let sessions = begun("", "");
        let mut headers = HeaderMap::new();
        assert!(
            Sessions::new()
                .prove(&mut headers, "GET", "/v1/zones")
                .is_err()
        );
        sessions.prove(&mut headers, "GET", "/v1/zones").unwrap();
        assert_eq!(headers.get(AUTHORIZATION).unwrap(), "OAuth hunter2");
        let shown = format!("{headers:?} {sessions:?} {:?}", sessions.current());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn its_life_is_what_lies_between_its_dates_within_what_a_renewal_takes() {
        for (created, expired, seconds) in [
            ("Mar 3, 2025 9:15:42 AM", "Mar 3, 2025 11:15:42 AM", 7_200),
            ("Mar 3, 2025 9:15:42 AM", "Mar 3, 2025 9:15:43 AM", 60),
            (
                "Mar 3, 2025 9:15:42 AM",
                "Mar 3, 2027 9:15:43 AM",
                31_536_000,
            ),
            ("soon", "later", 7_200),
            ("Mar 3, 2025 9:15:42 AM", "Mar 3, 2025 9:15:42 AM", 7_200),
        ] {
            let sessions = begun(created, expired);
            assert_eq!(
                sessions.state().life.as_secs(),
                seconds,
                "{created} {expired}"
            );
            assert!(sessions.due().is_none());
        }
    }

    #[test]
    fn it_is_due_after_three_quarters_and_once_more_after_a_failure_but_not_when_it_has_ended() {
        let sessions = begun("", "");
        let now = Instant::now();
        let renew_at = sessions.state().renew_at.unwrap();
        let quarters = renew_at.duration_since(now);
        assert!((5_390..5_401).contains(&quarters.as_secs()), "{quarters:?}");
        sessions.state().renew_at = Some(now);
        let (id, life) = sessions.due().unwrap();
        assert_eq!((id.expose(), life.as_secs()), ("hunter2", 7_200));
        sessions.renewed(&id, false);
        assert!(sessions.due().is_none());
        let again = sessions.state().renew_at.unwrap().duration_since(now);
        assert!((3_590..3_601).contains(&again.as_secs()), "{again:?}");
        sessions.renewed(&SessionId::new("another"), true);
        assert_eq!(
            sessions.state().renew_at.unwrap().duration_since(now),
            again
        );
        sessions.renewed(&id, true);
        assert!(sessions.state().renew_at.unwrap() > renew_at);
        let mut state = sessions.state();
        (state.renew_at, state.ends_at) = (Some(now), Some(now));
        drop(state);
        assert!(sessions.due().is_none());
    }

    #[test]
    fn one_log_in_serves_all_whose_session_has_ended_and_a_refused_one_is_not_tried_by_each() {
        let sessions = begun("", "");
        let mut headers = HeaderMap::new();
        let stamp = sessions.prove(&mut headers, "GET", "/v1/zones").unwrap();
        assert!(matches!(sessions.renewal(stamp), Renewal::LogIn));
        sessions.failed(&Error::SignIn("no".to_owned()));
        assert!(matches!(sessions.renewal(stamp), Renewal::Refused(_)));
        let answer = wire::Session::default();
        sessions.begin(SessionId::new("b"), &answer, Some(SessionId::new("a")));
        assert!(matches!(sessions.renewal(stamp), Renewal::Done));
        let open = sessions.end();
        let open: Vec<&str> = open.iter().map(SessionId::expose).collect();
        assert_eq!(open, ["b", "a"]);
        assert!(sessions.prove(&mut headers, "GET", "/v1/zones").is_err());
    }
}
