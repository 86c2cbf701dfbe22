//! The tree of appliances.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{List, Look, environment, gutter};
use super::paint::{Pieces, Strip};
use super::{row, vms};
use crate::console::app::{App, Focus};
use crate::console::lists::tree::{Node, TreeRow};
use crate::console::text::{counted, find_ignoring_case, memory};
use crate::console::update::appliances::under_way;
use crate::console::viewports::Port;
use crate::fleet::VappRef;
use crate::model::{TaskKind, TaskState, VappKey, VappState};

/// Draws the rows that fit.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let rows = app.tree.rows();
    let list = List {
        body: area,
        rows: rows.len(),
        at: app.tree.at(),
        focus: Focus::Main,
        always: true,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        let Some(tree_row) = rows.get(at) else {
            return Look::Plain;
        };
        let vm = match &tree_row.node {
            Node::Vm(key) => app.inventory.overview_of(key),
            _ => None,
        };
        let marked = vm.is_some_and(|vm| app.marks.has(&vm.vm.key));
        gutter(app, current, marked, strip);
        strip.gap(tree_row.node.depth() * 2);
        draw_row(app, tree_row, strip);
        vm.map_or(Look::Plain, |vm| vms::look(&vm))
    });
    if rows.is_empty() {
        let text = if app.tree.filter().is_empty() {
            "No appliance yet."
        } else {
            "No appliance and no VM has that in its name. Esc clears the filter."
        };
        Strip::new(buffer, theme.glyphs, area, area.y)
            .gap(3)
            .text(text, theme.dim);
    }
}

fn draw_row(app: &App, tree_row: &TreeRow, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    if let Some(open) = tree_row.open {
        strip
            .text(
                if open {
                    theme.glyphs.open
                } else {
                    theme.glyphs.closed
                },
                theme.dim,
            )
            .gap(1);
    }
    match &tree_row.node {
        Node::Cloud(name) => {
            strip.text(&app.cloud_name(name), theme.accent);
            if let Some(cloud) = app.inventory.cloud(name) {
                if let Some((word, style)) = environment(app, &cloud.info) {
                    strip.gap(1).text(&word, style);
                }
                strip.gap(2).text(
                    &format!("{} VMs", super::header::vm_count(app, cloud)),
                    theme.dim,
                );
                if let Some(by) = &cloud.info.group_by {
                    strip.gap(2).text(&format!("grouped by {by}"), theme.dim);
                }
            }
        }
        Node::Project(cloud, id) => project(app, cloud, id.as_deref(), strip),
        Node::Vapp(cloud, id) => {
            if let Some(vapp) = app.inventory.vapp(cloud, id) {
                let key = vapp.listed().map(|listed| listed.key());
                appliance(app, key.as_ref(), &vapp, strip);
            }
        }
        Node::Vm(key) => {
            if let Some(vm) = app.inventory.overview_of(key) {
                let cells = state_cells(app, strip);
                strip.parts(cells, |strip| row::state(app, &vm).put(strip));
                let name = &vm.vm.name;
                let mark = find_ignoring_case(name, app.tree.filter());
                strip.marked(
                    name,
                    mark,
                    if strip.room() > 60 { 22 } else { 16 },
                    theme.text,
                    theme.matched,
                );
                if strip.room() > 50 {
                    strip.number(
                        &vm.vm.cpu.map_or_else(String::new, |cpu| cpu.to_string()),
                        3,
                        theme.text,
                    );
                    strip.number(
                        &vm.vm.ram_mib.map_or_else(String::new, memory),
                        8,
                        theme.text,
                    );
                    strip.column(
                        vm.vm.addresses.first().map_or("", |address| address),
                        15,
                        theme.text,
                    );
                }
                row::note(app, &vm).put(strip);
            }
        }
    }
}

