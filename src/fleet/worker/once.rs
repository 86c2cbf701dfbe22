//! Reading a whole cloud once, for a run that does not poll.

use std::sync::Arc;

use super::Worker;
use crate::clouds::{EventQuery, Result};
use crate::fleet::update::CloudStatus;
use crate::model::Event;

impl Worker {
    /// Signs in and reads everything once: VMs, appliances, recent events, and the warnings that an earlier run has kept.
    pub(in crate::fleet) async fn list_all(self: &Arc<Self>) -> Result<()> {
        let listing = self.list().await?;
        self.restore_warnings().await;
        if listing.fault.is_none() {
            self.tell_ok().await;
        }
        self.read_the_rest(0, &listing).await;
        listing.fault.map_or(Ok(()), Err)
    }

    /// Reads events, and tells them as well.
    pub(in crate::fleet) async fn read_events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        if !self.info.capabilities.events {
            return Ok(Vec::new());
        }
        let events = self.read(|| self.cloud.events(query)).await?;
        self.tell_events(events.clone()).await;
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
