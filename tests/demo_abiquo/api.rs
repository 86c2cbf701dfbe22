//! A plain HTTP client for the tests: it knows addresses, headers and JSON, and nothing of the server's code.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::Value;
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoClouds, DemoOptions, start_with_clock};

/// 2025-07-14T08:00:00Z, in milliseconds.
pub const START_MS: i64 = 1_752_480_000_000;

/// A running demo cloud with a stopped clock, and a client to ask it.
pub struct Api {
    _clouds: DemoClouds,
    pub clock: Clock,
    pub client: Client,
    /// `http://127.0.0.1:PORT`
    pub origin: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        self.json()["collection"][0]["code"]
            .as_str()
            .expect("an error code")
            .to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }
}

impl Api {
    pub fn start() -> Self {
        Self::with(&DemoOptions::default())
    }

    pub fn with(options: &DemoOptions) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_with_clock(options, clock.clone()).expect("the demo starts");
        let origin = clouds.clouds[0]
            .url
            .strip_suffix("/api")
            .expect("a URL ending in /api")
            .to_owned();
        let client = Client::builder().no_proxy().build().expect("a client");
        Self {
            _clouds: clouds,
            clock,
            client,
            origin,
        }
    }

    /// A request without credentials. `path` starts with `/api`.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.origin))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.expect("a body"),
        }
    }

    /// GET as a user, of a media type in version 5.0.
    pub async fn get_as(&self, user: &str, path: &str, media: &str) -> Answer {
        let accept = format!("application/vnd.abiquo.{media}+json; version=5.0");
        let request = self.bare(Method::GET, path).basic_auth(user, Some("demo"));
        self.send(request.header(header::ACCEPT, accept)).await
    }

    /// GET as the administrator; it must succeed.
    pub async fn get(&self, path: &str, media: &str) -> Value {
        let answer = self.get_as("admin", path, media).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// Asks for a state: the body is written by hand.
    pub async fn put_state(&self, user: &str, vm: &Value, body: &str) -> Answer {
        let request = self
            .bare(Method::PUT, &path(vm, "state"))
            .basic_auth(user, Some("demo"));
        let request = request
            .header(
                header::ACCEPT,
                "application/vnd.abiquo.acceptedrequest+json; version=5.0",
            )
            .header(
                header::CONTENT_TYPE,
                "application/vnd.abiquo.virtualmachinestate+json; version=5.0",
            );
        self.send(request.body(body.to_owned())).await
    }

    /// POST without a body, or with plain text.
    pub async fn post(&self, user: &str, path: &str, text: &str) -> Answer {
        let request = self.bare(Method::POST, path).basic_auth(user, Some("demo"));
        self.send(
            request
                .header(header::CONTENT_TYPE, "text/plain")
                .body(text.to_owned()),
        )
        .await
    }

    /// Any request with a body of a media type, or with none, answered in version 5.0.
    pub async fn ask(
        &self,
        user: &str,
        method: Method,
        path: &str,
        accept: &str,
        body: Option<(&str, &str)>,
    ) -> Answer {
        let media = |name: &str| format!("application/vnd.abiquo.{name}+json; version=5.0");
        let mut request = self.bare(method, path).basic_auth(user, Some("demo"));
        request = request.header(header::ACCEPT, media(accept));
        if let Some((name, body)) = body {
            request = request
                .header(header::CONTENT_TYPE, media(name))
                .body(body.to_owned());
        }
        self.send(request).await
    }

    /// POST of an action that answers with the task to follow.
    pub async fn act(&self, user: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        self.ask(user, Method::POST, path, "acceptedrequest", body)
            .await
    }

    /// DELETE of a VM or an appliance.
    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.ask(user, Method::DELETE, path, "acceptedrequest", None)
            .await
    }

    /// The VM with a friendly name of one of the tenants that stand apart.
    pub async fn apart(&self, label: &str) -> Value {
        for tenant in [9, 10] {
            let address = format!("/api/admin/enterprises/{tenant}/action/virtualmachines");
            let list = self.get(&address, "virtualmachines").await;
            let vms = list["collection"].as_array().expect("a list");
            if let Some(vm) = vms.iter().find(|vm| vm["label"] == label) {
                return vm.clone();
            }
        }
        panic!("no VM {label} stands apart")
    }

    /// The latest task of a VM.
    pub async fn latest_task(&self, vm: &Value) -> Value {
        let list = self.get(&path(vm, "tasks"), "tasks").await;
        list["collection"]
            .as_array()
            .and_then(|tasks| tasks.last())
            .expect("a task")
            .clone()
    }

    /// The one VM with a friendly name.
    pub async fn vm(&self, label: &str) -> Value {
        let list = self
            .get(
                &format!("/api/cloud/virtualmachines?vmlabel={label}"),
                "virtualmachines",
            )
            .await;
        assert_eq!(list["totalSize"], 1, "{label}");
        list["collection"][0].clone()
    }

    /// The latest events of a VM, newest first: severity, action and message.
    pub async fn events_of(&self, label: &str) -> Vec<(String, String, String)> {
        let list = self
            .get(
                &format!("/api/events?limit=0&virtualmachine={label}"),
                "events",
            )
            .await;
        let text = |event: &Value, key: &str| event[key].as_str().expect("text").to_owned();
        let events = list["collection"].as_array().expect("a list");
        events
            .iter()
            .map(|one| {
                (
                    text(one, "severity"),
                    text(one, "action"),
                    text(one, "message"),
                )
            })
            .collect()
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The path of an object's link, which must not name the port that was asked.
pub fn path(object: &Value, rel: &str) -> String {
    let found = link(object, rel).unwrap_or_else(|| panic!("no link {rel} in {object}"));
    let href = found["href"].as_str().expect("an href");
    let path = href
        .strip_prefix("http://127.0.0.1:443")
        .unwrap_or_else(|| panic!("another origin: {href}"));
    path.to_owned()
}

pub fn link<'a>(object: &'a Value, rel: &str) -> Option<&'a Value> {
    object["links"]
        .as_array()?
        .iter()
        .find(|link| link["rel"] == rel)
}

pub fn rels(object: &Value) -> Vec<&str> {
    object["links"]
        .as_array()
        .expect("links")
        .iter()
        .map(|link| link["rel"].as_str().expect("a rel"))
        .collect()
}

pub fn labels(list: &Value) -> Vec<&str> {
    let vms = list["collection"].as_array().expect("a list");
    vms.iter()
        .map(|vm| vm["label"].as_str().expect("a label"))
        .collect()
}

/// The status and the code of a refusal.
pub fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

/// The task that an accepted request points to.
pub async fn task_of(api: &Api, accepted: &Answer) -> Value {
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let body = accepted.json();
    assert!(body["message"].is_string());
    assert_eq!(
        link(&body, "status").unwrap()["type"],
        "application/vnd.abiquo.task+json"
    );
    api.get(&path(&body, "status"), "task").await
}

/// Each job's type, state and state of rollback.
pub fn job_states(task: &Value) -> Vec<(&str, &str, &str)> {
    let jobs = task["jobs"]["collection"].as_array().unwrap().iter();
    jobs.map(|job| {
        let text = |key: &str| job[key].as_str().unwrap();
        (text("type"), text("state"), text("rollbackState"))
    })
    .collect()
}
