//! Elastic Hosting: the customer API of Enomaly's Elastic Computing Platform (ECP), Service Provider Edition.
//!
//! What travels is in `wire`, what it means in `mapping`, what may be done from where in `capabilities`. The platform is old and
//! its editions differ, so everything is decoded leniently: uuids and ports are texts or numbers, answers come with and without
//! their envelope, addresses end in a slash or not, and a failure may come with HTTP 200 and an `errno`.

mod actions;
mod answer;
mod calls;
mod capabilities;
mod cookies;
mod form;
mod listing;
mod log;
mod mapping;
mod session;
mod sign_in;
mod wire;

pub(super) use capabilities::CAPABILITIES;
pub(super) use mapping::STATES;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use self::actions::Handle;
use self::calls::{Place, Spellings};
use self::capabilities::WITHOUT_LOG;
use self::listing::KnownProfiles;
use self::session::Sessions;
use super::document::document;
use super::error::Rejection;
use super::http::{Http, Lane, Limits};
use super::{Accepted, Cloud, Error, EventQuery, Result, Target, TaskHandle, VmPage};
use crate::config::{CloudEntry, Credentials, EcpAuth, EcpBody};
use crate::model::text::clean_name;
use crate::model::{Action, Capabilities, CloudName, Event, Privileges, Session, Task, Vapp, Vm};

/// One ECP platform, by its customer interface.
#[derive(Debug)]
pub(super) struct ElasticHosting {
    name: CloudName,
    http: Http,
    credentials: Credentials,
    auth: EcpAuth,
    body: EcpBody,
    sessions: Sessions,
    spellings: Spellings,
    profiles: KnownProfiles,
    log: tokio::sync::Mutex<log::Known>,
    /// Not every server has a log; it is there until one says otherwise.
    without_log: AtomicBool,
}

impl ElasticHosting {
    /// The platform of a configured cloud. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up.
    pub fn open(entry: &CloudEntry, auth: EcpAuth, body: EcpBody, limits: Limits) -> Result<Self> {
        Ok(Self {
            name: CloudName::new(&entry.name),
            http: Http::new(&entry.url, &entry.tls, entry.concurrency, limits)?,
            credentials: entry.credentials.clone(),
            auth,
            body,
            sessions: Sessions::default(),
            spellings: Spellings::default(),
            profiles: KnownProfiles::default(),
            log: tokio::sync::Mutex::default(),
            without_log: AtomicBool::new(false),
        })
    }

    fn has_log(&self) -> bool {
        !self.without_log.load(Ordering::Relaxed)
    }

    fn note_log(&self, is_there: bool) {
        self.without_log.store(!is_there, Ordering::Relaxed);
    }
}

#[async_trait]
impl Cloud for ElasticHosting {
    fn capabilities(&self) -> &'static Capabilities {
        if self.has_log() {
            &CAPABILITIES
        } else {
            &WITHOUT_LOG
        }
    }

    async fn connect(&self) -> Result<Session> {
        let user = self.sign_in().await?;
        self.forget_log().await;
        Ok(Session {
            user: Arc::from(&*clean_name(&user)),
            full_name: None,
            tenant: None,
            // Permissions are the server's own business: it says no when it must.
            privileges: Privileges::Unlisted,
        })
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        self.list_vms()
    }

    async fn vapps(&self) -> Result<Vec<Vapp>> {
        Ok(Vec::new())
    }

    async fn target(&self, vm: &Vm) -> Result<Target> {
        let vm = self.read_vm(vm).await?;
        let locator = vm.locator.to_string();
        Ok(Target {
            vm,
            handle: Box::new(Handle { locator }),
        })
    }

    async fn perform(&self, target: &Target, action: &Action) -> Result<Accepted> {
        self.act(target, action).await
    }

    async fn task(&self, handle: &TaskHandle) -> Result<Task> {
        self.read_task(handle).await
    }

    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        self.tasks_of(vm).await
    }

    async fn acknowledge(&self, _task: &Task) -> Result<()> {
        Err(Error::Rejected(Rejection {
            status: 405,
            code: None,
            message: "Elastic Hosting does not acknowledge transactions".to_owned(),
        }))
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        self.read_events(query).await
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        let answer = self.get(&Place::vm(&vm.locator)?, Lane::Read).await?;
        document(&answer.body)
    }
}
