//! The demo's ZStack, asked as its API's documents say and through the client. Every expectation is written by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;
use vmdeck::clouds::{Accepted, Cloud, Error, EventQuery, Result, TaskHandle, open};
use vmdeck::config::{
    CloudEntry, Credentials, Provider, Secret, SecretSource, Tls, ZstackLogin, ZstackSettings,
};
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoClouds, DemoOptions, start_with_clock};
use vmdeck::model::{Action, PowerState, Severity, Task, TaskState, Vm};

/// 2025-07-14T08:00:00Z, in milliseconds.
const START_MS: i64 = 1_752_480_000_000;

/// `printf demo | sha512sum`
const HASHED: &str = "26c669cd0814ac40e5328752b21c4aa6450d16295e4eec30356a06a911c23983aaebe12d5da38eeebfc1b213be650498df8419194d5a26c7e0a50af156853c79";

/// A running demo with a stopped clock.
struct Demo {
    _clouds: DemoClouds,
    clock: Clock,
    url: String,
}

impl Demo {
    fn start() -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_with_clock(&DemoOptions::default(), clock.clone()).unwrap();
        let zstack = clouds
            .clouds
            .iter()
            .find(|cloud| cloud.provider == "zstack")
            .unwrap();
        assert_eq!(
            (&*zstack.name, &*zstack.username, &*zstack.password),
            ("zstack", "admin", "demo")
        );
        assert!(zstack.url.ends_with("/zstack"));
        let url = zstack.url.clone();
        Self {
            _clouds: clouds,
            clock,
            url,
        }
    }

    fn client(&self, login: ZstackLogin, username: &str, password: &str) -> Arc<dyn Cloud> {
        let entry = CloudEntry {
            group_by: None,
            name: "z".into(),
            provider: Provider::Zstack(ZstackSettings {
                login,
                time_zone: None,
            }),
            url: Url::parse(&self.url).unwrap(),
            environment: None,
            credentials: Credentials::Password {
                username: username.into(),
                password: SecretSource::Plain(Secret::new(password)),
            },
            read_only: false,
            concurrency: 4,
            tls: Tls::default(),
        };
        open(&entry).unwrap()
    }

    async fn admin(&self) -> Arc<dyn Cloud> {
        let cloud = self.client(ZstackLogin::Account, "admin", "demo");
        cloud.connect().await.unwrap();
        cloud
    }

    fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A plain request: status and body, read as JSON where it is.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let client = Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, format!("{}/v1/{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        assert!(
            response.headers().get("content-type").is_none(),
            "the dispatcher never says it"
        );
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }

    async fn session(&self, account: &str) -> String {
        let body = json!({"logInByAccount": {"accountName": account, "password": HASHED}});
        let (status, body) = self
            .ask(Method::PUT, "accounts/login", &[], Some(body))
            .await;
        assert_eq!(status, 200);
        format!("OAuth {}", body["inventory"]["uuid"].as_str().unwrap())
    }
}

async fn list(cloud: &dyn Cloud) -> Vec<Vm> {
    let pages: Vec<_> = cloud.vms().try_collect().await.unwrap();
    pages.into_iter().flat_map(|page| page.vms).collect()
}

