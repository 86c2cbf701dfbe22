//! The OpenStack client against the demo's OpenStack, over the wire. The two know nothing of each other: both were written from the public
//! API reference. Every expectation is written by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::json;
use url::Url;
use vmdeck::clouds::{Accepted, Cloud, Error, Result, TaskHandle, open};
use vmdeck::config::{
    CloudEntry, Credentials, Domain, Interface, Openstack, OpenstackAuth, OpenstackProject,
    Provider, Secret, SecretSource, Tls,
};
use vmdeck::demo::clock::Clock;
use vmdeck::demo::{DemoClouds, DemoOptions, OpenStackOptions, start_openstack};
use vmdeck::model::PowerState::{self, Locked, NotAllocated, Off, On, Paused, Unknown};
use vmdeck::model::grouping::GroupBy;
use vmdeck::model::{Action, JobState, ProtectionScope, Task, TaskState, Vm};

/// 2025-07-14T08:00:00Z, in milliseconds.
const START_MS: i64 = 1_752_480_000_000;

/// A running demo with a stopped clock.
struct Demo {
    _clouds: DemoClouds,
    clock: Clock,
    url: String,
}

fn domain() -> Domain {
    Domain::Name("Default".into())
}

fn settings() -> Openstack {
    Openstack {
        auth: OpenstackAuth::Password {
            domain: Some(domain()),
        },
        projects: Vec::new(),
        regions: Vec::new(),
        interface: Interface::Public,
        all_projects: None,
        plain_http: false,
    }
}

/// The same in these projects.
fn within(projects: &[&str]) -> Openstack {
    let named = |name: &&str| OpenstackProject::Name {
        name: (*name).to_owned(),
        domain: domain(),
    };
    Openstack {
        projects: projects.iter().map(named).collect(),
        ..settings()
    }
}

fn password(username: &str, password: &str) -> Credentials {
    Credentials::Password {
        username: username.into(),
        password: SecretSource::Plain(Secret::new(password)),
    }
}

impl Demo {
    fn start() -> Self {
        Self::start_as(&OpenStackOptions::default())
    }

    fn start_as(own: &OpenStackOptions) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::stopped_at(START_MS);
        let clouds = start_openstack(&DemoOptions::default(), own, &clock).unwrap();
        let url = clouds.clouds[0].url.clone();
        Self {
            _clouds: clouds,
            clock,
            url,
        }
    }

    /// A client that has not signed in.
    fn client(&self, credentials: Credentials, settings: Openstack) -> Arc<dyn Cloud> {
        let entry = CloudEntry {
            name: "o".into(),
            provider: Provider::Openstack(Box::new(settings)),
            url: Url::parse(&self.url).unwrap(),
            environment: None,
            credentials,
            read_only: false,
            concurrency: 4,
            group_by: None,
            tls: Tls::default(),
        };
        open(&entry).unwrap()
    }

    /// A user in the project that is theirs, signed in.
    async fn user(&self, name: &str) -> Arc<dyn Cloud> {
        let cloud = self.client(password(name, "demo"), settings());
        cloud.connect().await.unwrap();
        cloud
    }

    fn after(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    /// The demo by itself has things under way; afterwards they are over.
    fn settle(&self) {
        self.after(120_000);
    }
}

async fn list(cloud: &dyn Cloud) -> Vec<Vm> {
    let pages: Vec<_> = cloud.vms().try_collect().await.unwrap();
    pages.into_iter().flat_map(|page| page.vms).collect()
}

