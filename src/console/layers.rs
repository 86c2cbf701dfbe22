//! What opens over the rest: dialogs, menus and pages, on a stack. Keys go to the top one first.

use tui_input::Input;

use super::choices::{Decide, Projects, Release, Snapshot, Targets, VappForm, VappMenu};
use super::keymap::Place;
use crate::fleet::{Command, CommandReport};
use crate::model::{
    Action, ActionKind, CloudName, EventKey, Host, RemoteAccess, TaskKey, VappActionKind, VappKey,
    VmKey,
};

/// One layer.
#[derive(Debug, Clone)]
pub enum Layer {
    /// Nothing is configured: how to begin.
    Welcome,
    /// The filter, being typed.
    Filter(Input),
    /// What works in these places.
    Help(Help),
    /// A text that scrolls.
    Page(Page),
    /// The details of a VM, over everything.
    Details(Details),
    /// The action menu of a VM.
    Menu(Menu),
    /// The choice of the ordering column.
    Sort(usize),
    /// The choice of a host.
    Hosts(Hosts),
    /// A question before harm.
    Question(Question),
    /// The reason of a protection, being typed.
    Protect(Protect),
    /// A task: a warning, opened.
    Task(TaskDialog),
    /// The action menu of an appliance.
    VappMenu(VappMenu),
    /// The choice of an appliance to put VMs into.
    Targets(Targets),
    /// The choice between releasing and deleting.
    Release(Release),
    /// The choice of a project for a new appliance.
    Projects(Projects),
    /// The name of a copy, being typed.
    Snapshot(Snapshot),
    /// Name and visibility of an appliance.
    VappForm(VappForm),
    /// A decision about held tasks.
    Decide(Decide),
    /// How the screen of a VM is reached.
    Remote(Remote),
    /// What to copy of a VM.
    Copy(CopyChoice),
    /// Which events are listed.
    EventFilter(EventForm),
    /// Where the listed events are written.
    Export(ExportForm),
    /// The tenant that a cloud is looked at as.
    Tenants(TenantChoice),
}

/// How the screen of a VM is reached.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The VM.
    pub vm: VmKey,
    /// What its cloud tells; `None` until the answer comes. A password is in it only after it was asked for here, and goes with this.
    pub access: Option<Result<RemoteAccess, String>>,
    /// The password was asked for.
    pub revealing: bool,
}

/// What to copy of a VM.
#[derive(Debug, Clone)]
pub struct CopyChoice {
    /// The VM.
    pub vm: VmKey,
    /// What there is, each with what it is.
    pub texts: Vec<(&'static str, String)>,
    /// The row of the cursor.
    pub at: usize,
}

/// Which events are listed, being chosen.
#[derive(Debug, Clone, Default)]
pub struct EventForm {
    /// The field of the cursor: severity, time span, user, VM, text.
    pub at: usize,
    /// Which choice of severity.
    pub severity: usize,
    /// Which choice of time span.
    pub span: usize,
    /// User, VM and text.
    pub inputs: [Input; 3],
}

impl EventForm {
    /// How many fields it has.
    pub const FIELDS: usize = 5;

