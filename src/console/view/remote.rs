//! How the screen of a VM is reached, and what there is to copy of a VM.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::footer::hint_line;
use super::menu::subject;
use super::paint::{Pieces, Strip};
use super::popup::{self, field, wrapped};
use super::scroll::high;
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::{CopyChoice, Remote};
use crate::console::update::keeps_console_log;
use crate::console::viewports::Port;
use crate::model::{RemoteAccess, VmKey};

/// The VM in a title: with its cloud and its state, as long as it is listed.
fn title(app: &App, vm: &VmKey) -> String {
    let overview = app.inventory.overview_of(vm);
    overview.map_or_else(|| vm.to_string(), |overview| subject(app, &overview))
}

/// Draws where the screen is.
pub fn draw(app: &App, remote: &Remote, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let wide = popup::centred(area, 84, area.height).width;
    let cells = usize::from(wide.saturating_sub(4));
    let mut lines = Vec::new();
    match &remote.access {
        None => wrapped("being asked …", cells, theme.dim, &mut lines),
        Some(Err(why)) => wrapped(why, cells, theme.danger, &mut lines),
        Some(Ok(access)) if access.address().is_none() && access.port.is_none() => wrapped(
            "This cloud does not tell how its screen is reached.",
            cells,
            theme.text,
            &mut lines,
        ),
        Some(Ok(access)) => told(app, remote, access, cells, &mut lines),
    }
    let place = popup::centred(area, wide, high(lines.len()));
    let hints = hint_line(app, &commands(app, remote), &[]);
    let title = format!("Screen of {}", title(app, &remote.vm));
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    popup::lines(theme, &lines, 0, inside, buffer);
}

fn told(app: &App, remote: &Remote, access: &RemoteAccess, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    let port = access.port.map(|port| port.to_string());
    for (label, value) in [
        ("Protocol", access.protocol.as_deref()),
        ("Host", access.host.as_deref()),
        ("Port", port.as_deref()),
        ("URL", access.url.as_deref()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            field(theme, label, &(value, theme.text), cells, lines);
        }
    }
    let (words, style) = match (&access.password, access.has_password) {
        (Some(password), _) => (password.expose(), theme.matched),
        (None, Some(false)) => ("none is asked for", theme.dim),
        (None, Some(true)) if remote.revealing => ("the cloud does not tell it", theme.caution),
        (None, Some(true)) => ("there is one, not shown", theme.dim),
        (None, None) if remote.revealing => ("the cloud knows none", theme.dim),
        (None, None) => ("the cloud does not say whether there is one", theme.dim),
    };
    field(theme, "Password", &(words, style), cells, lines);
}

fn commands(app: &App, remote: &Remote) -> Vec<UiCommand> {
    let mut commands = Vec::new();
    if let Some(Ok(access)) = &remote.access
        && access.address().is_some()
    {
        commands.extend([UiCommand::OpenViewer, UiCommand::CopyAddress]);
        match (&access.password, access.has_password) {
            (Some(_), _) => commands.push(UiCommand::CopyPassword),
            (None, Some(false)) => {}
            (None, _) => commands.push(UiCommand::Reveal),
        }
        commands.push(UiCommand::ScreenFile);
    }
    if keeps_console_log(app, &remote.vm) {
        commands.push(UiCommand::VmLog);
    }
    commands.push(UiCommand::Back);
    commands
}

/// Draws what there is to copy.
pub fn draw_copy(app: &App, choice: &CopyChoice, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let place = popup::centred(area, 64, high(choice.texts.len()));
    let hints = hint_line(
        app,
        &[UiCommand::Choose, UiCommand::Back],
        &[(UiCommand::Choose, "copy")],
    );
    let title = format!("Copy of {}", title(app, &choice.vm));
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    port.rows = choice.texts.len();
    port.page = usize::from(inside.height);
    let first = (choice.at + 1).saturating_sub(port.page);
    let shown = choice.texts.iter().enumerate().skip(first).take(port.page);
    for (line, (what, text)) in shown {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        Strip::new(buffer, theme.glyphs, inside, y)
            .gap(1)
            .column(what, 12, theme.dim)
            .text(text, theme.text);
        if line == choice.at {
            let row = Rect {
                y,
                height: 1,
                ..inside
            };
            buffer.set_style(row, theme.selection);
        }
    }
}
