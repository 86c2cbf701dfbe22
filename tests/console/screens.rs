//! Pictures of every view and dialog, at 80x24, 120x36 and 200x50.

use crate::scene::Deck;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

fn at_each_size(name: &str, prepare: impl Fn(&mut Deck)) {
    for (width, height) in SIZES {
        let mut deck = Deck::new(width, height);
        prepare(&mut deck);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), deck.screen());
    }
}

#[test]
fn vms() {
    at_each_size("vms", |_| {});
}

#[test]
fn appliances() {
    at_each_size("appliances", |deck| {
        deck.press("2 j j enter");
    });
}
