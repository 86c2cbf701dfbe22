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
use crate::console::text::counted;
use crate::fleet::{Ask, Command};
use crate::model::{Denial, Task, VmKey, may_acknowledge};

/// Why a failed task may not be acknowledged; `None` when it may.
fn denial(app: &App, task: &Task) -> Option<Denial> {
    let cloud = app.inventory.cloud(&task.key.cloud)?;
    let answer = may_acknowledge(
        task,
        cloud.info.capabilities,
        cloud.session.as_deref(),
        cloud.info.read_only,
    );
    answer.denial().cloned()
}

/// Those that may be acknowledged. Where none may, the reason of the first is told.
fn allowed<'a>(app: &App, tasks: Vec<&'a Task>) -> Result<Vec<&'a Task>, String> {
    let why = tasks.first().and_then(|task| denial(app, task));
    let allowed: Vec<_> = tasks
        .into_iter()
        .filter(|task| denial(app, task).is_none())
        .collect();
    match why {
        Some(why) if allowed.is_empty() => Err(format!("Acknowledge: {why}")),
        _ => Ok(allowed),
    }
}

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
        let task = app.inventory.task(&key).filter(|task| task.is_warning());
        let (level, text) = match task {
            None => (
                Level::Info,
                "This task has nothing to acknowledge".to_owned(),
            ),
            Some(task) => match denial(app, task) {
                Some(why) => (Level::Caution, format!("Acknowledge: {why}")),
                None => {
                    let command = acknowledging(task);
                    if matches!(app.layers.last(), Some(Layer::Task(_))) {
                        app.layers.pop();
                    }
                    return vec![Effect::Submit(command)];
                }
            },
        };
        app.notices.add(app.now, level, text);
        return Vec::new();
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
    let tasks: Vec<&Task> = app.inventory.warnings(&vm).collect();
    if tasks.is_empty() {
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
    match allowed(app, tasks).map(|tasks| tasks.into_iter().map(acknowledging).collect::<Vec<_>>())
    {
        Ok(commands) => {
            close_menu(app);
            commands.into_iter().map(Effect::Submit).collect()
        }
        Err(why) => {
            app.notices.add(app.now, Level::Caution, why);
            Vec::new()
        }
    }
}

/// Acknowledges every failed task of several VMs, after the question.
fn acknowledge_of(app: &mut App, vms: &[VmKey]) {
    let tasks: Vec<&Task> = vms
        .iter()
        .flat_map(|vm| app.inventory.warnings(vm))
        .collect();
    let question = question(
        app,
        tasks,
        "None of these VMs has a failed task to acknowledge",
    );
    ask(app, question);
}

/// The question about those that may be acknowledged; else the level and the words of why not.
fn question(app: &App, tasks: Vec<&Task>, none: &str) -> Result<Question, (Level, String)> {
    if tasks.is_empty() {
        return Err((Level::Info, none.to_owned()));
    }
    let tasks = allowed(app, tasks).map_err(|why| (Level::Caution, why))?;
    Ok(Question {
        what: Asked::AcknowledgeAll(tasks.iter().map(|task| task.key.clone()).collect()),
        commands: tasks.iter().map(|task| acknowledging(task)).collect(),
        expected: None,
        input: Input::default(),
        first: 0,
    })
}

fn ask(app: &mut App, question: Result<Question, (Level, String)>) {
    match question {
        Ok(question) => open(app, Layer::Question(question)),
        Err((level, text)) => app.notices.add(app.now, level, text),
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
    let question = question(app, shown, "No failed task is shown");
    ask(app, question);
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
