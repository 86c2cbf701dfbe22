//! The engine as others see it: started, asked, told, stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::command::{Command, CommandId, CommandReport, Stage};
use super::journal::Journal;
use super::outbox::{Outbox, forward};
use super::setup::Setup;
use super::update::{Ask, Update};
use super::words;
use super::worker::{Common, Question, Stop, Ticket, Worker};
use crate::model::{CloudName, VmKey};

/// So long what is on its way may take to end when the engine stops.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// So long closing sessions may take.
const CLOSE_MAX: Duration = Duration::from_secs(2);

/// The running engine. Dropping it ends everything at once; [`Fleet::stop`] ends it in good order.
pub struct Fleet {
    pub(super) workers: Vec<Arc<Worker>>,
    outbox: Outbox,
    journal: Journal,
    stop: Stop,
    spawned: TaskTracker,
    next_command: Arc<AtomicU64>,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clouds = self.workers.iter().map(|worker| &worker.info.name);
        f.debug_list().entries(clouds).finish()
    }
}

impl Fleet {
    /// Starts the workers. Their updates come on the bounded channel; when nobody takes them, reading waits, commands do not.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(setup: Setup) -> (Self, Receiver<Update>) {
        let stop = Stop::default();
        let spawned = TaskTracker::new();
        let handle = Handle::current();
        let (outbox, direct, updates, receiver) = Outbox::new(stop.kill.clone());
        let (journal, writer) = Journal::new(&setup.state_dir);
        // These two end when nobody can send to them any more, after everything else.
        handle.spawn(forward(direct, updates));
        handle.spawn(writer.run());
        let common = Common {
            outbox: outbox.clone(),
            journal: journal.clone(),
            stop: stop.clone(),
            spawned: spawned.clone(),
            handle,
            next_command: Arc::new(AtomicU64::new(1)),
            state_dir: setup.state_dir.clone(),
            unfinished: Arc::default(),
        };
        let workers: Vec<_> = setup
            .clouds
            .iter()
            .map(|cloud| Worker::new(cloud.clone(), &setup, common.clone()))
            .collect();
        for worker in &workers {
            worker.start();
        }
        let fleet = Self {
            workers,
            outbox,
            journal,
            stop,
            spawned,
            next_command: common.next_command,
        };
        (fleet, receiver)
    }

    /// Takes a command and never waits: it is put in an unbounded queue, whose size is bounded by what a person asks for. What becomes
    /// of it comes as [`Update::Command`], under the id that is answered.
    pub fn submit(&self, command: Command) -> CommandId {
        self.submit_to(command, true)
    }

    /// [`Self::submit`], where `follow` says whether anybody waits for the end of its task.
    pub(super) fn submit_to(&self, command: Command, follow: bool) -> CommandId {
        let id = CommandId(self.next_command.fetch_add(1, Ordering::Relaxed));
        let worker = self.worker(command.cloud());
        let name = worker.and_then(|worker| worker.name_for(&command));
        let ticket = Ticket {
            id,
            name: name.unwrap_or_else(|| command.subject_id()),
            command,
            tenant: worker.and_then(|worker| worker.tenant()),
            follow,
            run: self.journal.run.clone(),
            number: id.0,
            earlier: false,
        };
        match worker {
            Some(worker) => worker.submit(ticket),
            None => {
                let what =
                    words::what(ticket.command.title(), &ticket.name, ticket.command.cloud());
                let stage = Stage::Refused {
                    message: words::not_sent(
                        &what,
                        "no such cloud is configured",
                        "check its name",
                    ),
                };
                self.outbox.report(CommandReport {
                    id,
                    command: ticket.command,
                    vm_name: ticket.name,
                    at: jiff::Timestamp::now(),
                    stage,
                });
            }
        }
        id
    }

    /// Takes a question and never waits: at most one of each kind is kept for each VM.
    pub fn ask(&self, ask: Ask) {
        match ask {
            Ask::Refresh(cloud) => {
                let asked = |worker: &&Arc<Worker>| {
                    cloud
                        .as_ref()
                        .is_none_or(|cloud| worker.info.name == *cloud)
                };
                self.workers
                    .iter()
                    .filter(asked)
                    .for_each(|worker| worker.refresh());
            }
            Ask::OnScreen(vms) => {
                for worker in &self.workers {
                    worker.on_screen(&vms);
                }
            }
            Ask::VmTasks(vm) => self.question(vm, Question::Tasks),
            Ask::Raw(vm) => self.question(vm, Question::Raw),
            Ask::ConsoleLog(vm) => self.question(vm, Question::ConsoleLog),
            Ask::Candidates(vm) => self.question(vm, Question::Candidates),
            Ask::Remote { vm, reveal } => self.question(vm, |vm| Question::Remote(vm, reveal)),
            Ask::Metrics(vm) => self.question(vm, Question::Metrics),
            Ask::Held(Some(cloud)) => self.question_of(&cloud, Question::Held),
            Ask::Held(None) => {
                for worker in &self.workers {
                    worker.ask(Question::Held);
                }
            }
            Ask::Tenants(cloud) => self.question_of(&cloud, Question::Tenants),
            Ask::Projects(cloud) => self.question_of(&cloud, Question::Projects),
            Ask::Events(cloud, query) => self.question_of(&cloud, Question::Events(query)),
            Ask::LookAt(cloud, tenant) => {
                if let Some(worker) = self.worker(&cloud) {
                    worker.look_at_soon(tenant);
                }
            }
        }
    }

    fn question_of(&self, cloud: &CloudName, question: Question) {
        if let Some(worker) = self.worker(cloud) {
            worker.ask(question);
        }
    }

    fn question(&self, vm: VmKey, question: impl FnOnce(VmKey) -> Question) {
        if let Some(worker) = self.worker(&vm.cloud) {
            worker.ask(question(vm));
        }
    }

    pub(super) fn worker(&self, cloud: &CloudName) -> Option<&Arc<Worker>> {
        self.workers
            .iter()
            .find(|worker| worker.info.name == *cloud)
    }

    /// From now on nothing is sent that was not: commands that wait are refused.
    pub(super) fn send_no_more(&self) {
        self.stop.send_no_more.store(true, Ordering::Release);
        for worker in &self.workers {
            worker.refuse_waiting();
        }
    }

    /// Ends the workers, keeps the inventory, closes the sessions and the journal. What is on its way to a cloud has a
    /// few seconds to be answered; what is not known by then stays in the journal and is settled by the next run.
    pub async fn stop(self) {
        self.stop_within(GRACE).await;
    }

    /// [`Self::stop`], where what is on its way has so long to be answered.
    pub(super) async fn stop_within(self, grace: Duration) {
        self.stop.closing.cancel();
        self.spawned.close();
        // Whoever does not end by itself is ended below.
        let _ = timeout(grace, self.spawned.wait()).await;
        self.stop.kill.cancel();
        join_all(self.workers.iter().map(|worker| worker.keep())).await;
        let closing = self.workers.iter().map(|worker| worker.close());
        let _ = timeout(CLOSE_MAX.min(grace), join_all(closing)).await;
        self.journal.close().await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.kill.cancel();
    }
}
