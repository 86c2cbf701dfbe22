//! What workers tell, and what they can be asked to read.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::command::CommandReport;
use crate::clouds::EventQuery;
use crate::model::{
    Capabilities, CloudName, Event, Group, Host, RemoteAccess, Series, Session, Task, Vapp, Vm,
    VmKey,
};

/// What is known of a cloud before it has said a word: its configuration, without secrets.
#[derive(Debug, Clone)]
pub struct CloudInfo {
    /// Its name.
    pub name: CloudName,
    /// The configuration's word for its API: `abiquo`.
    pub provider: &'static str,
    /// Where it is, without user information.
    pub url: String,
    /// The word that is shown beside its name: `production`.
    pub environment: Option<String>,
    /// Whether that word means that more is asked before harm.
    pub production: bool,
    /// Whether the configuration forbids changes.
    pub read_only: bool,
    /// What groups are made from where the cloud has no appliances, as the configuration has it: `tag:app`.
    pub group_by: Option<String>,
    /// What its API has.
    pub capabilities: &'static Capabilities,
}

/// How it stands with a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudStatus {
    /// The sign-in is under way.
    Connecting,
    /// The first listing is under way.
    Listing {
        /// VMs read so far.
        read: usize,
        /// VMs in all, where the server has said so.
        total: Option<usize>,
    },
    /// The last listing was whole.
    Ok,
    /// The last attempt failed; what is shown is as old as the last good listing.
    Failing {
        /// What failed and what to do, as one sentence.
        error: String,
        /// Whether the credentials were refused: nothing helps but to change them.
        sign_in: bool,
        /// When the next attempt comes.
        retry_at: Option<Timestamp>,
    },
}

