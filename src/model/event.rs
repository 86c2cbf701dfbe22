//! What happened on a cloud, as the cloud tells it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::vm::{CloudName, VmKey};

/// How bad it is. Ordered: `Error` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something was done.
    Info,
    /// Something needs a look.
    Warning,
    /// Something failed.
    Error,
}

impl Severity {
    /// All three, mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The word of machine-readable output and of `--severity`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What names an event: its cloud and the cloud's id of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey {
    /// The cloud it happened on.
    pub cloud: CloudName,
    /// The cloud's id of it, as text.
    pub id: Arc<str>,
}

/// One event, both of Abiquo's shapes and those of other clouds made one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What names it.
    pub key: EventKey,
    /// When it happened.
    pub at: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// Where it happened, as a path of names (tenant / datacenter / appliance …).
    pub source: Option<Arc<str>>,
    /// The kind of thing it happened to: `VIRTUAL_MACHINE`.
    pub entity: Arc<str>,
    /// What was done: `DEPLOY`, without the entity's prefix.
    pub action: Arc<str>,
    /// The VM it happened to, where it is one.
    pub vm: Option<VmKey>,
    /// The name of what it happened to, as the event has it.
    pub vm_name: Option<Arc<str>>,
    /// Who did it: a user, or the system.
    pub performed_by: Option<Arc<str>>,
    /// The user it was done for.
    pub user: Option<Arc<str>>,
    /// The full text.
    pub trace: Arc<str>,
    /// The API's error code, on warnings and errors.
    pub error_code: Option<Arc<str>>,
}
