//! The table of VMs: only the rows on the screen are made.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::list::{List, Look, gutter};
use super::paint::{Pieces, Strip};
use super::row;
use crate::console::app::{App, Focus};
use crate::console::lists::vms::Column;
use crate::console::text::{find_ignoring_case, memory, width};
use crate::console::viewports::Port;
use crate::fleet::{CloudStatus, Overview};

/// The cells before the first column: the cursor.
const GUTTER: usize = 2;

/// Which columns stand in a table of this width, each with its cells. What matters least goes first when it is narrow.
pub fn columns(app: &App, wide: usize) -> Vec<(Column, usize)> {
    let clouds = app
        .inventory
        .clouds()
        .iter()
        .map(|cloud| width(cloud.info.name.as_str()))
        .max()
        .unwrap_or(0);
    let cloud = clouds.clamp(5, 14);
    let state = row::state_cells(app, wide);
    // Column, least cells, most cells, from which table width on.
    let wanted: [(Column, usize, usize, usize); 12] = [
        (Column::State, state, state, 0),
        (Column::Name, 16, 30, 0),
        (Column::Vapp, 14, 22, 100),
        (Column::Cloud, cloud, cloud, 0),
        (Column::Project, 14, 20, 170),
        (Column::Host, 12, 18, 160),
        (Column::Owner, 10, 16, 185),
        (Column::Created, 10, 10, 195),
        (Column::Cpu, 3, 3, 92),
        (Column::Ram, 8, 8, 92),
        (Column::Address, 15, 15, 116),
        (Column::Note, 18, 60, 0),
    ];
    let shown: Vec<_> = wanted
        .into_iter()
        .filter(|(.., from)| wide >= *from)
        .collect();
    let least: usize = shown.iter().map(|(_, least, ..)| least + 1).sum::<usize>() + GUTTER;
    let mut spare = wide.saturating_sub(least);
    let mut columns: Vec<_> = shown
        .iter()
        .map(|(column, least, ..)| (*column, *least))
        .collect();
    // The name first, then the note, then the rest share what is left.
    for growing in [
        Column::Name,
        Column::Note,
        Column::Vapp,
        Column::Project,
        Column::Host,
        Column::Owner,
    ] {
        if let Some(at) = shown.iter().position(|(column, ..)| *column == growing) {
            let (_, least, most, _) = shown[at];
            let share = if growing == Column::Name {
                spare / 2
            } else {
                spare
            };
            let grows = share.min(most - least);
            columns[at].1 += grows;
            spare -= grows;
        }
    }
    if let Some(last) = columns.last_mut() {
        last.1 += spare;
    }
    columns
}

/// Draws the heads and the rows that fit.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let columns = columns(app, usize::from(area.width));
    heads(app, &columns, area, buffer);
    let rows = app.vms.rows();
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let list = List {
        body,
        rows: rows.len(),
        at: app.vms.at(),
        focus: Focus::Main,
        always: true,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        let Some(vm) = rows.get(at).and_then(|slot| app.inventory.overview(*slot)) else {
            return Look::Plain;
        };
        gutter(app, current, app.marks.has(&vm.vm.key), strip);
        cells(app, &vm, &columns, strip);
        look(&vm)
    });
    if rows.is_empty() {
        empty(app, body, buffer);
    }
}

/// What is of the past fades.
pub fn look(vm: &Overview<'_>) -> Look {
    if row::is_faded(vm) {
        Look::Faded
    } else {
        Look::Plain
    }
}

fn heads(app: &App, columns: &[(Column, usize)], area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let sort = app.vms.sort();
    let mut strip = Strip::new(buffer, theme.glyphs, area, area.y);
    strip.gap(GUTTER);
    for (column, cells) in columns {
        let arrow = if sort.descending {
            theme.glyphs.descending
        } else {
            theme.glyphs.ascending
        };
        let sorted = sort.column == *column;
        let style = if sorted {
            theme.dim.add_modifier(Modifier::BOLD)
        } else {
            theme.dim
        };
        let head = if sorted && width(column.title()) < *cells {
            format!("{}{arrow}", column.title())
        } else {
            column.title().to_owned()
        };
        if matches!(column, Column::Cpu | Column::Ram) {
            strip.number(&head, *cells, style);
        } else {
            strip.column(&head, *cells, style);
        }
    }
}

