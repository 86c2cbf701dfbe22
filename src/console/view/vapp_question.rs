//! The questions before something is done to an appliance, and after a cloud has asked before it goes on.

use super::paint::Pieces;
use super::popup::wrapped;
use super::row;
use crate::console::app::App;
use crate::console::lists::targets::vapp_name;
use crate::console::naming::cloud_words;
use crate::console::text::{counted, width};
use crate::console::update::appliances::confirmation_of;
use crate::fleet::{Command, CommandReport, Stage};
use crate::model::{VappAction, VappActionKind, VappKey, Vm, VmKey};

/// The cells of a VM's state, and one blank.
const STATE: usize = 25;

/// A VM on a line: its state, its name, its note.
fn vm_line(app: &App, key: &VmKey) -> Option<Pieces> {
    let theme = &app.look.theme;
    let vm = app.inventory.overview_of(key)?;
    let state = row::state(app, &vm);
    let blank = " ".repeat(STATE.saturating_sub(state.width()));
    let name = &vm.vm.name;
    let after = " ".repeat(18_usize.saturating_sub(width(name)) + 1);
    let mut pieces = Pieces::default();
    pieces
        .extend(state)
        .add(blank, theme.text)
        .add(format!("{name}{after}"), theme.text)
        .extend(row::note(app, &vm));
    Some(pieces)
}

/// A cloud, as every question names it.
fn cloud_of(app: &App, name: &crate::model::CloudName) -> String {
    app.inventory
        .cloud(name)
        .map_or_else(|| name.to_string(), cloud_words)
}

/// The question before an action on an appliance: what happens, to which of its VMs, and what stays as it is.
pub fn lines(
    app: &App,
    kind: VappActionKind,
    key: &VappKey,
    vms: &[VmKey],
    cells: usize,
) -> (String, Vec<Pieces>) {
    let theme = &app.look.theme;
    let name = vapp_name(&app.inventory, key);
    let labels = &app.look.labels;
    let verb = labels.vapp_action(kind);
    let title = format!("{verb} {name} on {}?", cloud_of(app, &key.cloud));
    let members = app.inventory.members(key);
    let info = app.inventory.cloud(&key.cloud).map(|cloud| &cloud.info);
    let mut lines = Vec::new();
    let names: Vec<_> = vms
        .iter()
        .filter_map(|vm| Some(app.inventory.find(vm)?.name.to_string()))
        .collect();
    let rest: Vec<_> = members
        .iter()
        .filter(|vm| !vms.contains(&vm.key))
        .map(|vm| format!("{} is {}", vm.name, labels.power_of(vm)))
        .collect();
    let verb = match kind {
        VappActionKind::Deploy => "Deploys",
        VappActionKind::Undeploy => "Undeploys",
        VappActionKind::Delete => "Deletes it with",
        VappActionKind::Edit => "Changes",
    };
    let mut what = match (names.len(), members.len()) {
        (_, 0) => "There is no VM in it; it is removed for good.".to_owned(),
        (some, all) if some == all => format!("{verb} {}.", counted(all, "VM", "VMs")),
        (some, all) => format!("{verb} {some} of {all}: {}", names.join(", ")),
    };
    if !rest.is_empty() {
        what.push_str(&format!("; {}", rest.join(", ")));
    }
    wrapped(&what, cells, theme.text, &mut lines);
    if !members.is_empty() {
        wrapped(kind.consequence(), cells, theme.text, &mut lines);
    }
    let mut because: Vec<String> = Vec::new();
    for vm in vms.iter().filter_map(|vm| app.inventory.find(vm)) {
        let asks = info.and_then(|info| confirmation_of(kind, vm, info));
        let asks = asks.map(|asks| asks.because);
        for why in asks.into_iter().flatten() {
            if !because.contains(&why) {
                because.push(why);
            }
        }
    }
    if !because.is_empty() {
        let text = format!("Asked because: {}.", because.join(", "));
        wrapped(&text, cells, theme.caution, &mut lines);
    }
    if !vms.is_empty() {
        lines.push(Pieces::default());
        lines.extend(vms.iter().filter_map(|vm| vm_line(app, vm)));
    }
    (title, lines)
}

/// What going on means, for what was asked for once or of several.
fn meaning(command: &Command, several: bool) -> String {
    use crate::model::Action;
    let it = match (command, several) {
        (Command::ActOnVapp { .. }, _) => "its VMs",
        (_, true) => "them",
        (_, false) => "it",
    };
    match command {
        Command::Act {
            action: Action::Deploy { .. },
            ..
        }
        | Command::ActOnVapp {
            action: VappAction::Deploy { .. },
            ..
        } => format!("Going on deploys {it} over that limit."),
        Command::Act {
            action: Action::Undeploy { .. },
            ..
        }
        | Command::ActOnVapp {
            action: VappAction::Undeploy { .. },
            ..
        } => format!("Going on undeploys {it} although that data is lost."),
        other => format!(
            "Going on does it ({}) whatever speaks against it.",
            other.title().to_lowercase()
        ),
    }
}

