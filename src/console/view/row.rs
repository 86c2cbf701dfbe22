//! How a VM looks on one line: its state, and the one thing about it that matters now.

use ratatui::style::Style;

use super::paint::Pieces;
use crate::console::app::App;
use crate::console::text::{since, width};
use crate::fleet::{CloudStatus, Command, Overview, Stage};
use crate::model::{PowerState, TaskKind, TaskState, VmState};

/// The cells of a state with its sign: as many as the longest usual one takes in the words of the screen, within reason.
pub fn state_cells(app: &App, wide: usize) -> usize {
    let labels = &app.look.labels;
    let under = [PowerState::On, PowerState::Paused, PowerState::Off];
    let under = under.map(|state| width(labels.power(state)));
    let under = under.into_iter().max().unwrap_or(0);
    let longest = width(labels.state(VmState::Maintenance)) + under + 5;
    longest.clamp(24, if wide < 100 { 28 } else { 36 })
}

/// Sign and words of a VM's state, each with its style.
pub fn state(app: &App, vm: &Overview<'_>) -> Pieces {
    let theme = &app.look.theme;
    let labels = &app.look.labels;
    let mut pieces = Pieces::default();
    let spinner = || theme.glyphs.spinner(app.spinner_frame());
    if vm.state() == VmState::Maintenance {
        let style = theme.state_maintenance;
        let under = format!(
            " {} {}",
            theme.glyphs.dot,
            labels.power_of(vm.vm).to_lowercase()
        );
        let word = labels.state(VmState::Maintenance);
        pieces
            .add(format!("{} {word}", theme.glyphs.maintenance), style)
            .add(under, theme.dim);
        return pieces;
    }
    if let Some(Command::Act { action, .. }) = vm.pending.map(|report| &report.command)
        && vm.task.is_none()
    {
        let kind = TaskKind::new(&action.kind().id().to_uppercase());
        // What no task is known to do is told by its own name.
        let progress = if kind.progress() == kind.as_str() {
            let called = app.words(action.kind(), vm).title;
            format!("{called} {}", theme.glyphs.ellipsis)
        } else {
            labels.renamed(kind.progress()).to_string()
        };
        pieces.add(format!("{} {progress}", spinner()), theme.state_locked);
        return pieces;
    }
    let style = theme.vm_state(vm.state());
    let passing = matches!(
        vm.vm.power,
        PowerState::Locked | PowerState::Allocated | PowerState::Configured
    );
    if let Some(task) = vm.task.filter(|_| passing || vm.pending.is_some()) {
        let sign = if task.state == TaskState::Queueing {
            theme.glyphs.power(PowerState::Locked)
        } else {
            spinner()
        };
        let progress = app.task_progress(task);
        pieces.add(format!("{sign} {progress}"), theme.state_locked);
        return pieces;
    }
    if passing && app.held.holds(&vm.vm.key) {
        let sign = theme.glyphs.power(PowerState::Locked);
        let words = TaskState::Queueing.word().to_owned();
        pieces.add(format!("{sign} {words}"), theme.state_locked);
        return pieces;
    }
    if let Some(progress) = vm.vm.native_progress() {
        pieces.add(format!("{} {progress}", spinner()), theme.state_locked);
        return pieces;
    }
    pieces.add(
        format!(
            "{} {}",
            theme.glyphs.vm_state(vm.state()),
            labels.power_of(vm.vm)
        ),
        style,
    );
    let native = vm.vm.differing_native_state();
    if let Some(native) = native.filter(|native| !is_ordinary(vm.vm.power, native)) {
        pieces.add(format!(" {} {native}", theme.glyphs.dot), theme.dim);
    }
    pieces
}

/// Whether a cloud's word says no more than the state that it became: a table of healthy VMs stays quiet.
fn is_ordinary(power: PowerState, native: &str) -> bool {
    let words: &[&str] = match power {
        PowerState::On => &["ACTIVE", "RUNNING"],
        PowerState::Off => &["SHUTOFF", "STOPPED"],
        _ => &[],
    };
    words.iter().any(|word| word.eq_ignore_ascii_case(native))
}

/// The note: warnings first, then what runs, then why it is protected, then how old this is.
pub fn note(app: &App, vm: &Overview<'_>) -> Pieces {
    let theme = &app.look.theme;
    let mut parts: Vec<Pieces> = Vec::new();
    let mut part = |text: String, style: Style| {
        let mut pieces = Pieces::default();
        pieces.add(text, style);
        parts.push(pieces);
    };
    if vm.warnings > 0 {
        let newest = app.inventory.warnings(&vm.vm.key).next();
        let what = newest.map_or_else(
            || "see its events".to_owned(),
            |task| format!("{} failed", app.task_title(&task.kind)),
        );
        part(
            format!("{} {} {what}", theme.glyphs.warning, vm.warnings),
            theme.danger,
        );
    }
    if let Some(task) = vm.task {
        let (done, all) = task.jobs_done();
        let mut text = String::new();
        if vm.vm.protection.is_some() {
            // The state says maintenance: what runs is told here.
            text.push_str(&format!(
                "{} {} ",
                theme.glyphs.spinner(app.spinner_frame()),
                app.look.labels.renamed(task.progress())
            ));
        }
        if all > 1 && task.state != TaskState::Queueing {
            text.push_str(&format!(
                "job {} of {all} {} ",
                (done + 1).min(all),
                theme.glyphs.dot
            ));
        }
        if let Some(created) = task.created_at {
            text.push_str(&since(created, app.now));
        }
        let style = if vm.vm.protection.is_some() {
            theme.state_locked
        } else {
            theme.dim
        };
        part(text, style);
    } else if let Some(report) = vm.pending {
        let word = match report.stage {
            Stage::Asked => "asked",
            Stage::Sent => "sent",
            _ => "accepted",
        };
        let what = if vm.vm.protection.is_some() {
            format!("{}: ", app.command_title(&report.command))
        } else {
            String::new()
        };
        part(
            format!("{what}{word} {}", since(report.at, app.now)),
            theme.dim,
        );
    }
    if let Some(protection) = &vm.vm.protection {
        let mut pieces = Pieces::default();
        if let Some(reason) = &protection.reason {
            pieces.add(reason.to_string(), theme.text);
        }
        if let Some(by) = &protection.by {
            let joint = if pieces.is_empty() { "by " } else { " · " };
            let joint = if theme.glyphs.ascii {
                joint.replace('·', "-")
            } else {
                joint.to_owned()
            };
            pieces.add(format!("{joint}{by}"), theme.dim);
        }
        parts.push(pieces);
    }
    if let (CloudStatus::Failing { .. }, Some(as_of)) = (&vm.cloud.status, vm.cloud.as_of) {
        let mut pieces = Pieces::default();
        pieces.add(format!("as of {} ago", since(as_of, app.now)), theme.dim);
        parts.push(pieces);
    }
    let mut joined = Pieces::default();
    for pieces in parts.into_iter().filter(|pieces| !pieces.is_empty()) {
        if !joined.is_empty() {
            joined.add(format!(" {} ", theme.glyphs.dot), theme.dim);
        }
        joined.extend(pieces);
    }
    joined
}

/// Whether the row is of the past: dim, whatever it says.
pub fn is_faded(vm: &Overview<'_>) -> bool {
    matches!(vm.cloud.status, CloudStatus::Failing { .. })
        || !vm.cloud.listed && vm.cloud.as_of.is_some() && {
            // While the first listing runs, what it has brought is as good as new.
            !matches!(vm.cloud.status, CloudStatus::Listing { .. })
        }
}
