//! Choices of one from a few: an appliance to put VMs into, a project for a new one, releasing or deleting.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::footer::hint_line;
use super::forms::draw_field;
use super::paint::{Pieces, Strip};
use super::popup;
use crate::console::app::App;
use crate::console::choices::{Projects, Release, Targets, Way};
use crate::console::keymap::UiCommand;
use crate::console::lists::targets::{Target, targets};
use crate::console::naming::cloud_words;
use crate::console::update::transfer::kind_of;
use crate::console::viewports::Port;
use crate::model::{ActionKind, VmKey};

/// The rows of a choice that is narrowed by typing.
const ROWS: usize = 14;

/// One VM by its name, several by their number, with their cloud: as a question names them.
fn named(app: &App, vms: &[VmKey]) -> String {
    let one = match vms {
        [vm] => app.inventory.overview_of(vm),
        _ => None,
    };
    match one {
        Some(vm) => format!("{} on {}", vm.vm.name, cloud_words(vm.cloud)),
        None => app.vms_on(vms.len(), vms.iter().map(|vm| &vm.cloud)),
    }
}

/// The choice of an appliance; answers where the text cursor stands while it is narrowed by typing.
pub fn draw(
    app: &App,
    choice: &Targets,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let shown = targets(
        &app.inventory,
        &choice.vms,
        choice.way,
        choice.filter.value(),
    );
    let mut after: Vec<Pieces> = Vec::new();
    let wide = 88;
    let cells = usize::from(popup::centred(area, wide, 3).width).saturating_sub(4);
    if shown.is_empty() {
        let text = match (choice.filter.value().is_empty(), choice.way) {
            (false, _) => "No appliance has that in its name.",
            (true, Way::Move) => "There is no other appliance in this project that takes it now.",
            (true, Way::Restrict) => "There is no other restricted appliance in this project.",
        };
        popup::wrapped(text, cells, theme.dim, &mut after);
    }
    let text = match choice.way {
        Way::Move => {
            "to another virtual datacenter: not available, the API's request is not documented"
        }
        Way::Restrict => ActionKind::Restrict.spec().consequence,
    };
    if !after.is_empty() {
        after.push(Pieces::default());
    }
    let mut told = Vec::new();
    popup::wrapped(text, cells.saturating_sub(1), theme.dim, &mut told);
    after.extend(told.into_iter().map(|line| {
        let mut indented = Pieces::default();
        indented.add(" ", theme.dim).extend(line);
        indented
    }));
    let field_rows = u16::from(choice.long);
    // A list that is narrowed keeps its place: the box stays as high as it was.
    let all = targets(&app.inventory, &choice.vms, choice.way, "").len();
    let rows = if choice.long {
        all.min(ROWS)
    } else {
        shown.len()
    };
    let after_rows = u16::try_from(after.len()).unwrap_or(0);
    let high = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(2 + field_rows + after_rows);
    let place = popup::centred(area, wide, high);
    let text = format!(
        "{} {} to {}",
        app.look.labels.action(kind_of(choice.way)),
        named(app, &choice.vms),
        theme.glyphs.ellipsis
    );
    let commands: &[UiCommand] = if shown.is_empty() {
        &[UiCommand::Back]
    } else {
        &[UiCommand::Choose, UiCommand::Back]
    };
    let hints = hint_line(app, commands, &[]);
    let inside = popup::frame(theme, &text, theme.accent, &hints, place, buffer);
    let list = Rect {
        y: inside.y + field_rows,
        height: inside.height.saturating_sub(field_rows + after_rows),
        ..inside
    };
    port.rows = shown.len();
    port.page = usize::from(list.height);
    let at = choice.at.min(shown.len().saturating_sub(1));
    let first = (at + 1).saturating_sub(port.page.max(1));
    for (line, target) in shown.iter().enumerate().skip(first).take(port.page) {
        let y = list.y + u16::try_from(line - first).unwrap_or(0);
        draw_target(app, target, &mut Strip::new(buffer, theme.glyphs, list, y));
        select(app, line == at, list, y, buffer);
    }
    let last = u16::try_from(shown.len().min(port.page)).unwrap_or(0);
    let rest = Rect {
        y: list.y + last,
        height: inside.bottom().saturating_sub(list.y + last),
        ..inside
    };
    popup::lines(theme, &after, 0, rest, buffer);
    if !choice.long {
        return None;
    }
    Strip::new(buffer, theme.glyphs, inside, inside.y).text(" /", theme.key);
    let field = Rect {
        x: inside.x + 2,
        width: inside.width.saturating_sub(2),
        height: 1,
        ..inside
    };
    Some(draw_field(app, &choice.filter, field, buffer))
}

