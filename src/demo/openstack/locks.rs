//! Locks: who set one decides who may take it off.

use serde_json::Value;

use super::Cloud;
use super::answer::{Answer, Answered};
use super::compute::Nova;
use super::estate::{Event, Lock, Record, Role, Server};
use super::schema::{exceeds, invalid};

/// How long a reason is at most, characters.
const REASON: usize = 255;

impl Nova<'_> {
    /// `lock`.
    pub fn lock(&self, cloud: &mut Cloud, at: usize, form: &Value) -> Answered {
        self.need(Role::Member, "os_compute_api:os-lock-server:lock")?;
        let mut reason = None;
        if self.version.has(73) && !form.is_null() {
            let fields = form
                .as_object()
                .ok_or_else(|| invalid("lock", form, "is not of type 'object', 'null'"))?;
            if let Some(strange) = fields.keys().find(|name| *name != "locked_reason") {
                return Err(exceeds("lock", form, strange));
            }
            if let Some(given) = fields.get("locked_reason") {
                let text = given.as_str();
                let why = match text {
                    None => "is not of type 'string'",
                    Some("") => "is too short",
                    Some(_) => "is too long",
                };
                let text = text.filter(|text| (1..=REASON).contains(&text.chars().count()));
                reason = Some(
                    text.ok_or_else(|| invalid("locked_reason", given, why))?
                        .to_owned(),
                );
            }
        }
        let own = self.caller.project;
        let server = self.server_at(cloud, at);
        let is_owner = server.project == own;
        // Who owns it does not take a lock that is there already.
        if server.lock.is_none() || !is_owner {
            let kept = server.lock.take().and_then(|lock| lock.reason);
            server.lock = Some(Lock {
                by_admin: !is_owner,
                reason: reason.or(kept),
            });
            self.note(server, "lock", "api_lock");
        }
        Ok(Answer::empty(202))
    }

    /// `unlock`.
    pub fn unlock(&self, cloud: &mut Cloud, at: usize) -> Answered {
        self.need(Role::Member, "os_compute_api:os-lock-server:unlock")?;
        let own = self.caller.project;
        let server = self.server_at(cloud, at);
        let expected = server.project != own;
        let other = |lock: &Lock| lock.by_admin != expected;
        if server.lock.as_ref().is_some_and(other) {
            self.need(
                Role::Admin,
                "os_compute_api:os-lock-server:unlock:unlock_override",
            )?;
        }
        server.lock = None;
        self.note(server, "unlock", "api_unlock");
        Ok(Answer::empty(202))
    }

    /// Records what is done at once.
    fn note(&self, server: &mut Server, action: &str, event: &str) {
        server.updated_ms = self.now_ms;
        server.records.push(Record {
            action: action.to_owned(),
            request_id: self.request_id.to_owned(),
            user: self.caller.user,
            project: self.caller.project,
            start_ms: self.now_ms,
            updated_ms: self.now_ms,
            message: None,
            events: vec![Event {
                name: event.to_owned(),
                host: server.host,
                start_ms: self.now_ms,
                finish_ms: Some(self.now_ms),
                result: Some("Success"),
                traceback: None,
                details: None,
            }],
        });
    }
}
