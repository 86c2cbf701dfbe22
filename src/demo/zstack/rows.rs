//! Rows as they travel (6): absent instead of null, dates without their zone, and now and then a whole number as a float.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::estate::Tag;
use super::platform::Platform;
use crate::demo::identity::Uuid;

/// The zone of the management node: eight hours ahead of UTC. Nothing that travels says so.
const AHEAD_MS: i64 = 8 * 3_600 * 1_000;

/// A date as the server prints it: `Nov 14, 2017 10:20:57 PM`.
pub(super) fn date(ms: i64) -> String {
    let local =
        Timestamp::from_millisecond(ms.saturating_add(AHEAD_MS)).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = local.to_zoned(TimeZone::UTC);
    local.strftime("%b %-d, %Y %-I:%M:%S %p").to_string()
}

impl Platform {
    /// A VM.
    pub fn vm_row(&self, at: usize) -> Value {
        let vm = &self.estate.vms[at];
        let estate = &self.estate;
        let cluster = &estate.clusters[vm.cluster];
        let child = |family: u64| super::estate::plain(Uuid::new(self.seed, family, at as u64));
        // Some servers print every number of a row as a float.
        let number = |value: i64| {
            if at.is_multiple_of(3) {
                Value::from(value as f64)
            } else {
                Value::from(value)
            }
        };
        let (created, changed) = (date(vm.created_ms), date(vm.changed_ms));
        let nics: Vec<Value> = vm
            .networks
            .iter()
            .enumerate()
            .map(|(device, network)| {
                let network = &estate.networks[*network];
                let ip = format!("{}.{}", network.prefix, 10 + at);
                json!({
                    "uuid": child(0x40 + device as u64), "vmInstanceUuid": vm.uuid, "l3NetworkUuid": network.uuid, "ip": ip,
                    "mac": format!("fa:16:3e:00:{device:02x}:{at:02x}"), "hypervisorType": "KVM", "netmask": "255.255.255.0",
                    "gateway": format!("{}.1", network.prefix), "ipVersion": 4, "driverType": "virtio",
                    "deviceId": number(device as i64), "type": "VNIC", "state": "enable", "createDate": created, "lastOpDate": created,
                    "usedIps": [{"uuid": child(0x50 + device as u64), "l3NetworkUuid": network.uuid, "ipVersion": 4, "ip": ip}],
                })
            })
            .collect();
        let root = child(0x31);
        let image = &estate.images[vm.image];
        let mut row = json!({
            "uuid": vm.uuid, "name": vm.name, "zoneUuid": estate.zones[cluster.within].uuid, "clusterUuid": cluster.uuid,
            "imageUuid": image.uuid, "instanceOfferingUuid": child(0x30), "rootVolumeUuid": root, "platform": image.prefix,
            "architecture": "x86_64", "type": if vm.appliance { "ApplianceVm" } else { "UserVm" }, "hypervisorType": "KVM",
            "memorySize": number(vm.ram_gib << 30), "reservedMemorySize": 0, "cpuNum": number(vm.cpu), "cpuSpeed": 0,
            "allocatorStrategy": "LeastVmPreferredHostAllocatorStrategy", "createDate": created, "lastOpDate": changed,
            "state": vm.state, "vmNics": nics, "vmCdRoms": [],
            "allVolumes": [{
                "uuid": root, "name": format!("ROOT-for-{}", vm.name), "vmInstanceUuid": vm.uuid, "type": "Root", "format": "qcow2",
                "size": number(100 << 30), "actualSize": number(2 << 30), "deviceId": 0, "state": "Enabled", "status": "Ready",
                "createDate": created, "lastOpDate": changed, "isShareable": false,
            }],
        });
        if let Some(network) = vm.networks.first() {
            row["defaultL3NetworkUuid"] = estate.networks[*network].uuid.clone().into();
        }
        if let Some(host) = vm.host {
            row["hostUuid"] = estate.hosts[host].uuid.clone().into();
        }
        if let Some(host) = vm.last_host {
            row["lastHostUuid"] = estate.hosts[host].uuid.clone().into();
        }
        if !vm.note.is_empty() {
            row["description"] = vm.note.clone().into();
        }
        row
    }

    /// A host. How much is left follows from the VMs on it; a host promises ten times its processors.
    pub fn host_row(&self, at: usize) -> Value {
        let host = &self.estate.hosts[at];
        let on: Vec<_> = self
            .estate
            .vms
            .iter()
            .filter(|vm| vm.host == Some(at))
            .collect();
        let used_cpu: i64 = on.iter().map(|vm| vm.cpu).sum();
        let used_gib: i64 = on.iter().map(|vm| vm.ram_gib).sum();
        let cluster = &self.estate.clusters[host.cluster];
        json!({
            "uuid": host.uuid, "name": host.name, "zoneUuid": self.estate.zones[cluster.within].uuid, "clusterUuid": cluster.uuid,
            "managementIp": host.ip, "hypervisorType": "KVM", "state": host.state, "status": host.status, "cpuNum": 48, "cpuSockets": 2,
            "totalCpuCapacity": 480, "availableCpuCapacity": 480 - used_cpu, "totalMemoryCapacity": 256_i64 << 30,
            "availableMemoryCapacity": (256 - used_gib) << 30, "architecture": "x86_64",
        })
    }

    /// The rows of a collection; `None` for one that there is none of.
    pub fn rows(&self, collection: &str) -> Option<Vec<Value>> {
        let estate = &self.estate;
        let named =
            |uuid: &str, name: &str| json!({"uuid": uuid, "name": name, "state": "Enabled"});
        Some(match collection {
            "vm-instances" => (0..estate.vms.len())
                .filter(|at| estate.vms[*at].state != "Expunged")
                .map(|at| self.vm_row(at))
                .collect(),
            "hosts" => (0..estate.hosts.len())
                .map(|at| self.host_row(at))
                .collect(),
            "zones" => estate
                .zones
                .iter()
                .map(|zone| named(&zone.uuid, &zone.name))
                .collect(),
            "clusters" => {
                let row = |cluster: &super::estate::Place| {
                    let mut row = named(&cluster.uuid, &cluster.name);
                    row["zoneUuid"] = estate.zones[cluster.within].uuid.clone().into();
                    row["hypervisorType"] = "KVM".into();
                    row
                };
                estate.clusters.iter().map(row).collect()
            }
            "l3-networks" => estate
                .networks
                .iter()
                .map(|net| named(&net.uuid, &net.name))
                .collect(),
            "images" => estate
                .images
                .iter()
                .map(|image| named(&image.uuid, &image.name))
                .collect(),
            "user-tags" => estate.tags.iter().map(tag_row).collect(),
            "longjobs" => estate.long_jobs.clone(),
            "eventlogs" => estate.event_logs.clone(),
            "zwatch/audit-records" => estate.audits.clone(),
            "zwatch/alarm-records" => estate.alarms.clone(),
            _ => return None,
        })
    }
}

/// A user tag.
pub(super) fn tag_row(tag: &Tag) -> Value {
    json!({
        "uuid": tag.uuid, "resourceUuid": tag.resource, "resourceType": "VmInstanceVO", "tag": tag.text, "type": "User",
        "createDate": date(tag.created_ms), "lastOpDate": date(tag.created_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn a_date_is_in_the_manner_and_the_zone_of_the_server() {
        assert_eq!(date(1_510_669_257_000), "Nov 14, 2017 10:20:57 PM");
        assert_eq!(date(1_483_645_876_000), "Jan 6, 2017 3:51:16 AM");
    }
}
