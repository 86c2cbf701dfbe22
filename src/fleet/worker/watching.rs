//! Watching a VM where its cloud has no task to follow: a task is made here, phase after phase is watched, and what comes next is
//! sent only when the phase before is over.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::commands::Reread;
use super::following::{LOST_AFTER, POLL_FIRST, POLL_MAX};
use super::ticket::Ticket;
use super::{Worker, acting};
use crate::clouds::{Error, Execution};
use crate::fleet::backoff::back_off;
use crate::fleet::command::{Command, Stage};
use crate::fleet::watch::{Seen, Watch, Watched, state_words};
use crate::fleet::words;
use crate::model::{Action, Availability, JobState, Task, TaskState, Vm};

/// So long what comes next tries to read its VM before it is given up.
const SEND_MAX: Duration = Duration::from_secs(60);

/// How the watching of a phase ended.
enum PhaseEnd {
    /// What it waited for is so.
    Met,
    /// It is not, for this reason.
    Failed(String),
    /// Nobody can tell: the VM could not be read in the end.
    Unread(String),
}

/// What became of what comes next.
enum Next {
    /// It was sent.
    Sent,
    /// It may have been executed.
    Unsure,
    /// It was not executed, for this reason.
    Not(String),
    /// Nothing is sent any more; the next run goes on.
    Left,
}

/// How an operation ended otherwise than well.
enum Fault {
    Failed(String),
    Unknown(String),
    /// This run sends no more.
    Left,
}

impl Worker {
    /// Watches an operation to its end. `late` is how long ago its phase began, for one that an earlier run has left.
    pub(super) async fn watched(
        self: &Arc<Self>,
        ticket: &Ticket,
        vm: Arc<Vm>,
        mut watch: Watch,
        late: Option<Duration>,
    ) {
        let Command::Act { action, .. } = &ticket.command else {
            return;
        };
        let task = watch.task(self.own_task(ticket), vm.key.clone(), action, self.user());
        let mut shown = Shown { worker: self, task };
        shown.tell().await;
        let stage = match self
            .watch_all(ticket, &vm, &mut watch, &mut shown, late)
            .await
        {
            Ok(Followed::ToItsEnd) => {
                shown.end(TaskState::FinishedSuccessfully, None).await;
                Stage::Done {
                    task: Some(shown.task.key.clone()),
                }
            }
            // The journal has how far it is: the next run goes on there, or nobody waits for it.
            Ok(Followed::UntilAccepted) | Err(Fault::Left) => return,
            Err(Fault::Failed(why)) => {
                shown
                    .end(TaskState::FinishedUnsuccessfully, Some(why))
                    .await;
                Stage::Failed {
                    message: words::failed(
                        &ticket.what(),
                        words::task_failure(&shown.task),
                        "look at the VM, then acknowledge the task",
                    ),
                    task: Some(shown.task.key.clone()),
                }
            }
            Err(Fault::Unknown(why)) => {
                let stage = ticket.unknown(&why);
                shown
                    .end(TaskState::FinishedUnsuccessfully, Some(why))
                    .await;
                stage
            }
        };
        if !matches!(stage, Stage::Done { .. }) {
            self.look_for_a_while(&vm.key.id);
        }
        self.finish(ticket, stage, Reread::Yes).await;
    }

