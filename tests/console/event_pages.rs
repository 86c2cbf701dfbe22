//! The view of events: pages as one scrolls, filters that the clouds are asked for, writing into a file.

use vmdeck::console::layers::{ExportState, Layer};
use vmdeck::console::message::{Effect, Message};
use vmdeck::console::outside::{Outside, Told, Unwritten};
use vmdeck::fleet::{Ask, EventQuery, Update};
use vmdeck::model::*;

use crate::scene::{Deck, ago, event, vm};
use crate::screens::{pictures, select};

/// What the clouds were asked for since last looked.
fn asked(deck: &mut Deck) -> Vec<(String, EventQuery)> {
    let effects = std::mem::take(&mut deck.effects);
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Ask(Ask::Events(cloud, query)) => Some((cloud.to_string(), query)),
            _ => None,
        })
        .collect()
}

/// A page of so many events of prod, `from` seconds ago and older, one each second.
fn page(from: i64, count: usize) -> Vec<Event> {
    let web = vm("prod", "1", "web-01", PowerState::On, "shop-front");
    let one = |at: i64| {
        event(
            "prod",
            &format!("p-{at}"),
            Severity::Info,
            "POWER_ON",
            &web,
            &format!("old event {at}"),
            at,
        )
    };
    (0..count).map(|at| one(from + at as i64)).collect()
}

fn answer(deck: &mut Deck, cloud: &str, query: &EventQuery, events: Result<Vec<Event>, String>) {
    deck.tell([Update::EventPage {
        cloud: CloudName::new(cloud),
        query: query.clone(),
        events,
    }]);
}

fn rows(deck: &Deck) -> usize {
    deck.app.events.rows().len()
}

#[test]
fn reaching_the_end_asks_each_cloud_for_older_events_once() {
    let mut deck = Deck::new(80, 24);
    deck.press("4");
    let first = asked(&mut deck);
    let names: Vec<_> = first.iter().map(|(cloud, _)| cloud.as_str()).collect();
    assert_eq!(names, ["prod", "lab"]);
    assert_eq!(
        first[0].1.until,
        Some(ago(90_000)),
        "behind the oldest that is known"
    );
    assert_eq!(first[1].1.until, None, "nothing is known of this one");
    assert!(deck.screen().contains("reading more"));
    deck.press("G j");
    assert_eq!(asked(&mut deck), [], "it is on its way");

    let limit = first[0].1.limit;
    answer(&mut deck, "lab", &first[1].1, Ok(Vec::new()));
    answer(&mut deck, "prod", &first[0].1, Ok(page(90_000, limit)));
    assert_eq!(rows(&deck), 4 + limit, "each once");
    assert!(!deck.screen().contains("that is all"));
    deck.press("j");
    assert_eq!(asked(&mut deck), [], "the end is far");
    assert!(deck.screen().contains("more below"), "{}", deck.screen());
    deck.press("G");
    let second = asked(&mut deck);
    let oldest = ago(90_000 + limit as i64 - 1);
    assert_eq!(second.len(), 1, "the other cloud has no more");
    assert_eq!(second[0].1.until, Some(oldest));
    // Nothing newer than the oldest: the page begins with an event that is known.
    answer(
        &mut deck,
        "prod",
        &second[0].1,
        Ok(page(90_000 + limit as i64 - 1, 3)),
    );
    assert_eq!(rows(&deck), 4 + limit + 2);
    deck.press("G");
    assert_eq!(asked(&mut deck), []);
    assert!(deck.screen().contains("that is all"), "{}", deck.screen());
}

#[test]
fn a_page_of_one_moment_does_not_ask_for_itself_again() {
    let mut deck = Deck::new(80, 24);
    deck.press("4");
    let first = asked(&mut deck);
    let (limit, until) = (first[0].1.limit, first[0].1.until.unwrap());
    let mut same = page(0, limit);
    for event in &mut same {
        event.at = until;
    }
    answer(&mut deck, "prod", &first[0].1, Ok(same));
    deck.press("G");
    let second = asked(&mut deck);
    assert!(second[0].1.until < Some(until), "{second:?}");
}

