//! Lists and their pages, several at once: every VM, and whatever else is read whole.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, try_join3};
use futures_util::stream::{self, BoxStream, FuturesUnordered, TryStreamExt as _};
use serde::de::IgnoredAny;

use super::Zstack;
use super::calls::Call;
use super::mapping::{Mapper, Tags, Texts};
use super::names::Places;
use super::refusal::if_there;
use super::wire::{Inventories, Tag, VmInstance};
use crate::clouds::body::decode;
use crate::clouds::http::Lane;
use crate::clouds::{Error, Result, VmPage};
use crate::model::Vm;

/// How many VMs a page is asked to have, and how many rows of other lists, which are small. The server may give fewer.
const PAGE: usize = 500;
const PAGE_OF_NAMES: usize = 1_000;

/// The most pages that one list is followed through.
const MAX_PAGES: usize = 20_000;

/// Bodies from this size on are read beside the tasks that wait for the network, in bytes.
const LARGE_BODY: usize = 128 << 10;

/// Every VM but those that are the platform's own (virtual routers and the like).
const VMS: &str = "/v1/vm-instances?q=type%3DUserVm";

/// What belongs to a VM beside its own row.
#[derive(Clone)]
struct Around {
    places: Arc<Places>,
    tags: Arc<Tags>,
    texts: Arc<Mutex<Texts>>,
}

/// A page of VMs, read and mapped.
struct Page {
    at: usize,
    vms: Vec<Vm>,
    /// How many rows it had.
    len: usize,
    total: Option<usize>,
}

/// A listing of VMs under way: the first page, then those that its total promises, several at once.
struct Listing<'a> {
    cloud: &'a Zstack,
    around: Option<Around>,
    asking: FuturesUnordered<BoxFuture<'a, Result<Page>>>,
    offsets: VecDeque<usize>,
    seen: HashSet<Arc<str>>,
    total: Option<usize>,
    /// Where the pages that were asked for end.
    promised: usize,
    step: usize,
    pages: usize,
    /// The total has changed under way: a row may have slipped from one page to another in between.
    shifted: bool,
    again: bool,
}

impl Zstack {
    /// Every VM, page by page.
    pub(super) fn list_vms(&self) -> BoxStream<'_, Result<VmPage>> {
        let listing = Listing {
            cloud: self,
            around: None,
            asking: FuturesUnordered::new(),
            offsets: VecDeque::new(),
            seen: HashSet::new(),
            total: None,
            promised: 0,
            step: PAGE,
            pages: 0,
            shifted: false,
            again: false,
        };
        stream::try_unfold(listing, |mut listing| async move {
            Ok(listing.next().await?.map(|page| (page, listing)))
        })
        .boxed()
    }

    /// The bodies of all pages of a list. `query` is its address with at least one parameter.
    pub(super) async fn every(&self, query: &str, lane: Lane) -> Result<Vec<Vec<u8>>> {
        let ask = |at: usize| async move {
            let path = page_of(query, at, PAGE_OF_NAMES);
            Ok(self.call(Call::get(&path, lane)?.list()).await?.body)
        };
        let first = ask(0).await?;
        let page: Inventories<Nothing> = decode(&first, "a list")?;
        let (len, total) = (page.inventories.len, total(&page)?.unwrap_or(0));
        let mut bodies = vec![first];
        if len > 0 && total > len {
            let offsets = offsets(len, total, len)?;
            let rest: Vec<Vec<u8>> = stream::iter(offsets)
                .map(ask)
                .buffered(self.concurrency)
                .try_collect()
                .await?;
            bodies.extend(rest);
        }
        Ok(bodies)
    }

    /// What VMs are tagged with: all of them, or one. Users who may not read tags see none.
    pub(super) async fn tags(&self, vm: Option<&str>, lane: Lane) -> Result<Tags> {
        let mut query = "/v1/user-tags?q=resourceType%3DVmInstanceVO".to_owned();
        if let Some(vm) = vm {
            query.push_str(&format!("&q=resourceUuid%3D{vm}"));
        }
        let bodies = if_there(self.every(&query, lane).await)?.unwrap_or_default();
        let pages: Vec<Inventories<Tag<'_>>> = bodies
            .iter()
            .map(|body| decode(body, "the list of tags"))
            .collect::<Result<_>>()?;
        let rows = pages.iter().flat_map(|page| &page.inventories.items);
        Ok(Tags::read(
            rows,
            self.zone().as_ref(),
            &mut Texts::default(),
        ))
    }

    async fn ask_vms(&self, at: usize, step: usize) -> Result<Vec<u8>> {
        let call = Call::get(&page_of(VMS, at, step), Lane::Read)?.list();
        Ok(self.call(call).await?.body)
    }

    async fn read_vms(self: &Zstack, at: usize, body: Vec<u8>, around: Around) -> Result<Page> {
        if body.len() < LARGE_BODY {
            return self.page(at, &body, &around);
        }
        let reader = self.clone_for_reading();
        let read = tokio::task::spawn_blocking(move || reader.page(at, &body, &around));
        read.await
            .map_err(|_| Error::Protocol("the list of VMs cannot be read".to_owned()))?
    }
}

