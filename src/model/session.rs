//! Who is signed in, and what that user may do.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The privileges of a signed-in user, by name (Abiquo: names such as `VAPP_PERFORM_ACTIONS`; ids differ between installations).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Privileges {
    /// The cloud names them; what is not in the set is not held.
    Named(BTreeSet<Arc<str>>),
    /// The cloud has no privileges a client can read: the cloud itself says no when it must.
    Unlisted,
}

impl Privileges {
    /// Whether the user holds it. Where a cloud lists none, every privilege counts as held.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(name),
            Self::Unlisted => true,
        }
    }
}

impl<'a> FromIterator<&'a str> for Privileges {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self::Named(names.into_iter().map(Arc::from).collect())
    }
}

/// The answer to "who am I" on one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The login name (Abiquo: `nick`).
    pub user: Arc<str>,
    /// The name a person goes by, where the cloud has one.
    pub full_name: Option<Arc<str>>,
    /// The tenant the user works in.
    pub tenant: Option<Arc<str>>,
    /// What the user may do.
    pub privileges: Privileges,
}