fn of<'v>(vms: &'v [Vm], name: &str) -> &'v Vm {
    let found = vms.iter().find(|vm| &*vm.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn names(vms: &[Vm]) -> BTreeSet<&str> {
    vms.iter().map(|vm| &*vm.name).collect()
}

async fn vm(cloud: &dyn Cloud, name: &str) -> Vm {
    of(&list(cloud).await, name).clone()
}

async fn now(cloud: &dyn Cloud, vm: &Vm) -> Vm {
    cloud.target(vm).await.unwrap().vm
}

async fn act(cloud: &dyn Cloud, vm: &Vm, action: &Action) -> Result<TaskHandle> {
    let target = cloud.target(vm).await?;
    match cloud.perform(&target, action).await? {
        Accepted::Task(handle) => Ok(handle),
        other => panic!("{}: {other:?}", vm.name),
    }
}

/// The refusal of an action.
async fn refused(cloud: &dyn Cloud, name: &str, action: &Action) -> Error {
    let vm = vm(cloud, name).await;
    act(cloud, &vm, action).await.unwrap_err()
}

/// An action that goes to its end, and the server then.
async fn done(demo: &Demo, cloud: &dyn Cloud, name: &str, action: &Action) -> Vm {
    let vm = vm(cloud, name).await;
    let handle = act(cloud, &vm, action).await.unwrap();
    demo.after(30_000);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(task.state, TaskState::FinishedSuccessfully, "{task:?}");
    now(cloud, &vm).await
}

/// An action that was taken and fails.
async fn fails(demo: &Demo, cloud: &dyn Cloud, name: &str, action: &Action) -> Task {
    let vm = vm(cloud, name).await;
    let handle = act(cloud, &vm, action).await.unwrap();
    demo.after(30_000);
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(task.state, TaskState::FinishedUnsuccessfully, "{task:?}");
    task
}

/// The words of an error, without the id of its request.
fn words(error: &Error) -> String {
    let text = error.to_string();
    let (words, id) = text.rsplit_once(" (req-").expect("it names the request");
    assert_eq!(id.len(), 37, "{text}");
    words.to_owned()
}

fn relocate(host: &str) -> Action {
    Action::Relocate { host: host.into() }
}

fn protect(reason: &str) -> Action {
    Action::Protect {
        reason: reason.into(),
    }
}

/// The servers of the project red.
const OF_RED: [&str; 23] = [
    "velo-api-01",
    "velo-api-02",
    "velo-api-03",
    "velo-audit",
    "velo-batch-01",
    "velo-cart-01",
    "velo-db-01",
    "velo-db-02",
    "velo-fit-lab",
    "velo-images-01",
    "velo-newsletter",
    "velo-old-forum",
    "velo-render-01",
    "velo-render-02",
    "velo-search-01",
    "velo-staging-01",
    "velo-staging-02",
    "velo-web-01",
    "velo-web-02",
    "velo-web-03",
    "velo-web-04",
    "velo-web-n1",
    "velo-web-n2",
];

#[tokio::test]
async fn a_password_signs_in_to_the_users_own_project_and_a_wrong_one_does_not() {
    let demo = Demo::start();
    let alice = demo.client(password("alice", "demo"), settings());
    let session = alice.connect().await.unwrap();
    assert_eq!(
        (&*session.user, session.tenant.as_deref()),
        ("alice", Some("red"))
    );
    assert!(session.privileges.holds("member") && !session.privileges.holds("admin"));
    assert_eq!(names(&list(&*alice).await), BTreeSet::from(OF_RED));

    let admin = demo.client(password("admin", "demo"), settings());
    let session = admin.connect().await.unwrap();
    assert!(session.privileges.holds("admin"));
    assert_eq!(list(&*admin).await.len(), 39, "those of every project");

    for (user, secret) in [("alice", "guessed"), ("nobody", "demo")] {
        let cloud = demo.client(password(user, secret), settings());
        let error = cloud.connect().await.unwrap_err();
        assert!(matches!(error, Error::SignIn(_)), "{error:?}");
        assert!(!error.to_string().contains(secret), "{error}");
    }
}

#[tokio::test]
async fn projects_and_regions_are_chosen() {
    let demo = Demo::start();
    // Works in two projects, and calls none of them theirs.
    let carol = demo.client(password("carol", "demo"), settings());
    let error = carol.connect().await.unwrap_err();
    assert!(
        error.to_string().contains("name one with `project`"),
        "{error}"
    );

    let both = demo.client(password("carol", "demo"), within(&["red", "blue"]));
    let session = both.connect().await.unwrap();
    assert_eq!(session.tenant.as_deref(), Some("red, blue"));
    assert_eq!(list(&*both).await.len(), 38, "all but the administrators'");

    let north = Openstack {
        regions: vec!["eu-north".into()],
        ..within(&["blue"])
    };
    let north = demo.client(password("carol", "demo"), north);
    north.connect().await.unwrap();
    let vms = list(&*north).await;
    assert_eq!(names(&vms), BTreeSet::from(["fares-n1", "mirror-n1"]));
    assert!(
        vms.iter()
            .all(|vm| vm.location.as_deref() == Some("eu-north"))
    );

    // Not hers, and said which of the two it is.
    let wrong = demo.client(password("alice", "demo"), within(&["red", "blue"]));
    let error = wrong.connect().await.unwrap_err();
    assert!(
        matches!(&error, Error::SignIn(words) if words.starts_with("project blue: ")),
        "{error:?}"
    );

    // An administrator who asks for one project alone.
    let own = Openstack {
        all_projects: Some(false),
        ..settings()
    };
    let own = demo.client(password("admin", "demo"), own);
    own.connect().await.unwrap();
    assert_eq!(
        names(&list(&*own).await),
        BTreeSet::from(["cloud-probe-01"])
    );
    // And somebody who is none, and asks for all.
    let all = Openstack {
        all_projects: Some(true),
        ..settings()
    };
    let all = demo.client(password("alice", "demo"), all);
    all.connect().await.unwrap();
    let listed: Result<Vec<_>> = all.vms().try_collect().await;
    let error = listed.unwrap_err();
    assert!(
        error.to_string().contains(
            "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed."
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_application_credential_and_a_token_sign_in_too() {
    let demo = Demo::start();
    let by_name = Openstack {
        auth: OpenstackAuth::ApplicationCredential {
            owner: Some(("alice".into(), domain())),
        },
        ..settings()
    };
    let cloud = demo.client(password("deployer", "demo-secret"), by_name.clone());
    let session = cloud.connect().await.unwrap();
    assert_eq!(
        (&*session.user, session.tenant.as_deref()),
        ("alice", Some("red"))
    );
    assert_eq!(list(&*cloud).await.len(), 23);
    let wrong = demo.client(password("deployer", "demo"), by_name);
    assert!(matches!(wrong.connect().await, Err(Error::SignIn(_))));

    let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "name": "bob", "domain": {"id": "default"}, "password": "demo"}}}}});
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = http.post(format!("{}/auth/tokens", demo.url));
    let answer = asked.body(body.to_string()).send().await.unwrap();
    let token = answer.headers()["x-subject-token"].to_str().unwrap();
    let with_token = Openstack {
        auth: OpenstackAuth::Token,
        ..settings()
    };
    let credentials = Credentials::Token(SecretSource::Plain(Secret::new(token)));
    let cloud = demo.client(credentials, with_token);
    let session = cloud.connect().await.unwrap();
    assert_eq!(
        (&*session.user, session.tenant.as_deref()),
        ("bob", Some("blue"))
    );
    assert_eq!(list(&*cloud).await.len(), 15);
    // It is not renewed for ever: a token cannot ask for a longer one.
    demo.after(3_601_000);
    let listed: Result<Vec<_>> = cloud.vms().try_collect().await;
    assert!(matches!(listed, Err(Error::SignIn(_))), "{listed:?}");
}

