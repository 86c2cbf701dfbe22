//! Actions that give a server another host: where it may go, and what fails on the way.

use serde_json::Value;

use super::Cloud;
use super::answer::{Answer, fault};
use super::compute::Nova;
use super::estate::{Host, Region, Server};
use super::progress::{Effect, End, Failure};
use super::rules::Rule;
use super::schema::lacks;

/// What a Nova that finds no host says.
const NO_HOST: &str = "No valid host was found. There are not enough hosts available.";

impl Nova<'_> {
    /// Checks the action, and says what it comes to.
    pub fn resize(
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
            let id = id.ok_or_else(|| lacks("resize", form, "flavorRef"))?;
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

    /// Checks the action, and says what it comes to.
    pub fn live(
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

    /// Checks the action, and says what it comes to.
    pub fn evacuate(
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
    pub fn put_somewhere(
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
}

/// No host takes the server.
pub(super) fn no_host() -> Failure {
    Failure {
        message: NO_HOST.to_owned(),
        exception: "NoValidHost",
        ruins: false,
    }
}
