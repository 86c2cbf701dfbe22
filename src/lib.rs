#![recursion_limit = "256"]
//! vmdeck: one terminal screen for every virtual machine an administrator runs, whichever cloud it is in.
//!
//! Data comes in at the bottom (a cloud's HTTP API, [`clouds`]), becomes the domain's words ([`model`]), is kept and
//! compared by the engine ([`fleet`]) and is shown at the top, on the screen (`console`) or on the command line ([`cli`]).
//! Nothing on a lower floor knows the floor above it.

pub mod cli;
pub mod clouds;
pub mod config;
pub mod console;
pub mod demo;
pub mod fleet;
pub mod model;
