//! What is done to appliances as a whole, and making new ones.

use tui_input::Input;

use super::open;
use crate::console::app::App;
use crate::console::choices::{DraftOf, FormOf, Projects, VappForm, VappMenu};
use crate::console::layers::{Asked, Layer, Question};
use crate::console::lists::targets::vapp_name;
use crate::console::lists::tree::Node;
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::{Ask, CloudInfo, Command, CommandReport, Inventory};
use crate::model::text::clean_to;
use crate::model::vapp_action::touched;
use crate::model::{
    ActionKind, Availability, CloudName, Confirmation, Group, VappAction, VappActionKind, VappKey,
    VappStanding, VappState, Vm, VmKey, confirmation, may_create_vapp,
};

/// The longest name of an appliance, in characters.
const NAME_MAX: usize = 128;

/// The menu of the row under the cursor of the tree; `None` on a VM, and where nothing can be done.
#[must_use]
pub fn menu_here(app: &App) -> Option<VappMenu> {
    let menu = match app.tree.current() {
        Some(Node::Vapp(cloud, id)) => {
            let vapp = app.inventory.vapp(cloud, id);
            VappMenu {
                cloud: cloud.clone(),
                project: vapp.and_then(|vapp| vapp.project().cloned()),
                vapp: Some(VappKey {
                    cloud: cloud.clone(),
                    id: id.clone(),
                }),
                at: 0,
            }
        }
        Some(Node::Project(cloud, Some(id))) => VappMenu {
            cloud: cloud.clone(),
            project: project(&app.inventory, cloud, id),
            vapp: None,
            at: 0,
        },
        Some(Node::Cloud(cloud)) => VappMenu {
            cloud: cloud.clone(),
            project: None,
            vapp: None,
            at: 0,
        },
        _ => return None,
    };
    let makes = |cloud: &CloudName| {
        let view = app.inventory.cloud(cloud);
        view.is_some_and(|view| view.info.capabilities.create_vapp.is_some())
    };
    (menu.vapp.is_some() || makes(&menu.cloud)).then_some(menu)
}

/// Opens it. Says whether there is one.
pub(super) fn menu(app: &mut App) -> bool {
    let menu = menu_here(app);
    let any = menu.is_some();
    app.layers.extend(menu.map(Layer::VappMenu));
    any
}

/// A project by its id, as its appliances and VMs name it.
fn project(inventory: &Inventory, cloud: &CloudName, id: &str) -> Option<Group> {
    let vapps = inventory.vapps(cloud);
    let mut named = vapps.iter().filter_map(|vapp| vapp.project().cloned());
    named.find(|group| &*group.id == id).or_else(|| {
        let loose = inventory.loose(cloud);
        let mut named = loose.iter().filter_map(|(project, _)| project.cloned());
        named.find(|group| &*group.id == id)
    })
}

/// Begins an action on the appliance of the open menu.
pub(super) fn begin(app: &mut App, kind: VappActionKind) -> Vec<Effect> {
    let Some(Layer::VappMenu(menu)) = app.layers.last() else {
        return Vec::new();
    };
    let Some(key) = menu.vapp.clone() else {
        return Vec::new();
    };
    let name = vapp_name(&app.inventory, &key);
    let why = match app.inventory.vapp_availability(&key, kind) {
        Some(Availability::Allowed) => under_way(&app.inventory, &key).map(|report| {
            format!(
                "{} was asked for already",
                app.command_title(&report.command)
            )
        }),
        Some(Availability::Denied(denial)) => Some(denial.told(&app.look.labels, None).to_string()),
        None => Some("its cloud does not list it".to_owned()),
    };
    let title = app.look.labels.vapp_action(kind);
    let cloud = app.cloud_name(&key.cloud);
    if let Some(why) = why {
        let text = format!("{title} {name} on {cloud}: {why}");
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    }
    let action = match kind {
        VappActionKind::Deploy => VappAction::Deploy { force: false },
        VappActionKind::Undeploy => VappAction::Undeploy { force: false },
        VappActionKind::Delete => VappAction::Delete,
        VappActionKind::Edit => {
            let restricted = app
                .inventory
                .vapp(&key.cloud, &key.id)
                .is_some_and(|vapp| vapp.restricted() == Some(true));
            open_form(app, FormOf::Edit(key), &name, restricted);
            return Vec::new();
        }
    };
    let vms = touched_now(&app.inventory, &key, kind);
    if vms.is_empty() && kind != VappActionKind::Delete {
        let text = format!(
            "{title} {name} on {cloud}: none of its VMs is to be {} now",
            kind.done()
        );
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    }
    let expected = typed(&app.inventory, &key, kind, &vms);
    let command = Command::ActOnVapp {
        vapp: key.clone(),
        action,
        vms: vms.clone(),
    };
    let question = Question {
        what: Asked::OnVapp(kind, key, vms),
        commands: vec![command],
        expected,
        input: Input::default(),
        first: 0,
    };
    open(app, Layer::Question(question));
    Vec::new()
}

