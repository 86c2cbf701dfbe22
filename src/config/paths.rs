//! Where things are kept.
//!
//! The folders follow the XDG base directory specification on every Unix: what is in `XDG_CONFIG_HOME`,
//! `XDG_STATE_HOME` and `XDG_CACHE_HOME`, else `~/.config`, `~/.local/state` and `~/.cache`.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::Config;

/// The program's folder within each of the base folders.
const FOLDER: &str = "vmdeck";

/// The folders of a configuration that keeps everything beside itself.
pub(super) const STATE: &str = "state";
/// See [`STATE`].
pub(super) const CACHE: &str = "cache";

/// The environment variable that names a configuration file.
const CONFIG_VARIABLE: &str = "VMDECK_CONFIG";

/// Where the program finds and keeps its files. Nothing is created by knowing the paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// Who named it.
    pub config_origin: ConfigOrigin,
    /// The folder for what must survive and nobody writes by hand: the journal, what the console remembers.
    pub state_dir: PathBuf,
    /// The folder for what can be fetched again: the last inventory.
    pub cache_dir: PathBuf,
}

/// Who named the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigOrigin {
    /// The command line (or the program itself, for the demo).
    Flag,
    /// The environment variable `VMDECK_CONFIG`.
    Environment,
    /// Nobody: it is the usual one, and need not be there.
    Default,
}

impl fmt::Display for ConfigOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "--config",
            Self::Environment => CONFIG_VARIABLE,
            Self::Default => "the default",
        })
    }
}

/// Why it cannot be told where a file belongs.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// There is no home folder to put it in.
    #[error(
        "cannot tell where the {what} belongs, for there is no home folder; set HOME or {variable}"
    )]
    NoHome {
        /// What has no place.
        what: &'static str,
        /// The variable that would say it, too.
        variable: &'static str,
    },
}

impl Paths {
    /// The paths for this process. The configuration file is the one of the flag, else the one of
    /// `VMDECK_CONFIG`, else `vmdeck/config.toml` in the configuration folder.
    ///
    /// # Errors
    /// When there is neither a home folder nor the variable that takes its place.
    pub fn locate(flag: Option<&Path>) -> Result<Self, PathsError> {
        Self::from_environment(flag, &|name| env::var_os(name), home_dir(), &|| {
            confy::get_configuration_file_path(FOLDER, "config").ok()
        })
    }

    /// The same paths with the folders that a configuration names.
    #[must_use]
    pub fn with_folders_of(mut self, config: &Config) -> Self {
        if let Some(dir) = &config.state_dir {
            self.state_dir.clone_from(dir);
        }
        if let Some(dir) = &config.cache_dir {
            self.cache_dir.clone_from(dir);
        }
        self
    }

    /// Everything in one folder: what the demo uses, in a folder of its own. [`super::write_plain`] writes the same into the
    /// configuration.
    pub fn under(dir: &Path) -> Self {
        Self {
            config: dir.join("config.toml"),
            config_origin: ConfigOrigin::Flag,
            state_dir: dir.join(STATE),
            cache_dir: dir.join(CACHE),
        }
    }

    fn from_environment(
        flag: Option<&Path>,
        variable: &dyn Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
        default_config: &dyn Fn() -> Option<PathBuf>,
    ) -> Result<Self, PathsError> {
        let given = variable(CONFIG_VARIABLE).filter(|value| !value.is_empty());
        let (config, config_origin) = match (flag, given) {
            (Some(path), _) => (path.to_owned(), ConfigOrigin::Flag),
            (None, Some(path)) => (PathBuf::from(path), ConfigOrigin::Environment),
            (None, None) => {
                let path = default_config().ok_or(PathsError::NoHome {
                    what: "configuration",
                    variable: CONFIG_VARIABLE,
                })?;
                (path, ConfigOrigin::Default)
            }
        };
        let base = |name: &'static str, below_home: &str, what| {
            // The specification: a path that is not absolute is to be ignored.
            let absolute = variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute());
            absolute
                .or_else(|| home.as_ref().map(|home| home.join(below_home)))
                .map(|base| base.join(FOLDER))
                .ok_or(PathsError::NoHome {
                    what,
                    variable: name,
                })
        };
        Ok(Self {
            config,
            config_origin,
            state_dir: base("XDG_STATE_HOME", ".local/state", "journal")?,
            cache_dir: base("XDG_CACHE_HOME", ".cache", "cache")?,
        })
    }
}

/// The person's home folder.
pub(super) fn home_dir() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// Makes sure that a folder is there. What has to be made, parents included, is for the person alone (mode
/// 0700); what is there stays as it is.
///
/// # Errors
/// As the operating system says.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn paths(
        flag: Option<&str>,
        variables: &[(&str, &str)],
        home: Option<&str>,
    ) -> Result<Paths, PathsError> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Paths::from_environment(
            flag.map(Path::new),
            &variable,
            home.map(PathBuf::from),
            &|| home.map(|home| Path::new(home).join(".config/vmdeck/config.toml")),
        )
    }

    #[test]
    fn the_flag_comes_before_the_variable_and_the_variable_before_the_default() {
        let variables = [("VMDECK_CONFIG", "/v.toml")];
        let both = paths(Some("f.toml"), &variables, Some("/home/x")).unwrap();
        assert_eq!(
            (both.config, both.config_origin),
            ("f.toml".into(), ConfigOrigin::Flag)
        );
        let variable = paths(None, &variables, Some("/home/x")).unwrap();
        assert_eq!(
            (variable.config, variable.config_origin),
            ("/v.toml".into(), ConfigOrigin::Environment)
        );
        for unset in [&[][..], &[("VMDECK_CONFIG", "")]] {
            let neither = paths(None, unset, Some("/home/x")).unwrap();
            assert_eq!(
                (neither.config, neither.config_origin),
                (
                    "/home/x/.config/vmdeck/config.toml".into(),
                    ConfigOrigin::Default
                )
            );
        }
    }

    #[test]
    fn state_and_cache_follow_the_base_directory_specification() {
        let usual = paths(None, &[], Some("/home/x")).unwrap();
        assert_eq!(usual.state_dir, Path::new("/home/x/.local/state/vmdeck"));
        assert_eq!(usual.cache_dir, Path::new("/home/x/.cache/vmdeck"));
        let variables = [("XDG_STATE_HOME", "/s"), ("XDG_CACHE_HOME", "relative")];
        let set = paths(None, &variables, Some("/home/x")).unwrap();
        assert_eq!(set.state_dir, Path::new("/s/vmdeck"));
        assert_eq!(
            set.cache_dir,
            Path::new("/home/x/.cache/vmdeck"),
            "a relative one does not count"
        );
    }

    #[test]
    fn without_a_home_folder_the_variable_to_set_is_named() {
        let error = paths(Some("f.toml"), &[], None).unwrap_err().to_string();
        assert!(
            error.contains("HOME") && error.contains("XDG_STATE_HOME"),
            "{error}"
        );
        let error = paths(None, &[], None).unwrap_err().to_string();
        assert!(error.contains("VMDECK_CONFIG"), "{error}");
        let all = [("XDG_STATE_HOME", "/s"), ("XDG_CACHE_HOME", "/c")];
        assert!(paths(Some("f.toml"), &all, None).is_ok());
    }

    #[test]
    fn a_private_folder_is_made_with_its_parents_and_left_alone_when_it_is_there() {
        let temp = tempfile::tempdir().unwrap();
        let parent = temp.path().join("a");
        let dir = parent.join("b");
        create_private_dir(&dir).unwrap();
        for made in [&parent, &dir] {
            assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        create_private_dir(&dir).unwrap();
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }
}
