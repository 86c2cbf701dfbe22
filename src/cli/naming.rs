//! What a person calls a VM or an appliance, and which one that is.
//!
//! `cloud/X` is tried as an id, then as a name. A bare name is for when exactly one VM has it, which can only be
//! known once every selected cloud has answered. Names are compared as they are written, letter by letter.

mod groups;

use std::sync::Arc;

use crate::fleet::{CloudStatus, Inventory};
use crate::model::{CloudName, VappKey, VmKey};

use super::exit::{Exit, Stop};
pub use groups::resolve_group;

/// The candidates listed for one ambiguous name; more are counted.
const CANDIDATES_MAX: usize = 10;
/// How alike two names must be for one to be suggested for the other (Jaro-Winkler, 1 is equal).
const ALIKE: f64 = 0.85;

/// The clouds of the configuration and those that are asked.
#[derive(Debug, Clone, Copy)]
pub struct Clouds<'a> {
    /// All of the configuration.
    pub configured: &'a [CloudName],
    /// Those of `--cloud`, or all.
    pub selected: &'a [CloudName],
}

/// The clouds that `--cloud` names, in the order of the configuration; all of them when it names none.
///
/// # Errors
/// When a name is not configured: the known ones are listed.
pub fn select(configured: &[CloudName], wanted: &[String]) -> Result<Vec<CloudName>, Stop> {
    let unknown: Vec<String> = wanted
        .iter()
        .filter(|name| {
            configured
                .iter()
                .all(|cloud| cloud.as_str() != name.as_str())
        })
        .map(|name| {
            format!(
                "no cloud is called {}; the configuration has {}",
                shown(name),
                list(configured)
            )
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Stop {
            exit: Exit::Usage,
            messages: unknown,
        });
    }
    let chosen =
        |cloud: &&CloudName| wanted.is_empty() || wanted.iter().any(|name| name == cloud.as_str());
    Ok(configured.iter().filter(chosen).cloned().collect())
}

/// One argument that names something, split where its cloud ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `cloud/X`.
    In {
        /// The cloud.
        cloud: CloudName,
        /// An id or a name in it.
        rest: String,
    },
    /// A bare name.
    Bare(String),
}

impl Reference {
    /// The reference of an argument. What stands before the first `/` is a cloud when one is called so; a name may hold `/` itself.
    ///
    /// # Errors
    /// When it is empty, or names a cloud that `--cloud` leaves out.
    pub fn parse(text: &str, clouds: Clouds<'_>) -> Result<Self, Stop> {
        let text = text.trim();
        if let Some((cloud, rest)) = text.split_once('/')
            && let Some(cloud) = clouds
                .configured
                .iter()
                .find(|known| known.as_str() == cloud)
        {
            if rest.is_empty() {
                return Err(Stop::usage(format!(
                    "{text} names a cloud and nothing in it; write {cloud}/NAME or {cloud}/ID"
                )));
            }
            if !clouds.selected.contains(cloud) {
                return Err(Stop::usage(format!(
                    "{} is on {cloud}, which --cloud leaves out",
                    shown(text)
                )));
            }
            return Ok(Self::In {
                cloud: cloud.clone(),
                rest: rest.to_owned(),
            });
        }
        if text.is_empty() {
            return Err(Stop::usage(
                "a name is empty; write CLOUD/NAME, CLOUD/ID or NAME",
            ));
        }
        Ok(Self::Bare(text.to_owned()))
    }
}

/// Every argument as a reference.
///
/// # Errors
/// All that are wrong, together.
pub fn parse_all(texts: &[String], clouds: Clouds<'_>) -> Result<Vec<Reference>, Stop> {
    all(texts.iter().map(|text| Reference::parse(text, clouds)))
}

/// The clouds that must be read to tell what the references mean: only those they name, unless one is a bare name.
#[must_use]
pub fn needed(references: &[Reference], selected: &[CloudName]) -> Vec<CloudName> {
    let named = |wanted: &CloudName| {
        references.iter().any(|reference| match reference {
            Reference::In { cloud, .. } => cloud == wanted,
            Reference::Bare(_) => true,
        })
    };
    selected
        .iter()
        .filter(|cloud| named(cloud))
        .cloned()
        .collect()
}

/// What can be named: where all of them are, and what a person calls one.
struct Kind {
    noun: &'static str,
    /// The command that lists them.
    lister: &'static str,
    all: for<'i> fn(&'i Inventory) -> Box<dyn Iterator<Item = Named<'i>> + 'i>,
}

/// One thing that can be named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named<'i> {
    cloud: &'i CloudName,
    id: &'i Arc<str>,
    name: &'i str,
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.cloud, self.id)
    }
}

