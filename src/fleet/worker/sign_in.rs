//! One sign-in for all lanes of a cloud, and no second try of credentials that were refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clouds::{Cloud, Error, Result};
use crate::model::Session;

/// Refused credentials are tried again no sooner: too many attempts lock an account.
pub(in crate::fleet) const REFUSED_WAIT: Duration = Duration::from_secs(5 * 60);
/// A session that is rejected so soon after it was opened will not be helped by another one.
const SESSION_MIN: Duration = Duration::from_secs(30);

/// Who is signed in, as all lanes share it.
#[derive(Debug, Default)]
pub(super) struct SignIn {
    /// Held while a sign-in is under way, so that lanes wait for the one instead of making their own.
    attempt: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Arc<Session>>,
    /// Counts the sessions, so that a lane can say which one was rejected.
    number: u64,
    opened: Option<Instant>,
    refused: Option<(Instant, Error)>,
}

/// What an attempt came to.
pub(super) enum SignedIn {
    /// Somebody else signed in meanwhile, or the session stands.
    Already(Arc<Session>),
    /// A new session; to be told.
    New(Arc<Session>),
}

impl SignIn {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is signed in.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.state().session.clone()
    }

    /// Which session that is.
    pub(super) fn number(&self) -> u64 {
        self.state().number
    }

    /// A person asks for another attempt now.
    pub(super) fn allow_again(&self) {
        let mut state = self.state();
        state.refused = None;
        state.opened = None;
    }

    /// When refused credentials may be tried again.
    pub(super) fn refused_until(&self) -> Option<Instant> {
        self.state()
            .refused
            .as_ref()
            .map(|(at, _)| *at + REFUSED_WAIT)
    }

    /// Signs in unless a session stands.
    pub(super) async fn ensure(&self, cloud: &dyn Cloud) -> Result<SignedIn> {
        if let Some(session) = self.session() {
            return Ok(SignedIn::Already(session));
        }
        self.renew(cloud, self.number()).await
    }

    /// Signs in again because the session of this number was rejected. Refused credentials are not tried again before
    /// [`REFUSED_WAIT`]; until then the refusal is answered.
    pub(super) async fn renew(&self, cloud: &dyn Cloud, rejected: u64) -> Result<SignedIn> {
        let _alone = self.attempt.lock().await;
        {
            let state = self.state();
            if state.number != rejected
                && let Some(session) = &state.session
            {
                return Ok(SignedIn::Already(session.clone()));
            }
            if let Some((at, error)) = &state.refused
                && at.elapsed() < REFUSED_WAIT
            {
                return Err(error.clone());
            }
            if state.opened.is_some_and(|at| at.elapsed() < SESSION_MIN) {
                return Err(Error::SignIn(
                    "the cloud rejects the session that it has just opened".to_owned(),
                ));
            }
        }
        let answer = cloud.connect().await;
        let mut state = self.state();
        match answer {
            Ok(session) => {
                let session = Arc::new(session);
                state.number += 1;
                state.session = Some(session.clone());
                state.opened = Some(Instant::now());
                state.refused = None;
                Ok(SignedIn::New(session))
            }
            Err(error) => {
                if matches!(error, Error::SignIn(_) | Error::Secret(_)) {
                    state.refused = Some((Instant::now(), error.clone()));
                }
                Err(error)
            }
        }
    }
}
