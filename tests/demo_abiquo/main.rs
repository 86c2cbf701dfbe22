//! The demo's Abiquo cloud, asked over HTTP and held against the API's reference. Expectations are written by hand.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod api;
mod appliances;
mod deleting;
mod deploying;
mod lists;
mod measuring;
mod moving;
mod operations;
mod protection;
mod relocating;
mod reviewing;
mod sign_in;
mod tenants;
