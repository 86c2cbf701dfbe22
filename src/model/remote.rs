//! Where the screen of a VM can be seen, and with which password.

use std::fmt;
use std::sync::Arc;

/// A password that a person asked to see. Its content shows in no `Debug`; it is kept as long as it is shown, and never written down.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(Arc<str>);

impl Revealed {
    /// A password as the cloud told it.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(Arc::from(password))
    }

    /// The password itself, for the screen of the person who asked.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(…)")
    }
}

/// How the screen of a VM is reached. The URL may let in whoever has it, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RemoteAccess {
    /// What speaks there: `vnc`, `rdp`, `spice`.
    pub protocol: Option<Arc<str>>,
    /// Host name or address.
    pub host: Option<Arc<str>>,
    /// TCP port.
    pub port: Option<u16>,
    /// An address for a browser, or one that says it all (`vnc://10.0.0.5:5901`).
    pub url: Option<Arc<str>>,
    /// Whether it asks for a password that the cloud knows; `None` where the cloud does not say.
    pub has_password: Option<bool>,
    /// The password, when it was asked for.
    pub password: Option<Revealed>,
}

impl fmt::Debug for RemoteAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteAccess")
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("has_url", &self.url.is_some())
            .field("has_password", &self.has_password)
            .finish_non_exhaustive()
    }
}

impl RemoteAccess {
    /// What is reached at an address that says it all, or nowhere.
    #[must_use]
    pub fn at(url: Option<Arc<str>>) -> Self {
        Self {
            url,
            ..Self::default()
        }
    }

    /// The address as one text, for copying: the URL, else protocol, host and port as far as they are known.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        if let Some(url) = &self.url {
            return Some(url.to_string());
        }
        let host = self.host.as_deref()?;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let protocol = self
            .protocol
            .as_deref()
            .map_or_else(String::new, |protocol| format!("{protocol}://"));
        let port = self
            .port
            .map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{protocol}{host}{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_url_else_what_is_known_of_it() {
        let of = |protocol: Option<&str>, host: Option<&str>, port, url: Option<&str>| {
            let access = RemoteAccess {
                protocol: protocol.map(Into::into),
                host: host.map(Into::into),
                port,
                url: url.map(Into::into),
                ..RemoteAccess::default()
            };
            access.address().unwrap_or_default()
        };
        assert_eq!(of(Some("vnc"), Some("h"), Some(5901), None), "vnc://h:5901");
        assert_eq!(of(None, Some("fe80::1"), Some(1), None), "[fe80::1]:1");
        assert_eq!(of(None, Some("h"), None, Some("https://x/")), "https://x/");
        assert_eq!(of(Some("vnc"), None, Some(5901), None), "");
    }

    #[test]
    fn a_revealed_password_shows_to_nobody_but_who_asked() {
        let access = RemoteAccess {
            password: Some(Revealed::new("hunter2")),
            url: Some("https://screen/?token=swordfish".into()),
            ..RemoteAccess::default()
        };
        let shown = format!("{access:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("swordfish"));
        assert_eq!(
            access.password.as_ref().map(Revealed::expose),
            Some("hunter2")
        );
    }
}
