//! A virtual appliance: VMs that are one thing to their users.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::VappState;
use super::vm::{CloudName, Group};

/// What names an appliance in commands and questions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VappKey {
    /// The configured cloud it is in.
    pub cloud: CloudName,
    /// The cloud's own id of it, as text.
    pub id: Arc<str>,
}

impl fmt::Display for VappKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cloud, self.id)
    }
}

/// A virtual appliance as its cloud lists it. Its aggregate state is computed from its VMs ([`super::aggregate`]);
/// the server's own word is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vapp {
    /// The cloud it is in.
    pub cloud: CloudName,
    /// The cloud's id of it.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The project it stands in (Abiquo: the virtual datacenter).
    pub project: Option<Group>,
    /// The tenant it belongs to.
    pub tenant: Option<Arc<str>>,
    /// The state the server tells, in our spelling; `None` where it tells none, or a word that is not known.
    pub server_state: Option<VappState>,
    /// Hidden from users without the privilege to view restricted appliances.
    pub restricted: bool,
    /// Where its cloud finds it again. Opaque to all but the client that wrote it; empty where nothing can be done to it.
    #[serde(default)]
    pub locator: Arc<str>,
}

impl Vapp {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> VappKey {
        VappKey {
            cloud: self.cloud.clone(),
            id: self.id.clone(),
        }
    }
}
