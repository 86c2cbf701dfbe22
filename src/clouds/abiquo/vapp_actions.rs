//! Acting on an appliance as a whole.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::Abiquo;
use super::calls::{Call, Media};
use super::change::{flagged, json, undeploy};
use super::refusal::{
    asks_first, decode, is_object, passed_over_on_vapp, said_nothing, unreadable, unsent,
};
use super::wire::VirtualAppliance;
use crate::clouds::error::Rejection;
use crate::clouds::http::{Answer, Route};
use crate::clouds::{Accepted, Error, Result, VappAccepted};
use crate::model::{Action, PowerState, Vapp, VappAction, Vm, VmKey};

impl Abiquo {
    /// An appliance as it is now.
    pub(super) async fn read_vapp(&self, vapp: &Vapp) -> Result<Vapp> {
        let body = self.vapp_body(vapp).await?;
        let wire: VirtualAppliance<'_> = decode(&body, "the appliance")?;
        self.same(vapp, &wire)
    }

    async fn vapp_body(&self, vapp: &Vapp) -> Result<Vec<u8>> {
        let call = Call::get(place(vapp)?, "virtualappliance").acting();
        self.call(call).await.map(|answer| answer.body)
    }

    /// What was read, if it is the appliance that was asked for.
    fn same(&self, vapp: &Vapp, wire: &VirtualAppliance<'_>) -> Result<Vapp> {
        let now = self.map_vapp(wire)?;
        if now.id != vapp.id {
            return Err(Error::Protocol(
                "the cloud answered with another appliance".to_owned(),
            ));
        }
        Ok(Vapp {
            project: now.project.or_else(|| vapp.project.clone()),
            locator: if now.locator.is_empty() {
                vapp.locator.clone()
            } else {
                now.locator
            },
            ..now
        })
    }

    /// Sends one action on an appliance, once.
    pub(super) async fn act_on_vapp(
        &self,
        vapp: &Vapp,
        action: &VappAction,
        vms: &[Arc<Vm>],
    ) -> Result<VappAccepted> {
        let acted = match action {
            VappAction::Deploy { force } => self.deploy_vapp(vapp, *force, vms).await,
            VappAction::Undeploy { force } => self.undeploy_vapp(vapp, *force).await,
            VappAction::Edit { name, restricted } => self.edit_vapp(vapp, name, *restricted).await,
            VappAction::Delete => self.delete_vapp(vapp).await,
        };
        acted.map_err(|error| asks_first(passed_over_on_vapp(action), error))
    }

    /// Where an action of the appliance is, as it says itself just now.
    async fn vapp_way(&self, vapp: &Vapp, rel: &str) -> Result<Route> {
        let body = self.vapp_body(vapp).await.map_err(unsent)?;
        let wire: VirtualAppliance<'_> = decode(&body, "the appliance").map_err(unsent)?;
        self.same(vapp, &wire).map_err(unsent)?;
        let missing = || Error::NotFound(format!("the cloud offers no {rel} for this appliance"));
        let href = wire.links.href(rel).ok_or_else(missing)?;
        self.http.origin().route(href)
    }

    async fn deploy_vapp(&self, vapp: &Vapp, force: bool, vms: &[Arc<Vm>]) -> Result<VappAccepted> {
        let route = flagged(&self.vapp_way(vapp, "deploy").await?, &[("force", force)])?;
        let call = Call::change(Method::POST, route, Media::Abiquo("acceptedrequest"));
        match self.call(call).await {
            Ok(answer) => self.vapp_accepted(&answer),
            Err(Error::Conflict(no)) if is_all_or_nothing(&no) => {
                self.deploy_each(no, force, vms).await
            }
            Err(error) => Err(error),
        }
    }

