//! What a cloud has measured of a VM.

use std::sync::Arc;

use jiff::Timestamp;

/// One measure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The cloud's name of it: `cpu_load`.
    pub name: Arc<str>,
    /// The unit, as the cloud writes it: `percent`, `bytes/s`.
    pub unit: Option<Arc<str>>,
    /// When and how much, oldest first; every value is finite.
    pub points: Box<[(Timestamp, f64)]>,
}
