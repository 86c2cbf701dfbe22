//! A small OpenStack of two regions, as its public API reference describes it: Keystone, Nova, and what of Neutron and Glance a
//! client of servers asks for.

mod actions;
mod answer;
mod catalogue;
mod compute;
mod consoles;
mod estate;
mod fleet_file;
mod keystone;
mod labels;
mod listing;
mod load;
mod locks;
mod microversion;
mod moving;
mod places;
mod progress;
mod query;
mod records;
mod rules;
mod schema;
mod states;
mod supply;
mod times;
mod tokens;
mod view;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, request};
use url::form_urlencoded;

use self::answer::{Answer, Answered, fault, unauthorized};
use self::estate::{Estate, Role};
use self::query::Query;
use self::tokens::Tokens;
use super::clock::Clock;
use super::{DemoError, DemoOptions, OpenStackOptions};

/// The largest body that is read: a lock's reason is the longest thing anybody sends.
const BODY_LIMIT: usize = 64 * 1_024;

/// The user to sign in as, who may do everything.
pub const USERNAME: &str = "admin";
/// The password of every user.
pub const PASSWORD: &str = "demo";

/// All that there is.
struct Cloud {
    estate: Estate,
    tokens: Tokens,
    token_life_ms: i64,
    /// How many rows a page has at most.
    page: usize,
    pace: f64,
    /// Where the cloud is.
    root: String,
    /// Where the services believe to be.
    links: String,
}

struct Server {
    cloud: Mutex<Cloud>,
    clock: Clock,
    latency: Duration,
}

/// One request, read.
struct Asked<'r> {
    method: &'r str,
    /// The parts of the path after the service's own.
    path: Vec<String>,
    query: Query,
    headers: &'r HeaderMap,
    body: &'r [u8],
    request_id: String,
    now_ms: i64,
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Who asks, with a token of a project.
#[derive(Debug, Clone, Copy)]
struct Caller {
    user: usize,
    project: usize,
    role: Role,
}

impl Caller {
    fn is_admin(self) -> bool {
        self.role == Role::Admin
    }

    /// Whether something of a project is theirs to see.
    fn sees(self, project: usize) -> bool {
        self.is_admin() || self.project == project
    }
}

/// The cloud as an HTTP service. `root` is where it is, `links` where its services believe to be.
///
/// # Errors
/// The fleet cannot be read.
pub fn service(
    options: &DemoOptions,
    own: &OpenStackOptions,
    clock: Clock,
    root: String,
    links: String,
) -> Result<Router, DemoError> {
    let estate = load::load(options.seed, clock.now_ms(), options.pace, own.servers)
        .map_err(DemoError::Fleet)?;
    let cloud = Cloud {
        estate,
        tokens: Tokens::default(),
        token_life_ms: i64::try_from(own.token_life.as_millis()).unwrap_or(i64::MAX / 4),
        page: own.page.max(1),
        pace: options.pace,
        root,
        links,
    };
    let server = Server {
        cloud: Mutex::new(cloud),
        clock,
        latency: options.latency,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(server)))
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let answer = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => server.answer(&head, &body),
        Err(_) => *fault(413, "Request is too large."),
    };
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    answer.respond()
}

impl Server {
    fn answer(&self, head: &request::Parts, body: &[u8]) -> Answer {
        let now_ms = self.clock.now_ms();
        let mut cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        for region in &mut cloud.estate.regions {
            region.advance(now_ms);
        }
        let request_id = format!("req-{}", cloud.estate.fresh());
        let mut asked = Asked {
            method: head.method.as_str(),
            path: head.uri.path().split('/').skip(1).map(unescape).collect(),
            query: Query::parse(head.uri.query()),
            headers: &head.headers,
            body,
            request_id: request_id.clone(),
            now_ms,
        };
        let (is_nova, answered) = cloud.dispatch(&mut asked);
        let answer = answered.unwrap_or_else(|refusal| *refusal);
        // By the demo's clock, like every other time that it tells.
        let answer = answer.with("date", times::http(now_ms));
        let answer = answer.with("x-openstack-request-id", request_id.clone());
        if is_nova {
            answer.with("x-compute-request-id", request_id)
        } else {
            answer
        }
    }
}

impl Cloud {
    /// Hands a request to its service; whether that is Nova.
    fn dispatch(&mut self, asked: &mut Asked<'_>) -> (bool, Answered) {
        let first = |asked: &Asked<'_>| asked.path.first().cloned().unwrap_or_default();
        if first(asked) == "internal" {
            asked.path.remove(0);
        }
        let slug = first(asked);
        let mut regions = self.estate.regions.iter();
        let region = match regions.position(|region| !slug.is_empty() && region.slug == slug) {
            Some(region) => {
                asked.path.remove(0);
                region
            }
            None => 0,
        };
        let service = first(asked);
        match service.as_str() {
            "compute" | "network" | "image" | "placement" => {
                asked.path.remove(0);
            }
            _ => return (false, keystone::answer(self, asked)),
        }
        match service.as_str() {
            "compute" => (true, compute::answer(self, region, asked)),
            other => (false, supply::answer(self, region, other, asked)),
        }
    }

    /// Who a request comes from.
    fn caller(&self, asked: &Asked<'_>) -> Result<Caller, Box<Answer>> {
        let find = || {
            let token = self
                .tokens
                .find(asked.header("x-auth-token")?, asked.now_ms)?;
            let project = token.project?;
            let role = self.estate.people.users[token.user].role_in(project)?;
            Some(Caller {
                user: token.user,
                project,
                role,
            })
        };
        find().ok_or_else(|| unauthorized(&self.root))
    }
}

/// A part of a path as it was before it was escaped.
fn unescape(segment: &str) -> String {
    // In a form a plus is a blank; in a path it is itself.
    let form = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    let pair = form_urlencoded::parse(form.as_bytes()).next();
    pair.map_or_else(String::new, |(_, value)| value.into_owned())
}
