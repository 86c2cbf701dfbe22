//! A small ZStack of the 5.x kind, with the audits and alarms of its commercial edition, as its documents describe it.

mod answer;
mod changes;
mod estate;
mod fleet_file;
mod operations;
mod platform;
mod query;
mod rows;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, header, request};
use serde_json::{Value, json};

use self::answer::{Answer, error, error_by, session_over};
use self::estate::Estate;
use self::platform::{ACCOUNTS, Platform};
use self::query::Query;
use super::clock::Clock;
use super::{DemoError, DemoOptions};

/// The largest body that is read: a tag is the longest thing anybody sends.
const BODY_LIMIT: usize = 64 * 1_024;

/// The account to sign in as, which may do everything.
pub const USERNAME: &str = ACCOUNTS[0];
/// The password of every account.
pub const PASSWORD: &str = "demo";
/// The same as it travels: `printf demo | sha512sum`.
const HASHED: &str = "26c669cd0814ac40e5328752b21c4aa6450d16295e4eec30356a06a911c23983aaebe12d5da38eeebfc1b213be650498df8419194d5a26c7e0a50af156853c79";

/// Where the API begins.
const CONTEXT: &str = "/zstack/v1/";

struct Server {
    platform: Mutex<Platform>,
    clock: Clock,
    /// What the server believes its address to be.
    base: String,
    latency: Duration,
}

/// One request, read.
struct Asked<'r> {
    method: &'r str,
    /// The parts of the path after the version.
    path: Vec<&'r str>,
    query: Query,
    head: &'r request::Parts,
    body: &'r [u8],
    now_ms: i64,
}

impl Asked<'_> {
    /// A body that is a JSON object.
    fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body)
            .ok()
            .filter(Value::is_object)
    }
}

/// The cloud as an HTTP service. `base` is where it believes to be.
///
/// # Errors
/// The fleet cannot be read.
pub fn service(options: &DemoOptions, clock: Clock, base: String) -> Result<Router, DemoError> {
    let estate =
        Estate::load(options.seed, clock.now_ms(), options.pace).map_err(DemoError::Fleet)?;
    let server = Server {
        platform: Mutex::new(Platform::new(estate, options.seed, options.pace)),
        clock,
        base,
        latency: options.latency,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(server)))
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let answer = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => server.respond(&head, &body),
        Err(_) => Answer::text(400, "the body is too long"),
    };
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    answer.respond()
}

impl Server {
    fn respond(&self, head: &request::Parts, body: &[u8]) -> Answer {
        let Some(path) = head.uri.path().strip_prefix(CONTEXT) else {
            return Answer::nowhere();
        };
        let asked = Asked {
            method: head.method.as_str(),
            path: path.split('/').collect(),
            query: Query::parse(head.uri.query()),
            head,
            body,
            now_ms: self.clock.now_ms(),
        };
        let mut platform = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        platform.advance(asked.now_ms);
        if let Some(answer) = open_to_all(&mut platform, &asked) {
            return answer;
        }
        let session = match session_of(head) {
            Ok(session) => session,
            Err(answer) => return answer,
        };
        let account = platform
            .session(session, asked.now_ms)
            .map(|session| session.account);
        match (asked.method, account) {
            ("GET", None) => Answer::failed(session_over()),
            ("GET", Some(account)) => read(&platform, &asked, account == ACCOUNTS[0]),
            // The session is not looked at before a job is taken.
            ("PUT" | "POST" | "DELETE", account) => {
                changes::take(&mut platform, &asked, account, &self.base)
            }
            _ => Answer::wrong_verb(),
        }
    }
}

/// The session of a request's header.
fn session_of(head: &request::Parts) -> Result<&str, Answer> {
    let header = head.headers.get(header::AUTHORIZATION);
    let Some(text) = header.and_then(|value| value.to_str().ok()) else {
        return Err(Answer::text(400, "the header Authorization is missing"));
    };
    text.strip_prefix("OAuth ")
        .ok_or_else(|| Answer::text(400, "the scheme of Authorization is not supported"))
}

