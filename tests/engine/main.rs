//! The engine against clouds in memory: no sockets, and tokio's paused clock, so that minutes pass in no time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may panic, and says what it tests in its name"
)]

mod acting;
mod appliances;
mod asking;
mod deciding;
#[path = "../support/fake_cloud.rs"]
mod fake_cloud;
mod kept;
mod kept_here;
mod looking;
mod one_shot;
mod outages;
mod parts;
mod reading;
mod screen;
mod settling;
mod tasks;
mod watching;
