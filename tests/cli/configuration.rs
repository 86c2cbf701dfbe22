//! The configuration and its commands.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Run, program};

fn run(home: &std::path::Path, args: &[&str]) -> Run {
    Run::of(program(home).args(args).output().unwrap())
}

#[test]
fn without_a_configuration_a_person_is_told_how_to_make_one() {
    let home = tempfile::tempdir().unwrap();
    let run = run(home.path(), &["vms"]).ends_with(2);
    assert!(
        run.err.contains("vmdeck config init") && run.err.contains("vmdeck demo"),
        "{run:?}"
    );
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        0,
        "nothing is written by asking"
    );
}

#[test]
fn a_first_configuration_is_written_once() {
    let home = tempfile::tempdir().unwrap();
    let path = run(home.path(), &["config", "path"]).ends_with(0).out;
    let path = path.trim();
    run(home.path(), &["config", "check"]).ends_with(2);
    run(home.path(), &["config", "init"]).ends_with(0);
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let empty = run(home.path(), &["config", "check"]).ends_with(0);
    assert!(empty.err.contains("names no cloud"), "{empty:?}");
    fs::write(path, "refresh_seconds = 7\n").unwrap();
    let again = run(home.path(), &["config", "init"]).ends_with(2);
    assert!(again.err.contains(path), "{again:?}");
    assert_eq!(fs::read_to_string(path).unwrap(), "refresh_seconds = 7\n");
    let run = run(home.path(), &["vms"]).ends_with(2);
    assert!(run.err.contains("names no cloud"), "{run:?}");
}

#[test]
fn mistakes_are_told_by_file_and_line_without_the_secret() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("wrong.toml");
    let text = "refresh_seconds = 10\n[[clouds]]\nname = \"a\"\nprovider = \"abiquo\"\nurl = \"ftp://x\"\n\
                username = \"u\"\npasword = \"s3cret\"\n";
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    for command in [&["config", "check"][..], &["vms"]] {
        let run = run(home.path(), &[command, &["--config", path]].concat()).ends_with(2);
        for place in [format!("{path}:5:"), format!("{path}:7:")] {
            assert!(run.err.contains(&place), "{place} in {run:?}");
        }
        assert!(!run.err.contains("s3cret"), "{run:?}");
    }
}

#[test]
fn a_warning_does_not_fail_the_check() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("open.toml");
    let text = "[[clouds]]\nname = \"a\"\nprovider = \"abiquo\"\nurl = \"https://x.example.com/api\"\n\
                username = \"u\"\npassword = \"s3cret\"\n";
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let run = run(
        home.path(),
        &["config", "check", "--config", path.to_str().unwrap()],
    )
    .ends_with(0);
    assert!(
        run.err.contains("open.toml:6:") && !run.err.contains("s3cret"),
        "{run:?}"
    );
}

#[test]
fn keys_that_the_console_cannot_use_are_told_by_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("keys.toml");
    let path = path.to_str().unwrap();
    let check = |keys: &str| {
        fs::write(path, format!("[keys]\n{keys}\n")).unwrap();
        run(home.path(), &["config", "check", "--config", path])
    };
    check("power_off = [\"F9\"]").ends_with(0);
    let wrong = check("power_off = [\"F9\"]\npower_of = [\"F8\"]").ends_with(2);
    assert!(wrong.err.contains(&format!("{path}:3:")), "{wrong:?}");
}

#[test]
fn a_missing_configuration_that_is_named_is_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    let run = run(home.path(), &["vms", "--config", "nowhere.toml"]).ends_with(2);
    assert!(run.err.contains("nowhere.toml"), "{run:?}");
}

#[test]
fn help_and_version_need_nothing() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["--version"],
        &["help", "power"],
        &["ack", "--help"],
    ] {
        assert!(!run(home.path(), args).ends_with(0).out.is_empty());
    }
}

const CLOUDS: &str = "clouds:
  prod:
    auth: {auth_url: 'https://k.example.com/v3', username: alice, password: s3cret, project_name: red}
  my lab:
    auth: {auth_url: 'https://k.example.com/v3', username: bob, password: s3cret, project_name: blue}
";

#[test]
fn a_first_configuration_names_the_clouds_of_openstacks_own_files_and_copies_no_secret() {
    let home = tempfile::tempdir().unwrap();
    let init = || {
        let mut program = program(home.path());
        program.args(["config", "init", "--from-openstack"]);
        program.current_dir(home.path());
        program
    };
    let none = Run::of(init().output().unwrap()).ends_with(2);
    assert!(none.err.contains("OS_CLIENT_CONFIG_FILE"), "{none:?}");
    let folder = home.path().join(".config/openstack");
    fs::create_dir_all(&folder).unwrap();
    let clouds = folder.join("clouds.yaml");
    fs::write(&clouds, CLOUDS).unwrap();
    let written = Run::of(init().output().unwrap()).ends_with(0);
    assert!(written.out.contains("my-lab, prod"), "{written:?}");
    let path = run(home.path(), &["config", "path"]).ends_with(0).out;
    let text = fs::read_to_string(path.trim()).unwrap();
    assert!(
        text.contains("cloud = \"my lab\"") && !text.contains("s3cret"),
        "{text}"
    );
    let check = run(home.path(), &["config", "check"]).ends_with(0);
    assert!(check.out.contains("2 clouds"), "{check:?}");
    assert!(
        check.err.contains("chmod 600") && !check.err.contains("s3cret"),
        "who may read the file has the secret: {check:?}"
    );
    let again = Run::of(init().output().unwrap()).ends_with(2);
    assert!(again.err.contains("was left as it is"), "{again:?}");

    fs::write(&clouds, "clouds: {prod: {auth: {username: s3cret}}}").unwrap();
    let wrong = run(home.path(), &["config", "check"]).ends_with(2);
    for part in [
        "clouds[prod].auth.auth_url",
        "clouds[prod].auth.password",
        "has no cloud",
    ] {
        assert!(wrong.err.contains(part), "{part} in {wrong:?}");
    }
    assert!(!wrong.err.contains("s3cret"), "{wrong:?}");
}
