//! The command line: the same engine as the console's, for scripts.
//!
//! One file for each command. What a person types is parsed in [`args`], what a name means is told in [`naming`], what is
//! printed has its shape in [`output`]. Nothing here decides what may be done to a VM: that is asked of the engine.

mod ack;
mod act;
pub mod args;
mod asking;
mod clouds;
mod config;
mod console;
mod context;
mod delete;
mod demo;
mod deploy;
mod events;
pub mod exit;
mod moving;
pub mod naming;
pub mod output;
mod power;
mod protect;
mod relocate;
mod remote;
mod session;
mod show;
mod snapshot;
mod tasks;
#[cfg(test)]
mod testing;
mod times;
mod vapp;
mod vapps;
mod vms;
mod workflow;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use tokio::runtime::Runtime;

use args::{Cli, Command};
use context::Context;
use exit::{Exit, Stop};

/// Runs one command line and says how the process should end. `args` begins with the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::parse_line(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are such errors as well. When nobody reads them there is nobody to tell.
            let _unread = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return stop(&Stop::failed(format!("cannot start: {error}"))),
    };
    let result = runtime.block_on(run(cli));
    // A thread that waits for a terminal or a keyring must not keep the program from ending.
    runtime.shutdown_background();
    result.map_or_else(|error| stop(&error), ExitCode::from)
}

fn stop(stop: &Stop) -> ExitCode {
    for message in &stop.messages {
        say(message);
    }
    stop.exit.into()
}

async fn run(cli: Cli) -> Result<Exit, Stop> {
    let global = cli.global;
    let Some(command) = cli.command else {
        return console::run(&global).await;
    };
    match command {
        Command::Demo(args) => demo::run(&global, &args).await,
        Command::Config(args) => config::run(&global, &args).await,
        Command::Vms(args) => vms::run(&Context::load(global)?, &args).await,
        Command::Vapps => vapps::run(&Context::load(global)?).await,
        Command::Show(args) => show::run(&Context::load(global)?, &args).await,
        Command::Power(args) => power::run(&Context::load(global)?, &args).await,
        Command::Protect(args) => {
            let action = args.action()?;
            act::run(&Context::load(global)?, &args.vms, action).await
        }
        Command::Unprotect(args) => args.run(&Context::load(global)?).await,
        Command::Delete(args) => delete::delete(&Context::load(global)?, &args).await,
        Command::Restore(args) => delete::restore(&Context::load(global)?, &args).await,
        Command::Deploy(args) => deploy::deploy(&Context::load(global)?, &args).await,
        Command::Undeploy(args) => deploy::undeploy(&Context::load(global)?, &args).await,
        Command::Snapshot(args) => snapshot::run(&Context::load(global)?, &args).await,
        Command::Move(args) => moving::run(&Context::load(global)?, &args).await,
        Command::Vapp(args) => vapp::run(&Context::load(global)?, &args).await,
        Command::Remote(args) => remote::run(&Context::load(global)?, &args).await,
        Command::Workflow(args) => workflow::run(&Context::load(global)?, &args).await,
        Command::Relocate(args) => relocate::run(&Context::load(global)?, &args).await,
        Command::Evacuate(args) => relocate::evacuate(&Context::load(global)?, &args).await,
        Command::Tasks(args) => tasks::run(&Context::load(global)?, &args).await,
        Command::Ack(args) => ack::run(&Context::load(global)?, &args).await,
        Command::Events(args) => events::run(&Context::load(global)?, &args).await,
        Command::Clouds => clouds::run(&Context::load(global)?).await,
    }
}

/// Says one sentence on stderr.
fn say(message: &str) {
    // With stderr closed there is nobody to tell.
    let _unread = writeln!(io::stderr().lock(), "vmdeck: {message}");
}

/// Prints to stdout and ends with `exit`. A reader that has seen enough (`| head`) is no failure.
fn print(exit: Exit, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Exit, Stop> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(exit),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is still in the buffer has no reader.
            let _unread = out.into_parts();
            Ok(exit)
        }
        Err(error) => Err(Stop::failed(format!("cannot write the result: {error}"))),
    }
}
