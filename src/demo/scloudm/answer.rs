//! What goes back: JSON of the gateway, plain text, or the pages of the framework underneath.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// JSON with a status.
pub(super) fn json_with(status: u16, body: &Value) -> Response<Body> {
    text_with(status, "application/json", body.to_string())
}

/// A success.
pub(super) fn ok(body: &Value) -> Response<Body> {
    json_with(200, body)
}

/// The gateway's own refusal.
pub(super) fn refusal(status: u16, msg: &str) -> Response<Body> {
    json_with(status, &json!({"code": status, "msg": msg}))
}

/// No token at all.
pub(super) fn unauthorized() -> Response<Body> {
    text_with(401, "text/plain", "Unauthorized".to_owned())
}

/// What the framework answers by itself: an address that leads nowhere, an error that nobody caught.
pub(super) fn page(status: u16) -> Response<Body> {
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = format!(
        "{status} {}",
        status_code.canonical_reason().unwrap_or_default()
    );
    let body = format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>{title}</title>\n<h1>{title}</h1>\n"
    );
    text_with(status, "text/html", body)
}

/// A time as a token carries it.
pub(super) fn iso(at_ms: i64) -> String {
    moment(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as a list carries it: Nova's, without its letters.
pub(super) fn bare(at_ms: i64) -> String {
    moment(at_ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time as the header `Date` carries it.
pub(super) fn http_date(at_ms: i64) -> String {
    moment(at_ms)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn text_with(status: u16, media: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
