//! Reads the built-in cloud, `assets/demo/openstack.toml`, with its times counted back from now.

use std::collections::BTreeMap;

use super::estate::{
    Credential, Estate, Event, Fault, Flavor, Group, Host, Image, Lock, Network, Nic, People,
    Project, Record, Region, Role, Server, User, plain,
};
use super::fleet_file::{ActionEntry, File, RegionEntry, ServerEntry, UserEntry};
use super::progress::{Effect, End, paced};
use super::states;
use crate::demo::identity::Uuid;

const DEFAULT: &str = include_str!("../../../assets/demo/openstack.toml");

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The file cannot be used: what is wrong in it.
type Wrong = String;

/// Builds the cloud as it looks at `now_ms`, made up to `servers` where there are fewer.
///
/// # Errors
/// The file is not what it should be; it is part of the program, so a test catches this first.
pub(super) fn load(
    seed: u64,
    now_ms: i64,
    pace: f64,
    servers: Option<usize>,
) -> Result<Estate, Wrong> {
    let file: File = toml::from_str(DEFAULT).map_err(|error| error.to_string())?;
    let people = people(&file, seed)?;
    let flavors = flavors(&file, seed);
    let main = file.regions.first().map(|region| region.name.clone());
    let main = main.ok_or("there is no region")?;
    let mut regions = Vec::new();
    for (at, entry) in file.regions.iter().enumerate() {
        regions.push(region(entry, at, &people, seed, now_ms)?);
    }
    let mut loading = Loading {
        people,
        flavors,
        seed,
        now_ms,
        pace,
        made: 0,
    };
    for entry in file.servers {
        let at = entry.region.as_deref().unwrap_or(&main);
        let at = position(&regions, |region| region.name == at, at)?;
        let server = loading.server(entry, &regions[at])?;
        regions[at].servers.push(server);
    }
    for entry in file.actions {
        loading.record(entry, &mut regions)?;
    }
    let mut requested = loading.made;
    for entry in file.groups {
        let at = position(
            &regions,
            |region| region.name == entry.region,
            &entry.region,
        )?;
        let region = &mut regions[at];
        let mut members = Vec::new();
        for name in &entry.members {
            let at = position(&region.servers, |server| server.name == *name, name)?;
            members.push(region.servers[at].id.clone());
        }
        requested += 1;
        region.groups.push(Group {
            id: Uuid::new(seed, 0x5f0b, requested).to_string(),
            project: loading.people.project(&entry.project)?,
            user: loading.people.user(&entry.user)?,
            name: entry.name,
            policy: entry.policy,
            members,
        });
    }
    let there: usize = regions.iter().map(|region| region.servers.len()).sum();
    for number in there..servers.unwrap_or(there) {
        let server = loading.made_up(number, &regions[0])?;
        regions[0].servers.push(server);
    }
    let Loading {
        people, flavors, ..
    } = loading;
    Ok(Estate::new(people, flavors, regions, seed))
}

/// Where something is in a list.
fn position<T>(list: &[T], is_it: impl Fn(&T) -> bool, name: &str) -> Result<usize, Wrong> {
    let at = list.iter().position(is_it);
    at.ok_or_else(|| format!("there is no {name}"))
}

impl People {
    fn project(&self, name: &str) -> Result<usize, Wrong> {
        position(&self.projects, |project| project.name == name, name)
    }

    fn user(&self, name: &str) -> Result<usize, Wrong> {
        position(&self.users, |user| user.name == name, name)
    }
}

