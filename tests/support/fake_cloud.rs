//! A cloud in memory that behaves, and that a test can make misbehave: no sockets, no clock but tokio's.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use vmdeck::clouds::{
    Accepted, Cloud, Error, EventQuery, Phase, ProtectionChange, Result, Target, TaskHandle,
    VappAccepted, VmPage, error::Rejection,
};
use vmdeck::model::{
    Action, ActionKind, ActionRule, Capabilities, CloudName, Event, EventKey, Group, Host, Job,
    JobState, PowerState, Protection, ProtectionScope, RemoteAccess, Revealed, Series, Session,
    Severity, Task, TaskKey, TaskKind, TaskState, Vapp, VappAction, VappActionKind, VappRule,
    VappState, Vm, VmKey,
};

const DEPLOYED: &[PowerState] = &[PowerState::On, PowerState::Paused, PowerState::Off];
const PERFORM: &[&str] = &["PERFORM"];

/// What this cloud can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    provider: "Fake",
    rules: &[
        ActionRule::new(ActionKind::PowerOn, &[PowerState::Off], PERFORM),
        ActionRule::new(ActionKind::PowerOff, &[PowerState::On], PERFORM),
        ActionRule::new(ActionKind::Shutdown, &[PowerState::On], PERFORM),
        ActionRule::new(ActionKind::Pause, &[PowerState::On], PERFORM),
        ActionRule::new(ActionKind::Resume, &[PowerState::Paused], PERFORM),
        ActionRule::new(ActionKind::Reset, &[PowerState::On], PERFORM),
        ActionRule::new(ActionKind::Protect, DEPLOYED, &["PROTECT"]),
        ActionRule::new(ActionKind::Unprotect, DEPLOYED, &["PROTECT"]),
    ],
    notes: &[],
    keep_off: false,
    missing: &[],
    protection: Some(ProtectionScope::Cloud),
    protect_privilege: Some("PROTECT"),
    restricted_privilege: None,
    tasks: true,
    events: true,
    vapps: true,
    ..Capabilities::NONE
};

const BARE: &[&str] = &[];
const PLAIN_RULES: &[ActionRule] = &[
    ActionRule::new(ActionKind::PowerOn, &[PowerState::Off], BARE),
    ActionRule::new(ActionKind::PowerOff, &[PowerState::On], BARE),
    ActionRule::new(ActionKind::Reboot, &[PowerState::On], BARE),
    ActionRule::new(ActionKind::Reset, &[PowerState::On], BARE),
    ActionRule::new(ActionKind::Pause, &[PowerState::On], BARE),
    ActionRule::new(ActionKind::Delete, DEPLOYED, BARE),
    ActionRule::new(ActionKind::Protect, DEPLOYED, BARE),
    ActionRule::new(ActionKind::Unprotect, PowerState::ALL.as_slice(), BARE),
];

/// What a cloud can do that has no tasks, events or appliances, and whose protections this console keeps.
pub const PLAIN: Capabilities = Capabilities {
    provider: "Plain",
    rules: PLAIN_RULES,
    protection: Some(ProtectionScope::Console),
    protect_privilege: None,
    tasks: false,
    events: false,
    vapps: false,
    ..CAPABILITIES
};

/// The same with protections in a tag that every console reads.
pub const TAGGED: Capabilities = Capabilities {
    provider: "Tagged",
    protection: Some(ProtectionScope::SharedTag),
    ..PLAIN
};

const WHOLE_RULES: &[ActionRule] = &[
    ActionRule::new(ActionKind::PowerOn, &[PowerState::Off], PERFORM),
    ActionRule::new(ActionKind::PowerOff, &[PowerState::On], PERFORM),
    ActionRule::new(ActionKind::Deploy, &[PowerState::NotAllocated], PERFORM),
    ActionRule::new(ActionKind::Undeploy, DEPLOYED, PERFORM),
    ActionRule::new(ActionKind::Snapshot, &[PowerState::Off], PERFORM),
    ActionRule::new(ActionKind::Move, DEPLOYED, PERFORM),
    ActionRule::new(
        ActionKind::Delete,
        &[PowerState::On, PowerState::Off, PowerState::NotAllocated],
        PERFORM,
    ),
    ActionRule::new(ActionKind::Protect, DEPLOYED, &["PROTECT"]),
    ActionRule::new(ActionKind::Unprotect, DEPLOYED, &["PROTECT"]),
];

