//! What each command of the keymap does.

use tui_input::Input;

use super::{actions, keys, open};
use crate::console::app::{App, Focus};
use crate::console::keymap::{Step, UiCommand, ViewKind};
use crate::console::layers::{Details, Help, Layer, Menu, Page, Subject, TaskDialog};
use crate::console::lists::pane::{PaneRow, PaneSize};
use crate::console::lists::tree::Node;
use crate::console::lists::vms::{Column, Sort};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::viewports::Viewports;
use crate::fleet::Ask;
use crate::model::{ActionKind, VmKey};

pub(super) fn run(app: &mut App, command: UiCommand, ports: &Viewports) -> Vec<Effect> {
    match command {
        UiCommand::Quit => return vec![Effect::Quit],
        UiCommand::Demo => return vec![Effect::Demo],
        UiCommand::Mark => mark(app, ports),
        UiCommand::MarkAll => mark_all(app),
        UiCommand::MarkFailed => mark_failed(app),
        UiCommand::KeepOff => return keep_off(app),
        UiCommand::Suspend => return vec![Effect::Suspend],
        UiCommand::Refresh => {
            app.notices
                .add(app.now, Level::Info, "Listing all clouds again");
            return vec![Effect::Ask(Ask::Refresh(None))];
        }
        UiCommand::Back => back(app),
        UiCommand::Help => help(app),
        UiCommand::Focus => next_focus(app),
        UiCommand::View(view) => show(app, view),
        UiCommand::PaneToggle => toggle_pane(app),
        UiCommand::PaneFull => full_pane(app),
        UiCommand::PaneGrow => resize_pane(app, 1),
        UiCommand::PaneShrink => resize_pane(app, -1),
        UiCommand::Notices => open(
            app,
            Layer::Page(Page {
                subject: Subject::Notices,
                first: usize::MAX,
            }),
        ),
        UiCommand::Move(by) => step(app, by, ports),
        UiCommand::Open => return open_current(app),
        UiCommand::Filter => filter(app),
        UiCommand::Sort => {
            let at = Column::ALL
                .iter()
                .position(|column| *column == app.vms.sort().column);
            open(app, Layer::Sort(at.unwrap_or(0)));
        }
        UiCommand::Unfold => app.tree.unfold(),
        UiCommand::Fold => app.tree.fold(),
        UiCommand::Menu => menu(app),
        UiCommand::Act(kind) => return act(app, kind),
        UiCommand::Acknowledge => return actions::acknowledge(app),
        UiCommand::AcknowledgeAll => actions::acknowledge_all(app),
        UiCommand::VmEvents => vm_events(app),
        UiCommand::VmRaw => return raw(app),
        UiCommand::VmConsole => return console(app),
        UiCommand::Choose => return choose(app),
        UiCommand::Reverse => {
            let sort = app.vms.sort();
            app.vms.set_sort(
                &app.inventory,
                Sort {
                    descending: !sort.descending,
                    ..sort
                },
            );
            app.layers.pop();
        }
        UiCommand::Yes => return yes(app),
        UiCommand::Earlier => actions::recall(app, true),
        UiCommand::Later => actions::recall(app, false),
        UiCommand::Again => {
            if let Some(Layer::Task(dialog)) = app.layers.last()
                && let Some((kind, vm)) = actions::action_of(app, &dialog.task)
            {
                app.layers.pop();
                return actions::begin_on(app, kind, vm);
            }
        }
    }
    Vec::new()
}

/// One step back: a notice, a layer, a filter, the focus, the full pane.
fn back(app: &mut App) {
    match app.layers.pop() {
        Some(Layer::Filter(_)) => {
            keys::set_filter(app, "");
            return;
        }
        Some(Layer::Protect(protect)) => {
            // What was typed is there again when the dialog is opened again.
            let text = if protect.recalled.is_some() {
                protect.own
            } else {
                protect.input.value().to_owned()
            };
            app.draft = (!text.trim().is_empty()).then_some((protect.vms, text));
            return;
        }
        Some(_) => return,
        None => {}
    }
    if app.notices.dismiss(app.now) {
        return;
    }
    if app.pane.size == PaneSize::Full {
        full_pane(app);
        return;
    }
    if app.focus != Focus::Main {
        app.focus = Focus::Main;
        return;
    }
    if app.view == ViewKind::Events && app.events.only().is_some() {
        app.events.set_only(None);
        return;
    }
    if app.marks.is_empty() || !current_filter(app).is_empty() {
        keys::set_filter(app, "");
    } else {
        app.marks.clear();
    }
}

fn current_filter(app: &App) -> &str {
    match app.view {
        ViewKind::Vms => app.vms.filter(),
        ViewKind::Appliances => app.tree.filter(),
        ViewKind::Events => app.events.filter(),
        ViewKind::Clouds => "",
    }
}

