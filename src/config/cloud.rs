//! One cloud of the configuration.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use url::{Host, Url};

use super::openstack::Openstack;
use super::scloudm::Scloudm;
use super::secret::SecretSource;
use crate::model::GroupBy;

/// A cloud that the configuration names, ready to be connected to.
#[derive(Debug, Clone)]
pub struct CloudEntry {
    /// What a person calls it: `[A-Za-z0-9._-]+`, at most 64 characters, unique in the configuration.
    pub name: String,
    /// Which API it speaks, with what only that API needs.
    pub provider: Provider,
    /// Where its API begins: http or https, without user information, query or fragment.
    pub url: Url,
    /// A word for what it is used for, shown beside the name.
    pub environment: Option<String>,
    /// How to sign in.
    pub credentials: Credentials,
    /// Nothing in this cloud may be changed from here.
    pub read_only: bool,
    /// How many requests may be under way at once: 1 to 32.
    pub concurrency: usize,
    /// What groups are made from that stand for appliances; `None` where its API has appliances, and where nobody asked for groups.
    pub group_by: Option<GroupBy>,
    /// How far its certificate is trusted.
    pub tls: Tls,
}

impl CloudEntry {
    /// Whether more is asked before something is done to this cloud: its environment is `production`, in
    /// any case of letters.
    pub fn is_production(&self) -> bool {
        self.environment
            .as_deref()
            .is_some_and(|environment| environment.eq_ignore_ascii_case("production"))
    }

    /// The name that it signs in with; `None` where a token does.
    pub fn username(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::Password { username, .. } => Some(username),
            Credentials::Token(_) => None,
        }
    }
}

/// Which API a cloud speaks. What only one API needs is kept in its variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// Abiquo, and the platforms built on it.
    Abiquo {
        /// The version of the media types to ask for, such as `5.0`; the newest known when `None`.
        api_version: Option<String>,
    },
    /// Elastic Hosting (Enomaly ECP).
    ElasticHosting {
        /// How to sign in.
        auth: EcpAuth,
        /// How the fields of a change travel.
        body: EcpBody,
    },
    /// OpenStack: Nova, with Keystone and Glance.
    Openstack(Box<Openstack>),
    /// SCloudM: a gateway in front of OpenStack clouds.
    Scloudm(Box<Scloudm>),
    /// ZStack.
    Zstack(ZstackSettings),
}

/// How to sign in to Elastic Hosting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EcpAuth {
    /// With HTTP Basic, and with the log-in form where that is not taken.
    #[default]
    Auto,
    /// With HTTP Basic on every request.
    Basic,
    /// With the log-in form and its cookies.
    Form,
}

/// How the fields of a form travel to Elastic Hosting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EcpBody {
    /// As `multipart/form-data`, which is proven with this API.
    #[default]
    Multipart,
    /// As `application/x-www-form-urlencoded`.
    Urlencoded,
}

/// What only ZStack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZstackSettings {
    /// How to log in.
    pub login: ZstackLogin,
    /// The zone of the management node's clock, for its dates, which name none; derived at the log-in when `None`.
    pub time_zone: Option<TimeZone>,
}

/// The log-ins that ZStack knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZstackLogin {
    /// An account's name and password.
    Account,
    /// A user of an account.
    User {
        /// The account's name.
        account: String,
    },
    /// A user of the directory that the cloud asks.
    Ldap,
    /// A user of the platform's identity management (IAM2).
    Iam2 {
        /// The project to work in.
        project: Option<String>,
    },
    /// An access key: its id is the user name, its secret the password. The dates of its signatures need a `time_zone`.
    AccessKey,
}

impl Provider {
    /// The word in the configuration and in JSON.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Abiquo { .. } => "abiquo",
            Self::ElasticHosting { .. } => "elastic-hosting",
            Self::Openstack(_) => "openstack",
            Self::Scloudm(_) => "scloudm",
            Self::Zstack(_) => "zstack",
        }
    }

    /// Whether its API has virtual appliances of its own, so that none are made here.
    pub fn has_appliances(&self) -> bool {
        match self {
            Self::Abiquo { .. } => true,
            Self::ElasticHosting { .. }
            | Self::Openstack(_)
            | Self::Scloudm(_)
            | Self::Zstack(_) => false,
        }
    }

    /// The name that people know it by.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Abiquo { .. } => "Abiquo",
            Self::ElasticHosting { .. } => "Elastic Hosting",
            Self::Openstack(_) => "OpenStack",
            Self::Scloudm(_) => "SCloudM",
            Self::Zstack(_) => "ZStack",
        }
    }
}

/// How to sign in to a cloud.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// With a name and a password.
    Password {
        /// The name, without a colon.
        username: String,
        /// Where the password comes from.
        password: SecretSource,
    },
    /// With an access token that was made elsewhere (Abiquo: a Bearer token of its OpenID Connect provider).
    Token(SecretSource),
}

/// How far a cloud's certificate is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with the authorities to trust besides the machine's own.
    pub ca_file: Option<PathBuf>,
    /// Takes any certificate, so anyone between here and the cloud can read and change everything.
    pub insecure: bool,
}

/// Whether a URL leads to this machine, where nobody listens in on the way.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
