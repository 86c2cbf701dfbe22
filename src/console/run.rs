//! The loop: waits for the terminal, the engine, the clock and signals; applies all that waits; draws at most once.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};

use super::app::{App, Look};
use super::input;
use super::keymap::{Keymap, KeymapError};
use super::message::{Effect, Message};
use super::notices::Level;
use super::outside;
use super::terminal::{Screen, can_be_continued};
use super::theme::{Preset, Theme, ThemeError};
use super::update::update;
use super::view::view;
use super::viewports::Viewports;
use crate::config::{Config, Paths, ThemeName, UiState};
use crate::fleet::{Fleet, Mode, OpenError, Update};
use crate::model::CloudName;

/// The shortest time between two frames: at most 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// How many updates are applied between two looks at the keyboard.
const UPDATES_AT_ONCE: usize = 256;

/// How many outcomes of what is done outside wait to be taken.
const TOLD_WAITING: usize = 64;

/// So long the end of the engine is waited for when nobody is there any more.
const HURRY: Duration = Duration::from_millis(500);

/// So long it is waited for without a word.
const QUIET: Duration = Duration::from_millis(400);

/// How the console was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Somebody quit, or the terminal is gone.
    Quit,
    /// Somebody wants the demo clouds.
    Demo,
}

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The terminal cannot be used.
    #[error(
        "the terminal cannot be used: {0}; vmdeck needs a terminal, its commands (vmdeck --help) do not"
    )]
    Terminal(#[from] io::Error),
    /// The keys of the configuration cannot be used.
    #[error(transparent)]
    Keys(#[from] KeymapError),
    /// A theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The engine cannot start.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What a console begins with.
#[derive(Debug)]
pub struct Start {
    /// The configuration.
    pub config: Config,
    /// Where everything is kept.
    pub paths: Paths,
    /// Only these clouds; all where there is none.
    pub only: Vec<CloudName>,
    /// What a person should know first: warnings of the configuration.
    pub warnings: Vec<String>,
}

/// Runs the console until it is left. Must be awaited on the thread that called `block_on`.
///
/// # Errors
/// When the terminal, the configured keys or the engine cannot be used.
pub async fn run(start: Start) -> Result<Exit, ConsoleError> {
    let look = look(&start)?;
    let setup = crate::fleet::open(&start.config, &start.paths, &start.only, Mode::Polling)?;
    let clouds = setup
        .clouds
        .iter()
        .map(|cloud| cloud.info.clone())
        .collect();
    let (remembered, problem) = UiState::load(&start.paths.state_dir);
    let mut app = App::new(look, clouds, remembered, Timestamp::now());
    for warning in start
        .warnings
        .iter()
        .cloned()
        .chain(problem.map(|problem| problem.to_string()))
    {
        app.notices.add(app.now, Level::Caution, warning);
    }
    // Before the terminal is taken: from then on a signal must find somebody who gives it back.
    let mut signals = Signals::new()?;
    let mut screen = Screen::take(start.config.console.mouse)?;
    app.size = screen.size()?;
    let events = input::read()?;
    let (fleet, updates) = Fleet::start(setup);
    let left = turn(&mut app, &mut screen, &mut signals, events, &fleet, updates).await;
    drop(screen);
    // What cannot be remembered costs nothing but comfort.
    let _unremembered = app.to_remember().store(&start.paths.state_dir);
    stop(fleet, left, &mut signals).await;
    Ok(match left {
        Left::For(exit) => exit,
        Left::Ended => Exit::Quit,
    })
}

/// How the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Somebody wanted to.
    For(Exit),
    /// The terminal is gone, or the system wants an end.
    Ended,
}

/// Ends the engine. Who wants to quit learns what is waited for, and may end the waiting; where the terminal is gone nobody waits. What is
/// not known by then stays in the journal for the next run.
async fn stop(fleet: Fleet, left: Left, signals: &mut Signals) {
    let stopping = fleet.stop();
    if left == Left::Ended {
        // Late is the same as not at all: the journal is written before anything is sent.
        let _ = tokio::time::timeout(HURRY, stopping).await;
        return;
    }
    tokio::pin!(stopping);
    if tokio::time::timeout(QUIET, &mut stopping).await.is_err() {
        // Unread where nobody is there any more.
        let _unread = writeln!(
            io::stderr(),
            "vmdeck: waiting a few seconds for answers that are on their way; Ctrl-C ends at once"
        );
        tokio::select! {
            () = stopping => {}
            () = signals.ended() => {}
        }
    }
}

fn look(start: &Start) -> Result<Look, ConsoleError> {
    let options = &start.config.console;
    let mut keymap = Keymap::shipped()?;
    for keys in &start.config.keys {
        keymap.rebind(&keys.action, &keys.keys)?;
    }
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let (preset, colour) = match options.theme {
        ThemeName::Dark => (Preset::Dark, true),
        ThemeName::Light => (Preset::Light, true),
        ThemeName::None => (Preset::Dark, false),
    };
    Ok(Look {
        theme: Theme::preset(preset, colour && !no_color, options.ascii)?,
        keymap,
        zone: TimeZone::system(),
        refresh: start.config.refresh,
        config_path: start.paths.config.display().to_string(),
        labels: Arc::new(start.config.labels.clone()),
        viewer: options.viewer.clone(),
        home: std::env::var_os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute()),
    })
}

