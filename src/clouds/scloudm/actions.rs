//! Acting on a VM: one request for one VM, sent once, and what its answer proves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Scloudm;
use super::calls::Call;
use super::mapping::UNLISTED;
use super::places::Place;
use super::refusal::{failed_detail, is_invalid_region, verdict};
use super::wire::ConsoleAnswer;
use crate::clouds::body::decode;
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, Lane};
use crate::clouds::{Accepted, Error, Goal, Phase, Result, Target};
use crate::model::PowerState::{Off, On};
use crate::model::text::is_safe;
use crate::model::{Action, Vm};

/// So long an operation may take until the VM is seen in the state that was asked for.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// The longest address of a screen that is taken, in bytes.
const MAX_ADDRESS: usize = 2_048;

/// What acting on a VM needs.
struct Handle {
    place: Place,
    /// Nobody can see what becomes of it.
    unlisted: bool,
}

impl Scloudm {
    /// Reads a VM as it is now.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let found = self.find(vm, Lane::Act).await?;
        let place = Place::read(&found.vm.locator)
            .ok_or_else(|| Error::Protocol("the VM has no id".to_owned()))?;
        let handle = Handle {
            place,
            unlisted: *found.vm.native_state == *UNLISTED,
        };
        Ok(Target {
            vm: found.vm,
            handle: Box::new(handle),
        })
    }

    /// Sends one action to a VM that was read just now.
    ///
    /// The request names one VM: of several, a gateway acts on the first and then says that it failed.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let unknown = || Error::NotFound("the VM was read by another cloud".to_owned());
        let handle = target.handle.downcast_ref::<Handle>().ok_or_else(unknown)?;
        let (verb, value, kind, until) = match action {
            Action::PowerOn => ("os-start", json!(null), "POWER_ON", Goal::State(&[On])),
            Action::PowerOff => ("os-stop", json!(null), "POWER_OFF", Goal::State(&[Off])),
            Action::Reset => (
                "reboot",
                json!({"type": "HARD"}),
                "RESET",
                Goal::Again(&[On]),
            ),
            Action::Reboot => (
                "reboot",
                json!({"type": "SOFT"}),
                "REBOOT",
                Goal::Again(&[On]),
            ),
            // Availability says no before anything gets here, and protections are kept by this console.
            _ => {
                return Err(Error::Rejected(Rejection {
                    status: 405,
                    code: None,
                    message: format!("SCloudM has no {}", action.kind().title().to_lowercase()),
                }));
            }
        };
        let route = handle.place.route(&self.keys.action_path)?;
        let body = json!({"servers": handle.place.server, verb: value});
        let call = Call::post(route, body.to_string().into_bytes());
        self.taken(&self.answer(call).await?)?;
        Ok(if handle.unlisted {
            Accepted::Done
        } else {
            Accepted::Watch(vec![Phase {
                kind,
                until,
                limit: LIMIT,
                then: None,
            }])
        })
    }

    /// Whether the answer says that the request was taken. As documented it has no body; the published gateway has one, and in it what Nova
    /// said about the VM.
    ///
    /// # Errors
    /// What Nova said when it refused: then nothing was done. A gateway that only says that something went wrong may have lost Nova's
    /// answer, and proves nothing.
    fn taken(&self, answer: &Answer) -> Result<()> {
        let said = verdict(&answer.body);
        let failed = said
            .as_ref()
            .is_some_and(|said| failed_detail(said).is_some());
        if failed {
            return Err(self.refused(answer));
        }
        let code = said.as_ref().and_then(|said| said.code.0);
        let is_taken = code.is_none_or(|code| (200..300).contains(&code));
        if answer.status.is_success() && is_taken {
            return Ok(());
        }
        let error = self.refused(answer);
        Err(match &error {
            Error::NotFound(why) if answer.status.as_u16() == 404 => Error::Rejected(Rejection {
                status: 404,
                code: None,
                message: format!("{why}; check action_path, which led nowhere"),
            }),
            // The region is looked up before Nova is asked.
            Error::Rejected(said) if said.status == 400 && !is_invalid_region(&error) => {
                Error::Protocol(format!(
                    "{said}; the gateway does not tell whether it was done"
                ))
            }
            Error::Rejected(_) if answer.status.is_success() => Error::Protocol(error.to_string()),
            _ => error,
        })
    }

    /// Where the screen of a VM can be seen: an address that is good for some minutes and once. `None` where the gateway has no such
    /// thing.
    pub(super) async fn read_console(&self, vm: &Vm) -> Result<Option<Arc<str>>> {
        let Some(place) = Place::read(&vm.locator) else {
            return Ok(None);
        };
        let route = place.route("/mana_api/vnc_console/{tenant_id}/{region}/{server_id}")?;
        let answer = match self.call(Call::post(route, b"{}".to_vec())).await {
            Err(Error::NotFound(_)) => return Ok(None),
            answer => answer?,
        };
        let said: ConsoleAnswer<'_> = decode(&answer.body, "the address of the screen")?;
        let console = said.data.0.and_then(|data| data.console.0);
        let address = console.as_ref().and_then(|console| console.url.get());
        Ok(address.filter(|address| is_address(address)).map(Arc::from))
    }
}

fn is_address(text: &str) -> bool {
    let web = text.starts_with("http://") || text.starts_with("https://");
    web && text.len() <= MAX_ADDRESS && text.chars().all(|c| is_safe(c) && c != ' ')
}
