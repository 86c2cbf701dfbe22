//! The demo's OpenStack, asked over HTTP and held against the public API reference. Expectations are written by hand.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod actions;
mod api;
mod around;
mod labels;
mod listing;
mod locks;
mod moving;
mod records;
mod sign_in;
mod versions;
