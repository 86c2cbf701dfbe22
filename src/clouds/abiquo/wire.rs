//! What travels between Abiquo and this program, exactly, and as forgiving as can be: every field may be missing, null, of another
//! type or unknown. What a value means is the business of [`super::mapping`].

pub mod entries;
pub mod metric;
pub mod request;
pub(super) use crate::clouds::lenient;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use lenient::{Flag, Int, Many, Object, Text};

/// A link: a relation, an address, a title, a media type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Link<'a> {
    /// What it leads to: `edit`, `state`, `nic0`.
    #[serde(borrow)]
    pub rel: Text<'a>,
    /// Where it leads, absolute, perhaps on another host than the one that was asked.
    #[serde(borrow)]
    pub href: Text<'a>,
    /// The name of what it leads to.
    #[serde(borrow)]
    pub title: Text<'a>,
    /// The media type of what it leads to.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
}

/// The links of an object. A relation may stand in it more than once; the first one counts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Links<'a>(#[serde(borrow)] pub Many<Link<'a>>);

impl<'a> Links<'a> {
    /// The first link of a relation.
    pub fn find(&self, rel: &str) -> Option<&Link<'a>> {
        self.0.items.iter().find(|link| link.rel.get() == Some(rel))
    }

    /// The address of the first link of a relation.
    pub fn href(&self, rel: &str) -> Option<&str> {
        self.find(rel)?.href.get()
    }

    /// The title of the first link of a relation.
    pub fn title(&self, rel: &str) -> Option<&str> {
        self.find(rel)?.title.get()
    }
}

/// A list, or one page of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    default,
    rename_all = "camelCase",
    bound(deserialize = "T: Deserialize<'de>, 'de: 'a")
)]
pub struct Collection<'a, T> {
    /// `first`, `previous`, `next`, `last` on paged lists.
    #[serde(borrow)]
    pub links: Links<'a>,
    /// The entries.
    pub collection: Many<T>,
    /// How many there are on all pages, where the server says so.
    pub total_size: Int,
}

impl<T> Default for Collection<'_, T> {
    fn default() -> Self {
        Self {
            links: Links::default(),
            collection: Many::default(),
            total_size: Int::default(),
        }
    }
}

/// A virtual machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VirtualMachine<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub label: Text<'a>,
    #[serde(borrow)]
    pub description: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    /// The state's place in the list of states, from 1.
    pub id_state: Int,
    pub protected: Flag,
    #[serde(borrow)]
    pub protected_cause: Text<'a>,
    /// In no document; taken if it is there.
    #[serde(borrow)]
    pub protected_by: Text<'a>,
    /// In no document; taken if it is there.
    #[serde(borrow)]
    pub protected_user: Text<'a>,
    pub deallocated: Flag,
    /// Whether its metrics are fetched.
    pub monitored: Flag,
    /// `MANAGED`, `CAPTURED` or `NOT_MANAGED`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// 1 for an imported one.
    pub id_type: Int,
    pub cpu: Int,
    /// MiB.
    pub ram: Int,
    /// Milliseconds since 1970.
    pub creation_timestamp: Int,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// Anything of which only its id, its name and its links matter: a virtual datacenter, a tenant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Named<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// A host that a VM can be moved to. Entries of lists leave much of it out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Machine<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub ip: Text<'a>,
    #[serde(borrow)]
    pub manager_ip: Text<'a>,
    pub virtual_cpu_cores: Int,
    pub virtual_cpus_used: Int,
    /// MiB.
    pub virtual_ram_in_mb: Int,
    /// MiB.
    pub virtual_ram_used_in_mb: Int,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// How the screen of a VM is reached, as the VM itself has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Screen<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow, rename = "vdrpIP")]
    pub vdrp_ip: Text<'a>,
    /// 0 while there is none.
    pub vdrp_port: Int,
    /// The screen's password, in clear.
    #[serde(borrow)]
    pub password: Text<'a>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// A virtual appliance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VirtualAppliance<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    pub restricted: Flag,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// The answer to the sign-in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    #[serde(borrow)]
    pub nick: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub surname: Text<'a>,
    /// There when it was asked for with `expand=privileges` and the server knows that.
    #[serde(borrow)]
    pub privileges: Object<Collection<'a, Privilege<'a>>>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// A privilege; its id differs between installations.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Privilege<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// A task. It counts seconds, unlike virtual machines.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Task<'a> {
    #[serde(borrow)]
    pub task_id: Text<'a>,
    #[serde(borrow)]
    pub user_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// The id of the virtual machine.
    #[serde(borrow)]
    pub owner_id: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    /// Seconds since 1970.
    pub creation_timestamp: Int,
    /// Seconds since 1970.
    pub timestamp: Int,
    #[serde(borrow)]
    pub jobs: Object<Collection<'a, Job<'a>>>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// A step of a task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Job<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub description: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    #[serde(borrow)]
    pub rollback_state: Text<'a>,
}

/// The answer to an action that was taken: links to follow (`status`), or the task itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AcceptedRequest<'a> {
    /// Only when the server answers with the task itself.
    #[serde(borrow)]
    pub task_id: Text<'a>,
    #[serde(borrow)]
    pub links: Links<'a>,
}

/// One entry of an error body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ErrorEntry<'a> {
    #[serde(borrow)]
    pub code: Text<'a>,
    #[serde(borrow)]
    pub message: Text<'a>,
}

/// An event, in the shape since 4.7 and in the one before, whose fields have other names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// ISO 8601, or a number.
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    #[serde(borrow)]
    pub severity: Text<'a>,
    #[serde(borrow)]
    pub links: Links<'a>,

    // Since 4.7.
    #[serde(borrow)]
    pub entity: Text<'a>,
    #[serde(borrow)]
    pub action: Text<'a>,
    #[serde(borrow)]
    pub message: Text<'a>,
    #[serde(borrow)]
    pub entity_name: Text<'a>,
    #[serde(borrow, rename = "entityURI")]
    pub entity_uri: Text<'a>,
    #[serde(borrow)]
    pub entity_enterprise_name: Text<'a>,
    #[serde(borrow)]
    pub enterprise_name: Text<'a>,
    #[serde(borrow, rename = "entityEnterpriseURI")]
    pub entity_enterprise_uri: Text<'a>,
    #[serde(borrow, rename = "enterpriseURI")]
    pub enterprise_uri: Text<'a>,
    #[serde(borrow)]
    pub user_name: Text<'a>,
    #[serde(borrow)]
    pub error_code: Text<'a>,
    #[serde(borrow)]
    pub error_message: Text<'a>,

    // Up to 4.6.
    #[serde(borrow)]
    pub action_performed: Text<'a>,
    #[serde(borrow)]
    pub component: Text<'a>,
    #[serde(borrow)]
    pub stacktrace: Text<'a>,
    #[serde(borrow)]
    pub performed_by: Text<'a>,
    #[serde(borrow)]
    pub user: Text<'a>,
    #[serde(borrow)]
    pub enterprise: Text<'a>,
    #[serde(borrow)]
    pub id_enterprise: Text<'a>,
    #[serde(borrow)]
    pub datacenter: Text<'a>,
    #[serde(borrow)]
    pub virtual_datacenter: Text<'a>,
    #[serde(borrow)]
    pub virtual_app: Text<'a>,
    #[serde(borrow)]
    pub virtual_machine: Text<'a>,
    #[serde(borrow)]
    pub id_virtual_machine: Text<'a>,
}
