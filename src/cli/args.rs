//! The command line as it is typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::output::Format;
use super::{
    ack, config, delete, demo, deploy, events, moving, power, protect, relocate, remote, show,
    snapshot, tasks, times, vapp, vms, workflow,
};

/// One terminal screen for every virtual machine you run, whichever cloud it is in.
///
/// Without a command it opens the console. `vmdeck demo` opens it on clouds that run on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "vmdeck",
    version,
    max_term_width = 100,
    infer_subcommands = false
)]
#[command(
    after_help = "VM is CLOUD/ID, CLOUD/NAME or a NAME that only one VM has; TASK is CLOUD/ID or an ID.\n\
    Exit status: 0 done, 1 an action failed or was refused, 2 usage or configuration, 3 some clouds could not be read."
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the console when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Parses a command line, which begins with the program's name.
    ///
    /// # Errors
    /// Wrong usage; help and version come this way as well.
    pub fn parse_line(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args: Vec<_> = args.into_iter().collect();
        let mut cli = Self::try_parse_from(&args)?;
        // Of an option that is given on both sides of the command, clap keeps the right side alone: a cloud would be left
        // out silently.
        cli.global.clouds = every_value(&args, "--cloud");
        Ok(cli)
    }
}

/// Every value of a long option in a command line that has been found right.
fn every_value(args: &[OsString], option: &str) -> Vec<String> {
    let mut args = args
        .iter()
        .map(|arg| arg.to_string_lossy())
        .take_while(|arg| arg != "--");
    let mut values = Vec::new();
    while let Some(arg) = args.next() {
        match arg.strip_prefix(option) {
            Some("") => values.extend(args.next().map(String::from)),
            Some(rest) => values.extend(rest.strip_prefix('=').map(String::from)),
            None => {}
        }
    }
    values
}

/// What can be said before and after every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Read this configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask this cloud alone; may be repeated
    #[arg(long = "cloud", global = true, value_name = "NAME")]
    pub clouds: Vec<String>,
    /// How results are printed
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t
    )]
    pub output: Format,
    /// Do it without asking
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Do not wait for the end of what was accepted
    #[arg(long, global = true)]
    pub no_wait: bool,
    /// How long to read and to wait: 30, 30s or 5m [default: 30s to read, 10m to wait]
    #[arg(long, global = true, value_name = "TIME", value_parser = times::timeout)]
    pub timeout: Option<Duration>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on clouds that run on this machine
    Demo(demo::DemoArgs),
    /// List the VMs of all clouds
    Vms(vms::VmsArgs),
    /// List the virtual appliances of all clouds
    Vapps,
    /// Show everything about one VM
    Show(show::ShowArgs),
    /// Switch the power of VMs
    Power(power::PowerArgs),
    /// Protect VMs with a reason: others without the privilege cannot act on them
    Protect(protect::ProtectArgs),
    /// Release protected VMs
    Unprotect(protect::UnprotectArgs),
    /// Remove VMs
    Delete(delete::DeleteArgs),
    /// Bring deleted VMs back, where the cloud keeps them for a while
    Restore(delete::VmsArgs),
    /// Put VMs, or a whole appliance, on hosts and start them
    Deploy(deploy::DeployArgs),
    /// Take VMs, or a whole appliance, off their hosts
    Undeploy(deploy::DeployArgs),
    /// Copy the disks of a VM to the catalogue
    Snapshot(snapshot::SnapshotArgs),
    /// Move VMs to another appliance
    Move(moving::MoveArgs),
    /// Make, change and remove appliances
    Vapp(vapp::VappArgs),
    /// Move a VM to another host, or list the hosts that it can be moved to
    Relocate(relocate::RelocateArgs),
    /// Make a VM anew on another host, because its own is lost
    Evacuate(relocate::EvacuateArgs),
    /// Say how the screen of a VM is reached
    Remote(remote::RemoteArgs),
    /// List the tasks that wait for a review, approve or reject them
    Workflow(workflow::WorkflowArgs),
    /// List unfinished tasks and those of the last day
    Tasks(tasks::TasksArgs),
    /// Acknowledge failed tasks, which takes their warnings away
    Ack(ack::AckArgs),
    /// List what happened, newest first
    Events(events::EventsArgs),
    /// Say how it stands with each cloud
    Clouds,
    /// The configuration file: where it is, a first one, whether it is right, and secrets
    Config(config::ConfigArgs),
}

#[cfg(test)]
mod tests;
