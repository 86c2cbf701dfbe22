//! What can be done to a VM (7.1, 8), and how it then goes on. Operations on one VM run one after the other; its state is looked at when
//! one begins, not when it is asked for.

use serde_json::{Value, json};

use super::answer::{error, error_by};
use super::estate::Host;
use super::platform::Platform;

/// How long high availability waits before it starts a VM again, milliseconds.
const RESTART_MS: i64 = 8_000;

/// How long a guest that does not listen is waited for, milliseconds.
const DEAF_MS: i64 = 30_000;

/// What an operation does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Work {
    Start {
        host: Option<String>,
    },
    Stop {
        cold: bool,
        keep: bool,
    },
    Reboot,
    Pause,
    Resume,
    Migrate {
        host: Option<String>,
    },
    Destroy,
    Recover,
    Expunge,
    Update {
        name: Option<String>,
        note: Option<String>,
    },
    /// The end of a transition that was there from the start.
    Settle,
}

/// The rules of one kind of work.
struct Rule {
    from: &'static [&'static str],
    /// What it is called while it runs; `None` for what takes no state of its own.
    meanwhile: Option<&'static str>,
    then: &'static str,
    ms: i64,
    /// The code of its failure.
    code: &'static str,
}

const fn rule(
    from: &'static [&'static str],
    meanwhile: Option<&'static str>,
    then: &'static str,
    ms: i64,
    code: &'static str,
) -> Rule {
    Rule {
        from,
        meanwhile,
        then,
        ms,
        code,
    }
}

impl Work {
    /// The API's message.
    pub fn api(&self) -> &'static str {
        match self {
            Self::Start { .. } => "APIStartVmInstanceMsg",
            Self::Stop { .. } => "APIStopVmInstanceMsg",
            Self::Reboot => "APIRebootVmInstanceMsg",
            Self::Pause => "APIPauseVmInstanceMsg",
            Self::Resume => "APIResumeVmInstanceMsg",
            Self::Migrate { .. } => "APIMigrateVmMsg",
            Self::Destroy => "APIDestroyVmInstanceMsg",
            Self::Recover => "APIRecoverVmInstanceMsg",
            Self::Expunge => "APIExpungeVmInstanceMsg",
            Self::Update { .. } | Self::Settle => "APIUpdateVmInstanceMsg",
        }
    }

    #[rustfmt::skip]
    fn rule(&self) -> Rule {
        match self {
            Self::Start { .. } => rule(&["Created", "Stopped", "Crashed", "Running"], Some("Starting"), "Running", 4_000, "VM.1001"),
            Self::Stop { cold, .. } => rule(
                &["Running", "Paused", "Unknown", "NoState", "Crashed", "Stopped"],
                Some("Stopping"), "Stopped", if *cold { 2_500 } else { 6_000 }, "VM.1002",
            ),
            Self::Reboot => rule(&["Running", "Crashed", "NoState"], Some("Rebooting"), "Running", 5_000, "VM.1003"),
            Self::Pause => rule(&["Running"], Some("Pausing"), "Paused", 2_000, "VM.1012"),
            Self::Resume => rule(&["Paused"], Some("Resuming"), "Running", 2_000, "VM.1013"),
            Self::Migrate { .. } => rule(&["Running", "Paused", "Unknown"], Some("Migrating"), "Running", 12_000, "VM.1008"),
            Self::Destroy => rule(
                &["Running", "Stopped", "Paused", "Unknown", "Crashed", "Starting", "Stopping", "Rebooting", "Migrating",
                  "VolumeMigrating", "Pausing", "Resuming"],
                Some("Destroying"), "Destroyed", 3_000, "VM.1004",
            ),
            Self::Recover => rule(&["Destroyed"], None, "Stopped", 2_000, "SYS.1006"),
            Self::Expunge => rule(&["Destroyed"], Some("Expunging"), "Expunged", 5_000, "SYS.1006"),
            Self::Update { .. } | Self::Settle => rule(&[], None, "", 300, "SYS.1006"),
        }
    }
}

/// Something that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Op {
    /// The job that it belongs to.
    pub job: Option<String>,
    /// The API's message.
    pub api: &'static str,
    pub work: Work,
    /// Milliseconds.
    pub submitted_ms: i64,
    pub operator: String,
}

/// Something that runs.
pub(super) struct Running {
    pub op: Op,
    /// Milliseconds.
    pub began_ms: i64,
    /// Milliseconds.
    pub ends_ms: i64,
    pub outcome: Outcome,
}

