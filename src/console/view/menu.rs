//! The action menu, and the choice of the ordering column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::footer::hint_line;
use super::list::cloud_words;
use super::paint::{Pieces, Strip};
use super::popup;
use crate::console::app::App;
use crate::console::keymap::{Place, UiCommand};
use crate::console::layers::Menu;
use crate::console::lists::vms::Column;
use crate::console::rights::may_acknowledge_any;
use crate::console::text::width;
use crate::console::viewports::Port;
use crate::fleet::Overview;
use crate::model::labels::LABEL_MAX;
use crate::model::{ActionKind, VmKey, VmState};

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub command: UiCommand,
    /// What a person calls it.
    pub title: String,
    /// What it is for, or why it cannot be done now.
    pub words: String,
    /// Whether it can be done now.
    pub available: bool,
}

/// Every action of a VM's cloud, those that can be done now first, then the others with their reasons.
#[must_use]
pub fn entries(app: &App, vm: &VmKey) -> Vec<Entry> {
    let Some(overview) = app.inventory.overview_of(vm) else {
        return Vec::new();
    };
    let capabilities = overview.cloud.info.capabilities;
    let mut entries: Vec<Entry> = ActionKind::all()
        .filter(|kind| capabilities.offers(*kind) || capabilities.explains(*kind))
        .map(|kind| {
            let availability = overview.availability(kind);
            let named = app.words(kind, &overview);
            Entry {
                command: UiCommand::Act(kind),
                title: named.title.to_owned(),
                words: availability.denial().map_or_else(
                    || named.help.to_owned(),
                    |denial| app.told(denial, kind, &overview),
                ),
                available: availability.is_allowed(),
            }
        })
        .collect();
    if capabilities.keep_off && overview.availability(ActionKind::PowerOff).is_allowed() {
        entries.push(Entry {
            command: UiCommand::KeepOff,
            title: "Keep off".to_owned(),
            words: "power off, and keep high availability from starting it".to_owned(),
            available: true,
        });
    }
    if may_acknowledge_any(app, &overview) {
        let words = format!(
            "take the warning{} away",
            if overview.warnings == 1 { "" } else { "s" }
        );
        entries.push(Entry {
            command: UiCommand::Acknowledge,
            title: "Acknowledge".to_owned(),
            words,
            available: true,
        });
    }
    entries.sort_by_key(|entry| !entry.available);
    for (command, title, words) in [
        (UiCommand::VmEvents, "Events", "what happened to it"),
        (UiCommand::VmRaw, "Raw document", "as its server tells it"),
    ] {
        let at = entries
            .iter()
            .position(|entry| !entry.available)
            .unwrap_or(entries.len());
        entries.insert(
            at,
            Entry {
                command,
                title: title.to_owned(),
                words: words.to_owned(),
                available: true,
            },
        );
    }
    entries
}

/// `web-02 · prod PRODUCTION · On`: what is acted on, in the title of every dialog.
#[must_use]
pub fn subject(app: &App, vm: &Overview<'_>) -> String {
    let dot = app.look.theme.glyphs.dot;
    let labels = &app.look.labels;
    let cloud = cloud_words(vm.cloud);
    let state = match &vm.vm.protection {
        Some(_) => format!(
            "{}, {}",
            labels.state(VmState::Maintenance),
            labels.power_of(vm.vm).to_lowercase()
        ),
        None => labels.power_of(vm.vm).into_owned(),
    };
    format!("{} {dot} {cloud} {dot} {state}", vm.vm.name)
}

/// Draws the menu.
pub fn draw(app: &App, menu: &Menu, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let Some(vm) = app.inventory.overview_of(&menu.vm) else {
        return;
    };
    let entries = entries(app, &menu.vm);
    let words = entries
        .iter()
        .map(|entry| width(&entry.words))
        .max()
        .unwrap_or(0);
    let titles = entries.iter().map(|entry| width(&entry.title)).max();
    let titles = titles.unwrap_or(0).clamp(14, LABEL_MAX);
    let wide = u16::try_from(words + titles + 13)
        .unwrap_or(80)
        .clamp(50, 100);
    let high = u16::try_from(entries.len() + 2).unwrap_or(20);
    let place = popup::centred(area, wide, high);
    let hints = hint_line(app, &[UiCommand::Choose, UiCommand::Back], &[]);
    let inside = popup::frame(
        theme,
        &subject(app, &vm),
        theme.accent,
        &hints,
        place,
        buffer,
    );
    port.rows = entries.len();
    port.page = usize::from(inside.height);
    let at = menu.at.min(entries.len().saturating_sub(1));
    let first = (at + 1).saturating_sub(port.page);
    for (line, entry) in entries.iter().enumerate().skip(first).take(port.page) {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let mut strip = Strip::new(buffer, theme.glyphs, inside, y);
        let key = app.look.keymap.key(
            &[Place::Menu, Place::Dialog, Place::Vm, Place::List],
            entry.command,
        );
        let key = key
            .filter(|_| entry.available)
            .map(|key| key.label(theme.glyphs.ascii));
        strip.gap(1).column(
            key.as_deref().unwrap_or(theme.glyphs.none),
            3,
            if entry.available {
                theme.key
            } else {
                theme.dim
            },
        );
        let style = if entry.available {
            theme.text
        } else {
            theme.dim
        };
        strip
            .column(&entry.title, titles, style)
            .text(&entry.words, theme.dim);
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

/// Draws the choice of the ordering column.
pub fn draw_sort(app: &App, at: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let high = u16::try_from(Column::ALL.len() + 2).unwrap_or(14);
    let place = popup::centred(area, 44, high);
    let hints = hint_line(
        app,
        &[UiCommand::Choose, UiCommand::Reverse, UiCommand::Back],
        &[],
    );
    let inside = popup::frame(theme, "Sort by", theme.accent, &hints, place, buffer);
    let first = (at + 1).saturating_sub(usize::from(inside.height));
    for (line, column) in Column::ALL
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(inside.height))
    {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let sort = app.vms.sort();
        let mut pieces = Pieces::default();
        pieces.add(format!(" {}", column.id()), theme.text);
        if sort.column == *column {
            let arrow = if sort.descending {
                theme.glyphs.descending
            } else {
                theme.glyphs.ascending
            };
            pieces.add(format!(" {arrow}"), theme.accent);
        }
        pieces.put(&mut Strip::new(buffer, theme.glyphs, inside, y));
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
