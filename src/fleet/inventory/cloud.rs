//! A cloud as it is shown.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::update::{CloudInfo, CloudStatus};
use crate::model::{Group, Session, Task};

/// One cloud as it is shown.
#[derive(Debug, Clone)]
pub struct CloudView {
    /// Its configuration, without secrets.
    pub info: CloudInfo,
    /// How it stands with it.
    pub status: CloudStatus,
    /// Who is signed in; `None` until that is answered.
    pub session: Option<Arc<Session>>,
    /// How long one request of the last listing took.
    pub latency: Option<Duration>,
    /// How long the last whole listing took.
    pub listing_took: Option<Duration>,
    /// When the cloud last said what it has; older than this run while only the kept inventory is shown.
    pub as_of: Option<Timestamp>,
    /// Whether a listing of this run has come to its end.
    pub listed: bool,
    /// How many VMs it has.
    pub vms: usize,
    /// How many of them are protected.
    pub protected: usize,
    /// How many VMs' tasks nobody has read yet.
    pub unread: usize,
    /// The tenant it is looked at as; `None` for the user's own.
    pub tenant: Option<Group>,
    /// The tenants that it can be looked at as, once somebody asked; or why nobody can tell.
    pub tenants: Option<Result<Vec<Group>, String>>,
    /// Where appliances can be made, once somebody asked; or why nobody can tell.
    pub projects: Option<Result<Vec<Group>, String>>,
    /// The tasks that workflow holds, once somebody asked; or why they cannot be read.
    pub held: Option<Result<Vec<Task>, String>>,
}

impl CloudView {
    /// A cloud of which nothing is known yet.
    pub(super) fn new(info: CloudInfo) -> Self {
        Self {
            info,
            status: CloudStatus::Connecting,
            session: None,
            latency: None,
            listing_took: None,
            as_of: None,
            listed: false,
            vms: 0,
            protected: 0,
            unread: 0,
            tenant: None,
            tenants: None,
            projects: None,
            held: None,
        }
    }

    /// Why nobody is signed in, in words; `None` while that is not known.
    #[must_use]
    pub fn signed_out(&self) -> Option<&'static str> {
        match &self.status {
            CloudStatus::Failing { sign_in: true, .. } => Some("the sign-in failed"),
            CloudStatus::Failing { .. } => Some("it does not answer"),
            CloudStatus::Connecting | CloudStatus::Listing { .. } | CloudStatus::Ok => None,
        }
    }

    /// Whether what is shown of it is old: it does not answer, or has not answered in this run.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        !self.listed || matches!(self.status, CloudStatus::Failing { .. })
    }
}
