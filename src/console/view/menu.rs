//! The action menu, and the choice of the ordering column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::footer::hint_line;
use super::paint::{Pieces, Strip};
use super::scroll::position;
use super::{popup, several, vapp_menu};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::{Layer, Menu};
use crate::console::lists::vms::Column;
use crate::console::naming::cloud_words;
use crate::console::rights::may_acknowledge_any;
use crate::console::text::{width, wrap};
use crate::console::viewports::Port;
use crate::fleet::Overview;
use crate::model::labels::LABEL_MAX;
use crate::model::{ActionKind, VmKey, VmState};

/// The cells of an entry's key, with the blanks round it.
const KEY: usize = 5;

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
    let log = (
        UiCommand::VmLog,
        "Console log",
        "what it wrote on its console",
    );
    let log = Some(log).filter(|_| capabilities.console_log);
    let texts = [
        (UiCommand::VmEvents, "Events", "what happened to it"),
        (UiCommand::VmRaw, "Raw document", "as its server tells it"),
    ];
    for (command, title, words) in texts.into_iter().chain(log) {
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

/// The entries of the menu that is open, of whatever it is, and the row of its cursor.
#[must_use]
pub fn of_layer(app: &App) -> (Vec<Entry>, usize) {
    match app.layers.last() {
        Some(Layer::Menu(menu)) if menu.several.is_empty() => (entries(app, &menu.vm), menu.at),
        Some(Layer::Menu(menu)) => (several::entries(app, &menu.several, false), menu.at),
        Some(Layer::VappMenu(menu)) => (vapp_menu::entries(app, menu), menu.at),
        _ => (Vec::new(), 0),
    }
}

/// Draws the menu.
pub fn draw(app: &App, menu: &Menu, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let Some(vm) = app.inventory.overview_of(&menu.vm) else {
        return;
    };
    let (title, entries) = if menu.several.is_empty() {
        (subject(app, &vm), entries(app, &menu.vm))
    } else {
        let entries = several::entries(app, &menu.several, false);
        (several::subject(app, &menu.several), entries)
    };
    draw_entries(app, &title, &entries, menu.at, port, area, buffer);
}

/// Draws the entries of a menu, each with the key that reaches it where the menu is the top layer.
pub fn draw_entries(
    app: &App,
    title: &str,
    entries: &[Entry],
    at: usize,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = &app.look.theme;
    let longest = |of: fn(&Entry) -> &str| entries.iter().map(|entry| width(of(entry))).max();
    let titles = longest(|entry| &entry.title)
        .unwrap_or(0)
        .clamp(14, LABEL_MAX);
    let words = longest(|entry| &entry.words).unwrap_or(0);
    let wide = u16::try_from(words + titles + 13)
        .unwrap_or(80)
        .clamp(50, 100);
    // A reason that is longer than its line goes on below itself.
    let cells = usize::from(popup::centred(area, wide, 3).width).saturating_sub(4);
    let room = cells.saturating_sub(KEY + titles + 1);
    let lines: Vec<(usize, bool, String)> = entries
        .iter()
        .enumerate()
        .flat_map(|(at, entry)| {
            let lines = wrap(&entry.words, room).into_iter().enumerate();
            lines.map(move |(line, text)| (at, line == 0, text))
        })
        .collect();
    let high = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let place = popup::centred(area, wide, high);
    let hints = hint_line(app, &[UiCommand::Choose, UiCommand::Back], &[]);
    let inside = popup::frame(theme, title, theme.accent, &hints, place, buffer);
    port.rows = entries.len();
    port.page = usize::from(inside.height);
    let at = at.min(entries.len().saturating_sub(1));
    let last = lines.iter().rposition(|(of, ..)| *of == at).unwrap_or(0);
    let first = (last + 1).saturating_sub(port.page);
    let shown = Port {
        first,
        rows: lines.len(),
        ..*port
    };
    position(app, &shown, place, buffer);
    // The menu's own keys, whatever stands over it.
    let menu = app
        .layers
        .iter()
        .rev()
        .find(|layer| matches!(layer, Layer::Menu(_) | Layer::VappMenu(_)));
    let places = menu.map_or(&[][..], Layer::places);
    for (line, (of, is_first, words)) in lines.iter().enumerate().skip(first).take(port.page) {
        let Some(entry) = entries.get(*of) else {
            continue;
        };
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let mut strip = Strip::new(buffer, theme.glyphs, inside, y);
        if *is_first {
            let key = app.look.keymap.key(places, entry.command);
            let key = key
                .filter(|_| entry.available)
                .map(|key| key.label(theme.glyphs.ascii));
            let (key_style, style) = if entry.available {
                (theme.key, theme.text)
            } else {
                (theme.dim, theme.dim)
            };
            strip
                .gap(1)
                .column(key.as_deref().unwrap_or(theme.glyphs.none), 3, key_style)
                .column(&entry.title, titles, style);
        } else {
            strip.gap(KEY + titles + 1);
        }
        strip.text(words, theme.dim);
        if *of == at {
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
