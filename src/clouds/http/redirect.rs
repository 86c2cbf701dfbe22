//! Redirects, in words: they are not followed, because they would take the credentials along.

use reqwest::header::LOCATION;

use super::Answer;
use crate::model::text::clean_to;

/// The most of a host's name that is repeated, in characters.
const MAX_HOST: usize = 200;

/// What an answer that redirects comes to. Only the host of the address is repeated, which may hold a token behind it.
pub(in crate::clouds) fn redirect(answer: &Answer) -> String {
    let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let host = to
        .and_then(|to| url::Url::parse(to).ok())
        .and_then(|to| to.host_str().map(str::to_owned));
    let to = host
        .map(|host| format!(" to {}", clean_to(&host, MAX_HOST)))
        .unwrap_or_default();
    format!(
        "HTTP {}{to}, which is not followed; the url must be the one where the API answers itself",
        answer.status.as_u16()
    )
}
