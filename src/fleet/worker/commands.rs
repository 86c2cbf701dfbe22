//! Commands in line: one after the other for each VM, side by side for different VMs, each from its asking to its outcome.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::acting::{too_late, unjournaled};
use super::ticket::Ticket;
use super::{Worker, guarded, lock};
use crate::clouds::EventQuery;
use crate::fleet::Mode;
use crate::fleet::command::{Command, Stage};
use crate::model::{ActionKind, Denial, Vm, VmKey};

/// So long the outcome of a command waits for the VM to be read anew.
const REREAD_MAX: Duration = Duration::from_secs(10);

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
                    Queued::Twice
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
            Command::ActOnVapp { .. }
            | Command::CreateVapp { .. }
            | Command::Decide { .. }
            | Command::Acknowledge { .. } => Queued::Alone(in_journal),
        };
        // Queued here, so the journal has commands in the order in which they were asked for.
        let written = self.journal(&ticket, &Stage::Asked);
        let worker = self.clone();
        let asked = ticket.clone();
        let twice = matches!(queued, Queued::Twice);
        self.spawn("journal", async move {
            let written = written.await;
            match written {
                Ok(()) => {
                    worker.report(&asked, Stage::Asked);
                    if twice {
                        let denial = Denial::Locked(Some("the same was asked already".into()));
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
            Queued::Alone(in_journal) => {
                let worker = self.clone();
                self.spawn("acknowledging", async move {
                    if in_journal.await == Ok(true) {
                        worker.acknowledge(&ticket).await;
                    }
                });
            }
            Queued::Behind | Queued::Twice => {}
        }
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
                let ticket = &asked.ticket;
                if let Err(why) = guarded(self.act(ticket)).await {
                    let stage = ticket.unknown(format!("an internal error ({why})"));
                    self.finish(ticket, stage, Reread::No).await;
                    self.panicked("command", &why, self.refresh).await;
                }
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
        let vm = self.vm_of(&ticket.command);
        if let Some(vm) = vm.filter(|_| reread == Reread::Yes && !self.is_closing()) {
            let reading = async {
                match self.reread(&vm).await {
                    // Tasks that cannot be read now are read again by the background.
                    Ok(Some(vm)) => drop(self.read_tasks(&vm).await),
                    Ok(None) => {}
                    // What was done is not told yet.
                    Err(_) => self.look_for_a_while(&vm.key.id),
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
    /// The same was asked already and is not decided.
    Twice,
    /// It waits for no VM.
    Alone(oneshot::Receiver<bool>),
}
