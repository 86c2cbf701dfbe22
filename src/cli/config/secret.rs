//! `vmdeck config secret`: takes a secret in, unseen, and keeps it in the keyring.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::exit::{Exit, Stop};
use crate::cli::print;
use crate::config::{Secret, store_keyring};

/// How much is read where a secret should be, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads a secret from the terminal without echo, or from what is piped in, and keeps it under `name`.
pub async fn run(name: &str) -> Result<Exit, Stop> {
    if name.trim().is_empty() {
        return Err(Stop::usage(
            "the name is empty; write the NAME of { keyring = \"NAME\" }",
        ));
    }
    let line = if io::stdin().is_terminal() {
        match typed(name).await? {
            Some(line) => line,
            None => return Ok(Exit::Interrupted),
        }
    } else {
        first_line(&mut io::stdin().lock()).map_err(unreadable)?
    };
    let secret = line.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(Stop::usage(
            "nothing was typed; the keyring was left as it is",
        ));
    }
    store_keyring(name, &Secret::new(secret))
        .await
        .map_err(Stop::failed)?;
    print(Exit::Done, |out| {
        writeln!(
            out,
            "kept; the configuration names it {{ keyring = \"{name}\" }}"
        )
    })
}

/// A line from the terminal, unseen; `None` after Ctrl-C.
async fn typed(name: &str) -> Result<Option<String>, Stop> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unreadable)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unreadable)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(unreadable)?;
    let _unseen = Unseen::begin().map_err(unreadable)?;
    {
        let mut out = io::stderr().lock();
        let asked = write!(out, "Secret for {name} (it is not shown): ").and_then(|()| out.flush());
        asked.map_err(unreadable)?;
    }
    // A thread of its own: a read from a terminal cannot be given up, and must not hold the program.
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        // Nobody listens any more after a signal.
        let _unheard = sender.send(first_line(&mut io::stdin().lock()));
    });
    tokio::select! {
        line = receiver => line.map_err(unreadable)?.map(Some).map_err(unreadable),
        _ = interrupt.recv() => Ok(None),
        _ = terminate.recv() => Ok(None),
        _ = hang_up.recv() => Ok(None),
    }
}

fn first_line(input: &mut dyn BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.take(MAX_BYTES).read_line(&mut line)?;
    Ok(line)
}

fn unreadable(error: impl std::fmt::Display) -> Stop {
    Stop::failed(format!(
        "cannot read the secret: {error}; the keyring was left as it is"
    ))
}

/// The terminal without echo, as it was before when this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        unseen.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_first_line_is_the_secret_and_a_flood_is_cut() {
        assert_eq!(first_line(&mut &b"s3cret\nnotes"[..]).unwrap(), "s3cret\n");
        let flood = vec![b'x'; 1 << 20];
        assert_eq!(
            first_line(&mut flood.as_slice()).unwrap().len() as u64,
            MAX_BYTES
        );
        assert!(first_line(&mut &b"\xff\xfe\n"[..]).is_err(), "not text");
    }
}
