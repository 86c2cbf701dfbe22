//! Answers that are no success, as errors that say what the server said.
//!
//! ZStack answers 503 when an operation failed: with an `error` in it that is an answer, not an outage. There is no 401.

use std::fmt;

use jiff::Timestamp;
use reqwest::StatusCode;

use super::wire::{ErrorCode, Failure};
use crate::clouds::body::foreign;
use crate::clouds::error::Rejection;
use crate::clouds::http::redirect;
use crate::clouds::http::{Answer, retry_after};
use crate::clouds::{Error, Result};
use crate::model::text::clean_to;

/// How much is kept of the API's own words, in characters.
const MAX_MESSAGE: usize = 500;

/// How much is kept of a code, in characters.
const MAX_CODE: usize = 100;

/// The most errors of a batch whose words are repeated, and the most that are followed down.
const MAX_CAUSES: usize = 5;
const MAX_DEPTH: usize = 32;

/// What a newer server calls a session that is no longer valid.
const SESSION_SYMBOL: &str = "ORG_ZSTACK_IDENTITY_10020";

/// An error as the server says it: what its innermost cause says, and the codes from the outermost to the innermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The codes on the way down, outermost first.
    pub codes: Vec<String>,
    /// The words of the innermost.
    pub message: String,
    /// Whether it means, anywhere in it, that the session is no longer valid.
    pub session: bool,
}

impl Said {
    /// Whether a code is on the way down.
    pub fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known == code)
    }

    /// The outermost and the innermost code.
    fn code(&self) -> Option<String> {
        match self.codes.as_slice() {
            [] => None,
            [first, .., last] if first != last => Some(format!("{first}, {last}")),
            [first, ..] => Some(first.clone()),
        }
    }

    fn rejection(&self, status: StatusCode) -> Rejection {
        Rejection {
            status: status.as_u16(),
            code: self.code(),
            message: self.message.clone(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection(StatusCode::SERVICE_UNAVAILABLE).fmt(f)
    }
}

/// The error in a body; `None` when there is none.
pub(super) fn said(body: &[u8]) -> Option<Said> {
    let failure: Failure<'_> = serde_json::from_slice(body).ok()?;
    let outermost = failure.error.0?;
    let mut codes = Vec::new();
    let mut innermost = &outermost;
    for _ in 0..MAX_DEPTH {
        codes.extend(
            innermost
                .code
                .get()
                .map(|code| clean_to(code.trim(), MAX_CODE).into_owned()),
        );
        match &innermost.cause.0 {
            Some(cause) => innermost = cause,
            None => break,
        }
    }
    let mut message = words(innermost)
        .or_else(|| words(&outermost))
        .unwrap_or_default()
        .to_owned();
    let batch: Vec<&str> = innermost
        .causes
        .items
        .iter()
        .take(MAX_CAUSES)
        .filter_map(words)
        .collect();
    if !batch.is_empty() {
        message = format!("{message}: {}", batch.join("; "));
    }
    let said = Said {
        codes,
        message: clean_to(message.trim(), MAX_MESSAGE).into_owned(),
        session: is_session(&outermost, MAX_DEPTH),
    };
    (!said.codes.is_empty() || !said.message.is_empty() || said.session).then_some(said)
}

fn words<'e>(error: &'e ErrorCode<'_>) -> Option<&'e str> {
    error.details.get().or_else(|| error.description.get())
}

fn is_session(error: &ErrorCode<'_>, depth: usize) -> bool {
    let by_code = error
        .code
        .get()
        .is_some_and(|code| code == "ID.1001" || code == SESSION_SYMBOL);
    let by_symbol = error.global_error_code.get() == Some(SESSION_SYMBOL);
    let mut causes = error
        .cause
        .0
        .iter()
        .map(|cause| &**cause)
        .chain(&error.causes.items);
    by_code || by_symbol || (depth > 0 && causes.any(|cause| is_session(cause, depth - 1)))
}

/// Whether an answer means that the session is no longer valid. Nothing was executed then.
pub(super) fn is_session_over(answer: &Answer) -> bool {
    answer.status == StatusCode::SERVICE_UNAVAILABLE
        && said(&answer.body).is_some_and(|said| said.session)
}

/// The error of an answer whose status is no success.
pub(super) fn refusal(answer: &Answer) -> Error {
    let status = answer.status;
    if status == StatusCode::SERVICE_UNAVAILABLE
        && let Some(said) = said(&answer.body)
    {
        return failed(&said);
    }
    let message = foreign(&answer.body);
    let rejection = Rejection {
        status: status.as_u16(),
        code: None,
        message: message.clone(),
    };
    match status {
        // A clock that differs, or a proxy; the words are plain text.
        StatusCode::FORBIDDEN if message.contains("requestTimeTooSkewed") => Error::SignIn(
            "the dates of the signatures are not the server's; check `time_zone` and the clock of this machine".to_owned(),
        ),
        StatusCode::UNAUTHORIZED => Error::SignIn(rejection.to_string()),
        StatusCode::FORBIDDEN => Error::Forbidden(rejection.to_string()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound(rejection.to_string()),
        StatusCode::CONFLICT => Error::Conflict(rejection),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => unavailable(answer, message),
        _ if status.is_server_error() => unavailable(answer, message),
        _ if status.is_client_error() => Error::Rejected(rejection),
        _ if status.is_redirection() => Error::Protocol(redirect(answer)),
        _ => Error::Protocol(format!("HTTP {status}")),
    }
}

/// The error that a failed operation is. 503 is the status of all of them.
pub(super) fn failed(said: &Said) -> Error {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let words = || said.to_string();
    if said.session {
        Error::SignIn("the session has ended".to_owned())
    } else if said.has("ID.1002") {
        Error::Forbidden(words())
    } else if said.has("SYS.1003") {
        Error::NotFound(words())
    } else if said.has("VM.1010") {
        Error::Conflict(said.rejection(status))
    } else if ["SYS.1001", "SYS.1010", "SYS.1012"]
        .iter()
        .any(|code| said.has(code))
    {
        // The management node timed out, is not ready, or is not there: whatever was asked may have been done.
        Error::Unavailable {
            status: status.as_u16(),
            message: words(),
            retry_after: None,
        }
    } else {
        Error::Rejected(said.rejection(status))
    }
}

fn unavailable(answer: &Answer, message: String) -> Error {
    let reason = || {
        answer
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned()
    };
    Error::Unavailable {
        status: answer.status.as_u16(),
        message: if message.is_empty() {
            reason()
        } else {
            message
        },
        retry_after: retry_after(&answer.headers, Timestamp::now()),
    }
}

/// What is told where the server may lack something, or the user the right to it: `None` then.
///
/// # Errors
/// Whatever else went wrong: a list that cannot be read now is not an empty one.
pub(super) fn if_there<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound(_) | Error::Forbidden(_)) => Ok(None),
        Err(Error::Rejected(no)) if is_lacking(&no) => Ok(None),
        Err(error) => Err(error),
    }
}

