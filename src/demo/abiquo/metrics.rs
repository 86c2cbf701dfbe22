//! What is measured of a VM (13): curves that are the same every time they are asked for.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Unit};

use super::answer::{Answer, Refusal};
use super::asking::Asking;
use super::estate::Power;
use super::media::accepted;
use super::paging::Query;
use super::routes::VmId;
use crate::demo::identity::mix;
use crate::demo::json::Json;

/// Something that is measured.
#[derive(Debug)]
pub struct Metric {
    /// Its name, which ends its address.
    pub name: &'static str,
    /// What of.
    pub unit: &'static str,
    /// For people.
    pub description: &'static str,
    /// The value around which it moves.
    middle: f64,
    /// How far it moves over a day.
    swing: f64,
    /// The most it may be.
    most: f64,
}

/// All that is measured. The names are this server's own: the reference tells none.
pub const METRICS: [Metric; 6] = [
    Metric {
        name: "cpu_load",
        unit: "percent",
        description: "processor time in use",
        middle: 38.0,
        swing: 24.0,
        most: 100.0,
    },
    Metric {
        name: "memory_used",
        unit: "percent",
        description: "memory in use",
        middle: 61.0,
        swing: 9.0,
        most: 100.0,
    },
    Metric {
        name: "network_in",
        unit: "bytes per second",
        description: "received from the network",
        middle: 410_000.0,
        swing: 300_000.0,
        most: 125_000_000.0,
    },
    Metric {
        name: "network_out",
        unit: "bytes per second",
        description: "sent to the network",
        middle: 690_000.0,
        swing: 520_000.0,
        most: 125_000_000.0,
    },
    Metric {
        name: "disk_read",
        unit: "bytes per second",
        description: "read from disks",
        middle: 1_900_000.0,
        swing: 1_200_000.0,
        most: 500_000_000.0,
    },
    Metric {
        name: "disk_write",
        unit: "bytes per second",
        description: "written to disks",
        middle: 820_000.0,
        swing: 610_000.0,
        most: 500_000_000.0,
    },
];

/// What groups the metrics of a VM.
const NAMESPACE: &str = "abiquo";
/// A value each minute.
const STEP_S: i64 = 60;
/// The longest time that is looked back, and the longest that is answered.
const WEEK_S: i64 = 7 * 86_400;

/// How the values of a stretch of time become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistic {
    Average,
    Maximum,
    Minimum,
    Sum,
    Count,
    Dev,
}

impl Statistic {
    fn of(self, values: &[f64]) -> f64 {
        let count = values.len() as f64;
        let sum: f64 = values.iter().sum();
        match self {
            Self::Average => sum / count,
            Self::Maximum => values.iter().copied().fold(f64::MIN, f64::max),
            Self::Minimum => values.iter().copied().fold(f64::MAX, f64::min),
            Self::Sum => sum,
            Self::Count => count,
            Self::Dev => {
                let middle = sum / count;
                let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
                (squares / count).sqrt()
            }
        }
    }
}

/// Which values are asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// Seconds.
    from: i64,
    /// Seconds.
    to: i64,
    /// Seconds.
    granularity: i64,
    statistic: Statistic,
}

impl Wanted {
    fn read(query: &Query, now: i64) -> Result<Self, Refusal> {
        let granularity = match query.get("granularity") {
            None => STEP_S,
            Some(text) => text
                .parse()
                .ok()
                .filter(|seconds| (STEP_S..=WEEK_S).contains(seconds))
                .ok_or_else(|| Refusal::bad("granularity is at least 60 seconds"))?,
        };
        let statistic = match query.get("statistic") {
            None | Some("average") => Statistic::Average,
            Some("maximum") => Statistic::Maximum,
            Some("minimum") => Statistic::Minimum,
            Some("sum") => Statistic::Sum,
            Some("count") => Statistic::Count,
            Some("dev") => Statistic::Dev,
            Some(other) => return Err(Refusal::bad(format!("{other} is no statistic"))),
        };
        let (from, to) = match query.get("start") {
            Some(start) => {
                let end = query.get("end").map(instant).transpose()?;
                (instant(start)?, end.unwrap_or(now))
            }
            None => {
                let back = match query.get("startrelative") {
                    None => 3_600,
                    Some(text) => duration(text)?,
                };
                (now - back, now)
            }
        };
        if from > to || to - from > WEEK_S {
            return Err(Refusal::bad("metrics are told of a week at most"));
        }
        Ok(Self {
            from,
            to,
            granularity,
            statistic,
        })
    }