async fn vm(cloud: &dyn Cloud, name: &str) -> Vm {
    let vms = list(cloud).await;
    vms.into_iter()
        .find(|vm| &*vm.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

async fn act(cloud: &dyn Cloud, name: &str, action: Action) -> Result<TaskHandle> {
    let target = cloud.target(&vm(cloud, name).await).await?;
    match cloud.perform(&target, &action).await? {
        Accepted::Task(handle) => Ok(handle),
        other => panic!("{name}: {other:?}"),
    }
}

fn words(task: &Task) -> &str {
    task.jobs[0].description.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn the_fleet_has_every_state_of_the_api_and_the_client_maps_each() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let vms = list(&*cloud).await;
    assert_eq!(vms.len(), 27, "the platform's own is not listed");
    let mut words: BTreeMap<&str, PowerState> = BTreeMap::new();
    for vm in &vms {
        words.insert(&vm.native_state, vm.power);
    }
    use PowerState::{Locked, NotAllocated, Off, On, Paused, Unknown};
    let expected = BTreeMap::from([
        ("Crashed", Unknown),
        ("Created", NotAllocated),
        ("Destroyed", NotAllocated),
        ("Destroying", Locked),
        ("Error", Unknown),
        ("Expunging", Locked),
        ("Migrating", Locked),
        ("NoState", Unknown),
        ("Paused", Paused),
        ("Pausing", Locked),
        ("Rebooting", Locked),
        ("Resuming", Locked),
        ("Running", On),
        ("Starting", Locked),
        ("Stopped", Off),
        ("Stopping", Locked),
        ("Unknown", Unknown),
        ("VolumeMigrating", Locked),
        ("VolumeRecovering", Locked),
    ]);
    assert_eq!(words, expected);
}

#[tokio::test]
async fn a_vm_is_told_with_its_places_tags_and_protection_in_the_right_zone() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let db = vm(&*cloud, "shop-db-01").await;
    let texts = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((db.cpu, db.ram_mib), (Some(16), Some(65_536)));
    assert_eq!(db.location.as_deref(), Some("hangzhou-1"));
    assert_eq!(db.cluster.as_deref(), Some("prod-kvm"));
    assert_eq!(db.host.as_deref(), Some("kvm-h01"));
    assert_eq!(db.template.as_deref(), Some("debian-12"));
    assert_eq!(db.description.as_deref(), Some("primary"));
    assert_eq!(texts(&db.networks), ["shop-net", "lab-net"]);
    assert_eq!(texts(&db.addresses), ["10.44.1.14", "10.44.2.14"]);
    assert_eq!(texts(&db.tags), ["app::shop", "tier::db"]);
    // 402 days before the start; the server prints it eight hours ahead, without saying so.
    assert_eq!(db.created_at.unwrap().to_string(), "2024-06-07T08:00:00Z");
    let protection = db.protection.unwrap();
    assert_eq!(protection.by.as_deref(), Some("ops"));
    assert_eq!(
        protection.reason.as_deref(),
        Some("moving the storage, do not touch until it is done")
    );
    assert_eq!(
        protection.since.unwrap().to_string(),
        "2025-07-14T06:25:00Z"
    );
}

#[tokio::test]
async fn each_action_goes_to_its_end_over_its_transitional_state() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let steps = [
        (
            "shop-web-01",
            Action::Shutdown,
            "SHUTDOWN",
            "Stopping",
            7,
            "Stopped",
        ),
        (
            "shop-web-01",
            Action::PowerOn,
            "POWER_ON",
            "Starting",
            5,
            "Running",
        ),
        (
            "shop-web-01",
            Action::PowerOff,
            "POWER_OFF",
            "Stopping",
            3,
            "Stopped",
        ),
        (
            "shop-web-02",
            Action::Reboot,
            "REBOOT",
            "Rebooting",
            6,
            "Running",
        ),
        (
            "shop-web-02",
            Action::Pause,
            "PAUSE",
            "Pausing",
            3,
            "Paused",
        ),
        (
            "shop-web-02",
            Action::Resume,
            "RESUME",
            "Resuming",
            3,
            "Running",
        ),
        (
            "shop-cache-01",
            Action::PowerOff,
            "POWER_OFF",
            "Stopping",
            3,
            "Stopped",
        ),
        (
            "lab-build-01",
            Action::PowerOff,
            "POWER_OFF",
            "Stopping",
            3,
            "Stopped",
        ),
        (
            "lab-fuzz-01",
            Action::PowerOn,
            "POWER_ON",
            "Starting",
            5,
            "Running",
        ),
        (
            "erp-report-01",
            Action::PowerOn,
            "POWER_ON",
            "Starting",
            5,
            "Running",
        ),
        (
            "erp-app-01",
            Action::DELETE,
            "DELETE",
            "Destroying",
            4,
            "Destroyed",
        ),
        (
            "erp-app-01",
            Action::Restore,
            "RESTORE",
            "Destroyed",
            3,
            "Stopped",
        ),
        (
            "lab-ci-02",
            Action::DELETE,
            "DELETE",
            "Destroying",
            4,
            "Destroyed",
        ),
    ];
    for (name, action, kind, meanwhile, seconds, end) in steps {
        let case = format!("{name} {action:?}");
        let handle = act(&*cloud, name, action).await.unwrap();
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(
            (task.kind.as_str(), &task.state),
            (kind, &TaskState::Started),
            "{case}"
        );
        assert_eq!(&*vm(&*cloud, name).await.native_state, meanwhile, "{case}");
        demo.after(seconds);
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(
            task.state,
            TaskState::FinishedSuccessfully,
            "{case}: {}",
            words(&task)
        );
        assert_eq!(&*vm(&*cloud, name).await.native_state, end, "{case}");
    }
    let audits = cloud
        .events(&EventQuery {
            since: None,
            severity: None,
            limit: 100,
            ..EventQuery::default()
        })
        .await
        .unwrap();
    let reboot = audits
        .iter()
        .find(|event| &*event.action == "REBOOT")
        .unwrap();
    assert_eq!(reboot.vm_name.as_deref(), Some("shop-web-02"));
    assert_eq!(reboot.performed_by.as_deref(), Some("admin"));
}

