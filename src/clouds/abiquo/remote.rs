//! How the screen of a VM is reached: what the VM itself says, and what its `rdpaccess` link answers. That answer is a plain text up
//! to 4.x, and from 5.x on an object whose members no document names: it is read for what looks like an address.

mod found;

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::StatusCode;

use super::Abiquo;
use super::calls::{Call, Media};
use crate::clouds::body::is_html;
use crate::clouds::http::Route;
use crate::clouds::{Error, Result};
use crate::model::text::clean_name;
use crate::model::{RemoteAccess, Revealed, Vm};

use found::Found;

const CONSOLE: Media = Media::Abiquo("virtualmachineconsole");

impl Abiquo {
    /// Asks for the screen of a VM; the cloud makes an event of that. The password is taken only where somebody wants to see it.
    pub(super) async fn read_screen(&self, vm: &Vm, reveal: bool) -> Result<RemoteAccess> {
        let body = self.read_body(vm).await?;
        let wire = Self::its_own(vm, &body)?;
        let host = wire.vdrp_ip.get().and_then(found::host);
        let link = wire.links.find("rdpaccess");
        let route = link.and_then(|link| self.http.origin().route(link.href.get()?).ok());
        let kind = link.and_then(|link| link.kind.get()).unwrap_or_default();
        let asked = match route {
            Some(route) => self.ask_screen(route, kind, reveal).await,
            None => Ok(Found::default()),
        };
        let found = match asked {
            Ok(found) => found,
            // The VM itself has said where it is.
            Err(_) if host.is_some() => Found::default(),
            Err(error) => return Err(error),
        };
        let own = wire.password.0.as_deref();
        let password = found
            .password
            .as_deref()
            .or(own)
            .filter(|password| !password.is_empty());
        let knows = own.is_some() || found.password.is_some() || found.asks_password;
        // The host and the port of one source belong together.
        let (host, port) = match found.host {
            Some(host) => (Some(host), found.port),
            None => {
                let port = wire.vdrp_port.0.and_then(|port| u16::try_from(port).ok());
                (host, found.port.or(port.filter(|port| *port > 0)))
            }
        };
        Ok(RemoteAccess {
            protocol: found.protocol,
            host,
            port,
            url: found.url,
            has_password: knows.then_some(password.is_some() || found.asks_password),
            password: password
                .filter(|_| reveal)
                .map(|password| Revealed::new(&clean_name(password))),
        })
    }

    async fn ask_screen(&self, route: Route, kind: &str, reveal: bool) -> Result<Found> {
        let accept = if kind.trim().starts_with("text/plain") {
            Media::Text
        } else {
            CONSOLE
        };
        let call = |accept: Media| {
            Call::get(route.clone(), "virtualmachineconsole")
                .accepting(accept)
                .acting()
        };
        let mut answer = self.call(call(accept)).await;
        if matches!(&answer, Err(Error::Rejected(no)) if no.status == StatusCode::NOT_ACCEPTABLE.as_u16())
        {
            answer = self.call(call(Media::Any)).await;
        }
        let body = answer?.body;
        if is_html(&body) {
            return Err(Error::Protocol(
                "the address of the screen is an HTML page".to_owned(),
            ));
        }
        Ok(found::read(&body, self.http.origin(), reveal))
    }
}

/// A text of the cloud's as a name of a host or an address: of nothing but what those are made of.
fn host(text: &str) -> Option<Arc<str>> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Some(Arc::from(bare));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = !text.is_empty() && text.len() <= 253 && text.chars().all(fits);
    is_name.then(|| Arc::from(text))
}
