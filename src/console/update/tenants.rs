//! Looking at a cloud as another tenant.

use tui_input::Input;

use super::open;
use crate::console::app::App;
use crate::console::layers::{Layer, TenantChoice};
use crate::console::message::Effect;
use crate::console::notices::Level;
use crate::fleet::Ask;
use crate::model::{CloudName, Group, may_look_at};

/// Opens the choice for the cloud under the cursor, or says why there is none.
pub(super) fn open_choice(app: &mut App) -> Vec<Effect> {
    let Some(cloud) = app.inventory.clouds().get(app.clouds.at()) else {
        return Vec::new();
    };
    let name = cloud.info.name.clone();
    let answer = may_look_at(cloud.info.capabilities, cloud.session.as_deref());
    if let Some(denial) = answer.denial() {
        let why = denial.told(&app.look.labels, None);
        let text = format!("Another tenant of {name}: {why}");
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    }
    let choice = TenantChoice {
        cloud: name.clone(),
        input: Input::default(),
        at: 0,
    };
    open(app, Layer::Tenants(choice));
    vec![Effect::Ask(Ask::Tenants(name))]
}

/// The tenants that the typed text leaves, the user's own (`None`) first, where the text leaves it.
#[must_use]
pub fn listed(app: &App, choice: &TenantChoice) -> Vec<Option<Group>> {
    let typed = choice.input.value().trim().to_lowercase();
    let cloud = app.inventory.cloud(&choice.cloud);
    let tenants = cloud.and_then(|cloud| cloud.tenants.as_ref()?.as_ref().ok());
    // The list of a cloud has the user's own as well: once is enough.
    let home = cloud.and_then(|cloud| cloud.session.as_ref()?.tenant.as_deref());
    let own = Some(None).filter(|_| {
        home.is_some_and(|name| name.to_lowercase().contains(&typed)) || "own".starts_with(&typed)
    });
    let mut named: Vec<_> = tenants
        .into_iter()
        .flatten()
        .filter(|tenant| home != Some(&*tenant.name))
        .filter(|tenant| tenant.name.to_lowercase().contains(&typed))
        .cloned()
        .collect();
    named.sort_by(|a, b| (a.name.to_lowercase(), &a.id).cmp(&(b.name.to_lowercase(), &b.id)));
    own.into_iter().chain(named.into_iter().map(Some)).collect()
}

/// Looks at the cloud as the tenant under the cursor.
pub(super) fn choose(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Tenants(choice)) = app.layers.last() else {
        return Vec::new();
    };
    let Some(tenant) = listed(app, choice).into_iter().nth(choice.at) else {
        return Vec::new();
    };
    let cloud = choice.cloud.clone();
    app.layers.pop();
    let now = app
        .inventory
        .cloud(&cloud)
        .and_then(|cloud| cloud.tenant.as_ref());
    if now == tenant.as_ref() {
        return Vec::new();
    }
    vec![Effect::Ask(Ask::LookAt(cloud, tenant))]
}

/// The engine looks at a cloud in another way from now on.
pub(super) fn looks_at(app: &mut App, cloud: &CloudName, tenant: Option<&Group>) {
    app.events.forget(cloud);
    let text = match tenant {
        Some(tenant) => format!("{cloud} is looked at as {}", tenant.name),
        None => format!("{cloud} is looked at as your own tenant"),
    };
    app.notices.add(app.now, Level::Info, text);
    app.dirty = true;
}
