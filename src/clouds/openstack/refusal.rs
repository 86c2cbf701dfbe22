//! Answers that are no success, as errors that say what the service said, with the request's id.

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::wire::{Pairs, Refusal};
use crate::clouds::body::foreign;
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, redirect, retry_after};
use crate::clouds::lenient::Object;
use crate::clouds::{Error, Result};
use crate::model::text::clean_to;

/// How much is kept of a service's own words, in characters.
const MAX_MESSAGE: usize = 500;

/// The longest id of a request.
const MAX_ID: usize = 64;

/// The id that a service has given a request: `req-…`.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-openstack-request-id", "x-compute-request-id"];
    let id = names.iter().find_map(|name| headers.get(*name))?;
    let id = id.to_str().ok()?.trim();
    let right = |id: &str| {
        !id.is_empty()
            && id.len() <= MAX_ID
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    right(id).then(|| id.to_owned())
}

/// What a service says in a body. Keystone, Nova and Glance put it below a key of its own; Neutron has a `detail`.
fn said(body: &[u8]) -> Option<String> {
    let top: Pairs<Object<Refusal<'_>>> = serde_json::from_slice(body).ok()?;
    let words = top.0.iter().find_map(|(_, below)| {
        let below = below.0.as_ref()?;
        below.message.get().or_else(|| below.detail.get())
    })?;
    let words = clean_to(words.trim(), MAX_MESSAGE).into_owned();
    (!words.is_empty()).then_some(words)
}

/// The error of an answer whose status is no success.
pub(super) fn refusal(answer: &Answer) -> Error {
    let status = answer.status;
    let message = said(&answer.body).unwrap_or_else(|| foreign(&answer.body));
    let rejection = Rejection {
        status: status.as_u16(),
        code: request_id(&answer.headers),
        message,
    };
    match status {
        StatusCode::UNAUTHORIZED => Error::SignIn(rejection.to_string()),
        StatusCode::FORBIDDEN => Error::Forbidden(rejection.to_string()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(rejection.to_string()),
        StatusCode::CONFLICT => Error::Conflict(rejection),
        // Nova says so of a quota that is used up as well, in its words.
        StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS => unavailable(answer, rejection),
        // What this cloud does not implement, as a console of another protocol, was not done.
        StatusCode::NOT_IMPLEMENTED => Error::Rejected(rejection),
        _ if status.is_server_error() => unavailable(answer, rejection),
        _ if status.is_client_error() => Error::Rejected(rejection),
        _ if status.is_redirection() => Error::Protocol(redirect(answer)),
        _ => Error::Protocol(format!("HTTP {status}")),
    }
}

fn unavailable(answer: &Answer, rejection: Rejection) -> Error {
    Error::Unavailable {
        status: answer.status.as_u16(),
        message: rejection.to_string(),
        retry_after: retry_after(&answer.headers, Timestamp::now()),
    }
}

/// What is told where the user may not know, or the service is not there: `None` then.
///
/// # Errors
/// Whatever else went wrong.
pub(super) fn if_allowed<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Rejected(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use reqwest::header::HeaderValue;

    use super::*;
    use crate::clouds::Execution;

    fn answer(status: u16, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        let id = HeaderValue::from_static("req-1f0c");
        headers.insert("x-openstack-request-id", id);
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn each_services_words_are_told_with_the_requests_id() {
        for body in [
            r#"{"conflictingRequest":{"code":409,"message":"no"}}"#,
            r#"{"error":{"code":409,"message":"no","title":"Conflict"}}"#,
            r#"{"NeutronError":{"type":"X","message":"no","detail":""}}"#,
            r#"{"whatever":{"detail":" no "}}"#,
        ] {
            let error = refusal(&answer(409, body));
            assert!(matches!(error, Error::Conflict(_)), "{error:?}");
            assert_eq!(error.to_string(), "refused by the cloud: no (req-1f0c)");
        }
        let error = refusal(&answer(
            403,
            r#"{"forbidden":{"message":"Policy doesn't allow it"}}"#,
        ));
        assert_eq!(
            error.to_string(),
            "not permitted: Policy doesn't allow it (req-1f0c)"
        );
    }

    #[test]
    fn the_status_says_what_was_not_done() {
        for (status, execution) in [
            (400, Execution::No),
            (401, Execution::No),
            (403, Execution::No),
            (404, Execution::No),
            (409, Execution::No),
            (413, Execution::No),
            (429, Execution::No),
            (501, Execution::No),
            (500, Execution::Maybe),
            (503, Execution::Maybe),
        ] {
            let error = refusal(&answer(status, "{}"));
            assert_eq!(error.execution(), execution, "{status} {error:?}");
        }
    }

    #[test]
    fn a_hostile_body_or_id_says_nothing_but_its_status() {
        for body in ["", "[]", "[[[[", "{\"a\":5}", "null", "\u{1b}[31m"] {
            let error = refusal(&answer(409, body));
            assert!(!error.to_string().contains('\u{1b}'), "{error}");
        }
        let mut headers = HeaderMap::new();
        for id in ["a b", "req/../x", "", &"x".repeat(65)] {
            headers.insert("x-openstack-request-id", HeaderValue::from_str(id).unwrap());
            assert_eq!(request_id(&headers), None, "{id}");
        }
    }
}