/// What needs no session: jobs, signing in and out, and the node itself.
fn open_to_all(platform: &mut Platform, asked: &Asked<'_>) -> Option<Answer> {
    Some(match (asked.method, asked.path.as_slice()) {
        ("GET", ["api-jobs", job]) => platform.look(job),
        (_, ["api-jobs", _]) => Answer::wrong_verb(),
        ("PUT", ["accounts", "login"]) => log_in(platform, asked, "logInByAccount", |form| {
            form["accountName"].as_str().map(str::to_owned)
        }),
        ("PUT", ["accounts", "users", "login"]) => log_in(platform, asked, "logInByUser", |form| {
            // The one user there is belongs to the ordinary account.
            let known = form["accountName"] == ACCOUNTS[1] && form["userName"] == "alice";
            known.then(|| ACCOUNTS[1].to_owned())
        }),
        // Directories and identity management are not part of this cloud.
        ("PUT", ["ldap", "login"] | ["iam2", _, "login"] | ["login"]) => Answer::nowhere(),
        ("GET", ["accounts", "sessions", id, "valid"]) => {
            let valid = platform.session(id, asked.now_ms).is_some();
            Answer::ok(json!({ "valid": valid }))
        }
        ("DELETE", ["accounts", "sessions", id]) => {
            platform.log_out(id);
            Answer::ok(json!({}))
        }
        ("GET", ["management-nodes", "ready"]) => Answer::ok(json!({"success": true})),
        ("PUT", ["management-nodes", "actions"]) => match asked.json() {
            Some(body) if body.get("getCurrentTime").is_some() => Answer::ok(json!({
                "currentTime": {"MillionSeconds": asked.now_ms, "Seconds": asked.now_ms / 1_000},
            })),
            Some(body) if body.get("getVersion").is_some() => {
                Answer::ok(json!({"version": "5.2.1"}))
            }
            _ => Answer::text(400, "no known action in the body"),
        },
        _ => return None,
    })
}

fn log_in(
    platform: &mut Platform,
    asked: &Asked<'_>,
    wrapper: &str,
    account: impl Fn(&Value) -> Option<String>,
) -> Answer {
    let Some(form) = asked.json().and_then(|body| body.get(wrapper).cloned()) else {
        return Answer::failed(error("SYS.1007", "the name and the password are missing"));
    };
    let name = account(&form);
    let known = ACCOUNTS
        .iter()
        .find(|known| Some(**known) == name.as_deref());
    match known.filter(|_| form["password"] == HASHED) {
        Some(account) => Answer::ok(platform.log_in(account, asked.now_ms)),
        None => Answer::failed(error("ID.1000", "wrong account name or password")),
    }
}

/// Answers a question. Ordinary accounts see neither hosts nor queues.
fn read(platform: &Platform, asked: &Asked<'_>, admin: bool) -> Answer {
    let denied = || Answer::failed(error("ID.1002", "this account may not do that"));
    let vm_at = |uuid: &str| {
        let vms = platform.estate.vms.iter();
        vms.clone()
            .position(|vm| vm.uuid == uuid && vm.state != "Expunged")
    };
    match asked.path.as_slice() {
        ["hosts", ..] if !admin => denied(),
        ["vm-instances", "task-details"] if !admin => denied(),
        ["vm-instances", "task-details"] => {
            let uuids = asked.query.all("vmInstanceUuids");
            let queues = uuids
                .filter_map(|uuid| Some((uuid.to_owned(), platform.queue(uuid, asked.now_ms)?)));
            let queues: serde_json::Map<String, Value> = queues.collect();
            Answer::ok(json!({"results": queues, "success": true}))
        }
        ["task-progresses", job] => {
            Answer::ok(json!({"inventories": platform.progress(job, asked.now_ms)}))
        }
        ["vm-instances", uuid, of_vm] => match vm_at(uuid) {
            Some(vm) => read_of_vm(platform, vm, of_vm),
            None => Answer::failed(error("SYS.1003", "there is no such VM")),
        },
        ["zwatch", records] => match platform.rows(&format!("zwatch/{records}")) {
            Some(rows) => asked.query.answer(rows, None),
            None => Answer::nowhere(),
        },
        [collection] | [collection, _] => match platform.rows(collection) {
            Some(rows) => asked.query.answer(rows, asked.path.get(1).copied()),
            None => Answer::nowhere(),
        },
        _ => Answer::nowhere(),
    }
}

fn read_of_vm(platform: &Platform, at: usize, of_vm: &str) -> Answer {
    let vm = &platform.estate.vms[at];
    let only_from = |states: &[&str]| {
        let words = format!(
            "{} is in state {}, which does not allow this",
            vm.name, vm.state
        );
        let wrong = || Answer::failed(error_by("SYS.1006", error("VM.1010", &words)));
        (!states.contains(&vm.state.as_str())).then(wrong)
    };
    let hosts = || -> Vec<Value> {
        platform
            .targets(at)
            .into_iter()
            .map(|host| platform.host_row(host))
            .collect()
    };
    match of_vm {
        "migration-target-hosts" => only_from(&["Running", "Paused"])
            .unwrap_or_else(|| Answer::ok(json!({ "inventories": hosts() }))),
        "starting-target-hosts" => only_from(&["Stopped"])
            .unwrap_or_else(|| Answer::ok(json!({"hosts": hosts(), "clusters": []}))),
        "console-addresses" => only_from(&["Running", "Crashed"]).unwrap_or_else(|| {
            let host = vm.host.map(|host| platform.estate.hosts[host].ip.clone());
            Answer::ok(json!({
                "hostIp": host.unwrap_or_default(), "port": 5_900 + at, "protocol": "vnc", "success": true,
            }))
        }),
        "ha-levels" => Answer::ok(match &vm.ha {
            Some(level) => json!({ "level": level }),
            None => json!({}),
        }),
        _ => Answer::nowhere(),
    }
}
