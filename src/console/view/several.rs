//! The action menu of several VMs: what goes to how many of them.

use super::menu::Entry;
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::naming::cloud_words;
use crate::console::text::counted;
use crate::fleet::Overview;
use crate::model::{Action, ActionKind, VmKey};

/// Whether an action can go to several at once.
fn goes_to_several(kind: ActionKind) -> bool {
    let with_arguments = [ActionKind::Protect, ActionKind::Move, ActionKind::Restrict];
    Action::plain(kind).is_some() || with_arguments.contains(&kind)
}

/// Every action that any of their clouds offers, with how many it goes to now or why to none. Where they are those of an appliance
/// with `whole` actions of its own, those are left to it.
#[must_use]
pub fn entries(app: &App, vms: &[VmKey], whole: bool) -> Vec<Entry> {
    let known: Vec<Overview<'_>> = vms
        .iter()
        .filter_map(|vm| app.inventory.overview_of(vm))
        .collect();
    let of_appliance = [ActionKind::Deploy, ActionKind::Undeploy, ActionKind::Delete];
    let offered = |kind: &ActionKind| {
        known
            .iter()
            .any(|vm| vm.cloud.info.capabilities.offers(*kind))
    };
    let kinds = ActionKind::all()
        .filter(offered)
        .filter(|kind| !(whole && (of_appliance.contains(kind) || !goes_to_several(*kind))));
    let mut entries: Vec<Entry> = kinds
        .map(|kind| {
            let answers: Vec<_> = known.iter().map(|vm| vm.availability(kind)).collect();
            let allowed = answers.iter().filter(|answer| answer.is_allowed()).count();
            let available = allowed > 0 && goes_to_several(kind);
            let denial = answers.iter().find_map(|answer| answer.denial());
            let words = match (goes_to_several(kind), denial) {
                (false, _) => "goes to one VM at a time".to_owned(),
                (true, Some(denial)) if allowed == 0 => {
                    denial.told(&app.look.labels, None).to_string()
                }
                (true, _) if allowed == known.len() => match allowed {
                    1 => "its one VM".to_owned(),
                    2 => "both VMs".to_owned(),
                    all => format!("all {all} VMs"),
                },
                (true, _) => format!("{allowed} of {} VMs", known.len()),
            };
            Entry {
                command: UiCommand::Act(kind),
                title: app.look.labels.action(kind).to_owned(),
                words,
                available,
            }
        })
        .collect();
    let warnings: usize = known.iter().map(|vm| vm.warnings).sum();
    if warnings > 0 {
        entries.push(Entry {
            command: UiCommand::Acknowledge,
            title: "Acknowledge".to_owned(),
            words: format!("take {} away", counted(warnings, "warning", "warnings")),
            available: true,
        });
    }
    entries.sort_by_key(|entry| !entry.available);
    entries
}

/// `3 VMs · prod PRODUCTION`: what is acted on, with each cloud.
#[must_use]
pub fn subject(app: &App, vms: &[VmKey]) -> String {
    let mut clouds: Vec<_> = vms.iter().map(|vm| &vm.cloud).collect();
    clouds.sort();
    clouds.dedup();
    let words = clouds.iter().filter_map(|name| {
        let cloud = app.inventory.cloud(name)?;
        Some(cloud_words(cloud))
    });
    let words: Vec<_> = words.collect();
    let dot = app.look.theme.glyphs.dot;
    format!(
        "{} {dot} {}",
        counted(vms.len(), "VM", "VMs"),
        words.join(", ")
    )
}
