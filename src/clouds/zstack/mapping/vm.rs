//! VMs and the hosts they can be moved to.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Mapper, id, own, power};
use crate::clouds::zstack::dates::moment;
use crate::clouds::zstack::names::Kind;
use crate::clouds::zstack::wire::{self, ConsoleAddress, VmInstance, VmNic};
use crate::model::text::{clean, clean_name};
use crate::model::{Host, Vm, VmKey};

/// More addresses than any VM has.
const MAX_ADDRESSES: usize = 64;

impl Mapper<'_> {
    /// A VM; `None` for an entry without an id.
    pub fn vm(&mut self, wire: &VmInstance<'_>) -> Option<Vm> {
        let uuid: Arc<str> = Arc::from(id(wire.uuid.get())?);
        let word = wire.state.get().unwrap_or_default();
        let nics = nics(wire);
        let networks: Vec<_> = nics
            .iter()
            .filter_map(|nic| self.place(Kind::Network, nic.l3_network_uuid.get()))
            .collect();
        let of_vm = self.tags.of(&uuid);
        Some(Vm {
            uuid: Some(uuid.clone()),
            name: own(wire.name.get()).unwrap_or_else(|| uuid.clone()),
            native_name: None,
            power: power(word),
            native_state: self.texts.share(&clean_name(word.trim())),
            deallocated: false,
            imported: false,
            monitored: false,
            protection: of_vm.and_then(|tags| tags.protection.clone()).map(Box::new),
            vapp: None,
            project: self.project.cloned(),
            tenant: None,
            location: self.place(Kind::Zone, wire.zone_uuid.get()),
            cluster: self.place(Kind::Cluster, wire.cluster_uuid.get()),
            networks: distinct(networks),
            tags: of_vm.map(|tags| tags.words.clone()).unwrap_or_default(),
            console: None,
            host: self.place(Kind::Host, wire.host_uuid.get()),
            owner: None,
            hypervisor: self.name(wire.hypervisor_type.get()),
            template: self.place(Kind::Image, wire.image_uuid.get()),
            description: wire
                .description
                .get()
                .map(clean)
                .filter(|text| !text.is_empty())
                .map(|text| self.texts.share(&text)),
            cpu: wire.cpu_num.0.and_then(|cpu| u32::try_from(cpu).ok()),
            ram_mib: wire.memory_size.0.and_then(mib),
            addresses: addresses(&nics),
            created_at: moment(wire.create_date.get(), self.zone),
            updated_at: moment(wire.last_op_date.get(), self.zone),
            locator: uuid.clone(),
            key: VmKey {
                cloud: self.cloud.clone(),
                id: uuid,
            },
        })
    }

    /// A host; `None` for an entry without an id.
    pub fn host(&mut self, wire: &wire::Host<'_>) -> Option<Host> {
        let uuid: Arc<str> = Arc::from(id(wire.uuid.get())?);
        let total_cpu = wire.total_cpu_capacity.0;
        let used_cpu = used(total_cpu, wire.available_cpu_capacity.0);
        let total_ram = wire.total_memory_capacity.0;
        let used_ram = used(total_ram, wire.available_memory_capacity.0);
        let pair = |used: Option<i64>, total: Option<i64>| Some((used?, total?));
        Some(Host {
            name: own(wire.name.get()).unwrap_or_else(|| uuid.clone()),
            cluster: self.place(Kind::Cluster, wire.cluster_uuid.get()),
            address: own(wire.management_ip.get()),
            cpus: pair(used_cpu, total_cpu).and_then(|(used, total)| {
                Some((u32::try_from(used).ok()?, u32::try_from(total).ok()?))
            }),
            ram_mib: pair(used_ram, total_ram)
                .and_then(|(used, total)| Some((mib(used)?, mib(total)?))),
            id: uuid,
        })
    }

    /// What a place is called; its uuid where the user may not know.
    fn place(&mut self, kind: Kind, uuid: Option<&str>) -> Option<Arc<str>> {
        let uuid = id(uuid)?;
        let known = self.places.name(kind, uuid);
        Some(known.unwrap_or_else(|| self.texts.share(uuid)))
    }
}

/// Where a screen can be seen: `vnc://10.0.1.21:5901`.
pub(in crate::clouds::zstack) fn console(wire: &ConsoleAddress<'_>) -> Option<Arc<str>> {
    let host: IpAddr = wire.host_ip.get()?.trim().parse().ok()?;
    let port = u16::try_from(wire.port.0?).ok().filter(|port| *port > 0)?;
    let protocol = wire
        .protocol
        .get()
        .unwrap_or("vnc")
        .trim()
        .to_ascii_lowercase();
    let right = protocol.len() <= 16 && protocol.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let address = std::net::SocketAddr::new(host, port);
    right.then(|| format!("{protocol}://{address}").into())
}

fn mib(bytes: i64) -> Option<u64> {
    Some(u64::try_from(bytes).ok()? >> 20)
}

/// What is taken of a whole; a host may promise more than it has, and then says that less than nothing is left.
fn used(total: Option<i64>, available: Option<i64>) -> Option<i64> {
    total?.checked_sub(available?).filter(|used| *used >= 0)
}

/// The network cards: that of the default network first, the others in the order of the server's devices.
fn nics<'w>(wire: &'w VmInstance<'_>) -> Vec<&'w VmNic<'w>> {
    let mut nics: Vec<&VmNic<'_>> = wire.vm_nics.items.iter().take(MAX_ADDRESSES).collect();
    let default = wire.default_l3_network_uuid.get();
    nics.sort_by_key(|nic| {
        let is_default = default.is_some() && nic.l3_network_uuid.get() == default;
        (!is_default, nic.device_id.0.unwrap_or(i64::MAX))
    });
    nics
}

/// Addresses of all cards. A card's own one stands first, those of the other version of IP after it.
fn addresses(nics: &[&VmNic<'_>]) -> Box<[Arc<str>]> {
    let all = nics.iter().flat_map(|nic| {
        let more = nic.used_ips.items.iter().filter_map(|used| used.ip.get());
        nic.ip.get().into_iter().chain(more)
    });
    let addresses = all
        .map(str::trim)
        .filter(|address| address.parse::<IpAddr>().is_ok())
        .take(MAX_ADDRESSES)
        .map(Arc::from)
        .collect();
    distinct(addresses)
}

/// The same, each but once, in their order. There are few.
fn distinct(texts: Vec<Arc<str>>) -> Box<[Arc<str>]> {
    let mut kept: Vec<Arc<str>> = Vec::with_capacity(texts.len());
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept.into_boxed_slice()
}
