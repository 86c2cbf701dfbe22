//! Answers that are no success, as errors that say what the server said.

use jiff::Timestamp;
use reqwest::StatusCode;

use super::wire::lenient::Object;
use super::wire::{Collection, ErrorEntry};
use crate::clouds::body::{foreign, is_html};
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, redirect, retry_after};
use crate::clouds::{Error, Result};
use crate::model::text::clean_to;

pub(super) use crate::clouds::body::{decode, decode_with};

/// How much is kept of a body that is no error of the API, in characters.
const MAX_FOREIGN: usize = 200;

/// How much is kept of the API's own words, in characters.
const MAX_MESSAGE: usize = 500;

/// The error of an answer whose status is no success.
pub(super) fn refusal(answer: &Answer) -> Error {
    let status = answer.status;
    let (code, message) = words(&answer.body);
    let sentence = |code: Option<String>, message: String| {
        Rejection {
            status: status.as_u16(),
            code,
            message,
        }
        .to_string()
    };
    match status {
        StatusCode::UNAUTHORIZED => Error::SignIn(
            "the cloud does not accept the credentials, or the session has ended".to_owned(),
        ),
        StatusCode::FORBIDDEN => Error::Forbidden(sentence(code, message)),
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(sentence(code, message)),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::LOCKED => {
            Error::Conflict(Rejection {
                status: status.as_u16(),
                code,
                message,
            })
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            unavailable(answer, code, message)
        }
        _ if status.is_server_error() => unavailable(answer, code, message),
        _ if status.is_redirection() => Error::Protocol(redirect(answer)),
        _ if status.is_client_error() => Error::Rejected(Rejection {
            status: status.as_u16(),
            code,
            message,
        }),
        _ => Error::Protocol(format!("HTTP {status}")),
    }
}

fn unavailable(answer: &Answer, code: Option<String>, message: String) -> Error {
    let message = match code {
        Some(code) if message.is_empty() => code,
        Some(code) => format!("{message} ({code})"),
        None if message.is_empty() => answer
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
        None => message,
    };
    Error::Unavailable {
        status: answer.status.as_u16(),
        message,
        retry_after: retry_after(&answer.headers, Timestamp::now()),
    }
}

/// The API's code and words of an error body; of any other body what a person can read.
fn words(body: &[u8]) -> (Option<String>, String) {
    if let Ok(Object(Some(errors))) =
        serde_json::from_slice::<Object<Collection<'_, ErrorEntry<'_>>>>(body)
    {
        let entries = &errors.collection.items;
        let code = entries.iter().find_map(|entry| entry.code.get());
        let messages: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.message.get())
            .collect();
        if code.is_some() || !messages.is_empty() {
            let code = code.map(|code| clean_to(code, MAX_FOREIGN).into_owned());
            return (
                code,
                clean_to(&messages.join("; "), MAX_MESSAGE).into_owned(),
            );
        }
    }
    (None, foreign(body))
}

/// A success whose body is not what the API answers: a proxy's page, say. Whether anything was done is not known.
pub(super) fn unreadable(answer: &Answer) -> Error {
    let status = answer.status.as_u16();
    if is_html(&answer.body) {
        let page = foreign(&answer.body);
        Error::Protocol(format!(
            "HTTP {status} with {page}, which is none of the API's"
        ))
    } else {
        Error::Protocol(format!(
            "HTTP {status} with a body that is none of the API's"
        ))
    }
}

/// The success of a change that is done when it is answered, and whose answer has nothing to say.
///
/// # Errors
/// [`unreadable`] when there is a body: then somebody else may have answered.
pub(super) fn said_nothing(answer: &Answer) -> Result<()> {
    if answer.body.trim_ascii().is_empty() {
        Ok(())
    } else {
        Err(unreadable(answer))
    }
}
