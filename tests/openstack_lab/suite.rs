//! The lab, and what the tests in it share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use vmdeck::clouds::{Accepted, Cloud, Result, TaskHandle, open};
use vmdeck::model::{Task, TaskState, Vm};

/// So long an action may take there.
const LIMIT: Duration = Duration::from_secs(120);

/// One test at a time: they look at how many servers there are.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub struct Lab {
    pub file: PathBuf,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

impl Lab {
    pub async fn find() -> Option<Self> {
        let file = std::env::var_os("VMDECK_LAB_OPENSTACK").filter(|file| !file.is_empty())?;
        Some(Self {
            file: file.into(),
            _alone: ALONE.lock().await,
        })
    }

    /// A cloud of the file, signed in.
    pub async fn cloud(&self, name: &str) -> Arc<dyn Cloud> {
        self.cloud_with(name, "").await
    }

    /// The same with more keys beside it.
    pub async fn cloud_with(&self, name: &str, keys: &str) -> Arc<dyn Cloud> {
        let file = self.file.display();
        Self::of(&format!(
            "cloud = \"{name}\"\nclouds_file = \"{file}\"\n{keys}"
        ))
        .await
    }

    /// A cloud of these keys, signed in.
    pub async fn of(keys: &str) -> Arc<dyn Cloud> {
        let text = format!("[[clouds]]\nname = \"lab\"\nprovider = \"openstack\"\n{keys}\n");
        let loaded = vmdeck::config::parse(&text, Path::new("/config.toml")).unwrap();
        let cloud = open(&loaded.config.clouds[0]).unwrap();
        let session = cloud.connect().await.unwrap();
        assert!(session.tenant.is_some());
        cloud
    }
}

pub async fn listed(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

/// A task at its end.
pub async fn follow(cloud: &dyn Cloud, handle: &TaskHandle) -> Task {
    let began = Instant::now();
    loop {
        let task = cloud.task(handle).await.unwrap();
        if task.state.is_terminal() {
            return task;
        }
        assert!(began.elapsed() < LIMIT, "it does not end: {task:?}");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// What was accepted, at its end, which is a good one.
pub async fn words(cloud: &dyn Cloud, accepted: Accepted) {
    if let Accepted::Task(handle) = accepted {
        let task = follow(cloud, &handle).await;
        assert_eq!(task.state, TaskState::FinishedSuccessfully, "{task:?}");
    }
}

/// How many servers each project has.
pub fn parts(vms: &[Vm]) -> BTreeMap<String, usize> {
    let mut parts = BTreeMap::new();
    for vm in vms {
        let project = vm.project.as_ref().unwrap().name.to_string();
        *parts.entry(project).or_default() += 1;
    }
    parts
}
