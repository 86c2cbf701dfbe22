//! Everything that is known now, indexed for the views.
//!
//! Owned by whoever shows it. [`Inventory::apply`] takes one update and says what changed, in time proportional to the
//! update, not to the inventory.

mod appliances;
mod changes;
mod cloud;
mod overview;
mod tasks;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::command::{CommandId, CommandReport};
use super::update::{CloudInfo, Update};
use crate::model::{
    ActionKind, Availability, CloudName, Event, Group, Task, VappActionKind, VappKey, VappStanding,
    VappState, Vm, VmKey, vapp_availability,
};

use appliances::Appliances;
pub use appliances::{Members, VappRef};
pub use changes::Changes;
pub use cloud::CloudView;
pub use overview::Overview;
use tasks::Tasks;

/// Where a VM stands in the inventory: stable while the VM exists, reused after it is gone.
pub type Slot = u32;

/// The events kept, newest first, over all clouds.
const EVENTS_MAX: usize = 5_000;
/// The finished commands kept.
const REPORTS_MAX: usize = 500;

/// Everything that is known now.
#[derive(Debug, Default)]
pub struct Inventory {
    clouds: Vec<CloudView>,
    rows: Vec<Option<Arc<Vm>>>,
    free: Vec<Slot>,
    index: HashMap<VmKey, Slot>,
    appliances: Appliances,
    tasks: Tasks,
    events: Vec<Event>,
    reports: Vec<CommandReport>,
    pending: HashMap<VmKey, CommandId>,
}

impl Inventory {
    /// An inventory of these clouds, of which nothing is known yet.
    #[must_use]
    pub fn new(clouds: impl IntoIterator<Item = CloudInfo>) -> Self {
        Self {
            clouds: clouds.into_iter().map(CloudView::new).collect(),
            ..Self::default()
        }
    }

