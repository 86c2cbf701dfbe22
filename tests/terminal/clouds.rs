//! A cloud that hangs.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::pty::{FIRST_ROW, Home, Terminal, VMDECK, WIDE};

/// `vmdeck demo --serve`, stopped when it is dropped.
struct Demo {
    child: Child,
    url: String,
}

impl Demo {
    fn start(home: &Home) -> Self {
        let mut child = Command::new(VMDECK)
            .env_clear()
            .envs(home.environment())
            .args(["demo", "--serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let url = ready["clouds"][0]["url"].as_str().unwrap().to_owned();
        Self { child, url }
    }

    /// From now on it answers nothing.
    fn stall(&self) {
        kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        for signal in [Signal::TERM, Signal::CONT] {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
        let _ = self.child.wait();
    }
}

/// A server that takes every connection and never says a word.
struct Hanging {
    url: String,
    taken: Arc<Mutex<Vec<TcpStream>>>,
}

impl Hanging {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        thread::spawn({
            let taken = Arc::clone(&taken);
            move || {
                for connection in listener.incoming().flatten() {
                    taken.lock().unwrap().push(connection);
                }
            }
        });
        Self { url, taken }
    }

    /// Whether its first visitor has asked something and still waits for the answer.
    fn is_waited_for(&self) -> bool {
        let mut taken = self.taken.lock().unwrap();
        let Some(first) = taken.first_mut() else {
            return false;
        };
        first.set_nonblocking(true).unwrap();
        let mut asked = Vec::new();
        match first.read_to_end(&mut asked) {
            Err(error) => error.kind() == ErrorKind::WouldBlock && asked.starts_with(b"GET /api"),
            Ok(_) => false,
        }
    }
}

/// A configured cloud.
fn cloud(name: &str, url: &str) -> String {
    format!(
        "[[clouds]]\nname = \"{name}\"\nprovider = \"abiquo\"\nurl = \"{url}\"\nusername = \"admin\"\n\
         password = \"demo\"\n"
    )
}

/// The console on a cloud that hangs and on one that lives, as soon as the rows of that are there.
fn on_both(home: &Home, demo: &Demo, hanging: &Hanging) -> Terminal {
    home.configure(&(cloud("hangs", &hanging.url) + &cloud("lives", &demo.url)));
    let terminal = Terminal::vmdeck(home, WIDE, &[]);
    terminal.wait_for_row(&[FIRST_ROW, "lives"]);
    terminal
}

#[test]
fn keys_are_answered_while_a_cloud_hangs() {
    let home = Home::new();
    let (demo, hanging) = (Demo::start(&home), Hanging::start());
    let mut terminal = on_both(&home, &demo, &hanging);
    terminal.keys("3");
    terminal.wait_for_row(&["signing in", "hangs", "Abiquo"]);
    terminal.keys("2");
    terminal.wait_for("shop-front");
    terminal.keys("1/web-02");
    terminal.wait_for_row(&["● On", "web-02", "lives"]);
    terminal.keys("\x7f3");
    terminal.wait_for_row(&["web-03", "lives"]);
    assert!(hanging.is_waited_for(), "it hung all the time");

    terminal.keys("\x1b");
    terminal.wait_for("q quit");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.assert_clean();
}

#[test]
fn a_closed_terminal_does_not_wait_for_an_answer_that_is_on_its_way() {
    let home = Home::new();
    let (demo, hanging) = (Demo::start(&home), Hanging::start());
    let mut terminal = on_both(&home, &demo, &hanging);
    demo.stall();
    terminal.keys("/web-02\r");
    terminal.wait_for_row(&["● On", "web-02"]);
    terminal.keys("D");
    terminal.wait_for_row(&["Shutting down", "web-02"]);
    let exit = terminal.close(Duration::from_secs(1));
    assert!(exit.expect("it runs on").success());
}
