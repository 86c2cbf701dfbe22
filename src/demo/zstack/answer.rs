//! What goes back: JSON with 200, 202 or 503, or plain text (4).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// JSON.
    Json(u16, Value),
    /// Plain text: whatever is no answer of an operation.
    Text(u16, String),
}

impl Answer {
    /// 200.
    pub fn ok(body: Value) -> Self {
        Self::Json(200, body)
    }

    /// An operation failed: 503, whatever it was.
    pub fn failed(error: Value) -> Self {
        Self::Json(503, json!({ "error": error }))
    }

    /// A malformed request, an unknown address, a wrong verb.
    pub fn text(status: u16, words: impl Into<String>) -> Self {
        Self::Text(status, words.into())
    }

    /// 404.
    pub fn nowhere() -> Self {
        Self::text(404, "no such resource")
    }

    /// 405.
    pub fn wrong_verb() -> Self {
        Self::text(405, "this resource does not take that method")
    }

    /// As HTTP. The dispatcher never says what type a body is of.
    pub fn respond(self) -> Response<Body> {
        let (status, body) = match self {
            Self::Json(status, body) => (status, body.to_string()),
            Self::Text(status, text) => (status, text),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

/// An error of the API.
pub(super) fn error(code: &str, details: &str) -> Value {
    json!({"code": code, "description": description(code), "details": details})
}

/// An error with the one that led to it.
pub(super) fn error_by(code: &str, cause: Value) -> Value {
    let mut outer = error(code, cause["details"].as_str().unwrap_or_default());
    outer["cause"] = cause;
    outer
}

/// The session is no longer good, or never was.
pub(super) fn session_over() -> Value {
    error("ID.1001", "session is invalid or has expired")
}

fn description(code: &str) -> &'static str {
    match code {
        "ID.1000" => "Unable to authenticate",
        "ID.1001" => "The session is invalid",
        "ID.1002" => "Permission denied",
        "HOST_ALLOCATION.1000" => "No qualified host",
        "SYS.1003" => "Resource not found",
        "SYS.1006" => "Operation failed",
        "SYS.1017" => "Cancelled",
        "VM.1001" => "Failed to start the VM",
        "VM.1002" => "Failed to stop the VM",
        "VM.1003" => "Failed to reboot the VM",
        "VM.1004" => "Failed to destroy the VM",
        "VM.1008" => "Failed to migrate the VM",
        "VM.1010" => "The VM is not in a state that allows it",
        "VM.1012" => "Failed to pause the VM",
        "VM.1013" => "Failed to resume the VM",
        _ => "Failed",
    }
}
