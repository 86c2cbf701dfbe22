//! `vmdeck` alone: the console.

use super::args::Global;
use super::config;
use super::context::{self, names};
use super::demo::{self, DemoArgs};
use super::exit::{Exit, Stop};
use super::naming;
use crate::config::{Loaded, Paths};
use crate::console::run::{self, ConsoleError, Start};
use crate::model::CloudName;

/// How the console was left.
pub enum Left {
    /// For good.
    Quit,
    /// For the demo clouds, which the console offers when nothing is configured.
    ForDemo,
}

/// Opens the console on the configured clouds, or on those of `--cloud`. Without a configuration it opens as well, and says how to make
/// one.
pub async fn run(global: &Global) -> Result<Exit, Stop> {
    let (paths, loaded) = context::load(global)?;
    config::usable_keys(&loaded)?;
    let selected = naming::select(&names(&loaded), &global.clouds)?;
    match run_console(paths, loaded, selected).await? {
        Left::Quit => Ok(Exit::Done),
        Left::ForDemo => demo::open(&DemoArgs::default(), &[]).await,
    }
}

/// The console itself, on these clouds.
pub async fn run_console(
    paths: Paths,
    loaded: Loaded,
    selected: Vec<CloudName>,
) -> Result<Left, Stop> {
    let start = Start {
        warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
        config: loaded.config,
        paths,
        only: selected,
    };
    match run::run(start).await {
        Ok(run::Exit::Quit) => Ok(Left::Quit),
        Ok(run::Exit::Demo) => Ok(Left::ForDemo),
        Err(error @ (ConsoleError::Keys(_) | ConsoleError::Open(_))) => Err(Stop::usage(error)),
        Err(error @ (ConsoleError::Terminal(_) | ConsoleError::Theme(_))) => {
            Err(Stop::failed(error))
        }
    }
}
