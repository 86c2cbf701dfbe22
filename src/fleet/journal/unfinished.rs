//! Commands of earlier runs whose outcome is not in the journal.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::file::{NAME, OLDER};
use super::runs::{Claim, sweep};
use super::{Record, SIZE_MAX};

/// The commands taken up at one start, the newest.
const UNFINISHED_MAX: usize = 1_000;
/// The longest line that is read: one about an appliance names all its VMs.
const LINE_MAX: u64 = 1024 * 1024;

/// A run and a command of it.
type Name = (Arc<str>, u64);

/// The last line about a command, and when it was sent, where it was.
type Last = (Record, Option<Timestamp>);

/// A command that an earlier run has left without an outcome.
#[derive(Debug, Clone)]
pub(in crate::fleet) struct Unfinished {
    /// The last line about it.
    pub record: Record,
    /// When it was sent, where it was.
    pub sent: Option<Timestamp>,
    /// Held until all commands of that run are settled.
    pub(in crate::fleet) claim: Arc<Claim>,
}

/// Reads the journal and claims what runs that are no longer alive have left behind. Waits for the disk: not for async
/// threads.
pub(in crate::fleet) fn unfinished(dir: &Path) -> io::Result<Vec<Unfinished>> {
    let mut open: HashMap<Name, Last> = HashMap::new();
    for name in [OLDER, NAME] {
        let file = match File::open(dir.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        read(file, &mut open)?;
    }
    let mut found: Vec<_> = open.into_values().collect();
    found.sort_by_key(|(record, _)| (record.time, record.command));
    let surplus = found.len().saturating_sub(UNFINISHED_MAX);
    sweep(dir, |run| {
        found.iter().any(|(record, _)| *record.run == *run)
    });
    let mut claims: HashMap<Arc<str>, Option<Arc<Claim>>> = HashMap::new();
    let mut unfinished = Vec::new();
    for (record, sent) in found.drain(surplus..) {
        let claim = claims
            .entry(record.run.clone())
            .or_insert_with(|| Claim::of(dir, &record.run).map(Arc::new));
        if let Some(claim) = claim.clone() {
            unfinished.push(Unfinished {
                record,
                sent,
                claim,
            });
        }
    }
    Ok(unfinished)
}

fn read(file: File, open: &mut HashMap<Name, Last>) -> io::Result<()> {
    // A file put aside can be larger than the limit by the lines of one batch.
    let mut lines = BufReader::new(file.take(SIZE_MAX * 2));
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 > LINE_MAX {
            continue;
        }
        // A line that a crash left torn says nothing.
        let Ok(record) = serde_json::from_slice::<Record>(&line) else {
            continue;
        };
        let key = (record.run.clone(), record.command);
        if record.last {
            open.remove(&key);
            continue;
        }
        let sent = open.get(&key).and_then(|(_, sent)| *sent);
        let sent = sent.or((record.stage == "sent").then_some(record.time));
        open.insert(key, (record, sent));
    }
}
