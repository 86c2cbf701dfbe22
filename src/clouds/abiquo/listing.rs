//! Lists and their pages: every VM, and whatever else is followed from page to page.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered, StreamExt as _};

use super::Abiquo;
use super::calls::Call;
use super::mapping::{Mapper, Texts};
use super::refusal::decode_with;
use super::tenants::Place as Where;
use super::wire::entries::Entries;
use super::wire::{Links, VirtualMachine};
use crate::clouds::http::{Origin, Route};
use crate::clouds::{Error, Result, VmPage};
use crate::model::{CloudName, Vm};

/// How many entries a page is asked to have. The server may give fewer.
pub(super) const PAGE: usize = 500;

/// The most pages that one list is followed through.
const MAX_PAGES: usize = 20_000;

/// How many pages may follow each other without anything new before the list counts as endless.
const MAX_BARREN: usize = 8;

/// Bodies from this size on are read beside the tasks that wait for the network, in bytes.
const LARGE_BODY: usize = 128 << 10;

/// A page of VMs, read and mapped.
struct Page {
    vms: Vec<Vm>,
    /// How many entries it had.
    len: usize,
    total: Option<usize>,
    next: Option<Route>,
}

/// The pages of a listing, as the next one expects them: it asks for them at once instead of after the first.
#[derive(Debug, Clone)]
pub(super) struct Pages {
    /// Of whose VMs.
    list: Where,
    /// How many VMs there were.
    total: usize,
    /// How many of them the first page had.
    step: usize,
}

/// Where a page was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    /// At an offset of the listing before, before the first page says whether it still counts.
    Expected(usize),
    /// At an offset that follows from the total.
    Offset(usize),
    /// Where the link of another page led.
    Next,
}

/// A listing of VMs under way: the first page, and those that its total promises, several at once, then whatever their links lead to
/// beyond. The total is that of the first page, and until it has come that of the listing before.
struct Listing<'a> {
    cloud: &'a Abiquo,
    /// Whose VMs; known once it has begun.
    list: Where,
    names: Arc<Mutex<Texts>>,
    /// Requests under way, as many as the configuration allows.
    asking: FuturesUnordered<BodyFuture<'a>>,
    /// Bodies being read. A connection does not wait for that.
    reading: FuturesUnordered<PageFuture<'a>>,
    offsets: VecDeque<usize>,
    /// What the listing before leads to expect, until the first page has come.
    expected: Option<Pages>,
    /// Expected pages that did not come. Whether that is a failure is told by the first page.
    missed: Vec<usize>,
    links: VecDeque<Route>,
    visited: HashSet<Route>,
    seen: HashSet<Arc<str>>,
    total: Option<usize>,
    /// The total that the offsets were made from.
    promised: usize,
    step: usize,
    pages: usize,
    barren: usize,
}

type BodyFuture<'a> = BoxFuture<'a, (Place, Result<Vec<u8>>)>;
type PageFuture<'a> = BoxFuture<'a, (Place, Result<Page>)>;

impl Abiquo {
    /// Every VM, page by page.
    pub(super) fn list_vms(&self) -> BoxStream<'_, Result<VmPage>> {
        let listing = Listing {
            cloud: self,
            list: Where::Own,
            names: Arc::default(),
            asking: FuturesUnordered::new(),
            reading: FuturesUnordered::new(),
            offsets: VecDeque::new(),
            // Only a listing that comes to its end is worth another one's trust.
            expected: self.pages().take(),
            missed: Vec::new(),
            links: VecDeque::new(),
            visited: HashSet::new(),
            seen: HashSet::new(),
            total: None,
            promised: 0,
            step: 0,
            pages: 0,
            barren: 0,
        };
        stream::try_unfold(listing, |mut listing| async move {
            Ok(listing.next().await?.map(|page| (page, listing)))
        })
        .boxed()
    }

    fn pages(&self) -> MutexGuard<'_, Option<Pages>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_vms(&self, place: Place, route: Route) -> (Place, Result<Vec<u8>>) {
        let call = Call::get(route, "virtualmachines").list();
        (place, self.call(call).await.map(|answer| answer.body))
    }

    async fn read_vms(&self, body: Vec<u8>, names: Arc<Mutex<Texts>>) -> Result<Page> {
        if body.len() < LARGE_BODY {
            return page(&body, &self.name, self.http.origin(), &names);
        }
        let (cloud, origin) = (self.name.clone(), self.http.origin().clone());
        let read = tokio::task::spawn_blocking(move || page(&body, &cloud, &origin, &names));
        read.await
            .map_err(|_| Error::Protocol("the list of VMs cannot be read".to_owned()))?
    }

    /// Reads a list page by page. `read` takes a page's body and says where the next one is, or that enough was read.
    pub(super) async fn follow(
        &self,
        first: Call,
        mut read: impl FnMut(&[u8]) -> Result<ControlFlow<(), Route>>,
    ) -> Result<()> {
        let mut call = first;
        let mut visited = HashSet::new();
        for _ in 0..MAX_PAGES {
            let answer = self.call(call.clone()).await?;
            let ControlFlow::Continue(next) = read(&answer.body)? else {
                return Ok(());
            };
            if !visited.insert(next.clone()) {
                return Err(circle());
            }
            call = call.at(next);
        }
        Err(circle())
    }
}

