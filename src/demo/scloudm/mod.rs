//! A small SCloudM gateway, as its page describes the published one of April 2016.

mod answer;
mod fleet;
mod gateway;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, header, request};
use serde_json::{Value, json};
use url::form_urlencoded;

use self::answer::{bare, http_date, iso, json_with, ok, page, refusal, unauthorized};
use self::fleet::Vm;
use self::gateway::{Act, Gateway, Refusal};
use super::clock::Clock;
use super::{DemoError, DemoOptions};

/// The largest body that is read.
const BODY_LIMIT: usize = 64 * 1_024;

/// The user to sign in as.
pub const USERNAME: &str = "admin";
/// The password of the user.
pub const PASSWORD: &str = "demo";

/// The providers that the gateway knows: the header `Sp-Agent`.
const AGENTS: &[&str] = &["default", "scloudm", "openstack_kilo"];

struct Server {
    gateway: Mutex<Gateway>,
    clock: Clock,
    latency: Duration,
}

/// The gateway as an HTTP service. It has its own small fleet, however many VMs the others have.
///
/// # Errors
/// The fleet cannot be read.
pub fn service(options: &DemoOptions, clock: Clock) -> Result<Router, DemoError> {
    let fleet = fleet::fleet(options.seed, clock.now_ms()).map_err(DemoError::Fleet)?;
    let server = Server {
        gateway: Mutex::new(Gateway::new(fleet, options.pace)),
        clock,
        latency: options.latency,
    };
    Ok(Router::new().fallback(handle).with_state(Arc::new(server)))
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let now_ms = server.clock.now_ms();
    let mut response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => {
            let mut gateway = server
                .gateway
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            gateway.advance(now_ms);
            respond(&mut gateway, &head, &body, now_ms)
        }
        Err(_) => page(413),
    };
    if let Ok(date) = HeaderValue::from_str(&http_date(now_ms)) {
        response.headers_mut().insert(header::DATE, date);
    }
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    response
}

fn respond(
    gateway: &mut Gateway,
    head: &request::Parts,
    body: &[u8],
    now_ms: i64,
) -> Response<Body> {
    let segments: Vec<String> = head.uri.path().split('/').skip(1).map(unescape).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let [prefix, rest @ ..] = segments.as_slice() else {
        return page(404);
    };
    let method = match rest {
        _ if *prefix != "mana_api" => return page(404),
        ["tokens"] | ["vm_act", _, _] | ["vnc_console", _, _, _] => Method::POST,
        ["region_tenant"] | ["vm"] => Method::GET,
        _ => return page(404),
    };
    // Which of the providers is asked for is looked up before anything else, and nobody catches what is not found.
    let agent = text_header(&head.headers, "sp-agent").unwrap_or("default");
    if !AGENTS.contains(&agent) {
        return page(500);
    }
    if rest != ["tokens"] {
        match text_header(&head.headers, "x-auth-token") {
            None => return unauthorized(),
            Some(token) if !gateway.knows_token(token, now_ms) => {
                return json_with(400, &json!({"error": "invalid token"}));
            }
            Some(_) => {}
        }
    }
    if head.method != method {
        return page(405);
    }
    // A body of another type is not read.
    let is_json = text_header(&head.headers, "content-type")
        .is_some_and(|media| media.trim().starts_with("application/json"));
    let body: Option<Value> = is_json.then(|| serde_json::from_slice(body).ok()).flatten();
    match rest {
        ["tokens"] => sign_in(gateway, body.as_ref(), now_ms),
        ["region_tenant"] => region_tenant(gateway),
        ["vm"] => list(gateway, head.uri.query().unwrap_or_default()),
        ["vm_act", tenant, region] => match body {
            Some(body) => act(gateway, tenant, region, body, now_ms),
            None => page(500),
        },
        ["vnc_console", tenant, region, server] => console(gateway, tenant, region, server),
        _ => page(404),
    }
}

