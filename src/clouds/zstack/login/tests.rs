//! Renewing a session, which no test outside can wait for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use url::Url;

use super::super::Zstack;
use crate::clouds::http::{Lane, Limits};
use crate::config::{
    CloudEntry, Credentials, Provider, Secret, SecretSource, Tls, ZstackLogin, ZstackSettings,
};

const LOGIN: &str = include_str!("../../../../tests/fixtures/zstack/login.response.json");
const RENEWAL: &str = include_str!("../../../../tests/fixtures/zstack/session-renew.request.json");

/// What was asked: method, path and body.
type Log = Arc<Mutex<Vec<(String, String)>>>;

/// A client of a server that logs everybody in and answers a renewal's job with `status`.
async fn client(status: u16) -> (Zstack, Log) {
    let log = Log::default();
    let seen = log.clone();
    let answer = move |request: Request| {
        let log = seen.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 65_536).await.unwrap();
            let path = head.uri.path().to_owned();
            let text = String::from_utf8(body.to_vec()).unwrap();
            log.lock()
                .unwrap()
                .push((format!("{} {path}", head.method), text));
            let (status, body) = match path.as_str() {
                "/zstack/v1/accounts/login" => (200, LOGIN),
                path if path.ends_with("/renew") => (202, "{}"),
                path if path.contains("/api-jobs/") => (status, "{}"),
                _ => (200, "{}"),
            };
            Response::builder()
                .status(status)
                .body(Body::from(body))
                .unwrap()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/zstack", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = ZstackSettings {
        login: ZstackLogin::Account,
        time_zone: None,
    };
    let entry = CloudEntry {
        group_by: None,
        name: "prod".into(),
        provider: Provider::Zstack(settings.clone()),
        url: Url::parse(&url).unwrap(),
        environment: None,
        credentials: Credentials::Password {
            username: "admin".into(),
            password: SecretSource::Plain(Secret::new("hunter2")),
        },
        read_only: false,
        concurrency: 2,
        tls: Tls::default(),
    };
    let cloud = Zstack::open(&entry, &settings, Limits::default()).unwrap();
    cloud.sign_in().await.unwrap();
    log.lock().unwrap().clear();
    (cloud, log)
}

fn renewals(log: &Log) -> usize {
    let log = log.lock().unwrap();
    log.iter()
        .filter(|(line, _)| line.ends_with("/renew"))
        .count()
}

#[tokio::test]
async fn a_session_is_renewed_before_it_ends_for_as_long_as_it_lived() {
    let (cloud, log) = client(200).await;
    cloud.get("/v1/zones", Lane::Read).await.unwrap();
    assert_eq!(renewals(&log), 0, "not before it is time");
    cloud.sessions.make_due();
    cloud.get("/v1/zones", Lane::Act).await.unwrap();
    assert_eq!(renewals(&log), 0, "whoever acts does not wait for it");
    cloud.get("/v1/zones", Lane::Read).await.unwrap();
    cloud.get("/v1/zones", Lane::Read).await.unwrap();
    assert_eq!(renewals(&log), 1, "once");
    let log = log.lock().unwrap();
    let (line, body) = log
        .iter()
        .find(|(line, _)| line.ends_with("/renew"))
        .unwrap();
    assert_eq!(
        line,
        "PUT /zstack/v1/accounts/sessions/9486421513b7a6922a5e8196a7b4d3d2/renew"
    );
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(read(body), read(RENEWAL));
    let (look, _) = log
        .iter()
        .find(|(line, _)| line.contains("/api-jobs/"))
        .unwrap();
    assert_eq!(look.rsplit('/').next().unwrap().len(), 32);
}

#[tokio::test]
async fn a_renewal_that_fails_stops_nothing_and_is_tried_again_later() {
    let (cloud, log) = client(503).await;
    cloud.sessions.make_due();
    cloud.get("/v1/zones", Lane::Read).await.unwrap();
    cloud.get("/v1/zones", Lane::Read).await.unwrap();
    assert_eq!(renewals(&log), 1);
    assert!(cloud.sessions.due().is_none());
}
