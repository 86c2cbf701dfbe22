//! vmdeck.

pub mod demo;
