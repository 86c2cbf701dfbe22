//! One call on the API: media types and their version, the session, and what is done when one of them is not taken.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};

use super::Abiquo;
use super::refusal::refusal;
use super::session::{Stamp, login};
use crate::clouds::http::{Answer, Lane, Request, Route};
use crate::clouds::{Error, Result};

/// The newest version of the media types that is known.
const NEWEST: &str = "6.1";

/// A media type that is asked for or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/vnd.abiquo.NAME+json`, with the version.
    Abiquo(&'static str),
    /// Plain text.
    Text,
    /// Whatever comes. Errors are JSON also where the answer is text.
    Any,
}

/// The version that media types carry.
#[derive(Debug)]
pub(super) struct Version {
    version: String,
    /// The server does not take the version: it is left out, and the server takes its own newest.
    left_out: AtomicBool,
}

impl Version {
    pub fn new(configured: Option<&str>) -> Self {
        Self {
            version: configured.unwrap_or(NEWEST).to_owned(),
            left_out: AtomicBool::new(false),
        }
    }

    fn is_left_out(&self) -> bool {
        self.left_out.load(Ordering::Relaxed)
    }

    fn header(&self, media: Media, versioned: bool) -> Result<HeaderValue> {
        let text = match media {
            Media::Abiquo(name) if versioned => format!(
                "application/vnd.abiquo.{name}+json; version={}",
                self.version
            ),
            Media::Abiquo(name) => format!("application/vnd.abiquo.{name}+json"),
            Media::Text => return Ok(HeaderValue::from_static("text/plain")),
            Media::Any => return Ok(HeaderValue::from_static("*/*")),
        };
        let fix = "api_version holds characters that no header can hold";
        HeaderValue::from_str(&text).map_err(|_| Error::Secret(fix.to_owned()))
    }
}

/// What is asked of the server.
#[derive(Clone)]
pub(super) struct Call {
    method: Method,
    route: Route,
    accept: Media,
    content: Option<(Media, Vec<u8>)>,
    lane: Lane,
    list: bool,
}

impl Call {
    /// Reads something.
    pub fn get(route: Route, accept: &'static str) -> Self {
        Self {
            method: Method::GET,
            route,
            accept: Media::Abiquo(accept),
            content: None,
            lane: Lane::Read,
            list: false,
        }
    }

    /// Changes something, without a body.
    pub fn change(method: Method, route: Route, accept: Media) -> Self {
        Self {
            method,
            route,
            accept,
            content: None,
            lane: Lane::Act,
            list: false,
        }
    }

    /// The same call with a body.
    pub fn with(mut self, media: Media, body: Vec<u8>) -> Self {
        self.content = Some((media, body));
        self
    }

    /// The same call for another kind of answer.
    pub fn accepting(mut self, accept: Media) -> Self {
        self.accept = accept;
        self
    }

    /// The same call, not behind the listings.
    pub fn acting(mut self) -> Self {
        self.lane = Lane::Act;
        self
    }

    /// The same call for a list, which may be large.
    pub fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The same call at another place.
    pub fn at(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    fn has_version(&self) -> bool {
        let versioned = |media: Media| matches!(media, Media::Abiquo(_));
        versioned(self.accept)
            || self
                .content
                .as_ref()
                .is_some_and(|(media, _)| versioned(*media))
    }
}

impl Abiquo {
    /// Makes a call and returns its answer, which is a success.
    ///
    /// # Errors
    /// What [`refusal`] makes of an answer, and what [`Abiquo::answer`] says.
    pub(super) async fn call(&self, call: Call) -> Result<Answer> {
        let answer = self.answer(call).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(refusal(&answer))
        }
    }

    /// Makes a call and returns its answer, whatever its status.
    ///
    /// A version of the media types that the server does not take (406, 415: nothing was executed) is left out from then on, and the call
    /// made once more. A session that has ended (401) is renewed for a GET, once, and the GET made once more;
    /// anything else is left to the caller.
    ///
    /// # Errors
    /// What [`crate::clouds::http::Http::send`] says, and [`Error::SignIn`] when the session cannot be renewed.
    pub(super) async fn answer(&self, call: Call) -> Result<Answer> {
        let mut versioned = call.has_version() && !self.version.is_left_out();
        let mut may_renew = call.method == Method::GET;
        loop {
            let mut headers = self.headers(&call, versioned)?;
            let stamp = self.sessions.prove(&mut headers)?;
            let answer = self.http.send(request(&call, headers)).await?;
            match answer.status {
                StatusCode::UNAUTHORIZED if may_renew => {
                    may_renew = false;
                    self.renew(stamp).await?;
                    continue;
                }
                StatusCode::UNAUTHORIZED => return Ok(answer),
                _ => self.sessions.observe(stamp, &answer.headers),
            }
            if versioned && is_version_refused(answer.status) {
                versioned = false;
                continue;
            }
            if call.has_version() && !versioned && answer.status.is_success() {
                self.version.left_out.store(true, Ordering::Relaxed);
            }
            return Ok(answer);
        }
    }

    fn headers(&self, call: &Call, versioned: bool) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, self.version.header(call.accept, versioned)?);
        if let Some((media, _)) = &call.content {
            headers.insert(CONTENT_TYPE, self.version.header(*media, versioned)?);
        }
        Ok(headers)
    }

    /// Signs in with the configured credentials and begins a session. The answer is the user.
    pub(super) async fn sign_in(&self) -> Result<Answer> {
        let _alone = self.sessions.alone().await;
        let (value, bearer) = login(&self.credentials).await?;
        self.sign_in_with(&value, bearer).await
    }

    /// Signs in again after a 401, unless somebody has done so meanwhile.
    async fn renew(&self, stamp: Stamp) -> Result<()> {
        let sign_in = async |login: HeaderValue| self.sign_in_with(&login, false).await.map(drop);
        self.sessions.renew(stamp, sign_in).await
    }

    async fn sign_in_with(&self, value: &HeaderValue, bearer: bool) -> Result<Answer> {
        let call = Call::get(Route::new("/login?expand=privileges")?, "user").acting();
        let mut versioned = !self.version.is_left_out();
        loop {
            let mut headers = self.headers(&call, versioned)?;
            headers.insert(reqwest::header::AUTHORIZATION, value.clone());
            let answer = self.http.send(request(&call, headers)).await?;
            let refused = match answer.status {
                status if versioned && is_version_refused(status) => {
                    versioned = false;
                    continue;
                }
                StatusCode::UNAUTHORIZED if bearer => Error::SignIn(
                    "the cloud does not accept the token, which may have expired".to_owned(),
                ),
                StatusCode::UNAUTHORIZED => {
                    Error::SignIn("wrong user name or password, or the user is disabled".to_owned())
                }
                status if status.is_success() => {
                    if !versioned {
                        self.version.left_out.store(true, Ordering::Relaxed);
                    }
                    self.sessions.begin(value, bearer, &answer.headers);
                    return Ok(answer);
                }
                _ => refusal(&answer),
            };
            return Err(refused);
        }
    }
}

/// Accept (406) and Content-Type (415) are looked at before anything is done.
fn is_version_refused(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE
    )
}

fn request(call: &Call, headers: HeaderMap) -> Request {
    Request {
        method: call.method.clone(),
        route: call.route.clone(),
        lane: call.lane,
        headers,
        body: call.content.as_ref().map(|(_, body)| body.clone()),
        list: call.list,
    }
}
