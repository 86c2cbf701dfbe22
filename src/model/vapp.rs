//! A virtual appliance: VMs that are one thing to their users.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::VappState;
use super::vm::{CloudName, Group};

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
}
