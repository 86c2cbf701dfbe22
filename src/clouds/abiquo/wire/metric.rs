//! What was measured.

use serde::Deserialize;

use super::Links;
use super::lenient::{Many, Text};

/// A measure that a VM has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Metadata<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub unit: Text<'a>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// One measure over time.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Metric<'a> {
    #[serde(borrow, bound(deserialize = "'de: 'a"))]
    pub datapoints: Many<Datapoint<'a>>,
}

/// When and how much. Inferred: the documents show no datapoint.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Datapoint<'a> {
    /// A number of seconds or milliseconds, or ISO 8601.
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    #[serde(borrow)]
    pub value: Text<'a>,
}
