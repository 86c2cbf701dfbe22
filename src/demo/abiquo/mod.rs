//! A small Abiquo platform: 5.1 as its documents describe it, older and newer in the version that is asked for.

mod actions;
mod answer;
mod appliance_checks;
mod asking;
mod auth;
mod changes;
mod estate;
mod event_filter;
mod events;
mod fleet;
mod fleet_file;
mod fleet_records;
mod generate;
mod history;
mod hosts;
mod lists;
mod media;
mod metrics;
mod operations;
mod paging;
mod platform;
mod reads;
mod render;
mod routes;
mod task_checks;
mod tasks;
mod vm_checks;

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header, request};

use self::answer::{Answer, Refusal, respond, unauthorized};
use self::asking::Asking;
use self::auth::Tokens;
use self::paging::Query;
use self::platform::Platform;
use self::routes::Resource;
use super::clock::Clock;
use super::{DemoError, DemoOptions};

/// The largest body that is read: a protection's reason is the longest thing anybody sends.
const BODY_LIMIT: usize = 64 * 1_024;

/// The user to sign in as, who may do everything.
pub const USERNAME: &str = "admin";
/// The password of every user that has one.
pub const PASSWORD: &str = "demo";

struct Server {
    platform: RwLock<Platform>,
    tokens: Mutex<Tokens>,
    clock: Clock,
    base: String,
    latency: Duration,
}

/// The platform as an HTTP service. `base` is what its links start with.
///
/// # Errors
/// The default fleet cannot be read.
pub fn service(options: &DemoOptions, clock: Clock, base: String) -> Result<Router, DemoError> {
    let now_ms = clock.now_ms();
    let mut fleet = fleet::default_fleet(options.seed, options.vms, now_ms, options.pace)
        .map_err(DemoError::Fleet)?;
    let recent = std::mem::take(&mut fleet.events);
    fleet.events = history::older(&fleet.estate, now_ms);
    fleet.events.extend(recent);
    if let Some(total) = options.vms {
        generate::fill(&mut fleet, total, now_ms);
    }
    let server = Server {
        platform: RwLock::new(Platform::new(fleet, options.pace)),
        tokens: Mutex::default(),
        clock,
        base,
        latency: options.latency,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(server)))
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => server.respond(&head, &body),
        Err(_) => respond(Err(Refusal::bad("the body is too long"))),
    };
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    response
}

impl Server {
    fn respond(&self, head: &request::Parts, body: &[u8]) -> Response<Body> {
        let now_ms = self.clock.now_ms();
        let user = {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.identify(&self.read().estate, &head.headers, now_ms)
        };
        let Some(user) = user else {
            return unauthorized();
        };
        let mut response = match Resource::parse(head.uri.path()) {
            None => respond(Err(Refusal::nowhere())),
            Some(resource) => self
                .answer(resource, head, body, user)
                .map_or_else(|| not_allowed(resource), respond),
        };
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.renew(&mut response, user, now_ms);
        response
    }

    /// `None` for a method that the resource does not take.
    fn answer(
        &self,
        resource: Resource,
        head: &request::Parts,
        body: &[u8],
        user: usize,
    ) -> Option<Result<Answer, Refusal>> {
        let takes = resource
            .methods()
            .split(", ")
            .any(|method| method == head.method.as_str());
        if !takes {
            return None;
        }
        // Opening a console leaves an event behind.
        if head.method == Method::GET && !matches!(resource, Resource::VmConsole(_)) {
            let platform = self.present();
            return Some(self.reading(&platform, head, user).answer(resource));
        }
        let mut platform = self
            .platform
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.clock.now_ms();
        platform.advance(now_ms);
        let checked = self
            .reading(&platform, head, user)
            .check(resource, &head.method, body);
        Some(checked.map(|act| act.perform(&mut platform, &self.base, user, now_ms)))
    }

    fn reading<'a>(
        &'a self,
        platform: &'a Platform,
        head: &'a request::Parts,
        user: usize,
    ) -> Asking<'a> {
        Asking {
            platform,
            base: &self.base,
            path: head.uri.path().strip_prefix("/api").unwrap_or_default(),
            query: Query::parse(head.uri.query()),
            headers: &head.headers,
            user,
            now_ms: self.clock.now_ms(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Platform> {
        self.platform.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The platform, moved on to now. Readers share it; only an operation's end needs it alone.
    fn present(&self) -> RwLockReadGuard<'_, Platform> {
        let now_ms = self.clock.now_ms();
        let platform = self.read();
        if !platform.is_behind(now_ms) {
            return platform;
        }
        drop(platform);
        self.platform
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .advance(now_ms);
        self.read()
    }
}

fn not_allowed(resource: Resource) -> Response<Body> {
    let methods = resource.methods();
    let mut response = respond(Err(Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "405-METHOD-NOT-ALLOWED",
        format!("this address takes {methods}"),
    )));
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}
