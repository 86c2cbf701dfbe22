//! Adds made-up VMs to the default fleet, the same ones for the same seed.

use fastrand::Rng;

use super::estate::{Appliance, Datacenter, FIRST_VM, Power, Traits, Vm, id};
use super::events::{Event, Severity, Target};
use super::fleet::Fleet;
use crate::demo::identity::{Uuid, mix};

/// VMs of a generated appliance.
const VMS: usize = 40;
/// Appliances of a generated virtual datacenter.
const APPLIANCES: usize = 25;
/// Users who own generated VMs and act on them: the administrator and the two that cannot sign in.
const OWNERS: [u16; 3] = [0, 3, 4];

const SERVICES: [&str; 20] = [
    "catalog", "cart", "search", "pricing", "stock", "orders", "payments", "mail", "identity",
    "reviews", "media", "routing", "dispatch", "customs", "fleet", "invoices", "reports",
    "archive", "gateway", "ingest",
];
const REASONS: [&str; 4] = [
    "kernel update",
    "host maintenance",
    "under investigation",
    "frozen for the audit",
];

/// The kind of life that an appliance leads; it decides the states of its VMs.
#[derive(Clone, Copy)]
enum Profile {
    Deployed,
    Undeployed,
    Mixed,
    Lost,
}

/// Adds VMs until there are `total`.
pub fn fill(fleet: &mut Fleet, total: usize, now_ms: i64) {
    let mut rng = Rng::with_seed(mix(fleet.estate.seed));
    let mut events = Vec::new();
    let declared = fleet.estate.datacenters.len();
    while fleet.estate.vms.len() < total {
        let full = |last: &Datacenter| last.appliances.len() >= APPLIANCES;
        let generated = fleet.estate.datacenters.len() > declared;
        if !generated || fleet.estate.datacenters.last().is_some_and(full) {
            add_datacenter(fleet, declared);
        }
        add_appliance(fleet, total, now_ms, &mut rng, &mut events);
    }
    fleet.events.extend(events);
    fleet.events.sort_by_key(|event| event.at_ms);
}

fn add_datacenter(fleet: &mut Fleet, declared: usize) {
    let estate = &mut fleet.estate;
    let number = estate.datacenters.len() - declared + 1;
    let location = number % estate.locations.len();
    let listed: Vec<usize> = (0..estate.enterprises.len())
        .filter(|&one| !estate.enterprises[one].apart)
        .collect();
    let enterprise = listed[number % listed.len()];
    estate.datacenters.push(Datacenter {
        name: format!("pool-{number:03}"),
        enterprise,
        location,
        appliances: Vec::new(),
    });
}

fn add_appliance(
    fleet: &mut Fleet,
    total: usize,
    now_ms: i64,
    rng: &mut Rng,
    events: &mut Vec<Event>,
) {
    let estate = &mut fleet.estate;
    let datacenter = estate.datacenters.len() - 1;
    let location = &estate.locations[estate.datacenters[datacenter].location];
    let (azure, hosts) = (location.is_azure(), location.hosts.len());
    let position = estate.appliances.len();
    let name = format!("{}-{position}", SERVICES[position % SERVICES.len()]);
    let profile = match rng.u8(..100) {
        0..80 => Profile::Deployed,
        80..90 => Profile::Undeployed,
        90..97 => Profile::Mixed,
        _ => Profile::Lost,
    };
    let owner = OWNERS[rng.usize(..OWNERS.len())];
    let first = estate.vms.len();
    for number in 0..VMS.min(total - first) {
        let vm = estate.vms.len();
        let power = power(profile, azure, rng);
        if power.is_deployed() && rng.u16(..200) == 0 {
            let cause = REASONS[rng.usize(..REASONS.len())];
            let label = format!("{name}-{:02}", number + 1);
            events.push(protected(vm, &label, cause, estate.seed, now_ms, rng));
            estate.protections.insert(vm, cause.to_owned());
        }
        let size = rng.u8(0..5);
        estate.vms.push(Vm {
            label: format!("{name}-{:02}", number + 1).into(),
            note: Box::default(),
            appliance: u32::try_from(position).unwrap_or(u32::MAX),
            created: now_ms / 1_000 - rng.i64(3_600..900 * 86_400),
            ram_mib: 2_048 << size,
            disk_gib: 20 << size,
            // 10.64.0.0 and up: the default fleet lives below.
            addresses: [0x0a40_0000 + u32::try_from(vm).unwrap_or_default(), 0],
            power,
            cpu: 1 << size,
            owner,
            host: rng.u8(..u8::try_from(hosts.max(1)).unwrap_or(1)),
            deallocated: azure && power == Power::Off && rng.bool(),
            guest_tools: rng.u8(..50) != 0,
            captured: false,
            monitored: false,
            traits: Traits::default(),
        });
    }
    estate.appliances.push(Appliance {
        name,
        description: String::new(),
        datacenter,
        restricted: rng.u8(..50) == 0,
        vms: (first..estate.vms.len()).collect(),
        whole: false,
        lagging: None,
    });
    estate.datacenters[datacenter].appliances.push(position);
}

