//! The one HTTP client of all clouds: where requests go, how long they may take, how much they may answer, and what their failure
//! says.
//!
//! - Requests go to the configured origin only ([`Origin`]); redirects are not followed.
//! - Reading and acting are lanes of their own, so that a long listing never delays a power action.
//! - A GET whose connection breaks before its answer begins is sent once more. Nothing else is ever repeated.
//! - Bodies are read in chunks up to a limit, and a body that stops flowing is given up.
//! - No error holds a header or a body of a request.

mod client;
mod failure;
mod origin;
mod redirect;
mod retry_after;

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::{Error, Result};
use crate::config::Tls;
use client::{Use, client};
use failure::{failure, is_broken};

pub use origin::{Origin, Route};
pub(super) use redirect::redirect;
pub use retry_after::{date, retry_after};

/// The most memory that is set aside because a server announces a large body, in bytes.
const MAX_RESERVED: usize = 8 << 20;

/// How long things may take and how large they may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// From sending a request to the head of its answer.
    pub answer: Duration,
    /// Between two chunks of a body.
    pub stall: Duration,
    /// For a request and its answer as a whole.
    pub whole: Duration,
    /// The same for a list, which may be large as long as it flows.
    pub whole_list: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
    /// The largest body, in bytes.
    pub body: usize,
    /// The largest body of a list, in bytes.
    pub body_list: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            stall: Duration::from_secs(15),
            whole: Duration::from_secs(30),
            whole_list: Duration::from_secs(300),
            idle: Duration::from_secs(30),
            body: 8 << 20,
            body_list: 64 << 20,
        }
    }
}

/// Which queue a request stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Listings and whatever can wait for them.
    Read,
    /// What a person waits for: actions, and the reading that belongs to them.
    Act,
}

/// One request.
pub struct Request {
    /// GET, PUT, POST …
    pub method: Method,
    /// Where to.
    pub route: Route,
    /// In which queue.
    pub lane: Lane,
    /// Its headers, credentials included.
    pub headers: HeaderMap,
    /// Its body; `None` sends none.
    pub body: Option<Vec<u8>>,
    /// Whether the answer is a list, which may be larger and take longer.
    pub list: bool,
}

impl fmt::Debug for Request {
    /// Without headers and body: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// A whole answer, of any status.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, at most as large as the limit.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    /// Without headers and body: they hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The client of one cloud.
#[derive(Debug)]
pub struct Http {
    origin: Origin,
    limits: Limits,
    reading: reqwest::Client,
    changing: reqwest::Client,
    reads: Semaphore,
    acts: Semaphore,
}

impl Http {
    /// A client for the API at `url`, with at most `concurrency` requests under way in each lane. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up, with the remedy.
    pub fn new(url: &Url, tls: &Tls, concurrency: usize, limits: Limits) -> Result<Self> {
        let concurrency = concurrency.max(1);
        Ok(Self {
            origin: Origin::new(url),
            reading: client(url, tls, &limits, Use::Reading(concurrency))?,
            changing: client(url, tls, &limits, Use::Changing)?,
            reads: Semaphore::new(concurrency),
            acts: Semaphore::new(concurrency),
            limits,
        })
    }

    /// Where requests go.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends a request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when nothing was sent, [`Error::NoAnswer`] when no whole answer came,
    /// [`Error::Protocol`] when it is too large, [`Error::Link`] when the route is none.
    pub async fn send(&self, request: Request) -> Result<Answer> {
        let url = self.origin.url(&request.route)?;
        let lane = match request.lane {
            Lane::Read => &self.reads,
            Lane::Act => &self.acts,
        };
        // The semaphore is never closed, so that there is always a permit in the end.
        let _permit = lane.acquire().await;
        let whole = if request.list {
            self.limits.whole_list
        } else {
            self.limits.whole
        };
        timeout(whole, self.exchange(url, request))
            .await
            .unwrap_or_else(|_| Err(too_long("no whole answer", whole)))
    }

    async fn exchange(&self, url: Url, request: Request) -> Result<Answer> {
        let response = self.head(url, &request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let most = if request.list {
            self.limits.body_list
        } else {
            self.limits.body
        };
        let body = self.body(response, most).await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Sends the request until its answer begins.
    async fn head(&self, url: Url, request: &Request) -> Result<reqwest::Response> {
        let reading = request.method == Method::GET;
        let client = if reading {
            &self.reading
        } else {
            &self.changing
        };
        let mut again = reading;
        loop {
            let mut builder = client
                .request(request.method.clone(), url.clone())
                .headers(request.headers.clone());
            if let Some(body) = &request.body {
                builder = builder.body(body.clone());
            } else if !reading {
                builder = builder.header(CONTENT_LENGTH, 0);
            }
            match timeout(self.limits.answer, builder.send()).await {
                Ok(Ok(response)) => return Ok(response),
                // A kept connection may have been closed by the server in the meantime; a GET may be sent again.
                Ok(Err(error)) if again && !error.is_connect() && is_broken(&error) => {
                    again = false
                }
                Ok(Err(error)) => return Err(failure(&error, self.origin.authority())),
                Err(_) => return Err(too_long("nothing", self.limits.answer)),
            }
        }
    }

    async fn body(&self, mut response: reqwest::Response, most: usize) -> Result<Vec<u8>> {
        let too_large = || Error::Protocol(format!("it is larger than {}", size(most)));
        let announced = response.content_length().unwrap_or(0);
        if announced > most as u64 {
            return Err(too_large());
        }
        let mut body =
            Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(MAX_RESERVED));
        loop {
            match timeout(self.limits.stall, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > most => return Err(too_large()),
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => return Err(failure(&error, self.origin.authority())),
                Err(_) => return Err(too_long("the answer stopped", self.limits.stall)),
            }
        }
    }
}

fn too_long(what: &str, limit: Duration) -> Error {
    Error::NoAnswer(format!("{what} within {} s", limit.as_secs_f32()))
}

fn size(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mib => format!("{mib} MiB"),
    }
}
