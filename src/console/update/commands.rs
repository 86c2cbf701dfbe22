//! What each command of the keymap does.

use tui_input::Input;

use super::{
    acknowledging, actions, answering, appliances, events, forcing, keys, moving, open, opening,
    protecting, remote, reviewing, tenants, transfer,
};
use crate::console::app::{App, Focus};
use crate::console::choices::DraftOf;
use crate::console::keymap::{Step, UiCommand, ViewKind};
use crate::console::layers::{Layer, Page, Subject};
use crate::console::lists::pane::PaneSize;
use crate::console::lists::vms::{Column, Sort};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::viewports::Viewports;
use crate::fleet::Ask;
use crate::model::ActionKind;

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
            let mut effects = vec![Effect::Ask(Ask::Refresh(None))];
            if app.view == ViewKind::Workflow {
                effects.push(Effect::Ask(Ask::Held(None)));
            }
            return effects;
        }
        UiCommand::Back => {
            let mut effects = back(app);
            effects.extend(events::at_end(app, ports));
            return effects;
        }
        UiCommand::Help => opening::help(app),
        UiCommand::Focus => moving::next_focus(app),
        UiCommand::View(view) => {
            let mut effects = visit(app, view);
            effects.extend(events::at_end(app, ports));
            return effects;
        }
        UiCommand::PaneToggle => moving::toggle_pane(app),
        UiCommand::PaneFull => moving::full_pane(app),
        UiCommand::PaneGrow => moving::resize_pane(app, 1),
        UiCommand::PaneShrink => moving::resize_pane(app, -1),
        UiCommand::Notices => open(
            app,
            Layer::Page(Page {
                subject: Subject::Notices,
                first: usize::MAX,
            }),
        ),
        UiCommand::Move(by) => {
            moving::step(app, by, ports);
            return events::at_end(app, ports);
        }
        UiCommand::Open => return opening::open_current(app),
        UiCommand::Filter => filter(app),
        UiCommand::Sort => {
            let at = Column::ALL
                .iter()
                .position(|column| *column == app.vms.sort().column);
            open(app, Layer::Sort(at.unwrap_or(0)));
        }
        UiCommand::Unfold => app.tree.unfold(),
        UiCommand::Fold => app.tree.fold(),
        UiCommand::Menu => opening::menu(app),
        UiCommand::Act(kind) => return act(app, kind),
        UiCommand::Acknowledge => return acknowledging::acknowledge(app),
        UiCommand::AcknowledgeAll => acknowledging::acknowledge_all(app),
        UiCommand::VmEvents => return events::of_vm(app),
        UiCommand::VmRaw => return opening::raw(app),
        UiCommand::VmLog => return opening::console_log(app),
        UiCommand::VmConsole => return remote::open_remote(app),
        UiCommand::CopyAddress => return remote::copy_address(app),
        UiCommand::Reveal => return remote::reveal(app),
        UiCommand::CopyPassword => return remote::copy_password(app),
        UiCommand::OpenViewer => return remote::open_viewer(app),
        UiCommand::ScreenFile => return remote::write_file(app),
        UiCommand::Copy => remote::open_copy(app),
        UiCommand::EventFilter => events::open_filter(app),
        UiCommand::EventExport => events::open_export(app),
        UiCommand::NextField | UiCommand::PreviousField => {
            events::field(app, command == UiCommand::NextField);
            appliances::next_field(app);
        }
        UiCommand::NextChoice => events::choice(app, true),
        UiCommand::PreviousChoice => events::choice(app, false),
        UiCommand::ClearFilter => events::empty_form(app),
        UiCommand::Tenant => return tenants::open_choice(app),
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
        UiCommand::Yes => {
            let mut effects = yes(app);
            effects.extend(events::at_end(app, ports));
            return effects;
        }
        UiCommand::ActOnVapp(kind) => return appliances::begin(app, kind),
        UiCommand::NewVapp => return appliances::new(app),
        UiCommand::Toggle => appliances::toggle(app),
        UiCommand::Approve => reviewing::begin(app, true),
        UiCommand::Reject => reviewing::begin(app, false),
        UiCommand::AnswerCloud => forcing::answer(app),
        UiCommand::Earlier => protecting::recall(app, true),
        UiCommand::Later => protecting::recall(app, false),
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
fn back(app: &mut App) -> Vec<Effect> {
    if forcing::is_unread(app) {
        return Vec::new();
    }
    match app.layers.pop() {
        Some(Layer::Filter(_)) => {
            keys::set_filter(app, "");
            return events_anew(app);
        }
        Some(Layer::Protect(protect)) => {
            // What was typed is there again when the dialog is opened again.
            let text = if protect.recalled.is_some() {
                protect.own
            } else {
                protect.input.value().to_owned()
            };
            app.draft = (!text.trim().is_empty()).then_some((protect.vms, text));
            return Vec::new();
        }
        Some(layer) => {
            if let Some(draft) = draft_of(layer) {
                app.kept = Some(draft);
            }
            return Vec::new();
        }
        None => {}
    }
    if app.notices.dismiss(app.now) {
        return Vec::new();
    }
    if app.pane.size == PaneSize::Full {
        moving::full_pane(app);
        return Vec::new();
    }
    if app.focus != Focus::Main {
        app.focus = Focus::Main;
        return Vec::new();
    }
    if app.view == ViewKind::Events && !app.events.is_unfiltered() {
        return events::clear(app);
    }
    let filtered = !current_filter(app).is_empty();
    if app.view == ViewKind::Workflow && !filtered {
        app.held.clear_marks();
    } else if app.marks.is_empty() || filtered {
        keys::set_filter(app, "");
    } else {
        app.marks.clear();
    }
    Vec::new()
}

