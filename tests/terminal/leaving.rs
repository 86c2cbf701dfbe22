//! However the program ends, the terminal is as it was.

use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{Home, Terminal, WIDE};

/// A terminal shows its alternate screen.
const ALTERNATE: &[u8] = b"\x1b[?1049h";

#[track_caller]
fn a_signal_leaves_a_clean_terminal(signal: Signal) {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.signal(signal);
    terminal.ended();
    terminal.assert_clean();
    assert!(terminal.ever_wrote(ALTERNATE));
}

#[test]
fn the_terminal_is_clean_after_a_terminate() {
    a_signal_leaves_a_clean_terminal(Signal::TERM);
}

#[test]
fn the_terminal_is_clean_after_a_hang_up() {
    a_signal_leaves_a_clean_terminal(Signal::HUP);
}

#[test]
fn the_terminal_is_clean_after_an_interrupt_from_outside() {
    a_signal_leaves_a_clean_terminal(Signal::INT);
}

#[test]
fn a_mistake_in_the_keys_is_told_before_the_screen_is_taken() {
    let home = Home::new();
    home.configure("[keys]\nquit = [\"hyper-x\"]\n");
    let mut terminal = Terminal::vmdeck(&home, WIDE, &[]);
    assert_eq!(terminal.ended().exit_code(), 2);
    terminal.assert_clean();
    assert!(!terminal.ever_wrote(ALTERNATE));
    terminal.wait_for("\"hyper-x\" is not a key");
}

#[test]
fn nothing_runs_a_second_after_the_terminal_was_closed() {
    let home = Home::new();
    let terminal = Terminal::demo(&home);
    let exit = terminal.close(Duration::from_secs(1));
    let exit = exit.expect("it runs on");
    assert!(exit.success(), "in good order: {exit:?}");
    let left: Vec<_> = home.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
