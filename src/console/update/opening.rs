//! What opens to look closer: the row under the cursor, a menu, the texts about a VM.

use super::{appliances, open};
use crate::console::app::{App, Focus};
use crate::console::keymap::ViewKind;
use crate::console::layers::{Details, Help, Layer, Menu, Page, Subject, TaskDialog};
use crate::console::lists::pane::PaneRow;
use crate::console::lists::tree::Node;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::Ask;
use crate::model::{Task, TaskState, VmKey};

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
        ViewKind::Workflow => {
            if let Some(task) = app.held.current().cloned() {
                let task = TaskDialog {
                    task,
                    held: true,
                    first: 0,
                };
                open(app, Layer::Task(task));
            }
            Vec::new()
        }
    }
}

/// Whether somebody can decide it.
fn is_held(task: &Task) -> bool {
    task.state == TaskState::Queueing
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
            let held = app.inventory.task(&task).is_some_and(is_held);
            Layer::Task(TaskDialog {
                task,
                held,
                first: 0,
            })
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
    if matches!(app.layers.last(), Some(Layer::Menu(_) | Layer::VappMenu(_))) {
        return;
    }
    let on_list = app.layers.is_empty() && app.focus == Focus::Main;
    if on_list && app.marks.is_empty() && app.view == ViewKind::Appliances && appliances::menu(app)
    {
        return;
    }
    let marked = on_list && !app.marks.is_empty();
    let targets = if marked { app.targets() } else { Vec::new() };
    let vm = match targets.first() {
        Some(vm) => Some(vm.clone()),
        None => app.current_vm(),
    };
    let Some(vm) = vm else {
        let text = "Actions: there is no VM under the cursor";
        app.notices.add(app.now, Level::Info, text);
        return;
    };
    // One that is marked is acted on as the one that it is.
    let several = if targets.len() > 1 {
        targets
    } else {
        Vec::new()
    };
    open(app, Layer::Menu(Menu { vm, several, at: 0 }));
}

/// What the VM wrote on its console, where its cloud keeps that.
pub(super) fn console_log(app: &mut App) -> Vec<Effect> {
    let vm = match app.layers.last() {
        Some(Layer::Remote(remote)) => Some(remote.vm.clone()),
        _ => app.current_vm(),
    };
    let Some(vm) = vm.filter(|vm| keeps_console_log(app, vm)) else {
        app.notices
            .add(app.now, Level::Info, "Console log: this cloud keeps none");
        return Vec::new();
    };
    open(
        app,
        Layer::Page(Page {
            subject: Subject::ConsoleLog(vm.clone(), None),
            first: 0,
        }),
    );
    vec![Effect::Ask(Ask::ConsoleLog(vm))]
}

/// Whether the cloud of a VM keeps what it writes on its console.
pub fn keeps_console_log(app: &App, vm: &VmKey) -> bool {
    let cloud = app.inventory.cloud(&vm.cloud);
    cloud.is_some_and(|cloud| cloud.info.capabilities.console_log)
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
