//! `vmdeck vapp`: makes, changes and removes appliances; and what is done to a whole one.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::act::{cannot_ask, send, tell};
use super::asking::{self, Asked};
use super::context::Context;
use super::exit::{Exit, Stop};
use super::moving::{self, RestrictArgs};
use super::naming::{Reference, needed, resolve_group, resolve_vapp};
use super::output::outcome::OutcomeRecord;
use super::say;
use super::session::Session;
use crate::fleet::{Command, Inventory};
use crate::model::vapp_action::touched;
use crate::model::{
    ActionKind, Availability, VappAction, VappActionKind, VappKey, VappState, Vm, text,
};

/// What `vapp` takes.
#[derive(Debug, Args)]
pub struct VappArgs {
    #[command(subcommand)]
    what: What,
}

/// What can be done to appliances.
#[derive(Debug, Subcommand)]
enum What {
    /// Make an empty appliance
    Create(CreateArgs),
    /// Move VMs to a restricted appliance
    Restrict(RestrictArgs),
    /// Change the name of an appliance, or who sees it
    Edit(EditArgs),
    /// Remove an appliance with its VMs
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What it is called
    name: String,
    /// The project: CLOUD/ID, CLOUD/NAME or NAME
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// Hidden from users without the privilege
    #[arg(long)]
    restricted: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["name", "restricted"]))]
struct EditArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vapp: String,
    /// What it is called from now on
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether it is hidden from users without the privilege from now on
    #[arg(long, value_name = "true|false")]
    restricted: Option<bool>,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vapp: String,
}

/// Does something to appliances.
pub async fn run(context: &Context, args: &VappArgs) -> Result<Exit, Stop> {
    match &args.what {
        What::Create(args) => create(context, args).await,
        What::Restrict(args) => moving::restrict(context, args).await,
        What::Edit(args) => {
            let name = args.name.as_deref().map(clean).transpose()?;
            on(context, &args.vapp, |key, inventory| {
                let vapp = inventory.vapp(&key.cloud, &key.id);
                let now = vapp.and_then(|vapp| vapp.listed())?;
                Some(VappAction::Edit {
                    name: name.clone().unwrap_or_else(|| now.name.to_string()),
                    restricted: args.restricted.unwrap_or(now.restricted),
                })
            })
            .await
        }
        What::Delete(args) => act(context, &args.vapp, VappAction::Delete).await,
    }
}

/// Does `action` to the appliance of a name, and prints what became of it.
pub async fn act(context: &Context, name: &str, action: VappAction) -> Result<Exit, Stop> {
    on(context, name, |_, _| Some(action.clone())).await
}

fn clean(name: &str) -> Result<String, Stop> {
    match text::clean_name(name).trim() {
        "" => Err(Stop::usage("the name is empty; an appliance needs one")),
        name => Ok(name.to_owned()),
    }
}

