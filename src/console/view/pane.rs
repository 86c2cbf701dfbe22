//! The pane of tasks and events, open or folded to one line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::details::task_sign;
use super::events::{action_words, vm_name};
use super::list::{List, Look, gutter};
use super::paint::{Pieces, Strip};
use crate::console::app::{App, Focus};
use crate::console::keymap::{Place, UiCommand};
use crate::console::lists::pane::{PaneRow, event_of};
use crate::console::rights::why_not_acknowledge;
use crate::console::text::since;
use crate::console::viewports::Port;
use crate::fleet::{CommandReport, Stage};
use crate::model::{Event, Task, TaskState};

/// The folded pane: what there is, and the key that opens it.
pub fn draw_folded(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let mut pieces = Pieces::default();
    pieces.add(" ", theme.text).extend(counts(app));
    if let Some(key) = app.look.keymap.key(&app.places(), UiCommand::PaneToggle) {
        pieces.add(format!(" {} ", theme.glyphs.dot), theme.dim);
        pieces
            .add(key.label(theme.glyphs.ascii), theme.key)
            .add(" opens tasks and events", theme.dim);
    }
    pieces.put(&mut Strip::new(buffer, theme.glyphs, area, area.y));
}

fn counts(app: &App) -> Pieces {
    let theme = &app.look.theme;
    let failed = app.inventory.failed_task_count();
    let running = app.inventory.running_task_count();
    let mut pieces = Pieces::default();
    let locked = theme.glyphs.power(crate::model::PowerState::Locked);
    pieces.add(
        format!("{locked} {running} running"),
        if running > 0 {
            theme.state_locked
        } else {
            theme.dim
        },
    );
    pieces.add(format!(" {} ", theme.glyphs.dot), theme.dim);
    pieces.add(
        format!("{} {failed} failed", theme.glyphs.warning),
        if failed > 0 { theme.danger } else { theme.dim },
    );
    pieces
}

/// The open pane: a title in a rule, then the rows that fit.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let focused = app.focus == Focus::Pane;
    let rule = theme.glyphs.rule.repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y, &rule, theme.rule);
    buffer.set_string(
        area.x + 1,
        area.y,
        " Tasks and events ",
        if focused { theme.accent } else { theme.dim },
    );
    let mut title = Pieces::default();
    title
        .add(" ", theme.dim)
        .extend(counts(app))
        .add(" ", theme.dim);
    title.put_right(
        buffer,
        theme.glyphs,
        Rect {
            width: area.width.saturating_sub(1),
            ..area
        },
        area.y,
    );

    let rows = app.pane.rows();
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let list = List {
        body,
        rows: rows.len(),
        at: app.pane.at(),
        focus: Focus::Pane,
        always: false,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        gutter(app, current, false, strip);
        if let Some(row) = rows.get(at) {
            let right = draw_row(app, row, current, strip);
            right.put(strip.skip_to_last(right.width() + 1));
        }
        Look::Plain
    });
    if rows.is_empty() {
        Strip::new(buffer, theme.glyphs, body, body.y)
            .gap(3)
            .text("Nothing has happened yet.", theme.dim);
    }
}

/// One row; answers what stands at its right end.
fn draw_row(app: &App, row: &PaneRow, current: bool, strip: &mut Strip<'_>) -> Pieces {
    match row {
        PaneRow::Running(key) | PaneRow::Failed(key) => app
            .inventory
            .task(key)
            .map_or_else(Pieces::default, |task| draw_task(app, task, current, strip)),
        PaneRow::Report(id) => {
            let report = app
                .inventory
                .reports()
                .iter()
                .rev()
                .find(|report| report.id == *id);
            report.map_or_else(Pieces::default, |report| draw_report(app, report, strip))
        }
        PaneRow::Event(key) => event_of(key, &app.inventory)
            .map_or_else(Pieces::default, |event| draw_event(app, event, strip)),
    }
}

/// Sign, VM, cloud and what was done: the same columns for every row.
fn draw_start(
    app: &App,
    sign: (&str, Style),
    vm: &str,
    cloud: &str,
    what: &str,
    strip: &mut Strip<'_>,
) {
    let theme = &app.look.theme;
    let wide = strip.room() >= 100;
    strip
        .column(sign.0, 1, sign.1)
        .column(vm, if wide { 20 } else { 14 }, theme.text);
    strip
        .column(cloud, if wide { 10 } else { 8 }, theme.dim)
        .column(what, if wide { 16 } else { 12 }, theme.text);
}

/// The text of a row, leaving room for what stands at its right end.
fn draw_text(text: &str, style: Style, right: &Pieces, strip: &mut Strip<'_>) {
    let cells = strip.room().saturating_sub(right.width() + 3);
    strip.column(text, cells, style);
}

