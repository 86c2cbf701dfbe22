//! Pages: a raw document, the notices, an event, a cloud, details over everything, the welcome.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::clouds::status_word;
use super::events::{action_words, vm_name, when};
use super::footer::hint_line;
use super::paint::Pieces;
use super::popup::{self, field, wrapped};
use super::scroll::{Scroll, high};
use super::{details, notices, pane};
use crate::console::app::App;
use crate::console::keymap::{Place, UiCommand};
use crate::console::layers::{Page, Subject};
use crate::console::rights::may_acknowledge_any;
use crate::console::viewports::Port;
use crate::fleet::CloudStatus;
use crate::model::Privileges;

/// A page.
pub fn draw(app: &App, page: &Page, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let wide = area.width.saturating_sub(8).min(110);
    let wide = if area.width <= 80 { area.width } else { wide };
    let cells = usize::from(wide.saturating_sub(4));
    let (title, lines) = match &page.subject {
        Subject::Raw(vm, document) => {
            let name = page_name(app, vm);
            (
                format!("{name}: as its server tells it"),
                raw(app, document.as_ref(), cells),
            )
        }
        Subject::ConsoleLog(vm, text) => {
            let name = page_name(app, vm);
            (
                format!("{name}: its console"),
                raw(app, text.as_ref(), cells),
            )
        }
        Subject::Notices => ("Notices of this run".to_owned(), notice_log(app, cells)),
        Subject::Event(key) => ("Event".to_owned(), event(app, key, cells)),
        Subject::Cloud(name) => (format!("Cloud {name}"), cloud(app, name, cells, true)),
        Subject::Report(id) => {
            let report = app
                .inventory
                .reports()
                .iter()
                .find(|report| report.id == *id);
            let mut lines = Vec::new();
            if let Some(report) = report {
                wrapped(
                    &pane::report_words(report),
                    cells,
                    app.look.theme.text,
                    &mut lines,
                );
            }
            let title = report.map_or_else(String::new, |report| {
                format!(
                    "{} {} on {}: {}",
                    app.command_title(&report.command),
                    report.vm_name,
                    app.cloud_name(report.command.cloud()),
                    report.stage.as_str()
                )
            });
            (title, lines)
        }
    };
    let whole = matches!(
        page.subject,
        Subject::Raw(..) | Subject::ConsoleLog(..) | Subject::Notices
    );
    let tall = if whole {
        area.height
    } else {
        high(lines.len()).max(6)
    };
    let place = popup::centred(area, wide, tall);
    Scroll {
        title: &title,
        lines: &lines,
        first: page.first,
        commands: &[UiCommand::Back],
        place,
    }
    .draw(app, port, buffer);
}

fn raw(app: &App, document: Option<&Result<String, String>>, cells: usize) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    match document {
        None => wrapped("being read …", cells, theme.dim, &mut lines),
        Some(Err(why)) => wrapped(why, cells, theme.danger, &mut lines),
        Some(Ok(text)) => {
            for line in text.lines() {
                let mut pieces = Pieces::default();
                pieces.add(line, theme.text);
                lines.push(pieces);
            }
        }
    }
    lines
}

/// A VM in the title of a page.
fn page_name(app: &App, vm: &crate::model::VmKey) -> String {
    let known = app.inventory.find(vm);
    known.map_or_else(
        || vm.to_string(),
        |known| {
            format!(
                "{} {} {}",
                known.name,
                app.look.theme.glyphs.dot,
                app.cloud_name(&vm.cloud)
            )
        },
    )
}

fn notice_log(app: &App, cells: usize) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    for notice in app.notices.log() {
        let (style, sign) = notices::level(theme, notice);
        let mut text = Vec::new();
        wrapped(
            &notice.text,
            cells.saturating_sub(18),
            theme.text,
            &mut text,
        );
        for (at, line) in text.into_iter().enumerate() {
            let mut pieces = Pieces::default();
            let start = if at == 0 {
                format!("{:<14} {sign} ", when(app, notice.at))
            } else {
                " ".repeat(17)
            };
            pieces.add(start, style).extend(line);
            lines.push(pieces);
        }
    }
    if lines.is_empty() {
        wrapped("None yet.", cells, theme.dim, &mut lines);
    }
    lines
}

fn event(app: &App, key: &crate::model::EventKey, cells: usize) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    let Some(event) = app.event(key) else {
        return lines;
    };
    let (style, _) = theme.severity(event.severity);
    let at = event
        .at
        .to_zoned(app.look.zone.clone())
        .strftime("%d %b %Y %H:%M:%S")
        .to_string();
    let cloud = app.cloud_words(&event.key.cloud);
    let name = vm_name(app, event);
    let what = format!(
        "{} ({} {})",
        action_words(app, event),
        event.entity,
        event.action
    );
    let rows: [(&str, Option<&str>); 9] = [
        ("Time", Some(&at)),
        ("Cloud", Some(&cloud)),
        ("Severity", Some(event.severity.as_str())),
        ("What", Some(&what)),
        ("Name", Some(&name)),
        ("Source", event.source.as_deref()),
        ("Performed by", event.performed_by.as_deref()),
        ("User", event.user.as_deref()),
        ("Error code", event.error_code.as_deref()),
    ];
    for (label, value) in rows {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let shown = if label == "Severity" {
                style
            } else {
                theme.text
            };
            field(theme, label, &(value, shown), cells, &mut lines);
        }
    }
    lines.push(Pieces::default());
    wrapped(&event.trace, cells, theme.text, &mut lines);
    lines
}

