//! The list of servers: filters, order, pages.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault, forbidden};
use super::compute::Nova;
use super::estate::Server;
use super::states::STATUSES;
use super::{Asked, Cloud, times, view};

/// What everybody may filter by.
const OPEN: [&str; 7] = [
    "name",
    "status",
    "image",
    "flavor",
    "ip",
    "changes-since",
    "all_tenants",
];
/// The same since 2.26.
const TAGS: [&str; 4] = ["tags", "tags-any", "not-tags", "not-tags-any"];
/// The same since 2.83; before it for administrators.
const LATE: [&str; 5] = [
    "availability_zone",
    "vm_state",
    "task_state",
    "power_state",
    "user_id",
];
/// What only administrators may filter by.
const CLOSED: [&str; 8] = [
    "deleted",
    "soft_deleted",
    "host",
    "node",
    "project_id",
    "tenant_id",
    "uuid",
    "description",
];
/// What is not a filter.
const ORDER: [&str; 4] = ["limit", "marker", "sort_key", "sort_dir"];

impl Nova<'_> {
    /// `GET /servers` and `GET /servers/detail`.
    pub fn list(&self, cloud: &Cloud, asked: &Asked<'_>, detail: bool) -> Answered {
        if self.version.has(75)
            && let Some(strange) = asked.query.names().find(|name| !known(name))
        {
            let words =
                format!("Additional properties are not allowed ('{strange}' was unexpected)");
            return Err(fault(400, words));
        }
        let region = &cloud.estate.regions[self.region];
        let filter = self.filter(cloud, asked, detail)?;
        let mut servers: Vec<&Server> = region
            .servers
            .iter()
            .filter(|server| filter.iter().all(|holds| holds(server)))
            .collect();
        let key = asked.query.first("sort_key").unwrap_or("created_at");
        let ascending = asked.query.first("sort_dir") == Some("asc");
        servers.sort_by(|a, b| {
            let order = by(key, a, b).then_with(|| a.id.cmp(&b.id));
            if ascending { order } else { order.reverse() }
        });
        let start = match asked.query.first("marker") {
            None => 0,
            Some(marker) => {
                let at = servers.iter().position(|server| server.id == marker);
                1 + at.ok_or_else(|| fault(400, format!("marker [{marker}] not found")))?
            }
        };
        let limit = page(asked, cloud.page)?;
        let servers = servers.get(start..).unwrap_or_default();
        let servers = &servers[..limit.min(servers.len())];
        let rows: Vec<Value> = servers
            .iter()
            .map(|server| match detail {
                true => self.server(cloud, server, false),
                false => self.brief(cloud, server),
            })
            .collect();
        let mut body = json!({ "servers": rows });
        if let Some(last) = servers.last().filter(|_| servers.len() == limit) {
            let place = if detail { "servers/detail" } else { "servers" };
            body["servers_links"] = json!([{"rel": "next", "href": format!(
                "{}/{place}?{}", self.address(cloud), asked.query.after(&last.id)
            )}]);
        }
        Ok(Answer::ok(body))
    }

    /// The conditions that a query comes to.
    fn filter<'q>(
        &'q self,
        cloud: &'q Cloud,
        asked: &'q Asked<'_>,
        detail: bool,
    ) -> Result<Vec<Condition<'q>>, Box<Answer>> {
        let admin = self.caller.is_admin();
        let mine = |name: &str| {
            admin
                || OPEN.contains(&name)
                || (TAGS.contains(&name) && self.version.has(26))
                || (name == "changes-before" && self.version.has(66))
                || (name == "locked" && self.version.has(73))
                || (LATE.contains(&name) && self.version.has(83))
        };
        // What somebody may not filter by is passed over.
        let value = move |name: &'q str| asked.query.first(name).filter(|_| mine(name));
        let region = &cloud.estate.regions[self.region];
        let mut all: Vec<Condition<'q>> = Vec::new();

        let everywhere = asked.query.switch("all_tenants").map_err(|wrong| {
            fault(
                400,
                format!(
                    "Invalid input received: Unrecognized value '{wrong}', acceptable values are: '0', '1', 'f', 'false', \
                     'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'"
                ),
            )
        })?;
        let own = self.caller.project;
        if everywhere {
            if !admin {
                let kind = if detail { "detail" } else { "index" };
                return Err(forbidden(&format!(
                    "os_compute_api:servers:{kind}:get_all_tenants"
                )));
            }
            if let Some(id) = value("project_id").or_else(|| value("tenant_id")) {
                let projects = &cloud.estate.people.projects;
                all.push(Box::new(move |server| projects[server.project].id == id));
            }
        } else {
            all.push(Box::new(move |server| server.project == own));
        }

        let since = moment(value("changes-since"), "changes-since")?;
        let before = moment(value("changes-before"), "changes-before")?;
        if let Some(since) = since {
            all.push(Box::new(move |server| server.updated_ms >= since));
        }
        if let Some(before) = before {
            all.push(Box::new(move |server| server.updated_ms <= before));
        }
        let statuses: Vec<String> = asked
            .query
            .all("status")
            .map(str::to_ascii_uppercase)
            .collect();
        let deleted = value("deleted").map(|_| asked.query.switch("deleted") == Ok(true));
        let deleted = match (deleted, statuses.as_slice()) {
            (_, [only]) if only == "DELETED" && !admin => {
                return Err(fault(403, "Only administrators may list deleted instances"));
            }
            (_, [only]) if only == "DELETED" => Some(true),
            (None, _) if since.is_some() || before.is_some() => None,
            (wanted, _) => Some(wanted.unwrap_or(false)),
        };
        let soft =
            value("soft_deleted").is_some() && asked.query.switch("soft_deleted") == Ok(true);
        match deleted {
            // Whatever changed, deleted or not.
            None => {}
            Some(true) => all.push(Box::new(|server| {
                server.deleted_ms.is_some() || server.vm_state == "soft-delete"
            })),
            Some(false) => all.push(Box::new(move |server| {
                server.deleted_ms.is_none() && (soft || server.vm_state != "soft-delete")
            })),
        }
        if !statuses.is_empty() {
            if !statuses.iter().any(|one| STATUSES.contains(&one.as_str())) {
                if self.version.has(38) {
                    return Err(fault(400, "Invalid status value"));
                }
                all.push(Box::new(|_| false));
            }
            all.push(Box::new(move |server| {
                statuses.iter().any(|one| one == self.status(server))
            }));
        }

        if let Some(name) = value("name") {
            let pattern = Regex::new(&format!("(?i){name}"));
            let pattern = pattern.map_err(|_| {
                fault(
                    400,
                    format!("Invalid input for query parameters name. Value: {name}"),
                )
            })?;
            all.push(Box::new(move |server| pattern.is_match(&server.name)));
        }
        if let Some(ip) = value("ip") {
            let pattern = Regex::new(ip).map_err(|_| {
                fault(
                    400,
                    format!("Invalid input for query parameters ip. Value: {ip}"),
                )
            })?;
            all.push(Box::new(move |server| {
                server.nics.iter().any(|nic| pattern.is_match(&nic.ip))
            }));
        }
        if let Some(id) = value("image") {
            let images = &region.images;
            all.push(Box::new(move |server| {
                server.image.is_some_and(|at| images[at].id == id)
            }));
        }
        if let Some(id) = value("flavor") {
            let flavors = &cloud.estate.flavors;
            all.push(Box::new(move |server| flavors[server.flavor].id == id));
        }
        if let Some(name) = value("host").or_else(|| value("node")) {
            let hosts = &region.hosts;
            all.push(Box::new(move |server| {
                server.host.is_some_and(|at| hosts[at].name == name)
            }));
        }
        if let Some(id) = value("user_id") {
            let users = &cloud.estate.people.users;
            all.push(Box::new(move |server| users[server.user].id == id));
        }
        if let Some(id) = value("uuid") {
            all.push(Box::new(move |server| server.id == id));
        }
        if let Some(zone) = value("availability_zone") {
            all.push(Box::new(move |server| view::zone(region, server) == zone));
        }
        if let Some(state) = value("vm_state") {
            all.push(Box::new(move |server| server.vm_state == state));
        }
        if let Some(task) = value("task_state") {
            all.push(Box::new(move |server| {
                server.task_state.unwrap_or_default() == task
            }));
        }
        if let Some(power) = value("power_state") {
            all.push(Box::new(move |server| {
                server.power_state.to_string() == power
            }));
        }
        if value("locked").is_some() && self.version.has(73) {
            let locked = asked.query.switch("locked");
            let locked = locked.map_err(|wrong| {
                fault(
                    400,
                    format!("Invalid input received: Unrecognized value '{wrong}'"),
                )
            })?;
            all.push(Box::new(move |server| server.lock.is_some() == locked));
        }
        let has = |server: &Server, tag: &str| server.tags.iter().any(|known| known == tag);
        if let Some(tags) = value("tags") {
            all.push(Box::new(move |server| {
                tags.split(',').all(|tag| has(server, tag))
            }));
        }
        if let Some(tags) = value("tags-any") {
            all.push(Box::new(move |server| {
                tags.split(',').any(|tag| has(server, tag))
            }));
        }
        if let Some(tags) = value("not-tags") {
            all.push(Box::new(move |server| {
                !tags.split(',').all(|tag| has(server, tag))
            }));
        }
        if let Some(tags) = value("not-tags-any") {
            all.push(Box::new(move |server| {
                !tags.split(',').any(|tag| has(server, tag))
            }));
        }
        Ok(all)
    }
}

