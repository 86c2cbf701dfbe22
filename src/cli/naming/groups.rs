//! Naming what no listing has: tenants and projects.

use super::{Reference, shown};
use crate::cli::exit::{Exit, Stop};
use crate::model::{CloudName, Group};

/// The one that a reference means among things that no listing has: tenants, projects.
///
/// # Errors
/// Usage when there is none or more than one; unread clouds when only their answer could tell.
pub fn resolve_group(
    reference: &Reference,
    noun: &str,
    groups: &[(CloudName, Group)],
    read: Exit,
) -> Result<(CloudName, Group), Stop> {
    let (cloud, wanted) = match reference {
        Reference::In { cloud, rest } => (Some(cloud), rest),
        Reference::Bare(name) => (None, name),
    };
    let ours = || {
        let all = groups.iter();
        all.filter(|(of, _)| cloud.is_none_or(|cloud| cloud == of))
    };
    let by_id = ours().filter(|(_, it)| *it.id == **wanted);
    let by_name = ours().filter(|(_, it)| *it.name == **wanted);
    // In a cloud an id is of one, whatever else there is; on all of them a name is what a person means.
    let (first, then): (Vec<_>, Vec<_>) = match cloud {
        Some(_) => (by_id.collect(), by_name.collect()),
        None => (by_name.collect(), by_id.collect()),
    };
    let found = if first.is_empty() { then } else { first };
    let shown_name = shown(wanted);
    match found.as_slice() {
        [one] if cloud.is_some() || read == Exit::Done => Ok((*one).clone()),
        [_, _, ..] => {
            let keys: Vec<_> = found
                .iter()
                .map(|(of, it)| format!("{of}/{}", it.id))
                .collect();
            Err(Stop::usage(format!(
                "{} {noun}s are called {shown_name}: {}; name one by its id",
                keys.len(),
                keys.join(", ")
            )))
        }
        _ if read != Exit::Done => Err(Stop {
            exit: Exit::Partial,
            messages: vec![format!(
                "cannot tell which {noun} {shown_name} is, for not all clouds could be read; try again"
            )],
        }),
        _ => {
            let names: Vec<_> = ours()
                .map(|(of, it)| format!("{of}/{}", shown(&it.name)))
                .collect();
            let there = match names.as_slice() {
                [] => "there is none to choose".to_owned(),
                names => format!("there are: {}", names.join(", ")),
            };
            Err(Stop::usage(format!(
                "no {noun} is called {shown_name}; {there}"
            )))
        }
    }
}