#[tokio::test]
async fn every_status_is_told_in_the_clouds_word_with_its_power() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let vms = list(&*admin).await;
    for (name, word, power) in [
        ("velo-web-01", "ACTIVE", On),
        ("velo-web-04", "SHUTOFF", Off),
        ("velo-api-03", "VERIFY_RESIZE", On),
        ("velo-cart-01", "PAUSED", Paused),
        ("velo-fit-lab", "SUSPENDED", Paused),
        ("velo-render-01", "SHELVED_OFFLOADED", NotAllocated),
        ("velo-render-02", "SHELVED", Off),
        ("velo-staging-01", "RESCUE", On),
        ("velo-staging-02", "ERROR", Unknown),
        ("velo-old-forum", "SOFT_DELETED", NotAllocated),
        ("velo-batch-01", "powering-off", Locked),
        ("velo-newsletter", "spawning", Locked),
        ("loyalty-01", "rebooting_hard", Locked),
        ("loyalty-02", "migrating", Locked),
    ] {
        let vm = of(&vms, name);
        assert_eq!((&*vm.native_state, vm.power), (word, power), "{name}");
    }
    demo.settle();
    let vms = list(&*admin).await;
    for (name, word, power) in [
        ("velo-batch-01", "SHUTOFF", Off),
        ("velo-newsletter", "ACTIVE", On),
        ("loyalty-01", "ACTIVE", On),
        ("loyalty-02", "ACTIVE", On),
    ] {
        let vm = of(&vms, name);
        assert_eq!((&*vm.native_state, vm.power), (word, power), "{name}");
    }
}

#[tokio::test]
async fn a_server_is_told_with_everything_around_it() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let vms = list(&*admin).await;
    let texts = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let db = of(&vms, "velo-db-01");
    assert_eq!((db.cpu, db.ram_mib), (Some(8), Some(65_536)));
    assert_eq!(db.location.as_deref(), Some("eu-west"));
    assert_eq!(db.cluster.as_deref(), Some("west-a"));
    assert_eq!(db.host.as_deref(), Some("cmp-w01"));
    assert_eq!(db.template.as_deref(), Some("rocky-10"));
    assert_eq!(db.owner.as_deref(), Some("alice"));
    assert_eq!(&*db.project.as_ref().unwrap().name, "red");
    assert_eq!(db.description.as_deref(), Some("orders and stock, primary"));
    assert_eq!(texts(&db.networks), ["red-net", "storage"]);
    assert_eq!(texts(&db.addresses), ["10.60.1.18", "10.60.9.18"]);
    // 420 days and half a minute before the start: it had to be built.
    assert_eq!(db.created_at.unwrap().to_string(), "2024-05-20T07:59:30Z");
    let lock = db.protection.as_ref().unwrap();
    assert_eq!(
        lock.reason.as_deref(),
        Some("inventory until Friday, ask alice")
    );
    assert_eq!(lock.scope, ProtectionScope::Cloud);
    let tags: BTreeSet<String> = texts(&db.tags).into_iter().collect();
    for tag in [
        "db",
        "prod",
        "backup-nightly",
        "role=db",
        "server_group=velo-db-apart",
    ] {
        assert!(tags.contains(tag), "{tag}: {tags:?}");
    }
    let web = of(&vms, "velo-web-01");
    assert_eq!(texts(&web.addresses), ["10.60.1.11", "203.0.113.21"]);
    assert_eq!(
        of(&vms, "velo-db-02").template,
        None,
        "its disk is a volume"
    );
    // A size that the older Nova of the second region only names.
    let north = of(&vms, "velo-web-n1");
    assert_eq!((north.cpu, north.ram_mib), (Some(2), Some(4_096)));
    assert_eq!(north.location.as_deref(), Some("eu-north"));
    assert_eq!(
        of(&vms, "velo-staging-02").description.as_deref(),
        Some("Fault: No valid host was found. There are not enough hosts available.")
    );
    // Where it runs is nothing for its owner to know; who else is there neither.
    let alice = demo.user("alice").await;
    let own = vm(&*alice, "velo-staging-01").await;
    assert_eq!(
        (own.host.as_deref(), own.cluster.as_deref()),
        (None, Some("west-a"))
    );
    assert!(
        own.owner.is_some_and(|owner| owner.len() == 32),
        "carol by her id"
    );
    let raw = admin.raw(db).await.unwrap();
    assert!(raw.contains("\"OS-EXT-STS:vm_state\": \"active\""), "{raw}");
    assert!(
        raw.contains("\"locked_reason\": \"inventory until Friday, ask alice\""),
        "{raw}"
    );
}

