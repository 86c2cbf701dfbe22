//! Doing one thing to some VMs: naming, refusing, asking, sending, waiting, telling.

use std::collections::HashMap;
use std::io::{self, IsTerminal};

use super::asking::{self, Asked};
use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{needed, parse_all, resolve_all};
use super::output::outcome::OutcomeRecord;
use super::output::{self, Format};
use super::session::{Followed, Session, Waited};
use super::{print, say, times};
use crate::fleet::{Command, CommandReport, Inventory, Stage};
use crate::model::{Action, ActionKind, Confirmed, Denial, TaskState, Vm, VmKey};

/// Does `action` to the VMs that are named, and prints what became of each, in the order of the names.
pub async fn run(context: &Context, names: &[String], action: Action) -> Result<Exit, Stop> {
    let references = parse_all(names, context.clouds())?;
    let mut session = Session::open(context, &needed(&references, &context.selected))?;
    let result = async {
        session.list().await;
        let vms = resolve_all(&references, session.inventory())?;
        on(context, &mut session, &vms, action).await
    };
    let result = result.await;
    session.stop().await;
    result
}

/// Does `action` to VMs that are listed already, and prints what became of each.
pub async fn on(
    context: &Context,
    session: &mut Session,
    vms: &[VmKey],
    action: Action,
) -> Result<Exit, Stop> {
    let kind = action.kind();
    let mut records = HashMap::new();
    let go = {
        let plan = Plan::of(&action, vms, session.inventory())?;
        for refused in &plan.refused {
            let record =
                OutcomeRecord::denied(refused.vm, refused.name, kind.id(), &refused.denial);
            records.insert(refused.vm.clone(), record);
        }
        let confirmed = plan.asked.is_empty() || context.global.yes || confirm(kind, &plan.asked)?;
        if !confirmed {
            for vm in &plan.go {
                let record = OutcomeRecord::not_confirmed(&vm.key, &vm.name, kind.id());
                records.insert(vm.key.clone(), record);
            }
        }
        let go = plan.go.iter().filter(|_| confirmed);
        go.map(|vm| command(vm, &action, context.global.yes))
            .collect::<Vec<_>>()
    };
    for record in send(context, session, go, kind.id()).await? {
        let (vm, record) = record;
        if let Some(vm) = vm {
            records.insert(vm, record);
        }
    }
    let records: Vec<_> = vms.iter().filter_map(|vm| records.remove(vm)).collect();
    tell(context, Exit::Done, &records)
}

/// The command for a VM as it was listed. `--yes` is a yes to whatever it asks when its turn comes.
fn command(vm: &Vm, action: &Action, yes: bool) -> Command {
    let confirmed = if yes {
        Confirmed::Everything
    } else {
        Confirmed::shown(vm)
    };
    Command::Act {
        vm: vm.key.clone(),
        action: action.clone(),
        confirmed,
    }
}

/// What is to be done before anything is sent.
struct Plan<'a> {
    refused: Vec<Refused<'a>>,
    /// Those that may be sent, in the order in which they were named.
    go: Vec<&'a Vm>,
    /// Those of them that ask first.
    asked: Vec<Asked<'a>>,
}

struct Refused<'a> {
    vm: &'a VmKey,
    name: &'a str,
    denial: Denial,
}

impl<'a> Plan<'a> {
    fn of(action: &Action, vms: &'a [VmKey], inventory: &'a Inventory) -> Result<Self, Stop> {
        let kind = action.kind();
        let mut plan = Self {
            refused: Vec::new(),
            go: Vec::new(),
            asked: Vec::new(),
        };
        for vm in vms {
            let overview = inventory
                .overview_of(vm)
                .ok_or_else(|| Stop::failed(format!("{vm} is gone")))?;
            let name = &*overview.vm.name;
            match overview.availability_of(action).denial() {
                Some(denial) => plan.refused.push(Refused {
                    vm,
                    name,
                    denial: denial.clone(),
                }),
                None => {
                    plan.go.push(overview.vm);
                    plan.asked.extend(Asked::of(kind, overview));
                }
            }
        }
        Ok(plan)
    }
}

