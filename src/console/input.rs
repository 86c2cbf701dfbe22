//! What is typed, pasted and clicked, read on a thread of its own.

use std::io;
use std::thread;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver};

/// How many events wait to be taken; further ones wait in the terminal.
const WAITING: usize = 64;

/// Begins to read the terminal, until the receiver is dropped. The channel ends when the terminal cannot be read.
///
/// The thread is not for speed: crossterm tries for ever to read a terminal that is gone, and whoever calls it then never returns. That
/// must not be the thread that ends the program. It is asked through its stream because only a stream can be left while it waits.
///
/// # Errors
/// When there can be no further thread.
pub(super) fn read() -> io::Result<Receiver<Event>> {
    let (sender, events) = mpsc::channel(WAITING);
    let runtime = Handle::current();
    let forward = async move {
        let mut terminal = EventStream::new();
        loop {
            let event = tokio::select! {
                biased;
                () = sender.closed() => return,
                event = terminal.next() => event,
            };
            let Some(Ok(event)) = event else {
                return;
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(move || runtime.block_on(forward))?;
    Ok(events)
}
