//! What the cloud has measured of a VM lately.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;

use super::Abiquo;
use super::calls::Call;
use super::mapping::{moment, own};
use super::refusal::decode;
use super::wire::Collection;
use super::wire::metric::{Metadata, Metric};
use crate::clouds::http::{Origin, Route};
use crate::clouds::{Error, Result};
use crate::model::text::clean_name;
use crate::model::{Series, Vm};

/// The most series that are read of one VM.
const MAX_SERIES: usize = 8;

/// The most measures that are looked through.
const MAX_MEASURES: usize = 1_000;

/// The most points that are kept of one series, the newest.
const MAX_POINTS: usize = 240;

/// The last hour, one value a minute.
const LATELY: &str = "?granularity=60&statistic=average&startrelative=PT1H";

/// What is worth seeing first, by parts of names.
const FIRST: &[&[&str]] = &[
    &["cpu"],
    &["mem", "ram"],
    &["net", "nic", "if_", "octets", "bandwidth"],
    &["disk", "storage", "iops", "datastore"],
];

/// One measure that a VM has.
#[derive(Debug)]
pub(super) struct Measure {
    name: Arc<str>,
    unit: Option<Arc<str>>,
    route: Route,
}

impl Abiquo {
    /// The series of the last hour, the most telling ones. A series that cannot be read is left out, unless none can.
    pub(super) async fn read_metrics(&self, vm: &Vm) -> Result<Vec<Series>> {
        let body = self.read_body(vm).await?;
        let wire = Self::its_own(vm, &body)?;
        let href = wire.links.href("metricsmetadata");
        let Some(list) = href.and_then(|href| self.http.origin().route(href).ok()) else {
            return Ok(Vec::new());
        };
        let answer = match self.call(Call::get(list.clone(), "metricsmetadata")).await {
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            answer => answer?,
        };
        let measures = measures(&answer.body, &list, self.http.origin())?;
        let read: Vec<Result<Series>> = stream::iter(measures)
            .map(|measure| self.series(measure))
            .buffered(self.concurrency)
            .collect()
            .await;
        let mut error = None;
        let mut all = Vec::new();
        for series in read {
            match series {
                Ok(series) => all.push(series),
                Err(why) => error = error.or(Some(why)),
            }
        }
        match error {
            Some(error) if all.is_empty() => Err(error),
            _ => {
                all.retain(|series| !series.points.is_empty());
                Ok(all)
            }
        }
    }

    async fn series(&self, measure: Measure) -> Result<Series> {
        let lately = measure.route.below(LATELY)?;
        let body = match self.call(Call::get(lately, "metric")).await {
            // A statistic or a span that it does not know: whatever it tells unasked.
            Err(Error::Rejected(_)) => {
                let plain = measure.route.below("")?;
                self.call(Call::get(plain, "metric")).await?.body
            }
            answer => answer?.body,
        };
        let wire: Metric<'_> = decode(&body, "what was measured")?;
        let mut points: Vec<(Timestamp, f64)> = wire
            .datapoints
            .items
            .iter()
            .filter_map(|point| {
                let value: f64 = point.value.get()?.trim().parse().ok()?;
                Some((moment(&point.timestamp)?, value)).filter(|_| value.is_finite())
            })
            .collect();
        points.sort_by_key(|(at, _)| *at);
        points.drain(..points.len().saturating_sub(MAX_POINTS));
        Ok(Series {
            name: measure.name,
            unit: measure.unit,
            points: points.into(),
        })
    }
}

/// The measures of a list that are worth reading, the most telling first.
pub(super) fn measures(body: &[u8], list: &Route, origin: &Origin) -> Result<Vec<Measure>> {
    let page: Collection<'_, Metadata<'_>> = decode(body, "the list of measures")?;
    let mut ranked: Vec<(usize, Measure)> = Vec::new();
    for wire in page.collection.items.iter().take(MAX_MEASURES) {
        let Some(name) = wire.name.get() else {
            continue;
        };
        let by_name = || {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let below = || list.below(&format!("/{name}")).ok();
            name.chars().all(fits).then(below).flatten()
        };
        let by_link = wire
            .links
            .href("metric")
            .and_then(|href| origin.route(href).ok());
        let Some(route) = by_link.or_else(by_name) else {
            continue;
        };
        let shown = clean_name(name);
        if ranked.iter().any(|(_, known)| *known.name == *shown) {
            continue;
        }
        let measure = Measure {
            name: Arc::from(&*shown),
            unit: own(wire.unit.get()),
            route,
        };
        ranked.push((rank(name), measure));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let best = ranked.into_iter().take(MAX_SERIES);
    Ok(best.map(|(_, measure)| measure).collect())
}

fn rank(name: &str) -> usize {
    let name = name.to_ascii_lowercase();
    let at = FIRST
        .iter()
        .position(|parts| parts.iter().any(|part| name.contains(part)));
    at.unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use url::Url;

    use super::*;

    #[test]
    fn of_an_endless_list_the_first_measures_are_looked_through() {
        let origin = Origin::new(&Url::parse("https://cloud.example.com/api").unwrap());
        let list = Route::new("/x/metrics").unwrap();
        let found = |before: usize| {
            let names = (0..before).map(|n| format!("x{n}"));
            let entries: Vec<_> = names
                .chain(["cpu_load".to_owned()])
                .map(|name| format!(r#"{{"name":"{name}"}}"#))
                .collect();
            let body = format!(r#"{{"collection":[{}]}}"#, entries.join(","));
            let found = measures(body.as_bytes(), &list, &origin).unwrap();
            assert!(found.len() <= MAX_SERIES);
            found.first().unwrap().name.clone()
        };
        assert_eq!(&*found(MAX_MEASURES - 1), "cpu_load");
        assert_eq!(&*found(MAX_MEASURES), "x0");
    }
}