    /// The points of a curve, each at the start of what it stands for.
    fn points(&self, curve: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
        let mut points = Vec::new();
        let mut start = self.from - self.from.rem_euclid(self.granularity) + self.granularity;
        while start + self.granularity <= self.to {
            let values: Vec<_> = (start..start + self.granularity)
                .step_by(STEP_S as usize)
                .map(&curve)
                .collect();
            points.push((start, self.statistic.of(&values)));
            start += self.granularity;
        }
        points
    }
}

/// Such as `P1DT2M`: neither years nor months. Seconds.
fn duration(text: &str) -> Result<i64, Refusal> {
    let seconds = text.parse::<Span>().ok().and_then(|span| {
        let relative = SpanRelativeTo::days_are_24_hours();
        span.total((Unit::Second, relative)).ok()
    });
    let seconds = seconds.filter(|seconds| (0.0..=WEEK_S as f64).contains(seconds));
    seconds
        .map(|seconds| seconds as i64)
        .ok_or_else(|| Refusal::bad("startrelative is a duration such as PT1H, of a week at most"))
}

/// Such as `201401241746GMT`. Seconds.
fn instant(text: &str) -> Result<i64, Refusal> {
    let digits = text
        .strip_suffix("GMT")
        .or_else(|| text.strip_suffix("UTC"));
    let time = digits.and_then(|digits| DateTime::strptime("%Y%m%d%H%M", digits).ok());
    time.and_then(|time| time.to_zoned(TimeZone::UTC).ok())
        .map(|time| time.timestamp().as_second())
        .ok_or_else(|| Refusal::bad("times are written like 201401241746GMT"))
}

/// The value of a metric of a VM in the minute that a second is in: a day's wave, an hour's, and some noise.
fn value(seed: u64, vm: usize, metric: usize, second: i64) -> f64 {
    let shape = &METRICS[metric];
    let own = mix(seed ^ mix((vm * METRICS.len() + metric) as u64));
    let unit = |bits: u64| (bits % 1_000) as f64 / 1_000.0;
    let turn = |length: f64| (second as f64 / length + unit(own)) * std::f64::consts::TAU;
    let minute = second.div_euclid(STEP_S).unsigned_abs();
    let noise = unit(mix(own ^ minute)) - 0.5;
    let middle = shape.middle * (0.6 + 0.7 * unit(mix(own)));
    let wave = 0.7 * turn(86_400.0).sin() + 0.2 * turn(3_600.0).sin() + 0.2 * noise;
    (middle + shape.swing * wave).clamp(0.0, shape.most)
}

