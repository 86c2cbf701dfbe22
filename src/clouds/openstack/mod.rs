//! OpenStack: Nova by its compute API 2.1 with microversions, signed in to by Keystone v3.
//!
//! A cloud is made of places: each region as each project sees it. Where the services are, the catalogue of a sign-in says, and nothing
//! else. A place is listed whole now and then, and by what has changed in between. Each action that Nova accepts is kept by it under the
//! request's id, with its events: that is the task. A lock is a protection.

mod actions;
mod calls;
mod capabilities;
mod catalogue;
mod hosts;
mod identity;
mod inventory;
mod listing;
mod mapping;
mod names;
mod refusal;
mod session;
mod tasks;
mod versions;
mod watched;
mod wire;

pub(super) use capabilities::CAPABILITIES;
pub(super) use mapping::STATES;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::calls::{Call, Place, To};
use self::inventory::Inventory;
use self::mapping::Texts;
use self::session::{Scope, Who};
use self::versions::Microversion;
use super::body::decode;
use super::document::document;
use super::http::{Http, Lane, Limits};
use super::{Accepted, Cloud, Error, EventQuery, Result, Target, TaskHandle, VmPage};
use crate::config::{
    CloudEntry, Credentials, Openstack as Settings, OpenstackProject, Secret, Tls,
};
use crate::model::{
    Action, Capabilities, CloudName, Event, Host, Privileges, RemoteAccess, Session, Task, Vapp, Vm,
};

/// One OpenStack cloud: its regions and projects as one.
pub(super) struct Openstack {
    name: CloudName,
    keystone: Arc<Http>,
    signs_in_with_tls: bool,
    credentials: Credentials,
    settings: Settings,
    tls: Tls,
    limits: Limits,
    concurrency: usize,
    secret: tokio::sync::Mutex<Option<Secret>>,
    scopes: Vec<Arc<Scope>>,
    /// The clients of the catalogue's addresses.
    clients: Mutex<HashMap<String, Arc<Http>>>,
    versions: Mutex<HashMap<String, Microversion>>,
    names: Mutex<names::Kept>,
    inventory: Inventory,
    texts: Arc<Mutex<Texts>>,
    /// The places where not every project is listed, because the cloud does not let the user.
    own_only: Mutex<HashSet<String>>,
    /// The places that the last listing could not read; `None` while it is not over.
    unread: Mutex<Option<HashSet<String>>>,
}

