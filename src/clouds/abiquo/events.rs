//! Reading events, newest first.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::Abiquo;
use super::calls::Call;
use super::listing::{PAGE, turn};
use super::mapping::{Mapper, Texts};
use super::refusal::decode;
use super::wire::{self, Collection};
use crate::clouds::http::Route;
use crate::clouds::{EventQuery, Result};
use crate::model::Event;

/// The most events that one question looks through.
const MAX_LOOKED_AT: usize = 20_000;

impl Abiquo {
    /// Events by the query. The names and formats of the server's own filters differ between versions, so that it is asked for the
    /// newest and everything else is chosen here; pages are followed until the query is met or its time is passed.
    pub(super) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let limit = if query.severity.is_some() {
            PAGE
        } else {
            query.limit.min(PAGE)
        };
        let route = Route::new(&format!("/events?limit={limit}&by=timestamp&asc=false"))?;
        let mut names = Texts::default();
        let mut events: Vec<Event> = Vec::new();
        let mut seen = HashSet::new();
        let mut looked_at = 0;
        self.follow(Call::get(route, "events").list(), |body| {
            let page: Collection<'_, wire::Event<'_>> = decode(body, "the list of events")?;
            let mut mapper = Mapper {
                cloud: &self.name,
                origin: self.http.origin(),
                names: &mut names,
            };
            let found: Vec<Event> = page
                .collection
                .items
                .iter()
                .filter_map(|wire| mapper.event(wire))
                .collect();
            looked_at += page.collection.len;
            let passed = query
                .since
                .is_some_and(|since| found.last().is_some_and(|event| event.at < since));
            events.extend(found.into_iter().filter(|event| {
                query.since.is_none_or(|since| event.at >= since)
                    && query
                        .severity
                        .is_none_or(|severity| event.severity >= severity)
                    && seen.insert(event.key.id.clone())
            }));
            let enough = events.len() >= query.limit
                || looked_at >= MAX_LOOKED_AT
                || page.collection.len == 0;
            if passed || enough {
                Ok(ControlFlow::Break(()))
            } else {
                turn(&page.links, self.http.origin())
            }
        })
        .await?;
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events.truncate(query.limit);
        Ok(events)
    }
}
