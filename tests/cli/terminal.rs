//! What is asked on a terminal, and Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Signal, kill_process};

use crate::harness::{Demo, FAST, SLOW, VMDECK, environment, pid};

/// Runs the program in a terminal, waits for `question`, types `answer`; the exit status and the whole screen.
fn in_terminal(
    home: &std::path::Path,
    args: &[&str],
    question: &str,
    answer: &str,
) -> (u32, String) {
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(VMDECK);
    command.env_clear();
    for (name, value) in environment(home) {
        command.env(name, value);
    }
    command.args(args);
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    let mut answered = false;
    // A terminal whose other side is gone ends with an error.
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        if !answered && String::from_utf8_lossy(&seen).contains(question) {
            writer.write_all(answer.as_bytes()).unwrap();
            answered = true;
        }
    }
    let code = child.wait().unwrap().exit_code();
    (code, String::from_utf8_lossy(&seen).into_owned())
}

fn power_off(demo: &Demo, config: &std::path::Path, question: &str, answer: &str) -> (u32, String) {
    let args = [
        "--config",
        config.to_str().unwrap(),
        "power",
        "off",
        "web-01",
        "-o",
        "csv",
    ];
    in_terminal(demo.home(), &args, question, answer)
}

#[test]
fn a_yes_on_the_terminal_goes_on() {
    let demo = Demo::start(FAST);
    let (code, screen) = power_off(&demo, &demo.config(), "[y/N] ", "y\n");
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("demo, ON"),
        "environment and state: {screen}"
    );
    assert!(screen.contains("unsaved work is lost"), "{screen}");
    assert!(screen.contains(",done,"), "{screen}");
}

#[test]
fn a_no_on_the_terminal_sends_nothing() {
    let demo = Demo::start(FAST);
    let (code, screen) = power_off(&demo, &demo.config(), "[y/N] ", "\n");
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains(",refused,"), "{screen}");
    let vm = demo
        .vmdeck(&["show", "web-01", "-o", "json"])
        .ends_with(0)
        .json();
    assert_eq!(vm["state"], "ON");
}

#[test]
fn what_a_cloud_asks_is_answered_on_the_terminal() {
    let demo = Demo::start(FAST);
    let config = demo.config();
    let config = config.to_str().unwrap();
    let args = [
        "--config",
        config,
        "--cloud",
        "abiquo",
        "deploy",
        "golden-windows",
        "-o",
        "csv",
    ];
    let (code, screen) = in_terminal(demo.home(), &args, "[y/N] ", "\n");
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains(",refused,"), "{screen}");
    let (code, screen) = in_terminal(demo.home(), &args, "[y/N] ", "y\n");
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("soft limits would be exceeded")
            && screen.contains("with force it would be done"),
        "the server's words stand before the question: {screen}"
    );
    assert!(screen.contains(",done,"), "{screen}");
}

#[test]
fn in_production_the_name_is_typed() {
    let demo = Demo::start(FAST);
    let config = demo.configured(&[("prod", demo.url(), "admin", "environment = \"production\"")]);
    let (code, screen) = power_off(&demo, &config, "Type web-01 to go on: ", "y\n");
    assert_eq!(code, 1, "{screen}");
    let (code, screen) = power_off(&demo, &config, "Type web-01 to go on: ", "web-01\n");
    assert_eq!(code, 0, "{screen}");
}

#[test]
fn a_typed_secret_is_not_shown() {
    let home = tempfile::tempdir().unwrap();
    let args = ["config", "secret", "prod"];
    let (code, screen) = in_terminal(home.path(), &args, "(it is not shown): ", "hunter2\n");
    assert_eq!(code, 1, "there is no keyring here: {screen}");
    assert!(!screen.contains("hunter2"), "{screen}");
    assert!(screen.contains("keyring"), "{screen}");
}

#[test]
fn ctrl_c_while_waiting_says_what_goes_on() {
    let demo = Demo::start(SLOW);
    let config = demo.config();
    let args = [
        "--config",
        config.to_str().unwrap(),
        "power",
        "on",
        "web-05",
    ];
    let (code, screen) = in_terminal(demo.home(), &args, "waiting for its end", "\u{3}");
    assert_eq!(code, 130, "{screen}");
    assert!(
        screen.contains("Power on of web-05 goes on as task"),
        "{screen}"
    );
    assert!(
        !screen.contains("OUTCOME"),
        "nothing is printed as if it were over: {screen}"
    );
}

#[test]
fn the_line_of_the_demo_is_whole_before_it_serves() {
    let home = tempfile::tempdir().unwrap();
    let mut child = crate::harness::program(home.path())
        .args(["demo", "--serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    kill_process(pid(&child), Signal::TERM).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(
        line.ends_with("}\n") && rest.is_empty(),
        "exactly one line: {line}{rest}"
    );
}
