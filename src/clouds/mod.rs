//! The clouds: one folder for each API, each behind the trait [`Cloud`].
//!
//! Everything above speaks to a cloud through that trait alone. What comes from a server is hostile until it is mapped:
//! bounded in size, stripped of control characters, and its links are followed only to the configured origin.

mod abiquo;
mod body;
mod document;
mod elastic_hosting;
pub mod error;
mod event_query;
pub mod http;
mod lenient;
mod openstack;
mod renewal;
mod scloudm;
mod texts;
mod zstack;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use crate::config::{CloudEntry, Provider};
use crate::model::{
    Action, Capabilities, Event, Group, Host, PowerState, RemoteAccess, Series, Session, Task,
    TaskKey, Vapp, VappAction, Vm, VmKey,
};

pub use error::{Error, Execution, Result};
pub use event_query::EventQuery;

/// One part of a listing of VMs, as it arrived.
#[derive(Debug)]
pub struct VmPage {
    /// The VMs of this part; a VM that an earlier part had is not repeated.
    pub vms: Vec<Vm>,
    /// How many there are in all, where the server has said so by now.
    pub total: Option<usize>,
}

/// A VM read just now, and what its cloud needs to act on it. Acting on anything older is impossible by type.
pub struct Target {
    /// The VM as it is now.
    pub vm: Vm,
    /// What the client keeps for [`Cloud::perform`]; opaque to everybody else.
    pub handle: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("vm", &self.vm.key)
            .finish_non_exhaustive()
    }
}

/// What a cloud answered to an action that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is done already; there is nothing to follow.
    Done,
    /// It goes on as a task.
    Task(TaskHandle),
    /// It goes on without a task of the cloud's: the engine makes one and watches the VM, phase after phase.
    Watch(Vec<Phase>),
}

/// One phase of an operation that the cloud has no task for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// What runs, in Abiquo's spelling of tasks and jobs: `POWER_OFF`.
    pub kind: &'static str,
    /// When it is over.
    pub until: Goal,
    /// So long it may take; after that the operation has failed, and nothing of the later phases is sent.
    pub limit: Duration,
    /// What is sent when it is over, before the next phase is watched.
    pub then: Option<Action>,
}

/// What a watched phase waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The VM is in one of these power states.
    State(&'static [PowerState]),
    /// The VM has been seen otherwise (another power state or native word, a later `updated_at`) than when it was sent, and is
    /// in one of these power states now: for what ends where it began, such as a reboot.
    Again(&'static [PowerState]),
    /// The VM is gone, or not allocated any more.
    Gone,
}

/// Where a task is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskHandle {
    /// What names the task.
    pub key: TaskKey,
    /// The VM it works on.
    pub vm: Option<VmKey>,
    /// Opaque to all but the client that wrote it.
    pub locator: Arc<str>,
}

/// What a cloud answered to an action on an appliance: each of its VMs goes its own way.
#[derive(Debug, Default)]
pub struct VappAccepted {
    /// The tasks, one for each VM that is worked on; none when it is done already, or the cloud names none.
    pub tasks: Vec<TaskHandle>,
    /// VMs that the cloud would not take, where they were asked for one by one.
    pub refused: Vec<(VmKey, Error)>,
    /// Whether it goes on without tasks to follow: then the appliance is read until it is no longer LOCKED.
    pub goes_on: bool,
}

/// What an event says about the protection of a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectionChange {
    /// It was protected.
    Protected {
        /// The VM.
        vm: VmKey,
        /// By whom, where the event tells.
        by: Option<Arc<str>>,
        /// When.
        since: Timestamp,
    },
    /// It was released.
    Released {
        /// The VM.
        vm: VmKey,
    },
}

/// The cloud of a configuration's entry. Nothing is sent and no secret is fetched before [`Cloud::connect`].
///
/// # Errors
/// [`Error::Unreachable`] when TLS cannot be set up (a `ca_file` that cannot be read), with the remedy.
pub fn open(entry: &CloudEntry) -> Result<Arc<dyn Cloud>> {
    open_with(entry, http::Limits::default())
}

