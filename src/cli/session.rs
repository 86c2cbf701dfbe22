//! The engine for the length of one command, its failures told on stderr.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, resolve_group};
use super::say;
use crate::fleet::oneshot::{CloudFailure, TasksOf, Wait};
use crate::fleet::{
    self, Command, CommandId, CommandReport, EventQuery, Inventory, Mode, OneShot, Stage,
};
use crate::model::{CloudName, Event, Group, Host, PowerState, RemoteAccess, Task, TaskKey, VmKey};

/// The engine, opened for one command.
pub struct Session {
    engine: OneShot,
    reading: Duration,
}

/// A command and how far it is.
pub struct Followed {
    /// How far it is.
    pub report: CommandReport,
    /// The task that carries it or carried it, where there is one.
    pub task: Option<TaskKey>,
}

/// How the waiting for commands ended. There is one for each command, in their order.
pub enum Waited {
    /// They are over, or the time is up.
    Until(Vec<Followed>),
    /// Ctrl-C.
    Interrupted(Vec<Followed>),
}

impl Session {
    /// Opens the engine on some clouds, reading nothing yet.
    ///
    /// # Errors
    /// When the configuration of a cloud cannot be used.
    pub fn open(context: &Context, clouds: &[CloudName]) -> Result<Self, Stop> {
        let setup = fleet::open(
            &context.loaded.config,
            &context.paths,
            clouds,
            Mode::OneShot,
        );
        Ok(Self {
            engine: OneShot::open(setup.map_err(Stop::usage)?),
            reading: context.reading(),
        })
    }

    /// Opens the engine on some clouds; with a tenant only on the cloud that has it, to look at it as that tenant.
    ///
    /// # Errors
    /// As [`Self::open`], and when there is no such tenant, or more than one.
    pub async fn open_at(
        context: &Context,
        clouds: &[CloudName],
        tenant: Option<&str>,
    ) -> Result<Self, Stop> {
        let Some(wanted) = tenant else {
            return Self::open(context, clouds);
        };
        let reference = Reference::parse(wanted, context.clouds())?;
        let asked = needed(std::slice::from_ref(&reference), clouds);
        let mut session = Self::open(context, &asked)?;
        let deadline = session.deadline();
        let (tenants, failures) = session.engine.tenants(deadline).await;
        let read = tell(&failures);
        session.stop().await;
        let (cloud, tenant) = resolve_group(&reference, "tenant", &tenants, read)?;
        let mut session = Self::open(context, std::slice::from_ref(&cloud))?;
        session.engine.look_at(&cloud, Some(tenant)).await;
        Ok(session)
    }

    /// Everything that has been read.
    pub fn inventory(&self) -> &Inventory {
        self.engine.inventory()
    }

    /// Reads VMs, appliances and recent events of all clouds. Those that cannot be read are told.
    pub async fn list(&mut self) -> Exit {
        let failures = self.engine.list(self.deadline()).await;
        tell(&failures)
    }

    /// Reads VMs, appliances and recent events of all clouds, and what runs on the VMs that are locked. Which VMs there are is what
    /// counts: what runs and cannot be told is said on stderr.
    pub async fn list_with_running(&mut self) -> Exit {
        let deadline = self.deadline();
        let failures = self.engine.list(deadline).await;
        let unread = self.engine.read_tasks(TasksOf::Locked, deadline).await;
        tell(&unread);
        tell(&failures)
    }

    /// How the reading of the appliances ended. What failed is told at the end.
    pub fn appliances(&self) -> Exit {
        if self.engine.lacks_appliances() {
            Exit::Partial
        } else {
            Exit::Done
        }
    }

    /// The VMs that were read; first those whose tasks most likely matter, in case the time is short.
    pub fn readable_vms(&self) -> Vec<VmKey> {
        let inventory = self.inventory();
        let mut vms: Vec<_> = inventory
            .slots()
            .filter_map(|slot| inventory.overview(slot))
            .map(|overview| {
                let quiet = overview.warnings == 0 && overview.vm.power != PowerState::Locked;
                (quiet, overview.vm.key.clone())
            })
            .collect();
        vms.sort_unstable();
        vms.into_iter().map(|(_, key)| key).collect()
    }

    /// Reads the tasks of VMs.
    pub async fn read_tasks(&mut self, vms: &[VmKey]) -> Exit {
        let deadline = self.deadline();
        let failures = self.engine.read_tasks(TasksOf::Vms(vms), deadline).await;
        tell(&failures)
    }

    /// Reads one VM and its tasks anew.
    pub async fn refresh(&mut self, vm: &VmKey) -> Exit {
        let deadline = self.deadline();
        match self.engine.refresh_vm(vm, deadline).await {
            Ok(()) => Exit::Done,
            Err(failure) => tell(&[failure]),
        }
    }

