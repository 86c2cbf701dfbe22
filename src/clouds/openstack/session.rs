//! Who this program is in one project: a token that ends after an hour or so, and is replaced before that.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;

use super::catalogue::Catalogue;
use crate::clouds::{Error, Result};
use crate::config::OpenstackProject;

/// So long before its end a token is replaced, or when three quarters of its life have passed, whichever is later.
const MARGIN: Duration = Duration::from_secs(300);

/// The role that every policy of OpenStack takes for an administrator's unless told otherwise.
pub(super) const ADMIN: &str = "admin";

/// An id with the name that goes with it.
pub(super) type Named = (Arc<str>, Arc<str>);

/// Who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub user: Option<Named>,
    pub project: Option<Named>,
    /// The user's roles in the project, in small letters.
    pub roles: BTreeSet<String>,
}

/// What a sign-in gives.
pub(super) struct Token {
    pub value: HeaderValue,
    pub life: Duration,
    pub catalogue: Catalogue,
    pub who: Who,
}

/// One project, and the token for it.
pub(super) struct Scope {
    /// `None` where the sign-in itself says which it is.
    pub project: Option<OpenstackProject>,
    state: Mutex<State>,
    /// Held while signing in, so that many requests whose token has ended make one sign-in.
    pub signing_in: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    due: Option<Instant>,
    /// Counts the tokens; what was answered to an earlier one has nothing to say about this one.
    generation: u64,
    /// Counts the sign-ins that failed.
    failures: u64,
    failure: Option<Error>,
}

/// What a request was sent with, to tell later whether the token has been replaced meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u64,
    failures: u64,
}

/// What is to be done about a token that is not taken any more, or is about to end.
pub(super) enum Renewal {
    /// Somebody else has replaced it meanwhile.
    Done,
    SignIn,
    Refused(Error),
}

impl fmt::Debug for Scope {
    /// Without anything that is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl Scope {
    pub fn new(project: Option<OpenstackProject>) -> Self {
        Self {
            project,
            state: Mutex::default(),
            signing_in: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send, and whether it should be replaced first.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in.
    pub fn current(&self) -> Result<(Arc<Token>, Stamp, bool)> {
        let state = self.state();
        let token = state
            .token
            .clone()
            .ok_or_else(|| Error::SignIn("there is no session yet; sign in first".to_owned()))?;
        let stamp = Stamp {
            generation: state.generation,
            failures: state.failures,
        };
        let is_due = state.due.is_some_and(|due| Instant::now() >= due);
        Ok((token, stamp, is_due))
    }

    /// Who is signed in.
    pub fn who(&self) -> Option<Who> {
        self.state().token.as_ref().map(|token| token.who.clone())
    }

    /// Whether the user is an administrator in the project, as far as the name of a role tells.
    pub fn is_admin(&self) -> bool {
        self.who().is_some_and(|who| who.roles.contains(ADMIN))
    }

    /// The id of the project; empty before the sign-in, and where there is none.
    pub fn project_id(&self) -> Arc<str> {
        let project = self.who().and_then(|who| who.project);
        project.map_or_else(|| Arc::from(""), |(id, _)| id)
    }

    /// From now on this token counts.
    pub fn begin(&self, token: Token) {
        let life = token.life;
        let quarters = life * 3 / 4;
        let mut state = self.state();
        state.due = Instant::now().checked_add(quarters.max(life.saturating_sub(MARGIN)));
        state.token = Some(Arc::new(token));
        state.generation += 1;
        state.failure = None;
    }

    /// What to do about a token with this stamp. To be asked while holding `signing_in`.
    pub fn renewal(&self, stamp: Stamp) -> Renewal {
        let state = self.state();
        if state.generation != stamp.generation {
            return Renewal::Done;
        }
        match &state.failure {
            Some(failure) if state.failures != stamp.failures => Renewal::Refused(failure.clone()),
            _ => Renewal::SignIn,
        }
    }

    /// A sign-in failed: who waited for it is told so, and nobody tries the same again at once. A token that is still good is tried to be
    /// replaced a little later.
    pub fn failed(&self, error: &Error) {
        let mut state = self.state();
        state.failures += 1;
        state.failure = Some(error.clone());
        state.due = Instant::now().checked_add(MARGIN / 5);
    }

    /// Makes it time for another token.
    #[cfg(test)]
    pub fn make_due(&self) {
        self.state().due = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn token(life: u64) -> Token {
        let mut value = HeaderValue::from_static("hunter2");
        value.set_sensitive(true);
        Token {
            value,
            life: Duration::from_secs(life),
            catalogue: Catalogue::default(),
            who: Who {
                user: None,
                project: None,
                roles: BTreeSet::new(),
            },
        }
    }

    fn due_after(life: u64) -> u64 {
        let scope = Scope::new(None);
        let now = Instant::now();
        scope.begin(token(life));
        let due = scope.state().due.unwrap();
        due.duration_since(now).as_secs_f64().round() as u64
    }

    #[test]
    fn a_token_is_replaced_five_minutes_before_its_end_and_a_short_one_after_three_quarters() {
        assert_eq!(due_after(3_600), 3_300);
        assert_eq!(due_after(60), 45);
        assert_eq!(due_after(4), 3);
    }

    #[test]
    fn one_sign_in_serves_all_whose_token_has_ended_and_a_refused_one_is_not_tried_by_each() {
        let scope = Scope::new(None);
        assert!(scope.current().is_err());
        scope.begin(token(3_600));
        let (_, stamp, due) = scope.current().unwrap();
        assert!(!due);
        scope.make_due();
        assert!(scope.current().unwrap().2);
        assert!(matches!(scope.renewal(stamp), Renewal::SignIn));
        scope.failed(&Error::SignIn("no".to_owned()));
        assert!(matches!(scope.renewal(stamp), Renewal::Refused(_)));
        let (_, later, due) = scope.current().unwrap();
        assert!(!due, "not again at once");
        assert!(matches!(scope.renewal(later), Renewal::SignIn));
        scope.begin(token(3_600));
        assert!(matches!(scope.renewal(stamp), Renewal::Done));
        let shown = format!("{scope:?} {:?}", scope.current().unwrap().0.value);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
