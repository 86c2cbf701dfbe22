//! The engine: one worker for each cloud, the inventory, the commands, the journal.
//!
//! The screen and the command line speak to the clouds through this floor alone: commands and questions go down, [`Update`]s
//! come up on one bounded channel, and [`Inventory`] makes of them what is shown.

mod backoff;
mod cache;
pub mod command;
mod engine;
mod group;
pub mod inventory;
mod journal;
mod local;
pub mod oneshot;
mod open;
mod outbox;
mod setup;
pub mod update;
mod watch;
mod words;
mod worker;

pub use crate::clouds::EventQuery;
pub use command::{Command, CommandId, CommandReport, Stage};
pub use engine::Fleet;
pub use inventory::{Changes, CloudView, Inventory, Members, Overview, Slot, VappRef};
pub use oneshot::OneShot;
pub use open::{OpenError, open};
pub use setup::{CloudSetup, Mode, Setup};
pub use update::{Ask, CloudInfo, CloudStatus, Update};
pub use worker::in_worker;
