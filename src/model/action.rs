//! What can be done to a VM: each action declared once, for menus, keys, help, questions, the command line and the journal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much harm an action can do when it hits the wrong VM. Ordered: `Destructive` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionClass {
    /// Changes nothing that users of the VM notice.
    Safe,
    /// Changes the VM, takes nothing away.
    Changes,
    /// Interrupts whoever uses the VM; asks in production.
    Disruptive,
    /// Work in progress or data is lost; always asks.
    Destructive,
}

/// The kinds of actions of every cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Start it.
    PowerOn,
    /// Ask its guest to stop.
    Shutdown,
    /// Cut its power.
    PowerOff,
    /// Hold it in memory.
    Pause,
    /// Let a paused one go on.
    Resume,
    /// Restart it through its guest.
    Reboot,
    /// Restart it hard.
    Reset,
    /// Block it for others, with a reason.
    Protect,
    /// Release a protected one.
    Unprotect,
    /// Put it on a host.
    Deploy,
    /// Take it off its host.
    Undeploy,
    /// Make a copy of its disks.
    Snapshot,
    /// Remove it.
    Delete,
    /// Move it to another host.
    Relocate,
    /// Move it to another appliance.
    Move,
    /// Move it to a restricted appliance.
    Restrict,
    /// Save its memory to disk and free its host.
    Suspend,
    /// Bring a deleted one back.
    Restore,
    /// Take it off its host and keep its disks (OpenStack).
    Shelve,
    /// Put a shelved one on a host again.
    Unshelve,
    /// Start it from a rescue image, its own disk beside.
    Rescue,
    /// Start it from its own disk again.
    Unrescue,
    /// Keep the new size of a resized one.
    ConfirmResize,
    /// Go back to the size before.
    RevertResize,
    /// Make it anew on another host, because its own is lost.
    Evacuate,
}

/// The declaration of one kind of action.
#[derive(Debug)]
pub struct ActionSpec {
    /// The kind it declares.
    pub kind: ActionKind,
    /// Stable text: keymaps, JSON and the journal use it.
    pub id: &'static str,
    /// What a person calls it, imperative.
    pub title: &'static str,
    /// One line: what it does.
    pub help: &'static str,
    /// What is shown when it was done: `web-01 is on`.
    pub done: &'static str,
    /// How much harm it can do.
    pub class: ActionClass,
    /// What happens to the VM's users, for the question that is asked first.
    pub consequence: &'static str,
}

macro_rules! spec {
    ($kind:ident, $id:literal, $title:literal, $class:ident, $help:literal, $done:literal, $consequence:literal) => {
        ActionSpec {
            kind: ActionKind::$kind,
            id: $id,
            title: $title,
            help: $help,
            done: $done,
            class: ActionClass::$class,
            consequence: $consequence,
        }
    };
}

/// Every kind, in the order of menus.
#[rustfmt::skip]
pub const SPECS: &[ActionSpec] = &[
    spec!(PowerOn, "power_on", "Power on", Changes, "start it", "powered on", "It starts and uses its resources."),
    spec!(Shutdown, "shutdown", "Shut down", Disruptive, "ask the guest to stop", "shut down", "The guest is asked to stop; its users lose it."),
    spec!(PowerOff, "power_off", "Power off", Destructive, "cut the power", "powered off", "The power is cut; the guest is not asked, unsaved work is lost."),
    spec!(Pause, "pause", "Pause", Disruptive, "hold it in memory", "paused", "It stands still until it is resumed; its users lose it meanwhile."),
    spec!(Resume, "resume", "Resume", Changes, "let a paused one go on", "resumed", "It goes on where it was paused."),
    spec!(Reboot, "reboot", "Reboot", Disruptive, "restart through the guest", "rebooted", "The guest is asked to restart; its users lose it meanwhile."),
    spec!(Reset, "reset", "Reset", Destructive, "restart hard", "reset", "It restarts hard; the guest is not asked, unsaved work is lost."),
    spec!(Protect, "protect", "Protect", Changes, "block others, with a reason", "protected", "Others without the privilege cannot act on it until it is released."),
    spec!(Unprotect, "unprotect", "Unprotect", Changes, "release it for others", "released", "Everybody with the ordinary privileges can act on it again."),
    spec!(Deploy, "deploy", "Deploy", Changes, "put it on a host", "deployed", "It is put on a host and started."),
    spec!(Undeploy, "undeploy", "Undeploy", Destructive, "take it off its host", "undeployed", "It is taken off its host; what is not in the catalogue is lost."),
    spec!(Snapshot, "snapshot", "Snapshot", Safe, "copy its disks to the catalogue", "copied", "Its disks are copied to the catalogue."),
    spec!(Delete, "delete", "Delete", Destructive, "remove it for good", "deleted", "It is removed for good."),
    spec!(Relocate, "relocate", "Relocate", Disruptive, "move it to another host", "relocated", "It moves to another host while it runs."),
    spec!(Move, "move", "Move", Changes, "move it to another appliance", "moved", "It stands in another appliance."),
    spec!(Restrict, "restrict", "Restrict", Changes, "move it to a restricted appliance", "restricted", "Users without the privilege no longer see it."),
    spec!(Suspend, "suspend", "Suspend", Disruptive, "save its memory to disk", "suspended", "Its memory is saved to disk and it stops; its users lose it meanwhile."),
    spec!(Restore, "restore", "Restore", Changes, "bring a deleted one back", "restored", "It is brought back, off."),
    spec!(Shelve, "shelve", "Shelve", Disruptive, "free its host, keep its disks", "shelved", "It stops and its host is freed; its users lose it until it is unshelved."),
    spec!(Unshelve, "unshelve", "Unshelve", Changes, "put a shelved one on a host again", "unshelved", "It is put on a host and started."),
    spec!(Rescue, "rescue", "Rescue", Disruptive, "start from a rescue image", "in rescue", "It restarts from a rescue image; its users lose it meanwhile."),
    spec!(Unrescue, "unrescue", "Unrescue", Disruptive, "start from its own disk again", "out of rescue", "It restarts from its own disk."),
    spec!(ConfirmResize, "confirm_resize", "Confirm resize", Changes, "keep the new size", "resized", "The new size stays; the way back is gone."),
    spec!(RevertResize, "revert_resize", "Revert resize", Disruptive, "go back to the size before", "back to its size", "It restarts with the size that it had before."),
    spec!(Evacuate, "evacuate", "Evacuate", Destructive, "make it anew on another host", "evacuated", "It is made anew on another host; what was on the disk of the lost host is gone."),
];

