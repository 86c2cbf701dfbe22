//! Acting on a server: reading it afresh, and sending one action once.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::calls::{Call, Place, To};
use super::mapping::{Mapper, id};
use super::refusal::request_id;
use super::versions::Microversion;
use super::watched::watched;
use super::{Openstack, gone, wire};
use crate::clouds::body::decode;
use crate::clouds::error::Rejection;
use crate::clouds::http::Lane;
use crate::clouds::{Accepted, Error, Result, Target, TaskHandle};
use crate::model::text::clean_to;
use crate::model::{Action, TaskKey, Vm};

/// The longest reason of a lock, in characters, and the longest name of an image.
const MAX_TEXT: usize = 255;

/// What acting on a server needs, as it was read just now.
struct Handle {
    place: Place,
    id: String,
    /// Its own word for its state.
    word: String,
}

/// One request.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Something below `/action`.
    Action(Value),
    /// The server is removed.
    Delete,
}

impl Openstack {
    /// Reads a server.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let (place, uuid) = self.find(vm)?;
        let vm = self.read_server(&place, &uuid).await?;
        let handle = Handle {
            place,
            id: uuid,
            word: vm.native_state.to_string(),
        };
        Ok(Target {
            vm,
            handle: Box::new(handle),
        })
    }

    async fn read_server(&self, place: &Place, uuid: &str) -> Result<Vm> {
        let call = Call::get(To::Compute, format!("/servers/{uuid}"), Lane::Act);
        let answer = self.call(place, &call).await?;
        let names = self.names(place, Lane::Act, false).await;
        let row: wire::One<'_> = decode(&answer.body, "the server")?;
        let row = row.server.0.ok_or_else(gone)?;
        if row.status.get() == Some("DELETED") {
            return Err(gone());
        }
        let mut texts = self.texts();
        let mut mapper = Mapper {
            cloud: &self.name,
            region: &place.region,
            through: &place.scope.project_id(),
            names: &names,
            texts: &mut texts,
        };
        mapper
            .vm(&row)
            .filter(|vm| *vm.key.id == *uuid)
            .ok_or_else(|| Error::Protocol("another server was answered".to_owned()))
    }

    /// Sends one action to a server that was read just now.
    pub(super) async fn act(&self, target: &Target, action: &Action) -> Result<Accepted> {
        let unknown = || Error::NotFound("the server was read by another cloud".to_owned());
        let handle = target.handle.downcast_ref::<Handle>().ok_or_else(unknown)?;
        let version = self.version(&handle.place, Lane::Act).await?;
        let path = format!("/servers/{}", handle.id);
        let call = match change(&handle.word, action, version)? {
            Change::Action(body) => {
                Call::change(Method::POST, format!("{path}/action"), Some(&body))
            }
            Change::Delete => Call::change(Method::DELETE, path, None),
        };
        let answer = self.call(&handle.place, &call).await?;
        Ok(self.accepted(handle, action, &answer.headers))
    }

    /// What was done is followed by the id of the request, under which Nova keeps it; a server that names none is watched.
    fn accepted(&self, handle: &Handle, action: &Action, headers: &HeaderMap) -> Accepted {
        let Some(request) = request_id(headers) else {
            return watched(action);
        };
        let place = self.place_key(&handle.place);
        let vm = crate::model::VmKey::new(&self.name, &handle.id);
        let kind = action.kind().id();
        Accepted::Task(TaskHandle {
            key: TaskKey {
                cloud: self.name.clone(),
                id: format!("{}/{request}", handle.id).into(),
            },
            vm: Some(vm),
            locator: format!("{place}|{}|{request}|{kind}", handle.id).into(),
        })
    }
}

/// The request that an action is, to a server in this state of its own.
pub(super) fn change(word: &str, action: &Action, version: Microversion) -> Result<Change> {
    let plain = |name: &str| Ok(Change::Action(json!({ name: null })));
    match action {
        Action::PowerOn => plain("os-start"),
        Action::Shutdown => plain("os-stop"),
        Action::Reboot => Ok(Change::Action(json!({"reboot": {"type": "SOFT"}}))),
        Action::Reset => Ok(Change::Action(json!({"reboot": {"type": "HARD"}}))),
        Action::Pause => plain("pause"),
        Action::Resume if word == "SUSPENDED" => plain("resume"),
        Action::Resume => plain("unpause"),
        Action::Suspend => plain("suspend"),
        Action::Protect { reason } if version >= Microversion::LOCK_REASON => {
            let reason = clean_to(reason.trim(), MAX_TEXT - 1);
            Ok(Change::Action(json!({"lock": {"locked_reason": reason}})))
        }
        Action::Protect { .. } => plain("lock"),
        Action::Unprotect => plain("unlock"),
        Action::Shelve => plain("shelve"),
        Action::Unshelve => plain("unshelve"),
        Action::Rescue => plain("rescue"),
        Action::Unrescue => plain("unrescue"),
        Action::ConfirmResize => plain("confirmResize"),
        Action::RevertResize => plain("revertResize"),
        Action::Restore => plain("restore"),
        // What is deleted already is removed for good.
        Action::Delete { force, .. } if *force || word == "SOFT_DELETED" => plain("forceDelete"),
        Action::Delete { .. } => Ok(Change::Delete),
        Action::Snapshot { name } => {
            let name = clean_to(name.trim(), MAX_TEXT - 1);
            Ok(Change::Action(
                json!({"createImage": {"name": name, "metadata": {}}}),
            ))
        }
        Action::Relocate { host } => relocate(word, &named(host)?, version),
        Action::Evacuate { host } => {
            if version < Microversion::EVACUATE {
                return Err(too_old("evacuate", version, Microversion::EVACUATE));
            }
            let host = host.as_deref().map(named).transpose()?;
            Ok(Change::Action(match host {
                Some(host) => json!({"evacuate": {"host": host}}),
                None => json!({"evacuate": {}}),
            }))
        }
        // Availability says no before anything gets here.
        _ => Err(Error::unsupported(action.kind().title())),
    }
}

