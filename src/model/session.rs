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

impl Session {
    /// Whether a cloud means this user by a name: tasks and events have the login name or the full name (Abiquo: the title of the
    /// `user` link), in whatever case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let names = [Some(&self.user), self.full_name.as_ref()];
        let mut names = names.into_iter().flatten();
        names.any(|own| own.to_lowercase() == name.to_lowercase())
    }
}
