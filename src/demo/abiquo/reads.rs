//! Everything that GET answers.

use axum::http::{HeaderMap, StatusCode};

use super::answer::{Answer, Refusal};
use super::estate::{
    FIRST, FIRST_APPLIANCE, FIRST_DATACENTER, FIRST_ENTERPRISE, FIRST_USER, FIRST_VM, Kind, id,
    position,
};
use super::event_filter;
use super::media::{Version, accepted};
use super::paging::{Page, Query};
use super::platform::Platform;
use super::render::{Pen, event_types};
use super::routes::{Resource, VmId};
use super::tasks::Task;
use crate::demo::identity::Uuid;
use crate::demo::json::Json;

/// A rough size of one VM's JSON; a page is allocated once.
const VM_BYTES: usize = 10 * 1_024;

/// The actions that events are known to have.
const EVENT_TYPES: &[&str] = &[
    "VIRTUAL_APPLIANCE_DEPLOY",
    "VIRTUAL_MACHINE_DEPLOY",
    "VIRTUAL_MACHINE_DEPLOY_FINISH",
    "VIRTUAL_MACHINE_MOVE_TO_VAPP",
    "VIRTUAL_MACHINE_NOTIFICATION",
    "VIRTUAL_MACHINE_PAUSE",
    "VIRTUAL_MACHINE_POWEROFF",
    "VIRTUAL_MACHINE_POWERON",
    "VIRTUAL_MACHINE_PROTECT",
    "VIRTUAL_MACHINE_RECONFIGURE",
    "VIRTUAL_MACHINE_REQUEST_ACCESS",
    "VIRTUAL_MACHINE_RESET",
    "VIRTUAL_MACHINE_RESUME",
    "VIRTUAL_MACHINE_SHUTDOWN",
    "VIRTUAL_MACHINE_STATE",
    "VIRTUAL_MACHINE_UNPROTECT",
    "VIRTUAL_MACHINE_VSM_CHANGE_STATE",
    "VIRTUAL_MACHINE_VSM_VM_MOVED",
    "VIRTUAL_MACHINE_WORKFLOW_DEPLOY_SEND",
];

/// A GET: who asks, and how.
pub struct Read<'a> {
    /// The platform, moved on to now.
    pub platform: &'a Platform,
    /// The start of every link.
    pub base: &'a str,
    /// The path as asked, without `/api`.
    pub path: &'a str,
    /// The query.
    pub query: Query,
    /// For the `Accept` header.
    pub headers: &'a HeaderMap,
    /// By position.
    pub user: usize,
    /// Milliseconds.
    pub now_ms: i64,
}

type Result<T = Answer> = std::result::Result<T, Refusal>;

