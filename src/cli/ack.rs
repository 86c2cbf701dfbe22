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
pub struct AckArgs {
    #[command(flatten)]
    which: Which,
    /// Of this tenant, by id or name, for who may look at it
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

/// Which tasks.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
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
    let which = &args.which;
    let names = if which.vms.is_empty() {
        &which.tasks
    } else {
        &which.vms
    };
    let references = parse_all(names, context.clouds())?;
    let clouds = if which.all {
        context.selected.clone()
    } else {
        needed(&references, &context.selected)
    };
    let tenant = args.tenant.as_deref();
    let mut session = Session::open_at(context, &clouds, tenant).await?;
    let result = acknowledge(context, which, &references, &mut session).await;
    session.stop().await;
    result
}

async fn acknowledge(
    context: &Context,
    args: &Which,
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
        if args.all {
            // Those of whole appliances are of no VM.
            warnings.extend(inventory.failed_tasks().filter(|task| task.vm.is_none()));
        }
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
    let clouds: Vec<_> = inventory
        .clouds()
        .iter()
        .map(|view| &view.info.name)
        .collect();
    let find = |key: &TaskKey| inventory.task(key);
    find_tasks(references, &clouds, &find, read, "vmdeck tasks")
}

/// Every reference as one of the tasks that are found, each once. `lister` is the command that lists those.
pub fn find_tasks<'a>(
    references: &[Reference],
    clouds: &[&CloudName],
    find: &dyn Fn(&TaskKey) -> Option<&'a Task>,
    read: Exit,
    lister: &str,
) -> Result<Vec<&'a Task>, Stop> {
    let tasks = naming::all(
        references
            .iter()
            .map(|reference| find_task(reference, clouds, find, read, lister)),
    )?;
    let mut once: Vec<&Task> = Vec::new();
    for task in tasks {
        if once.iter().all(|known| known.key != task.key) {
            once.push(task);
        }
    }
    Ok(once)
}

fn find_task<'a>(
    reference: &Reference,
    clouds: &[&CloudName],
    find: &dyn Fn(&TaskKey) -> Option<&'a Task>,
    read: Exit,
    lister: &str,
) -> Result<&'a Task, Stop> {
    let (id, cloud) = match reference {
        Reference::In { cloud, rest } => (rest.as_str(), Some(cloud)),
        Reference::Bare(id) => (id.as_str(), None),
    };
    let in_cloud = |cloud: &CloudName| {
        find(&TaskKey {
            cloud: cloud.clone(),
            id: id.into(),
        })
    };
    let found: Vec<_> = match cloud {
        Some(cloud) => in_cloud(cloud).into_iter().collect(),
        None => clouds.iter().filter_map(|cloud| in_cloud(cloud)).collect(),
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
            "there is no task {id}; `{lister}` lists those there are"
        ))),
    }
}

#[cfg(test)]
mod tests;