#[tokio::test]
async fn small_pages_lose_nothing_and_tell_nothing_twice() {
    let demo = Demo::start_as(&OpenStackOptions {
        page: 7,
        ..OpenStackOptions::default()
    });
    let admin = demo.user("admin").await;
    let vms = list(&*admin).await;
    assert_eq!((vms.len(), names(&vms).len()), (39, 39));
    assert_eq!(
        vms.iter()
            .filter(|vm| vm.location.as_deref() == Some("eu-north"))
            .count(),
        4
    );
    assert!(vms.iter().any(|vm| &*vm.name == "velo-old-forum"));
    assert_eq!(
        of(&vms, "velo-web-01").template.as_deref(),
        Some("debian-13")
    );
    demo.settle();
    assert_eq!(list(&*admin).await.len(), 39, "by what has changed");

    let demo = Demo::start_as(&OpenStackOptions {
        page: 40,
        servers: Some(250),
        ..OpenStackOptions::default()
    });
    let admin = demo.user("admin").await;
    let vms = list(&*admin).await;
    let ids: BTreeSet<_> = vms.iter().map(|vm| &vm.key.id).collect();
    assert_eq!((vms.len(), ids.len()), (250, 250));
}

#[tokio::test]
async fn what_others_change_is_seen_by_the_next_listing() {
    let demo = Demo::start();
    demo.settle();
    let (admin, alice, bob) = (
        demo.user("admin").await,
        demo.user("alice").await,
        demo.user("bob").await,
    );
    assert_eq!(list(&*admin).await.len(), 39);
    let word = |vms: &[Vm], name: &str| of(vms, name).native_state.to_string();

    demo.after(600_000);
    let web = vm(&*alice, "velo-web-01").await;
    act(&*alice, &web, &Action::Shutdown).await.unwrap();
    assert_eq!(word(&list(&*admin).await, "velo-web-01"), "powering-off");
    demo.after(5_000);
    assert_eq!(word(&list(&*admin).await, "velo-web-01"), "SHUTOFF");
    done(&demo, &*alice, "velo-web-02", &protect("patch day")).await;
    let seen = vm(&*admin, "velo-web-02").await;
    assert_eq!(
        seen.protection.unwrap().reason.as_deref(),
        Some("patch day")
    );

    // One region keeps what was deleted, the other does not.
    done(&demo, &*bob, "kiosk-img-01", &Action::DELETE).await;
    let mirror = vm(&*bob, "mirror-n1").await;
    let handle = act(&*bob, &mirror, &Action::DELETE).await.unwrap();
    demo.after(3_000);
    let vms = list(&*admin).await;
    assert_eq!(word(&vms, "kiosk-img-01"), "SOFT_DELETED");
    assert!(!names(&vms).contains("mirror-n1"));
    assert_eq!(vms.len(), 38);
    let task = bob.task(&handle).await.unwrap();
    assert_eq!(
        (task.kind.as_str(), &task.state),
        ("DELETE", &TaskState::FinishedSuccessfully)
    );
    let gone = bob.target(&mirror).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
    // Deleted once more it is removed, and nothing brings it back.
    let kiosk = of(&vms, "kiosk-img-01").clone();
    act(&*bob, &kiosk, &Action::DELETE).await.unwrap();
    demo.after(3_000);
    assert!(!names(&list(&*admin).await).contains("kiosk-img-01"));
    assert!(bob.target(&kiosk).await.is_err());
}

/// One action of a server: what it is, its kind, the word meanwhile, how long it takes, and the word and power in the end.
type Step = (
    Action,
    &'static str,
    &'static str,
    u64,
    &'static str,
    PowerState,
);

