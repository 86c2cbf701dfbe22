//! Events into a file: JSON, one event to a line, or CSV where the name says so.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::model::{Event, Severity};

/// Events on their way into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The file.
    pub path: PathBuf,
    /// The file, as it was typed.
    pub typed: String,
    /// What is written, in this order.
    pub events: Vec<Arc<Event>>,
    /// Whether a file that is there already may go.
    pub overwrite: bool,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritten {
    /// There is one of that name, and nobody has said that it may go.
    AlreadyThere,
    /// The system refuses, and why.
    Refused(String),
}

impl Unwritten {
    /// Writing has broken off for a reason of the program's own.
    pub(super) fn broken() -> Self {
        Self::Refused("writing has broken off".to_owned())
    }

    fn refused(error: &io::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

/// One event, with the keys of `vmdeck events -o json`.
#[derive(Serialize)]
struct Record<'a> {
    cloud: &'a str,
    id: &'a str,
    at: Timestamp,
    severity: Severity,
    source: Option<&'a str>,
    entity: &'a str,
    action: &'a str,
    vm: Option<String>,
    vm_name: Option<&'a str>,
    performed_by: Option<&'a str>,
    user: Option<&'a str>,
    trace: &'a str,
    error_code: Option<&'a str>,
}

impl<'a> Record<'a> {
    fn of(event: &'a Event) -> Self {
        Self {
            cloud: event.key.cloud.as_str(),
            id: &event.key.id,
            at: event.at,
            severity: event.severity,
            source: event.source.as_deref(),
            entity: &event.entity,
            action: &event.action,
            vm: event.vm.as_ref().map(ToString::to_string),
            vm_name: event.vm_name.as_deref(),
            performed_by: event.performed_by.as_deref(),
            user: event.user.as_deref(),
            trace: &event.trace,
            error_code: event.error_code.as_deref(),
        }
    }
}

impl Export {
    /// Writes the file whole or not at all, for its owner alone, and answers how many events it has.
    ///
    /// # Errors
    /// When a file of that name is there and may not go, or the system refuses.
    pub fn write(&self) -> Result<usize, Unwritten> {
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if !self.overwrite && self.path.symlink_metadata().is_ok() {
            return Err(Unwritten::AlreadyThere);
        }
        // Made for its owner alone, beside the name that it gets once it is whole.
        let file = NamedTempFile::new_in(folder).map_err(|error| Unwritten::refused(&error))?;
        let is_csv = self
            .path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        let written = if is_csv {
            self.csv(file.as_file())
        } else {
            self.lines(file.as_file())
        };
        written.map_err(|error| Unwritten::refused(&error))?;
        let persisted = if self.overwrite {
            file.persist(&self.path)
        } else {
            file.persist_noclobber(&self.path)
        };
        match persisted {
            Ok(_) => Ok(self.events.len()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Unwritten::AlreadyThere)
            }
            Err(error) => Err(Unwritten::refused(&error.error)),
        }
    }

    fn lines(&self, file: &File) -> io::Result<()> {
        let mut out = BufWriter::new(file);
        for event in &self.events {
            serde_json::to_writer(&mut out, &Record::of(event))?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    fn csv(&self, file: &File) -> io::Result<()> {
        let mut out = csv::Writer::from_writer(BufWriter::new(file));
        for event in &self.events {
            out.serialize(Record::of(event))?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::{CloudName, EventKey};

    fn export(path: PathBuf, overwrite: bool) -> Export {
        let event = |id: &str, trace: &str| {
            Arc::new(Event {
                key: EventKey {
                    cloud: CloudName::new("prod"),
                    id: id.into(),
                },
                at: Timestamp::UNIX_EPOCH,
                severity: Severity::Error,
                source: None,
                entity: "VIRTUAL_MACHINE".into(),
                action: "DEPLOY".into(),
                vm: None,
                vm_name: Some("web-01".into()),
                performed_by: None,
                user: Some("admin".into()),
                trace: trace.into(),
                error_code: None,
            })
        };
        Export {
            typed: path.display().to_string(),
            path,
            events: vec![event("1", "no room, \"none\""), event("2", "then it went")],
            overwrite,
        }
    }

    #[test]
    fn a_file_is_written_for_its_owner_alone_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        assert_eq!(export(path.clone(), false).write(), Ok(2));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["trace"], "no room, \"none\"");
        assert_eq!(lines[0]["at"], "1970-01-01T00:00:00Z");
        fs::write(&path, "mine").unwrap();
        assert_eq!(
            export(path.clone(), false).write(),
            Err(Unwritten::AlreadyThere)
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(export(path.clone(), true).write(), Ok(2));
        assert_ne!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_name_that_ends_in_csv_makes_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.CSV");
        assert_eq!(export(path.clone(), false).write(), Ok(2));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("cloud,id,at,severity,source,"), "{text}");
        assert!(text.contains("\"no room, \"\"none\"\"\""), "{text}");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let refused = export("/nowhere/at/all/events.jsonl".into(), false).write();
        assert!(matches!(refused, Err(Unwritten::Refused(_))), "{refused:?}");
    }
}
