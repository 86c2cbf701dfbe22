//! The event log, the audits and the alarms, as events.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Mapper, api_kind, id, long, own, words_of_result};
use crate::clouds::zstack::dates::millis;
use crate::clouds::zstack::wire::{AlarmRecord, Audit, EventLog};
use crate::model::text::clean_name;
use crate::model::{Event, EventKey, Severity, VmKey};

/// The API's name of VMs among its resources.
const VM_TYPE: &str = "VmInstanceVO";

impl Mapper<'_> {
    /// An entry of the event log; `None` without an id or a time.
    pub fn event_log(&mut self, wire: &EventLog<'_>) -> Option<Event> {
        let kind = wire.resource_type.get().unwrap_or_default();
        let category = wire.category.get().unwrap_or_default().trim();
        Some(Event {
            key: self.event_key("event", wire.id.get())?,
            at: millis(wire.time.0?)?,
            severity: severity(wire.kind.get()),
            source: None,
            entity: self.entity(kind),
            action: self.texts.share(&clean_name(&category.to_uppercase())),
            vm: self.vm_of(kind, wire.resource_uuid.get()),
            vm_name: None,
            performed_by: None,
            user: None,
            trace: long(wire.content.get()).unwrap_or_default(),
            error_code: None,
        })
    }

    /// The record of a call; `None` without an id or a time.
    pub fn audit(&mut self, wire: &Audit<'_>) -> Option<Event> {
        let kind = wire.resource_type.get().unwrap_or_default();
        let failed = wire.success.0 == Some(false) || wire.error.get().is_some();
        let message = wire.api_name.get().unwrap_or("UNKNOWN");
        let action = api_kind(message);
        let by = self.name(wire.operator.get());
        let name = own(wire.resource_name.get());
        let error = wire
            .error
            .get()
            .and_then(|error| words_of_result(Some(&wrapped(error))).or_else(|| long(Some(error))));
        let short = message.rsplit('.').next().unwrap_or_default();
        let mut trace = clean_name(short).into_owned();
        if let Some(name) = &name {
            trace.push_str(&format!(" of {name}"));
        }
        if let Some(ip) = own(wire.client_ip.get()) {
            trace.push_str(&format!(" from {ip}"));
        }
        if let Some(error) = &error {
            trace.push_str(&format!(": {error}"));
        } else if failed {
            trace.push_str(": failed");
        }
        let vm = self.vm_of(kind, wire.resource_uuid.get());
        Some(Event {
            key: self.event_key("audit", wire.id.get())?,
            at: millis(wire.create_time.0?)?,
            severity: if failed {
                Severity::Error
            } else {
                Severity::Info
            },
            source: None,
            entity: self.entity(kind),
            action: self.texts.share(&action),
            vm_name: name.filter(|_| vm.is_some()),
            vm,
            performed_by: by.clone(),
            user: by,
            trace: trace.into(),
            error_code: None,
        })
    }

    /// The record of an alarm; `None` without an id or a time. An alarm does not say what kind of thing it is about but by its namespace.
    pub fn alarm(&mut self, wire: &AlarmRecord<'_>) -> Option<Event> {
        let namespace = wire.namespace.get().unwrap_or_default().trim();
        let is_over = wire.alarm_status.get() == Some("OK");
        let is_vm = namespace.ends_with("/VM");
        let mut trace = String::new();
        for part in [
            wire.alarm_name.get(),
            wire.metric_name.get(),
            wire.metric_value.get(),
        ] {
            if let Some(part) = own(part) {
                let between = if trace.is_empty() { "" } else { " " };
                trace.push_str(&format!("{between}{part}"));
            }
        }
        if let Some(threshold) = own(wire.threshold.get()) {
            trace.push_str(&format!(" (threshold {threshold})"));
        }
        let status = clean_name(wire.alarm_status.get().unwrap_or("Alarm")).to_uppercase();
        Some(Event {
            key: self.event_key("alarm", wire.id.get())?,
            at: millis(wire.create_time.0?)?,
            severity: match wire.emergency_level.get() {
                _ if is_over => Severity::Info,
                Some("Emergent") => Severity::Error,
                _ => Severity::Warning,
            },
            source: own(Some(namespace)),
            entity: self.entity(if is_vm { VM_TYPE } else { "Alarm" }),
            action: self.texts.share(&status),
            vm: self.vm_of(if is_vm { VM_TYPE } else { "" }, wire.resource_uuid.get()),
            vm_name: None,
            performed_by: None,
            user: None,
            trace: trace.into(),
            error_code: None,
        })
    }

    /// The sources count each for itself.
    fn event_key(&self, source: &str, wire: Option<&str>) -> Option<EventKey> {
        Some(EventKey {
            cloud: self.cloud.clone(),
            id: format!("{source}:{}", id(wire)?).into(),
        })
    }

    fn vm_of(&self, kind: &str, uuid: Option<&str>) -> Option<VmKey> {
        (kind == VM_TYPE).then(|| Some(VmKey::new(self.cloud, id(uuid)?)))?
    }

    /// `VIRTUAL_MACHINE` for `VmInstanceVO`, `HOST` for `HostVO`.
    fn entity(&mut self, kind: &str) -> Arc<str> {
        let kind: Cow<'_, str> = match kind {
            VM_TYPE => "VIRTUAL_MACHINE".into(),
            "" => "SYSTEM".into(),
            other => api_kind(other.strip_suffix("VO").unwrap_or(other)).into(),
        };
        self.texts.share(&kind)
    }
}

/// An audit's error is the error itself, where a job's result has it under a key.
fn wrapped(error: &str) -> String {
    format!("{{\"error\":{error}}}")
}

fn severity(word: Option<&str>) -> Severity {
    match word {
        Some("Error") => Severity::Error,
        Some("Warning") => Severity::Warning,
        _ => Severity::Info,
    }
}
