//! Who this program is to the cloud: what is sent as credentials, and how it is renewed.
//!
//! With a name and a password the sign-in is HTTP Basic once; from then on the newest `X-Abiquo-Token` of any answer is
//! sent, else the newest `auth` cookie, else Basic each time. A configured token is sent as Bearer always.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};

use crate::clouds::{Error, Result};
use crate::config::Credentials;

const TOKEN: HeaderName = HeaderName::from_static("x-abiquo-token");

/// The session of one cloud, as far as this side keeps it.
pub(super) struct Sessions {
    state: Mutex<State>,
    /// Held while signing in, so that many requests whose session has ended make one sign-in.
    pub signing_in: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What signs in: Basic or Bearer. `None` before the first sign-in.
    login: Option<HeaderValue>,
    /// Whether the login is a token that cannot be renewed.
    bearer: bool,
    /// What is sent.
    proof: Option<Proof>,
    /// Counts the sessions; an answer of an earlier one has nothing to say about this one.
    generation: u64,
    /// Counts the sign-ins that were tried after the first.
    attempts: u64,
    /// Why the last of them failed.
    failure: Option<Error>,
}

/// What proves to the server who is asking.
#[derive(Clone)]
enum Proof {
    /// The login itself, each time.
    Login(HeaderValue),
    /// `Authorization: Token …`.
    Token(HeaderValue),
    /// `Cookie: auth=…`.
    Cookie(HeaderValue),
}

/// What a request was sent with, to tell later whether the session has changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u64,
    attempts: u64,
}

/// What is to be done about a session that the server no longer takes.
pub(super) enum Renewal {
    /// Somebody else has renewed it meanwhile.
    Done,
    /// Sign in with this.
    SignIn(HeaderValue),
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
            signing_in: tokio::sync::Mutex::default(),
        }
    }

    /// The state. Nothing panics while it is held, and a half-written one does not exist.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what proves who is asking to the headers of a request.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in.
    pub fn prove(&self, headers: &mut HeaderMap) -> Result<Stamp> {
        let state = self.state();
        match &state.proof {
            None => {
                return Err(Error::SignIn(
                    "there is no session yet; sign in first".to_owned(),
                ));
            }
            Some(Proof::Login(value) | Proof::Token(value)) => {
                headers.insert(AUTHORIZATION, value.clone())
            }
            Some(Proof::Cookie(value)) => headers.insert(COOKIE, value.clone()),
        };
        Ok(Stamp {
            generation: state.generation,
            attempts: state.attempts,
        })
    }

    /// Takes the newest token or cookie out of an answer.
    pub fn observe(&self, stamp: Stamp, headers: &HeaderMap) {
        let mut state = self.state();
        if state.generation == stamp.generation && !state.bearer {
            let had_token = matches!(state.proof, Some(Proof::Token(_)));
            if let Some(newer) =
                newest(headers).filter(|newer| !had_token || matches!(newer, Proof::Token(_)))
            {
                state.proof = Some(newer);
            }
        }
    }

    /// Begins a session with the answer to a sign-in.
    pub fn begin(&self, login: &HeaderValue, bearer: bool, answer: &HeaderMap) {
        let mut state = self.state();
        let newer = newest(answer).filter(|_| !bearer);
        state.proof = Some(newer.unwrap_or_else(|| Proof::Login(login.clone())));
        state.login = Some(login.clone());
        state.bearer = bearer;
        state.generation += 1;
        state.failure = None;
    }

    /// What to do about a 401 to a request with this stamp. To be asked while holding `signing_in`.
    pub fn renewal(&self, stamp: Stamp) -> Renewal {
        let state = self.state();
        if state.generation != stamp.generation {
            return Renewal::Done;
        }
        if let Some(failure) = state
            .failure
            .clone()
            .filter(|_| state.attempts != stamp.attempts)
        {
            return Renewal::Refused(failure);
        }
        match (&state.login, &state.proof) {
            (Some(login), Some(Proof::Token(_) | Proof::Cookie(_))) => {
                Renewal::SignIn(login.clone())
            }
            _ if state.bearer => Renewal::Refused(Error::SignIn(
                "the cloud does not accept the token, which may have expired".to_owned(),
            )),
            _ => Renewal::Refused(Error::SignIn(
                "the cloud no longer accepts the user name and password".to_owned(),
            )),
        }
    }

    /// A renewal failed: who waited for it is told so, and nobody tries the same again at once.
    pub fn failed(&self, error: &Error) {
        let mut state = self.state();
        state.attempts += 1;
        state.failure = Some(error.clone());
    }
}

