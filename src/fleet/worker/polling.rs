//! The listing lane: round after round, with back-off.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::listing::Listing;
use super::sign_in::REFUSED_WAIT;
use super::{Worker, after};
use crate::clouds::Error;
use crate::fleet::backoff::{back_off, until_next_listing};
use crate::fleet::update::CloudStatus;

/// The time between two listings that a person asks for, of a cloud whose API asks for few.
const ASKED_INTERVAL: Duration = Duration::from_secs(5);

impl Worker {
    pub(super) async fn poll(self: Arc<Self>) {
        let mut failures = 0;
        for round in 0_u32.. {
            let wait = match self.round(round).await {
                Ok(wait) => {
                    failures = 0;
                    wait
                }
                Err(error) => {
                    failures += 1;
                    self.failed(&error, failures).await
                }
            };
            let ended = Instant::now();
            tokio::select! {
                () = sleep(wait) => {}
                () = self.refresh_now.notified() => {
                    // A person who wants it now is not kept waiting long, however often they ask.
                    if !self.cloud.least_interval().is_zero() {
                        sleep_until(ended + ASKED_INTERVAL).await;
                    }
                }
            }
        }
    }

    /// Reads everything once. Answers how long to wait before the next round.
    async fn round(self: &Arc<Self>, round: u32) -> Result<Duration, Error> {
        // What was kept is shown while the sign-in is under way; without an account in the configuration, after it.
        let (session, ()) = tokio::join!(self.ensure_session(), self.restore());
        session?;
        self.restore().await;
        self.check_restored().await;
        let listed = self.list().await;
        // Who asked for a listing while one ran has it now.
        let _ = futures_util::FutureExt::now_or_never(self.refresh_now.notified());
        let listing = listed?;
        self.set_healthy(true);
        match &listing.fault {
            None => self.status(CloudStatus::Ok).await,
            Some(error) => {
                // The other parts are read as often as ever; a listing that took long comes less often.
                let wait = self.until_next(&listing);
                let (message, _) = self.failure_words("Listing", error);
                self.tell_failing(message, false, wait).await;
            }
        }
        self.recover(listing.fault.is_none()).await;
        self.read_the_rest(round, &listing).await;
        self.keep_now_and_then().await;
        Ok(self.until_next(&listing))
    }

    fn until_next(&self, listing: &Listing) -> Duration {
        let wait = until_next_listing(self.refresh, listing.took).max(self.cloud.least_interval());
        let asked = listing.fault.as_ref().and_then(Error::retry_after);
        asked.map_or(wait, |asked| wait.max(back_off(1, Some(asked))))
    }

    /// Tells that the round failed. Answers how long to wait: credentials that were refused are not tried again soon, for
    /// too many attempts lock an account.
    async fn failed(&self, error: &Error, failures: u32) -> Duration {
        self.set_healthy(false);
        let (message, sign_in) = self.failure_words("Listing", error);
        let wait = if sign_in {
            let until = self.sign_in.refused_until();
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            left.unwrap_or(REFUSED_WAIT)
        } else {
            back_off(failures, error.retry_after())
        };
        self.tell_failing(message, sign_in, wait).await;
        wait
    }

    async fn tell_failing(&self, error: String, sign_in: bool, wait: Duration) {
        self.status(CloudStatus::Failing {
            error,
            sign_in,
            retry_at: after(wait),
        })
        .await;
    }
}
