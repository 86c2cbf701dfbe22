//! The terminal changes its size.

use crate::pty::{FIRST_ROW, Home, NARROW, Terminal, WIDE};

#[test]
fn another_size_is_drawn_whole() {
    let home = Home::new();
    let terminal = Terminal::demo(&home);
    terminal.wait_for("Tasks and events");

    terminal.resize(NARROW);
    terminal.wait_until("the whole narrow screen", |screen| {
        let rows: Vec<String> = screen.rows(0, NARROW.0).collect();
        rows.len() == 24
            && rows[0].contains("vmdeck")
            && rows[1].contains("1 VMs")
            && rows[3].contains(FIRST_ROW)
            && rows[4..22].iter().all(|row| row.contains("abiquo"))
            && rows[23].contains("q quit")
    });

    terminal.resize(WIDE);
    terminal.wait_until("the whole wide screen", |screen| {
        let rows: Vec<String> = screen.rows(0, WIDE.0).collect();
        rows.len() == 36
            && rows[0].contains("vmdeck")
            && rows[2].contains("APPLIANCE")
            && rows[3].contains(FIRST_ROW)
            && rows.iter().any(|row| row.contains("Tasks and events"))
            && rows[35].contains("q quit")
    });
}
