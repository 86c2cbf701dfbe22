//! The first start.

use crate::pty::{FIRST_ROW, Home, Terminal, WIDE};

#[test]
fn without_a_configuration_it_says_where_one_goes_and_opens_the_demo() {
    let home = Home::new();
    let mut terminal = Terminal::vmdeck(&home, WIDE, &[]);
    terminal.wait_for(home.config().to_str().unwrap());
    assert!(terminal.contents().contains("vmdeck config init"));
    assert!(!home.config().exists(), "nothing is written unasked");

    terminal.keys("d");
    terminal.wait_for(FIRST_ROW);
    // The first key after the change is answered like any other.
    terminal.keys("/");
    terminal.wait_for("esc clear");
    terminal.keys("web-02");
    terminal.wait_for("3 of 186 VMs");
    terminal.keys("\x1b");
    terminal.wait_for("q quit");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}
