//! What a screen would hold: the fleet, its updates, the inventory made of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use vmdeck::clouds::Cloud;
use vmdeck::fleet::{
    CloudInfo, CloudSetup, CloudStatus, Command, CommandId, CommandReport, Fleet, Inventory, Mode,
    Setup, Stage, Update,
};
use vmdeck::model::{Action, Confirmed, VmKey};

use crate::fake_cloud::FakeCloud;

pub const REFRESH: Duration = Duration::from_secs(10);
/// Of tokio's time: nothing that a test waits for takes so long.
const FOREVER: Duration = Duration::from_secs(24 * 3600);

pub fn setup(dir: &Path, clouds: &[&Arc<FakeCloud>]) -> Setup {
    let clouds = clouds.iter().map(|cloud| CloudSetup {
        info: CloudInfo {
            name: cloud.name.clone(),
            provider: "fake",
            url: format!("https://{}/api", cloud.name),
            environment: None,
            production: false,
            read_only: false,
            group_by: None,
            capabilities: cloud.capabilities,
        },
        cloud: Arc::clone(cloud) as Arc<dyn Cloud>,
        concurrency: 2,
        group_by: None,
        account: Some("admin".to_owned()),
    });
    Setup {
        clouds: clouds.collect(),
        state_dir: dir.join("state"),
        cache_dir: dir.join("cache"),
        refresh: REFRESH,
        mode: Mode::Polling,
        background_reads: false,
    }
}

pub struct Screen {
    pub fleet: Fleet,
    pub updates: Receiver<Update>,
    pub inventory: Inventory,
    pub told: Vec<Update>,
    pub dir: Arc<TempDir>,
}

impl Screen {
    pub fn start(clouds: &[&Arc<FakeCloud>]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), clouds)
    }

    pub fn start_in(dir: Arc<TempDir>, clouds: &[&Arc<FakeCloud>]) -> Self {
        let setup = setup(dir.path(), clouds);
        Self::with(dir, setup)
    }

    pub fn with(dir: Arc<TempDir>, setup: Setup) -> Self {
        let inventory = Inventory::new(setup.clouds.iter().map(|cloud| cloud.info.clone()));
        let (fleet, updates) = Fleet::start(setup);
        Self {
            fleet,
            updates,
            inventory,
            told: Vec::new(),
            dir,
        }
    }

    /// Takes updates in until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !is_so(self) {
                let update = self.updates.recv().await.expect("the engine runs");
                self.told.push(update.clone());
                self.inventory.apply(update);
            }
        };
        let in_time = timeout(FOREVER, waiting).await;
        assert!(in_time.is_ok(), "{what} never came");
    }

    /// Takes in what comes in this time.
    pub async fn during(&mut self, time: Duration) {
        let waiting = async {
            while let Some(update) = self.updates.recv().await {
                self.told.push(update.clone());
                self.inventory.apply(update);
            }
        };
        let _ = timeout(time, waiting).await;
    }

    /// Waits until every cloud is listed and all is said about it.
    pub async fn listed(&mut self) {
        self.until("the first listing", |screen| {
            let mut clouds = screen.inventory.clouds().iter();
            clouds.all(|cloud| cloud.listed && cloud.status == CloudStatus::Ok)
        })
        .await;
        self.during(Duration::from_millis(1)).await;
    }

    pub fn act(&self, vm: VmKey, action: Action) -> CommandId {
        self.act_knowing(vm, action, Confirmed::default())
    }

    pub fn act_knowing(&self, vm: VmKey, action: Action, confirmed: Confirmed) -> CommandId {
        self.fleet.submit(Command::Act {
            vm,
            action,
            confirmed,
        })
    }

    pub async fn outcome(&mut self, id: CommandId) -> Stage {
        self.until("the outcome", |screen| {
            screen.stages(id).last().is_some_and(Stage::is_final)
        })
        .await;
        self.stages(id).pop().unwrap()
    }

    pub fn reports(&self) -> impl Iterator<Item = &CommandReport> {
        self.told.iter().filter_map(|update| match update {
            Update::Command(report) => Some(report),
            _ => None,
        })
    }

    pub fn stages(&self, id: CommandId) -> Vec<Stage> {
        let of_it = self.reports().filter(|report| report.id == id);
        of_it.map(|report| report.stage.clone()).collect()
    }

    pub fn words(&self, id: CommandId) -> Vec<&'static str> {
        let of_it = self.reports().filter(|report| report.id == id);
        of_it.map(|report| report.stage.as_str()).collect()
    }

    pub fn troubles(&self) -> Vec<String> {
        let trouble = |update: &Update| match update {
            Update::Trouble { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.told.iter().filter_map(trouble).collect()
    }

    pub fn status(&self, n: usize) -> &CloudStatus {
        &self.inventory.clouds()[n].status
    }

    pub fn journal(&self) -> Vec<Value> {
        journal(self.dir.path())
    }
}

pub fn journal(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("state/journal.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// The stages that the journal has of a VM's commands.
pub fn journaled(lines: &[Value], vm: &VmKey) -> Vec<String> {
    let of_it = lines.iter().filter(|line| line["vm"] == *vm.id);
    of_it
        .map(|line| line["stage"].as_str().unwrap().to_owned())
        .collect()
}
