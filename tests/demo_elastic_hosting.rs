//! The demo's Elastic Hosting cloud: held against the API's reference over plain HTTP, and worked with by the client.
//! Expectations are written by hand.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::{Value, json};
use vmdeck::clouds::{Accepted, Cloud, Error, EventQuery, Goal, open_with};
use vmdeck::config::{CloudEntry, Credentials, EcpAuth, EcpBody, Provider, Secret, SecretSource};
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoClouds, DemoOptions, start_with_clock};
use vmdeck::model::{Action, PowerState, Severity, Vm};

/// 2025-07-14T08:00:00Z, in milliseconds.
const START_MS: i64 = 1_752_480_000_000;

const ALL: EventQuery = EventQuery {
    since: None,
    severity: None,
    limit: 100,
    until: None,
    user: None,
    vm: None,
    text: None,
};

/// A running demo with a stopped clock.
struct Demo {
    _clouds: DemoClouds,
    clock: Clock,
    url: String,
}

impl Demo {
    fn start() -> Self {
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_with_clock(&DemoOptions::default(), clock.clone()).unwrap();
        let cloud = clouds
            .clouds
            .iter()
            .find(|cloud| cloud.name == "ecp")
            .unwrap();
        assert_eq!(cloud.provider, "elastic-hosting");
        assert_eq!((&*cloud.username, &*cloud.password), ("alice", "demo"));
        Self {
            url: cloud.url.clone(),
            _clouds: clouds,
            clock,
        }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn client_of(
        &self,
        user: &str,
        password: &str,
        auth: EcpAuth,
        body: EcpBody,
    ) -> Arc<dyn Cloud> {
        let entry = CloudEntry {
            provider: Provider::ElasticHosting { auth, body },
            credentials: Credentials::Password {
                username: user.to_owned(),
                password: SecretSource::Plain(Secret::new(password)),
            },
            ..support::entry(&self.url)
        };
        open_with(&entry, support::limits()).unwrap()
    }

    async fn connected(&self) -> Arc<dyn Cloud> {
        let cloud = self.client_of("alice", "demo", EcpAuth::Auto, EcpBody::Multipart);
        cloud.connect().await.unwrap();
        cloud
    }

    /// A plain request as the user who may do everything.
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        client.request(method, format!("{}{path}", self.url))
    }

