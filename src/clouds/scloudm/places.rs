//! Where VMs stand: pairs of a tenant and a region, as configured or as the gateway names them.

use std::fmt;
use std::sync::{Arc, PoisonError};

use url::form_urlencoded;

use super::Scloudm;
use super::calls::Call;
use super::refusal::{is_about_everything, verdict};
use super::wire::RegionTenant;
use crate::clouds::body::decode;
use crate::clouds::http::{Lane, Route};
use crate::clouds::{Error, Result};
use crate::model::Group;
use crate::model::text::clean_name;

/// The most pairs that are listed.
const MAX_PAIRS: usize = 10_000;

/// A tenant in a region. VMs are listed pair by pair.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub tenant: Group,
    pub region: Arc<str>,
    /// Whether the configuration names both: then it must be there.
    pub configured: bool,
}

impl Pair {
    /// Whether a VM stands in it.
    pub fn holds(&self, place: &Place) -> bool {
        *self.tenant.id == *place.tenant && *self.region == *place.region
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {} in region {}", self.tenant.name, self.region)
    }
}

/// Where one VM is: what acting on it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub tenant: String,
    pub region: String,
    pub server: String,
}

impl Place {
    pub fn new(pair: &Pair, server: &str) -> Self {
        Self {
            tenant: pair.tenant.id.to_string(),
            region: pair.region.to_string(),
            server: server.to_owned(),
        }
    }

    /// As a VM keeps it.
    pub fn locator(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("tenant", &self.tenant)
            .append_pair("region", &self.region)
            .append_pair("server", &self.server)
            .finish()
    }

    /// What a VM keeps.
    pub fn read(locator: &str) -> Option<Self> {
        let (mut tenant, mut region, mut server) = (None, None, None);
        for (key, value) in form_urlencoded::parse(locator.as_bytes()) {
            let slot = match &*key {
                "tenant" => &mut tenant,
                "region" => &mut region,
                "server" => &mut server,
                _ => return None,
            };
            *slot = Some(value.into_owned());
        }
        Some(Self {
            tenant: tenant?,
            region: region?,
            server: server.filter(|server| !server.is_empty())?,
        })
    }

    /// A path with this place in it.
    ///
    /// # Errors
    /// [`Error::Link`] when an id leads out of it.
    pub fn route(&self, template: &str) -> Result<Route> {
        // What is put in holds no brace: it is percent-encoded.
        Route::new(
            &template
                .replace("{tenant_id}", &segment(&self.tenant))
                .replace("{region}", &segment(&self.region))
                .replace("{server_id}", &segment(&self.server)),
        )
    }
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The pairs of a session.
#[derive(Debug)]
pub(super) struct Known {
    /// The token they were read with.
    generation: u64,
    pairs: Arc<[Pair]>,
}

impl Scloudm {
    /// Every pair whose VMs are to be listed. What the configuration leaves open is asked of the gateway once for each token.
    pub(super) async fn pairs(&self, lane: Lane) -> Result<Arc<[Pair]>> {
        let generation = self.tokens.generation();
        {
            let known = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known
                .as_ref()
                .filter(|known| known.generation == generation)
            {
                return Ok(known.pairs.clone());
            }
        }
        let pairs: Arc<[Pair]> = self.find_pairs(lane).await?.into();
        let known = Known {
            // A token that ended on the way has been replaced: these pairs were read with the new one.
            generation: self.tokens.generation(),
            pairs: pairs.clone(),
        };
        *self.pairs.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(pairs)
    }

