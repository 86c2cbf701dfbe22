//! One call on the gateway: its headers, the token, and what is done when the token is not taken.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::Scloudm;
use super::mapping::moment;
use super::refusal::{is_token_refused, refusal, reworded};
use super::session::{Stamp, due, secret};
use super::wire::TokenAnswer;
use crate::clouds::body::decode;
use crate::clouds::http::{Answer, Lane, Request, Route, date};
use crate::clouds::{Error, Result};
use crate::config::{Credentials, Secret, TokenForm};
use crate::model::text::clean_name;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const AGENT: HeaderName = HeaderName::from_static("sp-agent");
/// Where some gateways of the `v3` form put the token.
const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What is asked of the gateway.
#[derive(Clone)]
pub(super) struct Call {
    pub method: Method,
    pub route: Route,
    pub lane: Lane,
    pub body: Option<Vec<u8>>,
    /// Whether the answer is a list, which may be larger and take longer.
    pub list: bool,
}

/// Who signed in.
pub(super) struct SignedIn {
    /// The login name, as the gateway spells it.
    pub user: String,
    /// The name a person goes by, where that is another one.
    pub full_name: Option<String>,
}

impl Call {
    /// Reads something.
    pub fn get(route: Route, lane: Lane) -> Self {
        Self {
            method: Method::GET,
            route,
            lane,
            body: None,
            list: false,
        }
    }

    /// Asks for something to be done.
    pub fn post(route: Route, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            route,
            lane: Lane::Act,
            body: Some(body),
            list: false,
        }
    }

    /// The same call for a list.
    pub fn list(mut self) -> Self {
        self.list = true;
        self
    }
}

impl Scloudm {
    /// Makes a call and returns its answer, which is a success.
    ///
    /// # Errors
    /// What [`refusal`] makes of an answer, and what [`Scloudm::answer`] says.
    pub(super) async fn call(&self, call: Call) -> Result<Answer> {
        let answer = self.answer(call).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(self.refused(&answer))
        }
    }

    /// Makes a call and returns its answer, whatever its status.
    ///
    /// A token that is about to end is replaced before; one that the gateway refuses is replaced once, and the call made once more. That is right
    /// for power requests, too: the gateway looks at the token before it does anything.
    ///
    /// # Errors
    /// What [`crate::clouds::http::Http::send`] says, and [`Error::SignIn`] when the token cannot be replaced.
    pub(super) async fn answer(&self, call: Call) -> Result<Answer> {
        let (mut token, mut stamp, is_due) = self.tokens.current(Timestamp::now())?;
        if is_due {
            // The old token is good for some minutes yet: a replacement that fails now costs nothing.
            let _ = self.renew(stamp).await;
            (token, stamp, _) = self.tokens.current(Timestamp::now())?;
        }
        let answer = self.send(&call, Some(token)).await?;
        if !is_token_refused(&answer) {
            return Ok(answer);
        }
        self.renew(stamp).await?;
        let (token, ..) = self.tokens.current(Timestamp::now())?;
        self.send(&call, Some(token)).await
    }

    /// The error of an answer that is no success, without anything secret that it may repeat.
    pub(super) fn refused(&self, answer: &Answer) -> Error {
        reworded(refusal(answer), |words| self.tokens.hide(words))
    }

    async fn send(&self, call: &Call, token: Option<HeaderValue>) -> Result<Answer> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, JSON);
        // The gateway reads no body without it, and answers 500.
        headers.insert(CONTENT_TYPE, JSON);
        let agent = HeaderValue::from_str(&self.keys.sp_agent);
        let agent = agent.map_err(|_| {
            Error::Secret("sp_agent holds characters that no header can hold".to_owned())
        })?;
        headers.insert(AGENT, agent);
        if let Some(token) = token {
            headers.insert(TOKEN, token);
        }
        self.http
            .send(Request {
                method: call.method.clone(),
                route: call.route.clone(),
                lane: call.lane,
                headers,
                body: call.body.clone(),
                list: call.list,
            })
            .await
    }

    /// Signs in with the configured credentials and begins with a new token.
    ///
    /// # Errors
    /// [`Error::Secret`] when the password cannot be had, [`Error::SignIn`] when it is refused.
    pub(super) async fn sign_in(&self) -> Result<SignedIn> {
        let _alone = self.tokens.alone().await;
        let Credentials::Password { password, .. } = &self.credentials else {
            return Err(no_name());
        };
        let password = password
            .resolve()
            .await
            .map_err(|error| Error::Secret(error.to_string()))?;
        self.sign_in_with(&password).await
    }

    /// Replaces the token that a request with this stamp was sent with, unless somebody has done so meanwhile.
    async fn renew(&self, stamp: Stamp) -> Result<()> {
        let sign_in = async |password: Secret| self.sign_in_with(&password).await.map(drop);
        self.tokens.renew(stamp, Timestamp::now(), sign_in).await
    }

    async fn sign_in_with(&self, password: &Secret) -> Result<SignedIn> {
        let Credentials::Password { username, .. } = &self.credentials else {
            return Err(no_name());
        };
        let body = match self.keys.auth {
            // An empty tenant makes a token of none, which is what the gateway wants.
            TokenForm::V2 => json!({"auth": {
                "tenantName": "",
                "passwordCredentials": {"username": username, "password": password.expose()},
            }}),
            TokenForm::V3 => json!({"auth": {"identity": {
                "methods": ["password"],
                "password": {"user": {
                    "name": username,
                    "password": password.expose(),
                    "domain": {"name": "Default"},
                }},
            }}}),
        };
        let route = Route::new("/mana_api/tokens")?;
        let call = Call::post(route, body.to_string().into_bytes());
        let answer = self.send(&call, None).await?;
        if is_token_refused(&answer) {
            return Err(Error::SignIn(
                "wrong user name or password, or the user is disabled; check username, password and auth".to_owned(),
            ));
        }
        if !answer.status.is_success() {
            let password = password.expose();
            return Err(reworded(refusal(&answer), |words| {
                words.replace(password, "•••")
            }));
        }
        self.begin(&answer, username, password)
    }

    /// Takes the token of a sign-in's answer.
    fn begin(&self, answer: &Answer, username: &str, password: &Secret) -> Result<SignedIn> {
        let said: TokenAnswer<'_> = decode(&answer.body, "the answer to the sign-in")?;
        let access = said.access.0.unwrap_or_default();
        let token = access.token.0.or(said.token.0).unwrap_or_default();
        let header = answer.headers.get(SUBJECT_TOKEN);
        let id = token
            .id
            .get()
            .or_else(|| header.and_then(|id| id.to_str().ok()));
        let id = id.and_then(secret).ok_or_else(|| {
            Error::Protocol(
                "the answer to the sign-in holds no token; check that the url is the gateway's, and auth".to_owned(),
            )
        })?;
        let expires = token.expires.get().or_else(|| token.expires_at.get());
        let expires = expires.and_then(moment);
        let answered = date(&answer.headers, DATE);
        self.tokens
            .begin(id, password, due(expires, answered, Timestamp::now()));
        let user = access.user.0.unwrap_or_default();
        let name = |text: Option<&str>| {
            let text = clean_name(text?.trim()).into_owned();
            (!text.is_empty()).then_some(text)
        };
        let login = name(user.username.get()).unwrap_or_else(|| username.to_owned());
        Ok(SignedIn {
            full_name: name(user.name.get()).filter(|full| *full != login),
            user: login,
        })
    }
}

/// The configuration lets no token through to here.
fn no_name() -> Error {
    Error::Secret("SCloudM signs in with `username` and `password`".to_owned())
}
