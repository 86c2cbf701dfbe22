//! Where keys are looked up, and what they act on.

use super::app::{App, Focus};
use super::keymap::{Place, ViewKind};
use super::layers::Layer;
use super::lists::workflow;
use crate::model::VmKey;

impl App {
    /// Where keys are looked up now, innermost first.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        match self.layers.last() {
            Some(layer) => layer.places().to_vec(),
            None => self.base_places(),
        }
    }

    fn base_places(&self) -> Vec<Place> {
        let own: &[Place] = match (self.focus, self.view) {
            (Focus::Pane, _) => &[Place::Pane, Place::Vm],
            (Focus::Details, _) => &[Place::Details, Place::Vm],
            (Focus::Main, ViewKind::Vms) => &[Place::Vms, Place::Vm],
            (Focus::Main, ViewKind::Appliances) => &[Place::Appliances, Place::Vm],
            (Focus::Main, ViewKind::Clouds) => &[Place::Clouds],
            (Focus::Main, ViewKind::Events) if self.events.only().is_some() => {
                &[Place::VmEvents, Place::Events]
            }
            (Focus::Main, ViewKind::Events) => &[Place::Events],
            (Focus::Main, ViewKind::Workflow) => &[Place::Workflow],
        };
        own.iter()
            .copied()
            .chain([Place::List, Place::Global])
            .collect()
    }

    /// The VM that actions go to now: that of the top layer, else the one under the cursor.
    #[must_use]
    pub fn current_vm(&self) -> Option<VmKey> {
        match self.layers.last() {
            Some(Layer::Menu(menu)) => menu.several.is_empty().then(|| menu.vm.clone()),
            Some(Layer::VappMenu(_)) => None,
            Some(Layer::Details(details)) => Some(details.vm.clone()),
            Some(Layer::Task(dialog)) => workflow::task(&self.inventory, &dialog.task)?.vm.clone(),
            _ if self.focus == Focus::Pane => self.pane.current_vm(&self.inventory),
            _ if self.view == ViewKind::Events => self.events.only().cloned(),
            _ => self.listed_vm().cloned(),
        }
    }

    /// The VMs that an action goes to now: the marked ones, all of the appliance under the cursor, or the one VM.
    #[must_use]
    pub fn targets(&self) -> Vec<VmKey> {
        match self.layers.last() {
            Some(Layer::Menu(menu)) if !menu.several.is_empty() => return menu.several.clone(),
            Some(Layer::VappMenu(menu)) => {
                let members = menu.vapp.iter().flat_map(|key| self.inventory.members(key));
                return members.map(|vm| vm.key.clone()).collect();
            }
            _ => {}
        }
        let on_list =
            self.focus == Focus::Main && matches!(self.view, ViewKind::Vms | ViewKind::Appliances);
        if self.layers.is_empty() && on_list {
            if !self.marks.is_empty() {
                let mut marked = self.marks.all();
                let name = |vm: &VmKey| self.inventory.find(vm).map(|known| known.name.clone());
                marked.sort_by(|a, b| name(a).cmp(&name(b)).then_with(|| a.cmp(b)));
                return marked;
            }
            if self.view == ViewKind::Appliances && self.tree.current_vm().is_none() {
                return self.tree.members(&self.inventory);
            }
        }
        self.current_vm().into_iter().collect()
    }

    /// The VM under the cursor of the view.
    #[must_use]
    pub fn listed_vm(&self) -> Option<&VmKey> {
        match self.view {
            ViewKind::Vms => self.vms.current(),
            ViewKind::Appliances => self.tree.current_vm(),
            ViewKind::Clouds | ViewKind::Events | ViewKind::Workflow => None,
        }
    }
}