impl Asking<'_> {
    /// What is measured of a VM: nothing unless it is monitored.
    pub(super) fn metrics(&self, vm: VmId) -> Result<Answer, Refusal> {
        let vm = self.vm(vm)?;
        self.need("USERS_SHOW_METRICS")?;
        let monitored = self.platform.estate.vms[vm].monitored;
        self.one("metricsmetadata", |pen, json| {
            let path = pen.vm_path(vm);
            json.open();
            json.verbatim("links", "[]");
            json.key("collection");
            json.open_array();
            for metric in METRICS.iter().filter(|_| monitored) {
                let address = format!("{path}/metrics/{}", metric.name);
                json.open();
                json.text("name", metric.name);
                json.text("namespace", NAMESPACE);
                json.text("unit", metric.unit);
                json.text("description", metric.description);
                json.verbatim("dimensions", "{}");
                json.key("links");
                json.open_array();
                pen.link(json, "metric", "metric", metric.name, &[&address]);
                pen.link(json, "alarms", "alarms", "alarms", &[&address, "/alarms"]);
                json.close_array();
                json.close();
            }
            json.close_array();
            json.close();
        })
    }

    /// The values of a metric. A VM that is not on has none.
    pub(super) fn metric(&self, vm: VmId, metric: usize) -> Result<Answer, Refusal> {
        let vm = self.vm(vm)?;
        self.need("USERS_SHOW_METRICS")?;
        let estate = &self.platform.estate;
        if !estate.vms[vm].monitored {
            return Err(Refusal::missing(
                "404-NOT-FOUND",
                "the metrics of this VM are not fetched",
            ));
        }
        let (name, version) = accepted(self.headers, &["metric"])?;
        let wanted = Wanted::read(&self.query, self.now_ms.div_euclid(1_000))?;
        let points = if estate.vms[vm].power == Power::On {
            wanted.points(|second| value(estate.seed, vm, metric, second))
        } else {
            Vec::new()
        };
        let mut json = Json::with_capacity(64 + 48 * points.len());
        json.open();
        json.text("namespace", NAMESPACE);
        json.text("name", METRICS[metric].name);
        json.text("unit", METRICS[metric].unit);
        json.key("datapoints");
        json.open_array();
        for (second, value) in points {
            json.open();
            json.count("timestamp", second);
            json.verbatim("value", &format!("{value:.2}"));
            json.close();
        }
        json.close_array();
        json.verbatim("links", "[]");
        json.close();
        let status = axum::http::StatusCode::OK;
        Ok(Answer::Body(status, name, version, json.finish()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    const NOW: i64 = 1_752_480_000;

    fn wanted(query: &str) -> Result<Wanted, Refusal> {
        Wanted::read(&Query::parse(Some(query)), NOW)
    }

    #[test]
    fn an_hour_in_minutes_is_what_nobody_asks_for_differently() {
        let all = wanted("").unwrap();
        assert_eq!((all.from, all.to, all.granularity), (NOW - 3_600, NOW, 60));
        assert_eq!(all.statistic, Statistic::Average);
        let points = all.points(|second| (second / 60) as f64);
        assert_eq!(points.len(), 59);
        assert_eq!(points[0], (NOW - 3_540, ((NOW - 3_540) / 60) as f64));
    }

    #[test]
    fn the_stretch_and_what_becomes_of_its_values_can_be_asked_for() {
        assert_eq!(wanted("startrelative=P1DT2M").unwrap().from, NOW - 86_520);
        let fixed = wanted("start=201401241746GMT&end=201401241846GMT").unwrap();
        assert_eq!((fixed.from, fixed.to), (1_390_585_560, 1_390_589_160));
        for (statistic, value) in [
            ("average", 2.0),
            ("maximum", 4.0),
            ("minimum", 0.0),
            ("sum", 10.0),
            ("count", 5.0),
        ] {
            let asked = wanted(&format!("granularity=300&statistic={statistic}")).unwrap();
            let points = asked.points(|second| (second / 60 % 5) as f64);
            assert!(!points.is_empty() && points.iter().all(|point| point.1 == value));
        }
        for wrong in [
            "granularity=30",
            "statistic=median",
            "startrelative=P1M",
            "startrelative=P8D",
            "start=yesterday",
            "start=201401241746GMT",
        ] {
            assert_eq!(wanted(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }

    #[test]
    fn curves_stay_in_their_bounds_and_differ() {
        for (metric, shape) in METRICS.iter().enumerate() {
            let curve: Vec<_> = (0..1_440)
                .map(|minute| value(1, 7, metric, NOW + minute * 60))
                .collect();
            assert!(curve.iter().all(|value| (0.0..=shape.most).contains(value)));
            assert!(curve.iter().any(|value| *value != curve[0]));
            assert_ne!(value(1, 7, metric, NOW), value(1, 8, metric, NOW));
        }
    }
}
