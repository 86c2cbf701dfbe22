//! Failed tasks: those acknowledged here, because their cloud has no acknowledgement, and watched operations, which no cloud keeps.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::file::StateFileError;
use super::{Local, Place};
use crate::model::Task;

/// A failure that is older is no warning any more, so its acknowledgement need not be kept longer.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The acknowledgements kept, the newest.
const ACKNOWLEDGED_MAX: usize = 10_000;
/// The failed watched operations kept, the newest.
const FAILED_MAX: usize = 1_000;

/// A task that was acknowledged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Acknowledged {
    #[serde(flatten)]
    place: Place,
    /// The id of the task.
    task: Arc<str>,
    /// When it was acknowledged.
    at: Timestamp,
    /// Whether the task tells when it was: one that does not is never too old to be a warning, so its acknowledgement stays.
    dated: bool,
}

/// A watched operation that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failed {
    #[serde(flatten)]
    place: Place,
    #[serde(rename = "failed")]
    task: Task,
}

/// Whether a failed task is young enough to be a warning. One that does not tell its time is.
pub(in crate::fleet) fn is_recent(task: &Task, now: Timestamp) -> bool {
    time_of(task).is_none_or(|at| now.duration_since(at) < KEPT)
}

fn time_of(task: &Task) -> Option<Timestamp> {
    task.updated_at.max(task.created_at)
}

impl Local {
    /// Keeps that a task was acknowledged. Answers all that are.
    pub(in crate::fleet) fn acknowledge(
        &self,
        task: &Task,
        now: Timestamp,
    ) -> Result<HashSet<Arc<str>>, StateFileError> {
        let mut seen = self.seen();
        let ((), entries, version) = self.acknowledged.change(|entries| {
            entries.retain(|entry| !entry.dated || now.duration_since(entry.at) < KEPT);
            if !entries.iter().any(|entry| self.is_of(entry, &task.key.id)) {
                entries.push(Acknowledged {
                    place: self.place.clone(),
                    task: task.key.id.clone(),
                    at: now,
                    dated: time_of(task).is_some(),
                });
            }
            let surplus = entries.len().saturating_sub(ACKNOWLEDGED_MAX);
            entries.drain(..surplus);
        })?;
        seen.acknowledged = Some(version);
        if task.watched_here {
            // After the other: between the two it is kept twice, and an acknowledged one is not shown.
            self.failed.change(|entries| {
                entries.retain(|entry| {
                    entry.task.key.id != task.key.id || !entry.place.is(&self.place)
                });
            })?;
        }
        Ok(self.acknowledged_of(entries))
    }

    /// Keeps a watched operation that failed, so that later runs and other processes warn of it.
    pub(in crate::fleet) fn keep_failed(
        &self,
        task: &Task,
        now: Timestamp,
    ) -> Result<(), StateFileError> {
        self.failed.change(|entries| {
            entries.retain(|entry| is_recent(&entry.task, now) && entry.task.key.id != task.key.id);
            entries.push(Failed {
                place: self.place.clone(),
                task: task.clone(),
            });
            let surplus = entries.len().saturating_sub(FAILED_MAX);
            entries.drain(..surplus);
        })?;
        Ok(())
    }

    fn is_of(&self, entry: &Acknowledged, task: &str) -> bool {
        *entry.task == *task && entry.place.is(&self.place)
    }

    pub(super) fn acknowledged_of(&self, entries: Vec<Acknowledged>) -> HashSet<Arc<str>> {
        entries
            .into_iter()
            .filter(|entry| entry.place.is(&self.place))
            .map(|entry| entry.task)
            .collect()
    }

    /// The failed ones of this cloud, under the name that it has now.
    pub(super) fn failed_of(&self, entries: Vec<Failed>) -> Vec<Task> {
        let now = Timestamp::now();
        entries
            .into_iter()
            .filter(|entry| entry.place.is(&self.place) && is_recent(&entry.task, now))
            .map(|entry| {
                let mut task = entry.task;
                task.key.cloud = self.place.cloud.clone();
                if let Some(vm) = &mut task.vm {
                    vm.cloud = self.place.cloud.clone();
                }
                task
            })
            .collect()
    }
}
