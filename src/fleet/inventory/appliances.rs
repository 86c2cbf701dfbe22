//! Appliances and who stands in them, counted as VMs come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Slot;
use crate::model::{CloudName, Group, PowerState, Vapp, VappState, Vm, VmState, aggregate};

/// The VMs of one appliance.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Members {
    /// Where they stand in the inventory.
    pub slots: BTreeSet<Slot>,
    power: [u32; PowerState::ALL.len()],
    shown: [u32; VmState::ALL.len()],
}

impl Members {
    fn add(&mut self, slot: Slot, vm: &Vm) {
        if self.slots.insert(slot) {
            self.power[vm.power as usize] += 1;
            self.shown[shown_index(vm.state())] += 1;
        }
    }

    fn remove(&mut self, slot: Slot, vm: &Vm) {
        if self.slots.remove(&slot) {
            self.power[vm.power as usize] -= 1;
            self.shown[shown_index(vm.state())] -= 1;
        }
    }

    /// The aggregate state, from the power states.
    #[must_use]
    pub fn state(&self) -> VappState {
        let present = PowerState::ALL
            .into_iter()
            .zip(self.power)
            .filter(|(_, count)| *count > 0);
        aggregate(present.map(|(state, _)| state))
    }

    /// How many VMs are shown in each state; states without a VM are left out.
    pub fn counts(&self) -> impl Iterator<Item = (VmState, u32)> + '_ {
        VmState::ALL
            .into_iter()
            .zip(self.shown)
            .filter(|(_, count)| *count > 0)
    }
}

fn shown_index(state: VmState) -> usize {
    match state {
        VmState::Power(power) => power as usize,
        VmState::Maintenance => PowerState::ALL.len(),
    }
}

/// What an appliance is known by: the listing of appliances, or only the VMs that name it.
#[derive(Debug, Clone)]
struct Entry {
    listed: Option<Vapp>,
    group: Group,
    project: Option<Group>,
    tenant: Option<Arc<str>>,
    members: Members,
}

/// An appliance as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct VappRef<'a> {
    entry: &'a Entry,
}

impl<'a> VappRef<'a> {
    /// The cloud's id of it.
    #[must_use]
    pub fn id(&self) -> &'a Arc<str> {
        &self.entry.group.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a Arc<str> {
        self.entry
            .listed
            .as_ref()
            .map_or(&self.entry.group.name, |vapp| &vapp.name)
    }

    /// The project it stands in.
    #[must_use]
    pub fn project(&self) -> Option<&'a Group> {
        self.entry
            .listed
            .as_ref()
            .and_then(|vapp| vapp.project.as_ref())
            .or(self.entry.project.as_ref())
    }

    /// The tenant it belongs to.
    #[must_use]
    pub fn tenant(&self) -> Option<&'a Arc<str>> {
        self.entry
            .listed
            .as_ref()
            .and_then(|vapp| vapp.tenant.as_ref())
            .or(self.entry.tenant.as_ref())
    }

    /// Whether it is restricted; `None` while the appliances of its cloud are not known.
    #[must_use]
    pub fn restricted(&self) -> Option<bool> {
        self.entry.listed.as_ref().map(|vapp| vapp.restricted)
    }

    /// The appliance as its cloud lists it; `None` where only its VMs name it.
    #[must_use]
    pub fn listed(&self) -> Option<&'a Vapp> {
        self.entry.listed.as_ref()
    }

    /// Our aggregate of its VMs' power states.
    #[must_use]
    pub fn state(&self) -> VappState {
        self.entry.members.state()
    }

    /// The server's own word.
    #[must_use]
    pub fn server_state(&self) -> Option<VappState> {
        self.entry
            .listed
            .as_ref()
            .and_then(|vapp| vapp.server_state)
    }

    /// Its VMs.
    #[must_use]
    pub fn members(&self) -> &'a Members {
        &self.entry.members
    }
}

/// The appliances of all clouds.
#[derive(Debug, Default)]
pub(super) struct Appliances {
    entries: BTreeMap<CloudName, BTreeMap<Arc<str>, Entry>>,
    /// VMs that stand in no appliance, by project.
    loose: BTreeMap<CloudName, BTreeMap<Option<Group>, Members>>,
}

