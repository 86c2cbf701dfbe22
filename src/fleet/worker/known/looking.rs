//! Which tenant is looked at, which answers are about a former one, and what workflow holds of it.

use super::{Known, Order};
use crate::model::{Group, Task, TaskKey};

impl Known {
    /// From now on another tenant is looked at: nothing that was told holds, and what was asked for before says nothing any more.
    pub(in super::super) fn look_at(&mut self, tenant: Option<Group>) {
        self.forget_all();
        self.tasks.clear();
        self.due.clear();
        self.vapps_known = false;
        self.held.clear();
        self.events_seen.clear();
        self.events_order.clear();
        self.newest_event = None;
        self.unread_told = None;
        self.dirty = false;
        self.as_of = None;
        self.listed = false;
        self.partly_listed = false;
        self.tenant = tenant;
        self.floor = self.begin();
    }

    /// The tenant that is looked at; `None` for the user's own.
    pub(in super::super) fn tenant(&self) -> Option<&Group> {
        self.tenant.as_ref()
    }

    /// Whether a request that began then asked about a tenant that is no longer looked at.
    pub(in super::super) fn is_old(&self, order: Order) -> bool {
        order < self.floor
    }

    /// Whether a VM may be one of a tenant that was looked at before: since then only listings say which VMs there are.
    pub(in super::super) fn is_elsewhere(&self, id: &str) -> bool {
        self.floor > Order::default() && !self.vms.contains_key(id)
    }

    /// Whether a task that is of no VM, as one of an appliance that was made here, is of a tenant that is not looked at. Such a task keeps
    /// the tenant's id as its locator, nothing for the user's own.
    pub(super) fn is_of_another_tenant(&self, task: &Task) -> bool {
        let tenant = self.tenant.as_ref().map_or("", |tenant| &tenant.id);
        task.vm.is_none() && task.watched_here && *task.locator != *tenant
    }

    /// Somebody asks for the tasks that workflow holds: from now on they are kept as they were told.
    pub(in super::super) fn want_held(&mut self) {
        self.held_wanted = true;
    }

    pub(in super::super) fn wants_held(&self) -> bool {
        self.held_wanted
    }

    /// Takes the tasks in that workflow holds.
    pub(in super::super) fn put_held(&mut self, tasks: &[Task]) {
        self.held = tasks.to_vec();
    }

    /// A task that workflow holds, as it was told.
    pub(in super::super) fn held(&self, key: &TaskKey) -> Option<&Task> {
        self.held.iter().find(|task| task.key == *key)
    }
}
