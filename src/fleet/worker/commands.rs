//! Commands in line: one after the other for each VM, side by side for different VMs, each from its asking to its outcome.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::acting::{too_late, unjournaled};
use super::telling::Where;
use super::ticket::Ticket;
use super::{Worker, guarded, lock};
use crate::clouds::EventQuery;
use crate::fleet::Mode;
use crate::fleet::command::{Command, Stage};
use crate::model::{Action, ActionKind, Denial, Vm, VmKey};

/// So long the outcome of a command waits for the VM to be read anew.
pub(super) const REREAD_MAX: Duration = Duration::from_secs(10);

/// What was asked for one VM and is not decided.
#[derive(Debug, Default)]
pub(super) struct VmQueue {
    waiting: VecDeque<Asked>,
    undecided: Vec<ActionKind>,
}

#[derive(Debug)]
struct Asked {
    ticket: Ticket,
    /// Whether it is in the journal.
    journaled: oneshot::Receiver<bool>,
}

/// What is read again before an outcome is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reread {
    /// Nothing: nothing was sent.
    No,
    /// The VM and its tasks.
    Yes,
}

/// The newest events that are read when an action has failed.
const FAILURE_EVENTS: usize = 50;

impl Worker {
    /// Takes a command. Never waits: it is put in its VM's queue, which is bounded by what a person asks for, and goes on by itself.
    pub(in crate::fleet) fn submit(self: &Arc<Self>, ticket: Ticket) {
        let (journaled, in_journal) = oneshot::channel();
        let queued = match &ticket.command {
            Command::Act { vm, action, .. } => {
                let kind = action.kind();
                let mut vms = lock(&self.vms);
                let is_new = !vms.contains_key(vm);
                let queue = vms.entry(vm.clone()).or_default();
                if queue.undecided.contains(&kind) {
                    Queued::Refused(twice())
                } else {
                    queue.undecided.push(kind);
                    queue.waiting.push_back(Asked {
                        ticket: ticket.clone(),
                        journaled: in_journal,
                    });
                    if is_new {
                        Queued::First(vm.clone())
                    } else {
                        Queued::Behind
                    }
                }
            }
            Command::ActOnVapp { .. } | Command::CreateVapp { .. } | Command::Decide { .. } => {
                match self.occupy(&ticket.command) {
                    Ok(occupied) => Queued::Alone(in_journal, Some(occupied)),
                    Err(denial) => Queued::Refused(denial),
                }
            }
            Command::Acknowledge { .. } => Queued::Alone(in_journal, None),
        };
        // Queued here, so the journal has commands in the order in which they were asked for.
        let written = self.journal(&ticket, &Stage::Asked);
        let worker = self.clone();
        let asked = ticket.clone();
        let refused = match &queued {
            Queued::Refused(denial) => Some(denial.clone()),
            _ => None,
        };
        self.spawn("journal", async move {
            let written = written.await;
            match written {
                Ok(()) => {
                    worker.report(&asked, Stage::Asked);
                    if let Some(denial) = refused {
                        worker
                            .finish(&asked, asked.refused(denial), Reread::No)
                            .await;
                    }
                    // The other end is gone when everything ends.
                    let _ = journaled.send(true);
                }
                Err(error) => {
                    worker.report(&asked, unjournaled(&asked, &error));
                    worker.journal_trouble(Err(error));
                    let _ = journaled.send(false);
                }
            }
        });
        match queued {
            Queued::First(vm) => {
                let worker = self.clone();
                self.spawn("commands", async move { worker.run_queue(vm).await });
            }
            Queued::Alone(in_journal, occupied) => {
                let worker = self.clone();
                self.spawn("commands", async move {
                    if in_journal.await == Ok(true) {
                        worker.carry_out(&ticket).await;
                    }
                    drop(occupied);
                });
            }
            Queued::Behind | Queued::Refused(_) => {}
        }
    }

