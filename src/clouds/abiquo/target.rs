//! Reading a VM afresh: where it was found, or where it has moved to.

use super::Abiquo;
use super::calls::Call;
use super::mapping::{Mapper, Texts};
use super::refusal::decode;
use super::wire::{Collection, Links, Screen, VirtualMachine};
use crate::clouds::http::{Origin, Route};
use crate::clouds::{Error, Result, Target};
use crate::model::Vm;

/// The relations of a VM's links that actions go to.
const WAYS: &[&str] = &[
    "edit",
    "state",
    "deploy",
    "undeploy",
    "reset",
    "instance",
    "protect",
    "unprotect",
    "relocate",
    "relocatecandidates",
    "vappmove",
];

/// What acting on a VM needs: where its actions are, as it said itself just now.
#[derive(Debug, Default)]
pub(super) struct Handle {
    ways: Vec<(&'static str, Route)>,
    /// The address of its appliance, as the server writes it.
    pub appliance: Option<Box<str>>,
}

impl Handle {
    fn new(links: &Links<'_>, origin: &Origin) -> Self {
        let way = |rel: &&'static str| Some((*rel, origin.route(links.href(rel)?).ok()?));
        let appliance = links
            .href("virtualappliance")
            .filter(|href| origin.route(href).is_ok());
        Self {
            ways: WAYS.iter().filter_map(way).collect(),
            appliance: appliance.map(Box::from),
        }
    }

    /// Where a relation leads, if the VM has it and it leads into the API.
    pub fn route(&self, rel: &str) -> Option<&Route> {
        let way = self.ways.iter().find(|(known, _)| *known == rel);
        way.map(|(_, route)| route)
    }
}

impl Abiquo {
    /// Reads a VM where it was found, or where it has moved to. What is acted on next is the VM that was asked for, or none: whatever
    /// the cloud answers instead is refused.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let body = self.read_body(vm).await?;
        let wire: VirtualMachine<'_> = decode(&body, "the VM")?;
        let origin = self.http.origin();
        let mut names = Texts::default();
        let now = Mapper {
            cloud: &self.name,
            origin,
            names: &mut names,
        }
        .vm(&wire);
        let now = now.ok_or_else(|| Error::Protocol("the VM has no id".to_owned()))?;
        let other_uuid = match (&vm.uuid, &now.uuid) {
            (Some(asked), Some(read)) => !asked.eq_ignore_ascii_case(read),
            _ => false,
        };
        if now.key != vm.key || other_uuid {
            return Err(another());
        }
        Ok(Target {
            vm: now,
            handle: Box::new(Handle::new(&wire.links, origin)),
        })
    }

    /// The VM's body, from where it was found or where it has moved to.
    pub(super) async fn read_body(&self, vm: &Vm) -> Result<Vec<u8>> {
        let read = match Route::new(&vm.locator) {
            Ok(route) => self.body_at(route).await,
            // A VM that never said where it is.
            Err(_) => Err(Error::NotFound("it is not known where it is".to_owned())),
        };
        match read {
            Err(Error::NotFound(why)) => match self.moved(vm).await? {
                Some(route) => self.body_at(route).await,
                None => Err(Error::NotFound(why)),
            },
            other => other,
        }
    }

    /// The little that is read of a VM beside what is listed, from where it is now.
    pub(super) fn its_own<'b>(vm: &Vm, body: &'b [u8]) -> Result<Screen<'b>> {
        let wire: Screen<'_> = decode(body, "the VM")?;
        if wire.id.get() == Some(&*vm.key.id) {
            Ok(wire)
        } else {
            Err(another())
        }
    }

    async fn body_at(&self, route: Route) -> Result<Vec<u8>> {
        let call = Call::get(route, "virtualmachine").acting();
        self.call(call).await.map(|answer| answer.body)
    }

    /// Where a VM is that is not where it was: moving one to another appliance changes its address, not its id. One request, by its name.
    async fn moved(&self, vm: &Vm) -> Result<Option<Route>> {
        let label: String = url::form_urlencoded::byte_serialize(vm.name.as_bytes()).collect();
        let list = self.place()?.vms();
        let route = Route::new(&format!("{list}?vmlabel={label}&limit=100"))?;
        let answer = self
            .call(Call::get(route, "virtualmachines").acting().list())
            .await?;
        let page: Collection<'_, VirtualMachine<'_>> = decode(&answer.body, "the list of VMs")?;
        let here = page
            .collection
            .items
            .iter()
            .find(|wire| wire.id.get() == Some(&*vm.key.id));
        Ok(here.and_then(|wire| self.http.origin().route(wire.links.href("edit")?).ok()))
    }
}

fn another() -> Error {
    Error::Protocol("the cloud answered with another VM".to_owned())
}
