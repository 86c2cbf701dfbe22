//! The body of an answer: as the JSON that it should be, or as the words of whoever answered in the API's place.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::lenient::ObjectSeed;
use super::{Error, Result};
use crate::model::text::clean_to;

/// How much is kept of a body that is no error of the API, in characters.
const MAX_FOREIGN: usize = 200;

/// A body as the object that it should be.
///
/// # Errors
/// [`Error::Protocol`], which names the place and holds nothing of the body.
pub(super) fn decode<'b, T: Deserialize<'b>>(body: &'b [u8], what: &str) -> Result<T> {
    decode_with(PhantomData, body, what)
}

/// [`decode`] with a seed that reads the object.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_with<'b, S: DeserializeSeed<'b>>(
    seed: S,
    body: &'b [u8],
    what: &str,
) -> Result<S::Value> {
    decode_seed(ObjectSeed(seed), body, what)?
        .ok_or_else(|| Error::Protocol(format!("{what} is no JSON object")))
}

/// A body as any JSON.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_any<'b, T: Deserialize<'b>>(body: &'b [u8], what: &str) -> Result<T> {
    decode_seed(PhantomData, body, what)
}

fn decode_seed<'b, S: DeserializeSeed<'b>>(
    seed: S,
    body: &'b [u8],
    what: &str,
) -> Result<S::Value> {
    // Checked as a whole, a large body is read markedly faster than checked text by text.
    let Ok(text) = str::from_utf8(body) else {
        return Err(Error::Protocol(format!("{what} is not UTF-8 text")));
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut json);
    let error = match value.and_then(|value| json.end().map(|()| value)) {
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

/// Whether a body looks like a page.
pub(super) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}