/// Asks on the terminal, when there is one.
fn confirm(kind: ActionKind, asked: &[Asked<'_>]) -> Result<bool, Stop> {
    let (input, out) = (io::stdin(), io::stderr());
    if !input.is_terminal() || !out.is_terminal() {
        return Err(Stop::usage(asking::needs_yes(kind, asked)));
    }
    asking::ask(kind, asked, &mut input.lock(), &mut out.lock()).map_err(cannot_ask)
}

/// Sends commands and waits as the options say. The records come with the VM that each is about.
///
/// # Errors
/// When Ctrl-C ends the waiting: what goes on is said.
pub async fn send(
    context: &Context,
    session: &mut Session,
    commands: Vec<Command>,
    action: &'static str,
) -> Result<Vec<(Option<VmKey>, OutcomeRecord)>, Stop> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let waited = context.waiting().map(times::words);
    let mut followed = followed(context, session, commands).await?;
    let forced: Vec<_> = followed
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, forced(&one.report)?)))
        .collect();
    if !forced.is_empty() && may_force(context, forced.iter().map(|(at, _)| &followed[*at].report))?
    {
        let (places, commands): (Vec<_>, Vec<_>) = forced.into_iter().unzip();
        let again = self::followed(context, session, commands).await?;
        for (at, one) in places.into_iter().zip(again) {
            followed[at] = one;
        }
    }
    let records = followed.iter().map(|one| {
        let mut record =
            OutcomeRecord::of(&one.report, one.task.as_ref(), action, waited.as_deref());
        if let Some(words) = held(one, session.inventory()).filter(|_| waited.is_some()) {
            record.message = Some(words);
        }
        (one.report.command.vm().cloned(), record)
    });
    Ok(records.collect())
}

/// That it is no slow cloud that is waited for, but a person who reviews what was asked.
fn held(one: &Followed, inventory: &Inventory) -> Option<String> {
    let Stage::Accepted { .. } = one.report.stage else {
        return None;
    };
    let vms = match &one.report.command {
        Command::ActOnVapp { vms, .. } => vms.as_slice(),
        command => command.vm().map_or(&[][..], std::slice::from_ref),
    };
    let tasks = vms.iter().flat_map(|vm| inventory.tasks_of(vm));
    let held = tasks.filter(|task| task.state == TaskState::Queueing);
    let held: Vec<_> = held.map(|task| task.key.to_string()).collect();
    (!held.is_empty()).then(|| {
        format!(
            "{} waits to be reviewed, as task {}; `vmdeck workflow` lists what does",
            one.report.command.title(),
            held.join(", ")
        )
    })
}

/// Sends commands and follows them as the options say, each in its place.
async fn followed(
    context: &Context,
    session: &mut Session,
    commands: Vec<Command>,
) -> Result<Vec<Followed>, Stop> {
    match session.run(commands, context.waiting()).await {
        Waited::Until(followed) => Ok(followed),
        Waited::Interrupted(followed) => {
            let reports = followed.iter().map(|one| &one.report);
            let unfinished = reports.filter(|report| !report.stage.is_final());
            Err(Stop {
                exit: Exit::Interrupted,
                messages: unfinished.map(going_on).collect(),
            })
        }
    }
}

/// The command to give when the cloud would do it by force.
fn forced(report: &CommandReport) -> Option<Command> {
    match report.stage {
        Stage::NeedsForce { .. } => report.command.forced(),
        _ => None,
    }
}

/// Asks on the terminal, when there is one, with the words of the clouds. `--yes` is a yes to what vmdeck asks, not to what a cloud
/// asks: that takes `--force`.
fn may_force<'a>(
    context: &Context,
    reports: impl Iterator<Item = &'a CommandReport>,
) -> Result<bool, Stop> {
    let (input, out) = (io::stdin(), io::stderr());
    if context.global.yes || !input.is_terminal() || !out.is_terminal() {
        return Ok(false);
    }
    for report in reports {
        say(report.stage.message().unwrap_or_default());
    }
    say("with force it would be done");
    asking::answer(None, &mut input.lock(), &mut out.lock()).map_err(cannot_ask)
}

pub(super) fn cannot_ask(error: io::Error) -> Stop {
    Stop::failed(format!(
        "cannot ask on the terminal: {error}; nothing was sent"
    ))
}

/// What a person is told who presses Ctrl-C while a command runs.
fn going_on(report: &CommandReport) -> String {
    let what = format!(
        "{}: {} of {}",
        report.command.cloud(),
        report.command.title(),
        report.vm_name
    );
    match &report.stage {
        Stage::Accepted { task: Some(task) } => format!("{what} goes on as task {task}"),
        Stage::Accepted { task: None } => format!("{what} goes on"),
        Stage::Asked => format!("{what} was not sent"),
        _ => format!("{what} was sent and not answered; read the VM before trying again"),
    }
}

/// Prints what became of actions. With names alone, what went wrong is said on stderr.
///
/// # Errors
/// When the results cannot be written.
pub fn tell(context: &Context, exit: Exit, records: &[OutcomeRecord]) -> Result<Exit, Stop> {
    let waits = context.waiting().is_some();
    let exit = records
        .iter()
        .map(|record| record.exit(waits))
        .fold(exit, Exit::and);
    if context.format() == Format::Name {
        for record in records
            .iter()
            .filter(|record| record.exit(waits) != Exit::Done)
        {
            let name = record
                .name
                .as_deref()
                .or(record.task.as_deref())
                .unwrap_or_default();
            let message = record.message.as_deref().unwrap_or(record.outcome.as_str());
            say(&format!("{}: {name}: {message}", record.cloud));
        }
    }
    print(exit, |out| output::print(records, context.format(), out))
}

#[cfg(test)]
mod tests;
