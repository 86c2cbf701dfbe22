//! ZStack's dates: text in the manner of the server's language, in the zone of the management node, which they do not name.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// No date is longer, in bytes.
const MAX_DATE: usize = 64;

/// English months, by the three letters that tell them apart.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The zones of the world differ by quarters of an hour.
const QUARTER: i64 = 15 * 60;

/// A date of the server. `None` for what is none, and for a text where the zone is not known.
pub(super) fn moment(text: Option<&str>, zone: Option<&TimeZone>) -> Option<Timestamp> {
    let text = text?.trim();
    if let Ok(number) = text.parse::<i64>() {
        return millis(number);
    }
    let zone = zone?;
    let local = local(text)?;
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// Milliseconds since 1970. Nothing happened in 1970.
pub(super) fn millis(number: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(Some(number).filter(|number| *number > 0)?).ok()
}

/// How long it is from one date to the other, whatever zone both are in.
pub(super) fn between(from: &str, to: &str) -> Option<Duration> {
    let span = local(to)?.duration_since(local(from)?);
    Duration::try_from(span).ok()
}

/// The zone whose clock shows `local` at the moment `now`, or nearly so.
pub(super) fn zone_of(local_now: &str, now: Timestamp) -> Option<TimeZone> {
    let shown = local(local_now)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let ahead: SignedDuration = shown.duration_since(now);
    let quarters = (ahead.as_secs() + QUARTER / 2).div_euclid(QUARTER);
    let seconds = i32::try_from(quarters * QUARTER).ok()?;
    // From UTC-12 to UTC+14; beyond it the two times are of different days, and nothing can be learnt from them.
    (-12 * 3_600..=14 * 3_600)
        .contains(&seconds)
        .then(|| Offset::from_seconds(seconds).ok().map(TimeZone::fixed))?
}

/// The forms that are known: `Nov 14, 2017 10:20:57 PM` (of older servers, without a comma after the year, of newer ones with it, and
/// perhaps with a narrow space before the PM), `2017-11-14 22:20:57`, and `2017年11月14日 下午10:20:57`.
fn local(text: &str) -> Option<DateTime> {
    if text.len() > MAX_DATE {
        return None;
    }
    let numbers = numbers(text)?;
    let month_first = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let (year, month, day, time) = match (month_first, &*numbers) {
        (true, [day, year, time @ ..]) => (*year, month(text)?, *day, time),
        (false, [year, month, day, time @ ..]) => (*year, *month, *day, time),
        _ => return None,
    };
    let (hour, minute, second) = match time {
        [hour, minute, second, ..] => (*hour, *minute, *second),
        [hour, minute] => (*hour, *minute, 0),
        _ => return None,
    };
    let lower = text.to_lowercase();
    let has = |marks: [&str; 2]| marks.iter().any(|mark| lower.contains(mark));
    let hour = match (has(["am", "上午"]), has(["pm", "下午"])) {
        (false, true) if hour <= 12 => hour % 12 + 12,
        (true, false) if hour <= 12 => hour % 12,
        _ => hour,
    };
    let small = |number: i64| i8::try_from(number).ok();
    DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()
}

/// The numbers of a text, at most seven, none of them long.
fn numbers(text: &str) -> Option<Vec<i64>> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .take(7)
        .map(|part| part.parse().ok().filter(|_| part.len() <= 4))
        .collect()
}

fn month(text: &str) -> Option<i64> {
    let word = text.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == word)?;
    i64::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Option<String> {
        let zone = TimeZone::fixed(Offset::from_seconds(8 * 3_600).unwrap());
        moment(Some(text), Some(&zone)).map(|time| time.to_string())
    }

    #[test]
    fn every_form_of_a_date_is_read_in_the_zone_of_the_server() {
        for text in [
            "Nov 14, 2017 10:20:57 PM",
            "Nov 14, 2017, 10:20:57 PM",
            "Nov 14, 2017, 10:20:57\u{202f}PM",
            "2017-11-14 22:20:57",
            "2017/11/14 22:20:57",
            "2017-11-14T22:20:57.000",
            "2017年11月14日 下午10:20:57",
            "1510669257000",
        ] {
            assert_eq!(at(text).as_deref(), Some("2017-11-14T14:20:57Z"), "{text}");
        }
        assert_eq!(
            at("Jan 6, 2017 3:51:16 AM").as_deref(),
            Some("2017-01-05T19:51:16Z")
        );
        assert_eq!(
            at("Mar 3, 2025 12:00:01 AM").as_deref(),
            Some("2025-03-02T16:00:01Z")
        );
        assert_eq!(
            at("Mar 3, 2025 12:00:01 PM").as_deref(),
            Some("2025-03-03T04:00:01Z")
        );
        assert_eq!(
            at("2025年3月3日 上午12:00:01").as_deref(),
            Some("2025-03-02T16:00:01Z")
        );
    }

    #[test]
    fn what_is_no_date_is_none_and_without_a_zone_a_text_says_nothing() {
        for text in [
            "",
            "soon",
            "Foo 14, 2017 10:20:57 PM",
            "Nov 31, 2017 10:20:57 PM",
            "2017-11-14",
            "99999-11-14 22:20:57",
            "0",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        assert_eq!(moment(Some("Nov 14, 2017 10:20:57 PM"), None), None);
        assert!(moment(Some("1510669257000"), None).is_some());
    }

    #[test]
    fn the_zone_follows_from_what_the_servers_clock_shows() {
        let now = "2025-03-03T09:15:42Z".parse().unwrap();
        for (shown, offset) in [
            ("Mar 3, 2025 9:15:42 AM", "UTC"),
            ("Mar 3, 2025 5:15:41 PM", "+08"),
            ("Mar 3, 2025 2:45:44 PM", "+05:30"),
            ("Mar 2, 2025 11:15:42 PM", "-10"),
            ("Mar 3, 2025 3:00:43 PM", "+05:45"),
        ] {
            let zone = zone_of(shown, now).unwrap();
            let expected = if offset == "UTC" { 0 } else { seconds(offset) };
            assert_eq!(zone.to_offset(now).seconds(), expected, "{shown}");
        }
        assert!(zone_of("Mar 9, 2025 9:15:42 AM", now).is_none());
    }

    fn seconds(offset: &str) -> i32 {
        let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
        let hours: i32 = hours.parse().unwrap();
        hours * 3_600 + hours.signum() * minutes.parse::<i32>().unwrap() * 60
    }

    #[test]
    fn how_long_a_session_lives_needs_no_zone() {
        let life = between("Mar 3, 2025 11:15:42 PM", "Mar 4, 2025 1:15:42 AM");
        assert_eq!(life, Some(Duration::from_secs(7_200)));
        assert_eq!(
            between("Mar 4, 2025 1:15:42 AM", "Mar 3, 2025 1:15:42 AM"),
            None
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,70}", dated in "[A-Za-z0-9年月日下午, :./-]{0,40}") {
            let zone = TimeZone::UTC;
            let _ = (moment(Some(&text), Some(&zone)), moment(Some(&dated), Some(&zone)));
            let _ = (zone_of(&dated, Timestamp::UNIX_EPOCH), between(&text, &dated));
        }
    }
}