impl Appliances {
    /// Takes the listing of a cloud in. Says whether anything changed.
    pub(super) fn replace(&mut self, cloud: &CloudName, vapps: Vec<Vapp>) -> bool {
        let entries = self.entries.entry(cloud.clone()).or_default();
        let mut changed = false;
        let listed: BTreeSet<_> = vapps.iter().map(|vapp| vapp.id.clone()).collect();
        for vapp in vapps {
            let entry = entries.entry(vapp.id.clone()).or_insert_with(|| {
                changed = true;
                Entry {
                    listed: None,
                    group: Group {
                        id: vapp.id.clone(),
                        name: vapp.name.clone(),
                    },
                    project: vapp.project.clone(),
                    tenant: vapp.tenant.clone(),
                    members: Members::default(),
                }
            });
            if entry.listed.as_ref() != Some(&vapp) {
                changed = true;
                entry.listed = Some(vapp);
            }
        }
        let before = entries.len();
        for (id, entry) in entries.iter_mut() {
            if !listed.contains(id) && entry.listed.take().is_some() {
                changed = true;
            }
        }
        entries.retain(|_, entry| entry.listed.is_some() || !entry.members.slots.is_empty());
        changed || entries.len() != before
    }

    /// A VM stands here now. Says whether that made an appliance known.
    pub(super) fn join(&mut self, slot: Slot, vm: &Vm) -> bool {
        let Some(group) = &vm.vapp else {
            let projects = self.loose.entry(vm.key.cloud.clone()).or_default();
            let members = projects.entry(vm.project.clone()).or_default();
            members.add(slot, vm);
            return true;
        };
        let entries = self.entries.entry(vm.key.cloud.clone()).or_default();
        let known = entries.len();
        let entry = entries.entry(group.id.clone()).or_insert_with(|| Entry {
            listed: None,
            group: group.clone(),
            project: vm.project.clone(),
            tenant: vm.tenant.clone(),
            members: Members::default(),
        });
        if entry.listed.is_none() {
            // A group that was made from VMs of several projects, or tenants, stands in none of them.
            entry
                .project
                .take_if(|project| vm.project.as_ref() != Some(project));
            entry
                .tenant
                .take_if(|tenant| vm.tenant.as_ref() != Some(tenant));
        }
        entry.members.add(slot, vm);
        entries.len() != known
    }

    /// A VM no longer stands here.
    pub(super) fn leave(&mut self, slot: Slot, vm: &Vm) {
        let Some(group) = &vm.vapp else {
            if let Some(projects) = self.loose.get_mut(&vm.key.cloud)
                && let Some(members) = projects.get_mut(&vm.project)
            {
                members.remove(slot, vm);
                if members.slots.is_empty() {
                    projects.remove(&vm.project);
                }
            }
            return;
        };
        let Some(entries) = self.entries.get_mut(&vm.key.cloud) else {
            return;
        };
        if let Some(entry) = entries.get_mut(&group.id) {
            entry.members.remove(slot, vm);
            if entry.listed.is_none() && entry.members.slots.is_empty() {
                entries.remove(&group.id);
            }
        }
    }

    pub(super) fn restricted(&self, vm: &Vm) -> Option<bool> {
        self.get(&vm.key.cloud, &vm.vapp.as_ref()?.id)?.restricted()
    }

    pub(super) fn get(&self, cloud: &CloudName, id: &str) -> Option<VappRef<'_>> {
        self.entries
            .get(cloud)?
            .get(id)
            .map(|entry| VappRef { entry })
    }

    /// The VMs of a cloud that stand in no appliance, by project.
    pub(super) fn loose(&self, cloud: &CloudName) -> Vec<(Option<&Group>, &Members)> {
        let projects = self.loose.get(cloud).into_iter().flatten();
        let mut projects: Vec<_> = projects
            .map(|(project, members)| (project.as_ref(), members))
            .collect();
        projects
            .sort_by(|(a, _), (b, _)| a.map(|group| &group.name).cmp(&b.map(|group| &group.name)));
        projects
    }

    pub(super) fn of_cloud(&self, cloud: &CloudName) -> Vec<VappRef<'_>> {
        let mut vapps: Vec<_> = self
            .entries
            .get(cloud)
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|entry| VappRef { entry })
            .collect();
        vapps.sort_by(|a, b| {
            let key = |vapp: &VappRef<'_>| {
                (
                    vapp.project().map(|project| project.name.clone()),
                    vapp.name().clone(),
                )
            };
            key(a).cmp(&key(b)).then_with(|| a.id().cmp(b.id()))
        });
        vapps
    }
}
