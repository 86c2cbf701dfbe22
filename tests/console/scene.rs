//! A small fleet in every state, told as the engine would tell it, at a fixed time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use vmdeck::config::UiState;
use vmdeck::console::app::{App, Look};
use vmdeck::console::keymap::Keymap;
use vmdeck::console::message::{Effect, Message};
use vmdeck::console::theme::{Preset, Theme};
use vmdeck::console::update::update;
use vmdeck::console::view::view;
use vmdeck::console::viewports::Viewports;
use vmdeck::fleet::{CloudInfo, CloudStatus, Update};
use vmdeck::model::*;

use PowerState::*;

const POWER: &[&str] = &["VAPP_PERFORM_ACTIONS"];
const PROTECT: &[&str] = &["VM_PROTECT_ACTION"];

/// The rules of a cloud like Abiquo, written for these tests.
pub static CAPABILITIES: Capabilities = Capabilities {
    provider: "Abiquo",
    rules: &[
        ActionRule::new(ActionKind::PowerOn, &[Off, Configured], POWER),
        ActionRule::new(ActionKind::Shutdown, &[On], POWER),
        ActionRule::new(ActionKind::PowerOff, &[On], POWER),
        ActionRule::new(ActionKind::Pause, &[On], POWER),
        ActionRule::new(ActionKind::Resume, &[Paused], POWER),
        ActionRule::new(ActionKind::Reset, &[On], POWER),
        ActionRule::new(ActionKind::Protect, &[On, Paused, Off], PROTECT),
        ActionRule::new(ActionKind::Unprotect, &[On, Paused, Off, Unknown], PROTECT),
    ],
    notes: &[],
    keep_off: false,
    missing: &[(ActionKind::Reboot, "reset restarts it hard")],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some("VM_PROTECT_ACTION"),
    restricted_privilege: Some("VAPP_RESTRICTED_MANAGE"),
    tasks: true,
    events: true,
    vapps: true,
    ..Capabilities::NONE
};

/// Noon of a day; the scene's times are told relative to it.
pub fn noon() -> Timestamp {
    "2026-05-04T12:00:00Z".parse().unwrap()
}

pub fn ago(seconds: i64) -> Timestamp {
    noon() - SignedDuration::from_secs(seconds)
}

pub fn info(name: &str, environment: Option<&str>) -> CloudInfo {
    CloudInfo {
        name: CloudName::new(name),
        provider: "abiquo",
        url: format!("https://{name}.example.com/api"),
        environment: environment.map(ToOwned::to_owned),
        production: environment == Some("production"),
        read_only: false,
        capabilities: &CAPABILITIES,
        group_by: None,
    }
}

pub fn vm(cloud: &str, id: &str, name: &str, power: PowerState, vapp: &str) -> Vm {
    let cloud = CloudName::new(cloud);
    let placed = !matches!(power, NotAllocated);
    let number = id.parse::<u32>().unwrap_or(0);
    Vm {
        key: VmKey::new(&cloud, id),
        uuid: Some(format!("5e57c34d-5dcb-482b-be0f-a78931f4{number:04}").into()),
        name: name.into(),
        native_name: Some(format!("ABQ_5e57c34d-{id}").into()),
        power,
        native_state: power.as_str().into(),
        deallocated: false,
        imported: false,
        monitored: false,
        protection: None,
        vapp: Some(Group {
            id: vapp.into(),
            name: vapp.into(),
        }),
        project: Some(Group {
            id: "east".into(),
            name: "VDC east".into(),
        }),
        tenant: Some("Acme".into()),
        location: Some("DC One".into()),
        cluster: None,
        networks: Box::default(),
        tags: Box::default(),
        console: None,
        host: placed.then(|| "esx-03".into()),
        owner: Some("Pat Rivers".into()),
        hypervisor: Some("VMX_04".into()),
        template: Some("Debian 12".into()),
        description: None,
        cpu: Some(2 + number % 3),
        ram_mib: Some(4_096 << (number % 3)),
        addresses: if placed {
            [Arc::from(format!("10.0.3.{}", number % 250))].into()
        } else {
            [].into()
        },
        created_at: Some(ago(86_400 * 40)),
        updated_at: None,
        locator: "".into(),
    }
}

