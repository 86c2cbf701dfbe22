//! Actions that need one thing more to be known: where to, under which name, released or deleted.

use tui_input::Input;

use super::actions::{ask_each, close_menu};
use super::answering::send;
use super::open;
use crate::console::app::App;
use crate::console::choices::{DraftOf, Release, Snapshot, Targets, Way};
use crate::console::layers::Layer;
use crate::console::lists::targets::{LONG, common, targets};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::text::counted;
use crate::fleet::Command;
use crate::model::text::clean_to;
use crate::model::{Action, ActionKind, VmKey};

/// The longest name of a copy, in characters.
const NAME_MAX: usize = 128;

/// Opens the choice of an appliance to put VMs into.
pub(super) fn pick(app: &mut App, way: Way, vms: Vec<VmKey>) {
    let title = app.look.labels.action(kind_of(way));
    if common(&app.inventory, &vms).is_none() {
        let count = counted(vms.len(), "VM", "VMs");
        let text = format!("{title}: the {count} stand in several projects; mark those of one");
        app.notices.add(app.now, Level::Caution, text);
        return;
    }
    let long = targets(&app.inventory, &vms, way, "").len() > LONG;
    open(
        app,
        Layer::Targets(Targets {
            vms,
            way,
            at: 0,
            long,
            filter: Input::default(),
        }),
    );
}

/// The action that a choice is for.
#[must_use]
pub fn kind_of(way: Way) -> ActionKind {
    match way {
        Way::Move => ActionKind::Move,
        Way::Restrict => ActionKind::Restrict,
    }
}

/// Takes the appliance under the cursor.
pub(super) fn choose_target(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Targets(choice)) = app.layers.last() else {
        return Vec::new();
    };
    let (way, vms) = (choice.way, choice.vms.clone());
    let shown = targets(&app.inventory, &vms, way, choice.filter.value());
    let Some(target) = shown.into_iter().nth(choice.at) else {
        return Vec::new();
    };
    let action = match (way, target.id.clone()) {
        (Way::Move, Some(id)) => Action::Move {
            vapp: id.to_string(),
        },
        (Way::Move, None) => return Vec::new(),
        (Way::Restrict, id) => Action::Restrict {
            vapp: id.map(|id| id.to_string()),
        },
    };
    app.layers.pop();
    if let [vm] = vms.as_slice() {
        return super::actions::begin_action(app, action, vm.clone());
    }
    ask_each(app, action.kind(), vms, |vm| {
        let there =
            target.id.is_some() && vm.vapp.as_ref().map(|group| &group.id) == target.id.as_ref();
        (!there).then(|| action.clone())
    });
    Vec::new()
}

/// Asks what deleting means for those that were taken over from a hypervisor.
pub(super) fn ask_release(app: &mut App, vms: Vec<VmKey>) {
    open(app, Layer::Release(Release { vms, at: 0 }));
}

/// Whether any of these was taken over from a hypervisor.
pub(super) fn any_imported(app: &App, vms: &[VmKey]) -> bool {
    let mut known = vms.iter().filter_map(|vm| app.inventory.find(vm));
    known.any(|vm| vm.imported)
}

/// Releases or deletes, as the cursor says; the question comes next.
pub(super) fn choose_release(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Release(choice)) = app.layers.last() else {
        return Vec::new();
    };
    let (release, vms) = (choice.at == 0, choice.vms.clone());
    app.layers.pop();
    let of = |imported: bool| Action::Delete {
        release: release && imported,
        force: false,
    };
    if let [vm] = vms.as_slice() {
        let imported = app.inventory.find(vm).is_some_and(|vm| vm.imported);
        return super::actions::begin_action(app, of(imported), vm.clone());
    }
    ask_each(app, ActionKind::Delete, vms, |vm| Some(of(vm.imported)));
    Vec::new()
}

/// Asks for the name of a copy.
pub(super) fn ask_name(app: &mut App, vm: VmKey) {
    let wanted = DraftOf::Snapshot(vm.clone());
    let kept = app.kept.take_if(|(draft, _)| *draft == wanted);
    let name = kept.map(|(_, text)| text).unwrap_or_default();
    open(
        app,
        Layer::Snapshot(Snapshot {
            vm,
            name: Input::new(name),
            empty: false,
        }),
    );
}

/// The name of a copy is typed.
pub(super) fn snapshot(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Snapshot(snapshot)) = app.layers.last_mut() else {
        return Vec::new();
    };
    let name = clean_to(snapshot.name.value().trim(), NAME_MAX).into_owned();
    if name.is_empty() {
        snapshot.empty = true;
        return Vec::new();
    }
    let vm = snapshot.vm.clone();
    app.layers.pop();
    let Some(known) = app.inventory.find(&vm) else {
        return Vec::new();
    };
    let protected = known.protection.is_some();
    let command = Command::act_on(known, Action::Snapshot { name: name.clone() });
    if protected {
        // It asks as everything does on a protected VM; no answer loses what was typed.
        app.kept = Some((DraftOf::Snapshot(vm.clone()), name.clone()));
        return super::actions::begin_action(app, Action::Snapshot { name }, vm);
    }
    close_menu(app);
    send(app, [command])
}
