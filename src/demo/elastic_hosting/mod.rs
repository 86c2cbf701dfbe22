//! A small ECP platform: its customer API, from the manual and from what clients and the vendor's emulator show of it.

mod answer;
mod auth;
mod estate;
mod fleet;
mod form;
mod operations;
mod render;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode, header, request};

use self::answer::Answer;
use self::auth::{Asker, Sessions, User};
use self::estate::Estate;
use self::form::Fields;
use super::clock::Clock;
use super::{DemoError, DemoOptions};

/// The largest body that is read: a name is the longest thing anybody sends.
const BODY_LIMIT: usize = 64 * 1_024;

/// The user to sign in as, who may do everything.
pub const USERNAME: &str = "alice";
/// The password of every user.
pub const PASSWORD: &str = "demo";

struct Server {
    platform: Mutex<Platform>,
    clock: Clock,
    latency: Duration,
}

struct Platform {
    estate: Estate,
    sessions: Sessions,
}

/// The platform as an HTTP service.
///
/// # Errors
/// The default fleet cannot be read.
pub fn service(options: &DemoOptions, clock: Clock) -> Result<Router, DemoError> {
    let estate =
        fleet::estate(options.seed, options.pace, clock.now_ms()).map_err(DemoError::Fleet)?;
    let server = Server {
        platform: Mutex::new(Platform {
            estate,
            sessions: Sessions::default(),
        }),
        clock,
        latency: options.latency,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(server)))
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => server.respond(&head, &body),
        Err(_) => Answer::page(StatusCode::PAYLOAD_TOO_LARGE, "Request too large").respond(),
    };
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    response
}

impl Server {
    /// The platform, moved on to now.
    fn present(&self, now_ms: i64) -> MutexGuard<'_, Platform> {
        let mut platform = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        platform.estate.advance(now_ms);
        platform
    }

    fn respond(&self, head: &request::Parts, body: &[u8]) -> Response<Body> {
        let now_ms = self.clock.now_ms();
        let mut platform = self.present(now_ms);
        let path = head.uri.path().trim_end_matches('/');
        if path.is_empty() {
            return platform.log_in_page(head, body, now_ms);
        }
        let Some(resource) = path.strip_prefix("/rest/hosting/") else {
            return Answer::page(StatusCode::NOT_FOUND, "Not Found").respond();
        };
        let answer = match platform.sessions.identify(&head.headers, now_ms) {
            Asker::Nobody => Answer::page(StatusCode::UNAUTHORIZED, "Log in"),
            Asker::Forged => Answer::forbidden("the X-XSRFToken header is missing or wrong"),
            Asker::Known(user) => platform.answer(head, resource, body, user, now_ms),
        };
        answer.respond()
    }
}

impl Platform {
    /// The base URL: the log-in form, which is sent by GET or by POST (2, B).
    fn log_in_page(&mut self, head: &request::Parts, body: &[u8], now_ms: i64) -> Response<Body> {
        let fields = match head.method {
            Method::POST => fields(head, body),
            _ => head
                .uri
                .query()
                .map(|query| Fields::urlencoded(query.as_bytes())),
        };
        let Some(fields) = fields.filter(|fields| fields.get("login").is_some()) else {
            return Answer::page(StatusCode::OK, "Log in").respond();
        };
        match self.sessions.log_in(&fields, self.estate.seed, now_ms) {
            None => Answer::page(StatusCode::UNAUTHORIZED, "Log in").respond(),
            Some(log_in) => {
                let mut response = Answer::page(StatusCode::OK, "Welcome").respond();
                log_in.mark(&mut response);
                response
            }
        }
    }

    fn answer(
        &mut self,
        head: &request::Parts,
        resource: &str,
        body: &[u8],
        user: &User,
        now_ms: i64,
    ) -> Answer {
        let estate = &mut self.estate;
        if head.method == Method::GET {
            let list = match resource {
                "vm/list" => render::vms(estate),
                "htemplate/list" => render::profiles(estate),
                "ptemplate/list" => render::packages(estate),
                "network/list" => render::networks(estate),
                "log/list" => render::log(estate, now_ms),
                _ => match vm(estate, resource) {
                    Some(vm) => render::vm(estate, vm),
                    None => return Answer::page(StatusCode::NOT_FOUND, "Not Found"),
                },
            };
            return Answer::ok(list);
        }
        let Some(vm) = vm(estate, resource) else {
            return Answer::page(StatusCode::NOT_FOUND, "Not Found");
        };
        if head.method != Method::POST {
            return Answer::page(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        }
        if !user.may_update {
            return Answer::forbidden("update permission on the virtual machine is required");
        }
        match fields(head, body) {
            Some(fields) => estate.change(vm, &fields, user.name, now_ms),
            None => Answer::refused("the form cannot be read"),
        }
    }
}

/// The VM that an address names.
fn vm(estate: &Estate, resource: &str) -> Option<usize> {
    estate.find(resource.strip_prefix("vm/")?)
}

/// The fields of a request's body.
fn fields(head: &request::Parts, body: &[u8]) -> Option<Fields> {
    let kind = head.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Fields::of(kind, body)
}