pub fn protected(mut vm: Vm, reason: &str, by: &str) -> Vm {
    vm.protection = Some(Box::new(Protection {
        reason: Some(reason.into()),
        by: Some(by.into()),
        since: Some(ago(7_200)),
        scope: ProtectionScope::Cloud,
    }));
    vm
}

pub fn task(
    vm: &Vm,
    id: &str,
    kind: &str,
    state: TaskState,
    jobs: &[(&str, JobState, JobState)],
    age: i64,
) -> Task {
    Task {
        key: TaskKey {
            cloud: vm.key.cloud.clone(),
            id: id.into(),
        },
        vm: Some(vm.key.clone()),
        kind: TaskKind::new(kind),
        acknowledgeable: state == TaskState::FinishedUnsuccessfully,
        watched_here: false,
        subject: None,
        state,
        created_at: Some(ago(age)),
        updated_at: Some(ago(age - 2)),
        user: Some("cloudadmin".into()),
        jobs: jobs
            .iter()
            .map(|(kind, state, rollback)| Job {
                id: format!("{id}.{kind}").into(),
                kind: TaskKind::new(kind),
                state: state.clone(),
                rollback_state: rollback.clone(),
                description: Some(format!("{kind} job for VM {}", vm.key.id).into()),
            })
            .collect(),
        locator: "".into(),
    }
}

pub fn event(
    cloud: &str,
    id: &str,
    severity: Severity,
    action: &str,
    vm: &Vm,
    trace: &str,
    age: i64,
) -> Event {
    let cloud = CloudName::new(cloud);
    Event {
        key: EventKey {
            cloud,
            id: id.into(),
        },
        at: ago(age),
        severity,
        source: Some("Acme / VDC east".into()),
        entity: "VIRTUAL_MACHINE".into(),
        action: action.into(),
        vm: Some(vm.key.clone()),
        vm_name: Some(vm.name.clone()),
        performed_by: Some("admin".into()),
        user: Some("admin".into()),
        trace: trace.into(),
        error_code: None,
    }
}

/// The privileges of an administrator.
pub fn session() -> Arc<Session> {
    Arc::new(Session {
        user: "admin".into(),
        full_name: Some("Ada Admin".into()),
        tenant: Some("Acme".into()),
        privileges: [
            "VAPP_PERFORM_ACTIONS",
            "VM_PROTECT_ACTION",
            "VAPP_RESTRICTED_MANAGE",
        ]
        .into_iter()
        .collect(),
    })
}

