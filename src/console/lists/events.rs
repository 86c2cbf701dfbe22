//! The list of events over all clouds, newest first: what the engine tells by itself, and further pages as one scrolls.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::cursor::Cursor;
use super::event_filter::EventFilter;
use crate::console::keymap::Step;
use crate::fleet::{Changes, EventQuery, Inventory};
use crate::model::{CloudName, Event, EventKey, VmKey};

/// How many events are asked for at once.
pub const PAGE: usize = 200;

/// How many events of pages are kept.
pub const KEPT_MAX: usize = 20_000;

/// How far the events of one cloud have been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Feed {
    /// There may be more.
    #[default]
    More,
    /// This was asked.
    Reading(EventQuery),
    /// There is no more.
    All,
    /// They cannot be read, and why.
    Failed(String),
}

/// How far all of them have been read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// There may be more.
    More,
    /// More is on its way.
    Reading,
    /// There is no more.
    All,
    /// More than is kept.
    Full,
    /// One of them cannot be read, and why.
    Failed(CloudName, String),
}

#[derive(Debug, Default)]
struct Series {
    feed: Feed,
    /// Nothing newer is asked for next.
    until: Option<Timestamp>,
}

/// The list.
#[derive(Debug)]
pub struct EventList {
    rows: Vec<Arc<Event>>,
    /// What pages have brought, in no order.
    pages: Vec<Arc<Event>>,
    keys: HashSet<EventKey>,
    series: BTreeMap<CloudName, Series>,
    filter: EventFilter,
    only: Option<VmKey>,
    /// What the clouds were asked last, but for where the page begins.
    asked: (EventFilter, Option<VmKey>, EventQuery),
    cursor: Cursor<EventKey>,
    stale: bool,
}

impl Default for EventList {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            pages: Vec::new(),
            keys: HashSet::new(),
            series: BTreeMap::new(),
            filter: EventFilter::default(),
            only: None,
            asked: (
                EventFilter::default(),
                None,
                EventFilter::default().query(Timestamp::UNIX_EPOCH),
            ),
            cursor: Cursor::default(),
            stale: true,
        }
    }
}

impl EventList {
    /// Remembers that an update brought events.
    pub fn note(&mut self, changes: &Changes) {
        self.stale |= changes.events;
    }

    /// Makes the rows again if anything changed.
    pub fn settle(&mut self, inventory: &Inventory) {
        if !self.stale {
            return;
        }
        self.stale = false;
        let query = EventQuery {
            since: self.asked.2.since,
            ..self.filter.query(Timestamp::UNIX_EPOCH)
        };
        let wanted = |event: &Event| wants(&query, self.only.as_ref(), event);
        let mut rows: Vec<Arc<Event>> = inventory
            .events()
            .iter()
            .filter(|event| !self.keys.contains(&event.key) && wanted(event))
            .map(|event| Arc::new(event.clone()))
            .collect();
        rows.extend(self.pages.iter().filter(|event| wanted(event)).cloned());
        rows.sort_by(|a, b| (b.at, &b.key.id, &b.key.cloud).cmp(&(a.at, &a.key.id, &a.key.cloud)));
        self.rows = rows;
        let rows = &self.rows;
        self.cursor.settle(
            rows.len(),
            |key| rows.iter().position(|event| event.key == *key),
            |at| Some(rows.get(at)?.key.clone()),
        );
    }

