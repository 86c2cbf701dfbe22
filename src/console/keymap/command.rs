//! What a key can mean: each command declared once, for key handling, help and hints.

use crate::model::{ActionKind, VappActionKind};

/// Something a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UiCommand {
    /// Leave the program.
    Quit,
    /// One step back: close, clear, unfocus.
    Back,
    /// What works here.
    Help,
    /// Hand the terminal back to the shell.
    Suspend,
    /// List the clouds again now.
    Refresh,
    /// The next part of the screen takes the keys.
    Focus,
    /// Show a view.
    View(ViewKind),
    /// Fold the pane of tasks and events, or bring it back.
    PaneToggle,
    /// The pane over the whole screen, and back.
    PaneFull,
    /// One line more for the pane.
    PaneGrow,
    /// One line less for the pane.
    PaneShrink,
    /// The notices of this run.
    Notices,
    /// Move the cursor.
    Move(Step),
    /// Look closer at what the cursor is on.
    Open,
    /// Narrow the list as one types.
    Filter,
    /// Choose the column that orders the list.
    Sort,
    /// Open a branch.
    Unfold,
    /// Close a branch.
    Fold,
    /// Every action, with its key or why not.
    Menu,
    /// Do this to the VM.
    Act(ActionKind),
    /// Acknowledge the failed task, or all of the VM's.
    Acknowledge,
    /// Acknowledge every failed task that is shown.
    AcknowledgeAll,
    /// The events of the VM.
    VmEvents,
    /// The VM as its server tells it.
    VmRaw,
    /// What this VM wrote on its console.
    VmLog,
    /// Where the VM's screen can be seen.
    VmConsole,
    /// Take what the cursor is on.
    Choose,
    /// The other way round.
    Reverse,
    /// Go on.
    Yes,
    /// An earlier text.
    Earlier,
    /// A later text.
    Later,
    /// The same again.
    Again,
    /// The built-in demo clouds.
    Demo,
    /// Mark it, or take the mark away.
    Mark,
    /// Mark everything that is listed.
    MarkAll,
    /// Mark what failed when several were acted on.
    MarkFailed,
    /// Power off, and keep high availability from starting it again.
    KeepOff,
    /// Do this to the appliance as a whole.
    ActOnVapp(VappActionKind),
    /// Make an appliance.
    NewVapp,
    /// Tick the box, or take the tick away.
    Toggle,
    /// Let a held task go on.
    Approve,
    /// Stop a held task.
    Reject,
    /// Answer what a cloud asks before it does something.
    AnswerCloud,
    /// Choose which events are listed.
    EventFilter,
    /// Write the listed events into a file.
    EventExport,
    /// The next field.
    NextField,
    /// The field before.
    PreviousField,
    /// The next choice of a field.
    NextChoice,
    /// The choice before.
    PreviousChoice,
    /// List everything again.
    ClearFilter,
    /// Copy something of the VM.
    Copy,
    /// Copy where the screen is.
    CopyAddress,
    /// See the password of the screen.
    Reveal,
    /// Copy the password that is seen.
    CopyPassword,
    /// Open the screen in another program.
    OpenViewer,
    /// Write a connection file.
    ScreenFile,
    /// Look at a cloud as another tenant.
    Tenant,
}

/// The views, in the order of their tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ViewKind {
    /// All VMs of all clouds.
    Vms,
    /// Clouds, projects, appliances, VMs.
    Appliances,
    /// The clouds themselves.
    Clouds,
    /// What happened.
    Events,
    /// What waits for somebody to approve it.
    Workflow,
}

impl ViewKind {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 5] = [
        Self::Vms,
        Self::Appliances,
        Self::Clouds,
        Self::Events,
        Self::Workflow,
    ];

    /// The word on its tab.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Vms => "VMs",
            Self::Appliances => "Appliances",
            Self::Clouds => "Clouds",
            Self::Events => "Events",
            Self::Workflow => "Workflow",
        }
    }
}

/// How far a cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// One screen down.
    PageDown,
    /// One screen up.
    PageUp,
    /// Half a screen down.
    HalfDown,
    /// Half a screen up.
    HalfUp,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// The declaration of one command.
#[derive(Debug)]
pub struct CommandSpec {
    /// Which command.
    pub command: UiCommand,
    /// Stable text: keymaps use it.
    pub id: &'static str,
    /// One or two words, for the hints.
    pub hint: &'static str,
    /// One line, for the help screen.
    pub help: &'static str,
}

