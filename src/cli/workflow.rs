//! `vmdeck workflow`: the tasks that wait for a review.

use clap::{Args, ValueEnum};

use super::ack::find_tasks;
use super::act::{send, tell};
use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, parse_all};
use super::output::{self, task::TaskRecord};
use super::print;
use super::session::Session;
use crate::fleet::Command;
use crate::model::text;

/// What `workflow` takes.
#[derive(Debug, Args)]
pub struct WorkflowArgs {
    /// What to do with them
    #[arg(value_enum, default_value_t)]
    what: What,
    /// CLOUD/ID, or an ID that only one cloud has
    #[arg(value_name = "TASK")]
    tasks: Vec<String>,
    /// What the decision's event says beside
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Those of this tenant, by id or name, for who may look at it
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum What {
    /// List them
    #[default]
    List,
    /// Let them go on
    Approve,
    /// Do not let them
    Reject,
}

impl WorkflowArgs {
    /// Whether the tasks are approved, and the note; `None` where they are listed.
    fn decision(&self) -> Result<Option<(bool, Option<String>)>, Stop> {
        let approve = match self.what {
            What::List if !self.tasks.is_empty() => {
                return Err(Stop::usage("list takes no tasks; it lists all that wait"));
            }
            What::List if self.note.is_some() => {
                return Err(Stop::usage("--note goes with approve and reject"));
            }
            What::List => return Ok(None),
            What::Approve | What::Reject if self.tasks.is_empty() => {
                return Err(Stop::usage(
                    "no task is named; `vmdeck workflow` lists those that wait",
                ));
            }
            What::Approve => true,
            What::Reject => false,
        };
        let note = self.note.as_deref().map(text::clean);
        let note = note.map(|note| note.trim().to_owned());
        Ok(Some((approve, note.filter(|note| !note.is_empty()))))
    }
}

/// Lists the tasks that wait, or decides about some.
pub async fn run(context: &Context, args: &WorkflowArgs) -> Result<Exit, Stop> {
    let decision = args.decision()?;
    let references = parse_all(&args.tasks, context.clouds())?;
    let clouds = match decision {
        Some(_) => needed(&references, &context.selected),
        None => context.selected.clone(),
    };
    let mut session = Session::open_at(context, &clouds, args.tenant.as_deref()).await?;
    let result = match decision {
        Some((approve, note)) => decide(context, &references, &mut session, approve, note).await,
        None => list(context, &mut session).await,
    };
    session.stop().await;
    result
}

async fn list(context: &Context, session: &mut Session) -> Result<Exit, Stop> {
    let exit = session.list().await;
    let (mut tasks, read) = session.held_tasks().await;
    tasks.sort_by(|a, b| (a.created_at, &a.key).cmp(&(b.created_at, &b.key)));
    print(exit.and(read), |out| {
        let inventory = session.inventory();
        let records: Vec<_> = tasks
            .iter()
            .map(|task| TaskRecord::of(task, inventory))
            .collect();
        output::print(&records, context.format(), out)
    })
}

async fn decide(
    context: &Context,
    references: &[Reference],
    session: &mut Session,
    approve: bool,
    note: Option<String>,
) -> Result<Exit, Stop> {
    session.list().await;
    let (held, read) = session.held_tasks().await;
    let clouds: Vec<_> = {
        let views = session.inventory().clouds();
        views.iter().map(|view| &view.info.name).collect()
    };
    let find = |key: &_| held.iter().find(|task| task.key == *key);
    let tasks = find_tasks(references, &clouds, &find, read, "vmdeck workflow")?;
    let commands = tasks.into_iter().map(|task| Command::Decide {
        task: task.key.clone(),
        vm: task.vm.clone(),
        approve,
        note: note.clone(),
    });
    let commands = commands.collect();
    let action = if approve { "approve" } else { "reject" };
    let records = send(context, session, commands, action).await?;
    let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
    tell(context, Exit::Done, &records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(what: What, tasks: &[&str], note: Option<&str>) -> WorkflowArgs {
        WorkflowArgs {
            what,
            tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            note: note.map(str::to_owned),
            tenant: None,
        }
    }

    #[test]
    fn tasks_are_named_for_decisions_and_only_for_those() {
        let exit = |args: WorkflowArgs| args.decision().map_err(|stop| stop.exit);
        assert_eq!(exit(args(What::List, &[], None)), Ok(None));
        assert_eq!(
            exit(args(What::Approve, &["1"], Some(" after\nthe audit "))),
            Ok(Some((true, Some("after the audit".to_owned()))))
        );
        assert_eq!(
            exit(args(What::Reject, &["1"], Some("  "))),
            Ok(Some((false, None)))
        );
        for wrong in [
            args(What::List, &["1"], None),
            args(What::List, &[], Some("why")),
            args(What::Approve, &[], None),
            args(What::Reject, &[], None),
        ] {
            assert_eq!(exit(wrong), Err(Exit::Usage));
        }
    }
}
