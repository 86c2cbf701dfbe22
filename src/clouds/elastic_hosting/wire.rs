//! What travels between Elastic Hosting and this program, as forgiving as can be: every field but a VM's uuid may be missing, null, of
//! another type or unknown. What a value means is the business of [`super::mapping`].

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::clouds::Result;
use crate::clouds::body::{decode, decode_any};
use crate::clouds::lenient::{Flag, Int, Many, Object, Text};

/// What stands around every answer of the documents. Some chapters print their answers without it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope<'a> {
    /// 0 is success; anything else is a failure, whatever the HTTP status.
    pub errno: Int,
    /// What the server says about it.
    #[serde(borrow)]
    pub message: Text<'a>,
}

/// A virtual machine.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Vm<'a> {
    /// A uuid, or a number.
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub state: Text<'a>,
    /// The operating system, often `unknown`.
    #[serde(borrow)]
    pub os: Text<'a>,
    #[serde(borrow)]
    pub hardware_profile_uuid: Text<'a>,
    #[serde(borrow)]
    pub vnc_ip_address: Text<'a>,
    /// A text, or a number.
    pub vnc_port: Int,
    pub vnc_enabled: Flag,
    /// Beside the documents: one address.
    #[serde(borrow)]
    pub ip_address: Text<'a>,
    #[serde(borrow)]
    pub interfaces: Many<Interface<'a>>,
    #[serde(borrow)]
    pub tags: Words<'a>,
    /// The name that OpenStack underneath has for it; in the vendor's emulator alone.
    #[serde(borrow)]
    pub nova_id: Text<'a>,
}

/// A network interface of a VM.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Interface<'a> {
    /// Empty or `127.0.0.1` where there is none.
    #[serde(borrow)]
    pub ip: Text<'a>,
    /// The network's uuid.
    #[serde(borrow)]
    pub network: Text<'a>,
    #[serde(borrow)]
    pub network_name: Text<'a>,
}

/// Texts of a list; nothing where it is no list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Words<'a> {
    /// The entries, whatever they are.
    List(#[serde(borrow)] Vec<Text<'a>>),
    /// Something else.
    Other(IgnoredAny),
}

impl Default for Words<'_> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// The answer about one VM.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OneVm<'a> {
    #[serde(borrow)]
    pub vm: Object<Vm<'a>>,
}

/// A hardware profile: how many CPUs, how much memory.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Template<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    pub cpus: Int,
    /// In MB.
    pub memory: Int,
    #[serde(borrow)]
    pub hypervisor_name: Text<'a>,
}

/// The list of VMs. A list that is missing is not an empty one.
#[derive(Debug, Deserialize)]
pub struct Vms<'a> {
    #[serde(borrow)]
    pub vms: Vec<Object<Vm<'a>>>,
}

/// The list of hardware profiles.
#[derive(Debug, Deserialize)]
pub struct Templates<'a> {
    #[serde(borrow)]
    pub templates: Vec<Object<Template<'a>>>,
}

/// The log of actions, and the transactions that run now.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Logs<'a> {
    #[serde(borrow)]
    pub logs: Many<Log<'a>>,
    #[serde(borrow)]
    pub transactions: Many<Transaction<'a>>,
}

/// One entry of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Log<'a> {
    /// Not documented, but likely.
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub user: Text<'a>,
    /// In no documented format.
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    /// Whether it tells an error.
    pub error: Flag,
    #[serde(borrow)]
    pub message: Text<'a>,
    /// The VM that it is about, under whichever of its likely names.
    #[serde(borrow)]
    pub vm: Text<'a>,
    #[serde(borrow)]
    pub vm_uuid: Text<'a>,
    #[serde(borrow)]
    pub machine_id: Text<'a>,
}

/// A transaction. Its shape is not documented: these are the names that the vendor's emulator and the manual's other chapters use.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Transaction<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    #[serde(borrow)]
    pub ecp_uuid: Text<'a>,
    #[serde(borrow)]
    pub user: Text<'a>,
    #[serde(borrow)]
    pub message: Text<'a>,
    #[serde(borrow)]
    pub started: Text<'a>,
    #[serde(borrow)]
    pub start_time: Text<'a>,
    #[serde(borrow)]
    pub ended: Text<'a>,
    /// 0 to 100.
    pub completed: Int,
    /// 0 to 100.
    pub progress: Int,
    pub is_error: Flag,
    pub error: Flag,
    /// The VM that it is about, under whichever of its likely names.
    #[serde(borrow)]
    pub vm: Text<'a>,
    #[serde(borrow)]
    pub vm_uuid: Text<'a>,
    #[serde(borrow)]
    pub machine_id: Text<'a>,
}

impl Transaction<'_> {
    /// What names it.
    pub fn id(&self) -> Option<&str> {
        self.uuid.get().or_else(|| self.ecp_uuid.get())
    }

    /// The uuid of the VM that it works on.
    pub fn vm(&self) -> Option<&str> {
        first([&self.vm, &self.vm_uuid, &self.machine_id])
    }
}

impl Log<'_> {
    /// The uuid of the VM that it is about.
    pub fn vm(&self) -> Option<&str> {
        first([&self.vm, &self.vm_uuid, &self.machine_id])
    }
}

fn first<'t>(texts: [&'t Text<'_>; 3]) -> Option<&'t str> {
    texts.into_iter().find_map(Text::get)
}

/// The VMs of a list, in its envelope or bare.
///
/// # Errors
/// [`crate::clouds::Error::Protocol`] when it is no such list.
pub fn vms(body: &[u8]) -> Result<Vec<Vm<'_>>> {
    const WHAT: &str = "the list of VMs";
    let list = if is_bare(body) {
        decode_any(body, WHAT)?
    } else {
        decode::<Vms<'_>>(body, WHAT)?.vms
    };
    Ok(objects(list))
}

/// The hardware profiles of a list, in its envelope or bare.
///
/// # Errors
/// As [`vms`].
pub fn templates(body: &[u8]) -> Result<Vec<Template<'_>>> {
    const WHAT: &str = "the list of hardware profiles";
    let list = if is_bare(body) {
        decode_any(body, WHAT)?
    } else {
        decode::<Templates<'_>>(body, WHAT)?.templates
    };
    Ok(objects(list))
}

/// The log and the transactions, in their envelope; a bare list is the log alone.
///
/// # Errors
/// As [`vms`].
pub fn logs(body: &[u8]) -> Result<Logs<'_>> {
    const WHAT: &str = "the log";
    if !is_bare(body) {
        return decode(body, WHAT);
    }
    Ok(Logs {
        logs: decode_any(body, WHAT)?,
        transactions: Many::default(),
    })
}

fn is_bare(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// What is no object is left out.
fn objects<T>(list: Vec<Object<T>>) -> Vec<T> {
    list.into_iter().filter_map(|object| object.0).collect()
}
