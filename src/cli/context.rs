//! What a command works with: its options, the configuration, and which clouds are meant.

use std::time::Duration;

use super::args::Global;
use super::exit::Stop;
use super::naming::{self, Clouds};
use super::output::Format;
use super::{say, times};
use crate::config::{self, ConfigError, Loaded, Paths};
use crate::model::CloudName;

/// For how long clouds are read when `--timeout` is left out.
const READING: Duration = Duration::from_secs(30);
/// For how long an action is waited for when `--timeout` is left out.
const WAITING: Duration = Duration::from_secs(600);

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// The options of every command.
    pub global: Global,
    /// Where things are kept.
    pub paths: Paths,
    /// The configuration.
    pub loaded: Loaded,
    /// Every configured cloud.
    pub configured: Vec<CloudName>,
    /// Those that are meant.
    pub selected: Vec<CloudName>,
}

impl Context {
    /// Reads the configuration. Its warnings go to stderr.
    ///
    /// # Errors
    /// When there is none, it is wrong, or `--cloud` names a cloud that is not in it.
    pub fn load(global: Global) -> Result<Self, Stop> {
        let (paths, loaded) = load(&global)?;
        say_warnings(&loaded);
        if loaded.missing {
            return Err(Stop::usage(format!(
                "there is no configuration yet; `vmdeck config init` writes a first one to {}, and `vmdeck demo` needs none",
                loaded.path.display()
            )));
        }
        if loaded.config.clouds.is_empty() {
            return Err(Stop::usage(format!(
                "{} names no cloud; add a [[clouds]] table with name, provider, url, username and password",
                loaded.path.display()
            )));
        }
        let configured = names(&loaded);
        let selected = naming::select(&configured, &global.clouds)?;
        Ok(Self {
            global,
            paths,
            loaded,
            configured,
            selected,
        })
    }

    /// The clouds, for naming.
    #[must_use]
    pub fn clouds(&self) -> Clouds<'_> {
        Clouds {
            configured: &self.configured,
            selected: &self.selected,
        }
    }

    /// How results are printed.
    #[must_use]
    pub fn format(&self) -> Format {
        self.global.output
    }

    /// For how long clouds are read.
    #[must_use]
    pub fn reading(&self) -> Duration {
        self.global.timeout.unwrap_or(READING)
    }

    /// [`Self::reading`] in words.
    #[must_use]
    pub fn reading_words(&self) -> String {
        times::words(self.reading())
    }

    /// For how long an action is waited for; `None` when it is not waited for.
    #[must_use]
    pub fn waiting(&self) -> Option<Duration> {
        (!self.global.no_wait).then(|| self.global.timeout.unwrap_or(WAITING))
    }
}

/// The configuration that the options name.
///
/// # Errors
/// When it cannot be read or is wrong.
pub fn load(global: &Global) -> Result<(Paths, Loaded), Stop> {
    let paths = Paths::locate(global.config.as_deref()).map_err(Stop::usage)?;
    let loaded = config::load(&paths).map_err(|error| match error {
        ConfigError::Invalid { problems, .. } => Stop {
            messages: problems.iter().map(ToString::to_string).collect(),
            ..Stop::usage("")
        },
        other => Stop::usage(other),
    })?;
    Ok((paths.with_folders_of(&loaded.config), loaded))
}

/// Says what a person should know about the configuration and need not mend.
pub fn say_warnings(loaded: &Loaded) {
    for warning in &loaded.warnings {
        say(&warning.to_string());
    }
}

/// The names of the configured clouds.
pub fn names(loaded: &Loaded) -> Vec<CloudName> {
    let clouds = &loaded.config.clouds;
    clouds
        .iter()
        .map(|cloud| CloudName::new(&cloud.name))
        .collect()
}
