//! Tasks and their jobs.

use std::sync::Arc;

use super::{Mapper, last_segment, own, seconds, vm_id};
use crate::clouds::abiquo::wire;
use crate::model::text::{clean, clean_name};
use crate::model::{Job, JobState, Task, TaskKey, TaskKind, TaskState, VmKey};

/// More jobs than any operation has.
const MAX_JOBS: usize = 256;

impl Mapper<'_> {
    /// A task; `None` for an entry without an id. `locator` is where it was read, for a task that does not say where it is.
    pub fn task(&mut self, wire: &wire::Task<'_>, locator: Option<&str>) -> Option<Task> {
        let links = &wire.links;
        let id = own(wire
            .task_id
            .get()
            .or_else(|| links.href("self").map(last_segment)))?;
        let here = self
            .route(links, "self")
            .map(|route| Arc::from(route.path()));
        let jobs = wire
            .jobs
            .0
            .as_ref()
            .map_or(&[][..], |jobs| &jobs.collection.items);
        Some(Task {
            key: TaskKey {
                cloud: self.cloud.clone(),
                id,
            },
            vm: self.owner(wire),
            kind: TaskKind::new(&clean_name(wire.kind.get().unwrap_or("UNKNOWN"))),
            state: task_state(wire),
            created_at: seconds(wire.creation_timestamp),
            updated_at: seconds(wire.timestamp),
            user: self.name(links.title("user")),
            jobs: jobs
                .iter()
                .take(MAX_JOBS)
                .enumerate()
                .map(|(at, job)| map_job(at, job))
                .collect(),
            acknowledgeable: links.href("acknowledge").is_some(),
            watched_here: false,
            subject: None,
            locator: here.or_else(|| locator.map(Arc::from)).unwrap_or_default(),
        })
    }

    /// The VM of a task: of its own address, of the link to it, else its owner's id.
    fn owner(&self, wire: &wire::Task<'_>) -> Option<VmKey> {
        let by_link = ["self", "virtualmachine", "target", "parent"]
            .into_iter()
            .find_map(|rel| vm_id(wire.links.href(rel)?));
        let id = own(by_link.or_else(|| wire.owner_id.get()))?;
        Some(VmKey {
            cloud: self.cloud.clone(),
            id,
        })
    }
}

/// A task whose state is missing (seen in print) is told by its links: `result` is there when it succeeded, `acknowledge` when
/// it failed, `continue` while it is held.
fn task_state(wire: &wire::Task<'_>) -> TaskState {
    match wire.state.get() {
        Some(word) => TaskState::from_word(&clean_name(word.trim())),
        None if wire.links.href("acknowledge").is_some() => TaskState::FinishedUnsuccessfully,
        None if wire.links.href("result").is_some() => TaskState::FinishedSuccessfully,
        None if wire.links.href("continue").is_some() => TaskState::Queueing,
        None => TaskState::from_word("UNKNOWN"),
    }
}

fn map_job(at: usize, wire: &wire::Job<'_>) -> Job {
    let state =
        |word: Option<&str>| JobState::from_word(&clean_name(word.unwrap_or("UNKNOWN").trim()));
    Job {
        id: own(wire.id.get()).unwrap_or_else(|| Arc::from(at.to_string())),
        kind: TaskKind::new(&clean_name(wire.kind.get().unwrap_or("UNKNOWN"))),
        state: state(wire.state.get()),
        rollback_state: state(wire.rollback_state.get()),
        description: wire.description.get().map(|text| Arc::from(&*clean(text))),
    }
}
