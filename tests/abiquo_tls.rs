//! How far a cloud's certificate is trusted: a server on this machine with a certificate of an authority that nobody knows.
//! The key beside the certificates (`tests/fixtures/tls`) opens nothing but this server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::{entry, fixture, limits};
use vmdeck::clouds::{Error, Execution, open_with};
use vmdeck::config::Tls;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/tls", name]
        .iter()
        .collect()
}

/// A server that signs in whoever trusts its certificate, which is for the name localhost.
fn serve(certificate: &str) -> u16 {
    let certificate = CertificateDer::from_pem_file(file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut stream =
                StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            let mut asked = Vec::new();
            let mut chunk = [0; 4_096];
            while !asked.ends_with(b"\r\n\r\n") {
                match stream.read(&mut chunk) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => asked.extend_from_slice(&chunk[..read]),
                }
            }
            if asked.ends_with(b"\r\n\r\n") {
                let body = fixture("login_expand_privileges");
                let head = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

async fn connect(host: &str, port: u16, tls: Tls) -> Result<(), Error> {
    let mut entry = entry(&format!("https://{host}:{port}/api"));
    entry.tls = tls;
    open_with(&entry, limits())?.connect().await.map(drop)
}

fn trusting(name: &str) -> Tls {
    Tls {
        ca_file: Some(file(name)),
        insecure: false,
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_with_the_remedy() {
    let port = serve("server.pem");
    // The machine's own authorities do not know it; on a machine without any, that is told instead.
    let error = connect("localhost", port, Tls::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { why, .. } if why.contains("set tls.ca_file")),
        "{error:?}"
    );
    assert_eq!(error.execution(), Execution::No);
}

#[tokio::test]
async fn its_authority_as_ca_file_is_trusted() {
    connect("localhost", serve("server.pem"), trusting("ca.pem"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_as_ca_file_is_trusted() {
    connect(
        "localhost",
        serve("selfsigned.pem"),
        trusting("selfsigned.pem"),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_that_is_an_authority_is_refused_with_the_remedy() {
    let file = "selfsigned-authority.pem";
    let error = connect("localhost", serve(file), trusting(file))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { why, .. } if why.contains("CA:FALSE")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_the_reason() {
    let error = connect("127.0.0.1", serve("server.pem"), trusting("ca.pem"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { why, .. } if why.contains("another name")),
        "{error:?}"
    );
}

#[tokio::test]
async fn insecure_takes_any_certificate() {
    let tls = Tls {
        ca_file: None,
        insecure: true,
    };
    connect("127.0.0.1", serve("server.pem"), tls)
        .await
        .unwrap();
}
