//! The help screen: generated from the keymap and the theme.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::Pieces;
use super::popup::{self, wrapped};
use super::scroll::{Scroll, high};
use crate::console::app::App;
use crate::console::keymap::{Reachable, UiCommand};
use crate::console::layers::Help;
use crate::console::viewports::Port;

/// The help screen: what works in the places it was opened from.
pub fn draw(app: &App, help: &Help, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    for Reachable { place, commands } in app.look.keymap.reachable(&help.places) {
        // A view that is not there has no key.
        let works = |command: &UiCommand| match command {
            UiCommand::View(view) => app.shows(*view),
            _ => true,
        };
        if !lines.is_empty() {
            lines.push(Pieces::default());
        }
        let mut title = Pieces::default();
        title.add(place.title(), theme.accent);
        lines.push(title);
        for (command, keys) in commands.into_iter().filter(|(it, _)| works(it)) {
            let keys: Vec<_> = keys
                .iter()
                .map(|key| key.label(theme.glyphs.ascii))
                .collect();
            let mut pieces = Pieces::default();
            let keys = keys.join(" ");
            let blank = " ".repeat(16_usize.saturating_sub(crate::console::text::width(&keys)));
            pieces
                .add(format!("  {keys}{blank} "), theme.key)
                .add(command_help(app, command), theme.text);
            lines.push(pieces);
        }
    }
    lines.push(Pieces::default());
    wrapped("Signs", 40, theme.accent, &mut lines);
    lines.extend(legend(app));
    let two_columns = area.width >= 140;
    let wide = if two_columns { 140 } else { 76 };
    let place = popup::centred(area, wide, area.height.min(high(lines.len())));
    if two_columns {
        lines = side_by_side(lines, 70);
        let place = popup::centred(area, wide, area.height.min(high(lines.len())));
        Scroll {
            title: "Keys that work here",
            lines: &lines,
            first: help.first,
            commands: &[UiCommand::Back],
            place,
        }
        .draw(app, port, buffer);
        return;
    }
    Scroll {
        title: "Keys that work here",
        lines: &lines,
        first: help.first,
        commands: &[UiCommand::Back],
        place,
    }
    .draw(app, port, buffer);
}

/// What a command does, an action by the word that it has on the screen.
fn command_help(app: &App, command: UiCommand) -> String {
    match command {
        UiCommand::Act(kind) => format!(
            "{}: {}",
            app.look.labels.action(kind).to_lowercase(),
            kind.spec().help
        ),
        other => other.help(),
    }
}

/// What the signs and colours mean.
fn legend(app: &App) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    for state in crate::model::VmState::ALL {
        let mut pieces = Pieces::default();
        pieces
            .add(
                format!("  {}                ", theme.glyphs.vm_state(state)),
                theme.vm_state(state),
            )
            .add(app.look.labels.state(state), theme.text);
        lines.push(pieces);
    }
    for (sign, style, words) in [
        (
            theme.glyphs.warning,
            theme.danger,
            "failed tasks nobody has acknowledged",
        ),
        (
            theme.glyphs.restricted,
            theme.restricted,
            "restricted appliance",
        ),
    ] {
        let mut pieces = Pieces::default();
        pieces
            .add(format!("  {sign}                "), style)
            .add(words, theme.text);
        lines.push(pieces);
    }
    lines
}

fn side_by_side(lines: Vec<Pieces>, cells: usize) -> Vec<Pieces> {
    let half = lines.len().div_ceil(2);
    let mut right = lines[half..].iter().cloned();
    lines[..half]
        .iter()
        .map(|left| {
            let mut pieces = left.clone();
            let blank = " ".repeat(cells.saturating_sub(left.width()));
            pieces
                .add(blank, ratatui::style::Style::default())
                .extend(right.next().unwrap_or_default());
            pieces
        })
        .collect()
}
