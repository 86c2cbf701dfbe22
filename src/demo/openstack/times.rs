//! Times as the services write them, and as they read them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whole seconds with the zone: `created` and `updated` of a server.
pub(super) fn iso(at_ms: i64) -> String {
    moment(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Microseconds without a zone: what instance actions, services and `launched_at` carry.
pub(super) fn bare(at_ms: i64) -> String {
    let whole = moment(at_ms).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    format!("{whole}.{:06}", at_ms.rem_euclid(1_000) * 1_000)
}

/// Microseconds with the zone: what a token carries.
pub(super) fn precise(at_ms: i64) -> String {
    format!("{}Z", bare(at_ms))
}

/// Whole seconds as HTTP's headers have them.
pub(super) fn http(at_ms: i64) -> String {
    moment(at_ms)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// A time of a query, in milliseconds. Without a zone it is UTC.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    let zoned = local.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_writing_of_a_time_is_its_own_and_reads_back() {
        let at_ms = 1_752_480_000_250;
        assert_eq!(iso(at_ms), "2025-07-14T08:00:00Z");
        assert_eq!(bare(at_ms), "2025-07-14T08:00:00.250000");
        assert_eq!(precise(at_ms), "2025-07-14T08:00:00.250000Z");
        assert_eq!(http(at_ms), "Mon, 14 Jul 2025 08:00:00 GMT");
        for text in [bare(at_ms), precise(at_ms)] {
            assert_eq!(parse(&text), Some(at_ms), "{text}");
        }
        assert_eq!(parse("2025-07-14T10:00:00+02:00"), Some(1_752_480_000_000));
        assert_eq!(parse("2025-07-14"), Some(1_752_451_200_000));
        assert_eq!(parse("yesterday"), None);
    }
}
