//! The console in a real terminal: the real program in a pseudo-terminal, read through a terminal emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may panic, and its name says what it is"
)]

mod administering;
mod clouds;
mod leaving;
mod outside;
mod pasting;
mod pty;
mod resizing;
mod story;
mod suspending;
mod welcome;
