//! `vmdeck events`: what happened, newest first.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::context::Context;
use super::exit::{Exit, Stop};
use super::output::{self, event::EventRecord};
use super::session::Session;
use super::times::{self, Since};
use super::{print, say};
use crate::clouds::capabilities;
use crate::fleet::EventQuery;
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
    /// Those until such a time
    #[arg(long, value_name = "TIME", value_parser = times::since)]
    until: Option<Since>,
    /// Those done by this user, or for them: a part of the name
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Those of the VM of this name
    #[arg(long, value_name = "NAME")]
    vm: Option<String>,
    /// Those that say this
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
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

impl EventsArgs {
    fn query(&self, now: Timestamp) -> EventQuery {
        let since = self.since.map(|since| since.instant(now));
        EventQuery {
            since,
            until: self.until.map(|until| until.instant(now)),
            severity: self.severity.map(|word| word.0),
            user: self.user.clone(),
            vm: self.vm.clone(),
            text: self.text.clone(),
            limit: if since.is_some() { MOST } else { NEWEST },
        }
    }
}

/// Lists events.
pub async fn run(context: &Context, args: &EventsArgs) -> Result<Exit, Stop> {
    let mut session = Session::open(context, &context.selected)?;
    for words in silent(context) {
        say(&words);
    }
    let query = args.query(Timestamp::now());
    let (mut events, exit) = session.events(&query).await;
    session.stop().await;
    // Whatever a cloud filters by itself.
    events.retain(|event| query.wants(event));
    let events = newest(events, query.limit);
    let records: Vec<_> = events.iter().map(EventRecord::of).collect();
    print(exit, |out| output::print(&records, context.format(), out))
}

/// Which clouds tell no events, a sentence each: those that were asked for by name, or all where none of them tells any.
fn silent(context: &Context) -> Vec<String> {
    let clouds = context.loaded.config.clouds.iter();
    let selected = clouds.filter(|cloud| {
        let mut names = context.selected.iter();
        names.any(|name| name.as_str() == cloud.name)
    });
    let (telling, silent): (Vec<_>, Vec<_>) =
        selected.partition(|cloud| capabilities(&cloud.provider).events);
    if context.global.clouds.is_empty() && !telling.is_empty() {
        return Vec::new();
    }
    let words = silent.into_iter().map(|cloud| {
        let has = capabilities(&cloud.provider);
        let instead = if has.tasks {
            "; what was done to its VMs is told by `vmdeck tasks`"
        } else {
            ""
        };
        format!("{}: {} tells no events{instead}", cloud.name, has.provider)
    });
    words.collect()
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
    fn what_is_asked_for_is_what_the_clouds_are_asked() {
        use clap::Parser as _;

        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: EventsArgs,
        }
        let line =
            "events --since 2h --until 1h --user ada --vm web-01 --text disk --severity error";
        let line = Line::parse_from(line.split_whitespace());
        let query = line.args.query(at("2026-03-02T12:00:00Z"));
        assert_eq!(
            query,
            EventQuery {
                since: Some(at("2026-03-02T10:00:00Z")),
                until: Some(at("2026-03-02T11:00:00Z")),
                severity: Some(Severity::Error),
                user: Some("ada".to_owned()),
                vm: Some("web-01".to_owned()),
                text: Some("disk".to_owned()),
                limit: MOST,
            }
        );
        let plain = Line::parse_from(["events"])
            .args
            .query(Timestamp::UNIX_EPOCH);
        assert_eq!((plain.since, plain.limit), (None, NEWEST));
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
