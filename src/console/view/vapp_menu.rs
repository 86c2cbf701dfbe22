//! The action menu of an appliance: what is done to it as a whole, what to its VMs, and making a new one beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::menu::{Entry, draw_entries};
use super::several;
use crate::console::app::App;
use crate::console::choices::VappMenu;
use crate::console::keymap::UiCommand;
use crate::console::naming::cloud_words;
use crate::console::text::counted;
use crate::console::update::appliances::{standing, under_way};
use crate::console::viewports::Port;
use crate::model::vapp_action::touched;
use crate::model::{VappActionKind, VappKey, VmKey, may_create_vapp};

/// What can be done now first, then the others with their reasons.
#[must_use]
pub fn entries(app: &App, menu: &VappMenu) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some(key) = &menu.vapp {
        let own = VappActionKind::ALL
            .into_iter()
            .filter_map(|kind| own(app, key, kind));
        entries.extend(own);
    }
    entries.extend(new(app, menu));
    if let Some(key) = &menu.vapp {
        let members: Vec<VmKey> = app
            .inventory
            .members(key)
            .iter()
            .map(|vm| vm.key.clone())
            .collect();
        let whole = entries
            .iter()
            .any(|entry| matches!(entry.command, UiCommand::ActOnVapp(_)));
        entries.extend(several::entries(app, &members, whole));
    }
    entries.sort_by_key(|entry| !entry.available);
    entries
}

/// An action on the appliance itself, where its cloud has such.
fn own(app: &App, key: &VappKey, kind: VappActionKind) -> Option<Entry> {
    let cloud = app.inventory.cloud(&key.cloud)?;
    let rules = cloud.info.capabilities.vapp_rules;
    rules.iter().find(|rule| rule.action == kind)?;
    let denial = match app.inventory.vapp_availability(key, kind) {
        None => Some("its cloud does not list it".to_owned()),
        Some(answer) => answer
            .denial()
            .map(|denial| denial.told(&app.look.labels, None).to_string()),
    };
    let pending = under_way(&app.inventory, key).map(|report| {
        format!(
            "{} was asked for already",
            app.command_title(&report.command)
        )
    });
    let why_not = denial.or(pending);
    let members = app.inventory.members(key);
    let (some, all) = (touched(kind, &members).len(), members.len());
    let of_all = match (some, all) {
        (1, 1) => "its one VM".to_owned(),
        (2, 2) => "both its VMs".to_owned(),
        (some, all) if some == all => format!("all its {all} VMs"),
        (some, all) => format!("{some} of its {all} VMs"),
    };
    let words = match kind {
        VappActionKind::Deploy => format!("put {of_all} on hosts"),
        VappActionKind::Undeploy => format!("take {of_all} off their hosts"),
        VappActionKind::Edit => "change its name, or who sees it".to_owned(),
        VappActionKind::Delete if all == 0 => "remove it for good".to_owned(),
        VappActionKind::Delete => {
            format!("remove it with {}", counted(all, "VM", "VMs"))
        }
    };
    Some(Entry {
        command: UiCommand::ActOnVapp(kind),
        title: app.look.labels.vapp_action(kind).to_owned(),
        available: why_not.is_none(),
        words: why_not.unwrap_or(words),
    })
}

/// A new appliance, where the cloud has such.
fn new(app: &App, menu: &VappMenu) -> Option<Entry> {
    let cloud = app.inventory.cloud(&menu.cloud)?;
    cloud.info.capabilities.create_vapp?;
    let standing = standing(&app.inventory, &menu.cloud)?;
    let answer = may_create_vapp(false, &standing);
    let place = match &menu.project {
        Some(project) => format!("in {}", project.name),
        None => "in one of its projects".to_owned(),
    };
    Some(Entry {
        command: UiCommand::NewVapp,
        title: "New appliance".to_owned(),
        available: answer.is_allowed(),
        words: answer.denial().map_or(place, |denial| {
            denial.told(&app.look.labels, None).to_string()
        }),
    })
}

/// `shop-front · prod PRODUCTION · Partially deployed`: what is acted on.
#[must_use]
pub fn subject(app: &App, key: &VappKey) -> String {
    let dot = app.look.theme.glyphs.dot;
    let cloud = app
        .inventory
        .cloud(&key.cloud)
        .map_or_else(|| key.cloud.to_string(), cloud_words);
    match app.inventory.vapp(&key.cloud, &key.id) {
        Some(vapp) => format!(
            "{} {dot} {cloud} {dot} {}",
            vapp.name(),
            app.look.labels.vapp(vapp.state())
        ),
        None => format!("{key} {dot} {cloud}"),
    }
}

/// Draws it.
pub fn draw(app: &App, menu: &VappMenu, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let dot = app.look.theme.glyphs.dot;
    let title = match (&menu.vapp, &menu.project) {
        (Some(key), _) => subject(app, key),
        (None, project) => {
            let cloud = app.inventory.cloud(&menu.cloud);
            let cloud = cloud.map_or_else(String::new, cloud_words);
            match project {
                Some(project) => format!("{} {dot} {cloud}", project.name),
                None => cloud,
            }
        }
    };
    let entries = entries(app, menu);
    draw_entries(app, &title, &entries, menu.at, port, area, buffer);
}
