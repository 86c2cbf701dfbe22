//! `vmdeck clouds`: how it stands with each cloud.

use jiff::Timestamp;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::output::{self, cloud::CloudRecord};
use super::print;
use super::session::Session;

/// Lists clouds, all of them read now.
pub async fn run(context: &Context) -> Result<Exit, Stop> {
    let mut session = Session::open(context, &context.selected)?;
    let exit = session.list().await;
    let limit = context.reading_words();
    let now = Timestamp::now();
    let views = session.inventory().clouds();
    let records: Vec<_> = views
        .iter()
        .map(|view| CloudRecord::of(view, now, &limit))
        .collect();
    let result = print(exit, |out| output::print(&records, context.format(), out));
    drop(records);
    session.stop().await;
    result
}
