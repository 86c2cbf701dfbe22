//! The way from the workers to whoever shows what they tell.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::command::CommandReport;
use super::update::Update;
use crate::model::CloudName;

/// The updates that may wait for the screen. Each is at most a page of a listing; when so many wait, reading waits.
pub(super) const UPDATES_MAX: usize = 64;

/// Two ways that end in one channel. What was read waits for room there, so a slow screen slows reading and memory stays
/// bounded. What a command has to say never waits, so a slow screen delays no power action: a command tells at most a handful
/// of reports, and troubles are told when they change, so the size of that queue is bounded by what a person asked for.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    updates: mpsc::Sender<Update>,
    direct: mpsc::UnboundedSender<Update>,
    stopping: CancellationToken,
}

/// The other end of the way that never waits; [`forward`] carries it on.
pub(super) type Direct = mpsc::UnboundedReceiver<Update>;

impl Outbox {
    pub(super) fn new(
        stopping: CancellationToken,
    ) -> (Self, Direct, mpsc::Sender<Update>, mpsc::Receiver<Update>) {
        let (updates, receiver) = mpsc::channel(UPDATES_MAX);
        let (direct, waiting) = mpsc::unbounded_channel();
        let outbox = Self {
            updates: updates.clone(),
            direct,
            stopping,
        };
        (outbox, waiting, updates, receiver)
    }

    /// Waits for room for one update, then lets `make` decide what it is, at once and in one step with sending it: two lanes that
    /// read the same VM tell it in the order in which they keep it. `None` when the engine stops or nobody listens.
    pub(super) async fn tell<T>(&self, make: impl FnOnce() -> (T, Option<Update>)) -> Option<T> {
        let reserved = tokio::select! {
            permit = self.updates.reserve() => permit.ok(),
            () = self.stopping.cancelled() => None,
        };
        let permit = reserved?;
        let (answer, update) = make();
        if let Some(update) = update {
            permit.send(update);
        }
        Some(answer)
    }

    /// Waits for room and sends.
    pub(super) async fn send(&self, update: Update) {
        self.tell(|| ((), Some(update))).await;
    }

    /// Tells how far a command is. Never waits.
    pub(super) fn report(&self, report: CommandReport) {
        // Nobody listens any more: the journal has it.
        let _ = self.direct.send(Update::Command(report));
    }

    /// Tells something a person should read. Never waits.
    pub(super) fn trouble(&self, cloud: Option<&CloudName>, message: String) {
        let _ = self.direct.send(Update::Trouble {
            cloud: cloud.cloned(),
            message,
        });
    }

    /// Answers a question. Never waits: there is at most one answer for each VM that was asked about.
    pub(super) fn answer(&self, update: Update) {
        let _ = self.direct.send(update);
    }
}

/// Carries on what must not wait, until nobody listens.
pub(super) async fn forward(mut waiting: Direct, updates: mpsc::Sender<Update>) {
    while let Some(update) = waiting.recv().await {
        if updates.send(update).await.is_err() {
            return;
        }
    }
}
