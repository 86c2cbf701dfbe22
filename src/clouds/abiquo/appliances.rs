//! Virtual appliances: listing them, the virtual datacenters that they stand in, and making new ones.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::Method;

use super::Abiquo;
use super::calls::{Call, Media};
use super::change::json;
use super::listing::{PAGE, turn};
use super::mapping::{Mapper, Texts};
use super::refusal::{decode, unreadable};
use super::tenants::{Place, named, segment};
use super::wire::request::NewVirtualAppliance;
use super::wire::{Collection, Named, VirtualAppliance};
use crate::clouds::http::{Origin, Route};
use crate::clouds::{Error, Result};
use crate::model::{Group, Vapp};

/// More virtual datacenters than anybody has.
const MAX_DATACENTERS: usize = 20_000;

/// The most appliances that are kept of one list.
const MAX_VAPPS: usize = 200_000;

impl Abiquo {
    /// Every virtual appliance: those of each virtual datacenter, or those of the chosen tenant.
    pub(super) async fn list_vapps(&self) -> Result<Vec<Vapp>> {
        let names = Mutex::new(Texts::default());
        let lists = match self.place()? {
            Place::Tenant(id) => {
                let list = format!("/admin/enterprises/{id}/action/virtualappliances?limit={PAGE}");
                vec![self.vapps_of(Route::new(&list)?, None, &names).await?]
            }
            own @ Place::Own => {
                let mut lists: Vec<(Route, Option<Group>)> = Vec::new();
                let mut known = HashSet::new();
                self.each_datacenter(&own, |vdc| {
                    if let Some(route) = appliances_of(vdc, self.http.origin())
                        && known.insert(route.clone())
                    {
                        lists.push((route, named(vdc)));
                    }
                })
                .await?;
                stream::iter(lists)
                    .map(|(route, group)| self.vapps_or_none(route, group, &names))
                    .buffer_unordered(self.concurrency)
                    .try_collect()
                    .await?
            }
        };
        let mut seen = HashSet::new();
        Ok(lists
            .into_iter()
            .flatten()
            .filter(|vapp| seen.insert(vapp.id.clone()))
            .collect())
    }

    /// The virtual datacenters, as groups.
    pub(super) async fn list_projects(&self) -> Result<Vec<Group>> {
        let mut projects: Vec<Group> = Vec::new();
        let mut seen = HashSet::new();
        self.each_datacenter(&self.place()?, |vdc| {
            projects.extend(named(vdc).filter(|group| seen.insert(group.id.clone())));
        })
        .await?;
        Ok(projects)
    }

    async fn each_datacenter(&self, place: &Place, mut take: impl FnMut(&Named<'_>)) -> Result<()> {
        let first = Route::new(&format!("{}?limit={PAGE}", place.datacenters()))?;
        let call = Call::get(first, "virtualdatacenters").list();
        let mut read = 0;
        self.follow(call, |body| {
            let page: Collection<'_, Named<'_>> = decode(body, "the list of virtual datacenters")?;
            page.collection.items.iter().for_each(&mut take);
            read += page.collection.len;
            if page.collection.len == 0 || read >= MAX_DATACENTERS {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await
    }

    /// The appliances of a datacenter, which may have been removed while its list was on its way.
    async fn vapps_or_none(
        &self,
        route: Route,
        project: Option<Group>,
        names: &Mutex<Texts>,
    ) -> Result<Vec<Vapp>> {
        match self.vapps_of(route, project, names).await {
            Err(Error::NotFound(_)) => Ok(Vec::new()),
            other => other,
        }
    }

    async fn vapps_of(
        &self,
        route: Route,
        project: Option<Group>,
        names: &Mutex<Texts>,
    ) -> Result<Vec<Vapp>> {
        let mut vapps = Vec::new();
        self.follow(Call::get(route, "virtualappliances").list(), |body| {
            let page: Collection<'_, VirtualAppliance<'_>> =
                decode(body, "the list of virtual appliances")?;
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            let mut mapper = Mapper {
                cloud: &self.name,
                origin: self.http.origin(),
                names: &mut names,
            };
            for wire in &page.collection.items {
                vapps.extend(mapper.vapp(wire).map(|mut vapp| {
                    vapp.project = vapp.project.take().or_else(|| project.clone());
                    vapp
                }));
            }
            if vapps.len() >= MAX_VAPPS {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await?;
        Ok(vapps)
    }

    /// An appliance of a body.
    pub(super) fn map_vapp(&self, wire: &VirtualAppliance<'_>) -> Result<Vapp> {
        let mut names = Texts::default();
        let vapp = Mapper {
            cloud: &self.name,
            origin: self.http.origin(),
            names: &mut names,
        }
        .vapp(wire);
        vapp.ok_or_else(|| Error::Protocol("the appliance has no id".to_owned()))
    }

    /// Makes an empty appliance in a virtual datacenter.
    pub(super) async fn make_vapp(
        &self,
        project: &str,
        name: &str,
        restricted: bool,
    ) -> Result<Vapp> {
        let vdc = segment(project)?;
        let route = Route::new(&format!(
            "/cloud/virtualdatacenters/{vdc}/virtualappliances"
        ))?;
        let body = json(&NewVirtualAppliance {
            name,
            icon_url: "",
            description: "",
            restricted,
        })?;
        let media = Media::Abiquo("virtualappliance");
        let call = Call::change(Method::POST, route, media).with(media, body);
        let answer = self.call(call).await?;
        let wire: VirtualAppliance<'_> =
            decode(&answer.body, "the appliance").map_err(|_| unreadable(&answer))?;
        self.map_vapp(&wire)
    }
}

/// Where the appliances of a virtual datacenter are listed.
fn appliances_of(vdc: &Named<'_>, origin: &Origin) -> Option<Route> {
    let route = |rel: &str| origin.route(vdc.links.href(rel)?).ok();
    let list = route("virtualappliances")
        .or_else(|| route("edit")?.below("/virtualappliances").ok())
        .or_else(|| {
            let id: u64 = vdc.id.get()?.parse().ok()?;
            Route::new(&format!("/cloud/virtualdatacenters/{id}/virtualappliances")).ok()
        })?;
    list.below(&format!("?limit={PAGE}")).ok()
}