async fn create(context: &Context, args: &CreateArgs) -> Result<Exit, Stop> {
    let name = clean(&args.name)?;
    let reference = Reference::parse(&args.project, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = async {
        // What is there already is known when the answer is late.
        session.list().await;
        let (projects, read) = session.projects().await;
        let (cloud, project) = resolve_group(&reference, "project", &projects, read)?;
        let command = Command::CreateVapp {
            cloud,
            project: project.id,
            name,
            restricted: args.restricted,
        };
        finish(context, &mut session, command, "create_vapp").await
    };
    let result = result.await;
    session.stop().await;
    result
}

async fn on(
    context: &Context,
    name: &str,
    action: impl Fn(&VappKey, &Inventory) -> Option<VappAction>,
) -> Result<Exit, Stop> {
    let reference = Reference::parse(name, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = async {
        session.list().await;
        let inventory = session.inventory();
        let key = resolve_vapp(&reference, inventory)?;
        let action = action(&key, inventory);
        let action = action.ok_or_else(|| Stop::failed(format!("{key} is gone")))?;
        let kind = action.kind();
        let plan = Plan::of(&key, kind, inventory)?;
        if let Some(why) = plan.refused {
            let record = OutcomeRecord::refused_vapp(&key, &plan.name, kind.id(), why);
            return tell(context, Exit::Done, &[record]);
        }
        if let Some(words) = plan.partial() {
            say(&words);
        }
        if !context.global.yes && plan.asks && !plan.confirm()? {
            let why = "Not confirmed; nothing was sent".to_owned();
            let record = OutcomeRecord::refused_vapp(&key, &plan.name, kind.id(), why);
            return tell(context, Exit::Done, &[record]);
        }
        let command = Command::ActOnVapp {
            vms: plan.vms.iter().map(|vm| vm.key.clone()).collect(),
            vapp: key,
            action,
        };
        finish(context, &mut session, command, kind.id()).await
    };
    let result = result.await;
    session.stop().await;
    result
}

async fn finish(
    context: &Context,
    session: &mut Session,
    command: Command,
    action: &'static str,
) -> Result<Exit, Stop> {
    let records = send(context, session, vec![command], action).await?;
    let records: Vec<_> = records.into_iter().map(|(_, record)| record).collect();
    tell(context, Exit::Done, &records)
}

/// What is to be done to an appliance, before anything is sent.
struct Plan<'a> {
    action: VappActionKind,
    name: Arc<str>,
    /// `shop (prod/12, production, PARTIALLY_DEPLOYED)`.
    title: String,
    state: VappState,
    refused: Option<String>,
    /// The VMs that it touches.
    vms: Vec<Arc<Vm>>,
    /// Those of them that ask first by themselves.
    asked: Vec<Asked<'a>>,
    asks: bool,
    typed: bool,
}

impl<'a> Plan<'a> {
    fn of(key: &VappKey, action: VappActionKind, inventory: &'a Inventory) -> Result<Self, Stop> {
        let gone = || Stop::failed(format!("{key} is gone"));
        let vapp = inventory.vapp(&key.cloud, &key.id).ok_or_else(gone)?;
        let answer = inventory.vapp_availability(key, action).ok_or_else(gone)?;
        let members = inventory.members(key);
        let vms: Vec<_> = touched(action, &members).into_iter().cloned().collect();
        let each = match action {
            VappActionKind::Deploy => Some(ActionKind::Deploy),
            VappActionKind::Undeploy => Some(ActionKind::Undeploy),
            VappActionKind::Delete => Some(ActionKind::Delete),
            VappActionKind::Edit => None,
        };
        let overviews = vms.iter().filter_map(|vm| inventory.overview_of(&vm.key));
        let asked: Vec<_> = overviews
            .filter_map(|overview| Asked::of(each?, overview))
            .collect();
        let cloud = inventory.cloud(&key.cloud).ok_or_else(gone)?;
        let environment = cloud.info.environment.as_ref();
        let environment = environment.map_or_else(String::new, |word| format!(", {word}"));
        let state = vapp.state();
        let deletes = action == VappActionKind::Delete;
        Ok(Self {
            action,
            name: vapp.name().clone(),
            title: format!("{} ({key}{environment}, {})", vapp.name(), state.as_str()),
            state,
            refused: match answer {
                Availability::Allowed => None,
                Availability::Denied(denial) => Some(denial.to_string()),
            },
            asks: deletes || !asked.is_empty(),
            typed: deletes || asked.iter().any(|one| one.confirmation.typed),
            vms,
            asked,
        })
    }

    /// Which VMs are touched, where that is not all of them.
    fn partial(&self) -> Option<String> {
        let names: Vec<_> = self.vms.iter().map(|vm| &*vm.name).collect();
        (self.state == VappState::PartiallyDeployed && self.action != VappActionKind::Edit).then(
            || {
                format!(
                    "{} of {} is for {} alone",
                    self.action.title(),
                    self.title,
                    names.join(", ")
                )
            },
        )
    }

    /// Asks on the terminal, when there is one.
    fn confirm(&self) -> Result<bool, Stop> {
        let (input, out) = (io::stdin(), io::stderr());
        if !input.is_terminal() || !out.is_terminal() {
            let title = self.action.title();
            return Err(Stop::usage(format!(
                "{title} asks first and there is no terminal to ask on; nothing was sent; give --yes to do it to {}",
                self.words()
            )));
        }
        let mut out = out.lock();
        let asking = self
            .question(&mut out)
            .and_then(|()| asking::answer(self.wanted(), &mut input.lock(), &mut out));
        asking.map_err(cannot_ask)
    }

    fn wanted(&self) -> Option<&str> {
        self.typed.then(|| self.name.trim())
    }

    fn question(&self, out: &mut dyn Write) -> io::Result<()> {
        let noun = match self.vms.len() {
            1 => "1 VM".to_owned(),
            several => format!("{several} VMs"),
        };
        writeln!(out, "{} {} with {noun}:", self.action.title(), self.title)?;
        for vm in &self.vms {
            let asked = self.asked.iter().find(|one| one.overview.vm.key == vm.key);
            let words = asked.map_or_else(|| format!("{} ({})", vm.name, vm.key), Asked::words);
            writeln!(out, "  {words}")?;
        }
        writeln!(out, "{}", self.action.consequence())
    }

    fn words(&self) -> String {
        let asked: Vec<_> = self.asked.iter().map(Asked::words).collect();
        if asked.is_empty() {
            return self.title.clone();
        }
        format!("{}: {}", self.title, asked.join("; "))
    }
}

#[cfg(test)]
mod tests;
