//! What a client of servers asks of Neutron, Glance and Placement.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, error, network_missing};
use super::estate::{Image, Network, Nic, Region, Server};
use super::times::iso;
use super::{Asked, Caller, Cloud};

/// How many images a page has when nothing is said (Glance's own default).
const IMAGES: usize = 25;

/// Answers what is asked of one of the three in a region.
pub(super) fn answer(cloud: &Cloud, region: usize, service: &str, asked: &Asked<'_>) -> Answered {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    if asked.method != "GET" {
        return Err(error(405, "The method is not allowed for this resource."));
    }
    if let [] | [""] = path.as_slice() {
        return Ok(versions(cloud, region, service));
    }
    let caller = cloud.caller(asked)?;
    let there = &cloud.estate.regions[region];
    match (service, path.as_slice()) {
        ("network", ["v2.0", "networks"]) => Ok(networks(cloud, there, caller, asked)),
        ("network", ["v2.0", "networks", id]) => {
            let mut all = there.networks.iter();
            match all.find(|network| network.id == *id && sees_network(caller, network)) {
                Some(network) => Ok(Answer::ok(json!({"network": network_row(cloud, network)}))),
                None => Err(network_missing(
                    "NetworkNotFound",
                    &format!("Network {id} could not be found."),
                )),
            }
        }
        ("network", ["v2.0", "ports"]) => Ok(ports(cloud, there, caller, asked)),
        ("image", ["v2", "images"]) => images(cloud, there, caller, asked),
        ("image", ["v2", "images", id]) => {
            let mut all = there.images.iter();
            match all.find(|image| image.id == *id && sees_image(caller, image)) {
                Some(image) => Ok(Answer::ok(image_row(cloud, image))),
                None => Err(error(404, format!("No image found with ID {id}"))),
            }
        }
        _ => Err(error(404, "The resource could not be found.")),
    }
}

fn versions(cloud: &Cloud, region: usize, service: &str) -> Answer {
    let slug = &cloud.estate.regions[region].slug;
    let place = match slug.as_str() {
        "" => format!("{}/{service}", cloud.links),
        slug => format!("{}/{slug}/{service}", cloud.links),
    };
    let link = |path: &str| json!([{"rel": "self", "href": format!("{place}/{path}")}]);
    match service {
        "network" => Answer::ok(
            json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": link("v2.0/")}]}),
        ),
        "image" => Answer::json(
            300,
            json!({"versions": [{"id": "v2.9", "status": "CURRENT", "links": link("v2/")}]}),
        ),
        _ => Answer::ok(json!({"versions": [{
            "id": "v1.0", "min_version": "1.0", "max_version": "1.39", "status": "CURRENT", "links": link(""),
        }]})),
    }
}

/// Whether a query asks for this value, or for none.
fn wanted(asked: &Asked<'_>, name: &str, value: &str) -> bool {
    let mut values = asked.query.all(name).peekable();
    values.peek().is_none() || values.any(|wanted| wanted == value)
}

fn sees_network(caller: Caller, network: &Network) -> bool {
    network.shared || caller.sees(network.project)
}

fn networks(cloud: &Cloud, region: &Region, caller: Caller, asked: &Asked<'_>) -> Answer {
    let rows: Vec<Value> = region
        .networks
        .iter()
        .filter(|network| sees_network(caller, network))
        .filter(|network| wanted(asked, "id", &network.id) && wanted(asked, "name", &network.name))
        .map(|network| network_row(cloud, network))
        .collect();
    Answer::ok(json!({ "networks": rows }))
}

fn network_row(cloud: &Cloud, network: &Network) -> Value {
    let project = &cloud.estate.people.projects[network.project].id;
    json!({
        "id": network.id, "name": network.name, "status": "ACTIVE", "admin_state_up": true, "shared": network.shared,
        "project_id": project, "tenant_id": project, "router:external": false, "subnets": [], "mtu": 1_442, "description": "",
    })
}

