//! A program in a pseudo-terminal: keys go in, and what a person would see comes out.
//!
//! Nothing here sleeps. Two threads read the terminal and wait for the program; whoever waits for something is woken by them and
//! gives up after [`DEADLINE`], which is far beyond what anything takes.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::{MouseProtocolMode, Parser, Screen};

/// The program.
pub const VMDECK: &str = env!("CARGO_BIN_EXE_vmdeck");

/// So long something is waited for before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A wide terminal: columns and rows.
pub const WIDE: (u16, u16) = (120, 36);
/// The smallest that everything fits in.
pub const NARROW: (u16, u16) = (80, 24);

/// A row of the demo that is on the first page of VMs.
pub const FIRST_ROW: &str = "alert-gw";

/// A person's folders, with nothing in them.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the program looks for its configuration.
    pub fn config(&self) -> PathBuf {
        self.path().join("config/vmdeck/config.toml")
    }

    /// Writes the configuration.
    pub fn configure(&self, text: &str) {
        let file = self.config();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The whole environment of the program.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let below = |name: &str| self.path().join(name);
        vec![
            ("HOME", self.path().to_owned()),
            ("XDG_CONFIG_HOME", below("config")),
            ("XDG_STATE_HOME", below("state")),
            ("XDG_CACHE_HOME", below("cache")),
            ("TMPDIR", self.path().to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent".into()),
            ("TERM", "xterm-256color".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
        ]
    }
}

/// What the two threads know.
struct Seen {
    emulator: Parser,
    /// Everything that was written to the terminal.
    bytes: Vec<u8>,
    /// How the program ended.
    exit: Option<ExitStatus>,
    /// Nothing more can be read.
    drained: bool,
    /// The reading thread is to let go of the terminal.
    hanging_up: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// A program in a terminal of its own. Dropping it ends the program.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    /// Ours as well, so that nothing is lost when the program closes it.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reading: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    pid: Pid,
    /// The modes of the line before the program came.
    modes_before: String,
}

impl Terminal {
    /// `vmdeck` with these arguments.
    pub fn vmdeck(home: &Home, size: (u16, u16), args: &[&str]) -> Self {
        let mut command = CommandBuilder::new(VMDECK);
        command.args(args);
        Self::start(home, size, command)
    }

    /// `vmdeck demo`, as soon as it shows its VMs.
    pub fn demo(home: &Home) -> Self {
        let terminal = Self::vmdeck(home, WIDE, &["demo", "--pace", "20", "--cloud", "abiquo"]);
        terminal.wait_for(FIRST_ROW);
        assert!(terminal.is_taken(), "{}", terminal.contents());
        terminal
    }

    /// A shell that can stop and continue jobs, at its prompt. `$VMDECK` is the program.
    pub fn shell(home: &Home) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.arg("-i");
        let terminal = Self::start(home, WIDE, command);
        terminal.wait_for(PROMPT);
        terminal
    }

    fn start(home: &Home, (cols, rows): (u16, u16), mut command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(cols, rows)).unwrap();
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("VMDECK", VMDECK);
        command.env("PS1", PROMPT);
        command.cwd(home.path());
        let modes_before = modes(pair.master.as_ref());
        let mut child = pair.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(child.process_id().unwrap().cast_signed()).unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                emulator: Parser::new(rows, cols, 0),
                bytes: Vec::new(),
                exit: None,
                drained: false,
                hanging_up: false,
            }),
            changed: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let reading = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.read(reader)
        });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let status = child.wait().unwrap();
                shared.change(|seen| seen.exit = Some(status));
            }
        });
        Self {
            writer: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            slave: Some(pair.slave),
            reading: Some(reading),
            shared,
            pid,
            modes_before,
        }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Pastes, as a terminal does that was asked to mark what is pasted.
    pub fn paste(&mut self, text: &str) {
        assert!(self.see(|screen| screen.bracketed_paste()), "not asked for");
        self.keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Gives the terminal another size and an empty screen: whatever is seen from here on was drawn for the new size.
    pub fn resize(&self, (cols, rows): (u16, u16)) {
        self.shared.change(|seen| {
            let screen = seen.emulator.screen_mut();
            screen.set_size(rows, cols);
            seen.emulator.process(b"\x1b[2J");
        });
        self.master().resize(size(cols, rows)).unwrap();
    }

    /// Waits until the screen shows a text, in one row.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until a row holds all of `texts`.
    #[track_caller]
    pub fn wait_for_row(&self, texts: &[&str]) {
        self.wait_until(&format!("a row of {texts:?}"), |screen| {
            let contents = screen.contents();
            let mut rows = contents.lines();
            rows.any(|row| texts.iter().all(|text| row.contains(text)))
        });
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn wait_until(&self, what: &str, so: impl Fn(&Screen) -> bool) {
        let seen = self
            .shared
            .wait(DEADLINE, |seen| so(seen.emulator.screen()));
        if !seen {
            let exit = self.shared.seen.lock().unwrap().exit.clone();
            panic!(
                "never saw {what}; ended: {exit:?}; the screen:\n{}",
                self.contents()
            );
        }
    }

    /// Looks at the screen.
    pub fn see<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.shared.seen.lock().unwrap().emulator.screen())
    }

    /// The text on the screen.
    pub fn contents(&self) -> String {
        self.see(Screen::contents)
    }

    /// Whether these bytes were ever written to the terminal.
    pub fn ever_wrote(&self, bytes: &[u8]) -> bool {
        let seen = self.shared.seen.lock().unwrap();
        seen.bytes
            .windows(bytes.len())
            .any(|window| window == bytes)
    }

    /// The modes of the line (whether it echoes, waits for whole lines, …), to be compared.
    pub fn modes(&self) -> String {
        modes(self.master())
    }

    /// Whether a program has the whole terminal.
    pub fn is_taken(&self) -> bool {
        let taken = self.see(|screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()
        });
        taken && self.modes() != self.modes_before
    }

    /// The foreground job.
    pub fn job(&self) -> Pid {
        Pid::from_raw(self.master().process_group_leader().unwrap()).unwrap()
    }

    /// Sends the program a signal, as another process does.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits for the program to end and for its last words.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let ended = self.shared.wait(DEADLINE, |seen| seen.exit.is_some());
        assert!(ended, "does not end; the screen:\n{}", self.contents());
        let modes = self.modes();
        // With the last writer gone the reader comes to an end.
        self.slave = None;
        assert!(self.shared.wait(DEADLINE, |seen| seen.drained));
        assert_eq!(modes, self.modes_before, "the modes of the line");
        self.shared.seen.lock().unwrap().exit.clone().unwrap()
    }

    /// Nothing that a program could leave behind is there.
    #[track_caller]
    pub fn assert_clean(&self) {
        let screen = self.see(Screen::clone);
        assert!(!screen.alternate_screen(), "the main screen is not back");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pasting is still marked");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    }

    /// Closes the terminal, as closing its window does, and says how the program ended, if it does within this time.
    pub fn close(mut self, within: Duration) -> Option<ExitStatus> {
        self.slave = None;
        // The reading thread holds the terminal too, and lets go of it when it has read something: the answer to a key.
        self.shared.change(|seen| seen.hanging_up = true);
        self.keys("2");
        self.reading.take().unwrap().join().unwrap();
        self.writer = None;
        self.master = None;
        self.shared.wait(within, |seen| seen.exit.is_some());
        self.shared.seen.lock().unwrap().exit.clone()
    }

    fn master(&self) -> &dyn MasterPty {
        self.master.as_deref().unwrap()
    }
}

