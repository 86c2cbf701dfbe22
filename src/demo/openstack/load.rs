//! Reads the built-in cloud, `assets/demo/openstack.toml`, with its times counted back from now.

mod around;
mod servers;

use self::servers::Loading;
use super::estate::{Estate, Group, People};
use super::fleet_file::File;
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
    let people = around::people(&file, seed)?;
    let flavors = around::flavors(&file, seed);
    let main = file.regions.first().map(|region| region.name.clone());
    let main = main.ok_or("there is no region")?;
    let mut regions = Vec::new();
    for (at, entry) in file.regions.iter().enumerate() {
        regions.push(around::region(entry, at, &people, seed, now_ms)?);
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