#[test]
fn what_cannot_be_read_is_told_at_the_end_and_asked_again() {
    let mut deck = Deck::new(80, 24);
    deck.press("4");
    let first = asked(&mut deck);
    answer(&mut deck, "lab", &first[1].1, Ok(Vec::new()));
    answer(
        &mut deck,
        "prod",
        &first[0].1,
        Err("it does not answer".into()),
    );
    assert!(deck.screen().contains("prod: it does not answer"));
    deck.press("G");
    assert_eq!(asked(&mut deck), [first[0].clone()]);
}

#[test]
fn a_filter_narrows_at_once_and_asks_the_clouds_anew() {
    let mut deck = Deck::new(120, 36);
    deck.press("4 f right right tab right right right tab")
        .typing("adm")
        .press("enter");
    let asks = asked(&mut deck);
    let of = &asks.last().unwrap().1;
    assert_eq!(of.severity, Some(Severity::Error));
    assert_eq!(of.since, Some(ago(24 * 3_600)));
    assert_eq!(of.user.as_deref(), Some("adm"));
    assert_eq!((of.until, &of.vm, &of.text), (None, &None, &None));
    assert_eq!(rows(&deck), 2, "errors of the last day");
    assert!(
        deck.screen()
            .contains("2 events · errors · last 24 hours · by adm"),
        "{}",
        deck.screen()
    );
    // An answer to what is no longer asked changes nothing.
    let other = EventQuery {
        limit: 200,
        ..EventQuery::default()
    };
    answer(&mut deck, "prod", &other, Ok(page(50, 100)));
    answer(&mut deck, "lab", &other, Ok(Vec::new()));
    assert_eq!(rows(&deck), 2);
    assert!(
        deck.screen().contains("reading more"),
        "it is still to come"
    );
    // What a cloud sends is held against the filter, whatever it filters itself.
    let query = of.clone();
    answer(&mut deck, "prod", &query, Ok(page(50, 100)));
    assert_eq!(rows(&deck), 2);
    asked(&mut deck);
    deck.press("esc");
    assert_eq!(rows(&deck), 4, "one step back lists everything");
    let again = asked(&mut deck);
    assert_eq!(again.len(), 2, "and its end is on the screen");
    assert_eq!(again[0].1.severity, None);
}

#[test]
fn a_typed_text_is_asked_for_when_it_is_whole() {
    let mut deck = Deck::new(120, 36);
    deck.press("4");
    asked(&mut deck);
    deck.press("/").typing("guest tools");
    assert_eq!(rows(&deck), 1);
    assert_eq!(asked(&mut deck), []);
    deck.press("enter");
    let asks = asked(&mut deck);
    assert_eq!(asks.len(), 2);
    assert_eq!(asks[0].1.text.as_deref(), Some("guest tools"));
    deck.press("/ esc");
    assert_eq!(rows(&deck), 4);
}

#[test]
fn events_of_one_vm_are_its_own_whatever_others_are_called() {
    let mut deck = Deck::new(120, 36);
    let twin = vm("prod", "99", "web-02", PowerState::On, "shop-front");
    deck.tell([Update::Events {
        cloud: CloudName::new("prod"),
        events: vec![event(
            "prod",
            "e-9",
            Severity::Info,
            "RESET",
            &twin,
            "twin",
            10,
        )],
    }]);
    select(&mut deck, "the guest");
    deck.press("esc /").typing("web-02").press("enter");
    asked(&mut deck);
    deck.press("e");
    let asks = asked(&mut deck);
    assert_eq!(asks.len(), 1, "its cloud alone");
    assert_eq!(
        (asks[0].0.as_str(), asks[0].1.vm.as_deref()),
        ("prod", Some("web-02"))
    );
    assert_eq!(rows(&deck), 2, "{}", deck.screen());
    assert!(deck.screen().contains("2 events · of web-02"));
    // In the dialog it is a name, and another name is another VM.
    deck.press("f tab tab tab");
    assert!(deck.screen().contains("web-02"));
    deck.typing("x").press("enter");
    assert_eq!(rows(&deck), 0);
}

#[test]
fn a_dialog_that_is_left_changes_nothing_and_one_key_empties_it() {
    let mut deck = Deck::new(120, 36);
    deck.press("4 f right esc");
    assert_eq!(rows(&deck), 4);
    deck.press("f right right enter");
    assert_eq!(rows(&deck), 2);
    deck.press("f ctrl-r enter");
    assert_eq!(rows(&deck), 4);
}

