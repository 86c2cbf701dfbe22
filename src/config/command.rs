//! Fetching a secret from a program such as a password manager.

use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::secret::{MAX_BYTES, SecretError};

/// The program's name as it may be shown: without its folders and without its arguments.
pub(super) fn program(command: &[String]) -> String {
    let name = command.first().map(String::as_str).unwrap_or_default();
    Path::new(name).file_name().map_or_else(
        || name.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// What a program prints, at most one byte more than [`MAX_BYTES`].
///
/// It gets no input, its errors go nowhere (they may hold the secret, and the screen is not its own), and it
/// is not told of a terminal. It runs in a process group of its own, so that it cannot read the keys that are meant
/// for the console; when the caller stops waiting, the whole group is ended.
pub(super) async fn output(command: &[String]) -> Result<Vec<u8>, SecretError> {
    let not_run = |source| SecretError::CommandNotRun {
        program: program(command),
        source,
    };
    let (name, arguments) = command
        .split_first()
        .ok_or_else(|| not_run(std::io::ErrorKind::InvalidInput.into()))?;
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // GnuPG's agent would ask for the passphrase in the middle of the screen.
        .env_remove("GPG_TTY")
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(not_run)?;
    let mut group = Group::of(&child);

    let mut text = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let limit = MAX_BYTES as u64 + 1;
        stdout
            .take(limit)
            .read_to_end(&mut text)
            .await
            .map_err(not_run)?;
    }
    if text.len() > MAX_BYTES {
        return Ok(text);
    }
    let status = child.wait().await.map_err(not_run)?;
    group.has_ended();
    if status.success() {
        Ok(text)
    } else {
        Err(SecretError::CommandFailed {
            program: program(command),
            status,
        })
    }
}

/// The process group of a program; dropping it ends every process in it.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    /// The program was waited for, so its number may name another group from now on.
    fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // A failure means that there is nothing left to end.
            let _gone = kill_process_group(pid, Signal::KILL);
        }
    }
}
