//! Answers that are no success, as errors that say what the gateway said. It says no in several shapes, and more than once with a status that means
//! something else: what the body says comes first.

use jiff::Timestamp;
use reqwest::StatusCode;

use super::wire::{Detail, Verdict};
use crate::clouds::Error;
use crate::clouds::body::foreign;
use crate::clouds::error::Rejection;
use crate::clouds::http::redirect;
use crate::clouds::http::{Answer, retry_after};
use crate::clouds::lenient::Object;
use crate::model::text::clean_to;

/// How much is kept of the API's own words, in characters.
const MAX_MESSAGE: usize = 500;

/// What a body says about the request; nothing for a body that is no JSON object.
pub(super) fn verdict(body: &[u8]) -> Option<Verdict<'_>> {
    serde_json::from_slice::<Object<Verdict<'_>>>(body).ok()?.0
}

/// Whether the answer refuses the token. It does so in four shapes:
///
/// - 401, as plain text without a token, or as JSON after a wrong password;
/// - 400 with `{"error": "invalid token"}`;
/// - 400 with `"reason": "Unauthorized"`, as documented;
/// - 400 with `"code": 401` in the body.
///
/// The gateway looks at the token before anything else, so that a request with such an answer was not executed. A body that tells what
/// became of a VM (`detail`) is none of them.
pub(super) fn is_token_refused(answer: &Answer) -> bool {
    let said = verdict(&answer.body).unwrap_or_default();
    if said.detail.len > 0 {
        return false;
    }
    match answer.status {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::BAD_REQUEST => {
            let is = |text: Option<&str>, word: &str| {
                text.is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
            };
            is(said.error.get(), "invalid token")
                || is(said.reason.get(), "Unauthorized")
                || said.code.0 == Some(401)
        }
        _ => false,
    }
}

/// Whether the gateway has no compute service for the tenant in the region. It has a sentence for that and no code; the published one is
/// Chinese.
pub(super) fn is_invalid_region(error: &Error) -> bool {
    let Error::Rejected(Rejection {
        status: 400,
        message,
        ..
    }) = error
    else {
        return false;
    };
    let words = message.to_lowercase();
    words.contains("无效的区域") || (words.contains("region") && words.contains("invalid"))
}

/// Whether the error is about the cloud as a whole: another request would meet it again.
pub(super) fn is_about_everything(error: &Error) -> bool {
    matches!(
        error,
        Error::SignIn(_) | Error::Secret(_) | Error::Unreachable { .. }
    )
}

/// What became of the one VM that a power request named, where the answer tells it: the first that failed.
pub(super) fn failed_detail<'v, 'a>(said: &'v Verdict<'a>) -> Option<&'v Detail<'a>> {
    let failed = |detail: &&Detail<'_>| detail.code.0.is_some_and(|code| code >= 400);
    said.detail.items.iter().find(failed)
}

/// The error of an answer that is no success.
pub(super) fn refusal(answer: &Answer) -> Error {
    let said = verdict(&answer.body).unwrap_or_default();
    if is_token_refused(answer) {
        return Error::SignIn(
            "the gateway does not accept the token; it may have ended".to_owned(),
        );
    }
    if let Some(detail) = failed_detail(&said) {
        return by_status(
            code(detail.code.0),
            own(detail.reason.get()),
            own(detail.msg.get()).unwrap_or_default(),
            answer,
        );
    }
    let words = own(said.msg.get()).or_else(|| own(said.error.get()));
    // Whatever fails behind it, the gateway itself says 400 or even 200; the code in the body is the true one.
    let status = match answer.status {
        StatusCode::BAD_REQUEST | StatusCode::OK => code(said.code.0),
        status => status.as_u16(),
    };
    let words = words.unwrap_or_else(|| foreign(&answer.body));
    by_status(status, own(said.reason.get()), words, answer)
}

/// A code of a body as an HTTP status; 400 for what is none.
fn code(code: Option<i64>) -> u16 {
    let code = code.filter(|code| (400..600).contains(code));
    code.and_then(|code| u16::try_from(code).ok())
        .unwrap_or(400)
}

/// The error of a status with the words that came with it.
fn by_status(status: u16, reason: Option<String>, message: String, answer: &Answer) -> Error {
    let rejection = Rejection {
        status,
        code: reason,
        message,
    };
    match status {
        403 => Error::Forbidden(rejection.to_string()),
        404 | 410 => Error::NotFound(rejection.to_string()),
        409 | 412 | 423 => Error::Conflict(rejection),
        408 | 413 | 429 | 500.. => Error::Unavailable {
            status,
            // A gateway that does not know the Sp-Agent breaks, and says no more than that.
            message: if answer.status.as_u16() == 500 {
                format!("{rejection}; if that stays, check sp_agent")
            } else {
                rejection.to_string()
            },
            retry_after: retry_after(&answer.headers, Timestamp::now()),
        },
        300..=399 => Error::Protocol(redirect(answer)),
        _ => Error::Rejected(rejection),
    }
}

fn own(text: Option<&str>) -> Option<String> {
    let text = clean_to(text?.trim(), MAX_MESSAGE);
    (!text.is_empty()).then(|| text.into_owned())
}

/// The same error with other words.
pub(super) fn reworded(error: Error, with: impl FnOnce(String) -> String) -> Error {
    let rejection = |rejection: Rejection, with: Box<dyn FnOnce(String) -> String + '_>| {
        // A rejection without words says its code.
        let message = if rejection.message.is_empty() {
            format!("HTTP {}", rejection.status)
        } else {
            rejection.message
        };
        Rejection {
            message: with(message),
            ..rejection
        }
    };
    match error {
        Error::Unreachable { host, why } => Error::Unreachable {
            host,
            why: with(why),
        },
        Error::NoAnswer(why) => Error::NoAnswer(with(why)),
        Error::SignIn(why) => Error::SignIn(with(why)),
        Error::Forbidden(why) => Error::Forbidden(with(why)),
        Error::NotFound(why) => Error::NotFound(with(why)),
        Error::Conflict(said) => Error::Conflict(rejection(said, Box::new(with))),
        Error::NeedsForce(said) => Error::NeedsForce(rejection(said, Box::new(with))),
        Error::Rejected(said) => Error::Rejected(rejection(said, Box::new(with))),
        Error::Unavailable {
            status,
            message,
            retry_after,
        } => Error::Unavailable {
            status,
            message: with(message),
            retry_after,
        },
        Error::Protocol(why) => Error::Protocol(with(why)),
        Error::Link(why) => Error::Link(with(why)),
        Error::Secret(why) => Error::Secret(with(why)),
    }
}