    /// Takes one update in.
    pub fn apply(&mut self, update: Update) -> Changes {
        let mut changes = Changes::default();
        match update {
            Update::Status { cloud, status } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    changes.clouds = view.status != status;
                    view.status = status;
                }
            }
            Update::SignedIn { cloud, session } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    changes.clouds = view.session.as_ref() != Some(&session);
                    view.session = Some(session);
                }
            }
            Update::Vms {
                cloud,
                changed,
                gone,
                as_of,
            } => {
                changes.clouds = true;
                if let Some(view) = self.cloud_mut(&cloud) {
                    view.as_of = Some(view.as_of.map_or(as_of, |before| before.max(as_of)));
                }
                for vm in changed {
                    self.put(vm, &mut changes);
                }
                for key in gone {
                    self.remove(&key, &mut changes);
                }
            }
            Update::Listed {
                cloud,
                at,
                took,
                latency,
            } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    view.listed = true;
                    view.as_of = Some(at);
                    view.listing_took = Some(took);
                    view.latency = latency.or(view.latency);
                    changes.clouds = true;
                }
            }
            Update::Vapps { cloud, vapps } => {
                changes.vapps = self.appliances.replace(&cloud, vapps);
                if changes.vapps {
                    // Whether a VM is restricted is told by its appliance.
                    changes.vms.extend(
                        self.slots()
                            .filter(|slot| self.vm(*slot).is_some_and(|vm| vm.key.cloud == cloud))
                            .collect::<Vec<_>>(),
                    );
                }
            }
            Update::Tasks { tasks } => {
                for task in tasks {
                    let touched = self.tasks.put(task);
                    self.touch(touched, &mut changes);
                }
            }
            Update::VmTasks { vm, tasks, at } => {
                let touched = self.tasks.replace(&vm, tasks, at);
                self.touch(touched, &mut changes);
            }
            Update::TasksKnown { read } => {
                for (vm, at) in read {
                    let touched = self.tasks.known_until(&vm, at);
                    self.touch(touched, &mut changes);
                }
            }
            Update::Events { events, .. } => {
                changes.events = !events.is_empty();
                for event in &events {
                    let touched = self.tasks.suspect(event);
                    self.touch(touched, &mut changes);
                }
                self.add_events(events);
            }
            Update::Unread { cloud, vms } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    changes.clouds = view.unread != vms;
                    view.unread = vms;
                }
            }
            Update::Command(report) => self.report(report, &mut changes),
            Update::Held { cloud, tasks } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    let tasks = Some(tasks);
                    changes.held = view.held != tasks;
                    view.held = tasks;
                }
            }
            Update::Tenants { cloud, tenants } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    view.tenants = Some(tenants);
                    changes.clouds = true;
                }
            }
            Update::Projects { cloud, projects } => {
                if let Some(view) = self.cloud_mut(&cloud) {
                    view.projects = Some(projects);
                    changes.clouds = true;
                }
            }
            Update::LooksAt { cloud, tenant } => self.look_at(&cloud, tenant, &mut changes),
            Update::EventPage { .. }
            | Update::Remote { .. }
            | Update::Metrics { .. }
            | Update::Raw { .. }
            | Update::ConsoleLog { .. }
            | Update::Candidates { .. }
            | Update::Trouble { .. } => {}
        }
        changes
    }

    /// Another tenant's: nothing that is known of the cloud holds.
    fn look_at(&mut self, cloud: &CloudName, tenant: Option<Group>, changes: &mut Changes) {
        let ours: Vec<VmKey> = self
            .index
            .keys()
            .filter(|key| key.cloud == *cloud)
            .cloned()
            .collect();
        for key in ours {
            self.remove(&key, changes);
        }
        self.tasks.forget_others(cloud);
        changes.tasks = true;
        changes.vapps |= self.appliances.replace(cloud, Vec::new());
        let events = self.events.len();
        self.events.retain(|event| event.key.cloud != *cloud);
        changes.events |= events != self.events.len();
        if let Some(view) = self.cloud_mut(cloud) {
            view.tenant = tenant;
            view.listed = false;
            view.held = None;
            view.projects = None;
            changes.clouds = true;
            changes.held = true;
        }
    }

    /// What the rules look at beside an appliance's VMs; `None` where it is not listed.
    #[must_use]
    pub fn vapp_standing(&self, key: &VappKey) -> Option<VappStanding<'_>> {
        let view = self.cloud(&key.cloud)?;
        let vapp = self.vapp(&key.cloud, &key.id)?;
        Some(VappStanding {
            capabilities: view.info.capabilities,
            privileges: view.session.as_ref().map(|session| &session.privileges),
            signed_out: view.signed_out(),
            read_only: view.info.read_only,
            restricted: vapp.restricted() == Some(true),
            state: vapp.state(),
        })
    }

    /// The VMs of an appliance, by name.
    #[must_use]
    pub fn members(&self, key: &VappKey) -> Vec<Arc<Vm>> {
        let vapp = self.vapp(&key.cloud, &key.id);
        let slots = vapp.into_iter().flat_map(|vapp| &vapp.members().slots);
        let mut vms: Vec<_> = slots.filter_map(|slot| self.vm(*slot).cloned()).collect();
        vms.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.key.cmp(&b.key)));
        vms
    }

    /// Whether an action may be performed on an appliance now, and if not, why not. `None` where it is not known, or known only by its
    /// VMs: a group of this console's own making.
    #[must_use]
    pub fn vapp_availability(&self, key: &VappKey, action: VappActionKind) -> Option<Availability> {
        self.vapp(&key.cloud, &key.id)?.listed()?;
        let standing = self.vapp_standing(key)?;
        Some(vapp_availability(action, &self.members(key), &standing))
    }

    fn put(&mut self, vm: Arc<Vm>, changes: &mut Changes) {
        let slot = match self.index.get(&vm.key) {
            Some(slot) => *slot,
            None => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.rows.push(None);
                    Slot::try_from(self.rows.len() - 1).unwrap_or(Slot::MAX)
                });
                self.index.insert(vm.key.clone(), slot);
                slot
            }
        };
        let before = self.rows[slot as usize].take();
        if let Some(before) = &before {
            self.count(before, -1);
            self.appliances.leave(slot, before);
        }
        self.count(&vm, 1);
        changes.vapps |= self.appliances.join(slot, &vm)
            || before.is_none_or(|before| {
                before.power != vm.power || before.vapp != vm.vapp || before.state() != vm.state()
            });
        self.rows[slot as usize] = Some(vm);
        changes.vms.push(slot);
    }

    fn remove(&mut self, key: &VmKey, changes: &mut Changes) {
        let Some(slot) = self.index.remove(key) else {
            return;
        };
        if let Some(vm) = self.rows[slot as usize].take() {
            self.count(&vm, -1);
            self.appliances.leave(slot, &vm);
        }
        self.tasks.forget(key);
        self.pending.remove(key);
        self.free.push(slot);
        changes.gone.push(slot);
        changes.vapps = true;
    }

    fn count(&mut self, vm: &Vm, by: isize) {
        if let Some(view) = self.cloud_mut(&vm.key.cloud) {
            view.vms = view.vms.saturating_add_signed(by);
            if vm.protection.is_some() {
                view.protected = view.protected.saturating_add_signed(by);
            }
        }
    }

    fn touch(&mut self, vm: Option<VmKey>, changes: &mut Changes) {
        changes.tasks = true;
        if let Some(slot) = vm.and_then(|key| self.index.get(&key).copied()) {
            changes.vms.push(slot);
        }
    }

    fn add_events(&mut self, events: Vec<Event>) {
        for event in events {
            let at = self
                .events
                .partition_point(|kept| (kept.at, &kept.key.id) > (event.at, &event.key.id));
            if self.events.get(at).is_none_or(|kept| kept.key != event.key) {
                self.events.insert(at, event);
            }
        }
        self.events.truncate(EVENTS_MAX);
    }

    fn report(&mut self, report: CommandReport, changes: &mut Changes) {
        for vm in report.command.occupies() {
            if !report.stage.is_final() {
                self.pending.insert(vm.clone(), report.id);
            } else if self.pending.get(vm) == Some(&report.id) {
                self.pending.remove(vm);
            }
            self.touch(Some(vm.clone()), changes);
        }
        if let Some(vm) = report.command.vm() {
            self.touch(Some(vm.clone()), changes);
        }
        changes.tasks = true;
        match self
            .reports
            .iter_mut()
            .rev()
            .find(|kept| kept.id == report.id)
        {
            Some(kept) => *kept = report,
            None => self.reports.push(report),
        }
        if self.reports.len() > REPORTS_MAX {
            let drop = self.reports.iter().position(|kept| kept.stage.is_final());
            drop.map(|at| self.reports.remove(at));
        }
    }

    fn cloud_mut(&mut self, name: &CloudName) -> Option<&mut CloudView> {
        self.clouds.iter_mut().find(|view| view.info.name == *name)
    }

    /// The clouds, in the order of the configuration.
    #[must_use]
    pub fn clouds(&self) -> &[CloudView] {
        &self.clouds
    }

    /// One cloud.
    #[must_use]
    pub fn cloud(&self, name: &CloudName) -> Option<&CloudView> {
        self.clouds.iter().find(|view| view.info.name == *name)
    }

    /// How many VMs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no VM.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The slots in use, in no order that means anything.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..)
            .zip(&self.rows)
            .filter(|(_, row)| row.is_some())
            .map(|(slot, _)| slot)
    }

    /// Where a VM stands.
    #[must_use]
    pub fn slot(&self, key: &VmKey) -> Option<Slot> {
        self.index.get(key).copied()
    }

    /// The VM of a slot.
    #[must_use]
    pub fn vm(&self, slot: Slot) -> Option<&Arc<Vm>> {
        self.rows.get(slot as usize)?.as_ref()
    }

    /// The VM of a key.
    #[must_use]
    pub fn find(&self, key: &VmKey) -> Option<&Arc<Vm>> {
        self.vm(self.slot(key)?)
    }

    /// The VM of a slot with everything known about it from elsewhere.
    #[must_use]
    pub fn overview(&self, slot: Slot) -> Option<Overview<'_>> {
        let vm = self.vm(slot)?;
        Some(Overview {
            vm,
            cloud: self.cloud(&vm.key.cloud)?,
            restricted: self.appliances.restricted(vm),
            task: self.tasks.running(&vm.key),
            warnings: self.tasks.warnings(&vm.key),
            pending: self
                .pending
                .get(&vm.key)
                .and_then(|id| self.reports.iter().rev().find(|kept| kept.id == *id)),
            inventory: self,
        })
    }

    /// [`Self::overview`] of a key.
    #[must_use]
    pub fn overview_of(&self, key: &VmKey) -> Option<Overview<'_>> {
        self.overview(self.slot(key)?)
    }

    /// Whether an action may be performed on a VM now, and if not, why not. `None` when there is no such VM.
    #[must_use]
    pub fn availability(&self, key: &VmKey, action: ActionKind) -> Option<Availability> {
        let overview = self.overview_of(key)?;
        Some(overview.availability(action))
    }

    /// The failed tasks of a VM that nobody has acknowledged.
    pub fn warnings(&self, key: &VmKey) -> impl Iterator<Item = &Task> {
        self.tasks.of_vm(key).filter(|task| task.is_warning())
    }

    /// The known tasks of a VM, newest first.
    pub fn tasks_of(&self, key: &VmKey) -> impl Iterator<Item = &Task> {
        self.tasks.of_vm(key)
    }

    /// Every known task, in no order that means anything.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.all()
    }

    /// The tasks that run, in no order that means anything.
    pub fn running_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.all_running()
    }

    /// The failed tasks that nobody has acknowledged, in no order that means anything.
    pub fn failed_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.all_failed()
    }

    /// One task.
    #[must_use]
    pub fn task(&self, key: &crate::model::TaskKey) -> Option<&Task> {
        self.tasks.get(key)
    }

    /// When a VM's tasks were last read; `None` while they are unread.
    #[must_use]
    pub fn tasks_read_at(&self, key: &VmKey) -> Option<Timestamp> {
        self.tasks.read_at(key)
    }

    /// How many tasks run.
    #[must_use]
    pub fn running_task_count(&self) -> usize {
        self.tasks.running_count()
    }

    /// How many failed tasks there are that nobody has acknowledged.
    #[must_use]
    pub fn failed_task_count(&self) -> usize {
        self.tasks.failed_count()
    }

    /// How many warnings there are, over all clouds.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.tasks.warning_count()
    }

    /// The newest events, newest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What was asked in this run, oldest first, each with how far it is.
    #[must_use]
    pub fn reports(&self) -> &[CommandReport] {
        &self.reports
    }

    /// The appliances of a cloud, and its VMs that stand in none, in the order of project and name.
    #[must_use]
    pub fn vapps(&self, cloud: &CloudName) -> Vec<VappRef<'_>> {
        self.appliances.of_cloud(cloud)
    }

    /// The VMs of a cloud that stand in no appliance, by project.
    #[must_use]
    pub fn loose(&self, cloud: &CloudName) -> Vec<(Option<&crate::model::Group>, &Members)> {
        self.appliances.loose(cloud)
    }

    /// An appliance by cloud and id.
    #[must_use]
    pub fn vapp(&self, cloud: &CloudName, id: &str) -> Option<VappRef<'_>> {
        self.appliances.get(cloud, id)
    }

    /// The aggregate state of the appliance a VM stands in.
    #[must_use]
    pub fn vapp_state(&self, vm: &Vm) -> Option<VappState> {
        let vapp = self.vapp(&vm.key.cloud, &vm.vapp.as_ref()?.id)?;
        Some(vapp.state())
    }
}