    /// The text field of the cursor; `None` on a choice.
    pub fn input(&mut self) -> Option<&mut Input> {
        self.inputs.get_mut(self.at.checked_sub(2)?)
    }
}

/// Where the listed events are written.
#[derive(Debug, Clone)]
pub struct ExportForm {
    /// The path.
    pub input: Input,
    /// How far it is.
    pub state: ExportState,
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportState {
    /// The path is being typed.
    Asking,
    /// The file is being written.
    Writing,
    /// There is a file of this name: once more is yes.
    AlreadyThere,
    /// It was not written, and why.
    Failed(String),
}

/// The tenant that a cloud is looked at as.
#[derive(Debug, Clone)]
pub struct TenantChoice {
    /// The cloud.
    pub cloud: CloudName,
    /// What narrows the list.
    pub input: Input,
    /// The row of the cursor.
    pub at: usize,
}

/// The help screen.
#[derive(Debug, Clone)]
pub struct Help {
    /// The places it explains.
    pub places: Vec<Place>,
    /// The first line shown.
    pub first: usize,
}

/// A text that scrolls.
#[derive(Debug, Clone)]
pub struct Page {
    /// What it is a text of.
    pub subject: Subject,
    /// The first line shown.
    pub first: usize,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A VM as its server tells it; `None` until the answer comes.
    Raw(VmKey, Option<Result<String, String>>),
    /// What a VM wrote on its console; `None` until the answer comes.
    ConsoleLog(VmKey, Option<Result<String, String>>),
    /// The notices of this run.
    Notices,
    /// One event with its whole trace.
    Event(EventKey),
    /// A cloud: who is signed in, how it answers.
    Cloud(crate::model::CloudName),
    /// What became of something asked.
    Report(crate::fleet::CommandId),
}

/// The details of a VM, over everything.
#[derive(Debug, Clone)]
pub struct Details {
    /// The VM.
    pub vm: VmKey,
    /// The first line shown.
    pub first: usize,
}

/// The action menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// The VM it acts on, or the first of several.
    pub vm: VmKey,
    /// All that it acts on, where these are several: the marked ones.
    pub several: Vec<VmKey>,
    /// The row of the cursor.
    pub at: usize,
}

/// The choice of a host to move a VM to.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// The VM.
    pub vm: VmKey,
    /// What is done with the host: relocate, or evacuate, where the cloud may choose as well.
    pub kind: ActionKind,
    /// Where it can go; `None` until the answer comes.
    pub hosts: Option<Result<Vec<Host>, String>>,
    /// The row of the cursor.
    pub at: usize,
}

impl Hosts {
    /// The action that the row of the cursor means; `None` while there is none.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        let hosts = self.hosts.as_ref()?.as_ref().ok()?;
        let chosen = |at: usize| hosts.get(at).map(|host| host.id.to_string());
        match self.kind {
            ActionKind::Evacuate if self.at == 0 => Some(Action::Evacuate { host: None }),
            ActionKind::Evacuate => Some(Action::Evacuate {
                host: Some(chosen(self.at - 1)?),
            }),
            _ => Some(Action::Relocate {
                host: chosen(self.at)?,
            }),
        }
    }
}

/// A question before harm. The targets are frozen when it opens; whether they still may be touched is asked again at the answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is asked about.
    pub what: Asked,
    /// What is sent when the answer is yes.
    pub commands: Vec<Command>,
    /// What must be typed to go on; `None` where one key is enough.
    pub expected: Option<String>,
    /// What has been typed.
    pub input: Input,
    /// The first line shown.
    pub first: usize,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// An action on a VM.
    Action(ActionKind, VmKey),
    /// An action on several VMs; some of them may be left out.
    Many(ActionKind, Vec<VmKey>),
    /// Acknowledging several failed tasks.
    AcknowledgeAll(Vec<TaskKey>),
    /// An action on an appliance, with the VMs that it touches.
    OnVapp(VappActionKind, VappKey, Vec<VmKey>),
    /// What a cloud asked before it does what it was told: the same once more, passing over it.
    Force {
        /// What was asked for, each with the cloud's words.
        reports: Vec<CommandReport>,
        /// When the question opened by itself; `None` where somebody opened it.
        opened: Option<jiff::Timestamp>,
    },
}

/// The reason of a protection, being typed.
#[derive(Debug, Clone)]
pub struct Protect {
    /// The VMs to protect.
    pub vms: Vec<VmKey>,
    /// The reason.
    pub input: Input,
    /// Which earlier reason is shown, counted from the newest; `None` for one's own text.
    pub recalled: Option<usize>,
    /// One's own text, kept while earlier ones are looked at.
    pub own: String,
    /// Somebody wanted to go on without a reason.
    pub empty: bool,
}

/// A task, opened.
#[derive(Debug, Clone)]
pub struct TaskDialog {
    /// The task.
    pub task: TaskKey,
    /// Whether workflow holds it: then it can be decided.
    pub held: bool,
    /// The first line shown.
    pub first: usize,
}

