//! `vmdeck show`: everything about one VM, its tasks read now.

use clap::Args;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, resolve};
use super::output::{self, vm::VmRecord};
use super::print;
use super::session::Session;

/// What `show` takes.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vm: String,
}

/// Shows one VM.
pub async fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Stop> {
    let reference = Reference::parse(&args.vm, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = show(context, &reference, &mut session).await;
    session.stop().await;
    result
}

async fn show(
    context: &Context,
    reference: &Reference,
    session: &mut Session,
) -> Result<Exit, Stop> {
    let exit = session.list().await;
    let key = resolve(reference, session.inventory())?;
    let exit = exit.and(session.refresh(&key).await);
    let inventory = session.inventory();
    let overview = inventory
        .overview_of(&key)
        .ok_or_else(|| Stop::failed(format!("{key} is gone")))?;
    print(exit, |out| {
        output::print_one(&VmRecord::of(overview, inventory), context.format(), out)
    })
}
