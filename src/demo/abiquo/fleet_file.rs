//! The shape of `assets/demo/abiquo.toml`. What its keys mean is said in the file itself.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::estate::{ApplianceState, Kind, Power};
use super::events::Severity;
use super::tasks::{JobState, TaskState, Work};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) privileges: Vec<String>,
    pub(super) roles: Vec<RoleEntry>,
    pub(super) enterprises: Vec<EnterpriseEntry>,
    pub(super) users: Vec<UserEntry>,
    pub(super) locations: Vec<LocationEntry>,
    pub(super) datacenters: Vec<DatacenterEntry>,
    pub(super) tasks: Vec<TaskEntry>,
    pub(super) events: Vec<EventEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub(super) name: String,
    pub(super) only: Option<Vec<String>>,
    pub(super) all_but: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnterpriseEntry {
    pub(super) name: String,
    pub(super) workflow: bool,
    #[serde(default)]
    pub(super) apart: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub(super) nick: String,
    pub(super) name: String,
    pub(super) surname: String,
    pub(super) role: String,
    pub(super) enterprise: String,
    pub(super) password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocationEntry {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) kind: Kind,
    pub(super) hypervisor: String,
    pub(super) hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatacenterEntry {
    pub(super) name: String,
    pub(super) enterprise: String,
    pub(super) location: String,
    pub(super) appliances: Vec<ApplianceEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplianceEntry {
    pub(super) name: String,
    pub(super) owner: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) restricted: bool,
    #[serde(default)]
    pub(super) whole: bool,
    pub(super) lagging: Option<LaggingEntry>,
    pub(super) vms: Vec<VmEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaggingEntry {
    pub(super) state: ApplianceState,
    pub(super) seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VmEntry {
    pub(super) name: String,
    pub(super) state: Power,
    pub(super) cpu: u8,
    pub(super) ram: u32,
    #[serde(default = "small_disk")]
    pub(super) disk_gib: u32,
    pub(super) ips: Vec<Ipv4Addr>,
    #[serde(default)]
    pub(super) host: u8,
    pub(super) days: i64,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) deallocated: bool,
    #[serde(default = "yes")]
    pub(super) guest_tools: bool,
    pub(super) kind: Option<VmKind>,
    pub(super) protected: Option<String>,
    #[serde(default)]
    pub(super) monitored: bool,
    #[serde(default)]
    pub(super) traits: Vec<Trait>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trait {
    OverSoftLimit,
    NoRoom,
    ScalingGroup,
    ActionPlan,
    NoConsole,
    Tierless,
}

fn small_disk() -> u32 {
    40
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum VmKind {
    Captured,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskEntry {
    pub(super) vm: String,
    pub(super) kind: Work,
    pub(super) state: TaskState,
    pub(super) user: String,
    pub(super) age_seconds: i64,
    #[serde(default)]
    pub(super) took_seconds: i64,
    pub(super) ends_in_seconds: Option<i64>,
    pub(super) then: Option<Power>,
    pub(super) before: Option<Power>,
    pub(super) jobs: Vec<JobEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobEntry {
    pub(super) kind: Work,
    #[serde(default = "pending")]
    pub(super) state: JobState,
    #[serde(default = "unknown")]
    pub(super) rollback: JobState,
}

fn pending() -> JobState {
    JobState::Pending
}

fn unknown() -> JobState {
    JobState::Unknown
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventEntry {
    pub(super) ago_minutes: i64,
    pub(super) severity: Severity,
    pub(super) entity: Option<String>,
    pub(super) action: String,
    pub(super) vm: Option<String>,
    pub(super) appliance: Option<String>,
    pub(super) user: String,
    pub(super) operation: Option<u64>,
    pub(super) message: String,
    pub(super) error_code: Option<String>,
    pub(super) error_message: Option<String>,
}