/// The VMs that an action on their appliance touches now, by name.
fn touched_now(inventory: &Inventory, key: &VappKey, kind: VappActionKind) -> Vec<VmKey> {
    let members = inventory.members(key);
    let vms = touched(kind, &members);
    vms.into_iter().map(|vm| vm.key.clone()).collect()
}

/// What asks about one VM of an appliance: as if it were acted on alone.
pub fn confirmation_of(kind: VappActionKind, vm: &Vm, info: &CloudInfo) -> Option<Confirmation> {
    let kind = match kind {
        VappActionKind::Deploy => ActionKind::Deploy,
        VappActionKind::Undeploy => ActionKind::Undeploy,
        VappActionKind::Delete => ActionKind::Delete,
        VappActionKind::Edit => return None,
    };
    confirmation(kind, vm, info.capabilities, info.production)
}

/// What must be typed before an action on an appliance: its name before it is deleted; else, where any of the VMs asks, how many they
/// are. A single VM asks as it would alone.
pub(super) fn typed(
    inventory: &Inventory,
    key: &VappKey,
    kind: VappActionKind,
    vms: &[VmKey],
) -> Option<String> {
    let name = || vapp_name(inventory, key).to_string();
    if kind == VappActionKind::Delete {
        return Some(name());
    }
    let info = &inventory.cloud(&key.cloud)?.info;
    let known = vms.iter().filter_map(|vm| inventory.find(vm));
    let mut asks = known.filter_map(|vm| confirmation_of(kind, vm, info));
    match vms {
        [_] => asks.any(|asks| asks.typed).then(name),
        _ => asks.next().map(|_| vms.len().to_string()),
    }
}

/// What was asked of an appliance and is not decided yet.
pub fn under_way<'a>(inventory: &'a Inventory, key: &VappKey) -> Option<&'a CommandReport> {
    let mut reports = inventory.reports().iter().rev();
    reports.find(|report| {
        let same = matches!(&report.command, Command::ActOnVapp { vapp, .. } if vapp == key);
        same && !report.stage.is_final()
    })
}

/// Why what was answered with yes is not sent after all: things have changed while the question was open.
pub(super) fn why_not(inventory: &Inventory, command: &Command) -> Option<String> {
    match command {
        Command::ActOnVapp { vapp, action, vms } => {
            let kind = action.kind();
            match inventory.vapp_availability(vapp, kind) {
                None => return Some(format!("{vapp} is gone")),
                Some(Availability::Denied(denial)) => return Some(denial.to_string()),
                Some(Availability::Allowed) => {}
            }
            if under_way(inventory, vapp).is_some() {
                return Some("something was asked of it already".to_owned());
            }
            let asks_by_vm = kind != VappActionKind::Edit;
            let changed = asks_by_vm && touched_now(inventory, vapp, kind) != *vms;
            changed.then(|| "its VMs have changed meanwhile; ask again".to_owned())
        }
        Command::CreateVapp {
            cloud, restricted, ..
        } => match standing(inventory, cloud) {
            None => Some(format!("{cloud} is gone")),
            Some(standing) => may_create_vapp(*restricted, &standing)
                .denial()
                .map(ToString::to_string),
        },
        _ => None,
    }
}

/// What the rules look at before an appliance is made.
#[must_use]
pub fn standing<'a>(inventory: &'a Inventory, cloud: &CloudName) -> Option<VappStanding<'a>> {
    let view = inventory.cloud(cloud)?;
    Some(VappStanding {
        capabilities: view.info.capabilities,
        privileges: view.session.as_ref().map(|session| &session.privileges),
        signed_out: view.signed_out(),
        read_only: view.info.read_only,
        restricted: false,
        state: VappState::Empty,
    })
}