/// Something that must hold for a server to be listed.
type Condition<'q> = Box<dyn Fn(&Server) -> bool + 'q>;

fn known(name: &str) -> bool {
    let mut lists = [&OPEN[..], &TAGS, &LATE, &CLOSED, &ORDER].into_iter();
    lists.any(|list| list.contains(&name)) || matches!(name, "changes-before" | "locked")
}

fn by(key: &str, a: &Server, b: &Server) -> Ordering {
    match key {
        "updated_at" => a.updated_ms.cmp(&b.updated_ms),
        "display_name" => a.name.cmp(&b.name),
        "uuid" => a.id.cmp(&b.id),
        "vm_state" => a.vm_state.cmp(b.vm_state),
        _ => a.created_ms.cmp(&b.created_ms),
    }
}

fn moment(text: Option<&str>, name: &str) -> Result<Option<i64>, Box<Answer>> {
    let Some(text) = text else { return Ok(None) };
    match times::parse(text) {
        Some(at) => Ok(Some(at)),
        None => Err(fault(
            400,
            format!(
                "Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'date-time'"
            ),
        )),
    }
}

/// How many rows a page has: what is asked for, but no more than there may be. Zero asks for as many as possible.
pub(super) fn page(asked: &Asked<'_>, most: usize) -> Result<usize, Box<Answer>> {
    let Some(text) = asked.query.first("limit") else {
        return Ok(most);
    };
    match text.parse::<usize>() {
        Ok(0) => Ok(most),
        Ok(limit) => Ok(limit.min(most)),
        Err(_) => Err(fault(
            400,
            format!(
                "Invalid input for query parameters limit. Value: {text}. '{text}' does not match '^[0-9]*$'"
            ),
        )),
    }
}
