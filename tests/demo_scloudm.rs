//! The demo's SCloudM gateway: what it answers over HTTP, and the client on it from end to end. Every expectation is written by hand from the
//! API's page and from the demo's own fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;
#[path = "support/scloudm.rs"]
mod with;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use vmdeck::clouds::{Accepted, Cloud, Error, Execution, open};
use vmdeck::config::{Credentials, Scloudm, Secret, SecretSource, Tenant, TokenForm};
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoCloud, DemoClouds, DemoOptions, start_with_clock};
use vmdeck::model::{
    Action, ActionKind, Availability, PowerState, Privileges, Standing, Vm, availability,
};
use with::{entry, keys, listed};

/// 2025-07-14T08:00:00Z, in milliseconds.
const START_MS: i64 = 1_752_480_000_000;

/// A running demo with a clock that stands.
struct Demo {
    _clouds: DemoClouds,
    clock: Clock,
    cloud: DemoCloud,
    http: Client,
    token: String,
}

impl Demo {
    async fn start() -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_with_clock(&DemoOptions::default(), clock.clone()).unwrap();
        let is_it = |cloud: &&DemoCloud| cloud.provider == "scloudm";
        let cloud = clouds.clouds.iter().find(is_it).unwrap().clone();
        let mut demo = Self {
            _clouds: clouds,
            clock,
            cloud,
            http: Client::builder().no_proxy().build().unwrap(),
            token: String::new(),
        };
        let auth = json!({"auth": {"tenantName": "", "passwordCredentials": {"username": "admin", "password": "demo"}}});
        let (status, said) = demo.post("/mana_api/tokens", &auth).await;
        assert_eq!(status, 200, "{said}");
        demo.token = said["access"]["token"]["id"].as_str().unwrap().to_owned();
        demo
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The status and the text of an answer.
    async fn send(&self, request: RequestBuilder) -> (u16, String) {
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.cloud.url))
            .header("Sp-Agent", "scloudm");
        if self.token.is_empty() {
            request
        } else {
            request.header("X-Auth-Token", &self.token)
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.send(self.request("GET", path)).await;
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self
            .request("POST", path)
            .header("Content-Type", "application/json")
            .body(body.to_string());
        let (status, text) = self.send(request).await;
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// The id of a tenant.
    async fn tenant(&self, name: &str) -> String {
        let (_, said) = self.get("/mana_api/region_tenant").await;
        let tenants = said["tenants"].as_array().unwrap();
        let tenant = tenants
            .iter()
            .find(|tenant| tenant["name"] == name)
            .unwrap();
        tenant["id"].as_str().unwrap().to_owned()
    }

    /// The list of a tenant in a region.
    async fn list(&self, tenant: &str, region: &str, more: &str) -> (u16, Value) {
        let tenant = self.tenant(tenant).await;
        self.get(&format!(
            "/mana_api/vm?tenant_id={tenant}&region={region}{more}"
        ))
        .await
    }

    async fn act(&self, tenant: &str, region: &str, body: &Value) -> (u16, Value) {
        let tenant = self.tenant(tenant).await;
        self.post(&format!("/mana_api/vm_act/{tenant}/{region}"), body)
            .await
    }

    async fn connected(&self, keys: Scloudm) -> Arc<dyn Cloud> {
        let mut entry = entry(&self.cloud.url, keys);
        entry.credentials = Credentials::Password {
            username: self.cloud.username.clone(),
            password: SecretSource::Plain(Secret::new(self.cloud.password.clone())),
        };
        let cloud = open(&entry).unwrap();
        let session = cloud.connect().await.unwrap();
        assert_eq!(&*session.user, "admin");
        cloud
    }
}

/// The entry of a VM by its name.
fn named<'l>(list: &'l Value, name: &str) -> &'l Value {
    let entries = list["vm_servers"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["instance_name"] == name)
        .unwrap()
}

async fn vm(cloud: &dyn Cloud, name: &str) -> Vm {
    let (vms, error) = listed(cloud).await;
    assert_eq!(error, None);
    vms.into_iter().find(|vm| &*vm.name == name).unwrap()
}

#[tokio::test]
async fn both_forms_of_sign_in_give_a_token_for_an_hour() {
    let demo = Demo::start().await;
    let v3 = json!({"auth": {"identity": {"methods": ["password"], "password": {"user":
        {"name": "admin", "password": "demo", "domain": {"name": "Default"}}}}}});
    let (status, said) = demo.post("/mana_api/tokens", &v3).await;
    assert_eq!(status, 200);
    assert_eq!(said["token"]["expires"], "2025-07-14T09:00:00Z");
    demo.pass(3_599);
    assert_eq!(demo.get("/mana_api/region_tenant").await.0, 200);
    demo.pass(1);
    assert_eq!(
        demo.get("/mana_api/region_tenant").await,
        (400, json!({"error": "invalid token"}))
    );
    let wrong = json!({"auth": {"passwordCredentials": {"username": "admin", "password": "no"}}});
    let (status, said) = demo.post("/mana_api/tokens", &wrong).await;
    assert_eq!(
        (status, &said["code"], &said["reason"]),
        (401, &json!(401), &json!("Unauthorized"))
    );
}

