//! The appliances that VMs can be put into.

use std::sync::Arc;

use crate::console::choices::Way;
use crate::console::text::find_ignoring_case;
use crate::fleet::Inventory;
use crate::model::{Action, CloudName, Group, VappKey, VappState, VmKey};

/// More than this is narrowed by typing.
pub const LONG: usize = 10;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The cloud's id of it; `None` for one that the cloud chooses or makes.
    pub id: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Its state; `None` while there is none.
    pub state: Option<VappState>,
    /// How many VMs stand in it.
    pub vms: usize,
    /// Whether it is restricted.
    pub restricted: bool,
}

/// The cloud and the project in which all of these VMs stand; `None` where they stand in several.
#[must_use]
pub fn common(inventory: &Inventory, vms: &[VmKey]) -> Option<(CloudName, Option<Group>)> {
    let mut known = vms.iter().filter_map(|vm| inventory.find(vm));
    let first = known.next()?;
    let id = |project: &Option<Group>| project.as_ref().map(|group| group.id.clone());
    let same =
        known.all(|vm| vm.key.cloud == first.key.cloud && id(&vm.project) == id(&first.project));
    same.then(|| (first.key.cloud.clone(), first.project.clone()))
}

/// The appliances of the VMs' own project that take them, by name: none that is locked or in which all of them stand, a restricted
/// one only for who may manage such. To restrict them, restricted ones alone, and one that the cloud makes.
#[must_use]
pub fn targets(inventory: &Inventory, vms: &[VmKey], way: Way, filter: &str) -> Vec<Target> {
    let Some((cloud, _)) = common(inventory, vms) else {
        return Vec::new();
    };
    let stands = |vm: &VmKey| Some(inventory.find(vm)?.vapp.as_ref()?.id.clone());
    let home: Vec<_> = vms.iter().map(stands).collect();
    let action = |vapp: String| match way {
        Way::Restrict => Action::Restrict { vapp: Some(vapp) },
        Way::Move => Action::Move { vapp },
    };
    let takes = |vapp: &crate::fleet::VappRef<'_>| {
        let locked =
            vapp.state() == VappState::Locked || vapp.server_state() == Some(VappState::Locked);
        let action = action(vapp.id().to_string());
        let may = |vm: &VmKey| {
            let overview = inventory.overview_of(vm);
            overview.is_some_and(|vm| vm.availability_of(&action).is_allowed())
        };
        vapp.listed().is_some() && !locked && vms.iter().any(may)
    };
    let found = |name: &str| {
        filter.is_empty() || find_ignoring_case(name, &filter.to_lowercase()).is_some()
    };
    let vapps = inventory.vapps(&cloud);
    let listed = vapps
        .iter()
        .filter(|vapp| takes(vapp) && found(vapp.name()));
    let mut targets: Vec<_> = listed
        .map(|vapp| Target {
            id: Some(vapp.id().clone()),
            name: vapp.name().clone(),
            state: Some(vapp.state()),
            vms: vapp.members().slots.len(),
            restricted: vapp.restricted() == Some(true),
        })
        .collect();
    // The cloud makes one for what stands in none.
    let all_restricted = home.iter().all(|id| {
        let restricted = |id| {
            inventory
                .vapp(&cloud, id)
                .and_then(|vapp| vapp.restricted())
        };
        id.as_deref().and_then(restricted) == Some(true)
    });
    if way == Way::Restrict && !all_restricted {
        targets.push(Target {
            id: None,
            name: "a new one, made by the cloud".into(),
            state: None,
            vms: 0,
            restricted: true,
        });
    }
    targets
}

/// The name of an appliance; its id where none is known.
#[must_use]
pub fn vapp_name(inventory: &Inventory, key: &VappKey) -> Arc<str> {
    inventory
        .vapp(&key.cloud, &key.id)
        .map_or_else(|| key.id.clone(), |vapp| vapp.name().clone())
}