    /// Carries out one command; a panic in it says nothing about what was sent.
    async fn carry_out(self: &Arc<Self>, ticket: &Ticket) {
        let work = async {
            match &ticket.command {
                Command::Act { .. } => self.act(ticket).await,
                Command::ActOnVapp { .. } => self.act_on_vapp(ticket).await,
                Command::CreateVapp { .. } => self.create_vapp(ticket).await,
                Command::Decide { .. } => self.decide(ticket).await,
                Command::Acknowledge { .. } => self.acknowledge(ticket).await,
            }
        };
        if let Err(why) = guarded(work).await {
            let stage = ticket.unknown(format!("an internal error ({why})"));
            self.finish(ticket, stage, Reread::No).await;
            self.panicked("command", &why, self.refresh).await;
        }
    }

    /// Keeps everything else from what a command changes until the answer is dropped: what is asked for its VMs meanwhile waits. Where
    /// something is asked for one of them already, the command is refused.
    pub(super) fn occupy(self: &Arc<Self>, command: &Command) -> Result<Occupied, Denial> {
        let subject = match command {
            Command::ActOnVapp { vapp, .. } => Subject::Vapp(vapp.id.clone()),
            Command::CreateVapp { project, name, .. } => {
                Subject::New(project.clone(), name.as_str().into())
            }
            Command::Decide { task, .. } | Command::Acknowledge { task, .. } => {
                Subject::Task(task.id.clone())
            }
            Command::Act { vm, .. } => Subject::Vm(vm.id.clone()),
        };
        let vms = command.occupies();
        {
            let mut queues = lock(&self.vms);
            if let Some(vm) = vms.iter().find(|vm| queues.contains_key(vm)) {
                let name = self.known().vm(&vm.id).map(|vm| vm.name.clone());
                let name = name.unwrap_or_else(|| vm.id.clone());
                let why = format!("something was asked for {name} and is not decided");
                return Err(Denial::Locked(Some(why.into())));
            }
            if !lock(&self.busy).insert(subject.clone()) {
                return Err(twice());
            }
            queues.extend(vms.iter().map(|vm| (vm.clone(), VmQueue::default())));
        }
        Ok(Occupied {
            worker: self.clone(),
            subject,
            vms: vms.to_vec(),
        })
    }

    /// Refuses what waits behind another command of its VM: its turn does not come any more.
    pub(in crate::fleet) fn refuse_waiting(self: &Arc<Self>) {
        let waiting: Vec<_> = lock(&self.vms)
            .values_mut()
            .flat_map(|queue| queue.waiting.drain(..))
            .collect();
        for asked in waiting {
            let worker = self.clone();
            self.spawn("commands", async move {
                if asked.journaled.await == Ok(true) {
                    worker
                        .finish(&asked.ticket, too_late(&asked.ticket), Reread::No)
                        .await;
                }
            });
        }
    }

    /// Carries out what was asked for one VM, one after the other.
    async fn run_queue(self: Arc<Self>, vm: VmKey) {
        loop {
            let asked = {
                let mut vms = lock(&self.vms);
                let Some(asked) = vms.get_mut(&vm).and_then(|queue| queue.waiting.pop_front())
                else {
                    vms.remove(&vm);
                    return;
                };
                asked
            };
            if asked.journaled.await == Ok(true) {
                self.carry_out(&asked.ticket).await;
            }
            if let Command::Act { action, .. } = &asked.ticket.command {
                let mut vms = lock(&self.vms);
                if let Some(queue) = vms.get_mut(&vm) {
                    queue.undecided.retain(|kind| *kind != action.kind());
                }
            }
        }
    }

