//! How something that was asked for goes on, by the clock.

use super::estate::{Event, Fault, Record, Region, Server, takes_servers};
use super::rules::{Phase, Rule};

/// What becomes of a server in the end, beside its state.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    Nothing,
    /// It runs on this host.
    Put(usize),
    /// It is on no host.
    Offload,
    /// It waits for a confirmation of its new flavor and host.
    Resize {
        flavor: usize,
        host: usize,
    },
    Confirm,
    Revert,
    /// The image of this id is complete.
    Image(String),
    /// It runs for the first time.
    Launch,
    Delete,
}

/// Why it fails.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub message: String,
    /// The name of the exception in the traceback.
    pub exception: &'static str,
    /// It leaves the server in the state `error`.
    pub ruins: bool,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub state: Option<(&'static str, i64)>,
    pub effect: Effect,
    pub failure: Option<Failure>,
}

/// Something under way.
pub(super) struct Run {
    /// The phases that are still to come, and when each begins, milliseconds; the next one last.
    ahead: Vec<(i64, Phase)>,
    /// Milliseconds.
    ends_ms: i64,
    /// Its record, by position.
    record: Option<usize>,
    end: End,
}

/// Who asked, and when.
pub(super) struct Asker<'a> {
    pub user: usize,
    pub project: usize,
    pub request_id: &'a str,
    /// Milliseconds.
    pub now_ms: i64,
}

/// A duration at a pace, milliseconds. A crawl ends in a century, not never.
pub(super) fn paced(millis: i64, pace: f64) -> i64 {
    const CENTURY_MS: f64 = 3.2e12;
    (millis as f64 / pace).min(CENTURY_MS) as i64
}

impl Server {
    /// Begins something: the first phase, and its record.
    pub fn begin(&mut self, rule: &Rule, asker: &Asker<'_>, end: End, pace: f64) {
        self.cut_short(asker.now_ms);
        self.records.push(Record {
            action: rule.record.to_owned(),
            request_id: asker.request_id.to_owned(),
            user: asker.user,
            project: asker.project,
            start_ms: asker.now_ms,
            updated_ms: asker.now_ms,
            message: None,
            events: Vec::new(),
        });
        let record = Some(self.records.len() - 1);
        // What fails does so in its first phase.
        let phases = match end.failure {
            Some(_) => rule.phases.get(..1).unwrap_or_default(),
            None => rule.phases,
        };
        self.follow(phases, record, end, asker.now_ms, pace);
    }

    /// Goes on with what was under way before the demo began: its newest record.
    pub fn settle(&mut self, task: &'static str, ms: i64, end: End, now_ms: i64) {
        let phase = Phase {
            task: Some(task),
            ms,
            event: None,
        };
        let record = self.records.len().checked_sub(1);
        let changed_ms = self.updated_ms;
        self.follow(&[phase], record, end, now_ms, 1.0);
        self.updated_ms = changed_ms;
    }

    fn follow(&mut self, phases: &[Phase], record: Option<usize>, end: End, at_ms: i64, pace: f64) {
        let mut ends_ms = at_ms;
        let mut ahead = Vec::with_capacity(phases.len());
        for phase in phases {
            ahead.push((ends_ms, *phase));
            ends_ms = ends_ms.saturating_add(paced(phase.ms, pace));
        }
        ahead.reverse();
        self.run = Some(Run {
            ahead,
            ends_ms,
            record,
            end,
        });
        // The first phase begins at once; what takes no time at all is over with the next look.
        self.enter_phases(at_ms);
    }

    /// Ends what is under way without a result: something stronger takes its place.
    fn cut_short(&mut self, now_ms: i64) {
        let record = self.run.take().and_then(|run| run.record);
        if let Some(record) = record.and_then(|at| self.records.get_mut(at)) {
            finish(record, now_ms, "Error", None);
            record.message = Some("Error");
        }
    }

