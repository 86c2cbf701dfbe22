//! What was measured of the VM whose details are open: asked for when the cursor has rested, and then once a minute.

use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::layers::Layer;
use super::message::Effect;
use crate::fleet::Ask;
use crate::model::{Series, VmKey};

/// So long after it was asked, it is asked again.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

/// The VMs whose measures are kept: those looked at last.
const KEPT: usize = 16;

/// What is known of one VM.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    vm: VmKey,
    asked_at: Timestamp,
    /// What its cloud tells; `None` until the first answer comes.
    pub answer: Option<Result<Vec<Series>, String>>,
}

/// What was measured of the VMs that were looked at last, the latest last.
#[derive(Debug, Default)]
pub struct Metrics(Vec<Measured>);

impl Metrics {
    /// What is known of a VM; `None` where nobody has asked yet.
    #[must_use]
    pub fn of(&self, vm: &VmKey) -> Option<&Measured> {
        self.0.iter().find(|known| known.vm == *vm)
    }

    /// Takes an answer in, where it was asked for.
    pub fn take(&mut self, vm: &VmKey, series: &Result<Vec<Series>, String>) -> bool {
        let known = self.0.iter_mut().find(|known| known.vm == *vm);
        let Some(known) = known else {
            return false;
        };
        known.answer = Some(series.clone());
        true
    }

    /// When a VM is to be asked for again.
    fn due(&self, vm: &VmKey) -> Option<Timestamp> {
        let asked_at = self.of(vm)?.asked_at;
        Some(asked_at.saturating_add(EVERY).unwrap_or(Timestamp::MAX))
    }

    fn asked(&mut self, vm: &VmKey, now: Timestamp) {
        let before = self.0.iter().position(|known| known.vm == *vm);
        let answer = before.and_then(|at| self.0.remove(at).answer);
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(Measured {
            vm: vm.clone(),
            asked_at: now,
            answer,
        });
    }
}

/// The VM whose details are open, where its cloud measures it.
fn watched(app: &App) -> Option<VmKey> {
    let vm = match app.layers.last() {
        Some(Layer::Details(details)) => Some(details.vm.clone()),
        None if app.is_wide() => app.listed_vm().cloned(),
        _ => None,
    }?;
    let overview = app.inventory.overview_of(&vm)?;
    (overview.vm.monitored && overview.cloud.info.capabilities.metrics).then_some(vm)
}

/// When something is to be asked again.
#[must_use]
pub(super) fn next(app: &App) -> Option<Timestamp> {
    // Before it was asked the first time, the resting cursor asks.
    app.metrics.due(&watched(app)?)
}

/// Asks for what is due: at the first rest on a VM, and then every minute.
pub(super) fn ask(app: &mut App, rested: bool) -> Option<Effect> {
    let vm = watched(app)?;
    let is_due = match app.metrics.due(&vm) {
        Some(at) => at <= app.now,
        None => rested,
    };
    if !is_due {
        return None;
    }
    app.metrics.asked(&vm, app.now);
    Some(Effect::Ask(Ask::Metrics(vm)))
}
