//! An event as it is printed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, From, Record, text, value};
use crate::model::{Event, Severity};

/// An event, with every key of `events`.
#[derive(Serialize)]
pub struct EventRecord<'a> {
    cloud: &'a str,
    id: &'a str,
    at: Timestamp,
    severity: Severity,
    source: Option<&'a str>,
    entity: &'a str,
    action: &'a str,
    /// `cloud/id`.
    vm: Option<String>,
    vm_name: Option<&'a str>,
    performed_by: Option<&'a str>,
    user: Option<&'a str>,
    trace: &'a str,
}

impl<'a> EventRecord<'a> {
    /// The record of an event.
    #[must_use]
    pub fn of(event: &'a Event) -> Self {
        Self {
            cloud: event.key.cloud.as_str(),
            id: &event.key.id,
            at: event.at,
            severity: event.severity,
            source: event.source.as_deref(),
            entity: &event.entity,
            action: &event.action,
            vm: event.vm.as_ref().map(ToString::to_string),
            vm_name: event.vm_name.as_deref(),
            performed_by: event.performed_by.as_deref(),
            user: event.user.as_deref(),
            trace: &event.trace,
        }
    }
}

impl Record for EventRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Table, Wide};
        vec![
            Column::text("cloud", Table, |event| text(Some(event.cloud))),
            Column::text("id", Wide, |event| text(Some(event.id))),
            Column::text("at", Table, |event| value(event.at)),
            Column::text("severity", Table, |event| text(Some(event.severity.as_str()))),
            Column::text("source", Wide, |event| text(event.source)),
            Column::text("entity", Table, |event| text(Some(event.entity))),
            Column::text("action", Table, |event| text(Some(event.action))),
            Column::text("vm", Wide, |event| text(event.vm.as_deref())),
            Column::text("vm_name", Table, |event| text(event.vm_name)),
            Column::text("performed_by", Table, |event| text(event.performed_by)),
            Column::text("user", Wide, |event| text(event.user)),
            Column::text("trace", Table, |event| text(Some(event.trace))),
        ]
    }

    fn name(&self) -> String {
        format!("{}/{}", self.cloud, self.id)
    }
}
