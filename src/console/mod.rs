//! The console: what the terminal sees.

mod aim;
pub mod app;
pub mod choices;
mod input;
pub mod keymap;
pub mod layers;
pub mod lists;
pub mod marks;
pub mod message;
pub mod metrics;
pub mod naming;
pub mod notices;
pub mod outside;
pub mod rights;
mod run;
mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod viewports;

pub use run::{ConsoleError, Exit, Start, run};
