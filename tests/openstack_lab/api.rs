//! What the tests do beside the client: making servers, ending tokens. Written without any of its code.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::suite::Lab;

pub struct Api {
    http: Client,
    pub token: String,
    catalogue: Value,
    pub keystone: String,
    user: String,
    /// How long the token lives.
    pub life: Duration,
}

impl Api {
    /// Signs in with the name and password of a cloud of the lab's file, which has each on one line.
    pub async fn sign_in(lab: &Lab, cloud: &str) -> Self {
        let text = std::fs::read_to_string(&lab.file).unwrap();
        let block = text.split(&format!("{cloud}:")).nth(1).unwrap();
        let line = block
            .lines()
            .find(|line| line.contains("auth_url"))
            .unwrap();
        let field = |name: &str| {
            let rest = line.split(&format!("{name}: ")).nth(1).unwrap();
            rest.split([',', '}']).next().unwrap().trim().to_owned()
        };
        let keystone = field("auth_url");
        let user = json!({"name": field("username"), "domain": {"name": "Default"}, "password": field("password")});
        let project = json!({"name": field("project_name"), "domain": {"name": "Default"}});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}});
        // Plain http needs none, and the builder wants one all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build().unwrap();
        let answer = http
            .post(format!("{keystone}/auth/tokens"))
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let token = answer.headers()["x-subject-token"]
            .to_str()
            .unwrap()
            .to_owned();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let moment = |key: &str| -> jiff::Timestamp {
            answer["token"][key].as_str().unwrap().parse().unwrap()
        };
        let life = moment("expires_at").duration_since(moment("issued_at"));
        Self {
            http,
            token,
            catalogue: answer["token"]["catalog"].clone(),
            keystone,
            user: answer["token"]["user"]["id"].as_str().unwrap().to_owned(),
            life: Duration::try_from(life).unwrap(),
        }
    }

    fn endpoint(&self, kind: &str) -> String {
        let services = self.catalogue.as_array().unwrap();
        let service = services.iter().find(|one| one["type"] == kind).unwrap();
        let endpoints = service["endpoints"].as_array().unwrap();
        let public = endpoints.iter().find(|one| one["interface"] == "public");
        public.unwrap()["url"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, url: String, body: Option<Value>) -> Value {
        let mut request = self
            .http
            .request(method, &url)
            .header("X-Auth-Token", &self.token)
            .header("OpenStack-API-Version", "compute 2.84");
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(
            status.is_success() || status.as_u16() == 404,
            "{url}: {status} {text}"
        );
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn compute(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.endpoint("compute"));
        self.send(method, url, body).await
    }

    /// How this token's question for the servers is answered.
    pub async fn status_of_servers(&self) -> u16 {
        let url = format!("{}/servers", self.endpoint("compute"));
        let request = self.http.get(url).header("X-Auth-Token", &self.token);
        request.send().await.unwrap().status().as_u16()
    }

    /// A server that runs, and none other of its name. Answers its id.
    pub async fn create(&self, name: &str) -> String {
        self.remove(name).await;
        let flavors = self.compute(Method::GET, "/flavors", None).await;
        let images = self
            .send(
                Method::GET,
                format!("{}/v2/images?name=tiny", self.endpoint("image")),
                None,
            )
            .await;
        let body = json!({"server": {
            "name": name, "flavorRef": flavors["flavors"][0]["id"], "imageRef": images["images"][0]["id"], "networks": "none"}});
        let made = self.compute(Method::POST, "/servers", Some(body)).await;
        let id = made["server"]["id"].as_str().unwrap().to_owned();
        let began = Instant::now();
        loop {
            let now = self
                .compute(Method::GET, &format!("/servers/{id}"), None)
                .await;
            if now["server"]["status"] == "ACTIVE" {
                return id;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "{now}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Removes what an earlier run has left under a name.
    async fn remove(&self, name: &str) {
        let path = format!("/servers?name=%5E{name}%24");
        let left = self.compute(Method::GET, &path, None).await;
        for server in left["servers"].as_array().unwrap() {
            self.delete(server["id"].as_str().unwrap()).await;
        }
    }

    /// A server that no host can take, in error. Answers its id.
    pub async fn create_too_large(&self, name: &str) -> String {
        self.remove(name).await;
        let flavor = json!({"flavor": {"name": name, "vcpus": 100_000, "ram": 512, "disk": 1}});
        let flavor = self.compute(Method::POST, "/flavors", Some(flavor)).await;
        let flavor = flavor["flavor"]["id"].as_str().unwrap().to_owned();
        let url = format!("{}/v2/images?name=tiny", self.endpoint("image"));
        let images = self.send(Method::GET, url, None).await;
        let body = json!({"server": {
            "name": name, "flavorRef": flavor, "imageRef": images["images"][0]["id"], "networks": "none"}});
        let made = self.compute(Method::POST, "/servers", Some(body)).await;
        let id = made["server"]["id"].as_str().unwrap().to_owned();
        let path = format!("/servers/{id}");
        let began = Instant::now();
        while self.compute(Method::GET, &path, None).await["server"]["status"] != "ERROR" {
            assert!(began.elapsed() < Duration::from_secs(120), "{id}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.compute(Method::DELETE, &format!("/flavors/{flavor}"), None)
            .await;
        id
    }

    /// A new application credential: its id and secret.
    pub async fn application_credential(&self, name: &str) -> (String, String) {
        let at = format!(
            "{}/users/{}/application_credentials",
            self.keystone, self.user
        );
        let left = self
            .send(Method::GET, format!("{at}?name={name}"), None)
            .await;
        for one in left["application_credentials"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            self.send(Method::DELETE, format!("{at}/{id}"), None).await;
        }
        let body = json!({"application_credential": {"name": name}});
        let made = self.send(Method::POST, at, Some(body)).await;
        let text = |key: &str| {
            made["application_credential"][key]
                .as_str()
                .unwrap()
                .to_owned()
        };
        (text("id"), text("secret"))
    }

    /// Removes a server, and waits until it is gone.
    pub async fn delete(&self, id: &str) {
        let path = format!("/servers/{id}");
        self.compute(Method::DELETE, &path, None).await;
        let began = Instant::now();
        while !self.compute(Method::GET, &path, None).await["server"].is_null() {
            assert!(began.elapsed() < Duration::from_secs(60), "{id} stays");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub async fn delete_images(&self, name: &str) {
        let at = self.endpoint("image");
        let images = self
            .send(Method::GET, format!("{at}/v2/images?name={name}"), None)
            .await;
        for image in images["images"].as_array().unwrap() {
            let id = image["id"].as_str().unwrap();
            self.send(Method::DELETE, format!("{at}/v2/images/{id}"), None)
                .await;
        }
    }

    /// Says that a host is lost.
    pub async fn force_down(&self, host: &str) {
        let path = format!("/os-services?binary=nova-compute&host={host}");
        let services = self.compute(Method::GET, &path, None).await;
        let id = services["services"][0]["id"].as_str().unwrap();
        let body = json!({"forced_down": true});
        self.compute(Method::PUT, &format!("/os-services/{id}"), Some(body))
            .await;
    }
}
