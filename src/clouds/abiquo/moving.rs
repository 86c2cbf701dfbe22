//! Moving a VM: to another host, or to another appliance. Neither has a recorded request; what was inferred stands here and in
//! [`super::change::relocation`] alone.

use std::ops::ControlFlow;
use std::sync::Arc;

use reqwest::{Method, StatusCode};

use super::Abiquo;
use super::calls::{Call, Media};
use super::change::{json, relocation, way};
use super::listing::turn;
use super::mapping::{last_segment, own};
use super::refusal::{decode, is_object, refusal, unreadable, unsent};
use super::target::Handle;
use super::tenants::segment;
use super::wire::request::{LinkBody, LinksBody};
use super::wire::{Collection, Machine};
use crate::clouds::http::{Answer, Origin};
use crate::clouds::{Accepted, Error, Result, Target};
use crate::model::{Host, Vm};

/// More hosts than a rack holds.
const MAX_HOSTS: usize = 2_000;

/// A host that a VM can be moved to, and its link.
pub(super) struct Candidate {
    pub host: Host,
    link: Option<LinkBody>,
}

impl Abiquo {
    /// The hosts that a VM can be moved to now.
    pub(super) async fn hosts_for(&self, vm: &Vm) -> Result<Vec<Host>> {
        let target = self.read_target(vm).await?;
        let candidates = self.candidates_of(handle(&target)?).await?;
        Ok(candidates
            .into_iter()
            .map(|candidate| candidate.host)
            .collect())
    }

    async fn candidates_of(&self, handle: &Handle) -> Result<Vec<Candidate>> {
        let route = way(handle, "relocatecandidates")?.clone();
        let mut candidates: Vec<Candidate> = Vec::new();
        let call = Call::get(route, "machines").acting().list();
        self.follow(call, |body| {
            let page: Collection<'_, Machine<'_>> = decode(body, "the list of hosts")?;
            let found = page.collection.items.iter();
            candidates.extend(found.filter_map(|wire| candidate(wire, self.http.origin())));
            if candidates.len() >= MAX_HOSTS || page.collection.len == 0 {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await?;
        candidates.truncate(MAX_HOSTS);
        Ok(candidates)
    }

    /// Moves a VM to a host. Its link is read anew: a journal keeps the id alone, and a host that is no candidate any more is not
    /// tried.
    pub(super) async fn relocate(&self, target: &Target, host: &str) -> Result<Accepted> {
        let handle = handle(target)?;
        way(handle, "relocate")?;
        let candidates = self.candidates_of(handle).await.map_err(unsent)?;
        let mut candidates = candidates.into_iter();
        let found = candidates.find(|candidate| *candidate.host.id == *host);
        let link = found.and_then(|candidate| candidate.link).ok_or_else(|| {
            Error::NotFound("the host is none of those that the VM can be moved to now".to_owned())
        })?;
        self.send(target, relocation(handle, link)?).await
    }

    /// Moves a VM to another appliance of its virtual datacenter, by the appliance's id; without one, to a restricted appliance that
    /// the server chooses.
    ///
    /// Inferred: the link is documented, the method is not. It is posted, as all actions on VMs are, and put once if
    /// that method is not allowed (405), which proves that nothing was done. It is done when it is answered: by any success, or by 301
    /// with the moved object, as other moves are.
    pub(super) async fn move_to(&self, target: &Target, vapp: Option<&str>) -> Result<Accepted> {
        let handle = handle(target)?;
        let route = way(handle, "vappmove")?.clone();
        let links = match vapp {
            Some(id) => vec![self.appliance_link(target, handle, id)?],
            None => Vec::new(),
        };
        let body = json(&LinksBody { links })?;
        let call = |method: Method| {
            Call::change(method, route.clone(), Media::Any)
                .with(Media::Abiquo("links"), body.clone())
        };
        let mut answer = self.answer(call(Method::POST)).await?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            answer = self.answer(call(Method::PUT)).await?;
        }
        self.moved_by(target, &answer)
    }

    fn moved_by(&self, target: &Target, answer: &Answer) -> Result<Accepted> {
        let empty = answer.body.trim_ascii().is_empty();
        let own = empty || is_object(&answer.body);
        match answer.status {
            StatusCode::MOVED_PERMANENTLY if !empty && own => Ok(Accepted::Done),
            status if !status.is_success() => Err(refusal(answer)),
            _ if !own => Err(unreadable(answer)),
            StatusCode::ACCEPTED if !empty => {
                let task = self.status(&target.vm.key, answer)?;
                Ok(task.map_or(Accepted::Done, Accepted::Task))
            }
            _ => Ok(Accepted::Done),
        }
    }

    /// The link to an appliance beside the VM's own, as the server itself writes it.
    fn appliance_link(&self, target: &Target, handle: &Handle, id: &str) -> Result<LinkBody> {
        let id = segment(id)?;
        let beside = |address: &str| {
            let (list, _) = address.rsplit_once('/')?;
            Some(format!("{list}/{id}"))
        };
        let by_link = || {
            let own = handle.appliance.as_deref()?;
            let path = own.split(['?', '#']).next()?;
            beside(path.trim_end_matches('/'))
        };
        let by_place = || {
            let (own, _) = target.vm.locator.rsplit_once("/virtualmachines/")?;
            let route = super::Route::new(&beside(own)?).ok()?;
            Some(self.http.origin().url(&route).ok()?.to_string())
        };
        let href = by_link().or_else(by_place).ok_or_else(|| {
            Error::NotFound("the VM does not say which appliance it stands in".to_owned())
        })?;
        Ok(LinkBody {
            title: None,
            rel: "virtualappliance",
            kind: "application/vnd.abiquo.virtualappliance+json",
            href,
        })
    }
}

/// What was kept of a VM that this client read.
pub(super) fn handle(target: &Target) -> Result<&Handle> {
    let handle = target.handle.downcast_ref::<Handle>();
    handle.ok_or_else(|| Error::NotFound("the VM was read by another cloud".to_owned()))
}

/// A host; `None` for an entry that nothing could name.
pub(super) fn candidate(wire: &Machine<'_>, origin: &Origin) -> Option<Candidate> {
    let href = ["edit", "self", "machine"]
        .into_iter()
        .filter_map(|rel| wire.links.href(rel))
        .find(|href| origin.route(href).is_ok());
    let id: Arc<str> = own(wire.id.get()).or_else(|| own(href.map(last_segment)))?;
    let name: Arc<str> = own(wire.name.get()).unwrap_or_else(|| id.clone());
    let link = href.map(|href| LinkBody {
        title: Some(name.to_string()),
        rel: "machine",
        kind: "application/vnd.abiquo.machine+json",
        href: href.to_owned(),
    });
    let cpu = |number: Option<i64>| u32::try_from(number?).ok();
    let ram = |number: Option<i64>| u64::try_from(number?).ok();
    let cpus = cpu(wire.virtual_cpus_used.0).zip(cpu(wire.virtual_cpu_cores.0));
    let ram_mib = ram(wire.virtual_ram_used_in_mb.0).zip(ram(wire.virtual_ram_in_mb.0));
    Some(Candidate {
        host: Host {
            id,
            name,
            cluster: None,
            address: own(wire.ip.get()).or_else(|| own(wire.manager_ip.get())),
            cpus,
            ram_mib,
        },
        link,
    })
}
