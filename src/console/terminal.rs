//! The terminal: taken and given back by one guard, whatever ends the program.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

use crate::fleet::in_worker;

/// Whether the terminal is ours now. Global because a panic hook has nothing else to look at.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What is written is collected, so that a frame reaches a slow link as few writes.
const BUFFER: usize = 64 * 1024;

/// The terminal, taken. Dropping it gives it back.
pub struct Screen {
    /// Never dropped: it would show the cursor once more, and panic where it cannot, for the terminal is gone and stderr with it.
    terminal: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste and, where it is wanted, the mouse. From here on a panic of this
    /// thread gives it back before it is reported; a panic of another thread is that thread's affair and leaves the screen alone.
    ///
    /// # Errors
    /// When this is no terminal, or it is gone.
    pub fn take(mouse: bool) -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::other("input and output must both be a terminal"));
        }
        hook_panics();
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, io::stdout()));
        let terminal = ManuallyDrop::new(ratatui::Terminal::new(backend)?);
        let screen = Self { terminal, mouse };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        if self.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    /// Draws one frame; a terminal that knows how shows it whole or not at all.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Gives a text to the clipboard of the terminal (OSC 52), which may be on another machine than this. A terminal that does not take
    /// part ignores it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(to_clipboard(text).as_bytes())?;
        out.flush()
    }

    /// The size, in cells.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Hands the terminal to the shell and stops. The stop may come a moment after this returns, and the terminal is the shell's until the
    /// program is told to go on: then [`Self::resume`] takes it back.
    ///
    /// The whole job is stopped, as the terminal itself would do it; a script around the program would else wait for it unseen. It is
    /// done by the signal that cannot be caught because the other one is.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        Ok(())
    }

    /// Takes the terminal again, whatever somebody else made of it, and draws everything anew with the next frame, in the size of now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        give_back();
        self.enter()?;
        // Clearing would ask the terminal where its cursor is, and wait for an answer that another thread reads.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

/// What makes a terminal put a text into its clipboard. The text is written in letters and digits alone, so that nothing of it is taken for
/// another sequence.
fn to_clipboard(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text))
}

/// Whether there is somebody who can continue the program once it is stopped: a shell with other jobs. A terminal's only program is of
/// the same process group as the leader of its session.
pub fn can_be_continued() -> bool {
    let leader = rustix::process::getsid(None).ok();
    leader.is_some_and(|leader| leader != rustix::process::getpgrp())
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. Its errors have nobody to go to: the terminal is where they would be shown.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _gone = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _gone = disable_raw_mode();
    let _gone = out.flush();
}

fn hook_panics() {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    if HOOKED.swap(true, Ordering::SeqCst) {
        return;
    }
    let screen_thread = thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if in_worker() {
            // Caught, and shown as its cloud's error.
            return;
        }
        if thread::current().id() == screen_thread {
            give_back();
            before(info);
        } else if !TAKEN.load(Ordering::SeqCst) {
            before(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test may panic, and one is there to do so"
    )]
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    #[test]
    fn a_text_for_the_clipboard_cannot_end_its_sequence() {
        assert_eq!(to_clipboard("web-01"), "\x1b]52;c;d2ViLTAx\x07");
        let hostile = to_clipboard("a\x07\x1b]0;title\x1b\\");
        assert_eq!(hostile.matches(['\x07', '\x1b']).count(), 2, "{hostile:?}");
    }

    const WORDS: &str = "a mistake in the program";

    /// Not a test of its own: what the one below runs in a terminal.
    #[test]
    #[ignore = "it panics, as it is there to do"]
    fn a_program_that_panics() {
        // Never dropped: only the hook is left to give the terminal back.
        let screen = Box::leak(Box::new(Screen::take(true).unwrap()));
        screen.draw(|_| {}).unwrap();
        panic!("{WORDS}");
    }

    #[test]
    fn a_panic_is_reported_on_a_terminal_that_was_given_back() {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let modes = || format!("{:?}", pty.master.get_termios().unwrap());
        let before = modes();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--ignored", "--nocapture"]);
        command.arg("console::terminal::tests::a_program_that_panics");
        command.env("RUST_BACKTRACE", "0");
        let mut child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let reading = thread::spawn(move || {
            let mut emulator = vt100::Parser::default();
            let mut bytes = Vec::new();
            // A terminal whose other side is gone ends with an error.
            let _gone = reader.read_to_end(&mut bytes);
            emulator.process(&bytes);
            (emulator, bytes)
        });
        assert!(!child.wait().unwrap().success());
        assert_eq!(modes(), before);
        drop(pty.slave);
        let (emulator, bytes) = reading.join().unwrap();
        let taken = b"\x1b[?1049h";
        assert!(bytes.windows(taken.len()).any(|window| window == taken));
        let screen = emulator.screen();
        // The alternate screen would have taken the words with it.
        assert!(screen.contents().contains(WORDS), "{}", screen.contents());
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}