#[tokio::test]
async fn the_gateway_refuses_in_its_own_shapes() {
    let demo = Demo::start().await;
    let url = |path: &str| format!("{}{path}", demo.cloud.url);
    let bare = demo.http.get(url("/mana_api/vm"));
    assert_eq!(demo.send(bare).await, (401, "Unauthorized".to_owned()));
    let by_the_wrong_header = demo
        .http
        .get(url("/mana_api/vm"))
        .header("token", &demo.token);
    assert_eq!(demo.send(by_the_wrong_header).await.0, 401);
    let agent = demo
        .http
        .get(url("/mana_api/vm"))
        .header("X-Auth-Token", &demo.token)
        .header("Sp-Agent", "nobody");
    let (status, page) = demo.send(agent).await;
    assert!(
        status == 500 && page.starts_with("<!DOCTYPE HTML"),
        "{page}"
    );
    assert_eq!(demo.get("/mana_api/vm").await.0, 400);
    let (status, said) = demo.get("/mana_api/vm?tenant_id=nobody&region=bj-1").await;
    assert_eq!(
        (status, &said["msg"]),
        (403, &json!("project is not yours"))
    );
    let (status, said) = demo.list("games", "gz-1", "").await;
    assert_eq!((status, &said["msg"]), (400, &json!("invalid region")));
    assert_eq!(demo.list("games", "bj-1", "&f=x").await.0, 500);
    assert_eq!(demo.get("/mana_api/servers/detail").await.0, 404);
    assert_eq!(demo.get("/mana_api/tokens").await.0, 405);
}

#[tokio::test]
async fn a_list_is_sliced_and_its_total_is_that_of_the_slice() {
    let demo = Demo::start().await;
    let (_, all) = demo.list("games", "bj-1", "").await;
    assert_eq!(all["total_count"], 9);
    let (_, some) = demo.list("games", "bj-1", "&f=2&t=5").await;
    assert_eq!(some["total_count"], 3);
    let entries = |list: &Value| list["vm_servers"].as_array().unwrap().clone();
    assert_eq!(entries(&some), entries(&all)[2..5]);
    let lobby = named(&all, "lobby-01");
    assert_eq!(lobby["lan_ip_set"], "10.240.2.11");
    assert_eq!(
        (&lobby["cpu_num"], &lobby["mem_size"]),
        (&json!(4), &json!(8))
    );
    assert_eq!(lobby["status"], "ACTIVE");
    assert_eq!(lobby["create_at"], "2024-05-30 08:00:00", "410 days before");
    assert_eq!(named(&all, "patch-build")["mem_size"], Value::Null);
}

