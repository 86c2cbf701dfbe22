//! Where the services are: what the catalogue of a sign-in says. Its addresses are trusted, as OpenStack's model has it, and no others:
//! no link of any other answer is followed.

use std::sync::Arc;

use url::Url;

use super::wire;
use crate::clouds::{Error, Result};
use crate::config::Interface;
use crate::model::text::clean_name;

/// The services that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Service {
    Compute,
    Image,
}

impl Service {
    fn of(kind: &str) -> Option<Self> {
        match kind {
            "compute" => Some(Self::Compute),
            "image" => Some(Self::Image),
            _ => None,
        }
    }

    /// What a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Image => "image",
        }
    }
}

/// The services of one sign-in, by region, on the interface that is configured.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    endpoints: Vec<(Service, Arc<str>, Url)>,
}

/// More regions than any cloud has.
const MAX_ENDPOINTS: usize = 1_000;

impl Catalogue {
    /// What a token says. Addresses that are none are left out.
    pub fn read(token: &wire::Token<'_>, interface: Interface) -> Self {
        let mut endpoints = Vec::new();
        for service in &token.catalog.items {
            let Some(kind) = service.kind.get().and_then(Service::of) else {
                continue;
            };
            for endpoint in &service.endpoints.items {
                // Older ones are written `publicURL`.
                let word = endpoint.interface.get().unwrap_or_default();
                if word.strip_suffix("URL").unwrap_or(word) != interface.as_str() {
                    continue;
                }
                let region = endpoint.region_id.get().or_else(|| endpoint.region.get());
                let region = clean_name(region.unwrap_or_default()).into_owned();
                let url = endpoint.url.get().and_then(|url| address(url.trim()));
                if let Some(url) = url
                    && endpoints.len() < MAX_ENDPOINTS
                {
                    endpoints.push((kind, Arc::from(region), url));
                }
            }
        }
        Self { endpoints }
    }

    /// Whether there is nothing in it, as in that of a sign-in without a project.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// The regions that have servers, each once, in the catalogue's order.
    pub fn regions(&self) -> Vec<Arc<str>> {
        let mut regions: Vec<Arc<str>> = Vec::new();
        for (service, region, _) in &self.endpoints {
            if *service == Service::Compute && !regions.contains(region) {
                regions.push(region.clone());
            }
        }
        regions
    }

    /// Where a service of a region is.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the catalogue has none.
    pub fn endpoint(&self, service: Service, region: &str) -> Result<&Url> {
        let found = self
            .endpoints
            .iter()
            .find(|(kind, place, _)| *kind == service && **place == *region);
        found.map(|(.., url)| url).ok_or_else(|| {
            Error::NotFound(format!(
                "the catalogue has no {} service in region {region}; check `regions` and `interface`",
                service.word()
            ))
        })
    }
}

fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let right = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    right.then_some(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn endpoints_are_those_of_the_region_and_interface_and_nothing_that_is_no_address() {
        let json = r#"{"catalog":[
            {"type":"compute","endpoints":[
                {"interface":"internal","region_id":"One","url":"http://inside/v2.1"},
                {"interface":"public","region_id":"One","url":"https://one/v2.1"},
                {"interface":"public","region":"Two","url":"https://two/v2.1/p"},
                {"interface":"public","region_id":"Three","url":"file:///etc"},
                {"interface":"public","region_id":"Four","url":"https://user:pass@four/"},
                null, 5]},
            {"type":"image","endpoints":[{"interface":"publicURL","region_id":"One","url":"https://images"}]},
            {"type":"volumev3","endpoints":[{"interface":"public","region_id":"Five","url":"https://volumes"}]}]}"#;
        let token: wire::Token<'_> = serde_json::from_str(json).unwrap();
        let catalogue = Catalogue::read(&token, Interface::Public);
        let regions = catalogue.regions();
        assert_eq!(
            regions.iter().map(|region| &**region).collect::<Vec<_>>(),
            ["One", "Two"]
        );
        let at = |service, region| {
            let url = catalogue.endpoint(service, region).ok()?;
            Some(url.as_str())
        };
        assert_eq!(at(Service::Compute, "One"), Some("https://one/v2.1"));
        assert_eq!(at(Service::Image, "One"), Some("https://images/"));
        assert_eq!(at(Service::Image, "Two"), None);
        assert_eq!(at(Service::Compute, "Four"), None);
        assert!(Catalogue::default().is_empty());
    }
}
