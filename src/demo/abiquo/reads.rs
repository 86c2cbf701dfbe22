//! Everything that GET answers: which resource is written how.

use axum::http::StatusCode;

use super::answer::{Answer, Refusal};
use super::asking::{Asking, found};
use super::estate::{FIRST, Kind, position};
use super::event_filter;
use super::media::{Version, accepted};
use super::render::Pen;
use super::routes::Resource;
use crate::demo::json::Json;

/// A rough size of one object's JSON.
const OBJECT_BYTES: usize = 10 * 1_024;

type Result = std::result::Result<Answer, Refusal>;

impl<'a> Asking<'a> {
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
                if self.platform.estate.users[self.user].enterprise != enterprise {
                    self.need("ENTERPRISE_ENUMERATE")?;
                }
                self.one("enterprise", |pen, json| pen.enterprise(json, enterprise))
            }
            Resource::EnterpriseVms(enterprise) => {
                let enterprise = self.own_enterprise(enterprise)?;
                let of = |&vm: &usize| self.platform.estate.enterprise_of(vm) == enterprise;
                self.unpaged_vms(self.visible_vms().filter(of).collect())
            }
            Resource::EnterpriseAppliances(enterprise) => {
                let enterprise = self.own_enterprise(enterprise)?;
                let datacenters = self.platform.estate.datacenters.iter();
                let own = datacenters.filter(|one| one.enterprise == enterprise);
                self.appliances(own.flat_map(|one| one.appliances.clone()).collect())
            }
            Resource::EnterpriseDatacenters(enterprise) => {
                let enterprise = self.own_enterprise(enterprise)?;
                self.datacenters(Some(enterprise))
            }
            Resource::EnterprisePending(enterprise) => {
                let enterprise = self.own_enterprise(enterprise)?;
                self.pending(|task| self.platform.estate.enterprise_of(task.vm) == enterprise)
            }
            Resource::Users(enterprise) => {
                let enterprise = enterprise.map(|one| self.own_enterprise(one)).transpose()?;
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
                let appliances = estate.datacenters[datacenter].appliances.iter();
                let seen = appliances.filter(|&&one| self.sees(one));
                self.vms(
                    seen.flat_map(|&one| estate.appliances[one].vms.iter().copied())
                        .collect(),
                )
            }
            Resource::DatacenterTasks(datacenter) => {
                let datacenter = self.datacenter(datacenter)?;
                let estate = &self.platform.estate;
                let appliances = estate.datacenters[datacenter].appliances.iter();
                let vms = appliances
                    .filter(|&&one| self.sees(one))
                    .flat_map(|&one| &estate.appliances[one].vms);
                let tasks: Vec<_> = vms.flat_map(|&vm| self.platform.tasks_of(vm)).collect();
                self.all_tasks(&tasks, &Pen::datacenter_path(datacenter))
            }
            Resource::Appliances(datacenter) => {
                let datacenter = self.datacenter(datacenter)?;
                let one = &self.platform.estate.datacenters[datacenter];
                self.appliances(one.appliances.clone())
            }
            Resource::Appliance(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                self.one("virtualappliance", |pen, json| {
                    pen.appliance(json, appliance, false)
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
                let vms = self.platform.estate.appliances[appliance].vms.iter();
                let tasks: Vec<_> = vms.flat_map(|&vm| self.platform.tasks_of(vm)).collect();
                self.all_tasks(&tasks, &self.pen(Version::LATEST).appliance_path(appliance))
            }
            Resource::ApplianceVms(datacenter, appliance) => {
                let appliance = self.appliance(datacenter, appliance)?;
                self.vms(self.platform.estate.appliances[appliance].vms.clone())
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
                self.all_tasks(&tasks, &self.pen(Version::LATEST).vm_path(vm))
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
            Resource::VmAsyncTasks(vm) => {
                self.vm(vm)?;
                self.one("asynctasks", |_, json| {
                    json.raw(r#"{"links":[],"collection":[]}"#);
                })
            }
            Resource::VmRelocateCandidates(vm) => self.relocation_candidates(vm),
            Resource::VmMetrics(vm) => self.metrics(vm),
            Resource::VmMetric(vm, metric) => self.metric(vm, metric),
            Resource::Machine(location, rack, machine) => {
                let host = self.machine(location, rack, machine)?;
                self.one("machine", |pen, json| pen.machine(json, host))
            }
            Resource::MachineVms(location, rack, machine) => {
                let host = self.machine(location, rack, machine)?;
                let here = |&vm: &usize| self.platform.is_on(vm, host, self.now_ms);
                self.vms(self.visible_vms().filter(here).collect())
            }
            Resource::VmReset(_)
            | Resource::VmDeploy(_)
            | Resource::VmUndeploy(_)
            | Resource::VmInstance(_)
            | Resource::VmProtect(_)
            | Resource::VmUnprotect(_)
            | Resource::VmAppMove(_)
            | Resource::VmNotification(_)
            | Resource::VmRelocate(_)
            | Resource::VmConsole(_)
            | Resource::VmMonitoring(..)
            | Resource::VmTaskAck(..)
            | Resource::VmTaskReview(..)
            | Resource::ApplianceDeploy(..)
            | Resource::ApplianceUndeploy(..) => Err(Refusal::nowhere()),
        }
    }

    /// One object.
    ///
    /// # Errors
    /// 406.
    pub(super) fn one(&self, name: &'static str, write: impl FnOnce(Pen<'a>, &mut Json)) -> Result {
        let (name, version) = accepted(self.headers, &[name])?;
        let mut json = Json::with_capacity(OBJECT_BYTES);
        write(self.pen(version), &mut json);
        Ok(Answer::Body(StatusCode::OK, name, version, json.finish()))
    }
}
