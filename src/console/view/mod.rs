//! `view`: draws the state and changes nothing but the viewports.

mod appliances;
mod clouds;
mod details;
mod dialogs;
mod event_form;
mod events;
mod footer;
mod forms;
mod header;
mod help;
mod hosts;
mod list;
pub mod menu;
mod metrics;
mod notices;
mod pages;
mod paint;
mod pane;
mod popup;
mod remote;
mod row;
mod scroll;
mod several;
mod targets;
mod task;
mod tenants;
mod vapp_menu;
mod vapp_question;
mod vms;
mod workflow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::app::{App, Focus};
use super::keymap::ViewKind;
use super::layers::Layer;
use super::lists::pane::PaneSize;
use super::viewports::{Port, Viewports};
use paint::Strip;

/// The smallest terminal in which everything can be reached.
const SMALLEST: (u16, u16) = (40, 8);

/// Draws one frame.
pub fn view(app: &App, ports: &mut Viewports, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let cursor = draw(app, ports, area, buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Draws on cells; answers where the text cursor stands, where there is one.
fn draw(app: &App, ports: &mut Viewports, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &app.look.theme;
    buffer.set_style(area, theme.text);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("vmdeck needs {}x{}", SMALLEST.0, SMALLEST.1);
        Strip::new(buffer, theme.glyphs, area, area.y).text(&text, theme.text);
        return None;
    }
    let header = Rect { height: 2, ..area };
    let footer = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    let body = Rect {
        y: area.y + 2,
        height: area.height - 3,
        ..area
    };
    if let Some(Layer::Welcome) = app.layers.first() {
        pages::draw_welcome(app, body, buffer);
        return footer::draw(app, footer, buffer);
    }
    header::draw(app, header, buffer);
    draw_body(app, ports, body, buffer);
    let mut cursor = footer::draw(app, footer, buffer);
    ports.layer = Port::default();
    let top = app.layers.len().saturating_sub(1);
    for (at, layer) in app.layers.iter().enumerate() {
        // What was chosen from is not left round what it led to: the top one says itself what it is about.
        if at == top || !layer.is_choice() {
            cursor = draw_layer(app, layer, &mut ports.layer, body, buffer).or(cursor);
        }
    }
    let boxed = app
        .layers
        .iter()
        .any(|layer| !matches!(layer, Layer::Filter(_)));
    if boxed {
        notices::draw_line(app, footer, buffer);
    } else {
        notices::draw(app, body, buffer);
    }
    cursor
}

fn draw_body(app: &App, ports: &mut Viewports, body: Rect, buffer: &mut Buffer) {
    let pane_height = app.pane_rows().map_or(1, |rows| rows + 1).min(body.height);
    let pane = Rect {
        y: body.bottom() - pane_height,
        height: pane_height,
        ..body
    };
    let main = Rect {
        height: body.height - pane_height,
        ..body
    };
    ports.main = Port {
        first: ports.main.first,
        ..Port::default()
    };
    ports.pane = Port {
        first: ports.pane.first,
        ..Port::default()
    };
    ports.details = Port::default();
    if app.pane_rows().is_some() {
        pane::draw(app, &mut ports.pane, pane, buffer);
    } else {
        pane::draw_folded(app, pane, buffer);
    }
    if app.pane.size == PaneSize::Full {
        return;
    }
    let beside = if app.is_wide() {
        details_width(main.width)
    } else {
        0
    };
    let list = Rect {
        width: main.width - beside,
        ..main
    };
    match app.view {
        ViewKind::Vms => vms::draw(app, &mut ports.main, list, buffer),
        ViewKind::Appliances => appliances::draw(app, &mut ports.main, list, buffer),
        ViewKind::Clouds => clouds::draw(app, &mut ports.main, list, buffer),
        ViewKind::Events => events::draw(app, &mut ports.main, list, buffer),
        ViewKind::Workflow => workflow::draw(app, &mut ports.main, list, buffer),
    }
    if beside > 0 {
        let area = Rect {
            x: list.right(),
            width: beside,
            ..main
        };
        draw_details(app, &mut ports.details, area, buffer);
    }
}

/// How much of a wide screen the details take.
fn details_width(width: u16) -> u16 {
    (width * 5 / 16).min(72)
}

fn draw_details(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    for y in area.top()..area.bottom() {
        buffer.set_string(area.x, y, theme.glyphs.bar, theme.rule);
    }
    let inside = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(3),
        ..area
    };
    let Some(vm) = app
        .listed_vm()
        .and_then(|key| app.inventory.overview_of(key))
    else {
        return;
    };
    let focused = app.focus == Focus::Details;
    let title = menu::subject(app, &vm);
    Strip::new(buffer, theme.glyphs, inside, inside.y)
        .text(&title, if focused { theme.accent } else { theme.dim });
    let body = Rect {
        y: inside.y + 2,
        height: inside.height.saturating_sub(2),
        ..inside
    };
    let lines = details::lines(app, &vm, usize::from(body.width));
    port.rows = lines.len();
    port.page = usize::from(body.height);
    port.area = body;
    port.first = app.details_first.min(port.last_first());
    popup::lines(theme, &lines, port.first, body, buffer);
}

/// Draws a layer; answers where its text cursor stands.
fn draw_layer(
    app: &App,
    layer: &Layer,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    match layer {
        Layer::Welcome | Layer::Filter(_) => {}
        Layer::Help(at) => help::draw(app, at, port, area, buffer),
        Layer::Page(page) => pages::draw(app, page, port, area, buffer),
        Layer::Details(at) => pages::draw_details(app, at, port, area, buffer),
        Layer::Menu(menu) => menu::draw(app, menu, port, area, buffer),
        Layer::Sort(at) => menu::draw_sort(app, *at, area, buffer),
        Layer::Hosts(choice) => hosts::draw(app, choice, port, area, buffer),
        Layer::Task(dialog) => task::draw(app, dialog, port, area, buffer),
        Layer::VappMenu(menu) => vapp_menu::draw(app, menu, port, area, buffer),
        Layer::Targets(choice) => return targets::draw(app, choice, port, area, buffer),
        Layer::Release(choice) => targets::draw_release(app, choice, area, buffer),
        Layer::Projects(choice) => targets::draw_projects(app, choice, port, area, buffer),
        Layer::Snapshot(snapshot) => return forms::draw_snapshot(app, snapshot, area, buffer),
        Layer::VappForm(form) => return forms::draw_vapp(app, form, area, buffer),
        Layer::Decide(decide) => return workflow::draw_decide(app, decide, area, buffer),
        Layer::Question(question) => {
            return dialogs::draw_question(app, question, port, area, buffer);
        }
        Layer::Protect(protect) => return dialogs::draw_protect(app, protect, area, buffer),
        Layer::Remote(at) => remote::draw(app, at, area, buffer),
        Layer::Copy(choice) => remote::draw_copy(app, choice, port, area, buffer),
        Layer::EventFilter(form) => return event_form::draw(app, form, area, buffer),
        Layer::Export(form) => return Some(event_form::draw_export(app, form, area, buffer)),
        Layer::Tenants(choice) => return tenants::draw(app, choice, port, area, buffer),
    }
    None
}
