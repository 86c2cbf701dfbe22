//! From a key to a command: may it be done, must it be asked.

use tui_input::Input;

use super::protecting::ask_reason;
use super::{open, transfer};
use crate::console::app::App;
use crate::console::choices::Way;
use crate::console::keymap::ViewKind;
use crate::console::layers::{Asked, Hosts, Layer, Question};
use crate::console::message::Effect;
use crate::console::naming::name_of;
use crate::console::notices::Level;
use crate::console::text::counted;
use crate::fleet::{Ask, Command};
use crate::model::{Action, ActionKind, Denial, TaskKey, Vm, VmKey, confirmation};

/// Begins an action on what actions go to now.
pub(super) fn begin(app: &mut App, kind: ActionKind) -> Vec<Effect> {
    let targets = app.targets();
    match targets.as_slice() {
        [] => {
            let hint = match app.view {
                ViewKind::Appliances => "put the cursor on a VM or an appliance",
                _ => "this acts on a VM, and there is none under the cursor",
            };
            app.notices.add(
                app.now,
                Level::Info,
                format!("{}: {hint}", app.look.labels.action(kind)),
            );
            Vec::new()
        }
        [vm] => begin_on(app, kind, vm.clone()),
        _ => begin_on_many(app, kind, targets),
    }
}

/// Begins an action on a VM: refused comes before asked.
pub(super) fn begin_on(app: &mut App, kind: ActionKind, vm: VmKey) -> Vec<Effect> {
    let choose =
        kind == ActionKind::Delete && transfer::any_imported(app, std::slice::from_ref(&vm));
    match Action::plain(kind).filter(|_| !choose) {
        Some(action) => begin_action(app, action, vm),
        None => begin_with_arguments(app, kind, vm),
    }
}

/// Begins an action that needs nothing more to be known.
pub(super) fn begin_action(app: &mut App, action: Action, vm: VmKey) -> Vec<Effect> {
    let kind = action.kind();
    let denial = app
        .inventory
        .overview_of(&vm)
        .and_then(|overview| overview.availability_of(&action).denial().cloned());
    if !may_begin(app, kind, &vm, denial) {
        return Vec::new();
    }
    let Some(overview) = app.inventory.overview_of(&vm) else {
        return Vec::new();
    };
    let command = Command::act_on(overview.vm, action);
    let info = &overview.cloud.info;
    match confirmation(kind, overview.vm, info.capabilities, info.production) {
        None => {
            close_menu(app);
            vec![Effect::Submit(command)]
        }
        Some(confirmation) => {
            let expected = confirmation.typed.then(|| overview.vm.name.to_string());
            let what = Asked::Action(kind, vm);
            open(
                app,
                Layer::Question(Question {
                    what,
                    commands: vec![command],
                    expected,
                    input: Input::default(),
                    first: 0,
                }),
            );
            Vec::new()
        }
    }
}

