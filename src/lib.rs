//! vmdeck.

pub mod config;
