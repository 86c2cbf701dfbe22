//! From what travels to the domain's words. Total: whatever a server sends becomes something or is left out, nothing fails, and every text
//! is cleaned on its way.

mod log;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::wire;
pub(super) use crate::clouds::texts::{Texts, own};
use crate::model::text::{clean_name, clean_to};
use crate::model::{CloudName, PowerState, Vm, VmKey};

pub(super) use log::{LogMapper, Seen};

/// No VM has more addresses, networks or tags than are shown.
const MAX_MANY: usize = 64;

/// The longest uuid that is taken, in bytes: it becomes part of an address.
const MAX_UUID: usize = 128;

/// What the server's words for a VM's state are here, compared in any case of letters. The manual lists none: these were seen in clients and
/// emulators, or follow from the actions' names. A word that is not among them is Unknown, and shown.
pub(in crate::clouds) const STATES: &[(&str, PowerState)] = &[
    ("running", PowerState::On),
    ("off", PowerState::Off),
    ("stopped", PowerState::Off),
    ("shutdown", PowerState::Off),
    // What `resume` brings back.
    ("paused", PowerState::Paused),
    ("saved", PowerState::Paused),
    ("suspended", PowerState::Paused),
    // Something is going on.
    ("saving", PowerState::Locked),
    ("scheduling", PowerState::Locked),
    ("launching", PowerState::Locked),
    ("pending", PowerState::Locked),
    ("shutting-down", PowerState::Locked),
    ("provisioning", PowerState::Locked),
    ("installing", PowerState::Locked),
    // EC2: destroyed for good, listed for a while.
    ("terminated", PowerState::NotAllocated),
    ("error", PowerState::Unknown),
    ("failed", PowerState::Unknown),
    ("unknown", PowerState::Unknown),
    // Spelled so by the server right after an action.
    ("unkown", PowerState::Unknown),
];

/// The power state of a word.
pub(super) fn power(word: &str) -> PowerState {
    let word = word.trim();
    STATES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map_or(PowerState::Unknown, |(_, power)| *power)
}

/// A hardware profile, mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub name: Option<Arc<str>>,
    pub cpus: Option<u32>,
    pub ram_mib: Option<u64>,
    pub hypervisor: Option<Arc<str>>,
}

/// Hardware profiles by their uuid.
pub(super) type Profiles = HashMap<Arc<str>, Profile>;

/// The profiles of a list.
pub(super) fn profiles(list: &[wire::Template<'_>]) -> Profiles {
    let mut names = Texts::default();
    let entries = list.iter().filter_map(|template| {
        Some((
            Arc::from(id(template.uuid.get())?),
            Profile {
                name: names.name(template.name.get()),
                cpus: template.cpus.0.and_then(|cpus| u32::try_from(cpus).ok()),
                ram_mib: template.memory.0.and_then(|mib| u64::try_from(mib).ok()),
                hypervisor: names.name(template.hypervisor_name.get()),
            },
        ))
    });
    entries.collect()
}

/// What mapping a VM needs to know beside it.
pub(super) struct Mapper<'a> {
    pub cloud: &'a CloudName,
    pub profiles: &'a Profiles,
    pub names: Texts,
}

impl<'a> Mapper<'a> {
    pub fn new(cloud: &'a CloudName, profiles: &'a Profiles) -> Self {
        Self {
            cloud,
            profiles,
            names: Texts::default(),
        }
    }

