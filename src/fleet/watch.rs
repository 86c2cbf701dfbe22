//! Operations that a cloud has no task for: what is waited for, whether it is so, and the task that is made of it. Pure: the
//! worker reads, sends and keeps the time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clouds::{Goal, Phase};
use crate::model::{
    Action, Job, JobState, PowerState, Task, TaskKey, TaskKind, TaskState, Vm, VmKey,
};

/// A watched operation and how far it is, as the journal keeps it so that another run can go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watch {
    /// Its phases, in order.
    pub phases: Vec<Watched>,
    /// The one that is watched now.
    pub at: usize,
    /// When the first was sent.
    pub begun: Timestamp,
    /// When what began this phase was sent.
    pub since: Timestamp,
    /// The VM as it was then.
    pub before: Seen,
    /// Nobody knows whether what began this phase was executed.
    pub unsure: bool,
}

/// One phase ([`Phase`]), as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watched {
    pub kind: TaskKind,
    pub until: Until,
    /// Whole seconds.
    pub limit_s: u64,
    pub then: Option<Action>,
}

/// What a phase waits for ([`Goal`]), as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Until {
    State(Vec<PowerState>),
    Again(Vec<PowerState>),
    Gone,
}

/// A VM at one time, as far as a change can be told by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    power: PowerState,
    native: Arc<str>,
    updated_at: Option<Timestamp>,
}

impl Seen {
    pub(super) fn of(vm: &Vm) -> Self {
        Self {
            power: vm.power,
            native: vm.native_state.clone(),
            updated_at: vm.updated_at,
        }
    }

    /// Whether the VM has been touched since.
    pub(super) fn differs(&self, vm: &Vm) -> bool {
        let later = match (self.updated_at, vm.updated_at) {
            (Some(before), Some(now)) => now > before,
            _ => false,
        };
        self.power != vm.power || self.native != vm.native_state || later
    }
}

/// The state of a VM in the words of a sentence: its cloud's own, where that says more than ours.
pub(super) fn state_words(vm: &Vm) -> String {
    vm.differing_native_state()
        .map_or_else(|| vm.power_word().to_lowercase(), str::to_owned)
}

impl Until {
    /// Whether it is so. `changed` says whether the VM has been seen otherwise than when it was sent; `None` is a VM that is gone.
    pub(super) fn is_met(&self, changed: bool, vm: Option<&Vm>) -> bool {
        match (self, vm) {
            (Self::State(states), Some(vm)) => states.contains(&vm.power),
            (Self::Again(states), Some(vm)) => changed && states.contains(&vm.power),
            (Self::Gone, Some(vm)) => vm.power == PowerState::NotAllocated,
            (Self::Gone, None) => true,
            (Self::State(_) | Self::Again(_), None) => false,
        }
    }

    /// What did not come to be in this time: `not seen off in 5m`.
    pub(super) fn missed(&self, limit: Duration) -> String {
        let limit = Minutes(limit);
        match self {
            Self::State(states) => {
                let words: Vec<_> = states.iter().map(|one| one.word().to_lowercase()).collect();
                format!("not seen {} in {limit}", words.join(" or "))
            }
            Self::Again(_) => format!("no change seen in {limit}"),
            Self::Gone => format!("still there after {limit}"),
        }
    }
}

/// A time limit in the words of a sentence: `5m`, `90s`.
struct Minutes(Duration);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds if seconds >= 60 && seconds.is_multiple_of(60) => {
                write!(f, "{}m", seconds / 60)
            }
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl From<Phase> for Watched {
    fn from(phase: Phase) -> Self {
        Self {
            kind: TaskKind::new(phase.kind),
            until: match phase.until {
                Goal::State(states) => Until::State(states.to_vec()),
                Goal::Again(states) => Until::Again(states.to_vec()),
                Goal::Gone => Until::Gone,
            },
            limit_s: phase.limit.as_secs(),
            then: phase.then,
        }
    }
}

impl Watched {
    /// So long it may take.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(self.limit_s)
    }
}

impl Watch {
    /// An operation that was sent just then, on a VM that was so. `None` when there is nothing to watch.
    pub(super) fn new(phases: Vec<Phase>, vm: &Vm, sent: Timestamp) -> Option<Self> {
        (!phases.is_empty()).then(|| Self {
            phases: phases.into_iter().map(Watched::from).collect(),
            at: 0,
            begun: sent,
            since: sent,
            before: Seen::of(vm),
            unsure: false,
        })
    }

    /// The phase that is watched now.
    pub(super) fn phase(&self) -> Option<&Watched> {
        self.phases.get(self.at)
    }

    /// Whether something is still to be sent.
    pub(super) fn has_more_to_send(&self) -> bool {
        let mut left = self.phases.iter().skip(self.at);
        left.any(|phase| phase.then.is_some())
    }

