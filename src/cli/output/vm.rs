//! A VM as it is printed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Column, From, Record, flag, text, value};
use crate::fleet::{Inventory, Overview};
use crate::model::{ActionKind, PowerState, Protection, ProtectionScope, Task, VappState};

/// A VM, with every key of `vms` and `show`.
#[derive(Serialize)]
pub struct VmRecord<'a> {
    cloud: &'a str,
    provider: &'static str,
    id: &'a str,
    uuid: Option<&'a str>,
    name: &'a str,
    native_name: Option<&'a str>,
    state: &'static str,
    power_state: PowerState,
    native_state: &'a str,
    deallocated: bool,
    protected: bool,
    protection: Option<ProtectionRecord<'a>>,
    vapp: Option<&'a str>,
    vapp_id: Option<&'a str>,
    vapp_state: Option<VappState>,
    restricted: Option<bool>,
    project: Option<&'a str>,
    tenant: Option<&'a str>,
    location: Option<&'a str>,
    host: Option<&'a str>,
    owner: Option<&'a str>,
    cpu: Option<u32>,
    ram_mib: Option<u64>,
    addresses: Vec<&'a str>,
    created_at: Option<Timestamp>,
    warnings: usize,
    task: Option<TaskBrief<'a>>,
    actions: Actions<'a>,
}

#[derive(Serialize)]
struct ProtectionRecord<'a> {
    reason: Option<&'a str>,
    by: Option<&'a str>,
    since: Option<Timestamp>,
    scope: ProtectionScope,
}

impl<'a> ProtectionRecord<'a> {
    fn of(protection: &'a Protection) -> Self {
        Self {
            reason: protection.reason.as_deref(),
            by: protection.by.as_deref(),
            since: protection.since,
            scope: protection.scope,
        }
    }
}

/// The task that runs on a VM.
#[derive(Serialize)]
struct TaskBrief<'a> {
    id: &'a str,
    kind: &'a str,
    state: &'a str,
    job: Option<&'a str>,
    jobs_done: usize,
    jobs_total: usize,
    started_at: Option<Timestamp>,
}

impl<'a> TaskBrief<'a> {
    fn of(task: &'a Task) -> Self {
        let (jobs_done, jobs_total) = task.jobs_done();
        Self {
            id: &task.key.id,
            kind: task.kind.as_str(),
            state: task.state.as_str(),
            job: task.current_job().map(|job| job.kind.as_str()),
            jobs_done,
            jobs_total,
            started_at: task.created_at,
        }
    }
}

/// The same keys for every VM of every cloud: null when the action may be performed now, else why not. Worked out
/// while it is written, for a table has no use for it.
struct Actions<'a>(Overview<'a>);

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(ActionKind::IN_JSON.len()))?;
        for kind in ActionKind::IN_JSON {
            let denial = self.0.availability(kind);
            map.serialize_entry(kind.id(), &denial.denial().map(ToString::to_string))?;
        }
        map.end()
    }
}

impl<'a> VmRecord<'a> {
    /// The record of a VM.
    #[must_use]
    pub fn of(overview: Overview<'a>, inventory: &'a Inventory) -> Self {
        let vm = overview.vm.as_ref();
        Self {
            cloud: vm.key.cloud.as_str(),
            provider: overview.cloud.info.provider,
            id: &vm.key.id,
            uuid: vm.uuid.as_deref(),
            name: &vm.name,
            native_name: vm.native_name.as_deref(),
            state: vm.state().as_str(),
            power_state: vm.power,
            native_state: &vm.native_state,
            deallocated: vm.deallocated,
            protected: vm.protection.is_some(),
            protection: vm.protection.as_deref().map(ProtectionRecord::of),
            vapp: vm.vapp.as_ref().map(|group| &*group.name),
            vapp_id: vm.vapp.as_ref().map(|group| &*group.id),
            vapp_state: inventory.vapp_state(vm),
            restricted: overview.restricted,
            project: vm.project.as_ref().map(|group| &*group.name),
            tenant: vm.tenant.as_deref(),
            location: vm.location.as_deref(),
            host: vm.host.as_deref(),
            owner: vm.owner.as_deref(),
            cpu: vm.cpu,
            ram_mib: vm.ram_mib,
            addresses: vm.addresses.iter().map(|address| &**address).collect(),
            created_at: vm.created_at,
            warnings: overview.warnings,
            task: overview.task.map(TaskBrief::of),
            actions: Actions(overview),
        }
    }