/// What must be said first: a reason, a host, an appliance, a name, what deleting means.
fn begin_with_arguments(app: &mut App, kind: ActionKind, vm: VmKey) -> Vec<Effect> {
    let denial = app
        .inventory
        .overview_of(&vm)
        .and_then(|overview| overview.availability(kind).denial().cloned());
    if !may_begin(app, kind, &vm, denial) {
        return Vec::new();
    }
    match kind {
        ActionKind::Protect => {
            ask_reason(app, vec![vm]);
            Vec::new()
        }
        ActionKind::Relocate | ActionKind::Evacuate => {
            let hosts = Hosts {
                vm: vm.clone(),
                kind,
                hosts: None,
                at: 0,
            };
            open(app, Layer::Hosts(hosts));
            vec![Effect::Ask(Ask::Candidates(vm))]
        }
        ActionKind::Move => {
            transfer::pick(app, Way::Move, vec![vm]);
            Vec::new()
        }
        ActionKind::Restrict => {
            transfer::pick(app, Way::Restrict, vec![vm]);
            Vec::new()
        }
        ActionKind::Snapshot => {
            transfer::ask_name(app, vm);
            Vec::new()
        }
        ActionKind::Delete => {
            transfer::ask_release(app, vec![vm]);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Whether it may be done; what may not is told with its reason.
fn may_begin(app: &mut App, kind: ActionKind, vm: &VmKey, denial: Option<Denial>) -> bool {
    let Some(overview) = app.inventory.overview_of(vm) else {
        app.notices
            .add(app.now, Level::Caution, format!("{vm} is gone"));
        return false;
    };
    if let Some(denial) = denial {
        let text = format!(
            "{} {} on {}: {}",
            app.words(kind, &overview).title,
            overview.vm.name,
            name_of(overview.cloud),
            app.told(&denial, kind, &overview),
        );
        app.notices.add(app.now, Level::Caution, text);
        return false;
    }
    true
}

/// Begins an action on several VMs: a reason first where one is needed, then a question that lists each.
fn begin_on_many(app: &mut App, kind: ActionKind, vms: Vec<VmKey>) -> Vec<Effect> {
    let allowed = |vm: &VmKey| {
        app.inventory
            .availability(vm, kind)
            .is_some_and(|answer| answer.is_allowed())
    };
    if !vms.iter().any(allowed) {
        let first = vms.first().and_then(|vm| app.inventory.overview_of(vm));
        let why = first
            .and_then(|vm| Some(app.told(vm.availability(kind).denial()?, kind, &vm)))
            .unwrap_or_default();
        let count = counted(vms.len(), "VM", "VMs");
        app.notices.add(
            app.now,
            Level::Caution,
            format!(
                "{}: none of {count} can be acted on now; {why}",
                app.look.labels.action(kind)
            ),
        );
        return Vec::new();
    }
    match (kind, Action::plain(kind)) {
        (ActionKind::Protect, _) => ask_reason(app, vms),
        (ActionKind::Move, _) => transfer::pick(app, Way::Move, vms),
        (ActionKind::Restrict, _) => transfer::pick(app, Way::Restrict, vms),
        (ActionKind::Delete, _) if transfer::any_imported(app, &vms) => {
            transfer::ask_release(app, vms);
        }
        (_, Some(action)) => ask_many(app, &action, vms),
        (_, None) => {
            let text = format!("{} goes to one VM at a time", app.look.labels.action(kind));
            app.notices.add(app.now, Level::Info, text);
        }
    }
    Vec::new()
}

/// The same action for each.
pub(super) fn ask_many(app: &mut App, action: &Action, vms: Vec<VmKey>) {
    ask_each(app, action.kind(), vms, |_| Some(action.clone()));
}

/// The question that lists each VM, with those left out and why. What takes something away, or touches production, wants the number
/// typed. `of` tells what is done to a VM; nothing where there is nothing to do.
pub(super) fn ask_each(
    app: &mut App,
    kind: ActionKind,
    vms: Vec<VmKey>,
    of: impl Fn(&Vm) -> Option<Action>,
) {
    let mut commands = Vec::new();
    let mut serious = false;
    for vm in &vms {
        let Some(overview) = app.inventory.overview_of(vm) else {
            continue;
        };
        if overview.availability(kind).is_allowed()
            && let Some(action) = of(overview.vm)
        {
            commands.push(Command::act_on(overview.vm, action));
            let info = &overview.cloud.info;
            serious |=
                confirmation(kind, overview.vm, info.capabilities, info.production).is_some();
        }
    }
    let expected = serious.then(|| commands.len().to_string());
    let what = Asked::Many(kind, vms);
    open(
        app,
        Layer::Question(Question {
            what,
            commands,
            expected,
            input: Input::default(),
            first: 0,
        }),
    );
}

/// The action that a task carried out, to try it again.
#[must_use]
pub(super) fn action_of(app: &App, task: &TaskKey) -> Option<(ActionKind, VmKey)> {
    let task = app.inventory.task(task)?;
    let kind = ActionKind::from_id(&task.kind.as_str().to_lowercase())?;
    Action::plain(kind)?;
    Some((kind, task.vm.clone()?))
}

/// The menu has done its work.
pub(super) fn close_menu(app: &mut App) {
    app.layers
        .retain(|layer| !matches!(layer, Layer::Menu(_) | Layer::VappMenu(_)));
}