/// Everything the engine tells of the scene.
pub fn updates() -> Vec<Update> {
    let web02 = vm("prod", "2", "web-02", On, "shop-front");
    let db01 = protected(
        vm("prod", "3", "db-01", On, "shop-db"),
        "kernel update",
        "admin",
    );
    let batch07 = vm("lab", "107", "batch-07", Locked, "nightly");
    let batch08 = vm("lab", "108", "batch-08", Locked, "nightly");
    let web06 = vm("prod", "6", "web-06", NotAllocated, "shop-front");
    let mut burst = vm("prod", "9", "burst-03", Off, "burst");
    burst.deallocated = true;
    burst.addresses = [].into();
    let mut strange = vm("prod", "10", "edge-9", Unknown, "edge");
    strange.native_state = "HIBERNATED".into();
    let prod = vec![
        vm("prod", "1", "web-01", On, "shop-front"),
        web02.clone(),
        db01.clone(),
        protected(
            vm("prod", "4", "db-02", Off, "shop-db"),
            "storage migration until Friday",
            "Pat Rivers",
        ),
        web06.clone(),
        vm("prod", "7", "old-wiki", Off, "intranet"),
        vm("prod", "8", "cache-01", Paused, "shop-front"),
        burst,
        strange,
        vm("prod", "11", "scanner", Allocated, "edge"),
        vm("prod", "12", "track-3", Configured, "tracking"),
        vm("prod", "13", "billing-1", On, "billing"),
    ];
    let lab = vec![
        batch07.clone(),
        batch08.clone(),
        vm("lab", "109", "tpl-debian", NotAllocated, "templates"),
    ];
    let vapp = |cloud: &str, name: &str, state, restricted| Vapp {
        cloud: CloudName::new(cloud),
        id: name.into(),
        name: name.into(),
        project: Some(Group {
            id: "east".into(),
            name: "VDC east".into(),
        }),
        tenant: Some("Acme".into()),
        server_state: Some(state),
        restricted,
        locator: "".into(),
    };
    let prod_vapps = vec![
        vapp("prod", "shop-front", VappState::PartiallyDeployed, false),
        vapp("prod", "shop-db", VappState::Deployed, false),
        vapp("prod", "intranet", VappState::PartiallyDeployed, false),
        vapp("prod", "burst", VappState::Deployed, false),
        vapp("prod", "edge", VappState::Unknown, false),
        vapp("prod", "tracking", VappState::Deployed, false),
        vapp("prod", "billing", VappState::Deployed, true),
        vapp("prod", "spare", VappState::Empty, false),
    ];
    let lab_vapps = vec![
        vapp("lab", "nightly", VappState::Locked, false),
        vapp("lab", "templates", VappState::Undeployed, false),
    ];
    let cloud = CloudName::new;
    let listed = |name: &str, ms| Update::Listed {
        cloud: cloud(name),
        at: ago(3),
        took: Duration::from_millis(ms * 3),
        latency: Some(Duration::from_millis(ms)),
    };
    let told = |name: &str, vms: Vec<Vm>| Update::Vms {
        cloud: cloud(name),
        changed: vms.into_iter().map(Arc::new).collect(),
        gone: Vec::new(),
        as_of: ago(3),
    };
    let status = |name: &str| Update::Status {
        cloud: cloud(name),
        status: CloudStatus::Ok,
    };
    vec![
        Update::SignedIn {
            cloud: cloud("prod"),
            session: session(),
        },
        Update::SignedIn {
            cloud: cloud("lab"),
            session: session(),
        },
        told("prod", prod),
        told("lab", lab),
        listed("prod", 32),
        listed("lab", 12),
        status("prod"),
        status("lab"),
        Update::Vapps {
            cloud: cloud("prod"),
            vapps: prod_vapps,
        },
        Update::Vapps {
            cloud: cloud("lab"),
            vapps: lab_vapps,
        },
        Update::VmTasks {
            vm: web02.key.clone(),
            tasks: vec![
                task(
                    &web02,
                    "t-1",
                    "SHUTDOWN",
                    TaskState::FinishedUnsuccessfully,
                    &[("SHUTDOWN", JobState::Failed, JobState::RollbackDone)],
                    125,
                ),
                task(
                    &web02,
                    "t-0",
                    "POWER_ON",
                    TaskState::FinishedSuccessfully,
                    &[("POWER_ON", JobState::Done, JobState::Unknown)],
                    4_000,
                ),
            ],
            at: ago(1),
        },
        Update::Tasks {
            tasks: vec![
                task(
                    &batch07,
                    "t-2",
                    "POWER_OFF",
                    TaskState::Started,
                    &[
                        ("POWER_OFF", JobState::Started, JobState::Unknown),
                        ("FREE_RESOURCES", JobState::Pending, JobState::Unknown),
                    ],
                    4,
                ),
                task(
                    &batch08,
                    "t-3",
                    "DEPLOY",
                    TaskState::Queueing,
                    &[("SCHEDULE", JobState::Pending, JobState::Unknown)],
                    600,
                ),
                task(
                    &web06,
                    "t-4",
                    "DEPLOY",
                    TaskState::FinishedUnsuccessfully,
                    &[("SCHEDULE", JobState::Failed, JobState::Unknown)],
                    540,
                ),
            ],
        },
        Update::Events {
            cloud: cloud("prod"),
            events: vec![
                event(
                    "prod",
                    "e-1",
                    Severity::Error,
                    "SHUTDOWN",
                    &web02,
                    "the guest tools of web-02 are not running",
                    123,
                ),
                event(
                    "prod",
                    "e-2",
                    Severity::Error,
                    "DEPLOY",
                    &web06,
                    "There is 1 candidate machine but all are oversubscribed by the workload rules (RAM and CPU). The virtual machine requires 2 CPU and 8192 RAM.",
                    538,
                ),
                event(
                    "prod",
                    "e-3",
                    Severity::Info,
                    "PROTECT",
                    &db01,
                    "VM db-01 protected by admin, cause: kernel update",
                    7_200,
                ),
                event(
                    "prod",
                    "e-4",
                    Severity::Warning,
                    "POWEROFF",
                    &web02,
                    "took longer than usual",
                    90_000,
                ),
            ],
        },
    ]
}

