//! What is in the cloud: who may use it, and what its regions hold.

use std::collections::BTreeMap;

use super::microversion::Microversion;
use super::progress::Run;
use crate::demo::identity::{Uuid, mix};

/// A project.
pub(super) struct Project {
    pub id: String,
    pub name: String,
}

/// What somebody may do in a project; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Reader,
    Member,
    Admin,
}

impl Role {
    /// The roles by their words, weakest first.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Reader, "reader"),
        (Self::Member, "member"),
        (Self::Admin, "admin"),
    ];
}

/// A user. The password is the same for all.
pub(super) struct User {
    pub id: String,
    pub name: String,
    /// Project by position, and the role there.
    pub roles: Vec<(usize, Role)>,
    pub default_project: Option<usize>,
}

impl User {
    /// What the user is in a project.
    pub fn role_in(&self, project: usize) -> Option<Role> {
        let mut roles = self.roles.iter();
        roles
            .find(|(known, _)| *known == project)
            .map(|(_, role)| *role)
    }
}

/// An application credential.
pub(super) struct Credential {
    pub id: String,
    pub name: String,
    pub secret: String,
    pub user: usize,
    pub project: usize,
}

/// Who may use the cloud.
pub(super) struct People {
    pub domain: String,
    pub projects: Vec<Project>,
    pub users: Vec<User>,
    pub credentials: Vec<Credential>,
}

/// A flavor. All regions have the same ones.
pub(super) struct Flavor {
    pub id: String,
    pub name: String,
    pub vcpus: i64,
    /// MiB.
    pub ram: i64,
    /// GiB.
    pub disk: i64,
    pub description: Option<String>,
    pub extra_specs: BTreeMap<String, String>,
}

/// An image, public or a project's own snapshot.
pub(super) struct Image {
    pub id: String,
    pub name: String,
    pub owner: usize,
    pub public: bool,
    pub status: &'static str,
    /// The server that it is a snapshot of.
    pub of_server: Option<String>,
    /// Milliseconds.
    pub created_ms: i64,
}

/// A network.
pub(super) struct Network {
    pub id: String,
    pub name: String,
    pub project: usize,
    pub shared: bool,
    /// The first three parts of its addresses.
    pub prefix: String,
}

/// A host with a Nova that runs servers.
pub(super) struct Host {
    pub id: String,
    pub service_id: String,
    pub name: String,
    pub zone: String,
    pub ip: String,
    pub disabled: Option<String>,
    pub down: bool,
}

/// A server group.
pub(super) struct Group {
    pub id: String,
    pub name: String,
    pub project: usize,
    pub user: usize,
    pub policy: String,
    /// Servers by id.
    pub members: Vec<String>,
}

/// A port of a server.
#[derive(Debug, Clone)]
pub(super) struct Nic {
    pub id: String,
    pub network: usize,
    pub mac: String,
    pub ip: String,
    pub floating: Option<String>,
}

/// A lock.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    /// Set from outside of the project.
    pub by_admin: bool,
    pub reason: Option<String>,
}

/// What went wrong with a server.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub code: i64,
    pub message: String,
    pub details: String,
    /// Milliseconds.
    pub created_ms: i64,
}

/// An event of an action.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub name: String,
    pub host: Option<usize>,
    /// Milliseconds.
    pub start_ms: i64,
    /// Milliseconds.
    pub finish_ms: Option<i64>,
    pub result: Option<&'static str>,
    pub traceback: Option<String>,
    pub details: Option<String>,
}

/// Something that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub action: String,
    pub request_id: String,
    pub user: usize,
    pub project: usize,
    /// Milliseconds.
    pub start_ms: i64,
    /// Milliseconds.
    pub updated_ms: i64,
    pub message: Option<&'static str>,
    pub events: Vec<Event>,
}

/// A server.
pub(super) struct Server {
    pub id: String,
    /// Its number on its hosts.
    pub number: usize,
    pub name: String,
    pub description: Option<String>,
    pub project: usize,
    pub user: usize,
    pub vm_state: &'static str,
    pub task_state: Option<&'static str>,
    pub power_state: i64,
    pub flavor: usize,
    /// Before a resize that is not yet confirmed.
    pub old_flavor: Option<usize>,
    /// `None` where the root disk is a volume.
    pub image: Option<usize>,
    pub host: Option<usize>,
    /// Before a resize that is not yet confirmed.
    pub old_host: Option<usize>,
    pub nics: Vec<Nic>,
    pub metadata: BTreeMap<String, String>,
    pub tags: Vec<String>,
    pub lock: Option<Lock>,
    pub fault: Option<Fault>,
    /// Milliseconds.
    pub created_ms: i64,
    /// Milliseconds.
    pub updated_ms: i64,
    /// Milliseconds.
    pub launched_ms: Option<i64>,
    /// Milliseconds.
    pub deleted_ms: Option<i64>,
    /// Actions that are taken and then fail.
    pub breaks: Vec<String>,
    /// Oldest first.
    pub records: Vec<Record>,
    /// What is under way.
    pub run: Option<Run>,
}

/// A region.
pub(super) struct Region {
    pub name: String,
    /// The first part of its addresses; the main region has none.
    pub slug: String,
    pub newest: Microversion,
    pub reclaim: bool,
    pub tenant_in_url: bool,
    pub images: Vec<Image>,
    pub networks: Vec<Network>,
    pub hosts: Vec<Host>,
    pub groups: Vec<Group>,
    pub servers: Vec<Server>,
}

/// All of it.
pub(super) struct Estate {
    pub people: People,
    pub flavors: Vec<Flavor>,
    pub regions: Vec<Region>,
    pub seed: u64,
    /// How many identifiers were made since the start.
    made: u64,
}

impl Estate {
    /// Puts it together; nothing was made yet.
    pub fn new(people: People, flavors: Vec<Flavor>, regions: Vec<Region>, seed: u64) -> Self {
        Self {
            people,
            flavors,
            regions,
            seed,
            made: 0,
        }
    }

    /// A new identifier.
    pub fn fresh(&mut self) -> String {
        self.made += 1;
        Uuid::new(self.seed, 0x5f00, self.made).to_string()
    }

    /// The words that a project sees instead of the name of a host: 56 hexadecimal digits.
    pub fn host_id(&self, host: Option<usize>, project: usize) -> String {
        let Some(host) = host else {
            return String::new();
        };
        let part = |index: u64| {
            let base = mix(self.seed) ^ mix(host as u64) ^ mix(project as u64).rotate_left(31);
            mix(base ^ mix(index).rotate_left(7))
        };
        let all: String = (0..4)
            .map(|index| format!("{:016x}", part(index)))
            .collect();
        all[..56].to_owned()
    }
}

/// An identifier of a project or a user: 32 hexadecimal digits.
pub(super) fn plain(uuid: Uuid) -> String {
    uuid.to_string().replace('-', "")
}

/// Whether a server can be put on a host.
pub(super) fn takes_servers(host: &Host) -> bool {
    !host.down && host.disabled.is_none()
}
