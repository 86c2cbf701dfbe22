//! Acknowledging failed tasks: one, those of a VM, those of several, all that are shown.

use tui_input::Input;

use super::actions::close_menu;
use super::open;
use crate::console::app::{App, Focus};
use crate::console::keymap::ViewKind;
use crate::console::layers::{Asked, Layer, Question};
use crate::console::lists::pane::PaneRow;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::rights::why_not_acknowledge;
use crate::console::text::counted;
use crate::fleet::{Ask, Command};
use crate::model::{Task, VmKey};

/// Acknowledges: a task's row, it; a VM's row, its tasks.
pub(super) fn acknowledge(app: &mut App) -> Vec<Effect> {
    let task = match app.layers.last() {
        Some(Layer::Task(dialog)) => Some(dialog.task.clone()),
        None if app.focus == Focus::Pane => match app.pane.current() {
            Some(PaneRow::Failed(task) | PaneRow::Running(task)) => Some(task.clone()),
            _ => None,
        },
        _ => None,
    };
    if let Some(key) = task {
        let Some(task) = app.inventory.task(&key).filter(|task| task.is_warning()) else {
            app.notices
                .add(app.now, Level::Info, "This task has nothing to acknowledge");
            return Vec::new();
        };
        let command = acknowledging(task);
        if let Some(why) = why_not_acknowledge(app, task) {
            let text = format!("The warning stays: {why}");
            app.notices.add(app.now, Level::Caution, text);
            return Vec::new();
        }
        if matches!(app.layers.last(), Some(Layer::Task(_))) {
            app.layers.pop();
        }
        return vec![Effect::Submit(command)];
    }
    let targets = app.targets();
    if targets.len() > 1 {
        acknowledge_of(app, &targets);
        return Vec::new();
    }
    let Some(vm) = targets.into_iter().next() else {
        app.notices.add(
            app.now,
            Level::Info,
            "There is no failed task under the cursor",
        );
        return Vec::new();
    };
    let warnings: Vec<_> = app.inventory.warnings(&vm).collect();
    let (mine, others) = split_acknowledgeable(app, &warnings);
    let commands: Vec<_> = mine.into_iter().map(acknowledging).collect();
    if let Some((_, why)) = others.first() {
        let text = format!(
            "{} stays: {why}",
            counted(others.len(), "warning", "warnings")
        );
        app.notices.add(app.now, Level::Caution, text);
        if commands.is_empty() {
            return Vec::new();
        }
    }
    if commands.is_empty() {
        let suspected = app
            .inventory
            .overview_of(&vm)
            .is_some_and(|overview| overview.warnings > 0);
        let text = if suspected {
            "An event tells of a failure here; its tasks are being read"
        } else {
            "This VM has no failed task to acknowledge"
        };
        app.notices.add(app.now, Level::Info, text);
        return if suspected {
            vec![Effect::Ask(Ask::VmTasks(vm))]
        } else {
            Vec::new()
        };
    }
    close_menu(app);
    commands.into_iter().map(Effect::Submit).collect()
}

/// Acknowledges every failed task of several VMs, after the question.
fn acknowledge_of(app: &mut App, vms: &[VmKey]) {
    let tasks: Vec<&Task> = vms
        .iter()
        .flat_map(|vm| app.inventory.warnings(vm))
        .collect();
    if tasks.is_empty() {
        app.notices.add(
            app.now,
            Level::Info,
            "None of these VMs has a failed task to acknowledge",
        );
        return;
    }
    let asked = ask_acknowledge(app, &tasks);
    open_acknowledge(app, asked);
}

/// Those that may be acknowledged, and those that may not with the reasons.
fn split_acknowledgeable<'t>(
    app: &App,
    tasks: &[&'t Task],
) -> (Vec<&'t Task>, Vec<(&'t Task, String)>) {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for task in tasks {
        match why_not_acknowledge(app, task) {
            None => mine.push(*task),
            Some(why) => others.push((*task, why)),
        }
    }
    (mine, others)
}

/// The question about those that may be acknowledged, and why the others stay.
fn ask_acknowledge(app: &App, tasks: &[&Task]) -> (Option<Question>, Option<String>) {
    let (mine, others) = split_acknowledgeable(app, tasks);
    let stay = others.first().map(|(_, why)| {
        let count = counted(others.len(), "warning", "warnings");
        format!("{count} of others not acknowledged: {why}")
    });
    let question = (!mine.is_empty()).then(|| acknowledge_question(&mine));
    (question, stay)
}

fn open_acknowledge(app: &mut App, (question, stay): (Option<Question>, Option<String>)) {
    if let Some(text) = stay {
        app.notices.add(app.now, Level::Caution, text);
    }
    if let Some(question) = question {
        open(app, Layer::Question(question));
    }
}

fn acknowledge_question(tasks: &[&Task]) -> Question {
    Question {
        what: Asked::AcknowledgeAll(tasks.iter().map(|task| task.key.clone()).collect()),
        commands: tasks.iter().map(|task| acknowledging(task)).collect(),
        expected: None,
        input: Input::default(),
        first: 0,
    }
}

/// Acknowledges every failed task that is shown, after a question that counts and names them.
pub(super) fn acknowledge_all(app: &mut App) {
    let mut shown: Vec<&Task> = if app.focus == Focus::Pane {
        let row = |row: &PaneRow| match row {
            PaneRow::Failed(task) => app.inventory.task(task),
            _ => None,
        };
        app.pane.rows().iter().filter_map(row).collect()
    } else if app.view == ViewKind::Vms && !app.vms.filter().is_empty() {
        let rows = app
            .vms
            .rows()
            .iter()
            .filter_map(|slot| app.inventory.vm(*slot));
        rows.flat_map(|vm| app.inventory.warnings(&vm.key))
            .collect()
    } else {
        app.inventory.failed_tasks().collect()
    };
    shown.sort_by(|a, b| {
        b.created_at
            .cmp(&a.created_at)
            .then_with(|| a.key.cmp(&b.key))
    });
    if shown.is_empty() {
        app.notices
            .add(app.now, Level::Info, "No failed task is shown");
        return;
    }
    let asked = ask_acknowledge(app, &shown);
    open_acknowledge(app, asked);
}

fn acknowledging(task: &Task) -> Command {
    Command::Acknowledge {
        task: task.key.clone(),
        vm: task.vm.clone(),
    }
}

/// How a question about several tasks begins.
#[must_use]
pub fn acknowledge_title(count: usize) -> String {
    format!(
        "Acknowledge {}?",
        counted(count, "failed task", "failed tasks")
    )
}
