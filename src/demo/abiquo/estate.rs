//! What exists in the cloud: tenants, users, places, datacenters, appliances and VMs.
//!
//! Everything is found by its position; the ids on the wire are the position plus a first number, so that no
//! index is needed for 100,000 VMs.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::demo::identity::{Uuid, mix};

/// The id of the first enterprise.
pub const FIRST_ENTERPRISE: u32 = 7;
/// The id of the first user.
pub const FIRST_USER: u32 = 21;
/// The id of the first location, role and privilege.
pub const FIRST: u32 = 1;
/// The id of the first virtual datacenter.
pub const FIRST_DATACENTER: u32 = 2;
/// The id of the first virtual appliance.
pub const FIRST_APPLIANCE: u32 = 11;
/// The id of the first VM.
pub const FIRST_VM: u32 = 501;

/// The eight power states of the wire (5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Power {
    NotAllocated,
    Allocated,
    Configured,
    On,
    Paused,
    Off,
    Locked,
    Unknown,
}

impl Power {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAllocated => "NOT_ALLOCATED",
            Self::Allocated => "ALLOCATED",
            Self::Configured => "CONFIGURED",
            Self::On => "ON",
            Self::Paused => "PAUSED",
            Self::Off => "OFF",
            Self::Locked => "LOCKED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// `idState`, which counts from one in this order.
    pub fn id(self) -> i64 {
        self as i64 + 1
    }

    /// Whether the VM exists on a hypervisor and its state is known (5.1).
    pub fn is_deployed(self) -> bool {
        matches!(self, Self::On | Self::Off | Self::Paused)
    }
}

/// A virtual appliance's state on the wire (8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplianceState {
    Empty,
    Unknown,
    Locked,
    Deployed,
    NotDeployed,
    NeedsSync,
}

impl ApplianceState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::Unknown => "UNKNOWN",
            Self::Locked => "LOCKED",
            Self::Deployed => "DEPLOYED",
            Self::NotDeployed => "NOT_DEPLOYED",
            Self::NeedsSync => "NEEDS_SYNC",
        }
    }

    /// The state of a group of VMs; the first rule that fits wins.
    pub fn of(states: impl Iterator<Item = Power> + Clone) -> Self {
        let mut all = states.clone();
        if all.next().is_none() {
            Self::Empty
        } else if states.clone().any(|state| state == Power::Unknown) {
            Self::Unknown
        } else if states.clone().any(|state| state == Power::Locked) {
            Self::Locked
        } else if states
            .clone()
            .all(|state| state.is_deployed() || state == Power::Configured)
        {
            Self::Deployed
        } else if states
            .clone()
            .all(|state| matches!(state, Power::NotAllocated | Power::Allocated))
        {
            Self::NotDeployed
        } else {
            Self::NeedsSync
        }
    }
}

/// A named set of privileges.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The privileges it holds, by position in [`Estate::privileges`].
    pub privileges: BTreeSet<usize>,
}

/// A tenant.
#[derive(Debug)]
pub struct Enterprise {
    /// Its name.
    pub name: String,
    /// Whether its requests wait for a review.
    pub workflow: bool,
    /// Its VMs are not listed for users of other tenants: who administers all of them finds them under the tenant.
    pub apart: bool,
}

/// Somebody who owns VMs, and may sign in when a password is set.
pub struct User {
    /// The name to sign in with.
    pub nick: String,
    /// First name.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// By position.
    pub role: usize,
    /// By position.
    pub enterprise: usize,
    /// Without one nobody signs in as this user.
    pub password: Option<String>,
}

impl User {
    /// Both names, as people read them.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.name, self.surname)
    }
}

/// What kind of place a location is; it decides the media type that lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Hosts of one's own.
    Datacenter,
    /// A region of a public provider: no hosts to be seen.
    PublicCloudRegion,
}

/// A datacenter or a public cloud region.
#[derive(Debug)]
pub struct Location {
    /// Its name.
    pub name: String,
    /// The city or the provider's region.
    pub place: String,
    /// Which of both.
    pub kind: Kind,
    /// The API's word, such as `VMX_04`.
    pub hypervisor: String,
    /// The names of its hosts; empty in a public region.
    pub hosts: Vec<String>,
}

