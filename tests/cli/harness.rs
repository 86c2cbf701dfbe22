//! The real program, against the demo clouds it serves itself, each with folders of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The program.
pub const VMDECK: &str = env!("CARGO_BIN_EXE_vmdeck");

/// Operations take no time to speak of.
pub const FAST: &[&str] = &["--pace", "1000"];
/// Operations outlast every test.
pub const SLOW: &[&str] = &["--pace", "0.001"];

/// `vmdeck demo --serve`, stopped when it is dropped.
pub struct Demo {
    child: Child,
    /// What it printed when it was ready.
    pub ready: Value,
    home: TempDir,
}

impl Demo {
    /// Starts a demo of its own.
    pub fn start(options: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = program(home.path())
            .args(["demo", "--serve"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready, home }
    }

    /// The configuration that it made.
    pub fn config(&self) -> PathBuf {
        self.ready["config"].as_str().unwrap().into()
    }

    /// Where its cloud is.
    pub fn url(&self) -> &str {
        self.ready["clouds"][0]["url"].as_str().unwrap()
    }

    /// A configuration of some clouds, each with its name, URL, user and further lines.
    pub fn configured(&self, clouds: &[(&str, &str, &str, &str)]) -> PathBuf {
        let tables = clouds.iter().map(|(name, url, user, more)| {
            format!(
                "[[clouds]]\nname = \"{name}\"\nprovider = \"abiquo\"\nurl = \"{url}\"\nusername = \"{user}\"\n\
                 password = \"demo\"\n{more}\n"
            )
        });
        let text: String = tables.collect();
        let file = tempfile::Builder::new()
            .suffix(".toml")
            .tempfile_in(self.home.path())
            .unwrap();
        fs::write(&file, text).unwrap();
        file.into_temp_path().keep().unwrap()
    }

    /// The program on this demo's Abiquo cloud, without a terminal.
    pub fn vmdeck(&self, args: &[&str]) -> Run {
        let all = ["config", "demo", "--cloud"]
            .iter()
            .any(|word| args.contains(word));
        let only: &[&str] = if all { &[] } else { &["--cloud", "abiquo"] };
        self.vmdeck_on(&self.config(), &[args, only].concat())
    }

    /// The program on all clouds of this demo.
    pub fn vmdeck_on_all(&self, args: &[&str]) -> Run {
        self.vmdeck_on(&self.config(), args)
    }

    /// The program on another configuration.
    pub fn vmdeck_on(&self, config: &Path, args: &[&str]) -> Run {
        Run::of(self.command_on(config, args).output().unwrap())
    }

    /// The program, not started.
    pub fn command_on(&self, config: &Path, args: &[&str]) -> Command {
        let mut command = program(self.home.path());
        command.arg("--config").arg(config).args(args);
        command
    }

    /// The folder of everything that the program keeps.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Stops it by a signal and says how it ended.
    pub fn stop(&mut self, signal: Signal) -> Option<i32> {
        kill_process(pid(&self.child), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(pid(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// The process of a child.
pub fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// The program with a home of its own and nothing else from the environment.
pub fn program(home: &Path) -> Command {
    let mut command = Command::new(VMDECK);
    command
        .env_clear()
        .envs(environment(home))
        .stdin(Stdio::null());
    command
}

/// The environment of the program.
pub fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("HOME", home.to_owned()),
        ("TMPDIR", home.to_owned()),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent".into()),
    ]
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same run, if it ended with this status.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// What was printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The values of a key of every object of an array.
pub fn each<'a>(array: &'a Value, key: &str) -> Vec<&'a str> {
    let objects = array.as_array().unwrap().iter();
    objects
        .map(|object| object[key].as_str().unwrap_or("null"))
        .collect()
}

/// The object whose `name` is so.
#[track_caller]
pub fn named<'a>(array: &'a Value, name: &str) -> &'a Value {
    let mut objects = array.as_array().unwrap().iter();
    objects.find(|object| object["name"] == name).unwrap()
}

/// The keys of an object, in its order or not.
pub fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}
