//! The log of actions and the transactions that run: one list of the server, read at most every few seconds, as events and tasks.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ElasticHosting;
use super::calls::Place;
use super::mapping::{LogMapper, Seen};
use super::wire;
use crate::clouds::http::Lane;
use crate::clouds::{Error, EventQuery, Result, TaskHandle};
use crate::model::{Event, Task, Vm};

/// How long the list is taken for current: many VMs ask for the same one.
const AGE: Duration = Duration::from_secs(5);

/// The list as it was last read, mapped.
#[derive(Debug, Default)]
pub(super) struct Known {
    read: Option<(Instant, Arc<Mapped>)>,
    /// When each transaction was seen first: few say when they began.
    seen: Seen,
}

/// The list in the domain's words.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    /// Newest first.
    pub events: Vec<Event>,
    pub tasks: Vec<Task>,
}

impl ElasticHosting {
    /// The list, read anew where that is due. Empty on a server that has none.
    async fn log(&self, lane: Lane) -> Result<Arc<Mapped>> {
        let mut known = self.log.lock().await;
        let now = Instant::now();
        if let Some((at, mapped)) = &known.read
            && now.duration_since(*at) < AGE
        {
            return Ok(mapped.clone());
        }
        if !self.has_log() {
            return Ok(Arc::default());
        }
        let body = match self.get(&Place::log(), lane).await {
            Ok(answer) => answer.body,
            Err(Error::NotFound(_)) => {
                self.note_log(false);
                return Ok(Arc::default());
            }
            Err(error) => return Err(error),
        };
        let wire = wire::logs(&body)?;
        let mapper = LogMapper {
            cloud: &self.name,
            now: jiff::Timestamp::now(),
        };
        let mapped = Arc::new(mapper.map(&wire, &mut known.seen));
        known.read = Some((now, mapped.clone()));
        Ok(mapped)
    }

    /// After a sign-in, a log is looked for again.
    pub(super) async fn forget_log(&self) {
        self.note_log(true);
        *self.log.lock().await = Known::default();
    }

    pub(super) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        let log = self.log(Lane::Read).await?;
        let wanted = |event: &&Event| {
            query.since.is_none_or(|since| event.at >= since)
                && query.severity.is_none_or(|worst| event.severity >= worst)
        };
        let events = log.events.iter().filter(wanted);
        Ok(events.take(query.limit).cloned().collect())
    }

    pub(super) async fn tasks_of(&self, vm: &Vm) -> Result<Vec<Task>> {
        let log = self.log(Lane::Act).await?;
        let own = |task: &&Task| task.vm.as_ref() == Some(&vm.key);
        Ok(log.tasks.iter().filter(own).cloned().collect())
    }

    /// A transaction as it is now. There is no address of a single one; one that has ended leaves the list.
    pub(super) async fn read_task(&self, handle: &TaskHandle) -> Result<Task> {
        let log = self.log(Lane::Act).await?;
        let mut tasks = log.tasks.iter();
        let task = tasks.find(|task| task.key == handle.key).cloned();
        task.ok_or_else(|| {
            Error::NotFound("the transaction is over, or was never there".to_owned())
        })
    }
}
