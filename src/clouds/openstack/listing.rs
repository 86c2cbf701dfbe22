//! Every server of every place: whole, page by page, or by what has changed since the last time; several places at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::join;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use reqwest::header::DATE;

use super::Openstack;
use super::calls::{Call, Place, To};
use super::inventory::Kept;
use super::mapping::{Mapper, Seen, Texts, id};
use super::names::Names;
use super::refusal::if_allowed;
use super::wire::Servers;
use crate::clouds::body::decode;
use crate::clouds::http::{Lane, date};
use crate::clouds::{Error, Result, VmPage};
use crate::model::{CloudName, Vm};

/// Servers on a page: Nova gives no more than 1,000 unless told otherwise. The first page is small, so that something is soon to be seen.
const FIRST_PAGE: usize = 100;
const PAGE: usize = 1_000;

/// When a page does not come in time, it is asked for once more with so many.
const SMALL_PAGE: usize = 200;

/// The servers that were deleted and can be restored, which no other list has: whoever they belong to is told of them as changes.
const SOFT_DELETED: &str = "changes-since=2000-01-01T00:00:00Z&status=SOFT_DELETED&";

/// The most pages that one place is followed through.
const MAX_PAGES: usize = 2_000;

/// Bodies from this size on are read beside the tasks that wait for the network, in bytes.
const LARGE_BODY: usize = 128 << 10;

/// What a place's stream gives.
enum Step {
    Vms(Vec<Vm>),
    Failed(Place, Error),
}

/// What reading a page needs.
#[derive(Clone)]
struct Reader {
    cloud: CloudName,
    region: Arc<str>,
    through: Arc<str>,
    names: Arc<Names>,
    texts: Arc<Mutex<Texts>>,
}

/// A page, read and mapped.
struct Page {
    seen: Vec<Seen>,
    /// The last server on it, where there is another page behind it.
    next: Option<String>,
    /// Something on it has no name here.
    nameless: bool,
}

/// A place that is read whole.
struct Whole<'a> {
    cloud: &'a Openstack,
    place: Place,
    began: Instant,
    asked: Option<Timestamp>,
    reader: Option<Reader>,
    marker: Option<String>,
    pages: usize,
    /// How many servers are asked for at once.
    page: usize,
    vms: Vec<Vm>,
}

