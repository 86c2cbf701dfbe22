//! The details of a VM: who protects it first, then what it is, where it is, what happened to it.

use ratatui::style::Style;

use super::events::when;
use super::paint::Pieces;
use super::popup::{field, wrapped};
use super::{metrics, row};
use crate::console::app::App;
use crate::console::naming::cloud_words;
use crate::console::text::{memory, since};
use crate::fleet::Overview;
use crate::model::{Job, JobState, PowerState, ProtectionScope, Task, TaskState};

/// All lines for a column of so many cells.
pub fn lines(app: &App, vm: &Overview<'_>, cells: usize) -> Vec<Pieces> {
    let mut lines = Vec::new();
    general(app, vm, cells, &mut lines);
    placement(app, vm, cells, &mut lines);
    network(app, vm, cells, &mut lines);
    metrics::lines(app, vm, cells, &mut lines);
    tasks(app, vm, cells, &mut lines);
    lines
}

pub fn heading(app: &App, text: &str, lines: &mut Vec<Pieces>) {
    let mut pieces = Pieces::default();
    pieces.add(text, app.look.theme.accent);
    if !lines.is_empty() {
        lines.push(Pieces::default());
    }
    lines.push(pieces);
}

fn general(app: &App, vm: &Overview<'_>, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    heading(app, "General", lines);
    let mut add = |label: &str, value: Option<&str>, style: Style| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            field(theme, label, &(value, style), cells, lines);
        }
    };
    if let Some(protection) = &vm.vm.protection {
        let unknown = "(the cloud does not say)";
        add(
            "Protected",
            Some(protection.reason.as_deref().unwrap_or(unknown)),
            theme.state_maintenance,
        );
        let by = protection.by.as_deref().unwrap_or(unknown);
        let since_when = protection
            .since
            .map(|at| format!(", {} ago", since(at, app.now)))
            .unwrap_or_default();
        add("  by", Some(&format!("{by}{since_when}")), theme.text);
        let reach = match protection.scope {
            ProtectionScope::Cloud => "the cloud refuses users without the privilege",
            ProtectionScope::SharedTag => {
                "a tag that every such console honours; the cloud does not enforce it"
            }
            ProtectionScope::Console => "kept by this console alone",
        };
        add("  reach", Some(reach), theme.dim);
    }
    let mut state = Pieces::default();
    state
        .add(format!("{:13}", "State"), theme.dim)
        .extend(row::state(app, vm));
    let note = row::note(app, vm);
    lines.push(state);
    if vm.vm.protection.is_none() && !note.is_empty() {
        let mut pieces = Pieces::default();
        pieces.add(" ".repeat(13), theme.dim).extend(note);
        lines.push(pieces);
    }
    let mut add = |label: &str, value: Option<&str>, style: Style| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            field(theme, label, &(value, style), cells, lines);
        }
    };
    add("Description", vm.vm.description.as_deref(), theme.text);
    let size = match (vm.vm.cpu, vm.vm.ram_mib) {
        (Some(cpu), Some(ram)) => format!("{cpu} CPU, {}", memory(ram)),
        (Some(cpu), None) => format!("{cpu} CPU"),
        (None, Some(ram)) => memory(ram),
        (None, None) => String::new(),
    };
    add("Size", Some(&size), theme.text);
    add("Owner", vm.vm.owner.as_deref(), theme.text);
    add("Template", vm.vm.template.as_deref(), theme.text);
    let created = vm.vm.created_at.map(|at| {
        let day = at
            .to_zoned(app.look.zone.clone())
            .strftime("%d %b %Y %H:%M")
            .to_string();
        format!("{day}, {} ago", since(at, app.now))
    });
    add("Created", created.as_deref(), theme.text);
    add("Id", Some(&vm.vm.key.id), theme.dim);
    add("UUID", vm.vm.uuid.as_deref(), theme.dim);
    add("Native name", vm.vm.native_name.as_deref(), theme.dim);
}

