//! One round of reading: sign in, list page by page, then appliances and events.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Worker;
use super::known::Put;
use crate::clouds::{Error, EventQuery, Result, VmPage};
use crate::fleet::update::{CloudStatus, Update};
use crate::fleet::words;
use crate::model::{Event, Vm};

/// Appliances are read at every listing while there are no more VMs than this …
const SMALL: usize = 500;
/// … else at each so-many-th, and when a VM names one that is not known.
const VAPPS_EVERY: u32 = 6;
/// The newest events of the first round; more when a protected VM does not say who protected it.
const EVENTS_FIRST: usize = 200;
const EVENTS_DEEP: usize = 2_000;
/// The events of a later round.
const EVENTS_MORE: usize = 500;
/// Events are asked for again from so long before the newest: clocks of a platform's parts differ.
const EVENTS_OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// What complaints are about.
pub(super) const APPLIANCES: &str = "appliances";
pub(super) const EVENTS: &str = "events";

/// What a listing came to.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// How long it took, all pages.
    pub took: Duration,
    /// A VM names an appliance that is not known.
    pub new_vapps: bool,
    /// Why some parts of the cloud were not read, where others were.
    pub fault: Option<Error>,
}

impl Worker {
    /// Lists everything once and tells the end of it. Of a cloud in parts it may be some of them: what they had is told, and what they no
    /// longer have is gone. When the session has ended, signs in again and lists again, once.
    pub(super) async fn list(self: &Arc<Self>) -> Result<Listing> {
        self.ensure_session().await?;
        // Of two at once each would take what only the other one had for gone.
        let _turn = self.listing_turn.lock().await;
        loop {
            let number = self.sign_in.number();
            let listed = match self.list_once().await {
                Err(error) if error.needs_sign_in() => {
                    self.renew_session(number).await?;
                    self.list_once().await
                }
                answer => answer,
            };
            if let Some(listing) = listed? {
                return Ok(listing);
            }
        }
    }