impl ActionKind {
    /// Every kind, in the order of menus.
    pub fn all() -> impl Iterator<Item = Self> {
        SPECS.iter().map(|spec| spec.kind)
    }

    /// The kinds that have a key in the JSON of every VM of every cloud, in that order.
    pub const IN_JSON: [Self; 18] = [
        Self::PowerOn,
        Self::Shutdown,
        Self::PowerOff,
        Self::Pause,
        Self::Resume,
        Self::Reset,
        Self::Reboot,
        Self::Protect,
        Self::Unprotect,
        Self::Suspend,
        Self::Delete,
        Self::Restore,
        Self::Relocate,
        Self::Deploy,
        Self::Undeploy,
        Self::Snapshot,
        Self::Move,
        Self::Restrict,
    ];

    /// Its declaration.
    #[must_use]
    pub fn spec(self) -> &'static ActionSpec {
        // The table is in the order of the variants; a test holds it there.
        &SPECS[self as usize]
    }

    /// Its stable id: `power_off`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.spec().id
    }

    /// What a person calls it: `Power off`.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.spec().title
    }

    /// The kind of a stable id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        SPECS
            .iter()
            .find(|spec| spec.id == id)
            .map(|spec| spec.kind)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// One action with what it needs to know, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Start it.
    PowerOn,
    /// Ask its guest to stop.
    Shutdown,
    /// Cut its power.
    PowerOff,
    /// Hold it in memory.
    Pause,
    /// Let a paused one go on.
    Resume,
    /// Restart it through its guest.
    Reboot,
    /// Restart it hard.
    Reset,
    /// Block it for others.
    Protect {
        /// Why; never empty.
        reason: String,
    },
    /// Release it.
    Unprotect,
    /// Cut its power, and keep whatever would start it again (high availability) from doing so.
    KeepOff,
    /// Save its memory to disk.
    Suspend,
    /// Remove it.
    Delete {
        /// Leave it on its hypervisor and only forget it here: for imported ones.
        #[serde(default)]
        release: bool,
        /// Whatever the cloud would refuse until it is told so.
        #[serde(default)]
        force: bool,
    },
    /// Bring a deleted one back.
    Restore,
    /// Move it to another host.
    Relocate {
        /// The cloud's id of the host, one of [`crate::clouds::Cloud::candidates`].
        host: String,
    },
    /// Put it on a host and start it.
    Deploy {
        /// Over a limit that may be passed knowingly (Abiquo: soft limits).
        #[serde(default)]
        force: bool,
    },
    /// Take it off its host.
    Undeploy {
        /// Although data is lost (Abiquo: imported VMs, disks outside the catalogue).
        #[serde(default)]
        force: bool,
    },
    /// Copy its disks to the catalogue.
    Snapshot {
        /// What the copy is called; never empty.
        name: String,
    },
    /// Move it to another appliance of its project.
    Move {
        /// The cloud's id of the appliance.
        vapp: String,
    },
    /// Move it to a restricted appliance.
    Restrict {
        /// The cloud's id of a restricted appliance; `None` for one that the cloud chooses or makes.
        vapp: Option<String>,
    },
    /// Free its host, keep its disks.
    Shelve,
    /// Put a shelved one on a host again.
    Unshelve,
    /// Start it from a rescue image.
    Rescue,
    /// Start it from its own disk again.
    Unrescue,
    /// Keep the new size.
    ConfirmResize,
    /// Go back to the size before.
    RevertResize,
    /// Make it anew on another host.
    Evacuate {
        /// The cloud's id of the host; `None` for one that the cloud chooses.
        host: Option<String>,
    },
}