impl Listing<'_> {
    /// The next page that has something new; `None` at the end.
    async fn next(&mut self) -> Result<Option<VmPage>> {
        if self.pages == 0 {
            self.list = self.cloud.place()?;
            // The list of a tenant is not paged, and knows no parameters.
            let first = match &self.list {
                Where::Own => format!("{}?limit={PAGE}", self.list.vms()),
                Where::Tenant(_) => self.list.vms(),
            };
            self.start(Place::First, Route::new(&first)?)?;
            let list = &self.list;
            self.expected = self.expected.take().filter(|pages| pages.list == *list);
            if let Some(Pages { total, step, .. }) = self.expected {
                self.step = step;
                self.promise(total)?;
            }
        }
        loop {
            while self.asking.len() < self.cloud.concurrency
                && self.reading.len() <= self.cloud.concurrency
                && let Some(at) = self.offsets.pop_front()
            {
                let route = self.offset(at);
                let place = match self.expected {
                    Some(_) => Place::Expected(at),
                    None => Place::Offset(at),
                };
                self.start(place, Route::new(&route)?)?;
            }
            if self.asking.is_empty() && self.reading.is_empty() {
                let Some(link) = self.links.pop_front() else {
                    self.remember();
                    return Ok(None);
                };
                self.start(Place::Next, link)?;
            }
            // An empty one of the two says so at once and is passed over.
            tokio::select! {
                Some((place, asked)) = self.asking.next() => {
                    if let Some(body) = self.unless_missed(place, asked)? {
                        let read = self.cloud.read_vms(body, self.names.clone());
                        self.reading.push(Box::pin(async move { (place, read.await) }));
                    }
                }
                Some((place, read)) = self.reading.next() => {
                    if let Some(page) = self.unless_missed(place, read)?
                        && let Some(page) = self.take(place, page)?
                    {
                        return Ok(Some(page));
                    }
                }
            }
        }
    }

    /// What came, unless it is a page that was merely expected: it may be no more, which is no failure.
    fn unless_missed<T>(&mut self, place: Place, came: Result<T>) -> Result<Option<T>> {
        match (place, came) {
            (Place::Expected(at), Err(_)) => {
                self.missed.push(at);
                self.ask_missed();
                Ok(None)
            }
            (_, came) => came.map(Some),
        }
    }

    /// The listing is whole: the next one may expect the same pages.
    fn remember(&self) {
        let step = self.step;
        let total = self.total.filter(|total| step > 0 && *total > step);
        let list = self.list.clone();
        *self.cloud.pages() = total.map(|total| Pages { list, total, step });
    }

    /// Where the page at an offset is. A server that pages the list of a tenant after all has shown how large its pages are.
    fn offset(&self, at: usize) -> String {
        let limit = match &self.list {
            Where::Own => PAGE,
            Where::Tenant(_) => self.step,
        };
        format!("{}?startwith={at}&limit={limit}", self.list.vms())
    }

    fn start(&mut self, place: Place, route: Route) -> Result<()> {
        self.pages += 1;
        if self.pages > MAX_PAGES {
            return Err(circle());
        }
        self.visited.insert(route.clone());
        self.asking.push(Box::pin(self.cloud.ask_vms(place, route)));
        Ok(())
    }

    /// What is new on a page, and where the page leads.
    fn take(&mut self, place: Place, page: Page) -> Result<Option<VmPage>> {
        let Page {
            mut vms,
            len,
            total,
            next,
        } = page;
        vms.retain(|vm| self.seen.insert(vm.key.id.clone()));
        self.total = total.or(self.total);
        self.barren = if vms.is_empty() { self.barren + 1 } else { 0 };
        match place {
            Place::First => self.begin(len, next)?,
            // Nothing is there any more, so nothing is further on.
            Place::Offset(_) | Place::Expected(_) if len == 0 => self.offsets.clear(),
            // A page that is shorter than the step leaves a gap, and the last one may not be the last any more.
            Place::Offset(at) | Place::Expected(at)
                if len < self.step || at + len >= self.promised =>
            {
                self.link(next)?;
            }
            Place::Offset(_) | Place::Expected(_) => {}
            // Beyond the total, or in a gap: it ends where it meets what is known.
            Place::Next if self.total.is_some() && vms.is_empty() => {}
            Place::Next if self.barren > MAX_BARREN => return Err(circle()),
            Place::Next => self.link(next)?,
        }
        let first = place == Place::First;
        Ok((first || !vms.is_empty()).then_some(VmPage {
            vms,
            total: self.total,
        }))
    }

    /// The first page has come: it says which pages there are.
    fn begin(&mut self, len: usize, next: Option<Route>) -> Result<()> {
        let expected = self.expected.take();
        let total = self.total.filter(|total| len > 0 && *total > len);
        match (total, expected) {
            // As expected, but for pages at the end that were added or are gone.
            (
                Some(total),
                Some(Pages {
                    total: before,
                    step,
                    ..
                }),
            ) if step == len => {
                let added = before.next_multiple_of(step)..total;
                self.offsets.extend(added.step_by(step));
                self.offsets.retain(|at| *at < total);
                self.promised = total;
                self.ask_missed();
                return Ok(());
            }
            (_, Some(_)) => {
                self.asking.clear();
                self.reading.clear();
                self.offsets.clear();
                self.missed.clear();
                self.visited.clear();
            }
            (_, None) => {}
        }
        self.step = len;
        match total {
            Some(total) => self.promise(total),
            None => self.link(next),
        }
    }

    /// Once it is known which pages there are, those that did not come are asked for again, and may not fail again.
    fn ask_missed(&mut self) {
        if self.expected.is_none() {
            let promised = self.promised;
            let missed = self.missed.drain(..).filter(|at| *at < promised);
            self.offsets.extend(missed);
        }
    }

    /// The offsets of the pages that the total promises.
    fn promise(&mut self, total: usize) -> Result<()> {
        if total / self.step >= MAX_PAGES {
            return Err(Error::Protocol(format!(
                "the list of VMs says that it has {total} entries, {} on a page",
                self.step
            )));
        }
        self.promised = total;
        self.offsets = (self.step..total).step_by(self.step).collect();
        Ok(())
    }

    fn link(&mut self, next: Option<Route>) -> Result<()> {
        let Some(next) = next else {
            return Ok(());
        };
        if !self.visited.contains(&next) {
            self.links.push_back(next);
            return Ok(());
        }
        // Where everything that was promised has come, where the link leads does not matter.
        if self.total.is_some_and(|total| self.seen.len() >= total) {
            Ok(())
        } else {
            Err(circle())
        }
    }
}

