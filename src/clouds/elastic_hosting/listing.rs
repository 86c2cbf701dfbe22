//! Every VM, and the hardware profiles that say how large they are.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::time::{Instant, timeout};

use super::ElasticHosting;
use super::calls::Place;
use super::mapping::{self, Mapper, Profiles};
use super::wire;
use crate::clouds::http::Lane;
use crate::clouds::{Error, Result, VmPage};
use crate::model::{CloudName, Vm};

/// How long hardware profiles are taken for current.
const PROFILES_AGE: Duration = Duration::from_secs(600);
/// How soon they are asked for again after they could not be had.
const PROFILES_AGAIN: Duration = Duration::from_secs(60);
/// How long a listing waits for them: VMs without their size are better than none.
const PROFILES_WAIT: Duration = Duration::from_secs(10);

/// Bodies from this size on are read beside the tasks that wait for the network, in bytes.
const LARGE_BODY: usize = 128 << 10;

/// The hardware profiles as they were last read.
#[derive(Debug, Default)]
pub(super) struct KnownProfiles {
    state: Mutex<(Arc<Profiles>, Option<Instant>)>,
    /// Held while they are read, so that this is done once at a time.
    reading: tokio::sync::Mutex<()>,
}

impl KnownProfiles {
    fn get(&self) -> Arc<Profiles> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.clone()
    }

    /// Whether they are to be read (again): never tried, or too old.
    fn is_due(&self, now: Instant) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.is_none_or(|due| now >= due)
    }

    fn was_tried(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.is_some()
    }

    /// Notes what was read; where nothing could be, the old ones stay.
    fn put(&self, read: Option<Profiles>, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let age = if read.is_some() {
            PROFILES_AGE
        } else {
            PROFILES_AGAIN
        };
        if let Some(profiles) = read {
            state.0 = Arc::new(profiles);
        }
        state.1 = Some(now + age);
    }
}

impl ElasticHosting {
    /// Every VM: the API has no pages.
    pub(super) fn list_vms(&self) -> BoxStream<'_, Result<VmPage>> {
        stream::once(async move {
            let place = Place::vms();
            let (list, profiles) =
                futures_util::join!(self.get(&place, Lane::Read), self.profiles(Lane::Read));
            let vms = self.read_vms(list?.body, profiles).await?;
            Ok(VmPage {
                total: Some(vms.len()),
                vms,
            })
        })
        .boxed()
    }

    async fn read_vms(&self, body: Vec<u8>, profiles: Arc<Profiles>) -> Result<Vec<Vm>> {
        if body.len() < LARGE_BODY {
            return vms(&body, &self.name, &profiles);
        }
        let cloud = self.name.clone();
        tokio::task::spawn_blocking(move || vms(&body, &cloud, &profiles))
            .await
            .map_err(|_| Error::Protocol("the list of VMs cannot be read".to_owned()))?
    }

    /// The hardware profiles, read anew where that is due. A server that does not give them leaves the VMs without a size.
    async fn profiles(&self, lane: Lane) -> Arc<Profiles> {
        if !self.profiles.is_due(Instant::now()) {
            return self.profiles.get();
        }
        let _alone = self.profiles.reading.lock().await;
        if self.profiles.is_due(Instant::now()) {
            let place = Place::profiles();
            let answer = timeout(PROFILES_WAIT, self.get(&place, lane)).await;
            let read = answer.ok().and_then(|answer| {
                let body = answer.ok()?.body;
                Some(mapping::profiles(&wire::templates(&body).ok()?))
            });
            self.profiles.put(read, Instant::now());
        }
        self.profiles.get()
    }

    /// One VM as it is now.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub(super) async fn read_vm(&self, vm: &Vm) -> Result<Vm> {
        let place = Place::vm(&vm.locator)?;
        let answer = match self.get(&place, Lane::Act).await {
            // What a server says about a uuid that it does not know is not documented: the list tells.
            Err(error @ Error::Rejected(_)) => return Err(self.gone_or(error, vm).await),
            answer => answer?,
        };
        let wire: wire::OneVm<'_> = crate::clouds::body::decode(&answer.body, "the VM")?;
        // Not waited for a second time: what the last listing had is what there is.
        let profiles = if self.profiles.was_tried() {
            self.profiles.get()
        } else {
            self.profiles(Lane::Act).await
        };
        let mut read = wire
            .vm
            .0
            .as_ref()
            .and_then(|wire| Mapper::new(&self.name, &profiles).vm(wire))
            .ok_or_else(|| Error::Protocol("the answer holds no VM".to_owned()))?;
        // What is decided on this must be about the VM that was asked for.
        if !read.key.id.eq_ignore_ascii_case(&vm.key.id) {
            return Err(Error::Protocol(
                "the answer is about another VM than was asked for".to_owned(),
            ));
        }
        read.key = vm.key.clone();
        read.locator = vm.locator.clone();
        Ok(read)
    }

    /// `NotFound` where the list of VMs no longer has it, else the error.
    async fn gone_or(&self, error: Error, vm: &Vm) -> Error {
        let Ok(list) = self.get(&Place::vms(), Lane::Act).await else {
            return error;
        };
        let is_listed = wire::vms(&list.body).map(|vms| {
            vms.iter()
                .any(|wire| wire.uuid.get().map(str::trim) == Some(&*vm.key.id))
        });
        match is_listed {
            Ok(false) => Error::NotFound("the list of VMs no longer has it".to_owned()),
            Ok(true) | Err(_) => error,
        }
    }
}

/// The VMs of a list, each once.
fn vms(body: &[u8], cloud: &CloudName, profiles: &Profiles) -> Result<Vec<Vm>> {
    let mut mapper = Mapper::new(cloud, profiles);
    let mut seen = HashSet::new();
    let list = wire::vms(body)?;
    let vms = list.iter().filter_map(|wire| mapper.vm(wire));
    Ok(vms.filter(|vm| seen.insert(vm.key.id.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_profiles_are_read_again_after_ten_minutes() {
        let (known, start) = (KnownProfiles::default(), Instant::now());
        assert!(known.is_due(start) && !known.was_tried());
        known.put(Some(Profiles::new()), start);
        assert!(known.was_tried());
        assert!(!known.is_due(start + Duration::from_secs(599)));
        assert!(known.is_due(start + Duration::from_secs(600)));
    }

    #[test]
    fn profiles_that_cannot_be_had_are_asked_for_again_soon_and_the_old_ones_stay() {
        let (known, start) = (KnownProfiles::default(), Instant::now());
        let profile = mapping::Profile {
            name: None,
            cpus: Some(2),
            ram_mib: None,
            hypervisor: None,
        };
        known.put(Some([("p".into(), profile)].into()), start);
        known.put(None, start);
        assert_eq!(known.get().len(), 1);
        assert!(!known.is_due(start + Duration::from_secs(59)));
        assert!(known.is_due(start + Duration::from_secs(60)));
    }
}
