//! Writes what exists as the JSON of the API. Nothing is kept: each answer is written when it is asked for.

mod event;
mod machine;
mod place;
mod task;
mod user;
mod vm;
mod vm_links;

pub use event::event_types;

use super::estate::{
    FIRST_APPLIANCE, FIRST_DATACENTER, FIRST_ENTERPRISE, FIRST_USER, FIRST_VM, id,
};
use super::media::Version;
use super::platform::Platform;
use crate::demo::json::Json;

/// What every writer needs to know.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// The platform.
    pub platform: &'a Platform,
    /// What every link starts with: `http://host:port/api`, with another port than the one that is asked.
    pub base: &'a str,
    /// The version to answer in.
    pub version: Version,
    /// Milliseconds.
    pub now_ms: i64,
    /// Who asks, by position.
    pub viewer: usize,
}

impl Pen<'_> {
    /// `/admin/enterprises/7`
    pub fn enterprise_path(enterprise: usize) -> String {
        format!("/admin/enterprises/{}", id(FIRST_ENTERPRISE, enterprise))
    }

    /// `/admin/enterprises/7/users/21`
    pub fn user_path(self, user: usize) -> String {
        let enterprise = self.platform.estate.users[user].enterprise;
        format!(
            "{}/users/{}",
            Self::enterprise_path(enterprise),
            id(FIRST_USER, user)
        )
    }

    /// `/cloud/virtualdatacenters/2`
    pub fn datacenter_path(datacenter: usize) -> String {
        format!(
            "/cloud/virtualdatacenters/{}",
            id(FIRST_DATACENTER, datacenter)
        )
    }

    /// `/cloud/virtualdatacenters/2/virtualappliances/11`
    pub fn appliance_path(self, appliance: usize) -> String {
        let datacenter = self.platform.estate.appliances[appliance].datacenter;
        format!(
            "{}/virtualappliances/{}",
            Self::datacenter_path(datacenter),
            id(FIRST_APPLIANCE, appliance)
        )
    }

    /// `/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501`
    pub fn vm_path(self, vm: usize) -> String {
        let appliance = self.platform.estate.vms[vm].appliance as usize;
        format!(
            "{}/virtualmachines/{}",
            self.appliance_path(appliance),
            id(FIRST_VM, vm)
        )
    }

    /// `ABQ_` and the uuid: the name in the hypervisor.
    pub fn system_name(self, vm: usize) -> String {
        let mut name = String::with_capacity(40);
        name.push_str("ABQ_");
        self.platform.estate.vm_uuid(vm).push_to(&mut name);
        name
    }

    /// A link. `media` is the NAME of `application/vnd.abiquo.NAME+json`, and left out when empty, as is the title.
    pub fn link(self, json: &mut Json, rel: &str, media: &str, title: &str, path: &[&str]) {
        json.open();
        if !title.is_empty() {
            json.text("title", title);
        }
        json.key("rel");
        json.plain(&[rel]);
        if !media.is_empty() {
            json.key("type");
            json.plain(&["application/vnd.abiquo.", media, "+json"]);
        }
        self.href(json, path);
        json.close();
    }

    /// A link of another media type than the platform's own.
    pub fn foreign_link(self, json: &mut Json, rel: &str, media: &str, title: &str, path: &[&str]) {
        json.open();
        json.text("title", title);
        json.text("rel", rel);
        json.text("type", media);
        self.href(json, path);
        json.close();
    }

    fn href(self, json: &mut Json, path: &[&str]) {
        json.key("href");
        match path {
            [one] => json.plain(&[self.base, one]),
            [one, two] => json.plain(&[self.base, one, two]),
            more => json.plain(&[self.base, &more.concat()]),
        }
    }
}