    /// Old servers deploy an appliance only while none of its VMs is deployed: those that are on no host are deployed one by one.
    async fn deploy_each(
        &self,
        no: Rejection,
        force: bool,
        vms: &[Arc<Vm>],
    ) -> Result<VappAccepted> {
        let action = Action::Deploy { force };
        let mut accepted = VappAccepted::default();
        let mut asked = false;
        let mut outage: Option<Error> = None;
        for vm in vms {
            if vm.power != PowerState::NotAllocated {
                continue;
            }
            if let Some(error) = &outage {
                let why = Error::Unreachable {
                    host: self.http.origin().authority().to_owned(),
                    why: format!("not asked, because the cloud failed before ({error})"),
                };
                accepted.refused.push((vm.key.clone(), why));
                continue;
            }
            let target = match self.read_target(vm).await.map_err(unsent) {
                Ok(target) if target.vm.power == PowerState::NotAllocated => target,
                // Somebody else was faster.
                Ok(_) => continue,
                Err(error) => {
                    accepted.refused.push((vm.key.clone(), error));
                    continue;
                }
            };
            asked = true;
            match self.act(&target, &action).await {
                Ok(Accepted::Task(handle)) => accepted.tasks.push(handle),
                Ok(Accepted::Done | Accepted::Watch(_)) => {}
                Err(error) => {
                    outage = error.is_outage().then(|| error.clone());
                    accepted.refused.push((vm.key.clone(), error));
                }
            }
        }
        if !asked && accepted.refused.is_empty() {
            return Err(Error::Conflict(no));
        }
        // A question that every one of them ends in is the appliance's.
        if accepted.tasks.is_empty()
            && accepted
                .refused
                .iter()
                .all(|(_, error)| matches!(error, Error::NeedsForce(_)))
            && let Some((_, error)) = accepted.refused.pop()
        {
            return Err(error);
        }
        Ok(accepted)
    }

    async fn undeploy_vapp(&self, vapp: &Vapp, force: bool) -> Result<VappAccepted> {
        let route = self.vapp_way(vapp, "undeploy").await?;
        let call = Call::change(Method::POST, route, Media::Abiquo("acceptedrequest"))
            .with(Media::Abiquo("virtualmachinetask"), undeploy(force)?);
        let answer = self.call(call).await?;
        self.vapp_accepted(&answer)
    }

    /// Puts the whole appliance as it was read, with the name and the restriction changed: what is left out of it would be taken away.
    async fn edit_vapp(&self, vapp: &Vapp, name: &str, restricted: bool) -> Result<VappAccepted> {
        let body = self.vapp_body(vapp).await.map_err(unsent)?;
        let wire: VirtualAppliance<'_> = decode(&body, "the appliance").map_err(unsent)?;
        self.same(vapp, &wire).map_err(unsent)?;
        let mut whole: Value =
            crate::clouds::body::decode_any(&body, "the appliance").map_err(unsent)?;
        if let Some(members) = whole.as_object_mut() {
            members.insert("name".to_owned(), name.into());
            // A server that does not know restrictions is not told of them.
            if restricted || members.contains_key("restricted") {
                members.insert("restricted".to_owned(), restricted.into());
            }
        }
        let media = Media::Abiquo("virtualappliance");
        let route = match wire.links.href("edit") {
            Some(href) => self.http.origin().route(href)?,
            None => place(vapp)?,
        };
        let call = Call::change(Method::PUT, route, media).with(media, json(&whole)?);
        let answer = self.call(call).await?;
        if is_object(&answer.body) {
            Ok(VappAccepted::default())
        } else {
            said_nothing(&answer).map(|()| VappAccepted::default())
        }
    }

    async fn delete_vapp(&self, vapp: &Vapp) -> Result<VappAccepted> {
        let call = Call::change(Method::DELETE, place(vapp)?, Media::Any);
        let answer = self.call(call).await?;
        self.vapp_accepted(&answer)
    }

    /// What a success means: a task for each `status` link; done (204); else it goes on without any to follow.
    fn vapp_accepted(&self, answer: &Answer) -> Result<VappAccepted> {
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(VappAccepted::default());
        }
        let tasks = if answer.body.trim_ascii().is_empty() {
            Vec::new()
        } else {
            self.statuses(answer).map_err(|_| unreadable(answer))?
        };
        Ok(VappAccepted {
            goes_on: tasks.is_empty(),
            tasks,
            refused: Vec::<(VmKey, Error)>::new(),
        })
    }
}

/// Where an appliance was found.
fn place(vapp: &Vapp) -> Result<Route> {
    Route::new(&vapp.locator).map_err(|_| Error::NotFound("it is not known where it is".to_owned()))
}

/// Whether a refusal to deploy is about the states that the VMs are in, so that some of them may be deployed alone: not about
/// limits, which hold for each of them as well, nor about a protection, which is meant to stand in the way.
fn is_all_or_nothing(no: &Rejection) -> bool {
    let code = no.code.as_deref().unwrap_or_default();
    let limits = ["SOFT_LIMIT_EXCEEDED", "LIMIT", "ALLOC"];
    code != "VM-120" && !limits.iter().any(|limit| code.starts_with(limit))
}
