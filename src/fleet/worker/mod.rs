//! The worker of one cloud: what its lanes share.
//!
//! Lanes: reading (listing again and again), acting (one small task for each command, in order for each VM), following
//! (one small task for each running operation), asking (what the screen wants read now), changing
//! (VMs that are about to change and have no task) and background (the tasks of VMs, slowly). None waits for another. A panic in one of them is that cloud's error; the lane is begun again after a while.

mod acknowledging;
mod acting;
mod appliance;
mod appliance_unsettled;
mod asking;
mod background;
mod changing;
mod commands;
mod creating;
mod deciding;
mod following;
mod keeping;
mod known;
mod listing;
mod local;
mod looking;
mod once;
mod polling;
mod queue;
mod recovery;
mod settle;
mod settling;
mod sign_in;
mod telling;
mod ticket;
mod together;
mod watching;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OnceCell, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backoff::back_off;
use super::journal::{Journal, Unfinished};
use super::local::{Local, Place};
use super::outbox::Outbox;
use super::setup::{CloudSetup, Mode, Setup};
use super::update::{CloudInfo, CloudStatus, Update};
use super::words;
use crate::clouds::{Cloud, Error, Result};
use crate::fleet::command::Command;
use crate::model::{Group, Session, TaskKey, VmKey};

pub(super) use asking::Question;
use commands::{Subject, VmQueue};
use known::{Known, Overlay};
use queue::ReadQueue;
use sign_in::{SignIn, SignedIn};
pub(super) use ticket::Ticket;

/// Questions of the screen that are on their way to a cloud at once.
const ASKING_MAX: usize = 4;

tokio::task_local! {
    static IN_WORKER: ();
}

/// Whether this thread runs a worker just now: a panic here is caught and shown as its cloud's error, so a panic hook has nothing
/// to do.
#[must_use]
pub fn in_worker() -> bool {
    IN_WORKER.try_with(|()| ()).is_ok()
}

/// What stops a worker, in two steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Nothing new is begun: no reading, no sending. What is on its way may end.
    pub closing: CancellationToken,
    /// Everything ends now.
    pub kill: CancellationToken,
    /// No command is sent any more, though all else goes on.
    pub send_no_more: Arc<AtomicBool>,
}

/// What the workers of all clouds share.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub outbox: Outbox,
    pub journal: Journal,
    pub stop: Stop,
    pub spawned: TaskTracker,
    pub handle: Handle,
    /// The next command's number.
    pub next_command: Arc<AtomicU64>,
    /// Where the journal is.
    pub state_dir: PathBuf,
    /// Commands of earlier runs without an outcome, read when the first cloud is listed; each worker takes its own, once.
    pub unfinished: Arc<OnceCell<Mutex<Vec<Unfinished>>>>,
}

/// One cloud's worker.
pub(super) struct Worker {
    pub info: CloudInfo,
    cloud: Arc<dyn Cloud>,
    /// How many requests of one kind may be on their way at once.
    pub concurrency: usize,
    account: Option<String>,
    cache_dir: PathBuf,
    refresh: Duration,
    mode: Mode,
    background_reads: bool,
    common: Common,
    local: Arc<Local>,
    /// Held while the state folder is read and what is new in it taken in.
    local_turn: tokio::sync::Mutex<()>,
    sign_in: SignIn,
    known: Mutex<Known>,
    /// Held while the VMs are listed.
    listing_turn: tokio::sync::Mutex<()>,
    /// A person wants a listing now.
    refresh_now: Notify,
    /// Another tenant is looked at since just now.
    looked: Notify,
    /// The tenant that a person wants to look at, until it is looked at.
    look_wanted: Mutex<Option<Option<Group>>>,
    /// The last round was good: slow reads may go on.
    healthy: AtomicBool,
    restored: AtomicBool,
    kept_at: Mutex<Option<Instant>>,
    /// Whose rows were shown before the sign-in.
    kept_user: Mutex<Option<Arc<str>>>,
    vms: Mutex<HashMap<VmKey, VmQueue>>,
    /// What else is being changed: nothing is asked twice while it is not decided.
    busy: Mutex<HashSet<Subject>>,
    following: Mutex<HashSet<TaskKey>>,
    reads: Mutex<ReadQueue>,
    reads_wanted: Notify,
    changing_wanted: Notify,
    asked: Mutex<HashSet<asking::Question>>,
    acting_slots: Semaphore,
    following_slots: Semaphore,
    asking_slots: Semaphore,
    /// What was last said about a side question that failed, so that it is said once.
    complaints: Mutex<HashMap<&'static str, String>>,
}

