//! Events, newest first: the event log of every edition, and the audits and alarms of those that have them.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::Zstack;
use super::calls::Call;
use super::mapping::Mapper;
use super::refusal::if_there;
use super::wire::{AlarmRecord, Audit, EventLog, Inventories};
use crate::clouds::body::decode;
use crate::clouds::http::Lane;
use crate::clouds::{EventQuery, Result};
use crate::model::Event;

/// How many rows a page is asked to have.
const PAGE: usize = 500;

/// The most pages that one question looks through.
const MAX_PAGES: usize = 20;

/// Where something that happened is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    EventLog,
    Audits,
    Alarms,
}

impl Source {
    const ALL: [Self; 3] = [Self::EventLog, Self::Audits, Self::Alarms];

    fn path(self) -> &'static str {
        match self {
            Self::EventLog => "/v1/eventlogs",
            Self::Audits => "/v1/zwatch/audit-records",
            Self::Alarms => "/v1/zwatch/alarm-records",
        }
    }
}

/// Which sources this server lacks, or does not show to this user. They are asked once for each sign-in.
#[derive(Debug, Default)]
pub(super) struct Sources([AtomicBool; 3]);

impl Sources {
    fn lacks(&self, source: Source) -> &AtomicBool {
        &self.0[source as usize]
    }

    /// Another user may see more.
    pub fn ask_again(&self) {
        for source in &self.0 {
            source.store(false, Ordering::Relaxed);
        }
    }
}

impl Zstack {
    /// Events by the query. Of each source the newest are read, and everything else is chosen here.
    pub(super) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let lists = try_join_all(Source::ALL.map(|source| self.read_source(source, query))).await?;
        let mut events: Vec<Event> = lists.into_iter().flatten().collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events.truncate(query.limit);
        Ok(events)
    }

    async fn read_source(&self, source: Source, query: &EventQuery) -> Result<Vec<Event>> {
        if self.sources.lacks(source).load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let limit = if query.severity.is_some() {
            PAGE
        } else {
            query.limit.min(PAGE)
        };
        let mut events: Vec<Event> = Vec::new();
        for page in 0..MAX_PAGES {
            let path = format!(
                "{}?sort=-id&start={}&limit={limit}",
                source.path(),
                page * limit
            );
            let read = self.call(Call::get(&path, Lane::Read)?.list()).await;
            let Some(answer) = if_there(read)? else {
                self.sources.lacks(source).store(true, Ordering::Relaxed);
                break;
            };
            let (found, len) =
                self.mapped_alone(|mapper| read_page(source, &answer.body, mapper))?;
            let passed = query
                .since
                .is_some_and(|since| found.iter().any(|event| event.at < since));
            events.extend(found.into_iter().filter(|event| {
                query.since.is_none_or(|since| event.at >= since)
                    && query.severity.is_none_or(|worst| event.severity >= worst)
            }));
            if passed || len < limit || events.len() >= query.limit {
                break;
            }
        }
        let mut seen = std::collections::HashSet::new();
        events.retain(|event| seen.insert(event.key.id.clone()));
        Ok(events)
    }
}

fn read_page(source: Source, body: &[u8], mapper: &mut Mapper<'_>) -> Result<(Vec<Event>, usize)> {
    fn rows<'b, T: Deserialize<'b>>(
        body: &'b [u8],
        what: &str,
        map: impl FnMut(&T) -> Option<Event>,
    ) -> Result<(Vec<Event>, usize)> {
        let page: Inventories<T> = decode(body, what)?;
        let rows = &page.inventories;
        Ok((rows.items.iter().filter_map(map).collect(), rows.len))
    }
    match source {
        Source::EventLog => rows(body, "the event log", |row: &EventLog<'_>| {
            mapper.event_log(row)
        }),
        Source::Audits => rows(body, "the list of audits", |row: &Audit<'_>| {
            mapper.audit(row)
        }),
        Source::Alarms => rows(body, "the list of alarms", |row: &AlarmRecord<'_>| {
            mapper.alarm(row)
        }),
    }
}