fn people(file: &File, seed: u64) -> Result<People, Wrong> {
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

fn flavors(file: &File, seed: u64) -> Vec<Flavor> {
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

fn region(
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

/// What is at hand while servers are read.
struct Loading {
    people: People,
    flavors: Vec<Flavor>,
    seed: u64,
    now_ms: i64,
    pace: f64,
    /// How many identifiers were given out.
    made: u64,
}

impl Loading {
    fn fresh(&mut self) -> String {
        self.made += 1;
        Uuid::new(self.seed, 0x5f09, self.made).to_string()
    }

    fn server(&mut self, entry: ServerEntry, region: &Region) -> Result<Server, Wrong> {
        let unknown = |word: &str| format!("{}: no state {word}", entry.name);
        let (vm_state, power) =
            states::vm_state(&entry.state).ok_or_else(|| unknown(&entry.state))?;
        let project = self.people.project(&entry.project)?;
        let user = match &entry.user {
            Some(name) => self.people.user(name)?,
            None => position(
                &self.people.users,
                |user| user.role_in(project) >= Some(Role::Member),
                &entry.project,
            )?,
        };
        let flavor = |name: &str| position(&self.flavors, |one| one.name == name, name);
        let host = |name: &str| position(&region.hosts, |host| host.name == name, name);
        let image = |name: &str| position(&region.images, |image| image.name == name, name);
        let created_ms = self.now_ms - entry.days * DAY_MS - MINUTE_MS / 2;
        let changed = entry
            .changed_minutes
            .map(|ago| self.now_ms - ago * MINUTE_MS);
        let mut metadata = entry.metadata.clone();
        if let Some(stack) = &entry.stack {
            metadata.insert("metering.stack".to_owned(), stack.clone());
        }
        let number = region.servers.len() + 1;
        let mut server = Server {
            id: Uuid::new(self.seed, 0x5f0a, hash(&entry.name)).to_string(),
            number,
            description: entry.description.clone(),
            project,
            user,
            vm_state,
            task_state: None,
            power_state: power,
            flavor: flavor(&entry.flavor)?,
            old_flavor: entry.old_flavor.as_deref().map(flavor).transpose()?,
            image: entry.image.as_deref().map(image).transpose()?,
            host: entry.host.as_deref().map(host).transpose()?,
            old_host: entry.old_host.as_deref().map(host).transpose()?,
            nics: Vec::new(),
            metadata,
            tags: entry.tags.clone(),
            lock: entry.locked.as_ref().map(|lock| Lock {
                by_admin: lock.by == "admin",
                reason: Some(lock.reason.clone()).filter(|reason| !reason.is_empty()),
            }),
            fault: entry.fault.as_ref().map(|fault| Fault {
                code: fault.code,
                message: fault.message.clone(),
                details: fault.details.clone(),
                created_ms: changed.unwrap_or(created_ms),
            }),
            created_ms,
            updated_ms: changed.unwrap_or(created_ms + MINUTE_MS / 2),
            launched_ms: entry.launched.then_some(created_ms + MINUTE_MS / 3),
            deleted_ms: None,
            breaks: entry.breaks.clone(),
            records: Vec::new(),
            run: None,
            name: entry.name.clone(),
        };
        for (at, name) in entry.networks.iter().enumerate() {
            let network = position(&region.networks, |network| network.name == *name, name)?;
            let ip = format!("{}.{}", region.networks[network].prefix, 10 + number);
            let floating = entry.floating.clone().filter(|_| at == 0);
            let nic = self.nic(network, ip, floating, at, number);
            server.nics.push(nic);
        }
        self.born(&mut server, entry.launched || vm_state == "building");
        self.under_way(&mut server, &entry)?;
        Ok(server)
    }

    /// What was going on when the demo began.
    fn under_way(&self, server: &mut Server, entry: &ServerEntry) -> Result<(), Wrong> {
        let Some(word) = &entry.task else {
            return Ok(());
        };
        let unknown = |word: &str| format!("{}: no task or state {word}", entry.name);
        let task = states::task(word).ok_or_else(|| unknown(word))?;
        let (Some(seconds), Some(then)) = (entry.ends_in, &entry.then) else {
            server.task_state = Some(task);
            return Ok(());
        };
        let end = End {
            state: Some(states::vm_state(then).ok_or_else(|| unknown(then))?),
            effect: match entry.launched {
                true => Effect::Nothing,
                false => Effect::Launch,
            },
            failure: None,
        };
        server.settle(
            Some(task),
            paced(seconds * 1_000, self.pace),
            end,
            self.now_ms,
        );
        Ok(())
    }

    fn nic(
        &mut self,
        network: usize,
        ip: String,
        floating: Option<String>,
        at: usize,
        number: usize,
    ) -> Nic {
        let (high, low) = (number / 256 % 256, number % 256);
        Nic {
            id: self.fresh(),
            network,
            mac: format!("fa:16:3e:{network:02x}:{high:02x}:{low:02x}"),
            ip,
            floating: floating.filter(|_| at == 0),
        }
    }

    /// The record of its making.
    fn born(&mut self, server: &mut Server, well: bool) {
        let done = server
            .launched_ms
            .or((!well).then_some(server.created_ms + 2_000));
        let request_id = format!("req-{}", self.fresh());
        let fault = server.fault.as_ref().filter(|_| !well);
        server.records.push(Record {
            action: "create".to_owned(),
            request_id,
            user: server.user,
            project: server.project,
            start_ms: server.created_ms,
            updated_ms: done.unwrap_or(server.created_ms),
            message: (!well).then_some("Error"),
            events: vec![Event {
                name: if well {
                    "compute__do_build_and_run_instance".to_owned()
                } else {
                    "conductor_schedule_and_build_instances".to_owned()
                },
                host: server.host,
                start_ms: server.created_ms + 500,
                finish_ms: done,
                result: done.map(|_| if well { "Success" } else { "Error" }),
                traceback: fault.map(|fault| fault.details.clone()),
                details: fault.map(|fault| fault.message.clone()),
            }],
        });
    }

    fn record(&mut self, entry: ActionEntry, regions: &mut [Region]) -> Result<(), Wrong> {
        let user = self.people.user(&entry.user)?;
        let request_id = format!("req-{}", self.fresh());
        let mut servers = regions.iter_mut().flat_map(|region| &mut region.servers);
        let server = servers.find(|server| server.name == entry.server);
        let server = server.ok_or_else(|| format!("there is no {}", entry.server))?;
        let start_ms = self.now_ms - entry.ago_minutes * MINUTE_MS;
        let failed = entry.error.is_some();
        server.records.push(Record {
            action: entry.action,
            request_id,
            user,
            project: match self.people.users[user].role_in(server.project) {
                Some(_) => server.project,
                None => self.people.users[user].default_project.unwrap_or(0),
            },
            start_ms,
            updated_ms: start_ms + entry.took * 1_000 + 300,
            message: failed.then_some("Error"),
            events: vec![Event {
                name: entry.event,
                host: server.host,
                start_ms: start_ms + 100,
                finish_ms: Some(start_ms + entry.took * 1_000 + 300),
                result: Some(if failed { "Error" } else { "Success" }),
                traceback: entry.traceback,
                details: entry.error,
            }],
        });
        Ok(())
    }

    /// One of many.
    fn made_up(&mut self, number: usize, region: &Region) -> Result<Server, Wrong> {
        const STATES: [&str; 6] = ["active", "active", "active", "stopped", "active", "paused"];
        let project = ["red", "blue"][number % 2];
        let hosts = region.hosts.iter().filter(|host| !host.down);
        let host = hosts.cycle().nth(number);
        let entry = ServerEntry {
            name: format!("grid-{number:05}"),
            description: None,
            region: None,
            project: project.to_owned(),
            user: None,
            state: STATES[number % STATES.len()].to_owned(),
            launched: true,
            task: None,
            ends_in: None,
            then: None,
            flavor: self.flavors[number % 3].name.clone(),
            old_flavor: None,
            image: region.images.first().map(|image| image.name.clone()),
            host: host.map(|host| host.name.clone()),
            old_host: None,
            networks: Vec::new(),
            floating: None,
            days: 1 + number as i64 % 300,
            changed_minutes: None,
            stack: Some(format!("grid-{}", number / 50)),
            tags: vec!["grid".to_owned()],
            metadata: BTreeMap::from([("cell".to_owned(), (number % 7).to_string())]),
            locked: None,
            fault: None,
            breaks: Vec::new(),
        };
        let mut server = self.server(entry, region)?;
        let network = number % 2;
        let prefix = &region.networks[network].prefix;
        let ip = prefix.rsplit_once('.').map(|(start, _)| start);
        let ip = format!(
            "{}.{}.{}",
            ip.unwrap_or("10.0"),
            100 + number / 250,
            1 + number % 250
        );
        let nic = self.nic(network, ip, None, 0, number);
        server.nics.push(nic);
        Ok(server)
    }
}

/// A number of a name, so that an id does not depend on a server's place in the file.
fn hash(name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    name.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_file_is_as_it_should_be_and_the_same_for_the_same_seed() {
        let ids = |seed: u64, servers: Option<usize>| -> Vec<String> {
            let estate = load(seed, 1_752_480_000_000, 1.0, servers).unwrap();
            let servers = estate.regions.iter().flat_map(|region| &region.servers);
            servers.map(|server| server.id.clone()).collect()
        };
        assert_eq!(ids(1, None).len(), 39);
        assert_eq!(ids(1, None), ids(1, None));
        assert_ne!(ids(1, None), ids(2, None));
        let mut many = ids(1, Some(1_000));
        assert_eq!(many.len(), 1_000);
        many.sort();
        many.dedup();
        assert_eq!(many.len(), 1_000, "every server has an id of its own");
        assert_eq!(ids(1, Some(3)).len(), 39, "fewer is not possible");
    }
}
