//! Actions of a server: what is checked before they are taken, and what they come to.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault};
use super::compute::Nova;
use super::estate::{Event, Host, Image, Lock, Record, Region, Role, Server};
use super::progress::{Asker, Effect, End, Failure};
use super::rules::{DELETE, Rule, SOFT_DELETE, leaves_room, rule};
use super::{Asked, Cloud};

/// What a Nova that finds no host says.
const NO_HOST: &str = "No valid host was found. There are not enough hosts available.";

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
                _ => return Err(invalid("type", &form["type"])),
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

    fn server_at<'c>(&self, cloud: &'c mut Cloud, at: usize) -> &'c mut Server {
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
                self.put_somewhere(region, server, wanted, &mut end)?;
                if server.vm_state == "shelved" && wanted.is_none() && end.failure.is_none() {
                    end.effect = Effect::Nothing;
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
                    .ok_or_else(|| invalid("name", &form["name"]))?
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

    fn resize(
        &self,
        cloud: &Cloud,
        region: &Region,
        server: &Server,
        rule: &Rule,
        form: &Value,
        end: &mut End,
    ) -> Result<(), Box<Answer>> {
        let mut wanted = None;
        let mut flavor = server.flavor;
        if rule.record == "resize" {
            let id = form["flavorRef"].as_str();
            let id = id.ok_or_else(|| invalid("flavorRef", &form["flavorRef"]))?;
            let found = cloud.estate.flavors.iter().position(|one| one.id == id);
            flavor = found.ok_or_else(|| fault(400, format!("Flavor {id} could not be found.")))?;
            if flavor == server.flavor {
                return Err(fault(400, "When resizing, instances must change flavor!"));
            }
        } else if self.version.has(56) {
            wanted = form["host"].as_str();
        }
        if server.host.is_some_and(|at| region.hosts[at].down) {
            return Err(fault(409, "Service is unavailable at this time."));
        }
        let current = server.host.map(|at| region.hosts[at].name.as_str());
        if wanted.is_some() && wanted == current {
            return Err(fault(
                400,
                "Cannot migrate to the host where the server exists.",
            ));
        }
        self.put_somewhere(region, server, wanted, end)?;
        if let Effect::Put(host) = end.effect {
            end.effect = Effect::Resize { flavor, host };
        }
        Ok(())
    }

    fn live(
        &self,
        region: &Region,
        server: &Server,
        form: &Value,
        end: &mut End,
    ) -> Result<(), Box<Answer>> {
        let mut required = vec!["host", "block_migration"];
        if !self.version.has(25) {
            required.push("disk_over_commit");
        }
        if let Some(name) = required.into_iter().find(|name| form.get(name).is_none()) {
            return Err(lacks("os-migrateLive", form, name));
        }
        let wanted = form["host"].as_str();
        self.put_somewhere(region, server, wanted, end)?;
        let current = server.host.map(|at| &region.hosts[at]);
        let failure = match current {
            Some(Host {
                down: true, name, ..
            }) => Some((
                "ComputeServiceUnavailable",
                format!("Compute service of {name} is unavailable at this time."),
            )),
            Some(host) if wanted == Some(&host.name) => Some((
                "UnableToMigrateToSelf",
                format!(
                    "Unable to migrate instance ({}) to current host ({}).",
                    server.id, host.name
                ),
            )),
            _ => None,
        };
        if let Some((exception, message)) = failure {
            end.failure = Some(Failure {
                message,
                exception,
                ruins: false,
            });
        }
        // Before 2.34 the checks are done while the caller waits.
        match end.failure.take_if(|_| !self.version.has(34)) {
            Some(failure) => Err(fault(400, failure.message)),
            None => Ok(()),
        }
    }

    fn evacuate(
        &self,
        region: &Region,
        server: &Server,
        form: &Value,
        end: &mut End,
    ) -> Result<(), Box<Answer>> {
        let wanted = form["host"].as_str();
        if let Some(name) = wanted
            && !region.hosts.iter().any(|host| host.name == name)
        {
            return Err(fault(404, format!("Compute host {name} not found.")));
        }
        match server.host.map(|at| &region.hosts[at]) {
            Some(host) if wanted == Some(&host.name) => {
                return Err(fault(400, "The target host can't be the same one."));
            }
            Some(host) if !host.down => {
                let words = format!("Compute service of {} is still in use.", host.name);
                return Err(fault(400, words));
            }
            _ => {}
        }
        self.put_somewhere(region, server, wanted, end)?;
        end.state = Some(match server.vm_state {
            // Since 2.95 it is not started on its new host.
            _ if self.version.has(95) => ("stopped", 4),
            "stopped" => ("stopped", 4),
            _ => ("active", 1),
        });
        Ok(())
    }

    /// On the wanted host or any other. A host that is not there is refused; one that is full, off or down fails later.
    fn put_somewhere(
        &self,
        region: &Region,
        server: &Server,
        wanted: Option<&str>,
        end: &mut End,
    ) -> Result<(), Box<Answer>> {
        if let Some(name) = wanted
            && !region.hosts.iter().any(|host| host.name == name)
        {
            let words = format!("Compute host {name} could not be found.");
            return Err(fault(400, words));
        }
        match region.host_for(server, wanted) {
            Some(host) => end.effect = Effect::Put(host),
            None => end.failure = Some(no_host()),
        }
        Ok(())
    }

    fn lock(&self, cloud: &mut Cloud, at: usize, form: &Value) -> Answered {
        self.need(Role::Member, "os_compute_api:os-lock-server:lock")?;
        let mut reason = None;
        if self.version.has(73) && !form.is_null() {
            let fields = form.as_object().ok_or_else(|| invalid("lock", form))?;
            if let Some(strange) = fields.keys().find(|name| *name != "locked_reason") {
                return Err(fault(
                    400,
                    format!(
                        "Invalid input for field/attribute lock. Value: {form}. Additional properties are not allowed ('{strange}' was unexpected)"
                    ),
                ));
            }
            if let Some(given) = fields.get("locked_reason") {
                let text = given.as_str();
                let text = text.filter(|text| (1..=255).contains(&text.chars().count()));
                reason = Some(
                    text.ok_or_else(|| invalid("locked_reason", given))?
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

    fn unlock(&self, cloud: &mut Cloud, at: usize) -> Answered {
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
        // The record of what is under way stays where it is: this one comes after it.
    }

    fn console_log(&self, cloud: &Cloud, at: usize, form: &Value) -> Answered {
        self.need(Role::Member, "os_compute_api:os-console-output")?;
        let server = &cloud.estate.regions[self.region].servers[at];
        if server.host.is_none() {
            return Err(fault(409, format!("Instance {} is not ready", server.id)));
        }
        let lines = console(server);
        let count = match &form["length"] {
            Value::Null => lines.len(),
            length => {
                let number = length.as_i64();
                let number = number.or_else(|| length.as_str()?.parse().ok());
                let number = number.ok_or_else(|| invalid("length", length))?;
                usize::try_from(number).unwrap_or(lines.len())
            }
        };
        let from = lines.len().saturating_sub(count);
        let output: String = lines[from..]
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        Ok(Answer::ok(json!({ "output": output })))
    }

    /// `POST /servers/{id}/remote-consoles`.
    pub fn remote_console(&self, cloud: &mut Cloud, asked: &Asked<'_>, at: usize) -> Answered {
        let body: Value =
            serde_json::from_slice(asked.body).map_err(|_| fault(400, "Malformed request body"))?;
        let form = &body["remote_console"];
        let types: &[&str] = match form["protocol"].as_str() {
            Some("vnc") => &["novnc", "xvpvnc"],
            Some("spice") => &["spice-html5"],
            Some("serial") => &["serial"],
            Some("mks") => &["webmks"],
            _ => return Err(invalid("protocol", &form["protocol"])),
        };
        let kind = form["type"].as_str().unwrap_or_default();
        if !types.contains(&kind) {
            return Err(invalid("type", &form["type"]));
        }
        // The hosts have a display for VNC and no other.
        if kind != "novnc" {
            return Err(fault(400, format!("Unavailable console type {kind}.")));
        }
        let url = self.console(cloud, at)?;
        Ok(Answer::ok(
            json!({"remote_console": {"protocol": form["protocol"], "type": kind, "url": url}}),
        ))
    }

    fn console(&self, cloud: &mut Cloud, at: usize) -> Result<String, Box<Answer>> {
        self.need(Role::Member, "os_compute_api:os-remote-consoles")?;
        let server = &cloud.estate.regions[self.region].servers[at];
        let id = &server.id;
        if server.host.is_none() {
            return Err(fault(409, format!("Instance {id} is not ready")));
        }
        if let Some(task @ ("deleting" | "migrating")) = server.task_state {
            return Err(fault(
                409,
                format!("Cannot 'get_vnc_console' instance {id} while it is in task_state {task}"),
            ));
        }
        let token = cloud.estate.fresh();
        Ok(format!(
            "{}/novnc/vnc_auto.html?path=%3Ftoken%3D{token}",
            cloud.links
        ))
    }

    /// The form of a body, for what is no action.
    pub fn form(&self, asked: &Asked<'_>) -> Result<Value, Box<Answer>> {
        let body: Option<Value> = serde_json::from_slice(asked.body).ok();
        body.filter(Value::is_object)
            .ok_or_else(|| fault(400, "Malformed request body"))
    }
}

/// A value that the API does not take.
pub(super) fn invalid(name: &str, value: &Value) -> Box<Answer> {
    fault(
        400,
        format!("Invalid input for field/attribute {name}. Value: {value}."),
    )
}

fn lacks(name: &str, value: &Value, property: &str) -> Box<Answer> {
    fault(
        400,
        format!(
            "Invalid input for field/attribute {name}. Value: {value}. '{property}' is a required property"
        ),
    )
}

fn no_host() -> Failure {
    Failure {
        message: NO_HOST.to_owned(),
        exception: "NoValidHost",
        ruins: false,
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

/// What the guest wrote to its console.
fn console(server: &Server) -> Vec<String> {
    let name = &server.name;
    let mut lines = vec![
        "[    0.000000] Linux version 6.12.30-cloud-amd64".to_owned(),
        "[    0.004000] Command line: root=/dev/vda1 ro console=ttyS0".to_owned(),
    ];
    lines.extend(
        (1..=40)
            .map(|unit| format!("[    {unit}.250000] systemd[1]: started unit {unit:02} of 40")),
    );
    lines.push(format!("{name} login: "));
    lines
}
