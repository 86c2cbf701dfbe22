//! Abiquo: its REST API of the 4.x to 6.1 platforms.
//!
//! What travels is in `wire`, what it means in `mapping`, what may be done from where in `capabilities`. Links are followed by
//! their `rel` and rebased to the configured origin; an action's link tells its address only, never that it may be done
//! (the server lists them all in every state), but for those of tasks (`acknowledge`, `continue`, `cancel`), whose presence is the
//! offer.
//!
//! A question that is read before a change proves, when it fails, that the change was not sent ([`refusal::unsent`]).

mod actions;
mod appliances;
mod calls;
mod capabilities;
mod change;
mod events;
mod listing;
mod mapping;
mod metrics;
mod moving;
mod raw;
mod refusal;
mod remote;
mod session;
mod target;
mod tasks;
mod tenants;
mod vapp_actions;
mod wire;
mod workflow;

pub(super) use capabilities::CAPABILITIES;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use self::calls::{Call, Version};
use self::events::Filters;
use self::listing::Pages;
use self::mapping::Change;
use self::refusal::decode;
use self::session::Sessions;
use self::tenants::Me;
use self::wire::{Collection, Privilege, User};
use super::http::{Http, Limits, Route};
use super::{
    Accepted, Cloud, Error, EventQuery, ProtectionChange, Result, Target, TaskHandle, VappAccepted,
    VmPage,
};
use crate::config::{CloudEntry, Credentials};
use crate::model::text::clean_name;
use crate::model::{
    Action, Capabilities, CloudName, Event, Group, Host, Privileges, RemoteAccess, Series, Session,
    Task, Vapp, VappAction, Vm,
};

/// One Abiquo platform.
#[derive(Debug)]
pub(super) struct Abiquo {
    name: CloudName,
    http: Http,
    credentials: Credentials,
    sessions: Sessions,
    version: Version,
    concurrency: usize,
    /// The pages of the last whole listing of VMs.
    pages: Mutex<Option<Pages>>,
    /// Who is signed in.
    me: Mutex<Me>,
    /// The tenant that is looked at instead of the user's own.
    chosen: Mutex<Option<Group>>,
    /// Which filters of events the server takes.
    filters: Filters,
}

impl Abiquo {
    /// The platform of a configured cloud. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up.
    pub fn open(entry: &CloudEntry, api_version: Option<&str>, limits: Limits) -> Result<Self> {
        Ok(Self {
            name: CloudName::new(&entry.name),
            http: Http::new(&entry.url, &entry.tls, entry.concurrency, limits)?,
            credentials: entry.credentials.clone(),
            sessions: Sessions::default(),
            version: Version::new(api_version),
            concurrency: entry.concurrency.max(1),
            pages: Mutex::default(),
            me: Mutex::default(),
            chosen: Mutex::default(),
            filters: Filters::default(),
        })
    }

    /// The names of the user's privileges: those that came with the user, else those of the user's role.
    async fn privileges(&self, user: &User<'_>) -> Result<Privileges> {
        if let Some(privileges) = &user.privileges.0 {
            return Ok(named(privileges));
        }
        let Some(role) = user.links.href("role") else {
            return Ok(Privileges::Unlisted);
        };
        let route = self
            .http
            .origin()
            .route(role)?
            .below("/action/privileges")?;
        match self.call(Call::get(route, "privileges").acting()).await {
            Ok(answer) => Ok(named(&decode(&answer.body, "the list of privileges")?)),
            // A user who may not read roles can still act; the cloud says no when it must.
            Err(Error::Forbidden(_) | Error::NotFound(_)) => Ok(Privileges::Unlisted),
            Err(error) => Err(error),
        }
    }
}

/// Privileges go by name; some documents write them with a prefix.
fn named(privileges: &Collection<'_, Privilege<'_>>) -> Privileges {
    let names = privileges
        .collection
        .items
        .iter()
        .filter_map(|privilege| privilege.name.get());
    Privileges::Named(
        names
            .map(|name| Arc::from(&*clean_name(name.strip_prefix("ROLE_").unwrap_or(name))))
            .collect(),
    )
}

#[async_trait]
impl Cloud for Abiquo {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    async fn connect(&self) -> Result<Session> {
        let answer = self.sign_in().await?;
        let user: User<'_> = decode(&answer.body, "the answer to the sign-in")?;
        let text = |text: &str| Arc::from(&*clean_name(text.trim()));
        let nick = user.nick.get().ok_or_else(|| {
            Error::Protocol(
                "the answer to the sign-in names no user; check that the url ends where the API begins".to_owned(),
            )
        })?;
        let full_name = [user.name.get(), user.surname.get()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let privileges = self.privileges(&user).await?;
        self.remember_me(&user, &privileges);
        Ok(Session {
            user: text(nick),
            full_name: (!full_name.trim().is_empty()).then(|| text(&full_name)),
            tenant: user.links.title("enterprise").map(text),
            privileges,
        })
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        self.list_vms()
    }

    async fn vapps(&self) -> Result<Vec<Vapp>> {
        self.list_vapps().await
    }

    async fn target(&self, vm: &Vm) -> Result<Target> {
        self.read_target(vm).await
    }

    async fn perform(&self, target: &Target, action: &Action) -> Result<Accepted> {
        self.act(target, action).await
    }

    async fn vapp(&self, vapp: &Vapp) -> Result<Vapp> {
        self.read_vapp(vapp).await
    }

    async fn perform_on_vapp(
        &self,
        vapp: &Vapp,
        action: &VappAction,
        vms: &[Arc<Vm>],
    ) -> Result<VappAccepted> {
        self.act_on_vapp(vapp, action, vms).await
    }

    async fn create_vapp(&self, project: &str, name: &str, restricted: bool) -> Result<Vapp> {
        self.make_vapp(project, name, restricted).await
    }

    async fn projects(&self) -> Result<Vec<Group>> {
        self.list_projects().await
    }

    async fn held_tasks(&self) -> Result<Vec<Task>> {
        self.list_held().await
    }

    async fn decide(&self, task: &Task, approve: bool, note: Option<&str>) -> Result<()> {
        self.decide_task(task, approve, note).await
    }

    async fn tenants(&self) -> Result<Vec<Group>> {
        self.list_tenants().await
    }

    fn look_at(&self, tenant: Option<Group>) {
        self.choose(tenant);
    }

    async fn candidates(&self, vm: &Vm) -> Result<Vec<Host>> {
        self.hosts_for(vm).await
    }

    async fn remote_access(&self, vm: &Vm, reveal: bool) -> Result<RemoteAccess> {
        self.read_screen(vm, reveal).await
    }

    async fn metrics(&self, vm: &Vm) -> Result<Vec<Series>> {
        self.read_metrics(vm).await
    }

    async fn task(&self, handle: &TaskHandle) -> Result<Task> {
        let mut task = self.read_task(&handle.locator).await?;
        task.vm = task.vm.or_else(|| handle.vm.clone());
        Ok(task)
    }

    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        self.tasks_of(vm, false).await
    }

    fn acknowledges_tasks(&self) -> bool {
        true
    }

    async fn acknowledge(&self, task: &Task) -> Result<()> {
        self.acknowledge_task(task).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        self.read_events(query).await
    }

    fn protection_change(&self, event: &Event) -> Option<ProtectionChange> {
        let vm = event.vm.clone()?;
        Some(match mapping::change(event)? {
            Change::Protected(by) => ProtectionChange::Protected {
                vm,
                by,
                since: event.at,
            },
            Change::Released => ProtectionChange::Released { vm },
        })
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        self.read_raw(vm).await
    }
}
