//! Reading events, newest first.

mod filters;

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::Abiquo;
use super::calls::Call;
use super::listing::{PAGE, turn};
use super::mapping::{Mapper, Texts, is_of_tenant};
use super::refusal::decode;
use super::wire::{self, Collection};
use crate::clouds::http::Route;
use crate::clouds::{Error, EventQuery, Result};
use crate::model::{Event, Group};

use filters::Asked;
pub(super) use filters::Filters;

/// The most events that one question looks through.
const MAX_LOOKED_AT: usize = 20_000;

impl Abiquo {
    /// Events by the query. Whatever the server filters, every event is held against the query here, and pages are followed until the
    /// query is met or its time is passed. Filters that the server does not take are left out, one after the other; one
    /// that leaves nothing may have been understood otherwise, and is left out as well.
    pub(super) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let tenant = self.chosen();
        let mut asked = Asked::new(query, self.filters.dates());
        loop {
            match self.events_by(query, tenant.as_ref(), &asked).await {
                // A parameter that cannot be read is a bad request, on old servers a place that does not exist.
                Err(error @ (Error::Rejected(_) | Error::NotFound(_))) => {
                    if !asked.leave_out(&error) {
                        return Err(error);
                    }
                }
                Ok(events) if events.is_empty() && asked.filters_vm() => asked.leave_out_vm(),
                Ok(events) => {
                    if let Some(dates) = asked.dates() {
                        self.filters.remember(dates);
                    }
                    return Ok(events);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn events_by(
        &self,
        query: &EventQuery,
        tenant: Option<&Group>,
        asked: &Asked<'_>,
    ) -> Result<Vec<Event>> {
        // What is chosen here may be found in few of many.
        let is_plain = EventQuery {
            limit: 0,
            since: None,
            ..query.clone()
        } == EventQuery::default();
        let limit = if is_plain && tenant.is_none() {
            query.limit.min(PAGE)
        } else {
            PAGE
        };
        let route = format!(
            "/events?limit={limit}&by=timestamp&asc=false{}",
            asked.parameters()
        );
        let mut names = Texts::default();
        let mut events: Vec<Event> = Vec::new();
        let mut seen = HashSet::new();
        let mut looked_at = 0;
        let call = Call::get(Route::new(&route)?, "events").list();
        self.follow(call, |body| {
            let page: Collection<'_, wire::Event<'_>> = decode(body, "the list of events")?;
            let mut mapper = Mapper {
                cloud: &self.name,
                origin: self.http.origin(),
                names: &mut names,
            };
            looked_at += page.collection.len;
            let mut passed = false;
            for wire in &page.collection.items {
                let Some(event) = mapper.event(wire) else {
                    continue;
                };
                // Newest first: the last one of the page tells.
                passed = query.since.is_some_and(|since| event.at < since);
                if query.wants(&event)
                    && tenant.is_none_or(|tenant| is_of_tenant(wire, tenant))
                    && seen.insert(event.key.id.clone())
                {
                    events.push(event);
                }
            }
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
