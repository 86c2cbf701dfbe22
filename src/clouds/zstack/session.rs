//! The session of one cloud, as far as this side keeps it: what proves who is asking, when it is to be renewed, and what became of
//! the last log-in.
//!
//! A session lives a fixed time from its log-in (two hours by default), however much it is used. It is renewed when three quarters of that
//! have passed; should that fail, the server says that it has ended, and another one is made.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue};

use super::dates::between;
use super::signing::AccessKey;
use super::wire;
use crate::clouds::lenient::Text;
use crate::clouds::renewal::Renewable;
pub(super) use crate::clouds::renewal::Stamp;
use crate::clouds::{Error, Result};

/// What a session lives where the server does not say, by the documents.
const LIFE: Duration = Duration::from_secs(7_200);

/// The shortest and longest time that a renewal can ask for.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(31_536_000);

/// The session of one cloud.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Renewable<Begun>,
    /// Held while renewing.
    pub renewing: tokio::sync::Mutex<()>,
}

/// A session that was begun.
struct Begun {
    proof: Proof,
    /// Sessions that were opened on the way to this one, to be closed with it.
    others: Vec<SessionId>,
    /// How long it lives, and when it is to be renewed; not for access keys.
    life: Duration,
    renew_at: Option<Instant>,
    ends_at: Option<Instant>,
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

impl Sessions {
    /// Waits until nobody else logs in.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.kept.alone().await
    }

    /// Adds what proves who is asking to the headers of a request for `path`.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first log-in and after the last.
    pub fn prove(&self, headers: &mut HeaderMap, method: &str, path: &str) -> Result<Stamp> {
        let no_header =
            |what: &str| Error::Secret(format!("{what} holds characters that no header can hold"));
        let ((), stamp) = self.kept.prove(|begun| {
            match &begun.proof {
                Proof::Session(id) => {
                    let value = secret(&format!("OAuth {}", id.expose()));
                    let value = value.ok_or_else(|| no_header("the session"))?;
                    headers.insert(AUTHORIZATION, value);
                }
                Proof::Key(key) => {
                    let signed = key.sign(method, path, jiff::Timestamp::now());
                    let value = secret(&signed.authorization);
                    let value = value.ok_or_else(|| no_header("the access key"))?;
                    let date = HeaderValue::from_str(&signed.date);
                    let date = date.map_err(|_| no_header("the date"))?;
                    headers.insert(AUTHORIZATION, value);
                    headers.insert(DATE, date);
                }
            }
            Ok(())
        })?;
        Ok(stamp)
    }

    /// Begins a session with the answer to a log-in. `through` is the session that led to it.
    pub fn begin(&self, id: SessionId, answer: &wire::Session<'_>, through: Option<SessionId>) {
        let mut begun = Begun {
            proof: Proof::Session(id),
            others: through.into_iter().collect(),
            life: life(&answer.create_date, &answer.expired_date),
            renew_at: None,
            ends_at: None,
        };
        begun.lives();
        self.kept.begin(begun);
    }

    /// From now on every request is signed.
    pub fn begin_signing(&self, key: AccessKey) {
        self.kept.begin(Begun {
            proof: Proof::Key(Arc::new(key)),
            others: Vec::new(),
            life: LIFE,
            renew_at: None,
            ends_at: None,
        });
    }

    /// The session that stands.
    pub fn current(&self) -> Option<SessionId> {
        self.kept.look(Begun::id)?
    }

    /// The session to be renewed now and for how long, if it is time for that.
    pub fn due(&self) -> Option<(SessionId, Duration)> {
        let due = |begun: &Begun| {
            let now = Instant::now();
            let due = begun.renew_at.is_some_and(|at| now >= at);
            let ended = begun.ends_at.is_none_or(|at| now >= at);
            let id = begun.id().filter(|_| due && !ended)?;
            Some((id, begun.life))
        };
        self.kept.look(due)?
    }

    /// Makes it time for a renewal.
    #[cfg(test)]
    pub fn make_due(&self) {
        self.kept
            .change(|begun| begun.renew_at = Some(Instant::now()));
    }

    /// What a renewal came to. After a failure it is tried once more, in the middle of what is left.
    pub fn renewed(&self, id: &SessionId, done: bool) {
        self.kept.change(|begun| {
            if begun.id().as_ref() != Some(id) {
                return;
            }
            if done {
                begun.lives();
            } else {
                let now = Instant::now();
                let left = begun.ends_at.map(|at| at.saturating_duration_since(now));
                begun.renew_at = left.map(|left| now + left / 2);
            }
        });
    }

