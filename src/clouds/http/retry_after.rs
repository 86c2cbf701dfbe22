//! How long a server asks to wait.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest wait that a server is granted: one that asks for a day is asked again after ten minutes.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), counted from the answer's own `Date` where it has one.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = rfc2822::parse(value).ok()?.timestamp();
            let from = date(headers, DATE).unwrap_or(now);
            Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(MAX_WAIT))
}

/// A header that holds a date.
#[must_use]
pub fn date(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(rfc2822::parse(value.trim()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn wait(retry: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let now = "2026-01-02T03:04:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        assert_eq!(wait("7", None), Some(7));
        assert_eq!(wait("86400", None), Some(600));
        assert_eq!(wait("Fri, 02 Jan 2026 03:04:20 GMT", None), Some(20));
        assert_eq!(
            wait(
                "Fri, 02 Jan 2026 03:04:20 GMT",
                Some("Fri, 02 Jan 2026 03:04:15 GMT")
            ),
            Some(5)
        );
        assert_eq!(
            wait("Fri, 02 Jan 2026 03:00:00 GMT", None),
            Some(0),
            "a date that has passed"
        );
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("-1", None), None);
    }
}
