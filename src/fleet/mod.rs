//! The engine: one worker for each cloud, the inventory, the commands, the journal.
//!
//! The screen and the command line speak to the clouds through this floor alone: commands and questions go down, [`Update`]s
//! come up on one bounded channel, and [`Inventory`] makes of them what is shown.

pub mod command;
pub mod inventory;
pub mod update;

pub use command::{Command, CommandId, CommandReport, Stage};
pub use inventory::{Changes, CloudView, Inventory, Members, Overview, Slot, VappRef};
pub use update::{Ask, CloudInfo, CloudStatus, Update};
