//! What travels between an SCloudM gateway and this program, as forgiving as can be: every field may be missing, null, of another type or
//! unknown. What a value means is the business of [`super::mapping`].

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::clouds::lenient::{Int, Many, Object, Text};

/// The answer to a sign-in: the token stands in `access` (v2) or at the top (v3).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenAnswer<'a> {
    #[serde(borrow)]
    pub access: Object<Access<'a>>,
    #[serde(borrow)]
    pub token: Object<Token<'a>>,
}

/// The `access` of Keystone v2.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Access<'a> {
    #[serde(borrow)]
    pub token: Object<Token<'a>>,
    #[serde(borrow)]
    pub user: Object<User<'a>>,
}

/// A token and its end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Token<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub expires: Text<'a>,
    #[serde(borrow)]
    pub expires_at: Text<'a>,
}

/// Who signed in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    #[serde(borrow)]
    pub username: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// The regions and tenants of a user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RegionTenant<'a> {
    #[serde(borrow)]
    regions: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tenants: Many<Tenant<'a>>,
}

impl<'a> RegionTenant<'a> {
    /// The names of the regions; what is no list of texts counts as none.
    pub fn regions(&self) -> Vec<Text<'a>> {
        self.regions.map(list).unwrap_or_default()
    }
}

/// A tenant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tenant<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// A slice of the list of VMs: the gateway's own `vm_servers`, or Nova's `servers`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Slice<'a> {
    #[serde(borrow)]
    vm_servers: Option<&'a RawValue>,
    #[serde(borrow)]
    servers: Option<&'a RawValue>,
}

/// One entry of a slice.
pub struct Entry<'a> {
    /// The VM; `None` for an entry that is no object.
    pub server: Option<Server<'a>>,
    /// The entry as it came.
    pub raw: &'a RawValue,
}

/// A VM in one of the two forms.
pub enum Server<'a> {
    /// As the gateway lists it.
    Gateway(Instance<'a>),
    /// As Nova lists it.
    Nova(NovaServer<'a>),
}

impl<'a> Slice<'a> {
    /// The entries, those that are no objects included: a slice is as long as the server made it. `None` for an answer that is no list of
    /// VMs.
    pub fn entries(&self) -> Option<Vec<Entry<'a>>> {
        let entries = |raws: Vec<&'a RawValue>, read: fn(&'a str) -> Option<Server<'a>>| {
            let entry = |raw: &'a RawValue| Entry {
                server: read(raw.get()),
                raw,
            };
            raws.into_iter().map(entry).collect()
        };
        match (self.vm_servers, self.servers) {
            (Some(own), _) => Some(entries(list(own), |raw| object(raw).map(Server::Gateway))),
            (None, Some(nova)) => Some(entries(list(nova), |raw| object(raw).map(Server::Nova))),
            (None, None) => None,
        }
    }
}

/// A VM as the gateway lists it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Instance<'a> {
    #[serde(borrow)]
    pub instance_id: Text<'a>,
    #[serde(borrow)]
    pub instance_name: Text<'a>,
    pub cpu_num: Int,
    /// GiB, rounded down: 0 is less than one.
    pub mem_size: Int,
    /// Addresses joined by commas, in spite of the name.
    #[serde(borrow)]
    pub lan_ip_set: Text<'a>,
    #[serde(borrow)]
    pub wan_ip_set: Text<'a>,
    #[serde(borrow)]
    pub status: Text<'a>,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    #[serde(borrow)]
    pub create_at: Text<'a>,
    /// Likewise; when Nova last changed the VM.
    #[serde(borrow)]
    pub update_at: Text<'a>,
}

/// A VM as Nova lists it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NovaServer<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub status: Text<'a>,
    #[serde(borrow)]
    pub created: Text<'a>,
    #[serde(borrow)]
    pub updated: Text<'a>,
    #[serde(borrow)]
    addresses: Option<&'a RawValue>,
}

impl<'a> NovaServer<'a> {
    /// The networks by name, each with its addresses.
    pub fn addresses(&self) -> BTreeMap<String, Many<NovaAddress<'a>>> {
        let read = |raw: &'a RawValue| serde_json::from_str(raw.get()).ok();
        self.addresses.and_then(read).unwrap_or_default()
    }
}

/// An address of Nova's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NovaAddress<'a> {
    #[serde(borrow)]
    pub addr: Text<'a>,
}

/// What the gateway says about a request: of its own, of the VM, and in several shapes when it says no.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Verdict<'a> {
    pub code: Int,
    #[serde(borrow)]
    pub msg: Text<'a>,
    #[serde(borrow)]
    pub reason: Text<'a>,
    #[serde(borrow)]
    pub error: Text<'a>,
    #[serde(borrow)]
    pub detail: Many<Detail<'a>>,
}

/// What Nova said about one VM. `code` is Nova's HTTP status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Detail<'a> {
    pub code: Int,
    #[serde(borrow)]
    pub msg: Text<'a>,
    #[serde(borrow)]
    pub reason: Text<'a>,
}

/// Where the screen of a VM is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConsoleAnswer<'a> {
    #[serde(borrow)]
    pub data: Object<ConsoleData<'a>>,
}

/// See [`ConsoleAnswer`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConsoleData<'a> {
    #[serde(borrow)]
    pub console: Object<Console<'a>>,
}

/// See [`ConsoleAnswer`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Console<'a> {
    #[serde(borrow)]
    pub url: Text<'a>,
}

/// The entries of a list; none where it is no list.
fn list<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Vec<T> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn object<'a, T: Deserialize<'a>>(raw: &'a str) -> Option<T> {
    serde_json::from_str::<Object<T>>(raw).ok()?.0
}
