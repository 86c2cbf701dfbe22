//! `os-instance-actions`: what was asked of a server, and what came of it.

use serde_json::{Value, json};

use super::answer::{Answer, Answered, fault};
use super::compute::Nova;
use super::estate::{Event, Record, Server};
use super::listing::page;
use super::times::{bare, parse};
use super::{Asked, Cloud};

impl Nova<'_> {
    /// The records of a server, newest first.
    pub fn records(&self, cloud: &Cloud, asked: &Asked<'_>, server: &Server) -> Answered {
        let mut records: Vec<&Record> = server.records.iter().rev().collect();
        let mut body = json!({});
        if self.version.has(58) {
            let moment = |name: &str| {
                let text = asked.query.first(name);
                let wrong = |text: &str| {
                    fault(
                        400,
                        format!(
                            "Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'date-time'"
                        ),
                    )
                };
                text.map(|text| parse(text).ok_or_else(|| wrong(text)))
                    .transpose()
            };
            if let Some(since) = moment("changes-since")? {
                records.retain(|record| record.updated_ms >= since);
            }
            if let Some(before) = moment("changes-before")?.filter(|_| self.version.has(66)) {
                records.retain(|record| record.updated_ms <= before);
            }
            if let Some(marker) = asked.query.first("marker") {
                let at = records
                    .iter()
                    .position(|record| record.request_id == marker);
                let missing = || fault(400, format!("Marker {marker} could not be found."));
                records.drain(..=at.ok_or_else(missing)?);
            }
            let limit = page(asked, cloud.page)?;
            records.truncate(limit);
            if let Some(last) = records.last().filter(|_| records.len() == limit) {
                body["links"] = json!([{"rel": "next", "href": format!(
                    "{}/servers/{}/os-instance-actions?{}",
                    self.address(cloud), server.id, asked.query.after(&last.request_id),
                )}]);
            }
        }
        let rows: Vec<Value> = records
            .into_iter()
            .map(|record| self.record_row(cloud, server, record))
            .collect();
        body["instanceActions"] = rows.into();
        Ok(Answer::ok(body))
    }

    /// One record, with its events where they may be seen.
    pub fn record(&self, cloud: &Cloud, server: &Server, request_id: &str) -> Answered {
        let mut records = server.records.iter();
        let record = records.find(|record| record.request_id == request_id);
        let missing = || fault(404, format!("Action {request_id} not found"));
        let record = record.ok_or_else(missing)?;
        let mut row = self.record_row(cloud, server, record);
        if self.version.has(51) || self.caller.is_admin() {
            let events = record.events.iter().rev();
            let events: Vec<Value> = events
                .map(|event| self.event_row(cloud, record, event))
                .collect();
            row["events"] = events.into();
        }
        Ok(Answer::ok(json!({ "instanceAction": row })))
    }

    fn record_row(&self, cloud: &Cloud, server: &Server, record: &Record) -> Value {
        let people = &cloud.estate.people;
        let mut row = json!({
            "action": record.action, "instance_uuid": server.id, "request_id": record.request_id,
            "user_id": people.users[record.user].id, "project_id": people.projects[record.project].id,
            "start_time": bare(record.start_ms), "message": record.message,
        });
        if self.version.has(58) {
            row["updated_at"] = bare(record.updated_ms).into();
        }
        row
    }

    /// Where it happened, and the traceback, are for administrators.
    fn event_row(&self, cloud: &Cloud, record: &Record, event: &Event) -> Value {
        let mut row = json!({
            "event": event.name, "start_time": bare(event.start_ms), "finish_time": event.finish_ms.map(bare), "result": event.result,
        });
        let admin = self.caller.is_admin();
        if admin {
            row["traceback"] = event.traceback.clone().into();
        }
        if self.version.has(62) {
            row["hostId"] = cloud.estate.host_id(event.host, record.project).into();
            if admin {
                let hosts = &cloud.estate.regions[self.region].hosts;
                row["host"] = event.host.map(|at| hosts[at].name.clone()).into();
            }
        }
        if self.version.has(84) && admin {
            row["details"] = event.details.clone().into();
        }
        row
    }
}