const fn spec(
    command: UiCommand,
    id: &'static str,
    hint: &'static str,
    help: &'static str,
) -> CommandSpec {
    CommandSpec {
        command,
        id,
        hint,
        help,
    }
}

/// Every command but the actions, which [`crate::model::action::SPECS`] declares.
#[rustfmt::skip]
const SPECS: &[CommandSpec] = &[
    spec(UiCommand::Move(Step::Down), "down", "down", "one row down"),
    spec(UiCommand::Move(Step::Up), "up", "up", "one row up"),
    spec(UiCommand::Move(Step::PageDown), "page.down", "page down", "one screen down"),
    spec(UiCommand::Move(Step::PageUp), "page.up", "page up", "one screen up"),
    spec(UiCommand::Move(Step::HalfDown), "half.down", "half down", "half a screen down"),
    spec(UiCommand::Move(Step::HalfUp), "half.up", "half up", "half a screen up"),
    spec(UiCommand::Move(Step::First), "first", "first", "to the first row"),
    spec(UiCommand::Move(Step::Last), "last", "last", "to the last row"),
    spec(UiCommand::Open, "open", "details", "look closer at this row"),
    spec(UiCommand::Filter, "filter", "filter", "narrow the list as you type"),
    spec(UiCommand::Sort, "sort", "sort", "choose the column that orders the list"),
    spec(UiCommand::Unfold, "unfold", "unfold", "open the branch"),
    spec(UiCommand::Fold, "fold", "fold", "close the branch"),
    spec(UiCommand::Menu, "menu", "actions", "every action here, with its key or why not"),
    spec(UiCommand::Acknowledge, "acknowledge", "acknowledge", "acknowledge this failure, or all of this VM's"),
    spec(UiCommand::AcknowledgeAll, "acknowledge.all", "acknowledge all", "acknowledge every failed task that is shown"),
    spec(UiCommand::VmEvents, "vm.events", "events", "the events of this VM"),
    spec(UiCommand::VmRaw, "vm.raw", "raw", "this VM as its server tells it"),
    spec(UiCommand::VmLog, "vm.log", "console log", "what this VM wrote on its console"),
    spec(UiCommand::VmConsole, "vm.console", "screen", "how the screen of this VM is reached"),
    spec(UiCommand::Copy, "copy", "copy", "copy the name, an address or an id of this VM"),
    spec(UiCommand::CopyAddress, "copy.address", "copy address", "copy where the screen is"),
    spec(UiCommand::Reveal, "reveal", "show password", "ask the cloud for the password and show it here"),
    spec(UiCommand::CopyPassword, "copy.password", "copy password", "copy the password that is shown"),
    spec(UiCommand::OpenViewer, "open.viewer", "open", "open the screen in the program that the configuration names"),
    spec(UiCommand::ScreenFile, "screen.file", "write .vv", "write a connection file for virt-viewer, without the password"),
    spec(UiCommand::EventFilter, "events.filter", "filters", "choose events by severity, time, user, VM and text"),
    spec(UiCommand::EventExport, "events.export", "write to file", "write the listed events into a file"),
    spec(UiCommand::NextField, "field.next", "next field", "the next field"),
    spec(UiCommand::PreviousField, "field.previous", "field before", "the field before"),
    spec(UiCommand::NextChoice, "choice.next", "change", "the next choice"),
    spec(UiCommand::PreviousChoice, "choice.previous", "change back", "the choice before"),
    spec(UiCommand::ClearFilter, "clear", "clear", "list everything again"),
    spec(UiCommand::Tenant, "tenant", "tenant", "look at this cloud as another tenant"),
    spec(UiCommand::Focus, "focus", "focus", "the next part of the screen takes the keys"),
    spec(UiCommand::View(ViewKind::Vms), "view.vms", "VMs", "all VMs of all clouds"),
    spec(UiCommand::View(ViewKind::Appliances), "view.appliances", "appliances", "clouds, projects, appliances and their VMs"),
    spec(UiCommand::View(ViewKind::Clouds), "view.clouds", "clouds", "the clouds: how they answer, who is signed in"),
    spec(UiCommand::View(ViewKind::Events), "view.events", "events", "what happened on all clouds"),
    spec(UiCommand::View(ViewKind::Workflow), "view.workflow", "workflow", "the tasks that wait for a review"),
    spec(UiCommand::PaneToggle, "pane.toggle", "tasks", "fold the pane of tasks and events, or open it"),
    spec(UiCommand::PaneFull, "pane.full", "full pane", "the pane over the whole screen, and back"),
    spec(UiCommand::PaneGrow, "pane.grow", "grow", "one line more for the pane"),
    spec(UiCommand::PaneShrink, "pane.shrink", "shrink", "one line less for the pane"),
    spec(UiCommand::Notices, "notices", "notices", "the notices of this run"),
    spec(UiCommand::Refresh, "refresh", "refresh", "list all clouds again now"),
    spec(UiCommand::Help, "help", "help", "what works here"),
    spec(UiCommand::Suspend, "suspend", "suspend", "back to the shell; fg returns"),
    spec(UiCommand::Back, "back", "back", "one step back"),
    spec(UiCommand::Quit, "quit", "quit", "leave"),
    spec(UiCommand::Choose, "choose", "choose", "take this one"),
    spec(UiCommand::Reverse, "reverse", "reverse", "the other way round"),
    spec(UiCommand::Yes, "yes", "go on", "go on"),
    spec(UiCommand::Earlier, "earlier", "earlier reasons", "an earlier text"),
    spec(UiCommand::Later, "later", "later", "a later text"),
    spec(UiCommand::Mark, "mark", "mark", "mark it or not; actions go to what is marked"),
    spec(UiCommand::MarkAll, "mark.all", "mark all", "mark everything listed, or nothing"),
    spec(UiCommand::MarkFailed, "mark.failed", "mark the failed", "mark those that failed when several were acted on"),
    spec(UiCommand::KeepOff, "keep_off", "keep off", "power off, and keep high availability from starting it again"),
    spec(UiCommand::Demo, "demo", "demo", "open the built-in demo clouds"),
    spec(UiCommand::ActOnVapp(VappActionKind::Deploy), "vapp.deploy", "deploy", "deploy: put those VMs on hosts that are on none"),
    spec(UiCommand::ActOnVapp(VappActionKind::Undeploy), "vapp.undeploy", "undeploy", "undeploy: take all its VMs off their hosts"),
    spec(UiCommand::ActOnVapp(VappActionKind::Edit), "vapp.edit", "edit", "edit: change its name, or who sees it"),
    spec(UiCommand::ActOnVapp(VappActionKind::Delete), "vapp.delete", "delete", "delete: remove it with the VMs in it"),
    spec(UiCommand::NewVapp, "vapp.new", "new appliance", "make a new appliance in this project"),
    spec(UiCommand::Toggle, "toggle", "tick", "tick the box, or take the tick away"),
    spec(UiCommand::Approve, "approve", "approve", "let this task go on, or all that are marked"),
    spec(UiCommand::Reject, "reject", "reject", "stop this task, or all that are marked"),
    spec(UiCommand::AnswerCloud, "answer", "what a cloud asks", "answer what a cloud asks before it goes on"),
    spec(UiCommand::Again, "again", "try again", "the same again"),
];

