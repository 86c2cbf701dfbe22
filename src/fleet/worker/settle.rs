//! What became of an action whose answer did not come: the rule, as one pure function over what was read.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::text::clean;
use crate::model::{Action, PowerState, Session, Task, TaskKey, Vm};

/// So long after sending, a request that has left no trace is no longer waited for.
pub(in crate::fleet) const SETTLING_TIME: Duration = Duration::from_secs(30);
/// So long an operation that runs on the VM is waited for: it may be the one.
pub(in crate::fleet) const LOCKED_TIME: Duration = Duration::from_secs(10 * 60);
/// Task times are whole seconds, and the clocks of two machines are never the same.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What was read of the cloud after an answer did not come.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// What was sent.
    pub action: &'a Action,
    /// Whether the cloud has VMs that stand on no host: such a one is not deleted.
    pub has_undeployed: bool,
    /// The VM as it was read just before; `None` where that is not known any more.
    pub was: Option<&'a Vm>,
    /// When, by the clock of this machine.
    pub sent: Timestamp,
    /// How long ago.
    pub waited: Duration,
    /// Who sent it.
    pub session: Option<&'a Session>,
    /// Tasks that were known before it was sent.
    pub before: &'a HashSet<TaskKey>,
    /// The VM now; `None` when it is gone.
    pub vm: Option<&'a Vm>,
    /// Its tasks now; `None` where they cannot be read.
    pub tasks: Option<&'a [Task]>,
}

/// What the look says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// This task carries it: it was executed, follow it.
    Follow(&'a Task),
    /// What was asked for is so.
    Done,
    /// What was asked for did not come to be, and cannot any more.
    Failed(String),
    /// Too early to say.
    LookAgain,
    /// The time is up, and nothing proves it either way.
    Unknown,
}

/// Decides, by the first rule that matches:
///
/// 1. A task of the action's kind, created since it was sent (with [`CLOCK_SLACK`]), not known before, and not another user's:
///    it was executed, and the task says how it ended.
/// 2. The VM is gone: done if it was to be deleted, or if it was taken over from a host that it was to be taken off; else nothing is
///    left to act on, failed.
/// 3. What was asked for is so (the power state is the one asked for; protected with the very reason; not protected; on the
///    very host), and was not so when the VM was read just before sending: done. Reset and reboot leave the state as it was
///    and are proven by their task alone.
/// 4. Protected, but with another reason: somebody else was first, and a second protection is refused: failed.
/// 5. An operation runs on the VM: it may be this one. Look again, up to [`LOCKED_TIME`].
/// 6. No trace: look again up to [`SETTLING_TIME`]. After that it is *unknown*, not failed: a request that is stuck on its way
///    (a proxy, a queue of the server) can still be executed, and no reading proves that it will not.
pub(super) fn settle<'a>(look: &Look<'a>) -> Verdict<'a> {
    let ours = |task: &&Task| {
        task_kinds(look.action).contains(&task.kind.as_str())
            && !look.before.contains(&task.key)
            && task.created_at.is_some_and(|at| {
                at.saturating_add(CLOCK_SLACK)
                    .is_ok_and(|at| at >= look.sent)
            })
            && is_by(task, look.session)
    };
    // Newest first: of two that fit, the oldest is the one that this request made.
    if let Some(task) = look.tasks.and_then(|tasks| tasks.iter().rev().find(ours)) {
        return Verdict::Follow(task);
    }
    let Some(vm) = look.vm else {
        return match look.action {
            Action::Delete { .. } => Verdict::Done,
            // One that was taken over goes with its host.
            Action::Undeploy { .. } if look.was.is_some_and(|was| was.imported) => Verdict::Done,
            _ => Verdict::Failed("the VM is gone".to_owned()),
        };
    };
    // Some clouds take an action on a VM that is so already: then its state proves nothing.
    let was_so = look
        .was
        .is_some_and(|was| is_reached(look.action, was) && was.native_state == vm.native_state);
    let is_there = matches!(look.action, Action::Delete { .. }) && look.has_undeployed;
    if is_reached(look.action, vm) && !was_so && !is_there {
        return Verdict::Done;
    }
    if let (Action::Protect { .. }, Some(protection)) = (look.action, &vm.protection) {
        let reason = protection.reason.as_deref().unwrap_or("no reason given");
        return Verdict::Failed(format!("it is protected with another reason: {reason}"));
    }
    let limit = if vm.power == PowerState::Locked {
        LOCKED_TIME
    } else {
        SETTLING_TIME
    };
    if look.waited < limit {
        Verdict::LookAgain
    } else {
        Verdict::Unknown
    }
}

