//! `vmdeck vapps`: every virtual appliance of all clouds.

use super::context::Context;
use super::exit::{Exit, Stop};
use super::naming::answered;
use super::output::{self, vapp::VappRecord};
use super::print;
use super::session::Session;
use crate::fleet::Inventory;

/// Lists appliances.
pub async fn run(context: &Context) -> Result<Exit, Stop> {
    let mut session = Session::open(context, &context.selected)?;
    let exit = session.list().await.and(session.appliances());
    let result = print(exit, |out| {
        output::print(&rows(session.inventory()), context.format(), out)
    });
    session.stop().await;
    result
}

/// The appliances of the clouds that have told all their VMs (those of a part of them would be counted wrong), by cloud in the order of the configuration, then by project and name.
fn rows(inventory: &Inventory) -> Vec<VappRecord<'_>> {
    let clouds = inventory.clouds().iter().map(|view| &view.info.name);
    clouds
        .filter(|cloud| answered(inventory, cloud))
        .flat_map(|cloud| {
            let vapps = inventory.vapps(cloud).into_iter();
            vapps.map(move |vapp| VappRecord::of(cloud, vapp, inventory))
        })
        .collect()
}