/// What runs is moved while it runs. What is off is moved cold.
fn relocate(word: &str, host: &str, version: Microversion) -> Result<Change> {
    if word == "SHUTOFF" {
        if version < Microversion::MIGRATE_TO {
            return Err(too_old(
                "move a server that is off to a host of choice",
                version,
                Microversion::MIGRATE_TO,
            ));
        }
        return Ok(Change::Action(json!({"migrate": {"host": host}})));
    }
    let mut live = json!({"host": host, "block_migration": "auto"});
    if version < Microversion::AUTO_MIGRATION {
        live["block_migration"] = false.into();
        live["disk_over_commit"] = false.into();
    }
    Ok(Change::Action(json!({"os-migrateLive": live})))
}

/// A host's name, which is a text of the cloud's.
fn named(host: &str) -> Result<String> {
    let right = !host.trim().is_empty() && host.len() <= MAX_TEXT;
    if right && host.chars().all(crate::model::text::is_safe) {
        Ok(host.to_owned())
    } else {
        Err(Error::NotFound("no such host".to_owned()))
    }
}

fn too_old(what: &str, is: Microversion, needs: Microversion) -> Error {
    Error::Rejected(Rejection {
        status: 406,
        code: None,
        message: format!("this Nova has version {is} of its API, and cannot {what} before {needs}"),
    })
}

impl Openstack {
    /// Where a server is found: the place that its locator names, else any that reaches its region.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no place does.
    pub(super) fn find(&self, vm: &Vm) -> Result<(Place, String)> {
        let (place, uuid) = self.find_at(&vm.locator)?;
        Ok((place, uuid))
    }

    /// As [`Openstack::find`], by the locator `project|region|server…`.
    pub(super) fn find_at(&self, locator: &str) -> Result<(Place, String)> {
        let mut parts = locator.split('|');
        let (project, region) = (parts.next(), parts.next());
        let uuid = id(parts.next()).ok_or_else(gone)?;
        let (project, region) = (project.unwrap_or_default(), region.unwrap_or_default());
        let scopes = self.scopes();
        let scope = scopes
            .iter()
            .find(|scope| *scope.project_id() == *project)
            .or(scopes.first())
            .ok_or_else(|| Error::SignIn("there is no session yet; sign in first".to_owned()))?;
        let place = Place {
            scope: scope.clone(),
            region: region.into(),
        };
        Ok((place, uuid.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn what_an_older_nova_lacks_is_left_out_or_said() {
        let lock = Action::Protect {
            reason: "upgrade".to_owned(),
        };
        let of = |action: &Action, version| change("ACTIVE", action, version);
        assert_eq!(
            of(&lock, Microversion::BASE).unwrap(),
            Change::Action(json!({"lock": null}))
        );
        let live = Action::Relocate {
            host: "h2".to_owned(),
        };
        assert_eq!(
            of(&live, Microversion::BASE).unwrap(),
            Change::Action(
                json!({"os-migrateLive": {"host": "h2", "block_migration": false, "disk_over_commit": false}})
            )
        );
        let cold = change("SHUTOFF", &live, Microversion::AUTO_MIGRATION);
        assert_eq!(
            cold.unwrap_err().to_string(),
            "rejected by the cloud: this Nova has version 2.25 of its API, and cannot move a server that is off to a host of choice before 2.56"
        );
        let evacuate = Action::Evacuate { host: None };
        assert!(of(&evacuate, Microversion::BASE).is_err());
    }

    #[test]
    fn a_hostile_name_of_a_host_goes_nowhere() {
        for host in ["", " ", "a\nb", "h\u{1b}[31m", &"x".repeat(300)] {
            let action = Action::Relocate {
                host: host.to_owned(),
            };
            assert!(change("ACTIVE", &action, Microversion::WANTED).is_err());
        }
    }
}
