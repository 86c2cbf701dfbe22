//! VMs for the tests of the rules.

use super::{CloudName, PowerState, Protection, ProtectionScope, Vm, VmKey};

/// A VM in a state, with nothing else to it.
pub fn vm(power: PowerState) -> Vm {
    Vm {
        key: VmKey::new(&CloudName::new("prod"), "7"),
        uuid: None,
        name: "web-01".into(),
        native_name: None,
        power,
        native_state: power.as_str().into(),
        deallocated: false,
        imported: false,
        monitored: false,
        protection: None,
        vapp: None,
        project: None,
        tenant: None,
        location: None,
        cluster: None,
        networks: Box::default(),
        tags: Box::default(),
        console: None,
        host: None,
        owner: None,
        hypervisor: None,
        template: None,
        description: None,
        cpu: None,
        ram_mib: None,
        addresses: Box::default(),
        created_at: None,
        updated_at: None,
        locator: "".into(),
    }
}

/// The same, protected by admin for a kernel update.
pub fn protected(power: PowerState) -> Vm {
    let protection = Protection {
        reason: Some("kernel update".into()),
        by: Some("admin".into()),
        since: None,
        scope: ProtectionScope::Cloud,
    };
    Vm {
        protection: Some(Box::new(protection)),
        ..vm(power)
    }
}