fn placement(app: &App, vm: &Overview<'_>, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    heading(app, "Placement", lines);
    let cloud = cloud_words(vm.cloud);
    let cloud_style = if vm.cloud.info.production {
        theme.danger
    } else {
        theme.text
    };
    let mut add = |label: &str, value: Option<&str>, style: Style| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            field(theme, label, &(value, style), cells, lines);
        }
    };
    add("Cloud", Some(&cloud), cloud_style);
    add("Tenant", vm.vm.tenant.as_deref(), theme.text);
    add(
        "Project",
        vm.vm.project.as_ref().map(|group| &*group.name),
        theme.text,
    );
    if let Some(group) = &vm.vm.vapp {
        let state = app
            .inventory
            .vapp_state(vm.vm)
            .map(|state| format!("  {}", app.look.labels.vapp(state)))
            .unwrap_or_default();
        let restricted = if vm.restricted == Some(true) {
            format!("  {} Restricted", theme.glyphs.restricted)
        } else {
            String::new()
        };
        add(
            "Appliance",
            Some(&format!("{}{state}{restricted}", group.name)),
            theme.text,
        );
    }
    add("Location", vm.vm.location.as_deref(), theme.text);
    add("Cluster", vm.vm.cluster.as_deref(), theme.text);
    add("Host", vm.vm.host.as_deref(), theme.text);
    add("Hypervisor", vm.vm.hypervisor.as_deref(), theme.text);
}

fn network(app: &App, vm: &Overview<'_>, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    heading(app, "Network", lines);
    if vm.vm.addresses.is_empty() {
        let why = if vm.vm.deallocated {
            "none: it is deallocated"
        } else {
            "no address known"
        };
        field(theme, "Addresses", &(why, theme.dim), cells, lines);
    }
    for (at, address) in vm.vm.addresses.iter().enumerate() {
        field(
            theme,
            if at == 0 { "Addresses" } else { "" },
            &(address, theme.text),
            cells,
            lines,
        );
    }
    let mut add = |label: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            field(theme, label, &(value, theme.text), cells, lines);
        }
    };
    add("Networks", Some(&vm.vm.networks.join(", ")));
    add("Screen", vm.vm.console.as_deref());
    add("Tags", Some(&vm.vm.tags.join(", ")));
}

fn tasks(app: &App, vm: &Overview<'_>, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    heading(app, "Tasks", lines);
    let mut any = false;
    for task in app.inventory.tasks_of(&vm.vm.key).take(20) {
        any = true;
        task_lines(app, task, cells, lines);
    }
    if !any {
        let read = app.inventory.tasks_read_at(&vm.vm.key).is_some();
        let mut pieces = Pieces::default();
        pieces.add(if read { "none" } else { "being read …" }, theme.dim);
        lines.push(pieces);
    }
}

/// A task with its jobs.
pub fn task_lines(app: &App, task: &Task, cells: usize, lines: &mut Vec<Pieces>) {
    let theme = &app.look.theme;
    let (sign, style) = task_sign(app, task);
    let mut pieces = Pieces::default();
    pieces
        .add(format!("{sign} "), style)
        .add(app.task_title(&task.kind), theme.text)
        .add(format!("  {}", task.state.word()), style);
    if let Some(created) = task.created_at {
        pieces.add(format!("  {}", when(app, created)), theme.dim);
    }
    if let Some(user) = &task.user {
        pieces.add(format!("  {user}"), theme.dim);
    }
    lines.push(pieces);
    for job in &task.jobs {
        let (words, style) = job_words(app, job);
        let mut pieces = Pieces::default();
        pieces
            .add(format!("    {} ", app.task_title(&job.kind)), theme.dim)
            .add(words, style);
        lines.push(pieces);
        if let Some(description) = job
            .description
            .as_deref()
            .filter(|_| job.state == JobState::Failed || task.vm.is_none())
        {
            let mut text = Vec::new();
            wrapped(description, cells.saturating_sub(6), theme.text, &mut text);
            for pieces in text {
                let mut indented = Pieces::default();
                indented.add("      ", theme.text).extend(pieces);
                lines.push(indented);
            }
        }
    }
}

/// What a job's state looks like.
pub fn job_words(app: &App, job: &Job) -> (String, Style) {
    let theme = &app.look.theme;
    let undone = match job.rollback_state {
        JobState::RollbackDone => ", rolled back",
        JobState::RollbackStarted => ", rolling back",
        _ => "",
    };
    let style = match job.state {
        JobState::Failed => theme.danger,
        JobState::Done | JobState::Skipped => theme.success,
        JobState::Started | JobState::RollbackStarted => theme.state_locked,
        _ => theme.dim,
    };
    (format!("{}{undone}", job.state), style)
}

/// The sign of a task.
pub fn task_sign(app: &App, task: &Task) -> (&'static str, Style) {
    let theme = &app.look.theme;
    if task.state == TaskState::Queueing {
        (theme.glyphs.power(PowerState::Locked), theme.state_locked)
    } else if task.is_running() {
        (
            theme.glyphs.spinner(app.spinner_frame()),
            theme.state_locked,
        )
    } else if task.is_warning() {
        (theme.glyphs.warning, theme.danger)
    } else if task.state.is_failure() {
        (theme.glyphs.failure, theme.dim)
    } else {
        (theme.glyphs.success, theme.success)
    }
}
