//! Who this program is to the gateway: a token that ends after an hour or so, and is replaced before that.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use crate::clouds::{Error, Result};
use crate::config::Secret;

/// So long before its end a token is replaced.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// So long after an attempt to replace a token in time that failed, the next one is made. The token is good meanwhile, and a wrong password
/// that is tried too often locks an account.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// The token of one cloud.
#[derive(Default)]
pub(super) struct Tokens {
    state: Mutex<State>,
    /// Held while signing in, so that many requests whose token has ended make one sign-in.
    pub signing_in: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// `None` before the first sign-in.
    token: Option<HeaderValue>,
    /// The password as it was fetched for the first sign-in; fetching it may ask a person.
    password: Option<Secret>,
    /// When the token is to be replaced, by the clock of this machine.
    due: Option<Timestamp>,
    /// Counts the tokens.
    generation: u64,
    /// Counts the attempts to replace one that failed.
    attempts: u64,
    /// Why the last of them failed.
    failure: Option<Error>,
}

/// What a request was sent with, to tell later whether the token has been replaced meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u64,
    attempts: u64,
}

/// What is to be done about a token that the gateway no longer takes.
pub(super) enum Renewal {
    /// Somebody else has replaced it meanwhile.
    Done,
    /// Sign in with this password.
    SignIn(Secret),
    /// Nothing helps.
    Refused(Error),
}

impl fmt::Debug for Tokens {
    /// Without anything that is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// The state. Nothing panics while it is held, and a half-written one does not exist.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send, and whether it should be replaced first.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in.
    pub fn current(&self, now: Timestamp) -> Result<(HeaderValue, Stamp, bool)> {
        let state = self.state();
        let Some(token) = &state.token else {
            return Err(Error::SignIn(
                "there is no session yet; sign in first".to_owned(),
            ));
        };
        let stamp = Stamp {
            generation: state.generation,
            attempts: state.attempts,
        };
        Ok((
            token.clone(),
            stamp,
            state.due.is_some_and(|due| now >= due),
        ))
    }

    /// Which token that is, counted from the first.
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Begins with a new token.
    pub fn begin(&self, token: HeaderValue, password: &Secret, due: Option<Timestamp>) {
        let mut state = self.state();
        state.token = Some(token);
        state.password = Some(password.clone());
        state.due = due;
        state.generation += 1;
        state.failure = None;
    }

    /// What to do about a request with this stamp whose token was refused, or is about to end. To be asked while holding `signing_in`.
    pub fn renewal(&self, stamp: Stamp) -> Renewal {
        let state = self.state();
        if state.generation != stamp.generation {
            return Renewal::Done;
        }
        match (&state.failure, &state.password) {
            (Some(failure), _) if state.attempts != stamp.attempts => {
                Renewal::Refused(failure.clone())
            }
            (_, Some(password)) => Renewal::SignIn(password.clone()),
            (_, None) => Renewal::Refused(Error::SignIn(
                "there is no session yet; sign in first".to_owned(),
            )),
        }
    }

    /// An attempt to replace the token failed.
    pub fn failed(&self, error: &Error, now: Timestamp) {
        let mut state = self.state();
        state.attempts += 1;
        state.failure = Some(error.clone());
        state.due = state.due.and(now.checked_add(PATIENCE).ok());
    }

    /// A text without the token and the password, should the server repeat one of them (old Keystones name the token that they do not
    /// know).
    pub fn hide(&self, text: String) -> String {
        const HIDDEN: &str = "•••";
        let state = self.state();
        let token = state.token.as_ref().and_then(|token| token.to_str().ok());
        let password = state.password.as_ref().map(Secret::expose);
        let secrets = token.into_iter().chain(password);
        secrets
            // A secret of a letter or two would take every word apart, and is none.
            .filter(|secret| secret.len() > 3)
            .fold(text, |text, secret| text.replace(secret, HIDDEN))
    }
}

