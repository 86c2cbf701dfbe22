//! Hosts, and the remote consoles of what runs on them (11, 13).

use super::Pen;
use crate::demo::abiquo::estate::{FIRST, FIRST_VM, id};
use crate::demo::abiquo::hosts::Host;
use crate::demo::abiquo::routes::RACK;
use crate::demo::json::Json;

/// The first port that consoles are served on.
const FIRST_PORT: u32 = 5_900;

impl Pen<'_> {
    /// `/admin/datacenters/1/racks/2/machines/3`
    pub fn machine_path(host: Host) -> String {
        format!(
            "/admin/datacenters/{}/racks/{RACK}/machines/{}",
            id(FIRST, host.location),
            id(FIRST, host.host)
        )
    }

    /// A host with what is taken of it.
    pub fn machine(self, json: &mut Json, host: Host) {
        let location = &self.platform.estate.locations[host.location];
        let name = &location.hosts[host.host];
        let capacity = self.platform.capacity(host, self.now_ms);
        json.open();
        json.count("id", id(FIRST, host.host));
        json.text("name", name);
        json.text("description", "");
        json.text("ip", &host_address(host));
        json.text(
            "managerIp",
            &format!("198.51.100.{}", 10 + host.location * 40),
        );
        json.text("type", &location.hypervisor);
        json.text("state", "MANAGED");
        json.count("virtualCpuCores", capacity.cores);
        json.count("virtualCpusUsed", capacity.cores_used);
        json.count("virtualRamInMb", capacity.ram_mib);
        json.count("virtualRamUsedInMb", capacity.ram_used_mib);
        json.key("links");
        json.open_array();
        self.link(json, "edit", "machine", name, &[&Self::machine_path(host)]);
        json.close_array();
        json.close();
    }

    /// Where a VM's console is: the address of its host, and a port of its own. None in a public region.
    pub fn console_address(self, vm: usize) -> Option<(String, u32)> {
        let estate = &self.platform.estate;
        let location = estate.datacenters[estate.datacenter_of(vm)].location;
        let host = Host {
            location,
            host: usize::from(estate.vms[vm].host),
        };
        estate.locations[location].hosts.get(host.host)?;
        Some((host_address(host), FIRST_PORT + id(FIRST_VM, vm) % 50_000))
    }

    /// How to open the console of a VM. The reference does not tell the fields: these are made up.
    pub fn console(self, json: &mut Json, vm: usize) {
        let path = self.vm_path(vm);
        let site = self.base.strip_suffix("/api").unwrap_or(self.base);
        let ticket = self
            .platform
            .estate
            .vm_uuid(vm)
            .child(self.now_ms.unsigned_abs());
        json.open();
        json.text("protocol", "VNC");
        json.text("url", &format!("{site}/guacamole/#/client/{ticket}"));
        json.key("links");
        json.open_array();
        self.link(
            json,
            "virtualmachine",
            "virtualmachine",
            &self.system_name(vm),
            &[&path],
        );
        json.close_array();
        json.close();
    }
}

/// The documentation's own range of addresses.
fn host_address(host: Host) -> String {
    format!("198.51.100.{}", 11 + host.location * 40 + host.host)
}
