//! The state of the cloud beside its estate: sessions, jobs, and the time that moves them on.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::answer::{Answer, error, session_over};
use super::estate::{Estate, Tag, audit};
use super::operations::paced;
use super::rows::{date, tag_row};

/// How long a session lives, milliseconds (2.3).
const SESSION_MS: i64 = 7_200_000;

/// How long a job is remembered from its making, milliseconds (3.2).
const KEPT_MS: i64 = 10_800_000;

/// How long what takes no time takes, milliseconds.
const SOON_MS: i64 = 300;

/// Who may sign in, all with the same password: an administrator and an ordinary account.
pub(super) const ACCOUNTS: [&str; 2] = ["admin", "ops"];

/// Who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The account's name.
    pub account: &'static str,
    created_ms: i64,
    ends_ms: i64,
}

/// What a job does that is about no VM's state.
pub(super) enum Effect {
    Fail(Value),
    Renew { session: String, seconds: i64 },
    AddTag { resource: String, text: String },
    RemoveTag(String),
    CancelLongJob(String),
    Nothing,
}

struct Job {
    created_ms: i64,
    /// What is to be done when, milliseconds.
    pending: Option<(i64, Effect)>,
    result: Option<(u16, Value)>,
}

/// All of it.
pub(super) struct Platform {
    pub estate: Estate,
    pub seed: u64,
    pub pace: f64,
    sessions: HashMap<String, Session>,
    jobs: HashMap<String, Job>,
    random: fastrand::Rng,
}

impl Platform {
    pub fn new(estate: Estate, seed: u64, pace: f64) -> Self {
        Self {
            estate,
            seed,
            pace,
            sessions: HashMap::new(),
            jobs: HashMap::new(),
            random: fastrand::Rng::new(),
        }
    }

