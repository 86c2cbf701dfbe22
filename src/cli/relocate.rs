//! `vmdeck relocate`: moves a VM to another host, or lists the hosts that it can be moved to.

use clap::Args;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::{Reference, needed, resolve};
use super::output::{self, host::HostRecord};
use super::session::Session;
use super::{act, print};
use crate::model::{Action, ActionKind, Host, VmKey};

/// What `relocate` takes.
#[derive(Debug, Args)]
pub struct RelocateArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vm: String,
    /// The host, by id or name; without it the hosts that the VM can be moved to are listed
    #[arg(long, value_name = "HOST")]
    to: Option<String>,
}

/// What `evacuate` takes.
#[derive(Debug, Args)]
pub struct EvacuateArgs {
    /// CLOUD/ID, CLOUD/NAME or NAME
    vm: String,
    /// The host, by id or name; without it the cloud chooses one
    #[arg(long, value_name = "HOST")]
    to: Option<String>,
}

/// Makes a VM anew on another host, because its own is lost.
pub async fn evacuate(context: &Context, args: &EvacuateArgs) -> Result<Exit, Stop> {
    let reference = Reference::parse(&args.vm, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = make_anew(context, args, &reference, &mut session).await;
    session.stop().await;
    result
}

async fn make_anew(
    context: &Context,
    args: &EvacuateArgs,
    reference: &Reference,
    session: &mut Session,
) -> Result<Exit, Stop> {
    session.list().await;
    let vm = resolve(reference, session.inventory())?;
    let host = match &args.to {
        None => None,
        Some(wanted) => {
            let hosts = session.candidates(&vm).await?;
            Some(find(&vm, &hosts, wanted)?.id.to_string())
        }
    };
    act::on(context, session, &[vm], Action::Evacuate { host }).await
}

/// Moves a VM, or lists where it can go.
pub async fn run(context: &Context, args: &RelocateArgs) -> Result<Exit, Stop> {
    let reference = Reference::parse(&args.vm, context.clouds())?;
    let clouds = needed(std::slice::from_ref(&reference), &context.selected);
    let mut session = Session::open(context, &clouds)?;
    let result = relocate(context, args, &reference, &mut session).await;
    session.stop().await;
    result
}

async fn relocate(
    context: &Context,
    args: &RelocateArgs,
    reference: &Reference,
    session: &mut Session,
) -> Result<Exit, Stop> {
    session.list().await;
    let vm = resolve(reference, session.inventory())?;
    let denial = session
        .inventory()
        .availability(&vm, ActionKind::Relocate)
        .and_then(|answer| answer.denial().map(ToString::to_string));
    if let Some(why) = denial {
        return Err(Stop::failed(format!("{vm} cannot be relocated: {why}")));
    }
    let hosts = session.candidates(&vm).await?;
    let Some(wanted) = &args.to else {
        let records: Vec<_> = hosts.iter().map(|host| HostRecord::of(&vm, host)).collect();
        return print(Exit::Done, |out| {
            output::print(&records, context.format(), out)
        });
    };
    let host = find(&vm, &hosts, wanted)?.id.to_string();
    act::on(context, session, &[vm], Action::Relocate { host }).await
}

/// The host of an id or of a name that one host has.
fn find<'a>(vm: &VmKey, hosts: &'a [Host], wanted: &str) -> Result<&'a Host, Stop> {
    if let Some(host) = hosts.iter().find(|host| *host.id == *wanted) {
        return Ok(host);
    }
    let mut named = hosts.iter().filter(|host| *host.name == *wanted);
    match (named.next(), named.next()) {
        (Some(host), None) => Ok(host),
        (Some(_), Some(_)) => Err(Stop::usage(format!(
            "{wanted} is the name of several hosts; give the id of one"
        ))),
        (None, _) => {
            let names: Vec<_> = hosts.iter().map(|host| &*host.name).collect();
            Err(Stop::usage(format!(
                "{vm} cannot be moved to {wanted}; it can go to: {}",
                if names.is_empty() {
                    "no host now".to_owned()
                } else {
                    names.join(", ")
                }
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CloudName;

    fn host(id: &str, name: &str) -> Host {
        Host {
            id: id.into(),
            name: name.into(),
            cluster: None,
            address: None,
            cpus: None,
            ram_mib: None,
        }
    }

    #[test]
    fn a_host_is_named_by_its_id_or_by_a_name_that_one_has() {
        let vm = VmKey::new(&CloudName::new("z"), "1");
        let hosts = [
            host("h1", "north"),
            host("h2", "south"),
            host("h3", "south"),
        ];
        let found = |wanted| {
            find(&vm, &hosts, wanted)
                .map(|host| host.id.to_string())
                .map_err(|stop| stop.exit)
        };
        assert_eq!(found("h3").ok().as_deref(), Some("h3"));
        assert_eq!(found("north").ok().as_deref(), Some("h1"));
        assert_eq!(found("south"), Err(Exit::Usage));
        assert_eq!(found("west"), Err(Exit::Usage));
    }
}
