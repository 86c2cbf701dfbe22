//! The engine for one command: the same submitting, tracking, journal and availability, without polling.

mod asking;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout, timeout_at};

use super::command::{Command, CommandId, CommandReport, Stage};
use super::engine::{Fleet, GRACE};
use super::inventory::Inventory;
use super::setup::{Mode, Setup};
use super::update::{CloudStatus, Update};
use super::words;
use super::worker::Worker;
use crate::clouds::{Error, EventQuery};
use crate::model::{CloudName, Event, PowerState, VmKey};

/// So long the outcomes of commands that are no longer sent are waited for.
const LAST_REPORTS: Duration = Duration::from_millis(500);

/// So long what is on its way may take to end when the time is up already.
const LATE_GRACE: Duration = Duration::from_millis(300);
/// So long closing sessions, keeping what was read and telling the last of it may take besides.
const END_MAX: Duration = Duration::from_secs(10);

/// A cloud that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudFailure {
    /// The cloud.
    pub cloud: CloudName,
    /// What failed and what to do, as one sentence.
    pub error: String,
}

/// How long a command is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until its outcome is known.
    UntilEnd,
    /// Until the cloud has taken it; nobody follows its task, and the journal says so.
    UntilAccepted,
}

/// Whose tasks are read.
#[derive(Debug, Clone, Copy)]
pub enum TasksOf<'a> {
    /// Those of every VM that was listed.
    All,
    /// Those of these VMs.
    Vms(&'a [VmKey]),
    /// Those of the VMs on which an operation runs that is not known.
    Locked,
}

/// The engine for one command. Its calls take `&mut self`, one at a time; within each, clouds are asked side by side.
/// A deadline bounds a call: what has been read by then is in the inventory.
#[derive(Debug)]
pub struct OneShot {
    fleet: Fleet,
    updates: Receiver<Update>,
    inventory: Inventory,
    troubles: Vec<String>,
    /// A time limit was over before all commands were.
    late: bool,
}

