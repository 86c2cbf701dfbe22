//! What goes back: a body with its media type, or a refusal with the API's error codes (12).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::media::Version;
use crate::demo::json::Json;

/// A successful answer.
#[derive(Debug)]
pub enum Answer {
    /// A status and a body of a media type.
    Body(StatusCode, &'static str, Version, String),
    /// Plain text.
    Text(String),
    /// 204.
    Nothing,
}

/// A refusal: a status and one error.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The API's error code.
    pub code: &'static str,
    /// What it means, for people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 404 with the code of the kind of thing that is missing.
    pub fn missing(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 404 for an address that leads nowhere.
    pub fn nowhere() -> Self {
        Self::missing("404-NOT-FOUND", "nothing is at this address")
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "400-BAD-REQUEST", message)
    }

    /// 403.
    pub fn forbidden(privilege: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "403-FORBIDDEN",
            format!("the privilege {privilege} is needed for this"),
        )
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }
}

/// Turns either into HTTP.
pub fn respond(result: Result<Answer, Refusal>) -> Response<Body> {
    match result {
        Ok(Answer::Nothing) => with_status(StatusCode::NO_CONTENT, Body::empty()),
        Ok(Answer::Text(text)) => {
            with_type(with_status(StatusCode::OK, Body::from(text)), "text/plain")
        }
        Ok(Answer::Body(status, name, version, text)) => {
            let media = format!("application/vnd.abiquo.{name}+json; version={version}");
            with_type(with_status(status, Body::from(text)), &media)
        }
        Err(refusal) => {
            let mut json = Json::default();
            json.open();
            json.verbatim("links", "[]");
            json.key("collection");
            json.open_array();
            json.open();
            json.text("code", refusal.code);
            json.text("message", &refusal.message);
            json.verbatim("links", "[]");
            json.close();
            json.close_array();
            json.close();
            let body = Body::from(json.finish());
            with_type(
                with_status(refusal.status, body),
                "application/vnd.abiquo.errors+json",
            )
        }
    }
}

/// 401 as the platform's outer layer answers it: with a page for people (1.3).
pub fn unauthorized() -> Response<Body> {
    const PAGE: &str = "<!doctype html><html><head><title>401</title></head>\
        <body><h1>401 Unauthorized</h1><p>Sign in to use the API.</p></body></html>";
    let mut response = with_type(
        with_status(StatusCode::UNAUTHORIZED, Body::from(PAGE)),
        "text/html;charset=utf-8",
    );
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"Abiquo API\""),
    );
    response
}

fn with_status(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn with_type(mut response: Response<Body>, media: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(media) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