    async fn watch_all(
        self: &Arc<Self>,
        ticket: &Ticket,
        vm: &Vm,
        watch: &mut Watch,
        shown: &mut Shown<'_>,
        mut late: Option<Duration>,
    ) -> Result<Followed, Fault> {
        let accepted = Stage::Accepted {
            task: Some(shown.task.key.clone()),
        };
        let mut is_told = false;
        loop {
            let Some(phase) = watch.phase().cloned() else {
                return Ok(Followed::ToItsEnd);
            };
            if late.is_none() {
                let written = self.journal_watch(ticket, watch, &accepted).await;
                self.journal_trouble(written);
            }
            // Who does not wait for the end still waits until all is sent: nobody would send the rest.
            let is_sent = !watch.has_more_to_send();
            if !is_told && (ticket.follow || is_sent) {
                is_told = true;
                self.report(ticket, accepted.clone());
            }
            if !ticket.follow && is_sent {
                return Ok(Followed::UntilAccepted);
            }
            let waited = late.take();
            let too_late = waited.is_some_and(|waited| waited >= phase.limit());
            let watching = self.watch_phase(vm, watch, &phase, waited);
            let Some(end) = self.until_closing(watching).await else {
                return Err(Fault::Left);
            };
            match end {
                PhaseEnd::Met => {}
                PhaseEnd::Failed(why) if watch.unsure || too_late => {
                    return Err(Fault::Unknown(why));
                }
                PhaseEnd::Failed(why) => return Err(Fault::Failed(why)),
                PhaseEnd::Unread(why) => return Err(Fault::Unknown(why)),
            }
            shown.job_is(watch.at, JobState::Done);
            if let Some(then) = &phase.then {
                if too_late {
                    let title = then.kind().title().to_lowercase();
                    let why = format!(
                        "the run that asked for it ended; {title} was not sent, for its time had passed"
                    );
                    return Err(Fault::Failed(why));
                }
                shown.job_is(watch.at + 1, JobState::Started);
                shown.tell().await;
                match self.send_next(ticket, vm, watch, then).await {
                    Next::Sent => watch.unsure = false,
                    Next::Unsure => {}
                    Next::Not(why) => return Err(Fault::Failed(why)),
                    Next::Left => return Err(Fault::Left),
                }
            } else {
                watch.at += 1;
                watch.since = Timestamp::now();
                shown.job_is(watch.at, JobState::Started);
                shown.tell().await;
            }
        }
    }

