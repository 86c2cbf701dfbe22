//! What the engine is started with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::update::CloudInfo;
use crate::clouds::Cloud;
use crate::model::GroupBy;

/// Whether clouds are read again and again, or only when somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a screen: clouds are listed again and again, and the kept inventory is shown first.
    Polling,
    /// For one command: nothing is read that was not asked for.
    OneShot,
}

/// One cloud for the engine.
#[derive(Clone)]
pub struct CloudSetup {
    /// Its configuration, without secrets.
    pub info: CloudInfo,
    /// How to reach it.
    pub cloud: Arc<dyn Cloud>,
    /// How many actions may be on their way to it at once, and how many tasks may be asked for at once.
    pub concurrency: usize,
    /// What groups are made from, where the cloud has no appliances of its own.
    pub group_by: Option<GroupBy>,
    /// The account that the configuration signs in with; `None` where only the sign-in tells (a token). What was kept of
    /// another account is never shown.
    pub account: Option<String>,
}

impl fmt::Debug for CloudSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudSetup")
            .field("name", &self.info.name)
            .finish_non_exhaustive()
    }
}

/// Everything the engine needs to know.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The clouds, in the order of the configuration.
    pub clouds: Vec<CloudSetup>,
    /// Where the journal is.
    pub state_dir: PathBuf,
    /// Where the last inventories are kept.
    pub cache_dir: PathBuf,
    /// How long after a listing of a cloud the next one begins, at the earliest.
    pub refresh: Duration,
    /// Whether to read again and again.
    pub mode: Mode,
    /// Whether the tasks of all VMs are read, slowly, to find failures that nobody told of. Without it only the tasks of
    /// VMs that changed, run an operation or are named by an error event are read.
    pub background_reads: bool,
}
