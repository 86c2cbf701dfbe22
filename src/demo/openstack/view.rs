//! A server as it travels: what of it is shown depends on the microversion and on who asks.

use serde_json::{Map, Value, json};

use super::Cloud;
use super::compute::Nova;
use super::estate::{Host, Region, Server};
use super::states::status;
use super::times::{bare, iso};

impl Nova<'_> {
    /// A server with what a short list shows.
    pub fn brief(&self, cloud: &Cloud, server: &Server) -> Value {
        json!({
            "id": server.id, "name": server.name,
            "links": self.links(cloud, &format!("servers/{}", server.id)),
        })
    }

    /// A server with all there is. `alone` for one that is asked for by itself.
    pub fn server(&self, cloud: &Cloud, server: &Server, alone: bool) -> Value {
        let region = &cloud.estate.regions[self.region];
        let people = &cloud.estate.people;
        let status = self.status(server);
        let mut row = json!({
            "id": server.id, "name": server.name, "status": status,
            "tenant_id": people.projects[server.project].id, "user_id": people.users[server.user].id,
            "created": iso(server.created_ms), "updated": iso(server.updated_ms),
            "hostId": cloud.estate.host_id(server.host, server.project), "metadata": server.metadata,
            "addresses": addresses(region, server), "flavor": self.flavor_of(cloud, server), "image": self.image_of(cloud, server),
            "links": self.links(cloud, &format!("servers/{}", server.id)),
            "accessIPv4": "", "accessIPv6": "", "config_drive": "", "key_name": null, "OS-DCF:diskConfig": "AUTO",
            "OS-EXT-AZ:availability_zone": zone(region, server),
            "OS-EXT-STS:vm_state": server.vm_state, "OS-EXT-STS:task_state": server.task_state,
            "OS-EXT-STS:power_state": server.power_state,
            "OS-SRV-USG:launched_at": server.launched_ms.map(bare), "OS-SRV-USG:terminated_at": server.deleted_ms.map(bare),
            "os-extended-volumes:volumes_attached": self.volumes(server),
        });
        let Some(fields) = row.as_object_mut() else {
            return row;
        };
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if !server.nics.is_empty() {
            put("security_groups", json!([{"name": "default"}]));
        }
        if matches!(
            status,
            "ACTIVE" | "BUILD" | "REBUILD" | "RESIZE" | "VERIFY_RESIZE" | "MIGRATING"
        ) {
            put("progress", 0.into());
        }
        if let Some(fault) = self.fault_of(server, status) {
            put("fault", fault);
        }
        if self.caller.is_admin() {
            for (name, value) in self.of_host(region, server) {
                put(&format!("OS-EXT-SRV-ATTR:{name}"), value);
            }
        }
        let has = |minor: u16| self.version.has(minor);
        if has(9) {
            put("locked", server.lock.is_some().into());
        }
        if has(16) && self.caller.is_admin() {
            put("host_status", host_status(region, server).into());
        }
        if has(19) {
            put("description", server.description.clone().into());
        }
        if has(26) {
            put("tags", server.tags.clone().into());
        }
        if has(63) {
            put("trusted_image_certificates", Value::Null);
        }
        if has(71) && alone {
            let groups = region.groups.iter();
            let mut groups = groups.filter(|group| group.members.contains(&server.id));
            put(
                "server_groups",
                groups.next().map_or(json!([]), |group| json!([group.id])),
            );
        }
        if has(73) {
            let reason = server.lock.as_ref().and_then(|lock| lock.reason.clone());
            put("locked_reason", reason.into());
        }
        if has(90) && !self.caller.is_admin() {
            put("OS-EXT-SRV-ATTR:hostname", server.name.clone().into());
        }
        if has(96) {
            put("pinned_availability_zone", Value::Null);
        }
        row
    }

    /// The status of a server.
    pub fn status(&self, server: &Server) -> &'static str {
        if server.deleted_ms.is_some() {
            return "DELETED";
        }
        status(server.vm_state, server.task_state)
    }

    fn fault_of(&self, server: &Server, status: &str) -> Option<Value> {
        let fault = server.fault.as_ref()?;
        matches!(status, "ERROR" | "DELETED").then_some(())?;
        let mut row =
            json!({"code": fault.code, "created": iso(fault.created_ms), "message": fault.message});
        if self.caller.is_admin() || fault.code != 500 {
            row["details"] = fault.details.clone().into();
        }
        Some(row)
    }

    /// What only an administrator sees of where it is.
    fn of_host(&self, region: &Region, server: &Server) -> Map<String, Value> {
        let host = server.host.map(|at| region.hosts[at].name.clone());
        let mut all = json!({
            "host": host, "hypervisor_hostname": host, "instance_name": format!("instance-{:08x}", server.number),
        });
        if self.version.has(3) {
            all["hostname"] = server.name.clone().into();
            all["kernel_id"] = "".into();
            all["ramdisk_id"] = "".into();
            all["launch_index"] = 0.into();
            all["reservation_id"] = format!("r-{:08x}", server.number).into();
            all["root_device_name"] = "/dev/vda".into();
            all["user_data"] = Value::Null;
        }
        match all {
            Value::Object(all) => all,
            _ => Map::new(),
        }
    }

    fn flavor_of(&self, cloud: &Cloud, server: &Server) -> Value {
        let flavor = &cloud.estate.flavors[server.flavor];
        if !self.version.has(47) {
            let links = json!([{"rel": "bookmark", "href": self.bookmark(cloud, &format!("flavors/{}", flavor.id))}]);
            return json!({"id": flavor.id, "links": links});
        }
        json!({
            "original_name": flavor.name, "vcpus": flavor.vcpus, "ram": flavor.ram, "disk": flavor.disk, "ephemeral": 0, "swap": 0,
            "extra_specs": flavor.extra_specs,
        })
    }

    fn image_of(&self, cloud: &Cloud, server: &Server) -> Value {
        let region = &cloud.estate.regions[self.region];
        match server.image.map(|at| &region.images[at].id) {
            // The disk is a volume.
            None => "".into(),
            Some(id) => json!({
                "id": id,
                "links": [{"rel": "bookmark", "href": self.bookmark(cloud, &format!("images/{id}"))}],
            }),
        }
    }

    fn volumes(&self, server: &Server) -> Value {
        if server.image.is_some() {
            return json!([]);
        }
        let id: String = server.id.chars().rev().collect();
        let id = format!("{}-{}", &server.id[..23], &id[..12]);
        if self.version.has(3) {
            json!([{"id": id, "delete_on_termination": true}])
        } else {
            json!([{ "id": id }])
        }
    }
}

/// The zone that a server is in.
pub(super) fn zone<'r>(region: &'r Region, server: &Server) -> &'r str {
    server.host.map_or("", |at| region.hosts[at].zone.as_str())
}

/// How the Nova on a host is.
fn host_status(region: &Region, server: &Server) -> &'static str {
    match server.host.map(|at| &region.hosts[at]) {
        None => "",
        Some(Host { down: true, .. }) => "DOWN",
        Some(Host {
            disabled: Some(_), ..
        }) => "MAINTENANCE",
        Some(_) => "UP",
    }
}

fn addresses(region: &Region, server: &Server) -> Value {
    // They are not shown before they are sure.
    if server.vm_state == "building" {
        return json!({});
    }
    let mut all = Map::new();
    for nic in &server.nics {
        let row = |addr: &str, kind: &str| {
            json!({
                "addr": addr, "version": 4, "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": nic.mac,
            })
        };
        let mut rows = vec![row(&nic.ip, "fixed")];
        rows.extend(nic.floating.as_deref().map(|addr| row(addr, "floating")));
        all.insert(region.networks[nic.network].name.clone(), rows.into());
    }
    Value::Object(all)
}