/// What something that runs comes to.
pub(super) enum Outcome {
    /// The VM is in this state; `Expunged` is no state, but the end of the VM.
    Become(String),
    /// It moves to this host.
    Move(usize, String),
    /// It fails, and the VM is back in this state.
    Fail(Value, String),
}

/// A duration at a pace, milliseconds. A crawl ends in a century, not never.
pub(super) fn paced(millis: i64, pace: f64) -> i64 {
    const CENTURY_MS: f64 = 3.2e12;
    (millis as f64 / pace).min(CENTURY_MS) as i64
}

impl Platform {
    /// Puts something into a VM's queue. A destroy does not wait for what runs: that is cancelled.
    pub fn submit(&mut self, vm: usize, op: Op) {
        let now_ms = op.submitted_ms;
        if op.work == Work::Destroy
            && let Some(running) = self.estate.vms[vm].running.take()
        {
            let cancelled = error("SYS.1017", "the VM is destroyed meanwhile");
            self.finish_job(&running.op, vm, Some(cancelled), now_ms);
        }
        if op.work == Work::Destroy {
            self.estate.vms[vm].queue.push_front(op);
        } else {
            self.estate.vms[vm].queue.push_back(op);
        }
        self.advance_vm(vm, now_ms);
    }

    /// Moves a VM on to now.
    pub(super) fn advance_vm(&mut self, vm: usize, now_ms: i64) {
        let mut at_ms = 0;
        loop {
            if let Some(running) = &self.estate.vms[vm].running {
                if running.ends_ms > now_ms {
                    return;
                }
                at_ms = running.ends_ms;
                if let Some(running) = self.estate.vms[vm].running.take() {
                    self.end(vm, running);
                }
                continue;
            }
            if let Some(op) = self.estate.vms[vm].queue.pop_front() {
                at_ms = at_ms.max(op.submitted_ms);
                self.begin(vm, op, at_ms);
                continue;
            }
            let Some(restart_ms) = self.estate.vms[vm].restart_ms.filter(|at| *at <= now_ms) else {
                return;
            };
            self.estate.vms[vm].restart_ms = None;
            if self.estate.vms[vm].state == "Stopped" {
                let work = Work::Start { host: None };
                self.estate.vms[vm].queue.push_back(Op {
                    job: None,
                    api: work.api(),
                    work,
                    submitted_ms: restart_ms,
                    operator: "ha".to_owned(),
                });
            }
        }
    }

    fn begin(&mut self, vm: usize, op: Op, at_ms: i64) {
        let rule = op.work.rule();
        let before = self.estate.vms[vm].state.clone();
        if !rule.from.is_empty() && !rule.from.contains(&before.as_str()) {
            let words = format!(
                "{} is in state {before}, which does not allow this",
                self.estate.vms[vm].name
            );
            let failure = error_by(rule.code, error("VM.1010", &words));
            self.finish_job(&op, vm, Some(failure), at_ms);
            return;
        }
        // What is so already succeeds, and nothing happens.
        if before == rule.then && matches!(op.work, Work::Start { .. } | Work::Stop { .. }) {
            self.finish_job(&op, vm, None, at_ms);
            return;
        }
        let (outcome, ms) = self.outcome(vm, &op.work, &rule, before);
        let ends_ms = at_ms.saturating_add(paced(ms, self.pace));
        let vm = &mut self.estate.vms[vm];
        if let Some(meanwhile) = rule.meanwhile {
            vm.state = meanwhile.to_owned();
        }
        vm.changed_ms = at_ms;
        vm.restart_ms = None;
        vm.running = Some(Running {
            op,
            began_ms: at_ms,
            ends_ms,
            outcome,
        });
    }

