//! The lane that reads VMs again that are about to change and have no task to follow.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::Worker;
use super::known::Look;

/// The time between two reads: at most two a second.
const PACE: Duration = Duration::from_millis(500);

impl Worker {
    pub(super) async fn read_changing(self: Arc<Self>) {
        loop {
            let look = self.known().next_look(Instant::now());
            match look {
                Look::Nothing => self.changing_wanted.notified().await,
                Look::NotBefore(at) => {
                    tokio::select! {
                        () = sleep_until(at) => {}
                        () = self.changing_wanted.notified() => {}
                    }
                }
                Look::At(vm) => {
                    if self.healthy.load(Ordering::Acquire) {
                        // What cannot be read now is read at its next turn, or told by the next listing.
                        let _ = self.reread(&vm).await;
                    }
                    sleep(PACE).await;
                }
            }
        }
    }

    /// Wakes the lane if there is something for it to do.
    pub(super) fn wake_changing(&self) {
        if self.known().has_changing() {
            self.changing_wanted.notify_one();
        }
    }

    /// Something was done to a VM that no task carries: it is read again for a while.
    pub(super) fn look_for_a_while(&self, id: &Arc<str>) {
        self.known().look_for_a_while(id);
        self.changing_wanted.notify_one();
    }
}
