//! Reads the default fleet, `assets/demo/abiquo.toml`, into the estate, the tasks and the events.

use std::collections::HashMap;

use super::estate::{Appliance, Datacenter, Enterprise, Estate, Location, Role, Traits, User, Vm};
use super::events::Event;
use super::fleet_file::{
    DatacenterEntry, EventEntry, File, LocationEntry, RoleEntry, TaskEntry, Trait, VmKind,
};
use super::fleet_records::{event, task};
use super::tasks::Task;

const DEFAULT: &str = include_str!("../../../assets/demo/abiquo.toml");

/// The file cannot be used: what is wrong in it.
pub type Fault = String;

/// What the cloud starts with.
pub struct Fleet {
    /// What exists.
    pub estate: Estate,
    /// Tasks, finished and running.
    pub tasks: Vec<Task>,
    /// History, oldest first.
    pub events: Vec<Event>,
}

/// Builds the first `limit` VMs of the default fleet, or all of it, as it looks at `now_ms`.
///
/// # Errors
/// The file is not what it should be; it is part of the program, so a test catches this first.
pub fn default_fleet(
    seed: u64,
    limit: Option<usize>,
    now_ms: i64,
    pace: f64,
) -> Result<Fleet, Fault> {
    let file: File = toml::from_str(DEFAULT).map_err(|error| error.to_string())?;
    build(file, seed, limit.unwrap_or(usize::MAX), now_ms, pace)
}

fn build(file: File, seed: u64, limit: usize, now_ms: i64, pace: f64) -> Result<Fleet, Fault> {
    let (task_entries, event_entries, datacenters, mut estate) = people_and_places(file, seed)?;
    for entry in datacenters {
        // A fleet of a given size is all listed.
        let apart = |one: &Enterprise| one.apart && one.name == entry.enterprise;
        if limit != usize::MAX && estate.enterprises.iter().any(apart) {
            continue;
        }
        add_datacenter(&mut estate, entry, limit, now_ms)?;
    }
    let by_name: HashMap<String, usize> = estate
        .vms
        .iter()
        .enumerate()
        .map(|(at, vm)| (vm.label.to_string(), at))
        .collect();

    let mut tasks = Vec::new();
    for (number, entry) in (0_u64..).zip(task_entries) {
        // A VM beyond the limit is not there, and neither are its tasks and events.
        if let Some(&vm) = by_name.get(&entry.vm) {
            tasks.push(task(&estate, entry, vm, number, now_ms, pace)?);
        } else if limit == usize::MAX {
            return Err(format!("a task names the unknown VM {}", entry.vm));
        }
    }
    let mut events = Vec::new();
    for (number, entry) in (0_u64..).zip(event_entries) {
        if let Some(event) = event(&estate, &by_name, entry, number, now_ms)? {
            events.push(event);
        } else if limit == usize::MAX {
            return Err(format!("event {number} names an unknown VM or appliance"));
        }
    }
    events.sort_by_key(|event| event.at_ms);
    Ok(Fleet {
        estate,
        tasks,
        events,
    })
}

/// What of the file is still to be built once there are people and places.
type Rest = (
    Vec<TaskEntry>,
    Vec<EventEntry>,
    Vec<DatacenterEntry>,
    Estate,
);

/// Tenants, roles, users and locations: all that VMs refer to.
fn people_and_places(file: File, seed: u64) -> Result<Rest, Fault> {
    let enterprises: Vec<_> = file
        .enterprises
        .into_iter()
        .map(|entry| Enterprise {
            name: entry.name,
            workflow: entry.workflow,
            apart: entry.apart,
        })
        .collect();
    let roles = file
        .roles
        .into_iter()
        .map(|entry| role(entry, &file.privileges));
    let roles = roles.collect::<Result<Vec<_>, _>>()?;
    let mut users = Vec::new();
    for entry in file.users {
        users.push(User {
            role: find(&roles, |role| role.name == entry.role, &entry.role)?,
            enterprise: find(
                &enterprises,
                |one| one.name == entry.enterprise,
                &entry.enterprise,
            )?,
            nick: entry.nick,
            name: entry.name,
            surname: entry.surname,
            password: entry.password,
        });
    }
    let estate = Estate {
        privileges: file.privileges,
        roles,
        enterprises,
        users,
        locations: file.locations.into_iter().map(location).collect(),
        datacenters: Vec::new(),
        appliances: Vec::new(),
        vms: Vec::new(),
        protections: HashMap::new(),
        seed,
    };
    Ok((file.tasks, file.events, file.datacenters, estate))
}

