//! One call on a service: its token, its version, and what is done when the token has ended.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::Openstack;
use super::catalogue::Service;
use super::refusal::refusal;
use super::session::{Scope, Stamp, Token};
use super::versions::Microversion;
use crate::clouds::http::{Answer, Http, Lane, Request, Route};
use crate::clouds::{Error, Result};
use crate::config::is_loopback;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const VERSION: HeaderName = HeaderName::from_static("openstack-api-version");
const NOVA_VERSION: HeaderName = HeaderName::from_static("x-openstack-nova-api-version");

/// One region as one project sees it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub scope: Arc<Scope>,
    pub region: Arc<str>,
}

/// Which service is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    Compute,
    Image,
    /// Keystone, wherever the configuration has it.
    Identity,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Call {
    to: To,
    method: Method,
    path: String,
    body: Option<Vec<u8>>,
    lane: Lane,
    list: bool,
}

impl Call {
    /// Reads something. The path begins below the service's endpoint.
    pub fn get(to: To, path: impl Into<String>, lane: Lane) -> Self {
        Self {
            to,
            method: Method::GET,
            path: path.into(),
            body: None,
            lane,
            list: false,
        }
    }

    /// Reads a list, which may be large.
    pub fn list(to: To, path: impl Into<String>, lane: Lane) -> Self {
        Self {
            list: true,
            ..Self::get(to, path, lane)
        }
    }

    /// Changes something.
    pub fn change(method: Method, path: impl Into<String>, body: Option<&Value>) -> Self {
        Self {
            method,
            body: body.map(|body| body.to_string().into_bytes()),
            ..Self::get(To::Compute, path, Lane::Act)
        }
    }
}

/// The headers that every request has.
pub(super) fn headers(token: Option<&HeaderValue>, has_body: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    if has_body {
        headers.insert(CONTENT_TYPE, json.clone());
    }
    headers.insert(ACCEPT, json);
    if let Some(token) = token {
        headers.insert(TOKEN, token.clone());
    }
    headers
}

impl Openstack {
    /// Makes a call and returns its answer, which is a success.
    ///
    /// # Errors
    /// What [`refusal`] makes of an answer, and what [`Openstack::answer`] says.
    pub(super) async fn call(&self, place: &Place, call: &Call) -> Result<Answer> {
        let answer = self.answer(place, call).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(refusal(&answer))
        }
    }

    /// Makes a call that is answered at once, whatever the status. When the token has ended, which proves that nothing was executed, signs
    /// in and makes the call once more.
    async fn answer(&self, place: &Place, call: &Call) -> Result<Answer> {
        let (_, stamp, due) = place.scope.current()?;
        if due {
            // Should that fail, the token is good for a while yet.
            let _ = self.renew(&place.scope, stamp).await;
        }
        let (token, stamp, _) = place.scope.current()?;
        let sent = self.send(place, &token, call).await;
        let ended = match &sent {
            Ok(answer) => answer.status == StatusCode::UNAUTHORIZED,
            // Said on the way, when the versions were asked for.
            Err(error) => error.needs_sign_in(),
        };
        if ended {
            self.renew(&place.scope, stamp).await?;
            let (token, ..) = place.scope.current()?;
            return self.send(place, &token, call).await;
        }
        if let Ok(answer) = &sent
            && answer.status == StatusCode::NOT_ACCEPTABLE
        {
            // The server has become another one: its versions are asked for again.
            self.versions().clear();
        }
        sent
    }

    /// The microversion that is spoken in a place.
    ///
    /// # Errors
    /// As [`Openstack::call`].
    pub(super) async fn version(&self, place: &Place, lane: Lane) -> Result<Microversion> {
        let (token, stamp, _) = place.scope.current()?;
        match self.version_with(place, &token, lane).await {
            Err(error) if error.needs_sign_in() => {
                self.renew(&place.scope, stamp).await?;
                let (token, ..) = place.scope.current()?;
                self.version_with(place, &token, lane).await
            }
            version => version,
        }
    }

    async fn version_with(&self, place: &Place, token: &Token, lane: Lane) -> Result<Microversion> {
        let url = token.catalogue.endpoint(Service::Compute, &place.region)?;
        Ok(self.compute(url, &token.value, lane).await?.1)
    }

    async fn send(&self, place: &Place, token: &Token, call: &Call) -> Result<Answer> {
        let mut headers = headers(Some(&token.value), call.body.is_some());
        let http = match call.to {
            To::Identity => self.keystone.clone(),
            To::Image => {
                let url = token.catalogue.endpoint(Service::Image, &place.region)?;
                self.http_for(url)?
            }
            To::Compute => {
                let url = token.catalogue.endpoint(Service::Compute, &place.region)?;
                let (http, version) = self.compute(url, &token.value, call.lane).await?;
                add_version(&mut headers, version);
                http
            }
        };
        // An image service's address may end behind the version that the path begins with.
        let path = match call.to {
            To::Image if http.origin().ends_with("/v2") => {
                call.path.strip_prefix("/v2").unwrap_or(&call.path)
            }
            _ => &call.path,
        };
        http.send(Request {
            method: call.method.clone(),
            route: Route::new(path)?,
            lane: call.lane,
            headers,
            body: call.body.clone(),
            list: call.list,
        })
        .await
    }

    /// Signs in again, unless somebody has done so since the stamp.
    ///
    /// # Errors
    /// Why nobody can be signed in.
    pub(super) async fn renew(&self, scope: &Scope, stamp: Stamp) -> Result<()> {
        scope
            .renew(stamp, async |()| self.sign_in(scope).await)
            .await
    }

    /// The client of an address of the catalogue.
    ///
    /// # Errors
    /// [`Error::Link`] when it would give up TLS, which the sign-in has.
    pub(super) fn http_for(&self, url: &Url) -> Result<Arc<Http>> {
        let gives_up_tls = url.scheme() == "http" && self.signs_in_with_tls && !is_loopback(url);
        if gives_up_tls && !self.settings.plain_http {
            return Err(Error::Link(format!(
                "the catalogue leads to http://{}, without TLS; plain_http = true would allow that",
                url.host_str().unwrap_or_default()
            )));
        }
        let mut clients = self.clients();
        if let Some(known) = clients.get(url.as_str()) {
            return Ok(known.clone());
        }
        let http = Http::new(url, &self.tls, self.concurrency, self.limits.clone())?;
        let http = Arc::new(http);
        clients.insert(url.as_str().to_owned(), http.clone());
        Ok(http)
    }
}

fn add_version(headers: &mut HeaderMap, version: Microversion) {
    if version.is_base() {
        return;
    }
    let value = version.to_string();
    if let (Ok(new), Ok(old)) = (
        HeaderValue::from_str(&format!("compute {value}")),
        HeaderValue::from_str(&value),
    ) {
        headers.insert(VERSION, new);
        // Before 2.27 this one alone counted.
        headers.insert(NOVA_VERSION, old);
    }
}
