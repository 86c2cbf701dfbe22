//! Answers that are no success, as errors that say what the server said.

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::de::IgnoredAny;

use super::wire::lenient::Object;
use super::wire::{Collection, ErrorEntry};
use crate::clouds::body::{foreign, is_html};
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, redirect, retry_after};
use crate::clouds::{Error, Execution, Result};
use crate::model::text::clean_to;
use crate::model::{Action, VappAction};

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

/// A soft limit: it may be passed knowingly, a hard one never.
const SOFT_LIMIT: &[&str] = &["SOFT_LIMIT_EXCEEDED"];

/// An imported VM, or a disk that is not in the catalogue: undeploying loses it.
const LOSES_DATA: &[&str] = &["VM-44", "VM-109", "VM-148"];

/// A VM of an action plan.
const PLANNED: &[&str] = &["VM-167"];

/// The codes that an action may be told to pass over and was not told yet, by the documents.
pub(super) fn passed_over(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Deploy { force: false } => SOFT_LIMIT,
        Action::Undeploy { force: false } => LOSES_DATA,
        Action::Delete { force: false, .. } => PLANNED,
        _ => &[],
    }
}

/// The same of an action on an appliance.
pub(super) fn passed_over_on_vapp(action: &VappAction) -> &'static [&'static str] {
    match action {
        VappAction::Deploy { force: false } => SOFT_LIMIT,
        VappAction::Undeploy { force: false } => LOSES_DATA,
        _ => &[],
    }
}

/// A refusal with one of these codes as the question that it is. Which status they come with is not documented for all.
pub(super) fn asks_first(codes: &[&str], error: Error) -> Error {
    match error {
        Error::Conflict(rejection) | Error::Rejected(rejection)
            if rejection
                .code
                .as_deref()
                .is_some_and(|code| codes.contains(&code)) =>
        {
            Error::NeedsForce(rejection)
        }
        other => other,
    }
}

/// The failure of a reading that comes before a change, as the proof that it is: the change was not sent.
pub(super) fn unsent(error: Error) -> Error {
    match error.execution() {
        Execution::No => error,
        Execution::Maybe => Error::NotFound(format!(
            "what it needs cannot be read, and nothing was sent ({error})"
        )),
    }
}

/// Whether a body is what the API answers: a JSON object.
pub(super) fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<Object<IgnoredAny>>(body).is_ok_and(|object| object.0.is_some())
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
