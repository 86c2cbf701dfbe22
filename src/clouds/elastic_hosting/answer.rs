//! What an answer says: whether it is one of the API at all, whether it is a success, and in which words it says no.
//!
//! Success is HTTP 200 or 201 *and* `errno` 0: a failure comes with HTTP 200 as well.

use jiff::Timestamp;
use reqwest::StatusCode;

use super::wire::Envelope;
use crate::clouds::body::foreign;
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, redirect, retry_after};
use crate::clouds::lenient::Object;
use crate::clouds::{Error, Result};
use crate::model::text::clean_to;

/// How much is kept of the API's own words, in characters.
const MAX_MESSAGE: usize = 500;

/// Whether a body begins as JSON does. The type that an answer declares is not to be trusted here.
pub(super) fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Whether an answer is the API's own, whatever it says: it carries an `errno`.
pub(super) fn is_of_the_api(answer: &Answer) -> bool {
    envelope(&answer.body).is_some_and(|envelope| envelope.errno.0.is_some())
}

/// Whether an answer succeeded, as far as HTTP tells.
pub(super) fn is_success(answer: &Answer) -> bool {
    matches!(answer.status, StatusCode::OK | StatusCode::CREATED)
}

/// A reading's answer, which is a success. Some answers come without an envelope.
///
/// # Errors
/// What the answer says instead.
pub(super) fn read(answer: Answer) -> Result<Answer> {
    if !is_success(&answer) {
        return Err(refusal(&answer));
    }
    match envelope(&answer.body).and_then(|envelope| envelope.errno.0) {
        None | Some(0) => Ok(answer),
        Some(_) => Err(refusal(&answer)),
    }
}

/// That a change was accepted. Without an `errno` nothing proves that it was, nor that it was not.
///
/// # Errors
/// What the answer says instead.
pub(super) fn changed(answer: &Answer) -> Result<()> {
    if !is_success(answer) {
        return Err(refusal(answer));
    }
    match envelope(&answer.body).and_then(|envelope| envelope.errno.0) {
        Some(0) => Ok(()),
        Some(_) => Err(refusal(answer)),
        None if is_json(&answer.body) => Err(Error::Protocol(
            "the answer to the action does not say whether it was accepted".to_owned(),
        )),
        None => Err(Error::Protocol(format!(
            "the answer to the action is no JSON: {}",
            foreign(&answer.body)
        ))),
    }
}

fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let Object(envelope) = serde_json::from_slice(body).ok()?;
    envelope
}

/// The error of an answer that is no success.
pub(super) fn refusal(answer: &Answer) -> Error {
    let status = answer.status;
    let (code, message) = words(&answer.body);
    let rejection = Rejection {
        status: status.as_u16(),
        code,
        message,
    };
    match status {
        _ if is_success(answer) => Error::Rejected(rejection),
        StatusCode::UNAUTHORIZED => Error::SignIn(
            "the cloud does not accept the user name and password, or the session has ended"
                .to_owned(),
        ),
        StatusCode::FORBIDDEN => Error::Forbidden(rejection.to_string()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(rejection.to_string()),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::LOCKED => {
            Error::Conflict(rejection)
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            unavailable(answer, rejection)
        }
        _ if status.is_server_error() => unavailable(answer, rejection),
        _ if status.is_redirection() => Error::Protocol(redirect(answer)),
        _ if status.is_client_error() => Error::Rejected(rejection),
        _ => Error::Protocol(format!("HTTP {}", status.as_u16())),
    }
}

fn unavailable(answer: &Answer, rejection: Rejection) -> Error {
    let reason = answer.status.canonical_reason().unwrap_or_default();
    let silent = rejection.message.is_empty() && rejection.code.is_none();
    Error::Unavailable {
        status: answer.status.as_u16(),
        message: if silent {
            reason.to_owned()
        } else {
            rejection.to_string()
        },
        retry_after: retry_after(&answer.headers, Timestamp::now()),
    }
}

/// The API's `errno` and words; of any other body what a person can read.
fn words(body: &[u8]) -> (Option<String>, String) {
    let Some(envelope) = envelope(body) else {
        return (None, foreign(body));
    };
    let code = envelope.errno.0.map(|errno| format!("errno {errno}"));
    let message = envelope.message.get().unwrap_or_default().trim();
    (code, clean_to(message, MAX_MESSAGE).into_owned())
}