impl fmt::Debug for Openstack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Openstack")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a lock protects. Nothing panics while it is held.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Openstack {
    /// The cloud of a configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when TLS cannot be set up.
    pub fn open(entry: &CloudEntry, settings: &Settings, limits: Limits) -> Result<Self> {
        let root = identity::root(&entry.url);
        let keystone = Http::new(&root, &entry.tls, entry.concurrency, limits.clone())?;
        let scopes = match settings.projects.as_slice() {
            [] => vec![Arc::new(Scope::new(None))],
            projects => {
                let projects = projects.iter().cloned();
                projects
                    .map(|project| Arc::new(Scope::new(Some(project))))
                    .collect()
            }
        };
        Ok(Self {
            name: CloudName::new(&entry.name),
            keystone: Arc::new(keystone),
            signs_in_with_tls: entry.url.scheme() == "https",
            credentials: entry.credentials.clone(),
            settings: settings.clone(),
            tls: entry.tls.clone(),
            limits,
            concurrency: entry.concurrency.max(1),
            secret: tokio::sync::Mutex::default(),
            scopes,
            clients: Mutex::default(),
            versions: Mutex::default(),
            names: Mutex::default(),
            inventory: Inventory::default(),
            texts: Arc::default(),
            own_only: Mutex::default(),
            unread: Mutex::default(),
        })
    }

    fn username(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::Password { username, .. } => Some(username),
            Credentials::Token(_) => None,
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, Arc<Http>>> {
        locked(&self.clients)
    }

    fn versions(&self) -> MutexGuard<'_, HashMap<String, Microversion>> {
        locked(&self.versions)
    }

    fn kept_names(&self) -> MutexGuard<'_, names::Kept> {
        locked(&self.names)
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        locked(&self.texts)
    }

    fn unread(&self) -> MutexGuard<'_, Option<HashSet<String>>> {
        locked(&self.unread)
    }

    fn scopes(&self) -> &[Arc<Scope>] {
        &self.scopes
    }

    /// What a place is called here: `project|region`, with which the locators of its servers begin.
    fn place_key(&self, place: &Place) -> String {
        format!("{}|{}", place.scope.project_id(), place.region)
    }

    /// Whether every project is asked for in a place.
    fn lists_all(&self, place: &Place) -> bool {
        let tries = self.settings.projects.len() <= 1;
        let wanted = self.settings.all_projects.unwrap_or(tries);
        wanted && !locked(&self.own_only).contains(&self.place_key(place))
    }

    /// Whether the configuration says that every project is to be listed.
    fn must_list_all(&self) -> bool {
        self.settings.all_projects == Some(true)
    }

    fn lists_own_only(&self, place: &Place) {
        locked(&self.own_only).insert(self.place_key(place));
    }

    /// Every place that is listed: the regions of each project, or of the first where it shows all of them.
    ///
    /// # Errors
    /// [`Error::SignIn`] before the first sign-in.
    async fn places(&self) -> Result<Vec<Place>> {
        let wanted = if self.must_list_all() {
            1
        } else {
            self.scopes.len()
        };
        let mut places = Vec::new();
        for scope in self.scopes.iter().take(wanted) {
            let (token, ..) = scope.current()?;
            let regions = match self.settings.regions.as_slice() {
                [] => token.catalogue.regions(),
                regions => regions.iter().map(|name| Arc::from(&**name)).collect(),
            };
            places.extend(regions.into_iter().map(|region| Place {
                scope: scope.clone(),
                region,
            }));
        }
        if places.is_empty() {
            return Err(Error::NotFound(
                "the catalogue has no compute service for this user; check `interface`".to_owned(),
            ));
        }
        Ok(places)
    }

    /// Signs in to every project. All of them, or none: a project that is named and cannot be seen is a mistake to be told.
    async fn sign_in_everywhere(&self) -> Result<()> {
        let several = self.scopes.len() > 1;
        let signing = self.scopes.iter().map(|scope| async move {
            let _alone = scope.alone().await;
            scope.begin(self.sign_in(scope).await?);
            Ok(())
        });
        for (scope, signed) in self.scopes.iter().zip(join_all(signing).await) {
            signed.map_err(|error| match (error, &scope.project) {
                (Error::SignIn(words), Some(project)) if several => {
                    let (OpenstackProject::Id(name) | OpenstackProject::Name { name, .. }) =
                        project;
                    Error::SignIn(format!("project {name}: {words}"))
                }
                (error, _) => error,
            })?;
        }
        Ok(())
    }
}

fn gone() -> Error {
    Error::NotFound("there is no such server any more".to_owned())
}

#[async_trait]
impl Cloud for Openstack {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    async fn connect(&self) -> Result<Session> {
        self.inventory.forget();
        locked(&self.own_only).clear();
        self.sign_in_everywhere().await?;
        let who: Vec<Who> = self.scopes.iter().filter_map(|scope| scope.who()).collect();
        let first = who.first();
        let user = first.and_then(|who| who.user.clone());
        let mut tenants: Vec<Arc<str>> = Vec::new();
        for (_, name) in who.iter().filter_map(|who| who.project.clone()) {
            if !tenants.contains(&name) {
                tenants.push(name);
            }
        }
        // What the user may do everywhere.
        let roles = who.iter().map(|who| who.roles.clone());
        let roles = roles.reduce(|all, roles| all.intersection(&roles).cloned().collect());
        let roles: BTreeSet<Arc<str>> = roles
            .unwrap_or_default()
            .iter()
            .map(|role| Arc::from(&**role))
            .collect();
        Ok(Session {
            user: user.map_or_else(
                || Arc::from(self.username().unwrap_or_default()),
                |(_, name)| name,
            ),
            full_name: None,
            tenant: (!tenants.is_empty()).then(|| tenants.join(", ").into()),
            privileges: Privileges::Named(roles),
        })
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        self.list_vms()
    }

