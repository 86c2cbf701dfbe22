//! The `vmdeck` program.
fn main() {}
