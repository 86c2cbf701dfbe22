//! From the configuration to what the engine is started with: the one place above the clouds that opens them.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::setup::{CloudSetup, Mode, Setup};
use super::update::CloudInfo;
use crate::clouds::{self, Accepted, Cloud, Error, EventQuery, Result, Target, TaskHandle, VmPage};
use crate::config::{CloudEntry, Config, Paths};
use crate::model::{Action, Capabilities, CloudName, Event, Session, Task, Vapp, Vm};

/// Why the engine cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A cloud that was asked for by name is not in the configuration.
    #[error(
        "there is no cloud named {name} in the configuration; it has {}",
        words(known)
    )]
    NoSuchCloud {
        /// The name that was asked for.
        name: CloudName,
        /// The names that there are.
        known: Vec<CloudName>,
    },
}

fn words(known: &[CloudName]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = known.iter().map(CloudName::as_str).collect();
    names.join(", ")
}

/// The setup of the clouds of a configuration: those named in `only`, or all when it is empty, in the order of the configuration. Nothing
/// is sent and no secret is fetched. A cloud that cannot be opened (a `ca_file` that cannot be read) is part of it: each
/// call on it fails with the reason, so that it is that cloud's error and the others work.
///
/// # Errors
/// When a name in `only` is not in the configuration.
pub fn open(
    config: &Config,
    paths: &Paths,
    only: &[CloudName],
    mode: Mode,
) -> std::result::Result<Setup, OpenError> {
    let name = |entry: &CloudEntry| CloudName::new(&entry.name);
    let known: Vec<_> = config.clouds.iter().map(name).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(name)) {
        return Err(OpenError::NoSuchCloud {
            name: unknown.clone(),
            known,
        });
    }
    let wanted = |entry: &&CloudEntry| only.is_empty() || only.contains(&name(entry));
    Ok(Setup {
        clouds: config
            .clouds
            .iter()
            .filter(wanted)
            .map(open_cloud)
            .collect(),
        state_dir: paths.state_dir.clone(),
        cache_dir: paths.cache_dir.clone(),
        refresh: config.refresh,
        mode,
        background_reads: mode == Mode::Polling,
    })
}

fn open_cloud(entry: &CloudEntry) -> CloudSetup {
    let capabilities = clouds::capabilities(&entry.provider);
    let cloud = clouds::open(entry).unwrap_or_else(|error| {
        Arc::new(Unopened {
            capabilities,
            error,
        })
    });
    CloudSetup {
        info: CloudInfo {
            name: CloudName::new(&entry.name),
            provider: entry.provider.id(),
            url: entry.url.to_string(),
            environment: entry.environment.clone(),
            production: entry.is_production(),
            read_only: entry.read_only,
            capabilities,
            group_by: entry.group_by.as_ref().map(ToString::to_string),
        },
        cloud,
        concurrency: entry.concurrency,
        group_by: entry.group_by.clone(),
        account: entry.username().map(str::to_owned),
    }
}

/// A cloud that could not be opened: whatever is asked of it fails with the reason.
struct Unopened {
    capabilities: &'static Capabilities,
    error: Error,
}

impl Unopened {
    fn no<T>(&self) -> Result<T> {
        Err(self.error.clone())
    }
}

#[async_trait]
impl Cloud for Unopened {
    fn capabilities(&self) -> &'static Capabilities {
        self.capabilities
    }

    async fn connect(&self) -> Result<Session> {
        self.no()
    }

    fn vms(&self) -> BoxStream<'_, Result<VmPage>> {
        stream::iter([self.no()]).boxed()
    }

    async fn vapps(&self) -> Result<Vec<Vapp>> {
        self.no()
    }

    async fn target(&self, _vm: &Vm) -> Result<Target> {
        self.no()
    }

    async fn perform(&self, _target: &Target, _action: &Action) -> Result<Accepted> {
        self.no()
    }

    async fn task(&self, _handle: &TaskHandle) -> Result<Task> {
        self.no()
    }

    async fn vm_tasks(&self, _vm: &Vm) -> Result<Vec<Task>> {
        self.no()
    }

    // What was acknowledged here stays so; a cloud that is not open is asked for nothing.
    fn acknowledges_tasks(&self) -> bool {
        true
    }

    async fn acknowledge(&self, _task: &Task) -> Result<()> {
        self.no()
    }

    async fn events(&self, _query: &EventQuery) -> Result<Vec<Event>> {
        self.no()
    }

    async fn raw(&self, _vm: &Vm) -> Result<String> {
        self.no()
    }
}