const fn vapp_rule(action: VappActionKind, from: &'static [VappState]) -> VappRule {
    VappRule {
        action,
        from,
        privileges: PERFORM,
    }
}

/// What a cloud can do whose appliances are worked on as a whole, whose tasks workflow holds, and that has tenants.
pub const WHOLE: Capabilities = Capabilities {
    provider: "Whole",
    rules: WHOLE_RULES,
    vapp_rules: &[
        vapp_rule(
            VappActionKind::Deploy,
            &[VappState::Undeployed, VappState::PartiallyDeployed],
        ),
        vapp_rule(
            VappActionKind::Undeploy,
            &[VappState::Deployed, VappState::PartiallyDeployed],
        ),
        vapp_rule(
            VappActionKind::Edit,
            &[
                VappState::Empty,
                VappState::Deployed,
                VappState::Undeployed,
                VappState::PartiallyDeployed,
            ],
        ),
        vapp_rule(
            VappActionKind::Delete,
            &[VappState::Empty, VappState::Undeployed],
        ),
    ],
    restricted_privilege: Some("RESTRICTED"),
    create_vapp: Some(PERFORM),
    workflow: Some("REVIEW"),
    acknowledge_others: Some("USERS"),
    tenants: Some("TENANTS"),
    metrics: true,
    ..CAPABILITIES
};

/// The same with tasks that nobody can acknowledge there.
pub const UNACKNOWLEDGED: Capabilities = Capabilities {
    provider: "Unacknowledged",
    tasks: true,
    ..CAPABILITIES
};

/// How one call goes wrong.
#[derive(Debug, Clone)]
pub enum Twist {
    /// It fails and does nothing.
    Fail(Error),
    /// It does what it should, and the answer fails.
    DoAndFail(Error),
    /// It takes so long, then goes well.
    Slow(Duration),
    /// It takes so long, then fails.
    SlowFail(Duration, Error),
    /// No answer ever.
    Hang,
    /// It does what it should, and no answer ever comes.
    DoAndHang,
    /// The client panics.
    Panic,
}

/// A call as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub name: &'static str,
    pub about: String,
    pub at: Instant,
}

pub struct State {
    pub vms: BTreeMap<String, Vm>,
    pub tasks: HashMap<String, Vec<Task>>,
    pub vapps: Vec<Vapp>,
    pub events: Vec<Event>,
    pub user: &'static str,
    pub page: usize,
    /// How often a task is asked for until it ends.
    pub polls: usize,
    /// VMs whose graceful shutdown fails.
    pub no_tools: Vec<String>,
    /// What an action becomes that the cloud has no task for.
    pub phases: HashMap<ActionKind, Vec<Phase>>,
    /// The locations that every listing reads whole, whatever becomes of the rest.
    pub read_whole: Vec<String>,
    /// Where VMs can be moved to.
    pub hosts: Vec<Host>,
    /// What the user may do.
    pub privileges: Vec<&'static str>,
    /// VMs whose every task fails.
    pub broken: Vec<String>,
    /// VMs that are undeployed only by force.
    pub asks_first: Vec<String>,
    /// Whether an appliance's VMs are asked for one by one.
    pub one_by_one: bool,
    /// Whether an appliance's operations have no tasks: then the test ends them.
    pub no_links: bool,
    /// Where appliances can be made.
    pub projects: Vec<Group>,
    /// The VMs of other tenants, by their ids; those of the user's own under no id while another one is looked at.
    pub others: HashMap<String, BTreeMap<String, Vm>>,
    looks_at: String,
    /// The least time between two listings.
    pub least_interval: Duration,
    twists: HashMap<&'static str, VecDeque<Twist>>,
    always: HashMap<&'static str, Twist>,
    polled: HashMap<String, usize>,
    next_task: usize,
}