/// One thing a worker has to tell.
#[derive(Debug, Clone)]
pub enum Update {
    /// It stands otherwise with a cloud.
    Status {
        /// The cloud.
        cloud: CloudName,
        /// How it stands.
        status: CloudStatus,
    },
    /// The sign-in was answered.
    SignedIn {
        /// The cloud.
        cloud: CloudName,
        /// Who that is.
        session: Arc<Session>,
    },
    /// VMs that are new, changed or gone.
    Vms {
        /// The cloud.
        cloud: CloudName,
        /// New ones and changed ones, as they are now.
        changed: Vec<Arc<Vm>>,
        /// Those that are no longer there.
        gone: Vec<VmKey>,
        /// When the cloud said so: the age of what was kept on disk is counted from here.
        as_of: Timestamp,
    },
    /// A listing has come to its end.
    Listed {
        /// The cloud.
        cloud: CloudName,
        /// When.
        at: Timestamp,
        /// How long it took, all pages.
        took: Duration,
        /// How long one request took, of those of this round the quickest.
        latency: Option<Duration>,
    },
    /// The appliances, all of them.
    Vapps {
        /// The cloud.
        cloud: CloudName,
        /// All of them.
        vapps: Vec<Vapp>,
    },
    /// Tasks that are new or changed.
    Tasks {
        /// As they are now.
        tasks: Vec<Task>,
    },
    /// The tasks of one VM, all that its cloud has: what is not among them is gone, but for those that this console watches.
    VmTasks {
        /// The VM.
        vm: VmKey,
        /// All its tasks, newest first.
        tasks: Vec<Task>,
        /// Up to when they are known: when they were read, or the cloud's newest event by then where its clock is ahead.
        at: Timestamp,
    },
    /// What an earlier run has read: error events up to then say nothing new of these VMs.
    TasksKnown {
        /// Each VM, and up to when its tasks are known.
        read: Vec<(VmKey, Timestamp)>,
    },
    /// Events that were not told before.
    Events {
        /// The cloud.
        cloud: CloudName,
        /// The new ones.
        events: Vec<Event>,
    },
    /// How many VMs' tasks nobody has read yet: their warnings are unknown.
    Unread {
        /// The cloud.
        cloud: CloudName,
        /// How many.
        vms: usize,
    },
    /// A command got further.
    Command(CommandReport),
    /// The answer to [`Ask::Raw`].
    Raw {
        /// The VM.
        vm: VmKey,
        /// Indented JSON, or why not, as one sentence.
        document: Result<String, String>,
    },
    /// The answer to [`Ask::ConsoleLog`].
    ConsoleLog {
        /// The VM.
        vm: VmKey,
        /// The last lines of its console; or why not, as one sentence.
        text: Result<String, String>,
    },
    /// The answer to [`Ask::Candidates`].
    Candidates {
        /// The VM.
        vm: VmKey,
        /// The hosts that it can be moved to now, none where its cloud cannot tell; or why not, as one sentence.
        hosts: Result<Vec<Host>, String>,
    },
    /// The tasks that workflow holds on a cloud, all that the user may see.
    Held {
        /// The cloud.
        cloud: CloudName,
        /// All of them, or why they cannot be read, as one sentence.
        tasks: Result<Vec<Task>, String>,
    },
    /// The answer to [`Ask::Tenants`].
    Tenants {
        /// The cloud.
        cloud: CloudName,
        /// Those that can be looked at; or why not, as one sentence.
        tenants: Result<Vec<Group>, String>,
    },
    /// A cloud is looked at as another tenant from now on: nothing that was told of it before holds.
    LooksAt {
        /// The cloud.
        cloud: CloudName,
        /// The tenant, `None` for the user's own.
        tenant: Option<Group>,
    },
    /// The answer to [`Ask::Projects`].
    Projects {
        /// The cloud.
        cloud: CloudName,
        /// Where appliances can be made; or why nobody can tell, as one sentence.
        projects: Result<Vec<Group>, String>,
    },
    /// The answer to [`Ask::Events`].
    EventPage {
        /// The cloud.
        cloud: CloudName,
        /// What was asked.
        query: EventQuery,
        /// The events, newest first: fewer than asked for when there are no more; or why not, as one sentence.
        events: Result<Vec<Event>, String>,
    },
    /// The answer to [`Ask::Remote`].
    Remote {
        /// The VM.
        vm: VmKey,
        /// How its screen is reached; or why not, as one sentence.
        access: Result<RemoteAccess, String>,
    },
    /// The answer to [`Ask::Metrics`].
    Metrics {
        /// The VM.
        vm: VmKey,
        /// What was measured; or why not, as one sentence.
        series: Result<Vec<Series>, String>,
    },
    /// Something a person should read that is no command's and no cloud's: the journal cannot be written, say.
    Trouble {
        /// The cloud it is about, where it is about one.
        cloud: Option<CloudName>,
        /// One sentence.
        message: String,
    },
}

/// Something the screen wants read. Answers come as [`Update`]s; an answer that comes too late does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// List again now: one cloud, or all.
    Refresh(Option<CloudName>),
    /// These VMs are on the screen: read their tasks before those of others.
    OnScreen(Vec<VmKey>),
    /// The tasks of one VM.
    VmTasks(VmKey),
    /// The VM as its server tells it.
    Raw(VmKey),
    /// What it wrote on its console.
    ConsoleLog(VmKey),
    /// The hosts that a VM can be moved to now.
    Candidates(VmKey),
    /// How the screen of a VM is reached.
    Remote {
        /// The VM.
        vm: VmKey,
        /// Whether a person wants to see the password.
        reveal: bool,
    },
    /// What was measured of a VM.
    Metrics(VmKey),
    /// The tasks that workflow holds: on one cloud, or on all.
    Held(Option<CloudName>),
    /// The tenants of a cloud that can be looked at.
    Tenants(CloudName),
    /// Look at a cloud as this tenant; `None` for the user's own. Changes nothing in the cloud.
    LookAt(CloudName, Option<Group>),
    /// The projects of a cloud in which appliances can be made.
    Projects(CloudName),
    /// Events of a cloud: more than the engine reads by itself, or others.
    Events(CloudName, EventQuery),
}