impl<'a> Listing<'a> {
    /// The next page that has something new; `None` at the end.
    async fn next(&mut self) -> Result<Option<VmPage>> {
        if self.around.is_none() {
            return self.first().await.map(Some);
        }
        loop {
            self.ask();
            let Some(page) = self.asking.next().await else {
                return Ok(None);
            };
            let page = self.take(page?)?;
            if !page.vms.is_empty() {
                return Ok(Some(page));
            }
        }
    }

    /// The first page, and at the same time what belongs to the VMs.
    async fn first(&mut self) -> Result<VmPage> {
        let cloud = self.cloud;
        let (body, places, tags) = try_join3(
            cloud.ask_vms(0, PAGE),
            cloud.places(Lane::Read),
            cloud.tags(None, Lane::Read),
        )
        .await?;
        let around = Around {
            places,
            tags: Arc::new(tags),
            texts: Arc::default(),
        };
        self.around = Some(around.clone());
        self.pages = 1;
        let page = cloud.read_vms(0, body, around).await?;
        // A server that gives fewer rows than asked for is asked for as many as it gives.
        let more = page.total.is_none_or(|total| total > page.len);
        if page.len > 0 && page.len < PAGE && more && page.total.is_some() {
            self.step = page.len;
        }
        self.promised = page.len;
        self.take(page)
    }

    /// What is new on a page, and what is to be asked for next.
    fn take(&mut self, mut page: Page) -> Result<VmPage> {
        page.vms.retain(|vm| self.seen.insert(vm.key.id.clone()));
        self.shifted |= self.total.is_some() && page.total.is_some() && page.total != self.total;
        self.total = page.total.or(self.total);
        match self.total {
            Some(total) if page.len > 0 && total > self.promised => {
                self.offsets
                    .extend(offsets(self.promised, total, self.step)?);
                self.promised = total;
            }
            Some(_) => {}
            // Without a total one page leads to the next, until one is not full.
            None if page.len >= self.step && !page.vms.is_empty() => {
                self.promised = page.at + page.len;
                self.offsets.push_back(self.promised);
            }
            None => {}
        }
        let idle = self.offsets.is_empty() && self.asking.is_empty();
        if idle && self.shifted && !self.again {
            self.again = true;
            self.offsets.extend(offsets(0, self.promised, self.step)?);
        }
        Ok(VmPage {
            vms: page.vms,
            total: self.total,
        })
    }

    fn ask(&mut self) {
        let Some(around) = &self.around else { return };
        while self.asking.len() < self.cloud.concurrency && self.pages < MAX_PAGES {
            let Some(at) = self.offsets.pop_front() else {
                return;
            };
            self.pages += 1;
            let (cloud, step, around) = (self.cloud, self.step, around.clone());
            self.asking.push(Box::pin(async move {
                let body = cloud.ask_vms(at, step).await?;
                cloud.read_vms(at, body, around).await
            }));
        }
    }
}

/// The rows of a page, unread.
#[derive(serde::Deserialize)]
struct Nothing {
    #[serde(rename = "uuid")]
    _uuid: Option<IgnoredAny>,
}

/// The address of a page. Sorted, so that pages do not overlap; a plus would be a space in a query.
fn page_of(query: &str, at: usize, limit: usize) -> String {
    format!("{query}&start={at}&limit={limit}&replyWithCount=true&sort=%2Buuid")
}

/// The offsets of the pages from one row to another.
fn offsets(from: usize, to: usize, step: usize) -> Result<impl Iterator<Item = usize>> {
    let step = step.max(1);
    if to.saturating_sub(from) / step >= MAX_PAGES {
        return Err(Error::Protocol(format!(
            "a list says that it has {to} entries, {step} on a page"
        )));
    }
    Ok((from..to).step_by(step))
}

fn total<T>(page: &Inventories<T>) -> Result<Option<usize>> {
    let wrong = || Error::Protocol("a list has an impossible number of entries".to_owned());
    page.total
        .0
        .map(|total| usize::try_from(total).map_err(|_| wrong()))
        .transpose()
}

/// What reading a page needs of the cloud.
struct Reader {
    name: crate::model::CloudName,
    zone: Option<jiff::tz::TimeZone>,
    project: Option<crate::model::Group>,
}

impl Zstack {
    fn clone_for_reading(&self) -> Reader {
        Reader {
            name: self.name.clone(),
            zone: self.zone(),
            project: self.project(),
        }
    }

    fn page(&self, at: usize, body: &[u8], around: &Around) -> Result<Page> {
        self.clone_for_reading().page(at, body, around)
    }
}

impl Reader {
    fn page(&self, at: usize, body: &[u8], around: &Around) -> Result<Page> {
        let page: Inventories<VmInstance<'_>> = decode(body, "the list of VMs")?;
        let mut texts = around.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mapper = Mapper {
            cloud: &self.name,
            zone: self.zone.as_ref(),
            places: &around.places,
            tags: &around.tags,
            project: self.project.as_ref(),
            texts: &mut texts,
        };
        Ok(Page {
            at,
            vms: page
                .inventories
                .items
                .iter()
                .filter_map(|vm| mapper.vm(vm))
                .collect(),
            len: page.inventories.len,
            total: total(&page)?,
        })
    }
}
