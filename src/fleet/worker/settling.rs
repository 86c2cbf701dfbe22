//! Reading the cloud until it is known what became of an action, by the rule in `settle`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::Worker;
use super::settle::{LOCKED_TIME, Look, Verdict, settle};
use super::ticket::Ticket;
use crate::clouds::Error;
use crate::fleet::command::Stage;
use crate::fleet::words;
use crate::model::{Action, Task, TaskKey, Vm};

/// The waits before the first looks; the last one repeats.
const WAITS: [Duration; 4] = [
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
    Task(Task),
    /// It is over.
    Ended(Stage),
}

impl Worker {
    /// Looks until the rule decides.
    pub(super) async fn settle(self: &Arc<Self>, ticket: &Ticket, open: &Open) -> Settled {
        let last = WAITS[WAITS.len() - 1];
        // What an earlier run left has waited already.
        let now = (!open.waited.is_zero()).then_some(Duration::ZERO);
        for wait in now.into_iter().chain(WAITS).chain(std::iter::repeat(last)) {
            sleep(wait).await;
            match self.look(ticket, open).await {
                Ok(Some(settled)) => return settled,
                Ok(None) => {}
                Err(error) if open.began.elapsed() >= LOCKED_TIME => {
                    let why = format!("{}, and it cannot be read since: {error}", open.why);
                    return Settled::Ended(ticket.unknown(why));
                }
                Err(_) => sleep(last).await,
            }
        }
        Settled::Ended(ticket.unknown(&open.why))
    }

    async fn look(
        self: &Arc<Self>,
        ticket: &Ticket,
        open: &Open,
    ) -> Result<Option<Settled>, Error> {
        let vm = self.reread(&open.vm).await?;
        let tasks = match &vm {
            Some(vm) => self.vm_tasks(vm).await.ok(),
            None => None,
        };
        let session = self.session();
        let verdict = settle(&Look {
            action: &open.action,
            was: open.was.as_ref(),
            sent: open.sent,
            waited: open.waited + open.began.elapsed(),
            session: session.as_deref(),
            before: &open.before,
            vm: vm.as_deref(),
            tasks: tasks.as_deref(),
        });
        let stage = match verdict {
            Verdict::LookAgain => return Ok(None),
            Verdict::Follow(task) => return Ok(Some(Settled::Task(task.clone()))),
            Verdict::Done => Stage::Done { task: None },
            Verdict::Failed(why) => Stage::Failed {
                message: words::failed(&ticket.what(), why, "list the VMs again"),
                task: None,
            },
            Verdict::Unknown => {
                ticket.unknown(format!("{}, and reading has not settled it", open.why))
            }
        };
        Ok(Some(Settled::Ended(stage)))
    }
}
