//! The whole console on a test terminal: what it shows at three sizes, and what its keys do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may panic"
)]

mod administered;
mod administered_screens;
mod event_pages;
mod keys;
mod orders;
mod picture;
mod reaching;
mod scene;
mod screens;
mod wording;
