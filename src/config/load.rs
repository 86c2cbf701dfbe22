//! Reading the configuration file.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::paths::{ConfigOrigin, Paths, home_dir};
use super::problem::{ConfigError, Problem};
use super::{Config, read};

/// How large a configuration file may be, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A configuration that can be worked with.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the file says; what an empty file would say where there is none.
    pub config: Config,
    /// The file that was read, or looked for.
    pub path: PathBuf,
    /// There is no file: nothing was ever configured. Only the default file may be missing.
    pub missing: bool,
    /// What a person should know and need not mend, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Reads the configuration file that `paths` names.
///
/// # Errors
/// When the file is named by a person and missing, cannot be read, or holds mistakes: all of them.
pub fn load(paths: &Paths) -> Result<Loaded, ConfigError> {
    let path = &paths.config;
    let unreadable = |source| ConfigError::Unreadable {
        path: path.clone(),
        source,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match paths.config_origin {
                ConfigOrigin::Default => Ok(Loaded {
                    config: Config::default(),
                    path: path.clone(),
                    missing: true,
                    warnings: Vec::new(),
                }),
                origin => Err(ConfigError::Missing {
                    path: path.clone(),
                    origin,
                }),
            };
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    file.by_ref()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let read = text(path, &bytes).and_then(|text| read_text(path, text))?;

    let mut warnings = read.warnings;
    if let Some((position, key)) = read.plain_secret.filter(|_| mode & 0o077 != 0) {
        warnings.push(Problem {
            file: path.clone(),
            position: Some(position),
            key: Some(key),
            what: "stands in a file that others on this machine may read or change".to_owned(),
            fix: format!("run chmod 600 {}", path.display()),
        });
        warnings.sort_by_key(|warning| warning.position);
    }
    Ok(Loaded {
        config: read.config,
        path: path.clone(),
        missing: false,
        warnings,
    })
}

/// Reads a configuration from a text, as if it stood in the file `path`, which is not touched.
///
/// # Errors
/// When the text holds mistakes: all of them.
pub fn parse(text: &str, path: &Path) -> Result<Loaded, ConfigError> {
    let read = read_text(path, text)?;
    Ok(Loaded {
        config: read.config,
        path: path.to_owned(),
        missing: false,
        warnings: read.warnings,
    })
}

fn read_text(path: &Path, text: &str) -> Result<read::Read, ConfigError> {
    read::read(text, path, home_dir()).map_err(|problems| ConfigError::Invalid {
        path: path.to_owned(),
        problems,
    })
}

/// The bytes of a file as text, if it is text of a sane size.
fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, ConfigError> {
    let invalid = |position, what: &str, fix: &str| ConfigError::Invalid {
        path: path.to_owned(),
        problems: vec![Problem {
            file: path.to_owned(),
            position,
            key: None,
            what: what.to_owned(),
            fix: fix.to_owned(),
        }],
    };
    if bytes.len() > MAX_BYTES {
        return Err(invalid(
            None,
            "is larger than 1 MiB",
            "check that it is the configuration of vmdeck",
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let right = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let right = std::str::from_utf8(right).unwrap_or_default();
        let position = super::source::Source::new(path, right).position(right.len());
        invalid(
            Some(position),
            "is not UTF-8 text",
            "save the file as UTF-8",
        )
    })
}
