//! A VM (4), and its state alone (5.4).

use std::net::Ipv4Addr;

use super::Pen;
use super::vm_links::{
    DISABLE_MONITORING, ENABLE_MONITORING, LINKS_BEFORE_5, LINKS_SINCE_5, OWN_LINKS, RELOCATION,
};
use crate::demo::abiquo::estate::{FIRST, FIRST_DATACENTER, FIRST_VM, Kind, Power, id};
use crate::demo::abiquo::hosts::Host;
use crate::demo::abiquo::media::Version;
use crate::demo::json::{Json, push_number};

/// What all VMs of one page share, looked up once.
pub struct VmPen<'a> {
    pen: Pen<'a>,
    /// Who may see hosts.
    sees_hosts: bool,
}

impl<'a> Pen<'a> {
    /// Prepares to write VMs.
    pub fn vms(self) -> VmPen<'a> {
        VmPen {
            pen: self,
            sees_hosts: self.platform.estate.may(self.viewer, "PHYS_DC_ENUMERATE"),
        }
    }

    /// The state of a VM, which is the cheapest thing to poll.
    pub fn vm_state(self, json: &mut Json, vm: usize) {
        let path = self.vm_path(vm);
        let word = self.platform.estate.vms[vm].power.word();
        json.open();
        json.text("state", word);
        json.key("links");
        json.open_array();
        self.link(
            json,
            "parent",
            "virtualmachine",
            &self.system_name(vm),
            &[&path],
        );
        self.link(
            json,
            "edit",
            "virtualmachinestate",
            word,
            &[&path, "/state"],
        );
        json.close_array();
        json.close();
    }
}