impl OneShot {
    /// Opens the engine without reading anything. The mode of the setup is taken as [`Mode::OneShot`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn open(setup: Setup) -> Self {
        let setup = Setup {
            mode: Mode::OneShot,
            ..setup
        };
        let inventory = Inventory::new(setup.clouds.iter().map(|cloud| cloud.info.clone()));
        let (fleet, updates) = Fleet::start(setup);
        Self {
            fleet,
            updates,
            inventory,
            troubles: Vec::new(),
            late: false,
        }
    }

    /// Everything that has been read.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Takes what a person should read beside the answer, such as a journal that cannot be written.
    pub fn take_troubles(&mut self) -> Vec<String> {
        std::mem::take(&mut self.troubles)
    }

    /// Signs in to every cloud, reading nothing more.
    pub async fn connect_only(&mut self, deadline: Instant) -> Vec<CloudFailure> {
        let workers = self.fleet.workers.clone();
        let work = on_all_clouds(&workers, "Signing in to", deadline, |worker| async move {
            worker.ensure_session().await?;
            worker.tell_ok().await;
            Ok(())
        });
        self.drive(work).await
    }

    /// Signs in and reads VMs, appliances and recent events of every cloud. What the others have is usable when some fail, and so are
    /// the VMs that were read of a listing that failed midway ([`super::CloudView::listed`] tells).
    pub async fn list(&mut self, deadline: Instant) -> Vec<CloudFailure> {
        let workers = self.fleet.workers.clone();
        let all = workers.iter().map(|worker| async move {
            let listing = worker.list_vms();
            let failure = on_cloud(worker, "Listing", deadline, listing).await;
            worker.list_the_rest(deadline).await;
            failure
        });
        let failures = self.drive(join_all(all)).await;
        failures.into_iter().flatten().collect()
    }

    /// Whether the appliances of a cloud could not be read by the last [`Self::list`]; why is among the troubles.
    #[must_use]
    pub fn lacks_appliances(&self) -> bool {
        let mut workers = self.fleet.workers.iter();
        workers.any(|worker| worker.lacks_appliances())
    }

    /// Reads the tasks of VMs that were listed, as many at once as the cloud's configuration allows.
    pub async fn read_tasks(&mut self, of: TasksOf<'_>, deadline: Instant) -> Vec<CloudFailure> {
        let mut work = Vec::new();
        for worker in self.fleet.workers.clone() {
            let vms: Vec<_> = match of {
                TasksOf::All => self
                    .inventory
                    .slots()
                    .filter_map(|slot| self.inventory.vm(slot).cloned())
                    .filter(|vm| vm.key.cloud == worker.info.name)
                    .collect(),
                TasksOf::Locked => {
                    let overviews = self
                        .inventory
                        .slots()
                        .filter_map(|slot| self.inventory.overview(slot));
                    let locked = overviews.filter(|overview| {
                        let vm = overview.vm;
                        vm.power == PowerState::Locked
                            && vm.key.cloud == worker.info.name
                            && overview.task.is_none()
                    });
                    locked.map(|overview| overview.vm.clone()).collect()
                }
                TasksOf::Vms(keys) => keys
                    .iter()
                    .filter(|key| key.cloud == worker.info.name)
                    .filter_map(|key| self.inventory.find(key).cloned())
                    .collect(),
            };
            work.push(async move {
                let all = vms.len();
                let mut reads = stream::iter(vms)
                    .map(|vm| {
                        let worker = worker.clone();
                        async move { worker.read_tasks(&vm).await }
                    })
                    .buffer_unordered(worker.concurrency);
                let (mut failed, mut first) = (0, None);
                let reading = async {
                    while let Some(answer) = reads.next().await {
                        if let Err(error) = answer {
                            failed += 1;
                            first.get_or_insert(error);
                        }
                    }
                };
                let in_time = timeout_at(deadline, reading).await.is_ok();
                let what = format!("Reading the tasks of {}", worker.info.name);
                let error = match first {
                    Some(error) => {
                        let why = format!("{failed} of {all} VMs could not be read: {error}");
                        format!("{what} failed: {}", words::with_remedy(&error, why))
                    }
                    None if !in_time => too_slow(&what),
                    None => return None,
                };
                Some(failure(&worker, error))
            });
        }
        let failures = self.drive(join_all(work)).await;
        failures.into_iter().flatten().collect()
    }

    /// Reads events of every cloud: the newest first, at most `query.limit` in all.
    pub async fn events(
        &mut self,
        query: &EventQuery,
        deadline: Instant,
    ) -> (Vec<Event>, Vec<CloudFailure>) {
        let work = self
            .fleet
            .workers
            .clone()
            .into_iter()
            .map(|worker| async move {
                let reading = async {
                    worker.ensure_session().await?;
                    worker.read_events(query).await
                };
                match timeout_at(deadline, reading).await {
                    Ok(Ok(events)) => (events, None),
                    Ok(Err(error)) => {
                        let what = format!("Reading the events of {}", worker.info.name);
                        let error = words::failed_by(&what, &error);
                        (Vec::new(), Some(failure(&worker, error)))
                    }
                    Err(_) => {
                        let error =
                            too_slow(&format!("Reading the events of {}", worker.info.name));
                        (Vec::new(), Some(failure(&worker, error)))
                    }
                }
            });
        let answers = self.drive(join_all(work)).await;
        let (mut events, mut failures) = (Vec::new(), Vec::new());
        for (some, failed) in answers {
            events.extend(some);
            failures.extend(failed);
        }
        events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
        events.truncate(query.limit);
        (events, failures)
    }

    /// Reads one VM that was listed, and its tasks, anew.
    ///
    /// # Errors
    /// When it cannot be read, or is not known.
    pub async fn refresh_vm(&mut self, key: &VmKey, deadline: Instant) -> Result<(), CloudFailure> {
        let unknown = |error: &str| CloudFailure {
            cloud: key.cloud.clone(),
            error: format!("Reading {key} failed: {error}"),
        };
        let worker = self.worker_of(key)?;
        let vm = self.inventory.find(key).cloned();
        let vm = vm.ok_or_else(|| unknown("no such VM is known; list the VMs"))?;
        let reading = async {
            if let Some(vm) = worker.reread(&vm).await? {
                worker.read_tasks(&vm).await?;
            }
            Ok(())
        };
        let what = words::what("Reading", &vm.name, &key.cloud);
        let error = match self.drive(timeout_at(deadline, reading)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err::<(), Error>(error)) => words::failed_by(&what, &error),
            Err(_) => too_slow(&what),
        };
        Err(failure(&worker, error))
    }

    fn worker_of(&self, key: &VmKey) -> Result<Arc<Worker>, CloudFailure> {
        let worker = self.fleet.worker(&key.cloud).cloned();
        worker.ok_or_else(|| CloudFailure {
            cloud: key.cloud.clone(),
            error: format!("Reading {key} failed: no such cloud is selected; check its name"),
        })
    }

    /// Submits the commands and tells how far they are, until they are over, accepted if that is enough, or the time is up. By then
    /// nothing more is sent; a command that still runs is reported in its last stage, with its task. The answer has one
    /// report for each command, in their order.
    pub async fn run(
        &mut self,
        commands: Vec<Command>,
        wait: Wait,
        deadline: Instant,
        mut on_report: impl FnMut(&CommandReport),
    ) -> Vec<CommandReport> {
        let follow = wait == Wait::UntilEnd;
        let mut last: Vec<CommandReport> = commands
            .into_iter()
            .map(|command| {
                let id = self.fleet.submit_to(command.clone(), follow);
                self.not_reported_yet(id, command)
            })
            .collect();
        let is_over = |stage: &Stage| {
            stage.is_final() || (!follow && matches!(stage, Stage::Accepted { .. }))
        };
        let mut until = deadline;
        let mut in_time = true;
        while !last.iter().all(|report| is_over(&report.stage)) {
            match timeout_at(until, self.updates.recv()).await {
                Ok(Some(update)) => {
                    if let Update::Command(report) = &update
                        && let Some(kept) = last.iter_mut().find(|kept| kept.id == report.id)
                    {
                        on_report(report);
                        *kept = report.clone();
                    }
                    self.take(update);
                }
                Ok(None) => break,
                Err(_) if in_time => {
                    // What waits for its turn is refused now, and says so.
                    in_time = false;
                    self.late = true;
                    self.fleet.send_no_more();
                    until = Instant::now() + LAST_REPORTS;
                }
                Err(_) => break,
            }
        }
        last
    }

    /// Ends the engine in good order: at once where a time limit is over already, else after what is on its way had a few seconds to
    /// be answered. The answer is what a person should read and nobody took ([`Self::take_troubles`]).
    pub async fn stop(self) -> Vec<String> {
        let Self {
            fleet,
            mut updates,
            mut troubles,
            late,
            ..
        } = self;
        let grace = if late { LATE_GRACE } else { GRACE };
        let mut stopping = std::pin::pin!(fleet.stop_within(grace));
        let mut stopped = false;
        // What is still told must not make the end wait. After it nobody tells anything, and the channel closes.
        let telling = async {
            loop {
                tokio::select! {
                    () = &mut stopping, if !stopped => stopped = true,
                    update = updates.recv() => match update {
                        Some(Update::Trouble { message, .. }) => troubles.push(message),
                        Some(_) => {}
                        None if stopped => return,
                        None => {
                            (&mut stopping).await;
                            return;
                        }
                    },
                }
            }
        };
        // Both are bounded; a thread of the cache's that hangs on its disk could keep the channel open.
        let _ = timeout(grace + END_MAX, telling).await;
        troubles
    }

    fn not_reported_yet(&self, id: CommandId, command: Command) -> CommandReport {
        let vm = command.vm().and_then(|key| self.inventory.find(key));
        let name = vm.map(|vm| vm.name.clone());
        CommandReport {
            id,
            vm_name: name.unwrap_or_else(|| command.subject_id()),
            command: command.clone(),
            at: jiff::Timestamp::now(),
            stage: Stage::Asked,
        }
    }

    /// Waits for some work and takes in what the workers tell meanwhile.
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                answer = &mut work => {
                    while let Ok(update) = self.updates.try_recv() {
                        self.take(update);
                    }
                    return answer;
                }
                Some(update) = self.updates.recv() => self.take(update),
            }
        }
    }

    fn take(&mut self, update: Update) {
        if let Update::Trouble { message, .. } = &update {
            self.troubles.push(message.clone());
        }
        self.inventory.apply(update);
    }
}