async fn goes(demo: &Demo, cloud: &dyn Cloud, name: &str, steps: Vec<Step>) {
    for (action, kind, meanwhile, millis, word, power) in steps {
        let case = format!("{name} {action:?}");
        let before = vm(cloud, name).await;
        let handle = act(cloud, &before, &action)
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(
            (task.kind.as_str(), &task.state),
            (kind, &TaskState::Started),
            "{case}"
        );
        let vm = now(cloud, &before).await;
        assert_eq!(&*vm.native_state, meanwhile, "{case}");
        demo.after(millis - 1);
        assert_eq!(
            cloud.task(&handle).await.unwrap().state,
            TaskState::Started,
            "{case}"
        );
        demo.after(1);
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(task.state, TaskState::FinishedSuccessfully, "{case}");
        let vm = now(cloud, &before).await;
        assert_eq!((&*vm.native_state, vm.power), (word, power), "{case}");
        let first = cloud.vm_tasks(&vm).await.unwrap().remove(0);
        assert_eq!(
            first.key, task.key,
            "{case}: a task has one key wherever it is read"
        );
    }
}

#[tokio::test]
async fn each_action_of_an_owner_goes_to_its_end_and_back() {
    let demo = Demo::start();
    demo.settle();
    let alice = demo.user("alice").await;
    let copy = Action::Snapshot {
        name: "before-the-sale".into(),
    };
    goes(
        &demo,
        &*alice,
        "velo-web-01",
        vec![
            (
                Action::Shutdown,
                "SHUTDOWN",
                "powering-off",
                5_000,
                "SHUTOFF",
                Off,
            ),
            (
                Action::PowerOn,
                "POWER_ON",
                "powering-on",
                3_000,
                "ACTIVE",
                On,
            ),
            (Action::Reboot, "REBOOT", "rebooting", 5_000, "ACTIVE", On),
            (
                Action::Reset,
                "REBOOT",
                "rebooting_hard",
                3_500,
                "ACTIVE",
                On,
            ),
            (Action::Pause, "PAUSE", "pausing", 2_000, "PAUSED", Paused),
            (Action::Resume, "RESUME", "unpausing", 2_000, "ACTIVE", On),
            (
                Action::Suspend,
                "SUSPEND",
                "suspending",
                4_000,
                "SUSPENDED",
                Paused,
            ),
            (Action::Resume, "RESUME", "resuming", 4_000, "ACTIVE", On),
            (Action::Rescue, "RESCUE", "rescuing", 4_000, "RESCUE", On),
            (
                Action::Unrescue,
                "UNRESCUE",
                "unrescuing",
                4_000,
                "ACTIVE",
                On,
            ),
            (Action::Shelve, "SHELVE", "shelving", 7_000, "SHELVED", Off),
            (
                Action::Unshelve,
                "UNSHELVE",
                "unshelving",
                6_000,
                "ACTIVE",
                On,
            ),
            (
                copy,
                "SNAPSHOT",
                "image_snapshot_pending",
                7_000,
                "ACTIVE",
                On,
            ),
            (
                Action::DELETE,
                "DELETE",
                "soft-deleting",
                2_000,
                "SOFT_DELETED",
                NotAllocated,
            ),
            (Action::Restore, "RESTORE", "restoring", 3_000, "ACTIVE", On),
        ],
    )
    .await;
    goes(
        &demo,
        &*alice,
        "velo-api-03",
        vec![
            // Nothing but the task tells of a confirmation under way.
            (
                Action::ConfirmResize,
                "CONFIRM_RESIZE",
                "VERIFY_RESIZE",
                2_000,
                "ACTIVE",
                On,
            ),
        ],
    )
    .await;
    let api = vm(&*alice, "velo-api-03").await;
    assert_eq!(
        (api.cpu, api.ram_mib),
        (Some(4), Some(8_192)),
        "the new size"
    );
    let tasks = alice
        .vm_tasks(&vm(&*alice, "velo-web-01").await)
        .await
        .unwrap();
    assert_eq!(tasks.len(), 16, "fifteen, and its creation");
    assert!(
        tasks
            .iter()
            .all(|task| task.user.as_deref() == Some("alice"))
    );
    assert_eq!(tasks.last().unwrap().kind.as_str(), "DEPLOY");
    // Also of those whose events are not read one by one.
    let over = |task: &Task| task.state == TaskState::FinishedSuccessfully;
    assert!(tasks.iter().all(over), "{tasks:?}");
}

#[tokio::test]
async fn a_resize_is_reverted_to_the_size_and_the_host_before() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let before = vm(&*admin, "velo-api-03").await;
    assert_eq!(
        (before.cpu, before.host.as_deref()),
        (Some(4), Some("cmp-w02"))
    );
    let after = done(&demo, &*admin, "velo-api-03", &Action::RevertResize).await;
    assert_eq!(
        (after.cpu, after.host.as_deref()),
        (Some(2), Some("cmp-w01"))
    );
    assert_eq!(&*after.native_state, "ACTIVE");
}

