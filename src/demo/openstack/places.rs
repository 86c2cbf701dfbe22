//! What servers are made of and where they are: flavors, services, hosts, zones, groups.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault, nowhere};
use super::compute::Nova;
use super::estate::{Flavor, Group, Host, Region, Role};
use super::times::bare;
use super::{Asked, Cloud};

/// What a host has, for the lists of hosts.
const VCPUS: i64 = 96;
const RAM_MIB: i64 = 1_048_576;
const DISK_GIB: i64 = 8_000;

impl Nova<'_> {
    /// Answers a `GET` of anything but servers.
    pub fn place(&self, cloud: &Cloud, asked: &Asked<'_>, path: &[&str]) -> Answered {
        let region = &cloud.estate.regions[self.region];
        match path {
            ["flavors"] => self.flavors(cloud, asked, false),
            ["flavors", "detail"] => self.flavors(cloud, asked, true),
            ["flavors", id] => {
                let flavor = cloud.estate.flavors.iter().find(|flavor| flavor.id == *id);
                let missing = || fault(404, format!("Flavor {id} could not be found."));
                let flavor = flavor.ok_or_else(missing)?;
                Ok(Answer::ok(
                    json!({"flavor": self.flavor(cloud, flavor, true)}),
                ))
            }
            ["os-services"] => {
                self.need(Role::Admin, "os_compute_api:os-services:list")?;
                let rows = services(region, self, asked);
                Ok(Answer::ok(json!({ "services": rows })))
            }
            ["os-hypervisors"] => self.hypervisors(cloud, asked, false),
            ["os-hypervisors", "detail"] => self.hypervisors(cloud, asked, true),
            ["os-availability-zone"] => Ok(self.zones(region, false)),
            ["os-availability-zone", "detail"] => {
                self.need(Role::Admin, "os_compute_api:os-availability-zone:detail")?;
                Ok(self.zones(region, true))
            }
            ["os-server-groups"] => self.groups(cloud, asked),
            ["os-server-groups", id] => {
                let mut groups = region.groups.iter();
                let group = groups.find(|group| group.id == *id && self.caller.sees(group.project));
                let missing = || fault(404, format!("Instance group {id} could not be found."));
                let row = self.group(cloud, group.ok_or_else(missing)?);
                Ok(Answer::ok(json!({ "server_group": row })))
            }
            _ => Err(nowhere()),
        }
    }

    fn flavors(&self, cloud: &Cloud, asked: &Asked<'_>, detail: bool) -> Answered {
        let flavors = &cloud.estate.flavors;
        let start = match asked.query.first("marker") {
            None => 0,
            Some(marker) => {
                let at = flavors.iter().position(|flavor| flavor.id == marker);
                1 + at.ok_or_else(|| fault(400, format!("marker [{marker}] not found")))?
            }
        };
        let limit = super::listing::page(asked, cloud.page)?;
        let page: Vec<&Flavor> = flavors.iter().skip(start).take(limit).collect();
        let rows = page.iter().map(|flavor| self.flavor(cloud, flavor, detail));
        let mut body = json!({"flavors": rows.collect::<Vec<Value>>()});
        if let Some(last) = page.last().filter(|_| page.len() == limit) {
            let place = if detail { "flavors/detail" } else { "flavors" };
            body["flavors_links"] = json!([{"rel": "next", "href": format!(
                "{}/{place}?{}", self.address(cloud), asked.query.after(&last.id)
            )}]);
        }
        Ok(Answer::ok(body))
    }

    fn flavor(&self, cloud: &Cloud, flavor: &Flavor, detail: bool) -> Value {
        let mut row = json!({
            "id": flavor.id, "name": flavor.name, "links": self.links(cloud, &format!("flavors/{}", flavor.id)),
        });
        if self.version.has(55) {
            row["description"] = flavor.description.clone().into();
        }
        if detail {
            row["vcpus"] = flavor.vcpus.into();
            row["ram"] = flavor.ram.into();
            row["disk"] = flavor.disk.into();
            row["swap"] = if self.version.has(75) {
                0.into()
            } else {
                "".into()
            };
            row["rxtx_factor"] = 1.0.into();
            row["OS-FLV-EXT-DATA:ephemeral"] = 0.into();
            row["OS-FLV-DISABLED:disabled"] = false.into();
            row["os-flavor-access:is_public"] = true.into();
            if self.version.has(61) {
                row["extra_specs"] = json!(flavor.extra_specs);
            }
        }
        row
    }

    fn hypervisors(&self, cloud: &Cloud, asked: &Asked<'_>, detail: bool) -> Answered {
        let policy = if detail { "list-detail" } else { "list" };
        self.need(
            Role::Admin,
            &format!("os_compute_api:os-hypervisors:{policy}"),
        )?;
        let region = &cloud.estate.regions[self.region];
        let pattern = asked.query.first("hypervisor_hostname_pattern");
        let pattern = pattern.filter(|_| self.version.has(53));
        let hosts = region.hosts.iter().enumerate();
        let hosts: Vec<Value> = hosts
            .filter(|(_, host)| pattern.is_none_or(|pattern| host.name.contains(pattern)))
            .map(|(at, host)| self.hypervisor(cloud, at, host, detail))
            .collect();
        match pattern {
            Some(pattern) if hosts.is_empty() => Err(fault(
                404,
                format!("No hypervisor matching '{pattern}' could be found."),
            )),
            _ => Ok(Answer::ok(json!({ "hypervisors": hosts }))),
        }
    }

    fn hypervisor(&self, cloud: &Cloud, at: usize, host: &Host, detail: bool) -> Value {
        let region = &cloud.estate.regions[self.region];
        let id = |uuid: &str| -> Value {
            if self.version.has(53) {
                uuid.into()
            } else {
                (at + 1).into()
            }
        };
        let mut row = json!({
            "id": id(&host.id), "hypervisor_hostname": host.name, "state": up(host), "status": enabled(host),
        });
        if !detail {
            return row;
        }
        let used = |of: fn(&Flavor) -> i64| -> i64 {
            let on = region
                .servers
                .iter()
                .filter(|server| server.host == Some(at));
            on.map(|server| of(&cloud.estate.flavors[server.flavor]))
                .sum()
        };
        row["host_ip"] = host.ip.clone().into();
        row["hypervisor_type"] = "QEMU".into();
        row["hypervisor_version"] = 9_002_000.into();
        row["service"] = json!({"host": host.name, "id": id(&host.service_id), "disabled_reason": host.disabled});
        if self.version.has(88) {
            row["uptime"] = Value::Null;
            return row;
        }
        let (vcpus, ram, disk) = (
            used(|flavor| flavor.vcpus),
            used(|flavor| flavor.ram),
            used(|flavor| flavor.disk),
        );
        let cpu = json!({"arch": "x86_64", "model": "EPYC", "vendor": "AMD", "features": [], "topology": {"cores": 48, "threads": 2, "sockets": 1}});
        row["cpu_info"] = if self.version.has(28) {
            cpu
        } else {
            cpu.to_string().into()
        };
        let more = json!({
            "vcpus": VCPUS, "vcpus_used": vcpus, "memory_mb": RAM_MIB, "memory_mb_used": ram, "free_ram_mb": RAM_MIB - ram,
            "local_gb": DISK_GIB, "local_gb_used": disk, "free_disk_gb": DISK_GIB - disk, "disk_available_least": DISK_GIB - disk,
            "current_workload": 0,
            "running_vms": region.servers.iter().filter(|server| server.host == Some(at)).count(),
        });
        if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
            row.extend(more);
        }
        row
    }

    fn zones(&self, region: &Region, detail: bool) -> Answer {
        let mut names: Vec<&str> = region.hosts.iter().map(|host| &*host.zone).collect();
        names.sort_unstable();
        names.dedup();
        let mut rows = Vec::new();
        if detail {
            let service =
                json!({"active": true, "available": true, "updated_at": bare(self.now_ms)});
            rows.push(json!({
                "zoneName": "internal", "zoneState": {"available": true},
                "hosts": {"ctl-01": {"nova-scheduler": service, "nova-conductor": service}},
            }));
        }
        for name in names {
            let hosts = region.hosts.iter().filter(|host| host.zone == name);
            let hosts = detail.then(|| {
                let row = |host: &Host| {
                    let service = json!({
                        "active": host.disabled.is_none(), "available": !host.down, "updated_at": bare(self.now_ms),
                    });
                    (host.name.clone(), json!({ "nova-compute": service }))
                };
                hosts.map(row).collect::<serde_json::Map<String, Value>>()
            });
            rows.push(json!({"zoneName": name, "zoneState": {"available": true}, "hosts": hosts}));
        }
        Answer::ok(json!({ "availabilityZoneInfo": rows }))
    }

    fn groups(&self, cloud: &Cloud, asked: &Asked<'_>) -> Answered {
        let everywhere = asked.query.first("all_projects").is_some() && self.caller.is_admin();
        if asked.query.first("all_projects").is_some() {
            self.need(
                Role::Admin,
                "os_compute_api:os-server-groups:index:all_projects",
            )?;
        }
        let groups = cloud.estate.regions[self.region].groups.iter();
        let rows: Vec<Value> = groups
            .filter(|group| everywhere || group.project == self.caller.project)
            .map(|group| self.group(cloud, group))
            .collect();
        Ok(Answer::ok(json!({ "server_groups": rows })))
    }

    fn group(&self, cloud: &Cloud, group: &Group) -> Value {
        let people = &cloud.estate.people;
        let mut row = json!({"id": group.id, "name": group.name, "members": group.members});
        if self.version.has(13) {
            row["project_id"] = people.projects[group.project].id.clone().into();
            row["user_id"] = people.users[group.user].id.clone().into();
        }
        if self.version.has(64) {
            row["policy"] = group.policy.clone().into();
            row["rules"] = json!({});
        } else {
            row["policies"] = json!([group.policy]);
            row["metadata"] = json!({});
        }
        row
    }
}

