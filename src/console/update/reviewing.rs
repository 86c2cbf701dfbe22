//! Decisions about the tasks that workflow holds.

use tui_input::Input;

use super::open;
use crate::console::app::App;
use crate::console::choices::{Decide, DraftOf};
use crate::console::layers::Layer;
use crate::console::lists::workflow;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::console::text::counted;
use crate::fleet::{Command, Inventory};
use crate::model::text::clean_to;
use crate::model::{TaskKey, may_decide};

/// The longest note, in characters.
const NOTE_MAX: usize = 500;

/// What a person calls a decision.
#[must_use]
pub fn title(approve: bool) -> &'static str {
    if approve { "Approve" } else { "Reject" }
}

/// Whether a held task may be decided so, and if not, why not.
///
/// # Errors
/// The reason, in words.
pub fn decidable(inventory: &Inventory, key: &TaskKey, approve: bool) -> Result<(), String> {
    let view = inventory.cloud(&key.cloud);
    let Some((task, cloud)) = workflow::task(inventory, key).zip(view) else {
        return Err("it is held no longer".to_owned());
    };
    let asked = inventory.reports().iter().any(|report| {
        let same = matches!(&report.command, Command::Decide { task, .. } if task == key);
        same && !report.stage.is_final()
    });
    if asked {
        return Err("it is being decided already".to_owned());
    }
    let answer = may_decide(
        approve,
        task,
        cloud.info.capabilities,
        cloud.session.as_deref(),
        cloud.info.read_only,
    );
    answer
        .denial()
        .map_or(Ok(()), |denial| Err(denial.to_string()))
}

/// What a decision goes to now: the opened task, the marked ones, or the one under the cursor.
fn tasks(app: &App) -> Vec<TaskKey> {
    match app.layers.last() {
        Some(Layer::Task(dialog)) => vec![dialog.task.clone()],
        _ if !app.held.marks().is_empty() => app.held.marks().iter().cloned().collect(),
        _ => app.held.current().cloned().into_iter().collect(),
    }
}

/// Begins a decision: refused comes before asked.
pub(super) fn begin(app: &mut App, approve: bool) {
    let tasks = tasks(app);
    let answers: Vec<_> = tasks
        .iter()
        .map(|key| decidable(&app.inventory, key, approve))
        .collect();
    let title = title(approve);
    if tasks.is_empty() {
        let text = format!("{title}: there is no held task under the cursor");
        app.notices.add(app.now, Level::Info, text);
        return;
    }
    if let (true, Some(Err(why))) = (answers.iter().all(Result::is_err), answers.first()) {
        let text = match tasks.as_slice() {
            [_] => format!("{title}: {why}"),
            several => {
                let count = counted(several.len(), "task", "tasks");
                format!("{title}: none of {count} can be decided now; {why}")
            }
        };
        app.notices.add(app.now, Level::Caution, text);
        return;
    }
    let wanted = DraftOf::Note(tasks.clone());
    let kept = app.kept.take_if(|(draft, _)| *draft == wanted);
    let note = kept.map(|(_, text)| text).unwrap_or_default();
    let decide = Decide {
        approve,
        tasks,
        note: Input::new(note),
    };
    open(app, Layer::Decide(decide));
}

/// The decision is sent, for each task that may still be decided so. The marks have done their work.
pub(super) fn send(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Decide(decide)) = app.layers.pop() else {
        return Vec::new();
    };
    let text = clean_to(decide.note.value().trim(), NOTE_MAX).into_owned();
    let note = (!text.is_empty()).then_some(text);
    app.layers
        .retain(|layer| !matches!(layer, Layer::Task(dialog) if dialog.held));
    app.held.clear_marks();
    let mut effects = Vec::new();
    for key in decide.tasks {
        match decidable(&app.inventory, &key, decide.approve) {
            Ok(()) => {
                let task = workflow::task(&app.inventory, &key);
                effects.push(Effect::Submit(Command::Decide {
                    vm: task.and_then(|task| task.vm.clone()),
                    task: key,
                    approve: decide.approve,
                    note: note.clone(),
                }));
            }
            Err(why) => {
                let text = format!("{} was not sent: {why}", title(decide.approve));
                app.notices.add(app.now, Level::Caution, text);
            }
        }
    }
    effects
}
