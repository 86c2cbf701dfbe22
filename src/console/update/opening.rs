//! What opens to look closer: the row under the cursor, a menu, the texts about a VM.

use super::open;
use crate::console::app::{App, Focus};
use crate::console::keymap::ViewKind;
use crate::console::layers::{Details, Help, Layer, Menu, Page, Subject, TaskDialog};
use crate::console::lists::pane::PaneRow;
use crate::console::lists::tree::Node;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::Ask;
use crate::model::VmKey;

pub(super) fn help(app: &mut App) {
    let places = app.places();
    if !matches!(app.layers.last(), Some(Layer::Help(_))) {
        open(app, Layer::Help(Help { places, first: 0 }));
    }
}

pub(super) fn open_current(app: &mut App) -> Vec<Effect> {
    if app.focus == Focus::Pane {
        return open_pane_row(app);
    }
    match app.view {
        ViewKind::Vms => {
            let vm = app.vms.current().cloned();
            vm.map_or_else(Vec::new, |vm| details(app, vm))
        }
        ViewKind::Appliances => match app.tree.current().cloned() {
            Some(Node::Vm(vm)) => details(app, vm),
            _ => {
                app.tree.toggle();
                Vec::new()
            }
        },
        ViewKind::Clouds => {
            if let Some(cloud) = app.inventory.clouds().get(app.clouds.at()) {
                let subject = Subject::Cloud(cloud.info.name.clone());
                open(app, Layer::Page(Page { subject, first: 0 }));
            }
            Vec::new()
        }
        ViewKind::Events => {
            if let Some(event) = app.events.current() {
                let subject = Subject::Event(event.key.clone());
                open(app, Layer::Page(Page { subject, first: 0 }));
            }
            Vec::new()
        }
    }
}

fn details(app: &mut App, vm: VmKey) -> Vec<Effect> {
    let ask = Effect::Ask(Ask::VmTasks(vm.clone()));
    if app.is_wide() {
        app.focus = Focus::Details;
    } else {
        open(app, Layer::Details(Details { vm, first: 0 }));
        app.moved();
    }
    vec![ask]
}

fn open_pane_row(app: &mut App) -> Vec<Effect> {
    let layer = match app.pane.current().cloned() {
        Some(PaneRow::Running(task) | PaneRow::Failed(task)) => {
            Layer::Task(TaskDialog { task, first: 0 })
        }
        Some(PaneRow::Report(id)) => Layer::Page(Page {
            subject: Subject::Report(id),
            first: 0,
        }),
        Some(PaneRow::Event(key)) => Layer::Page(Page {
            subject: Subject::Event(key),
            first: 0,
        }),
        None => return Vec::new(),
    };
    open(app, layer);
    Vec::new()
}

pub(super) fn menu(app: &mut App) {
    match app.current_vm() {
        Some(vm) if !matches!(app.layers.last(), Some(Layer::Menu(_))) => {
            open(app, Layer::Menu(Menu { vm, at: 0 }))
        }
        Some(_) => {}
        None => app.notices.add(
            app.now,
            Level::Info,
            "Actions: there is no VM under the cursor",
        ),
    }
}

pub(super) fn raw(app: &mut App) -> Vec<Effect> {
    let Some(vm) = app.current_vm() else {
        app.notices.add(
            app.now,
            Level::Info,
            "Raw document: there is no VM under the cursor",
        );
        return Vec::new();
    };
    open(
        app,
        Layer::Page(Page {
            subject: Subject::Raw(vm.clone(), None),
            first: 0,
        }),
    );
    vec![Effect::Ask(Ask::Raw(vm))]
}
