//! A request, what it may see and where it finds it. Everything hidden is missing: 404, never 403.

use axum::http::HeaderMap;
use serde::Deserialize;

use super::answer::Refusal;
use super::estate::{
    FIRST_APPLIANCE, FIRST_DATACENTER, FIRST_ENTERPRISE, FIRST_USER, FIRST_VM, id, position,
};
use super::media::{Version, required};
use super::paging::Query;
use super::platform::Platform;
use super::render::Pen;
use super::routes::{Resource, VmId};
use super::tasks::Task;
use crate::demo::identity::Uuid;

/// A request as the reading side sees it: who asks, for what, and how.
pub struct Asking<'a> {
    /// The platform, moved on to now.
    pub platform: &'a Platform,
    /// The start of every link.
    pub base: &'a str,
    /// The path as asked, without `/api`.
    pub path: &'a str,
    /// The query.
    pub query: Query,
    /// For the `Accept` header.
    pub headers: &'a HeaderMap,
    /// By position.
    pub user: usize,
    /// Milliseconds.
    pub now_ms: i64,
}

type Result<T> = std::result::Result<T, Refusal>;

impl<'a> Asking<'a> {
    /// Whether the user may see an appliance and what is in it.
    pub fn sees(&self, appliance: usize) -> bool {
        !self.platform.estate.appliances[appliance].restricted || self.sees_restricted()
    }

    /// The VM at an address, when it exists there and may be seen.
    ///
    /// # Errors
    /// 404.
    pub fn vm(&self, VmId(datacenter, appliance, vm): VmId) -> Result<usize> {
        let appliance = self.appliance(datacenter, appliance)?;
        position(FIRST_VM, vm, self.platform.estate.vms.len())
            .filter(|vm| self.platform.estate.appliances[appliance].vms.contains(vm))
            .ok_or_else(|| Refusal::missing("VM-1", "no such VM"))
    }

    /// The VM at an address, when the user may change what is in its appliance.
    ///
    /// # Errors
    /// 404, or 403.
    pub(super) fn writable_vm(&self, vm: VmId) -> Result<usize> {
        let vm = self.vm(vm)?;
        self.may_write(self.platform.estate.vms[vm].appliance as usize)?;
        Ok(vm)
    }

    /// The appliance at an address, when the user may change it.
    ///
    /// # Errors
    /// 404, or 403.
    pub(super) fn writable_appliance(&self, datacenter: u32, appliance: u32) -> Result<usize> {
        let appliance = self.appliance(datacenter, appliance)?;
        self.may_write(appliance)?;
        Ok(appliance)
    }

    /// What is restricted is read only without the privilege to manage it.
    fn may_write(&self, appliance: usize) -> Result<()> {
        if self.platform.estate.appliances[appliance].restricted {
            self.need("VAPP_RESTRICTED_MANAGE")?;
        }
        Ok(())
    }

    /// The appliance that a link leads to.
    ///
    /// # Errors
    /// 409 for a link to something else, 404 for one that leads nowhere, 403 for one that is read only.
    pub(super) fn linked_appliance(&self, href: &str) -> Result<usize> {
        let path = href.find("/api/").map(|at| &href[at..]);
        match path.and_then(Resource::parse) {
            Some(Resource::Appliance(datacenter, appliance)) => {
                self.writable_appliance(datacenter, appliance)
            }
            _ => Err(Refusal::conflict(
                "VAPP-21",
                "the link does not name a virtual appliance",
            )),
        }
    }

