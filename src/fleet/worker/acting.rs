//! The acting lane: one command, from checking the VM as it is now to the outcome, beside whatever is being read.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::Worker;
use super::commands::Reread;
use super::following::End;
use super::settling::{Open, Settled};
use super::ticket::Ticket;
use crate::clouds::{Accepted, Error, Execution, Target, TaskHandle};
use crate::fleet::command::{Command, Stage};
use crate::fleet::watch::Watch;
use crate::fleet::words;
use crate::model::{
    Action, ActionKind, Availability, Confirmed, Denial, Standing, Task, TaskState, Vm, VmKey,
    availability_of, unconfirmed,
};

/// So long the name of who protected a VM meanwhile is looked for.
const PROTECTOR_MAX: Duration = Duration::from_secs(5);

impl Worker {
    pub(super) async fn act(self: &Arc<Self>, ticket: &Ticket) {
        let Command::Act {
            vm,
            action,
            confirmed,
        } = &ticket.command
        else {
            return;
        };
        match self.send(ticket, vm, action, confirmed).await {
            Sent::Not(stage) => self.finish(ticket, stage, Reread::No).await,
            Sent::Refused(stage) | Sent::Ended(stage) => {
                self.finish(ticket, stage, Reread::Yes).await;
            }
            Sent::Accepted(handle, open) => self.carried_by(ticket, handle, open).await,
            Sent::Watched(vm, watch) => self.watched(ticket, vm, watch, None).await,
            Sent::Open(open) => self.find_out(ticket, open).await,
        }
    }

    /// Checks on the VM as it is now, journals, and sends once.
    async fn send(
        self: &Arc<Self>,
        ticket: &Ticket,
        key: &VmKey,
        action: &Action,
        confirmed: &Confirmed,
    ) -> Sent {
        let _slot = match self.turn(ticket).await {
            Ok(slot) => slot,
            Err(stage) => return Sent::Not(stage),
        };
        let known = self.known().vm(&key.id);
        let Some(vm) = known else {
            return Sent::Not(ticket.not_sent("no such VM is known", "list the VMs again"));
        };
        let order = self.known().begin();
        let read = tokio::select! {
            read = self.read_target(&vm) => read,
            () = self.common.stop.closing.cancelled() => return Sent::Not(too_late(ticket)),
        };
        let mut target = match read {
            Ok(target) => target,
            Err(error) => {
                if matches!(error, Error::NotFound(_)) {
                    self.tell_gone(key, order).await;
                }
                return Sent::Not(ticket.not_sent_by(&error));
            }
        };
        if self.known().keeps_protections()
            && let Err(error) = self.read_local().await
        {
            return Sent::Not(ticket.not_kept(&error));
        }
        self.known().complete(&mut target.vm);
        if let Availability::Denied(denial) = self.may(action, &target.vm) {
            self.tell_soon(&target, order);
            return Sent::Not(ticket.refused(denial));
        }
        if let Some(why) = self.unconfirmed(action, &mut target.vm, confirmed).await {
            self.tell_soon(&target, order);
            return Sent::Not(ticket.refused(why));
        }
        if let Action::Protect { reason } = action
            && reason.trim().is_empty()
        {
            return Sent::Not(ticket.refused("a protection needs a reason"));
        }
        self.tell_soon(&target, order);
        let before = self.known().tasks_seen(key);
        if let Err(stage) = self.begin_sending(ticket).await {
            return Sent::Not(stage);
        }
        let open = Open {
            vm: vm.clone(),
            action: action.clone(),
            was: Some(target.vm.clone()),
            sent: Timestamp::now(),
            began: Instant::now(),
            waited: Duration::ZERO,
            before,
            why: String::new(),
        };
        if self.is_kept_here(action) {
            return match self.protect_here(ticket, &target.vm, action).await {
                stage @ Stage::Refused { .. } => Sent::Refused(stage),
                stage => Sent::Ended(stage),
            };
        }
        match self.perform(&target, action).await {
            Ok(Accepted::Done) => {
                self.done_at_once(key, action);
                Sent::Ended(Stage::Done { task: None })
            }
            Ok(Accepted::Task(handle)) => Sent::Accepted(handle, open),
            Ok(Accepted::Watch(phases)) => match Watch::new(phases, &target.vm, open.sent) {
                Some(watch) => Sent::Watched(vm, watch),
                None => Sent::Ended(Stage::Done { task: None }),
            },
            Err(error) if error.execution() == Execution::No => {
                self.rejected(ticket, &open, &error).await
            }
            Err(error) => Sent::Open(Open {
                why: error.to_string(),
                ..open
            }),
        }
    }