    async fn find_pairs(&self, lane: Lane) -> Result<Vec<Pair>> {
        let keys = &self.keys;
        let configured = !keys.tenants.is_empty() && !keys.regions.is_empty();
        let (mut tenants, mut regions) = (Vec::new(), Vec::new());
        if !configured || keys.tenants.iter().any(|tenant| tenant.name.is_none()) {
            match self.discover(lane).await {
                Ok(found) => (tenants, regions) = found,
                // Only names are missing, and ids can stand for them.
                Err(error) if configured && !is_about_everything(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if !keys.tenants.is_empty() {
            tenants = self.configured_tenants(&tenants);
        }
        if !keys.regions.is_empty() {
            regions = keys.regions.iter().map(|name| Arc::from(&**name)).collect();
        }
        for (what, none) in [
            ("tenants", tenants.is_empty()),
            ("regions", regions.is_empty()),
        ] {
            if none && keys.servers.is_empty() {
                let why = format!(
                    "the gateway names no {what}; name them in the configuration with `{what}`"
                );
                return Err(Error::Protocol(why));
            }
        }
        if tenants.len().saturating_mul(regions.len()) > MAX_PAIRS {
            let why = "the gateway names too many tenants and regions; choose with `tenants` and `regions`";
            return Err(Error::Protocol(why.to_owned()));
        }
        let mut pairs: Vec<Pair> = tenants
            .iter()
            .flat_map(|tenant| {
                regions.iter().map(|region| Pair {
                    tenant: tenant.clone(),
                    region: region.clone(),
                    configured,
                })
            })
            .collect();
        self.add_places_of_servers(&mut pairs);
        Ok(pairs)
    }

    /// The tenants of the configuration, with the names that the gateway has for them. One may be written by its name.
    fn configured_tenants(&self, found: &[Group]) -> Vec<Group> {
        let tenants = self.keys.tenants.iter().map(|tenant| {
            let known = found
                .iter()
                .find(|known| *known.id == *tenant.id)
                .or_else(|| found.iter().find(|known| *known.name == *tenant.id));
            let id = known.map_or_else(|| Arc::from(&*tenant.id), |known| known.id.clone());
            let name = match (&tenant.name, known) {
                (Some(name), _) => Arc::from(&**name),
                (None, Some(known)) => known.name.clone(),
                (None, None) => Arc::clone(&id),
            };
            Group { id, name }
        });
        tenants.collect()
    }

    /// The pairs that only servers of the configuration stand in.
    fn add_places_of_servers(&self, pairs: &mut Vec<Pair>) {
        for server in &self.keys.servers {
            let there = pairs
                .iter()
                .any(|pair| *pair.tenant.id == *server.tenant && *pair.region == *server.region);
            if !there {
                pairs.push(Pair {
                    tenant: Group {
                        id: Arc::from(&*server.tenant),
                        name: Arc::from(&*server.tenant),
                    },
                    region: Arc::from(&*server.region),
                    configured: true,
                });
            }
        }
    }

    /// The tenants and regions that the gateway names.
    async fn discover(&self, lane: Lane) -> Result<(Vec<Group>, Vec<Arc<str>>)> {
        let route = Route::new("/mana_api/region_tenant")?;
        let answer = self.call(Call::get(route, lane)).await?;
        if verdict(&answer.body).is_some_and(|said| said.code.0.is_some_and(|code| code >= 400)) {
            return Err(self.refused(&answer));
        }
        let said: RegionTenant<'_> = decode(&answer.body, "the list of regions and tenants")?;
        let tenants = said.tenants.items.iter().filter_map(|tenant| {
            // The id is sent back as it came; a name is only shown.
            let id: Arc<str> = Arc::from(tenant.id.get()?);
            let name = tenant.name.get().map(clean_name);
            let name = name.filter(|name| !name.is_empty());
            let name = name.map_or_else(|| Arc::from(&*clean_name(&id)), |name| Arc::from(&*name));
            Some(Group { id, name })
        });
        let mut tenants: Vec<Group> = tenants.collect();
        tenants.dedup_by(|one, other| one.id == other.id);
        let regions = said.regions();
        let regions = regions.iter().filter_map(|name| name.get().map(Arc::from));
        let mut regions: Vec<Arc<str>> = regions.collect();
        regions.dedup();
        Ok((tenants, regions))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn place(tenant: &str, region: &str, server: &str) -> Place {
        Place {
            tenant: tenant.to_owned(),
            region: region.to_owned(),
            server: server.to_owned(),
        }
    }

    #[test]
    fn a_locator_reads_back_whatever_the_ids_hold() {
        for server in ["0c9f3a52", "a&b=c/d?e#f %", "虚拟机", "{region}"] {
            let place = place("5f0c", "bj-1", server);
            assert_eq!(Place::read(&place.locator()), Some(place));
        }
        for locator in [
            "",
            "tenant=a&region=b",
            "tenant=a&region=b&server=",
            "/cloud/1",
            "x=y",
        ] {
            assert_eq!(Place::read(locator), None, "{locator:?}");
        }
    }

    #[test]
    fn a_template_takes_ids_as_single_segments() {
        let template = "/mana_api/vm_act/{tenant_id}/{region}/{server_id}";
        assert_eq!(
            place("t1", "bj-1", "a/b {region}?")
                .route(template)
                .unwrap()
                .as_str(),
            "/mana_api/vm_act/t1/bj-1/a%2Fb%20%7Bregion%7D%3F"
        );
        for server in ["..", ".", "%2e%2e", "a/../b"] {
            let route = place("t1", "bj-1", server).route(template);
            assert!(
                route.map_or(true, |route| route
                    .as_str()
                    .starts_with("/mana_api/vm_act/t1/bj-1/")
                    && !route.as_str().contains("/..")),
                "{server}"
            );
        }
        assert!(place("t1", "bj-1", "..").route(template).is_err());
    }
}
