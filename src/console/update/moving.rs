//! What moves on the screen: the cursor, what is scrolled, the focus, the size of the pane.

use crate::console::app::{App, Focus};
use crate::console::keymap::{Step, ViewKind};
use crate::console::layers::Layer;
use crate::console::lists::pane::PaneSize;
use crate::console::lists::vms::Column;
use crate::console::viewports::Viewports;

pub(super) fn next_focus(app: &mut App) {
    let pane = app.pane_rows().is_some();
    app.focus = match app.focus {
        Focus::Main if app.is_wide() && app.listed_vm().is_some() => Focus::Details,
        Focus::Main | Focus::Details if pane => Focus::Pane,
        _ => Focus::Main,
    };
}

pub(super) fn toggle_pane(app: &mut App) {
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
pub(super) fn resize_pane(app: &mut App, by: i16) {
    if app.pane.size == PaneSize::Full {
        return;
    }
    app.pane.size = app.pane.size.resized(app.body_height(), by);
    if app.pane_rows().is_none() && app.focus == Focus::Pane {
        app.focus = Focus::Main;
    }
}

pub(super) fn full_pane(app: &mut App) {
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
        Some(Layer::Copy(choice)) => {
            choice.at = menu_step(choice.at, step, choice.texts.len());
            return;
        }
        Some(Layer::Tenants(choice)) => {
            choice.at = menu_step(choice.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::Hosts(choice)) => {
            choice.at = menu_step(choice.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::VappMenu(menu)) => {
            menu.at = menu_step(menu.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::Targets(choice)) => {
            choice.at = menu_step(choice.at, step, ports.layer.rows);
            return;
        }
        Some(Layer::Release(choice)) => {
            choice.at = menu_step(choice.at, step, 2);
            return;
        }
        Some(Layer::Projects(choice)) => {
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
        (Focus::Main, ViewKind::Events) => app.events.step(step, ports.main.page),
        (Focus::Main, ViewKind::Workflow) => app.held.step(step, ports.main.page),
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