/// What the API of a provider has, known before any cloud is opened.
#[must_use]
pub fn capabilities(provider: &Provider) -> &'static Capabilities {
    match provider {
        Provider::Abiquo { .. } => &abiquo::CAPABILITIES,
        Provider::ElasticHosting { .. } => &elastic_hosting::CAPABILITIES,
        Provider::Openstack(_) => &openstack::CAPABILITIES,
        Provider::Scloudm(_) => &scloudm::CAPABILITIES,
        Provider::Zstack(_) => &zstack::CAPABILITIES,
    }
}

/// The words of a provider for the state of a VM, each with the power state that it means. Any other word means Unknown.
#[must_use]
pub fn state_words(provider: &Provider) -> &'static [(&'static str, PowerState)] {
    /// Abiquo's words are those of the power states themselves.
    static ABIQUO: LazyLock<[(&'static str, PowerState); 8]> =
        LazyLock::new(|| PowerState::ALL.map(|state| (state.as_str(), state)));
    match provider {
        Provider::Abiquo { .. } => &*ABIQUO,
        Provider::ElasticHosting { .. } => elastic_hosting::STATES,
        Provider::Openstack(_) => openstack::STATES,
        Provider::Scloudm(_) => scloudm::POWER,
        Provider::Zstack(_) => zstack::STATES,
    }
}

/// [`open`] with other limits of time and size.
///
/// # Errors
/// As [`open`].
pub fn open_with(entry: &CloudEntry, limits: http::Limits) -> Result<Arc<dyn Cloud>> {
    match &entry.provider {
        Provider::Abiquo { api_version } => Ok(Arc::new(abiquo::Abiquo::open(
            entry,
            api_version.as_deref(),
            limits,
        )?)),
        Provider::ElasticHosting { auth, body } => Ok(Arc::new(
            elastic_hosting::ElasticHosting::open(entry, *auth, *body, limits)?,
        )),
        Provider::Openstack(own) => Ok(Arc::new(openstack::Openstack::open(entry, own, limits)?)),
        Provider::Scloudm(keys) => Ok(Arc::new(scloudm::Scloudm::open(entry, keys, limits)?)),
        Provider::Zstack(own) => Ok(Arc::new(zstack::Zstack::open(entry, own, limits)?)),
    }
}

/// One cloud, by one API. Object safe; every call may take as long as the configured time limits of HTTP allow, and may be dropped at
/// any await point except where it says otherwise.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// What the API has and from where its actions are accepted.
    fn capabilities(&self) -> &'static Capabilities;

    /// Signs in and says who that is. Also called again after [`Error`]s that ask for it ([`Error::needs_sign_in`]).
    async fn connect(&self) -> Result<Session>;

    /// Every VM the user may see, part by part as the answers come. After an error the stream ends.
    fn vms(&self) -> BoxStream<'_, Result<VmPage>>;

    /// The least time from the end of one listing to the next, where the API asks for one; zero where it does not.
    fn least_interval(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether the last listing, though it ended in an error, read the part of the cloud that this VM stands in: then a VM that it did
    /// not have is gone. `false` where an error leaves everything open.
    fn has_read(&self, _vm: &Vm) -> bool {
        false
    }

    /// Every virtual appliance the user may see; empty where the API has none.
    async fn vapps(&self) -> Result<Vec<Vapp>>;

    /// Reads one VM as it is now. `NotFound` when it is gone.
    async fn target(&self, vm: &Vm) -> Result<Target>;

    /// Sends one action, once. The request is never repeated here, whatever happens to its answer;
    /// [`Error::execution`] tells whether it can have been executed.
    async fn perform(&self, target: &Target, action: &Action) -> Result<Accepted>;

    /// An appliance as it is now. Only where [`Capabilities::vapp_rules`] has something.
    async fn vapp(&self, vapp: &Vapp) -> Result<Vapp> {
        Ok(vapp.clone())
    }

    /// Sends one action on an appliance, once. `vms` are those that it is meant to touch, as they are known: where the cloud cannot
    /// do it as a whole, they are asked for one by one.
    async fn perform_on_vapp(
        &self,
        _vapp: &Vapp,
        action: &VappAction,
        _vms: &[Arc<Vm>],
    ) -> Result<VappAccepted> {
        Err(Error::unsupported(action.kind().title()))
    }

    /// Makes an empty appliance in a project, given by the cloud's id. Answers it as it is then.
    async fn create_vapp(&self, _project: &str, _name: &str, _restricted: bool) -> Result<Vapp> {
        Err(Error::unsupported("creating appliances"))
    }

    /// The projects in which appliances can be made. Empty where there are none.
    async fn projects(&self) -> Result<Vec<Group>> {
        Ok(Vec::new())
    }

    /// The tasks that workflow holds and the user may see: those of the chosen tenant with the privilege, else the user's own.
    async fn held_tasks(&self) -> Result<Vec<Task>> {
        Ok(Vec::new())
    }

    /// Approves or rejects a held task, with a note for its event. Sent once; a task that is decided already is a
    /// [`Error::Conflict`].
    async fn decide(&self, _task: &Task, _approve: bool, _note: Option<&str>) -> Result<()> {
        Err(Error::unsupported("workflow"))
    }

    /// The tenants that can be looked at. Empty where there is but the user's own.
    async fn tenants(&self) -> Result<Vec<Group>> {
        Ok(Vec::new())
    }

    /// From now on listings, held tasks and events are those of this tenant; `None` for the user's own. Changes nothing in the cloud.
    fn look_at(&self, _tenant: Option<Group>) {}

    /// How the screen of a VM is reached, asked of the cloud where the listing does not tell. The password only when `reveal` says that a
    /// person wants to see it.
    async fn remote_access(&self, vm: &Vm, _reveal: bool) -> Result<RemoteAccess> {
        Ok(RemoteAccess::at(vm.console.clone()))
    }

    /// The last lines that a VM wrote on its console, safe to show. Only where [`Capabilities::console_log`] says so.
    async fn console_log(&self, _vm: &Vm) -> Result<String> {
        Err(Error::unsupported("console log"))
    }

    /// What was measured of a VM lately. Empty where the cloud measures nothing.
    async fn metrics(&self, _vm: &Vm) -> Result<Vec<Series>> {
        Ok(Vec::new())
    }

    /// The hosts that a VM can be moved to now. Empty where the API cannot tell.
    async fn candidates(&self, _vm: &Vm) -> Result<Vec<Host>> {
        Ok(Vec::new())
    }

    /// A task as it is now.
    async fn task(&self, handle: &TaskHandle) -> Result<Task>;

    /// The tasks of one VM, newest first, with their jobs.
    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>>;

    /// Whether the API can acknowledge a failed task. Where it cannot, it is acknowledged in this console's own state and
    /// [`Cloud::acknowledge`] is never called.
    fn acknowledges_tasks(&self) -> bool {
        false
    }

    /// Acknowledges a failed task. Reads the task first and sends only where the cloud offers it; a task that is acknowledged
    /// already is `Ok`.
    async fn acknowledge(&self, task: &Task) -> Result<()>;

    /// Events, newest first.
    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>>;

    /// What an event says about the protection of a VM; `None` when it says nothing about it. For clouds that tell who protected a
    /// VM in its events alone: the latest change of a VM, if it is a protection, is the one that stands.
    fn protection_change(&self, _event: &Event) -> Option<ProtectionChange> {
        None
    }

    /// By whom and since when a VM is protected, as far as these events (newest first) tell it.
    fn protected_by(&self, events: &[Event], vm: &VmKey) -> Option<(Option<Arc<str>>, Timestamp)> {
        let latest = events
            .iter()
            .filter(|event| event.vm.as_ref() == Some(vm))
            .find_map(|event| self.protection_change(event))?;
        match latest {
            ProtectionChange::Protected { by, since, .. } => Some((by, since)),
            ProtectionChange::Released { .. } => None,
        }
    }

    /// The VM as the server tells it, as indented JSON, without secrets, for reading only.
    async fn raw(&self, vm: &Vm) -> Result<String>;

    /// Says good-bye where the API wants it (closing a session). Errors are of no use by then.
    async fn close(&self) {}
}
