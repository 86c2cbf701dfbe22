//! The two configuration files that the program writes: the commented example, once, and the demo's.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::openstack_clouds::OpenstackClouds;
use super::paths::{CACHE, STATE, create_private_dir};

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
    write_new(path, example_config())
}

fn write_new(path: &Path, text: &str) -> Result<Init, WriteError> {
    let failed = |source| WriteError {
        path: path.to_owned(),
        source,
    };
    if path.symlink_metadata().is_ok() {
        return Ok(Init::AlreadyThere);
    }
    let file = private_file(path, text).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(Init::Created),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(Init::AlreadyThere),
        Err(error) => Err(failed(error.error)),
    }
}

/// Writes, where no file is, a configuration that names each of these clouds of OpenStack's own files, for the person alone (mode 0600). No
/// secret is copied: it stays where those files have it.
///
/// # Errors
/// As [`init`].
pub fn init_from_openstack(path: &Path, found: &OpenstackClouds) -> Result<Init, WriteError> {
    let mut text = String::from(
        "# The configuration of vmdeck. Check it with: vmdeck config check\n\
         # Every setting stands in the commented example that `vmdeck config init` writes where no file is.\n",
    );
    for cloud in &found.clouds {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let name = quoted(&cloud.name);
        let of = quoted(&cloud.cloud);
        text.push_str(&format!(
            "\n[[clouds]]\nname = {name}\nprovider = \"openstack\"\ncloud = {of}\n"
        ));
    }
    write_new(path, &text)
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
    /// What groups are made from, where the cloud has no appliances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
}

/// Writes a configuration for some clouds, for the person alone (mode 0600), in place of what is there. Whoever uses it keeps
/// journal and inventories beside it ([`super::Paths::under`]).
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write_plain(path: &Path, entries: &[PlainEntry]) -> Result<(), WriteError> {
    #[derive(Serialize)]
    struct File<'a> {
        state_dir: &'a str,
        cache_dir: &'a str,
        clouds: &'a [PlainEntry],
    }

    let write = || {
        let file = File {
            state_dir: STATE,
            cache_dir: CACHE,
            clouds: entries,
        };
        let text = toml::to_string(&file).map_err(io::Error::other)?;
        private_file(path, &text)?
            .persist(path)
            .map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })
}

/// A file beside `path` with this text, for the person alone (a temporary file has mode 0600): it becomes the file at
/// once, so that nobody meets a half of it.
fn private_file(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_private_dir(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}
