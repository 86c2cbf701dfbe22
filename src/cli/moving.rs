//! `vmdeck move`, and `vmdeck vapp restrict`: VMs into other appliances.

use clap::Args;

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, parse_all, resolve_all, resolve_vapp};
use super::session::Session;
use crate::model::Action;

/// What `move` takes.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
    /// The appliance: CLOUD/ID, CLOUD/NAME or NAME
    #[arg(long, value_name = "VAPP")]
    to: String,
}

/// What `vapp restrict` takes.
#[derive(Debug, Args)]
pub struct RestrictArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
    /// This restricted appliance; without it one that the cloud chooses or makes
    #[arg(long, value_name = "VAPP")]
    to: Option<String>,
}

/// Moves VMs to another appliance.
pub async fn run(context: &Context, args: &MoveArgs) -> Result<Exit, Stop> {
    into(context, &args.vms, Some(&args.to), |vapp| {
        vapp.map(|vapp| Action::Move { vapp })
    })
    .await
}

/// Moves VMs to a restricted appliance.
pub async fn restrict(context: &Context, args: &RestrictArgs) -> Result<Exit, Stop> {
    into(context, &args.vms, args.to.as_deref(), |vapp| {
        Some(Action::Restrict { vapp })
    })
    .await
}

async fn into(
    context: &Context,
    names: &[String],
    to: Option<&str>,
    action: impl Fn(Option<String>) -> Option<Action>,
) -> Result<Exit, Stop> {
    let references = parse_all(names, context.clouds())?;
    let to = to
        .map(|to| Reference::parse(to, context.clouds()))
        .transpose()?;
    let all: Vec<_> = references.iter().chain(&to).cloned().collect();
    let mut session = Session::open(context, &needed(&all, &context.selected))?;
    let result = async {
        session.list().await;
        let inventory = session.inventory();
        let vms = resolve_all(&references, inventory)?;
        let to = to.map(|to| resolve_vapp(&to, inventory)).transpose()?;
        let elsewhere = to
            .as_ref()
            .and_then(|to| Some((to, vms.iter().find(|vm| vm.cloud != to.cloud)?)));
        if let Some((to, vm)) = elsewhere {
            return Err(Stop::usage(format!(
                "{vm} and {to} are on different clouds; a VM stays on its own"
            )));
        }
        let Some(action) = action(to.map(|to| to.id.to_string())) else {
            return Err(Stop::usage(
                "an appliance to move to is missing; name it with --to",
            ));
        };
        act::on(context, &mut session, &vms, action).await
    };
    let result = result.await;
    session.stop().await;
    result
}
