//! `vmdeck` alone: the console.

use super::args::Global;
use super::config;
use super::context::{self, names};
use super::demo::{self, DemoArgs};
use super::exit::{Exit, Stop};
use super::naming;
use crate::config::{Loaded, Paths};
use crate::console::{self, ConsoleError, Exit as Left, Start};
use crate::model::CloudName;

/// Opens the console on the configured clouds, or on those of `--cloud`. Without a configuration it opens as well, and says how to make
/// one.
pub async fn run(global: &Global) -> Result<Exit, Stop> {
    let (paths, loaded) = context::load(global)?;
    config::usable_keys(&loaded)?;
    let selected = naming::select(&names(&loaded), &global.clouds)?;
    match run_console(&paths, &loaded, &selected).await? {
        Left::Quit => Ok(Exit::Done),
        Left::Demo => demo::open(&DemoArgs::default(), &[]).await,
    }
}

/// The console itself, on these clouds.
pub async fn run_console(
    paths: &Paths,
    loaded: &Loaded,
    selected: &[CloudName],
) -> Result<Left, Stop> {
    let start = Start {
        config: loaded.config.clone(),
        paths: paths.clone(),
        only: selected.to_vec(),
        warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
    };
    console::run(start).await.map_err(|error| match error {
        // What the configuration says cannot be used.
        ConsoleError::Keys(_) | ConsoleError::Open(_) => Stop::usage(error),
        _ => Stop::failed(error),
    })
}
