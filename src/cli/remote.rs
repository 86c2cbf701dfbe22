//! `vmdeck remote`: how the screen of a VM is reached.

use clap::Args;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, resolve};
use super::output::{self, remote::RemoteRecord};
use super::print;
use super::session::Session;

/// What `remote` takes.
#[derive(Debug, Args)]
pub struct RemoteArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vm: String,
    /// Show the password as well
    #[arg(long)]
    reveal: bool,
    /// Print what the VM wrote on its console instead, where its cloud keeps that
    #[arg(long, conflicts_with = "reveal")]
    log: bool,
}

/// Prints how a screen is reached.
pub async fn run(context: &Context, args: &RemoteArgs) -> Result<Exit, Stop> {
    let reference = Reference::parse(&args.vm, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = async {
        let exit = session.list().await;
        let vm = resolve(&reference, session.inventory())?;
        if args.log {
            let text = session.console_log(&vm).await?;
            let end = if text.ends_with('\n') { "" } else { "\n" };
            return print(exit, |out| write!(out, "{text}{end}"));
        }
        let access = session.remote_access(&vm, args.reveal).await?;
        if access.address().is_none() {
            return Err(Stop::failed(format!(
                "{vm} has no screen to see now; it may be off, or its cloud does not tell"
            )));
        }
        let record = RemoteRecord::of(&vm, &access);
        print(exit, |out| {
            output::print_one(&record, context.format(), out)
        })
    };
    let result = result.await;
    session.stop().await;
    result
}