impl Location {
    /// In Azure a hard power off also deallocates, and nothing can be paused.
    pub fn is_azure(&self) -> bool {
        self.hypervisor == "AZURE_ARM"
    }

    /// Only ESXi moves a running VM to another host (11).
    pub fn relocates(&self) -> bool {
        self.hypervisor == "VMX_04"
    }
}

/// A virtual datacenter.
#[derive(Debug)]
pub struct Datacenter {
    /// Its name.
    pub name: String,
    /// By position.
    pub enterprise: usize,
    /// By position.
    pub location: usize,
    /// Its appliances, by position.
    pub appliances: Vec<usize>,
}

/// A virtual appliance.
#[derive(Debug)]
pub struct Appliance {
    /// Its name.
    pub name: String,
    /// Free text, empty for most.
    pub description: String,
    /// By position.
    pub datacenter: usize,
    /// Hidden from users without the privilege to see it.
    pub restricted: bool,
    /// Its VMs, by position.
    pub vms: Vec<usize>,
    /// Deployed as the oldest servers do it: all of its VMs, or none (8).
    pub whole: bool,
    /// A state that the server still reports, until the time (milliseconds) when it catches up.
    pub lagging: Option<(ApplianceState, i64)>,
}

/// What is special about a VM, and shows when something is done to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits {
    /// Deploying it exceeds a soft limit of its tenant.
    pub over_soft_limit: bool,
    /// No host has room for it.
    pub no_room: bool,
    /// A member of a scaling group, which moves as a whole.
    pub scaling_group: bool,
    /// An action plan works on it.
    pub action_plan: bool,
    /// It has no remote console.
    pub no_console: bool,
    /// One of its disks has no datastore tier.
    pub tierless: bool,
}

/// A VM, kept small: there may be 100,000.
#[derive(Debug)]
pub struct Vm {
    /// The friendly name.
    pub label: Box<str>,
    /// Free text, empty for most.
    pub note: Box<str>,
    /// By position.
    pub appliance: u32,
    /// When it was created, seconds.
    pub created: i64,
    /// Megabytes.
    pub ram_mib: u32,
    /// Gigabytes.
    pub disk_gib: u32,
    /// Up to two IPv4 addresses, 0 for none.
    pub addresses: [u32; 2],
    /// The power state now; `Locked` while an operation runs.
    pub power: Power,
    /// Virtual CPUs.
    pub cpu: u8,
    /// The owner, by position.
    pub owner: u16,
    /// The host, by position in its location; meaningless in a public region.
    pub host: u8,
    /// Off and not billed (Azure).
    pub deallocated: bool,
    /// Without them a graceful shutdown fails.
    pub guest_tools: bool,
    /// Imported from the hypervisor and adopted since.
    pub captured: bool,
    /// Its metrics are fetched.
    pub monitored: bool,
    /// What is special about it.
    pub traits: Traits,
}

/// Which VMs the list of all holds for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Those in restricted appliances too.
    restricted: bool,
    /// Those of one tenant; `None` for all but those apart.
    enterprise: Option<usize>,
}

impl Scope {
    /// Whether a VM is listed.
    pub fn lists(self, estate: &Estate, vm: usize) -> bool {
        let enterprise = estate.enterprise_of(vm);
        let listed = match self.enterprise {
            Some(own) => own == enterprise,
            None => !estate.enterprises[enterprise].apart,
        };
        listed && (self.restricted || !estate.is_restricted(vm))
    }
}

/// All of it.
pub struct Estate {
    /// The names of all privileges.
    pub privileges: Vec<String>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Tenants.
    pub enterprises: Vec<Enterprise>,
    /// Users.
    pub users: Vec<User>,
    /// Datacenters and public regions.
    pub locations: Vec<Location>,
    /// Virtual datacenters.
    pub datacenters: Vec<Datacenter>,
    /// Virtual appliances.
    pub appliances: Vec<Appliance>,
    /// VMs.
    pub vms: Vec<Vm>,
    /// Protected VMs, by position, with the reason as typed. Who did it is in the events alone, as in the API.
    pub protections: HashMap<usize, String>,
    /// Decides every generated thing.
    pub seed: u64,
}

