//! ZStack: the REST API of its 4.x and 5.x management servers.
//!
//! Reading is answered at once. Every change is a job: it is accepted with 202 and asked for under `/v1/api-jobs/` until it has ended; the
//! job is the task. Each carries an id of this program's own making, so that one whose answer is lost is found again and never done
//! twice. A VM is protected by a user tag (see [`mapping`]).

mod actions;
mod calls;
mod capabilities;
mod dates;
mod events;
mod jobs;
mod listing;
mod login;
mod mapping;
mod names;
mod refusal;
mod session;
mod signing;
mod tasks;
mod wire;

pub(super) use capabilities::CAPABILITIES;
pub(super) use mapping::STATES;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::events::Sources;
use self::jobs::Jobs;
use self::mapping::{Mapper, Tags, Texts, id};
use self::names::{Kept, Places};
use self::session::Sessions;
use self::wire::{ConsoleAddress, Inventories};
use super::body::decode;
use super::document::document;
use super::http::{Http, Lane, Limits};
use super::{Accepted, Cloud, Error, EventQuery, Result, Target, TaskHandle, VmPage};
use crate::config::{CloudEntry, Credentials, ZstackSettings};
use crate::model::{
    Action, Capabilities, CloudName, Event, Group, Host, RemoteAccess, Session, Task, Vapp, Vm,
};

/// One ZStack platform.
#[derive(Debug)]
pub(super) struct Zstack {
    name: CloudName,
    http: Http,
    credentials: Credentials,
    settings: ZstackSettings,
    concurrency: usize,
    sessions: Sessions,
    learnt: Mutex<Learnt>,
    names: Kept,
    jobs: Jobs,
    sources: Sources,
}

/// What logging in has taught.
#[derive(Debug, Default)]
struct Learnt {
    /// The zone of the server's dates, where the configuration has none.
    zone: Option<TimeZone>,
    /// The account or project that is signed in.
    project: Option<Group>,
}

impl Zstack {
    /// The platform of a configured cloud. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up.
    pub fn open(entry: &CloudEntry, settings: &ZstackSettings, limits: Limits) -> Result<Self> {
        Ok(Self {
            name: CloudName::new(&entry.name),
            http: Http::new(&entry.url, &entry.tls, entry.concurrency, limits)?,
            credentials: entry.credentials.clone(),
            settings: settings.clone(),
            concurrency: entry.concurrency.max(1),
            sessions: Sessions::default(),
            learnt: Mutex::default(),
            names: Kept::default(),
            jobs: Jobs::default(),
            sources: Sources::default(),
        })
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The zone of the server's dates.
    fn zone(&self) -> Option<TimeZone> {
        let configured = self.settings.time_zone.clone();
        configured.or_else(|| self.learnt().zone.clone())
    }

    fn project(&self) -> Option<Group> {
        self.learnt().project.clone()
    }

    /// Maps with what is known around it.
    fn mapped<T>(&self, places: &Places, tags: &Tags, map: impl FnOnce(&mut Mapper<'_>) -> T) -> T {
        let (zone, project) = (self.zone(), self.project());
        map(&mut Mapper {
            cloud: &self.name,
            zone: zone.as_ref(),
            places,
            tags,
            project: project.as_ref(),
            texts: &mut Texts::default(),
        })
    }

    /// Maps what has neither places nor tags.
    fn mapped_alone<T>(&self, map: impl FnOnce(&mut Mapper<'_>) -> T) -> T {
        self.mapped(&Places::default(), &Tags::default(), map)
    }

    /// The address of something of a VM's. What was kept is checked again.
    fn vm_path(&self, vm: &Vm, tail: &str) -> Result<String> {
        let uuid = id(Some(&vm.locator)).ok_or_else(gone)?;
        Ok(format!("/v1/vm-instances/{uuid}{tail}"))
    }
}

fn gone() -> Error {
    Error::NotFound("there is no such VM any more".to_owned())
}

#[async_trait]
impl Cloud for Zstack {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    async fn connect(&self) -> Result<Session> {
        self.sources.ask_again();
        self.sign_in().await
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        self.list_vms()
    }

    async fn vapps(&self) -> Result<Vec<Vapp>> {
        Ok(Vec::new())
    }

    async fn target(&self, vm: &Vm) -> Result<Target> {
        self.read_target(vm).await
    }

    async fn perform(&self, target: &Target, action: &Action) -> Result<Accepted> {
        self.act(target, action).await
    }

    async fn candidates(&self, vm: &Vm) -> Result<Vec<Host>> {
        let path = self.vm_path(vm, "/migration-target-hosts")?;
        let answer = self.get(&path, Lane::Act).await?;
        let hosts: Inventories<wire::Host<'_>> = decode(&answer.body, "the list of hosts")?;
        let places = self.places(Lane::Act).await?;
        let hosts = &hosts.inventories.items;
        Ok(self.mapped(&places, &Tags::default(), |mapper| {
            hosts.iter().filter_map(|host| mapper.host(host)).collect()
        }))
    }

    /// Only what runs, or has crashed, has a screen.
    async fn remote_access(&self, vm: &Vm, _reveal: bool) -> Result<RemoteAccess> {
        if !["Running", "Crashed"].contains(&&*vm.native_state) {
            return Ok(RemoteAccess::default());
        }
        let path = self.vm_path(vm, "/console-addresses")?;
        let answer = match self.get(&path, Lane::Act).await {
            // It has stopped meanwhile.
            Err(Error::Conflict(_)) => return Ok(RemoteAccess::default()),
            answer => answer?,
        };
        let address: ConsoleAddress<'_> = decode(&answer.body, "the address of the screen")?;
        Ok(RemoteAccess::at(mapping::console(&address)))
    }

    async fn task(&self, handle: &TaskHandle) -> Result<Task> {
        self.read_task(handle).await
    }

    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        self.tasks_of(vm).await
    }

    async fn acknowledge(&self, _task: &Task) -> Result<()> {
        Err(Error::Forbidden(
            "ZStack keeps no acknowledgement of its jobs".to_owned(),
        ))
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        self.read_events(query).await
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        /// The rows as they came.
        #[derive(Deserialize)]
        struct Rows<'a> {
            #[serde(borrow, default)]
            inventories: Vec<&'a RawValue>,
        }
        let answer = self.get(&self.vm_path(vm, "")?, Lane::Read).await?;
        let rows: Rows<'_> = decode(&answer.body, "the VM")?;
        let row = rows.inventories.first().ok_or_else(gone)?;
        document(row.get().as_bytes())
    }

    async fn close(&self) {
        self.log_out().await;
    }
}
