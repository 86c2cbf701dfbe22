//! `vmdeck` alone: the console.

use super::args::Global;
use super::context::{self, names};
use super::demo::{self, DemoArgs};
use super::exit::{Exit, Stop};
use super::naming;
use crate::config::{Loaded, Paths};
use crate::model::CloudName;

/// How the console was left.
pub enum Left {
    /// For good.
    Quit(Exit),
    /// For the demo clouds, which the console offers when nothing is configured.
    ForDemo,
}

/// Opens the console on the configured clouds, or on those of `--cloud`. Without a configuration it opens as well, and says how to make
/// one.
pub async fn run(global: &Global) -> Result<Exit, Stop> {
    let (paths, loaded) = context::load(global)?;
    let selected = naming::select(&names(&loaded), &global.clouds)?;
    match run_console(&paths, &loaded, &selected).await? {
        Left::Quit(exit) => Ok(exit),
        Left::ForDemo => demo::open(&DemoArgs::default(), &[]).await,
    }
}

/// The console itself, on these clouds.
pub async fn run_console(
    _paths: &Paths,
    _loaded: &Loaded,
    _selected: &[CloudName],
) -> Result<Left, Stop> {
    Err(Stop::failed("the console cannot be opened"))
}
