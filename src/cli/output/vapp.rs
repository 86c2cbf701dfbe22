//! A virtual appliance as it is printed.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Column, From, Record, flag, text, value};
use crate::fleet::Inventory;
use crate::fleet::inventory::VappRef;
use crate::model::{CloudName, VappState, VmState};

/// An appliance, with every key of `vapps`.
#[derive(Serialize)]
pub struct VappRecord<'a> {
    cloud: &'a str,
    id: &'a str,
    name: &'a str,
    project: Option<&'a str>,
    state: VappState,
    server_state: Option<VappState>,
    restricted: Option<bool>,
    vms: Counts,
    warnings: usize,
}

/// How many VMs are shown in each state: a key for each of the nine.
struct Counts([u32; VmState::ALL.len()]);

impl Counts {
    fn iter(&self) -> impl Iterator<Item = (VmState, u32)> {
        VmState::ALL.into_iter().zip(self.0)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (state, count) in self.iter() {
            map.serialize_entry(state.as_str(), &count)?;
        }
        map.end()
    }
}

impl<'a> VappRecord<'a> {
    /// The record of an appliance of a cloud.
    #[must_use]
    pub fn of(cloud: &'a CloudName, vapp: VappRef<'a>, inventory: &Inventory) -> Self {
        let mut counts = [0; VmState::ALL.len()];
        for (state, count) in vapp.members().counts() {
            let at = VmState::ALL.into_iter().position(|known| known == state);
            if let Some(cell) = at.and_then(|at| counts.get_mut(at)) {
                *cell = count;
            }
        }
        let slots = &vapp.members().slots;
        Self {
            cloud: cloud.as_str(),
            id: vapp.id(),
            name: vapp.name(),
            project: vapp.project().map(|project| &*project.name),
            state: vapp.state(),
            server_state: vapp.server_state(),
            restricted: vapp.restricted(),
            vms: Counts(counts),
            warnings: slots
                .iter()
                .filter_map(|slot| inventory.overview(*slot))
                .map(|overview| overview.warnings)
                .sum(),
        }
    }

    /// `ON 5, OFF 1`, in a table.
    fn vms_in_words(&self) -> Option<Cow<'static, str>> {
        let present = self.vms.iter().filter(|(_, count)| *count > 0);
        let words: Vec<_> = present
            .map(|(state, count)| format!("{state} {count}"))
            .collect();
        (!words.is_empty()).then(|| words.join(", ").into())
    }
}

impl Record for VappRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Table, Wide};
        vec![
            Column::text("cloud", Table, |vapp| text(Some(vapp.cloud))),
            Column::text("id", Table, |vapp| text(Some(vapp.id))),
            Column::text("name", Table, |vapp| text(Some(vapp.name))),
            Column::text("project", Table, |vapp| text(vapp.project)),
            Column::text("state", Table, |vapp| text(Some(vapp.state.as_str()))),
            Column::text("server_state", Wide, |vapp| text(vapp.server_state.map(VappState::as_str))),
            Column::text("restricted", Wide, |vapp| flag(vapp.restricted)),
            Column::text("vms", Table, Self::vms_in_words),
            Column::number("warnings", Table, |vapp| value(vapp.warnings)),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}", self.cloud, self.id)
    }
}
