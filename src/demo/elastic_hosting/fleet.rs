//! Reads `assets/demo/elastic_hosting.toml` into the estate.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::estate::{
    Entry, Estate, Import, Network, Package, Profile, Step, Then, Transaction, Vm, paced,
};
use crate::demo::identity::{Uuid, mix};

const DEFAULT: &str = include_str!("../../../assets/demo/elastic_hosting.toml");

/// Families of uuids.
const PROFILES: u64 = 0xec1;
const NETWORKS: u64 = 0xec2;
const PACKAGES: u64 = 0xec3;
const VMS: u64 = 0xec4;
const INTERFACES: u64 = 0xec5;
const LOG: u64 = 0xec6;
const TRANSACTIONS: u64 = 0xec7;

/// The first port of the screens.
const FIRST_PORT: u16 = 5_900;

/// The user in whose name the past happened.
const USER: &str = "alice";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: Vec<ProfileEntry>,
    networks: Vec<NetworkEntry>,
    packages: Vec<PackageEntry>,
    vms: Vec<VmEntry>,
    log: Vec<LogEntry>,
    transactions: Vec<TransactionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileEntry {
    name: String,
    cpus: u32,
    memory: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkEntry {
    name: String,
    prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageEntry {
    name: String,
    os: String,
    storage: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VmEntry {
    name: String,
    state: String,
    profile: String,
    #[serde(default = "default_network")]
    network: String,
    #[serde(default = "linux")]
    os: String,
    #[serde(default)]
    tags: Vec<String>,
    number: Option<u32>,
    #[serde(default)]
    bare: bool,
    #[serde(default)]
    stubborn: bool,
    #[serde(default)]
    fails: bool,
    #[serde(default)]
    then: Vec<(i64, String)>,
}

fn default_network() -> String {
    "Default".to_owned()
}

fn linux() -> String {
    "linux".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogEntry {
    ago: i64,
    message: String,
    #[serde(default)]
    error: bool,
    vm: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionEntry {
    message: String,
    completed: i64,
}

/// The default fleet as it looks at `now_ms`.
///
/// # Errors
/// The file is not what it should be; it is part of the program, so a test catches this first.
pub fn estate(seed: u64, pace: f64, now_ms: i64) -> Result<Estate, String> {
    let file: File = toml::from_str(DEFAULT).map_err(|error| error.to_string())?;
    let uuid = |family, index| Uuid::new(seed, family, index).to_string();
    let mut vms = Vec::new();
    for (index, entry) in (0_u64..).zip(file.vms) {
        let missing = |what: &str| format!("VM {} names the unknown {what}", entry.name);
        let profile = file
            .profiles
            .iter()
            .position(|profile| profile.name == entry.profile)
            .ok_or_else(|| missing("profile"))?;
        let network = file
            .networks
            .iter()
            .position(|network| network.name == entry.network)
            .ok_or_else(|| missing("network"))?;
        let prefix = &file.networks[network].prefix;
        let ip: Ipv4Addr = format!("{prefix}.{}", index + 10)
            .parse()
            .map_err(|_| missing("address"))?;
        let steps: Vec<Step> = entry
            .then
            .iter()
            .map(|(seconds, state)| Step {
                at_ms: now_ms + paced(seconds * 1_000, pace),
                then: Then::State(state.clone()),
            })
            .collect();
        let number = u16::try_from(index).unwrap_or_default();
        vms.push(Vm {
            uuid: entry
                .number
                .map_or_else(|| uuid(VMS, index), |number| number.to_string()),
            numeric: entry.number.is_some(),
            bare: entry.bare,
            transaction: steps.last().map(|last| Transaction {
                uuid: uuid(TRANSACTIONS, index),
                user: USER.to_owned(),
                message: format!("{} {}", entry.state, entry.name),
                done: format!("{}: {} is over", entry.name, entry.state),
                failed: format!("{}: {} failed", entry.name, entry.state),
                started_ms: now_ms - paced(20_000, pace),
                ends_ms: last.at_ms,
            }),
            name: entry.name,
            state: entry.state,
            os: entry.os,
            profile,
            network,
            interface: uuid(INTERFACES, index),
            ip,
            mac: format!("00:16:e9:00:00:{:02x}", number + 1),
            vnc_port: FIRST_PORT + number,
            vnc_password: format!("{:08x}", mix(seed ^ (index + 1)) & 0xffff_ffff),
            tags: entry.tags,
            stubborn: entry.stubborn,
            fails: entry.fails,
            steps,
        });
    }
    let mut log = Vec::new();
    for (index, entry) in (0_u64..).zip(file.log) {
        let vm = match &entry.vm {
            Some(name) => {
                let vm = vms.iter().find(|vm| vm.name == *name);
                Some(vm.ok_or_else(|| format!("the log names the unknown VM {name}"))?)
            }
            None => None,
        };
        log.push(Entry {
            uuid: uuid(LOG, index),
            user: USER.to_owned(),
            at_ms: now_ms - entry.ago * 60_000,
            error: entry.error,
            message: entry.message,
            vm: vm.map(|vm| vm.uuid.clone()),
        });
    }
    log.sort_by_key(|entry| entry.at_ms);
    let profiles = (0_u64..).zip(file.profiles).map(|(index, entry)| Profile {
        uuid: uuid(PROFILES, index),
        name: entry.name,
        cpus: entry.cpus,
        memory: entry.memory,
    });
    let networks = (0_u64..).zip(file.networks).map(|(index, entry)| Network {
        uuid: uuid(NETWORKS, index),
        name: entry.name,
    });
    let packages = (0_u64..).zip(file.packages).map(|(index, entry)| Package {
        uuid: uuid(PACKAGES, index),
        name: entry.name,
        os: entry.os,
        storage: entry.storage,
    });
    let imports = (0_u64..)
        .zip(file.transactions)
        .map(|(index, entry)| Import {
            uuid: uuid(TRANSACTIONS, 1_000 + index),
            message: entry.message,
            completed: entry.completed,
        });
    Ok(Estate {
        profiles: profiles.collect(),
        networks: networks.collect(),
        packages: packages.collect(),
        vms,
        log,
        imports: imports.collect(),
        seed,
        pace,
        given: 0,
    })
}