impl Openstack {
    /// Every server. Places that cannot be read do not keep the others from being listed: the stream gives what those have, and ends with
    /// the error.
    pub(super) fn list_vms(&self) -> BoxStream<'_, Result<VmPage>> {
        stream::once(async {
            *self.unread() = None;
            self.places().await
        })
        .map_ok(|places| self.list_places(places))
        .try_flatten()
        .boxed()
    }

    fn list_places(&self, places: Vec<Place>) -> BoxStream<'_, Result<VmPage>> {
        struct Round<'a> {
            steps: BoxStream<'a, Step>,
            /// A server that two places have counts where it was seen first.
            seen: HashSet<Arc<str>>,
            failed: Vec<(Place, Error)>,
        }
        let several = places.len() > 1;
        let steps = stream::iter(places)
            .map(|place| self.list_place(place))
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
                    // Nobody can be signed in, whatever the place.
                    Some(Step::Failed(_, error)) if !several || error.needs_sign_in() => {
                        return Err(error);
                    }
                    Some(Step::Failed(place, error)) => round.failed.push((place, error)),
                    None => break,
                }
            }
            let failed = round.failed.iter().map(|(place, _)| self.place_key(place));
            *self.unread() = Some(failed.collect());
            let more = round.failed.len().saturating_sub(1);
            match round.failed.into_iter().next() {
                None => Ok(None),
                Some((place, error)) => {
                    let mut of = format!("region {}", place.region);
                    if let Some((_, project)) = place.scope.who().and_then(|who| who.project) {
                        of = format!("{of}, project {project}");
                    }
                    if more > 0 {
                        of = format!("{of} (and {more} more)");
                    }
                    Err(in_place(error, &of))
                }
            }
        })
        .boxed()
    }

    /// The servers of one place. The stream ends after an error.
    fn list_place(&self, place: Place) -> BoxStream<'_, Step> {
        let at = place.clone();
        stream::once(async move {
            match self.list_changes(&place).await {
                Ok(Some(vms)) => stream::iter([Step::Vms(vms)]).boxed(),
                // Changes that cannot be told are no reason not to list.
                Ok(None) | Err(Error::Rejected(_) | Error::Protocol(_)) => self.list_whole(place),
                Err(error) => stream::iter([Step::Failed(at, error)]).boxed(),
            }
        })
        .flatten()
        .boxed()
    }

    fn list_whole(&self, place: Place) -> BoxStream<'_, Step> {
        let whole = Whole {
            cloud: self,
            place,
            began: Instant::now(),
            asked: None,
            reader: None,
            marker: None,
            pages: 0,
            page: PAGE,
            vms: Vec::new(),
        };
        stream::unfold(Some(whole), |whole| async {
            let mut whole = whole?;
            match whole.next().await {
                Ok((vms, true)) => Some((Step::Vms(vms), Some(whole))),
                Ok((vms, false)) => Some((Step::Vms(vms), None)),
                Err(error) => Some((Step::Failed(whole.place, error), None)),
            }
        })
        .boxed()
    }

    /// Everything that a place has, by what has changed; `None` when it is to be read whole.
    async fn list_changes(&self, place: &Place) -> Result<Option<Vec<Vm>>> {
        let key = self.place_key(place);
        let Some(kept) = self.inventory.get(&key) else {
            return Ok(None);
        };
        let Some(since) = kept.since() else {
            return Ok(None);
        };
        let mut reader = self.reader_with(place, self.names(place, Lane::Read, false).await);
        let (mut marker, mut asked, mut seen) = (None, None, Vec::new());
        for _ in 0..MAX_PAGES {
            let query = format!("changes-since={since}&");
            let (body, at) = self
                .ask_servers(place, &query, PAGE, marker.as_deref())
                .await?;
            asked = asked.or(Some(at));
            let mut page = reader.read(&body).await?;
            if page.nameless {
                reader.names = self.names(place, Lane::Read, true).await;
                page = reader.read(&body).await?;
            }
            seen.extend(page.seen);
            marker = page.next;
            if marker.is_none() {
                break;
            }
        }
        let kept = kept.changed(seen, asked.unwrap_or_else(Timestamp::now));
        let vms = kept.vms();
        self.inventory.keep(key, kept);
        Ok(Some(vms))
    }

    /// The body of a page, and the server's clock when it was asked.
    async fn ask_servers(
        &self,
        place: &Place,
        query: &str,
        limit: usize,
        marker: Option<&str>,
    ) -> Result<(Vec<u8>, Timestamp)> {
        let marker = marker.map_or_else(String::new, |marker| format!("&marker={marker}"));
        loop {
            let all = self.lists_all(place);
            let who = if all { "all_tenants=1&" } else { "" };
            let path = format!("/servers/detail?{query}{who}limit={limit}{marker}");
            let call = Call::list(To::Compute, path, Lane::Read);
            match self.call(place, &call).await {
                Ok(answer) => {
                    let at = date(&answer.headers, DATE).unwrap_or_else(Timestamp::now);
                    return Ok((answer.body, at));
                }
                // Not an administrator here, which is what was to be found out.
                Err(Error::Forbidden(_)) if all && !self.must_list_all() => {
                    self.lists_own_only(place);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn reader_with(&self, place: &Place, names: Arc<Names>) -> Reader {
        Reader {
            cloud: self.name.clone(),
            region: place.region.clone(),
            through: place.scope.project_id(),
            names,
            texts: self.texts.clone(),
        }
    }
}

impl Whole<'_> {
    /// The next page, and whether there is another one.
    async fn next(&mut self) -> Result<(Vec<Vm>, bool)> {
        let page = match &self.reader {
            None => {
                let (cloud, place) = (self.cloud, &self.place);
                let (asked, names) = join(
                    cloud.ask_servers(place, "", FIRST_PAGE, None),
                    cloud.names(place, Lane::Read, false),
                )
                .await;
                let (body, at) = asked?;
                self.asked = Some(at);
                let reader = cloud.reader_with(place, names);
                let page = reader.read(&body).await?;
                self.reader = Some(reader);
                page
            }
            Some(reader) => {
                let body = self.ask().await;
                // A thousand are too many for some clouds' time.
                let body = match body {
                    Err(Error::NoAnswer(_)) if self.page > SMALL_PAGE => {
                        self.page = SMALL_PAGE;
                        self.ask().await
                    }
                    body => body,
                };
                reader.read(&body?).await?
            }
        };
        self.pages += 1;
        let mut vms = there(page.seen);
        if page.next.is_some() && page.next == self.marker {
            return Err(Error::Protocol(
                "the list of servers does not go on behind its marker".to_owned(),
            ));
        }
        let more = page.next.is_some() && self.pages < MAX_PAGES;
        self.marker = page.next;
        if !more {
            vms.extend(self.soft_deleted().await?);
        }
        self.vms.extend(vms.iter().cloned());
        if !more {
            let all = std::mem::take(&mut self.vms);
            let asked = self.asked.unwrap_or_else(Timestamp::now);
            let kept = Kept::whole(all, asked, self.began);
            let key = self.cloud.place_key(&self.place);
            self.cloud.inventory.keep(key, kept);
        }
        Ok((vms, more))
    }

    async fn ask(&self) -> Result<Vec<u8>> {
        let marker = self.marker.as_deref();
        let (cloud, place) = (self.cloud, &self.place);
        Ok(cloud.ask_servers(place, "", self.page, marker).await?.0)
    }

    /// The servers that can be restored; none where the cloud does not tell.
    async fn soft_deleted(&self) -> Result<Vec<Vm>> {
        let asked = self
            .cloud
            .ask_servers(&self.place, SOFT_DELETED, PAGE, None)
            .await;
        match (if_allowed(asked)?, &self.reader) {
            (Some((body, _)), Some(reader)) => {
                let mut vms = there(reader.read(&body).await?.seen);
                // A cloud that knows no such question answers another one.
                vms.retain(|vm| &*vm.native_state == "SOFT_DELETED");
                Ok(vms)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// The servers of a page that are there.
fn there(seen: Vec<Seen>) -> Vec<Vm> {
    let there = seen.into_iter().filter_map(|seen| match seen {
        Seen::There(vm) => Some(*vm),
        Seen::Gone(_) => None,
    });
    there.collect()
}

impl Reader {
    async fn read(&self, body: &[u8]) -> Result<Page> {
        if body.len() < LARGE_BODY {
            return self.page(body);
        }
        let (reader, body) = (self.clone(), body.to_vec());
        let read = tokio::task::spawn_blocking(move || reader.page(&body));
        read.await
            .map_err(|_| Error::Protocol("the list of servers cannot be read".to_owned()))?
    }

    fn page(&self, body: &[u8]) -> Result<Page> {
        let page: Servers<'_> = decode(body, "the list of servers")?;
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mapper = Mapper {
            cloud: &self.cloud,
            region: &self.region,
            through: &self.through,
            names: &self.names,
            texts: &mut texts,
        };
        let rows = &page.servers.items;
        let seen = rows.iter().filter_map(|row| mapper.seen(row)).collect();
        let nameless = rows.iter().any(|row| {
            let image = row.image.0.as_ref().and_then(|image| id(image.id.get()));
            image.is_some_and(|image| !self.names.images.contains_key(image))
        });
        // Nova says so when there is more; where its link leads is of no interest.
        let links = &page.servers_links.items;
        let has_next = links.iter().any(|link| link.rel.get() == Some("next"));
        let last = rows.last().and_then(|row| id(row.id.get()));
        Ok(Page {
            seen,
            next: last.filter(|_| has_next).map(str::to_owned),
            nameless,
        })
    }
}

/// An error with the place that it is about.
fn in_place(error: Error, of: &str) -> Error {
    let with = |words: String| format!("{of}: {words}");
    let in_rejection = |mut no: crate::clouds::error::Rejection| {
        no.message = with(no.message);
        no
    };
    match error {
        Error::Unreachable { host, why } => Error::Unreachable {
            host,
            why: format!("{why} ({of})"),
        },
        Error::NoAnswer(words) => Error::NoAnswer(with(words)),
        Error::SignIn(words) => Error::SignIn(with(words)),
        Error::Forbidden(words) => Error::Forbidden(with(words)),
        Error::NotFound(words) => Error::NotFound(with(words)),
        Error::Conflict(no) => Error::Conflict(in_rejection(no)),
        Error::NeedsForce(no) => Error::NeedsForce(in_rejection(no)),
        Error::Rejected(no) => Error::Rejected(in_rejection(no)),
        Error::Unavailable {
            status,
            message,
            retry_after,
        } => Error::Unavailable {
            status,
            message: with(message),
            retry_after,
        },
        Error::Protocol(words) => Error::Protocol(with(words)),
        Error::Link(words) => Error::Link(with(words)),
        Error::Secret(words) => Error::Secret(words),
    }
}