fn sign_in(gateway: &mut Gateway, body: Option<&Value>, now_ms: i64) -> Response<Body> {
    let auth = &body.unwrap_or(&Value::Null)["auth"];
    let old = &auth["passwordCredentials"];
    let new = &auth["identity"]["password"]["user"];
    let is_old = old.is_object();
    let (name, password) = if is_old {
        (&old["username"], &old["password"])
    } else {
        (&new["name"], &new["password"])
    };
    let (Some(name), Some(password)) = (name.as_str(), password.as_str()) else {
        return refusal(400, "Error with tokens");
    };
    if (name, password) != (USERNAME, PASSWORD) {
        let msg = "The request you have made requires authentication: user or password is wrong";
        return json_with(
            401,
            &json!({"code": 401, "reason": "Unauthorized", "msg": msg}),
        );
    }
    let (id, ends_ms) = gateway.give_token(now_ms);
    let user = "3a6f2b1c9d8e4f70a1b2c3d4e5f60718";
    ok(&if is_old {
        json!({"access": {
            "token": {"id": id, "issued_at": iso(now_ms), "expires": iso(ends_ms)},
            "serviceCatalog": [],
            "user": {"id": user, "username": name, "name": name, "roles": [], "roles_links": []},
            "metadata": {"is_admin": 0, "roles": []},
        }})
    } else {
        json!({"token": {"id": id, "expires": iso(ends_ms)}})
    })
}

fn region_tenant(gateway: &Gateway) -> Response<Body> {
    let tenants = gateway.fleet.tenants.iter();
    let tenants: Vec<Value> = tenants
        .map(|tenant| json!({"id": tenant.id, "name": tenant.name}))
        .collect();
    ok(&json!({"code": 200, "msg": "", "regions": gateway.fleet.regions, "tenants": tenants}))
}

/// The tenant of a request, by position, with compute in the region.
fn place(gateway: &Gateway, tenant: &str, region: &str) -> Result<usize, Box<Response<Body>>> {
    let tenant = gateway
        .tenant(tenant)
        .ok_or_else(|| refusal(403, "project is not yours"))?;
    if gateway.has_compute(tenant, region) {
        Ok(tenant)
    } else {
        Err(Box::new(refusal(400, "invalid region")))
    }
}

fn list(gateway: &Gateway, query: &str) -> Response<Body> {
    let (mut tenant, mut region, mut from, mut to) = (None, None, None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*key {
            "tenant_id" => &mut tenant,
            "region" => &mut region,
            "f" => &mut from,
            "t" => &mut to,
            _ => continue,
        };
        *slot = Some(value.into_owned()).filter(|value| !value.is_empty());
    }
    let (Some(tenant), Some(region)) = (tenant, region) else {
        return refusal(400, "tenant_id or region is missing");
    };
    let tenant = match place(gateway, &tenant, &region) {
        Ok(tenant) => tenant,
        Err(response) => return *response,
    };
    let number = |text: Option<String>| text.map(|text| text.trim().parse::<i64>()).transpose();
    let (Ok(from), Ok(to)) = (number(from), number(to)) else {
        return page(500);
    };
    let vms = gateway.vms(tenant, &region);
    let slice: Vec<Value> = vms[range(from, to, vms.len())]
        .iter()
        .map(|vm| entry(vm))
        .collect();
    ok(&json!({"code": 200, "msg": "", "total_count": slice.len(), "vm_servers": slice}))
}

/// A slice as Python cuts it: half open, and a negative end counts from behind.
fn range(from: Option<i64>, to: Option<i64>, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let place = |at: i64| if at < 0 { at + len } else { at }.clamp(0, len);
    let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(len)));
    from as usize..to.max(from) as usize
}

fn entry(vm: &Vm) -> Value {
    json!({
        "instance_name": vm.name,
        "instance_id": vm.id,
        "region": vm.region,
        "cpu_num": vm.cpu,
        "mem_size": vm.ram,
        "disk_size": vm.disk,
        "lan_ip_set": vm.lan.join(","),
        "wan_ip_set": vm.wan.join(","),
        "status": vm.status.word(),
        "create_at": bare(vm.created_ms),
        "update_at": bare(vm.updated_ms),
    })
}

