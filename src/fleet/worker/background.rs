//! The slow reading of VMs' tasks: failures that nobody told of are found without a request for each VM at each refresh.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::queue::Next;
use super::{Worker, lock};

/// The time between two reads: at most two a second.
const PACE: Duration = Duration::from_millis(500);
/// The wait while the cloud as a whole does not answer.
const OUTAGE: Duration = Duration::from_secs(30);

impl Worker {
    pub(super) async fn read_in_background(self: Arc<Self>) {
        if !self.info.capabilities.tasks {
            return;
        }
        loop {
            let now = Instant::now();
            let next = if self.healthy.load(Ordering::Acquire) {
                let mut known = self.known();
                lock(&self.reads).next(&mut known, now, self.background_reads)
            } else {
                Next::NotBefore(now + OUTAGE)
            };
            match next {
                Next::NotBefore(at) => {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = self.reads_wanted.notified() => {}
                    }
                }
                Next::Read(id) => {
                    let vm = {
                        let mut known = self.known();
                        known.try_tasks(&id, now);
                        known.vm(&id)
                    };
                    let Some(vm) = vm else { continue };
                    let pause = match self.read_tasks(&vm).await {
                        // Signed out, or down: the listing lane says so.
                        Err(error) if error.is_outage() || error.needs_sign_in() => OUTAGE,
                        // Its tasks stay unread, which the screen counts, and it is asked again later.
                        Err(_) | Ok(()) => PACE,
                    };
                    sleep_until(now + pause).await;
                }
            }
        }
    }
}