    /// A VM; `None` for an entry without a usable uuid, which nothing could name.
    pub fn vm(&mut self, wire: &wire::Vm<'_>) -> Option<Vm> {
        let id: Arc<str> = Arc::from(id(wire.uuid.get())?);
        let word = wire.state.get().unwrap_or_default().trim();
        let profile = wire
            .hardware_profile_uuid
            .get()
            .and_then(|uuid| self.profiles.get(uuid.trim()));
        Some(Vm {
            uuid: is_uuid(&id).then(|| id.clone()),
            name: own(wire.name.get()).unwrap_or_else(|| id.clone()),
            native_name: own(wire.nova_id.get()),
            power: power(word),
            native_state: self.names.share(&clean_name(word)),
            deallocated: false,
            imported: false,
            monitored: false,
            protection: None,
            vapp: None,
            project: None,
            tenant: None,
            location: None,
            cluster: None,
            networks: self.networks(wire),
            tags: self.tags(wire),
            console: console(wire),
            host: None,
            owner: None,
            hypervisor: profile.and_then(|profile| profile.hypervisor.clone()),
            template: None,
            description: self.description(wire, profile),
            cpu: profile.and_then(|profile| profile.cpus),
            ram_mib: profile.and_then(|profile| profile.ram_mib),
            addresses: addresses(wire),
            created_at: None,
            updated_at: None,
            locator: Arc::from(segment(&id)),
            key: VmKey {
                cloud: self.cloud.clone(),
                id,
            },
        })
    }

    /// What nothing else here says: `OS linux, profile Small`.
    fn description(&mut self, wire: &wire::Vm<'_>, profile: Option<&Profile>) -> Option<Arc<str>> {
        let os = wire.os.get().map(|os| clean_name(os.trim()));
        let os = os.filter(|os| !os.is_empty() && !os.eq_ignore_ascii_case("unknown"));
        let profile = profile.and_then(|profile| profile.name.as_deref());
        let parts = [
            os.map(|os| format!("OS {os}")),
            profile.map(|profile| format!("profile {profile}")),
        ];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        self.names.name(Some(&text))
    }

    /// The networks by name, else by uuid, each once.
    fn networks(&mut self, wire: &wire::Vm<'_>) -> Box<[Arc<str>]> {
        let mut found = Vec::new();
        for interface in wire.interfaces.items.iter().take(MAX_MANY) {
            let name = interface.network_name.get().or(interface.network.get());
            if let Some(name) = self.names.name(name).filter(|name| !found.contains(name)) {
                found.push(name);
            }
        }
        found.into()
    }

    fn tags(&mut self, wire: &wire::Vm<'_>) -> Box<[Arc<str>]> {
        let wire::Words::List(words) = &wire.tags else {
            return Box::default();
        };
        words
            .iter()
            .filter_map(|word| self.names.name(word.get()))
            .take(MAX_MANY)
            .collect()
    }
}

/// A uuid or number as the id of something.
fn id(text: Option<&str>) -> Option<&str> {
    let text = text?.trim();
    let plain = |c: char| crate::model::text::is_safe(c) && !c.is_whitespace();
    (!text.is_empty() && text.len() <= MAX_UUID && text.chars().all(plain)).then_some(text)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An id as one segment of a path.
fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The addresses of its interfaces, then the one beside them, each once. Loopback and unspecified ones mean that there is none.
fn addresses(wire: &wire::Vm<'_>) -> Box<[Arc<str>]> {
    let mut found: Vec<IpAddr> = Vec::new();
    let interfaces = wire.interfaces.items.iter().map(|interface| &interface.ip);
    for text in interfaces.take(MAX_MANY).chain([&wire.ip_address]) {
        let address = text
            .get()
            .and_then(|text| text.trim().parse::<IpAddr>().ok());
        let address = address.filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
        found.extend(address.filter(|ip| !found.contains(ip)));
    }
    found.iter().map(|ip| Arc::from(ip.to_string())).collect()
}

/// Where its screen can be seen by VNC. The password that travels beside it is not decoded at all.
fn console(wire: &wire::Vm<'_>) -> Option<Arc<str>> {
    if wire.vnc_enabled.0 != Some(true) {
        return None;
    }
    let port = u16::try_from(wire.vnc_port.0?)
        .ok()
        .filter(|port| *port != 0)?;
    let host = wire.vnc_ip_address.get()?.trim();
    let host = match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => return None,
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Err(_) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if host.is_empty() || !host.chars().all(plain) {
                return None;
            }
            clean_to(host, 255).into_owned()
        }
    };
    Some(Arc::from(format!("vnc://{host}:{port}")))
}
