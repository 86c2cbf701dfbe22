//! The states of a VM and of a virtual appliance.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The eight power states of the Abiquo wire, used for every cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PowerState {
    /// Exists in the cloud's books only; no host, no resources.
    NotAllocated,
    /// A host was chosen; a short step of a deploy.
    Allocated,
    /// Made on the hypervisor, never powered; a short step of a deploy.
    Configured,
    /// Running.
    On,
    /// Held in memory, resumed by *resume*.
    Paused,
    /// On a host, not running.
    Off,
    /// An operation runs on it.
    Locked,
    /// On a host, but the cloud cannot read its state; also any word the documents do not have.
    Unknown,
}

impl PowerState {
    /// All eight, in the order of the wire's `idState`.
    pub const ALL: [Self; 8] = [
        Self::NotAllocated,
        Self::Allocated,
        Self::Configured,
        Self::On,
        Self::Paused,
        Self::Off,
        Self::Locked,
        Self::Unknown,
    ];

    /// The spelling of the wire and of every machine-readable output: `NOT_ALLOCATED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAllocated => "NOT_ALLOCATED",
            Self::Allocated => "ALLOCATED",
            Self::Configured => "CONFIGURED",
            Self::On => "ON",
            Self::Paused => "PAUSED",
            Self::Off => "OFF",
            Self::Locked => "LOCKED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The state of a wire word, or `None` for a word that is not one of the eight.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word a person reads: `Not allocated`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAllocated => "Not allocated",
            Self::Allocated => "Allocated",
            Self::Configured => "Configured",
            Self::On => "On",
            Self::Paused => "Paused",
            Self::Off => "Off",
            Self::Locked => "Locked",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is shown, filtered and counted: the power state, with MAINTENANCE over it for a protected VM.
///
/// MAINTENANCE is never a wire value: the guide shows it for a VM whose `protected` flag is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VmState {
    /// Not protected: the power state is the state.
    Power(PowerState),
    /// Protected; the power state stays visible underneath.
    Maintenance,
}

impl VmState {
    /// All nine, in the order in which they are counted and sorted.
    pub const ALL: [Self; 9] = [
        Self::Power(PowerState::NotAllocated),
        Self::Power(PowerState::Allocated),
        Self::Power(PowerState::Configured),
        Self::Power(PowerState::On),
        Self::Power(PowerState::Paused),
        Self::Power(PowerState::Off),
        Self::Power(PowerState::Locked),
        Self::Power(PowerState::Unknown),
        Self::Maintenance,
    ];

    /// The spelling of machine-readable output: `MAINTENANCE`, or the power state's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power(state) => state.as_str(),
            Self::Maintenance => "MAINTENANCE",
        }
    }

    /// The word a person reads.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Power(state) => state.word(),
            Self::Maintenance => "Maintenance",
        }
    }
}

impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The aggregate state of a virtual appliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VappState {
    /// No VM in it.
    Empty,
    /// At least one VM is UNKNOWN.
    Unknown,
    /// At least one VM is LOCKED, none UNKNOWN.
    Locked,
    /// Every VM exists on a hypervisor or provider; all of them off is still deployed.
    Deployed,
    /// No VM exists on a hypervisor or provider.
    Undeployed,
    /// Some VMs exist there and some do not (Abiquo: `NEEDS_SYNC`).
    PartiallyDeployed,
}

impl VappState {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::Empty,
        Self::Unknown,
        Self::Locked,
        Self::Deployed,
        Self::Undeployed,
        Self::PartiallyDeployed,
    ];

    /// The spelling of machine-readable output: `PARTIALLY_DEPLOYED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::Unknown => "UNKNOWN",
            Self::Locked => "LOCKED",
            Self::Deployed => "DEPLOYED",
            Self::Undeployed => "UNDEPLOYED",
            Self::PartiallyDeployed => "PARTIALLY_DEPLOYED",
        }
    }

    /// The word a person reads, as the administrator's guide has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Unknown => "Unknown",
            Self::Locked => "Locked",
            Self::Deployed => "Deployed",
            Self::Undeployed => "Undeployed",
            Self::PartiallyDeployed => "Partially deployed",
        }
    }
}