/// Everything about a cloud; the privileges, which are many, only where the whole is wanted.
pub fn cloud(app: &App, name: &crate::model::CloudName, cells: usize, whole: bool) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    let Some(cloud) = app.inventory.cloud(name) else {
        return lines;
    };
    let mut add =
        |label: &str, value: &str, style| field(theme, label, &(value, style), cells, &mut lines);
    let (style, _) = theme.cloud(&cloud.status, cloud.is_stale());
    add("Status", &status_word(&cloud.status), style);
    if let CloudStatus::Failing {
        error, retry_at, ..
    } = &cloud.status
    {
        add("Why", error, theme.danger);
        if let Some(at) = retry_at {
            let seconds = at.duration_since(app.now).as_secs().max(0);
            add(
                "Next attempt",
                &format!("in {seconds}s; {} tries at once", refresh_key(app)),
                theme.text,
            );
        }
    }
    add("URL", &cloud.info.url, theme.text);
    add("Provider", cloud.info.capabilities.provider, theme.text);
    if let Some(environment) = &cloud.info.environment {
        add(
            "Environment",
            environment,
            if cloud.info.production {
                theme.production
            } else {
                theme.text
            },
        );
    }
    if cloud.info.read_only {
        add(
            "Read-only",
            "nothing can be changed from here",
            theme.caution,
        );
    }
    if let Some(session) = &cloud.session {
        let full = session
            .full_name
            .as_deref()
            .map(|name| format!(" ({name})"))
            .unwrap_or_default();
        add("User", &format!("{}{full}", session.user), theme.text);
        if let Some(tenant) = &session.tenant {
            add("Tenant", tenant, theme.text);
        }
        if let Some(tenant) = &cloud.tenant {
            add("Looked at as", &tenant.name, theme.caution);
        }
        if let (true, Privileges::Named(names)) = (whole, &session.privileges) {
            let names: Vec<_> = names.iter().map(|name| &**name).collect();
            add("Privileges", &names.join(" "), theme.dim);
        }
    }
    lines
}

/// The key that lists again, as hints show it.
fn refresh_key(app: &App) -> String {
    let key = app.look.keymap.key(&[Place::Global], UiCommand::Refresh);
    key.map_or_else(
        || "refreshing".to_owned(),
        |key| key.label(app.look.theme.glyphs.ascii),
    )
}

/// What can be done with a VM whose details are open.
fn details_commands(app: &App, vm: &crate::fleet::Overview<'_>) -> Vec<UiCommand> {
    let mut commands = vec![
        UiCommand::Menu,
        UiCommand::VmEvents,
        UiCommand::VmConsole,
        UiCommand::Copy,
        UiCommand::VmRaw,
    ];
    if may_acknowledge_any(app, vm) {
        commands.push(UiCommand::Acknowledge);
    }
    commands.push(UiCommand::Back);
    commands
}

/// Details over everything.
pub fn draw_details(
    app: &App,
    at: &crate::console::layers::Details,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) {
    let Some(vm) = app.inventory.overview_of(&at.vm) else {
        return;
    };
    let wide = if area.width <= 80 {
        area.width
    } else {
        110.min(area.width)
    };
    let lines = details::lines(app, &vm, usize::from(wide.saturating_sub(4)));
    let place = popup::centred(
        area,
        wide,
        if area.width <= 80 {
            area.height
        } else {
            high(lines.len())
        },
    );
    let title = super::menu::subject(app, &vm);
    Scroll {
        title: &title,
        lines: &lines,
        first: at.first,
        commands: &details_commands(app, &vm),
        place,
    }
    .draw(app, port, buffer);
}

/// The first screen where nothing is configured.
pub fn draw_welcome(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    let cells = usize::from(area.width.min(76).saturating_sub(4));
    wrapped("No cloud is configured yet.", cells, theme.text, &mut lines);
    lines.push(Pieces::default());
    wrapped(
        &format!("Your clouds go into {}", app.look.config_path),
        cells,
        theme.text,
        &mut lines,
    );
    wrapped(
        "`vmdeck config init` writes a commented one to begin with.",
        cells,
        theme.dim,
        &mut lines,
    );
    lines.push(Pieces::default());
    let mut keys = Pieces::default();
    for command in [UiCommand::Demo, UiCommand::Quit] {
        keys.extend(hint_line(
            app,
            &[command],
            &[(UiCommand::Demo, "open the demo clouds right now")],
        ));
    }
    lines.push(keys);
    let place = popup::centred(area, 80, high(lines.len()));
    let inside = popup::frame(
        theme,
        "vmdeck",
        theme.accent,
        &Pieces::default(),
        place,
        buffer,
    );
    popup::lines(theme, &lines, 0, inside, buffer);
}