    fn enter_phases(&mut self, now_ms: i64) {
        let host = self.host;
        let Some(run) = &mut self.run else { return };
        while let Some((at_ms, phase)) = run.ahead.pop_if(|(at_ms, _)| *at_ms <= now_ms) {
            self.task_state = phase.task;
            self.updated_ms = at_ms;
            let record = run.record.and_then(|at| self.records.get_mut(at));
            if let (Some(name), Some(record)) = (phase.event, record) {
                finish(record, at_ms, "Success", None);
                record.updated_ms = at_ms;
                record.events.push(Event {
                    name: name.to_owned(),
                    host,
                    start_ms: at_ms,
                    finish_ms: None,
                    result: None,
                    traceback: None,
                    details: None,
                });
            }
        }
    }

    /// Moves on to now. What ended is handed out when it concerns more than the server.
    fn advance(&mut self, now_ms: i64) -> Option<Effect> {
        self.enter_phases(now_ms);
        let run = self.run.take_if(|run| run.ends_ms <= now_ms)?;
        let at_ms = run.ends_ms;
        self.task_state = None;
        self.updated_ms = at_ms;
        let record = run.record.and_then(|at| self.records.get_mut(at));
        if let Some(failure) = run.end.failure {
            let traceback = format!(
                "Traceback (most recent call last):\n  File \"nova/compute/utils.py\", line 1484, in decorated_function\n{}: {}",
                failure.exception, failure.message
            );
            if let Some(record) = record {
                finish(record, at_ms, "Error", Some((&traceback, &failure.message)));
                record.message = Some("Error");
            }
            if failure.ruins {
                self.vm_state = "error";
            }
            self.fault = Some(Fault {
                code: 500,
                message: failure.message,
                details: traceback,
                created_ms: at_ms,
            });
            return None;
        }
        if let Some(record) = record {
            finish(record, at_ms, "Success", None);
        }
        if let Some((state, power)) = run.end.state {
            self.vm_state = state;
            self.power_state = power;
        }
        self.apply(&run.end.effect, at_ms);
        Some(run.end.effect)
    }

    fn apply(&mut self, effect: &Effect, at_ms: i64) {
        match effect {
            Effect::Nothing | Effect::Image(_) => {}
            Effect::Put(host) => self.host = Some(*host),
            Effect::Offload => self.host = None,
            Effect::Resize { flavor, host } => {
                self.old_flavor = Some(std::mem::replace(&mut self.flavor, *flavor));
                self.old_host = self.host.replace(*host);
            }
            Effect::Confirm => (self.old_flavor, self.old_host) = (None, None),
            Effect::Revert => {
                self.flavor = self.old_flavor.take().unwrap_or(self.flavor);
                self.host = self.old_host.take().or(self.host);
            }
            Effect::Launch => self.launched_ms = Some(at_ms),
            Effect::Delete => {
                self.deleted_ms = Some(at_ms);
                self.nics.clear();
                self.host = None;
            }
        }
    }
}

/// Ends the last event of a record, and the record with it.
fn finish(record: &mut Record, at_ms: i64, result: &'static str, failure: Option<(&str, &str)>) {
    record.updated_ms = at_ms;
    let open = record
        .events
        .last_mut()
        .filter(|event| event.finish_ms.is_none());
    if let Some(event) = open {
        event.finish_ms = Some(at_ms);
        event.result = Some(result);
        event.traceback = failure.map(|(traceback, _)| traceback.to_owned());
        event.details = failure.map(|(_, details)| details.to_owned());
    }
}

impl Region {
    /// Moves everything on to now.
    pub fn advance(&mut self, now_ms: i64) {
        for server in &mut self.servers {
            match server.advance(now_ms) {
                Some(Effect::Image(id)) => {
                    if let Some(image) = self.images.iter_mut().find(|image| image.id == id) {
                        image.status = "active";
                    }
                }
                Some(Effect::Delete) => {
                    for group in &mut self.groups {
                        group.members.retain(|member| *member != server.id);
                    }
                }
                _ => {}
            }
        }
    }

    /// A host that can take a server: this one, or any but where it is.
    pub fn host_for(&self, server: &Server, wanted: Option<&str>) -> Option<usize> {
        let mut hosts = self.hosts.iter().enumerate();
        let found = hosts.find(|(at, host)| {
            takes_servers(host)
                && Some(*at) != server.host
                && wanted.is_none_or(|name| name == host.name)
        });
        found.map(|(at, _)| at)
    }
}
