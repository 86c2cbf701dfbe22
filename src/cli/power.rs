//! `vmdeck power`: switches the power of VMs.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::model::{Action, ActionKind};

/// What `power` takes.
#[derive(Debug, Args)]
pub struct PowerArgs {
    /// What to do
    #[arg(value_enum, value_name = "WHAT")]
    word: Word,
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
    /// With off: also keep high availability from starting it again
    #[arg(long)]
    keep_off: bool,
}

/// What can be done to the power, under the words of this command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(ActionKind);

/// Every word with its action.
const WORDS: &[(&str, Word)] = &[
    ("on", Word(ActionKind::PowerOn)),
    ("off", Word(ActionKind::PowerOff)),
    ("shutdown", Word(ActionKind::Shutdown)),
    ("pause", Word(ActionKind::Pause)),
    ("resume", Word(ActionKind::Resume)),
    ("reset", Word(ActionKind::Reset)),
    ("reboot", Word(ActionKind::Reboot)),
    ("suspend", Word(ActionKind::Suspend)),
    ("shelve", Word(ActionKind::Shelve)),
    ("unshelve", Word(ActionKind::Unshelve)),
    ("rescue", Word(ActionKind::Rescue)),
    ("unrescue", Word(ActionKind::Unrescue)),
    ("confirm-resize", Word(ActionKind::ConfirmResize)),
    ("revert-resize", Word(ActionKind::RevertResize)),
];

impl ValueEnum for Word {
    fn value_variants<'a>() -> &'a [Self] {
        const VARIANTS: [Word; WORDS.len()] = {
            let mut variants = [WORDS[0].1; WORDS.len()];
            let mut at = 0;
            while at < WORDS.len() {
                variants[at] = WORDS[at].1;
                at += 1;
            }
            variants
        };
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (word, _) = WORDS.iter().find(|(_, known)| known == self)?;
        let spec = self.0.spec();
        Some(PossibleValue::new(*word).help(format!("{}: {}", spec.title, spec.help)))
    }
}

/// Switches the power of VMs.
pub async fn run(context: &Context, args: &PowerArgs) -> Result<Exit, Stop> {
    if args.keep_off {
        if args.word != Word(ActionKind::PowerOff) {
            return Err(Stop::usage("--keep-off goes with power off"));
        }
        return act::run(context, &args.vms, Action::KeepOff).await;
    }
    let action = Action::plain(args.word.0)
        .ok_or_else(|| Stop::usage(format!("{} cannot be sent from here", args.word.0.title())))?;
    act::run(context, &args.vms, action).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_an_action_that_needs_nothing_but_its_vm() {
        assert_eq!(Word::value_variants().len(), 14);
        for (word, Word(kind)) in WORDS {
            assert!(Action::plain(*kind).is_some(), "{word}");
            assert_eq!(Word::from_str(word, false), Ok(Word(*kind)));
        }
    }
}