impl<'a> Read<'a> {
    /// Answers it.
    ///
    /// # Errors
    /// The refusals of the API: missing, hidden, not acceptable.
    pub fn answer(&self, resource: Resource) -> Result {
        match resource {
            Resource::Login => {
                let privileges = self
                    .query
                    .get("expand")
                    .is_some_and(|list| list.contains("privileges"));
                self.one("user", |pen, json| pen.user(json, self.user, privileges))
            }
            Resource::Role(role) => {
                let role = found(position(FIRST, role, self.platform.estate.roles.len()))?;
                self.one("role", |pen, json| pen.role(json, role))
            }
            Resource::RolePrivileges(role) => {
                let role = found(position(FIRST, role, self.platform.estate.roles.len()))?;
                self.one("privileges", |pen, json| pen.privileges(json, role))
            }
            Resource::Locations => self.locations(),
            Resource::Location(location) => {
                let location = found(position(
                    FIRST,
                    location,
                    self.platform.estate.locations.len(),
                ))?;
                let name = match self.platform.estate.locations[location].kind {
                    Kind::Datacenter => "datacenter",
                    Kind::PublicCloudRegion => "publiccloudregion",
                };
                self.one(name, |pen, json| pen.location(json, location))
            }
            Resource::Enterprises => self.enterprises(),
            Resource::Enterprise(enterprise) => {
                let enterprise = self.enterprise(enterprise)?;
                self.one("enterprise", |pen, json| pen.enterprise(json, enterprise))
            }
            Resource::EnterpriseVms(enterprise) => {
                let enterprise = self.enterprise(enterprise)?;
                let vms = self
                    .visible_vms()
                    .filter(|&vm| self.enterprise_of(vm) == enterprise)
                    .collect();
                self.unpaged_vms(vms)
            }
            Resource::EnterpriseAppliances(enterprise) => {
                let enterprise = self.enterprise(enterprise)?;
                let estate = &self.platform.estate;
                let of = |one: &usize| {
                    estate.datacenters[estate.appliances[*one].datacenter].enterprise == enterprise
                };
                self.appliances((0..estate.appliances.len()).filter(of).collect())
            }
            Resource::EnterpriseDatacenters(enterprise) => {
                let enterprise = self.enterprise(enterprise)?;
                self.datacenters(Some(enterprise))
            }
            Resource::EnterprisePending(enterprise) => {
                let enterprise = self.enterprise(enterprise)?;
                self.pending(|task| self.platform.estate.users[task.user].enterprise == enterprise)
            }
            Resource::Users(enterprise) => {
                let enterprise = enterprise.map(|one| self.enterprise(one)).transpose()?;
                self.users(enterprise)
            }
            Resource::User(enterprise, user) => {
                let user = self.known_user(enterprise, user)?;
                self.one("user", |pen, json| pen.user(json, user, false))
            }
            Resource::UserVms(enterprise, user) => {
                let user = self.known_user(enterprise, user)?;
                let owner = |vm: &usize| usize::from(self.platform.estate.vms[*vm].owner) == user;
                self.vms(self.visible_vms().filter(owner).collect())
            }
            Resource::UserPending(enterprise, user) => {
                let user = self.known_user(enterprise, user)?;
                self.pending(|task| task.user == user)
            }
            Resource::Vms => self.all_vms(),
            Resource::Datacenters => self.datacenters(None),
            Resource::Datacenter(datacenter) => {
                let datacenter = self.datacenter(datacenter)?;
                self.one("virtualdatacenter", |pen, json| {
                    pen.datacenter(json, datacenter)
                })
            }
            Resource::DatacenterVms(datacenter) => {
                let datacenter = self.datacenter(datacenter)?;
                let estate = &self.platform.estate;
                let appliances = estate.datacenters[datacenter]
                    .appliances
                    .clone()
                    .filter(|&one| self.sees(one));
                self.vms(
                    appliances
                        .flat_map(|one| estate.appliances[one].vms.clone())
                        .collect(),
                )
            }
            Resource::Appliances(datacenter) => {
                let datacenter = self.datacenter(datacenter)?;
                self.appliances(
                    self.platform.estate.datacenters[datacenter]
                        .appliances
                        .clone()
                        .collect(),
                )
            }
            Resource::Appliance(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                self.one("virtualappliance", |pen, json| {
                    pen.appliance(json, appliance)
                })
            }
            Resource::ApplianceState(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                self.one("virtualappliancestate", |pen, json| {
                    pen.appliance_state(json, appliance)
                })
            }
            Resource::ApplianceTasks(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                let vms = self.platform.estate.appliances[appliance].vms.clone();
                let tasks: Vec<_> = vms.flat_map(|vm| self.platform.tasks_of(vm)).collect();
                self.tasks(
                    &tasks,
                    &self.pen(Version::LATEST).appliance_path(appliance),
                    "/tasks",
                )
            }
            Resource::ApplianceVms(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                self.vms(
                    self.platform.estate.appliances[appliance]
                        .vms
                        .clone()
                        .collect(),
                )
            }
            Resource::Vm(vm) => {
                let vm = self.vm(vm)?;
                self.one("virtualmachine", |pen, json| pen.vms().write(json, vm))
            }
            Resource::VmState(vm) => {
                let vm = self.vm(vm)?;
                self.one("virtualmachinestate", |pen, json| pen.vm_state(json, vm))
            }
            Resource::VmTasks(vm) => {
                let vm = self.vm(vm)?;
                let tasks: Vec<_> = self.platform.tasks_of(vm).iter().collect();
                self.tasks(&tasks, &self.pen(Version::LATEST).vm_path(vm), "/tasks")
            }
            Resource::VmTask(vm, task) => {
                let task = self.task(vm, task)?;
                self.one("task", |pen, json| pen.task(json, task))
            }
            Resource::Events => self.events(),
            Resource::Event(event) => {
                let event = self
                    .platform
                    .events
                    .get(event)
                    .filter(|one| event_filter::sees(self, one));
                let event = event.ok_or_else(|| Refusal::missing("EVENT-0", "no such event"))?;
                self.one("event", |pen, json| pen.event(json, event))
            }
            Resource::VmReset(_)
            | Resource::VmProtect(_)
            | Resource::VmUnprotect(_)
            | Resource::VmTaskAck(..) => Err(Refusal::nowhere()),
        }
    }

