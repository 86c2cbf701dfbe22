//! What leaves the screen: a text for the clipboard, and events in a file.

use std::os::unix::fs::PermissionsExt as _;

use crate::pty::{FIRST_ROW, Home, Terminal};

/// How a terminal is given a text for its clipboard.
const CLIPBOARD: &[u8] = b"\x1b]52;c;";

#[test]
fn a_name_goes_to_the_clipboard_and_events_into_a_file_of_ones_own() {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.wait_for("65 VMs, 1 cloud");
    terminal.wait_for("m actions");
    terminal.keys("c");
    terminal.wait_for(&format!("Copy of {FIRST_ROW}"));
    assert!(!terminal.ever_wrote(CLIPBOARD));
    terminal.keys("\r");
    terminal.wait_for(&format!("Name is copied: {FIRST_ROW}"));
    assert!(terminal.ever_wrote(CLIPBOARD));

    terminal.keys("4");
    terminal.wait_for("w write to file");
    terminal.keys("w");
    terminal.wait_for("~/vmdeck-events-");
    terminal.keys("\r");
    terminal.wait_for("in ~/vmdeck-events-");
    let of_events = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("vmdeck-events-");
    let mut files = home.path().read_dir().unwrap().map(Result::unwrap);
    let file = files.find(|file| of_events(&file.file_name())).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(file.path()).unwrap();
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["cloud"].is_string() && event["trace"].is_string());
    }
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}
