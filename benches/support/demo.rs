//! Demo clouds in a process of their own, so that their work is not counted as ours.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use vmdeck::config::{CloudEntry, Credentials, Provider, Secret, SecretSource, Tls};
use vmdeck::demo::{self, DemoOptions};

/// Set in the process that serves: how many VMs, and the added milliseconds of each answer.
const SERVE: &str = "VMDECK_BENCH_SERVE";

/// A running demo process. Dropping this stops it.
pub struct Demo {
    process: Child,
    /// The cloud's API.
    pub url: String,
    pub username: String,
    pub password: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves and never returns, if this process was started to do that.
pub fn serve_if_asked() {
    let Ok(wanted) = env::var(SERVE) else {
        return;
    };
    let mut numbers = wanted.split(',').map(|number| number.parse().unwrap());
    let options = DemoOptions {
        vms: Some(numbers.next().unwrap()),
        latency: Duration::from_millis(numbers.next().unwrap() as u64),
        ..DemoOptions::default()
    };
    let clouds = demo::start(&options).unwrap();
    println!("{}", serde_json::json!({ "clouds": clouds.clouds }));
    std::io::stdout().flush().unwrap();
    // The parent keeps the other end open for as long as it wants to be served.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

impl Demo {
    /// Starts it with so many VMs and so many milliseconds added to every answer.
    pub fn start(vms: usize, latency_ms: u64) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .env(SERVE, format!("{vms},{latency_ms}"))
            .stdin(Stdio::piped())
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
            tls: Tls::default(),
        }
    }
}
