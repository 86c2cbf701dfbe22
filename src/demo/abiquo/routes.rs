//! The addresses of the API.

use super::metrics::METRICS;
use crate::demo::identity::Uuid;

/// A VM's address: virtual datacenter, virtual appliance, VM, as ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VmId(pub u32, pub u32, pub u32);

/// The rack that every host stands in.
pub const RACK: u32 = 2;

/// What an address names. Whether it exists is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Login,
    Role(u32),
    RolePrivileges(u32),
    Locations,
    Location(u32),
    Enterprises,
    Enterprise(u32),
    EnterpriseVms(u32),
    EnterpriseAppliances(u32),
    EnterpriseDatacenters(u32),
    EnterprisePending(u32),
    /// The users of one enterprise, or of all.
    Users(Option<u32>),
    User(u32, u32),
    UserVms(u32, u32),
    UserPending(u32, u32),
    Vms,
    Datacenters,
    Datacenter(u32),
    DatacenterVms(u32),
    DatacenterTasks(u32),
    Appliances(u32),
    Appliance(u32, u32),
    ApplianceState(u32, u32),
    ApplianceTasks(u32, u32),
    ApplianceVms(u32, u32),
    ApplianceDeploy(u32, u32),
    ApplianceUndeploy(u32, u32),
    Vm(VmId),
    VmState(VmId),
    VmReset(VmId),
    VmDeploy(VmId),
    VmUndeploy(VmId),
    VmInstance(VmId),
    VmProtect(VmId),
    VmUnprotect(VmId),
    VmAppMove(VmId),
    VmNotification(VmId),
    VmRelocate(VmId),
    VmRelocateCandidates(VmId),
    VmConsole(VmId),
    VmMetrics(VmId),
    /// One metric, by its position among them.
    VmMetric(VmId, usize),
    /// Switches the metrics on or off.
    VmMonitoring(VmId, bool),
    VmTasks(VmId),
    VmAsyncTasks(VmId),
    VmTask(VmId, Uuid),
    VmTaskAck(VmId, Uuid),
    /// Lets a waiting request run, or rejects it.
    VmTaskReview(VmId, Uuid, bool),
    /// Location, rack and machine, as ids.
    Machine(u32, u32, u32),
    /// The VMs on a machine: location, rack and machine, as ids.
    MachineVms(u32, u32, u32),
    Events,
    Event(u64),
}