/// Does the same with every cloud side by side, and tells which could not do it in time.
async fn on_all_clouds<F>(
    workers: &[Arc<Worker>],
    what: &str,
    deadline: Instant,
    work: impl Fn(Arc<Worker>) -> F,
) -> Vec<CloudFailure>
where
    F: Future<Output = Result<(), Error>>,
{
    let all = workers
        .iter()
        .map(|worker| on_cloud(worker, what, deadline, work(worker.clone())));
    join_all(all).await.into_iter().flatten().collect()
}

/// Does something with a cloud, and tells if it could not be done in time.
async fn on_cloud(
    worker: &Worker,
    what: &str,
    deadline: Instant,
    work: impl Future<Output = Result<(), Error>>,
) -> Option<CloudFailure> {
    let (error, sign_in) = match timeout_at(deadline, work).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => worker.failure_words(what, &error),
        Err(_) => (too_slow(&format!("{what} {}", worker.info.name)), false),
    };
    let status = CloudStatus::Failing {
        error: error.clone(),
        sign_in,
        retry_at: None,
    };
    worker.tell_status(status).await;
    Some(failure(worker, error))
}

fn failure(worker: &Worker, error: String) -> CloudFailure {
    CloudFailure {
        cloud: worker.info.name.clone(),
        error,
    }
}

fn too_slow(what: &str) -> String {
    words::failed(
        what,
        "no whole answer within the time limit",
        "raise --timeout or try again",
    )
}
