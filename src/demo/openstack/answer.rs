//! What goes back: JSON with a status and headers. Each service has its own way to say that something went wrong.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Option<Value>,
    pub headers: Vec<(&'static str, String)>,
}

/// An answer, or the refusal that stands for it.
pub(super) type Answered = Result<Answer, Box<Answer>>;

impl Answer {
    /// JSON with a status.
    pub fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    /// 200.
    pub fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            body: None,
            headers: Vec::new(),
        }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As HTTP.
    pub fn respond(self) -> Response<Body> {
        let body = self.body.as_ref().map(Value::to_string);
        let mut response = Response::new(Body::from(body.clone().unwrap_or_default()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// Nova's refusal: the name of the fault holds its code and message.
pub(super) fn fault(status: u16, message: impl Into<String>) -> Box<Answer> {
    let name = match status {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    };
    let body = json!({name: {"code": status, "message": message.into()}});
    Box::new(Answer::json(status, body))
}

/// Nova's 403.
pub(super) fn forbidden(policy: &str) -> Box<Answer> {
    fault(
        403,
        format!("Policy doesn't allow {policy} to be performed."),
    )
}

/// Nova's 404 for an address that there is none of.
pub(super) fn nowhere() -> Box<Answer> {
    fault(404, "The resource could not be found.")
}

/// Keystone's refusal.
pub(super) fn error(status: u16, message: impl Into<String>) -> Box<Answer> {
    let title = StatusCode::from_u16(status).ok();
    let title = title.and_then(|status| status.canonical_reason());
    let body =
        json!({"error": {"code": status, "message": message.into(), "title": title.unwrap_or("")}});
    Box::new(Answer::json(status, body))
}

/// Who asks is not known: Keystone's own 401, and that of the layer in front of every other service.
pub(super) fn unauthorized(root: &str) -> Box<Answer> {
    let answer = *error(401, "The request you have made requires authentication.");
    Box::new(answer.with("www-authenticate", format!("Keystone uri=\"{root}/v3\"")))
}

/// Neutron's 404.
pub(super) fn network_missing(kind: &str, words: &str) -> Box<Answer> {
    let body = json!({"NeutronError": {"type": kind, "message": words, "detail": ""}});
    Box::new(Answer::json(404, body))
}
