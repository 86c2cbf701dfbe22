//! The hosts that servers can be moved to, and how a server's screen is reached.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::try_join;
use reqwest::Method;
use serde_json::json;

use super::calls::{Call, To};
use super::mapping::own;
use super::refusal::if_allowed;
use super::versions::Microversion;
use super::{Openstack, wire};
use crate::clouds::body::decode;
use crate::clouds::http::Lane;
use crate::clouds::{Error, Result};
use crate::model::text::clean_document;
use crate::model::{Host, RemoteAccess, Vm};

/// The screens that Nova knows, in the order in which they are asked for.
const SCREENS: &[(&str, &str)] = &[
    ("vnc", "novnc"),
    ("spice", "spice-html5"),
    ("serial", "serial"),
    ("mks", "webmks"),
];

/// The longest address of a screen, in bytes.
const MAX_URL: usize = 2_048;
/// The lines of a console that are asked for, and the bytes of them that are kept.
const LOG_LINES: u32 = 1_000;
const MAX_LOG: usize = 256 * 1024;

impl Openstack {
    /// The hosts that take servers now, but for the one that it is on.
    ///
    /// # Errors
    /// [`Error::Forbidden`] to whoever is no administrator, in the cloud's words.
    pub(super) async fn hosts_for(&self, vm: &Vm) -> Result<Vec<Host>> {
        let (place, _) = self.find(vm)?;
        let services = Call::list(To::Compute, "/os-services?binary=nova-compute", Lane::Act);
        let hypervisors = Call::list(To::Compute, "/os-hypervisors/detail", Lane::Act);
        let (services, hypervisors) = try_join(self.call(&place, &services), async {
            if_allowed(self.call(&place, &hypervisors).await)
        })
        .await?;
        let services: wire::ComputeServices<'_> = decode(&services.body, "the list of hosts")?;
        let known: wire::Hypervisors<'_> = match &hypervisors {
            Some(answer) => decode(&answer.body, "the list of hypervisors")?,
            None => wire::Hypervisors::default(),
        };
        let mut sizes: HashMap<&str, &wire::Hypervisor<'_>> = HashMap::new();
        for hypervisor in &known.hypervisors.items {
            let service = hypervisor.service.0.as_ref();
            if let Some(host) = service.and_then(|service| service.host.get()) {
                sizes.insert(host, hypervisor);
            }
        }
        let takes = |service: &&wire::ComputeService<'_>| {
            service.state.get() == Some("up")
                && service.status.get() == Some("enabled")
                && service.host.get() != vm.host.as_deref()
        };
        let takers = services.services.items.iter().filter(takes);
        Ok(takers
            .filter_map(|service| {
                host(
                    service,
                    service.host.get().and_then(|host| sizes.get(host)).copied(),
                )
            })
            .collect())
    }

    /// The last lines of a server's console.
    pub(super) async fn written(&self, vm: &Vm) -> Result<String> {
        let (place, server) = self.find(vm)?;
        let body = json!({"os-getConsoleOutput": {"length": LOG_LINES}});
        let path = format!("/servers/{server}/action");
        let call = Call::change(Method::POST, path, Some(&body));
        let answer = self.call(&place, &call).await?;
        let told: wire::ConsoleOutput<'_> = decode(&answer.body, "the console log")?;
        Ok(clean_document(
            told.output.get().unwrap_or_default(),
            MAX_LOG,
        ))
    }

    /// The address of a server's screen, made now. It lets in whoever has it, for a few minutes.
    pub(super) async fn screen(&self, vm: &Vm) -> Result<RemoteAccess> {
        let (place, server) = self.find(vm)?;
        if self.version(&place, Lane::Act).await? < Microversion::CONSOLES {
            return Err(Error::unsupported("way to a screen in this version"));
        }
        let mut refused = None;
        for (protocol, kind) in SCREENS {
            let body = json!({"remote_console": {"protocol": protocol, "type": kind}});
            let path = format!("/servers/{server}/remote-consoles");
            let call = Call::change(Method::POST, path, Some(&body));
            let answer = match self.call(&place, &call).await {
                Ok(answer) => answer,
                // This cloud has screens of another kind.
                Err(error @ (Error::Rejected(_) | Error::NotFound(_))) => {
                    refused = refused.or(Some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let told: wire::Console<'_> = decode(&answer.body, "the address of the screen")?;
            let told = told.remote_console.0.unwrap_or_default();
            return Ok(RemoteAccess {
                protocol: own(told.protocol.get()),
                url: address(told.url.get()),
                ..RemoteAccess::default()
            });
        }
        Err(refused.unwrap_or_else(|| Error::unsupported("screen")))
    }
}

fn host(service: &wire::ComputeService<'_>, size: Option<&wire::Hypervisor<'_>>) -> Option<Host> {
    let name = own(service.host.get())?;
    let cpu = |number: Option<i64>| u32::try_from(number?).ok();
    let mib = |number: Option<i64>| u64::try_from(number?).ok();
    Some(Host {
        id: name.clone(),
        name,
        cluster: own(service.zone.get()),
        address: size.and_then(|size| own(size.host_ip.get())),
        cpus: size.and_then(|size| Some((cpu(size.vcpus_used.0)?, cpu(size.vcpus.0)?))),
        ram_mib: size.and_then(|size| Some((mib(size.memory_mb_used.0)?, mib(size.memory_mb.0)?))),
    })
}

/// An address that a browser, or a viewer of serial consoles, can open.
fn address(url: Option<&str>) -> Option<Arc<str>> {
    let url = url?.trim();
    let parsed = url::Url::parse(url).ok()?;
    let right = matches!(parsed.scheme(), "http" | "https" | "ws" | "wss");
    (right && url.len() <= MAX_URL).then(|| Arc::from(parsed.as_str()))
}
