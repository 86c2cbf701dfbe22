//! What a person waits for at 100,000 VMs: a frame, a letter of the filter, another order, a page of changes.
//!
//! `cargo bench --bench screen`

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support {
    pub mod deck;
    pub mod figures;
    pub mod fleet;
}

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use divan::Bencher;
use support::deck::Deck;
use support::figures::{is_wanted, median, timed, us};
use support::fleet::{PAGE, told, vms};
use vmdeck::console::lists::vms::{Column, Sort};
use vmdeck::model::{PowerState, Vm};

const MANY: usize = 100_000;
const FEW: usize = 100;
const MEDIUM: (u16, u16) = (120, 36);
const LARGE: (u16, u16) = (200, 50);

fn main() {
    if !is_wanted() {
        return;
    }
    divan::main();
    println!("one frame after the cursor has moved, {MANY} VMs against {FEW}, taking turns:");
    for size in [MEDIUM, LARGE] {
        compare(size);
    }
}

/// The two take turns, so that whatever else the machine does is on both sides.
fn compare(size: (u16, u16)) {
    let (mut few, mut many) = (Deck::of(FEW, size), Deck::of(MANY, size));
    let frame = |deck: &mut Deck, key| -> Duration {
        deck.press(key);
        timed(|| deck.draw()).0
    };
    let (mut fews, mut manys) = (Vec::new(), Vec::new());
    for _ in 0..1_000 {
        for key in [KeyCode::Down, KeyCode::Up] {
            fews.push(frame(&mut few, key));
            manys.push(frame(&mut many, key));
        }
    }
    let (few, many) = (us(median(&fews)), us(median(&manys)));
    let (width, height) = size;
    println!(
        "{width}x{height}: {few:.0} µs and {many:.0} µs, {:.2} x",
        many / few
    );
}

#[divan::bench(args = [FEW, MANY])]
fn frame_of_120x36(bencher: Bencher<'_, '_>, count: usize) {
    let mut deck = Deck::of(count, MEDIUM);
    bencher.bench_local(|| deck.draw());
}

#[divan::bench(args = [FEW, MANY])]
fn frame_of_200x50(bencher: Bencher<'_, '_>, count: usize) {
    let mut deck = Deck::of(count, LARGE);
    bencher.bench_local(|| deck.draw());
}

/// What is done before each measurement, and then what is measured.
fn each(bencher: Bencher<'_, '_>, before: impl Fn(&mut Deck), work: impl Fn(&mut Deck)) {
    let deck = RefCell::new(Deck::of(MANY, MEDIUM));
    bencher
        .with_inputs(|| before(&mut deck.borrow_mut()))
        .bench_local_values(|()| work(&mut deck.borrow_mut()));
}

/// A filter with this text in it, drawn.
fn typed(deck: &mut Deck, text: &str) {
    deck.press(KeyCode::Esc);
    deck.press(KeyCode::Esc);
    deck.press(KeyCode::Char('/'));
    deck.letters(text);
    deck.draw();
}

/// From the key to the frame that shows what it did: the first letter, which most VMs have.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn filter_first_letter_common(bencher: Bencher<'_, '_>) {
    each(
        bencher,
        |deck| typed(deck, ""),
        |deck| {
            deck.letters("e");
            deck.draw();
        },
    );
}

/// The first letter, which no VM has: every text is read to its end.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn filter_first_letter_rare(bencher: Bencher<'_, '_>) {
    each(
        bencher,
        |deck| typed(deck, ""),
        |deck| {
            deck.letters("~");
            deck.draw();
        },
    );
}

#[divan::bench(sample_size = 1, sample_count = 200)]
fn filter_further_letter(bencher: Bencher<'_, '_>) {
    each(
        bencher,
        |deck| typed(deck, "e"),
        |deck| {
            deck.letters("s");
            deck.draw();
        },
    );
}

/// To a shorter text: all VMs are looked at again.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn filter_backspace(bencher: Bencher<'_, '_>) {
    each(
        bencher,
        |deck| typed(deck, "es"),
        |deck| {
            deck.press(KeyCode::Backspace);
            deck.draw();
        },
    );
}

/// Another order than by name, which it has before.
#[divan::bench(args = [Column::State, Column::Ram, Column::Host, Column::Address, Column::Note, Column::Name], sample_size = 1, sample_count = 30)]
fn sort(bencher: Bencher<'_, '_>, column: Column) {
    let by = |deck: &mut Deck, column| {
        let sort = Sort {
            column,
            descending: false,
        };
        deck.app.vms.set_sort(&deck.app.inventory, sort);
    };
    let before = if column == Column::Name {
        Column::Host
    } else {
        Column::Name
    };
    each(
        bencher,
        |deck| by(deck, before),
        |deck| {
            by(deck, column);
            deck.draw();
        },
    );
}

/// One page of a listing in which every VM was switched.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn page_of_changes(bencher: Bencher<'_, '_>) {
    let mut pages = [PowerState::On, PowerState::Off].map(|power| {
        let switched = vms(MANY).into_iter().step_by(MANY / PAGE).map(|vm| {
            Arc::new(Vm {
                power,
                native_state: power.as_str().into(),
                ..Vm::clone(&vm)
            })
        });
        switched.collect::<Vec<_>>()
    });
    let mut deck = Deck::of(MANY, MEDIUM);
    let updates = || {
        pages.reverse();
        told(&pages[0]).collect::<Vec<_>>()
    };
    bencher.with_inputs(updates).bench_local_values(|updates| {
        deck.tell(updates);
        deck.draw();
    });
}