    fn outcome(&self, at: usize, work: &Work, rule: &Rule, before: String) -> (Outcome, i64) {
        let vm = &self.estate.vms[at];
        let fail = |cause: Value, ms: i64| {
            (
                Outcome::Fail(error_by(rule.code, cause), before.clone()),
                ms,
            )
        };
        let no_host = |words: &str| error("HOST_ALLOCATION.1000", words);
        match work {
            Work::Start { .. } if vm.no_capacity => {
                let words = format!("no host has room for {} GiB", vm.ram_gib);
                fail(no_host(&words), 1_500)
            }
            Work::Start { host } => {
                let wanted = host
                    .as_deref()
                    .map(|uuid| self.host_of(vm.cluster, uuid, None));
                let host = match wanted {
                    Some(host) => host,
                    None => vm
                        .last_host
                        .filter(|host| self.estate.hosts[*host].is_up())
                        .or_else(|| self.any_host(vm.cluster, None)),
                };
                match host {
                    Some(host) => (Outcome::Move(host, rule.then.to_owned()), rule.ms),
                    None => fail(no_host("no host of the cluster is up"), 1_500),
                }
            }
            Work::Stop { cold: false, .. } if vm.deaf && before == "Running" => fail(
                error("SYS.1006", "the guest did not stop within the time limit"),
                DEAF_MS,
            ),
            Work::Migrate { host } => {
                let host = match host {
                    Some(uuid) => self.host_of(vm.cluster, uuid, vm.host),
                    None => self.any_host(vm.cluster, vm.host),
                };
                let then = if before == "Paused" {
                    "Paused"
                } else {
                    rule.then
                };
                match host {
                    Some(host) => (Outcome::Move(host, then.to_owned()), rule.ms),
                    None => fail(no_host("the VM cannot be moved to that host"), 1_500),
                }
            }
            Work::Update { .. } | Work::Settle => (Outcome::Become(before), rule.ms),
            _ => (Outcome::Become(rule.then.to_owned()), rule.ms),
        }
    }

    /// A host of a cluster that can take a VM, but for the one that it is on.
    fn any_host(&self, cluster: usize, but: Option<usize>) -> Option<usize> {
        let hosts = self.estate.hosts.iter().enumerate();
        let mut fitting =
            hosts.filter(|(at, host)| host.cluster == cluster && host.is_up() && Some(*at) != but);
        fitting.next().map(|(at, _)| at)
    }

    fn host_of(&self, cluster: usize, uuid: &str, but: Option<usize>) -> Option<usize> {
        let hosts = self.estate.hosts.iter();
        let at = hosts.clone().position(|host: &Host| host.uuid == uuid)?;
        let host = &self.estate.hosts[at];
        (host.cluster == cluster && host.is_up() && Some(at) != but).then_some(at)
    }

    /// The hosts that a VM can be moved to.
    pub fn targets(&self, vm: usize) -> Vec<usize> {
        let vm = &self.estate.vms[vm];
        let hosts = self.estate.hosts.iter().enumerate();
        hosts
            .filter(|(at, host)| host.cluster == vm.cluster && host.is_up() && Some(*at) != vm.host)
            .map(|(at, _)| at)
            .collect()
    }

    fn end(&mut self, at: usize, running: Running) {
        let Running {
            op,
            ends_ms,
            outcome,
            ..
        } = running;
        let restart_ms = ends_ms.saturating_add(paced(RESTART_MS, self.pace));
        let vm = &mut self.estate.vms[at];
        vm.changed_ms = ends_ms;
        let failure = match outcome {
            Outcome::Fail(failure, back) => {
                vm.state = back;
                Some(failure)
            }
            Outcome::Move(host, state) => {
                vm.last_host = vm.host.or(Some(host));
                vm.host = Some(host);
                vm.state = state;
                None
            }
            Outcome::Become(state) => {
                if ["Stopped", "Destroyed", "Expunged"].contains(&state.as_str()) {
                    vm.last_host = vm.host.or(vm.last_host);
                    vm.host = None;
                }
                vm.state = state;
                None
            }
        };
        match &op.work {
            Work::Stop { keep: false, .. }
                if failure.is_none() && vm.ha.as_deref() == Some("NeverStop") =>
            {
                vm.restart_ms = Some(restart_ms);
            }
            Work::Update { name, note } => {
                vm.name = name.clone().unwrap_or_else(|| vm.name.clone());
                vm.note = note.clone().unwrap_or_else(|| vm.note.clone());
            }
            _ => {}
        }
        self.finish_job(&op, at, failure, ends_ms);
    }

    /// Ends the job of an operation, and records it.
    fn finish_job(&mut self, op: &Op, vm: usize, failure: Option<Value>, at_ms: i64) {
        let result = match (&failure, &op.work) {
            (Some(failure), _) => (503, json!({ "error": failure })),
            (None, Work::Destroy | Work::Expunge) => (200, json!({})),
            (None, _) => (200, json!({ "inventory": self.vm_row(vm) })),
        };
        if let Some(job) = &op.job {
            self.end_job(job, result);
        }
        if op.work != Work::Settle {
            let (uuid, name) = (
                self.estate.vms[vm].uuid.clone(),
                self.estate.vms[vm].name.clone(),
            );
            let api = format!("org.zstack.header.vm.{}", op.api);
            self.audit(&api, &op.operator, &uuid, &name, at_ms, failure.as_ref());
        }
    }
}
