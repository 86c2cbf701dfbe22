//! What travels between ZStack and this program, as forgiving as can be: every field may be missing, null, of another type or unknown,
//! and whole numbers may come as floats. What a value means is the business of [`super::mapping`].

use serde::Deserialize;

use crate::clouds::lenient::{Flag, Int, Many, Object, Text};

/// The answer to a query, whether for a list or for one thing by its uuid.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Inventories<T> {
    /// The rows.
    pub inventories: Many<T>,
    /// How many there are in all, where `replyWithCount` asked for it.
    pub total: Int,
}

impl<T> Default for Inventories<T> {
    fn default() -> Self {
        Self {
            inventories: Many::default(),
            total: Int::default(),
        }
    }
}

/// The answer to a log-in, and the result of a job that makes or changes one thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Inventory<T> {
    pub inventory: Object<T>,
}

impl<T> Default for Inventory<T> {
    fn default() -> Self {
        Self {
            inventory: Object::default(),
        }
    }
}

/// A session. Its dates are in the zone of the management node, which they do not name.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Session<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub account_uuid: Text<'a>,
    #[serde(borrow)]
    pub expired_date: Text<'a>,
    #[serde(borrow)]
    pub create_date: Text<'a>,
}

/// The answer to `getCurrentTime`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Now {
    pub current_time: Object<CurrentTime>,
}

/// The time of the management node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CurrentTime {
    /// Milliseconds since 1970; the name is the API's.
    pub million_seconds: Int,
    /// Seconds since 1970.
    pub seconds: Int,
}

/// Whether a session stands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Valid {
    pub valid: Flag,
}

/// The acceptance of a job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Accepted<'a> {
    /// Where the management node believes the job is; of it only the last segment is used.
    #[serde(borrow)]
    pub location: Text<'a>,
}

/// A body that says no.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Failure<'a> {
    #[serde(borrow)]
    pub error: Object<ErrorCode<'a>>,
}

/// An error with the errors that led to it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ErrorCode<'a> {
    #[serde(borrow)]
    pub code: Text<'a>,
    /// Newer servers.
    #[serde(borrow)]
    pub global_error_code: Text<'a>,
    #[serde(borrow)]
    pub description: Text<'a>,
    #[serde(borrow)]
    pub details: Text<'a>,
    #[serde(borrow)]
    pub cause: Object<Box<ErrorCode<'a>>>,
    #[serde(borrow)]
    pub causes: Many<ErrorCode<'a>>,
}

/// A VM.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VmInstance<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub description: Text<'a>,
    #[serde(borrow)]
    pub zone_uuid: Text<'a>,
    #[serde(borrow)]
    pub cluster_uuid: Text<'a>,
    #[serde(borrow)]
    pub image_uuid: Text<'a>,
    /// Absent while it is on no host.
    #[serde(borrow)]
    pub host_uuid: Text<'a>,
    #[serde(borrow, rename = "defaultL3NetworkUuid")]
    pub default_l3_network_uuid: Text<'a>,
    #[serde(borrow)]
    pub hypervisor_type: Text<'a>,
    /// Bytes.
    pub memory_size: Int,
    pub cpu_num: Int,
    #[serde(borrow)]
    pub create_date: Text<'a>,
    #[serde(borrow)]
    pub last_op_date: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    #[serde(borrow)]
    pub vm_nics: Many<VmNic<'a>>,
}

/// One of a VM's network cards.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VmNic<'a> {
    #[serde(borrow, rename = "l3NetworkUuid")]
    pub l3_network_uuid: Text<'a>,
    #[serde(borrow)]
    pub ip: Text<'a>,
    /// All its addresses, of both versions; newer servers.
    #[serde(borrow)]
    pub used_ips: Many<UsedIp<'a>>,
    pub device_id: Int,
}

/// An address of a network card.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct UsedIp<'a> {
    #[serde(borrow)]
    pub ip: Text<'a>,
}

