//! A key press: text fields first, then the keymap, innermost place first.

use crossterm::event::{Event, KeyEvent, KeyEventKind};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use super::commands;
use crate::console::app::App;
use crate::console::keymap::{Key, ViewKind};
use crate::console::layers::{ExportState, Layer};
use crate::console::message::Effect;
use crate::console::viewports::Viewports;
use crate::model::text::clean_to;

/// The longest text that is typed, in characters.
const TYPED_MAX: usize = 500;

pub(super) fn press(app: &mut App, event: KeyEvent, ports: &Viewports) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let key = Key::of(event);
    let has_field = app.layers.last().is_some_and(Layer::has_field);
    if !(has_field && key.is_printable())
        && let Some(command) = app.look.keymap.command(&app.places(), key)
    {
        return commands::run(app, command, ports);
    }
    if has_field {
        edit(app, |input| {
            if input.value().chars().count() < TYPED_MAX || !key.is_printable() {
                input.handle_event(&Event::Key(event));
            }
        });
        // What no field wants moves the list under the filter.
        let typed_nothing = !key.is_printable();
        if let (true, Some(Layer::Filter(_))) = (typed_nothing, app.layers.last()) {
            let list = [crate::console::keymap::Place::List];
            let moves = app
                .look
                .keymap
                .command(&list, key)
                .filter(|_| !is_editing(event));
            if let Some(command) = moves {
                return commands::run(app, command, ports);
            }
        }
    }
    Vec::new()
}

/// Keys that a text field uses itself, whatever lists make of them.
fn is_editing(event: KeyEvent) -> bool {
    use crossterm::event::{KeyCode, KeyModifiers};
    event.modifiers.contains(KeyModifiers::CONTROL)
        || matches!(
            event.code,
            KeyCode::Home
                | KeyCode::End
                | KeyCode::Left
                | KeyCode::Right
                | KeyCode::Backspace
                | KeyCode::Delete
        )
}

/// Into a field a paste is one cleaned line; elsewhere it does nothing.
pub(super) fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    let line = clean_to(text.trim(), TYPED_MAX).into_owned();
    edit(app, |input| {
        let room = TYPED_MAX.saturating_sub(input.value().chars().count());
        for c in line.chars().take(room) {
            input.handle(tui_input::InputRequest::InsertChar(c));
        }
    });
    Vec::new()
}

/// Changes the text of the top layer's field, and what follows from it.
fn edit(app: &mut App, change: impl FnOnce(&mut Input)) {
    let Some(input) = app.layers.last_mut().and_then(Layer::input) else {
        return;
    };
    let before = input.value().to_owned();
    change(input);
    let text = input.value().to_owned();
    if text == before {
        return;
    }
    match app.layers.last_mut() {
        Some(Layer::Filter(_)) => set_filter(app, &text),
        Some(Layer::Protect(protect)) => {
            protect.recalled = None;
            protect.empty = false;
        }
        Some(Layer::Targets(choice)) => choice.at = 0,
        Some(Layer::Snapshot(snapshot)) => snapshot.empty = false,
        Some(Layer::VappForm(form)) => form.empty = false,
        // Another path has not been tried yet.
        Some(Layer::Export(form)) if form.state != ExportState::Writing => {
            form.state = ExportState::Asking;
        }
        Some(Layer::Tenants(choice)) => choice.at = 0,
        _ => {}
    }
}

/// Narrows the list of the view.
pub(super) fn set_filter(app: &mut App, text: &str) {
    match app.view {
        ViewKind::Vms => app.vms.set_filter(&app.inventory, text),
        ViewKind::Appliances => app.tree.set_filter(text),
        ViewKind::Events => app.events.set_text(text),
        ViewKind::Workflow => app.held.set_filter(text),
        ViewKind::Clouds => {}
    }
    app.moved();
}
