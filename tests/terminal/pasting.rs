//! What is pasted is text, never keys.

use crate::pty::{FIRST_ROW, Home, Terminal};

#[test]
fn pasting_outside_of_a_field_does_nothing() {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.paste("q");
    terminal.paste("p\r?X\n2");
    // What comes after it is answered: everything pasted has been read by then.
    terminal.keys("/nothing-like-it");
    terminal.wait_for("0 of 65 VMs");
    assert!(!terminal.contents().contains("Protect alert-gw"));
    terminal.keys("\x1b");
    terminal.wait_for(FIRST_ROW);
    terminal.wait_for("q quit");
    terminal.keys("q");
    assert!(terminal.ended().success());
}

#[test]
fn pasting_lines_into_the_filter_makes_one_clean_line_of_them() {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.keys("/");
    terminal.wait_for("esc clear");
    terminal.paste("web\x1b[31m\r\nq\n\tfront\u{202e}");
    terminal.keys("!");
    // It is still the filter that is typed in: a line's end did not end it.
    terminal.wait_until("one line in the filter", |screen| {
        let contents = screen.contents();
        let prompt = contents.lines().last().unwrap_or_default();
        prompt.starts_with(" /web") && prompt.contains("front!") && prompt.contains("esc clear")
    });
    let contents = terminal.contents();
    let prompt = contents.lines().last().unwrap();
    assert!(prompt.starts_with(" /web[31m q front!"), "{prompt}");
}