/// What the system wants of a program with a terminal.
struct Signals {
    end: [Signal; 4],
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let kinds = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
        ];
        let [a, b, c, d] = kinds.map(signal);
        let raw = |which: rustix::process::Signal| signal(SignalKind::from_raw(which.as_raw()));
        Ok(Self {
            end: [a?, b?, c?, d?],
            stop: raw(rustix::process::Signal::TSTP)?,
            go_on: raw(rustix::process::Signal::CONT)?,
        })
    }

    /// Waits for one that ends the program.
    async fn ended(&mut self) {
        any(&mut self.end).await;
    }

    /// Waits for whatever comes first.
    async fn next(&mut self) -> Woken {
        tokio::select! {
            () = any(&mut self.end) => Woken::End,
            _ = self.stop.recv() => Woken::Stop,
            _ = self.go_on.recv() => Woken::GoOn,
        }
    }
}

async fn any([a, b, c, d]: &mut [Signal; 4]) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
        _ = c.recv() => {}
        _ = d.recv() => {}
    }
}

/// Stops, as Ctrl-Z does in any program, until somebody says that it goes on. Where nobody could, it says so and does not stop.
///
/// # Errors
/// When the terminal is gone by then.
async fn suspend(
    app: &mut App,
    ports: &Viewports,
    screen: &mut Screen,
    signals: &mut Signals,
) -> io::Result<()> {
    if !can_be_continued() {
        let words = "there is no shell to go back to: nobody could continue a stopped vmdeck";
        app.notices.add(Timestamp::now(), Level::Caution, words);
        app.dirty = true;
        return Ok(());
    }
    screen.suspend()?;
    // The process is stopped meanwhile. Whatever ended it before it went on is read afterwards.
    signals.go_on.recv().await;
    resume(app, ports, screen)
}

/// Takes the terminal again. Its size may be another: while stopped, nobody told.
fn resume(app: &mut App, ports: &Viewports, screen: &mut Screen) -> io::Result<()> {
    screen.resume()?;
    let (width, height) = screen.size()?;
    // A size wants nothing done outside.
    let _nothing = update(app, Message::Resize(width, height), ports, Timestamp::now());
    Ok(())
}

/// What woke the loop.
enum Woken {
    Message(Message),
    End,
    Stop,
    GoOn,
    Nothing,
}

