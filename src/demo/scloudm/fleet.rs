//! What the gateway knows when the demo starts, from `assets/demo/scloudm.toml`.

use serde::Deserialize;

use crate::demo::identity::Uuid;

/// The fleet is part of the program.
const FLEET: &str = include_str!("../../../assets/demo/scloudm.toml");

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The families of identifiers.
const TENANTS: u64 = 0x5c10;
const SERVERS: u64 = 0x5c11;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    regions: Vec<String>,
    tenants: Vec<TenantEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    name: String,
    regions: Vec<String>,
    vms: Vec<VmEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VmEntry {
    name: String,
    region: String,
    status: Status,
    cpu: Option<u32>,
    ram: Option<u32>,
    disk: Option<u32>,
    #[serde(default)]
    lan: Vec<String>,
    #[serde(default)]
    wan: Vec<String>,
    days: i64,
    changed: i64,
    #[serde(default)]
    breaks: bool,
}

/// Nova's statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Active,
    Shutoff,
    Build,
    Rebuild,
    Reboot,
    HardReboot,
    Migrating,
    Password,
    Resize,
    RevertResize,
    VerifyResize,
    Paused,
    Suspended,
    Shelved,
    ShelvedOffloaded,
    Rescue,
    SoftDeleted,
    Deleted,
    Error,
    Unknown,
}

impl Status {
    /// As it travels.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Shutoff => "SHUTOFF",
            Self::Build => "BUILD",
            Self::Rebuild => "REBUILD",
            Self::Reboot => "REBOOT",
            Self::HardReboot => "HARD_REBOOT",
            Self::Migrating => "MIGRATING",
            Self::Password => "PASSWORD",
            Self::Resize => "RESIZE",
            Self::RevertResize => "REVERT_RESIZE",
            Self::VerifyResize => "VERIFY_RESIZE",
            Self::Paused => "PAUSED",
            Self::Suspended => "SUSPENDED",
            Self::Shelved => "SHELVED",
            Self::ShelvedOffloaded => "SHELVED_OFFLOADED",
            Self::Rescue => "RESCUE",
            Self::SoftDeleted => "SOFT_DELETED",
            Self::Deleted => "DELETED",
            Self::Error => "ERROR",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One tenant.
#[derive(Debug)]
pub(super) struct Tenant {
    pub id: String,
    pub name: String,
    /// Where it has compute.
    pub regions: Vec<String>,
}

/// One VM.
#[derive(Debug)]
pub(super) struct Vm {
    pub id: String,
    pub name: String,
    /// By position.
    pub tenant: usize,
    pub region: String,
    pub status: Status,
    pub cpu: Option<u32>,
    /// GiB.
    pub ram: Option<u32>,
    /// GiB.
    pub disk: Option<u32>,
    pub lan: Vec<String>,
    pub wan: Vec<String>,
    pub created_ms: i64,
    pub updated_ms: i64,
    /// A start ends in ERROR.
    pub breaks: bool,
}

/// Everything at the start.
#[derive(Debug)]
pub(super) struct Fleet {
    pub regions: Vec<String>,
    pub tenants: Vec<Tenant>,
    /// Newest first, as Nova lists them.
    pub vms: Vec<Vm>,
}

/// The built-in fleet, with identifiers of a seed and times that count back from now.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn fleet(seed: u64, now_ms: i64) -> Result<Fleet, String> {
    let file: File = toml::from_str(FLEET).map_err(|error| error.to_string())?;
    let (mut tenants, mut vms) = (Vec::new(), Vec::new());
    for (entry, number) in file.tenants.into_iter().zip(0..) {
        for (vm, at) in entry.vms.into_iter().zip(0..) {
            if !entry.regions.contains(&vm.region) {
                return Err(format!("{}: {} has no compute there", vm.name, entry.name));
            }
            let created_ms = now_ms - vm.days * DAY_MS - at * 60_000;
            vms.push(Vm {
                id: Uuid::new(seed, SERVERS, vms.len() as u64).to_string(),
                name: vm.name,
                tenant: tenants.len(),
                region: vm.region,
                status: vm.status,
                cpu: vm.cpu,
                ram: vm.ram,
                disk: vm.disk,
                lan: vm.lan,
                wan: vm.wan,
                created_ms,
                updated_ms: (now_ms - vm.changed * DAY_MS - at * 1_000).max(created_ms),
                breaks: vm.breaks,
            });
        }
        tenants.push(Tenant {
            id: Uuid::new(seed, TENANTS, number)
                .to_string()
                .replace('-', ""),
            name: entry.name,
            regions: entry.regions,
        });
    }
    vms.sort_by_key(|vm| std::cmp::Reverse(vm.created_ms));
    Ok(Fleet {
        regions: file.regions,
        tenants,
        vms,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_fleet_is_whole_and_the_same_for_the_same_seed() {
        let fleet_of = |seed| fleet(seed, 1_752_480_000_000).unwrap();
        let ids =
            |fleet: &Fleet| -> Vec<String> { fleet.vms.iter().map(|vm| vm.id.clone()).collect() };
        let one = fleet_of(1);
        assert_eq!(
            (one.regions.len(), one.tenants.len(), one.vms.len()),
            (3, 2, 29)
        );
        assert_eq!(ids(&one), ids(&fleet_of(1)));
        assert_ne!(ids(&one), ids(&fleet_of(2)));
        assert_eq!(one.tenants[0].id.len(), 32);
    }
}
