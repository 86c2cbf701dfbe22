//! Enterprises, locations, virtual datacenters and virtual appliances (3, 8).

use super::Pen;
use crate::demo::abiquo::estate::{
    FIRST, FIRST_APPLIANCE, FIRST_DATACENTER, FIRST_ENTERPRISE, Kind, id,
};
use crate::demo::abiquo::media::Version;
use crate::demo::json::Json;

impl Pen<'_> {
    /// A tenant.
    pub fn enterprise(self, json: &mut Json, enterprise: usize) {
        let one = &self.platform.estate.enterprises[enterprise];
        let path = Self::enterprise_path(enterprise);
        json.open();
        json.count("id", id(FIRST_ENTERPRISE, enterprise));
        json.text("name", &one.name);
        json.flag("workflow", one.workflow);
        json.flag("isReservationRestricted", false);
        json.flag("twoFactorAuthenticationMandatory", false);
        let limits: &[&str] = if self.version >= Version::new(4, 7) {
            &[
                "cpuHard", "cpuSoft", "ramHard", "ramSoft", "vmsHard", "vmsSoft",
            ]
        } else {
            &[
                "cpuCountHardLimit",
                "cpuCountSoftLimit",
                "ramHardLimitInMb",
                "ramSoftLimitInMb",
            ]
        };
        for limit in limits {
            json.count(limit, 0);
        }
        json.key("links");
        json.open_array();
        self.link(json, "edit", "enterprise", &one.name, &[&path]);
        self.link(json, "users", "users", "users", &[&path, "/users"]);
        let lists = [
            (
                "virtualmachines",
                "virtualmachines",
                "virtual machines",
                "/action/virtualmachines",
            ),
            (
                "virtualappliances",
                "virtualappliances",
                "virtual appliances",
                "/action/virtualappliances",
            ),
            (
                "cloud/virtualdatacenters",
                "virtualdatacenters",
                "virtual datacenters",
                "/action/virtualdatacenters",
            ),
            (
                "pendingtasks",
                "tasks",
                "pending tasks",
                "/action/pendingtasks",
            ),
        ];
        for (rel, media, title, tail) in lists {
            self.link(json, rel, media, title, &[&path, tail]);
        }
        json.close_array();
        json.close();
    }

    /// A datacenter or public cloud region, as a cloud user sees it.
    pub fn location(self, json: &mut Json, location: usize) {
        let one = &self.platform.estate.locations[location];
        let media = match one.kind {
            Kind::Datacenter => "datacenter",
            Kind::PublicCloudRegion => "publiccloudregion",
        };
        let number = id(FIRST, location);
        json.open();
        json.count("id", number);
        json.text("name", &one.name);
        json.text("location", &one.place);
        json.key("links");
        json.open_array();
        self.link(
            json,
            "self",
            media,
            &one.name,
            &[&format!("/cloud/locations/{number}")],
        );
        json.close_array();
        json.close();
    }

    /// A virtual datacenter.
    pub fn datacenter(self, json: &mut Json, datacenter: usize) {
        let estate = &self.platform.estate;
        let one = &estate.datacenters[datacenter];
        let (enterprise, location) = (
            &estate.enterprises[one.enterprise],
            &estate.locations[one.location],
        );
        let path = Self::datacenter_path(datacenter);
        json.open();
        json.count("id", id(FIRST_DATACENTER, datacenter));
        json.text("name", &one.name);
        json.text("hypervisorType", &location.hypervisor);
        json.text("syncState", "NONE");
        for limit in [
            "cpuCountHardLimit",
            "cpuCountSoftLimit",
            "ramHardLimitInMb",
            "ramSoftLimitInMb",
            "diskHardLimitInMb",
            "diskSoftLimitInMb",
            "storageHardInMb",
            "storageSoftInMb",
            "vlansHard",
            "vlansSoft",
            "publicIpsHard",
            "publicIpsSoft",
        ] {
            json.count(limit, 0);
        }
        json.key("links");
        json.open_array();
        self.link(json, "edit", "virtualdatacenter", &one.name, &[&path]);
        self.link(
            json,
            "enterprise",
            "enterprise",
            &enterprise.name,
            &[&Self::enterprise_path(one.enterprise)],
        );
        let media = match location.kind {
            Kind::Datacenter => "datacenter",
            Kind::PublicCloudRegion => "publiccloudregion",
        };
        let location_path = format!("/cloud/locations/{}", id(FIRST, one.location));
        self.link(json, "location", media, &location.name, &[&location_path]);
        self.link(
            json,
            "virtualappliances",
            "virtualappliances",
            "virtual appliances",
            &[&path, "/virtualappliances"],
        );
        self.link(
            json,
            "virtualmachines",
            "virtualmachines",
            "virtual machines",
            &[&path, "/action/virtualmachines"],
        );
        self.link(json, "tasks", "tasks", "tasks", &[&path, "/tasks"]);
        json.close_array();
        json.close();
    }

    /// A virtual appliance, with the newest task of its VMs when that is asked for.
    pub fn appliance(self, json: &mut Json, appliance: usize, last_task: bool) {
        let estate = &self.platform.estate;
        let one = &estate.appliances[appliance];
        let datacenter = &estate.datacenters[one.datacenter];
        let path = self.appliance_path(appliance);
        json.open();
        json.count("id", id(FIRST_APPLIANCE, appliance));
        json.text("name", &one.name);
        json.text("description", &one.description);
        json.text("iconUrl", "");
        json.count("error", 0);
        json.count("highDisponibility", 0);
        json.count("publicApp", 0);
        json.text(
            "state",
            self.platform.appliance_state(appliance, self.now_ms).word(),
        );
        if self.version >= Version::new(4, 0) {
            json.flag("restricted", one.restricted);
        }
        json.key("links");
        json.open_array();
        self.link(json, "edit", "virtualappliance", &one.name, &[&path]);
        let datacenter_path = Self::datacenter_path(one.datacenter);
        self.link(
            json,
            "virtualdatacenter",
            "virtualdatacenter",
            &datacenter.name,
            &[&datacenter_path],
        );
        let enterprise = &estate.enterprises[datacenter.enterprise].name;
        self.link(
            json,
            "enterprise",
            "enterprise",
            enterprise,
            &[&Self::enterprise_path(datacenter.enterprise)],
        );
        let links = [
            (
                "virtualmachines",
                "virtualmachines",
                "virtual machines",
                "/virtualmachines",
            ),
            (
                "state",
                "virtualappliancestate",
                "virtual appliances state",
                "/state",
            ),
            (
                "undeploy",
                "acceptedrequest",
                "undeploy",
                "/action/undeploy",
            ),
            ("deploy", "acceptedrequest", "deploy", "/action/deploy"),
            ("layers", "layers", "layers", "/layers"),
            ("alerts", "alerts", "alerts", "/alerts"),
            ("tasks", "tasks", "tasks", "/tasks"),
        ];
        for (rel, media, title, tail) in links {
            self.link(json, rel, media, title, &[&path, tail]);
        }
        self.foreign_link(
            json,
            "price",
            "text/plain",
            "price",
            &[&path, "/action/price"],
        );
        json.close_array();
        if last_task {
            let tasks = one.vms.iter().flat_map(|&vm| self.platform.tasks_of(vm));
            json.key("expands");
            json.open();
            json.verbatim("links", "[]");
            json.key("collection");
            json.open_array();
            if let Some(task) = tasks.max_by_key(|task| task.created_ms) {
                self.task(json, task);
            }
            json.close_array();
            json.close();
        }
        json.close();
    }

    /// The state of an appliance; the field is called `power`.
    pub fn appliance_state(self, json: &mut Json, appliance: usize) {
        let word = self.platform.appliance_state(appliance, self.now_ms).word();
        let datacenter = self.platform.estate.appliances[appliance].datacenter;
        let name = &self.platform.estate.datacenters[datacenter].name;
        json.open();
        json.text("power", word);
        json.key("links");
        json.open_array();
        self.link(
            json,
            "parent",
            "virtualdatacenter",
            name,
            &[&Self::datacenter_path(datacenter)],
        );
        self.link(
            json,
            "edit",
            "virtualappliance",
            word,
            &[&self.appliance_path(appliance), "/state"],
        );
        json.close_array();
        json.close();
    }
}
