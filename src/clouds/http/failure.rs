//! What went wrong below HTTP, in words with a remedy, and without anything of the request.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use crate::clouds::Error;
use crate::model::text::clean_to;

/// The most of another's words that an error holds, in characters.
const MAX_WORDS: usize = 200;

/// A failed exchange as the error that says whether the request can have been executed.
///
/// Nothing was sent while no connection stood; after that nobody knows.
pub(super) fn failure(error: &reqwest::Error, host: &str) -> Error {
    if error.is_connect() {
        return Error::Unreachable {
            host: host.to_owned(),
            why: unreachable(error),
        };
    }
    Error::NoAnswer(match io_kind(error) {
        _ if is_broken(error) => "the connection broke before the whole answer came".to_owned(),
        Some(io::ErrorKind::TimedOut) => "the connection timed out".to_owned(),
        _ => clean_to(&root(error), MAX_WORDS).into_owned(),
    })
}

/// Whether the connection was lost, as opposed to an answer that makes no sense.
pub(super) fn is_broken(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        io_kind(error),
        Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
    ) || chain(error).any(|cause| {
        // hyper keeps its kinds to itself; these are its words for a connection that ended.
        let words = cause.to_string();
        words.starts_with("connection closed before message completed")
            || words.starts_with("end of file before message length reached")
            || words.starts_with("connection error")
    })
}

fn unreachable(error: &reqwest::Error) -> String {
    if let Some(tls) = chain(error).find_map(tls_error) {
        return tls_words(tls);
    }
    if error.is_dns() {
        return format!(
            "its name cannot be resolved ({})",
            clean_to(&root(error), MAX_WORDS)
        );
    }
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionRefused) => {
            "connection refused; check that it runs, and the port in the url".to_owned()
        }
        Some(io::ErrorKind::TimedOut) => {
            "no connection in time; check the address, the network and the firewall".to_owned()
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            "the connection was closed at once; check the port, and http or https in the url"
                .to_owned()
        }
        _ if error.is_timeout() => {
            "no connection in time; check the address, the network and the firewall".to_owned()
        }
        _ => clean_to(&root(error), MAX_WORDS).into_owned(),
    }
}

/// What TLS said, and what to do about it.
pub(super) fn tls_words(error: &rustls::Error) -> String {
    let trust = "set tls.ca_file to a PEM file with the authority that signed it";
    match error {
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => {
            format!("its certificate is not signed by an authority that is trusted here; {trust}")
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "its certificate has expired; have it renewed, and check the clock of this machine"
            .to_owned(),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "its certificate is not valid yet; check the clock of this machine".to_owned(),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another name; use the name that it is made for in the url"
            .to_owned(),
        // webpki keeps this one to itself: `openssl req -x509` makes such certificates unless told otherwise.
        rustls::Error::InvalidCertificate(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is that of an authority, which no server may use; make one with basicConstraints=CA:FALSE, or set \
             tls.insecure = true"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(other) => {
            format!(
                "its certificate is not accepted ({}); {trust}",
                clean_to(&format!("{other}"), MAX_WORDS)
            )
        }
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port; check the port, and http or https in the url"
                .to_owned()
        }
        other => format!("TLS: {}", clean_to(&other.to_string(), MAX_WORDS)),
    }
}

fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn StdError + 'static)| {
        let error: &'e (dyn StdError + 'static) = *error;
        // What an I/O error wraps is not its source, but stands in its place.
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

fn tls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    error.downcast_ref::<rustls::Error>()
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .last()
}

/// The innermost cause. The outer ones repeat the address.
fn root(error: &reqwest::Error) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_comes_with_its_remedy() {
        let cases = [
            (CertificateError::UnknownIssuer, "tls.ca_file"),
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "clock"),
            (CertificateError::NotValidForName, "another name"),
            (CertificateError::Revoked, "not accepted"),
        ];
        for (error, word) in cases {
            let words = tls_words(&rustls::Error::InvalidCertificate(error));
            assert!(words.contains(word), "{words}");
        }
    }
}
