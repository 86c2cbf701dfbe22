//! What an administrator of appliances does: a deploy that finds no room, a review, a relocation.

use crate::pty::{Home, Terminal, WIDE};

/// The demo's Abiquo cloud, with this VM alone listed.
fn with(home: &Home, name: &str) -> Terminal {
    let args = ["demo", "--pace", "20", "--cloud", "abiquo"];
    let mut terminal = Terminal::vmdeck(home, WIDE, &args);
    terminal.wait_for("65 VMs, 1 cloud");
    terminal.keys("/");
    terminal.wait_for("esc clear");
    terminal.keys(name);
    terminal.wait_for("1 of 65 VMs");
    terminal.keys("\r");
    terminal.wait_for_row(&[name]);
    terminal
}

#[test]
fn a_deploy_without_room_says_why_in_its_events_and_is_acknowledged_there() {
    let home = Home::new();
    let mut terminal = with(&home, "web-06");
    // An earlier deploy of it failed as well.
    terminal.wait_for_row(&["▲ web-06", "Deploy", "Schedule failed, rolled back"]);
    terminal.wait_for("a acknowledge");
    terminal.keys("a");
    terminal.wait_until("no warning on the VM", |screen| {
        let contents = screen.contents();
        contents
            .lines()
            .any(|row| row.contains("web-06") && row.contains("shop-front") && !row.contains('▲'))
    });

    terminal.keys("m");
    terminal.wait_for_row(&["d", "Deploy", "put it on a host"]);
    terminal.keys("d");
    // Its tenant reviews what is deployed.
    terminal.wait_for_row(&["Waiting to be reviewed", "web-06", "shop-front"]);
    terminal.keys("5");
    terminal.wait_for_row(&["Deploy", "web-06", "shop-front"]);
    terminal.keys("/web-06\r");
    terminal.wait_for_row(&["held task", "/web-06"]);
    terminal.wait_for("Y approve");
    terminal.keys("Y");
    terminal.wait_for("Approve this task?");
    terminal.keys("go\r");
    terminal.keys("1");

    terminal.wait_for_row(&["web-06", "shop-front", "▲ 1 Deploy failed"]);
    terminal.keys("e");
    terminal.wait_for("of web-06");
    terminal.wait_for("4 hosts were considered and none has room");
    terminal.wait_for("a acknowledge");
    terminal.keys("a");
    terminal.wait_for("warning acknowledged");
    terminal.keys("1");
    terminal.wait_until("no warning on the VM", |screen| {
        let contents = screen.contents();
        contents
            .lines()
            .any(|row| row.contains("web-06") && row.contains("shop-front") && !row.contains('▲'))
    });
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}

#[test]
fn a_held_task_is_approved_with_a_note_and_runs_to_its_end() {
    let home = Home::new();
    let mut terminal = with(&home, "batch-03");
    terminal.wait_for_row(&["Waiting to be reviewed", "batch-03"]);
    terminal.keys("5");
    terminal.wait_for_row(&["jmoss", "Deploy", "batch-03", "nightly-batch"]);
    terminal.wait_for("Y approve");
    terminal.keys("Y");
    terminal.wait_for("Approve this task?");
    terminal.wait_for_row(&["Deploy of batch-03", "asked for by jmoss"]);
    terminal.keys("audited");
    terminal.wait_for_row(&["Note", "audited"]);
    terminal.keys("\r");
    terminal.wait_for("batch-03 on abiquo: approved");
    terminal.wait_until("nothing held", |screen| {
        screen.contents().contains("0 held tasks")
    });
    terminal.keys("1");
    terminal.wait_for_row(&["● On", "batch-03"]);
    // The note stands in the event of the decision.
    terminal.keys("e");
    terminal.wait_for("Deploy continue");
    terminal.keys("j");
    terminal.wait_for("audited");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}

#[test]
fn a_vm_is_relocated_to_a_host_that_is_chosen_by_its_load() {
    let home = Home::new();
    let mut terminal = with(&home, "web-03");
    terminal.wait_for_row(&["● On", "web-03"]);
    terminal.keys("mr");
    terminal.wait_for("Relocate web-03");
    terminal.wait_for_row(&["esx-bcn-02", "29 of 48 CPU", "130 GiB of 384 GiB"]);
    terminal.keys("j\r");
    terminal.wait_for_row(&["Relocating", "web-03"]);
    terminal.wait_for("web-03 on abiquo: relocated");
    terminal.wait_for_row(&["● On", "web-03"]);
    terminal.keys("\r");
    terminal.wait_for_row(&["Host", "esx-bcn-02"]);
    terminal.keys("\u{1b}");
    terminal.wait_for("t tasks");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}
