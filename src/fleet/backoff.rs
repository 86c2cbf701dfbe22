//! When to try again, and when to list again.

use std::time::Duration;

/// The longest wait after failures.
pub(super) const BACK_OFF_MAX: Duration = Duration::from_secs(120);
/// The wait after the first failure.
const BACK_OFF_FIRST: Duration = Duration::from_secs(2);
/// The longest wait that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// A listing is repeated no sooner than so many times its own duration.
const LISTING_SHARE: u32 = 10;

/// The wait after so many failures in a row (1 is the first): doubled each time up to [`BACK_OFF_MAX`], of which a
/// random half is left out so that clients do not come back all at once; never sooner than the server asks for.
pub(super) fn back_off(failures: u32, retry_after: Option<Duration>) -> Duration {
    let doubled = BACK_OFF_FIRST.saturating_mul(1_u32 << failures.saturating_sub(1).min(16));
    let wait = doubled.min(BACK_OFF_MAX).mul_f64(jitter(0.5, 1.0));
    retry_after.map_or(wait, |asked| wait.max(asked.min(RETRY_AFTER_MAX)))
}

/// The wait between the end of a listing and the next: the configured time, a tenth more or less, and no sooner than ten
/// times what the listing took.
pub(super) fn until_next_listing(refresh: Duration, took: Duration) -> Duration {
    refresh
        .mul_f64(jitter(0.9, 1.1))
        .max(took.saturating_mul(LISTING_SHARE))
}

fn jitter(from: f64, to: f64) -> f64 {
    from + (to - from) * fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_two_minutes_with_half_left_to_chance() {
        for (failures, most) in [(1, 2), (2, 4), (3, 8), (6, 64), (7, 120), (500, 120)] {
            for _ in 0..50 {
                let wait = back_off(failures, None);
                let most = Duration::from_secs(most);
                assert!(wait <= most && wait >= most / 2, "{failures}: {wait:?}");
            }
        }
    }

    #[test]
    fn a_server_that_asks_for_more_time_gets_it_within_reason() {
        let asked = Duration::from_secs(300);
        assert_eq!(back_off(1, Some(asked)), asked);
        assert_eq!(
            back_off(1, Some(Duration::from_secs(86_400))),
            RETRY_AFTER_MAX
        );
        assert!(back_off(7, Some(Duration::from_secs(1))) >= Duration::from_secs(60));
    }

    #[test]
    fn a_slow_listing_is_repeated_no_sooner_than_ten_times_its_duration() {
        let refresh = Duration::from_secs(10);
        assert_eq!(
            until_next_listing(refresh, Duration::from_secs(30)),
            Duration::from_secs(300)
        );
        for _ in 0..50 {
            let wait = until_next_listing(refresh, Duration::from_millis(100));
            assert!(
                wait >= Duration::from_secs(9) && wait <= Duration::from_secs(11),
                "{wait:?}"
            );
        }
    }
}
