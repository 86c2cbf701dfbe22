//! One call on the API: its place in both spellings, the session, and what is done when one of them is not taken.

use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};

use super::ElasticHosting;
use super::answer::{changed, is_json, is_of_the_api, is_success, read, refusal};
use super::form::Form;
use super::session::{Login, Stamp};
use crate::clouds::http::{Answer, Lane, Request, Route};
use crate::clouds::{Error, Result};

/// A kind of place of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The list of VMs.
    Vms,
    /// One VM, read.
    Vm,
    /// One VM, changed.
    Change,
    /// The hardware profiles.
    Profiles,
    /// The log and the transactions.
    Log,
}

/// How a kind of place is spelled. The manual ends every address with a slash, a client that worked leaves it out: what is not
/// proven yet is tried with the slash first, and what worked is remembered.
#[derive(Debug, Default)]
pub(super) struct Spellings([AtomicU8; 5]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Slash,
    Bare,
}

impl Spelling {
    fn other(self) -> Self {
        match self {
            Self::Slash => Self::Bare,
            Self::Bare => Self::Slash,
        }
    }
}

impl Spellings {
    /// The spelling to try first, and whether it is proven.
    fn first(&self, kind: Kind) -> (Spelling, bool) {
        match self.0[kind as usize].load(Ordering::Relaxed) {
            1 => (Spelling::Slash, true),
            2 => (Spelling::Bare, true),
            // A change goes where the reading of the same VM went.
            _ if kind == Kind::Change => (self.first(Kind::Vm).0, false),
            _ => (Spelling::Slash, false),
        }
    }

    fn remember(&self, kind: Kind, spelling: Spelling) {
        let value = match spelling {
            Spelling::Slash => 1,
            Spelling::Bare => 2,
        };
        self.0[kind as usize].store(value, Ordering::Relaxed);
    }
}

/// A place of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    kind: Kind,
    /// Without a slash at its end.
    path: String,
}

impl Place {
    pub fn vms() -> Self {
        Self::new(Kind::Vms, "vm/list")
    }

    pub fn profiles() -> Self {
        Self::new(Kind::Profiles, "htemplate/list")
    }

    pub fn log() -> Self {
        Self::new(Kind::Log, "log/list")
    }

    /// A VM by its locator: its uuid as one segment of a path.
    pub fn vm(locator: &str) -> Result<Self> {
        if locator.is_empty() || locator.contains(['/', '?', '#']) {
            return Err(Error::Link("it names no VM of this cloud".to_owned()));
        }
        Ok(Self::new(Kind::Vm, &format!("vm/{locator}")))
    }

    /// The same VM, to be changed.
    pub fn change(locator: &str) -> Result<Self> {
        Ok(Self {
            kind: Kind::Change,
            ..Self::vm(locator)?
        })
    }

    fn new(kind: Kind, tail: &str) -> Self {
        Self {
            kind,
            path: format!("/rest/hosting/{tail}"),
        }
    }

    fn route(&self, spelling: Spelling) -> Result<Route> {
        match spelling {
            Spelling::Slash => Route::new(&format!("{}/", self.path)),
            Spelling::Bare => Route::new(&self.path),
        }
    }
}

/// What an answer asks for instead of being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The other spelling.
    Respell,
    /// A log-in.
    LogIn,
    /// Nothing: it is an answer.
    No,
}

/// What is sent to a place besides the session's headers.
struct Content {
    method: Method,
    lane: Lane,
    form: Option<Form>,
}

/// What came of a request.
struct Exchange {
    answer: Answer,
    /// What it was sent with.
    stamp: Stamp,
    /// Whether it says that nobody is signed in.
    wants_log_in: bool,
}

impl ElasticHosting {
    /// Reads something: an answer of JSON that is a success.
    ///
    /// A session of the log-in form that has ended is renewed once, and the reading made once more.
    ///
    /// # Errors
    /// What [`crate::clouds::http::Http::send`] and [`refusal`] say, and [`Error::SignIn`] when the session cannot be renewed.
    pub(super) async fn get(&self, place: &Place, lane: Lane) -> Result<Answer> {
        let first = self.exchange(place, &reading(lane)).await?;
        if !first.wants_log_in {
            return read(first.answer);
        }
        if !self.sessions.is_renewable() {
            return Err(not_signed_in(&first.answer));
        }
        self.renew(first.stamp).await?;
        match self.get_once(place, lane).await? {
            Read::Answer(answer) => Ok(answer),
            Read::NotSignedIn(error) => Err(error),
        }
    }

    /// Reads something without a second try. That nobody is signed in is no error here.
    ///
    /// # Errors
    /// As [`ElasticHosting::get`].
    pub(super) async fn get_once(&self, place: &Place, lane: Lane) -> Result<Read> {
        let exchange = self.exchange(place, &reading(lane)).await?;
        if exchange.wants_log_in {
            return Ok(Read::NotSignedIn(not_signed_in(&exchange.answer)));
        }
        read(exchange.answer).map(Read::Answer)
    }