#[tokio::test]
async fn what_the_server_refuses_it_refuses_in_its_own_words_when_the_job_begins() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let cases = [
        (
            "lab-fuzz-02",
            Action::PowerOff,
            "lab-fuzz-02 is in state Error, which does not allow this (VM.1002, VM.1010)",
        ),
        (
            "shop-db-02",
            Action::Pause,
            "shop-db-02 is in state Stopped, which does not allow this (VM.1012, VM.1010)",
        ),
        (
            "shop-web-01",
            Action::Resume,
            "shop-web-01 is in state Running, which does not allow this (VM.1013, VM.1010)",
        ),
        (
            "erp-report-01",
            Action::DELETE,
            "erp-report-01 is in state Created, which does not allow this (VM.1004, VM.1010)",
        ),
        (
            "shop-web-01",
            Action::Restore,
            "shop-web-01 is in state Running, which does not allow this (SYS.1006, VM.1010)",
        ),
    ];
    for (name, action, expected) in cases {
        let handle = act(&*cloud, name, action).await.unwrap();
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(task.state, TaskState::FinishedUnsuccessfully);
        assert_eq!(words(&task), expected);
        assert!(!task.acknowledgeable);
    }
    let handle = act(&*cloud, "lab-gpu-01", Action::PowerOn).await.unwrap();
    demo.after(2);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        words(&task),
        "no host has room for 256 GiB (VM.1001, HOST_ALLOCATION.1000)"
    );
    assert_eq!(&*vm(&*cloud, "lab-gpu-01").await.native_state, "Stopped");
    let handle = act(&*cloud, "mail-01", Action::Shutdown).await.unwrap();
    demo.after(20);
    assert_eq!(cloud.task(&handle).await.unwrap().state, TaskState::Started);
    demo.after(11);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        words(&task),
        "the guest did not stop within the time limit (VM.1002, SYS.1006)"
    );
    assert_eq!(&*vm(&*cloud, "mail-01").await.native_state, "Running");
}

#[tokio::test]
async fn two_quick_actions_run_one_after_the_other_and_show_in_the_queue() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let web = vm(&*cloud, "shop-web-01").await;
    let target = cloud.target(&web).await.unwrap();
    for action in [Action::PowerOff, Action::PowerOn] {
        cloud.perform(&target, &action).await.unwrap();
    }
    let other = demo.admin().await;
    let seen = other.vm_tasks(&web).await.unwrap();
    let told: Vec<(&str, &TaskState)> = seen
        .iter()
        .map(|task| (task.kind.as_str(), &task.state))
        .collect();
    assert_eq!(
        told,
        [
            ("POWER_OFF", &TaskState::Started),
            ("POWER_ON", &TaskState::Pending)
        ],
        "another console sees both in the VM's queue"
    );
    let own = cloud.vm_tasks(&web).await.unwrap();
    assert_eq!(own.len(), 2, "ours are not told twice: {own:?}");
    let of_other = TaskHandle {
        key: seen[1].key.clone(),
        vm: seen[1].vm.clone(),
        locator: seen[1].locator.clone(),
    };
    demo.after(3);
    assert_eq!(&*vm(&*cloud, "shop-web-01").await.native_state, "Starting");
    assert_eq!(
        other.task(&of_other).await.unwrap().state,
        TaskState::Started
    );
    demo.after(5);
    assert_eq!(&*vm(&*cloud, "shop-web-01").await.native_state, "Running");
    let end = other.task(&of_other).await.unwrap();
    assert_eq!(
        (end.kind.as_str(), end.state),
        ("POWER_ON", TaskState::FinishedSuccessfully)
    );
    assert_eq!(
        (end.key, end.user, end.locator),
        (of_other.key, None, of_other.locator)
    );
}

