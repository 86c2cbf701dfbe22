//! What exists in the cloud, and how it moves on with the time.

use std::net::Ipv4Addr;

/// A hardware profile.
#[derive(Debug, Clone)]
pub struct Profile {
    pub uuid: String,
    pub name: String,
    pub cpus: u32,
    /// In MB.
    pub memory: u32,
}

/// A network.
#[derive(Debug, Clone)]
pub struct Network {
    pub uuid: String,
    pub name: String,
}

/// An image that VMs are made from.
#[derive(Debug, Clone)]
pub struct Package {
    pub uuid: String,
    pub name: String,
    pub os: String,
    /// In MB.
    pub storage: u32,
}

/// A virtual machine.
#[derive(Debug, Clone)]
pub struct Vm {
    /// A uuid, or a number as some editions have it.
    pub uuid: String,
    /// Whether the uuid and the port travel as numbers.
    pub numeric: bool,
    /// Whether all but the least is left out, as the vendor's emulator does.
    pub bare: bool,
    pub name: String,
    pub state: String,
    pub os: String,
    /// Its profile, by position.
    pub profile: usize,
    /// Its network, by position.
    pub network: usize,
    pub interface: String,
    pub ip: Ipv4Addr,
    pub mac: String,
    pub vnc_port: u16,
    pub vnc_password: String,
    pub tags: Vec<String>,
    /// Takes a stop and never stops.
    pub stubborn: bool,
    /// Ends in error when it is started.
    pub fails: bool,
    /// What it comes to, the next first.
    pub steps: Vec<Step>,
    /// What runs on it.
    pub transaction: Option<Transaction>,
}

/// Something that will happen to a VM.
#[derive(Debug, Clone)]
pub struct Step {
    pub at_ms: i64,
    pub then: Then,
}

/// What will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// It is in this state.
    State(String),
    /// It is gone.
    Gone,
}

/// An operation that runs.
#[derive(Debug, Clone)]
pub struct Transaction {
    pub uuid: String,
    pub user: String,
    /// What it does: `starting mail-2`.
    pub message: String,
    /// What the log says when it went well, and when it did not.
    pub done: String,
    pub failed: String,
    pub started_ms: i64,
    pub ends_ms: i64,
}

/// An entry of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub uuid: String,
    pub user: String,
    pub at_ms: i64,
    pub error: bool,
    pub message: String,
    /// The VM's uuid.
    pub vm: Option<String>,
}

/// A transaction of no VM, which runs as long as the demo.
#[derive(Debug, Clone)]
pub struct Import {
    pub uuid: String,
    pub message: String,
    pub completed: i64,
}

/// The whole cloud.
#[derive(Debug, Clone)]
pub struct Estate {
    pub profiles: Vec<Profile>,
    pub networks: Vec<Network>,
    pub packages: Vec<Package>,
    pub vms: Vec<Vm>,
    /// Oldest first.
    pub log: Vec<Entry>,
    pub imports: Vec<Import>,
    pub seed: u64,
    pub pace: f64,
    /// How many uuids were given since the start.
    pub given: u64,
}

/// The most entries that the log keeps.
const LOG_MAX: usize = 500;

impl Estate {
    /// A VM by what names it in an address.
    pub fn find(&self, uuid: &str) -> Option<usize> {
        self.vms.iter().position(|vm| vm.uuid == uuid)
    }

    /// Lets everything happen that is due.
    pub fn advance(&mut self, now_ms: i64) {
        let mut told = Vec::new();
        self.vms.retain_mut(|vm| {
            while vm.steps.first().is_some_and(|step| step.at_ms <= now_ms) {
                let step = vm.steps.remove(0);
                let is_last = vm.steps.is_empty();
                let failed = step.then == Then::State("error".to_owned());
                if let Some(transaction) = vm.transaction.take_if(|_| is_last) {
                    told.push((vm.uuid.clone(), transaction, failed, step.at_ms));
                }
                match step.then {
                    Then::State(state) => vm.state = state,
                    Then::Gone => return false,
                }
            }
            true
        });
        told.sort_by_key(|(.., at_ms)| *at_ms);
        for (vm, transaction, failed, at_ms) in told {
            let message = if failed {
                transaction.failed
            } else {
                transaction.done
            };
            self.note(at_ms, &transaction.user, failed, message, Some(vm));
        }
    }

    /// Writes into the log.
    pub fn note(
        &mut self,
        at_ms: i64,
        user: &str,
        error: bool,
        message: String,
        vm: Option<String>,
    ) {
        let uuid = self.fresh();
        self.log.push(Entry {
            uuid,
            user: user.to_owned(),
            at_ms,
            error,
            message,
            vm,
        });
        if self.log.len() > LOG_MAX {
            self.log.remove(0);
        }
    }

    /// A uuid that nothing else has.
    pub fn fresh(&mut self) -> String {
        self.given += 1;
        crate::demo::identity::Uuid::new(self.seed, FRESH, self.given).to_string()
    }

    /// A duration at the demo's pace, milliseconds.
    pub fn paced(&self, ms: i64) -> i64 {
        paced(ms, self.pace)
    }
}

/// The family of the uuids that are given while the cloud runs.
const FRESH: u64 = 0xec9;

/// A duration at a pace, milliseconds; an infinite pace leaves none of it.
pub fn paced(ms: i64, pace: f64) -> i64 {
    (ms as f64 / pace) as i64
}
