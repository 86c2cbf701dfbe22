//! Which runs of the program are alive: each holds a lock on a file of its own while it has commands in the journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::create_private_dir;

const FOLDER: &str = "runs";

/// A name for this run: when it began, its process and a random part.
pub(super) fn new_run() -> String {
    let began = Timestamp::now().as_millisecond();
    format!(
        "{began:x}-{:x}-{:08x}",
        std::process::id(),
        fastrand::u32(..)
    )
}

/// The lock of a run. The file is removed when it is dropped.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    pub(super) fn take(dir: &Path, run: &str) -> io::Result<Self> {
        match try_take(dir, run)? {
            Some(lock) => Ok(lock),
            None => Err(io::Error::other("another process has the name of this run")),
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // A file that stays is a run that is not alive: the next start takes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn try_take(dir: &Path, run: &str) -> io::Result<Option<RunLock>> {
    let folder = dir.join(FOLDER);
    create_private_dir(&folder)?;
    let path = folder.join(format!("{run}.lock"));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(RunLock { path, _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        // Without locks nobody can tell whether that run is alive: its commands are left alone.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The right to settle the commands that a run has left behind, held until they are settled: no two processes settle the
/// same ones.
#[derive(Debug)]
pub(in crate::fleet) struct Claim {
    _lock: RunLock,
}

impl Claim {
    /// Claims what a run has left. `None` while that run is alive, or another process settles it.
    pub(super) fn of(dir: &Path, run: &str) -> Option<Self> {
        let plain = !run.is_empty() && run.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !plain {
            return None;
        }
        let lock = try_take(dir, run).ok().flatten()?;
        Some(Self { _lock: lock })
    }
}

/// Removes the files of runs that ended without removing theirs and have left nothing to settle.
pub(super) fn sweep(dir: &Path, has_left: impl Fn(&str) -> bool) {
    let Ok(files) = std::fs::read_dir(dir.join(FOLDER)) else {
        return;
    };
    for file in files.flatten() {
        let name = file.file_name();
        let run = name.to_str().and_then(|name| name.strip_suffix(".lock"));
        if let Some(run) = run.filter(|run| !has_left(run)) {
            // Taken and given back, which removes the file; that of a run that is alive cannot be taken.
            drop(Claim::of(dir, run));
        }
    }
}
