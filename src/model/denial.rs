//! Why something may not be done, as values and as the sentences that people read.

use std::fmt;
use std::sync::Arc;

use super::action::ActionKind;
use super::labels::Labels;
use super::state::{PowerState, VappState};
use super::vapp_action::VappActionKind;

/// Why not, as a value: tests and exit codes look at it, people read its `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The API has no such action.
    Unsupported {
        /// What a person calls the kind of cloud.
        provider: &'static str,
        /// The action.
        action: ActionKind,
        /// What else there is to say.
        instead: Option<&'static str>,
    },
    /// The API has it, this program does not perform it there.
    NotPerformed {
        /// What a person calls the kind of cloud.
        provider: &'static str,
        /// The action.
        action: ActionKind,
    },
    /// Keeping a VM off where nothing would start it again.
    NothingRestarts {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// The configuration forbids changes.
    ReadOnly,
    /// Nobody is signed in, so nobody knows what the user may do; why, where that is known.
    NotSignedIn(Option<Arc<str>>),
    /// The user's role lacks a privilege.
    Privilege(&'static str),
    /// In a restricted appliance, and the user may only look.
    Restricted(&'static str),
    /// An operation runs on it.
    Locked(Option<Arc<str>>),
    /// Protected, and the user may not act on protected VMs.
    Protected {
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
        /// The privilege that would be needed; `None` where nobody can hold one.
        lacks: Option<&'static str>,
    },
    /// Protecting what is protected: the reason that stands is kept.
    AlreadyProtected {
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
    },
    /// Unprotecting what is not protected.
    NotProtected,
    /// It is already what the action would make of it.
    Already(&'static str),
    /// The API has no appliances of its own, or no such action on them.
    NoAppliances {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// The appliance is in the wrong state.
    VappState {
        /// The action.
        action: VappActionKind,
        /// The state it is in.
        is: VappState,
    },
    /// None of the appliance's VMs is in a state that the action would change.
    NoneTouched {
        /// The action.
        action: VappActionKind,
    },
    /// A VM of the appliance is protected, and the user may not act on protected VMs.
    MemberProtected {
        /// The VM's name.
        vm: Arc<str>,
        /// Who protected it, where that is known.
        by: Option<Arc<str>>,
        /// Why, where that is known.
        reason: Option<Arc<str>>,
        /// The privilege that would be needed; `None` where nobody can hold one.
        lacks: Option<&'static str>,
    },
    /// A held task that somebody else has asked for, or that only a privilege may let go on.
    Review {
        /// The privilege that is missing.
        lacks: &'static str,
        /// Whether it is the user's own, which may be rejected but not approved.
        own: bool,
    },
    /// A task that waits for nobody.
    NotHeld,
    /// A cloud without other tenants.
    NoTenants {
        /// What a person calls the kind of cloud.
        provider: &'static str,
    },
    /// A failed task of somebody else.
    OthersTask {
        /// The privilege that is missing.
        lacks: &'static str,
        /// Whose it is.
        user: Arc<str>,
    },
    /// It cannot be moved to that appliance.
    Destination {
        /// The appliance's name.
        vapp: Arc<str>,
        /// Why not.
        misfit: Misfit,
    },
    /// It is in the wrong state.
    State {
        /// The action.
        action: ActionKind,
        /// The states it is accepted from.
        needs: &'static [PowerState],
        /// The words of the cloud's own that it is accepted from as well.
        needs_native: &'static [&'static str],
        /// The word for the state it is in.
        is: &'static str,
        /// The cloud's own word, where it says more.
        native: Option<Arc<str>>,
    },
}

/// Why a VM cannot be moved to an appliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It stands there.
    Same,
    /// It is of another project.
    Project,
    /// It is restricted, and the user may not manage such: the privilege that is missing.
    Restricted(&'static str),
    /// It is not restricted, and the VM is to be.
    Unrestricted,
}

/// A denial in words of one's own, as a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    denial: &'a Denial,
    labels: &'a Labels,
    title: Option<&'a str>,
}

impl Denial {
    /// The sentence with the words that stand for states and actions, and with what the action is called on the VM that is meant.
    #[must_use]
    pub fn told<'a>(&'a self, labels: &'a Labels, title: Option<&'a str>) -> Told<'a> {
        Told {
            denial: self,
            labels,
            title,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told(Labels::NONE, None).fmt(f)
    }
}

impl Told<'_> {
    fn title(&self, action: ActionKind) -> &str {
        self.title.unwrap_or_else(|| self.labels.action(action))
    }

    /// What an action is called within a sentence.
    fn verb(&self, action: ActionKind) -> String {
        self.labels.action(action).to_lowercase()
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denial {
            Denial::Unsupported {
                provider,
                action,
                instead,
            } => {
                write!(
                    f,
                    "{provider} has no {}",
                    self.title(*action).to_lowercase()
                )?;
                instead.map_or(Ok(()), |instead| write!(f, "; {instead}"))
            }
            Denial::NotPerformed { provider, action } => {
                write!(
                    f,
                    "vmdeck does not {} on {provider} yet",
                    self.title(*action).to_lowercase()
                )
            }
            Denial::NothingRestarts { provider } => {
                write!(
                    f,
                    "{provider} has nothing that would start it again; {} is enough",
                    self.verb(ActionKind::PowerOff)
                )
            }
            Denial::ReadOnly => f.write_str("This cloud is read-only in the configuration"),
            Denial::NotSignedIn(None) => f.write_str("The cloud has not answered the sign-in yet"),
            Denial::NotSignedIn(Some(why)) => write!(f, "Nobody is signed in to the cloud: {why}"),
            Denial::Privilege(name) => write!(f, "Your role lacks {name}"),
            Denial::Restricted(name) => {
                write!(f, "Its appliance is restricted; your role lacks {name}")
            }
            Denial::Locked(None) => f.write_str("An operation is running on it"),
            Denial::Locked(Some(progress)) => {
                let progress = self.labels.renamed(progress);
                write!(f, "An operation is running on it: {progress}")
            }
            Denial::Protected { by, reason, lacks } => {
                write_protected(f, "Protected", by.as_deref(), reason.as_deref())?;
                match lacks {
                    Some(name) => write!(f, "; your role lacks {name}"),
                    None => write!(f, "; {} it first", self.verb(ActionKind::Unprotect)),
                }
            }
            Denial::AlreadyProtected { by, reason } => {
                write_protected(f, "Already protected", by.as_deref(), reason.as_deref())
            }
            Denial::NotProtected => f.write_str("It is not protected"),
            Denial::NoAppliances { provider } => {
                write!(f, "{provider} has no appliances that this could be done to")
            }
            Denial::VappState { action, is } => {
                let word = self.labels.vapp(*is).to_lowercase();
                match action {
                    VappActionKind::Deploy => {
                        let verb = self.verb(ActionKind::Deploy);
                        write!(f, "It is {word}: nothing to {verb}")
                    }
                    VappActionKind::Undeploy => {
                        let verb = self.verb(ActionKind::Undeploy);
                        write!(f, "It is {word}: nothing to {verb}")
                    }
                    VappActionKind::Delete => {
                        let verb = self.verb(ActionKind::Undeploy);
                        write!(f, "It is {word}: {verb} it before it is deleted")
                    }
                    VappActionKind::Edit => write!(f, "It is {word}; wait for its end"),
                }
            }
            Denial::NoneTouched { action } => {
                let verb = self.labels.vapp_action(*action).to_lowercase();
                write!(f, "None of its VMs waits for {} {verb}", article(&verb))
            }
            Denial::MemberProtected {
                vm,
                by,
                reason,
                lacks,
            } => {
                write_protected(
                    f,
                    &format!("{vm} is protected"),
                    by.as_deref(),
                    reason.as_deref(),
                )?;
                match lacks {
                    Some(name) => write!(f, "; your role lacks {name}"),
                    None => write!(f, "; {} it first", self.verb(ActionKind::Unprotect)),
                }
            }
            Denial::Review { lacks, own: true } => {
                write!(
                    f,
                    "You may reject it, not approve it: your role lacks {lacks}"
                )
            }
            Denial::Review { lacks, own: false } => {
                write!(f, "Somebody else asked for it; your role lacks {lacks}")
            }
            Denial::NotHeld => f.write_str("It does not wait for a review"),
            Denial::NoTenants { provider } => {
                write!(f, "{provider} has no other tenants to look at")
            }
            Denial::OthersTask { lacks, user } => {
                write!(f, "It is a task of {user}; your role lacks {lacks}")
            }
            Denial::Destination { vapp, misfit } => match misfit {
                Misfit::Same => write!(f, "It stands in {vapp} already"),
                Misfit::Project => {
                    write!(
                        f,
                        "{vapp} is of another project; moving there is not available: the request for it is not documented"
                    )
                }
                Misfit::Restricted(lacks) => {
                    write!(f, "{vapp} is restricted; your role lacks {lacks}")
                }
                Misfit::Unrestricted => write!(f, "{vapp} is not restricted"),
            },
            Denial::Already(word) => write!(f, "It is {} already", self.labels.renamed(word)),
            Denial::State {
                action,
                needs,
                needs_native,
                is,
                native,
            } => {
                write!(f, "{} needs a VM that is ", self.title(*action))?;
                write_states(f, self.labels, needs, needs_native)?;
                write!(f, "; this one is {}", self.labels.renamed(is))?;
                native
                    .as_deref()
                    .map_or(Ok(()), |native| write!(f, " ({native})"))
            }
        }
    }
}

