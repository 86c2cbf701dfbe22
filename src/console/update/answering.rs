//! After a question: what may still be done is sent.

use super::actions::close_menu;
use super::{appliances, forcing};
use crate::console::app::App;
use crate::console::layers::{Asked, Layer};
use crate::console::marks::Batch;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::Command;
use crate::model::{ActionKind, Availability};

/// The answer to a question is yes: what may still be done is sent.
pub(super) fn answer(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Question(question)) = app.layers.last() else {
        return Vec::new();
    };
    if question
        .expected
        .as_ref()
        .is_some_and(|expected| question.input.value().trim() != expected)
    {
        return Vec::new();
    }
    if forcing::is_unread(app) {
        return Vec::new();
    }
    let commands = question.commands.clone();
    let many = match &question.what {
        Asked::Many(kind, _) => Some(*kind),
        Asked::Force { .. } => forcing::same_kind(&commands),
        Asked::Action(..) | Asked::AcknowledgeAll(_) | Asked::OnVapp(..) => None,
    };
    // The marks have done their work: the next key must not hit the same machines.
    let marked = matches!(question.what, Asked::Many(..));
    if matches!(question.what, Asked::Action(ActionKind::Snapshot, _)) {
        app.kept = None;
    }
    app.layers.pop();
    close_menu(app);
    if let Some(kind) = many {
        if marked {
            app.marks.clear();
        }
        return send_many(app, kind, commands);
    }
    send(app, commands)
}

/// Sends what may still be done.
pub(super) fn send(app: &mut App, commands: impl IntoIterator<Item = Command>) -> Vec<Effect> {
    commands
        .into_iter()
        .filter_map(|command| still_allowed(app, command))
        .map(Effect::Submit)
        .collect()
}

/// Sends to each that still may be touched, and counts their outcomes.
fn send_many(app: &mut App, kind: ActionKind, commands: Vec<Command>) -> Vec<Effect> {
    let commands: Vec<_> = commands
        .into_iter()
        .filter_map(|command| still_allowed(app, command))
        .collect();
    let vms: Vec<_> = commands.iter().filter_map(Command::vm).cloned().collect();
    app.failed_last.clear();
    if vms.len() > 1 {
        app.batches.push(Batch::new(kind, vms));
    }
    commands.into_iter().map(Effect::Submit).collect()
}

/// Rows may have changed while the question was open.
pub(super) fn still_allowed(app: &mut App, command: Command) -> Option<Command> {
    if let Some(why) = appliances::why_not(&app.inventory, &command) {
        let text = format!("{} was not sent: {why}", app.command_title(&command));
        app.notices.add(app.now, Level::Caution, text);
        return None;
    }
    let Command::Act { vm, action, .. } = &command else {
        return Some(command);
    };
    let kind = action.kind();
    let text = match app.inventory.overview_of(vm) {
        Some(overview) => match overview.availability_of(action) {
            Availability::Allowed => return Some(command),
            Availability::Denied(denial) => {
                let title = app.words(kind, &overview).title;
                let why = app.told(&denial, kind, &overview);
                format!("{title} was not sent: {why}")
            }
        },
        None => {
            let title = app.look.labels.action(kind);
            format!("{title} was not sent: {vm} is gone")
        }
    };
    app.notices.add(app.now, Level::Caution, text);
    None
}