#[tokio::test]
async fn high_availability_starts_a_stopped_vm_again_unless_it_is_kept_off() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    for (action, end) in [(Action::PowerOff, "Running"), (Action::KeepOff, "Stopped")] {
        act(&*cloud, "edge-gw-01", action).await.unwrap();
        demo.after(3);
        assert_eq!(&*vm(&*cloud, "edge-gw-01").await.native_state, "Stopped");
        demo.after(60);
        assert_eq!(&*vm(&*cloud, "edge-gw-01").await.native_state, end);
    }
}

#[tokio::test]
async fn a_vm_moves_to_one_of_its_candidates_and_tells_how_far_it_is() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let web = vm(&*cloud, "shop-web-01").await;
    let hosts = cloud.candidates(&web).await.unwrap();
    let names: Vec<&str> = hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(
        names,
        ["kvm-h02"],
        "neither its own nor the one in maintenance"
    );
    assert_eq!(hosts[0].cluster.as_deref(), Some("prod-kvm"));
    let move_to = |host: &str| Action::Relocate {
        host: host.to_owned(),
    };
    let handle = act(&*cloud, "shop-web-01", move_to(&hosts[0].id))
        .await
        .unwrap();
    demo.after(6);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(words(&task), "working on the VM, 50 %");
    demo.after(7);
    assert_eq!(
        cloud.task(&handle).await.unwrap().state,
        TaskState::FinishedSuccessfully
    );
    assert_eq!(
        vm(&*cloud, "shop-web-01").await.host.as_deref(),
        Some("kvm-h02")
    );
    let handle = act(&*cloud, "shop-web-01", move_to(&hosts[0].id))
        .await
        .unwrap();
    demo.after(3);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        words(&task),
        "the VM cannot be moved to that host (VM.1008, HOST_ALLOCATION.1000)"
    );
    let stopped = vm(&*cloud, "shop-db-02").await;
    let error = cloud.candidates(&stopped).await.unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error:?}");
}

#[tokio::test]
async fn a_protection_is_seen_by_every_console_until_it_is_released() {
    let demo = Demo::start();
    let (cloud, other) = (
        demo.admin().await,
        demo.client(ZstackLogin::Account, "ops", "demo"),
    );
    other.connect().await.unwrap();
    let reason = "kernel update, Prüfung \"bis\" Fr. ✓".to_owned();
    let handle = act(
        &*cloud,
        "shop-web-01",
        Action::Protect {
            reason: reason.clone(),
        },
    )
    .await
    .unwrap();
    demo.after(1);
    assert_eq!(
        cloud.task(&handle).await.unwrap().state,
        TaskState::FinishedSuccessfully
    );
    let seen = vm(&*other, "shop-web-01").await.protection.unwrap();
    assert_eq!(
        (seen.reason.as_deref(), seen.by.as_deref()),
        (Some(&*reason), Some("admin"))
    );
    let handle = act(&*other, "shop-web-01", Action::Unprotect)
        .await
        .unwrap();
    demo.after(1);
    assert_eq!(
        other.task(&handle).await.unwrap().state,
        TaskState::FinishedSuccessfully
    );
    let released = vm(&*cloud, "shop-web-01").await;
    assert!(released.protection.is_none());
    assert_eq!(released.tags.len(), 2, "the tags of people stay");
}

