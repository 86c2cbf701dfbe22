//! What this console knows about a cloud that the cloud cannot keep itself: protections, acknowledged failures, and watched
//! operations that failed. Kept in the state folder, shared by every process of the person.

mod file;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{CloudName, Protection, ProtectionScope, Task};

pub(super) use file::StateFileError;
use file::{StateFile, Version};
pub(super) use tasks::is_recent;
use tasks::{Acknowledged, Failed};

/// More VMs are not protected by hand.
const PROTECTIONS_MAX: usize = 50_000;

/// Which cloud an entry belongs to: its API and address. The name in the configuration may change, and another cloud may take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its name when the entry was written, for whoever reads the file.
    pub cloud: CloudName,
    /// `scloudm`.
    pub provider: String,
    /// Without a slash at its end.
    pub url: String,
}

impl Place {
    pub(super) fn new(cloud: &CloudName, provider: &str, url: &str) -> Self {
        Self {
            cloud: cloud.clone(),
            provider: provider.to_owned(),
            url: url.trim_end_matches('/').to_owned(),
        }
    }

    fn is(&self, other: &Self) -> bool {
        (&self.provider, &self.url) == (&other.provider, &other.url)
    }
}

/// A protection that this console keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Protected {
    #[serde(flatten)]
    place: Place,
    /// The cloud's id of the VM.
    vm: Arc<str>,
    /// Its name then, for whoever reads the file.
    name: Arc<str>,
    reason: Arc<str>,
    by: Option<Arc<str>>,
    since: Timestamp,
}

/// Protections by the cloud's id of the VM.
pub(super) type Protections = HashMap<Arc<str>, Protection>;

/// What a change of the protections came to.
#[derive(Debug)]
pub(super) enum Change {
    /// It is so now.
    Made(Protections),
    /// It is protected already, so.
    Refused(Protection),
}

/// What is new in the state folder: each `None` where nothing is, and an error of its own where it cannot be read.
#[derive(Debug)]
pub(super) struct News {
    /// All protections of the cloud.
    pub protections: Result<Option<Protections>, StateFileError>,
    /// The ids of all acknowledged tasks of the cloud.
    pub acknowledged: Result<Option<HashSet<Arc<str>>>, StateFileError>,
    /// All watched operations that failed and are not acknowledged.
    pub failed: Result<Option<Vec<Task>>, StateFileError>,
}

/// The state folder as one cloud sees it. Its calls wait for the disk.
#[derive(Debug)]
pub(super) struct Local {
    place: Place,
    protections: StateFile<Protected>,
    acknowledged: StateFile<Acknowledged>,
    failed: StateFile<Failed>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    protections: Option<Version>,
    acknowledged: Option<Version>,
    failed: Option<Version>,
}

impl Local {
    pub(super) fn new(dir: &Path, place: Place) -> Self {
        Self {
            place,
            protections: StateFile::new(dir, "protections.json"),
            acknowledged: StateFile::new(dir, "acknowledged.json"),
            failed: StateFile::new(dir, "failed-tasks.json"),
            seen: Mutex::default(),
        }
    }

    /// What changed since it was last asked, or changed here.
    pub(super) fn news(&self) -> News {
        let mut seen = self.seen();
        let protections = if_changed(&self.protections, &mut seen.protections);
        let acknowledged = if_changed(&self.acknowledged, &mut seen.acknowledged);
        let failed = if_changed(&self.failed, &mut seen.failed);
        News {
            protections: protections.map(|all| all.map(|all| self.protections_of(all))),
            acknowledged: acknowledged.map(|all| all.map(|all| self.acknowledged_of(all))),
            failed: failed.map(|all| all.map(|all| self.failed_of(all))),
        }
    }

    /// Protects a VM, unless it is: the reason that stands is kept.
    pub(super) fn protect(
        &self,
        vm: &Arc<str>,
        name: &Arc<str>,
        reason: &str,
        by: Option<Arc<str>>,
        since: Timestamp,
    ) -> Result<Change, StateFileError> {
        let mut seen = self.seen();
        let (made, entries, version) = self.protections.change(|entries| {
            let standing = entries.iter().find(|entry| self.names(entry, vm));
            if let Some(standing) = standing {
                return Ok(Some(standing.protection()));
            }
            if entries.len() >= PROTECTIONS_MAX {
                return Err(self.protections.full(PROTECTIONS_MAX));
            }
            entries.push(Protected {
                place: self.place.clone(),
                vm: vm.clone(),
                name: name.clone(),
                reason: reason.into(),
                by,
                since,
            });
            Ok(None)
        })?;
        if let Some(standing) = made? {
            return Ok(Change::Refused(standing));
        }
        seen.protections = Some(version);
        Ok(Change::Made(self.protections_of(entries)))
    }

    /// Releases a VM; one that is not protected is released already.
    pub(super) fn unprotect(&self, vm: &str) -> Result<Protections, StateFileError> {
        let mut seen = self.seen();
        let ((), entries, version) = self.protections.change(|entries| {
            entries.retain(|entry| !self.names(entry, vm));
        })?;
        seen.protections = Some(version);
        Ok(self.protections_of(entries))
    }

    fn names(&self, entry: &Protected, vm: &str) -> bool {
        *entry.vm == *vm && entry.place.is(&self.place)
    }

    fn protections_of(&self, entries: Vec<Protected>) -> Protections {
        entries
            .into_iter()
            .filter(|entry| entry.place.is(&self.place))
            .map(|entry| (entry.vm.clone(), entry.protection()))
            .collect()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Protected {
    fn protection(&self) -> Protection {
        Protection {
            reason: Some(self.reason.clone()),
            by: self.by.clone(),
            since: Some(self.since),
            scope: ProtectionScope::Console,
        }
    }
}

/// Everything in a file, if it is another writing than the one that was seen.
fn if_changed<E>(
    file: &StateFile<E>,
    seen: &mut Option<Version>,
) -> Result<Option<Vec<E>>, StateFileError>
where
    E: Serialize + serde::de::DeserializeOwned + Clone + PartialEq,
{
    if *seen == Some(file.version()) {
        return Ok(None);
    }
    let (entries, version) = file.read()?;
    *seen = Some(version);
    Ok(Some(entries))
}