/// Marks what the cursor is on and goes on to the next.
fn mark(app: &mut App, ports: &Viewports) {
    let vms = match app.view {
        ViewKind::Appliances if app.tree.current_vm().is_none() => app.tree.members(&app.inventory),
        _ => app.listed_vm().cloned().into_iter().collect(),
    };
    if vms.is_empty() {
        app.notices.add(
            app.now,
            Level::Info,
            "There is no VM to mark under the cursor",
        );
        return;
    }
    app.marks.toggle(&vms);
    step(app, Step::Down, ports);
}

fn mark_all(app: &mut App) {
    let rows = app
        .vms
        .rows()
        .iter()
        .filter_map(|slot| app.inventory.vm(*slot));
    let vms: Vec<_> = rows.map(|vm| vm.key.clone()).collect();
    app.marks.toggle(&vms);
}

fn mark_failed(app: &mut App) {
    let failed: Vec<_> = app
        .failed_last
        .drain(..)
        .filter(|vm| app.inventory.slot(vm).is_some())
        .collect();
    if failed.is_empty() {
        app.notices.add(
            app.now,
            Level::Info,
            "Nothing has failed when several were acted on last",
        );
        return;
    }
    app.marks.clear();
    app.marks.toggle(&failed);
}

/// Power off for good, where the cloud has something that would start the VM again.
fn keep_off(app: &mut App) -> Vec<Effect> {
    let Some(vm) = app.current_vm() else {
        return Vec::new();
    };
    actions::begin_action(app, crate::model::Action::KeepOff, vm)
}

fn help(app: &mut App) {
    let places = app.places();
    if !matches!(app.layers.last(), Some(Layer::Help(_))) {
        open(app, Layer::Help(Help { places, first: 0 }));
    }
}

fn next_focus(app: &mut App) {
    let pane = app.pane_rows().is_some();
    app.focus = match app.focus {
        Focus::Main if app.is_wide() && app.listed_vm().is_some() => Focus::Details,
        Focus::Main | Focus::Details if pane => Focus::Pane,
        _ => Focus::Main,
    };
}

fn show(app: &mut App, view: ViewKind) {
    app.view = view;
    app.focus = Focus::Main;
    if app.pane.size == PaneSize::Full {
        app.pane.size = app.pane.size_before;
    }
    app.moved();
}

fn toggle_pane(app: &mut App) {
    if app.pane_rows().is_some() {
        if app.pane.size != PaneSize::Full {
            app.pane.size_before = app.pane.size;
        }
        app.pane.size = PaneSize::Folded;
        if app.focus == Focus::Pane {
            app.focus = Focus::Main;
        }
    } else {
        let rows = (app.body_height() / 3).max(4);
        let before = app.pane.size_before.rows(app.body_height());
        app.pane.size = if before.is_some() {
            app.pane.size_before
        } else {
            PaneSize::Rows(rows)
        };
        app.focus = Focus::Pane;
    }
}

/// One line more or less; on a full pane there is nothing to resize.
fn resize_pane(app: &mut App, by: i16) {
    if app.pane.size == PaneSize::Full {
        return;
    }
    app.pane.size = app.pane.size.resized(app.body_height(), by);
    if app.pane_rows().is_none() && app.focus == Focus::Pane {
        app.focus = Focus::Main;
    }
}

fn full_pane(app: &mut App) {
    if app.pane.size == PaneSize::Full {
        app.pane.size = app.pane.size_before;
        if app.pane_rows().is_none() {
            app.focus = Focus::Main;
        }
    } else {
        app.pane.size_before = app.pane.size;
        app.pane.size = PaneSize::Full;
        app.focus = Focus::Pane;
    }
}