/// The header that signs in with the configured credentials, and whether it is a Bearer token. Fetching a secret may take seconds.
///
/// # Errors
/// [`Error::Secret`] when it cannot be had.
pub(super) async fn login(credentials: &Credentials) -> Result<(HeaderValue, bool)> {
    let (text, bearer) = match credentials {
        Credentials::Password { username, password } => {
            let password = password
                .resolve()
                .await
                .map_err(|error| Error::Secret(error.to_string()))?;
            (
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{username}:{}", password.expose()))
                ),
                false,
            )
        }
        Credentials::Token(token) => {
            let token = token
                .resolve()
                .await
                .map_err(|error| Error::Secret(error.to_string()))?;
            (format!("Bearer {}", token.expose().trim()), true)
        }
    };
    let value = secret(&text).ok_or_else(|| {
        Error::Secret("the token holds characters that no header can hold".to_owned())
    })?;
    Ok((value, bearer))
}

/// The token or the cookie of an answer.
fn newest(headers: &HeaderMap) -> Option<Proof> {
    let token = headers
        .get(TOKEN)
        .and_then(|token| token.to_str().ok())
        .map(str::trim)
        .filter(|token| !token.is_empty());
    if let Some(value) = token.and_then(|token| secret(&format!("Token {token}"))) {
        return Some(Proof::Token(value));
    }
    let cookies = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok());
    let mut auth = cookies.filter_map(|cookie| {
        let value = cookie
            .trim_start()
            .strip_prefix("auth=")?
            .split(';')
            .next()?
            .trim();
        (!value.is_empty() && value != "\"\"").then(|| secret(&format!("auth={value}")))?
    });
    auth.next_back().map(Proof::Cookie)
}

/// A header whose value `Debug` does not show.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn sent(sessions: &Sessions) -> (Stamp, String) {
        let mut headers = HeaderMap::new();
        let stamp = sessions.prove(&mut headers).unwrap();
        let value = headers
            .get(AUTHORIZATION)
            .or_else(|| headers.get(COOKIE))
            .unwrap();
        (stamp, value.to_str().unwrap().to_owned())
    }

    fn begun(answer: &[(&'static str, &str)]) -> Sessions {
        let sessions = Sessions::new();
        sessions.begin(&"Basic x".parse().unwrap(), false, &headers(answer));
        sessions
    }

    #[test]
    fn the_token_comes_before_the_cookie_and_both_before_the_password() {
        assert_eq!(
            sent(&begun(&[
                ("x-abiquo-token", "a"),
                ("set-cookie", "auth=c; Path=/")
            ]))
            .1,
            "Token a"
        );
        let cookies = [
            ("set-cookie", "ABQSESSIONID=s; Path=/"),
            ("set-cookie", "auth=c; Path=/; HttpOnly"),
        ];
        assert_eq!(sent(&begun(&cookies)).1, "auth=c");
        assert_eq!(
            sent(&begun(&[("set-cookie", "auth=; Max-Age=0")])).1,
            "Basic x"
        );
        assert_eq!(sent(&begun(&[])).1, "Basic x");
    }

    #[test]
    fn the_newest_token_is_sent_and_one_of_an_earlier_session_is_not() {
        let sessions = begun(&[("x-abiquo-token", "a")]);
        let (first, _) = sent(&sessions);
        sessions.observe(first, &headers(&[("x-abiquo-token", "b")]));
        assert_eq!(sent(&sessions).1, "Token b");
        sessions.observe(first, &headers(&[("set-cookie", "auth=c")]));
        assert_eq!(
            sent(&sessions).1,
            "Token b",
            "a cookie does not replace a token"
        );
        sessions.begin(
            &"Basic x".parse().unwrap(),
            false,
            &headers(&[("x-abiquo-token", "n")]),
        );
        sessions.observe(first, &headers(&[("x-abiquo-token", "old")]));
        assert_eq!(sent(&sessions).1, "Token n");
    }

    #[test]
    fn a_bearer_token_is_never_replaced() {
        let sessions = Sessions::new();
        sessions.begin(
            &"Bearer t".parse().unwrap(),
            true,
            &headers(&[("x-abiquo-token", "a")]),
        );
        let (stamp, value) = sent(&sessions);
        assert_eq!(value, "Bearer t");
        sessions.observe(stamp, &headers(&[("x-abiquo-token", "b")]));
        assert_eq!(sent(&sessions).1, "Bearer t");
        assert!(matches!(
            sessions.renewal(stamp),
            Renewal::Refused(Error::SignIn(_))
        ));
    }

    #[test]
    fn nothing_is_sent_before_the_first_sign_in_and_nothing_shows_in_debug() {
        let sessions = Sessions::new();
        assert!(matches!(
            sessions.prove(&mut HeaderMap::new()),
            Err(Error::SignIn(_))
        ));
        let mut map = HeaderMap::new();
        begun(&[("x-abiquo-token", "hunter2")])
            .prove(&mut map)
            .unwrap();
        assert!(
            !format!("{map:?} {:?}", begun(&[("x-abiquo-token", "hunter2")])).contains("hunter2")
        );
    }
}