    fn has_read(&self, vm: &Vm) -> bool {
        let unread = self.unread();
        let Some(unread) = &*unread else {
            return false;
        };
        let place = vm.locator.rsplit_once('|').map(|(place, _)| place);
        place.is_some_and(|place| !unread.contains(place))
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
        self.hosts_for(vm).await
    }

    async fn console_log(&self, vm: &Vm) -> Result<String> {
        self.written(vm).await
    }

    /// The address is a key to the screen, so that it is made when a person asks for it, and never shown in passing.
    async fn remote_access(&self, vm: &Vm, _reveal: bool) -> Result<RemoteAccess> {
        self.screen(vm).await
    }

    async fn task(&self, handle: &TaskHandle) -> Result<Task> {
        self.read_task(handle).await
    }

    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        self.tasks_of(vm).await
    }

    async fn acknowledge(&self, _task: &Task) -> Result<()> {
        Err(Error::Forbidden(
            "OpenStack keeps no acknowledgement of its actions".to_owned(),
        ))
    }

    async fn events(&self, _query: &EventQuery) -> Result<Vec<Event>> {
        Ok(Vec::new())
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        /// The server as it came.
        #[derive(Deserialize)]
        struct One<'a> {
            #[serde(borrow)]
            server: Option<&'a RawValue>,
        }
        let (place, server) = self.find(vm)?;
        let call = Call::get(To::Compute, format!("/servers/{server}"), Lane::Read);
        let answer = self.call(&place, &call).await?;
        let one: One<'_> = decode(&answer.body, "the server")?;
        let server = one.server.ok_or_else(gone)?;
        document(server.get().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use url::Url;

    use super::*;
    use crate::config::{Interface, OpenstackAuth, Provider, SecretSource};

    fn opened(auth_url: &str, plain_http: bool) -> Openstack {
        let settings = Settings {
            auth: OpenstackAuth::Password { domain: None },
            projects: Vec::new(),
            regions: Vec::new(),
            interface: Interface::Public,
            all_projects: None,
            plain_http,
        };
        let entry = CloudEntry {
            name: "prod".into(),
            provider: Provider::Openstack(Box::new(settings.clone())),
            url: Url::parse(auth_url).unwrap(),
            environment: None,
            credentials: Credentials::Password {
                username: "alice".into(),
                password: SecretSource::Plain(Secret::new("hunter2")),
            },
            read_only: false,
            concurrency: 4,
            group_by: None,
            tls: Tls {
                insecure: true,
                ..Tls::default()
            },
        };
        Openstack::open(&entry, &settings, Limits::default()).unwrap()
    }

    #[test]
    fn a_catalogue_does_not_lead_out_of_tls_unless_that_is_configured() {
        let nova = Url::parse("http://nova.example.com/v2.1").unwrap();
        let here = Url::parse("http://127.0.0.1:8774/v2.1").unwrap();
        let secure = opened("https://keystone.example.com/v3", false);
        let no = secure.http_for(&nova).unwrap_err();
        assert!(
            matches!(&no, Error::Link(words) if words.contains("plain_http")),
            "{no:?}"
        );
        assert!(secure.http_for(&here).is_ok(), "nobody listens in here");
        let told = opened("https://keystone.example.com/v3", true);
        assert!(told.http_for(&nova).is_ok());
        let plain = opened("http://keystone.example.com/v3", false);
        assert!(plain.http_for(&nova).is_ok(), "the sign-in has none either");
        let shown = format!("{secure:?} {told:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
