//! Resident memory for each of 100,000 VMs: of what the console keeps, and of a whole listing with what the engine keeps beside it.
//! Each is measured in a process of its own.
//!
//! `cargo bench --bench memory`

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support {
    pub mod deck;
    pub mod demo;
    pub mod figures;
    pub mod fleet;
}

use std::env;
use std::fs::read_to_string;
use std::process::Command;
use std::time::Duration;

use support::deck::Deck;
use support::demo::Demo;
use support::figures::is_wanted;
use support::fleet::{info, surroundings, told, vms};
use vmdeck::config::{Config, Paths};
use vmdeck::fleet::{self, Fleet, Mode, Update};

const VMS: usize = 100_000;
const SIZE: (u16, u16) = (120, 36);
/// Set in the process that is measured.
const PART: &str = "VMDECK_BENCH_MEMORY";

fn main() {
    if !is_wanted() {
        return;
    }
    match env::var(PART).as_deref() {
        Ok("state") => state(),
        Ok("listing") => listing(),
        _ => {
            for part in ["state", "listing"] {
                let status = Command::new(env::current_exe().unwrap())
                    .arg("--bench")
                    .env(PART, part)
                    .status();
                assert!(status.unwrap().success());
            }
        }
    }
}

/// The VMs themselves, the inventory, and the lists of the console.
fn state() {
    let mut deck = Deck::empty(SIZE, info());
    deck.draw();
    let before = resident();
    {
        let vms = vms(VMS);
        tell("the VMs alone", before);
        deck.tell(told(&vms));
        deck.tell(surroundings(&vms));
    }
    deck.draw();
    assert_eq!(deck.app.vms.total(), VMS);
    tell("VMs, inventory and lists of the console", before);
}

/// A cloud listed by the engine, shown by the console, kept on disk.
fn listing() {
    let demo = Demo::start(VMS, 0);
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        refresh: Duration::from_secs(3_600),
        clouds: vec![demo.entry(4)],
        ..Config::default()
    };
    let before = resident();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let deck = runtime.block_on(async {
        let paths = Paths::under(folder.path());
        let setup = fleet::open(&config, &paths, &[], Mode::Polling).unwrap();
        let mut deck = Deck::empty(SIZE, setup.clouds[0].info.clone());
        let (fleet, mut updates) = Fleet::start(setup);
        loop {
            let update = updates.recv().await.unwrap();
            let listed = matches!(update, Update::Listed { .. });
            deck.tell([update]);
            if listed {
                break;
            }
        }
        deck.draw();
        tell("the same through the engine, listed from a cloud", before);
        // Appliances, events and the copy on disk come after it.
        let rest = tokio::time::sleep(Duration::from_secs(10));
        tokio::pin!(rest);
        loop {
            tokio::select! {
                () = &mut rest => break,
                update = updates.recv() => deck.tell(update),
            }
            deck.draw();
        }
        tell("ten seconds later, kept on disk too", before);
        fleet.stop().await;
        deck
    });
    assert_eq!(deck.app.vms.total(), VMS);
}

fn tell(what: &str, before: u64) {
    let per_vm = |bytes: u64| bytes.saturating_sub(before) / VMS as u64;
    println!(
        "{what:<50} {:>5} bytes per VM ({} MB resident, {} MB at most)",
        per_vm(resident()),
        resident() / 1_000_000,
        status("VmHWM:") / 1_000_000
    );
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    status("VmRSS:")
}

fn status(field: &str) -> u64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kib * 1_024
}
