//! Asking the demo as any client would.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoClouds, DemoOptions, OpenStackOptions, start_openstack};

/// 2025-07-14T08:00:00Z, in milliseconds.
pub const START_MS: i64 = 1_752_480_000_000;

/// A running demo with a stopped clock.
pub struct Demo {
    _clouds: DemoClouds,
    pub clock: Clock,
    client: Client,
    pub root: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name}"))
            .to_str()
            .unwrap()
    }

    /// A refusal of Nova: its name and its message.
    pub fn fault(&self) -> (u16, String, String) {
        let body = self.json();
        let (name, fault) = body.as_object().unwrap().iter().next().unwrap();
        assert_eq!(fault["code"], self.status);
        let message = fault["message"].as_str().unwrap();
        (self.status, name.clone(), message.to_owned())
    }
}

pub fn fault(status: u16, name: &str, message: &str) -> (u16, String, String) {
    (status, name.to_owned(), message.to_owned())
}

/// Somebody who is signed in, and the version that they ask Nova for.
#[derive(Clone)]
pub struct User<'d> {
    demo: &'d Demo,
    pub token: String,
    /// The Nova that is asked.
    pub nova: String,
    pub version: &'static str,
}

impl Demo {
    pub fn start() -> Self {
        Self::start_as(&OpenStackOptions::default())
    }

    pub fn start_as(own: &OpenStackOptions) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_openstack(&DemoOptions::default(), own, &clock).unwrap();
        let cloud = &clouds.clouds[0];
        assert_eq!(
            (
                &*cloud.name,
                cloud.provider,
                &*cloud.username,
                &*cloud.password
            ),
            ("openstack", "openstack", "admin", "demo")
        );
        let root = cloud.url.strip_suffix("/v3").unwrap().to_owned();
        Self {
            _clouds: clouds,
            clock,
            client: Client::builder().no_proxy().build().unwrap(),
            root,
        }
    }

    pub fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Any request; the path is what follows the root.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        let id = answer.header("x-openstack-request-id");
        assert!(id.starts_with("req-") && id.len() == 40, "{id}");
        answer
    }

    pub async fn sign_in(&self, auth: Value) -> Answer {
        let body = json!({ "auth": auth });
        self.ask(Method::POST, "/v3/auth/tokens", &[], Some(body))
            .await
    }

    /// Somebody in a project, in the newest version.
    pub async fn user(&self, name: &str, project: &str) -> User<'_> {
        let answer = self.sign_in(password(name, project)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        User {
            demo: self,
            token: answer.header("x-subject-token").to_owned(),
            nova: "/compute/v2.1".to_owned(),
            version: "2.96",
        }
    }

    pub async fn alice(&self) -> User<'_> {
        self.user("alice", "red").await
    }

    pub async fn admin(&self) -> User<'_> {
        self.user("admin", "admin").await
    }
}

/// The body of signing in with a password.
pub fn password(name: &str, project: &str) -> Value {
    json!({
        "identity": {"methods": ["password"], "password": {"user": {
            "name": name, "domain": {"name": "Default"}, "password": "demo",
        }}},
        "scope": {"project": {"name": project, "domain": {"id": "default"}}},
    })
}

impl User<'_> {
    pub fn in_version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// A request to Nova; the path is what follows the version.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let version = format!("compute {}", self.version);
        let headers = [
            ("x-auth-token", &*self.token),
            ("openstack-api-version", &version),
        ];
        let path = format!("{}{path}", self.nova);
        let answer = self.demo.ask(method, &path, &headers, body).await;
        assert_eq!(
            answer.header("x-compute-request-id"),
            answer.header("x-openstack-request-id")
        );
        answer
    }

    /// A request to another service; the path is what follows the root.
    pub async fn elsewhere(&self, path: &str) -> Answer {
        let headers = [("x-auth-token", &*self.token)];
        self.demo.ask(Method::GET, path, &headers, None).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// The names of a list of servers, in its order.
    pub async fn names(&self, query: &str) -> Vec<String> {
        let body = self.get(&format!("/servers{query}")).await;
        let servers = body["servers"].as_array().unwrap().iter();
        servers
            .map(|server| server["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The id of a server of a project of the caller's, or of any for an administrator.
    pub async fn id(&self, name: &str) -> String {
        let plain = self.clone().in_version("2.1");
        let mut path = format!("/servers?name=^{name}$&changes-since=2000-01-01T00:00:00Z");
        if self.ask(Method::GET, "/os-services", None).await.status == 200 {
            path.push_str("&all_tenants=1");
        }
        let body = plain.get(&path).await;
        let servers = body["servers"].as_array().unwrap();
        assert_eq!(servers.len(), 1, "{name}");
        servers[0]["id"].as_str().unwrap().to_owned()
    }

    pub async fn show(&self, id: &str) -> Value {
        self.get(&format!("/servers/{id}")).await["server"].clone()
    }

    pub async fn act(&self, id: &str, body: Value) -> Answer {
        let path = format!("/servers/{id}/action");
        self.ask(Method::POST, &path, Some(body)).await
    }

    /// Status, vm_state, task_state and power_state of a server.
    pub async fn state(&self, id: &str) -> (String, String, Option<String>, i64) {
        let server = self.show(id).await;
        let text = |name: &str| server[name].as_str().map(str::to_owned);
        (
            text("status").unwrap(),
            text("OS-EXT-STS:vm_state").unwrap(),
            text("OS-EXT-STS:task_state"),
            server["OS-EXT-STS:power_state"].as_i64().unwrap(),
        )
    }
}

/// A state to compare with.
pub fn state(
    status: &str,
    vm_state: &str,
    task: Option<&str>,
    power: i64,
) -> (String, String, Option<String>, i64) {
    (
        status.to_owned(),
        vm_state.to_owned(),
        task.map(str::to_owned),
        power,
    )
}
