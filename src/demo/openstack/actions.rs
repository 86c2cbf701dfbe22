//! Actions of a server: what is checked before they are taken, and what they come to.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault};
use super::compute::Nova;
use super::estate::{Image, Server};
use super::moving::no_host;
use super::progress::{Asker, Effect, End, Failure};
use super::rules::{DELETE, Rule, SOFT_DELETE, leaves_room, rule};
use super::schema::{invalid, lacks};
use super::{Asked, Cloud};

impl Nova<'_> {
    /// `POST /servers/{id}/action`.
    pub fn act(&self, cloud: &mut Cloud, asked: &Asked<'_>, at: usize) -> Answered {
        let malformed = || fault(400, "Malformed request body");
        let body: Value = serde_json::from_slice(asked.body).map_err(|_| malformed())?;
        let action = body.as_object().filter(|body| body.len() == 1);
        let (key, form) = action
            .and_then(|action| action.iter().next())
            .ok_or_else(malformed)?;
        match key.as_str() {
            "lock" => return self.lock(cloud, at, form),
            "unlock" => return self.unlock(cloud, at),
            "os-getConsoleOutput" => return self.console_log(cloud, at, form),
            "os-getVNCConsole" if !self.version.has(6) => {
                let url = self.console(cloud, at)?;
                return Ok(Answer::ok(
                    json!({"console": {"type": form["type"], "url": url}}),
                ));
            }
            _ => {}
        }
        let name = match key.as_str() {
            "reboot" => match form["type"]
                .as_str()
                .map(str::to_ascii_uppercase)
                .as_deref()
            {
                Some("SOFT") => "reboot",
                Some("HARD") => "reboot HARD",
                _ if form.get("type").is_none() => return Err(lacks("reboot", form, "type")),
                _ => {
                    let why = "is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']";
                    return Err(invalid("type", &form["type"], why));
                }
            },
            "reboot HARD" => "",
            other => other,
        };
        let missing = || fault(400, format!("There is no such action: {key}"));
        let rule = rule(name).ok_or_else(missing)?;
        self.check(cloud, at, rule)?;
        let end = self.end(cloud, at, rule, form)?;
        let image = match &end.effect {
            Effect::Image(id) => Some(id.clone()),
            _ => None,
        };
        self.begin(cloud, at, rule, end);
        Ok(match (key.as_str(), image) {
            ("confirmResize", _) => Answer::empty(204),
            ("rescue", _) => Answer::ok(json!({"adminPass": cloud.tokens.text(12)})),
            ("evacuate", _) if self.version.has(14) => Answer::empty(200),
            ("evacuate", _) => Answer::ok(json!({"adminPass": cloud.tokens.text(12)})),
            (_, Some(id)) if self.version.has(45) => Answer::json(202, json!({ "image_id": id })),
            (_, Some(id)) => {
                Answer::empty(202).with("location", format!("{}/image/v2/images/{id}", cloud.links))
            }
            _ => Answer::empty(202),
        })
    }

    /// `DELETE /servers/{id}`. What was never launched cannot be restored.
    pub fn delete(&self, cloud: &mut Cloud, at: usize) -> Answered {
        let region = &cloud.estate.regions[self.region];
        let soft = region.reclaim && region.servers[at].launched_ms.is_some();
        let rule = if soft { &SOFT_DELETE } else { &DELETE };
        self.check(cloud, at, rule)?;
        let end = End {
            state: rule.then,
            effect: if soft {
                Effect::Nothing
            } else {
                Effect::Delete
            },
            failure: None,
        };
        self.begin(cloud, at, rule, end);
        Ok(Answer::empty(204))
    }

    fn begin(&self, cloud: &mut Cloud, at: usize, rule: &Rule, end: End) {
        let pace = cloud.pace;
        let asker = Asker {
            user: self.caller.user,
            project: self.caller.project,
            request_id: self.request_id,
            now_ms: self.now_ms,
        };
        self.server_at(cloud, at).begin(rule, &asker, end, pace);
    }

    /// The server, to be changed.
    pub fn server_at<'c>(&self, cloud: &'c mut Cloud, at: usize) -> &'c mut Server {
        &mut cloud.estate.regions[self.region].servers[at]
    }

    /// Who, the lock, the state: in this order.
    fn check(&self, cloud: &Cloud, at: usize, rule: &Rule) -> Result<(), Box<Answer>> {
        self.need(rule.role, rule.policy)?;
        let server = &cloud.estate.regions[self.region].servers[at];
        let id = &server.id;
        if rule.heeds_lock && server.lock.is_some() && !self.caller.is_admin() {
            return Err(fault(409, format!("Instance {id} is locked")));
        }
        if rule.on_host && server.host.is_none() {
            return Err(fault(409, format!("Instance {id} is not ready")));
        }
        let conflict = |what: &str, state: &str| {
            let called = rule.called;
            fault(
                409,
                format!("Cannot '{called}' instance {id} while it is in {what} {state}"),
            )
        };
        if !rule.from.is_empty() && !rule.from.contains(&server.vm_state) {
            return Err(conflict("vm_state", server.vm_state));
        }
        if !leaves_room(rule.beside, server.task_state) {
            return Err(conflict(
                "task_state",
                server.task_state.unwrap_or_default(),
            ));
        }
        if rule.launched && server.launched_ms.is_none() {
            let called = rule.called;
            return Err(fault(
                409,
                format!("Instance {id} is in an invalid state for '{called}'"),
            ));
        }
        Ok(())
    }

    /// What an action comes to.
    fn end(
        &self,
        cloud: &mut Cloud,
        at: usize,
        rule: &Rule,
        form: &Value,
    ) -> Result<End, Box<Answer>> {
        let region = &cloud.estate.regions[self.region];
        let server = &region.servers[at];
        let mut end = End {
            state: rule.then,
            effect: Effect::Nothing,
            failure: None,
        };
        let after_resize = match server.power_state {
            4 => ("stopped", 4),
            _ => ("active", 1),
        };
        match rule.record {
            "shelveOffload" => end.effect = Effect::Offload,
            "delete" => end.effect = Effect::Delete,
            "unshelve" => {
                let wanted = form["host"].as_str().filter(|_| self.version.has(91));
                // What still has its host starts there.
                if server.vm_state != "shelved" || wanted.is_some() {
                    self.put_somewhere(region, server, wanted, &mut end)?;
                }
            }
            "confirmResize" | "revertResize" if server.run.is_some() => {
                return Err(fault(400, "Instance has not been resized."));
            }
            "confirmResize" => {
                (end.state, end.effect) = (Some(after_resize), Effect::Confirm);
            }
            "revertResize" => {
                (end.state, end.effect) = (Some(after_resize), Effect::Revert);
            }
            "resize" | "migrate" => {
                end.state = Some(("resized", server.power_state));
                self.resize(cloud, region, server, rule, form, &mut end)?;
            }
            "live-migration" => self.live(region, server, form, &mut end)?,
            "evacuate" => self.evacuate(region, server, form, &mut end)?,
            "rescue" if server.image.is_none() => {
                let id = &server.id;
                return Err(fault(
                    400,
                    format!(
                        "Instance {id} cannot be rescued: Cannot rescue a volume-backed instance"
                    ),
                ));
            }
            "createImage" => {
                let name = form["name"].as_str().filter(|name| !name.is_empty());
                let name = name
                    .ok_or_else(|| lacks("createImage", form, "name"))?
                    .to_owned();
                end.effect = Effect::Image(self.snapshot(cloud, at, name));
            }
            _ => {}
        }
        let server = &cloud.estate.regions[self.region].servers[at];
        if server.breaks.iter().any(|one| one == rule.record) {
            end.failure = Some(broken(rule.record));
        }
        Ok(end)
    }

    /// An image of a server, empty so far.
    fn snapshot(&self, cloud: &mut Cloud, at: usize, name: String) -> String {
        let id = cloud.estate.fresh();
        let region = &mut cloud.estate.regions[self.region];
        region.images.push(Image {
            id: id.clone(),
            name,
            owner: self.caller.project,
            public: false,
            status: "queued",
            of_server: Some(region.servers[at].id.clone()),
            created_ms: self.now_ms,
        });
        id
    }

    /// The form of a body, for what is no action.
    pub fn form(&self, asked: &Asked<'_>) -> Result<Value, Box<Answer>> {
        let body: Option<Value> = serde_json::from_slice(asked.body).ok();
        body.filter(Value::is_object)
            .ok_or_else(|| fault(400, "Malformed request body"))
    }
}

/// Why something that was to fail does.
fn broken(record: &str) -> Failure {
    match record {
        "start" => Failure {
            message: "The port of the server cannot be bound on its host".to_owned(),
            exception: "PortBindingFailed",
            ruins: false,
        },
        "reboot" => Failure {
            message: "Failed to reboot instance: the disk of the guest cannot be opened".to_owned(),
            exception: "InstanceNotFound",
            ruins: true,
        },
        _ => no_host(),
    }
}