/// The cells of one VM.
pub fn cells(app: &App, vm: &Overview<'_>, columns: &[(Column, usize)], strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let none = theme.glyphs.none;
    let filter = app.vms.filter();
    let shown = |strip: &mut Strip<'_>, text: &str, cells: usize, style: Style| {
        strip.marked(
            text,
            find_ignoring_case(text, filter),
            cells,
            style,
            theme.matched,
        );
    };
    for (column, cells) in columns {
        match column {
            Column::State => {
                strip.parts(*cells, |strip| row::state(app, vm).put(strip));
            }
            Column::Name => shown(strip, &vm.vm.name, *cells, theme.text),
            Column::Vapp => {
                let name = vm.vm.vapp.as_ref().map_or(none, |vapp| &vapp.name);
                if vm.restricted == Some(true) {
                    strip.parts(*cells, |strip| {
                        let room = cells.saturating_sub(2).min(width(name));
                        strip
                            .column(name, room, theme.text)
                            .text(theme.glyphs.restricted, theme.restricted);
                    });
                } else {
                    shown(strip, name, *cells, theme.text);
                }
            }
            Column::Cloud => {
                let style = if vm.cloud.info.production {
                    theme.text
                } else {
                    theme.dim
                };
                strip.column(vm.cloud.info.name.as_str(), *cells, style);
            }
            Column::Cpu => {
                strip.number(
                    &vm.vm
                        .cpu
                        .map_or_else(|| none.to_owned(), |cpu| cpu.to_string()),
                    *cells,
                    theme.text,
                );
            }
            Column::Ram => {
                strip.number(
                    &vm.vm.ram_mib.map_or_else(|| none.to_owned(), memory),
                    *cells,
                    theme.text,
                );
            }
            Column::Address => shown(
                strip,
                vm.vm.addresses.first().map_or(none, |address| address),
                *cells,
                theme.text,
            ),
            Column::Project => shown(
                strip,
                vm.vm.project.as_ref().map_or(none, |group| &group.name),
                *cells,
                theme.dim,
            ),
            Column::Host => shown(
                strip,
                vm.vm.host.as_deref().unwrap_or(none),
                *cells,
                theme.dim,
            ),
            Column::Owner => shown(
                strip,
                vm.vm.owner.as_deref().unwrap_or(none),
                *cells,
                theme.dim,
            ),
            Column::Created => {
                let day =
                    |at: jiff::Timestamp| at.to_zoned(app.look.zone.clone()).date().to_string();
                let day = vm.vm.created_at.map_or_else(|| none.to_owned(), day);
                strip.column(&day, *cells, theme.dim);
            }
            Column::Note => {
                strip.parts(*cells, |strip| row::note(app, vm).put(strip));
            }
        }
    }
}

/// Why there is nothing to see.
fn empty(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let clouds = app.inventory.clouds();
    let mut lines: Vec<Pieces> = Vec::new();
    let mut line = |text: String, style: Style| {
        let mut pieces = Pieces::default();
        pieces.add(text, style);
        lines.push(pieces);
    };
    if !app.vms.filter().is_empty() && app.vms.total() > 0 {
        line(
            format!("No VM has \"{}\" in any column.", app.vms.filter()),
            theme.text,
        );
        line("Esc clears the filter.".to_owned(), theme.dim);
    } else {
        for cloud in clouds {
            let name = &cloud.info.name;
            match &cloud.status {
                CloudStatus::Connecting => line(format!("{name}: signing in …"), theme.dim),
                CloudStatus::Listing { .. } => line(format!("{name}: listing …"), theme.dim),
                CloudStatus::Failing { error, .. } => {
                    line(format!("{name}: {error}"), theme.danger)
                }
                CloudStatus::Ok => line(format!("{name}: no VMs"), theme.dim),
            }
        }
    }
    for (at, pieces) in lines.iter().enumerate() {
        let y = area.y + 1 + u16::try_from(at).unwrap_or(0);
        let mut strip = Strip::new(buffer, theme.glyphs, area, y);
        strip.gap(GUTTER + 1);
        pieces.put(&mut strip);
    }
}
