//! `vmdeck tasks`: what runs, what ended lately, what failed.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::exit::{Exit, Stop};
use super::output::{self, task::TaskRecord};
use super::print;
use super::session::Session;
use crate::fleet::Inventory;
use crate::model::Task;

/// For how long a finished task is listed.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// What `tasks` takes.
#[derive(Debug, Args)]
pub struct TasksArgs {
    /// Only failed ones that nobody has acknowledged, however old
    #[arg(long)]
    failed: bool,
    /// Those of this tenant, by id or name, for who may look at it
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

/// Lists tasks.
pub async fn run(context: &Context, args: &TasksArgs) -> Result<Exit, Stop> {
    let tenant = args.tenant.as_deref();
    let mut session = Session::open_at(context, &context.selected, tenant).await?;
    let exit = session.list().await;
    let vms = session.readable_vms();
    let exit = exit.and(session.read_tasks(&vms).await);
    let result = print(exit, |out| {
        let records = rows(session.inventory(), args.failed, Timestamp::now());
        output::print(&records, context.format(), out)
    });
    session.stop().await;
    result
}

/// The tasks that are wanted, newest first.
fn rows(inventory: &Inventory, failed: bool, now: Timestamp) -> Vec<TaskRecord<'_>> {
    let wanted = |task: &&Task| {
        if failed {
            return task.is_warning();
        }
        // A task that does not say when it ended is rather listed than lost.
        let ended = task.updated_at.or(task.created_at);
        task.is_running() || ended.is_none_or(|at| now.duration_since(at) <= LATELY)
    };
    let mut tasks: Vec<_> = inventory.tasks().filter(wanted).collect();
    tasks.sort_unstable_by(|a, b| {
        let newest = (b.created_at, &a.key);
        newest.cmp(&(a.created_at, &b.key))
    });
    tasks
        .into_iter()
        .map(|task| TaskRecord::of(task, inventory))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Record;
    use crate::cli::testing::{at, info, inventory, name, task, vm};
    use crate::fleet::Update;
    use crate::model::{TaskState, VmKey};

    fn listed(failed: bool) -> Vec<String> {
        let mut inventory = inventory(vec![info("prod")], vec![vm("prod", "1", "web-01")]);
        let key = VmKey::new(&name("prod"), "1");
        let made = |id: &str, state, updated: Option<&str>| Task {
            created_at: updated.map(at),
            updated_at: updated.map(at),
            ..task(&key, id, "SHUTDOWN", state, &[])
        };
        let (old, new) = (Some("2026-02-20T00:00:00Z"), Some("2026-03-02T11:00:00Z"));
        inventory.apply(Update::Tasks {
            tasks: vec![
                made("old-done", TaskState::FinishedSuccessfully, old),
                made("old-failed", TaskState::FinishedUnsuccessfully, old),
                made("old-running", TaskState::Queueing, old),
                made("new-done", TaskState::FinishedSuccessfully, new),
                made("new-acknowledged", TaskState::AckError, new),
                made("timeless", TaskState::FinishedSuccessfully, None),
            ],
        });
        let rows = rows(&inventory, failed, at("2026-03-02T12:00:00Z"));
        rows.iter().map(Record::name).collect()
    }

    #[test]
    fn unfinished_tasks_and_those_of_the_last_day_newest_first() {
        assert_eq!(
            listed(false),
            [
                "prod/new-acknowledged",
                "prod/new-done",
                "prod/old-running",
                "prod/timeless"
            ]
        );
    }

    #[test]
    fn failed_ones_are_listed_however_old_until_they_are_acknowledged() {
        assert_eq!(listed(true), ["prod/old-failed"]);
    }
}