type Hook = Box<dyn Fn(&VmKey) + Send + Sync>;

pub struct FakeCloud {
    pub name: CloudName,
    pub capabilities: &'static Capabilities,
    /// Whether its API can acknowledge failed tasks.
    acknowledges: bool,
    state: Mutex<State>,
    calls: Mutex<Vec<Call>>,
    on_perform: Mutex<Option<Hook>>,
}

impl FakeCloud {
    /// A cloud with so many VMs, `vm-0` with the id `0` and so on, all running.
    pub fn new(name: &str, vms: usize) -> Arc<Self> {
        Self::of(name, vms, &CAPABILITIES, true)
    }

    /// A cloud whose API has no tasks, events or appliances, and whose protections this console keeps.
    pub fn plain(name: &str, vms: usize) -> Arc<Self> {
        Self::of(name, vms, &PLAIN, false)
    }

    pub fn of(
        name: &str,
        vms: usize,
        capabilities: &'static Capabilities,
        acknowledges: bool,
    ) -> Arc<Self> {
        let cloud = CloudName::new(name);
        let vms = (0..vms).map(|n| (format!("{n:05}"), vm(&cloud, n, PowerState::On)));
        let state = State {
            vms: vms.collect(),
            tasks: HashMap::new(),
            vapps: Vec::new(),
            events: Vec::new(),
            user: "admin",
            page: 2,
            polls: 2,
            no_tools: Vec::new(),
            phases: HashMap::new(),
            read_whole: Vec::new(),
            hosts: Vec::new(),
            privileges: vec!["PERFORM", "PROTECT", "TENANTS"],
            broken: Vec::new(),
            asks_first: Vec::new(),
            one_by_one: false,
            no_links: false,
            projects: Vec::new(),
            others: HashMap::new(),
            looks_at: String::new(),
            least_interval: Duration::ZERO,
            twists: HashMap::new(),
            always: HashMap::new(),
            polled: HashMap::new(),
            next_task: 0,
        };
        Arc::new(Self {
            name: cloud,
            capabilities,
            acknowledges,
            state: Mutex::new(state),
            calls: Mutex::default(),
            on_perform: Mutex::default(),
        })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn key(&self, n: usize) -> VmKey {
        VmKey::new(&self.name, &format!("{n:05}"))
    }

    /// The next call of this name goes like that; several wait in line.
    pub fn twist(&self, call: &'static str, twist: Twist) {
        self.state()
            .twists
            .entry(call)
            .or_default()
            .push_back(twist);
    }

    /// Every call of this name goes like that, until [`Self::behave`].
    pub fn always(&self, call: &'static str, twist: Twist) {
        self.state().always.insert(call, twist);
    }

    pub fn behave(&self, call: &'static str) {
        self.state().always.remove(call);
    }

    /// Called when an action arrives.
    pub fn on_perform(&self, hook: impl Fn(&VmKey) + Send + Sync + 'static) {
        *self.on_perform.lock().unwrap() = Some(Box::new(hook));
    }

    pub fn calls(&self, name: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| call.name == name)
            .cloned()
            .collect()
    }

    /// A new client of it looks at the user's own tenant.
    pub fn look_at_own(&self) {
        self.look_at(None);
    }

    pub fn change(&self, n: usize, change: impl FnOnce(&mut Vm)) {
        change(self.state().vms.get_mut(&format!("{n:05}")).unwrap());
    }

    /// A task of a VM, newest first.
    pub fn add_task(&self, n: usize, kind: &str, state: TaskState) -> Task {
        let mut guard = self.state();
        guard.add_task(&self.name, &format!("{n:05}"), kind, state, "somebody")
    }

    pub fn add_event(
        &self,
        id: &str,
        n: usize,
        severity: Severity,
        action: &str,
        by: &str,
        at: Timestamp,
    ) {
        let event = Event {
            key: EventKey {
                cloud: self.name.clone(),
                id: id.into(),
            },
            at,
            severity,
            source: None,
            entity: "VIRTUAL_MACHINE".into(),
            action: action.into(),
            vm: Some(self.key(n)),
            vm_name: None,
            performed_by: Some(by.into()),
            user: None,
            trace: "".into(),
            error_code: None,
        };
        self.state().events.insert(0, event);
    }

