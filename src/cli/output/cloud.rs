//! A cloud as it is printed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, From, Record, flag, text, value};
use crate::fleet::{CloudStatus, CloudView};

/// A cloud, with every key of `clouds`.
#[derive(Serialize)]
pub struct CloudRecord<'a> {
    cloud: &'a str,
    provider: &'static str,
    url: &'a str,
    environment: Option<&'a str>,
    status: &'static str,
    vms: Option<usize>,
    latency_ms: Option<u64>,
    age_seconds: Option<u64>,
    read_only: bool,
    user: Option<&'a str>,
    error: Option<String>,
}

impl<'a> CloudRecord<'a> {
    /// The record of a cloud, seen at `now`. A cloud that has not answered within `limit` is failing.
    #[must_use]
    pub fn of(view: &'a CloudView, now: Timestamp, limit: &str) -> Self {
        let (status, error) = match &view.status {
            CloudStatus::Failing {
                error,
                sign_in: true,
                ..
            } => ("sign_in_refused", Some(error.clone())),
            CloudStatus::Failing { error, .. } => ("failing", Some(error.clone())),
            _ if view.listed => ("ok", None),
            _ => ("failing", Some(format!("no whole answer within {limit}"))),
        };
        let age = view.as_of.map(|at| now.duration_since(at).as_secs());
        Self {
            cloud: view.info.name.as_str(),
            provider: view.info.provider,
            url: &view.info.url,
            environment: view.info.environment.as_deref(),
            status,
            vms: view.as_of.map(|_| view.vms),
            latency_ms: view
                .latency
                .and_then(|latency| latency.as_millis().try_into().ok()),
            age_seconds: age.map(|seconds| seconds.try_into().unwrap_or(0)),
            read_only: view.info.read_only,
            user: view.session.as_ref().map(|session| &*session.user),
            error,
        }
    }
}

impl Record for CloudRecord<'_> {
    #[rustfmt::skip]
    fn columns() -> Vec<Column<Self>> {
        use From::{Table, Wide};
        vec![
            Column::text("cloud", Table, |cloud| text(Some(cloud.cloud))),
            Column::text("provider", Table, |cloud| text(Some(cloud.provider))),
            Column::text("url", Wide, |cloud| text(Some(cloud.url))),
            Column::text("environment", Table, |cloud| text(cloud.environment)),
            Column::text("status", Table, |cloud| text(Some(cloud.status))),
            Column::number("vms", Table, |cloud| cloud.vms.and_then(value)),
            Column::number("latency_ms", Table, |cloud| cloud.latency_ms.and_then(value)),
            Column::number("age_seconds", Table, |cloud| cloud.age_seconds.and_then(value)),
            Column::text("read_only", Wide, |cloud| flag(Some(cloud.read_only))),
            Column::text("user", Table, |cloud| text(cloud.user)),
            Column::text("error", Table, |cloud| text(cloud.error.as_deref())),
        ]
    }

    fn name(&self) -> String {
        self.cloud.to_owned()
    }
}
