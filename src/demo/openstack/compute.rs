//! Nova: its versions, and which of its resources a request is for.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault, forbidden, nowhere};
use super::estate::{Role, Server};
use super::microversion::{FIRST, Microversion, asked as asked_version};
use super::{Asked, Caller, Cloud};

/// One request to Nova, once it is known who asks and in which version.
#[derive(Clone, Copy)]
pub(super) struct Nova<'r> {
    pub region: usize,
    pub caller: Caller,
    pub version: Microversion,
    pub request_id: &'r str,
    /// Milliseconds.
    pub now_ms: i64,
}

/// Answers what is asked of the Nova of a region. The path is what follows the service's address.
pub(super) fn answer(cloud: &mut Cloud, region: usize, asked: &Asked<'_>) -> Answered {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let rest = match path.as_slice() {
        [] | [""] => return Ok(Answer::ok(json!({"versions": [version(cloud, region)]}))),
        ["v2.1"] | ["v2.1", ""] => {
            let mut version = version(cloud, region);
            version["media-types"] = json!([{
                "base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1",
            }]);
            return Ok(Answer::ok(json!({ "version": version })));
        }
        ["v2.1", rest @ ..] => rest,
        _ => return Err(nowhere()),
    };
    let caller = cloud.caller(asked)?;
    let version = asked_version(asked.headers, cloud.estate.regions[region].newest)?;
    let nova = Nova {
        region,
        caller,
        version,
        request_id: &asked.request_id,
        now_ms: asked.now_ms,
    };
    let answered = match of_project(cloud, caller, rest) {
        Ok(rest) => nova.answer(cloud, asked, rest),
        Err(refusal) => Err(refusal),
    };
    let told = |answer: Answer| {
        answer
            .with("openstack-api-version", format!("compute {version}"))
            .with("x-openstack-nova-api-version", version.to_string())
            .with(
                "vary",
                "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
            )
    };
    match answered {
        Ok(answer) => Ok(told(answer)),
        Err(refusal) => Err(Box::new(told(*refusal))),
    }
}

fn version(cloud: &Cloud, region: usize) -> Value {
    let region = &cloud.estate.regions[region];
    json!({
        "id": "v2.1", "status": "CURRENT", "updated": "2013-07-23T11:33:21Z",
        "min_version": FIRST.to_string(), "version": region.newest.to_string(),
        "links": [{"rel": "self", "href": format!("{}/", place(cloud, &region.slug))}],
    })
}

/// Where the Nova of a region believes to be.
fn place(cloud: &Cloud, slug: &str) -> String {
    match slug {
        "" => format!("{}/compute/v2.1", cloud.links),
        slug => format!("{}/{slug}/compute/v2.1", cloud.links),
    }
}

/// The path after the project, which an address may name and which must be the caller's.
fn of_project<'p>(
    cloud: &Cloud,
    caller: Caller,
    path: &'p [&'p str],
) -> Result<&'p [&'p str], Box<Answer>> {
    let [first, rest @ ..] = path else {
        return Ok(path);
    };
    let is_project = first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_project {
        return Ok(path);
    }
    let own = &cloud.estate.people.projects[caller.project].id;
    if first == own {
        return Ok(rest);
    }
    Err(fault(
        400,
        format!(
            "Malformed request URL: URL's project_id '{first}' doesn't match Context's project_id '{own}'"
        ),
    ))
}

impl Nova<'_> {
    fn answer(&self, cloud: &mut Cloud, asked: &Asked<'_>, path: &[&str]) -> Answered {
        match (asked.method, path) {
            ("GET", ["servers"]) => self.list(cloud, asked, false),
            ("GET", ["servers", "detail"]) => self.list(cloud, asked, true),
            ("POST", ["servers"]) => Err(forbidden("os_compute_api:servers:create")),
            ("GET", ["servers", id]) => {
                let server = &cloud.estate.regions[self.region].servers[self.find(cloud, id)?];
                Ok(Answer::ok(
                    json!({"server": self.server(cloud, server, true)}),
                ))
            }
            ("DELETE", ["servers", id]) => {
                let at = self.find(cloud, id)?;
                self.delete(cloud, at)
            }
            ("POST", ["servers", id, "action"]) => {
                let at = self.find(cloud, id)?;
                self.act(cloud, asked, at)
            }
            ("POST", ["servers", id, "remote-consoles"]) if self.version.has(6) => {
                let at = self.find(cloud, id)?;
                self.remote_console(cloud, asked, at)
            }
            ("GET", ["servers", id, "os-instance-actions"]) => {
                let at = self.find_any(cloud, id)?;
                self.records(cloud, asked, &cloud.estate.regions[self.region].servers[at])
            }
            ("GET", ["servers", id, "os-instance-actions", request]) => {
                let at = self.find_any(cloud, id)?;
                let server = &cloud.estate.regions[self.region].servers[at];
                self.record(cloud, server, request)
            }
            (_, ["servers", id, "tags", rest @ ..]) if self.version.has(26) => {
                let at = self.find(cloud, id)?;
                self.tags(cloud, asked, at, rest)
            }
            (_, ["servers", id, "metadata", rest @ ..]) => {
                let at = self.find(cloud, id)?;
                self.metadata(cloud, asked, at, rest)
            }
            ("GET", rest) => self.place(cloud, asked, rest),
            _ => Err(nowhere()),
        }
    }

    /// A server that is there for the caller, by position.
    fn find(&self, cloud: &Cloud, id: &str) -> Result<usize, Box<Answer>> {
        let at = self.find_with(cloud, id, |server| server.deleted_ms.is_none());
        at.ok_or_else(|| fault(404, format!("Instance {id} could not be found.")))
    }

    /// The same with the deleted ones, which their records outlive since 2.21.
    fn find_any(&self, cloud: &Cloud, id: &str) -> Result<usize, Box<Answer>> {
        let deleted_too = self.version.has(21);
        let at = self.find_with(cloud, id, |server| {
            deleted_too || server.deleted_ms.is_none()
        });
        at.ok_or_else(|| fault(404, format!("Instance {id} could not be found.")))
    }

    fn find_with(
        &self,
        cloud: &Cloud,
        id: &str,
        is_there: impl Fn(&Server) -> bool,
    ) -> Option<usize> {
        let mut servers = cloud.estate.regions[self.region].servers.iter();
        servers.position(|server| {
            server.id == id && self.caller.sees(server.project) && is_there(server)
        })
    }

    /// Refuses who may only look, or is no administrator.
    pub fn need(&self, role: Role, policy: &str) -> Result<(), Box<Answer>> {
        if self.caller.role >= role {
            Ok(())
        } else {
            Err(forbidden(policy))
        }
    }

    /// Where this Nova believes to be.
    pub fn address(&self, cloud: &Cloud) -> String {
        place(cloud, &cloud.estate.regions[self.region].slug)
    }

    /// The address of something without the version.
    pub fn bookmark(&self, cloud: &Cloud, path: &str) -> String {
        let address = self.address(cloud);
        format!("{}/{path}", address.trim_end_matches("/v2.1"))
    }

    /// Both links of something.
    pub fn links(&self, cloud: &Cloud, path: &str) -> Value {
        json!([
            {"rel": "self", "href": format!("{}/{path}", self.address(cloud))},
            {"rel": "bookmark", "href": self.bookmark(cloud, path)},
        ])
    }
}
