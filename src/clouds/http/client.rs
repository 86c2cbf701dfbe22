//! The connections underneath: TLS, proxies, pools.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::crypto::{CryptoProvider, ring};
use url::Url;

use super::Limits;
use super::failure::tls_words;
use crate::clouds::{Error, Result};
use crate::config::{Tls, is_loopback};

/// What a pool of connections is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading: connections are kept and used again, at most so many idle ones.
    Reading(usize),
    /// Changing: each request has a connection of its own. A kept one may be closed by the server at the moment of use, and then
    /// nobody could tell whether the request had been executed.
    Changing,
}

/// A client that follows no redirect and repeats nothing by itself.
pub(super) fn client(url: &Url, tls: &Tls, limits: &Limits, purpose: Use) -> Result<Client> {
    let host = url.host_str().unwrap_or_default();
    let unreachable = |why: String| Error::Unreachable {
        host: host.to_owned(),
        why,
    };
    let builder = Client::builder()
        .user_agent(concat!("vmdeck/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(limits.connect)
        .pool_idle_timeout(limits.idle)
        .pool_max_idle_per_host(match purpose {
            Use::Reading(connections) => connections,
            Use::Changing => 0,
        })
        .tcp_nodelay(true);
    let builder = if is_loopback(url) {
        builder.no_proxy()
    } else {
        builder
    };
    let builder = if url.scheme() == "https" {
        trust(builder, tls).map_err(unreachable)?
    } else {
        without_tls(builder)?
    };
    builder
        .build()
        .map_err(|error| unreachable(build_words(&error)))
}

/// Plain http needs no trust in anybody: it must work on a machine that has no certificates at all.
fn without_tls(builder: ClientBuilder) -> Result<ClientBuilder> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Protocol(tls_words(&error)))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(builder.tls_backend_preconfigured(config))
}

fn trust(builder: ClientBuilder, tls: &Tls) -> std::result::Result<ClientBuilder, String> {
    if CryptoProvider::get_default().is_none() {
        // Two clouds may come here at once; whoever is second finds the same provider in place.
        let _ = ring::default_provider().install_default();
    }
    if tls.insecure {
        return Ok(builder.tls_danger_accept_invalid_certs(true));
    }
    let Some(path) = &tls.ca_file else {
        return Ok(builder);
    };
    let file = path.display();
    let pem = std::fs::read(path)
        .map_err(|error| format!("tls.ca_file {file} cannot be read: {error}"))?;
    let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if authorities.is_empty() {
        return Err(format!(
            "tls.ca_file {file} holds no certificate; it must be a PEM file"
        ));
    }
    Ok(builder.tls_certs_merge(authorities))
}

fn build_words(error: &reqwest::Error) -> String {
    let cause = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    if cause.contains("No CA certificates") {
        return "this machine has no certificates of authorities; install them (package ca-certificates), or set tls.ca_file"
            .to_owned();
    }
    format!("TLS cannot be set up: {cause}; check tls.ca_file")
}