    /// Changes a VM, once: the form is sent again only where the answer proves that nothing was executed, because the address
    /// was spelled otherwise than the server has it.
    ///
    /// # Errors
    /// What [`crate::clouds::http::Http::send`] and [`changed`] say.
    pub(super) async fn post(&self, place: &Place, fields: &[(&'static str, &str)]) -> Result<()> {
        let content = Content {
            method: Method::POST,
            lane: Lane::Act,
            form: Some(Form::new(self.body, fields)),
        };
        changed(&self.exchange(place, &content).await?.answer)
    }

    /// Sends a request to a place, and to its other spelling where the first is not the server's.
    async fn exchange(&self, place: &Place, content: &Content) -> Result<Exchange> {
        let (spelling, proven) = self.spellings.first(place.kind);
        let (answer, stamp) = self.send(place, spelling, content).await?;
        let turn = self.turn(place, spelling, proven, content, &answer);
        if turn != Turn::Respell {
            self.remember(place, spelling, &answer);
            return Ok(Exchange {
                answer,
                stamp,
                wants_log_in: turn == Turn::LogIn,
            });
        }
        let other = spelling.other();
        let (second, second_stamp) = self.send(place, other, content).await?;
        let turn = self.turn(place, other, false, content, &second);
        if turn == Turn::Respell {
            // It is in neither: the spelling that was tried first says so.
            return Ok(Exchange {
                answer,
                stamp,
                wants_log_in: false,
            });
        }
        self.remember(place, other, &second);
        Ok(Exchange {
            answer: second,
            stamp: second_stamp,
            wants_log_in: turn == Turn::LogIn,
        })
    }

    fn remember(&self, place: &Place, spelling: Spelling, answer: &Answer) {
        if is_success(answer) && is_json(&answer.body) {
            self.spellings.remember(place.kind, spelling);
        }
    }

    async fn send(
        &self,
        place: &Place,
        spelling: Spelling,
        content: &Content,
    ) -> Result<(Answer, Stamp)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, */*;q=0.5"),
        );
        if let Some(form) = &content.form {
            headers.insert(CONTENT_TYPE, form.content_type.clone());
        }
        let stamp = self.sessions.prove(&mut headers)?;
        let request = Request {
            method: content.method.clone(),
            route: place.route(spelling)?,
            lane: content.lane,
            headers,
            body: content.form.as_ref().map(|form| form.body.clone()),
            list: !matches!(place.kind, Kind::Vm | Kind::Change),
        };
        let answer = self.http.send(request).await?;
        self.sessions.observe(stamp, &answer.headers);
        Ok((answer, stamp))
    }

    /// What an answer asks for. `proven` says that this spelling of the place has worked before.
    fn turn(
        &self,
        place: &Place,
        spelling: Spelling,
        proven: bool,
        content: &Content,
        answer: &Answer,
    ) -> Turn {
        match answer.status {
            StatusCode::UNAUTHORIZED => Turn::LogIn,
            // An address that worked before is right: what it no longer finds is gone.
            StatusCode::NOT_FOUND if !proven && !is_of_the_api(answer) => Turn::Respell,
            status if status.is_redirection() => {
                let reading = content.method == Method::GET;
                match self.redirect_to(place, spelling, answer) {
                    // 303 is how a server answers what it *has* executed.
                    RedirectTo::OtherSpelling if reading || status != StatusCode::SEE_OTHER => {
                        Turn::Respell
                    }
                    RedirectTo::Nowhere if reading && !proven => Turn::Respell,
                    RedirectTo::Elsewhere => Turn::LogIn,
                    _ => Turn::No,
                }
            }
            _ if is_success(answer) && !answer.body.is_empty() && !is_json(&answer.body) => {
                Turn::LogIn
            }
            _ => Turn::No,
        }
    }

    fn redirect_to(&self, place: &Place, spelling: Spelling, answer: &Answer) -> RedirectTo {
        let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
        let Some(to) = to.filter(|to| to.starts_with('/') || to.contains("://")) else {
            return RedirectTo::Nowhere;
        };
        let route = self.http.origin().route(to).ok();
        let leads_to = |spelling| {
            let place = place.route(spelling).ok();
            route.as_ref().map(Route::path) == place.as_ref().map(Route::path)
        };
        if leads_to(spelling.other()) {
            RedirectTo::OtherSpelling
        } else if leads_to(spelling) {
            RedirectTo::Same
        } else {
            RedirectTo::Elsewhere
        }
    }

    /// Logs in again, unless somebody has done so meanwhile.
    async fn renew(&self, stamp: Stamp) -> Result<()> {
        let log_in = async |login: Login| self.log_in(&login).await;
        self.sessions.renew(stamp, log_in).await
    }
}

/// What a reading without a second try came to.
pub(super) enum Read {
    /// The answer, a success.
    Answer(Answer),
    /// The server does not take the session; in words for a person.
    NotSignedIn(Error),
}

/// Where a redirect leads.
enum RedirectTo {
    /// The same place with the slash at its end, or without it.
    OtherSpelling,
    /// The very address that was asked, on another host or by another scheme.
    Same,
    /// Another page: that of the log-in, as a rule.
    Elsewhere,
    /// It does not say.
    Nowhere,
}

fn reading(lane: Lane) -> Content {
    Content {
        method: Method::GET,
        lane,
        form: None,
    }
}

/// Why nobody is signed in, by an answer that says so.
fn not_signed_in(answer: &Answer) -> Error {
    if answer.status == StatusCode::UNAUTHORIZED {
        return refusal(answer);
    }
    Error::SignIn(
        "the cloud answers with a web page in place of its data; check url, username and password, and whether auth should be \"form\""
            .to_owned(),
    )
}
