//! Lists: every VM of every pair, slice by slice, several pairs at once; and one VM found again.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use url::form_urlencoded;

use super::Scloudm;
use super::calls::Call;
use super::mapping::{Mapper, Texts};
use super::places::{Pair, Place};
use super::refusal::{is_about_everything, is_invalid_region, reworded, verdict};
use super::wire::Slice;
use crate::clouds::body::decode;
use crate::clouds::http::{Lane, Route};
use crate::clouds::{Error, Result, VmPage};
use crate::model::Vm;

/// How many VMs are asked for at once. For each of them the gateway asks its own upstream, one after the other.
const SLICE: usize = 50;

/// Around the place where a VM was seen last, so many are asked for on each side to find it again.
const AROUND: usize = 2;

/// How often a list that shrinks while it is read is begun again.
const MAX_RESTARTS: usize = 3;

/// The most VMs that one pair is followed through.
const MAX_VMS: usize = 1_000_000;

/// A pair's list under way, slice by slice.
///
/// The API has no pages that hold still: each slice is cut from the list as it is at that moment. Slices overlap by one entry; when a slice
/// begins with nothing that was seen, the list has become shorter meanwhile, and it is read again from its beginning so that no VM is
/// missed.
struct Slicing<'a> {
    cloud: &'a Scloudm,
    pair: Pair,
    lane: Lane,
    names: Texts,
    from: usize,
    seen: HashSet<Arc<str>>,
    restarts: usize,
    /// Up to here the list was read before it was begun again: nothing new need be there.
    read_until: usize,
    is_over: bool,
}

/// One slice.
struct Part {
    /// Its VMs that no earlier slice had, each with its place in the list.
    vms: Vec<(usize, Vm)>,
    body: Vec<u8>,
}

/// A VM that was found again.
pub(super) struct Found {
    pub vm: Vm,
    /// Its entry in the list, as JSON; `None` for a VM that only the configuration names.
    pub raw: Option<Vec<u8>>,
}

impl<'a> Slicing<'a> {
    fn new(cloud: &'a Scloudm, pair: Pair, lane: Lane) -> Self {
        Self {
            cloud,
            pair,
            lane,
            names: Texts::default(),
            from: 0,
            seen: HashSet::new(),
            restarts: 0,
            read_until: 0,
            is_over: false,
        }
    }

    /// The next slice; `None` at the end of the list.
    async fn next(&mut self) -> Result<Option<Part>> {
        while !self.is_over {
            let part = self
                .cloud
                .slice(&self.pair, self.from, self.from + SLICE, self.lane)
                .await?;
            let entries = entries(&part)?;
            let mut ids = Vec::new();
            let mut vms = Vec::new();
            let mut mapper = Mapper {
                cloud: &self.cloud.name,
                pair: &self.pair,
                names: &mut self.names,
            };
            for (at, entry) in entries.iter().enumerate() {
                if let Some(vm) = entry.server.as_ref().and_then(|server| mapper.vm(server)) {
                    ids.push(vm.key.id.clone());
                    if !self.seen.contains(&vm.key.id) {
                        vms.push((self.from + at, vm));
                    }
                }
            }
            let met = ids.iter().any(|id| self.seen.contains(id));
            let len = entries.len();
            drop(entries);
            if self.from > 0 && !met && self.restarts < MAX_RESTARTS {
                self.restarts += 1;
                self.read_until = self.from;
                self.from = 0;
                continue;
            }
            // More than was asked for, or nothing new: the server does not slice, and this was all there is.
            let is_new = !vms.is_empty() || self.from < self.read_until;
            self.is_over = len != SLICE || !is_new || self.from > MAX_VMS;
            self.from += SLICE - 1;
            self.seen.extend(ids);
            return Ok(Some(Part { vms, body: part }));
        }
        Ok(None)
    }
}

/// The entries of a slice.
fn entries(body: &[u8]) -> Result<Vec<super::wire::Entry<'_>>> {
    let slice: Slice<'_> = decode(body, "the list of VMs")?;
    slice.entries().ok_or_else(|| {
        Error::Protocol(
            "the list of VMs has neither vm_servers nor servers; check list_path".to_owned(),
        )
    })
}

/// What a pair's stream gives.
enum Step {
    Vms(Vec<Vm>),
    Failed(Pair, Error),
}