    /// Makes another session where that of a request with this stamp is over: `log_in` logs in anew.
    ///
    /// # Errors
    /// [`Error::SignIn`] where an access key was refused, and what `log_in` says.
    pub async fn log_in_again(
        &self,
        stamp: Stamp,
        log_in: impl AsyncFnOnce(()) -> Result<()>,
    ) -> Result<()> {
        let may = |begun: &Begun| match &begun.proof {
            Proof::Session(_) => Ok(()),
            Proof::Key(_) => Err(Error::SignIn(
                "the cloud no longer accepts the access key".to_owned(),
            )),
        };
        self.kept.renew(stamp, may, log_in).await
    }

    /// Forgets the session, and answers what is to be closed.
    pub fn end(&self) -> Vec<SessionId> {
        let ended = self.kept.end();
        let open = |begun: Begun| begun.id().into_iter().chain(begun.others.clone());
        ended.into_iter().flat_map(open).collect()
    }
}

impl Begun {
    fn id(&self) -> Option<SessionId> {
        match &self.proof {
            Proof::Session(id) => Some(id.clone()),
            Proof::Key(_) => None,
        }
    }

    /// From now on it lives its whole life.
    fn lives(&mut self) {
        let now = Instant::now();
        self.renew_at = now.checked_add(self.life * 3 / 4);
        self.ends_at = now.checked_add(self.life);
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

    fn due_at(sessions: &Sessions) -> Instant {
        sessions
            .kept
            .look(|begun| begun.renew_at)
            .flatten()
            .unwrap()
    }

    fn begun(created: &str, expired: &str) -> Sessions {
        let json = format!(r#"{{"createDate":"{created}","expiredDate":"{expired}"}}"#);
        let sessions = Sessions::default();
        let answer: wire::Session<'_> = serde_json::from_str(&json).unwrap();
        sessions.begin(SessionId::new("hunter2"), &answer, None);
        sessions
    }

    #[test]
    fn the_session_is_sent_as_the_word_oauth_and_its_id_and_shown_nowhere() {
        let sessions = begun("", "");
        let mut headers = HeaderMap::new();
        assert!(
            Sessions::default()
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
                sessions.kept.look(|begun| begun.life.as_secs()).unwrap(),
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
        let renew_at = due_at(&sessions);
        let quarters = renew_at.duration_since(now);
        assert!((5_390..5_401).contains(&quarters.as_secs()), "{quarters:?}");
        sessions.make_due();
        let (id, life) = sessions.due().unwrap();
        assert_eq!((id.expose(), life.as_secs()), ("hunter2", 7_200));
        sessions.renewed(&id, false);
        assert!(sessions.due().is_none());
        let again = due_at(&sessions).duration_since(now);
        assert!((3_590..3_601).contains(&again.as_secs()), "{again:?}");
        sessions.renewed(&SessionId::new("another"), true);
        assert_eq!(due_at(&sessions).duration_since(now), again);
        sessions.renewed(&id, true);
        assert!(due_at(&sessions) > renew_at);
        sessions
            .kept
            .change(|begun| (begun.renew_at, begun.ends_at) = (Some(now), Some(now)));
        assert!(sessions.due().is_none());
    }

    #[tokio::test]
    async fn an_access_key_is_not_renewed_and_the_session_on_the_way_is_closed_as_well() {
        let sessions = begun("", "");
        let answer = wire::Session::default();
        sessions.begin(SessionId::new("b"), &answer, Some(SessionId::new("a")));
        let open = sessions.end();
        let open: Vec<&str> = open.iter().map(SessionId::expose).collect();
        assert_eq!(open, ["b", "a"]);
        let mut headers = HeaderMap::new();
        assert!(sessions.prove(&mut headers, "GET", "/v1/zones").is_err());
        sessions.begin_signing(AccessKey::new("id", "key", jiff::tz::TimeZone::UTC));
        let stamp = sessions.prove(&mut headers, "GET", "/v1/zones").unwrap();
        let again = sessions.log_in_again(stamp, async |()| Ok(())).await;
        assert!(matches!(again, Err(Error::SignIn(_))));
        assert!(sessions.end().is_empty());
    }
}