fn power(profile: Profile, azure: bool, rng: &mut Rng) -> Power {
    match (profile, rng.u8(..100)) {
        (Profile::Undeployed, _) | (Profile::Mixed, 0..12) => Power::NotAllocated,
        (Profile::Lost, 0..20) => Power::Unknown,
        (_, 95..) if !azure => Power::Paused,
        (_, 85..) => Power::Off,
        _ => Power::On,
    }
}

fn protected(vm: usize, label: &str, cause: &str, seed: u64, now_ms: i64, rng: &mut Rng) -> Event {
    Event {
        id: 0,
        at_ms: now_ms - rng.i64(3 * 86_400_000..30 * 86_400_000),
        severity: Severity::Info,
        action: "PROTECT".to_owned(),
        target: Target::Vm(vm),
        user: 0,
        message: format!(
            "VM {label} ({}) protected by Cloud Administrator, cause: {cause}",
            id(FIRST_VM, vm)
        ),
        context: Uuid::new(seed, 7, vm as u64),
        error: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use std::collections::HashSet;

    use super::super::fleet::default_fleet;
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn generated_vms_spread_over_datacenters_and_appliances_of_fixed_size() {
        let mut fleet = default_fleet(3, Some(65), NOW, 1.0).unwrap();
        let (old_vms, old_appliances) = (fleet.estate.vms.len(), fleet.estate.appliances.len());
        fill(&mut fleet, old_vms + 2_050, NOW);
        let estate = &fleet.estate;
        assert_eq!(estate.vms.len(), old_vms + 2_050);
        assert_eq!(estate.appliances.len(), old_appliances + 52);
        assert_eq!(estate.datacenters.len(), 3 + 3);
        assert_eq!(estate.datacenters[3].appliances.len(), APPLIANCES);
        for (at, appliance) in estate.appliances.iter().enumerate() {
            assert!(
                estate.datacenters[appliance.datacenter]
                    .appliances
                    .contains(&at)
            );
            assert!(
                appliance
                    .vms
                    .iter()
                    .all(|&vm| estate.vms[vm].appliance as usize == at)
            );
        }
        let names: HashSet<_> = estate.vms.iter().map(|vm| &vm.label).collect();
        assert_eq!(names.len(), estate.vms.len());
        let addresses: HashSet<_> = estate.vms.iter().map(|vm| vm.addresses[0]).collect();
        assert_eq!(addresses.len(), estate.vms.len());
    }

    #[test]
    fn every_generated_protection_has_its_event() {
        let mut fleet = default_fleet(3, None, NOW, 1.0).unwrap();
        fill(&mut fleet, 2_000, NOW);
        let told: HashSet<_> = fleet
            .events
            .iter()
            .filter(|event| event.action == "PROTECT")
            .map(|event| event.target)
            .collect();
        assert!(fleet.estate.protections.len() > 5);
        assert!(
            fleet
                .estate
                .protections
                .keys()
                .all(|&vm| told.contains(&Target::Vm(vm)))
        );
        assert!(fleet.events.is_sorted_by_key(|event| event.at_ms));
    }
}
