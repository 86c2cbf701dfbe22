//! `vmdeck config`: the configuration file and the secrets that belong to it.

mod keys;
mod secret;

use clap::{Args, Subcommand};

use super::args::Global;
use super::exit::{Exit, Stop};
use super::{context, print, say};
use crate::config::{self, Init, OpenstackClouds, Paths};

pub use keys::usable_keys;

/// What `config` takes.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print where the configuration file is
    Path,
    /// Write a commented first configuration file
    Init {
        /// Name each cloud of OpenStack's clouds.yaml and OS_* variables in it; no secret is copied
        #[arg(long)]
        from_openstack: bool,
    },
    /// Say what is wrong in the configuration file, by file and line
    Check,
    /// Keep a password or token in the keyring, for { keyring = "NAME" }; typed without echo, or piped in
    Secret {
        /// What the configuration calls it
        name: String,
    },
}

/// Does what is asked about the configuration.
pub async fn run(global: &Global, args: &ConfigArgs) -> Result<Exit, Stop> {
    let paths = Paths::locate(global.config.as_deref()).map_err(Stop::usage)?;
    match &args.what {
        What::Path => print(Exit::Done, |out| {
            writeln!(out, "{}", paths.config.display())
        }),
        What::Init {
            from_openstack: false,
        } => init(&paths),
        What::Init {
            from_openstack: true,
        } => init_from_openstack(&paths),
        What::Check => check(global),
        What::Secret { name } => secret::run(name).await,
    }
}

fn init(paths: &Paths) -> Result<Exit, Stop> {
    let path = paths.config.display();
    match config::init(&paths.config).map_err(Stop::usage)? {
        Init::Created => print(Exit::Done, |out| {
            writeln!(
                out,
                "{path} is written; put your clouds in, then run `vmdeck config check`"
            )
        }),
        Init::AlreadyThere => Err(Stop::usage(format!(
            "{path} is there already and was left as it is"
        ))),
    }
}

fn init_from_openstack(paths: &Paths) -> Result<Exit, Stop> {
    let path = paths.config.display();
    let found = OpenstackClouds::find().map_err(Stop::usage)?;
    if found.clouds.is_empty() {
        return Err(Stop::usage(
            "there is no cloud to name: no clouds.yaml in this folder, ~/.config/openstack or /etc/openstack, and no OS_AUTH_URL; \
             OS_CLIENT_CONFIG_FILE can name another file",
        ));
    }
    match config::init_from_openstack(&paths.config, &found).map_err(Stop::usage)? {
        Init::Created => print(Exit::Done, |out| {
            let names: Vec<&str> = found
                .clouds
                .iter()
                .map(|cloud| cloud.name.as_str())
                .collect();
            writeln!(
                out,
                "{path} is written with {}; now run `vmdeck config check`",
                names.join(", ")
            )
        }),
        Init::AlreadyThere => Err(Stop::usage(format!(
            "{path} is there already and was left as it is; add the clouds to it as provider = \"openstack\" with cloud = \"…\""
        ))),
    }
}

/// Problems and warnings go to stderr as everywhere else; the keys of the console are tried as well.
fn check(global: &Global) -> Result<Exit, Stop> {
    let (_, loaded) = context::load(global)?;
    context::say_warnings(&loaded);
    let path = loaded.path.display();
    if loaded.missing {
        return Err(Stop::usage(format!(
            "there is no {path}; `vmdeck config init` writes a first one"
        )));
    }
    usable_keys(&loaded)?;
    let clouds = loaded.config.clouds.len();
    if clouds == 0 {
        say(&format!(
            "{path} names no cloud, so there is nothing to work with yet; add a [[clouds]] table"
        ));
    }
    print(Exit::Done, |out| {
        let plural = if clouds == 1 { "" } else { "s" };
        writeln!(out, "{path} is right: {clouds} cloud{plural}")
    })
}
