//! Reading a whole cloud once, for a run that does not poll.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Worker;
use super::listing::{APPLIANCES, EVENTS};
use crate::clouds::{Error, EventQuery, Result};
use crate::fleet::update::CloudStatus;
use crate::model::Event;

impl Worker {
    /// Signs in and lists the VMs once. What good parts of a listing have read is told also when another part failed.
    pub(in crate::fleet) async fn list_vms(self: &Arc<Self>) -> Result<()> {
        let listing = self.list().await?;
        if listing.fault.is_none() {
            self.tell_ok().await;
        }
        listing.fault.map_or(Ok(()), Err)
    }

    /// What belongs to the VMs that were listed, all of them or not: the warnings that an earlier run has kept, appliances, recent
    /// events. What cannot be read in time is said and leaves the listing as good as it is.
    pub(in crate::fleet) async fn list_the_rest(self: &Arc<Self>, deadline: Instant) {
        self.restore_warnings().await;
        if self.known().len() == 0 && !self.known().listed {
            return;
        }
        let vapps = in_time(deadline, self.read_vapps()).await;
        self.say_if_failed(APPLIANCES, vapps);
        let events = in_time(deadline, self.read_new_events()).await;
        self.say_if_failed(EVENTS, events);
        self.tell_unread().await;
    }

    /// Whether the appliances could not be read, which was said.
    pub(in crate::fleet) fn lacks_appliances(&self) -> bool {
        self.complains_about(APPLIANCES)
    }

    /// Reads events, and tells them as well.
    pub(in crate::fleet) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        if !self.info.capabilities.events {
            return Ok(Vec::new());
        }
        let order = self.known().begin();
        let events = self.read(|| self.cloud.events(query)).await?;
        self.tell_events(events.clone(), order).await;
        Ok(events)
    }

    /// Tells that all is well with the cloud.
    pub(in crate::fleet) async fn tell_ok(&self) {
        self.status(CloudStatus::Ok).await;
    }

    /// Tells how it stands with the cloud.
    pub(in crate::fleet) async fn tell_status(&self, status: CloudStatus) {
        self.status(status).await;
    }
}

async fn in_time(deadline: Instant, reading: impl Future<Output = Result<()>>) -> Result<()> {
    let late = || Error::NoAnswer("the time limit was over before it; raise --timeout".to_owned());
    timeout_at(deadline, reading)
        .await
        .unwrap_or_else(|_| Err(late()))
}
