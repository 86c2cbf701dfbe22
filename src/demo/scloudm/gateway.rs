//! The gateway's state: tokens, VMs and what runs on them.

use std::collections::HashMap;

use super::fleet::{Fleet, Status, Vm};

/// How long a token is good for, milliseconds.
pub(super) const TOKEN_LIFE_MS: i64 = 60 * 60 * 1_000;

/// How many tokens are remembered; when there are more, those that have ended go.
const TOKENS_KEPT: usize = 10_000;

/// What is asked of Nova for one VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Start,
    Stop,
    SoftReboot,
    HardReboot,
}

impl Act {
    /// How Nova calls it.
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::SoftReboot | Self::HardReboot => "reboot",
        }
    }

    /// Milliseconds at normal pace.
    fn takes_ms(self) -> f64 {
        match self {
            Self::Start => 4_000.0,
            Self::Stop => 5_000.0,
            Self::SoftReboot => 7_000.0,
            Self::HardReboot => 4_000.0,
        }
    }

    /// Nova's word for what is going on. It shows in refusals only.
    fn task_state(self) -> &'static str {
        match self {
            Self::Start => "powering-on",
            Self::Stop => "powering-off",
            Self::SoftReboot => "rebooting",
            Self::HardReboot => "rebooting_hard",
        }
    }
}

/// Why Nova does not do it: its status, its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub msg: String,
}

/// An operation under way on a VM.
#[derive(Debug)]
struct Running {
    vm: usize,
    act: Act,
    ends_ms: i64,
}

/// The gateway and the clouds behind it.
#[derive(Debug)]
pub(super) struct Gateway {
    pub fleet: Fleet,
    running: Vec<Running>,
    /// Token, end of life in milliseconds.
    tokens: HashMap<String, i64>,
    pace: f64,
    rng: fastrand::Rng,
}

impl Gateway {
    pub fn new(fleet: Fleet, pace: f64) -> Self {
        Self {
            fleet,
            running: Vec::new(),
            tokens: HashMap::new(),
            pace,
            rng: fastrand::Rng::new(),
        }
    }

    /// A new token, and when it ends.
    pub fn give_token(&mut self, now_ms: i64) -> (String, i64) {
        if self.tokens.len() >= TOKENS_KEPT {
            self.tokens.retain(|_, ends_ms| *ends_ms > now_ms);
        }
        let token = format!("{:032x}", self.rng.u128(..));
        let ends_ms = now_ms + TOKEN_LIFE_MS;
        self.tokens.insert(token.clone(), ends_ms);
        (token, ends_ms)
    }

    /// Whether a token is known and has not ended.
    pub fn knows_token(&self, token: &str, now_ms: i64) -> bool {
        self.tokens
            .get(token)
            .is_some_and(|ends_ms| now_ms < *ends_ms)
    }

    /// The tenant with an id, by position.
    pub fn tenant(&self, id: &str) -> Option<usize> {
        self.fleet.tenants.iter().position(|tenant| tenant.id == id)
    }

    /// Whether a tenant has compute in a region.
    pub fn has_compute(&self, tenant: usize, region: &str) -> bool {
        let regions = &self.fleet.tenants[tenant].regions;
        regions.iter().any(|one| one == region)
    }

    /// The VMs of a tenant in a region.
    pub fn vms(&self, tenant: usize, region: &str) -> Vec<&Vm> {
        let here = |vm: &&Vm| vm.tenant == tenant && vm.region == region;
        self.fleet.vms.iter().filter(here).collect()
    }

    /// A VM of a tenant in a region, by position.
    pub fn vm(&self, tenant: usize, region: &str, id: &str) -> Option<usize> {
        let is_it = |vm: &Vm| vm.tenant == tenant && vm.region == region && vm.id == id;
        self.fleet.vms.iter().position(is_it)
    }

    /// Begins an operation, as Nova does: it answers before it is done.
    ///
    /// # Errors
    /// Nova's refusal.
    pub fn begin(&mut self, vm: usize, act: Act, now_ms: i64) -> Result<(), Refusal> {
        let (id, status) = (&self.fleet.vms[vm].id, self.fleet.vms[vm].status);
        let conflict = |state: String| Refusal {
            code: 409,
            reason: "Conflict",
            msg: format!(
                "Cannot '{}' instance {id} while it is in {state}",
                act.word()
            ),
        };
        if let Some(running) = self.running.iter().find(|running| running.vm == vm) {
            return Err(conflict(format!("task_state {}", running.act.task_state())));
        }
        let accepts = match act {
            Act::Start => matches!(status, Status::Shutoff),
            Act::Stop => matches!(status, Status::Active | Status::Rescue),
            Act::SoftReboot | Act::HardReboot => {
                matches!(status, Status::Active | Status::Rescue | Status::Shutoff)
            }
        };
        if !accepts {
            return Err(conflict(format!(
                "vm_state {}",
                status.word().to_lowercase()
            )));
        }
        // Only a reboot shows; starting and stopping are Nova's task states, which the gateway does not tell.
        let shows = match act {
            Act::Start | Act::Stop => None,
            Act::SoftReboot => Some(Status::Reboot),
            Act::HardReboot => Some(Status::HardReboot),
        };
        if let Some(status) = shows {
            self.set(vm, status, now_ms);
        }
        let takes_ms = (act.takes_ms() / self.pace) as i64;
        self.running.push(Running {
            vm,
            act,
            ends_ms: now_ms + takes_ms,
        });
        Ok(())
    }

    /// Ends what has run its time.
    pub fn advance(&mut self, now_ms: i64) {
        let (over, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|running: &Running| running.ends_ms <= now_ms);
        self.running = running;
        let mut over: Vec<Running> = over;
        over.sort_by_key(|running| running.ends_ms);
        for Running { vm, act, ends_ms } in over {
            let status = match act {
                Act::Stop => Status::Shutoff,
                Act::Start if self.fleet.vms[vm].breaks => Status::Error,
                Act::Start | Act::SoftReboot | Act::HardReboot => Status::Active,
            };
            self.set(vm, status, ends_ms);
        }
    }

    fn set(&mut self, vm: usize, status: Status, at_ms: i64) {
        let vm = &mut self.fleet.vms[vm];
        vm.status = status;
        vm.updated_ms = at_ms;
    }
}
