//! The configuration file, the clouds in it and their secrets: validated, never half right.
//!
//! A person writes the file and it is never rewritten: its text is parsed with the place of every value,
//! so that each mistake is told by file, line, column and key, with what to do about it, and without
//! showing what stands on the line, which may be a secret. All mistakes are told at once.
//!
//! ```toml
//! refresh_seconds = 10            # 1 to 3600
//! state_dir = "state"             # the journal; `~/.local/state/vmdeck` when left out
//! cache_dir = "cache"             # the last inventories; `~/.cache/vmdeck` when left out
//!
//! [[clouds]]
//! name = "prod"                   # letters, digits, `.`, `_` and `-`
//! provider = "abiquo"
//! url = "https://cloud.example.com/api"
//! environment = "production"      # shown beside the name; production asks more
//! username = "admin"
//! password = { env = "PROD_PASSWORD" }
//! read_only = false
//! concurrency = 4                 # requests at once, 1 to 32
//! api_version = "5.0"             # abiquo; the newest known when left out
//! tls = { ca_file = "ca.pem", insecure = false }
//!
//! [console]
//! theme = "dark"                  # or "light", "none"
//! ascii = false
//! mouse = false
//! viewer = "remote-viewer {url}"  # opens the screen of a VM
//!
//! [labels]                        # words of one's own for states and actions
//! "state.on" = "Running"
//!
//! [keys]                          # an action's keys; an empty list takes them away
//! power_off = ["F9"]
//! ```
//!
//! Where an API has no virtual appliances, `group_by = "tag:app"` makes them: from the value of a tag (`tag:KEY`), the `zone`, the
//! `cluster` (OpenStack: `availability_zone`), the first `network`, the `project`, the `server_group` or Heat `stack` of OpenStack, or what a
//! pattern finds in the name (`name:^([a-z]+)-`).
//!
//! With `provider = "openstack"`, `cloud = "NAME"` takes a cloud of OpenStack's own `clouds.yaml` and `secure.yaml`, or of the `OS_*` variables
//! (`cloud = "envvars"`), in place of `url` and credentials; `clouds_file` names another file. `projects`, `regions` and `interface` say which
//! parts of it are shown.
//!
//! A `password` (or a `token` in place of `username` and `password`) is text, or where to fetch it: `{ env = "NAME" }`,
//! `{ command = ["pass", "show", "prod"] }`, `{ file = "~/.prod-password" }` or `{ keyring = "prod" }`. What is
//! fetched is the first line. Relative paths begin at the file's own folder.
//!
//! The file is the one of `--config`, else of `VMDECK_CONFIG`, else `vmdeck/config.toml` in the
//! configuration folder ([`Paths`]).

mod cloud;
mod command;
mod keyring;
mod load;
mod openstack;
mod openstack_clouds;
mod openstack_files;
mod paths;
mod problem;
mod read;
mod read_cloud;
mod read_credentials;
mod read_labels;
mod read_openstack;
mod read_scloudm;
mod read_zstack;
mod scloudm;
mod secret;
mod section;
mod source;
mod ui_state;
mod viewer;
mod write;

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Labels;

pub use cloud::{
    CloudEntry, Credentials, EcpAuth, EcpBody, Provider, Tls, ZstackLogin, ZstackSettings,
    is_loopback,
};
pub use keyring::store_keyring;
pub use load::{Loaded, load, parse};
pub use openstack::{Domain, Interface, Openstack, OpenstackAuth, OpenstackProject};
pub use openstack_clouds::{OpenstackCloud, OpenstackClouds};
pub use paths::{ConfigOrigin, Paths, PathsError, create_private_dir};
pub use problem::{ConfigError, Position, Problem};
pub use scloudm::{Scloudm, StaticServer, Tenant, TokenForm};
pub use secret::{Secret, SecretError, SecretSource};
pub use ui_state::{Sort, UiState};
pub use viewer::{Part, Placeholder, Viewer};
pub use write::{
    Init, PlainEntry, WriteError, example_config, init, init_from_openstack, write_plain,
};

/// Seconds between two listings of a cloud when the configuration does not say.
const DEFAULT_REFRESH_SECONDS: u32 = 10;

/// Requests at once to a cloud when the configuration does not say.
const DEFAULT_CONCURRENCY: u32 = 4;

/// What a configuration file says, all of it checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long after a listing of a cloud the next one may begin.
    pub refresh: Duration,
    /// The folder for the journal and what the console remembers, where it is not the usual one.
    pub state_dir: Option<PathBuf>,
    /// The folder for the last inventories, where it is not the usual one.
    pub cache_dir: Option<PathBuf>,
    /// The clouds, in the order of the file; their names are unique. It may be empty.
    pub clouds: Vec<CloudEntry>,
    /// How the console looks.
    pub console: ConsoleOptions,
    /// Words for states and actions that differ from the ordinary ones.
    pub labels: Labels,
    /// Keys of the console that differ from the default ones, in the order of the file. Actions and keys are as
    /// written: the console knows which there are.
    pub keys: Vec<KeyOverride>,
}

impl Default for Config {
    /// The configuration of an empty file.
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(DEFAULT_REFRESH_SECONDS.into()),
            state_dir: None,
            cache_dir: None,
            clouds: Vec::new(),
            console: ConsoleOptions::default(),
            labels: Labels::default(),
            keys: Vec::new(),
        }
    }
}

/// How the console looks: the table `[console]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// The set of colours.
    pub theme: ThemeName,
    /// Draws with ASCII characters alone.
    pub ascii: bool,
    /// Takes part in mouse clicks and the wheel, which takes them from the terminal.
    pub mouse: bool,
    /// The program that opens the screen of a VM, where there is one.
    pub viewer: Option<Viewer>,
}

/// A set of colours by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// No colours.
    None,
}

impl ThemeName {
    /// The words of the configuration.
    pub const WORDS: &[(&str, Self)] = &[
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("none", Self::None),
    ];
}

/// The keys that a person wants for an action: one line of the table `[keys]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOverride {
    /// The action, as written.
    pub action: String,
    /// Its keys, as written; none means that it has no key any more.
    pub keys: Vec<String>,
    /// Where the line stands, for a [`Problem`] of whoever understands actions and keys.
    pub position: Position,
}