/// A lock that is held for a few lines and never across a wait; what it guards is whole even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    pub(super) fn new(cloud: CloudSetup, setup: &Setup, common: Common) -> Arc<Self> {
        let slots = cloud.concurrency.max(1);
        let info = &cloud.info;
        let place = Place::new(&info.name, info.provider, &info.url);
        let mut known = Known::default();
        known.overlay = Overlay::new(
            info.capabilities,
            cloud.group_by,
            !cloud.cloud.acknowledges_tasks(),
        );
        Arc::new(Self {
            info: cloud.info,
            cloud: cloud.cloud,
            concurrency: slots,
            account: cloud.account,
            cache_dir: setup.cache_dir.clone(),
            refresh: setup.refresh,
            mode: setup.mode,
            background_reads: setup.background_reads,
            common,
            local: Arc::new(Local::new(&setup.state_dir, place)),
            local_turn: tokio::sync::Mutex::default(),
            sign_in: SignIn::default(),
            known: Mutex::new(known),
            listing_turn: tokio::sync::Mutex::default(),
            refresh_now: Notify::new(),
            looked: Notify::new(),
            look_wanted: Mutex::default(),
            healthy: AtomicBool::new(false),
            restored: AtomicBool::new(false),
            kept_at: Mutex::default(),
            kept_user: Mutex::default(),
            vms: Mutex::default(),
            busy: Mutex::default(),
            following: Mutex::default(),
            reads: Mutex::default(),
            reads_wanted: Notify::new(),
            changing_wanted: Notify::new(),
            asked: Mutex::default(),
            acting_slots: Semaphore::new(slots),
            following_slots: Semaphore::new(slots),
            asking_slots: Semaphore::new(ASKING_MAX),
            complaints: Mutex::default(),
        })
    }

    /// Starts the lanes that run by themselves.
    pub(super) fn start(self: &Arc<Self>) {
        if self.mode == Mode::Polling {
            self.spawn_lane("listing", |worker| worker.poll().boxed());
            self.spawn_lane("background reads", |worker| {
                worker.read_in_background().boxed()
            });
            self.spawn_lane("rereading", |worker| worker.read_changing().boxed());
        }
    }

    /// Runs a lane until the engine stops, again and again after panics.
    fn spawn_lane(
        self: &Arc<Self>,
        what: &'static str,
        lane: fn(Arc<Self>) -> BoxFuture<'static, ()>,
    ) {
        let worker = self.clone();
        let lanes = async move {
            for panics in 1.. {
                let Err(why) = guarded(lane(worker.clone())).await else {
                    return;
                };
                let wait = back_off(panics, None);
                worker.panicked(what, &why, wait).await;
                sleep(wait).await;
            }
        };
        let closing = self.common.stop.closing.clone();
        self.spawn_scoped(async move {
            closing.run_until_cancelled(lanes).await;
        });
    }

    /// Runs something to its end, or to the end of the engine.
    fn spawn(
        self: &Arc<Self>,
        what: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let worker = self.clone();
        self.spawn_scoped(async move {
            if let Err(why) = guarded(work).await {
                worker.panicked(what, &why, worker.refresh).await;
            }
        });
    }

    fn spawn_scoped(&self, work: impl Future<Output = ()> + Send + 'static) {
        let kill = self.common.stop.kill.clone();
        let work = IN_WORKER.scope((), async move {
            // Nothing more is begun after the end, not even up to the next wait.
            tokio::select! {
                biased;
                () = kill.cancelled() => {}
                () = work => {}
            }
        });
        self.common.spawned.spawn_on(work, &self.common.handle);
    }

    async fn panicked(&self, what: &str, why: &str, wait: Duration) {
        let error = format!(
            "The {what} of {} ended in an internal error ({why}); it begins again by itself, please report it",
            self.info.name,
        );
        self.status(CloudStatus::Failing {
            error,
            sign_in: false,
            retry_at: after(wait),
        })
        .await;
    }

    pub(super) fn cloud(&self) -> &dyn Cloud {
        &*self.cloud
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    fn outbox(&self) -> &Outbox {
        &self.common.outbox
    }

    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.sign_in.session()
    }

    async fn status(&self, status: CloudStatus) {
        let cloud = self.info.name.clone();
        self.outbox().send(Update::Status { cloud, status }).await;
    }

    /// Says once that a side question failed, until it is answered again or fails otherwise.
    fn complain(&self, about: &'static str, error: Option<String>) {
        let mut complaints = lock(&self.complaints);
        match error {
            None => {
                complaints.remove(about);
            }
            Some(message) if complaints.get(about) == Some(&message) => {}
            Some(message) => {
                complaints.insert(about, message.clone());
                self.outbox().trouble(Some(&self.info.name), message);
            }
        }
    }

    /// Whether the last word about this was a complaint.
    fn complains_about(&self, about: &'static str) -> bool {
        lock(&self.complaints).contains_key(about)
    }

    /// Signs in unless a session stands, and tells a new one.
    pub(super) async fn ensure_session(&self) -> Result<Arc<Session>> {
        let signed_in = self.sign_in.ensure(self.cloud()).await?;
        Ok(self.tell_session(signed_in).await)
    }

    async fn renew_session(&self, rejected: u64) -> Result<Arc<Session>> {
        let signed_in = self.sign_in.renew(self.cloud(), rejected).await?;
        Ok(self.tell_session(signed_in).await)
    }

    async fn tell_session(&self, signed_in: SignedIn) -> Arc<Session> {
        match signed_in {
            SignedIn::Already(session) => session,
            SignedIn::New(session) => {
                let cloud = self.info.name.clone();
                let told = session.clone();
                self.outbox()
                    .send(Update::SignedIn {
                        cloud,
                        session: told,
                    })
                    .await;
                session
            }
        }
    }

    /// Reads something; when the session has ended, signs in again and reads once more. For reading only: what changes
    /// anything is not asked for twice without proof.
    async fn read<'a, T>(&'a self, ask: impl Fn() -> BoxFuture<'a, Result<T>>) -> Result<T> {
        let number = self.sign_in.number();
        match ask().await {
            Err(error) if error.needs_sign_in() => {
                self.renew_session(number).await?;
                ask().await
            }
            answer => answer,
        }
    }

    fn is_closing(&self) -> bool {
        self.common.stop.closing.is_cancelled()
    }

    fn sends_no_more(&self) -> bool {
        self.is_closing() || self.common.stop.send_no_more.load(Ordering::Acquire)
    }

    /// The name of the VM or the appliance that a command is about.
    pub(super) fn name_for(&self, command: &Command) -> Option<Arc<str>> {
        if let Command::ActOnVapp { vapp, .. } = command {
            return self.known().vapp(&vapp.id).map(|vapp| vapp.name.clone());
        }
        self.vm_of(command).map(|vm| vm.name.clone())
    }

    /// The cloud's id of the tenant that is looked at; `None` for the user's own.
    pub(super) fn tenant(&self) -> Option<Arc<str>> {
        self.known().tenant().map(|tenant| tenant.id.clone())
    }

    /// Sends something once; when the session had ended, which proves that nothing was executed, signs in and sends once more. A panic
    /// of the client says nothing about the request: it may have left.
    async fn send_once<'a, T>(&'a self, send: impl Fn() -> BoxFuture<'a, Result<T>>) -> Result<T> {
        let once = async || {
            let sent = guarded(send()).await;
            sent.unwrap_or_else(|why| Err(Error::Protocol(format!("internal error ({why})"))))
        };
        let number = self.sign_in.number();
        match once().await {
            Err(error) if error.needs_sign_in() => {
                self.renew_session(number).await?;
                once().await
            }
            answer => answer,
        }
    }

    /// Ends the session.
    pub(super) async fn close(&self) {
        self.cloud.close().await;
    }
}

/// Runs something to its end; a panic in it is an error, in the words that can be shown.
async fn guarded<T>(work: impl Future<Output = T>) -> std::result::Result<T, String> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.map_err(|panic| words::panic_words(&*panic))
}

/// A point in time from now, for people.
fn after(wait: Duration) -> Option<Timestamp> {
    let wait = SignedDuration::try_from(wait).ok()?;
    Timestamp::now().checked_add(wait).ok()
}
