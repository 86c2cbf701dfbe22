//! From what travels to the domain's words. Total: whatever a server sends becomes something or is left out, nothing fails, and every text
//! is cleaned on its way.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::places::{Pair, Place};
use super::wire::{Instance, NovaServer, Server};
pub(super) use crate::clouds::texts::Texts;
use crate::clouds::texts::own;
use crate::config::StaticServer;
use crate::model::PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};
use crate::model::text::clean_name;
use crate::model::{CloudName, PowerState, Vm, VmKey};

/// No VM has more addresses than are shown.
const MAX_ADDRESSES: usize = 64;

/// The state of a VM that only the configuration names.
pub(super) const UNLISTED: &str = "unlisted";

/// What each word of the gateway means: Nova's statuses, and the words that a gateway of March 2016 made of them. Any other word is Unknown.
/// The gateway tells no task of Nova's: what is being started says SHUTOFF until it is ACTIVE.
pub(in crate::clouds) const POWER: &[(&str, PowerState)] = &[
    ("ACTIVE", On),
    // It runs, from another disk.
    ("RESCUE", On),
    ("SHUTOFF", Off),
    ("STOPPED", Off),
    ("PAUSED", Paused),
    ("SUSPENDED", Paused),
    // Saved as an image, and still on its host; gateways call it paused.
    ("SHELVED", Paused),
    ("BUILD", Locked),
    ("REBUILD", Locked),
    ("REBOOT", Locked),
    ("HARD_REBOOT", Locked),
    ("MIGRATING", Locked),
    ("PASSWORD", Locked),
    ("RESIZE", Locked),
    ("REVERT_RESIZE", Locked),
    // Waits for somebody to confirm its new size.
    ("VERIFY_RESIZE", Locked),
    ("SHELVED_OFFLOADED", NotAllocated),
    ("SOFT_DELETED", NotAllocated),
    ("DELETED", NotAllocated),
    ("ERROR", Unknown),
    ("UNKNOWN", Unknown),
    // The words of March 2016. Some stand for several statuses.
    ("active", On),
    ("rescued", On),
    ("stopped", Off),
    ("paused", Paused),
    ("suspend", Paused),
    ("building", Locked),
    ("initialized", Locked),
    ("resized", Locked),
    ("soft-delete", NotAllocated),
    ("deleted", NotAllocated),
    ("error", Unknown),
];

/// The power state of a word, in any case of letters.
fn power(word: &str) -> PowerState {
    let known = POWER
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.map_or(Unknown, |(_, state)| *state)
}

/// What mapping needs to know beside the VM itself.
pub(super) struct Mapper<'a> {
    /// The cloud that everything belongs to.
    pub cloud: &'a CloudName,
    /// The pair that the VM was listed in.
    pub pair: &'a Pair,
    /// What is shared.
    pub names: &'a mut Texts,
}

/// What a VM of each form comes to.
struct Facts<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    status: Option<&'a str>,
    created: Option<&'a str>,
    updated: Option<&'a str>,
    cpu: Option<u32>,
    ram_mib: Option<u64>,
    addresses: Vec<Arc<str>>,
    networks: Vec<Arc<str>>,
}

impl Mapper<'_> {
    /// A VM of a list; `None` for an entry without an id, which nothing could name.
    pub fn vm(&mut self, server: &Server<'_>) -> Option<Vm> {
        match server {
            Server::Gateway(instance) => self.gateway(instance),
            Server::Nova(server) => self.nova(server),
        }
    }

    fn gateway(&mut self, wire: &Instance<'_>) -> Option<Vm> {
        let mut addresses = Vec::new();
        for set in [&wire.lan_ip_set, &wire.wan_ip_set] {
            add_addresses(&mut addresses, set.get().unwrap_or_default().split(','));
        }
        // Rounded down to GiB: 0 says less than one, and not how much.
        let gib = wire.mem_size.0.filter(|gib| *gib > 0);
        self.make(Facts {
            id: wire.instance_id.get(),
            name: wire.instance_name.get(),
            status: wire.status.get(),
            created: wire.create_at.get(),
            updated: wire.update_at.get(),
            cpu: wire.cpu_num.0.and_then(|cpu| u32::try_from(cpu).ok()),
            ram_mib: gib.and_then(|gib| u64::try_from(gib).ok()?.checked_mul(1_024)),
            addresses,
            networks: Vec::new(),
        })
    }

    fn nova(&mut self, wire: &NovaServer<'_>) -> Option<Vm> {
        let (mut addresses, mut networks) = (Vec::new(), Vec::new());
        for (network, found) in wire.addresses() {
            let before = addresses.len();
            add_addresses(
                &mut addresses,
                found.items.iter().filter_map(|one| one.addr.get()),
            );
            if addresses.len() > before {
                networks.push(self.names.share(&clean_name(&network)));
            }
        }
        self.make(Facts {
            id: wire.id.get(),
            name: wire.name.get(),
            status: wire.status.get(),
            created: wire.created.get(),
            updated: wire.updated.get(),
            cpu: None,
            ram_mib: None,
            addresses,
            networks,
        })
    }

    /// A VM that only the configuration names.
    pub fn unlisted(&mut self, server: &StaticServer) -> Option<Vm> {
        self.make(Facts {
            id: Some(&server.id),
            name: Some(&server.name),
            status: Some(UNLISTED),
            created: None,
            updated: None,
            cpu: None,
            ram_mib: None,
            addresses: Vec::new(),
            networks: Vec::new(),
        })
    }

    fn make(&mut self, facts: Facts<'_>) -> Option<Vm> {
        let sent = facts.id?;
        let id = own(facts.id)?;
        let word = clean_name(facts.status.unwrap_or_default().trim());
        Some(Vm {
            uuid: is_uuid(&id).then(|| id.clone()),
            name: own(facts.name).unwrap_or_else(|| id.clone()),
            native_name: None,
            power: power(&word),
            native_state: self.names.share(&word),
            deallocated: false,
            imported: false,
            monitored: false,
            protection: None,
            vapp: None,
            project: Some(self.pair.tenant.clone()),
            tenant: Some(self.pair.tenant.name.clone()),
            location: Some(self.pair.region.clone()),
            cluster: None,
            networks: facts.networks.into(),
            tags: Box::default(),
            console: None,
            host: None,
            owner: None,
            hypervisor: None,
            template: None,
            description: None,
            cpu: facts.cpu,
            ram_mib: facts.ram_mib,
            addresses: facts.addresses.into(),
            created_at: facts.created.and_then(moment),
            updated_at: facts.updated.and_then(moment),
            locator: Arc::from(Place::new(self.pair, sent).locator()),
            key: VmKey {
                cloud: self.cloud.clone(),
                id,
            },
        })
    }
}

/// Adds what is an address and not there yet.
fn add_addresses<'t>(found: &mut Vec<Arc<str>>, texts: impl Iterator<Item = &'t str>) {
    for text in texts.map(str::trim) {
        let is_new = || found.iter().all(|known| **known != *text);
        if found.len() < MAX_ADDRESSES && text.parse::<IpAddr>().is_ok() && is_new() {
            found.push(Arc::from(text));
        }
    }
}

/// Nova's ids are uuids, with or without hyphens.
fn is_uuid(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
    let hyphens = id.bytes().filter(|b| *b == b'-').count();
    digits == 32 && matches!(hyphens, 0 | 4) && id.len() == digits + hyphens
}

/// A time: with an offset as Nova writes it, or without one, which is UTC whose letters the gateway took off.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let time: DateTime = text.parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
