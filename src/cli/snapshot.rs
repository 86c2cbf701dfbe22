//! `vmdeck snapshot`: copies the disks of a VM to the catalogue.

use clap::Args;

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::model::{Action, text};

/// What `snapshot` takes.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vm: String,
    /// What the copy is called
    #[arg(long, value_name = "NAME")]
    name: String,
}

/// Copies its disks.
pub async fn run(context: &Context, args: &SnapshotArgs) -> Result<Exit, Stop> {
    let name = text::clean_name(&args.name).trim().to_owned();
    if name.is_empty() {
        return Err(Stop::usage(
            "the name is empty; say with --name what the copy is called",
        ));
    }
    let vms = std::slice::from_ref(&args.vm);
    act::run(context, vms, Action::Snapshot { name }).await
}
