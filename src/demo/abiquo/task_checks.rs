//! Whether a task may be acknowledged, continued or cancelled (7.3, 10).

use super::actions::Act;
use super::answer::Refusal;
use super::asking::Asking;
use super::media::{Version, plain_text};
use super::routes::VmId;
use super::vm_checks::read_text;
use crate::demo::identity::Uuid;

const REVIEW: &str = "WORKFLOW_OVERRIDE";

type Result = std::result::Result<Act, Refusal>;

impl Asking<'_> {
    pub(super) fn acknowledge(&self, vm: VmId, uuid: Uuid) -> Result {
        let task = self.task(vm, uuid)?;
        if !self.pen(Version::LATEST).may_acknowledge(task) {
            return Err(Refusal::forbidden("USERS_MANAGE_USERS"));
        }
        if !task.is_warning() {
            return Err(Refusal::conflict(
                "TASK-2",
                "this task is in no state to be acknowledged",
            ));
        }
        Ok(Act::Acknowledge(task.vm, uuid))
    }

    /// Anybody cancels what they asked for; all else needs the privilege to decide about requests.
    pub(super) fn review(&self, vm: VmId, uuid: Uuid, approved: bool, body: &[u8]) -> Result {
        let task = self.task(vm, uuid)?;
        if approved || task.user != self.user {
            self.need(REVIEW)?;
        }
        let note = if body.is_empty() {
            ""
        } else {
            plain_text(self.headers)?;
            read_text(body)?
        };
        if task.held.is_none() {
            return Err(Refusal::conflict(
                "TASK-2",
                "this task does not wait for a review",
            ));
        }
        Ok(Act::Review {
            vm: task.vm,
            task: uuid,
            approved,
            note: note.to_owned(),
        })
    }
}
