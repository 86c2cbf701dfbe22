//! One small file of the state folder that several processes change: under a lock it is read, changed, written beside and put
//! in its place, so that no change is lost and no reader sees a half.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::create_private_dir;

const FORMAT: u32 = 1;
/// A larger file is none of ours.
const SIZE_MAX: u64 = 64 * 1024 * 1024;

/// So long the lock is waited for.
const LOCK_MAX: Duration = Duration::from_secs(30);
/// The time between two tries to have it.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A list of entries, kept in one file for the person alone (0600). Its calls wait for the disk and for other processes.
#[derive(Debug)]
pub(super) struct StateFile<E> {
    path: PathBuf,
    entry: PhantomData<fn() -> E>,
}

/// Which writing of a file it is. Each writing is a new file, so two writings never look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(Option<(u64, u64, Option<SystemTime>)>);

/// Why such a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::fleet) enum StateFileError {
    /// It is there and is not what this program writes. It is left as it is: what it says may matter.
    #[error("{} cannot be read ({why}); mend it, or remove it to begin anew", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It cannot be changed.
    #[error("{} cannot be written ({why}); make room or mend its permissions", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Content<L> {
    format: u32,
    entries: L,
}

impl<E: Serialize + DeserializeOwned + Clone + PartialEq> StateFile<E> {
    /// The file of a state folder. Nothing is made or opened before it is needed.
    pub(super) fn new(dir: &Path, name: &str) -> Self {
        Self {
            path: dir.join(name),
            entry: PhantomData,
        }
    }

    /// Which writing is there now.
    pub(super) fn version(&self) -> Version {
        Version::of(self.path.metadata())
    }

    /// Everything in it, and which writing that is. A file that is not there is empty.
    pub(super) fn read(&self) -> Result<(Vec<E>, Version), StateFileError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Vec::new(), Version(None)));
            }
            Err(error) => return Err(self.unreadable(error)),
        };
        let version = Version::of(file.metadata());
        let mut text = Vec::new();
        file.take(SIZE_MAX + 1)
            .read_to_end(&mut text)
            .map_err(|error| self.unreadable(error))?;
        if text.len() as u64 > SIZE_MAX {
            return Err(self.unreadable("it is too large"));
        }
        // The words of serde may quote the file; the place says enough.
        let place = |error: serde_json::Error| {
            self.unreadable(format!("line {}, column {}", error.line(), error.column()))
        };
        let content: Content<Vec<E>> = serde_json::from_slice(&text).map_err(place)?;
        if content.format != FORMAT {
            return Err(self.unreadable(format!("format {}", content.format)));
        }
        Ok((content.entries, version))
    }

    /// Changes it while nobody else does. What is answered is what `change` answered, and what is in the file now.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut Vec<E>) -> R,
    ) -> Result<(R, Vec<E>, Version), StateFileError> {
        // Given back when it is closed, by a crash as well.
        let _lock = self.lock().map_err(|error| self.unwritable(error))?;
        let (mut entries, version) = self.read()?;
        let before = entries.clone();
        let answer = change(&mut entries);
        if entries == before {
            return Ok((answer, entries, version));
        }
        self.write(&entries)
            .map_err(|error| self.unwritable(error))?;
        Ok((answer, entries, self.version()))
    }

    fn lock(&self) -> io::Result<File> {
        create_private_dir(self.dir())?;
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path.with_extension("lock"))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error),
                // Whoever holds it needs some milliseconds; a process that stands still must not make this one stand still.
                Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_MAX => sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::other(
                        "another process does not let go of its lock",
                    ));
                }
            }
        }
    }

    fn write(&self, entries: &[E]) -> io::Result<()> {
        // A temporary file is for its owner alone (0600), and gone if this fails.
        let mut file = tempfile::NamedTempFile::new_in(self.dir())?;
        let content = Content {
            format: FORMAT,
            entries,
        };
        let mut text = serde_json::to_vec_pretty(&content)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        File::open(self.dir())?.sync_all()
    }

    fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The error of a file that takes no more.
    pub(super) fn full(&self, most: usize) -> StateFileError {
        self.unwritable(format!("it holds {most} entries already"))
    }

    fn unreadable(&self, why: impl ToString) -> StateFileError {
        StateFileError::Unreadable {
            path: self.path.clone(),
            why: why.to_string(),
        }
    }

    fn unwritable(&self, why: impl ToString) -> StateFileError {
        StateFileError::Unwritable {
            path: self.path.clone(),
            why: why.to_string(),
        }
    }
}

impl Version {
    fn of(metadata: io::Result<std::fs::Metadata>) -> Self {
        let metadata = metadata.ok();
        Self(metadata.map(|meta| (meta.ino(), meta.len(), meta.modified().ok())))
    }
}
