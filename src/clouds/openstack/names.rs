//! What belongs to servers beside their own rows, read in bulk and kept for a while: images, projects, users, groups, sizes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join4};

use super::Openstack;
use super::calls::{Call, Place, To};
use super::mapping::{id, own};
use super::refusal::if_allowed;
use super::versions::Microversion;
use super::wire::{self, texts};
use crate::clouds::Result;
use crate::clouds::body::decode;
use crate::clouds::http::Lane;

/// So long what is called how is kept …
const KEPT: Duration = Duration::from_secs(300);
/// … and when something has no name, it is read again no sooner than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows on a page, and the most pages of one list.
const PAGE: usize = 1_000;
const MAX_PAGES: usize = 50;

/// What is known in one place.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub images: HashMap<Arc<str>, Arc<str>>,
    pub projects: HashMap<Arc<str>, Arc<str>>,
    pub users: HashMap<Arc<str>, Arc<str>>,
    /// The group that keeps a server together with others or apart, by the server's id.
    pub groups: HashMap<Arc<str>, Arc<str>>,
    /// Virtual CPUs and MiB of each size, where servers do not tell these.
    pub flavors: HashMap<Arc<str>, (Option<u32>, Option<u64>)>,
}

/// The names of each place, and when they were read.
pub(super) type Kept = HashMap<String, (Instant, Arc<Names>)>;

impl Openstack {
    /// What things are called in a place. What the user may not know is left out.
    ///
    /// # Errors
    /// When a service does not answer.
    pub(super) async fn names(
        &self,
        place: &Place,
        lane: Lane,
        wanting: bool,
    ) -> Result<Arc<Names>> {
        let key = self.place_key(place);
        let limit = if wanting { PATIENCE } else { KEPT };
        if let Some((at, names)) = self.kept_names().get(&key)
            && at.elapsed() < limit
        {
            return Ok(names.clone());
        }
        let names = Arc::new(self.read_names(place, lane).await?);
        self.kept_names()
            .insert(key, (Instant::now(), names.clone()));
        Ok(names)
    }

    async fn read_names(&self, place: &Place, lane: Lane) -> Result<Names> {
        let (images, (projects, users), groups, flavors) = try_join4(
            self.images(place, lane),
            try_join(self.projects(place, lane), self.users(place, lane)),
            self.groups(place, lane),
            self.flavors(place, lane),
        )
        .await?;
        Ok(Names {
            images,
            projects,
            users,
            groups,
            flavors,
        })
    }

    async fn images(&self, place: &Place, lane: Lane) -> Result<HashMap<Arc<str>, Arc<str>>> {
        let mut images = HashMap::new();
        let mut marker = String::new();
        for _ in 0..MAX_PAGES {
            // The catalogue's address ends before the version in some clouds, and behind it in others.
            let path = format!("/v2/images?limit={PAGE}{marker}");
            let call = Call::list(To::Image, path, lane);
            let Some(answer) = if_allowed(self.call(place, &call).await)? else {
                break;
            };
            let page: wire::Images<'_> = decode(&answer.body, "the list of images")?;
            collect(&page.images.items, &mut images);
            let last = page
                .images
                .items
                .last()
                .and_then(|image| id(image.id.get()));
            match last {
                Some(last) if page.next.get().is_some() => marker = format!("&marker={last}"),
                _ => break,
            }
        }
        Ok(images)
    }

    /// Every project for an administrator, the user's own for others.
    async fn projects(&self, place: &Place, lane: Lane) -> Result<HashMap<Arc<str>, Arc<str>>> {
        let mut found = HashMap::new();
        let who = place.scope.who();
        if let Some((id, name)) = who.as_ref().and_then(|who| who.project.clone()) {
            found.insert(id, name);
        }
        let paths = ["/projects", "/auth/projects"];
        for path in paths.iter().skip(usize::from(!place.scope.is_admin())) {
            let call = Call::list(To::Identity, *path, lane);
            if let Some(answer) = if_allowed(self.call(place, &call).await)? {
                let list: wire::People<'_> = decode(&answer.body, "the list of projects")?;
                collect(&list.projects.items, &mut found);
                break;
            }
        }
        Ok(found)
    }

    /// Every user for an administrator, and oneself.
    async fn users(&self, place: &Place, lane: Lane) -> Result<HashMap<Arc<str>, Arc<str>>> {
        let mut found = HashMap::new();
        if place.scope.is_admin() {
            let call = Call::list(To::Identity, "/users", lane);
            if let Some(answer) = if_allowed(self.call(place, &call).await)? {
                let list: wire::People<'_> = decode(&answer.body, "the list of users")?;
                collect(&list.users.items, &mut found);
            }
        }
        if let Some((id, name)) = place.scope.who().and_then(|who| who.user) {
            found.insert(id, name);
        }
        Ok(found)
    }

    async fn groups(&self, place: &Place, lane: Lane) -> Result<HashMap<Arc<str>, Arc<str>>> {
        let all = if self.lists_all(place) {
            "&all_projects=True"
        } else {
            ""
        };
        let mut found = HashMap::new();
        for page in 0..MAX_PAGES {
            let at = page * PAGE;
            let path = format!("/os-server-groups?limit={PAGE}&offset={at}{all}");
            let call = Call::list(To::Compute, path, lane);
            let Some(answer) = if_allowed(self.call(place, &call).await)? else {
                break;
            };
            let list: wire::Groups<'_> = decode(&answer.body, "the list of server groups")?;
            for group in &list.server_groups.items {
                let Some(name) = own(group.name.get()) else {
                    continue;
                };
                for member in texts(group.members) {
                    if let Some(member) = id(Some(&member)) {
                        found.insert(Arc::from(member), name.clone());
                    }
                }
            }
            if list.server_groups.len < PAGE {
                break;
            }
        }
        Ok(found)
    }

    /// The sizes, where servers name them only.
    async fn flavors(
        &self,
        place: &Place,
        lane: Lane,
    ) -> Result<HashMap<Arc<str>, (Option<u32>, Option<u64>)>> {
        let mut found = HashMap::new();
        if self.version(place, lane).await? >= Microversion::OWN_SIZE {
            return Ok(found);
        }
        let mut marker = String::new();
        for _ in 0..MAX_PAGES {
            let path = format!("/flavors/detail?is_public=None&limit={PAGE}{marker}");
            let call = Call::list(To::Compute, path, lane);
            let Some(answer) = if_allowed(self.call(place, &call).await)? else {
                break;
            };
            let list: wire::Flavors<'_> = decode(&answer.body, "the list of sizes")?;
            for flavor in &list.flavors.items {
                if let Some(id) = id(flavor.id.get()) {
                    let cpu = flavor.vcpus.0.and_then(|cpu| u32::try_from(cpu).ok());
                    let ram = flavor.ram.0.and_then(|ram| u64::try_from(ram).ok());
                    found.insert(Arc::from(id), (cpu, ram));
                }
            }
            let last = list.flavors.items.last();
            let last = last.and_then(|flavor| id(flavor.id.get()));
            match last {
                Some(last) if list.flavors.len >= PAGE => marker = format!("&marker={last}"),
                _ => break,
            }
        }
        Ok(found)
    }
}

fn collect(rows: &[wire::Named<'_>], found: &mut HashMap<Arc<str>, Arc<str>>) {
    for row in rows {
        if let (Some(id), Some(name)) = (id(row.id.get()), own(row.name.get())) {
            found.insert(Arc::from(id), name);
        }
    }
}