    /// Waits for a place among what is being sent to the cloud. `Err` with the end of a command whose turn does not come any more.
    pub(super) async fn turn(&self, ticket: &Ticket) -> Result<impl Sized + use<'_>, Stage> {
        let slot = tokio::select! {
            slot = self.acting_slots.acquire() => slot,
            () = self.common.stop.closing.cancelled() => return Err(too_late(ticket)),
        };
        self.kept_from_sending(ticket).map_or(Ok(slot), Err)
    }

    /// Journals and tells that a command is sent, just before it is. `Err` with the end of one that is not to be sent.
    pub(super) async fn begin_sending(&self, ticket: &Ticket) -> Result<(), Stage> {
        if let Some(stage) = self.kept_from_sending(ticket) {
            return Err(stage);
        }
        if let Err(error) = self.journal(ticket, &Stage::Sent).await {
            let stage = unjournaled(ticket, &error);
            self.journal_trouble(Err(error));
            return Err(stage);
        }
        self.report(ticket, Stage::Sent);
        Ok(())
    }

    /// What keeps a command from being sent whatever it is: its time is up, or another tenant is looked at since it was asked, so that
    /// what the person saw then is not what is known now.
    fn kept_from_sending(&self, ticket: &Ticket) -> Option<Stage> {
        if self.sends_no_more() {
            return Some(too_late(ticket));
        }
        (self.tenant() != ticket.tenant).then(|| {
            let why = "another tenant is looked at since it was asked";
            ticket.not_sent(why, "look at that tenant and ask again")
        })
    }

    /// What the person who asked was not asked, because the VM was protected since. Who did that is in the newest events on some
    /// clouds: they are read if nothing else tells.
    async fn unconfirmed(
        &self,
        action: &Action,
        vm: &mut Vm,
        confirmed: &Confirmed,
    ) -> Option<String> {
        let why = unconfirmed(action.kind(), vm, confirmed)?;
        if vm.protection.as_ref().is_none_or(|it| it.by.is_some()) {
            return Some(why);
        }
        // Without the name the refusal is as good.
        let events = timeout(PROTECTOR_MAX, self.read_new_events());
        let closing = &self.common.stop.closing;
        let _ = closing.run_until_cancelled(events).await;
        self.known().complete(vm);
        unconfirmed(action.kind(), vm, confirmed)
    }

    /// Sends once.
    pub(super) async fn perform(
        &self,
        target: &Target,
        action: &Action,
    ) -> Result<Accepted, Error> {
        self.send_once(|| self.cloud.perform(target, action)).await
    }

    /// Whether an action changes nothing in the cloud, only what this console keeps.
    pub(super) fn is_kept_here(&self, action: &Action) -> bool {
        matches!(action, Action::Protect { .. } | Action::Unprotect)
            && self.known().keeps_protections()
    }

    /// Whether it may be done to the VM as it is now.
    pub(super) fn may(&self, action: &Action, vm: &Vm) -> Availability {
        let session = self.session();
        let known = self.known();
        let running = known.tasks_of(&vm.key.id).find(|task| task.is_running());
        let standing = Standing {
            capabilities: self.info.capabilities,
            privileges: session.as_ref().map(|session| &session.privileges),
            signed_out: None,
            read_only: self.info.read_only,
            restricted: known.is_restricted(vm),
            progress: running.map(Task::progress).or_else(|| vm.native_progress()),
        };
        // Of an appliance that is not known the cloud has the last word.
        let to = action.destination().and_then(|id| known.vapp(id));
        availability_of(action, vm, to, &standing)
    }

    /// The cloud said no and did nothing. Where the VM is so already, somebody else was first: releasing what is released is done,
    /// protecting what is protected is refused with the reason that stands.
    async fn rejected(self: &Arc<Self>, ticket: &Ticket, open: &Open, error: &Error) -> Sent {
        if matches!(error, Error::Conflict(_))
            && matches!(open.action, Action::Protect { .. } | Action::Unprotect)
            && let Ok(Some(vm)) = self.reread(&open.vm).await
        {
            match (&open.action, &vm.protection) {
                (Action::Unprotect, None) => return Sent::Ended(Stage::Done { task: None }),
                (Action::Protect { .. }, Some(protection)) => {
                    let denial = Denial::AlreadyProtected {
                        by: protection.by.clone(),
                        reason: protection.reason.clone(),
                    };
                    return Sent::Refused(ticket.refused(denial));
                }
                _ => {}
            }
        }
        Sent::Refused(ticket.rejected(error))
    }

    fn done_at_once(&self, key: &VmKey, action: &Action) {
        match action {
            Action::Protect { .. } => {
                let by = self.session().map(|session| {
                    let name = session.full_name.as_ref();
                    name.unwrap_or(&session.user).clone()
                });
                self.known().protected_here(&key.id, by, Timestamp::now());
            }
            Action::Unprotect => {}
            // Taken is not yet so: its state follows.
            _ => self.look_for_a_while(&key.id),
        }
    }

    /// A task carries the command: follow it to its end.
    pub(super) async fn carried_by(
        self: &Arc<Self>,
        ticket: &Ticket,
        handle: TaskHandle,
        mut open: Open,
    ) {
        let stage = Stage::Accepted {
            task: Some(handle.key.clone()),
        };
        self.journal_accepted(ticket, &handle).await;
        self.report(ticket, stage);
        if !ticket.follow {
            return;
        }
        // Found running by a listing, it is not followed twice.
        let followed = self.begin_following(&handle.key);
        let closing = &self.common.stop.closing;
        let Some(end) = closing.run_until_cancelled(self.follow(&handle)).await else {
            // The journal has it as accepted: the next run goes on here.
            return;
        };
        drop(followed);
        match end {
            End::Task(task) => {
                let stage = task_outcome(ticket, open.action.kind(), &task);
                self.finish(ticket, stage, Reread::Yes).await;
            }
            End::Lost(why) => {
                // What it did to the VM is all that is left to look at.
                open.before.insert(handle.key);
                open.why = why;
                Box::pin(self.find_out(ticket, open)).await;
            }
        }
    }

    /// No answer came: find out by reading, never by sending again.
    pub(super) async fn find_out(self: &Arc<Self>, ticket: &Ticket, open: Open) {
        let closing = &self.common.stop.closing;
        let settled = closing.run_until_cancelled(self.settle(&open)).await;
        let stage = match settled {
            // The journal has it as sent: the next run goes on here.
            None => return,
            Some(Settled::Task(task)) => {
                let handle = TaskHandle {
                    key: task.key,
                    vm: task.vm,
                    locator: task.locator,
                };
                return Box::pin(self.carried_by(ticket, handle, open)).await;
            }
            Some(Settled::Done) => Stage::Done { task: None },
            Some(Settled::Failed(why)) => Stage::Failed {
                message: words::failed(&ticket.what(), why, "list the VMs again"),
                task: None,
            },
            Some(Settled::Unknown(why)) => {
                self.look_for_a_while(&open.vm.key.id);
                ticket.unknown(why)
            }
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }

    /// Tells the VM that was read for an action, without making the action wait for room.
    pub(super) fn tell_soon(self: &Arc<Self>, target: &Target, order: super::known::Order) {
        let worker = self.clone();
        let vm = target.vm.clone();
        self.spawn("telling", async move { worker.tell_vm(vm, order).await });
    }
}