impl fmt::Display for VappState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The aggregate state of a group of VMs, from their *power* states: protection never changes it.
///
/// The first rule that matches wins (Abiquo server's state formula, the guide's wording): no VMs is EMPTY, any UNKNOWN is
/// UNKNOWN, any LOCKED is LOCKED, all in {ON, OFF, PAUSED, CONFIGURED} is DEPLOYED, all in {NOT_ALLOCATED, ALLOCATED} is
/// UNDEPLOYED, anything else is PARTIALLY_DEPLOYED.
#[must_use]
pub fn aggregate(states: impl IntoIterator<Item = PowerState>) -> VappState {
    let (mut any, mut unknown, mut locked, mut deployed, mut undeployed) =
        (false, false, false, false, false);
    for state in states {
        any = true;
        match state {
            PowerState::Unknown => unknown = true,
            PowerState::Locked => locked = true,
            PowerState::On | PowerState::Off | PowerState::Paused | PowerState::Configured => {
                deployed = true
            }
            PowerState::NotAllocated | PowerState::Allocated => undeployed = true,
        }
    }
    match (any, unknown, locked, deployed, undeployed) {
        (false, ..) => VappState::Empty,
        (_, true, ..) => VappState::Unknown,
        (_, _, true, ..) => VappState::Locked,
        (_, _, _, true, false) => VappState::Deployed,
        (_, _, _, false, _) => VappState::Undeployed,
        (_, _, _, true, true) => VappState::PartiallyDeployed,
    }
}

#[cfg(test)]
mod tests {
    use super::PowerState::*;
    use super::*;

    #[test]
    fn words_of_the_wire_round_trip() {
        for state in PowerState::ALL {
            assert_eq!(PowerState::from_word(state.as_str()), Some(state));
            assert_eq!(
                serde_json::to_string(&state).ok(),
                Some(format!("\"{}\"", state.as_str()))
            );
        }
        assert_eq!(
            PowerState::from_word("MAINTENANCE"),
            None,
            "MAINTENANCE is never a wire value"
        );
    }

    #[test]
    fn named_cases_of_the_guide() {
        let cases: &[(&[PowerState], VappState)] = &[
            (&[], VappState::Empty),
            (&[Off, Off, Off], VappState::Deployed),
            (&[On, Off, Paused, Configured], VappState::Deployed),
            (&[NotAllocated, Allocated], VappState::Undeployed),
            (&[On, NotAllocated], VappState::PartiallyDeployed),
            (&[On, Locked, NotAllocated], VappState::Locked),
            (&[Locked, Unknown, On], VappState::Unknown),
        ];
        for (states, expected) in cases {
            assert_eq!(aggregate(states.iter().copied()), *expected, "{states:?}");
        }
    }

    /// Every pair of states against a table written out by hand, row by row in the order of [`PowerState::ALL`].
    #[test]
    fn every_combination_of_two_states() {
        use VappState::{
            Deployed as D, Locked as L, PartiallyDeployed as P, Undeployed as N, Unknown as U,
        };
        #[rustfmt::skip]
        let table = [
            // NOT_ALLOCATED ALLOCATED CONFIGURED ON PAUSED OFF LOCKED UNKNOWN
            [N, N, P, P, P, P, L, U], // NOT_ALLOCATED
            [N, N, P, P, P, P, L, U], // ALLOCATED
            [P, P, D, D, D, D, L, U], // CONFIGURED
            [P, P, D, D, D, D, L, U], // ON
            [P, P, D, D, D, D, L, U], // PAUSED
            [P, P, D, D, D, D, L, U], // OFF
            [L, L, L, L, L, L, L, U], // LOCKED
            [U, U, U, U, U, U, U, U], // UNKNOWN
        ];
        for (row, first) in PowerState::ALL.into_iter().enumerate() {
            for (column, second) in PowerState::ALL.into_iter().enumerate() {
                assert_eq!(
                    aggregate([first, second]),
                    table[row][column],
                    "{first} with {second}"
                );
            }
        }
    }

    #[test]
    fn one_vm_alone_decides_its_appliance() {
        for state in PowerState::ALL {
            assert_eq!(aggregate([state]), aggregate([state, state]), "{state}");
        }
    }
}
