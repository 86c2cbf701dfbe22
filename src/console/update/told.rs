//! What the engine tells: into the inventory, and into notices where a person should read it.

use crate::console::app::App;
use crate::console::layers::{Layer, Subject};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::{CloudStatus, Command, CommandReport, Stage, Update};
use crate::model::CloudName;

pub(super) fn take(app: &mut App, update: Update) -> Vec<Effect> {
    match &update {
        Update::Status { cloud, status } => tell_status(app, cloud, status),
        Update::Command(report) => tell_command(app, report),
        Update::Trouble { cloud, message } => {
            let text = cloud
                .as_ref()
                .map_or_else(|| message.clone(), |cloud| format!("{cloud}: {message}"));
            app.notices.add(app.now, Level::Caution, text);
            app.dirty = true;
        }
        Update::Raw { vm, document } => {
            for layer in &mut app.layers {
                if let Layer::Page(page) = layer
                    && let Subject::Raw(wanted, shown) = &mut page.subject
                    && wanted == vm
                {
                    *shown = Some(document.clone());
                    app.dirty = true;
                }
            }
        }
        _ => {}
    }
    let changes = app.inventory.apply(update);
    app.note(&changes);
    Vec::new()
}

fn tell_status(app: &mut App, name: &CloudName, status: &CloudStatus) {
    let Some(cloud) = app.inventory.cloud(name) else {
        return;
    };
    let failed_before = match &cloud.status {
        CloudStatus::Failing { error, .. } => Some(error),
        _ => None,
    };
    let notice = match (failed_before, status) {
        (before, CloudStatus::Failing { error, .. }) if before != Some(error) => {
            Some((Level::Caution, format!("{name}: {error}")))
        }
        (Some(_), CloudStatus::Ok) => Some((Level::Good, format!("{name} answers again"))),
        _ => None,
    };
    if let Some((level, text)) = notice {
        app.notices.add(app.now, level, text);
    }
}

fn tell_command(app: &mut App, report: &CommandReport) {
    let cloud = report.command.cloud();
    let name = &report.vm_name;
    let (level, text) = match (&report.stage, &report.command) {
        (Stage::Done { .. }, Command::Act { action, .. }) => (
            Level::Good,
            format!("{name} on {cloud}: {}", action.kind().spec().done),
        ),
        (Stage::Done { .. }, Command::Acknowledge { .. }) => (
            Level::Good,
            format!("{name} on {cloud}: warning acknowledged"),
        ),
        (Stage::Failed { message, .. } | Stage::Unknown { message }, _) => {
            (Level::Failure, message.clone())
        }
        (Stage::Refused { message }, _) => (Level::Caution, message.clone()),
        (Stage::Asked | Stage::Sent | Stage::Accepted { .. }, _) => return,
    };
    app.notices.add(app.now, level, text);
}