enum Sent {
    /// Refused here; nothing left.
    Not(Stage),
    /// Refused by the cloud.
    Refused(Stage),
    /// It is over.
    Ended(Stage),
    /// A task carries it.
    Accepted(TaskHandle, Open),
    /// No task carries it: the VM is watched.
    Watched(Arc<Vm>, Watch),
    /// Nobody knows whether it was executed.
    Open(Open),
}

pub(super) fn too_late(ticket: &Ticket) -> Stage {
    ticket.not_sent(
        "the time was up or the program ended before its turn",
        "ask again",
    )
}

pub(super) fn unjournaled(ticket: &Ticket, error: &crate::fleet::journal::JournalError) -> Stage {
    Stage::Refused {
        message: format!(
            "{} cannot be journaled, so it is not sent: {error}",
            ticket.what()
        ),
    }
}

/// What the end of its task means for a command.
fn task_outcome(ticket: &Ticket, action: ActionKind, task: &Task) -> Stage {
    if task.state == TaskState::FinishedSuccessfully {
        return Stage::Done {
            task: Some(task.key.clone()),
        };
    }
    Stage::Failed {
        message: words::failed(
            &ticket.what(),
            words::task_failure(task),
            words::after_failure(action),
        ),
        task: Some(task.key.clone()),
    }
}
