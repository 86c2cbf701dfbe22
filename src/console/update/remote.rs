//! How the screen of a VM is reached, and what is copied of a VM.

use super::open;
use crate::console::app::App;
use crate::console::layers::{CopyChoice, Layer, Remote};
use crate::console::message::{Clip, Effect};
use crate::console::notices::Level;
use crate::console::outside::viewer::Reach;
use crate::console::outside::{Launch, Outside, ScreenFile};
use crate::fleet::Ask;
use crate::model::{RemoteAccess, VmKey};

/// Asked for when somebody wants to see it, and kept nowhere: some clouds answer with an address for one use.
pub(super) fn open_remote(app: &mut App) -> Vec<Effect> {
    let Some(vm) = app.current_vm() else {
        let text = "Screen: there is no VM under the cursor";
        app.notices.add(app.now, Level::Info, text);
        return Vec::new();
    };
    let remote = Remote {
        vm: vm.clone(),
        access: None,
        revealing: false,
    };
    open(app, Layer::Remote(remote));
    vec![Effect::Ask(Ask::Remote { vm, reveal: false })]
}

/// Takes an answer in. A password that nobody here has asked for goes no further.
pub(super) fn take(app: &mut App, vm: &VmKey, access: &Result<RemoteAccess, String>) {
    for layer in &mut app.layers {
        if let Layer::Remote(remote) = layer
            && remote.vm == *vm
        {
            let mut access = access.clone();
            if let (Ok(access), false) = (&mut access, remote.revealing) {
                access.password = None;
            }
            remote.access = Some(access);
            app.dirty = true;
        }
    }
}

/// The dialog that is open, with what its cloud has told.
fn told(app: &App) -> Option<(VmKey, RemoteAccess)> {
    match app.layers.last()? {
        Layer::Remote(Remote {
            vm,
            access: Some(Ok(access)),
            ..
        }) => Some((vm.clone(), access.clone())),
        _ => None,
    }
}

/// Asks for the password.
pub(super) fn reveal(app: &mut App) -> Vec<Effect> {
    let Some((vm, access)) = told(app) else {
        return Vec::new();
    };
    if access.password.is_some() {
        return Vec::new();
    }
    if access.has_password == Some(false) {
        let text = "This screen asks for no password";
        app.notices.add(app.now, Level::Info, text);
        return Vec::new();
    }
    if let Some(Layer::Remote(remote)) = app.layers.last_mut() {
        remote.revealing = true;
    }
    vec![Effect::Ask(Ask::Remote { vm, reveal: true })]
}

/// Copies where the screen is.
pub(super) fn copy_address(app: &mut App) -> Vec<Effect> {
    match told(app).and_then(|(_, access)| access.address()) {
        Some(address) => copied(app, "The address", Clip::Plain(address)),
        None => Vec::new(),
    }
}

/// Copies the password that is shown, and no other.
pub(super) fn copy_password(app: &mut App) -> Vec<Effect> {
    match told(app).and_then(|(_, access)| access.password) {
        Some(password) => copied(app, "The password", Clip::Secret(password)),
        None => {
            let text = "The password is copied once it is shown";
            app.notices.add(app.now, Level::Info, text);
            Vec::new()
        }
    }
}

fn copied(app: &mut App, what: &str, clip: Clip) -> Vec<Effect> {
    app.notices
        .add(app.now, Level::Good, format!("{what} is copied"));
    vec![Effect::Copy(clip)]
}

/// Name and title of the dialog's VM.
fn names(app: &App, vm: &VmKey) -> (String, String) {
    let name = app.inventory.find(vm).map(|known| known.name.to_string());
    let name = name.unwrap_or_else(|| vm.id.to_string());
    let title = format!("{name} on {}", app.cloud_name(&vm.cloud));
    (name, title)
}

/// Opens the screen in the program that the configuration names.
pub(super) fn open_viewer(app: &mut App) -> Vec<Effect> {
    let Some((vm, access)) = told(app) else {
        return Vec::new();
    };
    let (name, title) = names(app, &vm);
    let Some(viewer) = &app.look.viewer else {
        let text = format!(
            "No program is configured that opens a screen: viewer = \"remote-viewer {{url}}\" under [console] in {}",
            app.look.config_path
        );
        app.notices.add(app.now, Level::Caution, text);
        return Vec::new();
    };
    match Launch::of(viewer, &Reach::of(&access), &name, &title) {
        Ok(launch) => {
            let text = format!("{title}: {} is started", launch.program);
            app.notices.add(app.now, Level::Info, text);
            vec![Effect::Outside(Outside::Launch(launch))]
        }
        Err(why) => {
            let text = format!("The screen of {title} was not opened: {why}");
            app.notices.add(app.now, Level::Caution, text);
            Vec::new()
        }
    }
}

/// Writes a connection file for virt-viewer.
pub(super) fn write_file(app: &mut App) -> Vec<Effect> {
    let Some((vm, access)) = told(app) else {
        return Vec::new();
    };
    let (name, title) = names(app, &vm);
    match ScreenFile::of(&Reach::of(&access), &name, &title) {
        Ok(file) => vec![Effect::Outside(Outside::ScreenFile(file))],
        Err(why) => {
            let text = format!("No connection file for {title}: {why}");
            app.notices.add(app.now, Level::Caution, text);
            Vec::new()
        }
    }
}

/// What there is to copy of the VM that actions go to now.
pub(super) fn open_copy(app: &mut App) {
    let vm = app.current_vm();
    let known = vm.as_ref().and_then(|vm| app.inventory.find(vm));
    let (Some(vm), Some(known)) = (vm.clone(), known) else {
        let text = "Copy: there is no VM under the cursor";
        app.notices.add(app.now, Level::Info, text);
        return;
    };
    let mut texts = vec![("Name", known.name.to_string())];
    texts.extend(
        known
            .addresses
            .iter()
            .map(|one| ("Address", one.to_string())),
    );
    texts.push(("Id", format!("{}/{}", vm.cloud, vm.id)));
    for (what, text) in [
        ("UUID", &known.uuid),
        ("Native name", &known.native_name),
        ("Host", &known.host),
    ] {
        texts.extend(text.as_ref().map(|text| (what, text.to_string())));
    }
    let choice = CopyChoice { vm, texts, at: 0 };
    open(app, Layer::Copy(choice));
}

/// Copies the one under the cursor.
pub(super) fn choose_copy(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Copy(choice)) = app.layers.last() else {
        return Vec::new();
    };
    let Some((what, text)) = choice.texts.get(choice.at).cloned() else {
        return Vec::new();
    };
    app.layers.pop();
    app.notices
        .add(app.now, Level::Good, format!("{what} is copied: {text}"));
    vec![Effect::Copy(Clip::Plain(text))]
}