    /// The hosts that a VM can be moved to now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn candidates(&mut self, vm: &VmKey) -> Result<Vec<Host>, Stop> {
        let deadline = self.deadline();
        let hosts = self.engine.candidates(vm, deadline).await;
        hosts.map_err(|failure| Stop {
            exit: Exit::Partial,
            messages: vec![format!("{}: {}", failure.cloud, failure.error)],
        })
    }

    /// How the screen of a VM is reached; the password only where a person wants to see it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn remote_access(&mut self, vm: &VmKey, reveal: bool) -> Result<RemoteAccess, Stop> {
        let deadline = self.deadline();
        let access = self.engine.remote_access(vm, reveal, deadline).await;
        access.map_err(|failure| Stop {
            exit: Exit::Partial,
            messages: vec![format!("{}: {}", failure.cloud, failure.error)],
        })
    }

    /// What a VM wrote on its console.
    pub async fn console_log(&mut self, vm: &VmKey) -> Result<String, Stop> {
        let deadline = self.deadline();
        let text = self.engine.console_log(vm, deadline).await;
        text.map_err(|failure| Stop {
            exit: Exit::Partial,
            messages: vec![format!("{}: {}", failure.cloud, failure.error)],
        })
    }

    /// The tasks that workflow holds.
    pub async fn held_tasks(&mut self) -> (Vec<Task>, Exit) {
        let deadline = self.deadline();
        let (tasks, failures) = self.engine.held_tasks(deadline).await;
        (tasks, tell(&failures))
    }

    /// The projects in which appliances can be made.
    pub async fn projects(&mut self) -> (Vec<(CloudName, Group)>, Exit) {
        let deadline = self.deadline();
        let (projects, failures) = self.engine.projects(deadline).await;
        (projects, tell(&failures))
    }

    /// Reads events, the newest first.
    pub async fn events(&mut self, query: &EventQuery) -> (Vec<Event>, Exit) {
        let deadline = self.deadline();
        let (events, failures) = self.engine.events(query, deadline).await;
        (events, tell(&failures))
    }

    /// Sends commands and waits for so long; without a time only until the clouds have taken them.
    pub async fn run(&mut self, commands: Vec<Command>, wait: Option<Duration>) -> Waited {
        let (until, time) = match wait {
            Some(time) => (Wait::UntilEnd, time),
            None => (Wait::UntilAccepted, self.reading),
        };
        let followed = RefCell::new(self.unreported(&commands));
        let watched = wait.is_some() && io::stderr().is_terminal();
        let on_report = |report: &CommandReport| {
            let mut followed = followed.borrow_mut();
            let known = followed
                .iter_mut()
                .find(|known| known.report.command == report.command);
            if let Some(known) = known {
                if watched {
                    say_accepted(report);
                }
                known.follow(report);
            }
        };
        let interrupt = async {
            match signal(SignalKind::interrupt()) {
                Ok(mut interrupt) => {
                    interrupt.recv().await;
                }
                // Ctrl-C then ends the program as it ends others.
                Err(_) => std::future::pending().await,
            }
        };
        let deadline = Instant::now() + time;
        let last = tokio::select! {
            last = self.engine.run(commands, until, deadline, on_report) => Some(last),
            () = interrupt => None,
        };
        let mut followed = followed.into_inner();
        let Some(last) = last else {
            return Waited::Interrupted(followed);
        };
        for (known, report) in followed.iter_mut().zip(&last) {
            known.follow(report);
        }
        Waited::Until(followed)
    }

    /// What is known of commands of which nothing has been told: they may be on their way.
    fn unreported(&self, commands: &[Command]) -> Vec<Followed> {
        let unreported = |command: &Command| {
            let inventory = self.inventory();
            let name = match command {
                Command::ActOnVapp { vapp, .. } => {
                    let vapp = inventory.vapp(&vapp.cloud, &vapp.id);
                    vapp.map(|vapp| vapp.name().clone())
                }
                _ => {
                    let found = command.vm().and_then(|vm| inventory.find(vm));
                    found.map(|vm| vm.name.clone())
                }
            };
            let report = CommandReport {
                id: CommandId(0),
                vm_name: name.unwrap_or_else(|| command.subject_id()),
                command: command.clone(),
                at: Timestamp::now(),
                stage: Stage::Sent,
            };
            Followed { report, task: None }
        };
        commands.iter().map(unreported).collect()
    }

    /// Ends the engine in good order. What a person should know beside the answer is said now.
    pub async fn stop(self) {
        for trouble in self.engine.stop().await {
            say(&trouble);
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.reading
    }
}

impl Followed {
    fn follow(&mut self, report: &CommandReport) {
        if let Some(task) = report.stage.task() {
            self.task = Some(task.clone());
        }
        self.report = report.clone();
    }
}

/// Says to a person who waits at a terminal what there is to wait for.
fn say_accepted(report: &CommandReport) {
    if let Stage::Accepted { task: Some(task) } = &report.stage {
        say(&format!(
            "{}: {} of {} was accepted as task {}; waiting for its end",
            report.command.cloud(),
            report.command.title(),
            report.vm_name,
            task.id
        ));
    }
}

/// Says which clouds could not be read, a sentence each.
fn tell(failures: &[CloudFailure]) -> Exit {
    for CloudFailure { cloud, error } in failures {
        say(&format!("{cloud}: {error}"));
    }
    if failures.is_empty() {
        Exit::Done
    } else {
        Exit::Partial
    }
}
