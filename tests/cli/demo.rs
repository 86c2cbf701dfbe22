//! `demo --serve`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Demo, FAST, keys};

#[test]
fn one_line_of_json_says_where_everything_is() {
    let demo = Demo::start(&[]);
    let mut found = keys(&demo.ready);
    found.sort_unstable();
    assert_eq!(found, ["clouds", "config"]);
    let mut found = keys(&demo.ready["clouds"][0]);
    found.sort_unstable();
    assert_eq!(found, ["name", "password", "provider", "url", "username"]);
    assert!(
        demo.url().starts_with("http://127.0.0.1:"),
        "{}",
        demo.url()
    );
}

#[test]
fn its_files_are_private_and_go_with_it() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut demo = Demo::start(&[]);
        let config = demo.config();
        let folder = config.parent().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder), mode(&config)), (0o700, 0o600));
        assert_eq!(demo.stop(signal), Some(0), "{signal:?}");
        assert!(!folder.exists(), "{signal:?}");
    }
}

#[test]
fn what_is_kept_of_it_lives_beside_its_configuration_and_nowhere_else() {
    let demo = Demo::start(FAST);
    demo.vmdeck(&["power", "on", "web-05"]).ends_with(0);
    let config = demo.config();
    let folder = config.parent().unwrap();
    assert!(folder.join("state/journal.jsonl").exists());
    assert!(folder.join("cache").read_dir().unwrap().next().is_some());
    for usual in [".local", ".cache"] {
        assert!(!demo.home().join(usual).exists(), "{usual}");
    }
}

#[test]
fn it_has_as_many_vms_as_asked_for() {
    let demo = Demo::start(&["--vms", "1203", "--seed", "7"]);
    let run = demo.vmdeck(&["vms", "-o", "name"]).ends_with(0);
    assert_eq!(run.out.lines().count(), 1203);
}

#[test]
fn a_configuration_of_another_is_not_taken() {
    let demo = Demo::start(&[]);
    let run = demo.vmdeck(&["demo", "--serve"]).ends_with(2);
    assert!(run.err.contains("--config"), "{run:?}");
}
