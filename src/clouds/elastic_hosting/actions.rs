//! Acting on a VM. No action has a task to follow, so each says what is to be seen of the VM until it is over.

use std::time::Duration;

use super::ElasticHosting;
use super::calls::Place;
use crate::clouds::error::Rejection;
use crate::clouds::{Accepted, Error, Goal, Phase, Result, Target};
use crate::model::{Action, PowerState};

/// What is kept of a VM to act on it: where it is.
pub(super) struct Handle {
    pub locator: String,
}

/// How long one phase may take.
const LIMIT: Duration = Duration::from_secs(300);

const ON: Goal = Goal::State(&[PowerState::On]);
const OFF: Goal = Goal::State(&[PowerState::Off]);
const PAUSED: Goal = Goal::State(&[PowerState::Paused]);

impl ElasticHosting {
    /// Sends one action to a VM that was read just now.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let unknown = || Error::NotFound("the VM was read by another cloud".to_owned());
        let handle = target.handle.downcast_ref::<Handle>().ok_or_else(unknown)?;
        let (word, phases) = change(action)?;
        let place = Place::change(&handle.locator)?;
        self.post(&place, &[("action", word)]).await?;
        // The state in the answer is a placeholder, not the one to come.
        Ok(Accepted::Watch(phases))
    }
}

/// The API's word for an action, and what is to be seen of it.
fn change(action: &Action) -> Result<(&'static str, Vec<Phase>)> {
    let phase = |kind, until, then| Phase {
        kind,
        until,
        limit: LIMIT,
        then,
    };
    let one = |word, kind, until| Ok((word, vec![phase(kind, until, None)]));
    match action {
        Action::PowerOn => one("start", "POWER_ON", ON),
        Action::PowerOff => one("stop", "POWER_OFF", OFF),
        Action::Pause => one("pause", "PAUSE", PAUSED),
        Action::Resume => one("resume", "RESUME", ON),
        Action::Suspend => one("save", "SUSPEND", PAUSED),
        Action::Delete { .. } => one("delete", "DELETE", Goal::Gone),
        // The API has none: a VM that never goes off is not started.
        Action::Reboot => Ok((
            "stop",
            vec![
                phase("POWER_OFF", OFF, Some(Action::PowerOn)),
                phase("POWER_ON", ON, None),
            ],
        )),
        // Availability says no before anything gets here, and protection is kept by this console.
        _ => Err(Error::Rejected(Rejection {
            status: 405,
            code: None,
            message: format!(
                "Elastic Hosting has no {}",
                action.kind().title().to_lowercase()
            ),
        })),
    }
}
