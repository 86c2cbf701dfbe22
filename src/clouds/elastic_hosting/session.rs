//! Who this program is to the cloud: HTTP Basic with every request, or the cookies of the log-in form; and in both cases the header that
//! proves that a request is no other site's, where the server has set its cookie (ECP 3.5.1 and later).

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use super::cookies::Cookies;
use crate::clouds::{Error, Result};
use crate::config::Secret;

/// The cookie whose value goes back in a header.
const XSRF_COOKIE: &str = "ecp-csrf-token";
const XSRF_HEADER: HeaderName = HeaderName::from_static("x-xsrftoken");

/// A name and its password, as the configuration gave them.
#[derive(Clone)]
pub(super) struct Login {
    pub username: String,
    pub password: Secret,
}

/// The session of one cloud, as far as this side keeps it.
pub(super) struct Sessions {
    state: Mutex<State>,
    /// Held while signing in, so that many requests whose session has ended make one sign-in.
    pub signing_in: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    proof: Option<Proof>,
    cookies: Cookies,
    /// Counts the sessions; an answer of an earlier one has nothing to say about this one.
    generation: u64,
    /// Counts the renewals that failed.
    failures: u64,
    /// Why the last of them failed.
    failure: Option<Error>,
}

/// What proves to the server who is asking.
#[derive(Clone)]
enum Proof {
    /// The name and the password, each time.
    Basic(HeaderValue),
    /// The cookies alone; what they are renewed with.
    Form(Login),
}

/// What a request was sent with, to tell later whether the session has changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u64,
    failures: u64,
}

/// What is to be done about a session that the server no longer takes.
pub(super) enum Renewal {
    /// Somebody else has renewed it meanwhile.
    Done,
    /// Log in with this.
    LogIn(Login),
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
    /// [`Error::SignIn`] before the first sign-in, and after one that failed.
    pub fn prove(&self, headers: &mut HeaderMap) -> Result<Stamp> {
        let state = self.state();
        match &state.proof {
            None => {
                return Err(Error::SignIn(
                    "there is no session yet; sign in first".to_owned(),
                ));
            }
            Some(Proof::Basic(value)) => {
                headers.insert(AUTHORIZATION, value.clone());
            }
            Some(Proof::Form(_)) => {}
        }
        add_cookies(&state.cookies, headers);
        Ok(Stamp {
            generation: state.generation,
            failures: state.failures,
        })
    }

    /// Takes the cookies out of an answer.
    pub fn observe(&self, stamp: Stamp, headers: &HeaderMap) {
        let mut state = self.state();
        if state.generation == stamp.generation {
            state.cookies.take(headers, Timestamp::now());
        }
    }

    /// Begins a session of HTTP Basic.
    ///
    /// # Errors
    /// [`Error::Secret`] when no header can hold it.
    pub fn begin_basic(&self, login: &Login) -> Result<()> {
        let pair = format!("{}:{}", login.username, login.password.expose());
        let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| Error::Secret("the password does not fit into a header".to_owned()))?;
        value.set_sensitive(true);
        self.begin(Proof::Basic(value), Cookies::default());
        Ok(())
    }

    /// Begins a session with the cookies of the log-in form's answer.
    pub fn begin_form(&self, login: &Login, cookies: Cookies) {
        self.begin(Proof::Form(login.clone()), cookies);
    }

    fn begin(&self, proof: Proof, cookies: Cookies) {
        let mut state = self.state();
        state.proof = Some(proof);
        state.cookies = cookies;
        state.generation += 1;
        state.failure = None;
    }

    /// Ends the session: credentials that the server refuses are not sent with every other request.
    pub fn end(&self) {
        let mut state = self.state();
        state.proof = None;
        state.cookies = Cookies::default();
        state.generation += 1;
    }

    /// Whether a session can be renewed by logging in again: Basic sends all it has each time.
    pub fn is_renewable(&self) -> bool {
        matches!(self.state().proof, Some(Proof::Form(_)))
    }

    /// What to do about a session that was refused to a request with this stamp. To be asked while holding `signing_in`.
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
            Some(Proof::Form(login)) => Renewal::LogIn(login.clone()),
            _ => Renewal::Refused(Error::SignIn(
                "the cloud no longer accepts the user name and password".to_owned(),
            )),
        }
    }

    /// A renewal failed: who waited for it is told so, and nobody tries the same again at once.
    pub fn failed(&self, error: &Error) {
        let mut state = self.state();
        state.failures += 1;
        state.failure = Some(error.clone());
    }
}

/// The cookies, and the one that goes back in a header as well.
fn add_cookies(cookies: &Cookies, headers: &mut HeaderMap) {
    if let Some(value) = cookies.header() {
        headers.insert(COOKIE, value);
    }
    let token = cookies.get(XSRF_COOKIE);
    if let Some(mut value) = token.and_then(|token| HeaderValue::from_str(token).ok()) {
        value.set_sensitive(true);
        headers.insert(XSRF_HEADER, value);
    }
}
