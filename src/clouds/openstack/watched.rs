//! Actions whose answer names no request, so that nothing can be asked about them: the server is watched instead.

use std::time::Duration;

use crate::clouds::{Accepted, Goal, Phase};
use crate::model::{Action, PowerState};

/// So long an action may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What is watched after an action; done at once where its end cannot be seen.
pub(super) fn watched(action: &Action) -> Accepted {
    use PowerState::{NotAllocated, Off, On, Paused, Unknown};
    const ANY: &[PowerState] = &[On, Off, Paused, NotAllocated, Unknown];
    let (kind, until) = match action {
        Action::PowerOn => ("POWER_ON", Goal::State(&[On])),
        Action::Shutdown => ("SHUTDOWN", Goal::State(&[Off])),
        Action::Reboot | Action::Reset => ("REBOOT", Goal::Again(&[On])),
        Action::Pause => ("PAUSE", Goal::State(&[Paused])),
        Action::Suspend => ("SUSPEND", Goal::State(&[Paused])),
        Action::Resume => ("RESUME", Goal::State(&[On])),
        Action::Shelve => ("SHELVE", Goal::State(&[Off, NotAllocated])),
        Action::Unshelve => ("UNSHELVE", Goal::State(&[On])),
        Action::Rescue => ("RESCUE", Goal::Again(&[On])),
        Action::Unrescue => ("UNRESCUE", Goal::Again(&[On])),
        Action::Delete { .. } => ("DELETE", Goal::Gone),
        Action::Restore => ("RESTORE", Goal::State(&[On, Off])),
        Action::Relocate { .. } => ("RELOCATE", Goal::Again(ANY)),
        Action::Evacuate { .. } => ("EVACUATE", Goal::Again(ANY)),
        Action::ConfirmResize => ("CONFIRM_RESIZE", Goal::Again(&[On, Off])),
        Action::RevertResize => ("REVERT_RESIZE", Goal::Again(&[On, Off])),
        _ => return Accepted::Done,
    };
    Accepted::Watch(vec![Phase {
        kind,
        until,
        limit: LIMIT,
        then: None,
    }])
}
