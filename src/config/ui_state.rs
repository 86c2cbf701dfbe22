//! What the console remembers from one run to the next. It is no configuration: the program writes it, and losing it costs
//! nothing but comfort.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::paths::create_private_dir;
use super::problem::Problem;

/// How many reasons for protecting a VM are remembered.
const MAX_REASONS: usize = 20;

/// The largest file that is read, in bytes: some twenty times what the program writes.
const MAX_BYTES: u64 = 256 * 1024;

/// What the console looked like when it was left. Views and columns are the console's own words: one that
/// it does not know any more is for it to ignore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UiState {
    /// The view that was open.
    pub view: Option<String>,
    /// Whether the task pane was open.
    pub task_pane_open: Option<bool>,
    /// The height of the task pane in rows.
    pub task_pane_rows: Option<u16>,
    /// Earlier reasons for protecting a VM, the newest first.
    reasons: Vec<String>,
    /// The order of each view.
    pub sort: BTreeMap<String, Sort>,
}

/// The order of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The column that it is sorted by.
    pub column: String,
    /// The largest first.
    pub descending: bool,
}

impl UiState {
    /// Earlier reasons for protecting a VM, the newest first, each once.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// Puts a reason in front; the oldest of more than 20 is forgotten.
    pub fn remember_reason(&mut self, reason: &str) {
        let reason = reason.trim();
        if reason.is_empty() {
            return;
        }
        self.reasons.retain(|known| known != reason);
        self.reasons.insert(0, reason.to_owned());
        self.reasons.truncate(MAX_REASONS);
    }

    /// Reads what was remembered in a state folder. What cannot be read is forgotten, with a warning, and
    /// replaced when it is next stored.
    pub fn load(state_dir: &Path) -> (Self, Option<Problem>) {
        let file = file(state_dir);
        let size = match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            // Asking before confy does, which would create it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Default::default(),
            _ => u64::MAX,
        };
        // confy's error is not passed on: it may quote the file.
        let read = (size <= MAX_BYTES)
            .then(|| confy::load_path::<Self>(&file).ok())
            .flatten();
        match read {
            Some(mut state) => {
                state.reasons.truncate(MAX_REASONS);
                (state, None)
            }
            None => {
                let warning = Problem {
                    file,
                    position: None,
                    key: None,
                    what: "with what the console remembers cannot be read".to_owned(),
                    fix: "the console begins afresh and replaces it".to_owned(),
                };
                (Self::default(), Some(warning))
            }
        }
    }

    /// Keeps it in a state folder, for the person alone. A reader sees the old or the new, never a half.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn store(&self, state_dir: &Path) -> io::Result<()> {
        create_private_dir(state_dir)?;
        let temporary = tempfile::Builder::new()
            .prefix("ui-")
            .suffix(".toml")
            .tempfile_in(state_dir)?;
        confy::store_path_perms(temporary.path(), self, Permissions::from_mode(0o600))
            .map_err(io::Error::other)?;
        temporary
            .persist(file(state_dir))
            .map_err(|error| error.error)?;
        Ok(())
    }
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("ui.toml")
}
