//! The question before harm, on a terminal. What asks, and why, is decided by [`model::confirmation`](crate::model::confirmation()).

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use crate::fleet::Overview;
use crate::model::{ActionKind, Confirmation, confirmation};

/// A VM on which an action asks first.
pub struct Asked<'a> {
    /// The VM.
    pub overview: Overview<'a>,
    /// Why it asks.
    pub confirmation: Confirmation,
}

impl<'a> Asked<'a> {
    /// The question that comes before an action on a VM; `None` when it may go at once.
    #[must_use]
    pub fn of(kind: ActionKind, overview: Overview<'a>) -> Option<Self> {
        let info = &overview.cloud.info;
        let confirmation = confirmation(kind, overview.vm, info.capabilities, info.production)?;
        Some(Self {
            overview,
            confirmation,
        })
    }

    /// `web-01 (prod/12, production, ON): production, it is running`.
    #[must_use]
    pub fn words(&self) -> String {
        let vm = self.overview.vm;
        let mut words = format!("{} ({}", vm.name, vm.key);
        if let Some(environment) = &self.overview.cloud.info.environment {
            words.push_str(", ");
            words.push_str(environment);
        }
        words.push_str(", ");
        words.push_str(vm.state().as_str());
        if self.overview.state().as_str() != vm.power.as_str() {
            words.push_str(" over ");
            words.push_str(vm.power.as_str());
        }
        words.push(')');
        if !self.confirmation.because.is_empty() {
            words.push_str(": ");
            words.push_str(&self.confirmation.because.join(", "));
        }
        words
    }
}

/// What a script is told that cannot be asked.
#[must_use]
pub fn needs_yes(kind: ActionKind, asked: &[Asked<'_>]) -> String {
    let vms: Vec<_> = asked.iter().map(Asked::words).collect();
    format!(
        "{} asks first and there is no terminal to ask on; nothing was sent; give --yes to do it to {}",
        kind.title(),
        vms.join("; ")
    )
}

/// Asks once for all of them. Anything but a clear yes is a no, and so is the end of the input.
///
/// # Errors
/// When the terminal cannot be written or read.
pub fn ask(
    kind: ActionKind,
    asked: &[Asked<'_>],
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let title = kind.title();
    match asked {
        [] => return Ok(true),
        [one] => writeln!(out, "{title} {}", one.words())?,
        several => {
            writeln!(out, "{title} {} VMs:", several.len())?;
            for one in several {
                writeln!(out, "  {}", one.words())?;
            }
        }
    }
    // One action may do different things to VMs of different kinds.
    let consequences: BTreeSet<_> = asked
        .iter()
        .map(|one| one.confirmation.consequence)
        .collect();
    for consequence in consequences {
        writeln!(out, "{consequence}")?;
    }
    let wanted = asked
        .iter()
        .any(|one| one.confirmation.typed)
        .then(|| match asked {
            [one] => one.overview.vm.name.trim().to_owned(),
            several => several.len().to_string(),
        });
    answer(wanted.as_deref(), input, out)
}

/// Asks whether to go on: by typing what is wanted, else by a yes. Anything but a clear yes is a no, and so is the end of the input.
///
/// # Errors
/// When the terminal cannot be written or read.
pub fn answer(
    wanted: Option<&str>,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<bool> {
    match wanted {
        Some(wanted) => write!(out, "Type {wanted} to go on: ")?,
        None => write!(out, "Go on? [y/N] ")?,
    }
    out.flush()?;
    let mut answer = String::new();
    if input.read_line(&mut answer)? == 0 {
        writeln!(out)?;
        return Ok(false);
    }
    let answer = answer.trim();
    Ok(match wanted {
        Some(wanted) => answer == wanted,
        None => ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()),
    })
}

#[cfg(test)]
mod tests;