/// When a token that ends at `expires` is to be replaced, by the clock of this machine, which reads `now`. The lifetime is counted from
/// `answered`, the server's own clock, so that a clock that is wrong here does no harm.
///
/// A token that lives for less than twenty minutes is replaced after half of its life. `None` for one that has ended already: there a clock is
/// wrong, and only a refusal will tell.
pub(super) fn due(
    expires: Option<Timestamp>,
    answered: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let life = expires?.duration_since(answered.unwrap_or(now));
    if !life.is_positive() {
        return None;
    }
    let wait = (life - MARGIN).max(life / 2);
    now.checked_add(wait).ok()
}

/// A header whose value `Debug` does not show.
pub(super) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text.trim()).ok()?;
    value.set_sensitive(true);
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn begun(due: Option<Timestamp>) -> Tokens {
        let tokens = Tokens::default();
        tokens.begin(secret("token-1").unwrap(), &Secret::new("hunter2"), due);
        tokens
    }

    #[test]
    fn a_token_is_replaced_ten_minutes_before_its_end() {
        let now = at("2026-04-20T02:00:00Z");
        let due = due(Some(at("2026-04-20T03:00:00Z")), None, now).unwrap();
        assert_eq!(due, at("2026-04-20T02:50:00Z"));
        let tokens = begun(Some(due));
        let is_due = |text| tokens.current(at(text)).unwrap().2;
        assert!(!is_due("2026-04-20T02:49:59Z"));
        assert!(is_due("2026-04-20T02:50:00Z"));
    }

    #[test]
    fn its_life_is_counted_by_the_servers_clock() {
        // This machine is a day ahead.
        let now = at("2026-04-21T02:00:00Z");
        let answered = Some(at("2026-04-20T02:00:00Z"));
        assert_eq!(
            due(Some(at("2026-04-20T03:00:00Z")), answered, now),
            Some(at("2026-04-21T02:50:00Z"))
        );
    }

    #[test]
    fn a_short_life_is_halved_and_one_that_is_over_or_unknown_tells_nothing() {
        let now = at("2026-04-20T02:00:00Z");
        assert_eq!(
            due(Some(at("2026-04-20T02:10:00Z")), None, now),
            Some(at("2026-04-20T02:05:00Z"))
        );
        assert_eq!(due(Some(at("2016-04-20T03:00:00Z")), None, now), None);
        assert_eq!(due(None, None, now), None);
    }

    #[test]
    fn many_requests_whose_token_has_ended_make_one_sign_in() {
        let tokens = begun(None);
        let now = at("2026-04-20T02:00:00Z");
        let (_, first, _) = tokens.current(now).unwrap();
        assert!(matches!(tokens.renewal(first), Renewal::SignIn(_)));
        tokens.begin(secret("token-2").unwrap(), &Secret::new("hunter2"), None);
        assert!(matches!(tokens.renewal(first), Renewal::Done));
    }

    #[test]
    fn an_attempt_that_failed_is_not_repeated_by_those_who_waited_for_it() {
        let now = at("2026-04-20T02:50:00Z");
        let tokens = begun(Some(now));
        let (_, stamp, _) = tokens.current(now).unwrap();
        tokens.failed(&Error::SignIn("no".to_owned()), now);
        assert!(matches!(
            tokens.renewal(stamp),
            Renewal::Refused(Error::SignIn(_))
        ));
        // The old token is good for a while: the next attempt waits.
        assert!(!tokens.current(at("2026-04-20T02:54:59Z")).unwrap().2);
        let (_, stamp, due) = tokens.current(at("2026-04-20T02:55:00Z")).unwrap();
        assert!(due && matches!(tokens.renewal(stamp), Renewal::SignIn(_)));
    }

    #[test]
    fn nothing_shows_in_debug_and_in_the_servers_words() {
        let tokens = begun(None);
        let (token, _, _) = tokens.current(Timestamp::UNIX_EPOCH).unwrap();
        assert!(!format!("{tokens:?} {token:?}").contains("token-1"));
        assert_eq!(
            tokens.hide("no token token-1 for hunter2".to_owned()),
            "no token ••• for •••"
        );
    }

    #[test]
    fn nothing_is_sent_before_the_first_sign_in() {
        let answer = Tokens::default().current(Timestamp::UNIX_EPOCH);
        assert!(matches!(answer, Err(Error::SignIn(_))));
    }
}
