//! The record of every command: one line of JSON for each stage, written before the command is sent and after its outcome
//! is known, so that a crash leaves a record of what was asked.
//!
//! The file is `journal.jsonl` in the state folder, for the person alone (0600), and never holds a secret. Several processes append to
//! it at the same time: each line is one write to the end of the file. When it has grown to [`SIZE_MAX`] it
//! becomes `journal.jsonl.1`, under a lock that every writer takes a share of.

mod file;
mod runs;
mod unfinished;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::group::GroupWork;
use super::watch::Watch;
use crate::model::{CloudName, TaskKey, VappKey, VmKey};

use file::JournalFile;
pub(super) use unfinished::{Unfinished, unfinished};

/// The size from which the journal is put aside and begun anew.
const SIZE_MAX: u64 = 10 * 1024 * 1024;
/// The lines that are written before the disk is waited for.
const BATCH: usize = 256;

/// One line of the journal. Every key is always there; lines of earlier versions may lack some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// When.
    pub time: Timestamp,
    /// Which run of the program.
    pub run: Arc<str>,
    /// Which command of that run.
    pub command: u64,
    /// The cloud.
    pub cloud: CloudName,
    /// The cloud's id of the VM.
    pub vm: Option<Arc<str>>,
    /// The cloud's id of the appliance, for what is done to one.
    pub vapp: Option<Arc<str>>,
    /// The cloud's id of the tenant that was looked at, where that was not the user's own.
    pub tenant: Option<Arc<str>>,
    /// The name of the VM or the appliance then.
    pub name: Arc<str>,
    /// `power_off`, or `acknowledge`.
    pub action: String,
    /// What the action was given: `{"reason": "kernel update"}`.
    pub args: Option<Args>,
    /// How far it is.
    pub stage: String,
    /// The cloud's id of the task.
    pub task: Option<Arc<str>>,
    /// Where the cloud finds that task again.
    pub locator: Option<Arc<str>>,
    /// How far an operation is that this program watches.
    pub watch: Option<Box<Watch>>,
    /// How the VMs of an appliance go on.
    pub group: Option<Box<GroupWork>>,
    /// The sentence that goes with it.
    pub message: Option<String>,
    /// Who was signed in.
    pub user: Option<Arc<str>>,
    /// Whether the run writes no more about the command.
    pub last: bool,
}

/// The arguments of an action, those that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Args {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The cloud's id of the host to move to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Powered off for good, whatever would start it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_off: Option<bool>,
    /// What the copy, or the appliance, is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The cloud's id of the appliance to move to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vapp: Option<String>,
    /// The cloud's id of the project of a new appliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Arc<str>>,
    /// Whether the appliance is restricted from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restricted: Option<bool>,
    /// Left on its hypervisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<bool>,
    /// Passing over what the cloud had refused it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
    /// What the decision's event says beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The cloud's ids of the VMs that an action on their appliance was said to touch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vms: Vec<Arc<str>>,
}

impl Record {
    /// The key of the VM it is about.
    pub(super) fn vm_key(&self) -> Option<VmKey> {
        Some(VmKey::new(&self.cloud, self.vm.as_ref()?))
    }

    /// The key of the appliance it is about.
    pub(super) fn vapp_key(&self) -> Option<VappKey> {
        Some(VappKey {
            cloud: self.cloud.clone(),
            id: self.vapp.clone()?,
        })
    }

    /// The key of the task it names.
    pub(super) fn task_key(&self) -> Option<TaskKey> {
        Some(TaskKey {
            cloud: self.cloud.clone(),
            id: self.task.clone()?,
        })
    }
}

/// Why a line could not be written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the journal {path} cannot be written: {why}; make room or mend its permissions")]
pub(super) struct JournalError {
    path: String,
    why: String,
}

impl JournalError {
    fn new(path: &Path, why: impl std::fmt::Display) -> Self {
        Self {
            path: path.display().to_string(),
            why: why.to_string(),
        }
    }
}

