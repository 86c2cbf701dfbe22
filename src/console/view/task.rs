//! A task, opened.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::events::when;
use super::paint::Pieces;
use super::popup::{self, field, wrapped};
use super::scroll::{Scroll, high};
use super::workflow::decisions;
use super::{details, pane};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::TaskDialog;
use crate::console::lists::workflow::{self, About};
use crate::console::rights::why_not_acknowledge;
use crate::console::update::reviewing::decidable;
use crate::console::viewports::Port;
use crate::model::{ActionKind, Task};

/// A task, opened: its jobs, and the events of its VM since it began.
pub fn draw(app: &App, dialog: &TaskDialog, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let Some(task) = workflow::task(&app.inventory, &dialog.task) else {
        return;
    };
    let wide = if area.width <= 80 {
        area.width
    } else {
        90.min(area.width)
    };
    let cells = usize::from(wide.saturating_sub(4));
    let mut lines = Vec::new();
    details::task_lines(app, task, cells, &mut lines);
    whose(app, task, cells, &mut lines);
    if dialog.held {
        held_lines(app, task, cells, &mut lines);
    }
    if task.vm.is_some() {
        event_lines(app, task, cells, &mut lines);
    }
    let name = pane::task_vm_name(app, task);
    let title = format!(
        "{} of {name} on {}: {}",
        app.task_title(&task.kind),
        app.cloud_name(&task.key.cloud),
        task.state.word()
    );
    let commands = task_commands(app, dialog);
    let place = popup::centred(area, wide, high(lines.len()).max(8));
    Scroll {
        title: &title,
        lines: &lines,
        first: dialog.first,
        commands: &commands,
        place,
    }
    .draw(app, port, buffer);
}

/// Where what is held stands.
fn held_lines(app: &App, task: &Task, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    let about = About::of(&app.inventory, task);
    lines.push(Pieces::default());
    for (label, value) in [
        ("Tenant", about.tenant),
        ("VM", about.vm),
        ("Appliance", about.vapp),
        ("Project", about.project),
    ] {
        if let Some(value) = value {
            field(theme, label, &(&*value, theme.text), cells, lines);
        }
    }
    for (approve, verb) in [(true, "Approve"), (false, "Reject")] {
        if let Err(why) = decidable(&app.inventory, &task.key, approve) {
            field(theme, verb, &(&*why, theme.dim), cells, lines);
        }
    }
}

/// The events of its VM since it began, each with its whole trace.
fn event_lines(app: &App, task: &Task, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    lines.push(Pieces::default());
    wrapped(
        "Events of this VM since the task began",
        cells,
        theme.accent,
        lines,
    );
    let since = task.created_at.unwrap_or(jiff::Timestamp::MIN);
    let mut any = false;
    let events = app
        .inventory
        .events()
        .iter()
        .filter(|event| event.vm.is_some() && event.vm == task.vm);
    for event in events.filter(|event| event.at >= since).take(20) {
        any = true;
        let (style, _) = theme.severity(event.severity);
        let mut text = Vec::new();
        wrapped(
            &event.trace,
            cells.saturating_sub(24),
            theme.text,
            &mut text,
        );
        for (at, line) in text.into_iter().enumerate() {
            let mut pieces = Pieces::default();
            let start = if at == 0 {
                format!("{:<14} {:<8} ", when(app, event.at), event.severity)
            } else {
                " ".repeat(24)
            };
            pieces.add(start, style).extend(line);
            lines.push(pieces);
        }
    }
    if !any {
        wrapped("none known", cells, theme.dim, lines);
    }
}

/// Whose task a warning is, and why it has to stay, where it has to.
fn whose(app: &App, task: &Task, cells: usize, lines: &mut Vec<Pieces>) {
    if !task.is_warning() {
        return;
    }
    let theme = &app.look.theme;
    match (why_not_acknowledge(app, task), &task.user) {
        (Some(why), _) => {
            let text = format!("{why}, so it cannot be acknowledged from here.");
            wrapped(&text, cells, theme.caution, lines);
        }
        (None, Some(user)) => {
            wrapped(&format!("Asked for by {user}."), cells, theme.dim, lines);
        }
        (None, None) => {}
    }
}

/// What can be done from an opened task now.
fn task_commands(app: &App, dialog: &TaskDialog) -> Vec<UiCommand> {
    let mut commands = Vec::new();
    let task = workflow::task(&app.inventory, &dialog.task);
    if dialog.held {
        commands.extend(decisions(app, &[&dialog.task]));
    } else if let Some(task) = task {
        let allowed = |kind| {
            let vm = task.vm.as_ref()?;
            Some(app.inventory.availability(vm, kind)?.is_allowed())
        };
        if task.is_warning() {
            if why_not_acknowledge(app, task).is_none() {
                commands.push(UiCommand::Acknowledge);
            }
            let again = ActionKind::from_id(&task.kind.as_str().to_lowercase());
            if again.is_some_and(|kind| allowed(kind) == Some(true)) {
                commands.push(UiCommand::Again);
            }
        }
        if allowed(ActionKind::PowerOff) == Some(true) {
            commands.push(UiCommand::Act(ActionKind::PowerOff));
        }
    }
    if task.is_some_and(|task| task.vm.is_some()) {
        commands.push(UiCommand::VmEvents);
    }
    commands.push(UiCommand::Back);
    commands
}