fn location(entry: LocationEntry) -> Location {
    Location {
        name: entry.name,
        place: entry.place,
        kind: entry.kind,
        hypervisor: entry.hypervisor,
        hosts: entry.hosts,
    }
}

fn role(entry: RoleEntry, privileges: &[String]) -> Result<Role, Fault> {
    let named = |names: &[String]| -> Result<Vec<usize>, Fault> {
        names
            .iter()
            .map(|name| find(privileges, |one| one == name, name))
            .collect()
    };
    let held = match (&entry.only, &entry.all_but) {
        (Some(only), None) => named(only)?.into_iter().collect(),
        (None, Some(but)) => {
            let but = named(but)?;
            (0..privileges.len())
                .filter(|at| !but.contains(at))
                .collect()
        }
        _ => {
            return Err(format!(
                "the role {} needs either `only` or `all_but`",
                entry.name
            ));
        }
    };
    Ok(Role {
        name: entry.name,
        privileges: held,
    })
}

fn add_datacenter(
    estate: &mut Estate,
    entry: DatacenterEntry,
    limit: usize,
    now_ms: i64,
) -> Result<(), Fault> {
    let datacenter = estate.datacenters.len();
    let location = find(
        &estate.locations,
        |one| one.name == entry.location,
        &entry.location,
    )?;
    let first_appliance = estate.appliances.len();
    for appliance in entry.appliances {
        let owner = find(
            &estate.users,
            |user| user.nick == appliance.owner,
            &appliance.owner,
        )?;
        let owner = u16::try_from(owner).map_err(|error| error.to_string())?;
        let position = u32::try_from(estate.appliances.len()).map_err(|error| error.to_string())?;
        let first_vm = estate.vms.len();
        for vm in appliance
            .vms
            .into_iter()
            .take(limit.saturating_sub(first_vm))
        {
            if let Some(cause) = vm.protected {
                estate.protections.insert(estate.vms.len(), cause);
            }
            let mut addresses = [0; 2];
            for (slot, ip) in addresses.iter_mut().zip(&vm.ips) {
                *slot = u32::from(*ip);
            }
            estate.vms.push(Vm {
                label: vm.name.into(),
                note: vm.note.into(),
                appliance: position,
                created: now_ms / 1_000 - vm.days * 86_400 - i64::from(position) * 1_337,
                ram_mib: vm.ram,
                disk_gib: vm.disk_gib,
                addresses,
                power: vm.state,
                cpu: vm.cpu,
                owner,
                host: vm.host,
                deallocated: vm.deallocated,
                guest_tools: vm.guest_tools,
                captured: vm.kind == Some(VmKind::Captured),
                monitored: vm.monitored,
                traits: traits(&vm.traits),
            });
        }
        estate.appliances.push(Appliance {
            name: appliance.name,
            description: appliance.description,
            datacenter,
            restricted: appliance.restricted,
            vms: (first_vm..estate.vms.len()).collect(),
            whole: appliance.whole,
            lagging: appliance
                .lagging
                .map(|lagging| (lagging.state, now_ms + lagging.seconds * 1_000)),
        });
    }
    estate.datacenters.push(Datacenter {
        name: entry.name,
        enterprise: find(
            &estate.enterprises,
            |one| one.name == entry.enterprise,
            &entry.enterprise,
        )?,
        location,
        appliances: (first_appliance..estate.appliances.len()).collect(),
    });
    Ok(())
}

fn traits(list: &[Trait]) -> Traits {
    let mut traits = Traits::default();
    for one in list {
        match one {
            Trait::OverSoftLimit => traits.over_soft_limit = true,
            Trait::NoRoom => traits.no_room = true,
            Trait::ScalingGroup => traits.scaling_group = true,
            Trait::ActionPlan => traits.action_plan = true,
            Trait::NoConsole => traits.no_console = true,
            Trait::Tierless => traits.tierless = true,
        }
    }
    traits
}

