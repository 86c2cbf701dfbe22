//! The command line, whole: the real program against the demo clouds over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may panic, and its name says what it is"
)]

mod acting;
mod appliances;
mod configuration;
mod demo;
mod four;
mod harness;
mod lifecycle;
mod misbehaving;
mod openstack;
mod reading;
mod several;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
mod terminal;