    /// A task of a VM.
    ///
    /// # Errors
    /// 404.
    pub fn task(&self, vm: VmId, task: Uuid) -> Result<&'a Task> {
        let vm = self.vm(vm)?;
        self.platform
            .task(vm, task)
            .ok_or_else(|| Refusal::missing("TASK-1", "no such task"))
    }

    /// Prepares to write in a version.
    pub fn pen(&self, version: Version) -> Pen<'a> {
        Pen {
            platform: self.platform,
            base: self.base,
            version,
            now_ms: self.now_ms,
            viewer: self.user,
        }
    }

    /// Whether the user may see restricted appliances at all.
    pub(super) fn sees_restricted(&self) -> bool {
        self.platform.estate.may(self.user, "VAPP_RESTRICTED_VIEW")
    }

    /// Every VM that the user may see, whether it is listed or not, in the order of their names.
    pub(super) fn visible_vms(&self) -> impl Iterator<Item = usize> + use<'a> {
        let estate = &self.platform.estate;
        let own = estate.users[self.user].enterprise;
        // Asked once: a privilege is looked up by its name.
        let all = estate.may(self.user, "ENTERPRISE_ADMINISTER_ALL");
        let restricted = self.sees_restricted();
        self.platform.every_vm().filter(move |&vm| {
            (restricted || !estate.is_restricted(vm)) && (all || estate.enterprise_of(vm) == own)
        })
    }

    /// The virtual datacenter with an id.
    ///
    /// # Errors
    /// 404.
    pub(super) fn datacenter(&self, datacenter: u32) -> Result<usize> {
        let estate = &self.platform.estate;
        let at = position(FIRST_DATACENTER, datacenter, estate.datacenters.len());
        found(at.filter(|&one| estate.reaches(self.user, estate.datacenters[one].enterprise)))
    }

    /// The appliance at an address, when it may be seen.
    ///
    /// # Errors
    /// 404.
    pub(super) fn appliance(&self, datacenter: u32, appliance: u32) -> Result<usize> {
        let datacenter = self.datacenter(datacenter)?;
        position(
            FIRST_APPLIANCE,
            appliance,
            self.platform.estate.appliances.len(),
        )
        .filter(|one| {
            self.platform.estate.datacenters[datacenter]
                .appliances
                .contains(one)
                && self.sees(*one)
        })
        .ok_or_else(|| Refusal::missing("VAPP-0", "no such virtual appliance"))
    }

    /// The enterprise with an id.
    ///
    /// # Errors
    /// 404.
    pub(super) fn enterprise(&self, enterprise: u32) -> Result<usize> {
        found(position(
            FIRST_ENTERPRISE,
            enterprise,
            self.platform.estate.enterprises.len(),
        ))
    }

    /// The enterprise with an id, when the user gets at what belongs to it.
    ///
    /// # Errors
    /// 404, or 403.
    pub(super) fn own_enterprise(&self, enterprise: u32) -> Result<usize> {
        let enterprise = self.enterprise(enterprise)?;
        if !self.platform.estate.reaches(self.user, enterprise) {
            return Err(Refusal::forbidden("ENTERPRISE_ADMINISTER_ALL"));
        }
        Ok(enterprise)
    }

    /// A user of an enterprise: oneself, or anybody with the privilege to see users.
    ///
    /// # Errors
    /// 404, or 403.
    pub(super) fn known_user(&self, enterprise: u32, user: u32) -> Result<usize> {
        let enterprise = self.enterprise(enterprise)?;
        let user = position(FIRST_USER, user, self.platform.estate.users.len());
        let user =
            found(user.filter(|&user| self.platform.estate.users[user].enterprise == enterprise))?;
        if user != self.user {
            self.need("USERS_VIEW")?;
            self.own_enterprise(id(FIRST_ENTERPRISE, enterprise))?;
        }
        Ok(user)
    }

    /// Checks a privilege.
    ///
    /// # Errors
    /// 403.
    pub(super) fn need(&self, privilege: &str) -> Result<()> {
        let held = self.platform.estate.may(self.user, privilege);
        if held {
            Ok(())
        } else {
            Err(Refusal::forbidden(privilege))
        }
    }
}

/// What is at a position, or 404.
///
/// # Errors
/// 404.
pub(super) fn found(position: Option<usize>) -> Result<usize> {
    position.ok_or_else(Refusal::nowhere)
}

/// A link of a body.
#[derive(Deserialize)]
pub(super) struct BodyLink {
    /// What it is to the request.
    pub(super) rel: String,
    /// Where it leads, whatever host it names.
    pub(super) href: String,
}

/// The links of a body of the type `links`.
///
/// # Errors
/// 415 for another type, 400 for a body that is no such thing.
pub(super) fn read_links(headers: &HeaderMap, body: &[u8]) -> Result<Vec<BodyLink>> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        links: Vec<BodyLink>,
    }
    required(headers, "links")?;
    serde_json::from_slice::<Body>(body)
        .map(|body| body.links)
        .map_err(|_| Refusal::bad("the body is not a list of links"))
}
