//! The loop: waits for the terminal, the engine, the clock and signals; applies all that waits; draws at most once.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use super::app::{App, Look};
use super::keymap::{Keymap, KeymapError};
use super::message::{Effect, Message};
use super::notices::Level;
use super::terminal::Screen;
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
    let mut screen = Screen::take(start.config.console.mouse)?;
    app.size = screen.size()?;
    let (fleet, updates) = Fleet::start(setup);
    let left = turn(&mut app, &mut screen, &fleet, updates).await;
    drop(screen);
    // What cannot be remembered costs nothing but comfort.
    let _unremembered = app.to_remember().store(&start.paths.state_dir);
    stop(fleet, left).await;
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

/// Ends the engine. Who wants to quit learns what is waited for; where the terminal is gone nobody waits, and what is not known by
/// then stays in the journal for the next run.
async fn stop(fleet: Fleet, left: Left) {
    let stopping = fleet.stop();
    if left == Left::Ended {
        // Late is the same as not at all: the journal is written before anything is sent.
        let _ = tokio::time::timeout(HURRY, stopping).await;
        return;
    }
    tokio::pin!(stopping);
    if tokio::time::timeout(QUIET, &mut stopping).await.is_err() {
        eprintln!("vmdeck: waiting a few seconds for answers that are on their way");
        stopping.await;
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
    fleet: &Fleet,
    mut updates: Receiver<Update>,
) -> Left {
    let Ok(mut signals) = Signals::new() else {
        return Left::Ended;
    };
    let mut terminal = EventStream::new();
    let mut ports = Viewports::default();
    let mut drawn: Option<Instant> = None;
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
            woken = ended(&mut signals) => woken,
            event = terminal.next() => of_terminal(event),
            Some(update) = updates.recv() => Woken::Message(Message::Update(Box::new(update))),
            () = sleep(wait) => if app.dirty { Woken::Nothing } else { Woken::Message(Message::Tick) },
        };
        let mut messages = Vec::new();
        match woken {
            Woken::End => return Left::Ended,
            Woken::Stop => {
                if screen.suspend().is_err() {
                    return Left::Ended;
                }
                app.dirty = true;
            }
            Woken::GoOn => {
                if screen.resume().is_err() {
                    return Left::Ended;
                }
                app.dirty = true;
            }
            Woken::Message(message) => messages.push(message),
            Woken::Nothing => {}
        }
        // Keys first, then updates: a flood of updates never delays a key by more than one batch.
        while let Some(event) = terminal.next().now_or_never() {
            match of_terminal(event) {
                Woken::Message(message) => messages.push(message),
                Woken::End => return Left::Ended,
                _ => {}
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
                    Effect::Suspend => {
                        if screen.suspend().is_err() {
                            return Left::Ended;
                        }
                        app.dirty = true;
                    }
                    Effect::Quit => return Left::For(Exit::Quit),
                    Effect::Demo => return Left::For(Exit::Demo),
                }
            }
        }
    }
}

fn of_terminal(event: Option<io::Result<Event>>) -> Woken {
    match event {
        Some(Ok(Event::Key(key))) => Woken::Message(Message::Key(key)),
        Some(Ok(Event::Paste(text))) => Woken::Message(Message::Paste(text)),
        Some(Ok(Event::Mouse(mouse))) => Woken::Message(Message::Mouse(mouse)),
        Some(Ok(Event::Resize(width, height))) => Woken::Message(Message::Resize(width, height)),
        Some(Ok(Event::FocusGained | Event::FocusLost)) => Woken::Nothing,
        // The terminal is gone.
        Some(Err(_)) | None => Woken::End,
    }
}

async fn ended(signals: &mut Signals) -> Woken {
    let [a, b, c, d] = &mut signals.end;
    tokio::select! {
        _ = a.recv() => Woken::End,
        _ = b.recv() => Woken::End,
        _ = c.recv() => Woken::End,
        _ = d.recv() => Woken::End,
        _ = signals.stop.recv() => Woken::Stop,
        _ = signals.go_on.recv() => Woken::GoOn,
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
