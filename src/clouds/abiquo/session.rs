//! Who this program is to the cloud: what is sent as credentials, and how it is renewed.
//!
//! With a name and a password the sign-in is HTTP Basic once; from then on the newest `X-Abiquo-Token` of any answer is
//! sent, else the newest `auth` cookie, else Basic each time. A configured token is sent as Bearer always.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};

use crate::clouds::renewal::Renewable;
pub(super) use crate::clouds::renewal::Stamp;
use crate::clouds::{Error, Result};
use crate::config::Credentials;

const TOKEN: HeaderName = HeaderName::from_static("x-abiquo-token");

/// The session of one cloud, as far as this side keeps it.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Renewable<Begun>,
}

/// A session that was begun.
struct Begun {
    /// What signed in: Basic or Bearer.
    login: HeaderValue,
    /// Whether the login is a token that cannot be renewed.
    bearer: bool,
    /// What is sent.
    proof: Proof,
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

impl Sessions {
    /// Waits until nobody else signs in.
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.kept.alone().await
    }

    /// Adds what proves who is asking to the headers of a request.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in.
    pub fn prove(&self, headers: &mut HeaderMap) -> Result<Stamp> {
        let (proof, stamp) = self.kept.prove(|begun| Ok(begun.proof.clone()))?;
        match proof {
            Proof::Login(value) | Proof::Token(value) => headers.insert(AUTHORIZATION, value),
            Proof::Cookie(value) => headers.insert(COOKIE, value),
        };
        Ok(stamp)
    }

    /// Takes the newest token or cookie out of an answer.
    pub fn observe(&self, stamp: Stamp, headers: &HeaderMap) {
        self.kept.observe(stamp, |begun| {
            let had_token = matches!(begun.proof, Proof::Token(_));
            let newer = newest(headers)
                .filter(|newer| !begun.bearer && (!had_token || matches!(newer, Proof::Token(_))));
            if let Some(newer) = newer {
                begun.proof = newer;
            }
        });
    }

    /// Begins a session with the answer to a sign-in.
    pub fn begin(&self, login: &HeaderValue, bearer: bool, answer: &HeaderMap) {
        let newer = newest(answer).filter(|_| !bearer);
        self.kept.begin(Begun {
            login: login.clone(),
            bearer,
            proof: newer.unwrap_or_else(|| Proof::Login(login.clone())),
        });
    }

    /// Renews the session that a request with this stamp was sent with: `sign_in` sends the login again.
    ///
    /// # Errors
    /// [`Error::SignIn`] where the login itself was refused, and what `sign_in` says.
    pub async fn renew(
        &self,
        stamp: Stamp,
        sign_in: impl AsyncFnOnce(HeaderValue) -> Result<()>,
    ) -> Result<()> {
        let login = |begun: &Begun| match begun.proof {
            Proof::Token(_) | Proof::Cookie(_) => Ok(begun.login.clone()),
            Proof::Login(_) if begun.bearer => Err(Error::SignIn(
                "the cloud does not accept the token, which may have expired".to_owned(),
            )),
            Proof::Login(_) => Err(Error::SignIn(
                "the cloud no longer accepts the user name and password".to_owned(),
            )),
        };
        self.kept.renew(stamp, login, sign_in).await
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
        let sessions = Sessions::default();
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

    #[tokio::test]
    async fn a_bearer_token_is_never_replaced() {
        let sessions = Sessions::default();
        sessions.begin(
            &"Bearer t".parse().unwrap(),
            true,
            &headers(&[("x-abiquo-token", "a")]),
        );
        let (stamp, value) = sent(&sessions);
        assert_eq!(value, "Bearer t");
        sessions.observe(stamp, &headers(&[("x-abiquo-token", "b")]));
        assert_eq!(sent(&sessions).1, "Bearer t");
        let renewed = sessions.renew(stamp, async |_| Ok(())).await;
        assert!(matches!(renewed, Err(Error::SignIn(_))));
    }

    #[test]
    fn nothing_is_sent_before_the_first_sign_in_and_nothing_shows_in_debug() {
        let sessions = Sessions::default();
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
