//! What a place had at its last listing, so that the next one need only ask for what has changed since.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Unit};

use super::mapping::Seen;
use crate::model::Vm;

/// So long a place is read by its changes, before it is read whole again: changes of tags, metadata, networks and names are none of the
/// server's own, and are seen then …
const WHOLE_EVERY: Duration = Duration::from_secs(300);
/// … or after so many times as long as reading it whole took, where that is longer.
const WHOLE_SHARE: u32 = 20;

/// Changes are asked for from so long before the last listing: a change is dated when it begins, and seen when it is written.
const OVERLAP: SignedDuration = SignedDuration::from_secs(30);

/// What one place had.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    vms: Arc<BTreeMap<Arc<str>, Vm>>,
    /// The server's own clock when it was last asked.
    asked: Timestamp,
    whole_at: Instant,
    whole_took: Duration,
}

impl Kept {
    /// The servers of a place, as they were told when it was read whole, which began at these moments of the server's clock and of ours.
    pub fn whole(vms: Vec<Vm>, asked: Timestamp, began: Instant) -> Self {
        let vms = vms.into_iter().map(|vm| (vm.key.id.clone(), vm)).collect();
        Self {
            vms: Arc::new(vms),
            asked,
            whole_at: Instant::now(),
            whole_took: began.elapsed(),
        }
    }

    /// From when on changes are to be asked for; `None` when it is to be read whole.
    pub fn since(&self) -> Option<String> {
        let limit = WHOLE_EVERY.max(self.whole_took * WHOLE_SHARE);
        if self.whole_at.elapsed() >= limit {
            return None;
        }
        let since = self.asked.checked_sub(OVERLAP).ok()?;
        Some(since.round(Unit::Second).ok()?.to_string())
    }

    /// The same with the changes that were told at a moment of the server's clock.
    pub fn changed(mut self, seen: Vec<Seen>, asked: Timestamp) -> Self {
        if !seen.is_empty() {
            let vms = Arc::make_mut(&mut self.vms);
            for seen in seen {
                match seen {
                    Seen::There(vm) => {
                        vms.insert(vm.key.id.clone(), *vm);
                    }
                    Seen::Gone(id) => {
                        vms.remove(&id);
                    }
                }
            }
        }
        self.asked = asked;
        self
    }

    /// Every server that it has now.
    pub fn vms(&self) -> Vec<Vm> {
        self.vms.values().cloned().collect()
    }
}

/// What every place had.
#[derive(Debug, Default)]
pub(super) struct Inventory(Mutex<HashMap<String, Kept>>);

impl Inventory {
    fn places(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, place: &str) -> Option<Kept> {
        self.places().get(place).cloned()
    }

    pub fn keep(&self, place: String, kept: Kept) {
        self.places().insert(place, kept);
    }

    /// Forgets everything, so that every place is read whole.
    pub fn forget(&self) {
        self.places().clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::model::testing::vm;
    use crate::model::{PowerState, VmKey};

    fn named(id: &str, power: PowerState) -> Vm {
        let mut vm = vm(power);
        vm.key = VmKey {
            id: id.into(),
            ..vm.key
        };
        vm
    }

    fn kept() -> Kept {
        let vms = vec![named("a", PowerState::On), named("b", PowerState::On)];
        let asked = "2026-11-22T03:00:00.7Z".parse().unwrap();
        Kept::whole(vms, asked, Instant::now())
    }

    #[test]
    fn changes_replace_add_and_remove() {
        let later = "2026-11-22T03:00:10Z".parse().unwrap();
        let seen = vec![
            Seen::There(Box::new(named("b", PowerState::Off))),
            Seen::There(Box::new(named("c", PowerState::On))),
            Seen::Gone("a".into()),
            Seen::Gone("never seen".into()),
        ];
        let before = kept();
        let now = before.clone().changed(seen, later);
        let states: Vec<_> = now
            .vms()
            .iter()
            .map(|vm| (vm.key.id.to_string(), vm.power))
            .collect();
        assert_eq!(
            states,
            [
                ("b".to_owned(), PowerState::Off),
                ("c".to_owned(), PowerState::On)
            ]
        );
        assert_eq!(now.since().as_deref(), Some("2026-11-22T02:59:40Z"));
        assert_eq!(before.vms().len(), 2, "what was handed out stays");
    }

    #[test]
    fn it_is_read_whole_now_and_then_and_less_often_where_that_takes_long() {
        let mut kept = kept();
        assert_eq!(kept.since().as_deref(), Some("2026-11-22T02:59:31Z"));
        let before = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds));
        kept.whole_at = before(301).unwrap();
        assert_eq!(kept.since(), None);
        kept.whole_took = Duration::from_secs(20);
        assert!(kept.since().is_some());
        kept.whole_at = before(401).unwrap();
        assert_eq!(kept.since(), None);
    }
}