    /// The events, newest first.
    #[must_use]
    pub fn rows(&self) -> &[Arc<Event>] {
        &self.rows
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// The event under the cursor.
    #[must_use]
    pub fn current(&self) -> Option<&Event> {
        self.rows.get(self.at()).map(|event| &**event)
    }

    /// An event that was listed.
    #[must_use]
    pub fn find(&self, key: &EventKey) -> Option<&Event> {
        let known = self.rows.iter().chain(&self.pages);
        known.map(|event| &**event).find(|event| event.key == *key)
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step, page: usize) {
        self.put(self.cursor.after(step, self.rows.len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, at: usize) {
        if let Some(event) = self.rows.get(at) {
            self.cursor.put(at, Some(event.key.clone()));
        }
    }

    /// What is listed of all events.
    #[must_use]
    pub fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Narrows the list at once to events with a text; the clouds are asked when [`Self::begin`] is called.
    pub fn set_text(&mut self, text: &str) {
        self.filter.text = text.to_owned();
        self.stale = true;
    }

    /// Lists other events; the clouds are asked when [`Self::begin`] is called. With a VM, those of it alone, whatever others of its name
    /// there are.
    pub fn set_filter(&mut self, filter: EventFilter, only: Option<VmKey>) {
        self.filter = filter;
        self.only = only;
        self.stale = true;
    }

    /// The VM whose events alone are shown.
    #[must_use]
    pub fn only(&self) -> Option<&VmKey> {
        self.only.as_ref()
    }

    /// Whether everything is listed.
    #[must_use]
    pub fn is_unfiltered(&self) -> bool {
        self.filter.is_empty() && self.only.is_none()
    }

    /// Begins anew with what the filter says now: what the clouds are to be asked. Nothing where they were asked the same last; and
    /// nothing without a filter, because the engine reads the newest events by itself.
    pub fn begin(&mut self, inventory: &Inventory, now: Timestamp) -> Vec<(CloudName, EventQuery)> {
        if self.asked.0 == self.filter && self.asked.1 == self.only {
            return Vec::new();
        }
        self.asked = (
            self.filter.clone(),
            self.only.clone(),
            self.filter.query(now),
        );
        self.pages.clear();
        self.keys.clear();
        self.series.clear();
        self.stale = true;
        if self.is_unfiltered() {
            return Vec::new();
        }
        self.next(inventory)
    }

    /// What is asked for because the end of the list is near: the next page of each cloud that may have more.
    pub fn next(&mut self, inventory: &Inventory) -> Vec<(CloudName, EventQuery)> {
        // What is being typed has not been asked yet.
        let settled = self.asked.0 == self.filter && self.asked.1 == self.only;
        if !settled || self.pages.len() >= KEPT_MAX {
            return Vec::new();
        }
        let mut asks = Vec::new();
        for cloud in self.clouds(inventory) {
            let series = self.series.entry(cloud.clone()).or_default();
            if matches!(series.feed, Feed::Reading(_) | Feed::All) {
                continue;
            }
            let unfiltered = self.asked.0.is_empty() && self.asked.1.is_none();
            if series.until.is_none() && unfiltered {
                // What the engine tells by itself is without gaps, and is kept from now on, so that there never is one.
                let own = inventory
                    .events()
                    .iter()
                    .filter(|event| event.key.cloud == cloud);
                for event in own {
                    series.until = series
                        .until
                        .map_or(Some(event.at), |at| Some(at.min(event.at)));
                    if self.keys.insert(event.key.clone()) {
                        self.pages.push(Arc::new(event.clone()));
                    }
                }
            }
            let query = EventQuery {
                until: series.until,
                limit: PAGE,
                ..self.asked.2.clone()
            };
            series.feed = Feed::Reading(query.clone());
            asks.push((cloud, query));
        }
        asks
    }

    /// The clouds that have events and that the list is about.
    fn clouds(&self, inventory: &Inventory) -> Vec<CloudName> {
        let wanted = |name: &CloudName| self.asked.1.as_ref().is_none_or(|vm| vm.cloud == *name);
        let clouds = inventory.clouds().iter();
        clouds
            .filter(|cloud| cloud.info.capabilities.events && wanted(&cloud.info.name))
            .map(|cloud| cloud.info.name.clone())
            .collect()
    }

    /// Takes a page in. One that was asked before the filter was changed is dropped.
    pub fn take(
        &mut self,
        cloud: &CloudName,
        query: &EventQuery,
        events: &Result<Vec<Event>, String>,
    ) {
        let Some(series) = self
            .series
            .get_mut(cloud)
            .filter(|series| series.feed == Feed::Reading(query.clone()))
        else {
            return;
        };
        self.stale = true;
        let events = match events {
            Ok(events) => events,
            Err(why) => {
                series.feed = Feed::Failed(why.clone());
                return;
            }
        };
        series.feed = if events.len() < query.limit {
            Feed::All
        } else {
            Feed::More
        };
        let oldest = events.iter().map(|event| event.at).min();
        series.until = match (oldest, query.until) {
            // A whole page of one moment: the next one begins before it.
            (Some(at), Some(until)) if at >= until => {
                until.checked_sub(SignedDuration::from_millis(1)).ok()
            }
            (Some(at), _) => Some(at),
            (None, until) => until,
        };
        for event in events.iter().filter(|event| event.key.cloud == *cloud) {
            if self.pages.len() < KEPT_MAX && self.keys.insert(event.key.clone()) {
                self.pages.push(Arc::new(event.clone()));
            }
        }
    }

    /// Forgets everything of a cloud that is looked at in another way from now on.
    pub fn forget(&mut self, cloud: &CloudName) {
        self.pages.retain(|event| event.key.cloud != *cloud);
        self.keys.retain(|key| key.cloud != *cloud);
        self.series.remove(cloud);
        self.stale = true;
    }

    /// How far the events have been read.
    #[must_use]
    pub fn end(&self, inventory: &Inventory) -> End {
        let clouds = self.clouds(inventory);
        let feed = |cloud: &CloudName| self.series.get(cloud).map_or(&Feed::More, |own| &own.feed);
        if clouds
            .iter()
            .any(|cloud| matches!(feed(cloud), Feed::Reading(_)))
        {
            return End::Reading;
        }
        let failed = clouds.iter().find_map(|cloud| match feed(cloud) {
            Feed::Failed(why) => Some(End::Failed(cloud.clone(), why.clone())),
            _ => None,
        });
        match failed {
            Some(failed) => failed,
            None if clouds.iter().all(|cloud| *feed(cloud) == Feed::All) => End::All,
            None if self.pages.len() >= KEPT_MAX => End::Full,
            None => End::More,
        }
    }
}

/// Whether an event is wanted. Of one VM are those that name it; those that name none, by the name.
fn wants(query: &EventQuery, only: Option<&VmKey>, event: &Event) -> bool {
    let Some(vm) = only else {
        return query.wants(event);
    };
    match &event.vm {
        Some(own) if own == vm => {
            let any = EventQuery {
                vm: None,
                ..query.clone()
            };
            any.wants(event)
        }
        Some(_) => false,
        None => event.key.cloud == vm.cloud && query.wants(event),
    }
}
