//! What exists, as the API tells it (4.3, 6, 7).

use jiff::Timestamp;

use super::estate::{Estate, Vm};
use crate::demo::json::Json;

/// The host whose screens are seen.
const VNC_HOST: &str = "192.0.2.40";

/// What stands in place of the state right after an action.
const PLACEHOLDER: &str = "unknown";

/// An answer with a payload.
fn envelope(payload: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::default();
    json.open();
    json.count("errno", 0);
    json.text("message", "Success");
    payload(&mut json);
    json.close();
    json.finish()
}

fn list<T>(
    json: &mut Json,
    key: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut Json, T),
) {
    json.key(key);
    json.open_array();
    for item in items {
        write(json, item);
    }
    json.close_array();
}

/// A success without anything more.
pub fn success() -> String {
    envelope(|_| {})
}

/// Every VM.
pub fn vms(estate: &Estate) -> String {
    envelope(|json| {
        list(json, "vms", &estate.vms, |json, vm| {
            write(json, estate, vm, &vm.state)
        });
    })
}

/// One VM.
pub fn vm(estate: &Estate, vm: usize) -> String {
    envelope(|json| {
        json.key("vm");
        write(json, estate, &estate.vms[vm], &estate.vms[vm].state);
    })
}

/// One VM as the answer to a change tells it.
pub fn changed(estate: &Estate, vm: usize) -> String {
    envelope(|json| {
        json.key("vm");
        write(json, estate, &estate.vms[vm], PLACEHOLDER);
    })
}

fn write(json: &mut Json, estate: &Estate, vm: &Vm, state: &str) {
    json.open();
    if vm.numeric {
        json.verbatim("uuid", &vm.uuid);
    } else {
        json.text("uuid", &vm.uuid);
    }
    json.text("name", &vm.name);
    json.text("state", state);
    json.text("ip_address", &vm.ip.to_string());
    if vm.bare {
        json.text("nova_id", "i-00000042");
        json.close();
        return;
    }
    json.text("os", &vm.os);
    json.text("hardware_profile_uuid", &estate.profiles[vm.profile].uuid);
    json.text("vnc_ip_address", VNC_HOST);
    if vm.numeric {
        json.count("vnc_port", vm.vnc_port);
    } else {
        json.text("vnc_port", &vm.vnc_port.to_string());
    }
    json.text("vnc_password", &vm.vnc_password);
    json.flag("vnc_enabled", vm.state != "terminated");
    list(json, "tags", &vm.tags, |json, tag| json.string(tag));
    json.verbatim("trusted", "null");
    let network = &estate.networks[vm.network];
    list(json, "interfaces", [vm], |json, vm| {
        json.open();
        json.text("uuid", &vm.interface);
        json.text("ip", &vm.ip.to_string());
        json.text("mac", &vm.mac);
        json.text("network", &network.uuid);
        json.text("network_name", &network.name);
        json.close();
    });
    json.close();
}

/// The hardware profiles.
pub fn profiles(estate: &Estate) -> String {
    envelope(|json| {
        list(
            json,
            "templates",
            (1_i64..).zip(&estate.profiles),
            |json, (id, profile)| {
                json.open();
                json.text("uuid", &profile.uuid);
                json.count("id", id);
                json.text("name", &profile.name);
                json.count("cpus", profile.cpus);
                json.count("memory", profile.memory);
                json.text("arch", "x86_64");
                json.text("hypervisor_name", "kvm-hvm");
                json.close();
            },
        );
    })
}

/// The images, without an envelope as the manual prints them.
pub fn packages(estate: &Estate) -> String {
    let mut json = Json::default();
    json.open_array();
    for package in &estate.packages {
        json.open();
        json.text("uuid", &package.uuid);
        json.text("name", &package.name);
        json.count("storage", package.storage);
        json.text("description", "");
        json.text("os", &package.os);
        json.close();
    }
    json.close_array();
    json.finish()
}

/// The networks.
pub fn networks(estate: &Estate) -> String {
    envelope(|json| {
        list(json, "networks", &estate.networks, |json, network| {
            json.open();
            json.text("uuid", &network.uuid);
            json.text("name", &network.name);
            json.verbatim("vlan_id", "null");
            json.close();
        });
    })
}

/// The log, newest first, and what runs.
pub fn log(estate: &Estate, now_ms: i64) -> String {
    envelope(|json| {
        list(json, "logs", estate.log.iter().rev(), |json, entry| {
            json.open();
            json.text("uuid", &entry.uuid);
            json.text("user", &entry.user);
            json.text("timestamp", &time(entry.at_ms));
            json.flag("error", entry.error);
            json.text("message", &entry.message);
            if let Some(vm) = &entry.vm {
                json.text("machine_id", vm);
            }
            json.close();
        });
        json.key("transactions");
        json.open_array();
        for vm in &estate.vms {
            let Some(transaction) = &vm.transaction else {
                continue;
            };
            let length_ms = (transaction.ends_ms - transaction.started_ms).max(1);
            let percent = (now_ms - transaction.started_ms) * 100 / length_ms;
            json.open();
            json.text("uuid", &transaction.uuid);
            json.text("machine_id", &vm.uuid);
            json.text("user", &transaction.user);
            json.text("started", &time(transaction.started_ms));
            json.text("message", &transaction.message);
            json.count("completed", percent.clamp(0, 99));
            json.close();
        }
        for import in &estate.imports {
            json.open();
            json.text("uuid", &import.uuid);
            json.text("message", &import.message);
            json.count("completed", import.completed);
            json.close();
        }
        json.close_array();
    })
}

fn time(unix_ms: i64) -> String {
    let at = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