    /// Records a call and lets it go wrong before it does anything. Answers how it goes wrong afterwards.
    async fn begin(&self, name: &'static str, about: &str) -> Result<Option<Twist>> {
        self.calls.lock().unwrap().push(Call {
            name,
            about: about.to_owned(),
            at: Instant::now(),
        });
        let twist = {
            let mut state = self.state();
            let next = state.twists.get_mut(name).and_then(VecDeque::pop_front);
            next.or_else(|| state.always.get(name).cloned())
        };
        match twist {
            Some(Twist::Fail(error)) => Err(error),
            Some(Twist::Slow(time)) => {
                sleep(time).await;
                Ok(None)
            }
            Some(Twist::SlowFail(time, error)) => {
                sleep(time).await;
                Err(error)
            }
            Some(Twist::Hang) => std::future::pending().await,
            Some(Twist::Panic) => panic!("the client of {} is broken", self.name),
            other => Ok(other),
        }
    }

    async fn end<T>(twist: Option<Twist>, answer: T) -> Result<T> {
        match twist {
            Some(Twist::DoAndFail(error)) => Err(error),
            Some(Twist::DoAndHang) => std::future::pending().await,
            _ => Ok(answer),
        }
    }

    fn find(&self, id: &str) -> Result<Vm> {
        let state = self.state();
        let all = std::iter::once(&state.vms).chain(state.others.values());
        let found = all.filter_map(|vms| vms.get(id)).next().cloned();
        found.ok_or_else(|| Error::NotFound(format!("no VM {id}")))
    }
}

impl State {
    fn add_task(
        &mut self,
        cloud: &CloudName,
        vm: &str,
        kind: &str,
        state: TaskState,
        user: &str,
    ) -> Task {
        self.next_task += 1;
        let id = format!("task-{}", self.next_task);
        let job = match state {
            TaskState::FinishedSuccessfully => JobState::Done,
            TaskState::FinishedUnsuccessfully => JobState::Failed,
            _ => JobState::Started,
        };
        let task = Task {
            key: TaskKey {
                cloud: cloud.clone(),
                id: id.as_str().into(),
            },
            vm: Some(VmKey::new(cloud, vm)),
            kind: TaskKind::new(kind),
            acknowledgeable: state == TaskState::FinishedUnsuccessfully,
            watched_here: false,
            subject: None,
            state,
            created_at: Some(Timestamp::now()),
            updated_at: None,
            user: Some(user.into()),
            jobs: vec![Job {
                id: format!("{id}.1").as_str().into(),
                kind: TaskKind::new(kind),
                rollback_state: JobState::Unknown,
                state: job,
                description: None,
            }],
            locator: format!("/tasks/{id}").as_str().into(),
        };
        self.tasks
            .entry(vm.to_owned())
            .or_default()
            .insert(0, task.clone());
        task
    }

    /// Ends a task as the VM would have it.
    fn end_task(&mut self, vm: &str, id: &str) {
        let no_tools = self.no_tools.iter().any(|one| one == vm);
        let Some(task) = self
            .tasks
            .get_mut(vm)
            .and_then(|tasks| tasks.iter_mut().find(|task| *task.key.id == *id))
        else {
            return;
        };
        if task.state == TaskState::Queueing || task.state.is_terminal() {
            return;
        }
        let broken = self.broken.iter().any(|one| one == vm);
        let fails = broken || (no_tools && task.kind.as_str() == "SHUTDOWN");
        task.state = if fails {
            TaskState::FinishedUnsuccessfully
        } else {
            TaskState::FinishedSuccessfully
        };
        task.acknowledgeable = fails;
        for job in &mut task.jobs {
            job.state = if fails {
                JobState::Failed
            } else {
                JobState::Done
            };
            job.rollback_state = if fails {
                JobState::RollbackDone
            } else {
                JobState::Unknown
            };
        }
        let power = match task.kind.as_str() {
            "SHUTDOWN" if fails => PowerState::On,
            "SHUTDOWN" | "POWER_OFF" | "SNAPSHOT" => PowerState::Off,
            "DEPLOY" if fails => PowerState::NotAllocated,
            "UNDEPLOY" if !fails => PowerState::NotAllocated,
            "DELETE" if !fails => {
                self.vms.remove(vm);
                return;
            }
            "PAUSE" => PowerState::Paused,
            _ => PowerState::On,
        };
        if let Some(vm) = self.vms.get_mut(vm) {
            set_power(vm, power);
        }
    }
}