#[test]
fn looking_as_another_tenant_forgets_the_events_of_the_cloud() {
    let mut deck = Deck::new(120, 36);
    deck.press("4");
    let first = asked(&mut deck);
    answer(&mut deck, "prod", &first[0].1, Ok(page(90_001, 5)));
    assert_eq!(rows(&deck), 9);
    deck.tell([Update::LooksAt {
        cloud: CloudName::new("prod"),
        tenant: Some(Group {
            id: "7".into(),
            name: "Beta".into(),
        }),
    }]);
    assert_eq!(rows(&deck), 0, "{}", deck.screen());
}

fn exporting(deck: &mut Deck) -> vmdeck::console::outside::Export {
    match deck.effects.pop() {
        Some(Effect::Outside(Outside::Export(export))) => export,
        other => panic!("{other:?}"),
    }
}

fn tell_export(deck: &mut Deck, written: Result<usize, Unwritten>) {
    let path = "~/vmdeck-events-20260504-120000.jsonl".to_owned();
    deck.send(Message::Outside(Told::Exported { path, written }));
    deck.draw();
}

#[test]
fn what_is_listed_is_written_and_nothing_over_another_file_unasked() {
    let mut deck = Deck::new(120, 36);
    deck.press("4 / d b - 0 1 enter w");
    assert!(
        deck.screen()
            .contains("~/vmdeck-events-20260504-120000.jsonl"),
        "{}",
        deck.screen()
    );
    deck.press("enter");
    let export = exporting(&mut deck);
    assert_eq!(
        export.path.to_string_lossy(),
        "/home/ada/vmdeck-events-20260504-120000.jsonl"
    );
    assert!(!export.overwrite);
    let traces: Vec<_> = export.events.iter().map(|event| &*event.trace).collect();
    assert_eq!(
        traces,
        ["VM db-01 protected by admin, cause: kernel update"]
    );
    let before = deck.effects.len();
    deck.press("enter");
    assert_eq!(deck.effects.len(), before, "one at a time");

    tell_export(&mut deck, Err(Unwritten::AlreadyThere));
    assert!(deck.screen().contains("There is a file of this name"));
    // Another name is another file: nothing was said about that one.
    deck.press("backspace enter");
    assert!(!exporting(&mut deck).overwrite);
    tell_export(&mut deck, Err(Unwritten::AlreadyThere));
    deck.press("enter");
    assert!(exporting(&mut deck).overwrite);
    tell_export(&mut deck, Ok(1));
    assert!(deck.app.layers.is_empty());
    assert!(deck.screen().contains("1 event in ~/vmdeck-events"));
}

#[test]
fn an_export_that_fails_says_why_where_it_was_asked() {
    let mut deck = Deck::new(120, 36);
    deck.press("4 w enter");
    tell_export(&mut deck, Err(Unwritten::Refused("no such folder".into())));
    assert!(matches!(
        deck.app.layers.last(),
        Some(Layer::Export(form)) if form.state == ExportState::Failed("no such folder".into())
    ));
    deck.press("enter esc");
    tell_export(&mut deck, Err(Unwritten::Refused("no such folder".into())));
    assert!(deck.was_told("was not written: no such folder"));
}

#[test]
fn the_dialog_of_filters() {
    pictures("event_form", Deck::new, |deck| {
        deck.press("4 f right right tab tab tab").typing("web-02");
    });
}

#[test]
fn everything_filtered() {
    pictures("events_filtered", Deck::new, |deck| {
        deck.press("4 f right tab right right tab")
            .typing("admin")
            .press("tab tab");
        deck.typing("tools").press("enter");
    });
}

#[test]
fn pages_to_the_end() {
    pictures("events_end", Deck::new, |deck| {
        deck.press("4");
        for (cloud, query) in asked(deck) {
            let events = if cloud == "prod" {
                page(90_000, 60)
            } else {
                Vec::new()
            };
            answer(deck, &cloud, &query, Ok(events));
        }
        deck.press("G");
    });
}

#[test]
fn the_dialog_of_the_file() {
    pictures("export", Deck::new, |deck| {
        deck.press("4 w enter");
        tell_export(deck, Err(Unwritten::AlreadyThere));
    });
}