/// `a deploy`, `an undeploy`.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn write_protected(
    f: &mut fmt::Formatter<'_>,
    start: &str,
    by: Option<&str>,
    reason: Option<&str>,
) -> fmt::Result {
    f.write_str(start)?;
    by.map_or(Ok(()), |by| write!(f, " by {by}"))?;
    reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
}

/// "On", "On or Paused", "On, Paused or Off"; where fewer are left out than named, "not Locked". Words of the cloud's own stand behind
/// the states.
fn write_states(
    f: &mut fmt::Formatter<'_>,
    labels: &Labels,
    states: &[PowerState],
    words: &[&str],
) -> fmt::Result {
    if !words.is_empty() {
        let states = states.iter().map(|state| labels.power(*state));
        let all: Vec<&str> = states.chain(words.iter().copied()).collect();
        return match all.as_slice() {
            [but_last @ .., last] if !but_last.is_empty() => {
                write!(f, "{} or {last}", but_last.join(", "))
            }
            one => f.write_str(&one.concat()),
        };
    }
    let left_out: Vec<_> = PowerState::ALL
        .into_iter()
        .filter(|state| !states.contains(state))
        .collect();
    let (named, not) = if left_out.len() < states.len() && !left_out.is_empty() {
        (left_out.as_slice(), "neither ")
    } else {
        (states, "")
    };
    let (not, last) = match (not.is_empty(), named.len()) {
        (true, _) => ("", " or "),
        (false, 1) => ("not ", ""),
        (false, _) => (not, " nor "),
    };
    f.write_str(not)?;
    for (at, state) in named.iter().enumerate() {
        if at > 0 {
            f.write_str(if at + 1 == named.len() { last } else { ", " })?;
        }
        f.write_str(labels.power(*state))?;
    }
    Ok(())
}
