//! What belongs to servers beside their own rows, read in bulk and kept for a while: images, projects, users, groups, sizes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join5;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

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

/// What takes longer than this is left out for now: servers are listed all the same.
const LIMIT: Duration = Duration::from_secs(10);

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
    /// Something could not be read, and may be the next time.
    is_incomplete: bool,
}

/// The names of each place, and when they were read.
pub(super) type Kept = HashMap<String, (Instant, Arc<Names>)>;

impl Openstack {
    /// What things are called in a place. What the user may not know, and what a service does not tell now, is left out: a server is
    /// worth more than the name of its image. `wanting` says that a name is missing.
    pub(super) async fn names(&self, place: &Place, lane: Lane, wanting: bool) -> Arc<Names> {
        let key = self.place_key(place);
        if let Some((at, names)) = self.kept_names().get(&key) {
            let limit = if wanting || names.is_incomplete {
                PATIENCE
            } else {
                KEPT
            };
            if at.elapsed() < limit {
                return names.clone();
            }
        }
        let names = Arc::new(self.read_names(place, lane).await);
        self.kept_names()
            .insert(key, (Instant::now(), names.clone()));
        names
    }

    async fn read_names(&self, place: &Place, lane: Lane) -> Names {
        let (images, projects, users, groups, flavors) = join5(
            timeout(LIMIT, self.images(place, lane)),
            timeout(LIMIT, self.projects(place, lane)),
            timeout(LIMIT, self.users(place, lane)),
            timeout(LIMIT, self.groups(place, lane)),
            timeout(LIMIT, self.flavors(place, lane)),
        )
        .await;
        let mut names = Names::default();
        let incomplete = &mut names.is_incomplete;
        names.images = told(images, incomplete);
        names.projects = told(projects, incomplete);
        names.users = told(users, incomplete);
        names.groups = told(groups, incomplete);
        names.flavors = told(flavors, incomplete);
        names
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

/// What was read; nothing, and a note of that, when it could not be.
fn told<T: Default>(read: std::result::Result<Result<T>, Elapsed>, incomplete: &mut bool) -> T {
    if let Ok(Ok(read)) = read {
        return read;
    }
    *incomplete = true;
    T::default()
}

fn collect(rows: &[wire::Named<'_>], found: &mut HashMap<Arc<str>, Arc<str>>) {
    for row in rows {
        if let (Some(id), Some(name)) = (id(row.id.get()), own(row.name.get())) {
            found.insert(Arc::from(id), name);
        }
    }
}