#[tokio::test]
async fn an_administrator_moves_servers_to_the_candidates() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let api = vm(&*admin, "velo-api-01").await;
    let hosts = admin.candidates(&api).await.unwrap();
    let rows: Vec<_> = hosts
        .iter()
        .map(|host| (&*host.id, host.cluster.as_deref(), host.address.as_deref()))
        .collect();
    // One is off, one is down, and one it is on.
    assert_eq!(
        rows,
        [
            ("cmp-w02", Some("west-a"), Some("10.59.0.12")),
            ("cmp-w03", Some("west-b"), Some("10.59.0.13")),
        ]
    );
    assert!(
        hosts
            .iter()
            .all(|host| host.cpus.is_some() && host.ram_mib.is_some())
    );

    goes(
        &demo,
        &*admin,
        "velo-api-01",
        vec![(
            relocate("cmp-w03"),
            "RELOCATE",
            "migrating",
            10_000,
            "ACTIVE",
            On,
        )],
    )
    .await;
    assert_eq!(
        vm(&*admin, "velo-api-01").await.host.as_deref(),
        Some("cmp-w03")
    );
    goes(
        &demo,
        &*admin,
        "velo-web-04",
        vec![
            (
                relocate("cmp-w01"),
                "RELOCATE",
                "resize_prep",
                8_500,
                "VERIFY_RESIZE",
                Off,
            ),
            (
                Action::ConfirmResize,
                "CONFIRM_RESIZE",
                "VERIFY_RESIZE",
                2_000,
                "SHUTOFF",
                Off,
            ),
        ],
    )
    .await;
    assert_eq!(
        vm(&*admin, "velo-web-04").await.host.as_deref(),
        Some("cmp-w01")
    );
    goes(
        &demo,
        &*admin,
        "velo-web-04",
        vec![
            (
                relocate("cmp-w02"),
                "RELOCATE",
                "resize_prep",
                8_500,
                "VERIFY_RESIZE",
                Off,
            ),
            (
                Action::RevertResize,
                "REVERT_RESIZE",
                "resize_reverting",
                4_000,
                "SHUTOFF",
                Off,
            ),
        ],
    )
    .await;
    assert_eq!(
        vm(&*admin, "velo-web-04").await.host.as_deref(),
        Some("cmp-w01")
    );
    // The older region.
    let north = vm(&*admin, "velo-web-n1").await;
    let hosts = admin.candidates(&north).await.unwrap();
    assert_eq!(
        hosts.iter().map(|host| &*host.id).collect::<Vec<_>>(),
        ["cmp-n02"]
    );
    let moved = done(&demo, &*admin, "velo-web-n1", &relocate("cmp-n02")).await;
    assert_eq!(moved.host.as_deref(), Some("cmp-n02"));

    let no = refused(&*admin, "velo-api-02", &relocate("cmp-x99")).await;
    assert_eq!(
        words(&no),
        "rejected by the cloud: Compute host cmp-x99 could not be found."
    );
    let failed = fails(&demo, &*admin, "velo-search-01", &relocate("cmp-w01")).await;
    assert!(
        failed.jobs[0]
            .description
            .as_deref()
            .unwrap()
            .starts_with("No valid host was found.")
    );
    assert_eq!(
        vm(&*admin, "velo-search-01").await.host.as_deref(),
        Some("cmp-w03"),
        "where it was"
    );
}

#[tokio::test]
async fn servers_of_a_lost_host_are_evacuated_and_others_are_not() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let anywhere = Action::Evacuate { host: None };
    goes(
        &demo,
        &*admin,
        "seatmap-02",
        vec![(
            anywhere.clone(),
            "EVACUATE",
            "rebuilding",
            7_000,
            "ACTIVE",
            On,
        )],
    )
    .await;
    assert_eq!(
        vm(&*admin, "seatmap-02").await.host.as_deref(),
        Some("cmp-w01")
    );
    let to = Action::Evacuate {
        host: Some("cmp-w03".into()),
    };
    let off = done(&demo, &*admin, "seatmap-03", &to).await;
    assert_eq!(
        (off.host.as_deref(), &*off.native_state),
        (Some("cmp-w03"), "SHUTOFF")
    );
    let no = refused(&*admin, "velo-api-01", &anywhere).await;
    assert_eq!(
        words(&no),
        "rejected by the cloud: Compute service of cmp-w01 is still in use."
    );
}

