//! What things are called on the screen: actions as they are called on the VM that is meant, clouds with the tenant they are looked at as.

use super::app::App;
use super::text::counted;
use crate::fleet::{CloudView, Command, Overview};
use crate::model::task::spoken;
use crate::model::{ActionKind, CloudName, Denial, Named, Task, TaskKind};

impl App {
    /// What an action is called and does on a VM.
    #[must_use]
    pub fn words(&self, kind: ActionKind, vm: &Overview<'_>) -> Named<'_> {
        let capabilities = vm.cloud.info.capabilities;
        self.look.labels.words(capabilities, kind, vm.vm)
    }

    /// What a command is called: an action as it is called on its VM.
    #[must_use]
    pub fn command_title(&self, command: &Command) -> &str {
        let labels = &self.look.labels;
        match command {
            Command::Act { vm, action, .. } => match self.inventory.overview_of(vm) {
                Some(vm) => self.words(action.kind(), &vm).title,
                None => labels.action(action.kind()),
            },
            Command::ActOnVapp { action, .. } => labels.vapp_action(action.kind()),
            other => other.title(),
        }
    }

    /// Why an action may not be done to a VM, in the words of the screen.
    #[must_use]
    pub fn told(&self, denial: &Denial, kind: ActionKind, vm: &Overview<'_>) -> String {
        let title = self.words(kind, vm).title;
        let under_way = match (denial, vm.pending) {
            (Denial::Locked(Some(running)), Some(report))
                if **running == *report.command.title() =>
            {
                Some(Denial::Locked(Some(
                    self.command_title(&report.command).into(),
                )))
            }
            _ => None,
        };
        let denial = under_way.as_ref().unwrap_or(denial);
        denial.told(&self.look.labels, Some(title)).to_string()
    }

    /// What a task or a job is called on the screen.
    #[must_use]
    pub fn task_title(&self, kind: &TaskKind) -> String {
        self.look.labels.renamed(&spoken(kind.title())).into_owned()
    }

    /// What a task is doing, on the screen.
    #[must_use]
    pub fn task_progress(&self, task: &Task) -> String {
        let words = spoken(task.progress());
        self.look.labels.renamed(&words).into_owned()
    }

    /// A cloud by its name, the tenant it is looked at as, and what it is used for.
    #[must_use]
    pub fn cloud_words(&self, cloud: &CloudName) -> String {
        self.inventory
            .cloud(cloud)
            .map_or_else(|| cloud.to_string(), cloud_words)
    }

    /// What several VMs are acted on is said with: `3 VMs on prod PRODUCTION`, `3 VMs on 2 clouds`.
    #[must_use]
    pub fn vms_on<'a>(&self, count: usize, of: impl Iterator<Item = &'a CloudName>) -> String {
        let mut clouds: Vec<_> = of.collect();
        clouds.sort();
        clouds.dedup();
        let place = match clouds.as_slice() {
            [] => String::new(),
            [one] => format!(" on {}", self.cloud_words(one)),
            several => format!(" on {} clouds", several.len()),
        };
        format!("{}{place}", counted(count, "VM", "VMs"))
    }

    /// A cloud by its name, and by the tenant it is looked at as: `prod as Acme`.
    #[must_use]
    pub fn cloud_name(&self, cloud: &CloudName) -> String {
        self.inventory
            .cloud(cloud)
            .map_or_else(|| cloud.to_string(), name_of)
    }
}

/// A cloud by its name, and by the tenant it is looked at as.
#[must_use]
pub fn name_of(cloud: &CloudView) -> String {
    match &cloud.tenant {
        Some(tenant) => format!("{} as {}", cloud.info.name, tenant.name),
        None => cloud.info.name.to_string(),
    }
}

/// A cloud by its name, the tenant it is looked at as, and what it is used for: `prod as Acme PRODUCTION`.
pub fn cloud_words(cloud: &CloudView) -> String {
    let name = name_of(cloud);
    match &cloud.info.environment {
        Some(word) if cloud.info.production => format!("{name} {}", word.to_uppercase()),
        Some(word) => format!("{name} {word}"),
        None => name,
    }
}