fn select(app: &App, selected: bool, inside: Rect, y: u16, buffer: &mut Buffer) {
    if selected {
        let line = Rect {
            y,
            height: 1,
            ..inside
        };
        buffer.set_style(line, app.look.theme.selection);
    }
}

fn draw_target(app: &App, target: &Target, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    strip.gap(1).column(&target.name, 28, theme.text);
    match target.state {
        Some(state) => {
            let words = format!(
                "{} {}",
                theme.glyphs.vapp(state),
                app.look.labels.vapp(state)
            );
            strip.column(&words, 22, theme.vapp_state(state));
            strip
                .number(&target.vms.to_string(), 4, theme.dim)
                .column(if target.vms == 1 { "VM" } else { "VMs" }, 3, theme.dim)
                .gap(1);
        }
        None => {
            strip.gap(33);
        }
    }
    if target.restricted {
        let words = format!("{} Restricted", theme.glyphs.restricted);
        strip.text(&words, theme.restricted);
    }
}

/// The choice between releasing and deleting what was taken over from a hypervisor.
pub fn draw_release(app: &App, choice: &Release, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let known = choice.vms.iter().filter_map(|vm| app.inventory.find(vm));
    let imported = known.filter(|vm| vm.imported).count();
    let why = match (choice.vms.len(), imported) {
        (1, _) => "It was taken over from a hypervisor.".to_owned(),
        (all, 1) => format!("1 of the {all} was taken over from a hypervisor."),
        (all, some) => format!("{some} of the {all} were taken over from a hypervisor."),
    };
    let release = match (choice.vms.len(), imported) {
        (all, some) if all == some => "leave on the hypervisor, forget here",
        _ => "leave those on the hypervisor, delete the rest",
    };
    let rows = [
        ("Release", release),
        ("Delete", "remove for good, from the hypervisor as well"),
    ];
    let place = popup::centred(area, 72, 6);
    let hints = hint_line(app, &[UiCommand::Choose, UiCommand::Back], &[]);
    let text = format!(
        "{} {}?",
        app.look.labels.action(ActionKind::Delete),
        named(app, &choice.vms)
    );
    let inside = popup::frame(theme, &text, theme.danger, &hints, place, buffer);
    Strip::new(buffer, theme.glyphs, inside, inside.y)
        .gap(1)
        .text(&why, theme.dim);
    for (line, (name, words)) in rows.into_iter().enumerate() {
        let y = inside.y + 2 + u16::try_from(line).unwrap_or(0);
        Strip::new(buffer, theme.glyphs, inside, y)
            .gap(1)
            .column(name, 10, theme.text)
            .text(words, theme.dim);
        select(app, line == choice.at, inside, y, buffer);
    }
}

/// The choice of a project for a new appliance.
pub fn draw_projects(
    app: &App,
    choice: &Projects,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = &app.look.theme;
    let cloud = app.inventory.cloud(&choice.cloud);
    let known = cloud.and_then(|cloud| cloud.projects.as_ref());
    let projects = match known {
        Some(Ok(projects)) => projects.as_slice(),
        Some(Err(_)) | None => &[],
    };
    let high = u16::try_from(projects.len().max(2) + 2).unwrap_or(u16::MAX);
    let place = popup::centred(area, 72, high);
    let commands: &[UiCommand] = if projects.is_empty() {
        &[UiCommand::Back]
    } else {
        &[UiCommand::Choose, UiCommand::Back]
    };
    let cloud = cloud.map_or_else(String::new, cloud_words);
    let text = format!("New appliance on {cloud}, in");
    let hints = hint_line(app, commands, &[]);
    let inside = popup::frame(theme, &text, theme.accent, &hints, place, buffer);
    port.rows = projects.len();
    port.page = usize::from(inside.height);
    let told = match known {
        None => Some(("being read …", theme.dim)),
        Some(Err(why)) => Some((why.as_str(), theme.danger)),
        Some(Ok(projects)) if projects.is_empty() => {
            Some(("There is no project that you may use.", theme.dim))
        }
        Some(Ok(_)) => None,
    };
    if let Some((text, style)) = told {
        let mut lines = Vec::new();
        popup::wrapped(text, usize::from(inside.width), style, &mut lines);
        popup::lines(theme, &lines, 0, inside, buffer);
        return;
    }
    let at = choice.at.min(projects.len().saturating_sub(1));
    let first = (at + 1).saturating_sub(port.page.max(1));
    for (line, project) in projects.iter().enumerate().skip(first).take(port.page) {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        Strip::new(buffer, theme.glyphs, inside, y)
            .gap(1)
            .text(&project.name, theme.text);
        select(app, line == at, inside, y, buffer);
    }
}
