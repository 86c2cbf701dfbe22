//! What is in the cloud: places, VMs, tags and records.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::fleet_file::{File, VmEntry};
use super::operations::{Op, Outcome, Running, Work, paced};
use crate::demo::identity::Uuid;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Something with a name and an id.
pub(super) struct Place {
    pub uuid: String,
    pub name: String,
    /// The place that it is in, by position; of a network the first three parts of its addresses.
    pub within: usize,
    pub prefix: String,
}

/// A host.
pub(super) struct Host {
    pub uuid: String,
    pub name: String,
    pub cluster: usize,
    pub ip: String,
    pub state: String,
    pub status: String,
}

impl Host {
    /// Whether VMs can be put on it.
    pub fn is_up(&self) -> bool {
        self.state == "Enabled" && self.status == "Connected"
    }
}

/// A VM.
pub(super) struct Vm {
    pub uuid: String,
    pub name: String,
    pub note: String,
    /// The API's word.
    pub state: String,
    pub cluster: usize,
    pub host: Option<usize>,
    pub last_host: Option<usize>,
    pub image: usize,
    pub networks: Vec<usize>,
    pub cpu: i64,
    pub ram_gib: i64,
    /// Milliseconds.
    pub created_ms: i64,
    /// Milliseconds.
    pub changed_ms: i64,
    pub ha: Option<String>,
    pub deaf: bool,
    pub no_capacity: bool,
    pub appliance: bool,
    /// What runs on it.
    pub running: Option<Running>,
    /// What waits for that.
    pub queue: VecDeque<Op>,
    /// When high availability starts it again, milliseconds.
    pub restart_ms: Option<i64>,
}

/// A user tag.
pub(super) struct Tag {
    pub uuid: String,
    pub resource: String,
    pub text: String,
    /// Milliseconds.
    pub created_ms: i64,
}

/// All of it.
pub(super) struct Estate {
    pub zones: Vec<Place>,
    pub clusters: Vec<Place>,
    pub hosts: Vec<Host>,
    pub networks: Vec<Place>,
    pub images: Vec<Place>,
    pub vms: Vec<Vm>,
    pub tags: Vec<Tag>,
    pub long_jobs: Vec<Value>,
    pub event_logs: Vec<Value>,
    pub audits: Vec<Value>,
    pub alarms: Vec<Value>,
}

/// An id as the API has them: 32 hexadecimal digits.
pub(super) fn plain(uuid: Uuid) -> String {
    uuid.to_string().replace('-', "")
}

fn place(seed: u64, family: u64, at: usize, name: &str, within: usize) -> Place {
    Place {
        uuid: plain(Uuid::new(seed, family, at as u64)),
        name: name.to_owned(),
        within,
        prefix: String::new(),
    }
}

fn find<'n>(names: impl Iterator<Item = &'n str>, name: &str) -> Result<usize, String> {
    let mut names = names;
    names
        .position(|known| known == name)
        .ok_or_else(|| format!("there is no {name}"))
}

