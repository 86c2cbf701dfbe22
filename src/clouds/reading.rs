//! Bodies of answers: as the JSON that they should be, and in words where they are something else.

use std::borrow::Cow;

use reqwest::header::LOCATION;
use serde::Deserialize;

use super::http::Answer;
use super::lenient::Object;
use super::{Error, Result};
use crate::model::text::clean_to;

/// How much is kept of a body that is no error of the API, in characters.
pub(super) const MAX_FOREIGN: usize = 200;

/// Redirects are not followed: they would take the credentials along. Only the host of the address is repeated, which may hold a
/// token behind it.
pub(super) fn redirect(answer: &Answer) -> String {
    let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let host = to
        .and_then(|to| url::Url::parse(to).ok())
        .and_then(|to| to.host_str().map(str::to_owned));
    let to = host
        .map(|host| format!(" to {}", clean_to(&host, MAX_FOREIGN)))
        .unwrap_or_default();
    format!(
        "HTTP {}{to}, which is not followed; the url must be the one where the API answers itself",
        answer.status.as_u16()
    )
}

/// What a proxy or a container said: the title of its page, else the beginning of its text.
pub(super) fn foreign(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4_096)]);
    if !is_html(body) {
        return clean_to(text.trim(), MAX_FOREIGN).into_owned();
    }
    // Only ASCII letters change case, so that places in both texts are the same.
    let lower = text.to_ascii_lowercase();
    let title = lower
        .find("<title>")
        .map(|at| at + "<title>".len())
        .and_then(|from| {
            let to = lower[from..].find("</title>")?;
            Some(text[from..from + to].trim())
        });
    match title.map(|title| clean_to(title, MAX_FOREIGN)) {
        Some(title) if !title.is_empty() => format!("an HTML page: {title}"),
        _ => "an HTML page".to_owned(),
    }
}

pub(super) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// A body as the object that it should be.
///
/// # Errors
/// [`Error::Protocol`], which names the place and holds nothing of the body.
pub(super) fn decode<'b, T: Deserialize<'b>>(body: &'b [u8], what: &str) -> Result<T> {
    match decode_any(body, what)? {
        Object(Some(value)) => Ok(value),
        Object(None) => Err(Error::Protocol(format!("{what} is no JSON object"))),
    }
}

/// A body as any JSON.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_any<'b, T: Deserialize<'b>>(body: &'b [u8], what: &str) -> Result<T> {
    // Checked as a whole, a large body is read markedly faster than checked text by text.
    let Ok(text) = str::from_utf8(body) else {
        return Err(Error::Protocol(format!("{what} is not UTF-8 text")));
    };
    let error = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // The words of the error may repeat a value, and a value may be a secret.
    let why: Cow<'_, str> = if body.trim_ascii().is_empty() {
        "is empty".into()
    } else if is_html(body) {
        "is an HTML page; check that the url ends where the API begins, as in https://cloud.example.com/api".into()
    } else if error.is_eof() {
        "ends in the middle".into()
    } else {
        format!(
            "is broken at line {}, column {}",
            error.line(),
            error.column()
        )
        .into()
    };
    Err(Error::Protocol(format!("{what} {why}")))
}