fn circle() -> Error {
    Error::Protocol("the pages of the list lead in a circle".to_owned())
}

/// Reads a page of VMs. The names are shared by all pages of a listing.
fn page(body: &[u8], cloud: &CloudName, origin: &Origin, names: &Mutex<Texts>) -> Result<Page> {
    let mut vms = Vec::with_capacity(PAGE);
    let entries = Entries::new(|vm: VirtualMachine<'_>| {
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mapper = Mapper {
            cloud,
            origin,
            names: &mut names,
        };
        vms.extend(mapper.vm(&vm));
    });
    let page = decode_with(entries, body, "the list of VMs")?;
    Ok(Page {
        len: page.len,
        total: page
            .total_size
            .0
            .and_then(|total| usize::try_from(total).ok()),
        next: next(&page.links, origin)?,
        vms,
    })
}

/// Where the next page is.
fn next(links: &Links<'_>, origin: &Origin) -> Result<Option<Route>> {
    links
        .href("next")
        .map(|href| origin.route(href))
        .transpose()
}

/// The same, for [`Abiquo::follow`].
pub(super) fn turn(links: &Links<'_>, origin: &Origin) -> Result<ControlFlow<(), Route>> {
    Ok(next(links, origin)?.map_or(ControlFlow::Break(()), ControlFlow::Continue))
}