fn ports(cloud: &Cloud, region: &Region, caller: Caller, asked: &Asked<'_>) -> Answer {
    let mut rows = Vec::new();
    for server in region
        .servers
        .iter()
        .filter(|server| caller.sees(server.project))
    {
        for nic in &server.nics {
            let network = &region.networks[nic.network].id;
            if wanted(asked, "device_id", &server.id) && wanted(asked, "network_id", network) {
                rows.push(port_row(cloud, region, caller, server, nic));
            }
        }
    }
    Answer::ok(json!({ "ports": rows }))
}

fn port_row(cloud: &Cloud, region: &Region, caller: Caller, server: &Server, nic: &Nic) -> Value {
    let project = &cloud.estate.people.projects[server.project].id;
    let host = server.host.map(|at| &region.hosts[at]);
    let zone = host.map_or("nova", |host| host.zone.as_str());
    let mut row = json!({
        "id": nic.id, "name": "", "network_id": region.networks[nic.network].id, "device_id": server.id,
        "device_owner": format!("compute:{zone}"), "mac_address": nic.mac, "admin_state_up": true,
        "status": if server.power_state == 1 { "ACTIVE" } else { "DOWN" },
        "fixed_ips": [{"ip_address": nic.ip, "subnet_id": null}], "project_id": project, "tenant_id": project,
    });
    if caller.is_admin() {
        row["binding:host_id"] = host.map_or("", |host| host.name.as_str()).into();
    }
    row
}

fn sees_image(caller: Caller, image: &Image) -> bool {
    image.public || caller.sees(image.owner)
}

fn images(cloud: &Cloud, region: &Region, caller: Caller, asked: &Asked<'_>) -> Answered {
    let mut all: Vec<&Image> = region
        .images
        .iter()
        .filter(|image| sees_image(caller, image))
        .filter(|image| wanted(asked, "name", &image.name) && wanted(asked, "status", image.status))
        .collect();
    // Newest first; those made at once by their id.
    all.sort_by(|a, b| (b.created_ms, &b.id).cmp(&(a.created_ms, &a.id)));
    if let Some(marker) = asked.query.first("marker") {
        let at = all.iter().position(|image| image.id == marker);
        let missing = || error(400, format!("marker {marker} could not be found."));
        all.drain(..=at.ok_or_else(missing)?);
    }
    let limit = match asked.query.first("limit").map(str::parse::<usize>) {
        None => IMAGES,
        Some(Ok(limit)) => limit.min(cloud.page),
        Some(Err(_)) => return Err(error(400, "limit param must be an integer")),
    };
    let more = all.len() > limit;
    all.truncate(limit);
    let rows: Vec<Value> = all.iter().map(|image| image_row(cloud, image)).collect();
    let mut body = json!({"images": rows, "first": "/v2/images", "schema": "/v2/schemas/images"});
    if let Some(last) = all.last().filter(|_| more) {
        body["next"] = format!("/v2/images?{}", asked.query.after(&last.id)).into();
    }
    Ok(Answer::ok(body))
}

fn image_row(cloud: &Cloud, image: &Image) -> Value {
    let ready = image.status == "active";
    let mut row = json!({
        "id": image.id, "name": image.name, "status": image.status, "owner": cloud.estate.people.projects[image.owner].id,
        "visibility": if image.public { "public" } else { "private" }, "protected": false, "tags": [], "min_disk": 0, "min_ram": 0,
        "disk_format": "qcow2", "container_format": "bare", "size": ready.then_some(2_147_483_648_i64),
        "created_at": iso(image.created_ms), "updated_at": iso(image.created_ms), "self": format!("/v2/images/{}", image.id),
        "file": format!("/v2/images/{}/file", image.id), "schema": "/v2/schemas/image",
    });
    if let Some(server) = &image.of_server {
        row["image_type"] = "snapshot".into();
        row["instance_uuid"] = server.clone().into();
    }
    row
}