/// The clouds are asked for what the filter of events says, once it is typed.
fn events_anew(app: &mut App) -> Vec<Effect> {
    if app.view == ViewKind::Events {
        events::ask_anew(app)
    } else {
        Vec::new()
    }
}

/// A text that was typed and not sent, with what it is for.
fn draft_of(layer: Layer) -> Option<(DraftOf, String)> {
    let (of, input) = match layer {
        Layer::Snapshot(snapshot) => (DraftOf::Snapshot(snapshot.vm), snapshot.name),
        Layer::VappForm(form) => (DraftOf::Vapp(form.of), form.name),
        Layer::Decide(decide) => (DraftOf::Note(decide.tasks), decide.note),
        _ => return None,
    };
    let text = input.value().to_owned();
    (!text.trim().is_empty()).then_some((of, text))
}

fn current_filter(app: &App) -> &str {
    match app.view {
        ViewKind::Vms => app.vms.filter(),
        ViewKind::Appliances => app.tree.filter(),
        ViewKind::Events => &app.events.filter().text,
        ViewKind::Workflow => app.held.filter(),
        ViewKind::Clouds => "",
    }
}

/// Marks what the cursor is on and goes on to the next.
fn mark(app: &mut App, ports: &Viewports) {
    if app.view == ViewKind::Workflow {
        app.held.mark();
        moving::step(app, Step::Down, ports);
        return;
    }
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
    moving::step(app, Step::Down, ports);
}

fn mark_all(app: &mut App) {
    if app.view == ViewKind::Workflow {
        app.held.mark_all();
        return;
    }
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

/// Shows a view that has a tab, and asks for what nobody reads unasked.
fn visit(app: &mut App, view: ViewKind) -> Vec<Effect> {
    if !app.shows(view) {
        let text = format!("{}: none of these clouds has one", view.title());
        app.notices.add(app.now, Level::Info, text);
        return Vec::new();
    }
    show(app, view);
    match view {
        ViewKind::Workflow => vec![Effect::Ask(Ask::Held(None))],
        _ => Vec::new(),
    }
}

pub(super) fn show(app: &mut App, view: ViewKind) {
    app.view = view;
    app.focus = Focus::Main;
    if app.pane.size == PaneSize::Full {
        app.pane.size = app.pane.size_before;
    }
    app.moved();
}

fn filter(app: &mut App) {
    if app.view != ViewKind::Clouds {
        let text = current_filter(app).to_owned();
        open(app, Layer::Filter(Input::new(text)));
    }
}

fn act(app: &mut App, kind: ActionKind) -> Vec<Effect> {
    // "Power off instead" from an opened warning.
    if let Some(Layer::Task(dialog)) = app.layers.last() {
        let task = app.inventory.task(&dialog.task);
        let Some(vm) = task.and_then(|task| task.vm.clone()) else {
            let text = format!(
                "{}: this task is about no single VM",
                app.look.labels.action(kind)
            );
            app.notices.add(app.now, Level::Info, text);
            return Vec::new();
        };
        app.layers.pop();
        return actions::begin_on(app, kind, vm);
    }
    actions::begin(app, kind)
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
            let Some(action) = choice.action() else {
                return Vec::new();
            };
            let vm = choice.vm.clone();
            app.layers.pop();
            actions::begin_action(app, action, vm)
        }
        Some(Layer::Copy(_)) => remote::choose_copy(app),
        Some(Layer::Tenants(_)) => tenants::choose(app),
        Some(Layer::Menu(_) | Layer::VappMenu(_)) => {
            let (entries, at) = crate::console::view::menu::of_layer(app);
            match entries.get(at) {
                Some(entry) => run(app, entry.command, &Viewports::default()),
                None => Vec::new(),
            }
        }
        Some(Layer::Targets(_)) => transfer::choose_target(app),
        Some(Layer::Release(_)) => transfer::choose_release(app),
        Some(Layer::Projects(_)) => {
            appliances::choose_project(app);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn yes(app: &mut App) -> Vec<Effect> {
    match app.layers.last() {
        Some(Layer::Question(_)) => answering::answer(app),
        Some(Layer::Protect(_)) => protecting::protect(app),
        Some(Layer::Snapshot(_)) => transfer::snapshot(app),
        Some(Layer::VappForm(_)) => appliances::submit(app),
        Some(Layer::Decide(_)) => reviewing::send(app),
        Some(Layer::Filter(_)) => {
            app.layers.pop();
            events_anew(app)
        }
        Some(Layer::EventFilter(_)) => events::apply_filter(app),
        Some(Layer::Export(_)) => events::export(app),
        _ => Vec::new(),
    }
}