/// Moves what the keys move now: the text of the top layer, or the cursor of the focused part.
pub(super) fn step(app: &mut App, step: Step, ports: &Viewports) {
    match app.layers.last_mut() {
        Some(Layer::Menu(menu)) => {
            menu.at = menu_step(menu.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::Sort(at)) => {
            *at = menu_step(*at, step, Column::ALL.len());
            return;
        }
        Some(Layer::Hosts(choice)) => {
            choice.at = menu_step(choice.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::Filter(_)) | None => {}
        Some(layer) => {
            if let Some(first) = layer.first() {
                *first = scroll(*first, step, ports.layer.page, ports.layer.last_first());
            }
            return;
        }
    }
    match (app.focus, app.view) {
        (Focus::Pane, _) => app.pane.step(step, ports.pane.page),
        (Focus::Details, _) => {
            app.details_first = scroll(
                app.details_first,
                step,
                ports.details.page,
                ports.details.last_first(),
            );
        }
        (Focus::Main, ViewKind::Vms) => {
            app.vms.step(&app.inventory, step, ports.main.page);
            app.moved();
        }
        (Focus::Main, ViewKind::Appliances) => {
            app.tree.step(step, ports.main.page);
            app.moved();
        }
        (Focus::Main, ViewKind::Clouds) => app.clouds.step(&app.inventory, step, ports.main.page),
        (Focus::Main, ViewKind::Events) => app.events.step(&app.inventory, step, ports.main.page),
    }
}

fn menu_step(at: usize, step: Step, rows: usize) -> usize {
    let last = rows.saturating_sub(1);
    match step {
        Step::Down if at >= last => 0,
        Step::Up if at == 0 => last,
        Step::Down => at + 1,
        Step::Up => at - 1,
        Step::First | Step::PageUp | Step::HalfUp => 0,
        Step::Last | Step::PageDown | Step::HalfDown => last,
    }
}

fn scroll(first: usize, step: Step, page: usize, last: usize) -> usize {
    let first = first.min(last);
    match step {
        Step::Down => first + 1,
        Step::Up => first.saturating_sub(1),
        Step::PageDown => first + page.max(1),
        Step::PageUp => first.saturating_sub(page.max(1)),
        Step::HalfDown => first + page.max(1).div_ceil(2),
        Step::HalfUp => first.saturating_sub(page.max(1).div_ceil(2)),
        Step::First => 0,
        Step::Last => last,
    }
    .min(last)
}

fn open_current(app: &mut App) -> Vec<Effect> {
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
            if let Some(event) = app.events.current(&app.inventory) {
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

fn filter(app: &mut App) {
    if app.view != ViewKind::Clouds {
        let text = current_filter(app).to_owned();
        open(app, Layer::Filter(Input::new(text)));
    }
}

fn menu(app: &mut App) {
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

fn act(app: &mut App, kind: ActionKind) -> Vec<Effect> {
    // "Power off instead" from an opened warning.
    if let Some(Layer::Task(dialog)) = app.layers.last() {
        let vm = app
            .inventory
            .task(&dialog.task)
            .and_then(|task| task.vm.clone());
        app.layers.pop();
        return vm.map_or_else(Vec::new, |vm| actions::begin_on(app, kind, vm));
    }
    actions::begin(app, kind)
}

fn vm_events(app: &mut App) {
    let Some(vm) = app.current_vm() else {
        app.notices.add(
            app.now,
            Level::Info,
            "Events of a VM: there is none under the cursor",
        );
        return;
    };
    app.layers.clear();
    show(app, ViewKind::Events);
    app.events.set_filter("");
    app.events.set_only(Some(vm));
}

fn raw(app: &mut App) -> Vec<Effect> {
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

/// Asked for when somebody wants to see it, and kept nowhere: some clouds answer with an address for one use.
fn console(app: &mut App) -> Vec<Effect> {
    let Some(vm) = app.current_vm() else {
        let text = "Screen: there is no VM under the cursor";
        app.notices.add(app.now, Level::Info, text);
        return Vec::new();
    };
    let subject = Subject::Console(vm.clone(), None);
    open(app, Layer::Page(Page { subject, first: 0 }));
    vec![Effect::Ask(Ask::Console(vm))]
}

fn choose(app: &mut App) -> Vec<Effect> {
    match app.layers.last() {
        Some(Layer::Sort(at)) => {
            let column = Column::ALL[(*at).min(Column::ALL.len() - 1)];
            let now = app.vms.sort();
            // The same column again is the other way round.
            let descending = now.column == column && !now.descending;
            app.layers.pop();
            app.vms
                .set_sort(&app.inventory, Sort { column, descending });
            Vec::new()
        }
        Some(Layer::Hosts(choice)) => {
            let hosts = choice.hosts.as_ref().and_then(|hosts| hosts.as_ref().ok());
            let Some(host) = hosts.and_then(|hosts| hosts.get(choice.at)) else {
                return Vec::new();
            };
            let (vm, host) = (choice.vm.clone(), host.id.to_string());
            app.layers.pop();
            actions::begin_action(app, crate::model::Action::Relocate { host }, vm)
        }
        Some(Layer::Menu(menu)) => {
            match crate::console::view::menu::entries(app, &menu.vm).get(menu.at) {
                Some(entry) => run(app, entry.command, &Viewports::default()),
                None => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn yes(app: &mut App) -> Vec<Effect> {
    match app.layers.last() {
        Some(Layer::Question(_)) => actions::answer(app),
        Some(Layer::Protect(_)) => actions::protect(app),
        Some(Layer::Filter(_)) => {
            app.layers.pop();
            Vec::new()
        }
        _ => Vec::new(),
    }
}
