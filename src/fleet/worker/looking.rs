//! Looking at a cloud as another tenant: what was told of it goes, and what comes is the other one's.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Worker, lock};
use crate::fleet::update::Update;
use crate::fleet::words;
use crate::model::{Availability, Denial, Group, may_look_at};

impl Worker {
    /// A person wants to look at the cloud as this tenant. Never waits; of several wishes at once the last one counts.
    pub(in crate::fleet) fn look_at_soon(self: &Arc<Self>, tenant: Option<Group>) {
        if let Some(tenant) = &tenant
            && let Some(denial) = self.may_not_look()
        {
            let (name, cloud) = (&tenant.name, &self.info.name);
            let message = words::refused(&format!("Looking at {cloud} as {name}"), denial);
            return self.outbox().trouble(Some(cloud), message);
        }
        if lock(&self.look_wanted).replace(tenant).is_some() {
            return;
        }
        let worker = self.clone();
        self.spawn("looking", async move {
            worker.look_now().await;
            worker.refresh();
        });
    }

    /// [`Self::look_at_soon`], for whoever waits until it is so.
    pub(in crate::fleet) async fn look_at(&self, tenant: Option<Group>) {
        *lock(&self.look_wanted) = Some(tenant);
        self.look_now().await;
    }

    /// Why other tenants may not be looked at. Before the sign-in nobody knows: then what is read says no.
    pub(super) fn may_not_look(&self) -> Option<Denial> {
        let session = self.session()?;
        match may_look_at(self.info.capabilities, Some(&session)) {
            Availability::Allowed => None,
            Availability::Denied(denial) => Some(denial),
        }
    }

    /// Forgets and tells in one step: what is told before is the former tenant's, what is told after is the new one's.
    async fn look_now(&self) {
        let told = self.outbox().tell(|| {
            let mut wanted = lock(&self.look_wanted);
            let Some(tenant) = wanted.take() else {
                return ((), None);
            };
            // What is asked from here on is about the new one, and counts only when it began after this.
            self.cloud.look_at(tenant.clone());
            self.known().look_at(tenant.clone());
            // What was kept is the user's own tenant's: it is not shown any more in this run.
            self.restored.store(true, Ordering::Release);
            lock(&self.kept_user).take();
            let cloud = self.info.name.clone();
            ((), Some(Update::LooksAt { cloud, tenant }))
        });
        told.await;
        self.looked.notify_waiters();
    }
}
