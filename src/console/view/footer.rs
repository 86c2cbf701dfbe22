//! The last line: the keys that matter here, or the filter being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::paint::{Pieces, Strip};
use super::workflow;
use crate::console::app::{App, Focus};
use crate::console::keymap::{UiCommand, ViewKind};
use crate::console::layers::Layer;
use crate::console::lists::pane::{PaneRow, PaneSize};
use crate::console::rights::{may_acknowledge_any, why_not_acknowledge};
use crate::console::update::appliances::menu_here;
use crate::model::{ActionKind, may_look_at};

/// Draws it; answers where the text cursor stands while the filter is typed.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &app.look.theme;
    if let Some(Layer::Filter(input)) = app.layers.last() {
        let mut strip = Strip::new(buffer, theme.glyphs, area, area.y);
        strip.text(" /", theme.key);
        let room = strip.room().saturating_sub(40).max(8);
        let scroll = input.visual_scroll(room);
        let shown: String = input.value().chars().skip(scroll).collect();
        strip.text(&shown, theme.text);
        let hints = hint_line(
            app,
            &[UiCommand::Yes, UiCommand::Back],
            &[(UiCommand::Yes, "keep"), (UiCommand::Back, "clear")],
        );
        hints.put_right(buffer, theme.glyphs, area, area.y);
        let x =
            area.x + 2 + u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0);
        return Some(Position::new(x.min(area.right().saturating_sub(1)), area.y));
    }
    let (left, right) = hints(app);
    let right = hint_line(app, &right, &[]);
    right.put_right(
        buffer,
        theme.glyphs,
        Rect {
            width: area.width.saturating_sub(1),
            ..area
        },
        area.y,
    );
    let room = usize::from(area.width).saturating_sub(right.width() + 2);
    let mut pieces = Pieces::default();
    for command in left {
        let next = hint_line(app, &[command], &[]);
        if pieces.width() + next.width() > room {
            break;
        }
        pieces.extend(next);
    }
    pieces.put(&mut Strip::new(buffer, theme.glyphs, area, area.y));
    None
}

/// ` key word `, for each command that has a key here.
pub fn hint_line(app: &App, commands: &[UiCommand], words: &[(UiCommand, &str)]) -> Pieces {
    let theme = &app.look.theme;
    let places = app.places();
    let mut pieces = Pieces::default();
    for command in commands {
        if let Some(key) = app.look.keymap.key(&places, *command) {
            let word = words
                .iter()
                .find(|(known, _)| known == command)
                .map(|(_, word)| (*word).to_owned());
            pieces.add(format!(" {}", key.label(theme.glyphs.ascii)), theme.key);
            pieces.add(
                format!(" {} ", word.unwrap_or_else(|| hint(app, *command))),
                theme.dim,
            );
        }
    }
    pieces
}

/// One or two words: an action as it is called on the VM that it goes to.
fn hint(app: &App, command: UiCommand) -> String {
    let vm = app.current_vm();
    let vm = vm.and_then(|vm| app.inventory.overview_of(&vm));
    match (command, vm) {
        (UiCommand::Act(kind), Some(vm)) => app.words(kind, &vm).title.to_lowercase(),
        (UiCommand::Act(kind), None) => app.look.labels.action(kind).to_lowercase(),
        (other, _) => other.hint(),
    }
}

/// The commands worth a hint now: only those that do something.
fn hints(app: &App) -> (Vec<UiCommand>, Vec<UiCommand>) {
    match app.layers.last() {
        Some(Layer::Welcome) => return (vec![UiCommand::Demo], vec![UiCommand::Quit]),
        Some(Layer::Filter(_)) => return (Vec::new(), Vec::new()),
        // What is open says its keys in its own edge.
        Some(_) => return (Vec::new(), Vec::new()),
        None => {}
    }
    let right = vec![UiCommand::Help, UiCommand::Quit];
    let mut left = match (app.focus, app.view) {
        (Focus::Pane, _) => {
            let mut commands = Vec::new();
            if let Some(row) = app.pane.current() {
                commands.push(UiCommand::Open);
                let may = |key| {
                    let task = app.inventory.task(key);
                    task.is_some_and(|task| why_not_acknowledge(app, task).is_none())
                };
                if matches!(row, PaneRow::Failed(key) if may(key)) {
                    commands.extend([UiCommand::Acknowledge, UiCommand::AcknowledgeAll]);
                }
            }
            commands.push(UiCommand::PaneFull);
            if app.pane.size != PaneSize::Full {
                commands.extend([UiCommand::PaneGrow, UiCommand::PaneShrink, UiCommand::Focus]);
            }
            commands
        }
        (Focus::Details, _) => with_vm(
            app,
            vec![UiCommand::VmRaw, UiCommand::VmEvents, UiCommand::Focus],
        ),
        (Focus::Main, ViewKind::Vms) => {
            let mut commands = if app.vms.current().is_some() {
                vec![UiCommand::Open]
            } else {
                Vec::new()
            };
            commands = with_vm(app, commands);
            if !app.failed_last.is_empty() {
                commands.push(UiCommand::MarkFailed);
            }
            commands.extend([
                UiCommand::Filter,
                UiCommand::Mark,
                UiCommand::Sort,
                UiCommand::PaneToggle,
            ]);
            commands
        }
        (Focus::Main, ViewKind::Appliances) => {
            let mut commands = vec![UiCommand::Unfold, UiCommand::Fold];
            if app.tree.current_vm().is_some() {
                commands = with_vm(app, vec![UiCommand::Open]);
            } else if menu_here(app).is_some() {
                commands.insert(0, UiCommand::Menu);
            }
            commands.push(UiCommand::Filter);
            commands
        }
        (Focus::Main, ViewKind::Clouds) => {
            let cloud = app.inventory.clouds().get(app.clouds.at());
            let tenants = cloud.is_some_and(|cloud| {
                let session = cloud.session.as_deref();
                may_look_at(cloud.info.capabilities, session).is_allowed()
            });
            [UiCommand::Open]
                .into_iter()
                .chain(tenants.then_some(UiCommand::Tenant))
                .chain([UiCommand::Refresh, UiCommand::PaneToggle])
                .collect()
        }
        (Focus::Main, ViewKind::Events) => {
            let only = app.events.only();
            let warns = only
                .and_then(|vm| app.inventory.overview_of(vm))
                .is_some_and(|vm| vm.warnings > 0);
            let back = (!app.events.is_unfiltered()).then_some(UiCommand::Back);
            [UiCommand::Open]
                .into_iter()
                .chain(warns.then_some(UiCommand::Acknowledge))
                .chain([UiCommand::Filter, UiCommand::EventFilter])
                .chain(back)
                .chain([UiCommand::EventExport])
                .collect()
        }
        (Focus::Main, ViewKind::Workflow) => workflow::hints(app),
    };
    if !app.asking.is_empty() {
        left.insert(0, UiCommand::AnswerCloud);
    }
    (left, right)
}

/// Adds what can be done with the VM under the cursor.
fn with_vm(app: &App, mut commands: Vec<UiCommand>) -> Vec<UiCommand> {
    let Some(overview) = app
        .current_vm()
        .and_then(|vm| app.inventory.slot(&vm))
        .and_then(|slot| app.inventory.overview(slot))
    else {
        return commands;
    };
    commands.push(UiCommand::Menu);
    for kind in [ActionKind::Protect, ActionKind::Unprotect] {
        if overview.availability(kind).is_allowed() {
            commands.push(UiCommand::Act(kind));
        }
    }
    if may_acknowledge_any(app, &overview) {
        commands.push(UiCommand::Acknowledge);
    }
    commands
}
