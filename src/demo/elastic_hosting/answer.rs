//! Answers: JSON in its envelope, and the pages that a browser would see.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::demo::json::Json;

/// An answer that is ready to be sent.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: String,
}

impl Answer {
    /// JSON, a success.
    pub fn ok(body: String) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// An application error, which comes with HTTP 200 (3).
    pub fn refused(message: &str) -> Self {
        Self::json(StatusCode::OK, error(message))
    }

    /// The user may not.
    pub fn forbidden(message: &str) -> Self {
        Self::json(StatusCode::FORBIDDEN, error(message))
    }

    /// A page of the framework underneath, as for whatever is not there.
    pub fn page(status: StatusCode, title: &str) -> Self {
        Self {
            status,
            kind: "text/html; charset=utf-8",
            body: format!(
                "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
            ),
        }
    }

    fn json(status: StatusCode, body: String) -> Self {
        Self {
            status,
            kind: "application/json",
            body,
        }
    }

    /// As HTTP.
    pub fn respond(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"ECP\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

fn error(message: &str) -> String {
    let mut json = Json::default();
    json.open();
    json.count("errno", 1);
    json.text("message", message);
    json.close();
    json.finish()
}