/// No service takes the message (SYS.1008, SYS.1009), or the request means nothing to this version.
fn is_lacking(no: &Rejection) -> bool {
    let code = no.code.as_deref().unwrap_or_default();
    (400..500).contains(&no.status) || code.contains("SYS.1008") || code.contains("SYS.1009")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::clouds::Execution;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(code: &str) -> Error {
        refusal(&answer(
            503,
            &format!(r#"{{"error":{{"code":"{code}","details":"no"}}}}"#),
        ))
    }

    #[test]
    fn the_innermost_words_are_told_with_the_outermost_and_the_innermost_code() {
        let body = r#"{"error":{"code":"VM.1002","details":"stop failed","cause":{"code":"SYS.1006",
            "cause":{"code":"VM.1010","description":"wrong state","details":"state Starting does not accept this"}}}}"#;
        let said = said(body.as_bytes()).unwrap();
        assert_eq!(
            said.to_string(),
            "state Starting does not accept this (VM.1002, VM.1010)"
        );
        assert!(matches!(failed(&said), Error::Conflict(_)));
    }

    #[test]
    fn a_session_that_is_over_is_found_wherever_it_stands() {
        for body in [
            r#"{"error":{"code":"ID.1001"}}"#,
            r#"{"error":{"code":"ORG_ZSTACK_IDENTITY_10020"}}"#,
            r#"{"error":{"code":"SYS.1000","globalErrorCode":"ORG_ZSTACK_IDENTITY_10020"}}"#,
            r#"{"error":{"code":"SYS.1006","cause":{"code":"ID.1001"}}}"#,
            r#"{"error":{"code":"SYS.1006","causes":[{"code":"SYS.1"},{"cause":{"code":"ID.1001"}}]}}"#,
        ] {
            assert!(is_session_over(&answer(503, body)), "{body}");
            assert!(!is_session_over(&answer(200, body)), "{body}");
        }
        assert!(!is_session_over(&answer(
            503,
            r#"{"error":{"code":"ID.1002"}}"#
        )));
        assert!(!is_session_over(&answer(503, "<html>")));
    }

    #[test]
    fn a_503_with_an_error_is_an_answer_and_one_without_is_an_outage() {
        assert!(matches!(error("ID.1002"), Error::Forbidden(_)));
        assert!(matches!(error("SYS.1003"), Error::NotFound(_)));
        assert!(matches!(error("ID.1003"), Error::Rejected(_)));
        assert!(matches!(error("SYS.1006"), Error::Rejected(_)));
        assert!(!error("SYS.1006").is_outage());
        assert_eq!(error("SYS.1001").execution(), Execution::Maybe);
        assert!(error("SYS.1010").is_outage());
        assert!(refusal(&answer(503, "<html><title>Bad Gateway</title>")).is_outage());
        assert_eq!(refusal(&answer(500, "")).execution(), Execution::Maybe);
        assert_eq!(
            refusal(&answer(400, "duplicate")).execution(),
            Execution::No
        );
    }

    #[test]
    fn what_a_server_lacks_or_a_user_may_not_see_is_nothing_and_what_fails_is_an_error() {
        for code in ["ID.1002", "SYS.1003", "SYS.1008", "SYS.1009"] {
            assert_eq!(if_there::<()>(Err(error(code))), Ok(None), "{code}");
        }
        for status in [400, 404, 405] {
            assert_eq!(
                if_there::<()>(Err(refusal(&answer(status, "no")))),
                Ok(None)
            );
        }
        for code in ["SYS.1000", "SYS.1006", "SYS.1001", "ID.1001"] {
            assert!(if_there::<()>(Err(error(code))).is_err(), "{code}");
        }
        assert!(if_there::<()>(Err(refusal(&answer(500, "")))).is_err());
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..200), status in 300_u16..599) {
            let answer = Answer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body };
            let _ = (refusal(&answer), is_session_over(&answer));
        }
    }
}
