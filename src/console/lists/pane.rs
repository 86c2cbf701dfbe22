//! The pane of tasks and events: what failed and is not acknowledged, what runs, then what happened, newest first.

use jiff::Timestamp;

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::fleet::{Changes, Command, CommandId, Inventory};
use crate::model::{EventKey, Severity, Task, TaskKey, VmKey};

/// How many of the newest events the pane shows.
const EVENTS: usize = 200;

/// What a row of the pane is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaneRow {
    /// A task that runs.
    Running(TaskKey),
    /// A failed task that nobody has acknowledged.
    Failed(TaskKey),
    /// What became of something asked here.
    Report(CommandId),
    /// An event.
    Event(EventKey),
}

/// How much of the screen the pane takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaneSize {
    /// Open where the screen is high enough, else one line.
    #[default]
    Fitting,
    /// One line.
    Folded,
    /// So many rows.
    Rows(u16),
    /// Everything between header and footer.
    Full,
}

/// The fewest rows of an open pane.
const ROWS_MIN: u16 = 3;
/// The most.
const ROWS_MAX: u16 = 40;

impl PaneSize {
    /// The rows of the open pane (without its title) on a body of so many lines; `None` when it is folded.
    #[must_use]
    pub fn rows(self, body: u16) -> Option<u16> {
        let most = body.saturating_sub(8);
        match self {
            Self::Fitting => (body >= 26).then_some(body / 5),
            Self::Folded => None,
            Self::Rows(rows) => {
                (most >= ROWS_MIN).then_some(rows.clamp(ROWS_MIN, most.max(ROWS_MIN)))
            }
            Self::Full => Some(body.saturating_sub(1)),
        }
    }

    /// One line more or less than it has on a body of so many lines.
    #[must_use]
    pub fn resized(self, body: u16, by: i16) -> Self {
        let rows = self.rows(body).unwrap_or(ROWS_MIN - 1);
        let rows = rows.saturating_add_signed(by).min(ROWS_MAX);
        if rows < ROWS_MIN {
            Self::Folded
        } else {
            Self::Rows(rows)
        }
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Pane {
    rows: Vec<PaneRow>,
    cursor: Cursor<PaneRow>,
    /// How much of the screen it takes.
    pub size: PaneSize,
    /// What it was before it was full or folded.
    pub size_before: PaneSize,
    stale: bool,
}

impl Pane {
    /// Remembers that an update changed what it shows.
    pub fn note(&mut self, changes: &Changes) {
        self.stale |= changes.tasks || changes.events;
    }

    /// Makes the rows again if anything changed.
    pub fn settle(&mut self, inventory: &Inventory) {
        if !self.stale {
            return;
        }
        self.stale = false;
        self.rows.clear();
        let newest_first = |tasks: &mut Vec<&Task>| {
            tasks.sort_by(|a, b| {
                b.created_at
                    .cmp(&a.created_at)
                    .then_with(|| a.key.cmp(&b.key))
            });
        };
        let mut failed: Vec<_> = inventory.failed_tasks().collect();
        newest_first(&mut failed);
        self.rows.extend(
            failed
                .into_iter()
                .map(|task| PaneRow::Failed(task.key.clone())),
        );
        let mut running: Vec<_> = inventory.running_tasks().collect();
        newest_first(&mut running);
        self.rows.extend(
            running
                .into_iter()
                .map(|task| PaneRow::Running(task.key.clone())),
        );

        let mut happened: Vec<(Timestamp, PaneRow)> = Vec::new();
        for report in inventory
            .reports()
            .iter()
            .filter(|report| shows_report(inventory, &report.command, &report.stage))
        {
            happened.push((report.at, PaneRow::Report(report.id)));
        }
        let events = inventory.events().iter().take(EVENTS);
        happened.extend(events.map(|event| (event.at, PaneRow::Event(event.key.clone()))));
        happened.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        self.rows.extend(happened.into_iter().map(|(_, row)| row));

        let rows = &self.rows;
        self.cursor.settle(
            rows.len(),
            |row| rows.iter().position(|shown| same(shown, row)),
            |at| rows.get(at).cloned(),
        );
    }

    /// The rows, top down.
    #[must_use]
    pub fn rows(&self) -> &[PaneRow] {
        &self.rows
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// What the cursor is on.
    #[must_use]
    pub fn current(&self) -> Option<&PaneRow> {
        self.rows.get(self.at())
    }

    /// The VM that the row under the cursor is about.
    #[must_use]
    pub fn current_vm(&self, inventory: &Inventory) -> Option<VmKey> {
        vm_of(self.current()?, inventory)
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step, page: usize) {
        self.put(self.cursor.after(step, self.rows.len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, at: usize) {
        if let Some(row) = self.rows.get(at) {
            self.cursor.put(at, Some(row.clone()));
        }
    }
}

/// A task that ends keeps the cursor, as running or as failed.
fn same(a: &PaneRow, b: &PaneRow) -> bool {
    match (a, b) {
        (PaneRow::Running(a) | PaneRow::Failed(a), PaneRow::Running(b) | PaneRow::Failed(b)) => {
            a == b
        }
        (a, b) => a == b,
    }
}

/// What was asked is shown as its task while that runs or waits to be acknowledged; before that and after that by itself.
fn shows_report(inventory: &Inventory, command: &Command, stage: &crate::fleet::Stage) -> bool {
    use crate::fleet::Stage;
    let task = match stage {
        Stage::Accepted { task } | Stage::Failed { task, .. } => task.as_ref(),
        Stage::Asked
        | Stage::Sent
        | Stage::Done { .. }
        | Stage::Refused { .. }
        | Stage::NeedsForce { .. }
        | Stage::Unknown { .. } => None,
    };
    let told_by_task = task
        .and_then(|key| inventory.task(key))
        .is_some_and(|task| task.is_running() || task.is_warning());
    let acknowledged_quietly =
        matches!(command, Command::Acknowledge { .. }) && matches!(stage, Stage::Done { .. });
    !told_by_task && !acknowledged_quietly
}

/// The VM that a row is about.
#[must_use]
pub fn vm_of(row: &PaneRow, inventory: &Inventory) -> Option<VmKey> {
    match row {
        PaneRow::Running(task) | PaneRow::Failed(task) => inventory.task(task)?.vm.clone(),
        PaneRow::Report(id) => inventory
            .reports()
            .iter()
            .rev()
            .find(|report| report.id == *id)?
            .command
            .vm()
            .cloned(),
        PaneRow::Event(key) => event_of(key, inventory)?.vm.clone(),
    }
}

/// The event of a row.
#[must_use]
pub fn event_of<'a>(key: &EventKey, inventory: &'a Inventory) -> Option<&'a crate::model::Event> {
    inventory.events().iter().find(|event| event.key == *key)
}

/// How many of the events shown are errors, for the title.
#[must_use]
pub fn recent_errors(inventory: &Inventory) -> usize {
    inventory
        .events()
        .iter()
        .take(EVENTS)
        .filter(|event| event.severity == Severity::Error)
        .count()
}