/// A duration in milliseconds at a pace: twice as fast at 2.0, nothing at infinity.
pub fn paced(millis: i64, pace: f64) -> i64 {
    // The durations are far below the 2^53 that a float holds exactly. A crawl ends in a century, not never.
    const CENTURY_MS: f64 = 3.2e12;
    (millis as f64 / pace).min(CENTURY_MS) as i64
}

/// The position of what has a name.
///
/// # Errors
/// Nothing has it.
pub(super) fn find<T>(
    list: &[T],
    matches: impl Fn(&T) -> bool,
    name: &str,
) -> Result<usize, Fault> {
    list.iter()
        .position(matches)
        .ok_or_else(|| format!("{name} is not declared"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use std::collections::HashSet;

    use super::super::estate::{ApplianceState, Power};
    use super::super::events::{Severity, Target};
    use super::super::tasks::TaskState;
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn the_default_fleet_shows_every_state_there_is() {
        let fleet = default_fleet(1, None, NOW, 1.0).unwrap();
        let estate = &fleet.estate;
        let powers: HashSet<_> = estate.vms.iter().map(|vm| vm.power).collect();
        assert_eq!(powers.len(), 8);
        let words: HashSet<_> = estate
            .appliances
            .iter()
            .map(|one| ApplianceState::of(one.vms.iter().map(|&vm| estate.vms[vm].power)).word())
            .collect();
        assert_eq!(words.len(), 6);
        let is_listed = |enterprise: usize| !estate.enterprises[enterprise].apart;
        let listed = |one: &&Datacenter| is_listed(one.enterprise);
        assert_eq!(estate.datacenters.iter().filter(listed).count(), 3);
        assert_eq!(estate.locations.len(), 3);
        let vms = (0..estate.vms.len()).filter(|&vm| is_listed(estate.enterprise_of(vm)));
        assert_eq!(vms.count(), 65);
        let listed = |one: &&Appliance| is_listed(estate.datacenters[one.datacenter].enterprise);
        assert!((12..=15).contains(&estate.appliances.iter().filter(listed).count()));
        let names: HashSet<_> = estate.vms.iter().map(|vm| &vm.label).collect();
        assert_eq!(
            names.len(),
            estate.vms.len(),
            "tasks and events name their VM"
        );
        assert_eq!(estate.vms.iter().filter(|vm| !vm.guest_tools).count(), 2);
    }

    #[test]
    fn every_locked_vm_has_a_task_that_holds_it_and_every_protected_one_its_event() {
        let fleet = default_fleet(1, None, NOW, 1.0).unwrap();
        for (at, vm) in fleet.estate.vms.iter().enumerate() {
            let held = fleet.tasks.iter().any(|task| {
                task.vm == at && (task.plan.is_some() || task.state == TaskState::Queueing)
            });
            assert_eq!(vm.power == Power::Locked, held, "{}", vm.label);
            let told = fleet
                .events
                .iter()
                .any(|event| event.target == Target::Vm(at) && event.action == "PROTECT");
            assert_eq!(
                fleet.estate.protections.contains_key(&at),
                told,
                "{}",
                vm.label
            );
        }
    }

    #[test]
    fn the_history_covers_two_days_with_every_severity() {
        let fleet = default_fleet(1, None, NOW, 1.0).unwrap();
        assert!(fleet.events.len() >= 40);
        for severity in [Severity::Info, Severity::Warn, Severity::Error] {
            assert!(fleet.events.iter().any(|event| event.severity == severity));
        }
        assert!(
            fleet
                .events
                .iter()
                .all(|event| event.at_ms < NOW && event.at_ms >= NOW - 2 * 86_400_000)
        );
    }

    #[test]
    fn a_small_fleet_is_the_first_part_of_the_default_one() {
        for limit in [0, 1, 20, 64] {
            let fleet = default_fleet(1, Some(limit), NOW, 1.0).unwrap();
            assert_eq!(fleet.estate.vms.len(), limit);
            assert!(fleet.tasks.iter().all(|task| task.vm < limit));
        }
    }
}
