//! What who is signed in may do with warnings, for the hints of the views and for the keys alike.

use super::app::App;
use crate::fleet::Overview;
use crate::model::{Task, may_acknowledge};

/// Why a failed task may not be acknowledged by who is signed in; `None` when it may.
#[must_use]
pub fn why_not_acknowledge(app: &App, task: &Task) -> Option<String> {
    let cloud = app.inventory.cloud(&task.key.cloud)?;
    let info = &cloud.info;
    let session = cloud.session.as_deref();
    let answer = may_acknowledge(task, info.capabilities, session, info.read_only);
    let denial = answer.denial()?;
    Some(denial.told(&app.look.labels, None).to_string())
}

/// Whether a VM has a warning that may be acknowledged by who is signed in, or may have one.
#[must_use]
pub fn may_acknowledge_any(app: &App, vm: &Overview<'_>) -> bool {
    let mut tasks = app.inventory.warnings(&vm.vm.key).peekable();
    // What only an event tells of is not read yet.
    let suspected = tasks.peek().is_none() && vm.warnings > 0;
    suspected || tasks.any(|task| why_not_acknowledge(app, task).is_none())
}