    /// `None` when another tenant is looked at since it began.
    async fn list_once(self: &Arc<Self>) -> Result<Option<Listing>> {
        // Another process may have protected or acknowledged something.
        self.read_local_or_complain().await;
        let started = Instant::now();
        let order = self.known().begin_listing();
        let first = {
            let known = self.known();
            !known.listed && !known.partly_listed
        };
        let (mut read, mut total, mut latency, mut new_vapps) = (0, None, None, false);
        if first {
            self.status(CloudStatus::Listing { read, total }).await;
        }
        let mut pages = self.cloud.vms();
        let mut fault = None;
        loop {
            let looked = self.looked.notified();
            tokio::pin!(looked);
            looked.as_mut().enable();
            if self.known().is_old(order) {
                return Ok(None);
            }
            let page = tokio::select! {
                page = pages.next() => page,
                () = looked => continue,
            };
            let Some(page) = page else { break };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            };
            latency = latency.or_else(|| Some(started.elapsed()));
            read += page.vms.len();
            total = page.total.or(total);
            new_vapps |= self.tell_page(page, order).await;
            if first {
                self.status(CloudStatus::Listing { read, total }).await;
            }
        }
        drop(pages);
        let took = started.elapsed();
        if let Some(error) = fault {
            let listed = self.listed_in_part(order, error, took, new_vapps).await;
            return if self.known().is_old(order) {
                Ok(None)
            } else {
                listed.map(Some)
            };
        }
        let at = Timestamp::now();
        self.outbox()
            .tell(|| {
                let mut known = self.known();
                if known.is_old(order) {
                    return ((), None);
                }
                let gone = known.take_gone(order);
                known.as_of = Some(at);
                known.listed = true;
                known.mark_locked();
                let update = (!gone.is_empty()).then(|| Update::Vms {
                    cloud: self.info.name.clone(),
                    changed: Vec::new(),
                    gone,
                    as_of: at,
                });
                ((), update)
            })
            .await;
        let listed = Update::Listed {
            cloud: self.info.name.clone(),
            at,
            took,
            latency,
        };
        if !self.send_unless_old(order, listed).await {
            return Ok(None);
        }
        self.tell_failed().await;
        Ok(Some(Listing {
            took,
            new_vapps,
            fault: None,
        }))
    }

    /// Sends what a request found that began then. `false` when it was not sent, for another tenant is looked at since.
    pub(super) async fn send_unless_old(&self, order: super::known::Order, update: Update) -> bool {
        let told = self.outbox().tell(|| {
            let is_old = self.known().is_old(order);
            (!is_old, (!is_old).then_some(update))
        });
        told.await.unwrap_or(true)
    }

    /// A listing ended in an error. What it had was told; where it read parts of the cloud whole, it is of use beyond that.
    async fn listed_in_part(
        &self,
        order: super::known::Order,
        error: Error,
        took: Duration,
        new_vapps: bool,
    ) -> Result<Listing> {
        let has_read = |vm: &Vm| self.cloud.has_read(vm);
        let in_part = self.known().entries().any(|entry| has_read(&entry.vm));
        if !in_part || error.needs_sign_in() {
            return Err(error);
        }
        self.outbox()
            .tell(|| {
                let mut known = self.known();
                if known.is_old(order) {
                    return ((), None);
                }
                let gone = known.take_gone_of(order, has_read);
                known.partly_listed = true;
                drop(known);
                let update = (!gone.is_empty()).then(|| self.vms_update(Vec::new(), gone));
                ((), update)
            })
            .await;
        self.tell_failed().await;
        Ok(Listing {
            took,
            new_vapps,
            fault: Some(error),
        })
    }

    /// Tells what differs in a page. Answers whether a VM in it names an appliance that is not known.
    async fn tell_page(&self, page: VmPage, order: super::known::Order) -> bool {
        let told = self.outbox().tell(|| {
            let mut known = self.known();
            let mut changed = Vec::new();
            let mut new_vapps = false;
            for vm in page.vms {
                if let Put::Changed(vm) = known.put_listed(vm, order) {
                    new_vapps |= known.names_unknown_vapp(&vm);
                    changed.push(vm);
                }
            }
            let update = (!changed.is_empty()).then(|| Update::Vms {
                cloud: self.info.name.clone(),
                changed,
                gone: Vec::new(),
                as_of: Timestamp::now(),
            });
            (new_vapps, update)
        });
        let new_vapps = told.await.unwrap_or(false);
        self.wake_changing();
        new_vapps
    }

    /// What comes after a listing: appliances, events, the tasks that nobody has read. What fails here is said once and
    /// leaves the listing as good as it is.
    pub(super) async fn read_the_rest(self: &Arc<Self>, round: u32, listing: &Listing) {
        let small = self.known().len() <= SMALL;
        let unread = !self.known().vapps_known();
        if small || unread || listing.new_vapps || round.is_multiple_of(VAPPS_EVERY) {
            let answer = self.read_vapps().await;
            self.say_if_failed(APPLIANCES, answer);
        }
        let answer = self.read_new_events().await;
        self.say_if_failed(EVENTS, answer);
        self.read_held_if_wanted().await;
        self.tell_unread().await;
        self.reads_wanted.notify_one();
    }

    pub(super) fn say_if_failed(&self, about: &'static str, answer: Result<()>) {
        let error = answer.err().map(|error| {
            let what = format!("Reading the {about} of {}", self.info.name);
            words::failed_by(&what, &error)
        });
        self.complain(about, error);
    }

    /// Reads the appliances and tells them if any differs.
    pub(super) async fn read_vapps(&self) -> Result<()> {
        if !self.info.capabilities.vapps {
            return Ok(());
        }
        let order = self.known().begin();
        let vapps = self.read(|| self.cloud.vapps()).await?;
        self.outbox()
            .tell(|| {
                let cloud = self.info.name.clone();
                let mut known = self.known();
                let differs = !known.is_old(order) && known.put_vapps(&vapps);
                drop(known);
                ((), differs.then_some(Update::Vapps { cloud, vapps }))
            })
            .await;
        Ok(())
    }

    /// Reads the events since the last time and tells the new ones, and whom they name as protector.
    pub(super) async fn read_new_events(&self) -> Result<()> {
        if !self.info.capabilities.events {
            return Ok(());
        }
        let (order, newest) = {
            let mut known = self.known();
            (known.begin(), known.newest_event)
        };
        let mut query = EventQuery {
            since: newest.and_then(|at| at.checked_sub(EVENTS_OVERLAP).ok()),
            limit: if newest.is_some() {
                EVENTS_MORE
            } else {
                EVENTS_FIRST
            },
            ..EventQuery::default()
        };
        let mut events = self.read(|| self.cloud.events(&query)).await?;
        let full = events.len() >= EVENTS_FIRST;
        if newest.is_none() && full && self.known().lacks_protectors() && !self.names_all(&events) {
            query.limit = EVENTS_DEEP;
            events = self.read(|| self.cloud.events(&query)).await?;
        }
        self.tell_events(events, order).await;
        Ok(())
    }

    /// Whether these events say who protected each protected VM.
    fn names_all(&self, events: &[Event]) -> bool {
        let changes = events
            .iter()
            .filter_map(|event| self.cloud.protection_change(event));
        let told: std::collections::HashSet<_> = changes
            .filter_map(|change| match change {
                crate::clouds::ProtectionChange::Protected { vm, .. } => Some(vm),
                crate::clouds::ProtectionChange::Released { .. } => None,
            })
            .collect();
        let known = self.known();
        let mut nameless = known.entries().filter(|entry| {
            let protection = entry.vm.protection.as_ref();
            protection.is_some_and(|protection| protection.by.is_none())
        });
        nameless.all(|entry| told.contains(&entry.vm.key))
    }

    /// Takes events in that a request found that began then, and tells those that are new.
    pub(super) async fn tell_events(&self, mut events: Vec<Event>, order: super::known::Order) {
        // Newest first, whatever the server's order.
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        let changes: Vec<_> = events
            .iter()
            .rev()
            .filter_map(|event| Some((self.cloud.protection_change(event)?, event.at)))
            .collect();
        self.outbox()
            .tell(|| {
                let mut known = self.known();
                if known.is_old(order) {
                    return ((), None);
                }
                let mut changed = Vec::new();
                for (change, at) in changes {
                    changed.extend(known.protection_changed(change, at));
                }
                drop(known);
                let update = (!changed.is_empty()).then(|| self.vms_update(changed, Vec::new()));
                ((), update)
            })
            .await;
        self.outbox()
            .tell(|| {
                let mut known = self.known();
                if known.is_old(order) {
                    return ((), None);
                }
                let events = known.put_events(events);
                drop(known);
                let cloud = self.info.name.clone();
                (
                    (),
                    (!events.is_empty()).then_some(Update::Events { cloud, events }),
                )
            })
            .await;
    }

    /// The sentence for reading a whole cloud that failed, and whether the credentials are the reason.
    pub(in crate::fleet) fn failure_words(&self, what: &str, error: &Error) -> (String, bool) {
        let sign_in = matches!(error, Error::SignIn(_) | Error::Secret(_));
        let what = if sign_in { "Signing in to" } else { what };
        let what = format!("{what} {}", self.info.name);
        (words::failed_by(&what, error), sign_in)
    }

    pub(super) fn set_healthy(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::Release);
    }
}
