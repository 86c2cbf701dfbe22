//! The two lines on top: each cloud and how it stands, the totals, the tabs, what is listed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{Pieces, Strip};
use crate::console::app::App;
use crate::console::keymap::{Place, UiCommand, ViewKind};
use crate::console::text::{counted, since};
use crate::fleet::{CloudStatus, CloudView};

/// Both lines.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    clouds(app, area, buffer);
    tabs(app, area, buffer);
}

fn clouds(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let totals = totals(app, area.width >= 110);
    totals.put_right(
        buffer,
        theme.glyphs,
        Rect {
            width: area.width.saturating_sub(1),
            ..area
        },
        area.y,
    );
    let room = usize::from(area.width).saturating_sub(totals.width() + 4);
    let left = Rect {
        width: u16::try_from(room).unwrap_or(0),
        ..area
    };
    let mut strip = Strip::new(buffer, theme.glyphs, left, area.y);
    strip.text(" vmdeck", theme.accent);
    let room = room.saturating_sub(7);
    // As much as fits: everything, then without latencies, then names and counts, then fewer clouds.
    let all = app.inventory.clouds();
    let level = (0..3).find(|level| {
        all.iter()
            .map(|cloud| segment(app, cloud, *level).width())
            .sum::<usize>()
            <= room
    });
    let level = level.unwrap_or(2);
    let mut used = 0;
    for (at, cloud) in all.iter().enumerate() {
        let pieces = segment(app, cloud, level);
        let rest = all.len() - at;
        let needs = pieces.width() + if rest > 1 { 4 } else { 0 };
        if used + needs > room && at > 0 {
            let failing = all[at..]
                .iter()
                .any(|cloud| matches!(cloud.status, CloudStatus::Failing { .. }));
            let style = if failing { theme.danger } else { theme.dim };
            strip.text(&format!(" +{rest}"), style);
            break;
        }
        used += pieces.width();
        pieces.put(&mut strip);
    }
}

/// One cloud: dot, name, environment, count, then latency or what is wrong. Level 0 says most, level 2 least.
fn segment(app: &App, cloud: &CloudView, level: usize) -> Pieces {
    let theme = &app.look.theme;
    let (style, dot) = theme.cloud(&cloud.status, cloud.is_stale());
    let mut pieces = Pieces::default();
    pieces
        .add("  ", theme.text)
        .add(dot, style)
        .add(format!(" {}", cloud.info.name), theme.text);
    if let Some(tenant) = &cloud.tenant {
        pieces.add(format!(" as {}", tenant.name), theme.caution);
    }
    if let Some(environment) = &cloud.info.environment {
        if cloud.info.production {
            pieces
                .add(" ", theme.text)
                .add(environment.to_uppercase(), theme.production);
        } else if level == 0 {
            pieces.add(format!(" {environment}"), theme.dim);
        }
    }
    if cloud.info.read_only && level < 2 {
        pieces.add(" read-only", theme.caution);
    }
    pieces.add(format!(" {}", vm_count(app, cloud)), theme.text);
    if level < 2 {
        let (words, style) = match &cloud.status {
            CloudStatus::Connecting => ("signing in".to_owned(), theme.dim),
            CloudStatus::Listing {
                read,
                total: Some(total),
            } => (format!("{read}/{total}"), theme.dim),
            CloudStatus::Listing { .. } => ("listing".to_owned(), theme.dim),
            CloudStatus::Failing { sign_in: true, .. } => {
                ("sign-in refused".to_owned(), theme.danger)
            }
            CloudStatus::Failing { .. } => (stale(app, cloud), theme.danger),
            CloudStatus::Ok => match cloud.latency.filter(|_| level == 0) {
                Some(latency) => (format!("{}ms", latency.as_millis()), theme.dim),
                None => (String::new(), theme.dim),
            },
        };
        if !words.is_empty() {
            pieces.add(format!(" {words}"), style);
        }
    }
    pieces
}

/// How many VMs a cloud has, where it has ever said so.
pub fn vm_count(app: &App, cloud: &CloudView) -> String {
    if cloud.as_of.is_none() && cloud.vms == 0 {
        return app.look.theme.glyphs.none.to_owned();
    }
    cloud.vms.to_string()
}

fn stale(app: &App, cloud: &CloudView) -> String {
    cloud.as_of.map_or_else(
        || "no answer".to_owned(),
        |as_of| format!("stale {}", since(as_of, app.now)),
    )
}

fn totals(app: &App, words: bool) -> Pieces {
    let theme = &app.look.theme;
    let protected: usize = app
        .inventory
        .clouds()
        .iter()
        .map(|cloud| cloud.protected)
        .sum();
    let warnings = app.inventory.warning_count();
    let running = app.inventory.running_task_count();
    let mut pieces = Pieces::default();
    let mut add = |sign: &str, count: usize, word: &str, style| {
        let word = if words {
            format!(" {word}")
        } else {
            String::new()
        };
        pieces.add(
            format!("  {sign} {count}{word}"),
            if count > 0 { style } else { theme.dim },
        );
    };
    add(
        theme.glyphs.warning,
        warnings,
        if warnings == 1 { "warning" } else { "warnings" },
        theme.danger,
    );
    add(
        theme.glyphs.maintenance,
        protected,
        "protected",
        theme.state_maintenance,
    );
    add(
        theme.glyphs.power(crate::model::PowerState::Locked),
        running,
        "running",
        theme.state_locked,
    );
    pieces
}

