//! What can go wrong between this program and a cloud, and what that says about the request.

use std::time::Duration;

/// The result of a call on a cloud.
pub type Result<T> = std::result::Result<T, Error>;

/// Whether a request that failed can have been executed by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// It never left, or the server proved that it did nothing.
    No,
    /// It may have been executed: only reading the cloud can tell.
    Maybe,
}

/// Why a call on a cloud failed. The `Display` is one sentence part that follows "what was attempted, on which cloud": the
/// engine puts the cloud's and the VM's name before it. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection: wrong host, refused, no route, TLS. Nothing was sent.
    #[error("cannot connect to {host}: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said, and what to do.
        why: String,
    },
    /// The request left, and no whole answer came back in time or at all.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Wrong credentials, or the session has ended.
    #[error("sign-in refused: {0}")]
    SignIn(String),
    /// The user may not.
    #[error("not permitted: {0}")]
    Forbidden(String),
    /// It is gone, or out of the user's scope.
    #[error("not found: {0}")]
    NotFound(String),
    /// The server will not do it in the state things are in.
    #[error("refused by the cloud: {0}")]
    Conflict(Rejection),
    /// The server did nothing, and would do it when it is told to (Abiquo: a soft limit, data that an undeploy loses): its words are
    /// a question to the person.
    #[error("the cloud asks first: {0}")]
    NeedsForce(Rejection),
    /// The server rejects the request for another reason.
    #[error("rejected by the cloud: {0}")]
    Rejected(Rejection),
    /// The server is overloaded, down for a moment, or broken.
    #[error("the cloud is unavailable (HTTP {status}): {message}")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// What it said, cleaned and cut.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is not what the API's documents say: HTML, broken or too large JSON, a link to somewhere else.
    #[error("unexpected answer: {0}")]
    Protocol(String),
    /// A link leads where requests must not go, so none was sent.
    #[error("a link is not followed: {0}")]
    Link(String),
    /// The password or token could not be had.
    #[error("{0}")]
    Secret(String),
}

/// An answer in which the server says no, with its own code and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// HTTP status.
    pub status: u16,
    /// The API's code (`VM-120`), where it has one.
    pub code: Option<String>,
    /// What it said, cleaned and cut.
    pub message: String,
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.code, self.message.is_empty()) {
            (Some(code), false) => write!(f, "{} ({code})", self.message),
            (Some(code), true) => write!(f, "{code}"),
            (None, false) => f.write_str(&self.message),
            (None, true) => write!(f, "HTTP {}", self.status),
        }
    }
}

impl Error {
    /// What this kind of cloud has no such thing as. Policy says no before anything gets here.
    pub(in crate::clouds) fn unsupported(what: &str) -> Self {
        Self::Rejected(Rejection {
            status: 405,
            code: None,
            message: format!("this kind of cloud has no {}", what.to_lowercase()),
        })
    }

    /// Whether the request can have been executed. An answer in the 4xx range, and a request that never left, prove that it was
    /// not; silence, a broken answer and a 5xx prove nothing.
    #[must_use]
    pub fn execution(&self) -> Execution {
        match self {
            Self::Unreachable { .. }
            | Self::SignIn(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::NeedsForce(_)
            | Self::Rejected(_)
            | Self::Link(_)
            | Self::Secret(_) => Execution::No,
            Self::Unavailable { status, .. } if *status < 500 => Execution::No,
            Self::NoAnswer(_) | Self::Unavailable { .. } | Self::Protocol(_) => Execution::Maybe,
        }
    }

    /// Whether signing in again may help.
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        matches!(self, Self::SignIn(_))
    }

    /// Whether the cloud as a whole does not answer (as opposed to saying no to one request).
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::NoAnswer(_) | Self::Unavailable { .. }
        )
    }

    /// How long the server asks to wait before the next request.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