impl Action {
    /// Remove it, and nothing more to say about it.
    pub const DELETE: Self = Self::Delete {
        release: false,
        force: false,
    };

    /// The same action told to pass over what the cloud has just refused it for ([`crate::clouds::Error::NeedsForce`]); `None` where
    /// nothing of the kind is documented, or it was told so already.
    #[must_use]
    pub fn forced(&self) -> Option<Self> {
        Some(match self {
            Self::Deploy { force: false } => Self::Deploy { force: true },
            Self::Undeploy { force: false } => Self::Undeploy { force: true },
            Self::Delete {
                release,
                force: false,
            } => Self::Delete {
                release: *release,
                force: true,
            },
            _ => return None,
        })
    }

    /// The cloud's id of the appliance that it puts the VM into, where it names one.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::Move { vapp } => Some(vapp),
            Self::Restrict { vapp } => vapp.as_deref(),
            _ => None,
        }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::PowerOn => ActionKind::PowerOn,
            Self::Shutdown => ActionKind::Shutdown,
            Self::PowerOff => ActionKind::PowerOff,
            Self::Pause => ActionKind::Pause,
            Self::Resume => ActionKind::Resume,
            Self::Reboot => ActionKind::Reboot,
            Self::Reset => ActionKind::Reset,
            Self::Protect { .. } => ActionKind::Protect,
            Self::Unprotect => ActionKind::Unprotect,
            Self::KeepOff => ActionKind::PowerOff,
            Self::Suspend => ActionKind::Suspend,
            Self::Delete { .. } => ActionKind::Delete,
            Self::Restore => ActionKind::Restore,
            Self::Relocate { .. } => ActionKind::Relocate,
            Self::Deploy { .. } => ActionKind::Deploy,
            Self::Undeploy { .. } => ActionKind::Undeploy,
            Self::Snapshot { .. } => ActionKind::Snapshot,
            Self::Move { .. } => ActionKind::Move,
            Self::Restrict { .. } => ActionKind::Restrict,
            Self::Shelve => ActionKind::Shelve,
            Self::Unshelve => ActionKind::Unshelve,
            Self::Rescue => ActionKind::Rescue,
            Self::Unrescue => ActionKind::Unrescue,
            Self::ConfirmResize => ActionKind::ConfirmResize,
            Self::RevertResize => ActionKind::RevertResize,
            Self::Evacuate { .. } => ActionKind::Evacuate,
        }
    }

    /// The action of a kind that needs nothing but its VM; `None` for one that has arguments or cannot be sent yet.
    #[must_use]
    pub fn plain(kind: ActionKind) -> Option<Self> {
        Some(match kind {
            ActionKind::PowerOn => Self::PowerOn,
            ActionKind::Shutdown => Self::Shutdown,
            ActionKind::PowerOff => Self::PowerOff,
            ActionKind::Pause => Self::Pause,
            ActionKind::Resume => Self::Resume,
            ActionKind::Reboot => Self::Reboot,
            ActionKind::Reset => Self::Reset,
            ActionKind::Unprotect => Self::Unprotect,
            ActionKind::Suspend => Self::Suspend,
            ActionKind::Delete => Self::DELETE,
            ActionKind::Restore => Self::Restore,
            ActionKind::Deploy => Self::Deploy { force: false },
            ActionKind::Undeploy => Self::Undeploy { force: false },
            ActionKind::Shelve => Self::Shelve,
            ActionKind::Unshelve => Self::Unshelve,
            ActionKind::Rescue => Self::Rescue,
            ActionKind::Unrescue => Self::Unrescue,
            ActionKind::ConfirmResize => Self::ConfirmResize,
            ActionKind::RevertResize => Self::RevertResize,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for (at, spec) in SPECS.iter().enumerate() {
            assert_eq!(spec.kind as usize, at, "{}", spec.id);
            assert_eq!(ActionKind::from_id(spec.id), Some(spec.kind));
            assert_eq!(spec.kind.spec().id, spec.id);
        }
    }

    #[test]
    fn what_takes_something_away_is_destructive() {
        for id in ["power_off", "reset", "undeploy", "delete"] {
            assert_eq!(
                ActionKind::from_id(id).map(|kind| kind.spec().class),
                Some(ActionClass::Destructive),
                "{id}"
            );
        }
    }

    #[test]
    fn a_plain_action_is_of_its_kind() {
        for kind in ActionKind::all() {
            if let Some(action) = Action::plain(kind) {
                assert_eq!(action.kind(), kind);
            }
        }
    }
}
