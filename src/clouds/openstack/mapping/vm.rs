//! Servers.

use std::net::IpAddr;
use std::sync::Arc;

use super::power::power;
use super::{Mapper, id, long, moment, own};
use crate::clouds::openstack::wire::{Server, texts};
use crate::model::grouping::SERVER_GROUP;
use crate::model::text::{clean_name, clean_to};
use crate::model::{Group, Protection, ProtectionScope, Vm, VmKey};

/// More addresses, and more tags, than any server has.
const MAX_ADDRESSES: usize = 64;
const MAX_TAGS: usize = 128;

/// The longest tag or pair of metadata that is kept, in characters.
const MAX_TAG: usize = 256;

/// Several texts.
type Several = Box<[Arc<str>]>;

/// A row of a list.
pub(in crate::clouds::openstack) enum Seen {
    /// A server as it is.
    There(Box<Vm>),
    /// One that is gone: lists of changes have these.
    Gone(Arc<str>),
}

impl Mapper<'_> {
    /// A row; `None` for one without an id.
    pub fn seen(&mut self, wire: &Server<'_>) -> Option<Seen> {
        let uuid = id(wire.id.get())?;
        if wire.status.get() == Some("DELETED") {
            return Some(Seen::Gone(Arc::from(uuid)));
        }
        self.vm(wire).map(|vm| Seen::There(Box::new(vm)))
    }

    /// A server; `None` for one without an id.
    pub fn vm(&mut self, wire: &Server<'_>) -> Option<Vm> {
        let uuid: Arc<str> = Arc::from(id(wire.id.get())?);
        let (power, word) = power(wire);
        let (networks, addresses) = self.addresses(wire);
        let size = self.size(wire);
        Some(Vm {
            uuid: Some(uuid.clone()),
            name: own(wire.name.get()).unwrap_or_else(|| uuid.clone()),
            native_name: own(wire.instance_name.get()),
            power,
            native_state: self.texts.share(&clean_name(&word)),
            deallocated: false,
            imported: false,
            monitored: false,
            protection: protection(wire).map(Box::new),
            vapp: None,
            project: self.project(wire.tenant_id.get()),
            tenant: None,
            location: self.texts.name(Some(self.region)),
            cluster: self.texts.name(wire.zone.get()),
            networks,
            tags: self.tags(wire, &uuid),
            console: None,
            host: self.texts.name(wire.host.get()),
            owner: self.user(wire.user_id.get()),
            hypervisor: None,
            template: self.template(wire),
            description: description(wire),
            cpu: size.0,
            ram_mib: size.1,
            addresses,
            created_at: moment(wire.created.get()),
            updated_at: moment(wire.updated.get()),
            locator: format!("{}|{}|{uuid}", self.through, self.region).into(),
            key: VmKey {
                cloud: self.cloud.clone(),
                id: uuid,
            },
        })
    }

    fn project(&mut self, project: Option<&str>) -> Option<Group> {
        let project = id(project)?;
        let name = self.names.projects.get(project).cloned();
        let shared = self.texts.share(project);
        Some(Group {
            name: name.unwrap_or_else(|| shared.clone()),
            id: shared,
        })
    }

    /// What a user is called; the id where this one may not know.
    fn user(&mut self, user: Option<&str>) -> Option<Arc<str>> {
        let user = id(user)?;
        let name = self.names.users.get(user).cloned();
        Some(name.unwrap_or_else(|| self.texts.share(user)))
    }

    fn template(&mut self, wire: &Server<'_>) -> Option<Arc<str>> {
        let image = id(wire.image.0.as_ref()?.id.get())?;
        let name = self.names.images.get(image).cloned();
        Some(name.unwrap_or_else(|| self.texts.share(image)))
    }

    /// Virtual CPUs, and memory in MiB: as the server itself tells them, or as the size that it names does.
    fn size(&self, wire: &Server<'_>) -> (Option<u32>, Option<u64>) {
        let Some(flavor) = &wire.flavor.0 else {
            return (None, None);
        };
        let known = flavor.id.get().and_then(|id| self.names.flavors.get(id));
        let cpu = flavor.vcpus.0.and_then(|cpu| u32::try_from(cpu).ok());
        let ram = flavor.ram.0.and_then(|ram| u64::try_from(ram).ok());
        (cpu.or_else(|| known?.0), ram.or_else(|| known?.1))
    }

    /// The networks by name, and the addresses in them, in the server's order.
    fn addresses(&mut self, wire: &Server<'_>) -> (Several, Several) {
        let mut networks = Vec::new();
        let mut addresses: Vec<Arc<str>> = Vec::new();
        let pairs = wire.addresses.0.iter().flat_map(|pairs| &pairs.0);
        for (network, of_network) in pairs.take(MAX_ADDRESSES) {
            networks.extend(self.texts.name(Some(network)));
            for address in &of_network.items {
                let Some(text) = address.addr.get().map(str::trim) else {
                    continue;
                };
                if addresses.len() < MAX_ADDRESSES
                    && text.parse::<IpAddr>().is_ok()
                    && !addresses.iter().any(|known| **known == *text)
                {
                    addresses.push(Arc::from(text));
                }
            }
        }
        (networks.into(), addresses.into())
    }

    /// Its metadata as `key=value`, its tags, and the group that it is in.
    fn tags(&mut self, wire: &Server<'_>, uuid: &str) -> Box<[Arc<str>]> {
        let pairs = wire.metadata.0.iter().flat_map(|pairs| &pairs.0);
        let pairs = pairs.map(|(key, value)| format!("{key}={}", value.get().unwrap_or_default()));
        let group = self.names.groups.get(uuid);
        let group = group.map(|group| format!("{SERVER_GROUP}={group}"));
        let all = pairs.chain(texts(wire.tags)).chain(group);
        let all: Vec<String> = all.take(MAX_TAGS).collect();
        all.iter()
            .map(|tag| clean_to(tag.trim(), MAX_TAG))
            .filter(|tag| !tag.is_empty())
            .map(|tag| self.texts.share(&tag))
            .collect()
    }
}

/// A lock: the cloud refuses everybody else but administrators.
fn protection(wire: &Server<'_>) -> Option<Protection> {
    wire.locked.0.filter(|locked| *locked)?;
    Some(Protection {
        reason: long(wire.locked_reason.get()),
        by: None,
        since: None,
        scope: ProtectionScope::Cloud,
    })
}

/// What somebody wrote about it; before that, why it is in error.
fn description(wire: &Server<'_>) -> Option<Arc<str>> {
    // Nova fills it with the name where nobody wrote anything.
    let own = wire.description.get().filter(|text| {
        let text = text.trim();
        Some(text) != wire.name.get()
    });
    let fault = wire.fault.0.as_ref().and_then(|fault| fault.message.get());
    match (fault, own) {
        (Some(fault), Some(own)) => long(Some(&format!("Fault: {fault} | {own}"))),
        (Some(fault), None) => long(Some(&format!("Fault: {fault}"))),
        (None, own) => long(own),
    }
}