fn tabs(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let y = area.y + 1;
    let status = status(app);
    let mut strip = Strip::new(buffer, theme.glyphs, area, y);
    for view in ViewKind::ALL.into_iter().filter(|view| app.shows(*view)) {
        let key = app.look.keymap.key(&[Place::Global], UiCommand::View(view));
        let key = key.map_or_else(String::new, |key| key.label(theme.glyphs.ascii));
        let style = if view == app.view {
            theme.accent
        } else {
            theme.dim
        };
        strip
            .text(" ", theme.text)
            .text(&key, theme.key)
            .text(&format!(" {} ", view.title()), style);
    }
    let room = strip.room().saturating_sub(2);
    let fitting = status.iter().find(|pieces| pieces.width() <= room);
    if let (None, Some(shortest)) = (fitting, status.last()) {
        // What is filtered is told as far as it fits.
        let wide = u16::try_from(room).unwrap_or(0);
        let place = Rect {
            x: area.right().saturating_sub(wide + 1),
            width: wide,
            ..area
        };
        shortest.put(&mut Strip::new(buffer, theme.glyphs, place, y));
    }
    if let Some(pieces) = fitting {
        pieces.put_right(
            buffer,
            theme.glyphs,
            Rect {
                width: area.width.saturating_sub(1),
                ..area
            },
            y,
        );
    }
}

/// What is listed and how, the longest way of saying it first.
fn status(app: &App) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let dot = format!(" {} ", theme.glyphs.dot);
    let clouds = app.inventory.clouds().len();
    let filter = match app.view {
        ViewKind::Vms => app.vms.filter(),
        ViewKind::Appliances => app.tree.filter(),
        ViewKind::Workflow => app.held.filter(),
        ViewKind::Clouds | ViewKind::Events => "",
    };
    let mut count = Pieces::default();
    match app.view {
        ViewKind::Vms if !filter.is_empty() => {
            count.add(
                format!(
                    "{} of {}",
                    app.vms.rows().len(),
                    counted(app.vms.total(), "VM", "VMs")
                ),
                theme.text,
            );
        }
        ViewKind::Appliances if !filter.is_empty() => {
            let found = app.tree.found();
            count.add(counted(found, "appliance", "appliances"), theme.text);
        }
        ViewKind::Events => {
            let rows = app.events.rows().len();
            count.add(counted(rows, "event", "events"), theme.text);
            for words in app.events.filter().words() {
                count.add(&dot, theme.dim).add(words, theme.matched);
            }
        }
        ViewKind::Workflow => {
            let rows = app.held.rows().len();
            count.add(counted(rows, "held task", "held tasks"), theme.text);
        }
        _ => {
            count.add(counted(app.inventory.len(), "VM", "VMs"), theme.text);
        }
    }
    if !filter.is_empty() {
        count
            .add(&dot, theme.dim)
            .add(format!("/{filter}"), theme.matched);
    }
    let marked = match app.view {
        ViewKind::Workflow => app.held.marks().len(),
        _ => app.marks.len(),
    };
    if marked > 0 {
        count
            .add(&dot, theme.dim)
            .add(format!("{marked} marked"), theme.accent);
    }
    for batch in &app.batches {
        let text = format!(
            "{} {} of {}",
            app.look.labels.action(batch.kind),
            batch.done(),
            batch.vms.len()
        );
        count.add(&dot, theme.dim).add(text, theme.state_locked);
    }
    let mut order = Pieces::default();
    if app.view == ViewKind::Vms {
        let sort = app.vms.sort();
        let arrow = if sort.descending {
            theme.glyphs.descending
        } else {
            theme.glyphs.ascending
        };
        order.add(format!("{dot}by {} {arrow}", sort.column.id()), theme.dim);
    }
    let mut of_clouds = Pieces::default();
    let narrowed = match app.view {
        ViewKind::Events => !app.events.is_unfiltered(),
        ViewKind::Vms | ViewKind::Appliances => !filter.is_empty(),
        ViewKind::Clouds | ViewKind::Workflow => false,
    };
    if !narrowed {
        of_clouds.add(
            format!(", {}", counted(clouds, "cloud", "clouds")),
            theme.dim,
        );
    }
    let unread: usize = app
        .inventory
        .clouds()
        .iter()
        .map(|cloud| cloud.unread)
        .sum();
    let mut unread_words = Pieces::default();
    if unread > 0 {
        unread_words.add(format!("{dot}tasks of {unread} unread"), theme.dim);
    }
    let mut unread_short = Pieces::default();
    if unread > 0 {
        unread_short.add(format!("{dot}{unread} unread"), theme.dim);
    }
    let mut every = Pieces::default();
    // What workflow holds is read when somebody looks, not by the clock.
    if app.view != ViewKind::Workflow {
        every.add(
            format!("{dot}every {}s", app.look.refresh.as_secs()),
            theme.dim,
        );
    }
    let ways: [&[&Pieces]; 7] = [
        &[&count, &of_clouds, &order, &unread_words, &every],
        &[&count, &order, &unread_words, &every],
        &[&count, &order, &unread_words],
        &[&count, &order, &unread_short],
        &[&count, &unread_short],
        &[&count, &order],
        &[&count],
    ];
    ways.iter()
        .map(|way| {
            let mut pieces = Pieces::default();
            for part in *way {
                pieces.extend((*part).clone());
            }
            pieces
        })
        .collect()
}