/// How the console looks without a configuration.
pub fn look(ascii: bool) -> Look {
    Look {
        theme: Theme::preset(Preset::Dark, !ascii, ascii).unwrap(),
        keymap: Keymap::shipped().unwrap(),
        zone: TimeZone::UTC,
        refresh: Duration::from_secs(10),
        config_path: "/home/ada/.config/vmdeck/config.toml".to_owned(),
        labels: Arc::default(),
        viewer: None,
        home: Some("/home/ada".into()),
    }
}

/// A console on the scene, of one size.
pub struct Deck {
    pub app: App,
    pub ports: Viewports,
    pub terminal: Terminal<TestBackend>,
    pub effects: Vec<Effect>,
    pub now: Timestamp,
}

impl Deck {
    pub fn empty(width: u16, height: u16, ascii: bool, clouds: Vec<CloudInfo>) -> Self {
        Self::looking(look(ascii), width, height, clouds)
    }

    /// A console that looks otherwise than usual.
    pub fn looking(look: Look, width: u16, height: u16, clouds: Vec<CloudInfo>) -> Self {
        let mut deck = Self {
            app: App::new(look, clouds, UiState::default(), noon()),
            ports: Viewports::default(),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
            effects: Vec::new(),
            now: noon(),
        };
        deck.send(Message::Resize(width, height));
        deck
    }

    pub fn new(width: u16, height: u16) -> Self {
        let mut deck = Self::empty(
            width,
            height,
            false,
            vec![info("prod", Some("production")), info("lab", None)],
        );
        deck.tell(updates());
        deck
    }

    pub fn tell(&mut self, updates: impl IntoIterator<Item = Update>) {
        for update in updates {
            self.send(Message::Update(Box::new(update)));
        }
        self.draw();
    }

    pub fn send(&mut self, message: Message) {
        self.app.settle();
        let effects = update(&mut self.app, message, &self.ports, self.now);
        self.effects.extend(effects);
    }

    /// Presses keys as a keymap writes them, separated by blanks; draws after each, as the loop does.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.send(Message::Key(key_event(key)));
            self.draw();
        }
        self
    }

    /// Types text.
    pub fn typing(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Message::Key(KeyEvent::new(
                KeyCode::Char(c),
                KeyModifiers::NONE,
            )));
        }
        self.draw();
        self
    }

    pub fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Message::Tick);
        self.draw();
        self
    }

    /// Whether a notice of this run says this.
    pub fn was_told(&self, text: &str) -> bool {
        let log = self.app.notices.log();
        log.iter().any(|notice| notice.text.contains(text))
    }

    pub fn draw(&mut self) {
        self.app.settle();
        let (app, ports) = (&self.app, &mut self.ports);
        self.terminal.draw(|frame| view(app, ports, frame)).unwrap();
    }

    /// The screen as text, without blanks at line ends.
    pub fn screen(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let line: String = (0..buffer.area.width)
                .map(|x| buffer[(x, y)].symbol())
                .collect();
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

pub fn key_event(key: &str) -> KeyEvent {
    let named: BTreeMap<&str, KeyCode> = [
        ("enter", KeyCode::Enter),
        ("esc", KeyCode::Esc),
        ("tab", KeyCode::Tab),
        ("up", KeyCode::Up),
        ("down", KeyCode::Down),
        ("left", KeyCode::Left),
        ("right", KeyCode::Right),
        ("home", KeyCode::Home),
        ("end", KeyCode::End),
        ("pgdn", KeyCode::PageDown),
        ("pgup", KeyCode::PageUp),
        ("space", KeyCode::Char(' ')),
        ("backspace", KeyCode::Backspace),
        ("del", KeyCode::Delete),
    ]
    .into();
    let (modifiers, key) = match key.strip_prefix("ctrl-") {
        Some(key) => (KeyModifiers::CONTROL, key),
        None => (KeyModifiers::NONE, key),
    };
    let code = named
        .get(key)
        .copied()
        .unwrap_or_else(|| KeyCode::Char(key.chars().next().unwrap()));
    KeyEvent::new(code, modifiers)
}
