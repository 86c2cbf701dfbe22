//! What can be done to a VM (4.4), and how it then goes on.

use super::answer::Answer;
use super::estate::{Estate, Step, Then, Transaction};
use super::form::Fields;
use super::render;

/// An action of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Start,
    Stop,
    Pause,
    Resume,
    Save,
    Delete,
}

impl Act {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "start" => Self::Start,
            "stop" => Self::Stop,
            "pause" => Self::Pause,
            "resume" => Self::Resume,
            "save" => Self::Save,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    /// The states that it is taken from.
    fn from(self) -> &'static [&'static str] {
        match self {
            Self::Start => &[
                "off",
                "stopped",
                "shutdown",
                "saved",
                "suspended",
                "failed",
                "error",
            ],
            Self::Stop => &["running", "paused"],
            Self::Pause | Self::Save => &["running"],
            Self::Resume => &["paused", "saved", "suspended"],
            Self::Delete => &[
                "off",
                "stopped",
                "shutdown",
                "terminated",
                "failed",
                "error",
            ],
        }
    }

    /// What the state says while it goes on, where it says so.
    fn meanwhile(self) -> Option<&'static str> {
        match self {
            Self::Start => Some("launching"),
            Self::Save => Some("saving"),
            Self::Stop | Self::Pause | Self::Resume | Self::Delete => None,
        }
    }

    fn length_ms(self) -> i64 {
        match self {
            Self::Start | Self::Stop => 4_000,
            Self::Pause | Self::Resume | Self::Delete => 2_000,
            Self::Save => 6_000,
        }
    }

    fn then(self, fails: bool) -> Then {
        Then::State(
            match self {
                Self::Start if fails => "error",
                Self::Start | Self::Resume => "running",
                Self::Stop => "off",
                Self::Pause => "paused",
                Self::Save => "saved",
                Self::Delete => return Then::Gone,
            }
            .to_owned(),
        )
    }

    /// `starting`, `started`
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("starting", "started"),
            Self::Stop => ("stopping", "stopped"),
            Self::Pause => ("pausing", "paused"),
            Self::Resume => ("resuming", "resumed"),
            Self::Save => ("saving", "saved"),
            Self::Delete => ("deleting", "deleted"),
        }
    }
}

impl Estate {
    /// Changes a VM as the fields of a form say.
    pub fn change(&mut self, vm: usize, fields: &Fields, user: &str, now_ms: i64) -> Answer {
        if let Some(name) = fields.get("name").filter(|name| !name.is_empty()) {
            self.vms[vm].name = name.to_owned();
        }
        if let Some(uuid) = fields.get("hardware_profile_uuid") {
            let Some(profile) = self
                .profiles
                .iter()
                .position(|profile| profile.uuid == uuid)
            else {
                return Answer::refused("no such hardware profile");
            };
            if !matches!(&*self.vms[vm].state, "off" | "stopped" | "shutdown") {
                return Answer::refused(
                    "the hardware profile of a virtual machine changes while it is off",
                );
            }
            self.vms[vm].profile = profile;
        }
        let Some(word) = fields.get("action") else {
            let changed = ["name", "hardware_profile_uuid"]
                .into_iter()
                .any(|key| fields.get(key).is_some());
            if changed {
                return Answer::ok(render::changed(self, vm));
            }
            return Answer::refused("nothing to change");
        };
        let Some(act) = Act::of(word) else {
            return Answer::refused("action not supported");
        };
        self.act(vm, act, user, now_ms)
    }

    fn act(&mut self, vm: usize, act: Act, user: &str, now_ms: i64) -> Answer {
        let (doing, done) = act.words();
        let known = &self.vms[vm];
        if let Some(transaction) = &known.transaction {
            return Answer::refused(&format!("virtual machine is busy: {}", transaction.message));
        }
        if !act.from().contains(&&*known.state) {
            return Answer::refused(&format!(
                "{} cannot be {done} while it is {}",
                known.name, known.state
            ));
        }
        // The answer tells a placeholder, not the state to come.
        let answer = match act {
            Act::Delete => Answer::ok(render::success()),
            _ => Answer::ok(render::changed(self, vm)),
        };
        if act == Act::Stop && known.stubborn {
            let (name, uuid) = (known.name.clone(), known.uuid.clone());
            self.note(
                now_ms,
                user,
                false,
                format!("stop of {name} requested"),
                Some(uuid),
            );
            return answer;
        }
        let at_ms = now_ms + self.paced(act.length_ms());
        let uuid = self.fresh();
        let known = &mut self.vms[vm];
        known.transaction = Some(Transaction {
            uuid,
            user: user.to_owned(),
            message: format!("{doing} {}", known.name),
            done: format!("{} {done}", known.name),
            failed: format!("{} could not be {done}: no disk image", known.name),
            started_ms: now_ms,
            ends_ms: at_ms,
        });
        known.steps = vec![Step {
            at_ms,
            then: act.then(known.fails),
        }];
        if let Some(state) = act.meanwhile() {
            known.state = state.to_owned();
        }
        answer
    }
}