#[async_trait]
impl Cloud for FakeCloud {
    fn capabilities(&self) -> &'static Capabilities {
        self.capabilities
    }

    async fn connect(&self) -> Result<Session> {
        let twist = self.begin("connect", "").await?;
        let (user, privileges) = {
            let state = self.state();
            (state.user, state.privileges.clone())
        };
        let session = Session {
            user: user.into(),
            full_name: None,
            tenant: None,
            privileges: privileges.into_iter().collect(),
        };
        Self::end(twist, session).await
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        let pages = stream::unfold(Some(0), move |at| async move {
            let at = at?;
            let name = if at == 0 { "list" } else { "page" };
            if let Err(error) = self.begin(name, &at.to_string()).await {
                return Some((Err(error), None));
            }
            let state = self.state();
            let vms: Vec<_> = state
                .vms
                .values()
                .skip(at)
                .take(state.page)
                .cloned()
                .collect();
            let next = at + vms.len();
            let more = next < state.vms.len();
            let total = Some(state.vms.len());
            Some((Ok(VmPage { vms, total }), more.then_some(next)))
        });
        pages.boxed()
    }

    fn least_interval(&self) -> Duration {
        self.state().least_interval
    }

    fn has_read(&self, vm: &Vm) -> bool {
        let location = vm.location.as_deref();
        self.state()
            .read_whole
            .iter()
            .any(|one| Some(&**one) == location)
    }

    async fn vapps(&self) -> Result<Vec<Vapp>> {
        let twist = self.begin("vapps", "").await?;
        let vapps = self.state().vapps.clone();
        Self::end(twist, vapps).await
    }

    async fn target(&self, vm: &Vm) -> Result<Target> {
        let twist = self.begin("target", &vm.key.id).await?;
        let target = Target {
            vm: self.find(&vm.key.id)?,
            handle: Box::new(()),
        };
        Self::end(twist, target).await
    }

    async fn perform(&self, target: &Target, action: &Action) -> Result<Accepted> {
        if let Some(hook) = &*self.on_perform.lock().unwrap() {
            hook(&target.vm.key);
        }
        let about = format!("{} {}", action.kind(), target.vm.key.id);
        let twist = self.begin("perform", &about).await?;
        let accepted = {
            let mut state = self.state();
            let id = target.vm.key.id.to_string();
            let user = state.user;
            let phases = state.phases.get(&action.kind()).cloned();
            let asks = state.asks_first.contains(&id);
            let vm = state
                .vms
                .get_mut(&id)
                .ok_or_else(|| Error::NotFound(id.clone()))?;
            match action {
                Action::Protect { .. } if vm.protection.is_some() => {
                    return Err(conflict(
                        "VM-118",
                        "The virtual machine is already protected",
                    ));
                }
                Action::Unprotect if vm.protection.is_none() => {
                    return Err(conflict("VM-119", "The virtual machine is not protected"));
                }
                Action::Protect { reason } => {
                    vm.protection = Some(protection(reason));
                    Accepted::Done
                }
                Action::Unprotect => {
                    vm.protection = None;
                    Accepted::Done
                }
                _ if let Some(phases) = phases => Accepted::Watch(phases),
                _ if !self.capabilities.tasks => Accepted::Done,
                _ if vm.power == PowerState::Locked => {
                    return Err(conflict("VM-2", "The virtual machine is locked"));
                }
                Action::Undeploy { force: false } if asks => {
                    return Err(asks_first());
                }
                Action::Move { vapp } => {
                    let group = state.vapps.iter().find(|one| *one.id == **vapp);
                    let group = group.map(|vapp| Group {
                        id: vapp.id.clone(),
                        name: vapp.name.clone(),
                    });
                    if let Some(vm) = state.vms.get_mut(&id) {
                        vm.vapp = group;
                    }
                    Accepted::Done
                }
                _ => {
                    set_power(vm, PowerState::Locked);
                    let kind = action.kind().id().to_uppercase();
                    let task = state.add_task(&self.name, &id, &kind, TaskState::Started, user);
                    Accepted::Task(TaskHandle {
                        key: task.key,
                        vm: task.vm,
                        locator: task.locator,
                    })
                }
            }
        };
        Self::end(twist, accepted).await
    }

    async fn vapp(&self, vapp: &Vapp) -> Result<Vapp> {
        let twist = self.begin("vapp", &vapp.id).await?;
        let found = self
            .state()
            .vapps
            .iter()
            .find(|one| one.id == vapp.id)
            .cloned();
        let found = found.ok_or_else(|| Error::NotFound(format!("no appliance {}", vapp.id)))?;
        Self::end(twist, found).await
    }

    async fn perform_on_vapp(
        &self,
        vapp: &Vapp,
        action: &VappAction,
        vms: &[Arc<Vm>],
    ) -> Result<VappAccepted> {
        let ids: Vec<_> = vms.iter().map(|vm| vm.key.id.to_string()).collect();
        let about = format!("{} {} {}", action.kind().id(), vapp.id, ids.join(" "));
        let twist = self.begin("perform_on_vapp", &about).await?;
        let accepted = self.on_vapp(vapp, action, &ids)?;
        Self::end(twist, accepted).await
    }

    async fn create_vapp(&self, project: &str, name: &str, restricted: bool) -> Result<Vapp> {
        let twist = self.begin("create_vapp", name).await?;
        let made = {
            let mut state = self.state();
            let project = state.projects.iter().find(|one| *one.id == *project);
            let project = project.cloned();
            let id = format!("new-{}", state.vapps.len());
            let made = Vapp {
                project,
                restricted,
                ..vapp(&self.name, &id, name)
            };
            state.vapps.push(made.clone());
            made
        };
        Self::end(twist, made).await
    }

    async fn projects(&self) -> Result<Vec<Group>> {
        let twist = self.begin("projects", "").await?;
        let projects = self.state().projects.clone();
        Self::end(twist, projects).await
    }

    async fn held_tasks(&self) -> Result<Vec<Task>> {
        let twist = self.begin("held_tasks", "").await?;
        let held = {
            let state = self.state();
            let of_vms = state
                .tasks
                .iter()
                .filter(|(vm, _)| state.vms.contains_key(*vm));
            let all = of_vms.flat_map(|(_, tasks)| tasks);
            all.filter(|task| task.state == TaskState::Queueing)
                .cloned()
                .collect()
        };
        Self::end(twist, held).await
    }

    async fn decide(&self, task: &Task, approve: bool, note: Option<&str>) -> Result<()> {
        let word = if approve { "approve" } else { "reject" };
        let about = format!("{word} {} {}", task.key.id, note.unwrap_or_default());
        let twist = self.begin("decide", about.trim()).await?;
        {
            let mut state = self.state();
            let mut all = state.tasks.values_mut().flatten();
            let held = all.find(|one| one.key == task.key);
            match held {
                Some(held) if held.state == TaskState::Queueing => {
                    held.state = if approve {
                        TaskState::Started
                    } else {
                        TaskState::Cancelled
                    };
                }
                _ => return Err(conflict("TASK-1", "The task does not wait any more")),
            }
        }
        Self::end(twist, ()).await
    }

    async fn tenants(&self) -> Result<Vec<Group>> {
        let twist = self.begin("tenants", "").await?;
        let others = self.state().others.keys().cloned().collect::<Vec<_>>();
        let tenants = others
            .iter()
            .filter(|id| !id.is_empty())
            .map(|id| tenant(id));
        Self::end(twist, tenants.collect()).await
    }

    fn look_at(&self, tenant: Option<Group>) {
        let id = tenant.map_or_else(String::new, |tenant| tenant.id.to_string());
        let mut state = self.state();
        let theirs = if id == state.looks_at {
            return;
        } else {
            state.others.remove(&id).unwrap_or_default()
        };
        let former = std::mem::replace(&mut state.vms, theirs);
        let before = std::mem::replace(&mut state.looks_at, id);
        state.others.insert(before, former);
    }

    async fn remote_access(&self, vm: &Vm, reveal: bool) -> Result<RemoteAccess> {
        let about = format!("{}{}", vm.key.id, if reveal { " reveal" } else { "" });
        let twist = self.begin("remote", &about).await?;
        let access = RemoteAccess {
            protocol: Some("vnc".into()),
            host: Some("10.0.0.5".into()),
            port: Some(5901),
            url: None,
            has_password: Some(true),
            password: reveal.then(|| Revealed::new("hunter2")),
        };
        Self::end(twist, access).await
    }

    async fn metrics(&self, vm: &Vm) -> Result<Vec<Series>> {
        let twist = self.begin("metrics", &vm.key.id).await?;
        let series = Series {
            name: "cpu_load".into(),
            unit: None,
            points: Box::new([(Timestamp::UNIX_EPOCH, 0.5)]),
        };
        Self::end(twist, vec![series]).await
    }

    async fn candidates(&self, vm: &Vm) -> Result<Vec<Host>> {
        let twist = self.begin("candidates", &vm.key.id).await?;
        let hosts = self.state().hosts.clone();
        Self::end(twist, hosts).await
    }

    async fn task(&self, handle: &TaskHandle) -> Result<Task> {
        let twist = self.begin("task", &handle.key.id).await?;
        let task = {
            let mut state = self.state();
            let vm = handle
                .vm
                .as_ref()
                .map(|vm| vm.id.to_string())
                .unwrap_or_default();
            let polled = state.polled.entry(handle.key.id.to_string()).or_default();
            *polled += 1;
            if *polled >= state.polls {
                state.end_task(&vm, &handle.key.id);
            }
            let tasks = state.tasks.get(&vm);
            tasks
                .and_then(|tasks| tasks.iter().find(|task| task.key == handle.key))
                .cloned()
        };
        let task = task.ok_or_else(|| Error::NotFound("no such task".to_owned()))?;
        Self::end(twist, task).await
    }

    async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        let twist = self.begin("vm_tasks", &vm.key.id).await?;
        let tasks = self
            .state()
            .tasks
            .get(&*vm.key.id)
            .cloned()
            .unwrap_or_default();
        Self::end(twist, tasks).await
    }

    fn acknowledges_tasks(&self) -> bool {
        self.acknowledges
    }

    async fn acknowledge(&self, task: &Task) -> Result<()> {
        let twist = self.begin("acknowledge", &task.key.id).await?;
        for kept in self.state().tasks.values_mut().flatten() {
            if kept.key == task.key {
                kept.state = TaskState::AckError;
                kept.acknowledgeable = false;
            }
        }
        Self::end(twist, ()).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>> {
        let twist = self.begin("events", &query.limit.to_string()).await?;
        let events = self.state().events.clone();
        let wanted = events.into_iter().filter(|event| query.wants(event));
        Self::end(twist, wanted.take(query.limit).collect()).await
    }

    fn protection_change(&self, event: &Event) -> Option<ProtectionChange> {
        let vm = event.vm.clone()?;
        match &*event.action {
            "PROTECT" => Some(ProtectionChange::Protected {
                vm,
                by: event.performed_by.clone(),
                since: event.at,
            }),
            "UNPROTECT" => Some(ProtectionChange::Released { vm }),
            _ => None,
        }
    }

    async fn raw(&self, vm: &Vm) -> Result<String> {
        let twist = self.begin("raw", &vm.key.id).await?;
        Self::end(twist, format!("{{\"id\": {:?}}}", &*vm.key.id)).await
    }

    async fn close(&self) {
        // Whether it answers is of no use by then.
        let _ = self.begin("close", "").await;
    }
}

