//! Who this program is to the gateway: a token that ends after an hour or so, and is replaced before that.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;

use crate::clouds::Result;
use crate::clouds::renewal::Renewable;
pub(super) use crate::clouds::renewal::Stamp;
use crate::config::Secret;

/// So long before its end a token is replaced.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// So long after an attempt to replace a token in time that failed, the next one is made. The token is good meanwhile, and a wrong password
/// that is tried too often locks an account.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// The token of one cloud.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    kept: Renewable<Begun>,
}

/// A token and what it was made with.
struct Begun {
    token: HeaderValue,
    /// The password as it was fetched for the first sign-in; fetching it may ask a person.
    password: Secret,
    /// When the token is to be replaced, by the clock of this machine.
    due: Option<Timestamp>,
}

impl Tokens {
    /// Waits until nobody else signs in.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.kept.alone().await
    }

    /// The token to send, and whether it should be replaced first.
    ///
    /// # Errors
    /// [`crate::clouds::Error::SignIn`] before the first sign-in.
    pub fn current(&self, now: Timestamp) -> Result<(HeaderValue, Stamp, bool)> {
        let take = |begun: &Begun| {
            let is_due = begun.due.is_some_and(|due| now >= due);
            Ok((begun.token.clone(), is_due))
        };
        let ((token, is_due), stamp) = self.kept.prove(take)?;
        Ok((token, stamp, is_due))
    }

    /// Which token that is, counted from the first.
    pub fn generation(&self) -> u64 {
        self.kept.generation()
    }

    /// Begins with a new token.
    pub fn begin(&self, token: HeaderValue, password: &Secret, due: Option<Timestamp>) {
        self.kept.begin(Begun {
            token,
            password: password.clone(),
            due,
        });
    }

    /// Replaces the token of a request with this stamp, which was refused, or is about to end: `sign_in` sends the password again.
    ///
    /// # Errors
    /// What `sign_in` says. A token that was not refused is good for a while: the next attempt waits.
    pub async fn renew(
        &self,
        stamp: Stamp,
        now: Timestamp,
        sign_in: impl AsyncFnOnce(Secret) -> Result<()>,
    ) -> Result<()> {
        let renewed = self
            .kept
            .renew(stamp, |begun| Ok(begun.password.clone()), sign_in)
            .await;
        renewed.inspect_err(|_| {
            self.kept.observe(stamp, |begun| {
                begun.due = begun.due.and(now.checked_add(PATIENCE).ok());
            });
        })
    }

    /// A text without the token and the password, should the server repeat one of them (old Keystones name the token that they do not
    /// know).
    pub fn hide(&self, text: String) -> String {
        const HIDDEN: &str = "•••";
        let hidden = self.kept.look(|begun| {
            let token = begun.token.to_str().ok();
            let secrets = token.into_iter().chain([begun.password.expose()]);
            secrets
                // A secret of a letter or two would take every word apart, and is none.
                .filter(|secret| secret.len() > 3)
                .fold(text.clone(), |text, secret| text.replace(secret, HIDDEN))
        });
        hidden.unwrap_or(text)
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
    use crate::clouds::Error;

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

    #[tokio::test]
    async fn an_attempt_that_failed_is_made_again_only_after_a_while() {
        let now = at("2026-04-20T02:50:00Z");
        let tokens = begun(Some(now));
        let (_, stamp, _) = tokens.current(now).unwrap();
        let no = async |_| Err(Error::SignIn("no".to_owned()));
        assert!(tokens.renew(stamp, now, no).await.is_err());
        // The old token is good for a while: the next attempt waits.
        assert!(!tokens.current(at("2026-04-20T02:54:59Z")).unwrap().2);
        let later = at("2026-04-20T02:55:00Z");
        let (_, stamp, due) = tokens.current(later).unwrap();
        assert!(due);
        let mut sent = None;
        let yes = async |password: Secret| {
            sent = Some(password.expose().to_owned());
            Ok(())
        };
        assert_eq!(tokens.renew(stamp, later, yes).await, Ok(()));
        assert_eq!(sent.as_deref(), Some("hunter2"));
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
