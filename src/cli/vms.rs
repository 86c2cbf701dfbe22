//! `vmdeck vms`: every VM of all clouds.

use clap::Args;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::output::vm::VmRecord;
use super::output::{self, Record};
use super::print;
use super::session::Session;
use crate::fleet::Inventory;

/// What `vms` takes.
#[derive(Debug, Args)]
pub struct VmsArgs {
    /// Only VMs with this text in one of the columns of `-o wide`, in capitals or not
    filter: Option<String>,
}

/// Lists VMs.
pub async fn run(context: &Context, args: &VmsArgs) -> Result<Exit, Stop> {
    let mut session = Session::open(context, &context.selected)?;
    let exit = session.list_with_running().await;
    let filter = args.filter.as_deref().unwrap_or_default();
    let result = print(exit, |out| {
        output::print(&rows(session.inventory(), filter), context.format(), out)
    });
    session.stop().await;
    result
}

/// The VMs that were read, also those of a cloud that failed midway, by cloud in the order of the configuration, then by name.
fn rows<'a>(inventory: &'a Inventory, filter: &str) -> Vec<VmRecord<'a>> {
    let clouds = inventory.clouds();
    let mut overviews: Vec<_> = inventory
        .slots()
        .filter_map(|slot| inventory.overview(slot))
        .map(|overview| {
            let cloud = &overview.vm.key.cloud;
            (
                clouds.iter().position(|view| view.info.name == *cloud),
                overview,
            )
        })
        .collect();
    overviews.sort_unstable_by(|(cloud, a), (other, b)| {
        let place = |vm: &'a crate::model::Vm| (&vm.name, &vm.key.id);
        cloud.cmp(other).then_with(|| place(a.vm).cmp(&place(b.vm)))
    });
    let columns = VmRecord::columns();
    let lower = filter.trim().to_lowercase();
    let records = overviews
        .into_iter()
        .map(|(_, overview)| VmRecord::of(overview, inventory));
    records
        .filter(|record| lower.is_empty() || output::matches(record, &columns, &lower))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{fail, info, inventory, protected, vm};

    fn listed(filter: &str) -> Vec<String> {
        let mut db = protected(vm("prod", "3", "db-01"), "Kernel update", Some("admin"));
        db.addresses = Box::new(["10.0.3.20".into()]);
        let mut known = inventory(
            vec![info("prod"), info("lab"), info("dead")],
            vec![
                vm("lab", "1", "a-first"),
                vm("prod", "2", "web-02"),
                db,
                vm("dead", "9", "web-09"),
            ],
        );
        fail(&mut known, "dead", "down", false);
        rows(&known, filter).iter().map(Record::name).collect()
    }

    #[test]
    fn vms_stand_by_cloud_and_name_also_those_that_were_read_before_their_cloud_failed() {
        assert_eq!(listed(""), ["prod/3", "prod/2", "lab/1", "dead/9"]);
    }

    #[test]
    fn the_filter_looks_for_a_text_in_every_column_in_any_case() {
        for (filter, expected) in [
            ("WEB", &["prod/2", "dead/9"][..]),
            ("kernel", &["prod/3"]),
            ("10.0.3", &["prod/3"]),
            ("maintenance", &["prod/3"]),
            (" lab ", &["lab/1"]),
            ("nothing", &[]),
        ] {
            assert_eq!(listed(filter), expected, "{filter}");
        }
    }
}
