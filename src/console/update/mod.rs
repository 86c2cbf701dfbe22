//! `update`: every change of the state, by one message at a time. It never waits and reads no clock.

mod acknowledging;
mod actions;
mod answering;
pub mod appliances;
mod commands;
mod events;
mod forcing;
mod keys;
mod moving;
mod opening;
mod protecting;
mod remote;
pub mod reviewing;
mod tenants;
mod told;
pub mod transfer;

pub use acknowledging::acknowledge_title;
pub use opening::keeps_console_log;
pub use tenants::listed as listed_tenants;

use jiff::Timestamp;

use super::app::{App, Focus};
use super::keymap::{Step, ViewKind};
use super::layers::Layer;
use super::message::{Effect, Message};
use super::metrics;
use super::outside::Told;
use super::viewports::Viewports;
use crate::fleet::Ask;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// How many lines a turn of the mouse wheel moves.
const WHEEL: usize = 3;

/// Takes one message in, at a time, and says what is to be done outside.
pub fn update(app: &mut App, message: Message, ports: &Viewports, now: Timestamp) -> Vec<Effect> {
    app.now = now;
    match message {
        Message::Key(key) => {
            app.dirty = true;
            keys::press(app, key, ports)
        }
        Message::Paste(text) => {
            app.dirty = true;
            keys::paste(app, &text)
        }
        Message::Mouse(mouse) => point(app, mouse, ports),
        Message::Resize(width, height) => {
            app.dirty = true;
            app.size = (width, height);
            if !app.is_wide() && app.focus == Focus::Details {
                app.focus = Focus::Main;
            }
            Vec::new()
        }
        Message::Update(update) => told::take(app, *update),
        Message::Outside(told) => {
            app.dirty = true;
            match told {
                Told::Exported { path, written } => events::exported(app, &path, written),
                Told::Notice(level, text) => app.notices.add(app.now, level, text),
            }
            Vec::new()
        }
        Message::Tick => {
            app.dirty = true;
            let rested = app.rests_at.is_some_and(|at| at <= app.now);
            let mut effects = rest(app, ports);
            effects.extend(metrics::ask(app, rested));
            effects
        }
    }
}

/// When the cursor has rested, what it is on and what is around it is read sooner than the rest.
fn rest(app: &mut App, ports: &Viewports) -> Vec<Effect> {
    if app.rests_at.is_none_or(|at| at > app.now) {
        return Vec::new();
    }
    app.rests_at = None;
    let mut effects = Vec::new();
    if app.view == ViewKind::Vms {
        let shown = app
            .vms
            .rows()
            .iter()
            .skip(ports.main.first)
            .take(ports.main.page);
        let keys: Vec<_> = shown
            .filter_map(|slot| Some(app.inventory.vm(*slot)?.key.clone()))
            .collect();
        if !keys.is_empty() {
            effects.push(Effect::Ask(Ask::OnScreen(keys)));
        }
    }
    let wanted = app.is_wide() && app.layers.is_empty();
    effects.extend(
        wanted
            .then(|| app.listed_vm().cloned().map(Ask::VmTasks).map(Effect::Ask))
            .flatten(),
    );
    effects
}

fn point(app: &mut App, mouse: MouseEvent, ports: &Viewports) -> Vec<Effect> {
    let wheel = match mouse.kind {
        MouseEventKind::ScrollDown => Some(Step::Down),
        MouseEventKind::ScrollUp => Some(Step::Up),
        MouseEventKind::Down(MouseButton::Left) => None,
        _ => return Vec::new(),
    };
    app.dirty = true;
    if let Some(step) = wheel {
        for _ in 0..WHEEL {
            moving::step(app, step, ports);
        }
        return events::at_end(app, ports);
    }
    if !app.layers.is_empty() {
        return Vec::new();
    }
    if let Some(row) = ports.pane.row_at(mouse.column, mouse.row) {
        app.focus = Focus::Pane;
        app.pane.put(row);
    } else if let Some(row) = ports.main.row_at(mouse.column, mouse.row) {
        app.focus = Focus::Main;
        match app.view {
            ViewKind::Vms => app.vms.put(&app.inventory, row),
            ViewKind::Appliances => app.tree.put(row),
            ViewKind::Clouds => app.clouds.put(&app.inventory, row),
            ViewKind::Events => app.events.put(row),
            ViewKind::Workflow => app.held.put(row),
        }
        app.moved();
    }
    Vec::new()
}

/// Opens a layer over the rest.
fn open(app: &mut App, layer: Layer) {
    app.layers.push(layer);
}
