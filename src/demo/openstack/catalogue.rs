//! The catalogue: where each service is, by region and interface.

use serde_json::{Value, json};

use super::Cloud;
use crate::demo::identity::mix;

impl Cloud {
    /// Where the services are, for a project.
    pub fn catalogue(&self, project: usize) -> Vec<Value> {
        let services = [
            ("identity", "keystone", "/v3"),
            ("compute", "nova", "/compute/v2.1"),
            ("network", "neutron", "/network"),
            ("image", "glance", "/image"),
            ("placement", "placement", "/placement"),
        ];
        let id = |text: &str| {
            let number = text
                .bytes()
                .fold(self.estate.seed, |all, byte| mix(all ^ u64::from(byte)));
            format!("{number:016x}{:016x}", number.rotate_left(29))
        };
        let row = |(kind, name, path): (&str, &str, &str)| {
            let mut endpoints = Vec::new();
            for region in &self.estate.regions {
                for interface in ["public", "internal", "admin"] {
                    let mut url = self.root.clone();
                    // What is not for the public goes through another door.
                    if interface != "public" && kind != "identity" {
                        url.push_str("/internal");
                    }
                    if !region.slug.is_empty() && kind != "identity" {
                        url.push('/');
                        url.push_str(&region.slug);
                    }
                    url.push_str(path);
                    if kind == "compute" && region.tenant_in_url {
                        url.push('/');
                        url.push_str(&self.estate.people.projects[project].id);
                    }
                    endpoints.push(json!({
                        "id": id(&format!("{kind}{interface}{}", region.name)), "interface": interface,
                        "region": region.name, "region_id": region.name, "url": url,
                    }));
                }
            }
            json!({"id": id(kind), "type": kind, "name": name, "endpoints": endpoints})
        };
        services.into_iter().map(row).collect()
    }
}
