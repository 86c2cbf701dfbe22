//! Virtual machines and virtual appliances.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Mapper, last_segment, millis, own};
use crate::clouds::abiquo::wire::{Links, VirtualAppliance, VirtualMachine};
use crate::clouds::http::Route;
use crate::model::text::{clean, clean_name};
use crate::model::{PowerState, Protection, ProtectionScope, Vapp, VappState, Vm, VmKey};

/// No VM has more addresses than are shown.
const MAX_ADDRESSES: usize = 64;

impl Mapper<'_> {
    /// A VM; `None` for an entry without an id, which nothing could name.
    pub fn vm(&mut self, wire: &VirtualMachine<'_>) -> Option<Vm> {
        let links = &wire.links;
        let id = own(wire.id.get())?;
        let native_name = own(wire.name.get());
        let name = own(wire.label.get())
            .or_else(|| native_name.clone())
            .unwrap_or_else(|| id.clone());
        let word = wire
            .state
            .get()
            .or_else(|| links.title("state"))
            .unwrap_or_default();
        Some(Vm {
            uuid: own(wire.uuid.get()),
            name,
            native_name,
            power: power(word, wire.id_state.0),
            native_state: self.names.share(&clean_name(word)),
            deallocated: wire.deallocated.0.unwrap_or(false),
            imported: is_imported(wire),
            monitored: wire.monitored.0.unwrap_or(false),
            protection: protection(wire, word),
            vapp: self.group(links.find("virtualappliance")),
            project: self.group(links.find("virtualdatacenter")),
            tenant: self.name(links.title("enterprise")),
            location: self.name(links.title("location")),
            cluster: None,
            networks: Box::default(),
            tags: Box::default(),
            console: None,
            host: self.name(links.title("machine")),
            owner: self.name(links.title("user")),
            hypervisor: self.hypervisor(links),
            template: self.name(links.title("virtualmachinetemplate")),
            description: self.text(wire.description.get()),
            cpu: wire.cpu.0.and_then(|cpu| u32::try_from(cpu).ok()),
            ram_mib: wire.ram.0.and_then(|ram| u64::try_from(ram).ok()),
            addresses: addresses(links),
            created_at: millis(wire.creation_timestamp),
            updated_at: None,
            locator: self.locator(links, &id),
            key: VmKey {
                cloud: self.cloud.clone(),
                id,
            },
        })
    }

    /// The route of a VM: its `edit` link, else what its appliance's address makes of its id. Empty where there is neither.
    fn locator(&self, links: &Links<'_>, id: &str) -> Arc<str> {
        let route = self
            .route(links, "edit")
            .or_else(|| self.route(links, "self"))
            .or_else(|| {
                let tail = format!("/virtualmachines/{id}");
                self.route(links, "virtualappliance")?.below(&tail).ok()
            });
        Arc::from(route.as_ref().map_or("", Route::path))
    }

    /// The hypervisor type: the title of its link, but where the address alone says that it is Azure, whose power actions mean something
    /// else, or where there is no title, the type in the address.
    fn hypervisor(&mut self, links: &Links<'_>) -> Option<Arc<str>> {
        const AZURE: &str = "AZURE";
        let link = links.find("hypervisortype")?;
        let kind = link.href.get().map(last_segment);
        let is_azure = |text: &str| {
            text.get(..AZURE.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(AZURE))
        };
        let title = link.title.get().map(str::trim);
        match (title.filter(|title| !title.is_empty()), kind) {
            (Some(title), Some(kind)) if is_azure(kind) && !is_azure(title) => {
                self.name(Some(kind))
            }
            (title, kind) => self.name(title.or(kind)),
        }
    }

    /// A virtual appliance; `None` for an entry without an id.
    pub fn vapp(&mut self, wire: &VirtualAppliance<'_>) -> Option<Vapp> {
        let id = own(wire.id.get())?;
        Some(Vapp {
            cloud: self.cloud.clone(),
            name: own(wire.name.get()).unwrap_or_else(|| id.clone()),
            project: self.group(wire.links.find("virtualdatacenter")),
            tenant: self.name(wire.links.title("enterprise")),
            server_state: wire.state.get().and_then(vapp_state),
            restricted: wire.restricted.0.unwrap_or(false),
            locator: self
                .route(&wire.links, "edit")
                .map_or_else(Arc::default, |route| route.path().into()),
            id,
        })
    }
}