async fn turn(
    app: &mut App,
    screen: &mut Screen,
    signals: &mut Signals,
    mut events: Receiver<Event>,
    fleet: &Fleet,
    mut updates: Receiver<Update>,
) -> Left {
    let mut ports = Viewports::default();
    let mut drawn: Option<Instant> = None;
    let (tell, mut told) = mpsc::channel(TOLD_WAITING);
    loop {
        let too_soon = drawn
            .map(|at| FRAME.saturating_sub(at.elapsed()))
            .filter(|rest| !rest.is_zero());
        if app.dirty && too_soon.is_none() {
            app.now = Timestamp::now();
            app.settle();
            app.dirty = false;
            if screen.draw(|frame| view(app, &mut ports, frame)).is_err() {
                return Left::Ended;
            }
            drawn = Some(Instant::now());
        }
        let wait = match (app.dirty, too_soon) {
            (true, rest) => rest,
            (false, _) => app.next_tick().map(|at| until(at, drawn)),
        };
        let woken = tokio::select! {
            biased;
            woken = signals.next() => woken,
            event = events.recv() => event.map_or(Woken::End, of_terminal),
            Some(message) = told.recv() => Woken::Message(message),
            Some(update) = updates.recv() => Woken::Message(Message::Update(Box::new(update))),
            () = sleep(wait) => if app.dirty { Woken::Nothing } else { Woken::Message(Message::Tick) },
        };
        let mut messages = Vec::new();
        match woken {
            Woken::End => return Left::Ended,
            Woken::Stop => {
                if suspend(app, &ports, screen, signals).await.is_err() {
                    return Left::Ended;
                }
            }
            Woken::GoOn => {
                if resume(app, &ports, screen).is_err() {
                    return Left::Ended;
                }
            }
            Woken::Message(message) => messages.push(message),
            Woken::Nothing => {}
        }
        // Keys first, then updates: a flood of updates never delays a key by more than one batch.
        while let Ok(event) = events.try_recv() {
            if let Woken::Message(message) = of_terminal(event) {
                messages.push(message);
            }
        }
        for _ in 0..UPDATES_AT_ONCE {
            let Ok(update) = updates.try_recv() else {
                break;
            };
            messages.push(Message::Update(Box::new(update)));
        }
        let now = Timestamp::now();
        for message in messages {
            // A key acts on what was there when it was pressed; lists are brought up to date in between.
            if matches!(message, Message::Key(_)) {
                app.settle();
            }
            for effect in update(app, message, &ports, now) {
                match effect {
                    Effect::Submit(command) => {
                        fleet.submit(command);
                    }
                    Effect::Ask(ask) => fleet.ask(ask),
                    Effect::Copy(clip) => {
                        if screen.copy(clip.expose()).is_err() {
                            return Left::Ended;
                        }
                    }
                    Effect::Outside(order) => {
                        tokio::spawn(outside::perform(order, tell.clone()));
                    }
                    Effect::Suspend => {
                        if suspend(app, &ports, screen, signals).await.is_err() {
                            return Left::Ended;
                        }
                    }
                    Effect::Quit => return Left::For(Exit::Quit),
                    Effect::Demo => return Left::For(Exit::Demo),
                }
            }
        }
    }
}

fn of_terminal(event: Event) -> Woken {
    match event {
        Event::Key(key) => Woken::Message(Message::Key(key)),
        Event::Paste(text) => Woken::Message(Message::Paste(text)),
        Event::Mouse(mouse) => Woken::Message(Message::Mouse(mouse)),
        Event::Resize(width, height) => Woken::Message(Message::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => Woken::Nothing,
    }
}

/// From now to a moment told by the clock on the wall, never less than a frame.
fn until(at: Timestamp, drawn: Option<Instant>) -> Duration {
    let rest = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
    rest.max(drawn.map_or(Duration::ZERO, |drawn| {
        FRAME.saturating_sub(drawn.elapsed())
    }))
    .max(Duration::from_millis(1))
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
