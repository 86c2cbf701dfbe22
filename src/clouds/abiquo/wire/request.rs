//! The bodies that are sent, exactly.

use serde::Serialize;

/// The body of a change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualMachineState {
    /// `ON`, `OFF` or `PAUSED`; the server takes no other.
    pub state: &'static str,
    /// Whether the guest is asked first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub graceful_shutdown: bool,
}

/// The body of an undeploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualMachineTask {
    /// Although data is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub force_undeploy: bool,
}

/// The body of a copy of a VM's disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualMachineInstance<'a> {
    /// What the copy is called.
    pub instance_name: &'a str,
}

/// A body that is nothing but links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinksBody {
    /// Where to.
    pub links: Vec<LinkBody>,
}

/// A link that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub rel: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As the server writes it.
    pub href: String,
}

/// The body of a new appliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewVirtualAppliance<'a> {
    pub name: &'a str,
    pub icon_url: &'a str,
    pub description: &'a str,
    pub restricted: bool,
}
