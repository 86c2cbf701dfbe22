//! What can be wrong with a configuration, said so that a person can mend it.

use std::fmt;
use std::path::PathBuf;

use super::paths::ConfigOrigin;

/// A place in a text: both numbers count from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One thing that is wrong in a file that a person wrote: where, what and how to mend it.
///
/// As part of [`ConfigError::Invalid`] it stops the program; as one of
/// [`Loaded::warnings`](super::Loaded::warnings) it does not.
///
/// It never holds the text of a line nor a value that may be a secret: what a person wrote is named by
/// its place and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file that the problem is in.
    pub file: PathBuf,
    /// Where in the file; `None` when it is about the file as a whole.
    pub position: Option<Position>,
    /// The key, with the tables around it: `clouds[prod].tls.insecure`.
    pub key: Option<String>,
    /// What is wrong, as the rest of a sentence that begins with the key.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Problem {
    /// One line: `FILE:LINE:COLUMN: KEY WHAT; FIX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        match &self.key {
            Some(key) => write!(f, ": `{key}`")?,
            None if self.position.is_some() => f.write_str(": this line")?,
            None => f.write_str(": the file")?,
        }
        write!(f, " {}; {}", self.what, self.fix)
    }
}

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was asked for by name is not there.
    #[error(
        "there is no configuration file {} ({origin} names it); check the path, or let `vmdeck config init` write one",
        path.display()
    )]
    Missing {
        /// The file that was asked for.
        path: PathBuf,
        /// Who asked for it.
        origin: ConfigOrigin,
    },
    /// The file is there and cannot be read.
    #[error("the configuration file {} cannot be read: {source}; check who may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file was read and is not right. Every problem found is in the list, in the order of the file.
    #[error("{}", lines(problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// At least one problem.
        problems: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