#[tokio::test]
async fn a_lock_is_its_owners_to_take_off_and_an_administrators_is_not() {
    let demo = Demo::start();
    let (admin, alice) = (demo.user("admin").await, demo.user("alice").await);
    let audit = vm(&*alice, "velo-audit").await;
    assert_eq!(
        audit.protection.as_ref().unwrap().reason.as_deref(),
        Some("evidence, keep as it is")
    );
    let id = &audit.key.id;
    let no = refused(&*alice, "velo-audit", &Action::PowerOn).await;
    assert!(matches!(no, Error::Conflict(_)), "{no:?}");
    assert_eq!(
        words(&no),
        format!("refused by the cloud: Instance {id} is locked")
    );
    let no = refused(&*alice, "velo-audit", &Action::Unprotect).await;
    assert!(matches!(no, Error::Forbidden(_)), "{no:?}");
    assert_eq!(
        words(&no),
        "not permitted: Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed."
    );
    assert!(now(&*alice, &audit).await.protection.is_some());
    done(&demo, &*admin, "velo-audit", &Action::Unprotect).await;
    assert_eq!(
        done(&demo, &*alice, "velo-audit", &Action::PowerOn)
            .await
            .power,
        On
    );

    // Her own.
    let free = done(&demo, &*alice, "velo-db-01", &Action::Unprotect).await;
    assert_eq!(free.protection, None);
    let held = done(
        &demo,
        &*alice,
        "velo-db-01",
        &protect("  stocktaking\u{1b}[2J "),
    )
    .await;
    assert_eq!(
        held.protection.unwrap().reason.as_deref(),
        Some("stocktaking[2J")
    );
    let no = refused(&*alice, "velo-db-01", &Action::Shutdown).await;
    assert!(words(&no).ends_with("is locked"), "{no}");
    // It holds nobody off who is an administrator.
    assert_eq!(
        done(&demo, &*admin, "velo-db-01", &Action::Shutdown)
            .await
            .power,
        Off
    );

    // A Nova before 2.73 locks, and keeps no reason.
    let north = done(&demo, &*alice, "velo-web-n1", &protect("patch day")).await;
    assert_eq!(north.protection.unwrap().reason, None);
    assert_eq!(
        done(&demo, &*alice, "velo-web-n1", &Action::Unprotect)
            .await
            .protection,
        None
    );
}

#[tokio::test]
async fn what_policy_or_state_forbids_is_said_in_the_clouds_words() {
    let demo = Demo::start();
    let rita = demo.user("rita").await;
    let no = refused(&*rita, "velo-web-01", &Action::Shutdown).await;
    assert!(matches!(no, Error::Forbidden(_)), "{no:?}");
    assert_eq!(
        words(&no),
        "not permitted: Policy doesn't allow os_compute_api:servers:stop to be performed."
    );

    let alice = demo.user("alice").await;
    let web = vm(&*alice, "velo-web-01").await;
    let id = &web.key.id;
    for (action, rule) in [
        (relocate("cmp-w03"), "os-migrate-server:migrate_live"),
        (Action::Evacuate { host: None }, "os-evacuate"),
    ] {
        let no = refused(&*alice, "velo-web-01", &action).await;
        assert_eq!(
            words(&no),
            format!("not permitted: Policy doesn't allow os_compute_api:{rule} to be performed.")
        );
    }
    let no = alice.candidates(&web).await.unwrap_err();
    assert!(matches!(no, Error::Forbidden(_)), "{no:?}");

    let no = refused(&*alice, "velo-web-01", &Action::PowerOn).await;
    assert!(matches!(no, Error::Conflict(_)), "{no:?}");
    assert_eq!(
        words(&no),
        format!(
            "refused by the cloud: Cannot 'start' instance {id} while it is in vm_state active"
        )
    );
    act(&*alice, &web, &Action::Shutdown).await.unwrap();
    let no = refused(&*alice, "velo-web-01", &Action::Pause).await;
    assert_eq!(
        words(&no),
        format!(
            "refused by the cloud: Cannot 'pause' instance {id} while it is in task_state powering-off"
        )
    );
    let no = refused(&*alice, "velo-db-02", &Action::Rescue).await;
    assert!(matches!(no, Error::Rejected(_)), "{no:?}");
    assert!(
        words(&no).ends_with("Cannot rescue a volume-backed instance"),
        "{no}"
    );
}

