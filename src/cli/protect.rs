//! `vmdeck protect` and `vmdeck unprotect`.

use clap::Args;

use super::act;
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::model::{Action, text};

/// What `protect` takes.
#[derive(Debug, Args)]
pub struct ProtectArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    pub vms: Vec<String>,
    /// Why, for everybody who meets them
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl ProtectArgs {
    /// The action, its reason one clean line.
    ///
    /// # Errors
    /// When nothing is left of the reason.
    pub fn action(&self) -> Result<Action, Stop> {
        match text::clean(&self.reason).trim() {
            "" => Err(Stop::usage(
                "the reason is empty; say with --reason why, for everybody who meets the VM",
            )),
            reason => Ok(Action::Protect {
                reason: reason.to_owned(),
            }),
        }
    }
}

/// What `unprotect` takes.
#[derive(Debug, Args)]
pub struct UnprotectArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME, one or more
    #[arg(required = true, value_name = "VM")]
    vms: Vec<String>,
}

impl UnprotectArgs {
    /// Releases VMs.
    pub async fn run(&self, context: &Context) -> Result<Exit, Stop> {
        act::run(context, &self.vms, Action::Unprotect).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(reason: &str) -> Result<Action, Stop> {
        let args = ProtectArgs {
            vms: Vec::new(),
            reason: reason.to_owned(),
        };
        args.action()
    }

    #[test]
    fn a_reason_becomes_one_clean_line() {
        let reason = "kernel update CHG-1".to_owned();
        assert_eq!(
            action(" kernel\n update\u{202e} CHG-1\n"),
            Ok(Action::Protect { reason })
        );
    }

    #[test]
    fn an_empty_reason_is_wrong_usage() {
        for empty in ["", "   ", "\n\t", "\u{200b}\u{1b}"] {
            assert_eq!(
                action(empty).map_err(|stop| stop.exit),
                Err(Exit::Usage),
                "{empty:?}"
            );
        }
    }
}
