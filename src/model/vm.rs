//! A VM and how it is named.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{PowerState, VmState};

/// The name of a configured cloud: `[A-Za-z0-9._-]+`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CloudName(Arc<str>);

impl CloudName {
    /// A name as the configuration has it; the configuration has already checked its characters.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CloudName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What names a VM everywhere: commands, updates, notices, the journal. Never a row number, never a bare name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VmKey {
    /// The configured cloud it lives in.
    pub cloud: CloudName,
    /// The cloud's own id of it, as text.
    pub id: Arc<str>,
}

impl VmKey {
    /// The key of a VM of a cloud.
    #[must_use]
    pub fn new(cloud: &CloudName, id: &str) -> Self {
        Self {
            cloud: cloud.clone(),
            id: Arc::from(id),
        }
    }
}

impl fmt::Display for VmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cloud, self.id)
    }
}

/// Something a VM belongs to, by id and name: its appliance or its project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// The cloud's id of it.
    pub id: Arc<str>,
    /// Its display name.
    pub name: Arc<str>,
}

/// A host that a VM can be moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The cloud's id of it.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The cluster it stands in.
    pub cluster: Option<Arc<str>>,
    /// Its address.
    pub address: Option<Arc<str>>,
    /// Virtual CPUs: in use or promised, and in all.
    pub cpus: Option<(u32, u32)>,
    /// Memory in MiB: in use or promised, and in all.
    pub ram_mib: Option<(u64, u64)>,
}

/// How far a protection reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectionScope {
    /// The cloud itself refuses users without the privilege.
    Cloud,
    /// A tag in the cloud that every such console reads and honours; the cloud does not enforce it.
    SharedTag,
    /// Kept by this console alone.
    Console,
}

impl ProtectionScope {
    /// The word of machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::SharedTag => "shared_tag",
            Self::Console => "console",
        }
    }
}

/// Why a VM is in maintenance: the administrator's reason, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// The reason that was typed; `None` where the cloud does not say.
    pub reason: Option<Arc<str>>,
    /// The user who protected it. Abiquo: not in the VM, taken from its latest PROTECT event.
    pub by: Option<Arc<str>>,
    /// When. Abiquo: likewise from the event.
    pub since: Option<Timestamp>,
    /// Who honours it.
    pub scope: ProtectionScope,
}

/// One virtual machine, in the domain's words, whatever cloud it is in.
///
/// Repeated texts (appliance, project, tenant, host …) are shared between the VMs of a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// What names it.
    pub key: VmKey,
    /// The platform's uuid, where it has one.
    pub uuid: Option<Arc<str>>,
    /// The friendly name (Abiquo: `label`, else `name`).
    pub name: Arc<str>,
    /// The hypervisor's name for it (Abiquo: `ABQ_` and the uuid).
    pub native_name: Option<Arc<str>>,
    /// The power state.
    pub power: PowerState,
    /// The cloud's own word for its state, kept and shown beside ours.
    pub native_state: Arc<str>,
    /// Off, and its resources given back (Azure behind Abiquo: no cost for cpu and memory, no addresses).
    pub deallocated: bool,
    /// Taken over from a hypervisor rather than made by the platform: taking it off its host loses it, unless it is released.
    #[serde(default)]
    pub imported: bool,
    /// Whether the cloud measures it, so that [`crate::clouds::Cloud::metrics`] has something to tell.
    #[serde(default)]
    pub monitored: bool,
    /// Set while it is protected.
    pub protection: Option<Box<Protection>>,
    /// The virtual appliance it stands in.
    pub vapp: Option<Group>,
    /// The project it stands in (Abiquo: the virtual datacenter).
    pub project: Option<Group>,
    /// The tenant (Abiquo: the enterprise).
    pub tenant: Option<Arc<str>>,
    /// Datacenter or region.
    pub location: Option<Arc<str>>,
    /// The cluster or zone within the location.
    #[serde(default)]
    pub cluster: Option<Arc<str>>,
    /// The networks it is in, by name, in the order of its addresses.
    #[serde(default)]
    pub networks: Box<[Arc<str>]>,
    /// What it is tagged with, as text: `key=value` or a word.
    #[serde(default)]
    pub tags: Box<[Arc<str>]>,
    /// Where its screen can be seen (`vnc://10.0.0.5:5901`), where the listing tells. Never with a password.
    #[serde(default)]
    pub console: Option<Arc<str>>,
    /// The host it runs on, where the user may see it.
    pub host: Option<Arc<str>>,
    /// The user who owns it.
    pub owner: Option<Arc<str>>,
    /// Hypervisor or provider type.
    pub hypervisor: Option<Arc<str>>,
    /// The template it was made from.
    pub template: Option<Arc<str>>,
    /// Free text.
    pub description: Option<Arc<str>>,
    /// Virtual CPUs.
    pub cpu: Option<u32>,
    /// Memory in MiB.
    pub ram_mib: Option<u64>,
    /// Addresses, as text, in the order of the cloud.
    pub addresses: Box<[Arc<str>]>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When the cloud last changed it.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// Where its cloud finds it again. Opaque to all but the client that wrote it.
    pub locator: Arc<str>,
}

impl AsRef<Self> for Vm {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Vm {
    /// The state that is shown, filtered and counted: MAINTENANCE over everything while it is protected.
    #[must_use]
    pub fn state(&self) -> VmState {
        if self.protection.is_some() {
            VmState::Maintenance
        } else {
            VmState::Power(self.power)
        }
    }

    /// The word a person reads for the power state; a deallocated VM is `Off (deallocated)`.
    #[must_use]
    pub fn power_word(&self) -> &'static str {
        if self.power == PowerState::Off && self.deallocated {
            "Off (deallocated)"
        } else {
            self.power.word()
        }
    }

    /// What it is doing, by the cloud's own word, where the cloud has a word for that and no task: `Migrating`.
    #[must_use]
    pub fn native_progress(&self) -> Option<&str> {
        self.differing_native_state()
            .filter(|_| self.power == PowerState::Locked)
    }

    /// The cloud's own word where it says more than ours, for the screen.
    #[must_use]
    pub fn differing_native_state(&self) -> Option<&str> {
        let ours = [self.power.as_str(), self.power.word()];
        let says_more = !ours
            .iter()
            .any(|word| word.eq_ignore_ascii_case(&self.native_state));
        (!self.native_state.is_empty() && says_more).then_some(&*self.native_state)
    }
}