    /// Whether the user may see an appliance and what is in it.
    pub fn sees(&self, appliance: usize) -> bool {
        !self.platform.estate.appliances[appliance].restricted || self.sees_restricted()
    }

    /// The VM at an address, when it exists there and may be seen.
    ///
    /// # Errors
    /// 404.
    pub fn vm(&self, VmId(datacenter, appliance, vm): VmId) -> Result<usize> {
        let appliance = self.appliance(datacenter, appliance)?;
        position(FIRST_VM, vm, self.platform.estate.vms.len())
            .filter(|vm| self.platform.estate.appliances[appliance].vms.contains(vm))
            .ok_or_else(|| Refusal::missing("VM-1", "no such VM"))
    }

    /// A task of a VM.
    ///
    /// # Errors
    /// 404.
    pub fn task(&self, vm: VmId, task: Uuid) -> Result<&'a Task> {
        let vm = self.vm(vm)?;
        self.platform
            .task(vm, task)
            .ok_or_else(|| Refusal::missing("TASK-1", "no such task"))
    }

    /// Prepares to write in a version.
    pub fn pen(&self, version: Version) -> Pen<'a> {
        Pen {
            platform: self.platform,
            base: self.base,
            version,
            now_ms: self.now_ms,
            viewer: self.user,
        }
    }

    fn sees_restricted(&self) -> bool {
        self.platform.estate.may(self.user, "VAPP_RESTRICTED_VIEW")
    }

    fn visible_vms(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.platform
            .vms_by_name(self.sees_restricted())
            .iter()
            .map(|&vm| vm as usize)
    }

    fn enterprise_of(&self, vm: usize) -> usize {
        let estate = &self.platform.estate;
        estate.datacenters[estate.appliances[estate.vms[vm].appliance as usize].datacenter]
            .enterprise
    }

    fn datacenter(&self, datacenter: u32) -> Result<usize> {
        found(position(
            FIRST_DATACENTER,
            datacenter,
            self.platform.estate.datacenters.len(),
        ))
    }

    fn appliance(&self, datacenter: u32, appliance: u32) -> Result<usize> {
        let datacenter = self.datacenter(datacenter)?;
        position(
            FIRST_APPLIANCE,
            appliance,
            self.platform.estate.appliances.len(),
        )
        .filter(|one| {
            self.platform.estate.datacenters[datacenter]
                .appliances
                .contains(one)
                && self.sees(*one)
        })
        .ok_or_else(|| Refusal::missing("VAPP-0", "no such virtual appliance"))
    }

    fn enterprise(&self, enterprise: u32) -> Result<usize> {
        found(position(
            FIRST_ENTERPRISE,
            enterprise,
            self.platform.estate.enterprises.len(),
        ))
    }

    fn known_user(&self, enterprise: u32, user: u32) -> Result<usize> {
        let enterprise = self.enterprise(enterprise)?;
        let user = position(FIRST_USER, user, self.platform.estate.users.len());
        let user =
            found(user.filter(|&user| self.platform.estate.users[user].enterprise == enterprise))?;
        if user != self.user {
            self.need("USERS_VIEW")?;
        }
        Ok(user)
    }

    fn need(&self, privilege: &str) -> Result<()> {
        let held = self.platform.estate.may(self.user, privilege);
        if held {
            Ok(())
        } else {
            Err(Refusal::forbidden(privilege))
        }
    }

    fn one(&self, name: &'static str, write: impl FnOnce(Pen<'a>, &mut Json)) -> Result {
        let (name, version) = accepted(self.headers, &[name])?;
        let mut json = Json::with_capacity(VM_BYTES);
        write(self.pen(version), &mut json);
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    fn list<T>(
        &self,
        name: &'static str,
        page: &Page,
        list: &[T],
        element: impl Fn(Pen<'a>, &mut Json, &T),
    ) -> Result {
        let (name, version) = accepted(self.headers, &[name])?;
        let pen = self.pen(version);
        let mut json = Json::with_capacity(2 * VM_BYTES);
        page.write(&mut json, &self.address(), list, |json, one| {
            element(pen, json, one)
        });
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    fn address(&self) -> String {
        [self.base, self.path].concat()
    }

    /// The long list. In the order of names it is only cut, never sorted.
    fn all_vms(&self) -> Result {
        let by_name = self.platform.vms_by_name(self.sees_restricted());
        let page = Page::read(&self.query, "name", true)?;
        let filtered = self.query.get("has").is_some() || self.query.get("vmlabel").is_some();
        if !filtered && page.ascending && matches!(page.by.as_str(), "name" | "label") {
            return self.write_vms(&page, by_name);
        }
        self.vms(by_name.iter().map(|&vm| vm as usize).collect())
    }

    /// A shorter list of VMs, filtered and sorted here.
    fn vms(&self, mut vms: Vec<usize>) -> Result {
        let page = Page::read(&self.query, "name", true)?;
        let all = &self.platform.estate.vms;
        if let Some(label) = self.query.get("vmlabel") {
            vms.retain(|&vm| &*all[vm].label == label);
        }
        if let Some(has) = self.query.get("has").map(str::to_lowercase) {
            vms.retain(|&vm| all[vm].label.to_lowercase().contains(&has));
        }
        match page.by.as_str() {
            "name" | "label" => {
                vms.sort_by(|&a, &b| all[a].label.cmp(&all[b].label).then(a.cmp(&b)))
            }
            "id" => vms.sort_unstable(),
            "state" => vms.sort_by_key(|&vm| (all[vm].power.word(), vm)),
            "cpu" => vms.sort_by_key(|&vm| (all[vm].cpu, vm)),
            "ram" => vms.sort_by_key(|&vm| (all[vm].ram_mib, vm)),
            "creationtimestamp" => vms.sort_by_key(|&vm| (all[vm].created, vm)),
            other => return Err(unsortable(other)),
        }
        if !page.ascending {
            vms.reverse();
        }
        let vms: Vec<u32> = vms
            .into_iter()
            .filter_map(|vm| u32::try_from(vm).ok())
            .collect();
        self.write_vms(&page, &vms)
    }

    fn write_vms(&self, page: &Page, vms: &[u32]) -> Result {
        let (name, version) = accepted(self.headers, &["virtualmachines"])?;
        let pen = self.pen(version).vms();
        let mut json = Json::with_capacity(VM_BYTES * (page.cut(vms).len() + 1));
        page.write(&mut json, &self.address(), vms, |json, &vm| {
            pen.write(json, vm as usize)
        });
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    /// A list that the API does not page: no links, no total.
    fn unpaged_vms(&self, vms: Vec<usize>) -> Result {
        let (name, version) = accepted(self.headers, &["virtualmachines"])?;
        let pen = self.pen(version).vms();
        let mut json = Json::with_capacity(VM_BYTES * (vms.len() + 1));
        json.open();
        json.verbatim("links", "[]");
        json.key("collection");
        json.open_array();
        for vm in vms {
            pen.write(&mut json, vm);
        }
        json.close_array();
        json.close();
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    fn locations(&self) -> Result {
        let (name, _) = accepted(self.headers, &["datacenters", "publiccloudregions"])?;
        let kind = if name == "datacenters" {
            Kind::Datacenter
        } else {
            Kind::PublicCloudRegion
        };
        let all = &self.platform.estate.locations;
        let mut list: Vec<_> = (0..all.len())
            .filter(|&one| all[one].kind == kind)
            .collect();
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        self.list(name, &page, &list, |pen, json, &one| {
            pen.location(json, one)
        })
    }

    fn enterprises(&self) -> Result {
        self.need("ENTERPRISE_ENUMERATE")?;
        let all = &self.platform.estate.enterprises;
        let mut list: Vec<_> = (0..all.len()).collect();
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        self.list("enterprises", &page, &list, |pen, json, &one| {
            pen.enterprise(json, one)
        })
    }

    fn users(&self, enterprise: Option<usize>) -> Result {
        self.need("USERS_VIEW")?;
        let all = &self.platform.estate.users;
        let of = |user: &usize| enterprise.is_none_or(|one| all[*user].enterprise == one);
        let mut list: Vec<_> = (0..all.len()).filter(of).collect();
        let page = Page::read(&self.query, "name", true)?;
        let by_nick = page.by == "nick";
        self.arrange(&page, &mut list, |&one| {
            if by_nick {
                all[one].nick.clone()
            } else {
                all[one].full_name()
            }
        })?;
        self.list("users", &page, &list, |pen, json, &one| {
            pen.user(json, one, false)
        })
    }

    fn datacenters(&self, enterprise: Option<usize>) -> Result {
        let all = &self.platform.estate.datacenters;
        let asked = |key: &str| self.query.get(key).map(str::parse::<u32>);
        let enterprise_id = asked("enterprise");
        let location_id = asked("datacenter");
        let of = |&one: &usize| {
            let datacenter = &all[one];
            enterprise.is_none_or(|enterprise| datacenter.enterprise == enterprise)
                && enterprise_id
                    .as_ref()
                    .is_none_or(|asked| *asked == Ok(id(FIRST_ENTERPRISE, datacenter.enterprise)))
                && location_id
                    .as_ref()
                    .is_none_or(|asked| *asked == Ok(id(FIRST, datacenter.location)))
        };
        let mut list: Vec<_> = (0..all.len()).filter(of).collect();
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        self.list("virtualdatacenters", &page, &list, |pen, json, &one| {
            pen.datacenter(json, one)
        })
    }

    fn appliances(&self, mut list: Vec<usize>) -> Result {
        let all = &self.platform.estate.appliances;
        list.retain(|&one| self.sees(one));
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        self.list("virtualappliances", &page, &list, |pen, json, &one| {
            pen.appliance(json, one)
        })
    }

    /// Filters by name and sorts by name or id: all that the short lists know.
    fn arrange(
        &self,
        page: &Page,
        list: &mut Vec<usize>,
        name: impl Fn(&usize) -> String,
    ) -> Result<()> {
        if let Some(has) = self.query.get("has").map(str::to_lowercase) {
            list.retain(|one| name(one).to_lowercase().contains(&has));
        }
        match page.by.as_str() {
            "name" | "nick" => list.sort_by_key(|one| (name(one), *one)),
            "id" => list.sort_unstable(),
            other => return Err(unsortable(other)),
        }
        if !page.ascending {
            list.reverse();
        }
        Ok(())
    }

    /// Tasks are not paged; before 4.0 they had neither links nor a total (2.3).
    fn tasks(&self, tasks: &[&Task], owner: &str, tail: &str) -> Result {
        let (name, version) = accepted(self.headers, &["tasks"])?;
        let pen = self.pen(version);
        let mut json = Json::with_capacity(VM_BYTES);
        json.open();
        json.key("links");
        json.open_array();
        let tells_links = version >= Version::new(4, 0);
        if tells_links {
            pen.link(&mut json, "self", "", "", &[owner, tail]);
            pen.link(&mut json, "parent", "", "", &[owner]);
        }
        json.close_array();
        json.key("collection");
        json.open_array();
        for task in tasks {
            pen.task(&mut json, task);
        }
        json.close_array();
        if tells_links {
            json.count("totalSize", i64::try_from(tasks.len()).unwrap_or(i64::MAX));
        }
        json.close();
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    fn pending(&self, matches: impl Fn(&Task) -> bool) -> Result {
        let has = self.query.get("has").unwrap_or_default();
        let users = &self.platform.estate.users;
        let mut tasks = self.platform.pending();
        tasks.retain(|task| {
            let appliance = self.platform.estate.vms[task.vm].appliance as usize;
            matches(task) && self.sees(appliance) && users[task.user].nick.contains(has)
        });
        let parent = self.path.split("/action/").next().unwrap_or_default();
        self.tasks(&tasks, parent, "/action/pendingtasks")
    }

    fn events(&self) -> Result {
        let (name, version) = accepted(self.headers, &["events", "eventtypes"])?;
        if name == "eventtypes" {
            let mut json = Json::default();
            event_types(&mut json, EVENT_TYPES);
            return Ok(Answer::Body(StatusCode::OK, name, version, json.finish()));
        }
        let page = Page::read(&self.query, "timestamp", false)?;
        let events = event_filter::select(self, &page, version)?;
        self.list("events", &page, &events, |pen, json, event| {
            pen.event(json, event)
        })
    }
}

fn found(position: Option<usize>) -> Result<usize> {
    position.ok_or_else(Refusal::nowhere)
}

fn unsortable(by: &str) -> Refusal {
    Refusal::bad(format!("this list cannot be sorted by {by}"))
}