    /// `None` when the engine stops first.
    async fn until_closing<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.common.stop.closing.run_until_cancelled(work).await
    }

    /// Reads the VM until a phase is over, and tells what is seen.
    async fn watch_phase(
        self: &Arc<Self>,
        vm: &Vm,
        watch: &Watch,
        phase: &Watched,
        waited: Option<Duration>,
    ) -> PhaseEnd {
        let began = Instant::now();
        let limit = phase.limit();
        let mut last_seen = None;
        let (mut changed, mut failures, mut missing) = (false, 0, 0);
        let mut wait = POLL_FIRST;
        // What an earlier run left has waited already.
        let mut pause = waited.map_or(wait, |_| Duration::ZERO);
        loop {
            let left = limit.saturating_sub(waited.unwrap_or_default() + began.elapsed());
            let is_last = pause >= left;
            sleep(pause.min(left)).await;
            let slot = self.following_slots.acquire().await;
            let order = self.known().begin();
            let answer = self.read(|| self.cloud.target(vm)).await;
            drop(slot);
            let mut unread = None;
            pause = match answer {
                Ok(target) => {
                    (failures, missing) = (0, 0);
                    let now = target.vm;
                    changed |= watch.before.differs(&now);
                    last_seen = Some(state_words(&now));
                    let is_met = phase.until.is_met(changed, Some(&now));
                    self.tell_vm(now, order).await;
                    if is_met {
                        return PhaseEnd::Met;
                    }
                    let now = wait;
                    wait = (wait * 5 / 4).min(POLL_MAX);
                    now
                }
                Err(Error::NotFound(_)) => {
                    missing += 1;
                    let is_met = phase.until.is_met(changed, None);
                    // One answer alone may come from a server that does not find it for a moment.
                    if is_met || missing >= LOST_AFTER {
                        self.tell_gone(&vm.key, order).await;
                        return if is_met {
                            PhaseEnd::Met
                        } else {
                            PhaseEnd::Failed("the VM is gone".to_owned())
                        };
                    }
                    POLL_FIRST
                }
                Err(error) => {
                    failures += 1;
                    let pause = back_off(failures, error.retry_after());
                    unread = Some(error);
                    pause
                }
            };
            if is_last {
                let missed = match waited.filter(|waited| *waited >= limit) {
                    Some(_) => "nobody watched it meanwhile".to_owned(),
                    None => phase.until.missed(limit),
                };
                let seen = last_seen.as_deref().unwrap_or("nothing");
                let why = format!("{missed}; last seen: {seen}");
                return match unread {
                    Some(error) => PhaseEnd::Unread(format!("{why}; it cannot be read: {error}")),
                    None => PhaseEnd::Failed(why),
                };
            }
        }
    }

    /// Sends what comes next, once, on the VM as it is then: checked and journaled as the first was. The watch stands at the next
    /// phase afterwards.
    async fn send_next(
        self: &Arc<Self>,
        ticket: &Ticket,
        vm: &Vm,
        watch: &mut Watch,
        then: &Action,
    ) -> Next {
        let began = Instant::now();
        for failures in 1.. {
            let Some(slot) = self.until_closing(self.acting_slots.acquire()).await else {
                return Next::Left;
            };
            if self.sends_no_more() {
                return Next::Left;
            }
            if self.known().keeps_protections()
                && let Err(error) = self.read_local().await
            {
                return Next::Not(error.to_string());
            }
            let order = self.known().begin();
            let reading = self.read(|| self.cloud.target(vm));
            let Some(read) = self.until_closing(reading).await else {
                return Next::Left;
            };
            let mut target = match read {
                Ok(target) => target,
                Err(error)
                    if matches!(error, Error::NotFound(_)) || began.elapsed() >= SEND_MAX =>
                {
                    let title = then.kind().title().to_lowercase();
                    return Next::Not(format!("{title} was not sent: {error}"));
                }
                Err(error) => {
                    let pause = back_off(failures, error.retry_after());
                    drop(slot);
                    if self.until_closing(sleep(pause)).await.is_none() {
                        return Next::Left;
                    }
                    continue;
                }
            };
            self.known().complete(&mut target.vm);
            let answer = self.may(then, &target.vm);
            self.tell_soon(&target, order);
            if let Availability::Denied(denial) = answer {
                let title = then.kind().title().to_lowercase();
                return Next::Not(format!("{title} was not sent: {denial}"));
            }
            watch.at += 1;
            watch.since = Timestamp::now();
            watch.before = Seen::of(&target.vm);
            watch.unsure = true;
            if let Err(error) = self.journal_watch(ticket, watch, &Stage::Sent).await {
                let why = acting::unjournaled(ticket, &error);
                self.journal_trouble(Err(error));
                return Next::Not(why.message().unwrap_or_default().to_owned());
            }
            return match self.perform(&target, then).await {
                Ok(_) => Next::Sent,
                Err(error) if error.execution() == Execution::No => Next::Not(error.to_string()),
                Err(_) => Next::Unsure,
            };
        }
        Next::Left
    }
}

/// How far an operation was followed.
enum Followed {
    ToItsEnd,
    UntilAccepted,
}

/// The task that is shown of a watched operation.
pub(super) struct Shown<'a> {
    pub worker: &'a Arc<Worker>,
    pub task: Task,
}

impl Shown<'_> {
    pub(super) async fn tell(&mut self) {
        self.task.updated_at = Some(Timestamp::now());
        let order = self.worker.known().begin();
        self.worker.tell_task(&self.task, order).await;
    }

    fn job_is(&mut self, at: usize, state: JobState) {
        if let Some(job) = self.task.jobs.get_mut(at) {
            job.state = state;
        }
    }

    /// Ends it. One that failed warns until somebody acknowledges it.
    async fn end(&mut self, state: TaskState, why: Option<String>) {
        if let Some(why) = why {
            let jobs = &mut self.task.jobs;
            let at = jobs.iter().position(|job| !job.state.is_done());
            let at = at.unwrap_or(jobs.len().saturating_sub(1));
            if let Some(job) = jobs.get_mut(at) {
                job.state = JobState::Failed;
                job.description = Some(why.into());
            }
        }
        self.close(state).await;
    }

    /// Ends it, where its jobs say why.
    pub(super) async fn close(&mut self, state: TaskState) {
        let failed = state.is_failure();
        self.task.state = state;
        self.task.acknowledgeable = failed;
        self.tell().await;
        if failed {
            self.worker.keep_failed(&self.task).await;
        }
    }
}
