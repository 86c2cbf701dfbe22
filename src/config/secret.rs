//! Secrets, and the places they are fetched from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::{command, keyring};

/// How long fetching a secret may take: a password manager may have to ask the person in a window.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How many bytes are read where a secret should be.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// A password or a token. Its content shows neither in `Debug` nor anywhere else: only [`Secret::expose`] gives
/// it out. Clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a text in.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first line of what a source gave: files and password managers end it with a line feed, and keep
    /// notes below it.
    fn first_line(text: &[u8], origin: &str) -> Result<Self, SecretError> {
        let wrong = |why| SecretError::Unusable {
            origin: origin.to_owned(),
            why,
        };
        if text.len() > MAX_BYTES {
            return Err(wrong("more than 64 KiB"));
        }
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match str::from_utf8(line) {
            Ok("") => Err(wrong("nothing on the first line")),
            Ok(line) => Ok(Self::new(line)),
            Err(_) => Err(wrong("something that is not UTF-8 text")),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the configuration.
    Plain(Secret),
    /// An environment variable holds it.
    Env(String),
    /// A program prints it: its name and its arguments, run without a shell and without a terminal.
    Command(Vec<String>),
    /// A file's first line is it.
    File(PathBuf),
    /// The keyring of the desktop keeps it: service `vmdeck`, this account.
    Keyring(String),
}

impl SecretSource {
    /// Fetches the secret. It takes at most 30 seconds.
    ///
    /// # Errors
    /// When there is nothing to fetch or no way to it. No error holds anything that was read.
    pub async fn resolve(&self) -> Result<Secret, SecretError> {
        self.resolve_until(tokio::time::sleep(TIME_LIMIT)).await
    }

    /// Fetches the secret unless `limit` ends first.
    async fn resolve_until(&self, limit: impl Future<Output = ()>) -> Result<Secret, SecretError> {
        if let Self::Plain(secret) = self {
            return Ok(secret.clone());
        }
        tokio::select! {
            text = self.fetch() => Secret::first_line(&text?, &self.origin()),
            () = limit => Err(SecretError::TimedOut {
                origin: self.origin(),
                seconds: TIME_LIMIT.as_secs(),
            }),
        }
    }

    async fn fetch(&self) -> Result<Vec<u8>, SecretError> {
        match self {
            Self::Plain(secret) => Ok(secret.expose().as_bytes().to_owned()),
            Self::Env(name) => match std::env::var_os(name) {
                Some(text) => Ok(text.into_encoded_bytes()),
                None => Err(SecretError::EnvNotSet { name: name.clone() }),
            },
            Self::Command(command) => command::output(command).await,
            Self::File(path) => read_file(path).await.map_err(|source| SecretError::File {
                path: path.clone(),
                source,
            }),
            Self::Keyring(account) => keyring::read(account).await,
        }
    }

    /// The source in words: never more than what names the place.
    fn origin(&self) -> String {
        match self {
            Self::Plain(_) => "the configuration".to_owned(),
            Self::Env(name) => format!("the environment variable {name}"),
            Self::Command(command) => format!("the command {}", command::program(command)),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Keyring(account) => format!("the keyring's entry {account}"),
        }
    }
}

impl fmt::Debug for SecretSource {
    /// Without the arguments of a command: they may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretSource({})", self.origin())
    }
}

async fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = tokio::fs::File::open(path).await?;
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .await?;
    Ok(text)
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not there.
    #[error("the environment variable {name} is not set; set it, or change the configuration")]
    EnvNotSet {
        /// Its name.
        name: String,
    },
    /// The program cannot be started, or what it prints cannot be read.
    #[error(
        "the command {program} cannot be run: {source}; check its name and that it is installed"
    )]
    CommandNotRun {
        /// The program, without its arguments.
        program: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The program says that it failed.
    #[error("the command {program} failed ({status}); run it in a terminal to see why")]
    CommandFailed {
        /// The program, without its arguments.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The file cannot be read.
    #[error("the file {} cannot be read: {source}; check the path and who may read it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The keyring has no such entry.
    #[error("the keyring has no entry {account}; store it with `vmdeck config secret {account}`")]
    NotInKeyring {
        /// The account.
        account: String,
    },
    /// The keyring cannot be used.
    #[error(
        "the keyring cannot be used for the entry {account}: {reason}; unlock or start it, or use another kind of secret"
    )]
    Keyring {
        /// The account.
        account: String,
        /// What the keyring says, without any content.
        reason: String,
    },
    /// There is something, and it cannot be a secret.
    #[error("{origin} gave {why} where a secret should be; check what it holds")]
    Unusable {
        /// Where it was looked for.
        origin: String,
        /// What is there instead.
        why: &'static str,
    },
    /// It took too long.
    #[error(
        "{origin} gave no secret within {seconds} seconds; check that it does not wait for an answer, then try again"
    )]
    TimedOut {
        /// Where it was looked for.
        origin: String,
        /// How long was waited.
        seconds: u64,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use std::fs::File;
    use std::future;
    use std::io::{BufRead as _, BufReader, Read as _};

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tokio::sync::oneshot;

    use super::*;

    fn shell(script: &str, argument: &str) -> SecretSource {
        let parts = ["sh", "-c", script, "sh", argument];
        SecretSource::Command(parts.map(str::to_owned).into())
    }

    async fn resolve(source: &SecretSource) -> Result<Secret, SecretError> {
        source.resolve_until(future::pending()).await
    }

    #[tokio::test]
    async fn a_command_gives_the_first_line_that_it_prints() {
        for (script, secret) in [
            ("echo hunter2", "hunter2"),
            ("printf hunter2", "hunter2"),
            ("printf 'hunter2\\r\\n'", "hunter2"),
            (
                "printf ' with blanks \\nurl: https://x\\n'",
                " with blanks ",
            ),
        ] {
            assert_eq!(
                resolve(&shell(script, "")).await.unwrap().expose(),
                secret,
                "{script}"
            );
        }
    }

    #[tokio::test]
    async fn a_command_gets_no_input_and_is_not_told_of_a_terminal() {
        let source = shell("cat; echo \"${GPG_TTY-none}\"", "");
        assert_eq!(resolve(&source).await.unwrap().expose(), "none");
    }

    #[tokio::test]
    async fn a_failed_command_says_its_name_and_status_and_nothing_that_it_printed_or_was_told() {
        let source = shell("echo hunter2; echo hunter2 >&2; exit 7", "hunter2");
        let error = resolve(&source).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh") && text.contains('7'), "{text}");
        assert!(
            !format!("{text} {error:?} {source:?}").contains("hunter2"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_named_without_its_arguments() {
        let command = ["/nowhere/vmdeck-no-such-program", "hunter2"];
        let source = SecretSource::Command(command.map(str::to_owned).into());
        let error = resolve(&source).await.unwrap_err();
        assert!(
            matches!(error, SecretError::CommandNotRun { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("vmdeck-no-such-program"),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn what_cannot_be_a_secret_is_refused_without_being_shown() {
        for (script, why) in [
            ("true", "nothing"),
            ("echo; echo hunter2", "nothing"),
            ("printf 'hunter2\\377'", "UTF-8"),
            ("while :; do printf hunter2hunter2; done", "64 KiB"),
        ] {
            let error = resolve(&shell(script, "")).await.unwrap_err();
            assert!(error.to_string().contains(why), "{script}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
        let temp = tempfile::tempdir().unwrap();
        let pipe = temp.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let (started, limit) = oneshot::channel();
        let path = pipe.clone();
        let (ended, all_ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(File::open(path).unwrap());
            pipe.read_line(&mut String::new()).unwrap();
            started.send(()).unwrap();
            // The end of the pipe is reached when no process holds it open any more.
            pipe.read_to_end(&mut Vec::new()).unwrap();
            ended.send(()).unwrap();
        });
        let script = "exec 3>\"$1\"; tail -f /dev/null >&3 & echo ready >&3; wait";
        let source = shell(script, pipe.to_str().unwrap());
        let error = source
            .resolve_until(async { limit.await.unwrap() })
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("the command sh gave no secret"),
            "{error}"
        );
        // Only a failure waits so long.
        all_ended
            .recv_timeout(Duration::from_secs(10))
            .expect("a process is left");
    }

    #[tokio::test]
    async fn a_file_gives_its_first_line_and_a_missing_one_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("password");
        std::fs::write(&path, "hunter2\nnotes\n").unwrap();
        let secret = resolve(&SecretSource::File(path)).await.unwrap();
        assert_eq!(secret.expose(), "hunter2");
        let missing = SecretSource::File(temp.path().join("missing"));
        let error = resolve(&missing).await.unwrap_err().to_string();
        assert!(
            error.contains("missing") && error.contains("check the path"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_variable_gives_its_content_and_one_that_is_not_set_is_named() {
        // Cargo sets it for every test.
        let secret = resolve(&SecretSource::Env("CARGO_PKG_NAME".to_owned()))
            .await
            .unwrap();
        assert_eq!(secret.expose(), "vmdeck");
        let unset = SecretSource::Env("VMDECK_TEST_NOT_SET".to_owned());
        let error = resolve(&unset).await.unwrap_err().to_string();
        assert!(error.contains("VMDECK_TEST_NOT_SET is not set"), "{error}");
    }

    #[test]
    fn a_secret_shows_in_no_debug_output() {
        let secret = Secret::new("hunter2");
        let sources = [
            SecretSource::Plain(secret.clone()),
            shell("echo hunter2", "hunter2"),
        ];
        assert!(!format!("{secret:?} {sources:?}").contains("hunter2"));
    }
}