impl FakeCloud {
    fn on_vapp(&self, vapp: &Vapp, action: &VappAction, ids: &[String]) -> Result<VappAccepted> {
        let mut state = self.state();
        let state = &mut *state;
        let user = state.user;
        let at = state.vapps.iter().position(|one| one.id == vapp.id);
        let at = at.ok_or_else(|| Error::NotFound(format!("no appliance {}", vapp.id)))?;
        match action {
            VappAction::Edit { name, restricted } => {
                state.vapps[at].name = name.as_str().into();
                state.vapps[at].restricted = *restricted;
                return Ok(VappAccepted::default());
            }
            VappAction::Delete => {
                state.vapps.remove(at);
                for id in ids {
                    state.vms.remove(id);
                }
                return Ok(VappAccepted::default());
            }
            VappAction::Deploy { .. } | VappAction::Undeploy { .. } => {}
        }
        let forced = matches!(action, VappAction::Undeploy { force: true });
        let asking: Vec<_> = ids
            .iter()
            .filter(|id| !forced && state.asks_first.contains(id))
            .cloned()
            .collect();
        if !asking.is_empty() && !state.one_by_one {
            return Err(asks_first());
        }
        let mut accepted = VappAccepted {
            goes_on: state.no_links,
            ..VappAccepted::default()
        };
        for id in ids {
            if asking.contains(id) {
                let key = VmKey::new(&self.name, id);
                accepted.refused.push((key, asks_first()));
                continue;
            }
            if let Some(vm) = state.vms.get_mut(id) {
                set_power(vm, PowerState::Locked);
            }
            if state.no_links {
                continue;
            }
            let kind = action.kind().id().to_uppercase();
            let task = state.add_task(&self.name, id, &kind, TaskState::Started, user);
            accepted.tasks.push(TaskHandle {
                key: task.key,
                vm: task.vm,
                locator: task.locator,
            });
        }
        Ok(accepted)
    }
}

