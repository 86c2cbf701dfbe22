//! `vmdeck ack`: acknowledges failed tasks.

use clap::Args;

use super::act::{send, tell};
use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{self, Reference, needed, parse_all, resolve_all};
use super::session::Session;
use crate::fleet::{Command, Inventory};
use crate::model::{CloudName, Task, TaskKey};

/// The id of the action in results.
const ACKNOWLEDGE: &str = "acknowledge";

/// What `ack` takes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct AckArgs {
    /// CLOUD/ID, or an ID that only one cloud has
    #[arg(value_name = "TASK")]
    tasks: Vec<String>,
    /// Every failed task of this VM; may be repeated
    #[arg(long = "vm", value_name = "VM")]
    vms: Vec<String>,
    /// Every failed task of all clouds, or of those of --cloud
    #[arg(long)]
    all: bool,
}

/// Acknowledges tasks.
pub async fn run(context: &Context, args: &AckArgs) -> Result<Exit, Stop> {
    let names = if args.vms.is_empty() {
        &args.tasks
    } else {
        &args.vms
    };
    let references = parse_all(names, context.clouds())?;
    let clouds = if args.all {
        context.selected.clone()
    } else {
        needed(&references, &context.selected)
    };
    let mut session = Session::open(context, &clouds)?;
    let result = acknowledge(context, args, &references, &mut session).await;
    session.stop().await;
    result
}

async fn acknowledge(
    context: &Context,
    args: &AckArgs,
    references: &[Reference],
    session: &mut Session,
) -> Result<Exit, Stop> {
    let mut exit = session.list().await;
    let chosen = if args.tasks.is_empty() {
        let vms = if args.all {
            session.readable_vms()
        } else {
            resolve_all(references, session.inventory())?
        };
        exit = exit.and(session.read_tasks(&vms).await);
        let inventory = session.inventory();
        let mut warnings: Vec<_> = vms.iter().flat_map(|vm| inventory.warnings(vm)).collect();
        warnings.sort_by(|a, b| (a.created_at, &a.key).cmp(&(b.created_at, &b.key)));
        commands(warnings)
    } else {
        let vms = session.readable_vms();
        let unread = session.read_tasks(&vms).await.and(exit);
        commands(resolve_tasks(references, session.inventory(), unread)?)
    };
    let records = send(context, session, chosen, ACKNOWLEDGE).await?;
    let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
    // Which tasks were meant is certain: clouds that could not be read matter only where all were asked for.
    let exit = if args.all { exit } else { Exit::Done };
    tell(context, exit, &records)
}

fn commands<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> Vec<Command> {
    let command = |task: &Task| Command::Acknowledge {
        task: task.key.clone(),
        vm: task.vm.clone(),
    };
    tasks.into_iter().map(command).collect()
}

/// Every reference as a task, each once. `read` is how the reading of the tasks ended.
fn resolve_tasks<'a>(
    references: &[Reference],
    inventory: &'a Inventory,
    read: Exit,
) -> Result<Vec<&'a Task>, Stop> {
    let tasks = naming::all(
        references
            .iter()
            .map(|reference| resolve_task(reference, inventory, read)),
    )?;
    let mut once: Vec<&Task> = Vec::new();
    for task in tasks {
        if once.iter().all(|known| known.key != task.key) {
            once.push(task);
        }
    }
    Ok(once)
}

fn resolve_task<'a>(
    reference: &Reference,
    inventory: &'a Inventory,
    read: Exit,
) -> Result<&'a Task, Stop> {
    let (id, cloud) = match reference {
        Reference::In { cloud, rest } => (rest.as_str(), Some(cloud)),
        Reference::Bare(id) => (id.as_str(), None),
    };
    let in_cloud = |cloud: &CloudName| {
        inventory.task(&TaskKey {
            cloud: cloud.clone(),
            id: id.into(),
        })
    };
    let found: Vec<_> = match cloud {
        Some(cloud) => in_cloud(cloud).into_iter().collect(),
        None => inventory
            .clouds()
            .iter()
            .filter_map(|view| in_cloud(&view.info.name))
            .collect(),
    };
    let id = naming::shown(id);
    match found.as_slice() {
        [_, _, ..] => {
            let keys: Vec<_> = found.iter().map(|task| task.key.to_string()).collect();
            Err(Stop::usage(format!(
                "several clouds have a task {id}: {}; name it CLOUD/ID",
                keys.join(", ")
            )))
        }
        [task] if cloud.is_some() || read == Exit::Done => Ok(task),
        _ if read != Exit::Done => Err(Stop {
            exit: Exit::Partial,
            messages: vec![format!(
                "cannot tell which task {id} is, for not all tasks could be read; name it CLOUD/ID, or try again"
            )],
        }),
        _ if cloud.is_none()
            && let Some(words) = naming::no_such_cloud(&id) =>
        {
            Err(Stop::usage(format!("there is no task {id}, and {words}")))
        }
        _ => Err(Stop::usage(format!(
            "there is no task {id}; `vmdeck tasks` lists those there are"
        ))),
    }
}

#[cfg(test)]
mod tests;
