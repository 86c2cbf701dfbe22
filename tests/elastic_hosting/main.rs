//! The Elastic Hosting client against answers that are written by hand, from the API's documents and recorded shapes.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod actions;
mod configuration;
mod log;
mod misbehaving;
mod rig;
mod sign_in;
mod spelling;
mod wire;
