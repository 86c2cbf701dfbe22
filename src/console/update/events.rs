//! The view of events: which are listed, when more are asked for, and writing them into a file.

use tui_input::{Input, InputRequest};

use super::commands::show;
use super::open;
use crate::console::app::{App, Focus};
use crate::console::keymap::ViewKind;
use crate::console::layers::{EventForm, ExportForm, ExportState, Layer};
use crate::console::lists::event_filter::{EventFilter, SEVERITIES, Span};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::outside::{Export, Outside, Unwritten};
use crate::console::text::counted;
use crate::console::viewports::Viewports;
use crate::fleet::{Ask, EventQuery};
use crate::model::CloudName;

fn asks(asks: Vec<(CloudName, EventQuery)>) -> Vec<Effect> {
    asks.into_iter()
        .map(|(cloud, query)| Effect::Ask(Ask::Events(cloud, query)))
        .collect()
}

/// Asks for more where the end of the list is on the screen.
pub(super) fn at_end(app: &mut App, ports: &Viewports) -> Vec<Effect> {
    let listed = app.view == ViewKind::Events && app.focus == Focus::Main;
    if !listed || !matches!(app.layers.last(), None | Some(Layer::Filter(_))) {
        return Vec::new();
    }
    app.events.settle(&app.inventory);
    let on_screen = app.events.at() + ports.main.page.max(1);
    if on_screen < app.events.rows().len() {
        return Vec::new();
    }
    asks(app.events.next(&app.inventory))
}

/// The clouds are asked for what the filter says now.
pub(super) fn ask_anew(app: &mut App) -> Vec<Effect> {
    asks(app.events.begin(&app.inventory, app.now))
}

/// Lists everything again.
pub(super) fn clear(app: &mut App) -> Vec<Effect> {
    app.events.set_filter(EventFilter::default(), None);
    ask_anew(app)
}

/// The events of the VM that actions go to now, and no others.
pub(super) fn of_vm(app: &mut App) -> Vec<Effect> {
    let Some(vm) = app.current_vm() else {
        let text = "Events of a VM: there is none under the cursor";
        app.notices.add(app.now, Level::Info, text);
        return Vec::new();
    };
    let name = app.inventory.find(&vm).map(|vm| vm.name.to_string());
    app.layers.clear();
    show(app, ViewKind::Events);
    let filter = EventFilter {
        vm: name.unwrap_or_default(),
        ..EventFilter::default()
    };
    app.events.set_filter(filter, Some(vm));
    ask_anew(app)
}

/// Opens the dialog with what is listed now.
pub(super) fn open_filter(app: &mut App) {
    let filter = app.events.filter();
    let severity = SEVERITIES
        .iter()
        .position(|known| *known == filter.severity);
    let span = Span::CHOICES.iter().position(|known| *known == filter.span);
    let form = EventForm {
        at: 0,
        severity: severity.unwrap_or(0),
        span: span.unwrap_or(0),
        inputs: [&filter.user, &filter.vm, &filter.text].map(|text| Input::new(text.clone())),
    };
    open(app, Layer::EventFilter(form));
}

/// What the dialog says is listed.
pub(super) fn apply_filter(app: &mut App) -> Vec<Effect> {
    let Some(Layer::EventFilter(form)) = app.layers.pop() else {
        return Vec::new();
    };
    let [user, vm, text] = form.inputs.map(|input| input.value().trim().to_owned());
    // Another name is not that one VM any more.
    let only = app.events.only().cloned();
    let only = only.filter(|_| vm == app.events.filter().vm);
    let filter = EventFilter {
        severity: SEVERITIES.get(form.severity).copied().flatten(),
        span: Span::CHOICES.get(form.span).copied().unwrap_or_default(),
        user,
        vm,
        text,
    };
    app.events.set_filter(filter, only);
    ask_anew(app)
}

/// Empties every field of the dialog.
pub(super) fn empty_form(app: &mut App) {
    if let Some(Layer::EventFilter(form)) = app.layers.last_mut() {
        *form = EventForm {
            at: form.at,
            ..EventForm::default()
        };
    }
}

/// Goes to the next field, or the one before.
pub(super) fn field(app: &mut App, forward: bool) {
    if let Some(Layer::EventFilter(form)) = app.layers.last_mut() {
        let by = if forward { 1 } else { EventForm::FIELDS - 1 };
        form.at = (form.at + by) % EventForm::FIELDS;
    }
}

/// The next choice of the field, or the one before; in a text, one character on or back.
pub(super) fn choice(app: &mut App, forward: bool) {
    let Some(Layer::EventFilter(form)) = app.layers.last_mut() else {
        return;
    };
    let turn = |at: usize, choices: usize| {
        let by = if forward { 1 } else { choices - 1 };
        (at + by) % choices
    };
    match form.at {
        0 => form.severity = turn(form.severity, SEVERITIES.len()),
        1 => form.span = turn(form.span, Span::CHOICES.len()),
        _ => {
            let step = if forward {
                InputRequest::GoToNextChar
            } else {
                InputRequest::GoToPrevChar
            };
            if let Some(input) = form.input() {
                input.handle(step);
            }
        }
    }
}

/// Asks where the listed events are to be written.
pub(super) fn open_export(app: &mut App) {
    if app.events.rows().is_empty() {
        let text = "Nothing is listed that could be written";
        app.notices.add(app.now, Level::Info, text);
        return;
    }
    let now = app.now.to_zoned(app.look.zone.clone());
    let name = now.strftime("vmdeck-events-%Y%m%d-%H%M%S.jsonl");
    let folder = if app.look.home.is_some() { "~/" } else { "" };
    let form = ExportForm {
        input: Input::new(format!("{folder}{name}")),
        state: ExportState::Asking,
    };
    open(app, Layer::Export(form));
}

/// Writes what is listed; over a file that is there only when it was asked.
pub(super) fn export(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Export(form)) = app.layers.last_mut() else {
        return Vec::new();
    };
    let typed = form.input.value().trim().to_owned();
    if typed.is_empty() || form.state == ExportState::Writing {
        return Vec::new();
    }
    let overwrite = form.state == ExportState::AlreadyThere;
    form.state = ExportState::Writing;
    let home = app.look.home.as_ref();
    let path = typed
        .strip_prefix("~/")
        .and_then(|rest| Some(home?.join(rest)))
        .unwrap_or_else(|| typed.clone().into());
    let export = Export {
        path,
        typed,
        events: app.events.rows().to_vec(),
        overwrite,
    };
    vec![Effect::Outside(Outside::Export(export))]
}

/// What became of it: in the dialog while it is open, else as a notice.
pub(super) fn exported(app: &mut App, path: &str, written: Result<usize, Unwritten>) {
    let waiting = app.layers.iter().position(
        |layer| matches!(layer, Layer::Export(form) if form.state == ExportState::Writing),
    );
    let state = match written {
        Ok(count) => {
            if let Some(at) = waiting {
                app.layers.remove(at);
            }
            let text = format!("{} in {path}", counted(count, "event", "events"));
            app.notices.add(app.now, Level::Good, text);
            return;
        }
        Err(Unwritten::AlreadyThere) => ExportState::AlreadyThere,
        Err(Unwritten::Refused(why)) => ExportState::Failed(why),
    };
    match waiting.and_then(|at| app.layers.get_mut(at)) {
        Some(Layer::Export(form)) => form.state = state,
        _ => {
            let text = match state {
                ExportState::Failed(why) => format!("{path} was not written: {why}"),
                _ => format!("{path} was not written: there is a file of that name"),
            };
            app.notices.add(app.now, Level::Failure, text);
        }
    }
}
