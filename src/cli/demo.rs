//! `vmdeck demo`: clouds that run on this machine, for trying everything without harm.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use super::args::Global;
use super::console::run_console;
use super::context::names;
use super::exit::{Exit, Stop};
use super::{naming, print};
use crate::config::{self, Paths, PlainEntry};
use crate::console::Exit as Left;
use crate::demo::{self, DemoCloud, DemoClouds, DemoOptions};

/// What `demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many VMs the Abiquo cloud has [default: some 60 with everything in them]
    #[arg(long, value_name = "N")]
    vms: Option<usize>,
    /// Decides every generated name and number
    #[arg(long, value_name = "S", default_value_t = DemoOptions::default().seed)]
    seed: u64,
    /// Milliseconds added to every answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// How fast operations run: 2 is twice as fast, inf at once
    #[arg(long, value_name = "X", default_value_t = DemoOptions::default().pace)]
    pace: f64,
    /// Print where the clouds are as a line of JSON and serve until stopped, without a console
    #[arg(long)]
    serve: bool,
}

impl Default for DemoArgs {
    fn default() -> Self {
        let DemoOptions {
            vms,
            seed,
            latency: _,
            pace,
        } = DemoOptions::default();
        Self {
            vms,
            seed,
            latency: 0,
            pace,
            serve: false,
        }
    }
}

/// What `--serve` prints.
#[derive(Serialize)]
struct Ready<'a> {
    clouds: &'a [DemoCloud],
    config: &'a Path,
}

/// The demo clouds, and the private folder in which their configuration, state and cache live as long as they do.
struct Demo {
    clouds: DemoClouds,
    paths: Paths,
    _folder: TempDir,
}

/// Starts the demo clouds and opens the console on them, or serves.
pub async fn run(global: &Global, args: &DemoArgs) -> Result<Exit, Stop> {
    if global.config.is_some() {
        return Err(Stop::usage(
            "the demo has a configuration of its own; leave --config out",
        ));
    }
    if args.serve {
        return serve(&Demo::start(args)?).await;
    }
    open(args, &global.clouds).await
}

/// Starts the demo clouds and opens the console on them, or on some of them.
pub async fn open(args: &DemoArgs, clouds: &[String]) -> Result<Exit, Stop> {
    let demo = Demo::start(args)?;
    let loaded = config::load(&demo.paths).map_err(Stop::failed)?;
    let selected = naming::select(&names(&loaded), clouds)?;
    match run_console(&demo.paths, &loaded, &selected).await? {
        // In the demo there is nothing to change to.
        Left::Quit | Left::Demo => Ok(Exit::Done),
    }
}

impl Demo {
    fn start(args: &DemoArgs) -> Result<Self, Stop> {
        let options = DemoOptions {
            vms: args.vms,
            seed: args.seed,
            latency: Duration::from_millis(args.latency),
            pace: args.pace,
        };
        let clouds = demo::start(&options).map_err(|error| match error {
            demo::DemoError::Pace(_) => Stop::usage(error),
            _ => Stop::failed(error),
        })?;
        let folder = tempfile::Builder::new()
            .prefix("vmdeck-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|error| {
                Stop::failed(format!(
                    "cannot make a temporary folder for the demo: {error}; check TMPDIR"
                ))
            })?;
        let paths = Paths::under(folder.path());
        let entries: Vec<_> = clouds.clouds.iter().map(entry).collect();
        config::write_plain(&paths.config, &entries).map_err(Stop::failed)?;
        Ok(Self {
            clouds,
            paths,
            _folder: folder,
        })
    }
}

fn entry(cloud: &DemoCloud) -> PlainEntry {
    PlainEntry {
        name: cloud.name.clone(),
        provider: cloud.provider.to_owned(),
        url: cloud.url.clone(),
        environment: Some("demo".to_owned()),
        username: cloud.username.clone(),
        password: cloud.password.clone(),
        group_by: (cloud.provider == "openstack").then(|| "stack".to_owned()),
    }
}

/// Prints one line that says where everything is, and serves until a signal comes.
async fn serve(demo: &Demo) -> Result<Exit, Stop> {
    // Whoever reads the line may send the signal at once.
    let on = |kind| {
        signal(kind).map_err(|error| Stop::failed(format!("cannot wait for signals: {error}")))
    };
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    let mut hang_up = on(SignalKind::hangup())?;
    let ready = Ready {
        clouds: &demo.clouds.clouds,
        config: &demo.paths.config,
    };
    print(Exit::Done, |out| {
        serde_json::to_writer(&mut *out, &ready)?;
        out.write_all(b"\n")
    })?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(Exit::Done)
}