impl Estate {
    /// Whether a user holds a privilege.
    pub fn may(&self, user: usize, privilege: &str) -> bool {
        let held = &self.roles[self.users[user].role].privileges;
        held.iter().any(|&at| self.privileges[at] == privilege)
    }

    /// Whether a user gets at what belongs to a tenant: their own, or any with the privilege to administer all.
    pub fn reaches(&self, user: usize, enterprise: usize) -> bool {
        self.users[user].enterprise == enterprise || self.may(user, "ENTERPRISE_ADMINISTER_ALL")
    }

    /// What the list of all VMs holds for a user.
    pub fn scope(&self, user: usize) -> Scope {
        let own = self.users[user].enterprise;
        let all = self.may(user, "ENTERPRISE_ADMINISTER_ALL") && !self.enterprises[own].apart;
        Scope {
            restricted: self.may(user, "VAPP_RESTRICTED_VIEW"),
            enterprise: (!all).then_some(own),
        }
    }

    /// The virtual datacenter that a VM is in.
    pub fn datacenter_of(&self, vm: usize) -> usize {
        self.appliances[self.vms[vm].appliance as usize].datacenter
    }

    /// The tenant that a VM belongs to.
    pub fn enterprise_of(&self, vm: usize) -> usize {
        self.datacenters[self.datacenter_of(vm)].enterprise
    }

    /// Whether a VM is in a restricted appliance.
    pub fn is_restricted(&self, vm: usize) -> bool {
        self.appliances[self.vms[vm].appliance as usize].restricted
    }

    /// The place that a VM is in.
    pub fn location_of(&self, vm: usize) -> &Location {
        &self.locations[self.datacenters[self.datacenter_of(vm)].location]
    }

    /// The platform's UUID of a VM.
    pub fn vm_uuid(&self, vm: usize) -> Uuid {
        Uuid::new(self.seed, 1, vm as u64)
    }

    /// The UUID of a VM's first disk.
    pub fn disk_uuid(&self, vm: usize) -> Uuid {
        Uuid::new(self.seed, 2, vm as u64)
    }

    /// The password of a VM's remote console: eight letters and digits.
    pub fn console_password(&self, vm: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let mut bits = mix(self.seed ^ mix(vm as u64));
        (0..8)
            .map(|_| {
                let letter = LETTERS[(bits % LETTERS.len() as u64) as usize];
                bits = mix(bits);
                char::from(letter)
            })
            .collect()
    }
}

/// The id on the wire of what stands at a position.
pub fn id(first: u32, position: usize) -> u32 {
    first + u32::try_from(position).unwrap_or(u32::MAX - first)
}

/// The position of an id on the wire, when there is something at it.
pub fn position(first: u32, id: u32, count: usize) -> Option<usize> {
    let at = id.checked_sub(first)? as usize;
    (at < count).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appliance_takes_its_state_from_its_vms_and_the_first_rule_wins() {
        use Power::{Allocated, Configured, Locked, NotAllocated, Off, On, Paused, Unknown};
        for (vms, state) in [
            (&[][..], ApplianceState::Empty),
            (&[On, Locked, Unknown], ApplianceState::Unknown),
            (&[On, Locked, NotAllocated], ApplianceState::Locked),
            (&[On, Off, Paused, Configured], ApplianceState::Deployed),
            (&[Off, Off], ApplianceState::Deployed),
            (&[NotAllocated, Allocated], ApplianceState::NotDeployed),
            (&[On, NotAllocated], ApplianceState::NeedsSync),
            (&[Configured, Allocated], ApplianceState::NeedsSync),
        ] {
            assert_eq!(ApplianceState::of(vms.iter().copied()), state, "{vms:?}");
        }
    }

    #[test]
    fn ids_and_positions_are_each_others_inverse() {
        assert_eq!(position(FIRST_VM, id(FIRST_VM, 41), 42), Some(41));
        assert_eq!(position(FIRST_VM, id(FIRST_VM, 42), 42), None);
        assert_eq!(position(FIRST_VM, 0, 42), None);
    }
}
