//! `vmdeck delete` and `vmdeck restore`.

use clap::Args;

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::model::Action;

/// What both take.
#[derive(Debug, Args)]
pub struct VmsArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
}

/// Removes VMs.
pub async fn delete(context: &Context, args: &VmsArgs) -> Result<Exit, Stop> {
    act::run(context, &args.vms, Action::DELETE).await
}

/// Brings deleted VMs back.
pub async fn restore(context: &Context, args: &VmsArgs) -> Result<Exit, Stop> {
    act::run(context, &args.vms, Action::Restore).await
}
