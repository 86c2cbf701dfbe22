//! A host that a VM can be moved to, as it is printed.

use serde::Serialize;

use super::{Column, From, Record, text, value};
use crate::model::{Host, VmKey};

/// A host, with every key of `relocate` without `--to`.
#[derive(Serialize)]
pub struct HostRecord<'a> {
    cloud: &'a str,
    vm: &'a str,
    id: &'a str,
    name: &'a str,
    cluster: Option<&'a str>,
    address: Option<&'a str>,
    cpus_used: Option<u32>,
    cpus: Option<u32>,
    ram_used_mib: Option<u64>,
    ram_mib: Option<u64>,
}

impl<'a> HostRecord<'a> {
    /// The record of a host that a VM can be moved to.
    #[must_use]
    pub fn of(vm: &'a VmKey, host: &'a Host) -> Self {
        Self {
            cloud: vm.cloud.as_str(),
            vm: &vm.id,
            id: &host.id,
            name: &host.name,
            cluster: host.cluster.as_deref(),
            address: host.address.as_deref(),
            cpus_used: host.cpus.map(|(used, _)| used),
            cpus: host.cpus.map(|(_, all)| all),
            ram_used_mib: host.ram_mib.map(|(used, _)| used),
            ram_mib: host.ram_mib.map(|(_, all)| all),
        }
    }
}

impl Record for HostRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Table, Wide};
        vec![
            Column::text("cloud", Table, |host| text(Some(host.cloud))),
            Column::text("vm", Wide, |host| text(Some(host.vm))),
            Column::text("id", Table, |host| text(Some(host.id))),
            Column::text("name", Table, |host| text(Some(host.name))),
            Column::text("cluster", Table, |host| text(host.cluster)),
            Column::text("address", Wide, |host| text(host.address)),
            Column::number("cpus_used", Table, |host| host.cpus_used.and_then(value)),
            Column::number("cpus", Table, |host| host.cpus.and_then(value)),
            Column::number("ram_used_mib", Table, |host| host.ram_used_mib.and_then(value)),
            Column::number("ram_mib", Table, |host| host.ram_mib.and_then(value)),
        ]
    }

    fn name(&self) -> String {
        self.id.to_owned()
    }
}