/// A tenant of that id.
pub fn tenant(id: &str) -> Group {
    Group {
        id: id.into(),
        name: format!("tenant {id}").as_str().into(),
    }
}

/// An appliance without anything special.
pub fn vapp(cloud: &CloudName, id: &str, name: &str) -> Vapp {
    Vapp {
        cloud: cloud.clone(),
        id: id.into(),
        name: name.into(),
        project: None,
        tenant: None,
        server_state: None,
        restricted: false,
        locator: format!("/vapps/{id}").as_str().into(),
    }
}

/// What a cloud answers that would do it by force.
pub fn asks_first() -> Error {
    Error::NeedsForce(Rejection {
        status: 409,
        code: Some("VM-44".to_owned()),
        message: "The virtual machine is imported and would be lost".to_owned(),
    })
}

/// A VM in another state, by the word of the wire.
pub fn set_power(vm: &mut Vm, power: PowerState) {
    vm.power = power;
    vm.native_state = power.as_str().into();
}

pub fn conflict(code: &str, message: &str) -> Error {
    Error::Conflict(Rejection {
        status: 409,
        code: Some(code.to_owned()),
        message: message.to_owned(),
    })
}

pub fn protection(reason: &str) -> Box<Protection> {
    Box::new(Protection {
        reason: Some(reason.into()),
        by: None,
        since: None,
        scope: ProtectionScope::Cloud,
    })
}

pub fn vm(cloud: &CloudName, n: usize, power: PowerState) -> Vm {
    let id = format!("{n:05}");
    Vm {
        key: VmKey::new(cloud, &id),
        uuid: None,
        name: format!("vm-{n}").as_str().into(),
        native_name: None,
        power,
        native_state: power.as_str().into(),
        deallocated: false,
        imported: false,
        monitored: false,
        protection: None,
        vapp: Some(Group {
            id: "1".into(),
            name: "shop".into(),
        }),
        project: None,
        tenant: None,
        location: None,
        cluster: None,
        networks: Box::default(),
        tags: Box::default(),
        console: None,
        host: None,
        owner: None,
        hypervisor: None,
        template: None,
        description: None,
        cpu: Some(1),
        ram_mib: Some(1024),
        addresses: Box::default(),
        created_at: None,
        updated_at: None,
        locator: format!("/vms/{id}").as_str().into(),
    }
}
