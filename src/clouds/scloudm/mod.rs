//! SCloudM: a gateway (`mana_api`) in front of OpenStack clouds.
//!
//! It starts, stops and restarts VMs and lists them, and has no way to ask for one VM, no tasks and no events. VMs stand in pairs of a
//! tenant and a region. What travels is in `wire`, what it means in `mapping`, what may be done from where in `capabilities`.

mod actions;
mod calls;
mod capabilities;
mod listing;
mod mapping;
mod places;
mod refusal;
mod session;
mod wire;

pub(super) use capabilities::CAPABILITIES;
pub(super) use mapping::POWER;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use self::places::{Known, Pair, Place};
use self::session::Tokens;
use super::document::document;
use super::http::{Http, Lane, Limits};
use super::{Accepted, Cloud, Error, EventQuery, Result, Target, TaskHandle, VmPage};
use crate::config::{self, CloudEntry, Credentials};
use crate::model::{
    Action, Capabilities, CloudName, Event, Privileges, RemoteAccess, Session, Task, Vapp, Vm,
};

/// The gateway asks its cloud about each listed VM, one after the other: it wants no more than one listing in so long.
const LEAST_INTERVAL: Duration = Duration::from_secs(30);

/// One gateway.
#[derive(Debug)]
pub(super) struct Scloudm {
    name: CloudName,
    http: Http,
    credentials: Credentials,
    keys: config::Scloudm,
    concurrency: usize,
    tokens: Tokens,
    /// The pairs of the session; `None` before they are needed.
    pairs: Mutex<Option<Known>>,
    /// The pairs that the last listing could not read; `None` when it came to no end.
    unread: Mutex<Option<Vec<Pair>>>,
    /// Where in the list of its pair each VM was seen last.
    positions: Mutex<HashMap<Arc<str>, usize>>,
}

impl Scloudm {
    /// The gateway of a configured cloud. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up.
    pub fn open(entry: &CloudEntry, keys: &config::Scloudm, limits: Limits) -> Result<Self> {
        let concurrency = entry.concurrency.max(1);
        Ok(Self {
            name: CloudName::new(&entry.name),
            http: Http::new(&entry.url, &entry.tls, concurrency, limits)?,
            credentials: entry.credentials.clone(),
            keys: keys.clone(),
            concurrency,
            tokens: Tokens::default(),
            pairs: Mutex::default(),
            unread: Mutex::default(),
            positions: Mutex::default(),
        })
    }
}

fn no_tasks() -> Error {
    Error::NotFound("SCloudM has no tasks".to_owned())
}

#[async_trait]
impl Cloud for Scloudm {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn least_interval(&self) -> Duration {
        LEAST_INTERVAL
    }

    async fn connect(&self) -> Result<Session> {
        let signed_in = self.sign_in().await?;
        Ok(Session {
            user: signed_in.user.into(),
            full_name: signed_in.full_name.map(Arc::from),
            tenant: None,
            privileges: Privileges::Unlisted,
        })
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        self.list_vms()
    }

    fn has_read(&self, vm: &Vm) -> bool {
        let unread = self.unread();
        let Some(unread) = unread.as_ref() else {
            return false;
        };
        Place::read(&vm.locator).is_none_or(|place| !unread.iter().any(|pair| pair.holds(&place)))
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

    async fn remote_access(&self, vm: &Vm, _reveal: bool) -> Result<RemoteAccess> {
        Ok(RemoteAccess::at(self.read_console(vm).await?))
    }

    async fn task(&self, _handle: &TaskHandle) -> Result<Task> {
        Err(no_tasks())
    }

    async fn vm_tasks(&self, _vm: &Vm) -> Result<Vec<Task>> {
        Ok(Vec::new())
    }

    async fn acknowledge(&self, _task: &Task) -> Result<()> {
        Err(no_tasks())
    }

    async fn events(&self, _query: &EventQuery) -> Result<Vec<Event>> {
        Ok(Vec::new())
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        match self.find(vm, Lane::Read).await?.raw {
            Some(raw) => document(&raw),
            None => Err(Error::NotFound(
                "the gateway lists no VMs; this one is known from the configuration alone"
                    .to_owned(),
            )),
        }
    }
}
