//! What the engine tells: into the inventory, and into notices where a person should read it.

use std::collections::BTreeSet;

use super::{forcing, remote, tenants};
use crate::console::app::App;
use crate::console::layers::{Layer, Subject};
use crate::console::marks::Batch;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::{Ask, CloudStatus, Command, CommandReport, Stage, Update};
use crate::model::{CloudName, Labels, VmKey};

pub(super) fn take(app: &mut App, update: Update) -> Vec<Effect> {
    let effects = decided(&update);
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
        Update::Candidates { vm, hosts } => {
            for layer in &mut app.layers {
                if let Layer::Hosts(choice) = layer
                    && choice.vm == *vm
                {
                    choice.hosts = Some(hosts.clone());
                    app.dirty = true;
                }
            }
        }
        Update::Remote { vm, access } => remote::take(app, vm, access),
        Update::Metrics { vm, series } => app.dirty |= app.metrics.take(vm, series),
        Update::EventPage {
            cloud,
            query,
            events,
        } => {
            app.events.take(cloud, query, events);
            app.dirty = true;
        }
        Update::LooksAt { cloud, tenant } => tenants::looks_at(app, cloud, tenant.as_ref()),
        Update::ConsoleLog { vm, text } => {
            for layer in &mut app.layers {
                if let Layer::Page(page) = layer
                    && let Subject::ConsoleLog(wanted, shown) = &mut page.subject
                    && wanted == vm
                {
                    *shown = Some(text.clone());
                    // What was written last is what is looked for.
                    page.first = usize::MAX;
                    app.dirty = true;
                }
            }
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
    effects
}

/// After a decision, what workflow still holds is read again.
fn decided(update: &Update) -> Vec<Effect> {
    match update {
        Update::Command(report)
            if report.stage.is_final() && matches!(report.command, Command::Decide { .. }) =>
        {
            let cloud = report.command.cloud().clone();
            vec![Effect::Ask(Ask::Held(Some(cloud)))]
        }
        _ => Vec::new(),
    }
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

/// Who has acknowledged a failure has read of it.
fn settle_acknowledged(app: &mut App, report: &CommandReport) {
    let (Command::Acknowledge { task, .. }, Stage::Done { .. }) = (&report.command, &report.stage)
    else {
        return;
    };
    let told = app
        .inventory
        .reports()
        .iter()
        .filter_map(|known| match &known.stage {
            Stage::Failed {
                message,
                task: Some(failed),
            } if failed == task => Some(retold(app, known, message)),
            _ => None,
        });
    for message in told.collect::<Vec<_>>() {
        app.notices.settle(&message);
    }
}

/// The outcome of one of several: told together when the last one has it. Says whether it was one.
fn tell_batch(app: &mut App, report: &CommandReport) -> bool {
    let Some(at) = app.batches.iter_mut().position(|batch| batch.take(report)) else {
        return false;
    };
    app.dirty = true;
    if !app.batches[at].is_over() {
        return true;
    }
    let batch = app.batches.remove(at);
    let title = app.look.labels.action(batch.kind).to_owned();
    let asking = batch.asking.len();
    let done = batch.vms.len() - batch.failed.len() - asking;
    let words = batch_done(app, &batch);
    forcing::take(app, batch.asking);
    if batch.failed.is_empty() {
        let (level, text) = match asking {
            0 => (Level::Good, format!("{title}: all {done} {words}")),
            _ => (
                Level::Info,
                format!("{title}: {done} done, {asking} wait for an answer"),
            ),
        };
        app.notices.add(app.now, level, text);
        return true;
    }
    // Each reason once more in the log, where there is room for all of them.
    for (_, why) in &batch.failed {
        app.notices.log_only(app.now, Level::Failure, why);
    }
    let name = |vm: &VmKey| {
        app.inventory
            .find(vm)
            .map_or_else(|| vm.to_string(), |known| known.name.to_string())
    };
    let names: Vec<_> = batch
        .failed
        .iter()
        .take(5)
        .map(|(vm, _)| name(vm))
        .collect();
    let more = batch.failed.len().saturating_sub(names.len());
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let text = format!(
        "{title}: {done} done, {} not: {}{more}. f marks them, ! says why",
        batch.failed.len(),
        names.join(", "),
    );
    app.failed_last = batch.failed.into_iter().map(|(vm, _)| vm).collect();
    app.notices.add(app.now, Level::Failure, text);
    true
}

/// What was done to all of them, where it is called the same on all; else just that it is done.
fn batch_done(app: &App, batch: &Batch) -> String {
    let words = batch.vms.iter().filter_map(|vm| {
        let overview = app.inventory.overview_of(vm)?;
        Some(app.words(batch.kind, &overview).done)
    });
    let words: BTreeSet<_> = words.collect();
    match words.len() {
        1 => words.into_iter().collect::<String>(),
        _ => "done".to_owned(),
    }
}

/// A sentence of the engine about a command, which begins with what its action is called ordinarily, in the words of the screen.
fn retold(app: &App, report: &CommandReport, sentence: &str) -> String {
    let here = app.command_title(&report.command);
    Labels::retold(sentence, report.command.title(), here).into_owned()
}

/// What is shown when a command is done.
fn done_words(app: &App, command: &Command) -> String {
    let here = match command {
        Command::Act { vm, action, .. } => app
            .inventory
            .overview_of(vm)
            .map(|overview| app.words(action.kind(), &overview).done.into_owned()),
        _ => None,
    };
    here.unwrap_or_else(|| command.done().to_owned())
}

fn tell_command(app: &mut App, report: &CommandReport) {
    if tell_batch(app, report) {
        return;
    }
    settle_acknowledged(app, report);
    let cloud = app.cloud_name(report.command.cloud());
    let name = &report.vm_name;
    let (level, text) = match (&report.stage, &report.command) {
        (Stage::Failed { message, .. } | Stage::Unknown { message }, _) => {
            (Level::Failure, retold(app, report, message))
        }
        (Stage::Done { .. }, command) => (
            Level::Good,
            format!("{name} on {cloud}: {}", done_words(app, command)),
        ),
        (Stage::NeedsForce { .. }, _) => {
            forcing::take(app, vec![report.clone()]);
            return;
        }
        (Stage::Refused { message }, _) => (Level::Caution, retold(app, report, message)),
        (Stage::Asked | Stage::Sent | Stage::Accepted { .. }, _) => return,
    };
    app.notices.add(app.now, level, text);
}