/// A new appliance where the menu is open: its name first, and before that its project where it stands on a cloud.
pub(super) fn new(app: &mut App) -> Vec<Effect> {
    let Some(Layer::VappMenu(menu)) = app.layers.last() else {
        return Vec::new();
    };
    let (cloud, project) = (menu.cloud.clone(), menu.project.clone());
    let denial = standing(&app.inventory, &cloud)
        .and_then(|it| may_create_vapp(false, &it).denial().cloned());
    if let Some(denial) = denial {
        let text = format!("New appliance on {cloud}: {denial}");
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    }
    match project {
        Some(project) => {
            open_form(app, FormOf::New { cloud, project }, "", false);
            Vec::new()
        }
        None => {
            let ask = Effect::Ask(Ask::Projects(cloud.clone()));
            open(app, Layer::Projects(Projects { cloud, at: 0 }));
            vec![ask]
        }
    }
}

/// Takes the project under the cursor.
pub(super) fn choose_project(app: &mut App) {
    let Some(Layer::Projects(choice)) = app.layers.last() else {
        return;
    };
    let known = app.inventory.cloud(&choice.cloud);
    let Some(Ok(projects)) = known.and_then(|cloud| cloud.projects.as_ref()) else {
        return;
    };
    if let Some(project) = projects.get(choice.at).cloned() {
        let cloud = choice.cloud.clone();
        app.layers.pop();
        open_form(app, FormOf::New { cloud, project }, "", false);
    }
}

fn open_form(app: &mut App, of: FormOf, name: &str, restricted: bool) {
    let wanted = DraftOf::Vapp(of.clone());
    let kept = app.kept.take_if(|(draft, _)| *draft == wanted);
    let name = kept.map_or_else(|| name.to_owned(), |(_, text)| text);
    let form = VappForm {
        of,
        name: Input::new(name),
        restricted,
        on_box: false,
        empty: false,
    };
    open(app, Layer::VappForm(form));
}

/// Whether the box of a form can be ticked: `None` where the cloud has no restricted appliances, else the reason why not.
#[must_use]
pub fn box_of(inventory: &Inventory, of: &FormOf) -> Option<Result<(), String>> {
    let (standing, capabilities) = {
        let standing = match of {
            FormOf::New { cloud, .. } => standing(inventory, cloud)?,
            FormOf::Edit(key) => inventory.vapp_standing(key)?,
        };
        (standing, standing.capabilities)
    };
    capabilities.restricted_privilege?;
    Some(crate::model::may_restrict(&standing).map_err(|denial| denial.to_string()))
}

/// From the name to the box and back, where there is a box to go to.
pub(super) fn next_field(app: &mut App) {
    if let Some(Layer::VappForm(form)) = app.layers.last_mut() {
        let to_box = matches!(box_of(&app.inventory, &form.of), Some(Ok(())));
        form.on_box = !form.on_box && to_box;
    }
}

/// Ticks the box, or takes the tick away.
pub(super) fn toggle(app: &mut App) {
    if let Some(Layer::VappForm(form)) = app.layers.last_mut()
        && form.on_box
        && matches!(box_of(&app.inventory, &form.of), Some(Ok(())))
    {
        form.restricted = !form.restricted;
    }
}

/// The form is filled in.
pub(super) fn submit(app: &mut App) -> Vec<Effect> {
    let Some(Layer::VappForm(form)) = app.layers.last_mut() else {
        return Vec::new();
    };
    let name = clean_to(form.name.value().trim(), NAME_MAX).into_owned();
    if name.is_empty() {
        form.empty = true;
        form.on_box = false;
        return Vec::new();
    }
    let restricted = form.restricted;
    let command = match form.of.clone() {
        FormOf::New { cloud, project } => Command::CreateVapp {
            cloud,
            project: project.id,
            name,
            restricted,
        },
        FormOf::Edit(vapp) => Command::ActOnVapp {
            vapp,
            action: VappAction::Edit { name, restricted },
            vms: Vec::new(),
        },
    };
    if let Some(why) = why_not(&app.inventory, &command) {
        // What was typed stays: it may be allowed in a moment.
        let text = format!("{} was not sent: {why}", command.title());
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    }
    app.layers.pop();
    super::actions::close_menu(app);
    vec![Effect::Submit(command)]
}
