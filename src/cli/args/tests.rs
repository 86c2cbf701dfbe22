#![allow(clippy::unwrap_used, reason = "a test may panic")]

use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    let words = std::iter::once("vmdeck").chain(line.split_whitespace());
    Cli::parse_line(words.map(OsString::from))
}

#[test]
fn the_declaration_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn without_a_command_it_is_the_console() {
    assert!(
        parse("--config x.toml --cloud prod")
            .unwrap()
            .command
            .is_none()
    );
}

#[test]
fn global_options_stand_before_and_after_the_command() {
    let options = "--config x.toml --cloud prod --cloud lab -o json --yes --no-wait --timeout 5m";
    for line in [
        format!("{options} power off web-01"),
        format!("power off web-01 {options}"),
    ] {
        let global = parse(&line).unwrap().global;
        assert_eq!(global.config, Some("x.toml".into()), "{line}");
        assert_eq!(global.clouds, ["prod", "lab"], "{line}");
        assert_eq!(global.output, Format::Json, "{line}");
        assert!(global.yes && global.no_wait, "{line}");
        assert_eq!(global.timeout, Some(Duration::from_secs(300)), "{line}");
    }
}

#[test]
fn clouds_on_both_sides_of_the_command_all_count() {
    for (line, clouds) in [
        ("--cloud a vms --cloud b --cloud=c", &["a", "b", "c"][..]),
        ("--cloud a --cloud b vms", &["a", "b"]),
        ("vms --cloud a -- --cloud", &["a"]),
        ("vms cloud", &[]),
    ] {
        assert_eq!(parse(line).unwrap().global.clouds, clouds, "{line}");
    }
}

#[test]
fn every_command_of_the_manual_is_understood() {
    for line in [
        "demo --vms 100000 --seed 7 --latency 40 --pace 2.5 --serve",
        "demo --pace inf",
        "vms",
        "vms web",
        "vapps",
        "show prod/1",
        "power on a",
        "power off a b",
        "power shutdown a",
        "power pause a",
        "power resume a",
        "power reset a",
        "power reboot a",
        "protect a b --reason kernel",
        "unprotect a b",
        "delete a b --release --force",
        "deploy a b --force",
        "deploy --vapp shop",
        "undeploy a",
        "undeploy --vapp prod/7 --force",
        "snapshot a --name golden",
        "move a b --to shop",
        "vapp create shop --project east --restricted",
        "vapp restrict a b",
        "vapp restrict a --to shop",
        "vapp edit shop --name till",
        "vapp edit shop --restricted false",
        "vapp delete shop",
        "remote a --reveal",
        "workflow",
        "workflow list --tenant acme",
        "workflow approve t1 prod/t2 --note audited",
        "workflow reject t1 --tenant acme",
        "tasks --tenant acme",
        "ack t1 --tenant acme",
        "events --until 1h --user ada --vm web-01 --text disk",
        "tasks",
        "tasks --failed",
        "ack t1 prod/t2",
        "ack --vm a",
        "ack --all",
        "events",
        "events --since 1h --severity error",
        "events --since 2026-03-01T08:00:00Z --severity warning",
        "clouds",
        "config path",
        "config init",
        "config check",
        "config secret prod",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    for line in [
        "power",
        "power off",
        "power explode a",
        "deploy",
        "deploy a --vapp shop",
        "snapshot a",
        "move a",
        "move --to shop",
        "vapp",
        "vapp create shop",
        "vapp edit shop",
        "vapp edit shop --restricted maybe",
        "remote",
        "ack --tenant acme",
        "ack t1 --all",
        "protect --reason x",
        "protect a",
        "unprotect",
        "show",
        "show a b",
        "ack",
        "ack t --all",
        "ack t --vm a",
        "events --since yesterday",
        "events --severity loud",
        "vms --timeout soon",
        "vms -o yaml",
        "config",
        "config secret",
        "demo --pace fast",
        "frobnicate",
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn help_and_version_are_no_failures() {
    for line in ["--help", "--version", "power --help", "help events"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 0, "{line}");
    }
    let version = parse("--version").unwrap_err().to_string();
    assert_eq!(version, format!("vmdeck {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_of_power_has_the_line_of_every_action() {
    let help = parse("power --help").unwrap_err().to_string();
    for line in [
        "off:",
        "Power off: cut the power",
        "Shut down: ask the guest to stop",
        "Reset: restart hard",
    ] {
        assert!(help.contains(line), "{line} in {help}");
    }
}