impl Estate {
    /// The built-in cloud, with its times counted back from `now_ms`.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(seed: u64, now_ms: i64, pace: f64) -> Result<Self, String> {
        let text = include_str!("../../../assets/demo/zstack.toml");
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let places = |family: u64, names: &mut dyn Iterator<Item = &String>| -> Vec<Place> {
            names
                .enumerate()
                .map(|(at, name)| place(seed, family, at, name, 0))
                .collect()
        };
        let zones = places(0x21, &mut file.zones.iter());
        let mut estate = Self {
            clusters: Vec::new(),
            hosts: Vec::new(),
            networks: places(0x24, &mut file.networks.iter().map(|network| &network.name)),
            images: places(0x25, &mut file.images.iter().map(|image| &image.name)),
            zones,
            vms: Vec::new(),
            tags: Vec::new(),
            long_jobs: Vec::new(),
            event_logs: Vec::new(),
            audits: Vec::new(),
            alarms: Vec::new(),
        };
        for (at, cluster) in file.clusters.iter().enumerate() {
            let zone = find(file.zones.iter().map(String::as_str), &cluster.zone)?;
            estate
                .clusters
                .push(place(seed, 0x22, at, &cluster.name, zone));
        }
        for (place, network) in estate.networks.iter_mut().zip(&file.networks) {
            place.prefix.clone_from(&network.prefix);
        }
        for (place, image) in estate.images.iter_mut().zip(&file.images) {
            place.prefix.clone_from(&image.platform);
        }
        for (at, host) in file.hosts.iter().enumerate() {
            estate.hosts.push(Host {
                uuid: plain(Uuid::new(seed, 0x23, at as u64)),
                name: host.name.clone(),
                cluster: find(file.clusters.iter().map(|c| c.name.as_str()), &host.cluster)?,
                ip: host.ip.clone(),
                state: host.state.clone(),
                status: host.status.clone(),
            });
        }
        for entry in &file.vms {
            estate.add(entry, seed, now_ms, pace)?;
        }
        estate.record(&file, seed, now_ms)?;
        Ok(estate)
    }

    fn add(&mut self, entry: &VmEntry, seed: u64, now_ms: i64, pace: f64) -> Result<(), String> {
        let names =
            |places: &[Place], name: &str| find(places.iter().map(|p| p.name.as_str()), name);
        let on = entry.host.as_deref();
        let on = on
            .map(|name| find(self.hosts.iter().map(|h| h.name.as_str()), name))
            .transpose()?;
        let cluster = match (on, &entry.cluster) {
            (Some(host), _) => self.hosts[host].cluster,
            (None, Some(cluster)) => names(&self.clusters, cluster)?,
            (None, None) => return Err(format!("{} is nowhere", entry.name)),
        };
        let networks: Result<Vec<usize>, String> = entry
            .networks
            .iter()
            .map(|network| names(&self.networks, network))
            .collect();
        let uuid = plain(Uuid::new(seed, 0x26, self.vms.len() as u64));
        let off = [
            "Stopped",
            "Created",
            "Destroyed",
            "Expunging",
            "VolumeMigrating",
            "VolumeRecovering",
        ];
        let is_off = off.contains(&entry.state.as_str());
        let running = entry.then.as_ref().map(|then| Running {
            op: Op {
                job: None,
                api: transition(&entry.state),
                work: Work::Settle,
                submitted_ms: now_ms,
                operator: "admin".to_owned(),
            },
            began_ms: now_ms,
            ends_ms: now_ms.saturating_add(paced(entry.ends_in.unwrap_or(60) * 1_000, pace)),
            outcome: Outcome::Become(then.clone()),
        });
        let mut tag = |text: String, created_ms: i64| {
            let at = self.tags.len() as u64;
            self.tags.push(Tag {
                uuid: plain(Uuid::new(seed, 0x27, at)),
                resource: uuid.clone(),
                text,
                created_ms,
            });
        };
        for text in &entry.tags {
            tag(text.clone(), now_ms - entry.days * DAY_MS);
        }
        if let Some(protected) = &entry.protected {
            let at_ms = now_ms - protected.ago_minutes * MINUTE_MS;
            let since =
                jiff::Timestamp::from_millisecond(at_ms).map_err(|error| error.to_string())?;
            let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let said = json!({"by": protected.by, "reason": protected.reason, "since": since});
            tag(format!("vmdeck::protected::{said}"), at_ms);
        }
        self.vms.push(Vm {
            name: entry.name.clone(),
            note: entry.note.clone(),
            state: entry.state.clone(),
            cluster,
            host: on.filter(|_| !is_off),
            last_host: on,
            image: names(&self.images, &entry.image)?,
            networks: networks?,
            cpu: entry.cpu,
            ram_gib: entry.ram_gib,
            created_ms: now_ms - entry.days * DAY_MS,
            changed_ms: now_ms - entry.days * DAY_MS / 7,
            ha: entry.ha.clone(),
            deaf: entry.deaf,
            no_capacity: entry.no_capacity,
            appliance: entry.appliance,
            running,
            queue: VecDeque::new(),
            restart_ms: None,
            uuid,
        });
        Ok(())
    }

    /// The records of what happened before the start.
    fn record(&mut self, file: &File, seed: u64, now_ms: i64) -> Result<(), String> {
        let vm = |name: &str| -> Result<(String, String), String> {
            let at = find(self.vms.iter().map(|vm| vm.name.as_str()), name)?;
            Ok((self.vms[at].uuid.clone(), name.to_owned()))
        };
        let ago = |minutes: i64| now_ms - minutes * MINUTE_MS;
        let (mut jobs, mut logs, mut audits, mut alarms) = Default::default();
        let numbered = |rows: &mut Vec<Value>, mut row: Value| {
            row["id"] = (rows.len() + 1).into();
            rows.push(row);
        };
        let mut by_age: Vec<_> = file.long_jobs.iter().collect();
        by_age.sort_by_key(|entry| std::cmp::Reverse(entry.ago_minutes));
        for (at, entry) in by_age.into_iter().enumerate() {
            let at_ms = ago(entry.ago_minutes);
            let mut row = json!({
                "uuid": plain(Uuid::new(seed, 0x28, at as u64)), "name": entry.name, "jobName": entry.job, "state": entry.state,
                "apiId": plain(Uuid::new(seed, 0x29, at as u64)), "jobData": "{}", "targetResourceUuid": vm(&entry.vm)?.0,
                "createDate": super::rows::date(at_ms), "lastOpDate": super::rows::date(at_ms + 4 * MINUTE_MS),
            });
            if let Some(error) = &entry.error {
                let result = json!({"error": super::answer::error("SYS.1006", error)});
                row["jobResult"] = result.to_string().into();
            }
            Vec::push(&mut jobs, row);
        }
        let mut by_age: Vec<_> = file.event_logs.iter().collect();
        by_age.sort_by_key(|entry| std::cmp::Reverse(entry.ago_minutes));
        for entry in by_age {
            let (uuid, kind) = match (&entry.vm, &entry.host) {
                (Some(name), _) => (vm(name)?.0, "VmInstanceVO"),
                (None, Some(name)) => {
                    let at = find(self.hosts.iter().map(|host| host.name.as_str()), name)?;
                    (self.hosts[at].uuid.clone(), "HostVO")
                }
                (None, None) => (String::new(), "SystemVO"),
            };
            let at_ms = ago(entry.ago_minutes);
            numbered(
                &mut logs,
                json!({
                    "content": entry.content, "resourceUuid": uuid, "resourceType": kind, "category": entry.category,
                    "type": entry.kind, "time": at_ms, "createDate": super::rows::date(at_ms),
                }),
            );
        }
        let mut by_age: Vec<_> = file.audits.iter().collect();
        by_age.sort_by_key(|entry| std::cmp::Reverse(entry.ago_minutes));
        for entry in by_age {
            let (uuid, name) = vm(&entry.vm)?;
            let error = entry
                .error
                .as_deref()
                .map(|words| super::answer::error("SYS.1006", words));
            numbered(
                &mut audits,
                audit(
                    &entry.api,
                    &entry.operator,
                    &uuid,
                    &name,
                    ago(entry.ago_minutes),
                    error.as_ref(),
                ),
            );
        }
        let mut by_age: Vec<_> = file.alarms.iter().collect();
        by_age.sort_by_key(|entry| std::cmp::Reverse(entry.ago_minutes));
        for (at, entry) in by_age.into_iter().enumerate() {
            numbered(
                &mut alarms,
                json!({
                    "createTime": ago(entry.ago_minutes), "alarmUuid": plain(Uuid::new(seed, 0x2a, at as u64)),
                    "alarmName": entry.name, "alarmStatus": "Alarm", "namespace": "ZStack/VM", "metricName": entry.metric,
                    "metricValue": entry.value, "threshold": entry.threshold, "comparisonOperator": "GreaterThanOrEqualTo",
                    "period": 300, "emergencyLevel": entry.level, "resourceUuid": vm(&entry.vm)?.0, "readStatus": false,
                }),
            );
        }
        (self.long_jobs, self.event_logs, self.audits, self.alarms) = (jobs, logs, audits, alarms);
        Ok(())
    }
}

