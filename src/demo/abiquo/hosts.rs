//! The hosts of a location, and moving a running VM between them (11).

use axum::http::StatusCode;

use super::actions::Act;
use super::answer::{Answer, Refusal};
use super::asking::{Asking, read_links};
use super::estate::{FIRST, Kind, position};
use super::media::accepted;
use super::operations::Operation;
use super::platform::Platform;
use super::routes::{RACK, VmId};
use crate::demo::identity::mix;
use crate::demo::json::Json;

/// A host, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// The location.
    pub location: usize,
    /// In the location.
    pub host: usize,
}

/// How much of a host there is, and how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Cores.
    pub cores: i64,
    /// Virtual CPUs of the VMs on it.
    pub cores_used: i64,
    /// Megabytes.
    pub ram_mib: i64,
    /// Megabytes of the VMs on it.
    pub ram_used_mib: i64,
}

impl Platform {
    /// Whether a VM is on a host.
    pub fn is_on(&self, vm: usize, host: Host, now_ms: i64) -> bool {
        let datacenter = &self.estate.datacenters[self.estate.datacenter_of(vm)];
        datacenter.location == host.location
            && usize::from(self.estate.vms[vm].host) == host.host
            && self.is_placed(vm, now_ms)
    }

    /// What is on a host now.
    pub fn capacity(&self, host: Host, now_ms: i64) -> Capacity {
        let bits = mix(self.estate.seed ^ mix((host.location * 64 + host.host) as u64));
        let mut capacity = Capacity {
            cores: [32, 48, 64][(bits % 3) as usize],
            cores_used: 0,
            ram_mib: [262_144, 393_216, 524_288][(bits / 3 % 3) as usize],
            ram_used_mib: 0,
        };
        for vm in self.every_vm() {
            if self.is_on(vm, host, now_ms) {
                let one = &self.estate.vms[vm];
                capacity.cores_used += i64::from(one.cpu);
                capacity.ram_used_mib += i64::from(one.ram_mib);
            }
        }
        capacity
    }
}

impl Asking<'_> {
    /// Where a VM could run instead.
    ///
    /// # Errors
    /// The refusals of a relocation that depend on the VM alone.
    pub(super) fn relocation_candidates(&self, vm: VmId) -> Result<Answer, Refusal> {
        let vm = self.vm(vm)?;
        self.relocatable(vm)?;
        let (name, version) = accepted(self.headers, &["machines"])?;
        let estate = &self.platform.estate;
        let location = estate.datacenters[estate.datacenter_of(vm)].location;
        let hosts: Vec<_> = (0..estate.locations[location].hosts.len())
            .filter(|&host| host != usize::from(estate.vms[vm].host))
            .map(|host| Host { location, host })
            .collect();
        let pen = self.pen(version);
        let mut json = Json::default();
        json.open();
        json.verbatim("links", "[]");
        json.key("collection");
        json.open_array();
        for &host in &hosts {
            pen.machine(&mut json, host);
        }
        json.close_array();
        json.count("totalSize", i64::try_from(hosts.len()).unwrap_or(i64::MAX));
        json.close();
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    pub(super) fn relocate(&self, vm: VmId, body: &[u8]) -> Result<Act, Refusal> {
        let vm = self.writable_vm(vm)?;
        self.need("VM_RELOCATE")?;
        let links = read_links(self.headers, body)?;
        let version = self.accepts_task()?;
        self.free(vm)?;
        self.unprotected(vm)?;
        self.relocatable(vm)?;
        let link = links.iter().find(|link| link.rel == "machine");
        let link = link.ok_or_else(|| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "VM-RELOCATE-1",
                "a link to the target machine is needed",
            )
        })?;
        let estate = &self.platform.estate;
        let here = estate.datacenters[estate.datacenter_of(vm)].location;
        let (location, rack, host) = self.linked_machine(&link.href)?;
        if location != here {
            return Err(Refusal::conflict(
                "VM-RELOCATE-6",
                "a VM is relocated inside its datacenter only",
            ));
        }
        if rack != RACK {
            return Err(Refusal::conflict(
                "VM-RELOCATE-7",
                "a VM is relocated inside its rack only",
            ));
        }
        if host == usize::from(estate.vms[vm].host) {
            return Err(Refusal::conflict(
                "VM-RELOCATE-8",
                "this VM runs on that machine already",
            ));
        }
        let host = u8::try_from(host)
            .ok()
            .filter(|_| host < estate.locations[location].hosts.len())
            .ok_or_else(|| {
                Refusal::conflict("VM-RELOCATE-2", "that machine is no target for this VM")
            })?;
        Ok(Act::Operate(vm, Operation::Relocate(host), version))
    }

    /// What the VM itself must be.
    fn relocatable(&self, vm: usize) -> Result<(), Refusal> {
        self.need("VM_RELOCATE")?;
        let estate = &self.platform.estate;
        let location = estate.location_of(vm);
        if location.kind == Kind::PublicCloudRegion {
            return Err(Refusal::conflict(
                "VM-RELOCATE-5",
                "a VM in a public cloud region is not relocated",
            ));
        }
        if !location.relocates() {
            return Err(Refusal::conflict(
                "VM-RELOCATE-3",
                "this hypervisor does not relocate VMs",
            ));
        }
        if !self.power(vm).is_deployed() {
            return Err(Refusal::conflict(
                "VM-RELOCATE-4",
                "only a deployed VM is relocated",
            ));
        }
        if estate.vms[vm].traits.tierless {
            return Err(Refusal::conflict(
                "VM-RELOCATE-10",
                "a disk of this VM has no datastore tier",
            ));
        }
        Ok(())
    }

    /// The location by position, the rack by id, the host by position, of a link to a machine.
    fn linked_machine(&self, href: &str) -> Result<(usize, u32, usize), Refusal> {
        let bad = || Refusal::bad("the link does not name a machine");
        let path = href.split("/api/").nth(1).ok_or_else(bad)?;
        let parts: Vec<_> = path.split('/').collect();
        let [
            "admin",
            "datacenters",
            location,
            "racks",
            rack,
            "machines",
            host,
        ] = parts.as_slice()
        else {
            return Err(bad());
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| bad());
        let missing = || Refusal::missing("MACHINE-0", "no such machine");
        let locations = self.platform.estate.locations.len();
        let location = position(FIRST, number(location)?, locations).ok_or_else(missing)?;
        let host = number(host)?.checked_sub(FIRST).ok_or_else(missing)?;
        Ok((location, number(rack)?, host as usize))
    }

    /// A host, for who may see hosts.
    ///
    /// # Errors
    /// 403, or 404.
    pub(super) fn machine(&self, location: u32, rack: u32, host: u32) -> Result<Host, Refusal> {
        self.need("PHYS_DC_ENUMERATE")?;
        let locations = &self.platform.estate.locations;
        let at = position(FIRST, location, locations.len());
        let host = at.and_then(|location| {
            let hosts = locations[location].hosts.len();
            position(FIRST, host, hosts).map(|host| Host { location, host })
        });
        host.filter(|_| rack == RACK)
            .ok_or_else(|| Refusal::missing("MACHINE-0", "no such machine"))
    }
}