enum Work {
    /// Write this line and say when it is on the disk.
    Line(Vec<u8>, oneshot::Sender<Result<(), JournalError>>),
    /// Close the file and say when that is done.
    Close(oneshot::Sender<()>),
}

/// Where lines go. They are written in the order in which [`Journal::append`] was called, off the async threads.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    /// Names this run in every line.
    pub run: Arc<str>,
    dir: PathBuf,
    lines: mpsc::UnboundedSender<Work>,
}

/// The other end of a [`Journal`]; [`Writer::run`] writes.
pub(super) struct Writer {
    lines: mpsc::UnboundedReceiver<Work>,
    file: JournalFile,
}

impl Journal {
    /// The journal of a state folder. Nothing is made or opened before the first line.
    pub(super) fn new(dir: &Path) -> (Self, Writer) {
        let (lines, receiver) = mpsc::unbounded_channel();
        let run: Arc<str> = runs::new_run().into();
        let writer = Writer {
            lines: receiver,
            file: JournalFile::new(dir, &run),
        };
        let journal = Self {
            run,
            dir: dir.to_owned(),
            lines,
        };
        (journal, writer)
    }

    /// Queues a line now; the answer says when it is on the disk.
    pub(super) fn append(
        &self,
        record: &Record,
    ) -> impl Future<Output = Result<(), JournalError>> + Send + use<> {
        let (written, answer) = oneshot::channel();
        let path = self.dir.join(file::NAME);
        let queued = match serde_json::to_vec(record) {
            Ok(mut text) => {
                text.push(b'\n');
                self.lines
                    .send(Work::Line(text, written))
                    .map_err(|_| JournalError::new(&path, STOPPING))
            }
            Err(error) => Err(JournalError::new(&path, error)),
        };
        async move {
            queued?;
            answer
                .await
                .unwrap_or_else(|_| Err(JournalError::new(&path, STOPPING)))
        }
    }

    /// Waits until everything queued so far is on the disk, and closes the journal: this run writes no more, and what it leaves
    /// without an outcome is the next run's.
    pub(super) async fn close(&self) {
        let (closed, answer) = oneshot::channel();
        if self.lines.send(Work::Close(closed)).is_ok() {
            // It is closed in any case when the writer is gone.
            let _ = answer.await;
        }
    }
}

const STOPPING: &str = "the program is stopping";

impl Writer {
    /// Writes until the journal is closed. What waits together is written together and waits for the disk once.
    pub(super) async fn run(self) {
        let Self {
            mut lines,
            mut file,
        } = self;
        let mut batch = Vec::new();
        while lines.recv_many(&mut batch, BATCH).await > 0 {
            let batch = std::mem::take(&mut batch);
            let written = spawn_blocking(move || {
                let closed = write_batch(&mut file, batch);
                (file, closed)
            });
            match written.await {
                Ok((open, None)) => file = open,
                Ok((open, Some(closed))) => {
                    drop(open);
                    // Nobody waits for it any more.
                    let _ = closed.send(());
                    return;
                }
                // The writing thread is gone with its file; those who wait are told by their closed channels.
                Err(_) => return,
            }
        }
    }
}

/// Writes up to a request to close, which is answered when all is on the disk.
fn write_batch(file: &mut JournalFile, batch: Vec<Work>) -> Option<oneshot::Sender<()>> {
    let mut results = Vec::new();
    let mut close = None;
    for work in batch {
        match work {
            Work::Line(text, written) => results.push((file.append(&text), written)),
            Work::Close(closed) => {
                close = Some(closed);
                break;
            }
        }
    }
    let synced = file.sync();
    for (result, written) in results {
        // Whether anybody still waits makes no difference to the line.
        let _ = written.send(result.and(synced.clone()));
    }
    close
}

#[cfg(test)]
mod tests;
