//! A task as it is printed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, From, Record, flag, text, value};
use crate::fleet::Inventory;
use crate::model::{Job, Task};

/// A task, with every key of `tasks`. Kinds and states in Abiquo's spelling on every cloud.
#[derive(Serialize)]
pub struct TaskRecord<'a> {
    cloud: &'a str,
    id: &'a str,
    /// `cloud/id`.
    vm: Option<String>,
    vm_name: Option<&'a str>,
    /// The name of the appliance that it works on, where that is no single VM.
    subject: Option<&'a str>,
    kind: &'a str,
    state: &'a str,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    acknowledgeable: bool,
    user: Option<&'a str>,
    jobs: Vec<JobRecord<'a>>,
    #[serde(skip)]
    task: &'a Task,
}

#[derive(Serialize)]
struct JobRecord<'a> {
    kind: &'a str,
    state: &'a str,
    rollback_state: &'a str,
    description: Option<&'a str>,
}

impl<'a> JobRecord<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            kind: job.kind.as_str(),
            state: job.state.as_str(),
            rollback_state: job.rollback_state.as_str(),
            description: job.description.as_deref(),
        }
    }
}

impl<'a> TaskRecord<'a> {
    /// The record of a task.
    #[must_use]
    pub fn of(task: &'a Task, inventory: &'a Inventory) -> Self {
        let vm = task.vm.as_ref();
        Self {
            cloud: task.key.cloud.as_str(),
            id: &task.key.id,
            vm: vm.map(ToString::to_string),
            vm_name: vm.and_then(|key| inventory.find(key)).map(|vm| &*vm.name),
            subject: task.subject.as_deref(),
            kind: task.kind.as_str(),
            state: task.state.as_str(),
            created_at: task.created_at,
            updated_at: task.updated_at,
            acknowledgeable: task.acknowledgeable,
            user: task.user.as_deref(),
            jobs: task.jobs.iter().map(JobRecord::of).collect(),
            task,
        }
    }
}

impl Record for TaskRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Csv, Table, Wide};
        vec![
            Column::text("cloud", Table, |task| text(Some(task.cloud))),
            Column::text("id", Table, |task| text(Some(task.id))),
            Column::text("vm", Wide, |task| text(task.vm.as_deref())),
            Column::text("vm_name", Table, |task| text(task.vm_name)),
            Column::text("subject", Wide, |task| text(task.subject)),
            Column::text("kind", Table, |task| text(Some(task.kind))),
            Column::text("state", Table, |task| text(Some(task.state))),
            Column::text("created_at", Wide, |task| task.created_at.and_then(value)),
            Column::text("updated_at", Table, |task| task.updated_at.and_then(value)),
            Column::text("acknowledgeable", Csv, |task| flag(Some(task.acknowledgeable))),
            Column::text("user", Table, |task| text(task.user)),
            Column::number("jobs_done", Csv, |task| value(task.task.jobs_done().0)),
            Column::number("jobs_total", Csv, |task| value(task.task.jobs.len())),
            Column::text("failed_job", Wide, |task| text(task.task.failed_job().map(|job| job.kind.as_str()))),
            Column::text("description", Wide, |task| {
                let job = task.task.failed_job().or_else(|| task.task.current_job())?;
                text(job.description.as_deref())
            }),
        ]
    }

    fn name(&self) -> String {
        self.task.key.to_string()
    }
}
