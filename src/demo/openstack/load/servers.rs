//! The servers of the file, and those that are made up to be many.

use std::collections::BTreeMap;

use super::{DAY_MS, MINUTE_MS, Wrong, position};
use crate::demo::identity::Uuid;
use crate::demo::openstack::estate::{
    Event, Fault, Flavor, Lock, Nic, People, Record, Region, Role, Server,
};
use crate::demo::openstack::fleet_file::{ActionEntry, ServerEntry};
use crate::demo::openstack::progress::{Effect, End, paced};
use crate::demo::openstack::states;

/// What is at hand while servers are read.
pub(super) struct Loading {
    pub people: People,
    pub flavors: Vec<Flavor>,
    pub seed: u64,
    pub now_ms: i64,
    pub pace: f64,
    /// How many identifiers were given out.
    pub made: u64,
}

impl Loading {
    fn fresh(&mut self) -> String {
        self.made += 1;
        Uuid::new(self.seed, 0x5f09, self.made).to_string()
    }

    /// A server of the file.
    pub fn server(&mut self, entry: ServerEntry, region: &Region) -> Result<Server, Wrong> {
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
        self.under_way(&mut server, &entry, region)?;
        Ok(server)
    }

    /// What was going on when the demo began.
    fn under_way(
        &mut self,
        server: &mut Server,
        entry: &ServerEntry,
        region: &Region,
    ) -> Result<(), Wrong> {
        let Some(word) = &entry.task else {
            return Ok(());
        };
        let unknown = |word: &str| format!("{}: no task or state {word}", entry.name);
        let (task, action, event) = states::task(word).ok_or_else(|| unknown(word))?;
        // The record of its making is there already.
        if action != "create" {
            server.records.push(Record {
                action: action.to_owned(),
                request_id: format!("req-{}", self.fresh()),
                user: server.user,
                project: server.project,
                start_ms: server.updated_ms,
                updated_ms: server.updated_ms,
                message: None,
                events: vec![Event {
                    name: event.to_owned(),
                    host: server.host,
                    start_ms: server.updated_ms,
                    finish_ms: None,
                    result: None,
                    traceback: None,
                    details: None,
                }],
            });
        }
        let (Some(seconds), Some(then)) = (entry.ends_in, &entry.then) else {
            server.task_state = Some(task);
            return Ok(());
        };
        let end = End {
            state: Some(states::vm_state(then).ok_or_else(|| unknown(then))?),
            effect: match (action, region.host_for(server, None)) {
                ("create", _) => Effect::Launch,
                ("live-migration", Some(host)) => Effect::Put(host),
                _ => Effect::Nothing,
            },
            failure: None,
        };
        server.settle(task, paced(seconds * 1_000, self.pace), end, self.now_ms);
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

    /// Something that was asked for before the demo began.
    pub fn record(&mut self, entry: ActionEntry, regions: &mut [Region]) -> Result<(), Wrong> {
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
    pub fn made_up(&mut self, number: usize, region: &Region) -> Result<Server, Wrong> {
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
