//! What the views list: order, filter and cursor over the inventory, brought up to date from what changed, never per frame.

pub mod clouds;
pub mod cursor;
pub mod event_filter;
pub mod events;
pub mod pane;
pub mod targets;
pub mod tree;
pub mod vms;
pub mod workflow;