/// The shell's prompt.
pub const PROMPT: &str = "ready$ ";

impl Drop for Terminal {
    fn drop(&mut self) {
        // A job of a shell first, then the program itself; both are alone in their terminal.
        let job = self
            .master
            .as_ref()
            .and_then(|it| it.process_group_leader());
        let exit = self.shared.seen.lock().map(|seen| seen.exit.clone());
        if matches!(exit, Ok(None)) {
            if let Some(job) = job.and_then(Pid::from_raw) {
                let _ = kill_process(job, Signal::KILL);
            }
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Shared {
    fn read(&self, mut reader: Box<dyn Read + Send>) {
        let mut buffer = [0; 16 * 1024];
        // A terminal whose other side is gone ends with an error.
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let mut hanging_up = false;
            self.change(|seen| {
                seen.bytes.extend_from_slice(&buffer[..count]);
                seen.emulator.process(&buffer[..count]);
                hanging_up = seen.hanging_up;
            });
            if hanging_up {
                return;
            }
        }
        self.change(|seen| seen.drained = true);
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait(&self, within: Duration, so: impl Fn(&Seen) -> bool) -> bool {
        let seen = self.seen.lock().unwrap();
        let waited = self
            .changed
            .wait_timeout_while(seen, within, |seen| !so(seen));
        !waited.unwrap().1.timed_out()
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}
