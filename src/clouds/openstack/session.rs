//! Who this program is in one project: a token that ends after an hour or so, and is replaced before that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;

use super::catalogue::Catalogue;
use crate::clouds::Result;
use crate::clouds::renewal::Renewable;
pub(super) use crate::clouds::renewal::Stamp;
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
#[derive(Debug)]
pub(super) struct Scope {
    /// `None` where the sign-in itself says which it is.
    pub project: Option<OpenstackProject>,
    kept: Renewable<Begun>,
}

/// A token, and when it is to be replaced.
struct Begun {
    token: Arc<Token>,
    due: Option<Instant>,
}

impl Scope {
    pub fn new(project: Option<OpenstackProject>) -> Self {
        Self {
            project,
            kept: Renewable::default(),
        }
    }

    /// Waits until nobody else signs in.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.kept.alone().await
    }

    /// The token to send, and whether it should be replaced first.
    ///
    /// # Errors
    /// [`crate::clouds::Error::SignIn`] before the first sign-in.
    pub fn current(&self) -> Result<(Arc<Token>, Stamp, bool)> {
        let take = |begun: &Begun| {
            let is_due = begun.due.is_some_and(|due| Instant::now() >= due);
            Ok((begun.token.clone(), is_due))
        };
        let ((token, is_due), stamp) = self.kept.prove(take)?;
        Ok((token, stamp, is_due))
    }

    /// Who is signed in.
    pub fn who(&self) -> Option<Who> {
        self.kept.look(|begun| begun.token.who.clone())
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
        self.kept.begin(Begun {
            token: Arc::new(token),
            due: Instant::now().checked_add(quarters.max(life.saturating_sub(MARGIN))),
        });
    }

    /// Replaces the token of a request with this stamp, which was refused, or is about to end.
    ///
    /// # Errors
    /// What `sign_in` says. A token that is still good is tried to be replaced a little later.
    pub async fn renew(
        &self,
        stamp: Stamp,
        sign_in: impl AsyncFnOnce(()) -> Result<Token>,
    ) -> Result<()> {
        let begin = async |()| sign_in(()).await.map(|token| self.begin(token));
        let renewed = self.kept.renew(stamp, |_| Ok(()), begin).await;
        renewed.inspect_err(|_| {
            self.kept.observe(stamp, |begun| {
                begun.due = Instant::now().checked_add(MARGIN / 5);
            });
        })
    }

    /// Makes it time for another token.
    #[cfg(test)]
    pub fn make_due(&self) {
        self.kept.change(|begun| begun.due = Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::clouds::Error;

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
        let due = scope.kept.look(|begun| begun.due).flatten().unwrap();
        due.duration_since(now).as_secs_f64().round() as u64
    }

    #[test]
    fn a_token_is_replaced_five_minutes_before_its_end_and_a_short_one_after_three_quarters() {
        assert_eq!(due_after(3_600), 3_300);
        assert_eq!(due_after(60), 45);
        assert_eq!(due_after(4), 3);
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_replaced_in_time_is_tried_again_a_little_later() {
        let scope = Scope::new(None);
        assert!(scope.current().is_err());
        scope.begin(token(3_600));
        let (_, stamp, due) = scope.current().unwrap();
        assert!(!due);
        scope.make_due();
        assert!(scope.current().unwrap().2);
        let no = async |()| Err(Error::SignIn("no".to_owned()));
        assert!(scope.renew(stamp, no).await.is_err());
        let (_, later, due) = scope.current().unwrap();
        assert!(!due, "not again at once");
        let yes = async |()| Ok(token(3_600));
        assert_eq!(scope.renew(later, yes).await, Ok(()));
        let shown = format!("{scope:?} {:?}", scope.current().unwrap().0.value);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
