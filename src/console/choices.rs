//! What the dialogs about appliances, copies, moves and reviews hold while they are open.

use tui_input::Input;

use crate::model::{CloudName, Group, TaskKey, VappKey, VmKey};

/// The action menu of an appliance, or of a place where one can be made.
#[derive(Debug, Clone)]
pub struct VappMenu {
    /// The cloud.
    pub cloud: CloudName,
    /// Where a new one would stand; `None` on a cloud, whose projects are to be chosen from, and outside of all projects.
    pub project: Option<Group>,
    /// The appliance; `None` on a project or a cloud.
    pub vapp: Option<VappKey>,
    /// The row of the cursor.
    pub at: usize,
}

/// How a VM gets into another appliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is moved.
    Move,
    /// It is restricted: moved to a restricted one.
    Restrict,
}

/// The choice of an appliance to put VMs into.
#[derive(Debug, Clone)]
pub struct Targets {
    /// The VMs, all of one cloud and project.
    pub vms: Vec<VmKey>,
    /// How they get there.
    pub way: Way,
    /// The row of the cursor.
    pub at: usize,
    /// Letters narrow the list: there was more to choose from than one looks through when it opened.
    pub long: bool,
    /// What has been typed to narrow it.
    pub filter: Input,
}

/// The choice between deleting what was taken over from a hypervisor and only releasing it.
#[derive(Debug, Clone)]
pub struct Release {
    /// All that are to be deleted, taken over or not.
    pub vms: Vec<VmKey>,
    /// The row of the cursor: 0 releases, 1 deletes.
    pub at: usize,
}

/// The choice of a project to make an appliance in.
#[derive(Debug, Clone)]
pub struct Projects {
    /// The cloud.
    pub cloud: CloudName,
    /// The row of the cursor.
    pub at: usize,
}

/// The name of a copy, being typed.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The VM to copy.
    pub vm: VmKey,
    /// The name.
    pub name: Input,
    /// Somebody wanted to go on without a name.
    pub empty: bool,
}

/// What a form makes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormOf {
    /// A new appliance.
    New {
        /// The cloud.
        cloud: CloudName,
        /// The project.
        project: Group,
    },
    /// One that is there.
    Edit(VappKey),
}

impl FormOf {
    /// The cloud of the appliance.
    #[must_use]
    pub fn cloud(&self) -> &CloudName {
        match self {
            Self::New { cloud, .. } => cloud,
            Self::Edit(key) => &key.cloud,
        }
    }
}

/// Name and visibility of an appliance, being filled in.
#[derive(Debug, Clone)]
pub struct VappForm {
    /// Of which.
    pub of: FormOf,
    /// The name.
    pub name: Input,
    /// Whether it is restricted.
    pub restricted: bool,
    /// Whether keys go to the box instead of the name.
    pub on_box: bool,
    /// Somebody wanted to go on without a name.
    pub empty: bool,
}

/// A decision about held tasks, with a note being typed.
#[derive(Debug, Clone)]
pub struct Decide {
    /// Approve, or reject.
    pub approve: bool,
    /// The tasks; some of them may be left out.
    pub tasks: Vec<TaskKey>,
    /// What the decision's event says beside.
    pub note: Input,
}

/// What a text was typed for that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftOf {
    /// The name of a copy.
    Snapshot(VmKey),
    /// The name of an appliance.
    Vapp(FormOf),
    /// The note of a decision.
    Note(Vec<TaskKey>),
}
