//! `vmdeck deploy` and `vmdeck undeploy`: VMs, or a whole appliance, on hosts or off them.

use clap::Args;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::{act, vapp};
use crate::model::{Action, VappAction};

/// What both take.
#[derive(Debug, Args)]
pub struct DeployArgs {
    #[command(flatten)]
    which: Which,
    /// Although the cloud asks first: over a soft limit, or although data is lost
    #[arg(long)]
    force: bool,
}

/// What is deployed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(value_name = "VM")]
    vms: Vec<String>,
    /// The whole of this appliance instead: CLOUD/ID, CLOUD/NAME or NAME
    #[arg(long, value_name = "VAPP")]
    vapp: Option<String>,
}

/// Puts VMs on hosts and starts them.
pub async fn deploy(context: &Context, args: &DeployArgs) -> Result<Exit, Stop> {
    let force = args.force;
    match &args.which.vapp {
        Some(name) => vapp::act(context, name, VappAction::Deploy { force }).await,
        None => act::run(context, &args.which.vms, Action::Deploy { force }).await,
    }
}

/// Takes VMs off their hosts.
pub async fn undeploy(context: &Context, args: &DeployArgs) -> Result<Exit, Stop> {
    let force = args.force;
    match &args.which.vapp {
        Some(name) => vapp::act(context, name, VappAction::Undeploy { force }).await,
        None => act::run(context, &args.which.vms, Action::Undeploy { force }).await,
    }
}