#[tokio::test]
async fn an_ordinary_account_sees_uuids_for_hosts_and_no_queues() {
    let demo = Demo::start();
    let login = ZstackLogin::User {
        account: "ops".into(),
    };
    let cloud = demo.client(login, "alice", "demo");
    cloud.connect().await.unwrap();
    let web = vm(&*cloud, "shop-web-01").await;
    assert_eq!(web.host.as_ref().unwrap().len(), 32);
    assert_eq!(web.cluster.as_deref(), Some("prod-kvm"));
    let locked = vm(&*cloud, "mail-02").await;
    assert!(cloud.vm_tasks(&locked).await.unwrap().is_empty());
    let admin = demo.admin().await;
    assert_eq!(
        admin.vm_tasks(&locked).await.unwrap()[0].kind.as_str(),
        "POWER_ON"
    );
}

#[tokio::test]
async fn a_session_that_has_run_out_is_replaced_for_reading_and_for_acting() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let web = vm(&*cloud, "shop-web-01").await;
    demo.after(7_201);
    assert_eq!(
        list(&*cloud).await.len(),
        27 - 1,
        "what was being expunged is gone"
    );
    let target = cloud.target(&web).await.unwrap();
    demo.after(7_201);
    // It ends between reading and acting: the job is taken, refused for its session, and sent again.
    let Accepted::Task(handle) = cloud.perform(&target, &Action::PowerOff).await.unwrap() else {
        panic!("no task");
    };
    demo.after(1);
    assert_eq!(cloud.task(&handle).await.unwrap().state, TaskState::Started);
    demo.after(4);
    assert_eq!(
        cloud.task(&handle).await.unwrap().state,
        TaskState::FinishedSuccessfully
    );
    assert_eq!(&*vm(&*cloud, "shop-web-01").await.native_state, "Stopped");
}

#[tokio::test]
async fn logging_out_ends_the_session_on_the_server() {
    let demo = Demo::start();
    let wrong = demo
        .client(ZstackLogin::Account, "admin", "hunter2")
        .connect()
        .await;
    assert!(matches!(wrong, Err(Error::SignIn(_))), "{wrong:?}");
    let none = demo
        .client(ZstackLogin::Ldap, "admin", "demo")
        .connect()
        .await;
    assert!(matches!(none, Err(Error::NotFound(_))), "{none:?}");
    let cloud = demo.admin().await;
    list(&*cloud).await;
    cloud.close().await;
    let pages: Result<Vec<_>> = cloud.vms().try_collect().await;
    assert!(matches!(pages, Err(Error::SignIn(_))));
}

#[tokio::test]
async fn screens_documents_long_jobs_and_events_are_told() {
    let demo = Demo::start();
    let cloud = demo.admin().await;
    let web = vm(&*cloud, "shop-web-01").await;
    let screen = cloud.remote_access(&web, false).await.unwrap();
    assert_eq!(screen.url.as_deref(), Some("vnc://10.40.1.11:5900"));
    let off = vm(&*cloud, "shop-db-02").await;
    assert_eq!(cloud.remote_access(&off, false).await.unwrap().url, None);
    let text = cloud.raw(&web).await.unwrap();
    assert!(text.contains("\"name\": \"shop-web-01\""), "{text}");
    let tasks = cloud
        .vm_tasks(&vm(&*cloud, "shop-db-02").await)
        .await
        .unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(
        (tasks[0].kind.as_str(), &tasks[0].state),
        ("ADD_IMAGE", &TaskState::FinishedUnsuccessfully)
    );
    assert_eq!(
        words(&tasks[0]),
        "the image server does not answer (SYS.1006)"
    );
    assert_eq!(
        tasks[0].created_at.unwrap().to_string(),
        "2025-07-14T03:00:00Z"
    );
    let query = EventQuery {
        since: None,
        severity: Some(Severity::Error),
        limit: 10,
        ..EventQuery::default()
    };
    let events = cloud.events(&query).await.unwrap();
    let told: Vec<(&str, &str)> = events
        .iter()
        .map(|event| (&*event.entity, &*event.trace))
        .collect();
    assert_eq!(
        told,
        [
            (
                "VIRTUAL_MACHINE",
                "memory of the VM MemoryUsedInPercent 99.1 (threshold 95)"
            ),
            (
                "VIRTUAL_MACHINE",
                "lab-build-01 is unknown since its host does not answer"
            ),
            (
                "VIRTUAL_MACHINE",
                "APIStartVmInstanceMsg of lab-gpu-01 from 127.0.0.1: no host has room for 256 GiB (SYS.1006)"
            ),
        ]
    );
}