/// Whether a VM was found on a hypervisor rather than made by the platform.
fn is_imported(wire: &VirtualMachine<'_>) -> bool {
    let kind = wire.kind.get().unwrap_or_default().trim();
    matches!(kind, "CAPTURED" | "NOT_MANAGED") || wire.id_type.0 == Some(1)
}

/// The power state of a wire word. A word that is none of the eight is Unknown, and kept beside it; `MAINTENANCE`, which the
/// documents never send, says nothing about power, nor does a missing word: there the number tells.
fn power(word: &str, number: Option<i64>) -> PowerState {
    let by_number = || {
        let at = usize::try_from(number?).ok()?.checked_sub(1)?;
        PowerState::ALL.get(at).copied()
    };
    let word = word.trim();
    match PowerState::from_word(word) {
        Some(state) => state,
        None if word.is_empty() || word == MAINTENANCE => {
            by_number().unwrap_or(PowerState::Unknown)
        }
        None => PowerState::Unknown,
    }
}

/// Never a value of the documented wire; a server that sends it means a protected VM.
const MAINTENANCE: &str = "MAINTENANCE";

fn protection(wire: &VirtualMachine<'_>, word: &str) -> Option<Box<Protection>> {
    if wire.protected.0 != Some(true) && word.trim() != MAINTENANCE {
        return None;
    }
    let reason = wire
        .protected_cause
        .get()
        .map(clean)
        .filter(|reason| !reason.is_empty());
    Some(Box::new(Protection {
        reason: reason.map(|reason| Arc::from(&*reason)),
        by: protector(wire),
        since: None,
        scope: ProtectionScope::Cloud,
    }))
}

/// Who protected a VM, should the VM say so. No document has a field or a link for it (the latest PROTECT event
/// tells); what a server might call it is taken if it is there.
fn protector(wire: &VirtualMachine<'_>) -> Option<Arc<str>> {
    let by_link = || {
        let mut links = wire.links.0.items.iter();
        let link = links.find(|link| {
            let kind = link.kind.get().unwrap_or_default();
            link.rel.get().is_some_and(|rel| rel.contains("protect"))
                && kind
                    .strip_prefix("application/vnd.abiquo.")
                    .is_some_and(|kind| kind.starts_with("user+"))
        })?;
        own(link.title.get())
    };
    own(wire.protected_by.get())
        .or_else(|| own(wire.protected_user.get()))
        .or_else(by_link)
}

/// Titles of the links `nic0`, `nic1` … that are addresses, in the order of their numbers.
fn addresses(links: &Links<'_>) -> Box<[Arc<str>]> {
    let mut found: Vec<(u32, &str)> = links
        .0
        .items
        .iter()
        .filter_map(|link| {
            let number = link.rel.get()?.strip_prefix("nic")?.parse().ok()?;
            let title = link.title.get()?.trim();
            title.parse::<IpAddr>().ok().map(|_| (number, title))
        })
        .take(MAX_ADDRESSES)
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found
        .into_iter()
        .map(|(_, address)| Arc::from(address))
        .collect()
}

/// A server's word for the state of an appliance; old servers say `NOT_DEPLOYED` of an empty one, too.
fn vapp_state(word: &str) -> Option<VappState> {
    Some(match word.trim() {
        "NOT_DEPLOYED" => VappState::Undeployed,
        "NEEDS_SYNC" => VappState::PartiallyDeployed,
        word => {
            return VappState::ALL
                .into_iter()
                .find(|state| state.as_str() == word);
        }
    })
}
