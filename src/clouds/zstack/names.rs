//! What zones, clusters, hosts, networks and images are called: read in bulk, kept for some minutes, read again when a VM is somewhere new.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::Zstack;
use super::mapping::id;
use super::refusal::if_there;
use super::wire::{Inventories, Named};
use crate::clouds::body::decode;
use crate::clouds::http::Lane;
use crate::clouds::{Error, Result};
use crate::model::text::clean_name;

/// So long names are good; they change by hand.
const GOOD_FOR: Duration = Duration::from_secs(300);

/// So long at least they are kept, also when one is missing: of a place that the user may not see the name is always missing.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Zone,
    Cluster,
    Host,
    Network,
    Image,
}

/// Where each kind is listed, in the order of the kinds.
const LISTS: [&str; 5] = [
    "/v1/zones",
    "/v1/clusters",
    "/v1/hosts",
    "/v1/l3-networks",
    "/v1/images",
];

type Named5 = [Arc<HashMap<Box<str>, Arc<str>>>; 5];

/// Names by uuid.
#[derive(Debug, Default)]
pub(super) struct Places {
    names: Named5,
    /// Somebody asked for one that is not here.
    missed: AtomicBool,
}

impl Places {
    /// What something is called; `None` when that is not known.
    pub fn name(&self, kind: Kind, uuid: &str) -> Option<Arc<str>> {
        let name = self.names[kind as usize].get(uuid).cloned();
        if name.is_none() {
            self.missed.store(true, Ordering::Relaxed);
        }
        name
    }
}

/// The names of one cloud.
#[derive(Debug, Default)]
pub(super) struct Kept {
    places: Mutex<Option<(Instant, bool, Arc<Places>)>>,
    /// Held while they are read, so that many who need them make one reading.
    reading: tokio::sync::Mutex<()>,
}

impl Kept {
    fn places(&self) -> MutexGuard<'_, Option<(Instant, bool, Arc<Places>)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn good(&self) -> Option<Arc<Places>> {
        let kept = self.places();
        let (read, whole, places) = kept.as_ref()?;
        let missing = places.missed.load(Ordering::Relaxed) || !whole;
        let limit = if missing { KEPT_FOR } else { GOOD_FOR };
        (read.elapsed() < limit).then(|| places.clone())
    }
}

impl Zstack {
    /// What places are called. A list that the user may not read has no names, and one that cannot be read now has those of before.
    ///
    /// # Errors
    /// [`Error::SignIn`] when nobody is signed in.
    pub(super) async fn places(&self, lane: Lane) -> Result<Arc<Places>> {
        if let Some(places) = self.names.good() {
            return Ok(places);
        }
        let _alone = self.names.reading.lock().await;
        if let Some(places) = self.names.good() {
            return Ok(places);
        }
        let before = self
            .names
            .places()
            .as_ref()
            .map(|(.., places)| places.clone());
        let lists = join_all(LISTS.map(|list| self.named(list, lane))).await;
        let mut names = Named5::default();
        let mut whole = true;
        for (at, list) in lists.into_iter().enumerate() {
            names[at] = match if_there(list) {
                Ok(list) => Arc::new(list.unwrap_or_default()),
                Err(error @ Error::SignIn(_)) => return Err(error),
                Err(_) => {
                    whole = false;
                    let kept = before.as_ref().map(|before| before.names[at].clone());
                    kept.unwrap_or_default()
                }
            };
        }
        let places = Arc::new(Places {
            names,
            missed: AtomicBool::new(false),
        });
        *self.names.places() = Some((Instant::now(), whole, places.clone()));
        Ok(places)
    }

    async fn named(&self, list: &str, lane: Lane) -> Result<HashMap<Box<str>, Arc<str>>> {
        let mut names = HashMap::new();
        for body in self
            .every(&format!("{list}?fields=uuid,name"), lane)
            .await?
        {
            let page: Inventories<Named<'_>> = decode(&body, "a list of names")?;
            for named in &page.inventories.items {
                let name = named.name.get().map(|name| clean_name(name.trim()));
                if let (Some(uuid), Some(name)) = (id(named.uuid.get()), name)
                    && !name.is_empty()
                {
                    names.insert(uuid.into(), Arc::from(&*name));
                }
            }
        }
        Ok(names)
    }
}
