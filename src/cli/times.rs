//! Spans and instants as they are typed: `--timeout 5m`, `--since 2d`, `--since 2026-03-01T08:00:00Z`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A span of at most this many seconds is a span; more is a slip of the keyboard.
const SPAN_MAX_SECONDS: u64 = 10 * 366 * 86_400;

/// `30`, `30s`, `5m`, `2h` or `1d` as a duration; a bare number counts seconds.
///
/// # Errors
/// One sentence part for the person who typed it.
pub fn span(text: &str) -> Result<Duration, String> {
    const SHAPE: &str = "write a whole number with s, m, h or d after it, such as 30s or 5m";
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let seconds_each = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(SHAPE.to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| SHAPE.to_owned())?;
    let seconds = number
        .checked_mul(seconds_each)
        .filter(|seconds| *seconds <= SPAN_MAX_SECONDS)
        .ok_or("that is more than ten years")?;
    Ok(Duration::from_secs(seconds))
}

/// A time limit: a [`span`] of at least a second.
///
/// # Errors
/// One sentence part for the person who typed it.
pub fn timeout(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err("a time limit is at least one second".to_owned()),
        limit => Ok(limit),
    }
}

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// From then on.
    At(Timestamp),
}

impl Since {
    /// The instant meant, seen from `now`.
    #[must_use]
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => SignedDuration::try_from(span)
                .ok()
                .and_then(|span| now.checked_sub(span).ok())
                .unwrap_or(Timestamp::MIN),
        }
    }
}

/// `30m`, `1h`, `2d`, or RFC 3339 with its offset.
///
/// # Errors
/// One sentence part for the person who typed it.
pub fn since(text: &str) -> Result<Since, String> {
    if let Ok(ago) = span(text) {
        return Ok(Since::Ago(ago));
    }
    text.trim().parse().map(Since::At).map_err(|_| {
        "write 30m, 1h or 2d, or a time such as 2026-03-01T08:00:00Z with its offset".to_owned()
    })
}

/// A duration as a person says it: `30 s`, `10 min`.
#[must_use]
pub fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds % 3_600, seconds % 60) {
        (0, _) if seconds > 0 => format!("{} h", seconds / 3_600),
        (_, 0) if seconds > 0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_time_limit_counts_seconds_unless_it_says_otherwise() {
        for (text, seconds) in [
            ("30", 30),
            ("30s", 30),
            ("5m", 300),
            ("2h", 7_200),
            (" 7 ", 7),
        ] {
            assert_eq!(timeout(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in [
            "",
            "s",
            "5x",
            "-3",
            "1.5m",
            "0",
            "0m",
            "5 m",
            "m5",
            "99999999999999999999",
            "4000d",
            "５m",
        ] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn since_takes_a_span_back_from_now_or_an_instant() {
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("30m", "2026-03-02T11:30:00Z"),
            ("1h", "2026-03-02T11:00:00Z"),
            ("2d", "2026-02-28T12:00:00Z"),
            ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z"),
            ("2026-03-01T08:00:00+02:00", "2026-03-01T06:00:00Z"),
        ] {
            assert_eq!(
                since(text).unwrap().instant(now).to_string(),
                expected,
                "{text}"
            );
        }
        for wrong in ["yesterday", "2026-03-01", "2026-03-01T08:00:00", "1w"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_are_said_in_the_largest_unit_that_fits() {
        for (seconds, said) in [
            (30, "30 s"),
            (600, "10 min"),
            (7_200, "2 h"),
            (90, "90 s"),
            (0, "0 s"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), said);
        }
    }
}