impl VmPen<'_> {
    /// A whole VM.
    pub fn write(&self, json: &mut Json, vm: usize) {
        let (pen, estate) = (self.pen, &self.pen.platform.estate);
        let one = &estate.vms[vm];
        let system_name = pen.system_name(vm);
        json.open();
        json.count("id", id(FIRST_VM, vm));
        json.key("uuid");
        json.plain(&[system_name.strip_prefix("ABQ_").unwrap_or_default()]);
        json.text("description", &one.note);
        json.count("coresPerSocket", 1);
        json.count("idState", one.power.id());
        json.count("idType", i64::from(one.captured));
        json.text("type", if one.captured { "CAPTURED" } else { "MANAGED" });
        json.count("highDisponibility", 0);
        json.flag("monitored", one.monitored);
        let protection = estate.protections.get(&vm);
        json.flag("protected", protection.is_some());
        if let Some(cause) = protection {
            json.text("protectedCause", cause);
        }
        json.verbatim("variables", "{}");
        if pen.version >= Version::new(5, 0) {
            json.verbatim("backuppolicies", "[]");
            json.verbatim("natrules", "[]");
        }
        if one.power != Power::NotAllocated {
            json.count("lastSynchronize", (one.created + 90) * 1_000);
        }
        json.flag("generateGuestInitialPassword", false);
        json.flag("vdrpEnabled", !one.traits.no_console);
        let console = (one.power == Power::On && !one.traits.no_console)
            .then(|| pen.console_address(vm))
            .flatten();
        match console {
            Some((ip, port)) => {
                json.text("vdrpIP", &ip);
                json.count("vdrpPort", port);
            }
            None => json.count("vdrpPort", 0),
        }
        json.text("password", &estate.console_password(vm));
        if pen.version >= Version::new(4, 2) {
            json.flag("deallocated", one.deallocated);
        }
        json.text("name", &system_name);
        if pen.version >= Version::new(4, 0) {
            json.text("label", &one.label);
        }
        json.count("ram", one.ram_mib);
        json.count("cpu", i64::from(one.cpu));
        json.text("state", one.power.word());
        json.count("creationTimestamp", one.created * 1_000);
        json.key("links");
        json.open_array();
        self.links(json, vm, &system_name);
        json.close_array();
        json.verbatim("usageStatistics", "[]");
        json.close();
    }

    fn links(&self, json: &mut Json, vm: usize, system_name: &str) {
        let (pen, estate) = (self.pen, &self.pen.platform.estate);
        let one = &estate.vms[vm];
        let appliance = &estate.appliances[one.appliance as usize];
        let datacenter = &estate.datacenters[appliance.datacenter];
        let path = pen.vm_path(vm);

        self.placement(json, vm);
        let enterprise = &estate.enterprises[datacenter.enterprise];
        let enterprise_path = Pen::enterprise_path(datacenter.enterprise);
        pen.link(
            json,
            "enterprise",
            "enterprise",
            &enterprise.name,
            &[&enterprise_path],
        );
        pen.link(json, "edit", "virtualmachine", system_name, &[&path]);
        let owner = usize::from(one.owner);
        pen.link(
            json,
            "user",
            "user",
            &estate.users[owner].full_name(),
            &[&pen.user_path(owner)],
        );
        let datacenter_path = Pen::datacenter_path(appliance.datacenter);
        pen.link(
            json,
            "virtualdatacenter",
            "virtualdatacenter",
            &datacenter.name,
            &[&datacenter_path],
        );
        let appliance_path = pen.appliance_path(one.appliance as usize);
        pen.link(
            json,
            "virtualappliance",
            "virtualappliance",
            &appliance.name,
            &[&appliance_path],
        );
        pen.link(
            json,
            "state",
            "virtualmachinestate",
            one.power.word(),
            &[&path, "/state"],
        );

        let address = [pen.base, path.as_str()].concat();
        if pen.version >= Version::new(5, 0) {
            pen.link(
                json,
                "asynctasks",
                "asynctasks",
                "",
                &[&path, "/asynctasks"],
            );
        }
        let by_version = if pen.version >= Version::new(5, 0) {
            LINKS_SINCE_5
        } else {
            LINKS_BEFORE_5
        };
        let monitoring = if one.monitored {
            DISABLE_MONITORING
        } else {
            ENABLE_MONITORING
        };
        let relocates = pen.version >= Version::new(4, 2)
            && estate.locations[datacenter.location].relocates()
            && one.power.is_deployed();
        let relocation = if relocates { RELOCATION } else { &[] };
        let own = [OWN_LINKS, by_version, monitoring, relocation];
        let mut text = String::with_capacity(512);
        for (before, after) in own.into_iter().flatten() {
            text.clear();
            text.push_str(before);
            text.push_str(&address);
            text.push_str(after);
            json.raw(&text);
        }
        self.hardware(json, vm, &datacenter_path);

        let hypervisor = &estate.locations[datacenter.location].hypervisor;
        pen.link(
            json,
            "hypervisortype",
            "hypervisortype",
            hypervisor,
            &["/config/hypervisortypes/", hypervisor],
        );
        let repository = "/datacenterrepositories/1/virtualmachinetemplates/58";
        pen.link(
            json,
            "virtualmachinetemplate",
            "virtualmachinetemplate",
            "base-linux",
            &[&enterprise_path, repository],
        );
        pen.link(
            json,
            "category",
            "category",
            "Others",
            &["/config/categories/1"],
        );
    }

    /// Where it runs: only told of a VM that has a place.
    fn placement(&self, json: &mut Json, vm: usize) {
        let (pen, estate) = (self.pen, &self.pen.platform.estate);
        let one = &estate.vms[vm];
        if !pen.platform.is_placed(vm, pen.now_ms) {
            return;
        }
        let datacenter = &estate.datacenters[estate.appliances[one.appliance as usize].datacenter];
        let location = &estate.locations[datacenter.location];
        let number = id(FIRST, datacenter.location);
        if let Some(host) = location
            .hosts
            .get(usize::from(one.host))
            .filter(|_| self.sees_hosts)
        {
            let host_path = Pen::machine_path(Host {
                location: datacenter.location,
                host: usize::from(one.host),
            });
            pen.link(json, "machine", "machine", host, &[&host_path]);
            let mail = format!(
                "{host_path}/virtualmachines/{}/action/sendmail",
                id(FIRST_VM, vm)
            );
            pen.link(json, "sendmail", "mail", "send mail", &[&mail]);
        }
        let media = match location.kind {
            Kind::Datacenter => "datacenter",
            Kind::PublicCloudRegion => "publiccloudregion",
        };
        pen.link(
            json,
            "location",
            media,
            &location.name,
            &[&format!("/cloud/locations/{number}")],
        );
    }

    /// Disk, tier, profile and network cards. A deallocated VM has its cards but no addresses.
    fn hardware(&self, json: &mut Json, vm: usize, datacenter_path: &str) {
        let (pen, estate) = (self.pen, &self.pen.platform.estate);
        let one = &estate.vms[vm];
        let datacenter = estate.appliances[one.appliance as usize].datacenter;
        let location = id(FIRST, estate.datacenters[datacenter].location);
        let mut number = String::new();
        push_number(&mut number, i64::from(id(FIRST_VM, vm)));

        json.open();
        json.key("title");
        let mut uuid = String::with_capacity(36);
        estate.disk_uuid(vm).push_to(&mut uuid);
        json.plain(&[&uuid]);
        json.text("rel", "disk0");
        json.text("type", "application/vnd.abiquo.harddisk+json");
        json.key("href");
        json.plain(&[pen.base, datacenter_path, "/disks/", &number]);
        json.text("diskControllerType", "SCSI");
        json.text("diskLabel", "Hard disk 1");
        let mut length = String::new();
        push_number(&mut length, i64::from(one.disk_gib) * 1_024);
        json.key("length");
        json.plain(&[&length]);
        json.close();

        let tier = format!("/cloud/locations/{location}/datastoretiers/1");
        pen.link(
            json,
            "datastoretier0",
            "datastoretier",
            "Default Tier",
            &[&tier],
        );
        for (at, address) in one
            .addresses
            .iter()
            .enumerate()
            .filter(|(_, address)| **address != 0)
        {
            let address = Ipv4Addr::from(*address);
            let title = if one.deallocated {
                String::new()
            } else {
                address.to_string()
            };
            let (media, network) = if address.is_private() {
                ("application/vnd.abiquo.privateip+json", "/privatenetworks/")
            } else {
                ("application/vnd.abiquo.publicip+json", "/publicnetworks/")
            };
            let rel = if at == 0 { "nic0" } else { "nic1" };
            let ip = format!(
                "{}/ips/{}",
                id(FIRST_DATACENTER, datacenter),
                (vm * 2 + at + 1)
            );
            pen.foreign_link(json, rel, media, &title, &[datacenter_path, network, &ip]);
        }
    }
}