/// A project with its appliances counted by state.
fn project(app: &App, cloud: &crate::model::CloudName, id: Option<&str>, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let vapps = app.inventory.vapps(cloud);
    let of_project: Vec<_> = vapps
        .iter()
        .filter(|vapp| vapp.project().map(|project| &*project.id) == id)
        .collect();
    let loose = app.inventory.loose(cloud);
    let named = of_project.iter().filter_map(|vapp| vapp.project());
    let mut named = named.chain(loose.iter().filter_map(|(project, _)| *project));
    let name = named
        .find(|project| Some(&*project.id) == id)
        .map_or("no project", |project| &project.name);
    strip.column(name, if strip.room() > 60 { 38 } else { 26 }, theme.text);
    for state in VappState::ALL {
        let count = of_project
            .iter()
            .filter(|vapp| vapp.state() == state)
            .count();
        if count > 0 {
            strip
                .text(
                    &format!("{} {count}", theme.glyphs.vapp(state)),
                    theme.vapp_state(state),
                )
                .gap(3);
        }
    }
    let outside = loose
        .iter()
        .filter(|(project, _)| project.map(|project| &*project.id) == id)
        .map(|(_, members)| members.slots.len())
        .sum();
    if outside > 0 {
        let words = if of_project.is_empty() {
            ""
        } else {
            " in none"
        };
        strip.text(
            &format!("{}{words}", counted(outside, "VM", "VMs")),
            theme.dim,
        );
    }
}

/// The cells of a state with its sign, of an appliance or a VM in it.
fn state_cells(app: &App, strip: &Strip<'_>) -> usize {
    // "Waiting to be reviewed" stands whole.
    (row::state_cells(app, strip.room()) - 2).max(24)
}

/// Whether workflow holds something of it: that is what its lock means then.
fn is_held(app: &App, vapp: &VappRef<'_>) -> bool {
    vapp.state() == VappState::Locked
        && vapp.members().slots.iter().any(|slot| {
            let vm = app.inventory.overview(*slot);
            vm.is_some_and(|vm| {
                let waits = |task: &crate::model::Task| task.state == TaskState::Queueing;
                app.held.holds(&vm.vm.key) || vm.task.is_some_and(waits)
            })
        })
}

fn appliance(app: &App, key: Option<&VappKey>, vapp: &VappRef<'_>, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let labels = &app.look.labels;
    let state = vapp.state();
    let restricted = vapp.restricted() == Some(true);
    let asked = key.and_then(|key| under_way(&app.inventory, key));
    let (sign, words, style) = match asked {
        Some(report) => {
            let kind = TaskKind::new(&report.command.title().to_uppercase());
            let words = kind.progress();
            let words = if words == kind.as_str() {
                let called = app.command_title(&report.command);
                format!("{called} {}", theme.glyphs.ellipsis)
            } else {
                labels.renamed(words).to_string()
            };
            let sign = theme.glyphs.spinner(app.spinner_frame());
            (sign, words, theme.vapp_locked)
        }
        None if is_held(app, vapp) => {
            let words = TaskState::Queueing.word().to_owned();
            (theme.glyphs.vapp(state), words, theme.vapp_state(state))
        }
        None => {
            let words = labels.vapp(state).to_owned();
            (theme.glyphs.vapp(state), words, theme.vapp_state(state))
        }
    };
    let cells = state_cells(app, strip);
    strip.parts(cells, |strip| {
        strip.text(&format!("{sign} {words}"), style);
    });
    let wide = strip.room() > 70;
    let mark = find_ignoring_case(vapp.name(), app.tree.filter());
    strip.marked(
        vapp.name(),
        mark,
        if wide { 24 } else { 18 },
        theme.text,
        theme.matched,
    );
    let members = vapp.members();
    strip
        .number(&counted(members.slots.len(), "VM", "VMs"), 7, theme.dim)
        .gap(usize::from(wide));
    let mut counts = Pieces::default();
    for (state, count) in members.counts() {
        counts.add(
            format!(
                "{} {count}{}",
                theme.glyphs.vm_state(state),
                if wide { "  " } else { " " }
            ),
            theme.vm_state(state),
        );
    }
    counts.put(strip);
    let warnings: usize = members
        .slots
        .iter()
        .filter_map(|slot| app.inventory.overview(*slot))
        .map(|vm| vm.warnings)
        .sum();
    if warnings > 0 {
        strip.text(
            &format!("{} {warnings}  ", theme.glyphs.warning),
            theme.danger,
        );
    }
    let wide = strip.room() >= 40;
    if restricted {
        let word = if wide { " Restricted  " } else { " " };
        strip.text(
            &format!("{}{word}", theme.glyphs.restricted),
            theme.restricted,
        );
    }
    if let Some(server) = vapp.server_state().filter(|server| *server != state) {
        // The server's own word where it differs; its sign where there is no room for a word.
        let text = if wide {
            format!("server says {}", app.look.labels.vapp(server))
        } else {
            format!("{}{}", theme.glyphs.differs, theme.glyphs.vapp(server))
        };
        strip.text(&text, theme.caution);
    }
}