/// Anything that is looked up for its name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Named<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// A host.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Host<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub cluster_uuid: Text<'a>,
    #[serde(borrow)]
    pub management_ip: Text<'a>,
    pub total_cpu_capacity: Int,
    pub available_cpu_capacity: Int,
    /// Bytes.
    pub total_memory_capacity: Int,
    /// Bytes.
    pub available_memory_capacity: Int,
}

/// A user tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tag<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub resource_uuid: Text<'a>,
    #[serde(borrow)]
    pub tag: Text<'a>,
    #[serde(borrow)]
    pub create_date: Text<'a>,
}

/// Where a VM's screen can be seen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConsoleAddress<'a> {
    #[serde(borrow)]
    pub host_ip: Text<'a>,
    pub port: Int,
    #[serde(borrow)]
    pub protocol: Text<'a>,
}

/// How far a job is, step by step.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Progress<'a> {
    /// `Task` or `Progress`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Words of a `Task`, a percentage of a `Progress`.
    #[serde(borrow)]
    pub content: Text<'a>,
    /// Milliseconds since 1970.
    pub time: Int,
}

/// A long job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LongJob<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    /// `APIMigrateVmMsg`.
    #[serde(borrow)]
    pub job_name: Text<'a>,
    /// A JSON document as text.
    #[serde(borrow)]
    pub job_result: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    #[serde(borrow)]
    pub target_resource_uuid: Text<'a>,
    #[serde(borrow)]
    pub create_date: Text<'a>,
    #[serde(borrow)]
    pub last_op_date: Text<'a>,
}

/// What waits and runs on VMs, by the uuid of each.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TaskDetails<'a> {
    #[serde(borrow)]
    pub results: Object<std::collections::BTreeMap<String, Object<Queue<'a>>>>,
}

/// What waits and runs on one VM.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Queue<'a> {
    #[serde(borrow)]
    pub running_task: Many<Queued<'a>>,
    #[serde(borrow)]
    pub pending_task: Many<Queued<'a>>,
}

/// One thing that waits or runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Queued<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Seconds.
    pub pending_time: Int,
    /// Seconds.
    pub execution_time: Int,
    /// The job that it belongs to.
    #[serde(borrow)]
    pub api_id: Text<'a>,
    /// `APIStopVmInstanceMsg`.
    #[serde(borrow)]
    pub api_name: Text<'a>,
}

/// An entry of the event log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EventLog<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub content: Text<'a>,
    #[serde(borrow)]
    pub resource_uuid: Text<'a>,
    /// `VmInstanceVO`.
    #[serde(borrow)]
    pub resource_type: Text<'a>,
    #[serde(borrow)]
    pub category: Text<'a>,
    /// `Info`, `Warning`, `Error`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Milliseconds since 1970.
    pub time: Int,
}

/// A record of a call on the API.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Audit<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Milliseconds since 1970.
    pub create_time: Int,
    /// `org.zstack.header.vm.APIStopVmInstanceMsg`.
    #[serde(borrow)]
    pub api_name: Text<'a>,
    #[serde(borrow)]
    pub operator: Text<'a>,
    #[serde(borrow)]
    pub client_ip: Text<'a>,
    /// A text or a JSON document as text.
    #[serde(borrow)]
    pub error: Text<'a>,
    pub success: Flag,
    #[serde(borrow)]
    pub resource_uuid: Text<'a>,
    #[serde(borrow)]
    pub resource_type: Text<'a>,
    #[serde(borrow)]
    pub resource_name: Text<'a>,
}

/// A record of an alarm.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AlarmRecord<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Milliseconds since 1970.
    pub create_time: Int,
    #[serde(borrow)]
    pub alarm_name: Text<'a>,
    /// `Alarm`, `OK`.
    #[serde(borrow)]
    pub alarm_status: Text<'a>,
    #[serde(borrow)]
    pub namespace: Text<'a>,
    #[serde(borrow)]
    pub metric_name: Text<'a>,
    #[serde(borrow)]
    pub metric_value: Text<'a>,
    #[serde(borrow)]
    pub threshold: Text<'a>,
    /// `Emergent`, `Important`, `Normal`.
    #[serde(borrow)]
    pub emergency_level: Text<'a>,
    #[serde(borrow)]
    pub resource_uuid: Text<'a>,
}
