//! The links of a VM that differ by its own address alone (4). They are most of what a page of VMs is made of, so
//! all that can be written ahead is.

/// The links that differ by the VM's own address alone: what stands before the address, and what after it.
macro_rules! own_links {
    ($(($title:literal, $rel:literal, $media:literal, $tail:literal)),* $(,)?) => {
        &[$((
            concat!("{\"title\":\"", $title, "\",\"rel\":\"", $rel, "\",\"type\":\"", $media, "\",\"href\":\""),
            concat!($tail, "\"}"),
        )),*]
    };
}

/// Links of every version.
pub(super) const OWN_LINKS: &[(&str, &str)] = own_links![
    (
        "metadata",
        "metadata",
        "application/vnd.abiquo.metadata+json",
        "/metadata"
    ),
    (
        "vlan network configurations",
        "configurations",
        "application/vnd.abiquo.virtualmachinenetworkconfigurations+json",
        "/network/configurations"
    ),
    (
        "nics",
        "nics",
        "application/vnd.abiquo.nics+json",
        "/network/nics"
    ),
    (
        "disks",
        "harddisks",
        "application/vnd.abiquo.harddisks+json",
        "/storage/disks"
    ),
    (
        "volumes",
        "volumes",
        "application/vnd.abiquo.volumes+json",
        "/storage/volumes"
    ),
    (
        "virtual machine undeploy",
        "undeploy",
        "application/vnd.abiquo.acceptedrequest+json",
        "/action/undeploy"
    ),
    (
        "virtual machine deploy",
        "deploy",
        "application/vnd.abiquo.acceptedrequest+json",
        "/action/deploy"
    ),
    (
        "virtual machine reset",
        "reset",
        "application/vnd.abiquo.acceptedrequest+json",
        "/action/reset"
    ),
    (
        "virtual machine snapshot",
        "instance",
        "application/vnd.abiquo.acceptedrequest+json",
        "/action/instance"
    ),
    (
        "tasks",
        "tasks",
        "application/vnd.abiquo.tasks+json",
        "/tasks"
    ),
    (
        "firewalls",
        "firewalls",
        "application/vnd.abiquo.links+json",
        "/firewalls"
    ),
    (
        "load balancers",
        "loadbalancers",
        "application/vnd.abiquo.loadbalancers+json",
        "/loadbalancers"
    ),
    ("protect", "protect", "text/plain", "/action/protect"),
    ("unprotect", "unprotect", "text/plain", "/action/unprotect"),
    (
        "metricsmetadata",
        "metricsmetadata",
        "application/vnd.abiquo.metricsmetadata+json",
        "/metrics"
    ),
    (
        "collectd",
        "collectd",
        "application/json",
        "/metrics/collectd"
    ),
];

/// Links that came with 5.0 (14).
pub(super) const LINKS_SINCE_5: &[(&str, &str)] = own_links![
    (
        "remote access",
        "rdpaccess",
        "application/vnd.abiquo.virtualmachineconsole+json",
        "/config/rdpaccess"
    ),
    (
        "alarmssearch",
        "alarmssearch",
        "application/vnd.abiquo.alarms+json",
        "/alarms"
    ),
    (
        "request on demand backup",
        "requestbackup",
        "application/vnd.abiquo.ondemandbackup+json",
        "/backup/action/request"
    ),
    (
        "request a restore of a backup",
        "requestrestore",
        "application/vnd.abiquo.restore+json",
        "/backup/action/restore"
    ),
    (
        "move VM to a virtual appliance",
        "vappmove",
        "application/vnd.abiquo.links+json",
        "/action/vappmove"
    ),
    (
        "move VM to another virtual datacenter",
        "move",
        "application/vnd.abiquo.movevm+json",
        "/action/move"
    ),
    (
        "clone",
        "clone",
        "application/vnd.abiquo.virtualmachinecloneoptions+json",
        "/action/clone"
    ),
];

/// Links that were other ones before 5.0 (14).
pub(super) const LINKS_BEFORE_5: &[(&str, &str)] = own_links![
    (
        "remote access",
        "rdpaccess",
        "text/plain",
        "/config/rdpaccess"
    ),
    (
        "alarms",
        "alarms",
        "application/vnd.abiquo.alarms+json",
        "/alarms"
    ),
    (
        "metrics",
        "metrics",
        "application/vnd.abiquo.metrics+json",
        "/metrics"
    ),
];

/// Switches the metrics on, of a VM whose metrics are not fetched.
pub(super) const ENABLE_MONITORING: &[(&str, &str)] = own_links![(
    "enablemonitoring",
    "enablemonitoring",
    "",
    "/enablemonitoring"
)];

/// Switches them off again.
pub(super) const DISABLE_MONITORING: &[(&str, &str)] = own_links![(
    "disablemonitoring",
    "disablemonitoring",
    "",
    "/disablemonitoring"
)];

/// Links of a VM that can be moved to another host (11).
pub(super) const RELOCATION: &[(&str, &str)] = own_links![
    (
        "machines to relocate to",
        "relocatecandidates",
        "application/vnd.abiquo.machines+json",
        "/action/relocatecandidates"
    ),
    (
        "relocate",
        "relocate",
        "application/vnd.abiquo.links+json",
        "/action/relocate"
    ),
];
