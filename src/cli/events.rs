//! `vmdeck events`: what happened, newest first.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::output::{self, event::EventRecord};
use super::print;
use super::session::Session;
use super::times::{self, Since};
use crate::model::{Event, Severity};

/// How many are listed when `--since` is left out.
const NEWEST: usize = 200;
/// The most that are listed, whatever is asked for.
const MOST: usize = 100_000;

/// What `events` takes.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// Those since 30m, 1h, 2d or a time such as 2026-03-01T08:00:00Z [default: the newest 200]
    #[arg(long, value_name = "TIME", value_parser = times::since)]
    since: Option<Since>,
    /// Those of this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    severity: Option<Word>,
}

/// A severity as an argument.
#[derive(Debug, Clone, Copy)]
struct Word(Severity);

impl ValueEnum for Word {
    fn value_variants<'a>() -> &'a [Self] {
        const {
            &[
                Word(Severity::ALL[0]),
                Word(Severity::ALL[1]),
                Word(Severity::ALL[2]),
            ]
        }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.as_str()))
    }
}

/// Lists events.
pub async fn run(context: &Context, args: &EventsArgs) -> Result<Exit, Stop> {
    let mut session = Session::open(context, &context.selected)?;
    let since = args.since.map(|since| since.instant(Timestamp::now()));
    let severity = args.severity.map(|word| word.0);
    let limit = if since.is_some() { MOST } else { NEWEST };
    let (events, exit) = session.events(since, severity, limit).await;
    session.stop().await;
    let events = newest(events, limit);
    let records: Vec<_> = events.iter().map(EventRecord::of).collect();
    print(exit, |out| output::print(&records, context.format(), out))
}

/// The newest events of all clouds together, newest first.
fn newest(mut events: Vec<Event>, limit: usize) -> Vec<Event> {
    events.sort_by(|a, b| (b.at, &a.key).cmp(&(a.at, &b.key)));
    events.truncate(limit);
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{at, name};
    use crate::model::EventKey;

    fn event(cloud: &str, id: &str, when: &str) -> Event {
        Event {
            key: EventKey {
                cloud: name(cloud),
                id: id.into(),
            },
            at: at(when),
            severity: Severity::Info,
            source: None,
            entity: "VIRTUAL_MACHINE".into(),
            action: "POWER_ON".into(),
            vm: None,
            vm_name: None,
            performed_by: None,
            user: None,
            trace: "".into(),
            error_code: None,
        }
    }

    #[test]
    fn the_newest_of_all_clouds_together_come_first() {
        let events = vec![
            event("lab", "1", "2026-03-02T10:00:00Z"),
            event("prod", "2", "2026-03-02T12:00:00Z"),
            event("lab", "3", "2026-03-02T11:00:00Z"),
        ];
        let ids: Vec<_> = newest(events, 2)
            .iter()
            .map(|event| event.key.id.to_string())
            .collect();
        assert_eq!(ids, ["2", "3"]);
    }
}