/// The kinds of tasks that an action can become. A shut down is a power off where the provider behind the cloud knows
/// only that, and a resume is a power on where pausing is no state of its own.
fn task_kinds(action: &Action) -> &'static [&'static str] {
    match action {
        Action::PowerOn => &["POWER_ON"],
        Action::Shutdown => &["SHUTDOWN", "POWER_OFF"],
        Action::PowerOff => &["POWER_OFF"],
        Action::Pause => &["PAUSE"],
        Action::Resume => &["RESUME", "POWER_ON"],
        Action::Reboot => &["REBOOT"],
        // Nova calls both of its reboots so.
        Action::Reset => &["RESET", "REBOOT"],
        Action::Protect { .. } => &["PROTECT"],
        Action::Unprotect => &["UNPROTECT"],
        Action::KeepOff => &["POWER_OFF"],
        Action::Suspend => &["SUSPEND"],
        Action::Delete { .. } => &["DELETE"],
        Action::Restore => &["RESTORE"],
        Action::Relocate { .. } => &["RELOCATE"],
        Action::Deploy { .. } => &["DEPLOY"],
        Action::Undeploy { .. } => &["UNDEPLOY"],
        Action::Snapshot { .. } => &["INSTANCE", "SNAPSHOT"],
        Action::Move { .. } | Action::Restrict { .. } => &["MOVE"],
        Action::Shelve => &["SHELVE"],
        Action::Unshelve => &["UNSHELVE"],
        Action::Rescue => &["RESCUE"],
        Action::Unrescue => &["UNRESCUE"],
        Action::ConfirmResize => &["CONFIRM_RESIZE"],
        Action::RevertResize => &["REVERT_RESIZE"],
        Action::Evacuate { .. } => &["EVACUATE"],
    }
}

fn is_reached(action: &Action, vm: &Vm) -> bool {
    use PowerState::{NotAllocated, Off, On, Paused};
    match action {
        Action::PowerOn | Action::Resume => vm.power == On,
        Action::Shutdown | Action::PowerOff | Action::KeepOff => vm.power == Off,
        // Whatever `resume` brings back is paused, a VM that is saved to disk as well.
        Action::Pause | Action::Suspend => vm.power == Paused,
        Action::Reboot | Action::Reset => false,
        Action::Relocate { host } => vm.host.as_deref() == Some(host),
        Action::Delete { .. } => vm.power == NotAllocated,
        // Where it stands meanwhile (locked, unknown) it is not back yet.
        Action::Restore => matches!(vm.power, Off | On | Paused),
        Action::Protect { reason } => vm.protection.as_ref().is_some_and(|protection| {
            protection.reason.as_deref().map(str::trim) == Some(clean(reason).trim())
        }),
        Action::Unprotect => vm.protection.is_none(),
        Action::Deploy { .. } => vm.power == On,
        Action::Undeploy { .. } => vm.power == NotAllocated,
        Action::Move { vapp } => vm.vapp.as_ref().is_some_and(|group| *group.id == **vapp),
        Action::Restrict { vapp } => vapp
            .as_ref()
            .zip(vm.vapp.as_ref())
            .is_some_and(|(asked, group)| *group.id == **asked),
        // What these leave behind is told by their tasks alone.
        Action::Snapshot { .. }
        | Action::Shelve
        | Action::Unshelve
        | Action::Rescue
        | Action::Unrescue
        | Action::ConfirmResize
        | Action::RevertResize
        | Action::Evacuate { .. } => false,
    }
}

/// A task that names no user may be anybody's, and so ours.
fn is_by(task: &Task, session: Option<&Session>) -> bool {
    let (Some(user), Some(session)) = (&task.user, session) else {
        return true;
    };
    session.is_named(user)
}

#[cfg(test)]
mod tests;
