//! What an action is on the wire: method, address, media types and body.

use reqwest::Method;
use serde::Serialize;

use super::calls::Media;
use super::target::Handle;
use super::wire::request::{
    LinkBody, LinksBody, VirtualMachineInstance, VirtualMachineState, VirtualMachineTask,
};
use crate::clouds::error::Rejection;
use crate::clouds::http::Route;
use crate::clouds::{Error, Result};
use crate::model::Action;

/// One change, ready to be sent.
#[derive(Debug)]
pub(super) struct Change {
    pub route: Route,
    pub method: Method,
    pub accept: Media,
    pub content: Option<(Media, Vec<u8>)>,
    /// The kind of the task that it makes; `None` where it makes none.
    pub task: Option<&'static str>,
}

/// The change that an action is. States are put, a VM is deleted, everything else is posted; the reason of a protection is plain
/// text. What a flag passes over is asked for with that flag alone, and only then.
pub(super) fn change(handle: &Handle, action: &Action) -> Result<Change> {
    let state = |state: &'static str, graceful_shutdown: bool, task: &'static str| {
        let body = json(&VirtualMachineState {
            state,
            graceful_shutdown,
        })?;
        Ok(Change {
            route: way(handle, "state")?.clone(),
            method: Method::PUT,
            accept: Media::Abiquo("acceptedrequest"),
            content: Some((Media::Abiquo("virtualmachinestate"), body)),
            task: Some(task),
        })
    };
    // Done when it is answered.
    let post = |rel: &'static str| {
        Ok(Change {
            route: way(handle, rel)?.clone(),
            method: Method::POST,
            accept: Media::Any,
            content: None,
            task: None,
        })
    };
    let begin = |rel: &'static str, task: &'static str| {
        Ok::<_, Error>(Change {
            accept: Media::Abiquo("acceptedrequest"),
            task: Some(task),
            ..post(rel)?
        })
    };
    match action {
        Action::PowerOn => state("ON", false, "POWER_ON"),
        Action::Resume => state("ON", false, "RESUME"),
        Action::PowerOff => state("OFF", false, "POWER_OFF"),
        Action::Shutdown => state("OFF", true, "SHUTDOWN"),
        Action::Pause => state("PAUSED", false, "PAUSE"),
        Action::Reset => begin("reset", "RESET"),
        Action::Protect { reason } => Ok(Change {
            content: Some((Media::Text, reason.clone().into_bytes())),
            ..post("protect")?
        }),
        Action::Unprotect => post("unprotect"),
        // Without a body: with one it is deprecated, and how the flags of the body work has changed.
        Action::Deploy { force } => {
            let deploy = begin("deploy", "DEPLOY")?;
            Ok(Change {
                route: flagged(&deploy.route, &[("force", *force)])?,
                ..deploy
            })
        }
        Action::Undeploy { force } => Ok(Change {
            content: Some((Media::Abiquo("virtualmachinetask"), undeploy(*force)?)),
            ..begin("undeploy", "UNDEPLOY")?
        }),
        Action::Snapshot { name } => {
            let body = json(&VirtualMachineInstance {
                instance_name: name,
            })?;
            Ok(Change {
                content: Some((Media::Abiquo("virtualmachineinstance"), body)),
                ..begin("instance", "INSTANCE")?
            })
        }
        Action::Delete { release, force } => {
            let delete = begin("edit", "DELETE")?;
            Ok(Change {
                method: Method::DELETE,
                route: flagged(&delete.route, &[("force", *force), ("release", *release)])?,
                ..delete
            })
        }
        // Availability says no before anything gets here.
        _ => Err(Error::Rejected(Rejection {
            status: 405,
            code: None,
            message: format!(
                "this console performs no {} on Abiquo",
                action.kind().title().to_lowercase()
            ),
        })),
    }
}

/// The move of a VM to a host, by the link of the host. Inferred: no recorded request has it; that the link's relation is `machine`
/// is what its error says.
pub(super) fn relocation(handle: &Handle, host: LinkBody) -> Result<Change> {
    let body = json(&LinksBody { links: vec![host] })?;
    Ok(Change {
        route: way(handle, "relocate")?.clone(),
        method: Method::POST,
        accept: Media::Abiquo("acceptedrequest"),
        content: Some((Media::Abiquo("links"), body)),
        task: Some("RELOCATE"),
    })
}

/// The body of an undeploy, of a VM or of all VMs of an appliance.
pub(super) fn undeploy(force_undeploy: bool) -> Result<Vec<u8>> {
    json(&VirtualMachineTask { force_undeploy })
}

pub(super) fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|error| Error::Protocol(error.to_string()))
}

/// Where a relation leads.
///
/// # Errors
/// [`Error::NotFound`] where the VM does not have it.
pub(super) fn way<'h>(handle: &'h Handle, rel: &str) -> Result<&'h Route> {
    let missing = || {
        Error::NotFound(match rel {
            "relocate" | "relocatecandidates" => {
                "the cloud offers no relocation of this VM; its hypervisor may not be able to move it"
                    .to_owned()
            }
            _ => format!("the cloud offers no {rel} for this VM"),
        })
    };
    handle.route(rel).ok_or_else(missing)
}

/// An address with those flags that are set, as parameters.
pub(super) fn flagged(route: &Route, flags: &[(&str, bool)]) -> Result<Route> {
    let set: Vec<String> = flags
        .iter()
        .filter(|(_, set)| *set)
        .map(|(flag, _)| format!("{flag}=true"))
        .collect();
    if set.is_empty() {
        return Ok(route.clone());
    }
    let joint = if route.as_str().contains('?') {
        '&'
    } else {
        '?'
    };
    Route::new(&format!("{}{joint}{}", route.as_str(), set.join("&")))
}
