//! The demo's Abiquo cloud, asked over HTTP and held against the API's reference. Expectations are written by hand.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod api;
mod lists;
mod operations;
mod protection;
mod sign_in;