#[tokio::test]
async fn of_several_vms_the_first_is_acted_on_and_the_answer_says_that_it_failed() {
    let demo = Demo::start().await;
    let (_, list) = demo.list("games", "bj-1", "").await;
    let id = |name| {
        named(&list, name)["instance_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let body =
        json!({"servers": format!("{},{}", id("lobby-01"), id("lobby-02")), "os-stop": null});
    let (status, said) = demo.act("games", "bj-1", &body).await;
    assert_eq!(
        (status, said),
        (400, json!({"code": 400, "msg": "Error with vm action"}))
    );
    demo.pass(5);
    let (_, list) = demo.list("games", "bj-1", "").await;
    assert_eq!(named(&list, "lobby-01")["status"], "SHUTOFF");
    assert_eq!(named(&list, "lobby-02")["status"], "ACTIVE");
}

#[tokio::test]
async fn what_nova_would_not_understand_is_refused_and_a_body_without_its_type_breaks() {
    let demo = Demo::start().await;
    let (_, list) = demo.list("games", "bj-1", "").await;
    let id = named(&list, "lobby-01")["instance_id"].clone();
    for body in [
        json!({"servers": id, "os-stop ": null}),
        json!({"servers": id, "os-stop": "now"}),
        json!({"servers": id}),
        json!({"servers": id, "reboot": {}}),
    ] {
        let (status, said) = demo.act("games", "bj-1", &body).await;
        assert_eq!(
            (status, &said["detail"][0]["code"]),
            (400, &json!(400)),
            "{body}"
        );
    }
    let (status, said) = demo
        .act(
            "games",
            "bj-1",
            &json!({"servers": "nobody", "os-stop": null}),
        )
        .await;
    assert_eq!(
        (status, &said["detail"][0]["reason"]),
        (400, &json!("Not Found"))
    );
    let tenant = demo.tenant("games").await;
    let untyped = demo
        .request("POST", &format!("/mana_api/vm_act/{tenant}/bj-1"))
        .body(json!({"servers": id, "os-stop": null}).to_string());
    assert_eq!(demo.send(untyped).await.0, 500);
    let with_server = format!("/mana_api/vm_act/{tenant}/bj-1/{}", id.as_str().unwrap());
    assert_eq!(demo.post(&with_server, &json!({})).await.0, 404);
}

#[tokio::test]
async fn the_client_lists_every_state_of_the_api() {
    let demo = Demo::start().await;
    let v3 = Scloudm {
        auth: TokenForm::V3,
        sp_agent: "openstack_kilo".into(),
        ..keys()
    };
    let cloud = demo.connected(v3).await;
    assert_eq!(listed(&*cloud).await.0.len(), 29);
    let cloud = demo.connected(keys()).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!(
        (vms.len(), error),
        (29, None),
        "pairs without compute are skipped"
    );
    let mut words: BTreeMap<PowerState, BTreeSet<&str>> = BTreeMap::new();
    for vm in &vms {
        words.entry(vm.power).or_default().insert(&vm.native_state);
    }
    let expected = [
        (PowerState::On, vec!["ACTIVE", "RESCUE"]),
        (PowerState::Off, vec!["SHUTOFF"]),
        (PowerState::Paused, vec!["PAUSED", "SHELVED", "SUSPENDED"]),
        (
            PowerState::NotAllocated,
            vec!["DELETED", "SHELVED_OFFLOADED", "SOFT_DELETED"],
        ),
        (PowerState::Unknown, vec!["ERROR", "UNKNOWN"]),
        (
            PowerState::Locked,
            vec![
                "BUILD",
                "HARD_REBOOT",
                "MIGRATING",
                "PASSWORD",
                "REBOOT",
                "REBUILD",
                "RESIZE",
                "REVERT_RESIZE",
                "VERIFY_RESIZE",
            ],
        ),
    ];
    let expected: BTreeMap<_, BTreeSet<_>> = expected
        .map(|(power, words)| (power, words.into_iter().collect()))
        .into();
    assert_eq!(words, expected);
    let places: BTreeSet<_> = vms
        .iter()
        .map(|vm| {
            (
                vm.tenant.as_deref().unwrap(),
                vm.location.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        places,
        BTreeSet::from([
            ("games", "bj-1"),
            ("games", "sh-1"),
            ("web", "bj-1"),
            ("web", "gz-1")
        ])
    );
    let chat = vms.iter().find(|vm| &*vm.name == "chat-01").unwrap();
    assert_eq!((chat.cpu, chat.ram_mib), (Some(2), Some(4_096)));
    assert_eq!(
        chat.addresses.to_vec(),
        ["10.241.2.11".into(), Arc::from("192.168.7.11")]
    );
    let relay = vms.iter().find(|vm| &*vm.name == "mail-relay").unwrap();
    assert_eq!(relay.ram_mib, None, "less than one GiB is not none");
}

#[tokio::test]
async fn the_client_says_which_configured_pair_has_no_compute() {
    let demo = Demo::start().await;
    let named = Scloudm {
        tenants: vec![Tenant {
            id: demo.tenant("games").await,
            name: Some("games".into()),
        }],
        regions: vec!["bj-1".into(), "gz-1".into()],
        ..keys()
    };
    let cloud = demo.connected(named).await;
    let (vms, error) = listed(&*cloud).await;
    assert_eq!(vms.len(), 9);
    let error = error.unwrap();
    assert_eq!(
        error.to_string(),
        "rejected by the cloud: tenant games in region gz-1: invalid region"
    );
}

#[tokio::test]
async fn each_action_of_the_client_comes_to_its_end() {
    use PowerState::{Locked, Off, On};
    let demo = Demo::start().await;
    let cloud = demo.connected(keys()).await;
    // What it is before, at once after, and in the end; starting and stopping do not show meanwhile.
    for (name, action, before, meanwhile, after) in [
        (
            "match-02",
            Action::PowerOn,
            (Off, "SHUTOFF"),
            (Off, "SHUTOFF"),
            (On, "ACTIVE"),
        ),
        (
            "match-02",
            Action::PowerOff,
            (On, "ACTIVE"),
            (On, "ACTIVE"),
            (Off, "SHUTOFF"),
        ),
        (
            "match-02",
            Action::Reboot,
            (Off, "SHUTOFF"),
            (Locked, "REBOOT"),
            (On, "ACTIVE"),
        ),
        (
            "match-02",
            Action::Reset,
            (On, "ACTIVE"),
            (Locked, "HARD_REBOOT"),
            (On, "ACTIVE"),
        ),
        (
            "forensics",
            Action::PowerOff,
            (On, "RESCUE"),
            (On, "RESCUE"),
            (Off, "SHUTOFF"),
        ),
        (
            "beta-02",
            Action::PowerOn,
            (Off, "SHUTOFF"),
            (Off, "SHUTOFF"),
            (PowerState::Unknown, "ERROR"),
        ),
    ] {
        let state = |vm: &Vm, (power, word): (PowerState, &str)| {
            assert_eq!(
                (vm.power, &*vm.native_state),
                (power, word),
                "{name}: {action:?}"
            );
        };
        let target = cloud.target(&vm(&*cloud, name).await).await.unwrap();
        state(&target.vm, before);
        let answer = cloud.perform(&target, &action).await.unwrap();
        assert!(matches!(answer, Accepted::Watch(phases) if phases.len() == 1));
        let during = cloud.target(&target.vm).await.unwrap().vm;
        state(&during, meanwhile);
        demo.pass(7);
        let end = cloud.target(&target.vm).await.unwrap().vm;
        state(&end, after);
        assert!(end.updated_at > target.vm.updated_at, "{name}: {action:?}");
    }
}

#[tokio::test]
async fn the_client_tells_refusals_in_the_clouds_words() {
    let demo = Demo::start().await;
    let cloud = demo.connected(keys()).await;
    let stopped = cloud.target(&vm(&*cloud, "match-02").await).await.unwrap();
    let error = cloud
        .perform(&stopped, &Action::PowerOff)
        .await
        .unwrap_err();
    let words = format!(
        "refused by the cloud: Cannot 'stop' instance {} while it is in vm_state shutoff (Conflict)",
        stopped.vm.key.id
    );
    assert_eq!(
        (error.to_string(), error.execution()),
        (words, Execution::No)
    );
    cloud.perform(&stopped, &Action::PowerOn).await.unwrap();
    let error = cloud.perform(&stopped, &Action::Reset).await.unwrap_err();
    assert!(
        error.to_string().contains("task_state powering-on"),
        "{error}"
    );
}

#[tokio::test]
async fn availability_follows_the_capabilities() {
    let demo = Demo::start().await;
    let cloud = demo.connected(keys()).await;
    let (vms, _) = listed(&*cloud).await;
    let standing = Standing {
        signed_out: None,
        capabilities: cloud.capabilities(),
        privileges: Some(&Privileges::Unlisted),
        read_only: false,
        restricted: false,
        progress: None,
    };
    let may = |action, name: &str| {
        let vm = vms.iter().find(|vm| &*vm.name == name).unwrap();
        match availability(action, vm, &standing) {
            Availability::Allowed => "yes".to_owned(),
            Availability::Denied(denial) => denial.to_string(),
        }
    };
    assert_eq!(may(ActionKind::Reboot, "match-02"), "yes");
    assert_eq!(may(ActionKind::Reset, "lobby-01"), "yes");
    assert_eq!(may(ActionKind::PowerOn, "lobby-01"), "It is on already");
    assert_eq!(
        may(ActionKind::Pause, "lobby-01"),
        "SCloudM has no pause; its gateway starts, stops and restarts alone"
    );
    assert!(
        may(ActionKind::Shutdown, "lobby-01")
            .starts_with("SCloudM has no shut down; its one stop is power off")
    );
    assert!(may(ActionKind::PowerOff, "chat-02").starts_with("An operation is running on it"));
}

#[tokio::test]
async fn the_client_outlives_its_token_and_finds_the_screen() {
    let demo = Demo::start().await;
    let cloud = demo.connected(keys()).await;
    let lobby = vm(&*cloud, "lobby-01").await;
    demo.pass(3_601);
    let target = cloud.target(&lobby).await.unwrap();
    demo.pass(3_601);
    cloud.perform(&target, &Action::PowerOff).await.unwrap();
    let screen = cloud
        .remote_access(&lobby, false)
        .await
        .unwrap()
        .url
        .unwrap();
    assert!(screen.starts_with("http://192.0.2.50:6080/"), "{screen}");
    let raw = cloud.raw(&lobby).await.unwrap();
    assert!(raw.contains("\"instance_name\": \"lobby-01\""), "{raw}");
    let gone = Vm {
        locator: lobby.locator.replace("bj-1", "nowhere").into(),
        ..lobby
    };
    assert!(matches!(cloud.target(&gone).await, Err(Error::NotFound(_))));
}
