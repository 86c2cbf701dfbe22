//! The lists: filtered, sorted, cut into pages, written.

use axum::http::StatusCode;

use super::answer::{Answer, Refusal};
use super::asking::Asking;
use super::estate::{FIRST, FIRST_ENTERPRISE, Kind, id};
use super::event_filter;
use super::media::{Version, accepted};
use super::paging::Page;
use super::render::{Pen, event_types};
use super::tasks::Task;
use crate::demo::json::Json;

/// A rough size of one VM's JSON; a page is allocated once.
const VM_BYTES: usize = 10 * 1_024;

/// The actions that events are known to have.
const EVENT_TYPES: &[&str] = &[
    "TASK_DEPLOY_CANCEL",
    "TASK_DEPLOY_CONTINUE",
    "TASK_UNDEPLOY_CANCEL",
    "TASK_UNDEPLOY_CONTINUE",
    "VIRTUAL_APPLIANCE_CREATE",
    "VIRTUAL_APPLIANCE_DELETE",
    "VIRTUAL_APPLIANCE_DEPLOY",
    "VIRTUAL_APPLIANCE_MODIFY",
    "VIRTUAL_APPLIANCE_UNDEPLOY",
    "VIRTUAL_MACHINE_DELETE",
    "VIRTUAL_MACHINE_DEPLOY",
    "VIRTUAL_MACHINE_DEPLOY_FINISH",
    "VIRTUAL_MACHINE_INSTANCE_FINISH",
    "VIRTUAL_MACHINE_INSTANCE_START",
    "VIRTUAL_MACHINE_MOVE_TO_VAPP",
    "VIRTUAL_MACHINE_NOTIFICATION",
    "VIRTUAL_MACHINE_PAUSE",
    "VIRTUAL_MACHINE_POWEROFF",
    "VIRTUAL_MACHINE_POWERON",
    "VIRTUAL_MACHINE_PROTECT",
    "VIRTUAL_MACHINE_RECONFIGURE",
    "VIRTUAL_MACHINE_RELEASE",
    "VIRTUAL_MACHINE_REQUEST_ACCESS",
    "VIRTUAL_MACHINE_RESET",
    "VIRTUAL_MACHINE_RESUME",
    "VIRTUAL_MACHINE_SHUTDOWN",
    "VIRTUAL_MACHINE_STATE",
    "VIRTUAL_MACHINE_UNDEPLOY",
    "VIRTUAL_MACHINE_UNDEPLOY_FINISH",
    "VIRTUAL_MACHINE_UNPROTECT",
    "VIRTUAL_MACHINE_VSM_CHANGE_STATE",
    "VIRTUAL_MACHINE_VSM_VM_MOVED",
    "VIRTUAL_MACHINE_WORKFLOW_DEPLOY_SEND",
    "VIRTUAL_MACHINE_WORKFLOW_UNDEPLOY_SEND",
];

type Result<T = Answer> = std::result::Result<T, Refusal>;

impl<'a> Asking<'a> {
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
    pub(super) fn all_vms(&self) -> Result {
        let scope = self.platform.estate.scope(self.user);
        let by_name = self.platform.vms_by_name(scope);
        let page = Page::read(&self.query, "name", true)?;
        let filtered = self.query.get("has").is_some() || self.query.get("vmlabel").is_some();
        if !filtered && page.ascending && matches!(page.by.as_str(), "name" | "label") {
            return self.write_vms(&page, by_name);
        }
        self.vms(by_name.iter().map(|&vm| vm as usize).collect())
    }

    /// A shorter list of VMs, filtered and sorted here.
    pub(super) fn vms(&self, mut vms: Vec<usize>) -> Result {
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
    pub(super) fn unpaged_vms(&self, vms: Vec<usize>) -> Result {
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

    pub(super) fn locations(&self) -> Result {
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

    pub(super) fn enterprises(&self) -> Result {
        self.need("ENTERPRISE_ENUMERATE")?;
        let all = &self.platform.estate.enterprises;
        let mut list: Vec<_> = (0..all.len()).collect();
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        self.list("enterprises", &page, &list, |pen, json, &one| {
            pen.enterprise(json, one)
        })
    }

    pub(super) fn users(&self, enterprise: Option<usize>) -> Result {
        self.need("USERS_VIEW")?;
        let all = &self.platform.estate.users;
        let of = |user: &usize| {
            let own = all[*user].enterprise;
            enterprise.map_or_else(
                || self.platform.estate.reaches(self.user, own),
                |one| own == one,
            )
        };
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

    pub(super) fn datacenters(&self, enterprise: Option<usize>) -> Result {
        let estate = &self.platform.estate;
        let all = &estate.datacenters;
        let asked = |key: &str| self.query.get(key).map(str::parse::<u32>);
        let enterprise_id = asked("enterprise");
        let location_id = asked("datacenter");
        let of = |&one: &usize| {
            let datacenter = &all[one];
            let own = estate.users[self.user].enterprise == datacenter.enterprise;
            // Who does not ask for a tenant that stands apart is not shown it.
            let listed = own
                || enterprise.is_some()
                || enterprise_id.is_some()
                || !estate.enterprises[datacenter.enterprise].apart;
            listed
                && estate.reaches(self.user, datacenter.enterprise)
                && enterprise.is_none_or(|enterprise| datacenter.enterprise == enterprise)
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

    pub(super) fn appliances(&self, mut list: Vec<usize>) -> Result {
        let all = &self.platform.estate.appliances;
        list.retain(|&one| self.sees(one));
        let page = Page::read(&self.query, "name", true)?;
        self.arrange(&page, &mut list, |&one| all[one].name.clone())?;
        let expand = self.query.get("expand").unwrap_or_default();
        let last_task = expand.contains("last_task");
        self.list("virtualappliances", &page, &list, |pen, json, &one| {
            pen.appliance(json, one, last_task)
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

    /// The tasks of something, which are not paged.
    pub(super) fn all_tasks(&self, tasks: &[&Task], owner: &str) -> Result {
        self.tasks(tasks, tasks.len(), owner, "/tasks")
    }

    /// Some tasks of so many; before 4.0 the list had neither links nor a total (2.3).
    fn tasks(&self, tasks: &[&Task], total: usize, owner: &str, tail: &str) -> Result {
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
            json.count("totalSize", i64::try_from(total).unwrap_or(i64::MAX));
        }
        json.close();
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }

    pub(super) fn pending(&self, matches: impl Fn(&Task) -> bool) -> Result {
        let page = Page::read(&self.query, "timestamp", true)?;
        let has = self.query.get("has").unwrap_or_default().to_lowercase();
        let users = &self.platform.estate.users;
        let mut tasks = self.platform.pending();
        tasks.retain(|task| {
            let appliance = self.platform.estate.vms[task.vm].appliance as usize;
            matches(task) && self.sees(appliance) && users[task.user].nick.contains(&has)
        });
        let parent = self.path.split("/action/").next().unwrap_or_default();
        let shown = page.cut(&tasks);
        self.tasks(shown, tasks.len(), parent, "/action/pendingtasks")
    }

    pub(super) fn events(&self) -> Result {
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

fn unsortable(by: &str) -> Refusal {
    Refusal::bad(format!("this list cannot be sorted by {by}"))
}
