//! One call on the API: its headers, its session, and what is done when the session has ended.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::Zstack;
use super::refusal::{is_session_over, refusal};
use super::session::Stamp;
use crate::clouds::http::{Answer, Lane, Request, Route};
use crate::clouds::{Error, Result};

/// The caller's own id of a job.
const JOB: HeaderName = HeaderName::from_static("x-job-uuid");

/// What is asked of the server.
#[derive(Clone)]
pub(super) struct Call {
    method: Method,
    route: Route,
    body: Option<Vec<u8>>,
    job: Option<String>,
    lane: Lane,
    list: bool,
}

impl Call {
    /// Reads something.
    ///
    /// # Errors
    /// [`Error::Link`] when the address is none.
    pub fn get(path_and_query: &str, lane: Lane) -> Result<Self> {
        Ok(Self {
            method: Method::GET,
            route: Route::new(path_and_query)?,
            body: None,
            job: None,
            lane,
            list: false,
        })
    }

    /// Changes something, or logs in. PUT, POST, or DELETE without a body.
    ///
    /// # Errors
    /// As [`Call::get`].
    pub fn change(method: Method, path_and_query: &str, body: Option<&Value>) -> Result<Self> {
        Ok(Self {
            method,
            body: body.map(|body| body.to_string().into_bytes()),
            ..Self::get(path_and_query, Lane::Act)?
        })
    }

    /// The same call for a list, which may be large.
    pub fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The same call as a job of this id.
    pub fn with_job(mut self, job: &str) -> Self {
        self.job = Some(job.to_owned());
        self
    }
}

impl Zstack {
    /// Makes a call and returns its answer, which is a success.
    ///
    /// # Errors
    /// What [`refusal`] makes of an answer, and what [`Zstack::answer`] says.
    pub(super) async fn call(&self, call: Call) -> Result<Answer> {
        let answer = self.answer(call).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(refusal(&answer))
        }
    }

    /// Reads something.
    ///
    /// # Errors
    /// As [`Zstack::call`].
    pub(super) async fn get(&self, path_and_query: &str, lane: Lane) -> Result<Answer> {
        self.call(Call::get(path_and_query, lane)?).await
    }

    /// Makes a call that is answered at once, whatever the status. When the session has ended, which proves that nothing was executed,
    /// logs in and makes the call once more.
    ///
    /// # Errors
    /// What [`crate::clouds::http::Http::send`] says, and [`Error::SignIn`] when nobody can be logged in.
    pub(super) async fn answer(&self, call: Call) -> Result<Answer> {
        if call.lane == Lane::Read {
            self.renew_if_due().await;
        }
        let (stamp, answer) = self.send(call.clone()).await?;
        if !is_session_over(&answer) {
            return Ok(answer);
        }
        self.log_in_again(stamp).await?;
        Ok(self.send(call).await?.1)
    }

    /// Sends a call once, as whoever is signed in.
    ///
    /// # Errors
    /// As [`Zstack::answer`].
    pub(super) async fn send(&self, call: Call) -> Result<(Stamp, Answer)> {
        let mut headers = HeaderMap::new();
        let (method, path) = (call.method.as_str(), call.route.path());
        let stamp = self.sessions.prove(&mut headers, method, path)?;
        Ok((stamp, self.send_with(call, headers).await?))
    }

    /// Sends a call once, as nobody: logging in and out, and what anybody may ask.
    ///
    /// # Errors
    /// As [`Zstack::answer`].
    pub(super) async fn send_bare(&self, call: Call) -> Result<Answer> {
        self.send_with(call, HeaderMap::new()).await
    }

    /// Sends a call once, with credentials in the headers.
    ///
    /// # Errors
    /// As [`Zstack::answer`].
    pub(super) async fn send_with(&self, call: Call, mut headers: HeaderMap) -> Result<Answer> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if call.body.is_some() {
            let json = HeaderValue::from_static("application/json;charset=UTF-8");
            headers.insert(CONTENT_TYPE, json);
        }
        if let Some(job) = &call.job {
            let value = HeaderValue::from_str(job)
                .map_err(|_| Error::Link("the job has no proper id".to_owned()))?;
            headers.insert(JOB, value);
        }
        let request = Request {
            method: call.method,
            route: call.route,
            lane: call.lane,
            headers,
            body: call.body,
            list: call.list,
        };
        self.http.send(request).await
    }

    /// Logs in after the server said that the session has ended, unless somebody has done so meanwhile.
    ///
    /// # Errors
    /// Why nobody can be logged in.
    pub(super) async fn log_in_again(&self, stamp: Stamp) -> Result<()> {
        let log_in = async |()| self.log_in().await;
        self.sessions.log_in_again(stamp, log_in).await
    }

    /// Whether an answer is that of a job which still runs.
    pub(super) fn is_running(answer: &Answer) -> bool {
        answer.status == StatusCode::ACCEPTED
    }
}