    async fn get(&self, path: &str) -> Value {
        let request = self
            .ask(Method::GET, path)
            .basic_auth("alice", Some("demo"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    /// Posts a form, urlencoded, and returns status and answer.
    async fn post(&self, path: &str, form: &'static str) -> (u16, Value) {
        let request = self
            .ask(Method::POST, path)
            .basic_auth("alice", Some("demo"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

async fn vms(cloud: &dyn Cloud) -> Vec<Vm> {
    let pages: Vec<_> = cloud.vms().try_collect().await.unwrap();
    pages.into_iter().flat_map(|page| page.vms).collect()
}

async fn named(cloud: &dyn Cloud, name: &str) -> Vm {
    let found = vms(cloud).await.into_iter().find(|vm| &*vm.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// Performs an action and returns what is to be watched.
async fn act(cloud: &dyn Cloud, vm: &Vm, action: Action) -> Result<Accepted, Error> {
    let target = cloud.target(vm).await?;
    cloud.perform(&target, &action).await
}

/// Performs an action and watches it to its end as an engine would: phase after phase, with what is sent in between.
async fn act_to_the_end(demo: &Demo, cloud: &dyn Cloud, name: &str, action: Action) -> Option<Vm> {
    let vm = named(cloud, name).await;
    let Accepted::Watch(phases) = act(cloud, &vm, action).await.unwrap() else {
        panic!("{name} has nothing to watch")
    };
    for phase in phases {
        demo.wait(10);
        let now = cloud.target(&vm).await.map(|target| target.vm);
        match phase.until {
            Goal::State(states) => assert!(
                states.contains(&now.unwrap().power),
                "{name} {}",
                phase.kind
            ),
            Goal::Gone => assert!(matches!(now, Err(Error::NotFound(_))), "{name}: {now:?}"),
            Goal::Again(_) => panic!("nothing ends where it began here"),
        }
        if let Some(then) = phase.then {
            act(cloud, &vm, then).await.unwrap();
        }
    }
    cloud.target(&vm).await.ok().map(|target| target.vm)
}

#[tokio::test]
async fn some_25_vms_cover_every_state_of_the_reference() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    let vms = vms(&*cloud).await;
    assert_eq!(vms.len(), 26);
    let words: BTreeSet<&str> = vms.iter().map(|vm| &*vm.native_state).collect();
    let expected = BTreeSet::from([
        "error",
        "failed",
        "installing",
        "launching",
        "off",
        "paused",
        "pending",
        "provisioning",
        "running",
        "saved",
        "saving",
        "scheduling",
        "shutdown",
        "shutting-down",
        "stopped",
        "suspended",
        "terminated",
        "unknown",
        "unkown",
    ]);
    assert_eq!(words, expected);
    let count = |power| vms.iter().filter(|vm| vm.power == power).count();
    assert_eq!(count(PowerState::On), 7);
    assert_eq!(count(PowerState::Off), 4);
    assert_eq!(count(PowerState::Paused), 3);
    assert_eq!(count(PowerState::Locked), 7);
    assert_eq!(count(PowerState::NotAllocated), 1);
    assert_eq!(count(PowerState::Unknown), 4);
}

#[tokio::test]
async fn a_listed_vm_has_its_size_its_network_and_its_screen() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    let db = named(&*cloud, "shop-db-1").await;
    assert_eq!((db.cpu, db.ram_mib), (Some(8), Some(16_384)));
    assert_eq!(&*db.networks[0], "backend");
    assert_eq!(&*db.addresses[0], "10.20.0.12");
    assert_eq!(db.console.as_deref(), Some("vnc://192.0.2.40:5902"));
    assert_eq!(&*db.tags[0], "shop");
    let dns = named(&*cloud, "dns-1").await;
    assert_eq!(
        (&*dns.key.id, dns.console.as_deref()),
        ("17", Some("vnc://192.0.2.40:5906"))
    );
    let spot = named(&*cloud, "spot-1").await;
    assert_eq!(
        (spot.cpu, spot.native_name.as_deref()),
        (None, Some("i-00000042"))
    );
    let raw = cloud.raw(&db).await.unwrap();
    assert!(raw.contains("\"vnc_password\": \"•••\""), "{raw}");
}

#[tokio::test]
async fn each_action_comes_to_its_end() {
    use PowerState::{Off, On, Paused};
    let demo = Demo::start();
    let cloud = demo.connected().await;
    for (name, action, power, word) in [
        ("mail-1", Action::PowerOff, Off, "off"),
        ("mail-1", Action::PowerOn, On, "running"),
        ("mail-1", Action::Pause, Paused, "paused"),
        ("mail-1", Action::Resume, On, "running"),
        ("mail-1", Action::Suspend, Paused, "saved"),
        ("mail-1", Action::Resume, On, "running"),
        ("mail-1", Action::Reboot, On, "running"),
        ("dns-2", Action::PowerOn, On, "running"),
        ("lab-2", Action::PowerOn, On, "running"),
        ("shop-cache-1", Action::PowerOff, Off, "off"),
    ] {
        let told = format!("{name} {action:?}");
        let vm = act_to_the_end(&demo, &*cloud, name, action).await.unwrap();
        assert_eq!((vm.power, &*vm.native_state), (power, word), "{told}");
    }
    assert!(
        act_to_the_end(&demo, &*cloud, "lab-1", Action::DELETE)
            .await
            .is_none()
    );
    assert!(vms(&*cloud).await.iter().all(|vm| &*vm.name != "lab-1"));
}

#[tokio::test]
async fn operations_take_their_time_and_say_what_they_are() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    let vm = named(&*cloud, "mail-2").await;
    act(&*cloud, &vm, Action::PowerOn).await.unwrap();
    demo.wait(1);
    let now = cloud.target(&vm).await.unwrap().vm;
    assert_eq!(
        (now.power, now.native_progress()),
        (PowerState::Locked, Some("launching"))
    );
    let tasks = cloud.vm_tasks(&vm).await.unwrap();
    assert_eq!(tasks[0].progress(), "starting mail-2 (25 %)");
    assert_eq!(tasks[0].user.as_deref(), Some("alice"));

    let fresh = demo.connected().await;
    demo.wait(3);
    let events = fresh.events(&ALL).await.unwrap();
    assert_eq!(
        &*events[1].trace, "mail-2 started",
        "below the import that runs"
    );
    assert_eq!(events[1].vm, Some(vm.key.clone()));
    assert_eq!(events[1].at.to_string(), "2025-07-14T08:00:04Z");
    assert!(fresh.vm_tasks(&vm).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stop_that_is_taken_and_never_ends_leaves_the_vm_on() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    let vm = named(&*cloud, "legacy-erp").await;
    let Accepted::Watch(phases) = act(&*cloud, &vm, Action::Reboot).await.unwrap() else {
        panic!("a reboot is watched")
    };
    assert_eq!(phases.len(), 2);
    assert_eq!(phases[0].then, Some(Action::PowerOn));
    demo.wait(phases[0].limit.as_secs());
    assert_eq!(cloud.target(&vm).await.unwrap().vm.power, PowerState::On);
}

#[tokio::test]
async fn a_start_that_fails_ends_in_error_and_in_the_log() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    let vm = named(&*cloud, "old-portal").await;
    act(&*cloud, &vm, Action::PowerOn).await.unwrap();
    demo.wait(5);
    let now = cloud.target(&vm).await.unwrap().vm;
    assert_eq!(
        (now.power, &*now.native_state),
        (PowerState::Unknown, "error")
    );
    let worse = EventQuery {
        severity: Some(Severity::Error),
        ..ALL
    };
    let events = cloud.events(&worse).await.unwrap();
    assert_eq!(
        &*events[0].trace,
        "old-portal could not be started: no disk image"
    );
    assert_eq!(events.len(), 3, "and two that were there before");
}

#[tokio::test]
async fn what_is_wrong_from_a_state_is_refused_in_the_apis_words() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    for (name, action, words) in [
        (
            "mail-1",
            Action::PowerOn,
            "mail-1 cannot be started while it is running (errno 1)",
        ),
        (
            "mail-2",
            Action::PowerOff,
            "mail-2 cannot be stopped while it is off (errno 1)",
        ),
        (
            "mail-1",
            Action::DELETE,
            "mail-1 cannot be deleted while it is running (errno 1)",
        ),
        (
            "lab-2",
            Action::Pause,
            "lab-2 cannot be paused while it is saved (errno 1)",
        ),
        (
            "probe-1",
            Action::Resume,
            "probe-1 cannot be resumed while it is unknown (errno 1)",
        ),
        (
            "build-1",
            Action::PowerOff,
            "virtual machine is busy: launching build-1 (errno 1)",
        ),
    ] {
        let vm = named(&*cloud, name).await;
        match act(&*cloud, &vm, action).await.unwrap_err() {
            Error::Rejected(why) => assert_eq!(why.to_string(), words),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_may_only_look_is_refused_and_nobody_comes_in_with_a_wrong_password() {
    let demo = Demo::start();
    let cloud = demo.client_of("auditor", "demo", EcpAuth::Auto, EcpBody::Multipart);
    cloud.connect().await.unwrap();
    let vm = named(&*cloud, "mail-1").await;
    let error = act(&*cloud, &vm, Action::PowerOff).await.unwrap_err();
    assert!(
        matches!(&error, Error::Forbidden(why) if why.contains("update permission")),
        "{error:?}"
    );
    for auth in [EcpAuth::Auto, EcpAuth::Basic, EcpAuth::Form] {
        let cloud = demo.client_of("alice", "wrong", auth, EcpBody::Multipart);
        assert!(
            matches!(cloud.connect().await, Err(Error::SignIn(_))),
            "{auth:?}"
        );
    }
}

#[tokio::test]
async fn the_log_in_form_works_in_both_encodings_and_a_session_that_ends_is_renewed() {
    let demo = Demo::start();
    for body in [EcpBody::Multipart, EcpBody::Urlencoded] {
        let cloud = demo.client_of("alice", "demo", EcpAuth::Form, body);
        cloud.connect().await.unwrap();
        let vm = named(&*cloud, "shop-web-1").await;
        demo.wait(31 * 60);
        act(&*cloud, &vm, Action::Pause).await.unwrap();
        demo.wait(5);
        act(&*cloud, &vm, Action::Resume).await.unwrap();
        demo.wait(5);
        assert_eq!(cloud.target(&vm).await.unwrap().vm.power, PowerState::On);
    }
}

#[tokio::test]
async fn what_moves_by_itself_comes_to_rest() {
    let demo = Demo::start();
    let cloud = demo.connected().await;
    demo.wait(200);
    for (name, word) in [
        ("build-2", "running"),
        ("backup-1", "saved"),
        ("ci-runner-1", "running"),
        ("burst-2", "terminated"),
        ("probe-2", "running"),
        ("probe-1", "unknown"),
    ] {
        assert_eq!(&*named(&*cloud, name).await.native_state, word, "{name}");
    }
}

#[tokio::test]
async fn plain_requests_get_what_the_reference_shows() {
    let demo = Demo::start();
    let list = demo.get("/rest/hosting/vm/list/").await;
    assert_eq!(
        (&list["errno"], &list["message"]),
        (&json!(0), &json!("Success"))
    );
    assert_eq!(
        demo.get("/rest/hosting/vm/list").await,
        list,
        "in both spellings"
    );
    let dns = &list["vms"][6];
    assert_eq!(
        (&dns["uuid"], &dns["vnc_port"]),
        (&json!(17), &json!(5_906))
    );
    assert_eq!(list["vms"][0]["vnc_port"], json!("5900"));
    let keys: Vec<&String> = list["vms"][25].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ip_address", "name", "nova_id", "state", "uuid"]);

    assert_eq!(demo.get("/rest/hosting/vm/17/").await["vm"], *dns);
    let profiles = demo.get("/rest/hosting/htemplate/list/").await;
    assert_eq!(profiles["templates"][3]["memory"], 16_384);
    assert!(
        demo.get("/rest/hosting/ptemplate/list/").await.is_array(),
        "bare, as the manual has it"
    );
    assert_eq!(
        demo.get("/rest/hosting/network/list/").await["networks"][0]["name"],
        "Default"
    );
    let log = demo.get("/rest/hosting/log/list/").await;
    assert_eq!(log["logs"][0]["timestamp"], "2025-07-14 07:52:00");
    assert_eq!(log["transactions"][0]["message"], "launching build-1");

    let (status, changed) = demo.post("/rest/hosting/vm/17/", "action=stop").await;
    assert_eq!((status, &changed["errno"]), (200, &json!(0)));
    assert_eq!(changed["vm"]["state"], "unknown", "a placeholder");
    let (status, refused) = demo.post("/rest/hosting/vm/18/", "action=reboot").await;
    assert_eq!(
        (status, refused),
        (
            200,
            json!({ "errno": 1, "message": "action not supported" })
        )
    );
    let (_, renamed) = demo.post("/rest/hosting/vm/18/", "name=dns-3").await;
    assert_eq!(renamed["vm"]["name"], "dns-3");
    let (_, deleted) = demo.post("/rest/hosting/vm/18", "action=delete").await;
    assert_eq!(deleted, json!({ "errno": 0, "message": "Success" }));
    assert_eq!(
        demo.post("/rest/hosting/vm/99/", "action=stop").await.0,
        404
    );
}

#[tokio::test]
async fn a_browsers_session_needs_its_header() {
    let demo = Demo::start();
    let list = "/rest/hosting/vm/list/";
    let bare = demo.ask(Method::GET, list).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let wrong = demo.ask(Method::GET, "/?user_name=alice&password=x&login=Login");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    let welcome = demo.ask(Method::GET, "/?user_name=alice&password=demo&login=Login");
    let welcome = welcome.send().await.unwrap();
    let cookies: Vec<String> = welcome
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|cookie| {
            cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let token = cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix("ecp-csrf-token="))
        .unwrap();
    assert!(
        token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{token}"
    );
    let with = |token: Option<&str>| {
        let request = demo
            .ask(Method::GET, list)
            .header(header::COOKIE, cookies.join("; "));
        match token {
            Some(token) => request.header("X-XSRFToken", token),
            None => request,
        }
    };
    assert_eq!(with(None).send().await.unwrap().status(), 403);
    assert_eq!(with(Some("wrong")).send().await.unwrap().status(), 403);
    assert_eq!(with(Some(token)).send().await.unwrap().status(), 200);
}
