//! Who may use the cloud, and what its regions have beside servers.

use super::{DAY_MS, Wrong};
use crate::demo::identity::Uuid;
use crate::demo::openstack::estate::{
    Credential, Flavor, Host, Image, Network, People, Project, Region, Role, User, plain,
};
use crate::demo::openstack::fleet_file::{File, RegionEntry, UserEntry};

/// The people of the file.
pub(super) fn people(file: &File, seed: u64) -> Result<People, Wrong> {
    let id = |family: u64, at: usize| plain(Uuid::new(seed, family, at as u64));
    let projects = file.projects.iter().enumerate();
    let mut people = People {
        domain: file.domain.clone(),
        projects: projects
            .map(|(at, name)| Project {
                id: id(0x5f01, at),
                name: name.clone(),
            })
            .collect(),
        users: Vec::new(),
        credentials: Vec::new(),
    };
    for (at, entry) in file.users.iter().enumerate() {
        let user = user(entry, id(0x5f02, at), &people)?;
        people.users.push(user);
    }
    for (at, entry) in file.application_credentials.iter().enumerate() {
        let credential = Credential {
            id: id(0x5f03, at),
            name: entry.name.clone(),
            secret: entry.secret.clone(),
            user: people.user(&entry.user)?,
            project: people.project(&entry.project)?,
        };
        people.credentials.push(credential);
    }
    Ok(people)
}

fn user(entry: &UserEntry, id: String, people: &People) -> Result<User, Wrong> {
    let mut roles = Vec::new();
    for (project, word) in &entry.roles {
        let role = Role::ALL.iter().find(|(_, known)| known == word);
        let (role, _) = role.ok_or_else(|| format!("there is no role {word}"))?;
        roles.push((people.project(project)?, *role));
    }
    let default = entry.default_project.as_deref();
    Ok(User {
        id,
        name: entry.name.clone(),
        roles,
        default_project: default.map(|name| people.project(name)).transpose()?,
    })
}

/// The flavors of the file.
pub(super) fn flavors(file: &File, seed: u64) -> Vec<Flavor> {
    let flavors = file.flavors.iter().enumerate();
    flavors
        .map(|(at, entry)| Flavor {
            id: Uuid::new(seed, 0x5f04, at as u64).to_string(),
            name: entry.name.clone(),
            vcpus: entry.vcpus,
            ram: entry.ram,
            disk: entry.disk,
            description: entry.description.clone(),
            extra_specs: entry.extra_specs.clone(),
        })
        .collect()
}

/// A region of the file, without its servers and groups.
pub(super) fn region(
    entry: &RegionEntry,
    at: usize,
    people: &People,
    seed: u64,
    now_ms: i64,
) -> Result<Region, Wrong> {
    let id = |family: u64, number: usize| {
        Uuid::new(seed, family, (at * 1_000 + number) as u64).to_string()
    };
    let images = entry.images.iter().enumerate();
    let mut networks = Vec::new();
    for (number, network) in entry.networks.iter().enumerate() {
        networks.push(Network {
            id: id(0x5f06, number),
            name: network.name.clone(),
            project: people.project(&network.project)?,
            shared: network.shared,
            prefix: network.prefix.clone(),
        });
    }
    let newest = entry.microversion.parse();
    let hosts = entry.hosts.iter().enumerate();
    Ok(Region {
        name: entry.name.clone(),
        slug: if at == 0 {
            String::new()
        } else {
            entry.name.clone()
        },
        newest: newest.map_err(|_| format!("no version: {}", entry.microversion))?,
        reclaim: entry.reclaim,
        tenant_in_url: entry.tenant_in_url,
        images: images
            .map(|(number, name)| Image {
                id: id(0x5f05, number),
                name: name.clone(),
                owner: 0,
                public: true,
                status: "active",
                of_server: None,
                created_ms: now_ms - 400 * DAY_MS,
            })
            .collect(),
        networks,
        hosts: hosts
            .map(|(number, host)| Host {
                id: id(0x5f07, number),
                service_id: id(0x5f08, number),
                name: host.name.clone(),
                zone: host.zone.clone(),
                ip: host.ip.clone(),
                disabled: host.disabled.clone(),
                down: host.down,
            })
            .collect(),
        groups: Vec::new(),
        servers: Vec::new(),
    })
}
