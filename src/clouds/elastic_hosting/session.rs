//! Who this program is to the cloud: HTTP Basic with every request, or the cookies of the log-in form; and in both cases the header that
//! proves that a request is no other site's, where the server has set its cookie (ECP 3.5.1 and later).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use super::cookies::Cookies;
use crate::clouds::renewal::Renewable;
pub(super) use crate::clouds::renewal::Stamp;
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
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Renewable<Begun>,
}

/// A session that was begun.
struct Begun {
    proof: Proof,
    cookies: Cookies,
}

/// What proves to the server who is asking.
#[derive(Clone)]
enum Proof {
    /// The name and the password, each time.
    Basic(HeaderValue),
    /// The cookies alone; what they are renewed with.
    Form(Login),
}

impl Sessions {
    /// Waits until nobody else signs in.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.kept.alone().await
    }

    /// Adds what proves who is asking to the headers of a request.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in, and after one that failed.
    pub fn prove(&self, headers: &mut HeaderMap) -> Result<Stamp> {
        let ((), stamp) = self.kept.prove(|begun| {
            if let Proof::Basic(value) = &begun.proof {
                headers.insert(AUTHORIZATION, value.clone());
            }
            add_cookies(&begun.cookies, headers);
            Ok(())
        })?;
        Ok(stamp)
    }

    /// Takes the cookies out of an answer.
    pub fn observe(&self, stamp: Stamp, headers: &HeaderMap) {
        self.kept.observe(stamp, |begun| {
            begun.cookies.take(headers, Timestamp::now());
        });
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
        self.kept.begin(Begun { proof, cookies });
    }

    /// Ends the session: credentials that the server refuses are not sent with every other request.
    pub fn end(&self) {
        self.kept.end();
    }

    /// Whether a session can be renewed by logging in again: Basic sends all it has each time.
    pub fn is_renewable(&self) -> bool {
        let is_form = |begun: &Begun| matches!(begun.proof, Proof::Form(_));
        self.kept.look(is_form).unwrap_or(false)
    }

    /// Renews the session that a request with this stamp was sent with: `log_in` sends the form again.
    ///
    /// # Errors
    /// [`Error::SignIn`] where there is no form to send, and what `log_in` says.
    pub async fn renew(
        &self,
        stamp: Stamp,
        log_in: impl AsyncFnOnce(Login) -> Result<()>,
    ) -> Result<()> {
        let login = |begun: &Begun| match &begun.proof {
            Proof::Form(login) => Ok(login.clone()),
            Proof::Basic(_) => Err(Error::SignIn(
                "the cloud no longer accepts the user name and password".to_owned(),
            )),
        };
        self.kept.renew(stamp, login, log_in).await
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
