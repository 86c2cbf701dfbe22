//! vmdeck.