    fn protection_field(
        &self,
        field: impl Fn(&ProtectionRecord<'a>) -> Option<&'a str>,
    ) -> Option<Cow<'_, str>> {
        text(self.protection.as_ref().and_then(field))
    }
}

impl<'a> Record for VmRecord<'a> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Csv, Table, Wide};
        vec![
            Column::text("cloud", Table, |vm| text(Some(vm.cloud))),
            Column::text("provider", Csv, |vm| text(Some(vm.provider))),
            Column::text("id", Table, |vm| text(Some(vm.id))),
            Column::text("uuid", Csv, |vm| text(vm.uuid)),
            Column::text("name", Table, |vm| text(Some(vm.name))),
            Column::text("native_name", Csv, |vm| text(vm.native_name)),
            Column::text("state", Table, |vm| text(Some(vm.state))),
            Column::text("power_state", Table, |vm| text(Some(vm.power_state.as_str()))),
            Column::text("native_state", Wide, |vm| text(Some(vm.native_state))),
            Column::text("deallocated", Csv, |vm| flag(Some(vm.deallocated))),
            Column::text("protected", Csv, |vm| flag(Some(vm.protected))),
            Column::text("protection_reason", Wide, |vm| vm.protection_field(|protection| protection.reason)),
            Column::text("protection_by", Wide, |vm| vm.protection_field(|protection| protection.by)),
            Column::text("protection_since", Csv, |vm| vm.protection.as_ref()?.since.and_then(value)),
            Column::text("protection_scope", Csv, |vm| text(Some(vm.protection.as_ref()?.scope.as_str()))),
            Column::text("vapp", Table, |vm| text(vm.vapp)),
            Column::text("vapp_id", Csv, |vm| text(vm.vapp_id)),
            Column::text("vapp_state", Wide, |vm| text(vm.vapp_state.map(VappState::as_str))),
            Column::text("restricted", Csv, |vm| flag(vm.restricted)),
            Column::text("project", Wide, |vm| text(vm.project)),
            Column::text("tenant", Wide, |vm| text(vm.tenant)),
            Column::text("location", Wide, |vm| text(vm.location)),
            Column::text("host", Wide, |vm| text(vm.host)),
            Column::text("owner", Wide, |vm| text(vm.owner)),
            Column::number("cpu", Table, |vm| vm.cpu.and_then(value)),
            Column::number("ram_mib", Table, |vm| vm.ram_mib.and_then(value)),
            Column::text("addresses", Table, |vm| (!vm.addresses.is_empty()).then(|| vm.addresses.join(" ").into())),
            Column::text("created_at", Wide, |vm| vm.created_at.and_then(value)),
            Column::number("warnings", Table, |vm| value(vm.warnings)),
            Column::text("task_id", Csv, |vm| text(Some(vm.task.as_ref()?.id))),
            Column::text("task_kind", Table, |vm| text(Some(vm.task.as_ref()?.kind))),
            Column::text("task_state", Wide, |vm| text(Some(vm.task.as_ref()?.state))),
            Column::text("task_job", Wide, |vm| text(vm.task.as_ref()?.job)),
            Column::number("task_jobs_done", Csv, |vm| value(vm.task.as_ref()?.jobs_done)),
            Column::number("task_jobs_total", Csv, |vm| value(vm.task.as_ref()?.jobs_total)),
            Column::text("task_started_at", Csv, |vm| vm.task.as_ref()?.started_at.and_then(value)),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}", self.cloud, self.id)
    }
}
