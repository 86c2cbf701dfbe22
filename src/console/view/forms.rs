//! Dialogs in which text is typed: the name of a copy, name and visibility of an appliance. They answer where the text cursor stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::footer::hint_line;
use super::menu::subject;
use super::paint::Strip;
use super::{popup, vapp_menu};
use crate::console::app::App;
use crate::console::choices::{FormOf, Snapshot, VappForm};
use crate::console::keymap::UiCommand;
use crate::console::naming::cloud_words;
use crate::console::update::appliances::box_of;

/// The cells before a field.
const LABEL: u16 = 12;

/// A text field on one line; answers where its cursor stands.
pub fn draw_field(app: &App, input: &Input, area: Rect, buffer: &mut Buffer) -> Position {
    let theme = &app.look.theme;
    let room = usize::from(area.width).max(2);
    let scroll = input.visual_scroll(room - 1);
    let mut skipped = 0;
    let shown: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let skip = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skip
        })
        .collect();
    buffer.set_style(area, theme.selection_inactive);
    Strip::new(buffer, theme.glyphs, area, area.y).text(&shown, theme.text);
    let x = area.x + u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0);
    Position::new(x.min(area.right().saturating_sub(1)), area.y)
}

/// A label and the field behind it, on a line of a dialog.
pub fn labelled(
    app: &App,
    label: &str,
    input: &Input,
    inside: Rect,
    y: u16,
    buffer: &mut Buffer,
) -> Position {
    let theme = &app.look.theme;
    Strip::new(buffer, theme.glyphs, inside, y).text(label, theme.text);
    let field = Rect {
        x: inside.x + LABEL.min(inside.width),
        y,
        width: inside.width.saturating_sub(LABEL),
        height: 1,
    };
    draw_field(app, input, field, buffer)
}

/// Words behind the labels.
fn told(
    app: &App,
    text: &str,
    style: ratatui::style::Style,
    inside: Rect,
    y: u16,
    buffer: &mut Buffer,
) {
    let theme = &app.look.theme;
    Strip::new(buffer, theme.glyphs, inside, y)
        .gap(usize::from(LABEL))
        .text(text, style);
}

/// The name of a copy.
pub fn draw_snapshot(
    app: &App,
    snapshot: &Snapshot,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let vm = app.inventory.overview_of(&snapshot.vm)?;
    let place = popup::centred(area, 72, 6);
    let words = [(UiCommand::Yes, "copy"), (UiCommand::Back, "leave it")];
    let hints = hint_line(app, &[UiCommand::Yes, UiCommand::Back], &words);
    let text = format!("Snapshot of {}", subject(app, &vm));
    let inside = popup::frame(theme, &text, theme.accent, &hints, place, buffer);
    let help = crate::model::ActionKind::Snapshot.spec().consequence;
    Strip::new(buffer, theme.glyphs, inside, inside.y).text(help, theme.dim);
    let y = inside.y + 2;
    let cursor = labelled(app, "Name", &snapshot.name, inside, y, buffer);
    if snapshot.empty {
        let text = "A name is needed: the copy is found by it.";
        told(app, text, theme.caution, inside, y + 1, buffer);
    }
    Some(cursor)
}

/// Name and visibility of an appliance.
pub fn draw_vapp(app: &App, form: &VappForm, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &app.look.theme;
    let dot = theme.glyphs.dot;
    let (title, project, go) = match &form.of {
        FormOf::New { cloud, project } => {
            let cloud = app.inventory.cloud(cloud)?;
            let title = format!("New appliance {dot} {}", cloud_words(cloud));
            (title, Some(project.name.clone()), "create")
        }
        FormOf::Edit(key) => {
            let vapp = app.inventory.vapp(&key.cloud, &key.id)?;
            let project = vapp.project().map(|project| project.name.clone());
            let title = format!("Edit {}", vapp_menu::subject(app, key));
            (title, project, "change")
        }
    };
    let tick = box_of(&app.inventory, &form.of);
    let rows = 3 + if tick.is_some() { 2 } else { 0 };
    let place = popup::centred(area, 76, rows + 2);
    let mut commands = vec![UiCommand::Yes];
    if matches!(tick, Some(Ok(()))) {
        commands.push(UiCommand::NextField);
        if form.on_box {
            commands.push(UiCommand::Toggle);
        }
    }
    commands.push(UiCommand::Back);
    let words = [(UiCommand::Yes, go), (UiCommand::Back, "leave it")];
    let hints = hint_line(app, &commands, &words);
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    let mut y = inside.y;
    Strip::new(buffer, theme.glyphs, inside, y).text("Project", theme.text);
    let project = project.map_or_else(|| theme.glyphs.none.to_owned(), |name| name.to_string());
    told(app, &project, theme.dim, inside, y, buffer);
    y += 1;
    let cursor = labelled(app, "Name", &form.name, inside, y, buffer);
    y += 1;
    if form.empty {
        told(app, "A name is needed.", theme.caution, inside, y, buffer);
    }
    let Some(tick) = tick else {
        return Some(cursor);
    };
    y += 1;
    let (mark, style) = match (form.restricted, &tick) {
        (true, Ok(())) => ("[x]", theme.text),
        (false, Ok(())) => ("[ ]", theme.text),
        (true, Err(_)) => ("[x]", theme.dim),
        (false, Err(_)) => ("[ ]", theme.dim),
    };
    Strip::new(buffer, theme.glyphs, inside, y)
        .text("Restricted", style)
        .gap(2)
        .text(mark, style)
        .gap(1)
        .text("hidden from users without the privilege", theme.dim);
    if form.on_box {
        let line = Rect {
            y,
            height: 1,
            ..inside
        };
        buffer.set_style(line, theme.selection);
    }
    if let Err(why) = tick {
        told(app, &why, theme.dim, inside, y + 1, buffer);
    }
    (!form.on_box).then_some(cursor)
}
