//! The reason of a protection: asked for, recalled from earlier ones, sent.

use tui_input::Input;

use super::actions::{ask_many, close_menu};
use super::answering::still_allowed;
use super::open;
use crate::console::app::App;
use crate::console::layers::{Layer, Protect};
use crate::console::message::Effect;
use crate::fleet::Command;
use crate::model::text::clean_to;
use crate::model::{Action, VmKey};

/// The longest reason, in characters.
const REASON_MAX: usize = 500;

/// Asks for the reason; one that was begun for the same VMs comes back.
pub(super) fn ask_reason(app: &mut App, vms: Vec<VmKey>) {
    let kept = app
        .draft
        .take()
        .filter(|(of, _)| *of == vms)
        .map(|(_, text)| text)
        .unwrap_or_default();
    let protect = Protect {
        vms,
        input: Input::new(kept),
        recalled: None,
        own: String::new(),
        empty: false,
    };
    open(app, Layer::Protect(protect));
}

/// The reason of a protection is typed.
pub(super) fn protect(app: &mut App) -> Vec<Effect> {
    let Some(Layer::Protect(protect)) = app.layers.last_mut() else {
        return Vec::new();
    };
    let reason = clean_to(protect.input.value().trim(), REASON_MAX).into_owned();
    if reason.is_empty() {
        protect.empty = true;
        return Vec::new();
    }
    let vms = protect.vms.clone();
    app.layers.pop();
    app.remembered.remember_reason(&reason);
    let action = Action::Protect { reason };
    match vms.as_slice() {
        [vm] => {
            close_menu(app);
            let Some(known) = app.inventory.find(vm) else {
                return Vec::new();
            };
            let command = Command::act_on(known, action);
            still_allowed(app, command)
                .map(Effect::Submit)
                .into_iter()
                .collect()
        }
        _ => {
            ask_many(app, &action, vms);
            Vec::new()
        }
    }
}

/// An earlier or later reason instead of what is typed; one's own text comes back after the latest.
pub(super) fn recall(app: &mut App, earlier: bool) {
    let reasons = app.remembered.reasons().to_vec();
    let Some(Layer::Protect(protect)) = app.layers.last_mut() else {
        return;
    };
    let next = match (protect.recalled, earlier) {
        (None, true) => Some(0),
        (Some(at), true) => Some((at + 1).min(reasons.len().saturating_sub(1))),
        (Some(at), false) => at.checked_sub(1),
        (None, false) => return,
    };
    if protect.recalled.is_none() {
        protect.own = protect.input.value().to_owned();
    }
    let text = match next {
        Some(at) => match reasons.get(at) {
            Some(reason) => reason.clone(),
            None => return,
        },
        None => protect.own.clone(),
    };
    protect.recalled = next;
    protect.empty = false;
    protect.input = Input::new(text);
}
