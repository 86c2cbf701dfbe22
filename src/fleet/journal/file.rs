//! The journal's file: appending, and putting it aside when it has grown.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::runs::RunLock;
use super::{JournalError, SIZE_MAX};
use crate::config::create_private_dir;

/// The journal.
pub(super) const NAME: &str = "journal.jsonl";
/// What was put aside.
pub(super) const OLDER: &str = "journal.jsonl.1";
const LOCK: &str = "journal.lock";

/// An open journal. Every call waits for the disk: not for async threads.
#[derive(Debug)]
pub(super) struct JournalFile {
    dir: PathBuf,
    run: String,
    open: Option<Open>,
    size_max: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    lock: File,
    /// Held while the program runs, so that no other process takes this run's commands for abandoned.
    _run: RunLock,
    /// The last write did not end its line.
    torn: bool,
}

impl JournalFile {
    pub(super) fn new(dir: &Path, run: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            run: run.to_owned(),
            open: None,
            size_max: SIZE_MAX,
        }
    }

    #[cfg(test)]
    pub(super) fn with_size_max(mut self, size_max: u64) -> Self {
        self.size_max = size_max;
        self
    }

    /// Writes one line, ended by a line break, in one write.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<(), JournalError> {
        let path = self.dir.join(NAME);
        self.try_append(line, &path)
            .map_err(|error| JournalError::new(&path, error))
    }

    fn try_append(&mut self, line: &[u8], path: &Path) -> io::Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open_all(path)?,
        };
        let result = open.append(line, &self.dir, self.size_max);
        self.open = Some(open);
        result
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        match &self.open {
            Some(open) => open
                .file
                .sync_data()
                .map_err(|error| JournalError::new(&self.dir.join(NAME), error)),
            None => Ok(()),
        }
    }

    fn open_all(&self, path: &Path) -> io::Result<Open> {
        create_private_dir(&self.dir)?;
        let lock = private(
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false),
        )
        .open(self.dir.join(LOCK))?;
        let run = RunLock::take(&self.dir, &self.run)?;
        let (file, torn) = open_journal(path)?;
        Ok(Open {
            file,
            lock,
            _run: run,
            torn,
        })
    }
}

impl Open {
    fn append(&mut self, line: &[u8], dir: &Path, size_max: u64) -> io::Result<()> {
        let path = dir.join(NAME);
        if self.file.metadata()?.len() >= size_max {
            self.put_aside(dir, size_max)?;
        }
        let shared = Lock::shared(&self.lock)?;
        if !is_at(&self.file, &path) {
            // Another process has put it aside, or somebody has removed it.
            (self.file, self.torn) = open_journal(&path)?;
        }
        // A line that another crash left without its end must not swallow this one.
        let whole = if self.torn {
            [b"\n", line].concat()
        } else {
            line.to_vec()
        };
        self.torn = true;
        self.file.write_all(&whole)?;
        self.torn = false;
        drop(shared);
        Ok(())
    }

    fn put_aside(&mut self, dir: &Path, size_max: u64) -> io::Result<()> {
        let path = dir.join(NAME);
        let _alone = Lock::exclusive(&self.lock)?;
        let grown = path.metadata().is_ok_and(|meta| meta.len() >= size_max);
        if grown {
            std::fs::rename(&path, dir.join(OLDER))?;
        }
        (self.file, self.torn) = open_journal(&path)?;
        Ok(())
    }
}

fn open_journal(path: &Path) -> io::Result<(File, bool)> {
    let mut file = private(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
    let torn = if file.metadata()?.len() == 0 {
        false
    } else {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        last != *b"\n"
    };
    Ok((file, torn))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(there)) => open.dev() == there.dev() && open.ino() == there.ino(),
        _ => false,
    }
}

/// A lock on the lock file, given back when dropped. A file system without locks has none to give: writers then rely on
/// appending alone.
struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    fn shared(file: &'a File) -> io::Result<Self> {
        unsupported_is_fine(file.lock_shared()).map(|()| Self(file))
    }

    fn exclusive(file: &'a File) -> io::Result<Self> {
        unsupported_is_fine(file.lock()).map(|()| Self(file))
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing the file gives it back in any case.
        let _ = self.0.unlock();
    }
}

fn unsupported_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}
