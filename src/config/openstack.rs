//! What only OpenStack needs of its configuration.

/// The keys of an OpenStack cloud, whether they stand in this program's configuration, in a `clouds.yaml` or in `OS_*` variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openstack {
    /// How the name and the secret of the credentials prove who is asking.
    pub auth: OpenstackAuth,
    /// The projects to work in. Empty where the sign-in itself says which (application credentials, a token, a default project).
    pub projects: Vec<OpenstackProject>,
    /// The regions to work in; all of the catalogue when empty.
    pub regions: Vec<String>,
    /// Which of a service's endpoints are used.
    pub interface: Interface,
    /// Whether the servers of every project are listed; `None`: where the cloud lets the user, unless several projects are named.
    pub all_projects: Option<bool>,
    /// Whether endpoints without TLS are used although the sign-in has it.
    pub plain_http: bool,
}

/// The ways to sign in to Keystone v3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenstackAuth {
    /// A user's name and password.
    Password {
        /// The domain that the name belongs to; `None` where the name is the user's id.
        domain: Option<Domain>,
    },
    /// An application credential: the user name of the credentials is its id, or its name.
    ApplicationCredential {
        /// Whose it is, where it is given by name: the user's name and domain.
        owner: Option<(String, Domain)>,
    },
    /// A token that was made elsewhere.
    Token,
}

/// A domain, by id or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

impl Domain {
    /// The one that every Keystone has, where nobody says which.
    #[must_use]
    pub fn usual() -> Self {
        Self::Id("default".to_owned())
    }
}

/// A project, by id or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenstackProject {
    /// By its id.
    Id(String),
    /// By its name.
    Name {
        /// The name.
        name: String,
        /// The domain that it belongs to.
        domain: Domain,
    },
}

/// Which of a service's endpoints is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interface {
    /// For everybody.
    #[default]
    Public,
    /// Within the cloud's own network.
    Internal,
    /// For administrators.
    Admin,
}

impl Interface {
    /// The words of the configuration.
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("public", Self::Public),
        ("internal", Self::Internal),
        ("admin", Self::Admin),
    ];

    /// The interface of a word, also as older files write it: `publicURL`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let word = word.strip_suffix("URL").unwrap_or(word);
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, interface)| *interface)
    }

    /// The word of the catalogue.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}
