//! Whose VMs, appliances, tasks and events are looked at: the user's own tenant, or one that an administrator has chosen. Choosing
//! changes nothing in the cloud: the lists of a tenant are read, the user stays where it is.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use super::Abiquo;
use super::calls::Call;
use super::listing::{PAGE, turn};
use super::mapping::last_segment;
use super::refusal::decode;
use super::wire::{Collection, Named, User};
use crate::clouds::http::Route;
use crate::clouds::{Error, Result};
use crate::model::text::clean_name;
use crate::model::{Group, Privileges};

/// More tenants than anybody chooses among.
const MAX_TENANTS: usize = 20_000;

/// What the sign-in said of the user, as far as later questions need it.
#[derive(Debug, Default, Clone)]
pub(super) struct Me {
    /// Where the user's tenant is.
    pub tenant: Option<Route>,
    /// Where the user's own held tasks are.
    pub held: Option<Route>,
    /// Whether the user may approve the tasks of others.
    pub reviews: bool,
}

/// Where lists are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything that the user may see, of the user's own tenant.
    Own,
    /// The lists of one tenant, by its id.
    Tenant(Arc<str>),
}

impl Place {
    /// The list of VMs. That of a tenant is not paged.
    pub fn vms(&self) -> String {
        self.list("virtualmachines")
    }

    /// The list of virtual datacenters.
    pub fn datacenters(&self) -> String {
        self.list("virtualdatacenters")
    }

    fn list(&self, what: &str) -> String {
        match self {
            Self::Own => format!("/cloud/{what}"),
            Self::Tenant(id) => format!("/admin/enterprises/{id}/action/{what}"),
        }
    }
}

impl Abiquo {
    /// Keeps what the sign-in said of the user.
    pub(super) fn remember_me(&self, user: &User<'_>, privileges: &Privileges) {
        let route = |rel: &str| self.http.origin().route(user.links.href(rel)?).ok();
        let me = Me {
            tenant: route("enterprise"),
            held: route("pendingtasks"),
            reviews: privileges.holds("WORKFLOW_OVERRIDE"),
        };
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = me;
    }

    pub(super) fn me(&self) -> Me {
        let me = self.me.lock().unwrap_or_else(PoisonError::into_inner);
        me.clone()
    }

    /// From now on lists are those of this tenant; `None` for the user's own.
    pub(super) fn choose(&self, tenant: Option<Group>) {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = tenant;
    }

    /// The tenant that was chosen.
    pub(super) fn chosen(&self) -> Option<Group> {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.clone()
    }

    /// Where lists are read now.
    ///
    /// # Errors
    /// [`Error::Link`] when the id of the tenant is none that a path could hold.
    pub(super) fn place(&self) -> Result<Place> {
        Ok(match self.chosen() {
            Some(tenant) => Place::Tenant(Arc::from(segment(&tenant.id)?)),
            None => Place::Own,
        })
    }

    /// The tenants in the user's scope: the light list where the server has it, else the whole one.
    pub(super) async fn list_tenants(&self) -> Result<Vec<Group>> {
        let light = match self.tenants_as("enterprises-id-name").await {
            // Media type, parameter or method are not known to it.
            Err(Error::Rejected(_) | Error::Protocol(_)) => Vec::new(),
            other => other?,
        };
        if light.is_empty() {
            self.tenants_as("enterprises").await
        } else {
            Ok(light)
        }
    }

    async fn tenants_as(&self, media: &'static str) -> Result<Vec<Group>> {
        let first = Route::new(&format!("/admin/enterprises?limit={PAGE}"))?;
        let mut tenants: Vec<Group> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        self.follow(Call::get(first, media).list(), |body| {
            let page: Collection<'_, Named<'_>> = decode(body, "the list of tenants")?;
            let found = page.collection.items.iter().filter_map(named);
            tenants.extend(found.filter(|tenant| seen.insert(tenant.id.clone())));
            if tenants.len() >= MAX_TENANTS || page.collection.len == 0 {
                return Ok(ControlFlow::Break(()));
            }
            turn(&page.links, self.http.origin())
        })
        .await?;
        Ok(tenants)
    }
}

/// An entry that has an id, or a link that ends in one, and a name. `None` where nothing could be asked about it.
pub(super) fn named(wire: &Named<'_>) -> Option<Group> {
    let by_link = || wire.links.href("edit").map(last_segment);
    let id = segment(wire.id.get().or_else(by_link)?).ok()?;
    let name = clean_name(wire.name.get().unwrap_or(id).trim());
    Some(Group {
        id: Arc::from(id),
        name: Arc::from(if name.is_empty() { id } else { &*name }),
    })
}

/// An id that stands in a path: of letters, digits and `-_` alone, so that it cannot lead elsewhere.
///
/// # Errors
/// [`Error::Link`] for any other.
pub(super) fn segment(id: &str) -> Result<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !id.is_empty() && id.len() <= 64 && id.bytes().all(fits) {
        Ok(id)
    } else {
        Err(Error::Link("an id holds what no id holds".to_owned()))
    }
}
