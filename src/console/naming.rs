//! What things are called on the screen: actions as they are called on the VM that is meant, clouds with the tenant they are looked at as.

use super::app::App;
use crate::fleet::{CloudView, Command, Overview};
use crate::model::{ActionKind, CloudName, Denial, Named};

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