    /// Journals the outcome, reads the VM and its tasks anew, and tells.
    pub(super) async fn finish(self: &Arc<Self>, ticket: &Ticket, stage: Stage, reread: Reread) {
        let written = self.journal(ticket, &stage).await;
        self.journal_trouble(written);
        if reread == Reread::Yes && !self.is_closing() {
            let reading = async {
                if let Some(vm) = self.vm_of(&ticket.command) {
                    self.read_after(&ticket.command, &vm).await;
                }
                if changes_vapps(&ticket.command) {
                    // They come with the next listing otherwise.
                    drop(self.read_vapps().await);
                }
                if !matches!(ticket.command, Command::Acknowledge { .. }) {
                    self.read_held_if_wanted().await;
                }
                if self.mode == Mode::Polling && matches!(stage, Stage::Failed { .. }) {
                    // The notice sends a person to the events: those of the failure are there when they look. What cannot be
                    // read now comes with the next listing.
                    let newest = EventQuery {
                        limit: FAILURE_EVENTS,
                        ..EventQuery::default()
                    };
                    drop(self.read_events(&newest).await);
                }
            };
            let reading = timeout(REREAD_MAX, reading);
            self.common.stop.closing.run_until_cancelled(reading).await;
        }
        self.report(ticket, stage);
    }

    /// Reads a VM and its tasks after something was done to it.
    pub(super) async fn read_after(self: &Arc<Self>, command: &Command, vm: &Vm) {
        let read = match command {
            Command::Act { action, .. } => self.read_where_it_was(action, vm).await,
            _ => self
                .reread(vm)
                .await
                .map(|vm| vm.map_or(Where::Gone, Where::At)),
        };
        let found = match read {
            Ok(Where::At(vm)) => Ok(Some(vm)),
            Ok(Where::Gone) => Ok(None),
            Ok(Where::Elsewhere) => self.find_by_listing(vm).await,
            Err(error) => Err(error),
        };
        match found {
            // Tasks that cannot be read now are read again by the background.
            Ok(Some(vm)) => drop(self.read_tasks(&vm).await),
            Ok(None) => {}
            // What was done is not told yet.
            Err(_) => self.look_for_a_while(&vm.key.id),
        }
    }

    /// The VM that a command is about, as it is known.
    pub(super) fn vm_of(&self, command: &Command) -> Option<Arc<Vm>> {
        let known = self.known();
        let of_task = || match command {
            Command::Acknowledge { task, .. } | Command::Decide { task, .. } => {
                known.task(task)?.vm.clone()
            }
            Command::Act { .. } | Command::ActOnVapp { .. } | Command::CreateVapp { .. } => None,
        };
        let key = command.vm().cloned().or_else(of_task)?;
        known.vm(&key.id)
    }
}

enum Queued {
    /// Nothing else waits for its VM.
    First(VmKey),
    /// Something else does.
    Behind,
    /// The same, or something else that rules it out, was asked already and is not decided.
    Refused(Denial),
    /// It waits for no VM.
    Alone(oneshot::Receiver<bool>, Option<Occupied>),
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// This VM.
    Vm(Arc<str>),
    /// This appliance.
    Vapp(Arc<str>),
    /// A new appliance, by project and name.
    New(Arc<str>, Arc<str>),
    /// This task.
    Task(Arc<str>),
}

/// Keeps everything else from what a command changes, as long as it lives.
pub(super) struct Occupied {
    worker: Arc<Worker>,
    subject: Subject,
    vms: Vec<VmKey>,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        lock(&self.worker.busy).remove(&self.subject);
        for vm in self.vms.drain(..) {
            // What waited behind it has its turn.
            let worker = self.worker.clone();
            self.worker
                .spawn("commands", async move { worker.run_queue(vm).await });
        }
    }
}

fn twice() -> Denial {
    Denial::Locked(Some("the same was asked already".into()))
}

/// Whether it may leave other appliances than there were.
fn changes_vapps(command: &Command) -> bool {
    match command {
        Command::ActOnVapp { .. } | Command::CreateVapp { .. } => true,
        Command::Act { action, .. } => {
            matches!(action, Action::Move { .. } | Action::Restrict { .. })
        }
        Command::Decide { .. } | Command::Acknowledge { .. } => false,
    }
}
