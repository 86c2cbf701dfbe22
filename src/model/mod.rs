//! The domain: what a VM, an appliance, an action, a task and an event are, and the rules over them.
//!
//! Pure types and pure functions. Nothing here reads a clock, a file or a socket, and nothing here
//! imports the rest of the crate.

pub mod action;
pub mod availability;
pub mod capabilities;
pub mod confirm;
pub mod denial;
pub mod event;
pub mod grouping;
pub mod labels;
pub mod metric;
pub mod remote;
pub mod review;
pub mod session;
pub mod state;
pub mod task;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod vapp;
pub mod vapp_action;
pub mod vm;
mod wire_word;

pub use action::{Action, ActionClass, ActionKind};
pub use availability::{Availability, Standing, availability, availability_of};
pub use capabilities::{ActionRule, Capabilities, Wording, Words};
pub use confirm::{Confirmation, Confirmed, confirmation, unconfirmed};
pub use denial::{Denial, Misfit};
pub use event::{Event, EventKey, Severity};
pub use grouping::{GroupBy, GroupByError};
pub use labels::{Labels, Named};
pub use metric::Series;
pub use remote::{RemoteAccess, Revealed};
pub use review::{may_acknowledge, may_decide, may_look_at};
pub use session::{Privileges, Session};
pub use state::{PowerState, VappState, VmState, aggregate};
pub use task::{Job, JobState, Task, TaskKey, TaskKind, TaskState};
pub use vapp::{Vapp, VappKey};
pub use vapp_action::{
    VappAction, VappActionKind, VappRule, VappStanding, may_create_vapp, may_restrict,
    vapp_availability,
};
pub use vm::{CloudName, Group, Host, Protection, ProtectionScope, Vm, VmKey};