impl Scloudm {
    /// Every VM. Pairs that cannot be read do not keep the others from being listed: the stream gives what those have, and ends with the error.
    pub(super) fn list_vms(&self) -> BoxStream<'_, Result<VmPage>> {
        stream::once(async {
            *self.unread() = None;
            self.pairs(Lane::Read).await
        })
        .map_ok(|pairs| self.list_pairs(&pairs))
        .try_flatten()
        .boxed()
    }

    fn list_pairs(&self, pairs: &[Pair]) -> BoxStream<'_, Result<VmPage>> {
        struct Round<'a> {
            steps: BoxStream<'a, Step>,
            /// A VM that two pairs have counts where it was seen first.
            seen: HashSet<Arc<str>>,
            failed: Vec<(Pair, Error)>,
        }
        let steps = stream::iter(pairs.to_vec())
            .map(|pair| self.list_pair(pair))
            .flatten_unordered(self.concurrency);
        let round = Round {
            steps: steps.boxed(),
            seen: HashSet::new(),
            failed: Vec::new(),
        };
        stream::try_unfold(round, move |mut round| async move {
            loop {
                match round.steps.next().await {
                    Some(Step::Vms(mut vms)) => {
                        vms.retain(|vm| round.seen.insert(vm.key.id.clone()));
                        if !vms.is_empty() {
                            return Ok(Some((VmPage { vms, total: None }, round)));
                        }
                    }
                    Some(Step::Failed(_, error)) if is_about_everything(&error) => {
                        return Err(error);
                    }
                    Some(Step::Failed(pair, error)) => round.failed.push((pair, error)),
                    None => break,
                }
            }
            let failed = round.failed.iter().map(|(pair, _)| pair.clone()).collect();
            *self.unread() = Some(failed);
            let more = round.failed.len().saturating_sub(1);
            match round.failed.into_iter().next() {
                None => Ok(None),
                Some((pair, error)) => Err(reworded(error, |words| match more {
                    0 => format!("{pair}: {words}"),
                    more => format!("{pair}: {words} (and {more} more could not be listed)"),
                })),
            }
        })
        .boxed()
    }

    /// The VMs of one pair, slice by slice. The stream ends after an error.
    fn list_pair(&self, pair: Pair) -> BoxStream<'_, Step> {
        let slicing = Slicing::new(self, pair, Lane::Read);
        stream::unfold(Some(slicing), |slicing| async {
            let mut slicing = slicing?;
            match slicing.next().await {
                Ok(None) => None,
                Ok(Some(part)) => {
                    self.remember(&part.vms);
                    let vms = part.vms.into_iter().map(|(_, vm)| vm).collect();
                    Some((Step::Vms(vms), Some(slicing)))
                }
                Err(error) => self.instead(slicing.pair, error).map(|step| (step, None)),
            }
        })
        .boxed()
    }

    /// What there is in the place of a pair that could not be read: the servers of the configuration where the gateway has no list; nothing
    /// where a tenant that nobody named has no VMs in a region; else the error.
    fn instead(&self, pair: Pair, error: Error) -> Option<Step> {
        if is_without_list(&error) {
            let mut vms = self.unlisted(&pair);
            if let Some(first) = vms.next() {
                return Some(Step::Vms(std::iter::once(first).chain(vms).collect()));
            }
        }
        if !pair.configured && is_invalid_region(&error) {
            return None;
        }
        let error = if is_without_list(&error) {
            reworded(error, |words| {
                format!(
                    "{words}; the gateway has no list of VMs there: set list_path, or name them with `servers`"
                )
            })
        } else {
            error
        };
        Some(Step::Failed(pair, error))
    }

    /// The VMs that the configuration has in a pair.
    fn unlisted(&self, pair: &Pair) -> impl Iterator<Item = Vm> {
        let mut names = Texts::default();
        self.keys.servers.iter().filter_map(move |server| {
            let here = *pair.tenant.id == *server.tenant && *pair.region == *server.region;
            let mut mapper = Mapper {
                cloud: &self.name,
                pair,
                names: &mut names,
            };
            here.then(|| mapper.unlisted(server))?
        })
    }

    /// Finds a VM again. There is no way to ask for one: its pair is listed until it comes, first around the place where it was seen last.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in its pair any more.
    pub(super) async fn find(&self, vm: &Vm, lane: Lane) -> Result<Found> {
        let unknown = || Error::NotFound("it is not known where it is".to_owned());
        let place = Place::read(&vm.locator).ok_or_else(unknown)?;
        let pairs = self.pairs(lane).await?;
        let pair = pairs.iter().find(|pair| pair.holds(&place));
        let pair = pair.cloned().ok_or_else(|| {
            Error::NotFound("its tenant or region is not among those that are listed".to_owned())
        })?;
        if let Some(found) = self.find_nearby(&pair, &vm.key.id, lane).await? {
            return Ok(found);
        }
        let mut slicing = Slicing::new(self, pair, lane);
        loop {
            match slicing.next().await {
                Ok(Some(part)) => {
                    self.remember(&part.vms);
                    let mut vms = part.vms.into_iter().map(|(_, vm)| vm);
                    if let Some(found) = vms.find(|found| found.key.id == vm.key.id) {
                        return Ok(Found {
                            raw: raw_of(&part.body, &place.server),
                            vm: found,
                        });
                    }
                }
                Ok(None) => {
                    return Err(Error::NotFound(format!(
                        "the gateway does not list it any more in {}",
                        slicing.pair
                    )));
                }
                Err(error) if is_without_list(&error) => {
                    let unlisted = self
                        .unlisted(&slicing.pair)
                        .find(|one| one.key.id == vm.key.id);
                    return unlisted
                        .map(|vm| Found { vm, raw: None })
                        .ok_or(Error::Protocol(
                            "the gateway has no list of VMs; check list_path".to_owned(),
                        ));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks for a VM where it was seen last. `None` when it is not there.
    async fn find_nearby(&self, pair: &Pair, id: &Arc<str>, lane: Lane) -> Result<Option<Found>> {
        let Some(at) = self.positions().get(id).copied() else {
            return Ok(None);
        };
        let from = at.saturating_sub(AROUND);
        let body = match self.slice(pair, from, at + AROUND + 1, lane).await {
            Ok(body) => body,
            Err(error) if is_without_list(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut names = Texts::default();
        let mut mapper = Mapper {
            cloud: &self.name,
            pair,
            names: &mut names,
        };
        let found = entries(&body)?.into_iter().find_map(|entry| {
            let vm = mapper.vm(entry.server.as_ref()?)?;
            (vm.key.id == *id).then(|| Found {
                vm,
                raw: Some(entry.raw.get().as_bytes().to_vec()),
            })
        });
        if found.is_none() {
            self.positions().remove(id);
        }
        Ok(found)
    }

    /// Where VMs were seen, for [`Scloudm::find`].
    fn remember(&self, vms: &[(usize, Vm)]) {
        let mut positions = self.positions();
        positions.extend(vms.iter().map(|(at, vm)| (vm.key.id.clone(), *at)));
    }

    /// One slice [from, to) of a pair's list, as it came.
    async fn slice(&self, pair: &Pair, from: usize, to: usize, lane: Lane) -> Result<Vec<u8>> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("tenant_id", &pair.tenant.id)
            .append_pair("region", &pair.region)
            .append_pair("f", &from.to_string())
            .append_pair("t", &to.to_string())
            .finish();
        let route = Route::new(&format!("{}?{query}", self.keys.list_path))?;
        let answer = self.call(Call::get(route, lane).list()).await?;
        // A body may say no where the status does not.
        let said = verdict(&answer.body).and_then(|said| said.code.0);
        if said.is_some_and(|code| code >= 400) {
            return Err(self.refused(&answer));
        }
        Ok(answer.body)
    }

    fn positions(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<Arc<str>, usize>> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The pairs that the last listing could not read; `None` when it came to no end.
    pub(super) fn unread(&self) -> std::sync::MutexGuard<'_, Option<Vec<Pair>>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the gateway has no such list at all, as opposed to not giving it.
fn is_without_list(error: &Error) -> bool {
    match error {
        Error::NotFound(_) => true,
        Error::Rejected(said) => said.status == 405,
        Error::Unavailable { status, .. } => *status == 501,
        _ => false,
    }
}

/// The entry of one server in a slice.
fn raw_of(body: &[u8], server: &str) -> Option<Vec<u8>> {
    let entries = entries(body).ok()?;
    let found = entries.iter().find(|entry| match &entry.server {
        Some(super::wire::Server::Gateway(one)) => one.instance_id.get() == Some(server),
        Some(super::wire::Server::Nova(one)) => one.id.get() == Some(server),
        None => false,
    })?;
    Some(found.raw.get().as_bytes().to_vec())
}