// What the documents say of the server itself, asked without the client.

#[tokio::test]
async fn the_server_answers_what_is_malformed_in_plain_text_and_what_failed_with_503() {
    let demo = Demo::start();
    let oauth = demo.session("admin").await;
    let signed = [("Authorization", &*oauth)];
    let get = |path: &'static str, headers: &'static [(&'static str, &'static str)]| {
        demo.ask(Method::GET, path, headers, None)
    };
    assert_eq!(get("zones", &[]).await.0, 400);
    assert_eq!(
        get("zones", &[("Authorization", "ZStack a:b")]).await.0,
        400
    );
    let (status, body) = get("zones", &[("Authorization", "OAuth nobody")]).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("ID.1001")));
    assert_eq!(demo.ask(Method::GET, "no-such", &signed, None).await.0, 404);
    assert_eq!(
        demo.ask(Method::PUT, "api-jobs/x", &signed, None).await.0,
        405
    );
    assert_eq!(demo.ask(Method::GET, "api-jobs/x", &[], None).await.0, 404);
    let (status, body) = demo
        .ask(Method::GET, "zones?count=true", &signed, None)
        .await;
    assert_eq!((status, body), (200, json!({"total": 2})));
    let (_, body) = demo
        .ask(Method::GET, "zones?sort=%2Bname&fields=name", &signed, None)
        .await;
    assert_eq!(
        body["inventories"],
        json!([{"name": "berlin-2"}, {"name": "hangzhou-1"}])
    );
    let bad = json!({"logInByAccount": {"accountName": "admin", "password": "demo"}});
    let (status, body) = demo
        .ask(Method::PUT, "accounts/login", &[], Some(bad))
        .await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (503, &json!("ID.1000")),
        "a clear password is wrong"
    );
}

#[tokio::test]
async fn a_job_is_taken_under_its_own_id_once_and_is_no_secret() {
    let demo = Demo::start();
    let oauth = demo.session("admin").await;
    let list = [("Authorization", &*oauth)];
    let (_, body) = demo
        .ask(
            Method::GET,
            "vm-instances?q=name%3Dshop-web-01",
            &list,
            None,
        )
        .await;
    let uuid = body["inventories"][0]["uuid"].as_str().unwrap().to_owned();
    let path = format!("vm-instances/{uuid}/actions");
    let stop = || Some(json!({"stopVmInstance": {"type": "cold"}}));
    let job = "0123456789abcdef0123456789abcdef";
    let with = |job: &'static str| {
        [
            ("Authorization", oauth.clone()),
            ("X-Job-UUID", job.to_owned()),
        ]
    };
    let send = async |job, body| {
        let headers = with(job);
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        demo.ask(Method::PUT, &path, &headers, body).await
    };
    assert_eq!(send("short", stop()).await.0, 400);
    assert_eq!(send(job, Some(json!({"unknown": {}}))).await.0, 400);
    assert_eq!(
        send(job, Some(json!({"stopVmInstance": {"type": "hard"}})))
            .await
            .0,
        400
    );
    let (status, body) = send(job, stop()).await;
    assert_eq!(status, 202);
    let location = body["location"].as_str().unwrap();
    assert!(
        location.ends_with(job) && !location.starts_with(&demo.url),
        "{location}"
    );
    assert_eq!(body["apiTimeout"], 1_800_000);
    let (status, body) = send(job, stop()).await;
    assert_eq!(status, 400);
    assert!(body.as_str().unwrap().contains("duplicate"));
    let look = format!("api-jobs/{job}");
    assert_eq!(
        demo.ask(Method::GET, &look, &[], None).await,
        (202, json!({}))
    );
    demo.after(3);
    let (status, body) = demo.ask(Method::GET, &look, &[], None).await;
    assert_eq!(
        (status, &body["inventory"]["state"]),
        (200, &json!("Stopped"))
    );
    demo.after(10_800);
    assert_eq!(demo.ask(Method::GET, &look, &[], None).await.0, 404);
}