/// The record of a call.
pub(super) fn audit(
    api: &str,
    operator: &str,
    uuid: &str,
    name: &str,
    at_ms: i64,
    error: Option<&Value>,
) -> Value {
    let mut row = json!({
        "createTime": at_ms, "startTime": at_ms, "apiName": api, "operator": operator, "clientIp": "127.0.0.1", "clientBrowser": "",
        "duration": 0, "success": error.is_none(), "resourceUuid": uuid, "resourceType": "VmInstanceVO", "resourceName": name,
    });
    if let Some(error) = error {
        row["error"] = error.to_string().into();
    }
    row
}

/// What was asked for that has a VM in a transitional state.
fn transition(state: &str) -> &'static str {
    match state {
        "Starting" => "APIStartVmInstanceMsg",
        "Stopping" => "APIStopVmInstanceMsg",
        "Rebooting" => "APIRebootVmInstanceMsg",
        "Pausing" => "APIPauseVmInstanceMsg",
        "Resuming" => "APIResumeVmInstanceMsg",
        "Migrating" => "APIMigrateVmMsg",
        "VolumeMigrating" => "APIPrimaryStorageMigrateVmMsg",
        "VolumeRecovering" => "APIRecoverVmFromCdpMsg",
        "Destroying" => "APIDestroyVmInstanceMsg",
        _ => "APIExpungeVmInstanceMsg",
    }
}
