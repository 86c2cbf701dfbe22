//! `vmdeck delete` and `vmdeck restore`.

use clap::Args;

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::model::Action;

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
    /// Leave imported ones on their hypervisors and only forget them
    #[arg(long)]
    release: bool,
    /// Although the cloud asks first
    #[arg(long)]
    force: bool,
}

/// What `restore` takes.
#[derive(Debug, Args)]
pub struct VmsArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
}

/// Removes VMs.
pub async fn delete(context: &Context, args: &DeleteArgs) -> Result<Exit, Stop> {
    let action = Action::Delete {
        release: args.release,
        force: args.force,
    };
    act::run(context, &args.vms, action).await
}

/// Brings deleted VMs back.
pub async fn restore(context: &Context, args: &VmsArgs) -> Result<Exit, Stop> {
    act::run(context, &args.vms, Action::Restore).await
}
