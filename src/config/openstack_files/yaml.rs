//! Reading one file of OpenStack's clients.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::entry::Entry;
use crate::config::problem::{Position, Problem};

/// How large such a file may be, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A file as far as it is used.
pub(super) struct File {
    pub path: PathBuf,
    pub clouds: BTreeMap<String, Entry>,
    pub public: BTreeMap<String, Entry>,
}

/// The file's top.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Top {
    clouds: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(rename = "public-clouds")]
    public: Option<BTreeMap<String, Option<Entry>>>,
}

impl File {
    /// Reads a file. What the parser says is never passed on, because it might quote the file.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let wrong = |position: Option<Position>, what: &str, fix: &str| Problem {
            file: path.to_owned(),
            position,
            key: None,
            what: what.to_owned(),
            fix: fix.to_owned(),
        };
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            let what = format!("cannot be read ({})", error.kind());
            return Err(wrong(
                None,
                &what,
                "check the path and who may read the file",
            ));
        }
        if bytes.len() > MAX_BYTES {
            let fix = "check that it is a file of OpenStack's clients";
            return Err(wrong(None, "is larger than 1 MiB", fix));
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Err(wrong(None, "is not UTF-8 text", "save the file as UTF-8"));
        };
        let top: Option<Top> = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().and_then(|at| {
                Some(Position {
                    line: usize::try_from(at.line()).ok().filter(|line| *line > 0)?,
                    column: usize::try_from(at.column()).ok()?,
                })
            });
            wrong(
                place,
                "is no YAML, or holds something else than OpenStack's clients expect there",
                "check its indentation, colons and quotes",
            )
        })?;
        let top = top.unwrap_or_default();
        let entries = |clouds: Option<BTreeMap<String, Option<Entry>>>| {
            let clouds = clouds.unwrap_or_default().into_iter();
            clouds
                .map(|(name, entry)| (name, entry.unwrap_or_default()))
                .collect()
        };
        Ok(Self {
            path: path.to_owned(),
            clouds: entries(top.clouds),
            public: entries(top.public),
        })
    }
}
