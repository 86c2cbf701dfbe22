//! Reading the cloud until it is known what became of an action, by the rule in `settle`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::Worker;
use super::settle::{LOCKED_TIME, Look, Verdict, settle};
use super::telling::Where;
use crate::clouds::Error;
use crate::model::{Action, ActionKind, Task, TaskKey, Vm};

/// The waits before the first looks; the last one repeats.
pub(super) const WAITS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// An action of which nobody knows whether it was executed.
#[derive(Debug)]
pub(super) struct Open {
    /// The VM as it was known.
    pub vm: Arc<Vm>,
    /// What was sent.
    pub action: Action,
    /// The VM as it was read just before; `None` for what an earlier run has sent.
    pub was: Option<Vm>,
    /// When.
    pub sent: Timestamp,
    /// When this run began to wait.
    pub began: Instant,
    /// How long earlier runs had waited by then.
    pub waited: Duration,
    /// Tasks that are known to be others.
    pub before: HashSet<TaskKey>,
    /// Why nobody knows.
    pub why: String,
}

/// What reading came to.
pub(super) enum Settled {
    /// This task carries it.
    Task(Box<Task>),
    /// What was asked for is so.
    Done,
    /// It did not come to be, for this reason.
    Failed(String),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

impl Worker {
    /// Looks until the rule decides.
    pub(super) async fn settle(self: &Arc<Self>, open: &Open) -> Settled {
        let last = WAITS[WAITS.len() - 1];
        // What an earlier run left has waited already.
        let now = (!open.waited.is_zero()).then_some(Duration::ZERO);
        for wait in now.into_iter().chain(WAITS).chain(std::iter::repeat(last)) {
            sleep(wait).await;
            match self.look(open).await {
                Ok(Some(settled)) => return settled,
                Ok(None) => {}
                Err(error) if open.began.elapsed() >= LOCKED_TIME => {
                    let why = format!("{}, and it cannot be read since: {error}", open.why);
                    return Settled::Unknown(why);
                }
                Err(_) => sleep(last).await,
            }
        }
        Settled::Unknown(open.why.clone())
    }

    async fn look(self: &Arc<Self>, open: &Open) -> Result<Option<Settled>, Error> {
        // Of an appliance many are read side by side.
        let slot = self.following_slots.acquire().await;
        let read = self.read_where_it_was(&open.action, &open.vm).await?;
        drop(slot);
        let vm = match read {
            Where::At(vm) => Some(vm),
            Where::Gone => None,
            Where::Elsewhere => self.find_by_listing(&open.vm).await?,
        };
        let tasks = match &vm {
            Some(vm) => self.vm_tasks(vm).await.ok(),
            None => None,
        };
        let rules = self.info.capabilities.rules;
        let session = self.session();
        let verdict = settle(&Look {
            action: &open.action,
            has_undeployed: rules.iter().any(|rule| rule.action == ActionKind::Deploy),
            was: open.was.as_ref(),
            sent: open.sent,
            waited: open.waited + open.began.elapsed(),
            session: session.as_deref(),
            before: &open.before,
            vm: vm.as_deref(),
            tasks: tasks.as_deref(),
        });
        Ok(match verdict {
            Verdict::LookAgain => None,
            Verdict::Follow(task) => Some(Settled::Task(Box::new(task.clone()))),
            Verdict::Done => Some(Settled::Done),
            Verdict::Failed(why) => Some(Settled::Failed(why)),
            Verdict::Unknown => {
                let why = format!("{}, and reading has not settled it", open.why);
                Some(Settled::Unknown(why))
            }
        })
    }
}
