//! The shape of `assets/demo/zstack.toml`. What its keys mean is said in the file itself.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) zones: Vec<String>,
    pub(super) clusters: Vec<ClusterEntry>,
    pub(super) hosts: Vec<HostEntry>,
    pub(super) networks: Vec<NetworkEntry>,
    pub(super) images: Vec<ImageEntry>,
    pub(super) vms: Vec<VmEntry>,
    pub(super) long_jobs: Vec<LongJobEntry>,
    pub(super) event_logs: Vec<EventLogEntry>,
    pub(super) audits: Vec<AuditEntry>,
    pub(super) alarms: Vec<AlarmEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterEntry {
    pub(super) name: String,
    pub(super) zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostEntry {
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) ip: String,
    #[serde(default = "enabled")]
    pub(super) state: String,
    #[serde(default = "is_connected")]
    pub(super) status: String,
}

fn enabled() -> String {
    "Enabled".to_owned()
}

fn is_connected() -> String {
    "Connected".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkEntry {
    pub(super) name: String,
    pub(super) prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageEntry {
    pub(super) name: String,
    pub(super) platform: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VmEntry {
    pub(super) name: String,
    pub(super) state: String,
    /// The host it runs on, or ran on.
    pub(super) host: Option<String>,
    /// Where it is when it was never on a host.
    pub(super) cluster: Option<String>,
    #[serde(default = "debian")]
    pub(super) image: String,
    pub(super) networks: Vec<String>,
    pub(super) cpu: i64,
    pub(super) ram_gib: i64,
    pub(super) days: i64,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) note: String,
    pub(super) ha: Option<String>,
    pub(super) protected: Option<ProtectedEntry>,
    /// Its guest does not listen to a graceful stop.
    #[serde(default)]
    pub(super) deaf: bool,
    /// No host has room for it.
    #[serde(default)]
    pub(super) no_capacity: bool,
    /// The platform's own.
    #[serde(default)]
    pub(super) appliance: bool,
    pub(super) ends_in: Option<i64>,
    pub(super) then: Option<String>,
}

fn debian() -> String {
    "debian-12".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProtectedEntry {
    pub(super) reason: String,
    pub(super) by: String,
    pub(super) ago_minutes: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LongJobEntry {
    pub(super) vm: String,
    pub(super) name: String,
    pub(super) job: String,
    pub(super) state: String,
    pub(super) ago_minutes: i64,
    pub(super) error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLogEntry {
    pub(super) vm: Option<String>,
    pub(super) host: Option<String>,
    pub(super) kind: String,
    pub(super) category: String,
    pub(super) content: String,
    pub(super) ago_minutes: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditEntry {
    pub(super) vm: String,
    pub(super) api: String,
    pub(super) operator: String,
    pub(super) ago_minutes: i64,
    pub(super) error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmEntry {
    pub(super) vm: String,
    pub(super) name: String,
    pub(super) metric: String,
    pub(super) value: f64,
    pub(super) threshold: f64,
    pub(super) level: String,
    pub(super) ago_minutes: i64,
}