fn up(host: &Host) -> &'static str {
    if host.down { "down" } else { "up" }
}

fn enabled(host: &Host) -> &'static str {
    match host.disabled {
        Some(_) => "disabled",
        None => "enabled",
    }
}

/// Every service: those of the control plane, and one on each host.
fn services(region: &Region, nova: &Nova<'_>, asked: &Asked<'_>) -> Vec<Value> {
    let mut rows = vec![
        ("nova-scheduler", "ctl-01", "internal", None),
        ("nova-conductor", "ctl-01", "internal", None),
    ];
    for host in &region.hosts {
        rows.push(("nova-compute", &*host.name, &*host.zone, Some(host)));
    }
    let mut all = Vec::new();
    for (at, (binary, name, zone, host)) in rows.into_iter().enumerate() {
        let is = |parameter: &str, value: &str| {
            asked
                .query
                .first(parameter)
                .is_none_or(|wanted| wanted == value)
        };
        if !is("binary", binary) || !is("host", name) {
            continue;
        }
        // One that is down was last heard of some hours ago.
        let silent_ms = if host.is_some_and(|host| host.down) {
            4 * 3_600_000
        } else {
            4_000
        };
        let mut row = json!({
            "id": at + 1, "binary": binary, "host": name, "zone": zone, "state": host.map_or("up", up),
            "status": host.map_or("enabled", enabled), "disabled_reason": host.and_then(|host| host.disabled.clone()),
            "updated_at": bare(nova.now_ms - silent_ms),
        });
        if nova.version.has(53) {
            let made = || crate::demo::identity::Uuid::new(7, 0x5f0c, at as u64).to_string();
            row["id"] = host
                .map_or_else(made, |host| host.service_id.clone())
                .into();
        }
        if nova.version.has(11) {
            row["forced_down"] = false.into();
        }
        all.push(row);
    }
    all
}
