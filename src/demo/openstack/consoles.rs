//! What is seen of a guest: its log, and the address of its display.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault};
use super::compute::Nova;
use super::estate::{Role, Server};
use super::schema::invalid;
use super::{Asked, Cloud};

impl Nova<'_> {
    /// `os-getConsoleOutput`.
    pub fn console_log(&self, cloud: &Cloud, at: usize, form: &Value) -> Answered {
        self.need(Role::Member, "os_compute_api:os-console-output")?;
        let server = &cloud.estate.regions[self.region].servers[at];
        if server.host.is_none() {
            return Err(fault(409, format!("Instance {} is not ready", server.id)));
        }
        let lines = written(server);
        let count = match &form["length"] {
            Value::Null => lines.len(),
            length => {
                let number = length.as_i64();
                let number = number.or_else(|| length.as_str()?.parse().ok());
                let number = number.ok_or_else(|| {
                    invalid(
                        "length",
                        length,
                        "is not of type 'integer', 'string', 'null'",
                    )
                })?;
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
            _ => {
                return Err(invalid(
                    "protocol",
                    &form["protocol"],
                    "is not one of ['vnc', 'spice', 'serial', 'mks']",
                ));
            }
        };
        let kind = form["type"].as_str().unwrap_or_default();
        if !types.contains(&kind) {
            return Err(invalid(
                "type",
                &form["type"],
                "is not a type of that protocol",
            ));
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

    /// The address of a display, good for one visit.
    pub fn console(&self, cloud: &mut Cloud, at: usize) -> Result<String, Box<Answer>> {
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
}

/// What the guest wrote to its console.
fn written(server: &Server) -> Vec<String> {
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
