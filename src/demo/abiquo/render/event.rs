//! Events in the shape of their version (9.1, 9.2).

use jiff::Timestamp;

use super::Pen;
use crate::demo::abiquo::estate::{
    FIRST, FIRST_APPLIANCE, FIRST_DATACENTER, FIRST_ENTERPRISE, FIRST_USER, FIRST_VM, id,
};
use crate::demo::abiquo::events::{Event, Target};
use crate::demo::abiquo::media::Version;
use crate::demo::json::Json;

/// Where an event's target is: the VM if it is one, its appliance, and what those are in.
struct Where {
    vm: Option<usize>,
    appliance: usize,
    datacenter: usize,
    enterprise: usize,
    location: usize,
}

impl Pen<'_> {
    /// An event.
    pub fn event(self, json: &mut Json, event: &Event) {
        if self.version >= Version::new(4, 7) {
            self.new_event(json, event);
        } else {
            self.old_event(json, event);
        }
    }

    fn place(self, target: Target) -> Where {
        let estate = &self.platform.estate;
        let (vm, appliance) = match target {
            Target::Vm(vm) | Target::Task(vm, _) => (Some(vm), estate.vms[vm].appliance as usize),
            Target::Appliance(appliance) => (None, appliance),
        };
        let datacenter = estate.appliances[appliance].datacenter;
        let one = &estate.datacenters[datacenter];
        Where {
            vm,
            appliance,
            datacenter,
            enterprise: one.enterprise,
            location: one.location,
        }
    }

    fn new_event(self, json: &mut Json, event: &Event) {
        let estate = &self.platform.estate;
        let place = self.place(event.target);
        let (name, path, media) = match event.target {
            Target::Vm(vm) => (
                estate.vms[vm].label.to_string(),
                self.vm_path(vm),
                "virtualmachine",
            ),
            Target::Task(vm, task) => (
                task.to_string(),
                format!("{}/tasks/{task}", self.vm_path(vm)),
                "task",
            ),
            Target::Appliance(appliance) => (
                estate.appliances[appliance].name.clone(),
                self.appliance_path(appliance),
                "virtualappliance",
            ),
        };
        let user = &estate.users[event.user];
        json.open();
        json.count("id", i64::try_from(event.id).unwrap_or(i64::MAX));
        json.text("timestamp", &time(event.at_ms, "%Y-%m-%dT%H:%M:%SZ"));
        json.text("severity", event.severity.word());
        json.text("entity", event.entity());
        json.text("action", &event.action);
        json.text("message", &event.message);
        json.text("context", &event.context.to_string());
        json.text("enterpriseName", &estate.enterprises[user.enterprise].name);
        json.text(
            "enterpriseURI",
            &relative(&Self::enterprise_path(user.enterprise)),
        );
        json.text(
            "entityEnterpriseName",
            &estate.enterprises[place.enterprise].name,
        );
        json.text(
            "entityEnterpriseURI",
            &relative(&Self::enterprise_path(place.enterprise)),
        );
        json.text("entityName", &name);
        json.text("entityURI", &relative(&path));
        json.text(
            "entityMediaType",
            &format!("application/vnd.abiquo.{media}+json"),
        );
        json.text("userName", &user.nick);
        json.text("userURI", &relative(&self.user_path(event.user)));
        json.verbatim("tags", "{}");
        json.verbatim("links", "[]");
        if let Some((code, message)) = &event.error {
            json.text("errorCode", code);
            json.text("errorMessage", message);
        }
        json.close();
    }

    fn old_event(self, json: &mut Json, event: &Event) {
        let estate = &self.platform.estate;
        let place = self.place(event.target);
        let user = &estate.users[event.user];
        json.open();
        json.count("id", i64::try_from(event.id).unwrap_or(i64::MAX));
        json.text(
            "timestamp",
            &time(event.at_ms, "%Y-%m-%dT%H:%M:%S.000+0000"),
        );
        json.text("severity", event.severity.old_word());
        json.text("actionPerformed", &event.full_action());
        json.text("component", event.entity());
        json.text("performedBy", &user.nick);
        json.text("user", &user.nick);
        json.count("idUser", id(FIRST_USER, event.user));
        json.text("stacktrace", &event.message);
        json.text("enterprise", &estate.enterprises[place.enterprise].name);
        json.count("idEnterprise", id(FIRST_ENTERPRISE, place.enterprise));
        json.text("datacenter", &estate.locations[place.location].name);
        json.count("idDatacenter", id(FIRST, place.location));
        for nothing in [
            "rack",
            "physicalMachine",
            "storageSystem",
            "storagePool",
            "volume",
            "network",
            "subnet",
        ] {
            json.verbatim(nothing, "null");
        }
        json.text(
            "virtualDatacenter",
            &estate.datacenters[place.datacenter].name,
        );
        json.count(
            "idVirtualDatacenter",
            id(FIRST_DATACENTER, place.datacenter),
        );
        json.text("virtualApp", &estate.appliances[place.appliance].name);
        json.count("idVirtualApp", id(FIRST_APPLIANCE, place.appliance));
        if let Some(vm) = place.vm {
            json.text("virtualMachine", &estate.vms[vm].label);
            json.count("idVirtualMachine", id(FIRST_VM, vm));
        } else {
            json.verbatim("virtualMachine", "null");
            json.verbatim("idVirtualMachine", "null");
        }
        json.verbatim("links", "[]");
        json.close();
    }
}

/// The actions and severities that events may have.
pub fn event_types(json: &mut Json, actions: &[&str]) {
    json.open();
    json.verbatim("links", "[]");
    for (key, words) in [
        ("actions", actions),
        ("severities", &["ERROR", "INFO", "WARN"]),
    ] {
        json.key(key);
        json.open();
        json.count("totalSize", i64::try_from(words.len()).unwrap_or(i64::MAX));
        json.verbatim("links", "[]");
        json.key("collection");
        json.open_array();
        for word in words {
            json.string(word);
        }
        json.close_array();
        json.close();
    }
    json.close();
}

fn relative(path: &str) -> String {
    ["/api", path].concat()
}

fn time(at_ms: i64, format: &str) -> String {
    Timestamp::from_millisecond(at_ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .strftime(format)
        .to_string()
}
