//! The time of a demo cloud. Operations end when this clock says so, so a test moves it instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a demo cloud reads the time from. Clones share one time.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Unix time in milliseconds when the clock was made.
    origin_ms: i64,
    /// Set when the clock runs by itself.
    since: Option<Instant>,
    /// Added by `advance`, in milliseconds.
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The time of this machine. It never goes back, whatever happens to the system's clock.
    pub fn system() -> Self {
        let origin = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            origin_ms: millis(origin),
            since: Some(Instant::now()),
            offset_ms: Arc::default(),
        }
    }

    /// A clock that stands at `unix_ms` (milliseconds) and moves with `advance` only.
    pub fn stopped_at(unix_ms: i64) -> Self {
        Self {
            origin_ms: unix_ms,
            since: None,
            offset_ms: Arc::default(),
        }
    }

    /// Moves the clock, and every clone of it, forward.
    pub fn advance(&self, by: Duration) {
        self.offset_ms.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Unix time in milliseconds.
    pub fn now_ms(&self) -> i64 {
        let ran = self.since.map_or(0, |since| millis(since.elapsed()));
        self.origin_ms
            .saturating_add(ran)
            .saturating_add(self.offset_ms.load(Ordering::SeqCst))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told_and_takes_its_clones_along() {
        let clock = Clock::stopped_at(1_000);
        let other = clock.clone();
        assert_eq!(other.now_ms(), 1_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(other.now_ms(), 3_000);
    }
}
