//! The two configuration files that the program writes: the commented example, once, and the demo's.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::paths::create_private_dir;

/// The commented example: nothing in it is active, and all of it works once the comment signs are removed.
pub fn example_config() -> &'static str {
    include_str!("../../assets/config.example.toml")
}

/// What became of a request for a first configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// The example was written.
    Created,
    /// There is a file already, and it was not touched.
    AlreadyThere,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}; check the folder and who may write there", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What went wrong.
    pub source: io::Error,
}

/// Writes the example where no file is, for the person alone (mode 0600).
///
/// # Errors
/// When the folder or the file cannot be created.
pub fn init(path: &Path) -> Result<Init, WriteError> {
    let failed = |source| WriteError {
        path: path.to_owned(),
        source,
    };
    create_parent(path).map_err(failed)?;
    let mut file = match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(Init::AlreadyThere);
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(example_config().as_bytes())
        .map_err(failed)?;
    Ok(Init::Created)
}

/// A cloud with its password in the open: only for clouds that live as long as the file does.
#[derive(Clone, Serialize)]
pub struct PlainEntry {
    /// Its name in the configuration.
    pub name: String,
    /// The word for its API, as in the configuration.
    pub provider: String,
    /// Where its API begins.
    pub url: String,
    /// A word for what it is used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The name to sign in with.
    pub username: String,
    /// The password itself.
    pub password: String,
}

/// Writes a configuration for some clouds, for the person alone (mode 0600), in place of what is there.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write_plain(path: &Path, entries: &[PlainEntry]) -> Result<(), WriteError> {
    #[derive(Serialize)]
    struct File<'a> {
        clouds: &'a [PlainEntry],
    }

    let write = || {
        let text = toml::to_string(&File { clouds: entries }).map_err(io::Error::other)?;
        create_parent(path)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        // A temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })
}

fn create_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => create_private_dir(folder),
        _ => Ok(()),
    }
}
