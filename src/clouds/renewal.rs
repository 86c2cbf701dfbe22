//! A session that requests are sent with, and its renewal: one sign-in serves everybody whose request found it over.
//!
//! What the session is (a token, cookies, a signing key) and how to sign in is each cloud's own business.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::{Error, Result};

/// The session of one cloud, as far as this side keeps it.
pub(in crate::clouds) struct Renewable<S> {
    state: Mutex<State<S>>,
    /// Held while signing in.
    signing_in: tokio::sync::Mutex<()>,
}

struct State<S> {
    /// `None` before the first sign-in and after the last.
    session: Option<S>,
    /// Counts the sessions; what was answered to an earlier one has nothing to say about this one.
    generation: u64,
    /// Counts the renewals that failed.
    failures: u64,
    /// Why the last of them failed.
    failure: Option<Error>,
}

/// What a request was sent with, to tell later whether the session has changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::clouds) struct Stamp {
    generation: u64,
    failures: u64,
}

impl<S> Default for Renewable<S> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                session: None,
                generation: 0,
                failures: 0,
                failure: None,
            }),
            signing_in: tokio::sync::Mutex::default(),
        }
    }
}

impl<S> fmt::Debug for Renewable<S> {
    /// Without anything that is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewable").finish_non_exhaustive()
    }
}

impl<S> Renewable<S> {
    /// The state. Nothing panics while it is held, and a half-written one does not exist.
    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else signs in, and keeps others from it as long as the answer lives.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.signing_in.lock().await
    }

    /// What a request takes from the session, and the stamp to come back with when the session turns out to be over.
    ///
    /// # Errors
    /// [`Error::SignIn`] where there is no session, and what `take` says.
    pub fn prove<T>(&self, take: impl FnOnce(&S) -> Result<T>) -> Result<(T, Stamp)> {
        let state = self.state();
        let session = state.session.as_ref().ok_or_else(nobody)?;
        let taken = take(session)?;
        let stamp = Stamp {
            generation: state.generation,
            failures: state.failures,
        };
        Ok((taken, stamp))
    }

    /// Looks at the session, where there is one.
    pub fn look<T>(&self, look: impl FnOnce(&S) -> T) -> Option<T> {
        self.state().session.as_ref().map(look)
    }

    /// Changes the session, where there is one; it stays the same session.
    pub fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> Option<T> {
        self.state().session.as_mut().map(change)
    }

    /// [`Self::change`], unless the session of this stamp has been followed by another.
    pub fn observe(&self, stamp: Stamp, change: impl FnOnce(&mut S)) {
        let mut state = self.state();
        if state.generation == stamp.generation
            && let Some(session) = &mut state.session
        {
            change(session);
        }
    }

    /// Begins a session.
    pub fn begin(&self, session: S) {
        let mut state = self.state();
        state.session = Some(session);
        state.generation += 1;
        state.failure = None;
    }

    /// Ends the session: what is sent from now on is refused here.
    pub fn end(&self) -> Option<S> {
        let mut state = self.state();
        state.generation += 1;
        state.session.take()
    }

    /// Which session it is, counted from the first.
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Renews the session that a request with this stamp was sent with, unless somebody has done so meanwhile. `login` says what it is
    /// renewed with, or why it cannot be; `sign_in` begins the next one.
    ///
    /// Who waited for a renewal that failed is told why, and does not try the same again at once.
    ///
    /// # Errors
    /// What `login` and `sign_in` say.
    pub async fn renew<L>(
        &self,
        stamp: Stamp,
        login: impl FnOnce(&S) -> Result<L>,
        sign_in: impl AsyncFnOnce(L) -> Result<()>,
    ) -> Result<()> {
        let _alone = self.alone().await;
        let Some(login) = self.login(stamp, login)? else {
            return Ok(());
        };
        let signed_in = sign_in(login).await;
        if let Err(error) = &signed_in {
            let mut state = self.state();
            state.failures += 1;
            state.failure = Some(error.clone());
        }
        signed_in
    }

    /// `None` where there is nothing to do.
    fn login<L>(&self, stamp: Stamp, login: impl FnOnce(&S) -> Result<L>) -> Result<Option<L>> {
        let state = self.state();
        if state.generation != stamp.generation {
            return Ok(None);
        }
        if let Some(failure) = &state.failure
            && state.failures != stamp.failures
        {
            return Err(failure.clone());
        }
        let session = state.session.as_ref().ok_or_else(nobody)?;
        login(session).map(Some)
    }
}

fn nobody() -> Error {
    Error::SignIn("there is no session yet; sign in first".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn begun() -> (Renewable<&'static str>, Stamp) {
        let session = Renewable::default();
        session.begin("first");
        let ((), stamp) = session.prove(|_| Ok(())).unwrap();
        (session, stamp)
    }

    async fn renew(session: &Renewable<&'static str>, stamp: Stamp) -> (Result<()>, bool) {
        let mut tried = false;
        let answer = session
            .renew(
                stamp,
                |name| Ok(*name),
                async |_| {
                    tried = true;
                    session.begin("next");
                    Ok(())
                },
            )
            .await;
        (answer, tried)
    }

    #[tokio::test]
    async fn one_sign_in_serves_all_whose_session_is_over() {
        let (session, stamp) = begun();
        assert_eq!(renew(&session, stamp).await, (Ok(()), true));
        assert_eq!(
            renew(&session, stamp).await,
            (Ok(()), false),
            "somebody was first"
        );
        assert_eq!(session.look(|name| *name), Some("next"));
    }

    #[tokio::test]
    async fn a_failed_one_is_told_to_those_who_waited_and_tried_by_who_comes_later() {
        let (session, stamp) = begun();
        let no = || Error::SignIn("no".to_owned());
        let failed = session.renew(stamp, |_| Ok(()), async |()| Err(no())).await;
        assert_eq!(failed, Err(no()));
        assert_eq!(renew(&session, stamp).await, (Err(no()), false));
        let ((), later) = session.prove(|_| Ok(())).unwrap();
        assert_eq!(renew(&session, later).await, (Ok(()), true));
    }

    #[tokio::test]
    async fn what_cannot_be_renewed_says_so_and_is_not_tried() {
        let (session, stamp) = begun();
        let ended = Error::SignIn("the token has ended".to_owned());
        let answer = session
            .renew(
                stamp,
                |_| Err::<(), _>(ended.clone()),
                async |()| panic!("nothing to sign in with"),
            )
            .await;
        assert_eq!(answer, Err(ended));
    }

    #[test]
    fn an_answer_to_an_earlier_session_changes_nothing_in_this_one() {
        let (session, stamp) = begun();
        session.observe(stamp, |name| *name = "newer");
        assert_eq!(session.look(|name| *name), Some("newer"));
        session.begin("second");
        session.observe(stamp, |name| *name = "stale");
        assert_eq!(session.look(|name| *name), Some("second"));
    }

    #[test]
    fn without_a_session_nothing_is_sent() {
        let (session, _) = begun();
        assert_eq!(session.end(), Some("first"));
        assert!(matches!(session.prove(|_| Ok(())), Err(Error::SignIn(_))));
        assert!(!format!("{:?}", begun().0).contains("first"));
    }
}