fn act(
    gateway: &mut Gateway,
    tenant: &str,
    region: &str,
    mut body: Value,
    now_ms: i64,
) -> Response<Body> {
    /// What the published gateway says whenever something goes wrong inside.
    const BROKEN: &str = "Error with vm action";
    let tenant = match place(gateway, tenant, region) {
        Ok(tenant) => tenant,
        Err(response) => return *response,
    };
    let servers = body.as_object_mut().and_then(|body| body.remove("servers"));
    let Some(servers) = servers.as_ref().and_then(Value::as_str) else {
        return refusal(400, BROKEN);
    };
    let mut ids = servers.split(',');
    let id = ids.next().unwrap_or_default();
    let done = match gateway.vm(tenant, region, id) {
        None => Err(Refusal {
            code: 404,
            reason: "Not Found",
            msg: format!("Instance {id} could not be found"),
        }),
        Some(vm) => verb(&body).and_then(|act| gateway.begin(vm, act, now_ms)),
    };
    if ids.next().is_some() {
        // The first was acted on; the second finds the body without its servers.
        return refusal(400, BROKEN);
    }
    match done {
        Ok(()) => {
            let detail = json!([{"code": 200, "msg": "success", "server_id": id}]);
            ok(&json!({"code": 200, "msg": "success", "detail": detail}))
        }
        Err(Refusal { code, reason, msg }) => {
            let detail = json!([{"code": code, "reason": reason, "msg": msg, "server_id": id}]);
            json_with(
                400,
                &json!({"code": 400, "msg": "failed", "detail": detail}),
            )
        }
    }
}

/// The one action of a body.
fn verb(body: &Value) -> Result<Act, Refusal> {
    let bad = |msg: String| Refusal {
        code: 400,
        reason: "Bad Request",
        msg,
    };
    let mut keys = body.as_object().into_iter().flatten();
    match (keys.next(), keys.next()) {
        (Some((key, value)), None) => match (key.as_str(), value) {
            ("os-start", Value::Null) => Ok(Act::Start),
            ("os-stop", Value::Null) => Ok(Act::Stop),
            ("reboot", value) => match value["type"].as_str() {
                Some("HARD") => Ok(Act::HardReboot),
                Some("SOFT") => Ok(Act::SoftReboot),
                _ => Err(bad(
                    "Argument 'type' for reboot is not HARD or SOFT".to_owned()
                )),
            },
            (other, _) => Err(bad(format!("There is no such action: {other}"))),
        },
        _ => Err(bad(
            "Malformed request body: it must have exactly one action".to_owned(),
        )),
    }
}

fn console(gateway: &Gateway, tenant: &str, region: &str, server: &str) -> Response<Body> {
    let tenant = match place(gateway, tenant, region) {
        Ok(tenant) => tenant,
        Err(response) => return *response,
    };
    if gateway.vm(tenant, region, server).is_none() {
        return refusal(400, "Error with vnc_console");
    }
    let url = format!("http://192.0.2.50:6080/vnc_auto.html?token={server}");
    let console = json!({"type": "novnc", "url": url});
    ok(&json!({"code": 200, "msg": "", "data": {"console": console}}))
}

fn text_header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// A segment of a path without its percent-encoding.
fn unescape(segment: &str) -> String {
    // In a form a plus is a blank; in a path it is itself.
    let form = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    let pair = form_urlencoded::parse(form.as_bytes()).next();
    pair.map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_cut_as_python_cuts_them() {
        assert_eq!(range(None, None, 5), 0..5);
        assert_eq!(range(Some(1), Some(3), 5), 1..3);
        assert_eq!(range(Some(3), Some(50), 5), 3..5);
        assert_eq!(range(Some(9), Some(50), 5), 5..5);
        assert_eq!(range(Some(4), Some(2), 5), 4..4);
        assert_eq!(range(Some(-2), None, 5), 3..5);
    }

    #[test]
    fn segments_are_read_without_their_encoding() {
        assert_eq!(unescape("a%2Fb+c%26d=e"), "a/b+c&d=e");
    }
}
