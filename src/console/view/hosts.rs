//! The choice of a host to move a VM to, each with how much of it is in use.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::footer::hint_line;
use super::paint::{Pieces, Strip};
use super::popup;
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::Hosts;
use crate::console::naming::cloud_words;
use crate::console::text::memory;
use crate::console::viewports::Port;
use crate::model::{ActionKind, Host};

/// Draws it.
pub fn draw(app: &App, choice: &Hosts, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let Some(vm) = app.inventory.overview_of(&choice.vm) else {
        return;
    };
    let hosts = match &choice.hosts {
        Some(Ok(hosts)) => hosts.as_slice(),
        Some(Err(_)) | None => &[],
    };
    // Who makes it anew elsewhere may leave the choice to the cloud.
    let open =
        usize::from(choice.kind == ActionKind::Evacuate && matches!(choice.hosts, Some(Ok(_))));
    let rows = hosts.len() + open;
    let high = u16::try_from(rows.max(2) + 2).unwrap_or(20);
    let place = popup::centred(area, 84, high);
    let commands: &[UiCommand] = if rows == 0 {
        &[UiCommand::Back]
    } else {
        &[UiCommand::Choose, UiCommand::Back]
    };
    let title = format!(
        "{} {} on {} to {}",
        app.words(choice.kind, &vm).title,
        vm.vm.name,
        cloud_words(vm.cloud),
        theme.glyphs.ellipsis
    );
    let hints = hint_line(app, commands, &[]);
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    port.rows = rows;
    port.page = usize::from(inside.height);
    let told = match &choice.hosts {
        None => Some(("being read …", theme.dim)),
        Some(Err(why)) => Some((why.as_str(), theme.danger)),
        Some(Ok(_)) if rows == 0 => Some((
            "There is no other host that it can be moved to now.",
            theme.dim,
        )),
        Some(Ok(_)) => None,
    };
    if let Some((text, style)) = told {
        let mut lines = Vec::new();
        popup::wrapped(text, usize::from(inside.width), style, &mut lines);
        popup::lines(theme, &lines, 0, inside, buffer);
        return;
    }
    let at = choice.at.min(rows.saturating_sub(1));
    let first = (at + 1).saturating_sub(port.page);
    for line in (first..rows).take(port.page) {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let mut strip = Strip::new(buffer, theme.glyphs, inside, y);
        match line.checked_sub(open).and_then(|at| hosts.get(at)) {
            Some(host) => draw_host(app, host, &mut strip),
            None => {
                strip
                    .gap(1)
                    .text("a host that the cloud chooses", theme.text);
            }
        }
        if line == at {
            buffer.set_style(
                Rect {
                    y,
                    height: 1,
                    ..inside
                },
                theme.selection,
            );
        }
    }
}

fn draw_host(app: &App, host: &Host, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    strip.gap(1).column(&host.name, 24, theme.text);
    strip.column(host.cluster.as_deref().unwrap_or_default(), 16, theme.dim);
    let mut use_of = Pieces::default();
    if let Some((used, all)) = host.cpus {
        use_of.add(format!("{used} of {all} CPU  "), theme.text);
    }
    if let Some((used, all)) = host.ram_mib {
        use_of.add(format!("{} of {}", memory(used), memory(all)), theme.text);
    }
    use_of.put(strip);
}