const VM: Kind = Kind {
    noun: "VM",
    lister: "vmdeck vms",
    all: |inventory| {
        let slots = inventory.slots();
        let vms = slots.filter_map(|slot| inventory.vm(slot));
        Box::new(vms.map(|vm| Named {
            cloud: &vm.key.cloud,
            id: &vm.key.id,
            name: &vm.name,
        }))
    },
};

/// Appliances of the clouds, not groups that this console makes.
const VAPP: Kind = Kind {
    noun: "appliance",
    lister: "vmdeck vapps",
    all: |inventory| {
        let clouds = inventory.clouds().iter();
        let vapps = clouds.flat_map(|view| inventory.vapps(&view.info.name));
        let listed = vapps.filter_map(|vapp| vapp.listed());
        Box::new(listed.map(|vapp| Named {
            cloud: &vapp.cloud,
            id: &vapp.id,
            name: &vapp.name,
        }))
    },
};

/// The VM that a reference means.
///
/// # Errors
/// Usage when there is none or more than one; unread clouds when only their answer could tell.
pub fn resolve(reference: &Reference, inventory: &Inventory) -> Result<VmKey, Stop> {
    let vm = one(reference, &VM, inventory)?;
    Ok(VmKey::new(vm.cloud, vm.id))
}

/// The appliance that a reference means.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_vapp(reference: &Reference, inventory: &Inventory) -> Result<VappKey, Stop> {
    let vapp = one(reference, &VAPP, inventory)?;
    Ok(VappKey {
        cloud: vapp.cloud.clone(),
        id: vapp.id.clone(),
    })
}

fn one<'i>(
    reference: &Reference,
    kind: &Kind,
    inventory: &'i Inventory,
) -> Result<Named<'i>, Stop> {
    match reference {
        Reference::In { cloud, rest } => in_cloud(cloud, rest, kind, inventory),
        Reference::Bare(name) => bare(name, kind, inventory),
    }
}

/// Every reference as a VM, each VM once, in the order in which they were first named.
///
/// # Errors
/// All that are wrong, together: nothing may be done when one of them is.
pub fn resolve_all(references: &[Reference], inventory: &Inventory) -> Result<Vec<VmKey>, Stop> {
    let keys = all(references
        .iter()
        .map(|reference| resolve(reference, inventory)))?;
    let mut once = Vec::with_capacity(keys.len());
    for key in keys {
        if !once.contains(&key) {
            once.push(key);
        }
    }
    Ok(once)
}

fn in_cloud<'i>(
    cloud: &CloudName,
    rest: &str,
    kind: &Kind,
    inventory: &'i Inventory,
) -> Result<Named<'i>, Stop> {
    // An id is of one, whatever else there is.
    let by_id = (kind.all)(inventory).find(|it| it.cloud == cloud && **it.id == *rest);
    if let Some(found) = by_id {
        return Ok(found);
    }
    if !answered(inventory, cloud) {
        let some = inventory.cloud(cloud).is_some_and(|view| view.vms > 0);
        let advice = if some {
            "name it by its id, or try again"
        } else {
            "try again"
        };
        let name = format!("{cloud}/{}", shown(rest));
        return Err(unread(&name, kind, &[cloud], advice));
    }
    let mut named = all_called(inventory, kind, rest);
    named.retain(|it| it.cloud == cloud);
    match named.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let place = format!("on {cloud}");
            Err(unknown(rest, &place, kind, inventory, Some(cloud)))
        }
        several => Err(ambiguous(rest, kind, several)),
    }
}

fn bare<'i>(name: &str, kind: &Kind, inventory: &'i Inventory) -> Result<Named<'i>, Stop> {
    let silent: Vec<&CloudName> = silent(inventory);
    let named = all_called(inventory, kind, name);
    match named.as_slice() {
        [_, _, ..] => Err(ambiguous(name, kind, &named)),
        _ if !silent.is_empty() => {
            let advice = "name it CLOUD/NAME, or leave clouds out with --cloud";
            let advice = match no_such_cloud(name) {
                Some(words) => format!("{words}; {advice}"),
                None => advice.to_owned(),
            };
            Err(unread(&shown(name), kind, &silent, &advice))
        }
        [one] => Ok(one.clone()),
        [] => {
            let clouds: Vec<_> = inventory
                .clouds()
                .iter()
                .map(|view| view.info.name.clone())
                .collect();
            let mut place = format!("on {}", list(&clouds));
            if let Some(words) = no_such_cloud(name) {
                place.push_str(", and ");
                place.push_str(&words);
            }
            Err(unknown(name, &place, kind, inventory, None))
        }
    }
}