/// What a cloud asked, or several: the cloud's words, what they are about, what going on means.
pub fn force_lines(app: &App, reports: &[CommandReport], cells: usize) -> (String, Vec<Pieces>) {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    let alike = |a: &CommandReport, b: &CommandReport| {
        a.command.title() == b.command.title() && a.command.cloud() == b.command.cloud()
    };
    let all_alike = reports.windows(2).all(|two| alike(&two[0], &two[1]));
    let title = match reports {
        [] => String::new(),
        [one] => format!(
            "{} {} on {} all the same?",
            app.command_title(&one.command),
            one.vm_name,
            cloud_of(app, one.command.cloud())
        ),
        [first, ..] if all_alike => format!(
            "{} {} on {} all the same?",
            app.command_title(&first.command),
            counted(reports.len(), "VM", "VMs"),
            cloud_of(app, first.command.cloud())
        ),
        several => {
            let count = counted(several.len(), "thing", "things");
            format!("Do {count} all the same?")
        }
    };
    for report in reports {
        match report.command.vm().and_then(|vm| vm_line(app, vm)) {
            Some(line) => lines.push(line),
            None => wrapped(&report.vm_name, cells, theme.text, &mut lines),
        }
        if !all_alike {
            let cloud = cloud_of(app, report.command.cloud());
            let what = format!("  {} on {cloud}", app.command_title(&report.command));
            wrapped(&what, cells, theme.dim, &mut lines);
        }
        let words = match &report.stage {
            Stage::NeedsForce { asks, .. } => format!("The cloud says: {asks}"),
            other => other.message().unwrap_or_default().to_owned(),
        };
        let mut told = Vec::new();
        wrapped(&words, cells.saturating_sub(2), theme.text, &mut told);
        for line in told {
            let mut pieces = Pieces::default();
            pieces.add("  ", theme.text).extend(line);
            lines.push(pieces);
        }
    }
    let mut meanings: Vec<_> = reports
        .iter()
        .map(|report| meaning(&report.command, reports.len() > 1))
        .collect();
    meanings.dedup();
    // What going on means comes first where there is a list to scroll.
    let mut before = Vec::new();
    for text in meanings {
        wrapped(&text, cells, theme.caution, &mut before);
    }
    if reports.len() > 1 {
        before.push(Pieces::default());
        before.extend(lines);
        (title, before)
    } else {
        lines.push(Pieces::default());
        lines.extend(before);
        (title, lines)
    }
}

/// What an action with arguments does beyond its kind: where to, released rather than deleted.
pub fn argument_lines(app: &App, commands: &[Command], cells: usize, lines: &mut Vec<Pieces>) {
    use crate::model::Action;
    let theme = &app.look.theme;
    let actions = || {
        commands.iter().filter_map(|command| match command {
            Command::Act { vm, action, .. } => Some((vm, action)),
            _ => None,
        })
    };
    let target = actions().find_map(|(vm, action)| match action {
        Action::Move { vapp } | Action::Restrict { vapp: Some(vapp) } => Some(VappKey {
            cloud: vm.cloud.clone(),
            id: vapp.as_str().into(),
        }),
        _ => None,
    });
    if let Some(key) = target {
        let name = vapp_name(&app.inventory, &key);
        let state = app.inventory.vapp(&key.cloud, &key.id);
        let state = state.map_or_else(String::new, |vapp| {
            format!(", {}", app.look.labels.vapp(vapp.state()))
        });
        let text = format!("Into the appliance {name}{state}.");
        wrapped(&text, cells, theme.text, lines);
    }
    let new = |action: &Action| matches!(action, Action::Restrict { vapp: None });
    if actions().any(|(_, action)| new(action)) {
        let text = "Into a restricted appliance that the cloud makes.";
        wrapped(text, cells, theme.text, lines);
    }
    let copy = actions().find_map(|(_, action)| match action {
        Action::Snapshot { name } => Some(name),
        _ => None,
    });
    if let Some(name) = copy {
        wrapped(&format!("It is called {name}."), cells, theme.text, lines);
    }
    let released = actions()
        .filter(|(_, action)| matches!(action, Action::Delete { release: true, .. }))
        .count();
    if released > 0 {
        let who = match (released, commands.len()) {
            (1, 1) => "It is released".to_owned(),
            (some, _) => format!("{some} of them are released"),
        };
        let text = format!("{who}: left on the hypervisor, and only forgotten by the cloud.");
        wrapped(&text, cells, theme.caution, lines);
    }
}

/// Whether a VM stands where these commands put the others.
pub fn stands_there(vm: &Vm, commands: &[Command]) -> bool {
    use crate::model::Action;
    let home = vm.vapp.as_ref().map(|group| &*group.id);
    commands.iter().any(|command| match command {
        Command::Act {
            action: Action::Move { vapp } | Action::Restrict { vapp: Some(vapp) },
            ..
        } => home == Some(vapp.as_str()),
        _ => false,
    })
}

/// What a person calls an action on VMs with what is known of its arguments; `called` is its ordinary name.
pub fn action_title(commands: &[Command], called: &str) -> String {
    use crate::model::Action;
    let released = |command: &Command| {
        let Command::Act { action, .. } = command else {
            return false;
        };
        matches!(action, Action::Delete { release: true, .. })
    };
    if !commands.is_empty() && commands.iter().all(released) {
        return "Release".to_owned();
    }
    called.to_owned()
}