impl Layer {
    /// Where its keys are looked up, innermost first.
    #[must_use]
    pub fn places(&self) -> &'static [Place] {
        match self {
            Self::Welcome => &[Place::Welcome],
            Self::Filter(_) => &[Place::Prompt, Place::Dialog],
            Self::Help(_) | Self::Page(_) => &[Place::Dialog, Place::List],
            Self::Details(_) => &[Place::Details, Place::Dialog, Place::Vm, Place::List],
            Self::Menu(_) => &[Place::Menu, Place::Dialog, Place::Vm, Place::List],
            Self::Sort(_) => &[Place::Sort, Place::Dialog, Place::List],
            Self::Hosts(_) => &[Place::Hosts, Place::Dialog, Place::List],
            Self::Question(question) if question.expected.is_some() => {
                &[Place::Typed, Place::Dialog, Place::List]
            }
            Self::Question(_) => &[Place::Confirm, Place::Dialog, Place::List],
            Self::Protect(_) => &[Place::Field, Place::Dialog],
            Self::Task(task) if task.held => &[Place::Held, Place::Dialog, Place::List],
            Self::Task(_) => &[Place::Warning, Place::Dialog, Place::List],
            Self::VappMenu(_) => &[Place::VappMenu, Place::Dialog, Place::Vm, Place::List],
            Self::Targets(_) | Self::Release(_) | Self::Projects(_) => {
                &[Place::Choice, Place::Dialog, Place::List]
            }
            Self::Snapshot(_) | Self::Decide(_) => &[Place::Text, Place::Dialog],
            Self::VappForm(_) => &[Place::Form, Place::Dialog],
            Self::Remote(_) => &[Place::Remote, Place::Dialog],
            Self::Copy(_) => &[Place::Copy, Place::Dialog, Place::List],
            Self::EventFilter(_) => &[Place::Filters, Place::Dialog],
            Self::Export(_) => &[Place::Path, Place::Dialog],
            Self::Tenants(_) => &[Place::Tenants, Place::Dialog, Place::List],
        }
    }

    /// Its text field, where it has one: printable keys belong to it.
    pub fn input(&mut self) -> Option<&mut Input> {
        match self {
            Self::Filter(input) => Some(input),
            Self::Protect(protect) => Some(&mut protect.input),
            Self::EventFilter(form) => form.input(),
            Self::Export(form) => Some(&mut form.input),
            Self::Tenants(choice) => Some(&mut choice.input),
            Self::Question(question) if question.expected.is_some() => Some(&mut question.input),
            Self::Targets(targets) if targets.long => Some(&mut targets.filter),
            Self::Snapshot(snapshot) => Some(&mut snapshot.name),
            Self::VappForm(form) if !form.on_box => Some(&mut form.name),
            Self::Decide(decide) => Some(&mut decide.note),
            _ => None,
        }
    }

    /// Whether somebody may be typing in it.
    #[must_use]
    pub fn has_field(&self) -> bool {
        match self {
            Self::Filter(_)
            | Self::Protect(_)
            | Self::Snapshot(_)
            | Self::Decide(_)
            | Self::Export(_)
            | Self::Tenants(_) => true,
            Self::Targets(targets) => targets.long,
            Self::VappForm(form) => !form.on_box,
            Self::EventFilter(form) => form.at >= EventForm::FIELDS - form.inputs.len(),
            Self::Question(question) => question.expected.is_some(),
            _ => false,
        }
    }

    /// Whether one of a few is chosen in it, which may lead to another layer.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(
            self,
            Self::Menu(_)
                | Self::VappMenu(_)
                | Self::Hosts(_)
                | Self::Targets(_)
                | Self::Release(_)
                | Self::Projects(_)
        )
    }

    /// Its scroll position, where it scrolls.
    pub fn first(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help(help) => Some(&mut help.first),
            Self::Page(page) => Some(&mut page.first),
            Self::Details(details) => Some(&mut details.first),
            Self::Task(task) => Some(&mut task.first),
            Self::Question(question) => Some(&mut question.first),
            _ => None,
        }
    }
}