    /// The task that is shown of it. Of one phase it is the phase; of several it is the action's.
    pub(super) fn task(
        &self,
        key: TaskKey,
        vm: VmKey,
        action: &Action,
        user: Option<Arc<str>>,
    ) -> Task {
        let kind = match self.phases.as_slice() {
            [only] => only.kind.clone(),
            _ => TaskKind::new(&action.kind().id().to_uppercase()),
        };
        let job = |(at, phase): (usize, &Watched)| Job {
            id: format!("{}.{}", key.id, at + 1).into(),
            kind: phase.kind.clone(),
            state: match at.cmp(&self.at) {
                std::cmp::Ordering::Less => JobState::Done,
                std::cmp::Ordering::Equal => JobState::Started,
                std::cmp::Ordering::Greater => JobState::Pending,
            },
            rollback_state: JobState::Unknown,
            description: None,
        };
        Task {
            vm: Some(vm),
            kind,
            state: TaskState::Started,
            created_at: Some(self.begun),
            updated_at: Some(self.since),
            user,
            jobs: self.phases.iter().enumerate().map(job).collect(),
            watched_here: true,
            subject: None,
            acknowledgeable: false,
            locator: "".into(),
            key,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::model::testing::vm;
    use PowerState::{Locked, NotAllocated, Off, On};

    #[test]
    fn what_is_waited_for() {
        let state = || Until::State(vec![Off]);
        let again = || Until::Again(vec![On]);
        #[rustfmt::skip]
        let table = [
            // goal, seen otherwise, power now, met
            (state(),     false, Some(On),           false),
            (state(),     false, Some(Locked),       false),
            (state(),     false, Some(Off),          true),
            (state(),     true,  None,               false),
            (again(),     false, Some(On),           false),
            (again(),     true,  Some(Locked),       false),
            (again(),     true,  Some(On),           true),
            (again(),     true,  None,               false),
            (Until::Gone, true,  Some(On),           false),
            (Until::Gone, false, Some(NotAllocated), true),
            (Until::Gone, false, None,               true),
        ];
        for (until, changed, power, met) in table {
            let now = power.map(vm);
            assert_eq!(
                until.is_met(changed, now.as_ref()),
                met,
                "{until:?} {changed} {power:?}"
            );
        }
    }

    #[test]
    fn a_change_is_told_by_the_state_the_clouds_word_or_a_later_time() {
        let at = |second| Timestamp::from_second(second).ok();
        let mut before = vm(On);
        before.updated_at = at(100);
        let seen = Seen::of(&before);
        let with = |change: fn(&mut Vm)| {
            let mut now = before.clone();
            change(&mut now);
            seen.differs(&now)
        };
        assert!(!with(|_| {}));
        assert!(with(|vm| vm.power = Locked));
        assert!(with(|vm| vm.native_state = "Rebooting".into()));
        assert!(with(|vm| vm.updated_at = Timestamp::from_second(101).ok()));
        assert!(!with(|vm| vm.updated_at = Timestamp::from_second(99).ok()));
        assert!(
            !with(|vm| vm.updated_at = None),
            "nothing told is no change"
        );
    }

    #[test]
    fn what_did_not_come_to_be_is_said_with_its_time() {
        let table = [
            (Until::State(vec![Off]), 300, "not seen off in 5m"),
            (
                Until::State(vec![Off, NotAllocated]),
                90,
                "not seen off or not allocated in 90s",
            ),
            (Until::Again(vec![On]), 120, "no change seen in 2m"),
            (Until::Gone, 45, "still there after 45s"),
        ];
        for (until, seconds, words) in table {
            assert_eq!(until.missed(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn the_task_of_several_phases_is_the_actions_with_a_job_for_each() {
        let phase = |kind, then| Phase {
            kind,
            until: Goal::State(&[Off]),
            limit: Duration::from_secs(60),
            then,
        };
        let vm = vm(On);
        let key = TaskKey {
            cloud: vm.key.cloud.clone(),
            id: "t".into(),
        };
        let phases = vec![
            phase("POWER_OFF", Some(Action::PowerOn)),
            phase("POWER_ON", None),
        ];
        let mut watch = Watch::new(phases, &vm, Timestamp::UNIX_EPOCH).unwrap();
        assert!(watch.has_more_to_send());
        watch.at = 1;
        assert!(!watch.has_more_to_send());
        let task = watch.task(key.clone(), vm.key.clone(), &Action::Reboot, None);
        assert_eq!(
            (task.kind.as_str(), task.progress()),
            ("REBOOT", "Powering on")
        );
        assert_eq!(task.jobs_done(), (1, 2));
        let one = Watch::new(vec![phase("POWER_OFF", None)], &vm, Timestamp::UNIX_EPOCH).unwrap();
        let task = one.task(key, vm.key.clone(), &Action::Shutdown, None);
        assert_eq!(task.kind.as_str(), "POWER_OFF");
        assert_eq!(Watch::new(Vec::new(), &vm, Timestamp::UNIX_EPOCH), None);
    }
}