#[tokio::test]
async fn what_fails_later_is_a_task_with_its_reason_for_whoever_may_know() {
    let demo = Demo::start();
    let (admin, alice, bob) = (
        demo.user("admin").await,
        demo.user("alice").await,
        demo.user("bob").await,
    );
    let task = fails(&demo, &*admin, "velo-web-04", &Action::PowerOn).await;
    assert_eq!(
        (task.kind.as_str(), task.user.as_deref()),
        ("POWER_ON", Some("admin"))
    );
    let job = &task.jobs[0];
    assert_eq!(
        (job.kind.as_str(), job.state.clone()),
        ("compute_start_instance", JobState::Failed)
    );
    let told = job.description.as_deref().unwrap();
    assert!(
        told.starts_with(
            "The port of the server cannot be bound on its host; on cmp-w03; traceback: "
        ),
        "{told}"
    );
    assert!(
        told.ends_with("PortBindingFailed: The port of the server cannot be bound on its host"),
        "{told}"
    );
    let web = vm(&*alice, "velo-web-04").await;
    assert_eq!(&*web.native_state, "SHUTOFF", "as it was");

    // The owner sees that it failed, and not why; also what failed before the demo began.
    let tasks = alice.vm_tasks(&web).await.unwrap();
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            (
                task.kind.as_str(),
                task.state.clone(),
                task.user.as_deref().unwrap().len() == 32,
            )
        })
        .collect();
    use TaskState::{FinishedSuccessfully, FinishedUnsuccessfully};
    assert_eq!(
        rows,
        [
            ("POWER_ON", FinishedUnsuccessfully, true),
            ("POWER_ON", FinishedUnsuccessfully, false),
            ("SHUTDOWN", FinishedSuccessfully, false),
            ("DEPLOY", FinishedSuccessfully, false),
        ]
    );
    assert_eq!(tasks[0].key, task.key);
    assert_eq!(tasks[0].jobs[0].description, None);
    let seen = admin.vm_tasks(&web).await.unwrap();
    let told = seen[1].jobs[0].description.as_deref().unwrap();
    assert!(
        told.ends_with("PortBindingFailed: Binding failed for the port of velo-web-04"),
        "{told}"
    );

    // One that leaves the server in error, with its fault.
    fails(&demo, &*bob, "ticket-print-01", &Action::Reboot).await;
    let print = vm(&*bob, "ticket-print-01").await;
    assert_eq!((&*print.native_state, print.power), ("ERROR", Unknown));
    assert_eq!(
        print.description.as_deref(),
        Some("Fault: Failed to reboot instance: the disk of the guest cannot be opened")
    );
    fails(&demo, &*alice, "velo-render-01", &Action::Unshelve).await;
    assert_eq!(
        &*vm(&*alice, "velo-render-01").await.native_state,
        "SHELVED_OFFLOADED"
    );
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_replaced_unseen() {
    let demo = Demo::start_as(&OpenStackOptions {
        token_life: Duration::from_secs(60),
        ..OpenStackOptions::default()
    });
    demo.settle();
    let alice = demo.user("alice").await;
    let web = vm(&*alice, "velo-web-01").await;
    demo.after(61_000);
    assert_eq!(list(&*alice).await.len(), 23);
    let target = alice.target(&web).await.unwrap();
    demo.after(61_000);
    let Accepted::Task(handle) = alice.perform(&target, &Action::Shutdown).await.unwrap() else {
        panic!("no task");
    };
    demo.after(61_000);
    assert_eq!(
        alice.task(&handle).await.unwrap().state,
        TaskState::FinishedSuccessfully
    );
    let tasks = alice.vm_tasks(&web).await.unwrap();
    let stops = tasks.iter().filter(|task| task.kind.as_str() == "SHUTDOWN");
    assert_eq!(stops.count(), 1, "it was sent once");
    demo.after(61_000);
    assert!(alice.raw(&web).await.unwrap().contains("SHUTOFF"));
}

#[tokio::test]
async fn a_screen_has_an_address_made_anew_each_time() {
    let demo = Demo::start();
    let alice = demo.user("alice").await;
    let vms = list(&*alice).await;
    let mut addresses = BTreeSet::new();
    for name in ["velo-web-01", "velo-web-01", "velo-web-n1"] {
        let access = alice.remote_access(of(&vms, name), false).await.unwrap();
        assert_eq!(access.protocol.as_deref(), Some("vnc"));
        let url = access.url.unwrap();
        assert!(url.contains("/vnc_auto.html?path=%3Ftoken%3D"), "{url}");
        assert!(access.password.is_none());
        addresses.insert(url);
    }
    assert_eq!(addresses.len(), 3);
    let gone = of(&vms, "velo-render-01");
    let no = alice.remote_access(gone, false).await.unwrap_err();
    assert_eq!(
        words(&no),
        format!(
            "refused by the cloud: Instance {} is not ready",
            gone.key.id
        )
    );
    let rita = demo.user("rita").await;
    let no = rita
        .remote_access(of(&vms, "velo-web-01"), false)
        .await
        .unwrap_err();
    assert!(matches!(no, Error::Forbidden(_)), "{no:?}");
}

#[tokio::test]
async fn servers_are_grouped_by_whatever_the_cloud_tells_of_them() {
    let demo = Demo::start();
    let admin = demo.user("admin").await;
    let vms = list(&*admin).await;
    for (by, expected) in [
        (
            "stack",
            &[("fares", 3), ("velo-back", 5), ("velo-front", 6)][..],
        ),
        ("server_group", &[("fares-near", 2), ("velo-db-apart", 2)]),
        ("tag:tier", &[("front", 4), ("staging", 2)]),
        (
            "tag:owner",
            &[("booking", 4), ("counter", 2), ("pricing", 2)],
        ),
        ("project", &[("admin", 1), ("blue", 15), ("red", 23)]),
        ("zone", &[("eu-north", 4), ("eu-west", 35)]),
    ] {
        let by: GroupBy = by.parse().unwrap();
        let mut groups: BTreeMap<String, usize> = BTreeMap::new();
        for group in vms.iter().filter_map(|vm| by.group_of(vm)) {
            *groups.entry(group.name.to_string()).or_default() += 1;
        }
        let expected = expected
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        assert_eq!(groups, expected.collect(), "{by}");
    }
    let by: GroupBy = "availability_zone".parse().unwrap();
    for (name, zone) in [
        ("velo-web-01", Some("west-a")),
        ("velo-web-03", Some("west-b")),
        ("velo-web-n1", Some("nova")),
        ("gate-sim", None),
    ] {
        let group = by.group_of(of(&vms, name));
        assert_eq!(
            group.map(|group| group.name.to_string()).as_deref(),
            zone,
            "{name}"
        );
    }
}
