//! An administrator's quarter of an hour.

use crate::pty::{FIRST_ROW, Home, Terminal};

#[test]
fn a_vm_is_found_protected_released_and_its_failed_shutdown_acknowledged() {
    let home = Home::new();
    let mut terminal = Terminal::demo(&home);
    terminal.wait_for("65 VMs, 1 cloud");

    terminal.keys("/web-02");
    terminal.wait_for_row(&["1 of 65 VMs", "/web-02"]);
    terminal.keys("\r");
    terminal.wait_until("the filter kept", |screen| {
        let contents = screen.contents();
        contents.contains("m actions") && !contents.contains(FIRST_ROW)
    });
    terminal.wait_for_row(&["● On", "web-02", "shop-front", "10.0.3.15"]);

    terminal.keys("p");
    terminal.wait_for("Protect web-02 · abiquo demo · On");
    terminal.keys("kernel update");
    terminal.wait_for_row(&["Reason", "kernel update"]);
    terminal.keys("\r");
    terminal.wait_for_row(&["◆ Maintenance · on", "web-02", "kernel update"]);
    terminal.wait_for("◆ 4 protected");

    terminal.keys("P");
    terminal.wait_for_row(&["● On", "web-02", "shop-front"]);
    terminal.wait_until("nothing in maintenance", |screen| {
        let contents = screen.contents();
        !contents.contains("Maintenance") && contents.contains("◆ 3 protected")
    });

    // Three tasks of the demo failed long ago; they are found in the background.
    terminal.wait_for("▲ 3 warnings");
    terminal.keys("D");
    terminal.wait_for_row(&["● On", "web-02", "▲ 1 Shut down failed"]);
    terminal.wait_for("▲ 4 warnings");
    terminal.wait_for_row(&["▲ web-02", "Shut down failed, rolled back"]);

    terminal.keys("a");
    terminal.wait_until("no warning on the VM and one less in all", |screen| {
        let contents = screen.contents();
        let mut rows = contents.lines();
        contents.contains("▲ 3 warnings")
            && rows.any(|row| row.contains("shop-front") && !row.contains('▲'))
    });

    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}

/// One VM of each cloud without appliances is protected, released and powered off. ZStack's high availability starts some VMs again, so
/// there it is kept off.
#[test]
fn every_cloud_protects_releases_and_powers_off() {
    for (cloud, name, off) in [
        ("zstack", "shop-web-01", "mK"),
        ("ecp", "shop-web-1", "X"),
        ("scloudm", "shop-01", "X"),
    ] {
        let home = Home::new();
        let args = ["demo", "--pace", "20", "--cloud", cloud];
        let mut terminal = Terminal::vmdeck(&home, crate::pty::WIDE, &args);
        terminal.wait_for("VMs, 1 cloud");
        terminal.keys("/");
        terminal.wait_for("esc clear");
        terminal.keys(name);
        terminal.wait_for("1 of 2");
        terminal.keys("\r");
        terminal.wait_for_row(&["● On", name]);
        terminal.wait_for("p protect");
        terminal.keys("p");
        terminal.wait_for(&format!("Protect {name}"));
        terminal.keys("patch day\r");
        terminal.wait_for_row(&["◆ Maintenance · on", name, "patch day"]);
        terminal.wait_for("P unprotect");
        terminal.keys("P");
        terminal.wait_for_row(&["● On", name]);
        terminal.wait_for("p protect");
        terminal.keys(off);
        terminal.wait_for(&format!("Power off {name} on {cloud} demo?"));
        terminal.keys("y");
        terminal.wait_for_row(&["○ Off", name]);
        terminal.keys("q");
        assert!(terminal.ended().success(), "{cloud}");
        terminal.assert_clean();
    }
}
