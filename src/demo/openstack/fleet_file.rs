//! The shape of `assets/demo/openstack.toml`. What its keys mean is said in the file itself.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) domain: String,
    pub(super) projects: Vec<String>,
    pub(super) users: Vec<UserEntry>,
    pub(super) application_credentials: Vec<CredentialEntry>,
    pub(super) flavors: Vec<FlavorEntry>,
    pub(super) regions: Vec<RegionEntry>,
    pub(super) groups: Vec<GroupEntry>,
    pub(super) servers: Vec<ServerEntry>,
    pub(super) actions: Vec<ActionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub(super) name: String,
    /// Project and role.
    pub(super) roles: BTreeMap<String, String>,
    pub(super) default_project: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialEntry {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) project: String,
    pub(super) secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlavorEntry {
    pub(super) name: String,
    pub(super) vcpus: i64,
    pub(super) ram: i64,
    pub(super) disk: i64,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) extra_specs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionEntry {
    pub(super) name: String,
    pub(super) microversion: String,
    pub(super) reclaim: bool,
    pub(super) tenant_in_url: bool,
    pub(super) images: Vec<String>,
    pub(super) networks: Vec<NetworkEntry>,
    pub(super) hosts: Vec<HostEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkEntry {
    pub(super) name: String,
    #[serde(default = "operators")]
    pub(super) project: String,
    #[serde(default)]
    pub(super) shared: bool,
    pub(super) prefix: String,
}

fn operators() -> String {
    "admin".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostEntry {
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) ip: String,
    /// Why its service is disabled.
    pub(super) disabled: Option<String>,
    #[serde(default)]
    pub(super) down: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEntry {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) project: String,
    pub(super) user: String,
    pub(super) policy: String,
    pub(super) members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerEntry {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) region: Option<String>,
    pub(super) project: String,
    /// Who made it; else the first user of its project.
    pub(super) user: Option<String>,
    pub(super) state: String,
    #[serde(default = "yes")]
    pub(super) launched: bool,
    pub(super) task: Option<String>,
    pub(super) ends_in: Option<i64>,
    pub(super) then: Option<String>,
    pub(super) flavor: String,
    pub(super) old_flavor: Option<String>,
    pub(super) image: Option<String>,
    pub(super) host: Option<String>,
    pub(super) old_host: Option<String>,
    pub(super) networks: Vec<String>,
    pub(super) floating: Option<String>,
    pub(super) days: i64,
    pub(super) changed_minutes: Option<i64>,
    pub(super) stack: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) locked: Option<LockEntry>,
    pub(super) fault: Option<FaultEntry>,
    #[serde(default)]
    pub(super) breaks: Vec<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockEntry {
    pub(super) by: String,
    pub(super) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultEntry {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) details: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionEntry {
    pub(super) server: String,
    pub(super) action: String,
    pub(super) user: String,
    pub(super) ago_minutes: i64,
    pub(super) took: i64,
    pub(super) event: String,
    pub(super) error: Option<String>,
    pub(super) traceback: Option<String>,
}
