//! Ctrl-Z and `fg`.

use rustix::process::{Signal, kill_process};

use crate::pty::{FIRST_ROW, Home, NARROW, PROMPT, Terminal};

/// The shell has the terminal again, and it is as the shell left it.
#[track_caller]
fn wait_for_the_prompt(terminal: &Terminal, modes: &str) {
    terminal.wait_until("the prompt after a stopped job", |screen| {
        let contents = screen.contents();
        let last = contents.trim_end().lines().last().unwrap_or_default();
        !screen.alternate_screen() && last.trim_end() == PROMPT.trim_end()
    });
    terminal.assert_clean();
    assert_eq!(terminal.modes(), modes);
}

#[test]
fn ctrl_z_hands_the_terminal_to_the_shell_and_fg_draws_everything_again() {
    let home = Home::new();
    let mut terminal = Terminal::shell(&home);
    let modes = terminal.modes();
    terminal.keys("$VMDECK demo --cloud abiquo\r");
    terminal.wait_for(FIRST_ROW);
    assert!(terminal.is_taken());

    terminal.keys("\x1a");
    wait_for_the_prompt(&terminal, &modes);
    terminal.wait_for("Stopped");
    terminal.keys("fg\r");
    // The alternate screen is empty when it is entered: all of this is drawn anew.
    terminal.wait_for(FIRST_ROW);
    terminal.wait_for("65 VMs, 1 cloud");
    terminal.wait_for("m actions");
    assert!(terminal.is_taken());
    terminal.keys("/web-02");
    terminal.wait_for("1 of 65 VMs");

    // From outside it does the same. Nobody tells a stopped program that the terminal has another size.
    kill_process(terminal.job(), Signal::TSTP).unwrap();
    wait_for_the_prompt(&terminal, &modes);
    terminal.resize(NARROW);
    terminal.keys("fg\r");
    terminal.wait_for("1 of 65 VMs");
    terminal.keys("\x1b");
    terminal.wait_until("the whole narrow screen, taken", |screen| {
        let rows: Vec<String> = screen.rows(0, NARROW.0).collect();
        screen.hide_cursor()
            && rows[4..22].iter().all(|row| row.contains("abiquo"))
            && rows[23].contains("q quit")
    });

    terminal.keys("q");
    wait_for_the_prompt(&terminal, &modes);
    terminal.keys("exit\r");
    assert!(terminal.ended().success());
}

#[test]
fn ctrl_z_stops_the_script_around_the_program_too() {
    let home = Home::new();
    let mut terminal = Terminal::shell(&home);
    let modes = terminal.modes();
    terminal.keys("sh -c '$VMDECK demo; echo went on'\r");
    terminal.wait_for(FIRST_ROW);
    terminal.keys("\x1a");
    wait_for_the_prompt(&terminal, &modes);
    terminal.keys("fg\r");
    terminal.wait_for(FIRST_ROW);
    terminal.keys("q");
    terminal.wait_for_row(&["went on"]);
    wait_for_the_prompt(&terminal, &modes);
}

#[test]
fn without_a_shell_to_go_back_to_ctrl_z_says_so() {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.keys("\x1a");
    terminal.wait_for("no shell");
    terminal.keys("q");
    assert!(terminal.ended().success());
}