/// What to say of a bare name that looks like `cloud/X`: were there such a cloud, it would not be a bare name.
pub(super) fn no_such_cloud(name: &str) -> Option<String> {
    let (cloud, _) = name.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_name = !cloud.is_empty() && cloud.chars().all(plain);
    is_name.then(|| format!("no cloud is called {}", shown(cloud)))
}

/// The VMs of answering clouds with this name, in the order of the clouds and ids.
#[must_use]
pub fn called(inventory: &Inventory, name: &str) -> Vec<VmKey> {
    let named = all_called(inventory, &VM, name).into_iter();
    named.map(|vm| VmKey::new(vm.cloud, vm.id)).collect()
}

fn all_called<'i>(inventory: &'i Inventory, kind: &Kind, name: &str) -> Vec<Named<'i>> {
    let mut named: Vec<_> = (kind.all)(inventory)
        .filter(|it| *it.name == *name && answered(inventory, it.cloud))
        .collect();
    named.sort();
    named
}

/// Whether a cloud has told all its VMs in this run.
#[must_use]
pub fn answered(inventory: &Inventory, cloud: &CloudName) -> bool {
    inventory
        .cloud(cloud)
        .is_some_and(|view| view.listed && !matches!(view.status, CloudStatus::Failing { .. }))
}

/// The clouds that have not.
fn silent(inventory: &Inventory) -> Vec<&CloudName> {
    inventory
        .clouds()
        .iter()
        .map(|view| &view.info.name)
        .filter(|cloud| !answered(inventory, cloud))
        .collect()
}

fn unknown(
    name: &str,
    place: &str,
    kind: &Kind,
    inventory: &Inventory,
    cloud: Option<&CloudName>,
) -> Stop {
    let all = || {
        let all = (kind.all)(inventory);
        all.filter(|it| cloud.is_none_or(|cloud| it.cloud == cloud))
    };
    let mut hints: Vec<_> = all()
        .filter(|it| cloud.is_none() && **it.id == *name)
        .map(|it| (1.0, it.to_string()))
        .chain(all().filter_map(|it| {
            let wanted = name.to_lowercase();
            let alike = strsim::jaro_winkler(&wanted, &it.name.to_lowercase());
            (alike >= ALIKE).then(|| (alike, format!("{}/{}", it.cloud, it.name)))
        }))
        .collect();
    hints.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let hint = match hints.first() {
        Some((_, hint)) => format!("; is it {hint}?"),
        None => format!("; `{}` lists those there are", kind.lister),
    };
    let noun = kind.noun;
    Stop::usage(format!("no {noun} is called {} {place}{hint}", shown(name)))
}

fn ambiguous(name: &str, kind: &Kind, those: &[Named<'_>]) -> Stop {
    let listed: Vec<_> = those
        .iter()
        .take(CANDIDATES_MAX)
        .map(Named::to_string)
        .collect();
    let more = match those.len().saturating_sub(CANDIDATES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Stop::usage(format!(
        "{} {}s are called {}: {}{more}; name one by its id",
        those.len(),
        kind.noun,
        shown(name),
        listed.join(", ")
    ))
}

/// Only a cloud that does not answer could tell which one is meant.
fn unread(name: &str, kind: &Kind, clouds: &[&CloudName], advice: &str) -> Stop {
    let clouds: Vec<_> = clouds.iter().map(|cloud| cloud.as_str()).collect();
    Stop {
        exit: Exit::Partial,
        messages: vec![format!(
            "cannot tell which {} {name} is, for {} could not be read; {advice}",
            kind.noun,
            clouds.join(", ")
        )],
    }
}

/// What was typed, made safe to print.
pub(super) fn shown(text: &str) -> String {
    crate::model::text::clean_name(text).into_owned()
}

pub(super) fn list(clouds: &[CloudName]) -> String {
    let names: Vec<_> = clouds.iter().map(CloudName::as_str).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

/// Every result, or every error together with the exit status that counts.
pub(super) fn all<T>(results: impl Iterator<Item = Result<T, Stop>>) -> Result<Vec<T>, Stop> {
    let mut found = Vec::new();
    let mut stop: Option<Stop> = None;
    for result in results {
        match (result, &mut stop) {
            (Ok(one), _) => found.push(one),
            (Err(error), None) => stop = Some(error),
            (Err(error), Some(stop)) => {
                stop.exit = stop.exit.and(error.exit);
                stop.messages.extend(error.messages);
            }
        }
    }
    stop.map_or(Ok(found), Err)
}

#[cfg(test)]
mod tests;
