//! What happened before the two days that the fleet's file tells about: the ordinary life of its VMs, made up.
//! What failed is in the file alone, with the tasks that it belongs to.

use fastrand::Rng;

use super::estate::{Estate, Power};
use super::events::{Event, Severity, Target};
use crate::demo::identity::{Uuid, mix};

/// How many events there are.
const COUNT: u64 = 320;
/// The newest is as old as this.
const NEWEST_MS: i64 = 2 * 86_400_000 + 600_000;
/// The oldest is not older than this.
const OLDEST_MS: i64 = 8 * 86_400_000;

/// One kind of event: how often, how bad, its action and its text, in which `{vm}` and `{who}` are replaced.
struct Kind(u32, Severity, &'static str, &'static str);

const KINDS: [Kind; 12] = [
    Kind(14, Severity::Info, "POWERON", "{vm} powered on"),
    Kind(10, Severity::Info, "POWEROFF", "{vm} powered off"),
    Kind(9, Severity::Info, "SHUTDOWN", "{vm} shut down"),
    Kind(7, Severity::Info, "RESET", "{vm} reset"),
    Kind(5, Severity::Info, "PAUSE", "{vm} paused"),
    Kind(5, Severity::Info, "RESUME", "{vm} resumed"),
    Kind(
        9,
        Severity::Info,
        "REQUEST_ACCESS",
        "Remote console of {vm} opened by {who}",
    ),
    Kind(
        6,
        Severity::Info,
        "RECONFIGURE",
        "{vm} has been reconfigured",
    ),
    Kind(
        5,
        Severity::Info,
        "NOTIFICATION",
        "{who} leaves {vm} as it is until the next maintenance",
    ),
    Kind(
        4,
        Severity::Info,
        "INSTANCE_FINISH",
        "{vm} has a new instance",
    ),
    Kind(
        5,
        Severity::Warn,
        "VSM_CHANGE_STATE",
        "{vm} was found in another state than the platform left it in",
    ),
    Kind(
        3,
        Severity::Warn,
        "RECONFIGURE",
        "{vm} brings its tenant near a soft limit",
    ),
];

/// The older events, oldest first, the same ones for the same seed.
pub fn older(estate: &Estate, now_ms: i64) -> Vec<Event> {
    let lived = |vm: &usize| {
        estate.vms[*vm].power != Power::NotAllocated
            && !estate.enterprises[estate.enterprise_of(*vm)].apart
    };
    let vms: Vec<usize> = (0..estate.vms.len()).filter(lived).collect();
    if vms.is_empty() {
        return Vec::new();
    }
    let mut rng = Rng::with_seed(mix(estate.seed ^ 0x0ede));
    let total: u32 = KINDS.iter().map(|kind| kind.0).sum();
    let mut events: Vec<_> = (0..COUNT)
        .filter_map(|number| {
            let mut left = rng.u32(..total);
            let kind = KINDS.iter().find(|kind| {
                let hit = left < kind.0;
                left = left.wrapping_sub(if hit { 0 } else { kind.0 });
                hit
            })?;
            let vm = vms[rng.usize(..vms.len())];
            let enterprise = estate.enterprise_of(vm);
            // Mostly the owner; else somebody of the tenant.
            let others: Vec<usize> = (0..estate.users.len())
                .filter(|&user| estate.users[user].enterprise == enterprise)
                .collect();
            let user = match others.as_slice() {
                [] => usize::from(estate.vms[vm].owner),
                _ if rng.bool() => usize::from(estate.vms[vm].owner),
                some => some[rng.usize(..some.len())],
            };
            let message = kind
                .3
                .replace("{vm}", &estate.vms[vm].label)
                .replace("{who}", &estate.users[user].full_name());
            Some(Event {
                id: 0,
                at_ms: now_ms - rng.i64(NEWEST_MS..OLDEST_MS),
                severity: kind.1,
                action: kind.2.to_owned(),
                target: Target::Vm(vm),
                user,
                message,
                context: Uuid::new(estate.seed, 9, number),
                error: None,
            })
        })
        .collect();
    events.sort_by_key(|event| event.at_ms);
    events
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use std::collections::HashSet;

    use super::super::fleet::default_fleet;
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn the_older_events_are_many_of_several_users_and_tell_of_no_protection() {
        let estate = default_fleet(1, None, NOW, 1.0).unwrap().estate;
        let events = older(&estate, NOW);
        assert_eq!(events.len() as u64, COUNT);
        assert!(events.is_sorted_by_key(|event| event.at_ms));
        assert!(events.last().unwrap().at_ms < NOW - 2 * 86_400_000);
        let users: HashSet<_> = events.iter().map(|event| event.user).collect();
        assert!(users.len() >= 4, "{users:?}");
        for severity in [Severity::Info, Severity::Warn] {
            assert!(events.iter().any(|event| event.severity == severity));
        }
        // Who protected a VM is told by the newest event of that name.
        assert!(events.iter().all(|event| !event.action.contains("PROTECT")));
    }
}