    fn fresh(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    /// Moves everything on to now.
    pub fn advance(&mut self, now_ms: i64) {
        for vm in 0..self.estate.vms.len() {
            self.advance_vm(vm, now_ms);
        }
        self.jobs
            .retain(|_, job| job.result.is_none() || job.created_ms + KEPT_MS > now_ms);
        let due = self.jobs.iter_mut().filter_map(|(id, job)| {
            let (at_ms, effect) = job.pending.take_if(|(at_ms, _)| *at_ms <= now_ms)?;
            Some((id.clone(), at_ms, effect))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by(|(a, a_ms, _), (b, b_ms, _)| (a_ms, a).cmp(&(b_ms, b)));
        for (id, at_ms, effect) in due {
            let result = self.carry_out(effect, at_ms);
            self.end_job(&id, result);
        }
    }

    fn carry_out(&mut self, effect: Effect, at_ms: i64) -> (u16, Value) {
        match effect {
            Effect::Fail(error) => (503, json!({ "error": error })),
            Effect::Nothing => (200, json!({})),
            Effect::Renew { session, seconds } => match self.sessions.get_mut(&session) {
                Some(known) => {
                    known.ends_ms = at_ms + seconds * 1_000;
                    let known = known.clone();
                    (200, json!({ "inventory": session_row(&session, &known) }))
                }
                None => (503, json!({ "error": session_over() })),
            },
            Effect::AddTag { resource, text } => {
                if !self.estate.vms.iter().any(|vm| vm.uuid == resource) {
                    let error = error("SYS.1003", "there is no such resource to be tagged");
                    return (503, json!({ "error": error }));
                }
                let tag = Tag {
                    uuid: self.fresh(),
                    resource,
                    text,
                    created_ms: at_ms,
                };
                let row = tag_row(&tag);
                self.estate.tags.push(tag);
                (200, json!({ "inventory": row }))
            }
            Effect::RemoveTag(uuid) => {
                self.estate.tags.retain(|tag| tag.uuid != uuid);
                (200, json!({}))
            }
            Effect::CancelLongJob(uuid) => {
                let mut jobs = self.estate.long_jobs.iter_mut();
                match jobs.find(|job| job["uuid"] == uuid.as_str() && job["state"] == "Running") {
                    Some(job) => {
                        job["state"] = "Canceled".into();
                        job["lastOpDate"] = date(at_ms).into();
                        (200, json!({ "inventory": job.clone() }))
                    }
                    None => (
                        503,
                        json!({ "error": error("LONG_JOB.1000", "no such long job runs") }),
                    ),
                }
            }
        }
    }

    /// Takes a job of this id. What it does is done soon, where an effect is given; else somebody ends it.
    pub fn take_job(&mut self, id: &str, effect: Option<Effect>, now_ms: i64) {
        let at_ms = now_ms.saturating_add(paced(SOON_MS, self.pace));
        let job = Job {
            created_ms: now_ms,
            pending: effect.map(|effect| (at_ms, effect)),
            result: None,
        };
        self.jobs.insert(id.to_owned(), job);
    }

    /// Ends a job.
    pub fn end_job(&mut self, id: &str, result: (u16, Value)) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.result = Some(result);
        }
    }

    /// Whether there is a job of this id.
    pub fn has_job(&self, id: &str) -> bool {
        self.jobs.contains_key(id)
    }

    /// A new id of a job.
    pub fn job_id(&mut self) -> String {
        self.fresh()
    }

    /// A look at a job.
    pub fn look(&self, id: &str) -> Answer {
        match self.jobs.get(id).map(|job| &job.result) {
            None => Answer::text(404, format!("no job {id}")),
            Some(None) => Answer::Json(202, json!({})),
            Some(Some((status, body))) => Answer::Json(*status, body.clone()),
        }
    }

    /// How far a job of a VM is (9).
    pub fn progress(&self, id: &str, now_ms: i64) -> Vec<Value> {
        let of_job = self.estate.vms.iter().find_map(|vm| {
            vm.running
                .as_ref()
                .filter(|running| running.op.job.as_deref() == Some(id))
        });
        let Some(running) = of_job else {
            return Vec::new();
        };
        let name = format!("org.zstack.header.vm.{}", running.op.api);
        let whole = (running.ends_ms - running.began_ms).max(1);
        let percent = ((now_ms - running.began_ms) * 100 / whole).clamp(0, 99);
        vec![
            json!({"taskUuid": id, "taskName": name, "type": "Task", "content": "working on the VM", "time": running.began_ms, "subTasks": []}),
            json!({"taskUuid": id, "taskName": name, "type": "Progress", "content": percent.to_string(), "time": now_ms}),
        ]
    }

    /// What waits and runs on a VM (9).
    pub fn queue(&self, uuid: &str, now_ms: i64) -> Option<Value> {
        let vm = self.estate.vms.iter().find(|vm| vm.uuid == uuid)?;
        let row = |index: usize, op: &super::operations::Op, waited: i64, ran: i64| {
            // What was under way when the demo started belongs to no job that anybody knows.
            let job = op
                .job
                .clone()
                .unwrap_or_else(|| uuid.chars().rev().collect());
            json!({
                "name": op.api.trim_start_matches("API").trim_end_matches("Msg"), "className": "org.zstack.demo", "index": index,
                "pendingTime": waited / 1_000, "executionTime": ran / 1_000, "context": "", "contextList": [], "apiId": job,
                "apiName": op.api,
            })
        };
        let running = vm.running.as_ref();
        let running: Vec<Value> = running
            .map(|running| {
                let waited = running.began_ms - running.op.submitted_ms;
                row(0, &running.op, waited, now_ms - running.began_ms)
            })
            .into_iter()
            .collect();
        let waiting = vm.queue.iter().enumerate();
        let waiting: Vec<Value> = waiting
            .map(|(at, op)| row(at, op, now_ms - op.submitted_ms, 0))
            .collect();
        Some(json!({"runningTask": running, "pendingTask": waiting}))
    }

    /// Records a call.
    pub fn audit(
        &mut self,
        api: &str,
        operator: &str,
        uuid: &str,
        name: &str,
        at_ms: i64,
        error: Option<&Value>,
    ) {
        let mut row = audit(api, operator, uuid, name, at_ms, error);
        row["id"] = (self.estate.audits.len() + 1).into();
        self.estate.audits.push(row);
    }

    /// Opens a session of an account.
    pub fn log_in(&mut self, account: &'static str, now_ms: i64) -> Value {
        let id = self.fresh();
        let session = Session {
            account,
            created_ms: now_ms,
            ends_ms: now_ms + SESSION_MS,
        };
        let row = session_row(&id, &session);
        self.sessions.insert(id, session);
        json!({ "inventory": row })
    }

    /// Closes a session.
    pub fn log_out(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    /// Who a session belongs to, while it lives.
    pub fn session(&self, id: &str, now_ms: i64) -> Option<&Session> {
        self.sessions
            .get(id)
            .filter(|session| now_ms < session.ends_ms)
    }
}

fn session_row(id: &str, session: &Session) -> Value {
    let account = format!(
        "{:032x}",
        0xacc0_0000_u32 + u32::from(session.account != ACCOUNTS[0])
    );
    json!({
        "uuid": id, "accountUuid": account, "userUuid": account, "userType": "AccountVO", "noSessionEvaluation": false,
        "createDate": date(session.created_ms), "expiredDate": date(session.ends_ms),
    })
}