fn draw_task(app: &App, task: &Task, current: bool, strip: &mut Strip<'_>) -> Pieces {
    let theme = &app.look.theme;
    let name = task_vm_name(app, task);
    draw_start(
        app,
        task_sign(app, task),
        &name,
        task.key.cloud.as_str(),
        &app.task_title(&task.kind),
        strip,
    );
    let mut right = Pieces::default();
    let text = if task.is_running() {
        let (done, all) = task.jobs_done();
        let progress = app.task_progress(task);
        if let Some(created) = task.created_at {
            right.add(since(created, app.now), theme.text);
        }
        if all > 0 && task.state != TaskState::Queueing {
            format!("{progress}, {done} of {all} jobs done")
        } else {
            progress
        }
    } else {
        let key = app.look.keymap.key(&[Place::Vm], UiCommand::Acknowledge);
        if let Some(key) = key.filter(|_| current && why_not_acknowledge(app, task).is_none()) {
            right
                .add(key.label(theme.glyphs.ascii), theme.key)
                .add(" acknowledge  ", theme.dim);
        }
        if let Some(at) = task.updated_at.or(task.created_at) {
            right.add(format!("{} ago", since(at, app.now)), theme.dim);
        }
        failure_words(app, task)
    };
    let style = if task.is_running() {
        theme.dim
    } else {
        theme.text
    };
    draw_text(&text, style, &right, strip);
    right
}

/// The job that failed and its text.
fn failure_words(app: &App, task: &Task) -> String {
    let Some(job) = task.failed_job() else {
        return task.state.word().to_owned();
    };
    let undone = if job.rollback_state == crate::model::JobState::RollbackDone {
        ", rolled back"
    } else {
        ""
    };
    let description = job
        .description
        .as_deref()
        .map(|text| format!(": {text}"))
        .unwrap_or_default();
    let title = app.task_title(&job.kind);
    format!("{title} failed{undone}{description}")
}

/// The name of the VM a task works on, or of the appliance.
pub fn task_vm_name(app: &App, task: &Task) -> String {
    let known = task
        .vm
        .as_ref()
        .and_then(|vm| app.inventory.find(vm))
        .map(|vm| vm.name.to_string());
    known
        .or_else(|| task.subject.as_ref().map(ToString::to_string))
        .or_else(|| task.vm.as_ref().map(|vm| vm.id.to_string()))
        .unwrap_or_default()
}

fn draw_report(app: &App, report: &CommandReport, strip: &mut Strip<'_>) -> Pieces {
    let theme = &app.look.theme;
    // A failure that has been acknowledged is over.
    let over = matches!(&report.stage, Stage::Failed { task: Some(task), .. }
        if app.inventory.task(task).is_some_and(|task| !task.is_warning()));
    let sign = match &report.stage {
        Stage::Failed { .. } if over => (theme.glyphs.failure, theme.dim),
        Stage::Done { .. } => (theme.glyphs.success, theme.success),
        Stage::Failed { .. } => (theme.glyphs.failure, theme.danger),
        Stage::Refused { .. } | Stage::NeedsForce { .. } => (theme.glyphs.failure, theme.caution),
        Stage::Unknown { .. } => ("?", theme.danger),
        Stage::Asked | Stage::Sent | Stage::Accepted { .. } => (
            theme.glyphs.spinner(app.spinner_frame()),
            theme.state_locked,
        ),
    };
    draw_start(
        app,
        sign,
        &report.vm_name,
        report.command.cloud().as_str(),
        app.command_title(&report.command),
        strip,
    );
    let mut right = Pieces::default();
    right.add(format!("{} ago", since(report.at, app.now)), theme.dim);
    let style = if over { theme.dim } else { theme.text };
    draw_text(&report_words(report), style, &right, strip);
    right
}

/// How far a command is, in words.
pub fn report_words(report: &CommandReport) -> String {
    use crate::fleet::Command;
    use crate::model::Action;
    match (&report.stage, &report.command) {
        (stage, _) if stage.message().is_some() => stage.message().unwrap_or_default().to_owned(),
        (
            Stage::Done { .. },
            Command::Act {
                action: Action::Protect { reason },
                ..
            },
        ) => reason.clone(),
        (Stage::Asked, _) => "asked, not sent yet".to_owned(),
        (Stage::Sent, _) => "sent, not answered yet".to_owned(),
        (Stage::Accepted { .. }, _) => "accepted by the cloud".to_owned(),
        _ => "done".to_owned(),
    }
}

fn draw_event(app: &App, event: &Event, strip: &mut Strip<'_>) -> Pieces {
    let theme = &app.look.theme;
    let (style, sign) = theme.severity(event.severity);
    draw_start(
        app,
        (sign, style),
        &vm_name(app, event),
        event.key.cloud.as_str(),
        &action_words(app, event),
        strip,
    );
    let mut right = Pieces::default();
    right.add(format!("{} ago", since(event.at, app.now)), theme.dim);
    draw_text(&event.trace, theme.dim, &right, strip);
    right
}
