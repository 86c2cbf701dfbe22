//! Demo clouds in a process of their own, so that their work is not counted as ours.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vmdeck::config::{CloudEntry, Credentials, Provider, Secret, SecretSource, Tls};

/// A running `vmdeck demo --serve`. Dropping this stops it.
pub struct Demo {
    process: Child,
    /// The cloud's API.
    pub url: String,
    pub username: String,
    pub password: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked to end, it removes its folder. It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

impl Demo {
    /// Starts it with so many VMs and so many milliseconds added to every answer.
    pub fn start(vms: usize, latency_ms: u64) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vmdeck"))
            .args(["demo", "--serve"])
            .args(["--vms", &vms.to_string()])
            .args(["--latency", &latency_ms.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| told["clouds"][0][key].as_str().unwrap().to_owned();
        Self {
            process,
            url: text("url"),
            username: text("username"),
            password: text("password"),
        }
    }

    /// The entry of a configuration that leads there, with so many requests at once.
    pub fn entry(&self, concurrency: usize) -> CloudEntry {
        CloudEntry {
            name: "demo".to_owned(),
            provider: Provider::Abiquo { api_version: None },
            url: self.url.parse().unwrap(),
            environment: None,
            credentials: Credentials::Password {
                username: self.username.clone(),
                password: SecretSource::Plain(Secret::new(self.password.as_str())),
            },
            read_only: false,
            concurrency,
            group_by: None,
            tls: Tls::default(),
        }
    }
}