impl UiCommand {
    /// The command of a stable id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        if let Some(action) = id.strip_prefix("act.") {
            return ActionKind::from_id(action).map(Self::Act);
        }
        SPECS
            .iter()
            .find(|spec| spec.id == id)
            .map(|spec| spec.command)
    }

    /// Every id there is, for "did you mean".
    pub fn ids() -> impl Iterator<Item = String> {
        let actions = ActionKind::all().map(|kind| format!("act.{}", kind.id()));
        SPECS.iter().map(|spec| spec.id.to_owned()).chain(actions)
    }

    fn spec(self) -> Option<&'static CommandSpec> {
        SPECS.iter().find(|spec| spec.command == self)
    }

    /// One or two words, for the hints.
    #[must_use]
    pub fn hint(self) -> String {
        match self {
            Self::Act(kind) => kind.title().to_lowercase(),
            other => other
                .spec()
                .map_or_else(String::new, |spec| spec.hint.to_owned()),
        }
    }

    /// One line, for the help screen.
    #[must_use]
    pub fn help(self) -> String {
        match self {
            Self::Act(kind) => format!("{}: {}", kind.title().to_lowercase(), kind.spec().help),
            other => other
                .spec()
                .map_or_else(String::new, |spec| spec.help.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_names_its_command_and_every_command_says_what_it_does() {
        for id in UiCommand::ids() {
            let command = UiCommand::from_id(&id);
            assert!(command.is_some_and(|command| !command.help().is_empty() && !command.hint().is_empty()), "{id}");
        }
        assert_eq!(
            UiCommand::from_id("act.power_off"),
            Some(UiCommand::Act(ActionKind::PowerOff))
        );
        assert_eq!(UiCommand::from_id("act.fly"), None);
    }
}