impl Resource {
    /// Reads a path such as `/api/cloud/virtualmachines`.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/api/")?;
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        match parts.as_slice() {
            ["login"] => Some(Self::Login),
            ["events"] => Some(Self::Events),
            ["events", event] => Some(Self::Event(event.parse().ok()?)),
            ["admin", rest @ ..] => Self::admin(rest),
            ["cloud", rest @ ..] => Self::cloud(rest),
            _ => None,
        }
    }

    fn admin(parts: &[&str]) -> Option<Self> {
        Some(match *parts {
            ["roles", role] => Self::Role(number(role)?),
            ["roles", role, "action", "privileges"] => Self::RolePrivileges(number(role)?),
            ["datacenters", location, "racks", rack, "machines", machine] => {
                Self::Machine(number(location)?, number(rack)?, number(machine)?)
            }
            [
                "datacenters",
                location,
                "racks",
                rack,
                "machines",
                machine,
                "virtualmachines",
            ] => Self::MachineVms(number(location)?, number(rack)?, number(machine)?),
            ["enterprises"] => Self::Enterprises,
            ["enterprises", "_", "users"] => Self::Users(None),
            ["enterprises", enterprise] => Self::Enterprise(number(enterprise)?),
            ["enterprises", enterprise, "users"] => Self::Users(Some(number(enterprise)?)),
            ["enterprises", enterprise, "users", user] => {
                Self::User(number(enterprise)?, number(user)?)
            }
            ["enterprises", enterprise, "users", user, "action", list] => {
                let (enterprise, user) = (number(enterprise)?, number(user)?);
                match list {
                    "virtualmachines" => Self::UserVms(enterprise, user),
                    "pendingtasks" => Self::UserPending(enterprise, user),
                    _ => return None,
                }
            }
            ["enterprises", enterprise, "action", list] => {
                let enterprise = number(enterprise)?;
                match list {
                    "virtualmachines" => Self::EnterpriseVms(enterprise),
                    "virtualappliances" => Self::EnterpriseAppliances(enterprise),
                    "virtualdatacenters" => Self::EnterpriseDatacenters(enterprise),
                    "pendingtasks" => Self::EnterprisePending(enterprise),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn cloud(parts: &[&str]) -> Option<Self> {
        Some(match *parts {
            ["locations"] => Self::Locations,
            ["locations", location] => Self::Location(number(location)?),
            ["virtualmachines"] => Self::Vms,
            ["virtualdatacenters"] => Self::Datacenters,
            ["virtualdatacenters", datacenter] => Self::Datacenter(number(datacenter)?),
            [
                "virtualdatacenters",
                datacenter,
                "action",
                "virtualmachines",
            ] => Self::DatacenterVms(number(datacenter)?),
            ["virtualdatacenters", datacenter, "tasks"] => {
                Self::DatacenterTasks(number(datacenter)?)
            }
            ["virtualdatacenters", datacenter, "virtualappliances"] => {
                Self::Appliances(number(datacenter)?)
            }
            [
                "virtualdatacenters",
                datacenter,
                "virtualappliances",
                appliance,
                ref rest @ ..,
            ] => Self::in_appliance(number(datacenter)?, number(appliance)?, rest)?,
            _ => return None,
        })
    }

    fn in_appliance(datacenter: u32, appliance: u32, parts: &[&str]) -> Option<Self> {
        Some(match *parts {
            [] => Self::Appliance(datacenter, appliance),
            ["state"] => Self::ApplianceState(datacenter, appliance),
            ["tasks"] => Self::ApplianceTasks(datacenter, appliance),
            ["virtualmachines"] => Self::ApplianceVms(datacenter, appliance),
            ["action", "deploy"] => Self::ApplianceDeploy(datacenter, appliance),
            ["action", "undeploy"] => Self::ApplianceUndeploy(datacenter, appliance),
            ["virtualmachines", vm, ref rest @ ..] => {
                Self::in_vm(VmId(datacenter, appliance, number(vm)?), rest)?
            }
            _ => return None,
        })
    }

    fn in_vm(vm: VmId, parts: &[&str]) -> Option<Self> {
        Some(match *parts {
            [] => Self::Vm(vm),
            ["state"] => Self::VmState(vm),
            ["action", "reset"] => Self::VmReset(vm),
            ["action", "protect"] => Self::VmProtect(vm),
            ["action", "unprotect"] => Self::VmUnprotect(vm),
            ["action", "deploy"] => Self::VmDeploy(vm),
            ["action", "undeploy"] => Self::VmUndeploy(vm),
            ["action", "instance"] => Self::VmInstance(vm),
            ["action", "vappmove"] => Self::VmAppMove(vm),
            ["action", "notification"] => Self::VmNotification(vm),
            ["action", "relocate"] => Self::VmRelocate(vm),
            ["action", "relocatecandidates"] => Self::VmRelocateCandidates(vm),
            ["config", "rdpaccess"] => Self::VmConsole(vm),
            ["metrics"] => Self::VmMetrics(vm),
            ["metrics", name] => Self::VmMetric(vm, metric(name)?),
            ["enablemonitoring"] => Self::VmMonitoring(vm, true),
            ["disablemonitoring"] => Self::VmMonitoring(vm, false),
            ["tasks"] => Self::VmTasks(vm),
            ["asynctasks"] => Self::VmAsyncTasks(vm),
            ["tasks", task] => Self::VmTask(vm, task.parse().ok()?),
            ["tasks", task, "action", "ack"] => Self::VmTaskAck(vm, task.parse().ok()?),
            ["tasks", task, "action", "continue"] => {
                Self::VmTaskReview(vm, task.parse().ok()?, true)
            }
            ["tasks", task, "action", "cancel"] => {
                Self::VmTaskReview(vm, task.parse().ok()?, false)
            }
            _ => return None,
        })
    }

    /// The methods that it takes.
    pub fn methods(self) -> &'static str {
        match self {
            Self::Vm(_) => "GET, DELETE",
            Self::VmState(_) => "GET, PUT",
            Self::Appliances(_) => "GET, POST",
            Self::Appliance(..) => "GET, PUT, DELETE",
            Self::VmReset(_)
            | Self::VmDeploy(_)
            | Self::VmUndeploy(_)
            | Self::VmInstance(_)
            | Self::VmProtect(_)
            | Self::VmUnprotect(_)
            | Self::VmAppMove(_)
            | Self::VmNotification(_)
            | Self::VmRelocate(_)
            | Self::VmMonitoring(..)
            | Self::VmTaskAck(..)
            | Self::VmTaskReview(..)
            | Self::ApplianceDeploy(..)
            | Self::ApplianceUndeploy(..) => "POST",
            _ => "GET",
        }
    }
}

fn metric(name: &str) -> Option<usize> {
    METRICS.iter().position(|metric| metric.name == name)
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_others_lead_nowhere() {
        let vm = VmId(2, 11, 501);
        let path = "/api/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501";
        let at = |tail: &str| Resource::parse(&format!("{path}{tail}"));
        assert_eq!(at(""), Some(Resource::Vm(vm)));
        assert_eq!(at("/state"), Some(Resource::VmState(vm)));
        assert_eq!(at("/action/protect"), Some(Resource::VmProtect(vm)));
        assert_eq!(at("/action/deploy"), Some(Resource::VmDeploy(vm)));
        assert_eq!(at("/action/clone"), None);
        assert_eq!(at("/tasks/not-a-uuid"), None);
        assert_eq!(
            Resource::parse("/api/admin/enterprises/_/users"),
            Some(Resource::Users(None))
        );
        assert_eq!(
            Resource::parse("/api/cloud/virtualmachines/"),
            Some(Resource::Vms)
        );
        assert_eq!(Resource::parse("/cloud/virtualmachines"), None);
        assert_eq!(Resource::parse("/api/cloud/virtualdatacenters/-1"), None);
    }
}
